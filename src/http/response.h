#pragma once
/*
 * The head of an answer, written into a buf in the order in which it is sent:
 *
 *	response_begin -> response_field, _field_int, _content, _chunked, _close ... -> response_end
 *
 * then the body, by whoever has it.  Errors are kept by the buf: look at its
 * `err` once, behind response_end().  A value with a control character in it
 * (which could end the field and begin another, or another answer) sets
 * ERR_INTERNAL and is not written; a name is ours, so it asserts.
 */
#include "base/buf.h"

enum { RESPONSE_DATE_SIZE = 29 };

/* The reason phrase of ${status}, or data NULL where status.def has none. */
struct str response_reason(int status);

/*
 * The status line, X-Content-Type-Options and Date.  ${status} stands in status.def; ${date} is an IMF-fixdate of 29
 * bytes, such as "Sun, 06 Nov 1994 08:49:37 GMT", or has data NULL for none.
 */
void response_begin(struct buf *buf, int status, struct str date);
void response_field(struct buf *buf, struct str name, struct str value);
void response_field_int(struct buf *buf, struct str name, int64_t value);
/* ETag: "${number}". */
void response_etag(struct buf *buf, int64_t number);
/* Content-Type, unless ${type}.data is NULL, and Content-Length. */
void response_content(struct buf *buf, struct str type, size_t size);
/* Content-Type and Transfer-Encoding: chunked; the body is written by response_chunk(). */
void response_chunked(struct buf *buf, struct str type);
/* Connection: close. */
void response_close(struct buf *buf);
/* The empty line behind the last field. */
void response_end(struct buf *buf);

/* One chunk with ${data}; nothing when it is empty, because that would be the end. */
void response_chunk(struct buf *buf, struct str data);
/* The last chunk, without trailers. */
void response_last_chunk(struct buf *buf);
/* All of "100 Continue". */
void response_continue(struct buf *buf);
