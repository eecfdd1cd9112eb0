#include "api/collections.h"

#include "api/answer.h"
#include "api/caching.h"
#include "api/live.h"
#include "records/list.h"

/* --- list ------------------------------------------------------------ */

static enum step_result parse_list(struct task *task);
static enum step_result read_list(struct task *task);
static enum step_result answer_list(struct task *task);

const struct step list_steps[] = {
	{ "parse list", parse_list },
	{ "read list", read_list },
	{ "answer list", answer_list },
	{ 0 },
};

static enum step_result
refuse_list(struct request *request, const struct list_problem *problem)
{
	return request_refuse_parameter(request, problem->err, problem->parameter, problem->offset,
	    problem->code, "%s", problem->detail);
}

static enum step_result
parse_list(struct task *task)
{
	struct request *request = request_of(task);
	struct server *server = request->home->server;
	struct list_read *list = arena_new(&request->arena, sizeof(*list));
	struct list_problem problem;
	bool is_live;

	if (live_negotiate(request, &is_live) != STEP_NEXT)
		return STEP_DONE;
	if (is_live)
		return task_continue(task, live_list_steps);
	if (list == NULL)
		return task_fail(task, ERR_TOO_LARGE);
	request->state = list;
	list->json = &request->answer.body;
	list->counts = request->served->counts;
	if (!list_parse(&request->arena, request->served->rules, request->collection, request->identity,
		request->parameters, request->parameters_count, server->secret, &list->query, &problem))
		return refuse_list(request, &problem);
	if (list->query->begins_stream)
		return request_refuse_parameter(request, ERR_BAD_PARAMETER, STR("live"), 0, "conflict",
		    "only a stream begins with a snapshot: Accept: text/event-stream");
	return STEP_NEXT;
}

static enum step_result
read_list(struct task *task)
{
	struct request *request = request_of(task);
	struct list_read *list = request->state;

	return request_read_store(request, list_read, list, list_weight(list->query));
}

/* The same list with another cursor, as a path-absolute link (RFC 8288). */
static struct str
next_link(struct request *request, struct str cursor)
{
	struct buf link;
	struct str text;

	buf_init(&link, 64 * 1024);
	buf_add_byte(&link, '<');
	buf_add_str(&link, request->head.path);
	buf_add_byte(&link, '?');
	for (size_t i = 0; i < request->parameters_count; i++) {
		const struct url_parameter *parameter = &request->parameters[i];

		if (str_is(parameter->name, "cursor") || str_is(parameter->name, "offset"))
			continue;
		url_encode(&link, parameter->name);
		buf_add_byte(&link, '=');
		url_encode(&link, parameter->value);
		buf_add_byte(&link, '&');
	}
	buf_add_c(&link, "cursor=");
	url_encode(&link, cursor);
	buf_add_c(&link, ">; rel=\"next\"");
	text = arena_str(&request->arena, buf_str(&link));
	buf_release(&link);
	return text;
}

static enum step_result
answer_list(struct task *task)
{
	struct request *request = request_of(task);
	struct list_read *list = request->state;

	if (request->call.err != OK)
		return request_refuse(request, request->call.err, NULL);
	answer_json(request);
	caching_say(request);
	request->answer.etag = request_version(request, list->version);
	request->answer.etag_shape = answer_shape(request, list->hash);
	if (list->next.size > 0)
		request->answer.link = next_link(request, list->next);
	return answer_conditional(request);
}

/* --- read one -------------------------------------------------------- */

static enum step_result read_record(struct task *task);
static enum step_result answer_record(struct task *task);

const struct step read_steps[] = {
	{ "read record", read_record },
	{ "answer record", answer_record },
	{ 0 },
};

const struct field *
collection_key_field(struct request *request, struct str *ret_rest)
{
	const struct field *field = record_key_field(request->collection, request->id_text, ret_rest);
	struct buf detail;

	if (field != NULL && rules_field_sight(request->served->rules, request->collection, field,
				 &request->identity->caller) != FIELD_HIDDEN)
		return field;
	buf_init(&detail, 512);
	buf_addf(&detail, "A path names a record of %.*s by its id, or by FIELD:VALUE with a unique field.",
	    STR_ARGS(request->collection->name));
	request->problem.detail = arena_str(&request->arena, buf_str(&detail));
	buf_release(&detail);
	return NULL;
}

bool
collection_name_record(struct request *request, struct record_key *ret)
{
	struct str rest;

	return collection_key_field(request, &rest) != NULL &&
	       record_key_parse(&request->arena, request->collection, request->id_text, ret);
}

static enum step_result
read_record(struct task *task)
{
	struct request *request = request_of(task);
	struct record_read *read = &request->read;
	struct list_problem problem;
	bool is_live;

	if (live_negotiate(request, &is_live) != STEP_NEXT)
		return STEP_DONE;
	if (is_live)
		return task_continue(task, live_record_steps);
	*read = (struct record_read){
		.rules = request->served->rules,
		.collection = request->collection,
		.identity = request->identity,
		.json = &request->answer.body,
	};
	if (!list_parse_one(&request->arena, read->rules, read->collection, read->identity,
		request->parameters, request->parameters_count, &read->sight, &problem))
		return refuse_list(request, &problem);
	if (!collection_name_record(request, &read->key))
		return task_fail(task, ERR_NOT_FOUND);
	return request_read_store(request, record_read, read,
	    read->sight == NULL ? STORE_LIGHT : sight_weight(read->sight));
}

static enum step_result
answer_record(struct task *task)
{
	struct request *request = request_of(task);

	if (request->call.err != OK)
		return request_refuse(request, request->call.err, NULL);
	answer_json(request);
	caching_say(request);
	request->answer.etag = request_version(request, request->read.version);
	if (request->read.sight != NULL)
		request->answer.etag_shape = answer_shape(request, request->read.hash);
	return answer_conditional(request);
}
