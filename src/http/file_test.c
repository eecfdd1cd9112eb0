/* What files need of HTTP: dates, ranges, and conditions on both. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "http/conditional.h"
#include "http/date.h"
#include "http/range.h"

#define NOW INT64_C(1795536000) /* 2026-11-24 */

static void
test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: no date */
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Sun Nov 16 08:49:37 1994", 784975777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799) },
		{ "Mon, 29 Feb 2024 00:00:00 GMT", 1709164800 },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
		{ "Tuesday, 24-Nov-76 00:00:00 GMT", INT64_C(3373401600) },
		{ "Wednesday, 24-Nov-77 00:00:00 GMT", 249177600 },
		{ "Mon, 29 Feb 2023 00:00:00 GMT", -1 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:61 GMT", -1 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "sun, 06 nov 1994 08:49:37 gmt", -1 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun,06 Nov 1994 08:49:37 GMT", -1 },
		{ "Nov, 06 Sun 1994 08:49:37 GMT", -1 },
		{ "1994-11-06T08:49:37Z", -1 },
		{ "784111777", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = -1;

		if (http_date_parse(str_from(cases[i].text), NOW, &seconds) != (cases[i].seconds >= 0) ||
		    seconds != cases[i].seconds)
			fail_msg("%s: %lld", cases[i].text, (long long)seconds);
	}
}

static void
test_ranges(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		enum range range;
		size_t first, end;
	} cases[] = {
		{ "bytes=0-4", 26, RANGE_PART, 0, 5 },
		{ "Bytes=0-4", 26, RANGE_PART, 0, 5 },
		{ "bytes=25-25", 26, RANGE_PART, 25, 26 },
		{ "bytes=25-", 26, RANGE_PART, 25, 26 },
		{ "bytes=0-", 26, RANGE_PART, 0, 26 },
		{ "bytes=3-99", 26, RANGE_PART, 3, 26 },
		{ "bytes=3-99999999999999999999999999", 26, RANGE_PART, 3, 26 },
		{ "bytes=3-18446744073709551615", 26, RANGE_PART, 3, 26 },
		{ "bytes=-5", 26, RANGE_PART, 21, 26 },
		{ "bytes=-26", 26, RANGE_PART, 0, 26 },
		{ "bytes=-99999999999999999999999999", 26, RANGE_PART, 0, 26 },
		{ "bytes=007-008", 26, RANGE_PART, 7, 9 },
		{ "bytes=26-", 26, RANGE_NONE, 0, 0 },
		{ "bytes=26-30", 26, RANGE_NONE, 0, 0 },
		{ "bytes=99999999999999999999999999-", 26, RANGE_NONE, 0, 0 },
		{ "bytes=-0", 26, RANGE_NONE, 0, 0 },
		{ "bytes=0-", 0, RANGE_NONE, 0, 0 },
		{ "bytes=-1", 0, RANGE_NONE, 0, 0 },
		{ "bytes=5-4", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=0-4,6-7", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=0-4,", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=-", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=--1", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=5", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=a-b", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes=0-4 ", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes= 0-4", 26, RANGE_WHOLE, 0, 0 },
		{ "lines=0-4", 26, RANGE_WHOLE, 0, 0 },
		{ "bytes", 26, RANGE_WHOLE, 0, 0 },
		{ "", 26, RANGE_WHOLE, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t first = 0, end = 0;
		enum range range = range_parse(str_from(cases[i].text), cases[i].size, &first, &end);

		if (range != cases[i].range || first != cases[i].first || end != cases[i].end)
			fail_msg("%s of %zu: %d, %zu to %zu", cases[i].text, cases[i].size, range, first, end);
	}
}

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

static void
test_if_range(void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{ "\"x\"", true }, { "\"y\"", false }, { "W/\"x\"", false }, { "x", false }, { "", false },
		{ "\"x\", \"x\"", false }, { DATE, true }, { BEFORE, false }, { AFTER, false },
		{ "Sun Nov  6 08:49:37 1994", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (range_is_of(str_from(cases[i].text), STR("\"x\""), 784111777, NOW) != cases[i].holds)
			fail_msg("%s", cases[i].text);
}

static void
test_conditions(void **state)
{
	static const struct {
		const char *lines;
		enum file_condition condition;
	} cases[] = {
		{ "", FILE_WANTED },
		{ "If-Match: \"x\"\r\n", FILE_WANTED },
		{ "If-Match: *\r\n", FILE_WANTED },
		{ "If-Match: \"y\"\r\n", FILE_UNEXPECTED },
		{ "If-Match: W/\"x\"\r\n", FILE_UNEXPECTED },
		{ "If-Match: \"y\"\r\nIf-Match: \"x\"\r\n", FILE_WANTED },
		{ "If-Match: \"x\"\r\nIf-Unmodified-Since: " BEFORE "\r\n", FILE_WANTED },
		{ "If-Unmodified-Since: " BEFORE "\r\n", FILE_UNEXPECTED },
		{ "If-Unmodified-Since: " DATE "\r\n", FILE_WANTED },
		{ "If-Unmodified-Since: " AFTER "\r\nIf-Unmodified-Since: " BEFORE "\r\n", FILE_WANTED },
		{ "If-Unmodified-Since: x\r\n", FILE_WANTED },
		{ "If-None-Match: \"x\"\r\n", FILE_UNMODIFIED },
		{ "If-None-Match: W/\"x\"\r\n", FILE_UNMODIFIED },
		{ "If-None-Match: *\r\n", FILE_UNMODIFIED },
		{ "If-None-Match: \"y\"\r\nIf-Modified-Since: " DATE "\r\n", FILE_WANTED },
		{ "If-None-Match: \"x\"\r\nIf-Modified-Since: " BEFORE "\r\n", FILE_UNMODIFIED },
		{ "If-None-Match: \"x\"\r\nIf-Match: \"y\"\r\n", FILE_UNEXPECTED },
		{ "If-Modified-Since: " DATE "\r\n", FILE_UNMODIFIED },
		{ "If-Modified-Since: " AFTER "\r\n", FILE_UNMODIFIED },
		{ "If-Modified-Since: " BEFORE "\r\n", FILE_WANTED },
		{ "If-Modified-Since: x\r\n", FILE_WANTED },
		{ "If-Modified-Since: " DATE "\r\nIf-Modified-Since: " DATE "\r\n", FILE_WANTED },
		{ "If-Modified-Since: " DATE "\r\nIf-Unmodified-Since: " BEFORE "\r\n", FILE_UNEXPECTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conditional conditional;
		struct h1_head head;
		char text[4096];
		const char *detail;
		int size = snprintf(
		    text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].lines);

		assert_int_equal(h1_head_parse((struct str){ text, (size_t)size }, &head, &detail), OK);
		assert_int_equal(conditional_parse(&head, &conditional, &detail), OK);
		if (conditional_file(&conditional, STR("\"x\""), 784111777, NOW) != cases[i].condition)
			fail_msg("%s", cases[i].lines);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_if_range),
		cmocka_unit_test(test_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
