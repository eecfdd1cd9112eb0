/*
 * The chunked coding (RFC 9112 §7.1) as a machine that reads one byte of framing
 * at a time, and data in runs.
 *
 *	SIZE_FIRST -> SIZE -> [extensions] -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF --+
 *	   ^                                     |                                    |
 *	   |                                     | size 0                             |
 *	   +-------------------------------------|------------------------------------+
 *	                                         v
 *	      TRAILER_FIRST -> NAME -> VALUE -> TRAILER_LF --+   TRAILER_FIRST -> END_LF -> DONE
 *	            ^----------------------------------------+
 */
#include <string.h>

#include "http/grammar.h"
#include "http/h1.h"

enum { EXTRA_SIZE_MAX = 4096, SIZE_DIGITS_MAX = 16 };

enum chunked_state {
	SIZE_FIRST,
	SIZE,
	SIZE_LF,
	EXTENSION_SEMICOLON, /* a space was read: only ';' makes sense of it */
	EXTENSION_NAME_FIRST,
	EXTENSION_NAME,
	EXTENSION_EQUALS, /* a space behind the name */
	EXTENSION_VALUE_FIRST,
	EXTENSION_VALUE,
	EXTENSION_QUOTED,
	EXTENSION_ESCAPED,
	EXTENSION_QUOTED_END,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER_FIRST,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	END_LF,
	DONE,
	BAD,
};

static enum chunked_state
read_hex(struct h1_chunked *chunked, char byte)
{
	unsigned digit = byte <= '9' ? (unsigned)(byte - '0') : (unsigned)((byte | 0x20) - 'a' + 10);

	if (++chunked->digits > SIZE_DIGITS_MAX || chunked->chunk_left > (uint64_t)INT64_MAX >> 4)
		return BAD;
	chunked->chunk_left = chunked->chunk_left << 4 | digit;
	return SIZE;
}

static bool
is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static enum chunked_state
read_size(struct h1_chunked *chunked, char byte)
{
	if (grammar_is(byte, GRAMMAR_HEX))
		return read_hex(chunked, byte);
	if (chunked->state == SIZE_FIRST)
		return BAD;
	if (byte == '\r')
		return SIZE_LF;
	if (byte == ';')
		return EXTENSION_NAME_FIRST;
	return is_space(byte) ? EXTENSION_SEMICOLON : BAD;
}

/* What may follow a complete extension. */
static enum chunked_state
end_extension(char byte)
{
	if (byte == '\r')
		return SIZE_LF;
	if (byte == ';')
		return EXTENSION_NAME_FIRST;
	return is_space(byte) ? EXTENSION_SEMICOLON : BAD;
}

static enum chunked_state
read_extension_name(enum chunked_state state, char byte)
{
	switch (state) {
	case EXTENSION_SEMICOLON:
		if (is_space(byte))
			return state;
		return byte == ';' ? EXTENSION_NAME_FIRST : BAD;
	case EXTENSION_NAME_FIRST:
		if (is_space(byte))
			return state;
		return grammar_is(byte, GRAMMAR_TOKEN) ? EXTENSION_NAME : BAD;
	case EXTENSION_NAME:
		if (grammar_is(byte, GRAMMAR_TOKEN))
			return state;
		if (byte == '=')
			return EXTENSION_VALUE_FIRST;
		return is_space(byte) ? EXTENSION_EQUALS : end_extension(byte);
	default: /* EXTENSION_EQUALS */
		if (is_space(byte))
			return state;
		if (byte == '=')
			return EXTENSION_VALUE_FIRST;
		return byte == ';' ? EXTENSION_NAME_FIRST : BAD;
	}
}

