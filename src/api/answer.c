#include "api/answer.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "base/hash.h"
#include "base/limits.h"
#include "http/etag.h"
#include "http/response.h"

enum { ETAG_SIZE_MAX = 128 };

#define ACCEPTED_PATCHES STR("application/merge-patch+json, application/json, application/json-patch+json")

static struct str
etag_text(const struct answer *answer, struct buf *buf)
{
	if (answer->etag_shape.data == NULL)
		etag_add(buf, answer->etag);
	else
		etag_add_shape(buf, answer->etag, answer->etag_shape);
	return buf_str(buf);
}

static struct str
body_of(const struct answer *answer)
{
	return answer->content.data != NULL ? answer->content : buf_str(&answer->body);
}

/* Which rule said no, if one did; what it asks for is the app's to tell. */
static struct str
refusing_rule(struct request *request, enum err err)
{
	static const char *const rules[] = { [H1_POST] = "create", [H1_PUT] = "create or update",
		[H1_PATCH] = "update", [H1_DELETE] = "delete" };
	size_t method = request->head.method;
	struct str detail = { 0 };
	struct buf text;

	if ((err != ERR_FORBIDDEN && err != ERR_UNAUTHENTICATED) || request->collection == NULL ||
	    method >= COUNT(rules) || rules[method] == NULL)
		return detail;
	buf_init(&text, 512);
	buf_addf(&text, err == ERR_FORBIDDEN ? "The %s rule of %.*s does not allow this." :
					       "Without a key the %s rule of %.*s does not allow this.",
	    rules[method], STR_ARGS(request->collection->name));
	detail = arena_str(&request->arena, buf_str(&text));
	buf_release(&text);
	return detail;
}

/* Every problem says something: at the least its title, or that its errors say more. */
static struct str
detail_of(struct request *request, enum err err)
{
	struct str rule;

	if (request->problem.detail.data != NULL)
		return request->problem.detail;
	rule = refusing_rule(request, err);
	if (rule.data != NULL)
		return rule;
	if (request->problem.errors_count > 0)
		return STR("See `errors` for each place.");
	return str_from(err_row(err)->title);
}

void
answer_problem(struct request *request, enum err err)
{
	struct answer *answer = &request->answer;
	struct buf instance;
	struct problem problem = {
		.err = err,
		.detail = detail_of(request, err),
		.errors = request->problem.errors,
		.errors_count = request->problem.errors_count,
	};

	buf_init(&instance, 256);
	buf_addf(&instance, "/requests/%.*s", STR_ARGS(request_id(request)));
	problem.instance = buf_str(&instance);
	buf_clear(&answer->body);
	problem_write(&problem, &answer->body);
	buf_release(&instance);
	answer->status = err_row(err)->status;
	answer->type = PROBLEM_MEDIA_TYPE;
	answer->etag = answer->commit = 0;
	answer->location = answer->link = answer->applied = (struct str){ 0 };
	answer->etag_shape = answer->tag = answer->content = answer->modified = (struct str){ 0 };
	answer->is_page = false;
	answer->cache_control = STR("no-store");
}

/* A while later the same request may be answered otherwise. */
static bool
is_worth_another_try(enum err err)
{
	const struct err_row *row = err_row(err);

	return row->may_retry &&
	       (row->status == 409 || row->status == 429 || row->status == 503 || row->status == 507);
}

/* What would have been understood (RFC 9110 §15.5.16, RFC 5789 §2.2). */
static void
add_understood(struct request *request, struct buf *out)
{
	if (h1_head_field(&request->head, "Content-Encoding").size > 0)
		response_field(out, STR("Accept-Encoding"), STR("identity"));
	else if (request->head.method == H1_PATCH)
		response_field(out, STR("Accept-Patch"), ACCEPTED_PATCHES);
	else
		response_field(out, STR("Accept"), STR("application/json"));
}

/* Fields that only some problems have. */
static void
add_problem_fields(struct request *request, struct buf *out)
{
	switch (request->task.err) {
	case ERR_METHOD_NOT_ALLOWED:
		response_field(out, STR("Allow"), routes_allowed(request));
		break;
	case ERR_UNAUTHENTICATED:
		response_field(out, STR("WWW-Authenticate"), STR("Bearer"));
		break;
	case ERR_BAD_CREDENTIAL:
		response_field(out, STR("WWW-Authenticate"), STR("Bearer error=\"invalid_token\""));
		break;
	case ERR_UNSUPPORTED_MEDIA_TYPE:
		add_understood(request, out);
		break;
	case ERR_RANGE:
		response_field(out, STR("Content-Range"), request->answer.content_range);
		break;
	default:
		if (is_worth_another_try(request->task.err))
			response_field(out, STR("Retry-After"), STR("1"));
		break;
	}
}

static void
add_etag(const struct answer *answer, struct buf *out)
{
	struct buf etag;

	if (answer->etag_shape.data == NULL) {
		response_etag(out, answer->etag);
		return;
	}
	buf_init(&etag, ETAG_SIZE_MAX);
	response_field(out, STR("ETag"), etag_text(answer, &etag));
	buf_release(&etag);
}

