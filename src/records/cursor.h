#pragma once
/*
 * A cursor says where a page of a list ended: the values of its sort keys in
 * the last row, the id at the end.  Clients see an opaque text; only this
 * server can make one.
 *
 *	base64url( shape 8 | key, key, … | MAC 16 )
 *
 *	shape	hash of the collection, the filter and the sort it belongs to
 *	key	a byte 0: null
 *		a byte 1 + enum value_kind, then the value, big-endian:
 *		BOOL 1; INT, TIME, DATE, DECIMAL and REAL (its bits) 8; UUID 16;
 *		TEXT 4 for its size and the bytes
 *	MAC	HMAC-SHA256 of all before it, cut to 16 bytes
 *
 * Reading is total: any bytes are a value or an error, whether or not somebody
 * knows the secret.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"

enum { CURSOR_SHAPE_SIZE = 8, CURSOR_MAC_SIZE = 16 };

/* What stands at one place of a cursor. */
struct cursor_key {
	enum value_kind kind; /* any but JSON */
	bool nullable;
	unsigned scale; /* DECIMAL */
};

/* Append the cursor of ${values} to ${buf}. */
void cursor_write(
    struct buf *buf, struct str secret, uint64_t shape, const struct value *values, size_t count);

enum cursor_verdict {
	CURSOR_GOOD,
	CURSOR_BROKEN, /* not made by us: cut off, altered, of another server */
	CURSOR_FOREIGN, /* ours, of another list */
	CURSOR_TOO_LARGE, /* the arena's limit is reached */
};

/* Read ${text} into ${ret}, one value for each of ${keys}; texts lie in ${arena}. */
enum cursor_verdict cursor_read(struct arena *arena, struct str text, struct str secret,
    uint64_t shape, const struct cursor_key *keys, size_t count, struct value *ret) MUST_USE;
