#include "codec/utf8.h"

#include <assert.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static const char *
skip_ascii(const char *at, const char *end)
{
	uint64_t word;

	for (; end - at >= 8; at += 8) {
		memcpy(&word, at, 8);
		if ((word & HIGH_BITS) != 0)
			break;
	}
	while (at < end && (unsigned char)*at < 0x80)
		at++;
	return at;
}

static bool
is_tail(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/*
 * The size of the sequence at ${s}, which begins with a byte from 0x80, or 0.
 * The second byte alone tells overlong forms (E0 80, F0 80), surrogates (ED A0)
 * and what is beyond U+10FFFF (F4 90).
 */
static ptrdiff_t
sequence_size(const unsigned char *s, ptrdiff_t left)
{
	if (s[0] < 0xC2 || s[0] > 0xF4 || left < 2 || !is_tail(s[1]))
		return 0;
	if (s[0] < 0xE0)
		return 2;
	if (left < 3 || !is_tail(s[2]))
		return 0;
	if (s[0] < 0xF0)
		return (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0) ? 0 : 3;
	if (left < 4 || !is_tail(s[3]))
		return 0;
	return (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] >= 0x90) ? 0 : 4;
}

size_t
utf8_check(struct str str)
{
	const char *at = str.data, *end;

	if (str.size == 0)
		return 0;
	end = at + str.size;
	while (at < end) {
		ptrdiff_t size;

		if ((unsigned char)*at < 0x80) {
			at = skip_ascii(at, end);
			continue;
		}
		if ((size = sequence_size((const unsigned char *)at, end - at)) == 0)
			break;
		at += size;
	}
	return (size_t)(at - str.data);
}

size_t
utf8_length(struct str str)
{
	size_t length = 0;

	for (size_t i = 0; i < str.size; i++)
		length += !is_tail((unsigned char)str.data[i]);
	return length;
}

struct str
utf8_cut(struct str str, size_t size_max)
{
	size_t size = size_max;

	if (str.size <= size_max)
		return str;
	while (size > 0 && is_tail((unsigned char)str.data[size]))
		size--;
	return str_slice(str, 0, size);
}

static char
tail(uint32_t code_point, int shift)
{
	return (char)(0x80 | (code_point >> shift & 0x3F));
}

size_t
utf8_put(char *ret, uint32_t code_point)
{
	assert(code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF));
	if (code_point < 0x80) {
		ret[0] = (char)code_point;
		return 1;
	}
	if (code_point < 0x800) {
		ret[0] = (char)(0xC0 | code_point >> 6);
		ret[1] = tail(code_point, 0);
		return 2;
	}
	if (code_point < 0x10000) {
		ret[0] = (char)(0xE0 | code_point >> 12);
		ret[1] = tail(code_point, 6);
		ret[2] = tail(code_point, 0);
		return 3;
	}
	ret[0] = (char)(0xF0 | code_point >> 18);
	ret[1] = tail(code_point, 12);
	ret[2] = tail(code_point, 6);
	ret[3] = tail(code_point, 0);
	return 4;
}
