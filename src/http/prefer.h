#pragma once
/*
 * Prefer (RFC 7240): what the client would like, without insisting.  Names
 * that we do not know, values that we do not know and malformed items are
 * ignored; of one name given twice the first counts.
 */
#include "http/h1.h"

enum prefer_return { PREFER_RETURN_DEFAULT, PREFER_RETURN_MINIMAL, PREFER_RETURN_REPRESENTATION };

struct prefer {
	enum prefer_return ret; /* return=minimal, return=representation */
	bool rollback;		/* tx=rollback: a dry run */
	int64_t max_affected;	/* max-affected=N, or -1 */
};

struct prefer prefer_parse(const struct h1_head *head);