/*
 * Pages load what is served beside them, and nobody frames them or learns their addresses.
 * Styles in place are let through: many tools write them, and they run nothing.
 */
static const char page_fields[] =
    "Content-Security-Policy: default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'\r\n"
    "X-Frame-Options: SAMEORIGIN\r\n"
    "Referrer-Policy: same-origin\r\n";

static void
add_file_fields(const struct answer *answer, struct buf *out)
{
	response_field(out, STR("ETag"), answer->tag);
	response_field(out, STR("Last-Modified"), answer->modified);
	response_field(out, STR("Accept-Ranges"), STR("bytes"));
	if (answer->content_range.data != NULL)
		response_field(out, STR("Content-Range"), answer->content_range);
}

static void
add_allow(const struct answer *answer, struct buf *out)
{
	struct str rest = answer->allow, method;

	response_field(out, STR("Allow"), answer->allow);
	while (str_split(&rest, ',', &method))
		if (str_is(str_trim(method), "PATCH"))
			response_field(out, STR("Accept-Patch"), ACCEPTED_PATCHES);
}

static void
add_fields(struct request *request, struct buf *out)
{
	const struct answer *answer = &request->answer;

	if (answer->etag != 0 || answer->etag_shape.data != NULL)
		add_etag(answer, out);
	if (answer->tag.data != NULL)
		add_file_fields(answer, out);
	if (answer->is_page)
		buf_add(out, page_fields, sizeof(page_fields) - 1);
	if (answer->commit != 0)
		response_field_int(out, STR("Caisson-Commit"), answer->commit);
	if (answer->location.data != NULL)
		response_field(out, STR("Location"), answer->location);
	if (answer->link.data != NULL)
		response_field(out, STR("Link"), answer->link);
	if (answer->applied.data != NULL)
		response_field(out, STR("Preference-Applied"), answer->applied);
	if (answer->cache_control.data != NULL)
		response_field(out, STR("Cache-Control"), answer->cache_control);
	if (answer->allow.data != NULL)
		add_allow(answer, out);
	if (answer->vary_accept)
		response_field(out, STR("Vary"), answer->vary_caller ? STR("Accept, Authorization") : STR("Accept"));
	if (request->task.err != OK)
		add_problem_fields(request, out);
}

/* Statuses that never have a body (RFC 9110 6.4.1, 15.3.5). */
static bool
is_bodyless_status(int status)
{
	return status == 204 || status == 304;
}

void
answer_send_head(struct request *request)
{
	struct answer *answer = &request->answer;
	struct buf *out = connection_out(request->connection);

	response_begin(out, answer->status, (struct str){ request->home->loop.date, RESPONSE_DATE_SIZE });
	add_fields(request, out);
	if (!is_bodyless_status(answer->status))
		response_content(out, answer->type, body_of(answer).size);
	if (!request->keep_alive)
		response_close(out);
	else if (request->head.minor == 0)
		response_field(out, STR("Connection"), STR("keep-alive"));
	response_end(out);
}

void
answer_send(struct request *request)
{
	struct answer *answer = &request->answer;
	struct buf *out = connection_out(request->connection);
	size_t start = out->size;

	if (request->task.err == OK && answer->body.err != OK)
		(void)request_refuse(request, ERR_TOO_COSTLY, "The answer is too large.");
	if (request->task.err != OK)
		answer_problem(request, request->task.err);
	answer_send_head(request);
	if (out->err != OK) {
		/* Nothing can be said any more: cut the connection where the last answer ended. */
		buf_truncate(out, start);
		request->keep_alive = false;
	} else {
		request->bytes_out = out->size - start;
		if (answer->bodyless || is_bodyless_status(answer->status))
			return;
		request->bytes_out += body_of(answer).size;
		connection_write(request->connection, body_of(answer));
	}
}

struct str
answer_shape(struct request *request, uint64_t hash)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	return arena_str(&request->arena, str_from(text));
}

void
answer_json(struct request *request)
{
	request->answer.status = 200;
	request->answer.type = STR("application/json");
}

enum step_result
answer_conditional(struct request *request)
{
	struct answer *answer = &request->answer;
	struct buf etag;
	bool modified;

	if (request->conditional.if_match == CONDITION_ABSENT &&
	    request->conditional.if_none_match == CONDITION_ABSENT)
		return STEP_DONE;
	if (!conditional_if_match(&request->conditional, answer->etag))
		return request_refuse(request, ERR_PRECONDITION_FAILED, "If-Match names another version.");
	buf_init(&etag, ETAG_SIZE_MAX);
	modified = conditional_if_none_match_etag(&request->conditional, etag_text(answer, &etag));
	buf_release(&etag);
	if (!modified) {
		answer->status = 304;
		buf_clear(&answer->body);
	}
	return STEP_DONE;
}

enum step_result
answer_tagged_by_hash(struct request *request)
{
	request->answer.etag_shape = answer_shape(request, hash_str(body_of(&request->answer)));
	return answer_conditional(request);
}
