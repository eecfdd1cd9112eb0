#pragma once
/*
 * Decimal numbers: an integer and how many of its digits stand behind the
 * point, exactly as they are written; no double is ever between.
 *
 *	"12.30", scale 2  <->  1230
 *
 * At most DECIMAL_DIGITS_MAX digits, of which `scale` stand behind the point.
 */
#include "base/str.h"

enum { DECIMAL_DIGITS_MAX = 18, DECIMAL_SIZE_MAX = 24 };
/* The largest integer of a decimal; the smallest is its negative. */
extern const int64_t decimal_max;

enum decimal_verdict {
	DECIMAL_GOOD,
	DECIMAL_BROKEN, /* no number */
	DECIMAL_TOO_FINE, /* more than ${scale} digits behind the point */
	DECIMAL_TOO_LARGE, /* below or above what has 18 digits */
};

/*
 * Read a number as JSON writes it ("-0.5", "12", "1.5e3") into an integer of
 * 10^-${scale}.  Digits count as they are written: "1.50" does not fit scale 1.
 * -0 is 0.
 */
enum decimal_verdict decimal_read(struct str text, unsigned scale, int64_t *ret);
/* The same for texts: no exponent, and no word about why not. */
bool decimal_parse(struct str text, unsigned scale, int64_t *ret);
/* Write ${integer} with exactly ${scale} digits behind the point; the size, no NUL.  Any int64 will do. */
size_t decimal_format(int64_t integer, unsigned scale, char *ret);
