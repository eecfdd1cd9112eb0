#include "rules/number.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decimal.h"

int64_t
number_power(unsigned exponent)
{
	int64_t power = 1;

	assert(exponent <= DECIMAL_DIGITS_MAX);
	while (exponent-- > 0)
		power *= 10;
	return power;
}

static int
compare_ints(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_reals(double a, double b)
{
	return (a > b) - (a < b);
}

/* ${coarse} beside ${fine} / 10^${exponent}. */
static int
compare_scaled(int64_t coarse, int64_t fine, unsigned exponent)
{
	int64_t power = number_power(exponent), rest = fine % power;

	if (coarse != fine / power)
		return compare_ints(coarse, fine / power);
	return compare_ints(0, rest);
}

static int
compare_int_real(int64_t integer, double real)
{
	double whole = trunc(real);

	if (real >= 0x1p63)
		return -1;
	if (real < -0x1p63)
		return 1;
	if (integer != (int64_t)whole)
		return compare_ints(integer, (int64_t)whole);
	return compare_reals(whole, real);
}

static unsigned
scale_of(const struct value *value)
{
	return value->kind == VALUE_DECIMAL ? value->scale : 0;
}

double
number_to_real(const struct value *number)
{
	char text[DECIMAL_SIZE_MAX + 1];

	if (number->kind == VALUE_REAL)
		return number->real;
	if (number->kind == VALUE_INT)
		return (double)number->integer;
	text[decimal_format(number->integer, number->scale, text)] = '\0';
	return strtod(text, NULL);
}

int
number_compare(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_REAL && b->kind == VALUE_INT)
		return -compare_int_real(b->integer, a->real);
	if (a->kind == VALUE_INT && b->kind == VALUE_REAL)
		return compare_int_real(a->integer, b->real);
	if (a->kind == VALUE_REAL || b->kind == VALUE_REAL)
		return compare_reals(number_to_real(a), number_to_real(b));
	if (scale_of(a) > scale_of(b))
		return -compare_scaled(b->integer, a->integer, scale_of(a) - scale_of(b));
	return compare_scaled(a->integer, b->integer, scale_of(b) - scale_of(a));
}

/* A number as it is written: 0.DIGITS times 10^point. */
struct digits {
	bool negative;
	char digits[RULE_NUMBER_SIZE_MAX];
	size_t count;
	long point;
};

/* What is behind the e; more than any double has is as good as that. */
static long
read_exponent(struct str text)
{
	bool negative = text.size > 0 && text.data[0] == '-';
	long exponent = 0;

	for (size_t i = 0; i < text.size && exponent < 10000; i++)
		if (text.data[i] >= '0' && text.data[i] <= '9')
			exponent = exponent * 10 + (text.data[i] - '0');
	return negative ? -exponent : exponent;
}

/* There may be space behind the sign. */
static void
read_digits(struct str text, struct digits *ret)
{
	bool behind = false;
	size_t i;

	*ret = (struct digits){ .negative = text.size > 0 && text.data[0] == '-' };
	for (i = 0; i < text.size && text.data[i] != 'e' && text.data[i] != 'E'; i++) {
		char c = text.data[i];

		if (c == '.') {
			behind = true;
		} else if (c == '0' && ret->count == 0) {
			ret->point -= behind;
		} else if (c >= '0' && c <= '9') {
			assert(ret->count < sizeof(ret->digits));
			ret->digits[ret->count++] = c;
			ret->point += !behind;
		}
	}
	if (i < text.size)
		ret->point += read_exponent(str_slice(text, i + 1, text.size));
	while (ret->count > 0 && ret->digits[ret->count - 1] == '0')
		ret->count--;
}

static void
write_number(const struct value *number, char text[40])
{
	if (number->kind == VALUE_INT)
		snprintf(text, 40, "%lld", (long long)number->integer);
	else if (number->kind == VALUE_REAL)
		snprintf(text, 40, "%.17g", number->real);
	else
		text[decimal_format(number->integer, number->scale, text)] = '\0';
}

/* The first ${count} digits as a number, false where they are too many. */
static bool
leading(const struct digits *digits, long count, uint64_t *ret)
{
	uint64_t number = 0;

	for (long i = 0; i < count; i++) {
		char digit = (size_t)i < digits->count ? digits->digits[i] : '0';

		if (number > (UINT64_MAX - 9) / 10)
			return false;
		number = number * 10 + (uint64_t)(digit - '0');
	}
	*ret = number;
	return true;
}

/* Among whole numbers from ${min} to ${max}, after a shift of the point by ${scale}. */
static bool
fit_whole(const struct digits *digits, unsigned scale, int64_t min, int64_t max,
    struct number_fit *ret, int64_t *ret_whole)
{
	long count = digits->point + (long)scale;
	uint64_t number = 0, limit = digits->negative ? (uint64_t)-(min + 1) + 1 : (uint64_t)max;
	bool fits = digits->count == 0 || count <= 0 || (count < 20 && leading(digits, count, &number));
	bool has_rest = digits->count > 0 && (count < 0 || (size_t)count < digits->count);

	if (fits && digits->negative && has_rest)
		number++; /* the floor is further from zero */
	if (!fits || number > limit) {
		ret->has_floor = !digits->negative;
		*ret_whole = max;
		return false;
	}
	ret->is_exact = !has_rest;
	ret->has_floor = true;
	*ret_whole = digits->negative ? (int64_t)(0 - number) : (int64_t)number;
	return true;
}

static void
fit_real(const struct value *constant, struct number_fit *ret)
{
	int order;

	ret->has_floor = ret->is_exact = true;
	ret->value = value_real(number_to_real(constant) + 0.0);
	if (constant->kind != VALUE_INT)
		return;
	order = number_compare(constant, &ret->value);
	ret->is_exact = order == 0;
	if (order < 0)
		ret->value.real = nextafter(ret->value.real, -INFINITY);
}

void
number_fit(const struct value *constant, struct str text, enum value_kind kind, unsigned scale,
    struct number_fit *ret)
{
	struct digits digits;
	char written[40];
	int64_t whole;

	*ret = (struct number_fit){ 0 };
	if (kind == VALUE_REAL) {
		fit_real(constant, ret);
		return;
	}
	if (text.size == 0) {
		write_number(constant, written);
		text = str_from(written);
	}
	read_digits(text, &digits);
	if (kind == VALUE_INT)
		fit_whole(&digits, 0, INT64_MIN, INT64_MAX, ret, &whole);
	else
		fit_whole(&digits, scale, -decimal_max, decimal_max, ret, &whole);
	ret->value = kind == VALUE_INT ? value_int(whole) : value_decimal(whole, scale);
}

bool
number_parse(struct str text, struct value *ret)
{
	struct digits digits;
	uint64_t number;
	char copy[RULE_NUMBER_SIZE_MAX + 1];
	double real;
	long scale;

	if (text.size > RULE_NUMBER_SIZE_MAX)
		return false;
	read_digits(text, &digits);
	scale = (long)digits.count - digits.point;
	if (digits.count == 0)
		scale = 0;
	if (digits.count <= DECIMAL_DIGITS_MAX && scale <= DECIMAL_DIGITS_MAX && digits.point <= DECIMAL_DIGITS_MAX &&
	    leading(&digits, scale < 0 ? digits.point : (long)digits.count, &number)) {
		*ret = value_decimal(digits.negative ? -(int64_t)number : (int64_t)number,
		    scale < 0 ? 0 : (unsigned)scale);
		return true;
	}
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	real = strtod(copy, NULL);
	*ret = value_real(real);
	return isfinite(real);
}