static enum chunked_state
read_extension_value(enum chunked_state state, char byte)
{
	switch (state) {
	case EXTENSION_VALUE_FIRST:
		if (is_space(byte))
			return state;
		if (byte == '"')
			return EXTENSION_QUOTED;
		return grammar_is(byte, GRAMMAR_TOKEN) ? EXTENSION_VALUE : BAD;
	case EXTENSION_VALUE:
		return grammar_is(byte, GRAMMAR_TOKEN) ? state : end_extension(byte);
	case EXTENSION_QUOTED:
		if (byte == '"')
			return EXTENSION_QUOTED_END;
		if (grammar_is_control(byte))
			return BAD;
		return byte == '\\' ? EXTENSION_ESCAPED : state;
	case EXTENSION_ESCAPED:
		return grammar_is_control(byte) ? BAD : EXTENSION_QUOTED;
	default: /* EXTENSION_QUOTED_END */
		return end_extension(byte);
	}
}

static enum chunked_state
read_trailer(enum chunked_state state, char byte)
{
	switch (state) {
	case TRAILER_FIRST:
		if (byte == '\r')
			return END_LF;
		return grammar_is(byte, GRAMMAR_TOKEN) ? TRAILER_NAME : BAD;
	case TRAILER_NAME:
		if (byte == ':')
			return TRAILER_VALUE;
		return grammar_is(byte, GRAMMAR_TOKEN) ? state : BAD;
	default: /* TRAILER_VALUE */
		if (byte == '\r')
			return TRAILER_LF;
		return grammar_is_control(byte) ? BAD : state;
	}
}

static enum chunked_state
read_line_end(struct h1_chunked *chunked, char byte)
{
	if (byte != (chunked->state == DATA_CR ? '\r' : '\n'))
		return BAD;
	switch (chunked->state) {
	case SIZE_LF:
		return chunked->chunk_left == 0 ? TRAILER_FIRST : DATA;
	case DATA_CR:
		return DATA_LF;
	case DATA_LF:
		chunked->digits = 0;
		return SIZE_FIRST;
	case TRAILER_LF:
		return TRAILER_FIRST;
	default: /* END_LF */
		return DONE;
	}
}

static enum chunked_state
read_extra(struct h1_chunked *chunked, char byte)
{
	enum chunked_state state = (enum chunked_state)chunked->state;

	if (++chunked->extra_size > EXTRA_SIZE_MAX)
		return BAD;
	if (state >= TRAILER_FIRST)
		return read_trailer(state, byte);
	if (state >= EXTENSION_VALUE_FIRST)
		return read_extension_value(state, byte);
	return read_extension_name(state, byte);
}

static enum chunked_state
read_framing(struct h1_chunked *chunked, char byte)
{
	switch (chunked->state) {
	case SIZE_FIRST:
	case SIZE:
		return read_size(chunked, byte);
	case SIZE_LF:
	case DATA_CR:
	case DATA_LF:
	case TRAILER_LF:
	case END_LF:
		return read_line_end(chunked, byte);
	case BAD:
		return BAD;
	default:
		return read_extra(chunked, byte);
	}
}

/* Move data to the front, and say how much it was. */
static size_t
read_data(struct h1_chunked *chunked, char *to, const char *from, size_t size)
{
	size_t run = chunked->chunk_left < size ? (size_t)chunked->chunk_left : size;

	if (to != from)
		memmove(to, from, run);
	chunked->chunk_left -= run;
	if (chunked->chunk_left == 0)
		chunked->state = DATA_CR;
	return run;
}

enum err
h1_chunked_decode(struct h1_chunked *chunked, char *bytes, size_t size, size_t *ret_decoded,
    size_t *ret_consumed, bool *ret_done)
{
	size_t decoded = 0, i = 0;

	while (i < size && chunked->state != DONE) {
		if (chunked->state == DATA) {
			size_t run = read_data(chunked, bytes + decoded, bytes + i, size - i);

			decoded += run;
			i += run;
			continue;
		}
		chunked->state = (int)read_framing(chunked, bytes[i++]);
		if (chunked->state == BAD)
			return ERR_BAD_REQUEST;
	}
	*ret_decoded = decoded;
	*ret_consumed = i;
	*ret_done = chunked->state == DONE;
	return OK;
}
