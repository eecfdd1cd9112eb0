#include "codec/canonical.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static enum canonical_verdict write_value(struct json_writer *writer, const struct json *json);

enum canonical_verdict
json_canonical(struct buf *buf, const struct json *json)
{
	struct json_writer writer;

	json_writer_init(&writer, buf);
	return write_value(&writer, json);
}

struct str
json_canonical_text(struct arena *arena, struct str text)
{
	struct json json;
	struct json_error error;
	struct arena tree;
	struct buf buf;
	struct str canonical;
	bool good;

	arena_init(&tree, arena->size_max);
	buf_init(&buf, arena->size_max);
	good = json_parse(&tree, text, &json, &error) == OK &&
	       json_canonical(&buf, &json) == CANONICAL_GOOD && buf.err == OK;
	canonical = arena_str(arena, good ? buf_str(&buf) : text);
	buf_release(&buf);
	arena_release(&tree);
	return canonical;
}

static enum canonical_verdict
write_string(struct json_writer *writer, struct str string)
{
	if (str_find_byte(string, '\0') < string.size)
		return CANONICAL_HAS_NUL;
	json_string(writer, string);
	return CANONICAL_GOOD;
}

/*
 * A double that is a whole number of 64 bits is written as one: the database that
 * keeps numbers by their digits gives 1e18 back as such, and it is read as an integer.
 */
static enum canonical_verdict
write_real(struct json_writer *writer, double real)
{
	if (!isfinite(real))
		return CANONICAL_NOT_FINITE;
	if (real >= -0x1p63 && real < 0x1p63 && trunc(real) == real)
		json_int(writer, (int64_t)real);
	else
		json_real(writer, real);
	return CANONICAL_GOOD;
}

static enum canonical_verdict
write_items(struct json_writer *writer, const struct json *json)
{
	enum canonical_verdict verdict = CANONICAL_GOOD;

	json_begin_array(writer);
	for (uint32_t i = 0; i < json->count && verdict == CANONICAL_GOOD; i++)
		verdict = write_value(writer, &json->items[i]);
	json_end_array(writer);
	return verdict;
}

static int
compare_members(const void *a, const void *b)
{
	const struct json_member *const *left = a, *const *right = b;

	return str_compare((*left)->name, (*right)->name);
}

static enum canonical_verdict
write_members(struct json_writer *writer, const struct json *json)
{
	const struct json_member **sorted = memory_new((json->count + (size_t)1) * sizeof(*sorted));
	enum canonical_verdict verdict = CANONICAL_GOOD;

	for (uint32_t i = 0; i < json->count; i++)
		sorted[i] = &json->members[i];
	qsort(sorted, json->count, sizeof(*sorted), compare_members);
	json_begin_object(writer);
	for (uint32_t i = 0; i < json->count && verdict == CANONICAL_GOOD; i++) {
		if (str_find_byte(sorted[i]->name, '\0') < sorted[i]->name.size)
			verdict = CANONICAL_HAS_NUL;
		json_name(writer, sorted[i]->name);
		if (verdict == CANONICAL_GOOD)
			verdict = write_value(writer, &sorted[i]->value);
	}
	json_end_object(writer);
	free(sorted);
	return verdict;
}

static enum canonical_verdict
write_value(struct json_writer *writer, const struct json *json)
{
	switch (json->type) {
	case JSON_NULL:
		json_null(writer);
		break;
	case JSON_BOOL:
		json_bool(writer, json->boolean);
		break;
	case JSON_INT:
		json_int(writer, json->integer);
		break;
	case JSON_REAL:
		return write_real(writer, json->real);
	case JSON_STRING:
		return write_string(writer, json->string);
	case JSON_ARRAY:
		return write_items(writer, json);
	case JSON_OBJECT:
		return write_members(writer, json);
	}
	return CANONICAL_GOOD;
}
