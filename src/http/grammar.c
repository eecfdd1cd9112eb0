#include "http/grammar.h"

#include <string.h>

/* Sums of enum grammar_class; bytes from 0x80 on are in no class. */
const uint8_t grammar_classes[256] = {
	/* clang-format off */
	 0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, /* 0x00 */
	 0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, /* 0x10 */
	 0,  7,  2,  1,  7,  3,  7,  7,  6,  6,  7,  7,  6,  7,  7,  2, /* 0x20 */
	15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  2,  6,  2,  6,  2,  2, /* 0x30 */
	 2, 15, 15, 15, 15, 15, 15,  7,  7,  7,  7,  7,  7,  7,  7,  7, /* 0x40 */
	 7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  2,  2,  2,  3,  7, /* 0x50 */
	 3, 15, 15, 15, 15, 15, 15,  7,  7,  7,  7,  7,  7,  7,  7,  7, /* 0x60 */
	 7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  2,  3,  2,  7,  0, /* 0x70 */
	/* clang-format on */
};

/* The highest bit of each byte of ${eight} that is a control character; higher bytes may be
 * marked for nothing, so the caller looks again at each of them. */
static uint64_t
controls_in(uint64_t eight)
{
	const uint64_t ones = ~(uint64_t)0 / 255;
	uint64_t not_delete = eight ^ ones * 0x7f;

	return (((eight - ones * 0x20) & ~eight) | ((not_delete - ones) & ~not_delete)) & ones * 0x80;
}

size_t
grammar_find_control(const char *bytes, size_t size)
{
	size_t i = 0;

	while (i < size) {
		uint64_t eight;
		size_t stop = size;

		if (size - i >= sizeof(eight)) {
			memcpy(&eight, bytes + i, sizeof(eight));
			stop = i + sizeof(eight);
			if (controls_in(eight) == 0) {
				i = stop;
				continue;
			}
		}
		for (; i < stop; i++)
			if (grammar_is_control(bytes[i]))
				return i;
	}
	return size;
}

void
grammar_skip_space(struct str *rest)
{
	while (rest->size > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t'))
		*rest = str_slice(*rest, 1, rest->size);
}

bool
grammar_take_byte(struct str *rest, char byte)
{
	if (rest->size == 0 || rest->data[0] != byte)
		return false;
	*rest = str_slice(*rest, 1, rest->size);
	return true;
}

bool
grammar_take_token(struct str *rest, struct str *ret)
{
	size_t size = 0;

	while (size < rest->size && grammar_is(rest->data[size], GRAMMAR_TOKEN))
		size++;
	if (size == 0)
		return false;
	*ret = str_slice(*rest, 0, size);
	*rest = str_slice(*rest, size, rest->size);
	return true;
}

bool
grammar_take_quoted(struct str *rest, struct str *ret)
{
	size_t i = 1;

	if (rest->size == 0 || rest->data[0] != '"')
		return false;
	for (; i < rest->size && rest->data[i] != '"'; i++) {
		if (rest->data[i] == '\\')
			i++;
		if (i == rest->size || grammar_is_control(rest->data[i]))
			return false;
	}
	if (i == rest->size)
		return false;
	*ret = str_slice(*rest, 1, i);
	*rest = str_slice(*rest, i + 1, rest->size);
	return true;
}

bool
grammar_take_word(struct str *rest, struct str *ret)
{
	return grammar_take_quoted(rest, ret) || grammar_take_token(rest, ret);
}

enum grammar_next
grammar_next_parameter(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	struct str name, value;

	do {
		grammar_skip_space(rest);
		if (!grammar_take_byte(rest, ';'))
			return GRAMMAR_END;
		grammar_skip_space(rest);
	} while (rest->size == 0 || rest->data[0] == ';' || rest->data[0] == ',');
	if (!grammar_take_token(rest, &name) || !grammar_take_byte(rest, '=') ||
	    !grammar_take_word(rest, &value))
		return GRAMMAR_BAD;
	*ret_name = name;
	*ret_value = value;
	return GRAMMAR_ONE;
}
