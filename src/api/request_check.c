/* What a head says that the route cannot take: parameters, conditions, media types, sizes. */
#include "api/request_check.h"

#include "api/routes.h"
#include "app/words.h"
#include "base/limits.h"
#include "http/media_type.h"

static bool
is_acceptable_type(const struct request *request)
{
	enum media_kind kind = media_kind(request->head.known[H1_CONTENT_TYPE]);

	if (request->route->body == BODY_JSON)
		return kind == MEDIA_JSON;
	return kind == MEDIA_JSON || kind == MEDIA_MERGE_PATCH || kind == MEDIA_JSON_PATCH;
}

static bool
is_known_parameter(const struct route *route, struct str name)
{
	for (const char *const *at = route->parameters; at != NULL && *at != NULL; at++)
		if (str_is(name, *at))
			return true;
	return false;
}

static enum step_result
refuse_unknown_parameter(struct request *request, struct str name)
{
	const char *const *known = request->route->parameters;
	const char *nearest = NULL;
	size_t count = 0;

	while (known != NULL && known[count] != NULL)
		count++;
	if (count > 0)
		nearest = words_nearest(name, known, count);
	if (nearest != NULL)
		return request_refuse_parameter(request, ERR_BAD_PARAMETER, name, 0, "unknown",
		    "there is no such parameter here: did you mean '%s'?", nearest);
	return request_refuse_parameter(request, ERR_BAD_PARAMETER, name, 0, "unknown",
	    "there is no such parameter here");
}

static enum step_result
check_parameters(struct request *request)
{
	struct str bad = { 0 };
	enum err err = url_parse_query(&request->arena, request->head.query, &request->parameters,
	    &request->parameters_count, &bad);

	if (err == ERR_BAD_PARAMETER)
		return request_refuse_parameter(
		    request, err, bad, 0, "repeated", "a parameter may be given once");
	if (err != OK)
		return request_refuse(request, err, "The query string is not valid percent-encoded UTF-8.");
	for (size_t i = 0; i < request->parameters_count; i++)
		if (!is_known_parameter(request->route, request->parameters[i].name))
			return refuse_unknown_parameter(request, request->parameters[i].name);
	return STEP_NEXT;
}

static bool
is_encoded(const struct request *request)
{
	struct str encoding = h1_head_field(&request->head, "Content-Encoding");

	return request->head.framing != H1_NO_BODY && encoding.size > 0 &&
	       !str_equal_nocase(encoding, STR("identity"));
}

enum step_result
request_check_head(struct task *task)
{
	struct request *request = request_of(task);
	const char *detail = NULL;
	enum err err;

	/* A file has no parameters; its page may read what it likes out of its own address. */
	if (request->head.query.size > 0 && !request->is_file && check_parameters(request) != STEP_NEXT)
		return STEP_DONE;
	err = conditional_parse(&request->head, &request->conditional, &detail);
	if (err != OK)
		return request_refuse(request, err, detail);
	request->prefer = prefer_parse(&request->head);
	if (is_encoded(request))
		return request_refuse(
		    request, ERR_UNSUPPORTED_MEDIA_TYPE, "Send the body without a Content-Encoding.");
	if (request->route->body != BODY_NONE && !is_acceptable_type(request))
		return request_refuse(request, ERR_UNSUPPORTED_MEDIA_TYPE,
		    request->route->body == BODY_JSON ?
			"Send application/json." :
			"Send application/merge-patch+json, application/json or application/json-patch+json.");
	if (request->head.framing == H1_LENGTH &&
	    request->head.content_length > (uint64_t)limit(LIMIT_body_size))
		return request_refusef(request, ERR_TOO_LARGE, "A body may have at most %lld bytes.",
		    (long long)limit(LIMIT_body_size));
	return STEP_NEXT;
}
