#include "api/openapi.h"

#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/openapi_internal.h"

/*
 * What an operation answers when all is well.  In these literals ' stands for
 * " and @ for the collection's name.
 */
#define TAGGED "'headers':{'ETag':{'$ref':'#/components/headers/ETag'}}"
#define WRITTEN                                                  \
	"'headers':{'ETag':{'$ref':'#/components/headers/ETag'}," \
	"'Caisson-Commit':{'$ref':'#/components/headers/Caisson-Commit'}}"
#define STREAM "'text/event-stream':{'schema':{'type':'string'}}"
#define JSON(schema) "'application/json':{'schema':" schema "}"
#define REF(name) "{'$ref':'#/components/schemas/@" name "'}"

static const struct {
	const char *operation;
	int status;
	const char *description, *rest;
} answers[] = {
	{ "list", 200, "A page of records, or a live stream of their changes.",
	    "'headers':{'ETag':{'$ref':'#/components/headers/ETag'},'Link':{'$ref':'#/components/headers/Link'}},"
	    "'content':{" JSON(REF(".list")) "," STREAM "}" },
	{ "list", 304, "The list is what If-None-Match names.", TAGGED },
	{ "read", 200, "The record, or a live stream of its changes.",
	    TAGGED ",'content':{" JSON(REF(".shown")) "," STREAM "}" },
	{ "read", 304, "The record is what If-None-Match names.", TAGGED },
	{ "create", 201, "The record that was created, or all of an array; no body where Prefer says return=minimal.",
	    "'headers':{'ETag':{'$ref':'#/components/headers/ETag'},'Location':{'$ref':'#/components/headers/Location'},"
	    "'Caisson-Commit':{'$ref':'#/components/headers/Caisson-Commit'}},'content':{" JSON(
		"{'anyOf':[" REF("") ",{'type':'object','properties':{'items':{'type':'array','items':" REF("") "}},"
		"'required':['items'],'additionalProperties':false}]}") "}" },
	{ "put", 200, "The record as it is now.", WRITTEN ",'content':{" JSON(REF("")) "}" },
	{ "put", 201, "There was none: it was created.",
	    "'headers':{'ETag':{'$ref':'#/components/headers/ETag'},'Location':{'$ref':'#/components/headers/Location'},"
	    "'Caisson-Commit':{'$ref':'#/components/headers/Caisson-Commit'}},'content':{" JSON(REF("")) "}" },
	{ "put", 204, "Done; Prefer says return=minimal, or the caller may not read the result.", WRITTEN },
	{ "change", 200, "The record as it is now.", WRITTEN ",'content':{" JSON(REF("")) "}" },
	{ "change", 204, "Done; Prefer says return=minimal, or the caller may not read the result.", WRITTEN },
	{ "delete", 204, "It is gone.", "'headers':{'Caisson-Commit':{'$ref':'#/components/headers/Caisson-Commit'}}" },
	{ "live", 200, "The process runs.", "'content':{" JSON("{'type':'object','required':['status']}") "}" },
	{ "ready", 200, "It can do its work.", "'content':{" JSON("{'type':'object','required':['status','commit']}") "}" },
	{ "describe", 200, "This document.", TAGGED ",'content':{" JSON("{'type':'object'}") "}" },
	{ "describe", 304, "The document is what If-None-Match names.", TAGGED },
	{ "docs", 200, "A page for people.", TAGGED ",'content':{'text/html':{'schema':{'type':'string'}}}" },
	{ "docs", 304, "The page is what If-None-Match names.", TAGGED },
};

/* What may be sent. */
static const struct {
	const char *operation, *content;
} bodies[] = {
	{ "create", JSON("{'anyOf':[" REF(".create") ",{'type':'array','minItems':1,'maxItems':1000,'items':" REF(".create") "}]}") },
	{ "put", JSON(REF(".create")) },
	{ "change", JSON(REF(".change")) ",'application/merge-patch+json':{'schema':" REF(".change") "},"
		    "'application/json-patch+json':{'schema':{'$ref':'#/components/schemas/json_patch'}}" },
};

