#pragma once
/*
 * Canonical JSON: equal values are equal bytes, whoever wrote them and whichever
 * database held them.  As RFC 8785, but for integers, which are exact here, and
 * for the order of names, which is that of code points.
 *
 *	{"b": 1.0, "a": [1e2, "\u0041"]}  ->  {"a":[100,"A"],"b":1}
 *
 * - no white space; members sorted by name, by code points
 * - a number that is an integer of 64 bits is written as one (also 1.0, 1e3, -0);
 *   any other is a double, by its shortest text; beyond doubles it is refused
 * - strings with the fewest escapes; U+0000 is refused, as no database here can hold it
 *
 * The canonical text of a canonical text is itself.
 */
#include "codec/json.h"

enum canonical_verdict { CANONICAL_GOOD, CANONICAL_NOT_FINITE, CANONICAL_HAS_NUL };

/* Append ${json} to ${buf}; what was appended before a refusal is of no use. */
enum canonical_verdict json_canonical(struct buf *buf, const struct json *json);
/*
 * The canonical text of ${text}, in ${arena}.  Where that cannot be (no JSON, or one that is
 * refused: a database may hold what others wrote), ${text} itself, copied.  data is NULL when
 * the arena's limit is reached.
 */
struct str json_canonical_text(struct arena *arena, struct str text);
