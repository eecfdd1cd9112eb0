/*
 * What is accepted, written and parsed again is the same tree: writing that
 * gives the same text.  Every string is valid UTF-8.
 */
#include <assert.h>
#include <string.h>

#include "codec/json.h"
#include "codec/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_string(struct str string)
{
	assert(utf8_check(string) == string.size);
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
			check_string(json->members[i].name);
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct json_error error;
	struct arena arena;
	struct json json;
	enum err err;

	arena_init(&arena, 64 << 20);
	err = json_parse(&arena, text, &json, &error);
	if (err == OK) {
		struct buf once, twice;

		check_tree(&json, 0);
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
	arena_release(&arena);
	return 0;
}
