#pragma once
/*
 * Server-sent events (HTML standard, 9.2), as text:
 *
 *	event: entered
 *	data: {"id":…}
 *	id: 12
 *	<empty line>
 *
 * A block stays open until sse_end(), so that what comes last can still get
 * the id.  An id alone, without data, tells a reader its place and nothing else.
 */
#include "base/buf.h"

/* ${data} is JSON on one line. */
void sse_event(struct buf *buf, const char *name, struct str data);
void sse_id(struct buf *buf, int64_t id);
/* How long a reader waits before it connects again. */
void sse_retry(struct buf *buf, int64_t retry_ms);
void sse_comment(struct buf *buf, const char *text);
void sse_end(struct buf *buf);
