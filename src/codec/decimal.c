#include "codec/decimal.h"

#include <assert.h>
#include <string.h>

const int64_t decimal_max = INT64_C(999999999999999999);

/* What the text says, before it is fitted to a scale. */
struct parts {
	struct str rest;
	int64_t integer; /* all digits without the point; never above decimal_max */
	int64_t places; /* digits behind the point, an exponent counted in */
	bool negative, overflow;
};

static bool
is_digit(struct str rest)
{
	return rest.size > 0 && rest.data[0] >= '0' && rest.data[0] <= '9';
}

static bool
take(struct parts *parts, char byte)
{
	if (parts->rest.size == 0 || parts->rest.data[0] != byte)
		return false;
	parts->rest = str_slice(parts->rest, 1, parts->rest.size);
	return true;
}

/* One digit or more; how many. */
static size_t
take_digits(struct parts *parts)
{
	size_t count = 0;

	for (; is_digit(parts->rest); count++) {
		int digit = parts->rest.data[0] - '0';

		if (parts->integer > (decimal_max - digit) / 10)
			parts->overflow = true;
		else
			parts->integer = parts->integer * 10 + digit;
		parts->rest = str_slice(parts->rest, 1, parts->rest.size);
	}
	return count;
}

static bool
take_exponent(struct parts *parts)
{
	enum { FAR = 1 << 20 }; /* beyond it, it makes no difference how far */
	int64_t exponent = 0;
	bool negative;

	if (!take(parts, 'e') && !take(parts, 'E'))
		return true;
	negative = take(parts, '-');
	if (!negative)
		(void)take(parts, '+');
	if (!is_digit(parts->rest))
		return false;
	for (; is_digit(parts->rest); parts->rest = str_slice(parts->rest, 1, parts->rest.size))
		if (exponent < FAR)
			exponent = exponent * 10 + parts->rest.data[0] - '0';
	parts->places += negative ? exponent : -exponent;
	return true;
}

static bool
take_number(struct parts *parts)
{
	bool zero_first;

	parts->negative = take(parts, '-');
	zero_first = parts->rest.size > 0 && parts->rest.data[0] == '0';
	if (take_digits(parts) > 1 ? zero_first : !zero_first && parts->integer == 0)
		return false;
	if (take(parts, '.') && (parts->places = (int64_t)take_digits(parts)) == 0)
		return false;
	return take_exponent(parts) && parts->rest.size == 0;
}

enum decimal_verdict
decimal_read(struct str text, unsigned scale, int64_t *ret)
{
	struct parts parts = { .rest = text };

	if (!take_number(&parts))
		return DECIMAL_BROKEN;
	if (parts.places > (int64_t)scale)
		return DECIMAL_TOO_FINE;
	for (int64_t i = parts.places; i < (int64_t)scale && parts.integer != 0 && !parts.overflow;
	     i++) {
		parts.overflow = parts.integer > decimal_max / 10;
		parts.integer *= parts.overflow ? 1 : 10;
	}
	if (parts.overflow)
		return DECIMAL_TOO_LARGE;
	*ret = parts.negative ? -parts.integer : parts.integer;
	return DECIMAL_GOOD;
}

bool
decimal_parse(struct str text, unsigned scale, int64_t *ret)
{
	return str_find_byte(text, 'e') == text.size && str_find_byte(text, 'E') == text.size &&
	       decimal_read(text, scale, ret) == DECIMAL_GOOD;
}

size_t
decimal_format(int64_t integer, unsigned scale, char *ret)
{
	uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
	char text[DECIMAL_SIZE_MAX], *end = text + sizeof(text), *first = end;

	assert(scale <= DECIMAL_DIGITS_MAX);
	for (unsigned digits = 0; digits <= scale || rest != 0; digits++, rest /= 10) {
		if (digits == scale && scale > 0)
			*--first = '.';
		*--first = (char)('0' + rest % 10);
	}
	if (integer < 0)
		*--first = '-';
	memcpy(ret, first, (size_t)(end - first));
	return (size_t)(end - first);
}
