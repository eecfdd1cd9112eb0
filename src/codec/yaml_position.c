/*
 * Where a byte of a scalar stands in the file.  Indents, folds and escapes make other white space of
 * it, and all that is not white stands there in the same order: both are walked side by side.
 */
#include "codec/yaml.h"

/* One character of a text as the file writes it. */
struct written {
	size_t size;
	bool is_white; /* or nothing */
	bool is_escape; /* of a whole code point */
};

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char
byte_at(struct str str, size_t at)
{
	return at < str.size ? str.data[at] : '\0';
}

static uint32_t
read_hex(struct str digits)
{
	uint32_t code = 0;

	for (size_t i = 0; i < digits.size; i++) {
		char c = digits.data[i];

		code = code << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return code;
}

/* The one at a backslash in double quotes. */
static struct written
read_escape(struct str written, size_t at)
{
	char letter = byte_at(written, at + 1);
	size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
	struct written escape = { .size = 2 + digits, .is_escape = true };
	uint32_t code;

	if (escape.size > written.size - at)
		return (struct written){ .size = written.size - at, .is_white = true };
	code = read_hex(str_slice(written, at + 2, at + escape.size));
	escape.is_white = is_white(letter) || letter == 't' || letter == 'n' || letter == 'r' ||
			  (digits > 0 && code < 0x80 && is_white((char)code));
	return escape;
}

static struct written
read_written(const struct yaml *scalar, size_t at)
{
	char quote = scalar->style == YAML_QUOTED ? scalar->written.data[0] : '\0';
	char c = scalar->written.data[at];

	if (quote == '"' && c == '\\')
		return read_escape(scalar->written, at);
	if (quote == '\'' && c == quote && byte_at(scalar->written, at + 1) == quote)
		return (struct written){ .size = 2 };
	return (struct written){ .size = 1, .is_white = is_white(c) };
}

static size_t
skip_white(const struct yaml *scalar, size_t at)
{
	struct written next;

	for (; at < scalar->written.size; at += next.size)
		if (next = read_written(scalar, at), !next.is_white)
			break;
	return at;
}

/* Where the code point that begins at ${at} ends. */
static size_t
code_point_end(struct str text, size_t at)
{
	do
		at++;
	while (at < text.size && ((unsigned char)text.data[at] & 0xC0) == 0x80);
	return at;
}

/* The place in scalar->written behind what stands in front of ${offset}, white space there apart. */
static size_t
find_end(const struct yaml *scalar, size_t offset)
{
	size_t at = scalar->style == YAML_QUOTED;

	for (size_t i = 0; i < offset;) {
		struct written next;

		if (is_white(scalar->text.data[i])) {
			i++;
			continue;
		}
		if ((at = skip_white(scalar, at)) == scalar->written.size)
			break;
		next = read_written(scalar, at);
		at += next.size;
		i = next.is_escape ? code_point_end(scalar->text, i) : i + 1;
	}
	return at;
}

static size_t
find_byte(const struct yaml *scalar, size_t offset)
{
	size_t at = find_end(scalar, offset);

	if (offset < scalar->text.size && !is_white(scalar->text.data[offset]))
		return skip_white(scalar, at);
	for (; offset > 0 && is_white(scalar->text.data[offset - 1]); offset--)
		if (byte_at(scalar->written, at) == ' ')
			at++;
	return at;
}

struct yaml_position
yaml_position_in(const struct yaml *scalar, size_t offset)
{
	struct yaml_position position = scalar->at;
	size_t end;

	if (scalar->written.size == 0)
		return position;
	end = find_byte(scalar, offset);
	for (size_t i = 0; i < end; i++) {
		position.column++;
		if (scalar->written.data[i] == '\n')
			position = (struct yaml_position){ position.line + 1, 1 };
	}
	return position;
}
