#include "api/collections.h"

#include "api/answer.h"
#include "api/idempotency.h"
#include "api/live.h"
#include "base/hash.h"
#include "base/limits.h"
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
	if (!list_parse(&request->arena, server->rules, request->collection, request->identity,
		request->parameters, request->parameters_count, server->secret, &list->query, &problem))
		return request_refuse_parameter(request, problem.err, problem.parameter, problem.offset,
		    problem.code, "%s", problem.detail);
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

static struct str
hex(struct request *request, uint64_t number)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)number);
	return arena_str(&request->arena, str_from(text));
}

/* What a cache may do with an answer that rules shaped for its caller. */
static struct str
cache_control(const struct request *request)
{
	return request->identity->caller.signed_in ? STR("private, no-cache") : STR("no-cache");
}

static enum step_result
answer_list(struct task *task)
{
	struct request *request = request_of(task);
	struct list_read *list = request->state;

	if (request->call.err != OK)
		return request_refuse(request, request->call.err, NULL);
	answer_json(request);
	request->answer.cache_control = cache_control(request);
	request->answer.etag = list->version;
	request->answer.etag_shape = hex(request, list->hash);
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

static enum step_result
read_record(struct task *task)
{
	struct request *request = request_of(task);
	struct record_read *read = &request->read;
	bool is_live;

	if (live_negotiate(request, &is_live) != STEP_NEXT)
		return STEP_DONE;
	if (is_live)
		return task_continue(task, live_record_steps);
	*read = (struct record_read){
		.rules = request->home->server->rules,
		.collection = request->collection,
		.identity = request->identity,
		.json = &request->answer.body,
	};
	if (!record_id_parse(request->collection, request->id_text, &read->id))
		return task_fail(task, ERR_NOT_FOUND);
	return request_read_store(request, record_read, read, STORE_LIGHT);
}

static enum step_result
answer_record(struct task *task)
{
	struct request *request = request_of(task);

	if (request->call.err != OK)
		return request_refuse(request, request->call.err, NULL);
	answer_json(request);
	request->answer.cache_control = cache_control(request);
	request->answer.etag = request->read.version;
	return answer_conditional(request);
}

/* --- write ----------------------------------------------------------- */

static enum step_result read_create_input(struct task *task);
static enum step_result read_change_input(struct task *task);
static enum step_result name_record(struct task *task);
static enum step_result write_records(struct task *task);
static enum step_result answer_write(struct task *task);

const struct step create_steps[] = {
	{ "read input", read_create_input },
	{ "write", write_records },
	{ "answer", answer_write },
	{ 0 },
};

const struct step change_steps[] = {
	{ "name record", name_record },
	{ "read input", read_change_input },
	{ "write", write_records },
	{ "answer", answer_write },
	{ 0 },
};

const struct step delete_steps[] = {
	{ "name record", name_record },
	{ "write", write_records },
	{ "answer", answer_write },
	{ 0 },
};

enum err
collection_decide_create(struct request *request)
{
	const struct rules *rules = request->home->server->rules;
	const struct rule *rule = rules->access[request->collection->index][ACCESS_CREATE];
	bool allowed;

	if (!rule_is_decided(rule, &request->identity->caller, &allowed) || allowed)
		return OK;
	return request->identity->caller.signed_in ? ERR_FORBIDDEN : ERR_UNAUTHENTICATED;
}

static bool
condition_holds(const void *arg, int64_t version)
{
	const struct conditional *conditional = arg;

	return conditional_if_match(conditional, version) &&
	       conditional_if_none_match(conditional, version);
}

static struct record_write *
begin_write(struct request *request, enum record_op op)
{
	struct record_write *write = &request->write;

	*write = (struct record_write){
		.op = op,
		.rules = request->home->server->rules,
		.collection = request->collection,
		.identity = request->identity,
		.arena = &request->arena,
	};
	if (op != RECORD_CREATE)
		write->condition = (struct record_condition){ condition_holds, &request->conditional };
	return write;
}

static enum step_result
name_record(struct task *task)
{
	struct request *request = request_of(task);
	struct record_write *write =
	    begin_write(request, request->head.method == H1_PATCH ? RECORD_CHANGE : RECORD_DELETE);

	if (!record_id_parse(request->collection, request->id_text, &write->id))
		return task_fail(task, ERR_NOT_FOUND);
	request->call.record_hash = write->id.kind == VALUE_UUID ?
					hash_bytes(&write->id.uuid, sizeof(write->id.uuid)) :
					hash_bytes(&write->id.integer, sizeof(write->id.integer));
	return STEP_NEXT;
}

static enum step_result
parse_body(struct request *request, struct json *ret)
{
	struct json_error error;
	enum err err = json_parse(&request->arena, buf_str(&request->body), ret, &error);

	if (err == ERR_BAD_JSON)
		return request_refusef(
		    request, err, "At byte %u of the body: %s.", error.offset, error.detail);
	return err == OK ? STEP_NEXT : request_refuse(request, err, "The body needs too much memory.");
}

/* The mistakes of the body's fields, for the problem document. */
static void
tell_field_errors(struct request *request, const struct field_errors *errors)
{
	struct problem_error *told = arena_array(&request->arena, errors->count, sizeof(*told));
	size_t count = 0;

	for (const struct field_error *error = errors->first; told != NULL && error != NULL;
	    error = error->next)
		told[count++] = (struct problem_error){ .pointer = error->pointer,
			.code = str_from(error->code), .detail = error->detail };
	request->problem.errors = told;
	request->problem.errors_count = count;
}

static enum step_result
refuse_fields(struct request *request, const struct field_errors *errors)
{
	tell_field_errors(request, errors);
	return request_refuse(request, ERR_INVALID, NULL);
}

static struct str
item_pointer(struct request *request, size_t index)
{
	char text[32];

	snprintf(text, sizeof(text), "#/%zu", index);
	return arena_str(&request->arena, str_from(text));
}

static enum err
read_items(struct request *request, const struct json *body, struct field_errors *errors)
{
	struct record_write *write = &request->write;
	bool is_array = body->type == JSON_ARRAY;
	enum err err = OK;

	write->inputs_count = is_array ? body->count : 1;
	write->inputs = arena_array(&request->arena, write->inputs_count, sizeof(*write->inputs));
	if (write->inputs == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < write->inputs_count && err == OK; i++)
		err = record_input_read(&request->arena, request->collection,
		    is_array ? &body->items[i] : body, is_array ? item_pointer(request, i) : STR("#"),
		    INPUT_CREATE, &write->inputs[i], errors);
	return err;
}

static enum step_result
read_create_input(struct task *task)
{
	struct request *request = request_of(task);
	struct field_errors errors = { 0 };
	struct json body;
	enum err err;

	begin_write(request, RECORD_CREATE);
	if (parse_body(request, &body) != STEP_NEXT)
		return STEP_DONE;
	if (body.type == JSON_ARRAY && (body.count == 0 || body.count > limit(LIMIT_array_items))) {
		field_error_add(&errors, &request->arena, STR("#"), body.count == 0 ? "too_short" : "too_long",
		    "an array has 1 to %lld records", (long long)limit(LIMIT_array_items));
		return refuse_fields(request, &errors);
	}
	request->state = body.type == JSON_ARRAY ? request : NULL; /* answered as an array too */
	err = read_items(request, &body, &errors);
	if (err != OK)
		return request_refuse(request, err, "The body needs too much memory.");
	return errors.count > 0 ? refuse_fields(request, &errors) : STEP_NEXT;
}

static enum step_result
read_change_input(struct task *task)
{
	struct request *request = request_of(task);
	struct record_write *write = &request->write;
	struct field_errors errors = { 0 };
	struct json body;

	if (parse_body(request, &body) != STEP_NEXT)
		return STEP_DONE;
	write->inputs_count = 1;
	write->inputs = arena_new(&request->arena, sizeof(*write->inputs));
	if (write->inputs == NULL ||
	    record_input_read(&request->arena, request->collection, &body, STR("#"), INPUT_CHANGE,
		write->inputs, &errors) != OK)
		return request_refuse(request, ERR_TOO_LARGE, "The body needs too much memory.");
	return errors.count > 0 ? refuse_fields(request, &errors) : STEP_NEXT;
}

static enum step_result
write_records(struct task *task)
{
	struct request *request = request_of(task);
	struct record_write *write = &request->write;
	enum step_result result;

	request->call.dry_run = request->prefer.rollback;
	request->call.reads_others =
	    record_write_reads_others(write->rules, write->collection, write->op);
	result = idempotency_begin(request);
	if (result != STEP_NEXT)
		return result;
	return request_write_store(request, record_write, write);
}

static struct str
location(struct request *request, const struct value *id)
{
	const struct app *app = request->home->server->app;
	char id_text[UUID_TEXT_SIZE];
	struct buf path;
	struct str text;

	buf_init(&path, 1024);
	buf_addf(&path, "%.*s/%.*s/", STR_ARGS(app->prefix), STR_ARGS(request->collection->name));
	if (id->kind == VALUE_UUID) {
		uuid_format(&id->uuid, id_text);
		buf_add(&path, id_text, UUID_TEXT_SIZE);
	} else {
		buf_add_int(&path, id->integer);
	}
	text = arena_str(&request->arena, buf_str(&path));
	buf_release(&path);
	return text;
}

static void
write_rows(struct request *request, bool as_array)
{
	const struct record_write *write = &request->write;
	struct json_writer writer;

	json_writer_init(&writer, &request->answer.body);
	if (as_array) {
		json_begin_object(&writer);
		json_name(&writer, STR("items"));
		json_begin_array(&writer);
	}
	for (size_t i = 0; i < write->inputs_count; i++)
		record_to_json(&writer, write->collection, write->rows[i]);
	if (as_array) {
		json_end_array(&writer);
		json_end_object(&writer);
	}
}

static struct str
applied_preferences(struct request *request, bool minimal)
{
	static const struct str texts[2][3] = {
		{ { 0 }, { "return=minimal", 14 }, { "return=representation", 21 } },
		{ { "tx=rollback", 11 }, { "return=minimal, tx=rollback", 27 },
		    { "return=representation, tx=rollback", 34 } },
	};
	int ret = 0;

	if (request->prefer.ret == PREFER_RETURN_MINIMAL)
		ret = 1;
	else if (request->prefer.ret == PREFER_RETURN_REPRESENTATION && !minimal)
		ret = 2;
	return texts[request->prefer.rollback][ret];
}

static void
answer_written(struct request *request)
{
	struct record_write *write = &request->write;
	struct answer *answer = &request->answer;
	bool minimal = !write->readable || request->prefer.ret == PREFER_RETURN_MINIMAL;
	bool as_array = request->state != NULL;

	if (write->op == RECORD_DELETE)
		minimal = true;
	answer->applied = applied_preferences(request, minimal);
	answer->status = write->op == RECORD_CREATE ? 201 : minimal ? 204 : 200;
	if (!request->prefer.rollback) {
		answer->commit = write->version;
		if (write->op != RECORD_DELETE && !as_array)
			answer->etag = write->version;
		if (write->op == RECORD_CREATE && !as_array)
			answer->location = location(request, &write->rows[0][COLUMN_ID]);
	}
	answer->cache_control = STR("no-store");
	if (minimal)
		return;
	answer->type = STR("application/json");
	write_rows(request, as_array);
}

void
collection_answer_write(struct request *request, enum err err)
{
	struct buf body = request->answer.body;

	buf_clear(&body);
	request->answer = (struct answer){ .body = body, .bodyless = request->answer.bodyless };
	request->problem = (struct request_problem){ .detail = request->write.detail };
	if (err == OK) {
		answer_written(request);
		return;
	}
	tell_field_errors(request, &request->write.errors);
	answer_problem(request, err);
}

static enum step_result
answer_write(struct task *task)
{
	struct request *request = request_of(task);

	if (request->idempotency != NULL && idempotency_end(request))
		return STEP_DONE; /* the answer that was stored */
	collection_answer_write(request, request->call.err);
	return request->call.err == OK ? STEP_DONE : task_fail(task, request->call.err);
}
