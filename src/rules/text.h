#pragma once
/* What the language does with texts. */
#include "base/str.h"

/* ASCII letters in lower case to ${ret}, as many bytes. */
void text_lower(struct str text, char *ret);
bool text_ends_with(struct str text, struct str end);
bool text_contains(struct str text, struct str part);
/*
 * The first text, in order of code points, behind all that start with
 * ${prefix}, which is not empty: to ${ret}, at least as long; its size, or 0
 * where there is none.
 */
size_t text_behind(struct str prefix, char *ret);
