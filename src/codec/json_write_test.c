#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test_random.h"
#include "codec/json.h"

static struct buf buf;
static struct json_writer writer;

static int
set_up(void **state)
{
	(void)state;
	buf_init(&buf, 16 << 20);
	json_writer_init(&writer, &buf);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_release(&buf);
	return 0;
}

static void
assert_written(const char *expected)
{
	assert_int_equal(buf.err, OK);
	buf_add_byte(&buf, '\0');
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
	json_writer_init(&writer, &buf);
}

static void
commas_stand_where_they_are_due(void **state)
{
	(void)state;
	json_begin_object(&writer);
	json_name(&writer, STR("a"));
	json_begin_array(&writer);
	json_end_array(&writer);
	json_name(&writer, STR("b\n"));
	json_begin_object(&writer);
	json_end_object(&writer);
	json_name_raw(&writer, STR("\"c\":"));
	json_begin_array(&writer);
	json_null(&writer);
	json_bool(&writer, true);
	json_bool(&writer, false);
	json_begin_array(&writer);
	json_int(&writer, 1);
	json_end_array(&writer);
	json_string(&writer, STR(""));
	json_raw(&writer, STR("{\"x\":1}"));
	json_real(&writer, 0.5);
	json_begin_object(&writer);
	json_end_object(&writer);
	json_end_array(&writer);
	json_end_object(&writer);
	assert_written("{\"a\":[],\"b\\n\":{},\"c\":[null,true,false,[1],\"\",{\"x\":1},0.5,{}]}");
}

static void
strings_are_escaped_where_they_must(void **state)
{
	(void)state;
	json_string(&writer, (struct str){ 0 });
	assert_written("\"\"");
	json_string(&writer, STR("plain / 'text' \x7F \xC3\xA9 \xF0\x9F\x98\x80"));
	assert_written("\"plain / 'text' \x7F \xC3\xA9 \xF0\x9F\x98\x80\"");
	json_string(&writer, STR("\"\\\b\f\n\r\t"));
	assert_written("\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	json_string(&writer, STR("\0\x01\x1F"));
	assert_written("\"\\u0000\\u0001\\u001f\"");
}

static void
values_are_written_by_kind(void **state)
{
	struct uuid uuid;
	struct value values[] = { value_null(), value_bool(true), value_int(INT64_MIN),
		{ .kind = VALUE_REAL, .real = 2.5 }, value_time(1), value_text(STR("a\"b")),
		value_date(0), value_decimal(-7, 2), value_json(STR("{\"a\":[]}")), { 0 } };

	(void)state;
	assert_true(uuid_parse(STR("018F3A1E-0000-7000-8000-00000000abcd"), &uuid));
	values[COUNT(values) - 1] = value_uuid(uuid);
	json_begin_array(&writer);
	for (size_t i = 0; i < COUNT(values); i++)
		json_value(&writer, &values[i]);
	json_end_array(&writer);
	assert_written(
	    "[null,true,-9223372036854775808,2.5,\"1970-01-01T00:00:00.000001Z\",\"a\\\"b\","
	    "\"1970-01-01\",\"-0.07\",{\"a\":[]},"
	    "\"018f3a1e-0000-7000-8000-00000000abcd\"]");
}

static void
integers_are_written_whole(void **state)
{
	static const int64_t integers[] = { 0, 1, -1, 9, 10, -10, 99, 100, INT64_MAX, INT64_MIN };
	char expected[32];

	(void)state;
	for (size_t i = 0; i < COUNT(integers); i++) {
		json_int(&writer, integers[i]);
		sprintf(expected, "%lld", (long long)integers[i]);
		assert_written(expected);
	}
}

static void
reals_are_short(void **state)
{
	static const struct {
		double real;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ -0.0, "-0.0" },
		{ 1, "1" },
		{ -1, "-1" },
		{ 100, "100" },
		{ 0.1, "0.1" },
		{ -0.05, "-0.05" },
		{ 12.34, "12.34" },
		{ 19.99, "19.99" },
		{ 1e15, "1000000000000000" },
		{ 9007199254740992.0, "9007199254740992" },
		{ 0.30000000000000004, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 5e-324, "5e-324" },
		{ 1e22, "1e+22" },
		{ 1e300, "1e+300" },
		{ DBL_MAX, "1.7976931348623157e+308" },
		{ DBL_MIN, "2.2250738585072014e-308" },
		{ 123456789.125, "123456789.125" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_real(&writer, rows[i].real);
		assert_written(rows[i].text);
	}
}

static void
assert_real_returns(double real)
{
	double back;

	json_real(&writer, real);
	assert_true(buf.size <= 24);
	buf_add_byte(&buf, '\0');
	back = strtod(buf.data, NULL);
	if (memcmp(&back, &real, sizeof(real)) != 0)
		printf("%a was written %s\n", real, buf.data);
	assert_memory_equal(&back, &real, sizeof(real));
	buf_clear(&buf);
	json_writer_init(&writer, &buf);
}

static void
random_reals_return_as_they_were(void **state)
{
	uint64_t random = 2, bits;
	double real;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		bits = test_random(&random);
		memcpy(&real, &bits, sizeof(real));
		if (isfinite(real))
			assert_real_returns(real);
		/* And such as people write: few digits, a point somewhere. */
		real = (double)(int64_t)(bits >> test_random_below(&random, 64));
		assert_real_returns(real / pow(10, (double)test_random_below(&random, 18)));
	}
}