static const char components[] =
    "'securitySchemes':{'key':{'type':'http','scheme':'bearer','description':'A key of `caisson key add`.'}},"
    "'headers':{"
    "'ETag':{'description':'The version: a commit number; with the shape for lists and projections.','schema':{'type':'string'}},"
    "'Location':{'description':'Where the new record is.','schema':{'type':'string'}},"
    "'Link':{'description':'rel=next: the next page.','schema':{'type':'string'}},"
    "'Caisson-Commit':{'description':'The commit number of the write.','schema':{'type':'string','pattern':'^[0-9]+$'}}},"
    "'parameters':{"
    "'If-Match':{'in':'header','name':'If-Match','description':'Only if the record is at this version.',"
    "'schema':{'anyOf':[{'const':'*'},{'type':'string','pattern':'^\\\"[0-9]{1,18}\\\"$'}]}},"
    "'If-None-Match':{'in':'header','name':'If-None-Match','description':'Not if it is at this version; * for none at all.',"
    "'schema':{'anyOf':[{'const':'*'},{'type':'string','pattern':'^\\\"[0-9]{1,18}\\\"$'}]}},"
    "'Idempotency-Key':{'in':'header','name':'Idempotency-Key','description':'The same key again gets the same answer again, for a day.',"
    "'schema':{'type':'string','pattern':'^[A-Za-z0-9_-]{1,64}$'}},"
    "'Prefer':{'in':'header','name':'Prefer','description':'How much to answer; tx=rollback is a dry run.',"
    "'schema':{'type':'string'},'examples':{'representation':{'value':'return=representation'}}}},";

/* RFC 6901. */
#define POINTER "{'type':'string','pattern':'^(/(~[01]|[^~])*)?$'}"

static const char shared_schemas[] =
    "'problem':{'type':'object','description':'RFC 9457.','properties':{"
    "'type':{'type':'string','pattern':'^/problems/'},'title':{'type':'string'},'status':{'type':'integer'},"
    "'detail':{'type':'string'},'instance':{'type':'string'},'code':{'type':'string'},"
    "'errors':{'type':'array','items':{'type':'object','properties':{'pointer':{'type':'string'},"
    "'parameter':{'type':'string'},'offset':{'type':'integer','minimum':0},'code':{'type':'string'},"
    "'detail':{'type':'string'}},'required':['code','detail']}}},"
    "'required':['type','title','status','detail','instance','code']},"
    "'json_patch':{'type':'array','maxItems':1000,'description':'RFC 6902.','items':{'oneOf':["
    "{'type':'object','properties':{'op':{'enum':['add','replace','test']},'path':" POINTER ",'value':{}},"
    "'required':['op','path','value']},"
    "{'type':'object','properties':{'op':{'const':'remove'},'path':" POINTER "},'required':['op','path']},"
    "{'type':'object','properties':{'op':{'enum':['move','copy']},'path':" POINTER ",'from':" POINTER "},"
    "'required':['op','path','from']}]}}";

/* Add ${literal} for ${collection}. */
static void
put_for(struct buf *buf, const char *literal, const struct collection *collection)
{
	for (; *literal != '\0'; literal++) {
		if (*literal == '@')
			buf_add_str(buf, collection->name);
		else
			buf_add_byte(buf, *literal == '\'' ? '"' : *literal);
	}
}

/* --- problems ----------------------------------------------------------- */

static void
put_codes(struct buf *buf, int status)
{
	const char *separator = "";

	for (enum err err = OK + 1; err < ERR_COUNT; err++) {
		if (err_row(err)->status != status)
			continue;
		put(buf, "%s%s: %s.", separator, err_row(err)->code, err_row(err)->title);
		separator = " ";
	}
}

static bool
is_status_of_error(int status)
{
	for (enum err err = OK + 1; err < ERR_COUNT; err++)
		if (err_row(err)->status == status)
			return true;
	return false;
}

static void
put_responses(struct buf *buf)
{
	const char *separator = "";

	put(buf, "'responses':{");
	for (int status = 400; status < 600; status++) {
		if (!is_status_of_error(status))
			continue;
		put(buf, "%s'problem_%d':{'description':'", separator, status);
		put_codes(buf, status);
		put(buf, "','content':{'application/problem+json':{'schema':{'$ref':'#/components/schemas/problem'}}}}");
		separator = ",";
	}
	put(buf, "},");
}

/* --- parameters --------------------------------------------------------- */

/* The fields that a pattern may name; where they are sorted by, one hop away too: "id|created|topic\\.title". */
static void
put_names(struct buf *buf, const struct collection *collection, bool sortable)
{
	const char *separator = "";

	for (size_t i = 0; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (sortable && !openapi_is_sortable(field))
			continue;
		put(buf, "%s%.*s", separator, STR_ARGS(field->name));
		separator = "|";
		for (size_t j = 0; field->type == FIELD_REF && sortable && j < field->to->columns_count; j++)
			if (openapi_is_sortable(&field->to->columns[j]))
				put(buf, "|%.*s\\\\.%.*s", STR_ARGS(field->name),
				    STR_ARGS(field->to->columns[j].name));
	}
}

