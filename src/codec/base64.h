#pragma once
/* base64url without padding (RFC 4648 5). */
#include "base/buf.h"

void base64url_encode(struct buf *buf, const void *bytes, size_t size);
/*
 * Append the bytes; false (nothing added) for a foreign character, padding, a
 * length that cannot be, unused bits set, or the buf's limit.
 */
bool base64url_decode(struct buf *buf, struct str text);
