#include "rules/text.h"

#include <string.h>

#include "codec/utf8.h"

void
text_lower(struct str text, char *ret)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];

		ret[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
}

bool
text_ends_with(struct str text, struct str end)
{
	return end.size <= text.size &&
	       str_equal(str_slice(text, text.size - end.size, text.size), end);
}

bool
text_contains(struct str text, struct str part)
{
	return part.size == 0 ||
	       (text.size > 0 && memmem(text.data, text.size, part.data, part.size) != NULL);
}

static uint32_t
code_point(struct str character)
{
	static const uint32_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (unsigned char)character.data[0] & masks[character.size];

	for (size_t i = 1; i < character.size; i++)
		code = code << 6 | ((unsigned char)character.data[i] & 0x3f);
	return code;
}

size_t
text_behind(struct str prefix, char *ret)
{
	size_t at = prefix.size;
	uint32_t code;

	while (at > 0) {
		size_t end = at;

		do
			at--;
		while (((unsigned char)prefix.data[at] & 0xc0) == 0x80);
		code = code_point(str_slice(prefix, at, end));
		if (code == 0x10ffff)
			continue; /* nothing is behind it */
		memcpy(ret, prefix.data, at);
		return at + utf8_put(ret + at, code == 0xd7ff ? 0xe000 : code + 1);
	}
	return 0;
}
