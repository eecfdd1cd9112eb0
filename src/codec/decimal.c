#include "codec/decimal.h"

#include <assert.h>

#define DECIMAL_END INT64_C(1000000000000000000) /* 10^18 */

/* Take digits off the front into *value, while it has room; how many, at most ${digits_max}. */
static size_t
take_digits(struct str *rest, size_t digits_max, int64_t *value)
{
	size_t count = 0;

	while (count < digits_max && count < rest->size && *value < DECIMAL_END / 10 &&
	       rest->data[count] >= '0' && rest->data[count] <= '9')
		*value = *value * 10 + (rest->data[count++] - '0');
	*rest = str_slice(*rest, count, rest->size);
	return count;
}

bool
decimal_parse(struct str text, unsigned scale, int64_t *ret)
{
	bool negative = text.size > 0 && text.data[0] == '-';
	size_t whole, behind = 0;
	bool leading_zero;
	int64_t value = 0;

	assert(scale <= DECIMAL_DIGITS_MAX);
	text = str_slice(text, negative, text.size);
	leading_zero = text.size > 0 && text.data[0] == '0';
	whole = take_digits(&text, DECIMAL_DIGITS_MAX, &value);
	if (whole == 0 || (leading_zero && whole > 1))
		return false;
	if (text.size > 0 && text.data[0] == '.') {
		text = str_slice(text, 1, text.size);
		behind = take_digits(&text, scale, &value);
		if (behind == 0)
			return false;
	}
	if (text.size > 0)
		return false;
	for (; behind < scale; behind++) {
		if (value >= DECIMAL_END / 10)
			return false;
		value *= 10;
	}
	*ret = negative ? -value : value;
	return true;
}

size_t
decimal_format(int64_t integer, unsigned scale, char *ret)
{
	uint64_t rest = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
	char reversed[DECIMAL_SIZE_MAX];
	size_t size = 0;

	assert(scale <= DECIMAL_DIGITS_MAX && rest < (uint64_t)DECIMAL_END);
	for (unsigned digits = 0; digits <= scale || rest > 0; digits++) {
		if (digits == scale && scale > 0)
			reversed[size++] = '.';
		reversed[size++] = (char)('0' + rest % 10);
		rest /= 10;
	}
	if (integer < 0)
		reversed[size++] = '-';
	for (size_t i = 0; i < size; i++)
		ret[i] = reversed[size - 1 - i];
	return size;
}
