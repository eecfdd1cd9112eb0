#include "api/live.h"

#include <assert.h>

#include "base/limits.h"
#include "http/accept.h"
#include "http/response.h"
#include "records/list.h"

struct live_request {
	struct live_stream stream;
	struct request *request;
	struct live_query query;
	bool resumes;
	int64_t since;
	struct live_missed missed;
	size_t allowance; /* bytes that a slow reader may leave unread */
	bool is_over; /* the stream has ended on our side */
};

static enum step_result parse_list(struct task *task);
static enum step_result find_record(struct task *task);
static enum step_result check_record(struct task *task);
static enum step_result open_stream(struct task *task);
static enum step_result tell_missed(struct task *task);
static enum step_result follow(struct task *task);

const struct step live_list_steps[] = {
	{ "parse live list", parse_list },
	{ "open live stream", open_stream },
	{ "tell what was missed", tell_missed },
	{ "follow live", follow },
	{ 0 },
};

const struct step live_record_steps[] = {
	{ "find live record", find_record },
	{ "check live record", check_record },
	{ "open live stream", open_stream },
	{ "tell what was missed", tell_missed },
	{ "follow live", follow },
	{ 0 },
};

enum step_result
live_negotiate(struct request *request, bool *ret_live)
{
	int json = accept_quality(&request->head, STR("application/json"));
	int live = accept_quality(&request->head, STR("text/event-stream"));

	request->answer.vary_accept = true;
	/* A stream never ends: where JSON will do as well, only who names it is waiting for one. */
	*ret_live = live > json && (json == 0 || accept_names(&request->head, STR("text/event-stream")));
	if (json == 0 && live == 0)
		return request_refuse(request, ERR_NOT_ACCEPTABLE,
		    "This is served as application/json and as text/event-stream.");
	return STEP_NEXT;
}

/* --- what is asked for ------------------------------------------------ */

/* Digits, as they stood in an id. */
static bool
parse_last_event_id(struct live_request *live)
{
	struct str text = live->request->head.known[H1_LAST_EVENT_ID];

	if (text.data == NULL || text.size == 0)
		return true;
	live->resumes = true;
	return str_to_int(text, &live->since) && live->since >= 0;
}

static struct live_request *
live_request_new(struct request *request)
{
	struct live_request *live = arena_new(&request->arena, sizeof(*live));

	if (live == NULL) {
		(void)task_fail(&request->task, ERR_TOO_LARGE);
		return NULL;
	}
	live->request = request;
	live->query.collection = request->collection;
	live->query.key = request->key;
	live->allowance = (size_t)limit(LIMIT_live_buffer);
	request->state = live;
	if (parse_last_event_id(live))
		return live;
	(void)request_refuse(
	    request, ERR_BAD_HEADER, "Last-Event-ID must be an id of a stream: digits.");
	return NULL;
}