static void
the_buf_limit_is_kept(void **state)
{
	struct str whole = STR("[\"abc\",\"d\\ne\",1.5,null]");
	struct buf small;

	(void)state;
	for (size_t limit = 0; limit <= whole.size; limit++) {
		buf_init(&small, limit);
		json_writer_init(&writer, &small);
		json_begin_array(&writer);
		json_string(&writer, STR("abc"));
		json_string(&writer, STR("d\ne"));
		json_real(&writer, 1.5);
		json_null(&writer);
		json_end_array(&writer);
		assert_true(small.size <= limit);
		assert_int_equal(small.err, limit < whole.size ? ERR_TOO_LARGE : OK);
		buf_release(&small);
	}
}

/* Write a random value, and what it must look like when it is read and written again. */
static void add_random(uint64_t *random, struct buf *text, struct buf *expected, int depth);

static void
add_space(uint64_t *random, struct buf *text)
{
	while (test_random_below(random, 4) == 0)
		buf_add_byte(text, " \t\r\n"[test_random_below(random, 4)]);
}

static void
add_random_string(uint64_t *random, struct buf *text, struct buf *expected)
{
	static const char *const pieces[][2] = { { "a", "a" },
		{ "long plain piece", "long plain piece" }, { "\\n", "\\n" }, { "\\u000A", "\\n" },
		{ "\\u0041", "A" }, { "\\/", "/" }, { "\\\"", "\\\"" }, { "\\\\", "\\\\" },
		{ "\\u001F", "\\u001f" }, { "\\ud83D\\uDe00", "\xF0\x9F\x98\x80" },
		{ "\xE2\x82\xAC", "\xE2\x82\xAC" }, { "\\u20ac", "\xE2\x82\xAC" } };

	while (test_random_below(random, 5) != 0) {
		const char *const *piece = pieces[test_random_below(random, COUNT(pieces))];

		buf_add_c(text, piece[0]);
		buf_add_c(expected, piece[1]);
	}
}

static void
add_random_scalar(uint64_t *random, struct buf *text, struct buf *expected)
{
	static const char *const scalars[] = { "null", "true", "false", "0", "-17", "1.50", "1E5",
		"9223372036854775807", "9223372036854775808", "-0.0" };
	const char *scalar = scalars[test_random_below(random, COUNT(scalars))];

	if (test_random_below(random, 2) == 0) {
		buf_add_c(text, scalar);
		buf_add_c(expected, scalar);
		return;
	}
	buf_add_byte(text, '"');
	buf_add_byte(expected, '"');
	add_random_string(random, text, expected);
	buf_add_byte(text, '"');
	buf_add_byte(expected, '"');
}

static void
add_random(uint64_t *random, struct buf *text, struct buf *expected, int depth)
{
	uint64_t kind = test_random_below(random, 3), count = test_random_below(random, 6);
	bool object = kind == 1;

	if (kind == 0 || depth == 0) {
		add_random_scalar(random, text, expected);
		return;
	}
	buf_add_byte(text, object ? '{' : '[');
	buf_add_byte(expected, object ? '{' : '[');
	add_space(random, text);
	for (uint64_t i = 0; i < count; i++) {
		buf_add_c(text, i == 0 ? "" : ",");
		buf_add_c(expected, i == 0 ? "" : ",");
		add_space(random, text);
		if (object) {
			/* A number in front keeps names apart. */
			buf_addf(text, "\"%d", (int)i);
			buf_addf(expected, "\"%d", (int)i);
			add_random_string(random, text, expected);
			buf_add_byte(text, '"');
			add_space(random, text);
			buf_add_byte(text, ':');
			buf_add_c(expected, "\":");
			add_space(random, text);
		}
		add_random(random, text, expected, depth - 1);
		add_space(random, text);
	}
	buf_add_byte(text, object ? '}' : ']');
	buf_add_byte(expected, object ? '}' : ']');
}

static void
random_trees_return_as_they_were(void **state)
{
	struct buf text, expected;
	struct arena arena;
	uint64_t random = 3;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_init(&expected, 1 << 20);
	arena_init(&arena, 1 << 20);
	for (int i = 0; i < 20000; i++) {
		struct json json;
		struct json_error error;

		buf_clear(&text);
		buf_clear(&expected);
		add_random(&random, &text, &expected, 5);
		assert_int_equal(json_parse(&arena, buf_str(&text), &json, &error), OK);
		json_tree(&writer, &json);
		buf_add_byte(&expected, '\0');
		assert_written(expected.data);
		arena_reset(&arena);
	}
	arena_release(&arena);
	buf_release(&text);
	buf_release(&expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commas_stand_where_they_are_due, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    strings_are_escaped_where_they_must, set_up, tear_down),
		cmocka_unit_test_setup_teardown(values_are_written_by_kind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(integers_are_written_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reals_are_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    random_reals_return_as_they_were, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_buf_limit_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    random_trees_return_as_they_were, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
