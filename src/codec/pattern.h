#pragma once
/*
 * Patterns: regular expressions of PCRE2 over valid UTF-8.  They find where
 * they are not anchored; `$` is the very end (not also before a last newline),
 * \d and \w are ASCII.  A compiled pattern is immutable and may be used by any
 * thread.  Matching has limits of steps and memory, so that no text and no
 * pattern can hold a thread: what runs into one does not match.
 */
#include "base/str.h"

enum {
	PATTERN_SIZE_MAX = 1000,
	PATTERN_STEPS_MAX = 100000, /* a few milliseconds */
	PATTERN_MEMORY_KIB_MAX = 1024,
	PATTERN_DETAIL_SIZE = 160,
};

struct pattern;

/*
 * Compile ${text}, of at most PATTERN_SIZE_MAX bytes.  NULL with the offset in
 * bytes and what is wrong there, a C string.
 */
struct pattern *
pattern_new(struct str text, size_t *ret_offset, char ret_detail[PATTERN_DETAIL_SIZE]);
void pattern_free(struct pattern *pattern);
bool pattern_matches(const struct pattern *pattern, struct str text);