/* Pages of a list; a live query has none. */
static enum step_result
refuse_pages(struct request *request)
{
	static const char *const names[] = { "cursor", "offset" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (request_parameter(request, names[i]).data != NULL)
			return request_refuse_parameter(request, ERR_BAD_PARAMETER,
			    str_from(names[i]), 0, "conflict", "a live query has no pages");
	return STEP_NEXT;
}

/* What changes without a commit cannot be followed from commit to commit. */
static enum step_result
refuse_moment(struct request *request, const struct rule *filter)
{
	const struct rules *rules = request->served->rules;

	if (filter != NULL && rule_names_request(filter))
		return request_refuse_parameter(request, ERR_BAD_FILTER, STR("filter"), 0, "filter",
		    "'now' and 'request' cannot be followed live: expected a filter without them");
	if (rule_names_request(rules_read(rules, request->collection)))
		return request_refuse(request, ERR_BAD_REQUEST,
		    "The read rule of this collection looks at 'now' or at 'request', which cannot be followed live.");
	return STEP_NEXT;
}

static bool
names_moment(const struct rule *rule)
{
	return rule != NULL && rule_names_request(rule);
}

/* Nor can a field whose rule does, nor ids of records whose read rule does. */
static enum step_result
refuse_fields_of_moment(struct request *request, const struct sight *sight)
{
	const struct rules *rules = request->served->rules;
	struct str chosen = request_parameter(request, "fields");
	bool is_chosen = chosen.size > 0 && str_find_byte(chosen, '*') == chosen.size;

	for (size_t i = 0; i < request->collection->columns_count; i++) {
		const struct field *field = &request->collection->columns[i];
		bool shows = sight == NULL || sight_shows(sight, field);

		if ((names_moment(rules->fields_read[request->collection->index][i]) && (shows || !is_chosen)) ||
		    (shows && field->type == FIELD_REFS && names_moment(rules_read(rules, field->to))))
			return request_refusef(request, ERR_BAD_REQUEST,
			    "What is seen of %.*s depends on 'now' or on 'request', which cannot be followed live: leave it out by 'fields'.",
			    STR_ARGS(field->name));
	}
	return STEP_NEXT;
}

/* Records of other collections are not followed. */
static enum step_result
refuse_others(struct request *request, const struct sight *sight)
{
	const char *name = request_parameter(request, "expand").data == NULL ? "fields" : "expand";

	for (size_t i = 0; i < sight->members_count; i++)
		if (sight->members[i].expand != NULL && !sight->members[i].expand->is_ids)
			return request_refuse_parameter(request, ERR_BAD_PARAMETER, str_from(name), 0,
			    "conflict", "a live query shows no records of others");
	return STEP_NEXT;
}

/* As the list reads them, so that mistakes are told alike; limit and sort mean nothing behind the first rows. */
static enum step_result
parse_list(struct task *task)
{
	struct request *request = request_of(task);
	struct server *server = request->home->server;
	struct live_request *live = live_request_new(request);
	const struct list_query *list;
	struct list_problem problem;

	if (live == NULL || refuse_pages(request) != STEP_NEXT)
		return STEP_DONE;
	if (!list_parse(&request->arena, request->served->rules, request->collection, request->identity,
		request->parameters, request->parameters_count, server->secret, &list, &problem))
		return request_refuse_parameter(request, problem.err, problem.parameter,
		    problem.offset, problem.code, "%s", problem.detail);
	live->query.filter = request_parameter(request, "filter");
	live->query.fields = request_parameter(request, "fields");
	if (list->begins_stream)
		live->query.rows = list;
	if (refuse_others(request, &list->sight) != STEP_NEXT ||
	    refuse_fields_of_moment(request, &list->sight) != STEP_NEXT)
		return STEP_DONE;
	return refuse_moment(request, list->filter);
}

/* A record that is not there is 404, as without the stream; who comes back may be told that it left. */
static enum step_result
find_record(struct task *task)
{
	struct request *request = request_of(task);
	struct live_request *live = live_request_new(request);
	const struct sight *sight;
	struct list_problem problem;

	if (live == NULL)
		return STEP_DONE;
	if (refuse_moment(request, NULL) != STEP_NEXT)
		return STEP_DONE;
	if (!record_id_parse(request->collection, request->id_text, &live->query.id))
		return request_refuse(request, ERR_NOT_FOUND, "A stream follows a record by its id.");
	if (!list_parse_one(&request->arena, request->served->rules, request->collection,
		request->identity, request->parameters, request->parameters_count, &sight, &problem))
		return request_refuse_parameter(request, problem.err, problem.parameter,
		    problem.offset, problem.code, "%s", problem.detail);
	if ((sight != NULL && refuse_others(request, sight) != STEP_NEXT) ||
	    refuse_fields_of_moment(request, sight) != STEP_NEXT)
		return STEP_DONE;
	live->query.fields = request_parameter(request, "fields");
	if (live->resumes)
		return STEP_NEXT;
	request->read = (struct record_read){
		.rules = request->served->rules,
		.collection = request->collection,
		.identity = request->identity,
		.key = { &request->collection->columns[COLUMN_ID], live->query.id },
		.json = &request->answer.body,
	};
	return request_read_store(request, record_read, &request->read, STORE_LIGHT);
}

static enum step_result
check_record(struct task *task)
{
	struct request *request = request_of(task);
	struct live_request *live = request->state;

	if (!live->resumes && request->call.err != OK)
		return request_refuse(request, request->call.err, NULL);
	buf_clear(&request->answer.body);
	return STEP_NEXT;
}

/* --- the stream ------------------------------------------------------- */

static void write_text(struct live_stream *stream, struct str text);
static void end_stream(struct live_stream *stream);

static const struct live_user stream_user = { write_text, end_stream };

static struct live_request *
live_of(struct live_stream *stream)
{
	return CONTAINER(stream, struct live_request, stream);
}

static void
close_stream(void *arg)
{
	struct live_request *live = arg;

	live_close(&live->stream);
	snapshot_release(&live->missed.start);
}

/* The framing of HTTP/1.0 is the end of the connection. */
static bool
is_chunked(const struct request *request)
{
	return request->head.minor > 0;
}

static void
write_head(struct request *request)
{
	struct buf *out = connection_out(request->connection);
	size_t before = out->size;

	response_begin(out, 200, (struct str){ request->home->loop.date, RESPONSE_DATE_SIZE });
	response_field(out, STR("Cache-Control"), STR("no-store"));
	response_field(out, STR("X-Accel-Buffering"), STR("no"));
	response_field(out, STR("Vary"), STR("Accept"));
	if (is_chunked(request))
		response_chunked(out, STR("text/event-stream"));
	else
		response_field(out, STR("Content-Type"), STR("text/event-stream"));
	if (!request->answer.bodyless)
		request->keep_alive = false;
	if (!request->keep_alive)
		response_close(out);
	response_end(out);
	request->bytes_out += out->size - before;
	request->answer.status = 200;
	request->answer.sent = true;
}

/* Nobody reads as slowly as this: the client may come back and go on. */
static bool
is_too_slow(const struct live_request *live, struct str text)
{
	const struct connection *connection = live->request->connection;

	return connection->blocked && connection->out.size + text.size > live->allowance;
}

static void
write_text(struct live_stream *stream, struct str text)
{
	struct live_request *live = live_of(stream);
	struct request *request = live->request;
	struct buf *out;
	size_t before;

	if (request->connection == NULL)
		return;
	if (is_too_slow(live, text)) {
		connection_close(request->connection);
		return;
	}
	if (!request->answer.sent)
		write_head(request);
	out = connection_out(request->connection);
	before = out->size;
	if (is_chunked(request))
		response_chunk(out, text);
	else
		buf_add_str(out, text);
	request->bytes_out += out->size - before;
	if (out->err != OK)
		connection_close(request->connection);
}

static void
wake(struct request *request)
{
	if (!request->waits_for_input)
		return;
	request->waits_for_input = false;
	task_wake(&request->task, OK);
}

static void
end_stream(struct live_stream *stream)
{
	struct live_request *live = live_of(stream);

	live->is_over = true;
	wake(live->request);
}

/* A stream without events, whose client comes back. */
static enum step_result
end_at_once(struct request *request)
{
	write_head(request);
	if (is_chunked(request))
		response_last_chunk(connection_out(request->connection));
	return STEP_DONE;
}

static enum err
open_live(struct live_request *live)
{
	struct live *streams = live->request->home->live;

	if (!arena_defer(&live->request->arena, close_stream, live))
		return ERR_TOO_LARGE;
	if (live->resumes)
		return live_resume(streams, &live->stream, &stream_user, &live->query, live->since);
	return live_open(streams, &live->stream, &stream_user, &live->query);
}

static enum step_result
read_missed(struct live_request *live)
{
	struct request *request = live->request;

	live->missed = (struct live_missed){
		.stream = &live->stream,
		.since = live->since,
		.text = &request->answer.body,
	};
	return request_read_store(request, live_catch_up, &live->missed, STORE_HEAVY);
}

/*
 * The head says that the stream has begun: what is written from then on is
 * told.  So it comes with the first text; one that goes on has begun long ago.
 */
static enum step_result
open_stream(struct task *task)
{
	struct request *request = request_of(task);
	struct live_request *live = request->state;
	enum err err;

	if (request->answer.bodyless) {
		write_head(request);
		return STEP_DONE;
	}
	/* Another version is served since its head came: it comes back to that one. */
	if (request->share != request->home->served)
		return end_at_once(request);
	err = open_live(live);
	if (err != OK)
		return request_refuse(request, err,
		    err == ERR_OVERLOADED ? "There are as many live streams as there may be."
					  : NULL);
	if (!live->stream.catching_up)
		return STEP_NEXT;
	if (!live->stream.is_new)
		write_head(request);
	return read_missed(live);
}

static enum step_result
tell_missed(struct task *task)
{
	struct request *request = request_of(task);
	struct live_request *live = request->state;

	if (!live->stream.catching_up)
		return STEP_NEXT;
	if (request->call.err != OK && !request->answer.sent)
		return request_refuse(request, request->call.err, NULL);
	/* It was asked for all at once, so it is not a sign of a slow reader. */
	live->allowance += request->answer.body.size;
	live_caught_up(&live->stream, &live->missed, request->call.err);
	buf_release(&request->answer.body);
	return STEP_NEXT;
}

static enum step_result
follow(struct task *task)
{
	struct request *request = request_of(task);
	struct live_request *live = request->state;
	struct connection *connection = request->connection;

	if (connection == NULL)
		return STEP_DONE;
	if (live->is_over && !request->answer.sent)
		return atomic_load(&request->home->server->draining) ?
			   request_refuse(request, ERR_OVERLOADED, NULL) :
			   end_at_once(request);
	if (live->is_over && is_chunked(request))
		response_last_chunk(connection_out(connection));
	if (live->is_over || connection->input_ended)
		return STEP_DONE;
	if (connection->out.size == 0)
		live->allowance = (size_t)limit(LIMIT_live_buffer);
	connection_consume(connection, connection->in.size);
	connection_rest(connection);
	request->waits_for_input = true;
	return STEP_AGAIN;
}
