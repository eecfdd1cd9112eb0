/*
 * What is decoded, encoded and decoded again is the same; so is a query that
 * was split, written from its parameters and split again.
 */
#include <assert.h>

#include "codec/url.h"
#include "codec/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(struct arena *arena, struct str text)
{
	struct str again;
	struct buf buf;
	enum err err;

	assert(utf8_check(text) == text.size);
	assert(str_find_byte(text, '\0') == text.size);
	buf_init(&buf, SIZE_MAX);
	url_encode(&buf, text);
	err = url_decode(arena, buf_str(&buf), /* plus_is_space= */ true, &again);
	assert(err == OK && str_equal(text, again));
	buf_release(&buf);
}

static void
write_query(struct buf *buf, const struct url_parameter *parameters, size_t count)
{
	buf_init(buf, SIZE_MAX);
	for (size_t i = 0; i < count; i++) {
		buf_add_byte(buf, '&');
		url_encode(buf, parameters[i].name);
		buf_add_byte(buf, '=');
		url_encode(buf, parameters[i].value);
	}
}

static void
check_query(struct arena *arena, const struct url_parameter *parameters, size_t count)
{
	struct url_parameter *again;
	struct str bad;
	size_t again_count;
	struct buf buf;
	enum err err;

	assert(count <= 64);
	write_query(&buf, parameters, count);
	err = url_parse_query(arena, buf_str(&buf), &again, &again_count, &bad);
	assert(err == OK && again_count == count);
	for (size_t i = 0; i < count; i++) {
		check_text(arena, parameters[i].name);
		check_text(arena, parameters[i].value);
		assert(str_equal(parameters[i].name, again[i].name));
		assert(str_equal(parameters[i].value, again[i].value));
	}
	buf_release(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size }, decoded, bad = { 0 };
	struct url_parameter *parameters;
	struct arena arena;
	size_t count;
	enum err err;

	arena_init(&arena, 64 << 20);
	if (url_decode(&arena, text, /* plus_is_space= */ false, &decoded) == OK)
		check_text(&arena, decoded);
	err = url_parse_query(&arena, text, &parameters, &count, &bad);
	if (err == OK)
		check_query(&arena, parameters, count);
	else if (err == ERR_BAD_PARAMETER)
		check_text(&arena, bad);
	arena_release(&arena);
	return 0;
}
