#pragma once
/*
 * Dates in fields (RFC 9110 §5.6.7).  They are written by time_format_http(); what is read
 * may stand in two older forms as well.
 */
#include "base/str.h"

/*
 * Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
 * "Sun Nov  6 08:49:37 1994".  A year of two digits is the nearest that is not 50 years behind
 * ${now_s}.  The name of the weekday is not compared with the date.
 */
bool http_date_parse(struct str text, int64_t now_s, int64_t *ret_s);
