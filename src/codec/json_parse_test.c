#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test_random.h"
#include "codec/json.h"

static struct arena arena;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct json
parsed(struct str text)
{
	struct json json;
	struct json_error error = { 0 };
	enum err err = json_parse(&arena, text, &json, &error);

	if (err != OK)
		printf("%.*s: %u: %s\n", STR_ARGS(text), error.offset, error.detail);
	assert_int_equal(err, OK);
	return json;
}

static struct json
parsed_c(const char *text)
{
	return parsed(str_from(text));
}

static void
assert_refused(struct str text, uint32_t offset, const char *detail)
{
	struct json json = { .type = JSON_BOOL, .count = 77 };
	struct json_error error = { 0 };

	assert_int_equal(json_parse(&arena, text, &json, &error), ERR_BAD_JSON);
	assert_string_equal(error.detail, detail);
	assert_int_equal(error.offset, offset);
	assert_int_equal(json.count, 77); /* untouched */
}

static void
assert_string(const struct json *json, struct str expected)
{
	assert_non_null(json);
	assert_int_equal(json->type, JSON_STRING);
	assert_int_equal(json->string.size, expected.size);
	assert_memory_equal(json->string.data, expected.data, expected.size);
}

static void
errors_say_where_and_what(void **state)
{
	static const struct {
		const char *text, *detail;
		uint32_t offset;
	} rows[] = {
		{ "", "the text ends too early", 0 },
		{ "  ", "the text ends too early", 2 },
		{ "[1, 2", "the text ends too early", 5 },
		{ "{\"a\"", "the text ends too early", 4 },
		{ "{\"a\":", "the text ends too early", 5 },
		{ "[1 2]", "expected ',' or ']'", 3 },
		{ "{\"a\":1 \"b\":2}", "expected ',' or '}'", 7 },
		{ "{\"a\":1]", "expected ',' or '}'", 6 },
		{ "[1}", "expected ',' or ']'", 2 },
		{ "[1,]", "a value must follow the comma", 3 },
		{ "[1,,2]", "expected a value", 3 },
		{ "{\"a\":1, }", "a member must follow the comma", 8 },
		{ "{a:1}", "expected a name in double quotes", 1 },
		{ "{\"a\" 1}", "expected ':'", 5 },
		{ "{'a':1}", "strings stand in double quotes", 1 },
		{ "['a']", "strings stand in double quotes", 1 },
		{ "[1, // one\n2]", "comments are not allowed", 4 },
		{ "1 # one", "comments are not allowed", 2 },
		{ "\xEF\xBB\xBF{}", "a byte order mark is not allowed", 0 },
		{ "[True]", "expected a value", 1 },
		{ "[tru]", "the only words are true, false and null", 1 },
		{ "nul", "the only words are true, false and null", 0 },
		{ "{} {}", "nothing may follow the value", 3 },
		{ "truefalse", "nothing may follow the value", 4 },
		{ "[-01]", "a number has no leading zeros", 2 },
		{ "[1.]", "expected a digit", 3 },
		{ "[1e+]", "expected a digit", 4 },
		{ "-", "the text ends too early", 1 },
		{ "[\"abc", "the string has no end", 1 },
		{ "\"abc\\", "the string has no end", 0 },
		{ "\"a\tb\"", "a control character must be escaped", 2 },
		{ "\"123456789\n\"", "a control character must be escaped", 10 },
		{ "\"ab\\x\"", "there is no such escape", 3 },
		{ "\"ab\\u12x4\"", "\\u needs four hexadecimal digits", 3 },
		{ "\"ab\\ud800c\"", "half of a surrogate pair stands alone", 3 },
		{ "\"ab\\udc00\"", "half of a surrogate pair stands alone", 3 },
		{ "[\"ab\xFF\"]", "invalid UTF-8", 4 },
		{ "{\"a\":1,\"b\":2,\"a\":3}", "the same name twice", 13 },
		{ "{\"a\" : 1,\"\\u0061\" : 3}", "the same name twice", 9 },
		{ "{\"\\\"\":1,  \"\\\"\"  :\n3}", "the same name twice", 10 },
		{ "[{\"a\":{\"b\":0,\"b\":{}}}]", "the same name twice", 13 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(str_from(rows[i].text), rows[i].offset, rows[i].detail);
}

static void
a_tree_has_types_counts_and_offsets(void **state)
{
	struct json json = parsed_c(" {\"a\": [1, true, null], \"b\\n\":{}, \"c\":\"x\"}");
	const struct json *a = json_member(&json, "a");

	(void)state;
	assert_int_equal(json.type, JSON_OBJECT);
	assert_int_equal(json.count, 3);
	assert_int_equal(json.offset, 1);
	assert_int_equal(a->type, JSON_ARRAY);
	assert_int_equal(a->count, 3);
	assert_int_equal(a->offset, 7);
	assert_int_equal(a->items[0].type, JSON_INT);
	assert_int_equal(a->items[0].integer, 1);
	assert_int_equal(a->items[1].type, JSON_BOOL);
	assert_true(a->items[1].boolean);
	assert_int_equal(a->items[1].offset, 11);
	assert_int_equal(a->items[2].type, JSON_NULL);
	assert_int_equal(json_member(&json, "b\n")->type, JSON_OBJECT);
	assert_int_equal(json_member(&json, "b\n")->count, 0);
	assert_string(json_member(&json, "c"), STR("x"));
	assert_null(json_member(&json, "d"));
	assert_null(json_member(a, "a"));
	assert_null(json_member(NULL, "a"));
	assert_true(str_is(json.members[2].name, "c"));
}

static void
strings_are_decoded(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC" },
		{ "\"x\\uD83D\\uDE00y\"", "x\xF0\x9F\x98\x80y" },
		{ "\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF" },
		{ "\"\\\\u0041\"", "\\u0041" },
		{ "\"\xC3\xA9\\n\xC3\xA9\"", "\xC3\xA9\n\xC3\xA9" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json json = parsed_c(rows[i].text);

		assert_string(&json, str_from(rows[i].expected));
	}
}

static void
strings_without_escapes_are_slices(void **state)
{
	struct str text = STR("{\"name\":\"value\"}");
	struct json json = parsed(text);

	(void)state;
	assert_ptr_equal(json.members[0].name.data, text.data + 2);
	assert_ptr_equal(json.members[0].value.string.data, text.data + 9);
}

/* A special byte is found at each distance from the beginning and from the end. */
static void
strings_of_each_length_end_where_they_should(void **state)
{
	char text[80], expected[80];

	(void)state;
	for (size_t size = 1; size < 40; size++)
		for (size_t at = 0; at < size; at++) {
			struct json json;

			memset(expected, 'x', size);
			expected[at] = '\n';
			text[0] = '"';
			memset(text + 1, 'x', size + 1);
			memcpy(text + 1 + at, "\\n", 2);
			text[size + 2] = '"';
			json = parsed((struct str){ text, size + 3 });
			assert_string(&json, (struct str){ expected, size });
			text[1 + at] = 'x';
			text[2 + at] = 0x1F;
			assert_refused((struct str){ text, size + 3 }, (uint32_t)at + 2,
			    "a control character must be escaped");
		}
}

static void
integers_are_exact(void **state)
{
	static const struct {
		const char *text;
		int64_t expected;
	} rows[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "-1", -1 },
		{ "9007199254740993", 9007199254740993 },
		{ "999999999999999999", 999999999999999999 },
		{ "-999999999999999999", -999999999999999999 },
		{ "1000000000000000000", 1000000000000000000 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json json = parsed_c(rows[i].text);

		assert_int_equal(json.type, JSON_INT);
		assert_true(json.integer == rows[i].expected);
	}
}

static void
assert_real(const char *text)
{
	struct json json = parsed_c(text);
	double expected = strtod(text, NULL);

	assert_int_equal(json.type, JSON_REAL);
	assert_true(str_is(json.text, text));
	if (memcmp(&json.real, &expected, sizeof(expected)) != 0)
		printf("%s: %a instead of %a\n", text, json.real, expected);
	assert_memory_equal(&json.real, &expected, sizeof(expected));
}

static void
other_numbers_are_doubles_and_keep_their_text(void **state)
{
	static const char *const texts[] = { "0.0", "-0.0", "1.5", "0.1", "1e0", "1e22", "1e23",
		"-1e-22", "1e-23", "9007199254740992.0", "9007199254740993.0", "9007199254740993e3",
		"1e400", "-1e400", "1e-400", "5e-324", "2.2250738585072011e-308",
		"1.7976931348623157e308", "1.7976931348623159e308", "9223372036854775808",
		"-9223372036854775809", "18446744073709551615", "184467440737095516160",
		"0.30000000000000004", "123456789012345678901234567890", "1e99999999999",
		"0e99999999999", "0.000000000000000000000000000000000000001",
		"3.14159265358979323846264338327950288419716939937510582097494459230781640628" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_real(texts[i]);
	assert_true(isinf(parsed_c("1e400").real));
}

static void
random_numbers_read_as_strtod_reads_them(void **state)
{
	uint64_t random = 1;
	char text[64];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int shift = (int)test_random_below(&random, 60);
		unsigned long long whole = test_random(&random) >> shift;
		unsigned long long part = test_random(&random) >> test_random_below(&random, 64);
		int exponent = (int)test_random_below(&random, 80) - 40;

		sprintf(text, "%s%llu.%lluE%+d", i % 2 ? "-" : "", whole, part, exponent);
		assert_real(text);
		arena_reset(&arena);
	}
}

static struct json
nested(size_t depth, char open, const char *item, char close)
{
	static char text[1 << 12];
	char *at = text;

	for (size_t i = 0; i < depth; i++)
		at += sprintf(at, "%s%c", i > 0 ? item : "", open);
	for (size_t i = 0; i < depth; i++)
		*at++ = close;
	return (struct json){ .string = { text, (size_t)(at - text) } };
}

static void
depth_has_a_limit(void **state)
{
	(void)state;
	parsed(nested(64, '[', "", ']').string);
	parsed(nested(64, '{', "\"a\":", '}').string);
	assert_refused(nested(65, '[', "", ']').string, 64, "nested deeper than 64 levels");
	assert_refused(
	    nested(65, '{', "\"a\":", '}').string, 64 * 5, "nested deeper than 64 levels");
	/* Depth is what is open, not what was opened. */
	for (int i = 0; i < 200; i++)
		parsed_c("[[],[],[[]],[],{\"a\":[]}]");
}

static void
a_million_brackets_are_refused(void **state)
{
	size_t size = 1000 * 1000;
	char *text = malloc(size);

	(void)state;
	memset(text, '[', size);
	assert_refused((struct str){ text, size }, 64, "nested deeper than 64 levels");
	free(text);
}

/* "{"n0":0,"n1":1,...}", and member ${twin} (if any) is named as the first one. */
static struct str
object_of(struct buf *buf, size_t count, size_t twin)
{
	buf_clear(buf);
	for (size_t i = 0; i < count; i++)
		buf_addf(buf, "%s\"n%zu\":%zu", i == 0 ? "{" : ",", i == twin ? 0 : i, i);
	buf_add_byte(buf, '}');
	return buf_str(buf);
}

static void
twins_are_found_in_objects_of_each_size(void **state)
{
	struct buf buf;
	struct str text;

	(void)state;
	buf_init(&buf, 16 << 20);
	for (size_t count = 2; count < 60; count++) {
		parsed(object_of(&buf, count, SIZE_MAX));
		for (size_t twin = 1; twin < count; twin++) {
			struct json json;
			struct json_error error;

			text = object_of(&buf, count, twin);
			assert_int_equal(json_parse(&arena, text, &json, &error), ERR_BAD_JSON);
			assert_string_equal(error.detail, "the same name twice");
			assert_memory_equal(text.data + error.offset, "\"n0\"", 4);
			assert_true(error.offset > 1);
		}
	}
	parsed(object_of(&buf, 200000, SIZE_MAX));
	text = object_of(&buf, 200000, 199999);
	assert_refused(
	    text, (uint32_t)(text.size - STR("\"n0\":199999}").size), "the same name twice");
	buf_release(&buf);
}

/* Items wait on a stack that must grow, also while arrays around them are open. */
static void
large_arrays_inside_large_arrays(void **state)
{
	struct buf buf;
	struct json json;

	(void)state;
	buf_init(&buf, 16 << 20);
	buf_add_c(&buf, "[");
	for (int i = 0; i < 300; i++) {
		buf_add_c(&buf, i == 0 ? "[0" : ",[0");
		for (int j = 1; j <= i; j++)
			buf_addf(&buf, ",%d", j);
		buf_add_c(&buf, "]");
	}
	buf_add_c(&buf, "]");
	json = parsed(buf_str(&buf));
	assert_int_equal(json.count, 300);
	for (uint32_t i = 0; i < 300; i++) {
		assert_int_equal(json.items[i].count, i + 1);
		for (uint32_t j = 0; j <= i; j++)
			assert_int_equal(json.items[i].items[j].integer, j);
	}
	buf_release(&buf);
}

static void
the_arena_limit_is_too_large(void **state)
{
	size_t size = 100000;
	char *text = malloc(size);
	struct json json;
	struct json_error error;
	struct arena small;

	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = i % 2 == 0 ? '0' : ',';
	text[0] = '[';
	text[1] = ' ';
	text[size - 1] = ']';
	arena_init(&small, 32 << 10);
	assert_int_equal(
	    json_parse(&small, (struct str){ text, size }, &json, &error), ERR_TOO_LARGE);
	arena_release(&small);
	memset(text, '\\', size);
	text[0] = text[size - 1] = '"';
	arena_init(&small, 32 << 10);
	assert_int_equal(
	    json_parse(&small, (struct str){ text, size }, &json, &error), ERR_TOO_LARGE);
	arena_release(&small);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errors_say_where_and_what, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_tree_has_types_counts_and_offsets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strings_are_decoded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    strings_without_escapes_are_slices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    strings_of_each_length_end_where_they_should, set_up, tear_down),
		cmocka_unit_test_setup_teardown(integers_are_exact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    other_numbers_are_doubles_and_keep_their_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    random_numbers_read_as_strtod_reads_them, set_up, tear_down),
		cmocka_unit_test_setup_teardown(depth_has_a_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_million_brackets_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    twins_are_found_in_objects_of_each_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    large_arrays_inside_large_arrays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_arena_limit_is_too_large, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
