#pragma once
/*
 * Decimals: whole numbers of 10^-scale, at most 18 digits in all, so that an
 * int64_t holds each exactly: "12.30" of scale 2 is 1230.
 */
#include "base/str.h"

enum { DECIMAL_DIGITS_MAX = 18, DECIMAL_SIZE_MAX = 21 /* "-0." and 18 digits */ };

/*
 * "-12.3": an optional minus, digits without leading zeros, at most ${scale}
 * behind a point (zeros count too); nothing else.  "-0" is 0.
 */
bool decimal_parse(struct str text, unsigned scale, int64_t *ret);
/* Write it with exactly ${scale} digits behind the point, no NUL; how many characters. */
size_t decimal_format(int64_t integer, unsigned scale, char *ret);
