#include "http/date.h"

#include <stdio.h>

#include "codec/time.h"

struct parts {
	int year, month, day, hour, minute, second;
	bool short_year;
};

static bool
take_number(struct str *rest, size_t digits, int *ret)
{
	int number = 0;

	if (rest->size < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (rest->data[i] < '0' || rest->data[i] > '9')
			return false;
		number = number * 10 + (rest->data[i] - '0');
	}
	*rest = str_slice(*rest, digits, rest->size);
	*ret = number;
	return true;
}

/* The place of the name that ${rest} begins with, from 1; 0 for none. */
static int
take_name(struct str *rest, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str name = str_from(names[i]);

		if (str_starts_with(*rest, name)) {
			*rest = str_slice(*rest, name.size, rest->size);
			return (int)i + 1;
		}
	}
	return 0;
}

static bool
take_day_in_two(struct str *rest, int *ret)
{
	if (rest->size > 0 && rest->data[0] == ' ') {
		*rest = str_slice(*rest, 1, rest->size);
		return take_number(rest, 1, ret);
	}
	return take_number(rest, 2, ret);
}

/* One letter of a pattern, taken off the text; what is no letter below stands for itself. */
static bool
take_part(struct str *rest, char letter, struct parts *parts)
{
	static const char *const weekdays[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const long_weekdays[] = { "Monday", "Tuesday", "Wednesday", "Thursday",
		"Friday", "Saturday", "Sunday" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };

	switch (letter) {
	case 'w':
		return take_name(rest, weekdays, COUNT(weekdays)) > 0;
	case 'W':
		return take_name(rest, long_weekdays, COUNT(long_weekdays)) > 0;
	case 'm':
		return (parts->month = take_name(rest, months, COUNT(months))) > 0;
	case 'd':
		return take_number(rest, 2, &parts->day);
	case 'e':
		return take_day_in_two(rest, &parts->day);
	case 'y':
		parts->short_year = true;
		return take_number(rest, 2, &parts->year);
	case 'Y':
		return take_number(rest, 4, &parts->year);
	case 'h':
		return take_number(rest, 2, &parts->hour);
	case 'i':
		return take_number(rest, 2, &parts->minute);
	case 's':
		return take_number(rest, 2, &parts->second);
	default:
		if (rest->size == 0 || rest->data[0] != letter)
			return false;
		*rest = str_slice(*rest, 1, rest->size);
		return true;
	}
}

static bool
match(struct str text, const char *pattern, struct parts *ret)
{
	struct parts parts = { 0 };

	for (; *pattern != 0; pattern++)
		if (!take_part(&text, *pattern, &parts))
			return false;
	*ret = parts;
	return text.size == 0;
}

static int
year_of(int64_t seconds)
{
	char text[TIME_HTTP_SIZE];
	struct str rest = { text + 12, 4 };
	int year = 0;

	time_format_http(seconds, text);
	(void)take_number(&rest, 4, &year);
	return year;
}

static int
whole_year(int two_digits, int now)
{
	int year = now - now % 100 + two_digits;

	if (year > now + 50)
		return year - 100;
	return year <= now - 50 ? year + 100 : year;
}

bool
http_date_parse(struct str text, int64_t now_s, int64_t *ret_s)
{
	static const char *const patterns[] = { "w, d m Y h:i:s GMT", "W, d-m-y h:i:s GMT",
		"w m e h:i:s Y" };
	struct parts parts;
	char date[DATE_SIZE + 8];
	int64_t days;
	size_t i = 0;

	while (i < COUNT(patterns) && !match(text, patterns[i], &parts))
		i++;
	/* 60 is a leap second. */
	if (i == COUNT(patterns) || parts.hour > 23 || parts.minute > 59 || parts.second > 60)
		return false;
	if (parts.short_year)
		parts.year = whole_year(parts.year, year_of(now_s));
	snprintf(date, sizeof(date), "%04d-%02d-%02d", parts.year % 10000, parts.month, parts.day % 100);
	if (!date_parse(str_from(date), &days))
		return false;
	*ret_s = days * 86400 + parts.hour * 3600 + parts.minute * 60 + parts.second;
	return true;
}
