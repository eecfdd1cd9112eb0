#pragma once
/*
 * Accept (RFC 9110 §12.5.1): which of the media types that we could send the
 * client would like.  The most specific range that fits a type decides.
 */
#include "http/h1.h"

enum { ACCEPT_QUALITY_MAX = 1000 };

/*
 * The quality of ${type}, such as "text/csv" (lower case, without parameters), in thousandths;
 * 0 is not acceptable.  No Accept, an empty one or a malformed one accepts everything.  A
 * range with parameters (other than charset=utf-8) is for other variants of its type.
 */
int accept_quality(const struct h1_head *head, struct str type);

/* Does Accept name ${type} itself, not only by a range that holds it? */
bool accept_names(const struct h1_head *head, struct str type);

static inline bool
accept_admits(const struct h1_head *head, struct str type)
{
	return accept_quality(head, type) > 0;
}
