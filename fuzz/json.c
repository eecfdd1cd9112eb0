/*
 * What is accepted, written and parsed again is the same tree: writing that
 * gives the same text.  Every string is valid UTF-8.  Less memory changes no
 * verdict but to ERR_TOO_LARGE.  Any value is written as JSON that reads as it.
 * The canonical text of a canonical text is itself.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "codec/canonical.h"
#include "codec/time.h"
#include "codec/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_string(struct str string)
{
	assert(utf8_check(string) == string.size);
}

/* Lookups walk over all members: some are enough. */
static void
check_member(const struct json *object, uint32_t i)
{
	struct str name = object->members[i].name;
	char copy[64];

	check_string(name);
	if (name.size >= sizeof(copy) || str_find_byte(name, '\0') < name.size || i >= 64)
		return;
	if (name.size > 0)
		memcpy(copy, name.data, name.size);
	copy[name.size] = '\0';
	assert(json_member(object, copy) == &object->members[i].value);
}

static void
check_tree(const struct json *json, int depth)
{
	assert(depth <= JSON_DEPTH_MAX);
	if (json->type == JSON_STRING)
		check_string(json->string);
	if (json->type == JSON_ARRAY)
		for (uint32_t i = 0; i < json->count; i++)
			check_tree(&json->items[i], depth + 1);
	if (json->type == JSON_OBJECT)
		for (uint32_t i = 0; i < json->count; i++) {
			check_member(json, i);
			check_tree(&json->members[i].value, depth + 1);
		}
}

static void
write_tree(struct buf *buf, const struct json *json)
{
	struct json_writer writer;

	buf_init(buf, SIZE_MAX);
	json_writer_init(&writer, buf);
	json_tree(&writer, json);
	assert(buf->err == OK);
}

static void
read_back(const struct value *value, struct json *ret, struct arena *arena)
{
	struct json_writer writer;
	struct json_error error;
	struct buf buf;
	enum err err;

	buf_init(&buf, SIZE_MAX);
	json_writer_init(&writer, &buf);
	json_value(&writer, value);
	err = json_parse(arena, arena_str(arena, buf_str(&buf)), ret, &error);
	assert(err == OK);
	buf_release(&buf);
}

static void
check_number(double real, struct arena *arena)
{
	struct json json;
	double read;

	if (!isfinite(real))
		return;
	read_back(&(struct value){ .kind = VALUE_REAL, .real = real }, &json, arena);
	assert(json.type == JSON_INT || json.type == JSON_REAL);
	read = json.type == JSON_INT ? (double)json.integer : json.real;
	assert(read == real && signbit(read) == signbit(real));
}

/* The first bytes as a number, a time and a UUID. */
static void
check_values(const uint8_t *data, struct arena *arena)
{
	struct value value = { .kind = VALUE_INT };
	struct json json;
	struct uuid uuid;
	int64_t us;
	double real;

	memcpy(&value.integer, data, sizeof(value.integer));
	read_back(&value, &json, arena);
	assert(json.type == JSON_INT && json.integer == value.integer);
	memcpy(&real, data, sizeof(real));
	check_number(real, arena);
	check_number((double)(value.integer >> 20) / 1000, arena);
	value.kind = VALUE_TIME;
	if (value.integer >= time_us_min && value.integer <= time_us_max) {
		read_back(&value, &json, arena);
		assert(time_parse_rfc3339(json.string, &us) && us == value.integer);
	}
	value.kind = VALUE_UUID;
	memcpy(&value.uuid, data, sizeof(value.uuid));
	read_back(&value, &json, arena);
	assert(uuid_parse(json.string, &uuid) && memcmp(&uuid, &value.uuid, sizeof(uuid)) == 0);
}

static void
check_canonical(const struct json *json, struct arena *arena)
{
	struct buf once, twice;
	struct json_error error;
	struct json again;
	enum err err;

	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	if (json_canonical(&once, json) == CANONICAL_GOOD) {
		err = json_parse(arena, buf_str(&once), &again, &error);
		assert(err == OK && json_canonical(&twice, &again) == CANONICAL_GOOD);
		assert(str_equal(buf_str(&once), buf_str(&twice)));
	}
	buf_release(&once);
	buf_release(&twice);
}

static void
parse_in_less(struct str text, enum err usual)
{
	struct json_error error;
	struct arena arena;
	struct json json;
	enum err err;

	arena_init_blocks(&arena, 4 * text.size, 64);
	err = json_parse(&arena, text, &json, &error);
	assert(err == usual || err == ERR_TOO_LARGE);
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct json_error error;
	struct arena arena;
	struct json json;
	enum err err, usual;

	arena_init(&arena, 64 << 20);
	usual = err = json_parse(&arena, text, &json, &error);
	if (err == OK) {
		struct buf once, twice;

		check_tree(&json, 0);
		check_canonical(&json, &arena);
		write_tree(&once, &json);
		err = json_parse(&arena, buf_str(&once), &json, &error);
		assert(err == OK);
		write_tree(&twice, &json);
		assert(str_equal(buf_str(&once), buf_str(&twice)));
		buf_release(&once);
		buf_release(&twice);
	} else {
		assert(err == ERR_TOO_LARGE || (error.offset <= size && strlen(error.detail) > 0));
	}
	parse_in_less(text, usual);
	if (size >= sizeof(struct uuid))
		check_values(data, &arena);
	arena_release(&arena);
	return 0;
}
