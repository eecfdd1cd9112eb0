#include "codec/time.h"

#include <assert.h>
#include <string.h>

enum {
	SECONDS_PER_DAY = 86400,
	DAYS_PER_ERA = 146097, /* 400 years, after which the calendar repeats */
	DAYS_TO_1970 = 719468, /* from 0000-03-01 */
};
#define US_PER_SECOND INT64_C(1000000)

const int64_t time_us_min = INT64_C(-62135596800000000); /* 0001-01-01T00:00:00Z */
const int64_t time_us_max = INT64_C(253402300799999999); /* 9999-12-31T23:59:59.999999Z */
const int64_t date_days_min = -719162; /* 0001-01-01 */
const int64_t date_days_max = 2932896; /* 9999-12-31 */

struct clock {
	int year, month, day, hour, minute, second; /* month and day from 1 */
	int us, offset_minutes;
	bool is_finer; /* it has more digits than microseconds have */
};

/*
 * Years are counted from March here, so that the leap day is the last of its
 * year and the months before it have fixed places: (153 m + 2) / 5 days.
 */
static int64_t
days_from_date(int year, int month, int day)
{
	int march_year = month <= 2 ? year - 1 : year;
	int march_month = month <= 2 ? month + 9 : month - 3;
	int era = march_year / 400, year_of_era = march_year % 400;
	int day_of_year = (153 * march_month + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (int64_t)era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static void
date_from_days(int64_t days, struct clock *ret)
{
	int shifted = (int)(days + DAYS_TO_1970);
	int era = shifted / DAYS_PER_ERA, day_of_era = shifted % DAYS_PER_ERA;
	int year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int march_month = (5 * day_of_year + 2) / 153;

	ret->day = day_of_year - (153 * march_month + 2) / 5 + 1;
	ret->month = march_month < 10 ? march_month + 3 : march_month - 9;
	ret->year = era * 400 + year_of_era + (ret->month <= 2);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Take ${count} digits off the front. */
static bool
take_digits(struct str *rest, size_t count, int *ret)
{
	int value = 0;

	if (rest->size < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		int digit = rest->data[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*rest = str_slice(*rest, count, rest->size);
	*ret = value;
	return true;
}

/* Take one byte off the front: ${byte}, in lower case too where it is a letter. */
static bool
take_byte(struct str *rest, char byte)
{
	char lower = byte >= 'A' ? (char)(byte | 0x20) : byte;

	if (rest->size == 0 || (rest->data[0] != byte && rest->data[0] != lower))
		return false;
	*rest = str_slice(*rest, 1, rest->size);
	return true;
}

static bool
take_date(struct str *rest, struct clock *clock)
{
	return take_digits(rest, 4, &clock->year) && take_byte(rest, '-') &&
	       take_digits(rest, 2, &clock->month) && take_byte(rest, '-') &&
	       take_digits(rest, 2, &clock->day) && clock->year >= 1 && clock->month >= 1 &&
	       clock->month <= 12 && clock->day >= 1 &&
	       clock->day <= days_in_month(clock->year, clock->month);
}

static bool
take_fraction(struct str *rest, struct clock *clock)
{
	int digit, digits = 0;

	if (!take_byte(rest, '.'))
		return true;
	for (; digits < 6 && take_digits(rest, 1, &digit); digits++)
		clock->us = clock->us * 10 + digit;
	if (digits == 0)
		return false;
	for (; digits < 6; digits++)
		clock->us *= 10;
	while (take_digits(rest, 1, &digit))
		clock->is_finer = true;
	return true;
}

static bool
take_time_of_day(struct str *rest, struct clock *clock)
{
	return take_digits(rest, 2, &clock->hour) && take_byte(rest, ':') &&
	       take_digits(rest, 2, &clock->minute) && take_byte(rest, ':') &&
	       take_digits(rest, 2, &clock->second) && clock->hour <= 23 && clock->minute <= 59 &&
	       clock->second <= 60 && take_fraction(rest, clock);
}

static bool
take_offset(struct str *rest, struct clock *clock)
{
	int hours, minutes;
	bool west;

	if (take_byte(rest, 'Z'))
		return true;
	west = take_byte(rest, '-');
	if (!west && !take_byte(rest, '+'))
		return false;
	if (!take_digits(rest, 2, &hours) || !take_byte(rest, ':') ||
	    !take_digits(rest, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	clock->offset_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
	return true;
}

static bool
take_time(struct str text, struct clock *clock)
{
	return take_date(&text, clock) && take_byte(&text, 'T') && take_time_of_day(&text, clock) &&
	       take_offset(&text, clock) && text.size == 0;
}

static int64_t
seconds_of(const struct clock *clock)
{
	return days_from_date(clock->year, clock->month, clock->day) * SECONDS_PER_DAY +
	       clock->hour * 3600 + clock->minute * 60 + clock->second - clock->offset_minutes * 60;
}

bool
time_parse_rfc3339(struct str text, int64_t *ret_us)
{
	struct clock clock = { 0 };
	int64_t us;

	if (!take_time(text, &clock) || clock.is_finer || clock.second == 60)
		return false;
	us = seconds_of(&clock) * US_PER_SECOND + clock.us;
	/* An offset can lead out of the years that have a text form. */
	if (us < time_us_min || us > time_us_max)
		return false;
	*ret_us = us;
	return true;
}

const char *
time_wanted(struct str text)
{
	struct clock clock = { 0 };

	if (!take_time(text, &clock))
		return NULL;
	/* One is inserted at the end of a day of UTC. */
	if (clock.second == 60)
		return seconds_of(&clock) % SECONDS_PER_DAY == 0
			   ? "a time outside of leap seconds, which are not kept"
			   : NULL;
	return clock.is_finer ? "a time with at most six digits behind the point" : NULL;
}

bool
date_parse(struct str text, int64_t *ret_days)
{
	struct clock clock = { 0 };

	if (!take_date(&text, &clock) || text.size != 0)
		return false;
	*ret_days = days_from_date(clock.year, clock.month, clock.day);
	return true;
}

static void
split_seconds(int64_t seconds, struct clock *ret, int64_t *ret_days)
{
	int64_t days = seconds / SECONDS_PER_DAY;
	int rest = (int)(seconds % SECONDS_PER_DAY);

	if (rest < 0) {
		rest += SECONDS_PER_DAY;
		days--;
	}
	date_from_days(days, ret);
	ret->hour = rest / 3600;
	ret->minute = rest / 60 % 60;
	ret->second = rest % 60;
	*ret_days = days;
}

static char *
put_2(char *out, int value)
{
	out[0] = (char)('0' + value / 10);
	out[1] = (char)('0' + value % 10);
	return out + 2;
}

static char *
put_byte(char *out, char byte)
{
	*out = byte;
	return out + 1;
}

static char *
put_time_of_day(char *out, const struct clock *clock)
{
	out = put_byte(put_2(out, clock->hour), ':');
	out = put_byte(put_2(out, clock->minute), ':');
	return put_2(out, clock->second);
}

static char *
put_date(char *out, const struct clock *clock)
{
	out = put_2(put_2(out, clock->year / 100), clock->year % 100);
	out = put_2(put_byte(out, '-'), clock->month);
	return put_2(put_byte(out, '-'), clock->day);
}

void
date_format(int64_t days, char *ret)
{
	struct clock clock;

	assert(days >= date_days_min && days <= date_days_max);
	date_from_days(days, &clock);
	put_date(ret, &clock);
}

void
time_format_rfc3339(int64_t us, char *ret)
{
	struct clock clock;
	int64_t seconds, days;
	int fraction;

	assert(us >= time_us_min && us <= time_us_max);
	seconds = us / US_PER_SECOND;
	fraction = (int)(us % US_PER_SECOND);
	if (fraction < 0) {
		fraction += (int)US_PER_SECOND;
		seconds--;
	}
	split_seconds(seconds, &clock, &days);
	ret = put_byte(put_date(ret, &clock), 'T');
	ret = put_byte(put_time_of_day(ret, &clock), '.');
	ret = put_2(put_2(put_2(ret, fraction / 10000), fraction / 100 % 100), fraction % 100);
	put_byte(ret, 'Z');
}

static char *
put_3_and_space(char *out, const char *text)
{
	memcpy(out, text, 3);
	out[3] = ' ';
	return out + 4;
}

void
time_format_http(int64_t seconds, char *ret)
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct clock clock;
	int64_t days;
	int weekday;

	assert(seconds >= time_us_min / US_PER_SECOND && seconds <= time_us_max / US_PER_SECOND);
	split_seconds(seconds, &clock, &days);
	weekday = (int)(((days % 7) + 7) % 7);
	memcpy(ret, weekdays + weekday * 3, 3);
	ret = put_byte(put_byte(ret + 3, ','), ' ');
	ret = put_byte(put_2(ret, clock.day), ' ');
	ret = put_3_and_space(ret, months + (clock.month - 1) * 3);
	ret = put_byte(put_2(put_2(ret, clock.year / 100), clock.year % 100), ' ');
	ret = put_time_of_day(ret, &clock);
	memcpy(ret, " GMT", 4);
}