static void
put_sort(struct buf *buf, const struct collection *collection)
{
	put(buf, "'description':'Fields to sort by; - in front for descending.','schema':{'type':'string','pattern':'^(-?(");
	put_names(buf, collection, true);
	put(buf, "))?$'},'example':'-created'");
}

static void
put_fields(struct buf *buf, const struct collection *collection)
{
	put(buf, "'description':'The fields to answer, separated by commas.','schema':{'type':'string','pattern':'^(");
	put_names(buf, collection, false);
	put(buf, ")?$'},'example':'id,created'");
}

static void
put_filter(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'A condition in the rule language.','schema':{'type':'string','maxLength':4096},"
		 "'examples':{'time':{'value':'created > \\'2020-01-01T00:00:00Z\\''}}");
}

static void
put_limit(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'Records of a page.','schema':{'type':'integer','minimum':1,'maximum':1000,'default':20}");
}

static void
put_offset(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'Records to skip; excludes cursor.','schema':{'type':'integer','minimum':0,'maximum':10000}");
}

static void
put_count(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'Count what the filter matches.','schema':{'type':'string','enum':['exact','bounded']}");
}

static void
put_cursor(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'`next` of the page before: the same filter and sort.','schema':{'type':'string'}");
}

static void
put_expand(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'References to answer as records.','schema':{'type':'string'}");
}

static void
put_live(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'A stream (text/event-stream) begins with the records that are there.',"
		 "'schema':{'type':'string','enum':['snapshot']}");
}

/* A query parameter that is described; one that has no row is not supported yet, and is refused. */
static const struct {
	const char *name;
	void (*write)(struct buf *buf, const struct collection *collection);
} parameters[] = {
	{ "filter", put_filter },
	{ "sort", put_sort },
	{ "limit", put_limit },
	{ "cursor", put_cursor },
	{ "offset", put_offset },
	{ "count", put_count },
	{ "fields", put_fields },
	{ "expand", put_expand },
	{ "live", put_live },
};

static void
put_query_parameter(struct buf *buf, const struct collection *collection, const char *name, bool *first)
{
	for (size_t i = 0; i < COUNT(parameters); i++) {
		if (strcmp(parameters[i].name, name) != 0)
			continue;
		put(buf, "%s{'in':'query','name':'%s',", *first ? "" : ",", name);
		parameters[i].write(buf, collection);
		put(buf, "}");
		*first = false;
	}
}

static void
put_header_parameter(struct buf *buf, const char *name, bool *first)
{
	put(buf, "%s{'$ref':'#/components/parameters/%s'}", *first ? "" : ",", name);
	*first = false;
}

static void
put_parameters(struct buf *buf, const struct route *route, const struct collection *collection)
{
	bool first = true, is_read = route->method == H1_GET;

	put(buf, ",'parameters':[");
	for (const char *const *name = route->parameters; name != NULL && *name != NULL; name++)
		put_query_parameter(buf, collection, *name, &first);
	if (is_read)
		put_header_parameter(buf, "If-None-Match", &first);
	if (route->method == H1_PUT)
		put_header_parameter(buf, "If-None-Match", &first);
	if (route->method == H1_PUT || route->method == H1_PATCH || route->method == H1_DELETE)
		put_header_parameter(buf, "If-Match", &first);
	if (!is_read) {
		put_header_parameter(buf, "Idempotency-Key", &first);
		put_header_parameter(buf, "Prefer", &first);
	}
	put(buf, "]");
}

/* --- operations --------------------------------------------------------- */

static void
put_body(struct buf *buf, const struct route *route, const struct collection *collection)
{
	for (size_t i = 0; i < COUNT(bodies); i++) {
		if (strcmp(bodies[i].operation, route->operation) != 0)
			continue;
		put(buf, ",'requestBody':{'required':true,'content':{");
		put_for(buf, bodies[i].content, collection);
		put(buf, "}}");
	}
}

static void
put_answers(struct buf *buf, const struct route *route, const struct collection *collection)
{
	const char *separator = "";

	put(buf, ",'responses':{");
	for (size_t i = 0; i < COUNT(answers); i++) {
		if (strcmp(answers[i].operation, route->operation) != 0)
			continue;
		put(buf, "%s'%d':{'description':'%s',", separator, answers[i].status, answers[i].description);
		put_for(buf, answers[i].rest, collection);
		put(buf, "}");
		separator = ",";
	}
	for (const int *status = route->problems; *status != 0; status++)
		put(buf, ",'%d':{'$ref':'#/components/responses/problem_%d'}", *status, *status);
	put(buf, "}");
}

