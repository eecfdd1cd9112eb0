/* What an operation may be asked with: its path, its query and its header fields. */
#include <string.h>

#include "api/openapi_internal.h"
#include "base/limits.h"
#include "records/list.h"

/* --- names of fields ------------------------------------------------------ */

static void
put_sortable(struct buf *buf, const struct collection *collection)
{
	const char *separator = "";

	for (size_t i = 0; i < collection->columns_count; i++) {
		if (!openapi_is_sortable(&collection->columns[i]))
			continue;
		put(buf, "%s%.*s", separator, STR_ARGS(collection->columns[i].name));
		separator = "|";
	}
}

/* "-?(id|created|topic(\.(id|title))?)" */
static void
put_sort_key(struct buf *buf, const struct collection *collection)
{
	const char *separator = "";

	put(buf, "-?(");
	for (size_t i = 0; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (!openapi_is_sortable(field))
			continue;
		put(buf, "%s%.*s", separator, STR_ARGS(field->name));
		separator = "|";
		if (field->type != FIELD_REF)
			continue;
		put(buf, "(\\\\.(");
		put_sortable(buf, field->to);
		put(buf, "))?");
	}
	put(buf, ")");
}

/* What leads to other records, with ${separator} between: references and back references. */
static void
put_expandable(struct buf *buf, const struct collection *collection, const char *separator)
{
	const char *before = "";

	for (size_t i = 0; i < collection->columns_count; i++) {
		if (collection->columns[i].to == NULL)
			continue;
		put(buf, "%s%.*s", before, STR_ARGS(collection->columns[i].name));
		before = separator;
	}
	for (size_t i = 0; i < collection->backs_count; i++) {
		put(buf, "%s%.*s", before, STR_ARGS(collection->backs[i].name));
		before = separator;
	}
}

static bool
has_expandable(const struct collection *collection)
{
	for (size_t i = 0; i < collection->columns_count; i++)
		if (collection->columns[i].to != NULL)
			return true;
	return collection->backs_count > 0;
}

/*
 * "(\*|id|created|(topic|notes)(\.([a-z0-9_]+|\*)){0,3})": what stands behind a reference is not
 * told, or the description would grow with the square of the app.
 */
static void
put_member_path(struct buf *buf, const struct collection *collection)
{
	put(buf, "(\\\\*");
	for (size_t i = 0; i < collection->columns_count; i++)
		if (collection->columns[i].to == NULL)
			put(buf, "|%.*s", STR_ARGS(collection->columns[i].name));
	if (has_expandable(collection)) {
		put(buf, "|(");
		put_expandable(buf, collection, "|");
		put(buf, ")(\\\\.([a-z0-9_]+|\\\\*)){0,%lld}", (long long)limit(LIMIT_expand_depth));
	}
	put(buf, ")");
}

/* --- the query -------------------------------------------------------------- */

/* A query is decoded to text before anybody knows what it asks. */
#define NO_NUL "'pattern':'^[^\\\\u0000]*$'"

static long long
lesser(long long a, long long b)
{
	return a < b ? a : b;
}

static void
put_sort(struct buf *buf, const struct collection *collection)
{
	put(buf, "'description':'At most %d fields to sort by, comma between; - in front for descending; one reference deep, "
		 "as in REFERENCE.FIELD. Without it by id.','schema':{'type':'string','pattern':'^(",
	    LIST_KEYS_MAX);
	put_sort_key(buf, collection);
	put(buf, "(,");
	put_sort_key(buf, collection);
	put(buf, "){0,%d})?$'},'example':'-created,id'", LIST_KEYS_MAX - 1);
}

static void
put_filter(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'A condition in the rule language.','schema':{'type':'string','maxLength':%lld," NO_NUL "},"
		 "'examples':{'time':{'value':'created > \\'2020-01-01T00:00:00Z\\''}}",
	    lesser(limit(LIMIT_filter_size), RULE_SIZE_MAX));
}

static void
put_limit(struct buf *buf, const struct collection *collection)
{
	long long most = (long long)limit(LIMIT_list_limit);

	(void)collection;
	put(buf, "'description':'Records of a page.','schema':{'type':'integer','minimum':1,'maximum':%lld,'default':%lld}",
	    most, lesser(most, LIST_LIMIT_STANDARD));
}

static void
put_offset(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'Records to skip; excludes cursor.',"
		 "'schema':{'type':'integer','minimum':0,'maximum':%d,'default':0}",
	    LIST_OFFSET_MAX);
}

static void
put_count(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'Count what the filter matches: all of it, or no further than %lld.',"
		 "'schema':{'type':'string','enum':['exact','bounded']}",
	    (long long)limit(LIMIT_count_bound));
}

static void
put_cursor(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'`next` of the page before: the same filter and sort. A stream has no pages.',"
		 "'schema':{'type':'string','minLength':1," NO_NUL "}");
}

static void
put_live(struct buf *buf, const struct collection *collection)
{
	(void)collection;
	put(buf, "'description':'Only with Accept: text/event-stream. The stream begins with the records that are there.',"
		 "'schema':{'type':'string','enum':['snapshot']}");
}

