#pragma once
/*
 * If-Match and If-None-Match (RFC 9110 §13), against tags of ours: `"N"`, or
 * `"N.h"` for other shapes of the same record (http/etag.h); and against
 * files, which have a date as well.  Records have none, so conditions on dates
 * say nothing of them.
 *
 * The fields are checked once, when the request is read, and compared later,
 * as often as a transaction is run; until then the head must live.
 */
#include "http/h1.h"

enum condition {
	CONDITION_ABSENT,
	CONDITION_ANY,	/* `*` */
	CONDITION_TAGS, /* a list of tags, on one line or several */
};

struct conditional {
	const struct h1_head *head;
	enum condition if_match, if_none_match;
};

/* The number of a record that does not exist. */
enum { CONDITIONAL_NOTHING = -1 };

/* Check both fields; ERR_BAD_HEADER with a literal in *ret_detail where one is malformed. */
enum err conditional_parse(
    const struct h1_head *head, struct conditional *ret, const char **ret_detail) MUST_USE;

/*
 * Does If-Match hold for a record at ${number}?  True where it is absent.  Compares strongly,
 * and only N: whoever read any shape of a record at N may change it while it stands at N.
 */
bool conditional_if_match(const struct conditional *conditional, int64_t number);
/* Does If-None-Match hold for a write to a record at ${number}?  Compares weakly, and only N. */
bool conditional_if_none_match(const struct conditional *conditional, int64_t number);
/*
 * Does If-None-Match hold for a read whose answer has the tag ${etag} (`"N"` or `"N.h"`)?  False
 * is 304.  Compares weakly, and the whole tag.
 */
bool conditional_if_none_match_etag(const struct conditional *conditional, struct str etag);

enum file_condition {
	FILE_WANTED,
	FILE_UNMODIFIED, /* the client has it: 304 */
	FILE_UNEXPECTED, /* it is not as the client believes: 412 */
};

/*
 * What the conditions of a GET or HEAD make of a file with the tag ${etag} (in quotes), modified
 * at ${modified_s}: all four of them, in the order of RFC 9110 §13.2.2.
 */
enum file_condition conditional_file(
    const struct conditional *conditional, struct str etag, int64_t modified_s, int64_t now_s);