static const char *
method_name(enum h1_method method)
{
	static const char *const names[] = {
		[H1_GET] = "get",
		[H1_POST] = "post",
		[H1_PUT] = "put",
		[H1_PATCH] = "patch",
		[H1_DELETE] = "delete",
	};

	return names[method];
}

static void
put_operation(struct buf *buf, const struct route *route, const struct collection *collection)
{
	put(buf, "'%s':{'operationId':'%s", method_name(route->method), route->operation);
	if (collection != NULL)
		put(buf, "_%.*s','tags':['%.*s'],", STR_ARGS(collection->name), STR_ARGS(collection->name));
	else
		put(buf, "','security':[],");
	put(buf, "'summary':'%s'", route->summary);
	put_parameters(buf, route, collection);
	put_body(buf, route, collection);
	put_answers(buf, route, collection);
	put(buf, "}");
}

/* The schema of {id}; by a unique field it is written field:value. */
static void
put_id_parameter(struct buf *buf, const struct collection *collection)
{
	put(buf, "'parameters':[{'in':'path','name':'id','required':true,'description':'The id, or a unique field and its value: "
		 "field:value.','schema':{");
	if (collection->id_type == FIELD_INT)
		put(buf, "'type':'integer','format':'int64','minimum':1,'maximum':9223372036854775807");
	else
		put(buf, "'type':'string','format':'uuid'");
	put(buf, "}}],");
}

/* All operations of the routes with ${path}, once for each path. */
static void
put_path(struct buf *buf, const struct app *app, const struct route *first, const struct collection *collection)
{
	const char *separator = "";

	put(buf, "'");
	if (collection != NULL)
		put(buf, "%.*s/%.*s%s", STR_ARGS(app->prefix), STR_ARGS(collection->name),
		    first->path + strlen("/{collection}"));
	else
		put(buf, "%s", first->path);
	put(buf, "':{");
	if (strstr(first->path, "{id}") != NULL)
		put_id_parameter(buf, collection);
	for (const struct route *route = first; route < routes + routes_count; route++) {
		if (strcmp(route->path, first->path) != 0)
			continue;
		put(buf, "%s", separator);
		put_operation(buf, route, collection);
		separator = ",";
	}
	put(buf, "}");
}

/* Not where it is another method of a path that stands there already. */
static bool
is_described(const struct route *route)
{
	if (route->operation == NULL)
		return false;
	for (const struct route *earlier = routes; earlier < route; earlier++)
		if (strcmp(earlier->path, route->path) == 0)
			return false;
	return true;
}

static void
put_paths(struct buf *buf, const struct app *app)
{
	const char *separator = "";

	put(buf, "'paths':{");
	for (const struct route *route = routes; route < routes + routes_count; route++) {
		size_t count = route->place == ROUTE_APP ? app->collections_count : 1;

		for (size_t i = 0; i < count && is_described(route); i++) {
			put(buf, "%s", separator);
			put_path(buf, app, route, route->place == ROUTE_APP ? &app->collections[i] : NULL);
			separator = ",";
		}
	}
	put(buf, "},");
}

static void
put_tags(struct buf *buf, const struct app *app)
{
	put(buf, "'tags':[");
	for (size_t i = 0; i < app->collections_count; i++) {
		const struct collection *collection = &app->collections[i];

		put(buf, "%s{'name':'%.*s'", i == 0 ? "" : ",", STR_ARGS(collection->name));
		if (collection->description.data != NULL) {
			put(buf, ",'description':");
			put_text(buf, collection->description);
		}
		put(buf, "}");
	}
	put(buf, "],");
}

void
openapi_write(const struct app *app, struct buf *ret)
{
	put(ret, "{'openapi':'3.1.0','info':{'title':");
	put_text(ret, app->name);
	put(ret, ",'version':'1','description':'Served by Caisson " CAISSON_VERSION ".'},'servers':[{'url':'/'}],");
	put(ret, "'security':[{},{'key':[]}],");
	put_tags(ret, app);
	put_paths(ret, app);
	put(ret, "'components':{");
	put_for(ret, components, NULL);
	put_responses(ret);
	put(ret, "'schemas':{");
	put_for(ret, shared_schemas, NULL);
	for (size_t i = 0; i < app->collections_count; i++)
		put_collection_schemas(ret, &app->collections[i]);
	put(ret, "}}}\n");
}

/* --- the route ---------------------------------------------------------- */

static enum step_result
answer_openapi(struct task *task)
{
	struct request *request = request_of(task);

	answer_json(request);
	request->answer.cache_control = STR("no-cache");
	request->answer.content = request->served->openapi;
	return answer_tagged_by_hash(request);
}

const struct step openapi_steps[] = { { "answer openapi", answer_openapi }, { 0 } };
