/* The functions that migrations' SQL calls here: store/migrate/convert.c writes their names. */
#include "store/sqlite/convert.h"

#include <stdio.h>
#include <string.h>

#include "codec/address.h"
#include "codec/decimal.h"
#include "codec/fold.h"
#include "codec/json.h"
#include "codec/time.h"

enum { SCRATCH_SIZE_MAX = 64 << 20 };

static struct str
text_of(sqlite3_value *value)
{
	const char *data = (const char *)sqlite3_value_text(value);

	return (struct str){ data, (size_t)sqlite3_value_bytes(value) };
}

static void
give_nothing(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count, (void)values;
	sqlite3_result_int64(context, 0);
}

static void
to_int(sqlite3_context *context, int count, sqlite3_value **values)
{
	int64_t integer;

	(void)count;
	if (sqlite3_value_type(values[0]) != SQLITE_NULL && str_to_int(text_of(values[0]), &integer) &&
	    !str_is(text_of(values[0]), "-0"))
		sqlite3_result_int64(context, integer);
}

static void
to_decimal(sqlite3_context *context, int count, sqlite3_value **values)
{
	int64_t integer;

	(void)count;
	/* All that fits exactly: "1.50" fits scale 1, unlike in a request. */
	for (unsigned scale = DECIMAL_DIGITS_MAX + 1; scale-- > 0;) {
		int64_t to = sqlite3_value_int64(values[1]);

		if (sqlite3_value_type(values[0]) == SQLITE_NULL ||
		    !decimal_parse(text_of(values[0]), scale, &integer))
			continue;
		for (; scale > to && integer % 10 == 0; scale--)
			integer /= 10;
		if (scale > to)
			return;
		for (; scale < to; scale++)
			if (__builtin_mul_overflow(integer, 10, &integer) ||
			    integer > decimal_max || integer < -decimal_max)
				return;
		sqlite3_result_int64(context, integer);
		return;
	}
}

static void
to_date(sqlite3_context *context, int count, sqlite3_value **values)
{
	int64_t days;

	(void)count;
	if (sqlite3_value_type(values[0]) != SQLITE_NULL && date_parse(text_of(values[0]), &days))
		sqlite3_result_int64(context, days);
}

static void
to_time(sqlite3_context *context, int count, sqlite3_value **values)
{
	int64_t us;

	(void)count;
	if (sqlite3_value_type(values[0]) != SQLITE_NULL &&
	    time_parse_rfc3339(text_of(values[0]), &us))
		sqlite3_result_int64(context, us);
}

static void
to_email(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	if (sqlite3_value_type(values[0]) != SQLITE_NULL && email_check(text_of(values[0])))
		sqlite3_result_value(context, values[0]);
}

static void
to_url(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	if (sqlite3_value_type(values[0]) != SQLITE_NULL && url_check(text_of(values[0])))
		sqlite3_result_value(context, values[0]);
}

static void
fold(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct arena arena;
	struct str folded;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	arena_init(&arena, SCRATCH_SIZE_MAX);
	folded = fold_text(&arena, text_of(values[0]));
	if (folded.data == NULL)
		sqlite3_result_error_toobig(context);
	else
		sqlite3_result_text64(
		    context, folded.data, folded.size, SQLITE_TRANSIENT, SQLITE_UTF8);
	arena_release(&arena);
}

/* An id as a column holds it, of an item of an array: its text, or a number. */
static void
to_id(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct uuid uuid;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_INTEGER)
		sqlite3_result_value(context, values[0]);
	else if (sqlite3_value_type(values[0]) == SQLITE_TEXT && uuid_parse(text_of(values[0]), &uuid))
		sqlite3_result_blob(context, uuid.bytes, sizeof(uuid.bytes), SQLITE_TRANSIENT);
}

static void
to_refs(sqlite3_context *context, int count, sqlite3_value **values)
{
	char text[UUID_TEXT_SIZE + 8];
	struct uuid uuid;

	(void)count;
	switch (sqlite3_value_type(values[0])) {
	case SQLITE_INTEGER:
		snprintf(text, sizeof(text), "[%lld]", (long long)sqlite3_value_int64(values[0]));
		break;
	case SQLITE_BLOB:
		if (sqlite3_value_bytes(values[0]) != sizeof(uuid.bytes))
			return;
		memcpy(uuid.bytes, sqlite3_value_blob(values[0]), sizeof(uuid.bytes));
		memcpy(text, "[\"", 2);
		uuid_format(&uuid, text + 2);
		memcpy(text + 2 + UUID_TEXT_SIZE, "\"]", 3);
		break;
	default:
		memcpy(text, "[]", 3);
	}
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* The only one of an array. */
static void
to_ref(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct json_error error;
	struct arena arena;
	struct uuid uuid;
	struct json json;

	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	arena_init(&arena, SCRATCH_SIZE_MAX);
	if (json_parse(&arena, text_of(values[0]), &json, &error) == OK &&
	    json.type == JSON_ARRAY && json.count == 1) {
		if (json.items[0].type == JSON_INT)
			sqlite3_result_int64(context, json.items[0].integer);
		else if (json.items[0].type == JSON_STRING &&
			 uuid_parse(json.items[0].string, &uuid))
			sqlite3_result_blob(
			    context, uuid.bytes, sizeof(uuid.bytes), SQLITE_TRANSIENT);
	}
	arena_release(&arena);
}

int
sqlite_add_conversions(sqlite3 *db)
{
	static const struct {
		const char *name;
		int arguments;
		void (*run)(sqlite3_context *context, int count, sqlite3_value **values);
	} functions[] = {
		/* Triggers name them, so that they must be there to be read; none runs. */
		{ "caisson_number", 0, give_nothing },
		{ "caisson_now", 0, give_nothing },
		{ "caisson_to_int", 1, to_int },
		{ "caisson_to_decimal", 2, to_decimal },
		{ "caisson_to_date", 1, to_date },
		{ "caisson_to_time", 1, to_time },
		{ "caisson_to_email", 1, to_email },
		{ "caisson_to_url", 1, to_url },
		{ "caisson_fold", 1, fold },
		{ "caisson_to_id", 1, to_id },
		{ "caisson_to_refs", 1, to_refs },
		{ "caisson_to_ref", 1, to_ref },
	};
	int code = SQLITE_OK;

	for (size_t i = 0; i < COUNT(functions) && code == SQLITE_OK; i++)
		code = sqlite3_create_function(db, functions[i].name, functions[i].arguments,
		    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, functions[i].run,
		    NULL, NULL);
	return code;
}
