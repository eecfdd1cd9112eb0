#pragma once
/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "base/str.h"

/* The offset of the first byte that does not continue valid UTF-8, or str.size. */
size_t utf8_check(struct str str);
/* Code points of valid UTF-8. */
size_t utf8_length(struct str str);
/* The beginning of valid UTF-8: whole code points, in at most ${size_max} bytes. */
struct str utf8_cut(struct str str, size_t size_max);
/* Write the one to four bytes of ${code_point}, which is no surrogate and at most U+10FFFF; how many. */
size_t utf8_put(char *ret, uint32_t code_point);
