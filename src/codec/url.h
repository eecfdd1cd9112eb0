#pragma once
/* Percent-encoding and query strings (RFC 3986; in a query '+' is a space, as forms write it). */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct url_parameter {
	struct str name, value; /* decoded, valid UTF-8 without U+0000 */
};

/*
 * Decode ${text} into the arena.  ERR_BAD_REQUEST: a bad escape, invalid UTF-8, U+0000;
 * ERR_TOO_LARGE: the arena's limit is reached.
 * A text without escapes is returned as it is.
 */
enum err url_decode(struct arena *arena, struct str text, bool plus_is_space, struct str *ret) MUST_USE;
/*
 * Split and decode "a=1&b=2"; "a" alone has an empty value; empty parts are skipped.
 * Errors as above, and ERR_BAD_PARAMETER for a name given twice or a 65th parameter, whose
 * name then stands in ${ret_bad}.
 */
enum err url_parse_query(struct arena *arena, struct str query, struct url_parameter **ret,
    size_t *ret_count, struct str *ret_bad) MUST_USE;
/* Append ${text} with everything but unreserved characters escaped. */
void url_encode(struct buf *buf, struct str text);
