#pragma once
/*
 * Times: microseconds since 1970-01-01T00:00:00Z in an int64_t, and their text
 * forms.  Years 0001 to 9999; no leap seconds (":60" is refused).
 */
#include "base/buf.h"

/* The smallest and the largest time that has a text form. */
extern const int64_t time_us_min, time_us_max;

/*
 * RFC 3339: "2026-11-23T08:00:00.5+01:00"; 'T' and 'Z' in either case, a space
 * for 'T' is refused; up to six fractional digits.
 */
bool time_parse_rfc3339(struct str text, int64_t *ret_us);
/* Where ${text} is a time of RFC 3339 all the same: what of them is taken, "a time with …"; else NULL. */
const char *time_wanted(struct str text);
enum { TIME_RFC3339_SIZE = 27 };
/* Write "2026-11-23T08:00:00.000000Z", 27 characters, no NUL. */
void time_format_rfc3339(int64_t us, char *ret);
enum { TIME_HTTP_SIZE = 29 };
/* IMF-fixdate (RFC 9110 5.6.7): "Mon, 23 Nov 2026 08:00:00 GMT", 29 characters, no NUL. */
void time_format_http(int64_t seconds, char *ret);

/* Dates: days since 1970-01-01, of the same years. */
extern const int64_t date_days_min, date_days_max;
/* "2026-11-24", nothing else. */
bool date_parse(struct str text, int64_t *ret_days);
enum { DATE_SIZE = 10 };
/* Write "2026-11-24", 10 characters, no NUL. */
void date_format(int64_t days, char *ret);
