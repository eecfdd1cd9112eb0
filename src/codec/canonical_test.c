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
#include "codec/canonical.h"

static struct arena arena;
static struct buf written;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&written, 1 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	buf_release(&written);
	return 0;
}

static enum canonical_verdict
write(struct str text)
{
	struct json json;
	struct json_error error;

	buf_clear(&written);
	assert_int_equal(json_parse(&arena, text, &json, &error), OK);
	return json_canonical(&written, &json);
}

static void
equal_values_are_equal_bytes(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
		{ " null ", "null" },
		{ "[ true , false ]", "[true,false]" },
		{ "{\"b\": 1, \"a\": {\"d\":[],\"c\":{}}}", "{\"a\":{\"c\":{},\"d\":[]},\"b\":1}" },
		{ "{\"\":1,\"aa\":2,\"a\":3,\"B\":4}", "{\"\":1,\"B\":4,\"a\":3,\"aa\":2}" },
		/* By code points, where UTF-16 would have it the other way round. */
		{ "{\"\\ud83d\\ude00\":1,\"\\uffff\":2}",
		    "{\"\xef\xbf\xbf\":2,\"\xf0\x9f\x98\x80\":1}" },
		{ "\"\\u0041\\/\\n\\u001f\\u007f\\\"\"", "\"A/\\n\\u001f\x7f\\\"\"" },
		{ "-0", "0" },
		{ "-0.0", "0" },
		{ "0e5", "0" },
		{ "1.0", "1" },
		{ "1e2", "100" },
		{ "1.50", "1.5" },
		{ "0.1", "0.1" },
		{ "1e18", "1000000000000000000" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "-9223372036854775808.0", "-9223372036854775808" },
		{ "-9223372036854775809", "-9223372036854775808" }, /* the nearest double */
		{ "9223372036854775808", "9.223372036854776e+18" },
		{ "123456789012345678901234567890", "1.2345678901234568e+29" },
		{ "1e300", "1e+300" },
		{ "5e-324", "5e-324" },
		{ "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "1e-400", "0" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(write(str_from(rows[i].text)), CANONICAL_GOOD);
		if (!str_is(buf_str(&written), rows[i].canonical))
			printf("%s: %.*s\n", rows[i].text, STR_ARGS(buf_str(&written)));
		assert_true(str_is(buf_str(&written), rows[i].canonical));
	}
}

static void
what_no_database_holds_is_refused(void **state)
{
	(void)state;
	assert_int_equal(write(STR("[1, 1e309]")), CANONICAL_NOT_FINITE);
	assert_int_equal(write(STR("{\"a\": -1e999}")), CANONICAL_NOT_FINITE);
	assert_int_equal(write(STR("[\"\\u0000\"]")), CANONICAL_HAS_NUL);
	assert_int_equal(write(STR("{\"a\\u0000b\": 1}")), CANONICAL_HAS_NUL);
}

static void
texts_of_a_database_are_made_canonical(void **state)
{
	(void)state;
	assert_true(str_is(
	    json_canonical_text(&arena, STR("{\"b\": 1.0, \"a\": 2}")), "{\"a\":2,\"b\":1}"));
	assert_true(str_is(json_canonical_text(&arena, STR("[1e999]")), "[1e999]"));
	assert_true(str_is(json_canonical_text(&arena, STR("what")), "what"));
}

/* The digits that a database of numerics keeps of ${text}: all of them, without an exponent. */
static void
plain_digits(const char *text, struct buf *ret)
{
	const char *e = strchr(text, 'e');
	char digits[32];
	size_t count = 0, size = e == NULL ? strlen(text) : (size_t)(e - text);
	int point = 0, exponent = e == NULL ? 0 : atoi(e + 1);
	bool negative = text[0] == '-', behind = false;

	for (size_t i = negative; i < size; i++) {
		behind = behind || text[i] == '.';
		if (text[i] == '.')
			continue;
		digits[count++] = text[i];
		point += !behind;
	}
	point += exponent;
	buf_add_c(ret, negative ? "-" : "");
	if (point <= 0)
		buf_add_c(ret, "0.");
	for (int i = point; i < 0; i++)
		buf_add_byte(ret, '0');
	for (int i = 0; i < (int)count; i++) {
		if (i == point && i > 0)
			buf_add_byte(ret, '.');
		buf_add_byte(ret, digits[i]);
	}
	for (int i = (int)count; i < point; i++)
		buf_add_byte(ret, '0');
}

static void
numbers_stand_what_databases_do(void **state)
{
	uint64_t random = 5;
	char first[64], again[64];
	struct buf digits;

	(void)state;
	buf_init(&digits, 4096);
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = test_random(&random);
		double real;

		memcpy(&real, &bits, sizeof(real));
		if (i % 2 == 0)
			real = ldexp((double)(int64_t)bits, (int)test_random_below(&random, 8) - 4);
		if (!isfinite(real))
			continue;
		snprintf(first, sizeof(first), "%.17g", real);
		arena_reset(&arena);
		assert_int_equal(write(str_from(first)), CANONICAL_GOOD);
		snprintf(first, sizeof(first), "%.*s", STR_ARGS(buf_str(&written)));
		assert_int_equal(write(str_from(first)), CANONICAL_GOOD);
		assert_true(str_is(buf_str(&written), first));
		buf_clear(&digits);
		plain_digits(first, &digits);
		assert_int_equal(write(buf_str(&digits)), CANONICAL_GOOD);
		snprintf(again, sizeof(again), "%.*s", STR_ARGS(buf_str(&written)));
		if (strcmp(again, first) != 0)
			printf("%s, %.*s: %s\n", first, STR_ARGS(buf_str(&digits)), again);
		assert_string_equal(again, first);
	}
	buf_release(&digits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equal_values_are_equal_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    what_no_database_holds_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    texts_of_a_database_are_made_canonical, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_stand_what_databases_do, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
