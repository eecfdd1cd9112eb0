#pragma once
/*
 * The smallest words of HTTP fields (RFC 9110 §5.6): which byte may stand
 * where, and functions that take one word off the front of a text.
 *
 * The take functions leave ${rest} behind what they took; on false they took
 * nothing.
 */
#include "base/str.h"

enum grammar_class {
	GRAMMAR_TOKEN = 1,  /* method, field name, list item */
	GRAMMAR_TARGET = 2, /* visible ASCII without '#' */
	GRAMMAR_HOST = 4,   /* RFC 3986 reg-name without its percent escapes */
	GRAMMAR_HEX = 8,
};

extern const uint8_t grammar_classes[256];

static inline bool
grammar_is(char byte, enum grammar_class class)
{
	return (grammar_classes[(unsigned char)byte] & class) != 0;
}

/* A control character, DEL included, other than the tab that field values may hold. */
static inline bool
grammar_is_control(char byte)
{
	return ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* The offset of the first control character, or ${size}. */
size_t grammar_find_control(const char *bytes, size_t size);

/* Spaces and tabs. */
void grammar_skip_space(struct str *rest);
bool grammar_take_byte(struct str *rest, char byte);
bool grammar_take_token(struct str *rest, struct str *ret);
/* A quoted string; *ret is what stands between the quotes, escapes kept. */
bool grammar_take_quoted(struct str *rest, struct str *ret);
/* A token or a quoted string. */
bool grammar_take_word(struct str *rest, struct str *ret);

enum grammar_next { GRAMMAR_ONE, GRAMMAR_END, GRAMMAR_BAD };

/*
 * The next of the parameters `;name=word;name=word` behind a media type.
 * Empty ones are skipped; at the end ${rest} stands behind the spaces.
 */
enum grammar_next grammar_next_parameter(
    struct str *rest, struct str *ret_name, struct str *ret_value);
