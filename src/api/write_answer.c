/* What is answered to a write. */
#include "api/answer.h"
#include "api/collections.h"
#include "base/hash.h"
#include "records/sight.h"

void
collection_tell_field_errors(struct request *request, const struct field_errors *errors)
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

static struct str
location(struct request *request, const struct value *id)
{
	const struct app *app = request->served->app;
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
		if (write->sight->is_plain)
			record_to_json(&writer, write->collection, write->rows[i]);
		else
			sight_to_json(&writer, write->sight, write->rows[i]);
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
	bool minimal = write->op == RECORD_DELETE || !write->readable ||
		       request->prefer.ret == PREFER_RETURN_MINIMAL;
	bool as_array = request->state != NULL;

	answer->applied = applied_preferences(request, minimal);
	answer->status = write->created ? 201 : minimal ? 204 : 200;
	if (!request->prefer.rollback) {
		answer->commit = write->version;
		if (write->op != RECORD_DELETE && !as_array)
			answer->etag = request_version(request, write->version);
		if (write->created && !as_array)
			answer->location = location(request, &write->rows[0][COLUMN_ID]);
	}
	answer->cache_control = STR("no-store");
	if (minimal)
		return;
	answer->type = STR("application/json");
	write_rows(request, as_array);
	if (answer->etag != 0 && !write->sight->is_plain)
		answer->etag_shape = answer_shape(request, hash_str(buf_str(&answer->body)));
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
	collection_tell_field_errors(request, &request->write.errors);
	answer_problem(request, err);
}
