#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/test_random.h"
#include "codec/time.h"

#define US INT64_C(1000000)

static void
times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t00:00:00z", 0 },
		{ "1970-01-01T00:00:00.000001Z", 1 },
		{ "1969-12-31T23:59:59.999999Z", -1 },
		{ "1970-01-01T00:00:00.5Z", 500000 },
		{ "1970-01-01T00:00:00.05Z", 50000 },
		{ "1970-01-01T00:00:00.123456Z", 123456 },
		{ "1970-01-01T00:00:00.100000Z", 100000 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1969-12-31T23:30:00-00:30", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "1970-01-01T23:59:00+23:59", 0 },
		{ "2000-02-29T00:00:00Z", 951782400 * US },
		{ "2024-02-29T12:00:00Z", 1709208000 * US },
		{ "2026-11-23T08:00:00.5+01:00", 1795417200 * US + 500000 },
		{ "0001-01-01T00:00:00Z", INT64_C(-62135596800000000) },
		{ "0001-01-01T00:00:00-00:01", INT64_C(-62135596740000000) },
		{ "9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999) },
		{ "9999-12-31T23:59:59+00:01", INT64_C(253402300739000000) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t us = 77;

		if (!time_parse_rfc3339(str_from(rows[i].text), &us) || us != rows[i].us)
			printf("%s: %lld\n", rows[i].text, (long long)us);
		assert_true(us == rows[i].us);
	}
	assert_true(time_us_min == rows[15].us);
	assert_true(time_us_max == rows[17].us);
}

static void
what_is_not_kept_of_times_is_said(void **state)
{
	static const char fine[] = "a time with at most six digits behind the point";
	static const char leap[] = "a time outside of leap seconds, which are not kept";

	(void)state;
	assert_string_equal(time_wanted(STR("1970-01-01T00:00:00.1234567Z")), fine);
	assert_string_equal(time_wanted(STR("1970-01-01T00:00:00.000000000+01:00")), fine);
	assert_string_equal(time_wanted(STR("2016-12-31T23:59:60Z")), leap);
	assert_string_equal(time_wanted(STR("2016-12-31T15:59:60.123456789-08:00")), leap);
	assert_string_equal(time_wanted(STR("1969-12-31T23:59:60Z")), leap);
	assert_null(time_wanted(STR("2016-12-31T12:00:60Z")));
	assert_null(time_wanted(STR("2016-12-31T23:59:60")));
	assert_null(time_wanted(STR("1970-01-01T00:00:00.1234567")));
	assert_null(time_wanted(STR("1970-02-30T00:00:00.1234567Z")));
	assert_null(time_wanted(STR("1970-01-01T00:00:61Z")));
	assert_null(time_wanted(STR("1970-01-01T00:00:00Z")));
	assert_null(time_wanted(STR("today")));
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = { "", "1", "1970", "1970-01-01", "1970-01-01T00:00Z",
		"1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00:00 Z",
		" 1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z ", "1970-01-01T00:00:00ZZ",
		"1970-01-01T00:00:00Z0", "1970-1-01T00:00:00Z", "1970-01-1T00:00:00Z",
		"1970-01-01T0:00:00Z", "70-01-01T00:00:00Z", "+1970-01-01T00:00:00Z",
		"-1970-01-01T00:00:00Z", "01970-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
		"0000-01-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-13-01T00:00:00Z",
		"1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z", "1970-04-31T00:00:00Z",
		"1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2000-02-30T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
		"1970-01-01T00:00:60Z", "2016-12-31T23:59:60Z", "1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00.", "1970-01-01T00:00:00.1234567Z",
		"1970-01-01T00:00:00.0000000Z", "1970-01-01T00:00:00.-1Z",
		"1970-01-01T00:00:00+1:00", "1970-01-01T00:00:00+01", "1970-01-01T00:00:00+0100",
		"1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+00:60",
		"1970-01-01T00:00:00+01:00Z", "1970-01-01T00:00:00Z+01:00",
		"1970-01-01T00:00:00GMT", "1970/01/01T00:00:00Z", "1970-01-01T00-00-00Z",
		"19700101T000000Z", "1970-W01-4T00:00:00Z", "1970-001T00:00:00Z",
		"197x-01-01T00:00:00Z", "1970-01-01X00:00:00Z", "0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", "Thu, 01 Jan 1970 00:00:00 GMT", "now", "null" };
	int64_t us = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (time_parse_rfc3339(str_from(texts[i]), &us))
			printf("%s was taken\n", texts[i]);
		assert_int_equal(us, 77);
	}
	assert_false(time_parse_rfc3339((struct str){ "1970-01-01T00:00:00Z\0", 21 }, &us));
	assert_false(time_parse_rfc3339((struct str){ 0 }, &us));
}

