#pragma once
/* Numbers of different types, compared exactly: no rounding, no cast. */
#include "base/value.h"

enum { RULE_NUMBER_SIZE_MAX = 64 }; /* bytes, as written */

/* 10^${exponent}, 0 to 18. */
int64_t number_power(unsigned exponent);

/* INT, REAL and DECIMAL in any mixture: <0, 0, >0.  (A decimal beside a real is compared as the nearest real.) */
int number_compare(const struct value *a, const struct value *b);

/* How a constant stands among the values that a column can have. */
struct number_fit {
	bool is_exact;	   /* value is it */
	bool has_floor;	   /* value is the largest that is below */
	struct value value;
};

/*
 * ${constant} (INT, REAL, DECIMAL; ${text} is how it was written, or empty)
 * among the values of ${kind}, of decimals those of ${scale}.  Beside REAL a
 * constant with a point is the nearest real.
 */
void number_fit(const struct value *constant, struct str text, enum value_kind kind, unsigned scale,
    struct number_fit *ret);

/* "1.5", "2e-3": DECIMAL where 18 digits suffice, else REAL; false where it is beyond a double. */
bool number_parse(struct str text, struct value *ret);
/* The nearest double of a DECIMAL. */
double number_to_real(const struct value *number);
