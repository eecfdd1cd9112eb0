#include "api/routes.h"

#include <string.h>

#include "api/collections.h"
#include "api/docs.h"
#include "api/health.h"
#include "api/openapi.h"

/* Those of the last row are refused as not supported yet, by records/list_parse.c. */
static const char *const list_parameters[] = { "filter", "sort", "limit", "cursor", "offset", "count",
	"fields", "expand", "live",
	"search", "highlight", "aggregate", "group", NULL };
static const char *const read_parameters[] = { "fields", "expand", NULL };

/* What any request may meet, and what the store may say. */
#define ANY 400, 401, 406, 408, 413, 414, 415, 417, 431, 500, 503
static const int list_problems[] = { ANY, 412, 0 };
static const int create_problems[] = { ANY, 403, 409, 422, 507, 0 };
static const int read_problems[] = { ANY, 404, 412, 0 };
static const int change_problems[] = { ANY, 403, 404, 409, 412, 422, 507, 0 };
static const int delete_problems[] = { ANY, 403, 404, 409, 412, 422, 507, 0 };
static const int other_problems[] = { ANY, 412, 0 };

const struct route routes[] = {
	{ H1_GET, ROUTE_APP, "/{collection}", BODY_NONE, list_steps, list_parameters, "list", "List records",
	    list_problems },
	{ H1_POST, ROUTE_APP, "/{collection}", BODY_JSON, create_steps, NULL, "create",
	    "Create one or several records", create_problems, collection_decide_create },
	{ H1_GET, ROUTE_APP, "/{collection}/{id}", BODY_NONE, read_steps, read_parameters, "read", "Read a record",
	    read_problems },
	{ H1_PATCH, ROUTE_APP, "/{collection}/{id}", BODY_PATCH, change_steps, NULL, "change", "Change a record",
	    change_problems },
	{ H1_PUT, ROUTE_APP, "/{collection}/{id}", BODY_JSON, put_steps, NULL, "put",
	    "Create or replace a record", change_problems, collection_decide_put },
	{ H1_DELETE, ROUTE_APP, "/{collection}/{id}", BODY_NONE, delete_steps, NULL, "delete", "Delete a record",
	    delete_problems },
	{ H1_GET, ROUTE_ROOT, "/openapi.json", BODY_NONE, openapi_steps, NULL, "describe",
	    "The description of this API", other_problems },
	{ H1_GET, ROUTE_ROOT, "/docs", BODY_NONE, docs_steps, NULL, "docs", "This API, for people", other_problems },
	{ H1_GET, ROUTE_ROOT, "/docs/docs.js", BODY_NONE, docs_steps, NULL, NULL, "A part of /docs", NULL },
	{ H1_GET, ROUTE_ROOT, "/docs/docs.css", BODY_NONE, docs_steps, NULL, NULL, "A part of /docs", NULL },
	{ H1_GET, ROUTE_ROOT, "/health/live", BODY_NONE, health_live_steps, NULL, "live",
	    "Is the process alive?", other_problems },
	{ H1_GET, ROUTE_ROOT, "/health/ready", BODY_NONE, health_ready_steps, NULL, "ready", "Can it serve?",
	    other_problems },
};
const size_t routes_count = COUNT(routes);

/* The part of the path below the prefix; false where it is not below it. */
static bool
below_prefix(struct request *request, struct str *ret)
{
	struct str path = request->head.path, prefix = request->served->app->prefix;

	if (!str_starts_with(path, prefix) || path.size == prefix.size || path.data[prefix.size] != '/')
		return false;
	*ret = str_slice(path, prefix.size, path.size);
	return true;
}

static bool
take_collection(struct request *request, struct str segment)
{
	request->collection = app_collection(request->served->app, segment);
	return request->collection != NULL;
}

static bool
take_id(struct request *request, struct str segment)
{
	request->id_text = segment;
	return segment.size > 0;
}

/* Match one segment of the path against one of the pattern. */
static bool
match_segment(struct request *request, struct str pattern, struct str segment)
{
	/* An escape of a character that needs none is the same path (RFC 3986 6.2.2.2). */
	if (url_decode(&request->arena, segment, false, &segment) != OK)
		return false; /* no memory: an escape that is bad was refused before */
	if (str_is(pattern, "{collection}"))
		return take_collection(request, segment);
	if (str_is(pattern, "{id}"))
		return take_id(request, segment);
	return str_equal(pattern, segment);
}

static bool
match(struct request *request, const struct route *route)
{
	struct str path = request->head.path, pattern = str_from(route->path), segment, pattern_segment;

	if (route->place == ROUTE_APP && !below_prefix(request, &path))
		return false;
	while (str_split(&pattern, '/', &pattern_segment))
		if (!str_split(&path, '/', &segment) || !match_segment(request, pattern_segment, segment))
			return false;
	return path.data == NULL;
}

static bool
route_serves(const struct route *route, enum h1_method method)
{
	return route->method == method || (route->method == H1_GET && method == H1_HEAD);
}

enum err
routes_find(struct request *request)
{
	bool path_is_known = false;
	struct str decoded;

	if (request->head.method == H1_OTHER)
		return ERR_NOT_IMPLEMENTED;
	if (url_decode(&request->arena, request->head.path, false, &decoded) != OK)
		return ERR_BAD_REQUEST;
	for (size_t i = 0; i < routes_count; i++) {
		/* The path is looked at for other methods only where none fits: the usual request matches once. */
		if (!route_serves(&routes[i], request->head.method) || !match(request, &routes[i]))
			continue;
		request->route = &routes[i];
		return OK;
	}
	for (size_t i = 0; i < routes_count && !path_is_known; i++)
		path_is_known = match(request, &routes[i]);
	if (path_is_known && request->head.method == H1_OPTIONS) {
		request->route = &options_route;
		return OK;
	}
	if (request->head.method == H1_OPTIONS && str_is(request->head.target, "*")) {
		request->route = &options_route;
		return OK;
	}
	return path_is_known ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_FOUND;
}

enum err
routes_method_of_file(struct request *request)
{
	if (request->head.method == H1_OPTIONS)
		request->route = &options_route;
	return request->head.method == H1_GET || request->head.method == H1_HEAD ||
		       request->head.method == H1_OPTIONS ?
		   OK :
		   ERR_METHOD_NOT_ALLOWED;
}

static const struct {
	enum h1_method method;
	const char *name;
} method_names[] = { { H1_GET, "GET" }, { H1_HEAD, "HEAD" }, { H1_POST, "POST" }, { H1_PUT, "PUT" },
	{ H1_PATCH, "PATCH" }, { H1_DELETE, "DELETE" } };

static bool
is_allowed(struct request *request, enum h1_method method)
{
	bool any_path = str_is(request->head.target, "*");

	if (request->is_file)
		return method == H1_GET || method == H1_HEAD;
	for (size_t i = 0; i < routes_count; i++)
		if (route_serves(&routes[i], method) && (any_path || match(request, &routes[i])))
			return true;
	return false;
}

struct str
routes_allowed(struct request *request)
{
	char text[64] = "";
	size_t size = 0;

	for (size_t i = 0; i < COUNT(method_names); i++)
		if (is_allowed(request, method_names[i].method))
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s",
			    size > 0 ? ", " : "", method_names[i].name);
	snprintf(text + size, sizeof(text) - size, "%sOPTIONS", size > 0 ? ", " : "");
	return arena_str(&request->arena, str_from(text));
}