/* Every beginning of a time is refused, and none is read past its end. */
static void
beginnings_are_refused(void **state)
{
	struct str whole = STR("2026-11-23T08:00:00.5+01:00");
	int64_t us;

	(void)state;
	for (size_t size = 0; size < whole.size; size++)
		assert_false(time_parse_rfc3339(str_slice(whole, 0, size), &us));
	assert_true(time_parse_rfc3339(whole, &us));
}

static void
assert_formats(int64_t us, const char *expected)
{
	char text[TIME_RFC3339_SIZE + 1] = { 0 };
	int64_t back;

	time_format_rfc3339(us, text);
	assert_string_equal(text, expected);
	assert_true(time_parse_rfc3339((struct str){ text, TIME_RFC3339_SIZE }, &back));
	assert_true(back == us);
}

/* The C library's calendar is the model. */
static void
assert_formats_like_libc(int64_t us)
{
	int64_t fraction = ((us % US) + US) % US;
	time_t seconds = (us - fraction) / US;
	char expected[80], text[TIME_HTTP_SIZE + 1] = { 0 };
	struct tm tm;

	gmtime_r(&seconds, &tm);
	sprintf(expected, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)fraction);
	assert_formats(us, expected);
	strftime(expected, sizeof(expected), "%a, %d %b ", &tm);
	sprintf(expected + strlen(expected), "%04d %02d:%02d:%02d GMT", tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
	time_format_http(seconds, text);
	assert_string_equal(text, expected);
}

static void
times_are_written_as_the_c_library_does(void **state)
{
	uint64_t random = 4, span = (uint64_t)(time_us_max - time_us_min) + 1;

	(void)state;
	assert_formats(0, "1970-01-01T00:00:00.000000Z");
	assert_formats(time_us_min, "0001-01-01T00:00:00.000000Z");
	assert_formats(time_us_max, "9999-12-31T23:59:59.999999Z");
	assert_formats_like_libc(time_us_min);
	assert_formats_like_libc(time_us_max);
	for (int64_t us = -2000; us < 2000; us++)
		assert_formats_like_libc(us * 500000);
	for (int i = 0; i < 100000; i++)
		assert_formats_like_libc(time_us_min + (int64_t)test_random_below(&random, span));
}

/* A calendar that only knows how long each month is, walked from the first day to the last. */
static void
every_day_has_its_date(void **state)
{
	char text[TIME_RFC3339_SIZE], expected[64];
	int year = 1, month = 1, day = 1;

	(void)state;
	for (int64_t us = time_us_min; us <= time_us_max; us += 86400 * US) {
		bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
		int last =
		    month == 2 ? (leap ? 29 : 28) : 30 + (month < 8 ? month % 2 : 1 - month % 2);
		int64_t back = 0;

		time_format_rfc3339(us, text);
		if (day == 1 || day >= 28) {
			sprintf(expected, "%04d-%02d-%02dT", year, month, day);
			assert_memory_equal(text, expected, 11);
		}
		if (!time_parse_rfc3339((struct str){ text, sizeof(text) }, &back) || back != us)
			fail_msg("%.27s does not return", text);
		day = day == last ? 1 : day + 1;
		month = day > 1 ? month : month == 12 ? 1 : month + 1;
		year += day == 1 && month == 1;
	}
	assert_int_equal(year, 10000);
}

static void
http_dates(void **state)
{
	char text[TIME_HTTP_SIZE + 1] = { 0 };

	(void)state;
	time_format_http(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	time_format_http(0, text);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	time_format_http(-1, text);
	assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
}

static void
dates(void **state)
{
	static const char *const bad[] = { "", "2026-11-2", "2026-11-240", "2026-02-29", "2026-13-01",
		"2026-00-01", "0000-01-01", "2026-11-24T", "2026/11/24", "+026-11-24", " 2026-11-24" };
	char text[DATE_SIZE];
	int64_t read;

	(void)state;
	for (int64_t days = date_days_min; days <= date_days_max; days += 13) {
		date_format(days, text);
		assert_true(date_parse((struct str){ text, DATE_SIZE }, &read));
		assert_int_equal(read, days);
	}
	assert_true(date_parse(STR("0001-01-01"), &read) && read == date_days_min);
	assert_true(date_parse(STR("9999-12-31"), &read) && read == date_days_max);
	assert_true(date_parse(STR("1970-01-01"), &read) && read == 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(date_parse(str_from(bad[i]), &read));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(what_is_not_kept_of_times_is_said),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(beginnings_are_refused),
		cmocka_unit_test(times_are_written_as_the_c_library_does),
		cmocka_unit_test(every_day_has_its_date),
		cmocka_unit_test(http_dates),
		cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
