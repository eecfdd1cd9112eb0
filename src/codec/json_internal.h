#pragma once
/*
 * Inside JSON: the parser's state, and what reading and writing strings share.
 * json_parse.c is the structure (values in arrays and objects), json_scan.c the
 * strings and numbers, json_write.c the way back.
 */
#include <endian.h>
#include <string.h>

#include "codec/json.h"

#define JSON_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * The first byte from ${at} that is a control character, '"' or '\\', or ${end}.
 *
 * Eight bytes at a time: subtracting borrows into a byte's high bit exactly
 * where the byte was smaller (or, after the exclusive or, zero).  A borrow may
 * run on and mark a later byte wrongly, never the first, which is all we ask.
 */
static inline const char *
json_find_special(const char *at, const char *end)
{
	uint64_t word, marks;

	for (; end - at >= 8; at += 8) {
		memcpy(&word, at, 8);
		word = le64toh(word);
		marks = (word - JSON_EACH_BYTE(0x20)) |
			((word ^ JSON_EACH_BYTE('"')) - JSON_EACH_BYTE(1)) |
			((word ^ JSON_EACH_BYTE('\\')) - JSON_EACH_BYTE(1));
		marks &= ~word & JSON_EACH_BYTE(0x80);
		if (marks != 0)
			return at + __builtin_ctzll(marks) / 8;
	}
	while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')
		at++;
	return at;
}

/*
 * Items wait on a stack until their array or object ends and their number is
 * known; then they move into the arena together.
 *
 *	[1, [2, 3      stack: | 1 | 2 | 3 |
 *	               bases:   ^   ^
 */
enum { JSON_STACK_FIRST_SIZE = 4096 };

struct json_parser {
	struct arena *arena;
	const char *start, *at, *end;
	int depth, depth_max;
	char *stack, *stack_heap; /* the heap one, once stack_first is too small */
	size_t stack_size, stack_capacity;
	enum err err;
	struct json_error error;
	_Alignas(struct json_member) char stack_first[JSON_STACK_FIRST_SIZE];
};

/* The next byte, or -1 at the end. */
static inline int
json_peek(const struct json_parser *parser)
{
	return parser->at < parser->end ? (unsigned char)*parser->at : -1;
}

static inline bool
json_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Each keeps the error in the parser and returns false. */
bool json_fail(struct json_parser *parser, const char *at, const char *detail);
/* Something else than ${expected} stands here: say what, where people often go wrong. */
bool json_fail_here(struct json_parser *parser, const char *expected);
bool json_fail_too_large(struct json_parser *parser);

/* The string whose opening quote is here; `at` moves behind the closing one. */
bool json_parse_string(struct json_parser *parser, struct str *ret);
/* The number whose minus or first digit is here. */
bool json_parse_number(struct json_parser *parser, struct json *ret);
