/*
 * Any bytes as a cursor, and as the inside of a cursor that we sealed: a value
 * or an error, and what was read is written as the same cursor.
 *
 *	byte 0: how many keys, at most 7; then a byte for the kind of each; the rest
 */
#include <assert.h>
#include <string.h>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "records/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS_MAX = 7, SIZE_MAX_BYTES = 1 << 16 };

static const struct str secret = { "secret", 6 };
static const uint64_t shape = 0x0123456789abcdef;

static void
read_any(struct str text, const struct cursor_key *keys, size_t count, bool must_return)
{
	struct value values[KEYS_MAX];
	struct arena arena;
	struct buf again;

	arena_init(&arena, 4 * SIZE_MAX_BYTES);
	buf_init(&again, 4 * SIZE_MAX_BYTES);
	if (cursor_read(&arena, text, secret, shape, keys, count, values) == CURSOR_GOOD) {
		assert(must_return);
		cursor_write(&again, secret, shape, values, count);
		assert(str_equal(buf_str(&again), text));
	}
	buf_release(&again);
	arena_release(&arena);
}

static void
read_sealed(struct str body, const struct cursor_key *keys, size_t count)
{
	uint8_t mac[SHA256_SIZE];
	struct buf bytes, text;

	buf_init(&bytes, 2 * SIZE_MAX_BYTES);
	buf_init(&text, 4 * SIZE_MAX_BYTES);
	for (int shift = 56; shift >= 0; shift -= 8)
		buf_add_byte(&bytes, (char)(shape >> shift & 0xff));
	buf_add_str(&bytes, body);
	hmac_sha256(secret, buf_str(&bytes), mac);
	buf_add(&bytes, mac, CURSOR_MAC_SIZE);
	base64url_encode(&text, bytes.data, bytes.size);
	read_any(buf_str(&text), keys, count, true);
	buf_release(&bytes);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum value_kind kinds[] = { VALUE_BOOL, VALUE_INT, VALUE_TIME, VALUE_TEXT,
		VALUE_UUID, VALUE_REAL, VALUE_DATE, VALUE_DECIMAL };
	struct cursor_key keys[KEYS_MAX];
	size_t count = size == 0 ? 0 : data[0] % (KEYS_MAX + 1);
	struct str rest;

	if (size < 1 + count || size > SIZE_MAX_BYTES)
		return 0;
	for (size_t i = 0; i < count; i++) {
		keys[i].kind = kinds[data[1 + i] % COUNT(kinds)];
		keys[i].nullable = data[1 + i] >= 128;
		keys[i].scale = keys[i].kind == VALUE_DECIMAL ? 2 : 0;
	}
	rest = (struct str){ (const char *)data + 1 + count, size - 1 - count };
	read_any(rest, keys, count, false);
	read_sealed(rest, keys, count);
	return 0;
}
