#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "codec/decimal.h"

static void
decimals_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		unsigned scale;
		int64_t integer;
		const char *written;
	} rows[] = {
		{ "0", 0, 0, "0" },
		{ "-0", 2, 0, "0.00" },
		{ "12", 0, 12, "12" },
		{ "12.3", 2, 1230, "12.30" },
		{ "-12.30", 2, -1230, "-12.30" },
		{ "-0.01", 2, -1, "-0.01" },
		{ "0.5", 1, 5, "0.5" },
		{ "999999999999999999", 0, INT64_C(999999999999999999), "999999999999999999" },
		{ "-9999999999999999.99", 2, INT64_C(-999999999999999999), "-9999999999999999.99" },
		{ "0.999999999999999999", 18, INT64_C(999999999999999999), "0.999999999999999999" },
		{ "-0.000000000000000001", 18, -1, "-0.000000000000000001" },
		{ "0.000", 3, 0, "0.000" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[DECIMAL_SIZE_MAX];
		int64_t integer = 77;
		size_t size = decimal_format(rows[i].integer, rows[i].scale, text);

		assert_true(decimal_parse(str_from(rows[i].text), rows[i].scale, &integer));
		assert_true(integer == rows[i].integer);
		assert_true(str_is((struct str){ text, size }, rows[i].written));
	}
}

static void
what_is_no_decimal_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned scale;
	} rows[] = { { "", 2 }, { "-", 2 }, { ".5", 2 }, { "5.", 2 }, { "1.234", 2 }, { "1.200", 2 },
		{ "01", 2 }, { "00", 2 }, { "+1", 2 }, { "1e3", 2 }, { " 1", 2 }, { "1 ", 2 },
		{ "1,5", 2 }, { "1.5.5", 2 }, { "--1", 2 }, { "1.0", 0 }, { "1.", 0 }, { "1", 18 },
		{ "1000000000000000000", 0 }, { "10000000000000000", 2 },
		{ "99999999999999999999999999", 0 }, { "9999999999999999.999", 2 },
		{ "999999999999999999.9", 1 }, { "999999999999999999.999999999999999999", 18 }, { "NaN", 2 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t integer = 77;

		assert_false(decimal_parse(str_from(rows[i].text), rows[i].scale, &integer));
		assert_int_equal(integer, 77);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals_are_read_and_written),
		cmocka_unit_test(what_is_no_decimal_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
