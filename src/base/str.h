#pragma once
/*
 * A str is a borrowed run of bytes with its length: a slice of a request, a
 * name of the app file, a literal.  It owns nothing and need not end in NUL.
 * It is passed by value; it is valid as long as what it points into.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *data;
	size_t size; /* bytes */
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf: "%.*s", STR_ARGS(str). */
#define STR_ARGS(str) (int)(str).size, (str).data
#define CONTAINER(ptr, type, field) ((type *)(void *)((char *)(ptr)-offsetof(type, field)))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct str str_from(const char *c_string);
bool str_equal(struct str a, struct str b);
bool str_is(struct str str, const char *c_string);
/* ASCII letters compare alike in either case. */
bool str_equal_nocase(struct str a, struct str b);
/* Byte order; a prefix sorts first.  <0, 0, >0. */
int str_compare(struct str a, struct str b);
bool str_starts_with(struct str str, struct str prefix);
/* The offset of the first ${byte}, or str.size. */
size_t str_find_byte(struct str str, char byte);
struct str str_slice(struct str str, size_t from, size_t to);
/* Without spaces and tabs (RFC 9110 OWS) at both ends. */
struct str str_trim(struct str str);
/* Take the part up to ${separator} off the front of ${rest}; false when nothing is left. */
bool str_split(struct str *rest, char separator, struct str *ret);
/* The value of a hexadecimal digit in either case, or -1. */
int hex_digit(char c);
/* A whole decimal int64: an optional minus, digits, no leading zeros, nothing else. */
bool str_to_int(struct str str, int64_t *ret);