static void
put_fields(struct buf *buf, const struct collection *collection)
{
	put(buf, "'description':'The members to answer, comma between; * is all; behind a reference those of its records, "
		 "as in REFERENCE.FIELD, at most %lld references deep.','schema':{'type':'string','pattern':'^(",
	    (long long)limit(LIMIT_expand_depth));
	put_member_path(buf, collection);
	put(buf, "(,");
	put_member_path(buf, collection);
	put(buf, ")*)?$'},'example':'id,created'");
}

static void
put_expand(struct buf *buf, const struct collection *collection)
{
	long long most = (long long)limit(LIMIT_expand_limit);

	put(buf, "'description':'References to answer as records, comma between: ");
	put_expandable(buf, collection, ", ");
	put(buf, "%s. A dot goes on to the next level; at most %lld levels and %lld references. Behind a name fields and expand "
		 "may stand in parentheses, of records that refer to this one filter, sort and limit too (1 to %lld, without "
		 "it %lld), as in NAME(limit=1;fields=id).','schema':{'type':'string'," NO_NUL "}",
	    has_expandable(collection) ? "" : "this collection has none", (long long)limit(LIMIT_expand_depth),
	    (long long)limit(LIMIT_expands), most,
	    lesser(most, LIST_EXPAND_STANDARD));
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

/* --- header fields ------------------------------------------------------ */

/* RFC 9110 8.8.3, in ASCII, and a list of them. */
#define TAG "(W/)?\\\"[!#-~]*\\\""
#define TAGS \
	"'schema':{'anyOf':[{'const':'*'},{'type':'string','pattern':'^" TAG "( *, *" TAG ")*$'}]},'example':'\\\"7\\\"'"

void
put_header_parameters(struct buf *buf)
{
	put(buf, "'If-Match':{'in':'header','name':'If-Match','description':'Only if it is at one of these versions; "
		 "* for any.'," TAGS "},");
	put(buf, "'If-None-Match':{'in':'header','name':'If-None-Match','description':'Not if it is at one of these versions; "
		 "* for none at all.'," TAGS "},");
	put(buf, "'Idempotency-Key':{'in':'header','name':'Idempotency-Key','description':'The same key again gets the same "
		 "answer again, for %lld seconds: 1 to 255 characters, in quotes or without.','schema':{'type':'string',"
		 "'pattern':'^([!#-~]([ -~]{0,253}[!-~])?|\\\"[ -~]{1,255}\\\")$'}},",
	    (long long)limit(LIMIT_idempotency_age));
	put(buf, "'Last-Event-ID':{'in':'header','name':'Last-Event-ID','description':'Of a stream (Accept: "
		 "text/event-stream): go on behind this id, digits; without it begin now.','schema':{'type':'string'},"
		 "'example':'7'},");
	put(buf, "'Prefer':{'in':'header','name':'Prefer','description':'How much to answer: return=minimal or "
		 "return=representation; tx=rollback is a dry run.','schema':{'type':'string'},"
		 "'examples':{'representation':{'value':'return=representation'}}}");
}

static void
put_header_parameter(struct buf *buf, const char *name, bool *first)
{
	put(buf, "%s{'$ref':'#/components/parameters/%s'}", *first ? "" : ",", name);
	*first = false;
}

void
put_parameters(struct buf *buf, const struct route *route, const struct collection *collection, bool has_304)
{
	bool first = true, is_read = route->method == H1_GET;

	put(buf, ",'parameters':[");
	for (const char *const *name = route->parameters; name != NULL && *name != NULL; name++)
		put_query_parameter(buf, collection, *name, &first);
	if (is_read ? has_304 : route->method == H1_PUT)
		put_header_parameter(buf, "If-None-Match", &first);
	if (is_read ? has_304 : route->method != H1_POST)
		put_header_parameter(buf, "If-Match", &first);
	if (is_read && collection != NULL)
		put_header_parameter(buf, "Last-Event-ID", &first);
	if (!is_read) {
		put_header_parameter(buf, "Idempotency-Key", &first);
		put_header_parameter(buf, "Prefer", &first);
	}
	put(buf, "]");
}

/* --- the path -------------------------------------------------------------- */

static void
put_id(struct buf *buf, const struct collection *collection)
{
	if (collection->id_type == FIELD_INT)
		put(buf, "{'type':'integer','format':'int64','minimum':1,'maximum':9223372036854775807}");
	else
		put(buf, "{'type':'string','format':'uuid'}");
}

static bool
has_unique(const struct collection *collection)
{
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++)
		if (collection->columns[i].unique)
			return true;
	return false;
}

/* "^(slug|number):" */
static void
put_unique(struct buf *buf, const struct collection *collection)
{
	const char *separator = "";

	put(buf, "{'type':'string','pattern':'^(");
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		if (!collection->columns[i].unique)
			continue;
		put(buf, "%s%.*s", separator, STR_ARGS(collection->columns[i].name));
		separator = "|";
	}
	put(buf, "):'}");
}

void
put_id_parameter(struct buf *buf, const struct collection *collection)
{
	bool by_field = has_unique(collection);

	put(buf, "'parameters':[{'in':'path','name':'id','required':true,'description':'The id%s.','schema':%s",
	    by_field ? ", or a unique field and its value, field:value (of a stream the id)" : "",
	    by_field ? "{'anyOf':[" : "");
	put_id(buf, collection);
	if (by_field) {
		put(buf, ",");
		put_unique(buf, collection);
		put(buf, "]}");
	}
	put(buf, "}],");
}
