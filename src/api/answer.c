#include "api/answer.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "base/hash.h"
#include "base/limits.h"
#include "http/etag.h"
#include "http/response.h"

enum { ETAG_SIZE_MAX = 128 };

static struct str
etag_text(const struct answer *answer, struct buf *buf)
{
	if (answer->etag_shape.data == NULL)
		etag_add(buf, answer->etag);
	else
		etag_add_shape(buf, answer->etag, answer->etag_shape);
	return buf_str(buf);
}

/* Every problem says something: at the least its title, or that its errors say more. */
static struct str
detail_of(const struct request *request, enum err err)
{
	if (request->problem.detail.data != NULL)
		return request->problem.detail;
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
	answer->cache_control = STR("no-store");
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
		if (request->head.method == H1_PATCH)
			response_field(out, STR("Accept-Patch"),
			    STR("application/merge-patch+json, application/json"));
		else
			response_field(out, STR("Accept"), STR("application/json"));
		break;
	case ERR_OVERLOADED:
	case ERR_STORE_UNAVAILABLE:
	case ERR_IN_PROGRESS:
		response_field(out, STR("Retry-After"), STR("1"));
		break;
	default:
		break;
	}
}

static void
add_fields(struct request *request, struct buf *out)
{
	const struct answer *answer = &request->answer;
	struct buf etag;

	if (answer->etag != 0 || answer->etag_shape.data != NULL) {
		if (answer->etag_shape.data == NULL) {
			response_etag(out, answer->etag);
		} else {
			buf_init(&etag, ETAG_SIZE_MAX);
			response_field(out, STR("ETag"), etag_text(answer, &etag));
			buf_release(&etag);
		}
	}
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
		response_field(out, STR("Allow"), answer->allow);
	if (answer->vary_accept)
		response_field(out, STR("Vary"), STR("Accept"));
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
answer_send(struct request *request)
{
	struct answer *answer = &request->answer;
	struct buf *out = connection_out(request->connection);
	size_t start = out->size;

	if (request->task.err == OK && answer->body.err != OK)
		(void)request_refuse(request, ERR_TOO_COSTLY, "The answer is too large.");
	if (request->task.err != OK)
		answer_problem(request, request->task.err);
	response_begin(out, answer->status, (struct str){ request->home->loop.date, RESPONSE_DATE_SIZE });
	add_fields(request, out);
	if (!is_bodyless_status(answer->status))
		response_content(out, answer->type, answer->body.size);
	if (!request->keep_alive)
		response_close(out);
	response_end(out);
	if (out->err != OK) {
		/* Nothing can be said any more: cut the connection where the last answer ended. */
		buf_truncate(out, start);
		request->keep_alive = false;
	} else {
		request->bytes_out = out->size - start;
		if (answer->bodyless || is_bodyless_status(answer->status))
			return;
		request->bytes_out += answer->body.size;
		connection_write(request->connection, buf_str(&answer->body));
	}
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
	struct answer *answer = &request->answer;
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash_bytes(answer->body.data, answer->body.size));
	answer->etag_shape = arena_str(&request->arena, str_from(text));
	return answer_conditional(request);
}
