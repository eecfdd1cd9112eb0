#pragma once
/*
 * The routes: one table of method, path, and the steps that answer.  A path
 * may have {collection} and {id}; what stands below the app's prefix is
 * written with "/" here.  What a row says is also what OpenAPI says.
 */
#include "api/request.h"

enum route_place { ROUTE_ROOT, ROUTE_APP }; /* ROUTE_APP: below the app's prefix */

enum route_body {
	BODY_NONE,  /* a body is read and ignored: there should be none */
	BODY_JSON,  /* application/json */
	BODY_PATCH, /* application/merge-patch+json, application/json or application/json-patch+json */
};

struct route {
	enum h1_method method; /* HEAD is answered by the GET */
	enum route_place place;
	const char *path;
	enum route_body body;
	const struct step *steps;
	const char *const *parameters; /* query parameters that may be given, ended by NULL; NULL: none */
	const char *operation; /* OpenAPI: the first part of its operationId; NULL: not described */
	const char *summary;
	const int *problems; /* OpenAPI: the statuses with which it may refuse, ended by 0 */
	/* What the head and the caller alone decide, before a body is read; NULL: nothing. */
	enum err (*decide)(struct request *request);
};

extern const struct route routes[];
extern const size_t routes_count;

/*
 * Find the route of the request's path and method; sets route, collection and
 * id_text.  ERR_NOT_FOUND, ERR_METHOD_NOT_ALLOWED,
 * ERR_NOT_IMPLEMENTED (a method that no route has), ERR_BAD_REQUEST (an escape
 * that is none).
 */
enum err routes_find(struct request *request) MUST_USE;
/* A file of public/ was found: is it asked for with GET, HEAD or OPTIONS? */
enum err routes_method_of_file(struct request *request) MUST_USE;
/* "GET, HEAD, …" of the routes that fit the request's path; data NULL when none does. */
struct str routes_allowed(struct request *request);
