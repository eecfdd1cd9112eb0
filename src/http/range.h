#pragma once
/*
 * Range and If-Range (RFC 9110 §13.1.5, §14): one part of a content whose size
 * is known.  Only one range of bytes is served; a set of several, another
 * unit, and what is malformed mean the whole.
 */
#include "base/str.h"

enum range {
	RANGE_WHOLE, /* send all of it, as if there were no Range */
	RANGE_PART,
	RANGE_NONE, /* it begins behind the end: 416 */
};

/* What ${text} asks for of ${size} bytes; with RANGE_PART *ret_first and *ret_end, which is behind it. */
enum range range_parse(struct str text, size_t size, size_t *ret_first, size_t *ret_end);

/*
 * Does If-Range: ${text} name the content with the strong tag ${etag} (in quotes), modified at
 * ${modified_s}?  Else the whole is sent.
 */
bool range_is_of(struct str text, struct str etag, int64_t modified_s, int64_t now_s);
