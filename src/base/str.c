#include "base/str.h"

#include <string.h>
#include <strings.h>

struct str
str_from(const char *c_string)
{
	return (struct str){ c_string, strlen(c_string) };
}

bool
str_equal(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool
str_is(struct str str, const char *c_string)
{
	return str_equal(str, str_from(c_string));
}

bool
str_equal_nocase(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || strncasecmp(a.data, b.data, a.size) == 0);
}

int
str_compare(struct str a, struct str b)
{
	size_t shorter = a.size < b.size ? a.size : b.size;
	int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);

	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

bool
str_starts_with(struct str str, struct str prefix)
{
	return str.size >= prefix.size && str_equal(str_slice(str, 0, prefix.size), prefix);
}

size_t
str_find_byte(struct str str, char byte)
{
	const char *found = str.size == 0 ? NULL : memchr(str.data, byte, str.size);

	return found == NULL ? str.size : (size_t)(found - str.data);
}

struct str
str_slice(struct str str, size_t from, size_t to)
{
	/* Nothing may be added to NULL, not even 0, and the empty str has no data. */
	return (struct str){ from == 0 ? str.data : str.data + from, to - from };
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

struct str
str_trim(struct str str)
{
	while (str.size > 0 && is_space(str.data[0]))
		str = str_slice(str, 1, str.size);
	while (str.size > 0 && is_space(str.data[str.size - 1]))
		str.size--;
	return str;
}

bool
str_split(struct str *rest, char separator, struct str *ret)
{
	size_t end;

	if (rest->data == NULL)
		return false;
	end = str_find_byte(*rest, separator);
	*ret = str_slice(*rest, 0, end);
	*rest = end == rest->size ? (struct str){ 0 } : str_slice(*rest, end + 1, rest->size);
	return true;
}

bool
str_to_int(struct str str, int64_t *ret)
{
	bool negative = str.size > 0 && str.data[0] == '-';
	struct str digits = negative ? str_slice(str, 1, str.size) : str;
	int64_t value = 0;

	if (digits.size == 0 || (digits.size > 1 && digits.data[0] == '0'))
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		int digit = digits.data[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value))
			return false;
		/* Counted downwards, so that -2^63 has a place. */
		if (__builtin_sub_overflow(value, digit, &value))
			return false;
	}
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return false;
	*ret = value;
	return true;
}

int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
