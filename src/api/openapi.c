#include "api/openapi.h"

#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/openapi_internal.h"

/*
 * What an operation answers when all is well.  In these literals ' stands for
 * " and @ for the collection's name.
 */
#define HEADER(name) "'" name "':{'$ref':'#/components/headers/" name "'}"
#define TAGGED "'headers':{" HEADER("ETag") "}"
#define DELETED "'headers':{" HEADER("Caisson-Commit") "," HEADER("Preference-Applied") "}"
#define WRITTEN "'headers':{" HEADER("ETag") "," HEADER("Caisson-Commit") "," HEADER("Preference-Applied") "}"
#define CREATED "'headers':{" HEADER("ETag") "," HEADER("Location") "," HEADER("Caisson-Commit") "," \
	HEADER("Preference-Applied") "}"
#define STREAM \
	"'text/event-stream':{'schema':{'type':'string','description':'Where Accept prefers it: server-sent events, without " \
	"an end and without an ETag. entered and changed hold a record, left its id, reset a reason, snapshot the cursor of the page behind.'}}"
#define JSON(schema) "'application/json':{'schema':" schema "}"
#define REF(name) "{'$ref':'#/components/schemas/@" name "'}"

static const struct {
	const char *operation;
	int status;
	const char *description, *rest;
} answers[] = {
	{ "list", 200, "A page of records, or a live stream of their changes.",
	    "'headers':{" HEADER("ETag") "," HEADER("Link") "},"
	    "'content':{" JSON(REF(".list")) "," STREAM "}" },
	{ "list", 304, "The list is what If-None-Match names.", TAGGED },
	{ "read", 200, "The record, or a live stream of its changes.",
	    TAGGED ",'content':{" JSON(REF(".shown")) "," STREAM "}" },
	{ "read", 304, "The record is what If-None-Match names.", TAGGED },
	{ "create", 201, "The record that was created, or all of an array; no body where Prefer says return=minimal.",
	    CREATED ",'content':{" JSON(
		"{'anyOf':[" REF("") ",{'type':'object','properties':{'items':{'type':'array','items':" REF("") "}},"
		"'required':['items'],'additionalProperties':false}]}") "}" },
	{ "put", 200, "The record as it is now.", WRITTEN ",'content':{" JSON(REF("")) "}" },
	{ "put", 201, "There was none: it was created.",
	    CREATED ",'content':{" JSON(REF("")) "}" },
	{ "put", 204, "Done; Prefer says return=minimal, or the caller may not read the result.", WRITTEN },
	{ "change", 200, "The record as it is now.", WRITTEN ",'content':{" JSON(REF("")) "}" },
	{ "change", 204, "Done; Prefer says return=minimal, or the caller may not read the result.", WRITTEN },
	{ "delete", 204, "It is gone.", DELETED },
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
	{ "create", JSON("{'anyOf':[" REF(".create") "," REF(".create.list") "]}") },
	{ "put", JSON(REF(".replace")) },
	{ "change", JSON(REF(".change")) ",'application/merge-patch+json':{'schema':" REF(".change") "},"
		    "'application/json-patch+json':{'schema':{'$ref':'#/components/schemas/JsonPatch'}}" },
};

static const char components[] =
    "'securitySchemes':{'key':{'type':'http','scheme':'bearer','description':'A key of `caisson key add`.'}},"
    "'headers':{"
    "'ETag':{'description':'The version: a commit number; with the shape for lists and projections.','schema':{'type':'string'}},"
    "'Location':{'description':'Where the new record is.','schema':{'type':'string'}},"
    "'Link':{'description':'rel=next: the next page.','schema':{'type':'string'}},"
    "'Caisson-Commit':{'description':'The commit number of the write.','schema':{'type':'string','pattern':'^[0-9]+$'}},"
    "'Preference-Applied':{'description':'What was followed of Prefer.','schema':{'type':'string'}},"
    "'Retry-After':{'description':'Seconds, where the same request may succeed later.','schema':{'type':'integer','minimum':0}},"
    "'WWW-Authenticate':{'description':'Bearer; with what is wrong with the key.','schema':{'type':'string'}}},";

/* RFC 6901. */
#define POINTER "{'type':'string','pattern':'^(/(~[01]|[^~])*)?$'}"

static const char shared_schemas[] =
    "'Problem':{'type':'object','description':'RFC 9457.','properties':{"
    "'type':{'type':'string','pattern':'^/problems/'},'title':{'type':'string'},'status':{'type':'integer'},"
    "'detail':{'type':'string'},'instance':{'type':'string'},'code':{'type':'string'},"
    "'errors':{'type':'array','items':{'type':'object','properties':{'pointer':{'type':'string'},"
    "'parameter':{'type':'string'},'offset':{'type':'integer','minimum':0},'code':{'type':'string'},"
    "'detail':{'type':'string'}},'required':['code','detail']}}},"
    "'required':['type','title','status','detail','instance','code']},"
    "'JsonPatch':{'type':'array','maxItems':1000,'description':'RFC 6902.','items':{'oneOf':["
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

/* The header field that goes with a refusal, or NULL. */
static const char *
field_of_status(int status)
{
	if (status == 401)
		return "WWW-Authenticate";
	return status == 409 || status == 503 || status == 507 ? "Retry-After" : NULL;
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
		put(buf, "',");
		if (field_of_status(status) != NULL)
			put(buf, "'headers':{'%s':{'$ref':'#/components/headers/%s'}},", field_of_status(status),
			    field_of_status(status));
		put(buf, "'content':{'application/problem+json':{'schema':{'$ref':'#/components/schemas/Problem'}}}}");
		separator = ",";
	}
	put(buf, "},");
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

static bool
may_answer(const struct route *route, int status)
{
	for (size_t i = 0; i < COUNT(answers); i++)
		if (strcmp(answers[i].operation, route->operation) == 0 && answers[i].status == status)
			return true;
	return false;
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
	put_parameters(buf, route, collection, may_answer(route, 304));
	put_body(buf, route, collection);
	put_answers(buf, route, collection);
	put(buf, "}");
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
	put(ret, "'parameters':{");
	put_header_parameters(ret);
	put(ret, "},");
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
