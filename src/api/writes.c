/* Create, change, put, delete: from the body to the store and back. */
#include "api/answer.h"
#include "api/collections.h"
#include "api/idempotency.h"
#include "base/hash.h"
#include "base/limits.h"
#include "http/media_type.h"

static enum step_result read_create_input(struct task *task);
static enum step_result name_record(struct task *task);
static enum step_result read_change_input(struct task *task);
static enum step_result read_put_input(struct task *task);
static enum step_result check_references(struct task *task);
static enum step_result refuse_mistakes(struct task *task);
static enum step_result write_records(struct task *task);
static enum step_result answer_write(struct task *task);

const struct step create_steps[] = {
	{ "read input", read_create_input },
	{ "check references", check_references },
	{ "refuse mistakes", refuse_mistakes },
	{ "write", write_records },
	{ "answer", answer_write },
	{ 0 },
};

const struct step change_steps[] = {
	{ "name record", name_record },
	{ "read input", read_change_input },
	{ "check references", check_references },
	{ "refuse mistakes", refuse_mistakes },
	{ "write", write_records },
	{ "answer", answer_write },
	{ 0 },
};

const struct step put_steps[] = {
	{ "read input", read_put_input },
	{ "check references", check_references },
	{ "refuse mistakes", refuse_mistakes },
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

/* --- before the body --------------------------------------------------- */

/* Does the caller alone decide that ${access} is refused? */
static bool
is_refused(struct request *request, enum access access)
{
	const struct rules *rules = request->served->rules;
	const struct rule *rule = rules->access[request->collection->index][access];
	bool allowed;

	return rule_is_decided(rule, &request->identity->caller, &allowed) && !allowed;
}

static enum err
refusal(const struct request *request)
{
	return request->identity->caller.signed_in ? ERR_FORBIDDEN : ERR_UNAUTHENTICATED;
}

enum err
collection_decide_create(struct request *request)
{
	return is_refused(request, ACCESS_CREATE) ? refusal(request) : OK;
}

enum err
collection_decide_put(struct request *request)
{
	return is_refused(request, ACCESS_CREATE) && is_refused(request, ACCESS_UPDATE) ? refusal(request) : OK;
}

static bool
condition_holds(const void *arg, int64_t number)
{
	const struct request *request = arg;
	const struct conditional *conditional = &request->conditional;
	int64_t version = request_version(request, number);

	_Static_assert((int)CONDITIONAL_NOTHING == (int)RECORD_NOTHING, "one word for no record");
	return conditional_if_match(conditional, version) &&
	       conditional_if_none_match(conditional, version);
}

static struct record_write *
begin_write(struct request *request, enum record_op op)
{
	struct record_write *write = &request->write;

	*write = (struct record_write){
		.op = op,
		.rules = request->served->rules,
		.collection = request->collection,
		.identity = request->identity,
		.arena = &request->arena,
	};
	if (op != RECORD_CREATE)
		write->condition = (struct record_condition){ condition_holds, request };
	return write;
}

static uint64_t
hash_value(const struct value *value)
{
	if (value->kind == VALUE_UUID)
		return hash_bytes(&value->uuid, sizeof(value->uuid));
	if (value->kind == VALUE_TEXT)
		return hash_str(value->text);
	return hash_bytes(&value->integer, sizeof(value->integer));
}

static enum step_result
name_record(struct task *task)
{
	struct request *request = request_of(task);
	struct record_write *write =
	    begin_write(request, request->head.method == H1_PATCH ? RECORD_CHANGE : RECORD_DELETE);

	if (!collection_name_record(request, &write->key))
		return task_fail(task, ERR_NOT_FOUND);
	request->call.record_hash = hash_value(&write->key.value);
	return STEP_NEXT;
}

/* --- the body ----------------------------------------------------------- */

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

static enum step_result
refuse_fields(struct request *request)
{
	collection_tell_field_errors(request, &request->write.errors);
	return request_refuse(request, ERR_INVALID, NULL);
}

static enum step_result
refuse_memory(struct request *request)
{
	return request_refuse(request, ERR_TOO_LARGE, "The body needs too much memory.");
}

static struct str
item_pointer(struct request *request, size_t index)
{
	char text[32];

	snprintf(text, sizeof(text), "#/%zu", index);
	return arena_str(&request->arena, str_from(text));
}

static struct str
field_pointer(struct request *request, const struct field *field)
{
	char text[APP_NAME_SIZE_MAX + 3];

	snprintf(text, sizeof(text), "#/%.*s", STR_ARGS(field->name));
	return arena_str(&request->arena, str_from(text));
}

static bool
make_inputs(struct request *request, size_t count)
{
	struct record_write *write = &request->write;

	write->inputs_count = count;
	write->inputs = arena_array(&request->arena, count, sizeof(*write->inputs));
	return write->inputs != NULL;
}

static enum err
read_input(struct request *request, const struct json *json, struct str pointer, enum input_use use, size_t index)
{
	struct record_write *write = &request->write;
	const struct record_author author = { write->rules, &request->identity->caller };

	return record_input_read(&request->arena, request->collection, &author, json, pointer, use,
	    &write->inputs[index], &write->errors);
}

static enum step_result
read_create_input(struct task *task)
{
	struct request *request = request_of(task);
	struct record_write *write = begin_write(request, RECORD_CREATE);
	struct json body;
	bool is_array;
	enum err err;

	if (parse_body(request, &body) != STEP_NEXT)
		return STEP_DONE;
	is_array = body.type == JSON_ARRAY;
	if (is_array && (body.count == 0 || body.count > limit(LIMIT_array_items))) {
		field_error_add(&write->errors, &request->arena, STR("#"),
		    body.count == 0 ? "too_short" : "too_long", "an array has 1 to %lld records",
		    (long long)limit(LIMIT_array_items));
		return refuse_fields(request);
	}
	request->state = is_array ? request : NULL; /* answered as an array too */
	err = make_inputs(request, is_array ? body.count : 1) ? OK : ERR_TOO_LARGE;
	for (size_t i = 0; i < write->inputs_count && err == OK; i++)
		err = read_input(request, is_array ? &body.items[i] : &body,
		    is_array ? item_pointer(request, i) : STR("#"), INPUT_CREATE, i);
	return err == OK ? STEP_NEXT : refuse_memory(request);
}

/* It is applied in the transaction, to the record as it stands there. */
static enum step_result
read_json_patch(struct request *request, const struct json *body)
{
	struct json_patch *patch = arena_new(&request->arena, sizeof(*patch));
	struct json_patch_fault fault = { 0 };
	enum err err = patch == NULL || !make_inputs(request, 1) ?
			   ERR_TOO_LARGE :
			   json_patch_read(&request->arena, body, patch, &fault);

	if (err == ERR_BAD_REQUEST)
		return request_refusef(request, err, "Operation %zu: %s.", fault.index, fault.detail);
	request->write.patch = patch;
	return err == OK ? STEP_NEXT : refuse_memory(request);
}

static enum step_result
read_change_input(struct task *task)
{
	struct request *request = request_of(task);
	struct json body;

	if (parse_body(request, &body) != STEP_NEXT)
		return STEP_DONE;
	if (media_kind(request->head.known[H1_CONTENT_TYPE]) == MEDIA_JSON_PATCH)
		return read_json_patch(request, &body);
	if (!make_inputs(request, 1) || read_input(request, &body, STR("#"), INPUT_CHANGE, 0) != OK)
		return refuse_memory(request);
	return STEP_NEXT;
}

/* The body says the key too, by itself or by us. */
static bool
add_key(struct request *request, const struct field *field, struct str text, struct json *body)
{
	struct json_member *members;

	if (body->type != JSON_OBJECT)
		return true;
	for (size_t i = 0; i < body->count; i++)
		if (str_equal(body->members[i].name, field->name))
			return true;
	members = arena_array(&request->arena, body->count + 1, sizeof(*members));
	if (members == NULL)
		return false;
	for (size_t i = 0; i < body->count; i++)
		members[i] = body->members[i];
	members[body->count++] = (struct json_member){ field->name, record_key_json(&request->arena, field, text) };
	body->members = members;
	return true;
}

/* What the body says of its key must be what the path says. */
static void
take_key(struct request *request, const struct field *field)
{
	struct record_write *write = &request->write;
	const struct record_input *input = &write->inputs[0];
	const struct value *value;
	struct record_key named;

	write->key.field = field;
	if (input->kinds == NULL || input->kinds[field->column] != INPUT_VALUE)
		return; /* an error already */
	value = &input->values[field->column];
	if (!record_key_parse(&request->arena, request->collection, request->id_text, &named) ||
	    !record_key_is(&request->arena, &named, value))
		field_error_add(&write->errors, &request->arena, field_pointer(request, field), "readonly",
		    "%.*s is not the one in the path", STR_ARGS(field->name));
	write->key.value = *value;
	request->call.record_hash = hash_value(value);
}

static enum step_result
read_put_input(struct task *task)
{
	struct request *request = request_of(task);
	const struct field *field;
	struct record_key key;
	struct str text;
	struct json body;
	size_t index = 0;

	/* A part, for servers that put parts together, must not pass for the whole (RFC 9110 14.5). */
	if (h1_head_list_next(&request->head, STR("Content-Range"), &index, &text))
		return request_refuse(request, ERR_BAD_HEADER, "A PUT is the whole record, never a part: leave Content-Range out.");
	begin_write(request, RECORD_PUT);
	field = collection_key_field(request, &text);
	/* An unknown name before a colon, or an id that is none: nothing can stand there. */
	if (field == NULL || (field->column == COLUMN_ID && !collection_name_record(request, &key)))
		return task_fail(task, ERR_NOT_FOUND);
	if (parse_body(request, &body) != STEP_NEXT)
		return STEP_DONE;
	if (!add_key(request, field, text, &body) || !make_inputs(request, 1) ||
	    read_input(request, &body, STR("#"), INPUT_PUT, 0) != OK)
		return refuse_memory(request);
	take_key(request, field);
	return STEP_NEXT;
}

/* --- the store ----------------------------------------------------------- */

/* A body with mistakes is told of all of them: of the references that lead nowhere, too. */
static enum step_result
check_references(struct task *task)
{
	struct request *request = request_of(task);
	struct record_write *write = &request->write;

	/* Of very many not all are kept, and what is wrong unsaid cannot be looked at. */
	if (write->errors.count == 0 || write->errors.count >= FIELD_ERRORS_MAX)
		return STEP_NEXT;
	return request_read_store(
	    request, record_check, write, write->inputs_count > 1 ? STORE_HEAVY : STORE_LIGHT);
}

static enum step_result
refuse_mistakes(struct task *task)
{
	struct request *request = request_of(task);

	return request->write.errors.count > 0 ? refuse_fields(request) : STEP_NEXT;
}

/* Ids that clients choose, and ids that go: of the same one, the later comer has the larger number. */
static bool
claim_records(struct request *request)
{
	const struct record_write *write = &request->write;
	uint64_t *claims = arena_array(&request->arena, write->inputs_count + 1, sizeof(*claims));
	size_t count = 0;

	if (claims == NULL)
		return false;
	if (write->op == RECORD_DELETE || write->op == RECORD_PUT)
		claims[count++] = hash_value(&write->key.value);
	for (size_t i = 0; write->op != RECORD_CHANGE && i < write->inputs_count; i++)
		if (write->inputs[i].kinds[COLUMN_ID] == INPUT_VALUE)
			claims[count++] = hash_value(&write->inputs[i].values[COLUMN_ID]);
	request->call.claims = claims;
	request->call.claims_count = count;
	return true;
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
	if (!claim_records(request))
		return refuse_memory(request);
	result = idempotency_begin(request);
	if (result != STEP_NEXT)
		return result;
	return request_write_store(request, record_write, write);
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
