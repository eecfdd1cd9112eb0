#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/test_random.h"
#include "codec/decimal.h"

static void
numbers_are_taken_as_they_are_written(void **state)
{
	static const struct {
		const char *text;
		unsigned scale;
		enum decimal_verdict verdict;
		int64_t integer;
	} rows[] = {
		{ "0", 0, DECIMAL_GOOD, 0 },
		{ "-0", 2, DECIMAL_GOOD, 0 },
		{ "-0.00", 2, DECIMAL_GOOD, 0 },
		{ "12.30", 2, DECIMAL_GOOD, 1230 },
		{ "12.3", 2, DECIMAL_GOOD, 1230 },
		{ "12", 2, DECIMAL_GOOD, 1200 },
		{ "-0.01", 2, DECIMAL_GOOD, -1 },
		{ "1.5e3", 0, DECIMAL_GOOD, 1500 },
		{ "1.5E+3", 2, DECIMAL_GOOD, 150000 },
		{ "150e-1", 1, DECIMAL_GOOD, 150 },
		{ "0e999999999999999999999", 2, DECIMAL_GOOD, 0 },
		{ "0.1", 1, DECIMAL_GOOD, 1 },
		{ "999999999999999999", 0, DECIMAL_GOOD, INT64_C(999999999999999999) },
		{ "-999999999999999999", 0, DECIMAL_GOOD, INT64_C(-999999999999999999) },
		{ "9999999999999999.99", 2, DECIMAL_GOOD, INT64_C(999999999999999999) },
		{ "0.999999999999999999", 18, DECIMAL_GOOD, INT64_C(999999999999999999) },
		{ "12.300", 2, DECIMAL_TOO_FINE, 0 },
		{ "0.001", 2, DECIMAL_TOO_FINE, 0 },
		{ "1e-1", 0, DECIMAL_TOO_FINE, 0 },
		{ "1e-999999999999999999999", 18, DECIMAL_TOO_FINE, 0 },
		{ "1000000000000000000", 0, DECIMAL_TOO_LARGE, 0 },
		{ "-10000000000000000", 2, DECIMAL_TOO_LARGE, 0 },
		{ "1", 18, DECIMAL_TOO_LARGE, 0 },
		{ "1e999999999999999999999", 0, DECIMAL_TOO_LARGE, 0 },
		{ "99999999999999999999999999999999", 0, DECIMAL_TOO_LARGE, 0 },
		{ "", 2, DECIMAL_BROKEN, 0 },
		{ "-", 2, DECIMAL_BROKEN, 0 },
		{ "+1", 2, DECIMAL_BROKEN, 0 },
		{ ".5", 2, DECIMAL_BROKEN, 0 },
		{ "5.", 2, DECIMAL_BROKEN, 0 },
		{ "007", 2, DECIMAL_BROKEN, 0 },
		{ "00", 2, DECIMAL_BROKEN, 0 },
		{ "1,5", 2, DECIMAL_BROKEN, 0 },
		{ "1e", 2, DECIMAL_BROKEN, 0 },
		{ "1e+", 2, DECIMAL_BROKEN, 0 },
		{ " 1", 2, DECIMAL_BROKEN, 0 },
		{ "1 ", 2, DECIMAL_BROKEN, 0 },
		{ "0x10", 2, DECIMAL_BROKEN, 0 },
		{ "NaN", 2, DECIMAL_BROKEN, 0 },
		{ "\xd9\xa1", 2, DECIMAL_BROKEN, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t integer = 77;
		enum decimal_verdict verdict =
		    decimal_read(str_from(rows[i].text), rows[i].scale, &integer);

		if (verdict != rows[i].verdict)
			printf("%s: %d\n", rows[i].text, (int)verdict);
		assert_int_equal(verdict, rows[i].verdict);
		assert_true(integer == (verdict == DECIMAL_GOOD ? rows[i].integer : 77));
		assert_int_equal(decimal_parse(str_from(rows[i].text), rows[i].scale, &integer),
		    verdict == DECIMAL_GOOD && strpbrk(rows[i].text, "eE") == NULL);
	}
}

static void
all_digits_of_the_scale_are_written(void **state)
{
	static const struct {
		int64_t integer;
		unsigned scale;
		const char *text;
	} rows[] = {
		{ 0, 0, "0" },
		{ 0, 2, "0.00" },
		{ 7, 2, "0.07" },
		{ -7, 2, "-0.07" },
		{ 1230, 2, "12.30" },
		{ -1230, 0, "-1230" },
		{ 1, 18, "0.000000000000000001" },
		{ INT64_C(-999999999999999999), 18, "-0.999999999999999999" },
		{ INT64_MAX, 0, "9223372036854775807" },
		{ INT64_MIN, 18, "-9.223372036854775808" },
	};
	char text[DECIMAL_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t size = decimal_format(rows[i].integer, rows[i].scale, text);

		assert_true(str_is((struct str){ text, size }, rows[i].text));
	}
}

static void
what_is_written_is_read_as_the_same(void **state)
{
	uint64_t random = 1;
	char text[DECIMAL_SIZE_MAX];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t bound = decimal_max >> test_random_below(&random, 60), read;
		int64_t integer = (int64_t)test_random_below(&random, (uint64_t)bound + 1);
		unsigned scale = (unsigned)test_random_below(&random, DECIMAL_DIGITS_MAX + 1);
		size_t size;

		integer = test_random_below(&random, 2) == 0 ? -integer : integer;
		size = decimal_format(integer, scale, text);
		assert_true(decimal_parse((struct str){ text, size }, scale, &read));
		assert_true(read == integer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_taken_as_they_are_written),
		cmocka_unit_test(all_digits_of_the_scale_are_written),
		cmocka_unit_test(what_is_written_is_read_as_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
