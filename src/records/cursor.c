#include "records/cursor.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/time.h"
#include "codec/utf8.h"
#include "crypto/hash.h"

enum { NULL_TAG = 0, INT_SIZE = 8, TEXT_SIZE_SIZE = 4, UUID_SIZE = 16, CURSOR_SIZE_MAX = 64 << 20 };

static void
add_number(struct buf *buf, uint64_t number, size_t size)
{
	while (size-- > 0)
		buf_add_byte(buf, (char)(number >> (8 * size) & 0xff));
}

static void
add_value(struct buf *buf, const struct value *value)
{
	uint64_t bits;

	if (value->kind == VALUE_NULL) {
		buf_add_byte(buf, NULL_TAG);
		return;
	}
	buf_add_byte(buf, (char)(1 + value->kind));
	switch (value->kind) {
	case VALUE_BOOL:
		buf_add_byte(buf, value->boolean);
		break;
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
	case VALUE_DECIMAL:
		add_number(buf, (uint64_t)value->integer, INT_SIZE);
		break;
	case VALUE_REAL:
		memcpy(&bits, &value->real, sizeof(bits));
		add_number(buf, bits, sizeof(bits));
		break;
	case VALUE_TEXT:
		add_number(buf, value->text.size, TEXT_SIZE_SIZE);
		buf_add_str(buf, value->text);
		break;
	case VALUE_UUID:
		buf_add(buf, value->uuid.bytes, UUID_SIZE);
		break;
	case VALUE_NULL:
	case VALUE_JSON:
		assert(value->kind == VALUE_NULL); /* lists are not sorted by it */
	}
}

void
cursor_write(
    struct buf *buf, struct str secret, uint64_t shape, const struct value *values, size_t count)
{
	uint8_t mac[SHA256_SIZE];
	struct buf bytes;

	buf_init(&bytes, CURSOR_SIZE_MAX);
	add_number(&bytes, shape, CURSOR_SHAPE_SIZE);
	for (size_t i = 0; i < count; i++)
		add_value(&bytes, &values[i]);
	hmac_sha256(secret, buf_str(&bytes), mac);
	buf_add(&bytes, mac, CURSOR_MAC_SIZE);
	if (bytes.err == OK)
		base64url_encode(buf, bytes.data, bytes.size);
	else if (buf->err == OK)
		buf->err = bytes.err;
	buf_release(&bytes);
}

/* --- reading --------------------------------------------------------- */

/* Take ${size} bytes off the front; false where there are not so many. */
static bool
take(struct str *rest, size_t size, struct str *ret)
{
	if (rest->size < size)
		return false;
	*ret = str_slice(*rest, 0, size);
	*rest = str_slice(*rest, size, rest->size);
	return true;
}

static bool
take_number(struct str *rest, size_t size, uint64_t *ret)
{
	struct str bytes;
	uint64_t number = 0;

	if (!take(rest, size, &bytes))
		return false;
	for (size_t i = 0; i < size; i++)
		number = number << 8 | (uint8_t)bytes.data[i];
	*ret = number;
	return true;
}

static bool
take_text(struct str *rest, struct str *ret)
{
	uint64_t size;

	/* The database takes no U+0000, and nothing but UTF-8. */
	return take_number(rest, TEXT_SIZE_SIZE, &size) && take(rest, size, ret) &&
	       str_find_byte(*ret, '\0') == ret->size && utf8_check(*ret) == ret->size;
}

static bool
take_plain(struct str *rest, const struct cursor_key *key, struct value *ret)
{
	uint64_t number;
	struct str bytes;

	*ret = (struct value){ .kind = key->kind, .scale = (uint8_t)key->scale };
	switch (key->kind) {
	case VALUE_BOOL:
		if (!take_number(rest, 1, &number) || number > 1)
			return false;
		ret->boolean = number == 1;
		return true;
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
	case VALUE_DECIMAL:
		if (!take_number(rest, INT_SIZE, &number))
			return false;
		ret->integer = (int64_t)number;
		return key->kind != VALUE_DATE ||
		       (ret->integer >= date_days_min && ret->integer <= date_days_max);
	case VALUE_REAL:
		if (!take_number(rest, sizeof(number), &number))
			return false;
		memcpy(&ret->real, &number, sizeof(number));
		return isfinite(ret->real);
	case VALUE_TEXT:
		return take_text(rest, &ret->text);
	case VALUE_UUID:
		if (!take(rest, UUID_SIZE, &bytes))
			return false;
		memcpy(ret->uuid.bytes, bytes.data, UUID_SIZE);
		return true;
	case VALUE_NULL:
	case VALUE_JSON:
		break;
	}
	return false;
}

static bool
take_value(struct str *rest, const struct cursor_key *key, struct value *ret)
{
	uint64_t tag;

	if (!take_number(rest, 1, &tag))
		return false;
	if (tag == NULL_TAG) {
		*ret = value_null();
		return key->nullable;
	}
	return tag == 1 + (uint64_t)key->kind && take_plain(rest, key, ret);
}

/* The bytes below the MAC, in the arena; their sender had the secret. */
static enum cursor_verdict
open_seal(struct arena *arena, struct str text, struct str secret, struct str *ret)
{
	uint8_t mac[SHA256_SIZE];
	enum cursor_verdict verdict = CURSOR_BROKEN;
	struct buf bytes;
	struct str body;

	buf_init(&bytes, text.size + 1);
	if (base64url_decode(&bytes, text) && bytes.size >= CURSOR_SHAPE_SIZE + CURSOR_MAC_SIZE) {
		body = str_slice(buf_str(&bytes), 0, bytes.size - CURSOR_MAC_SIZE);
		hmac_sha256(secret, body, mac);
		if (bytes_equal_constant_time(mac, body.data + body.size, CURSOR_MAC_SIZE)) {
			*ret = arena_str(arena, body);
			verdict = ret->data == NULL ? CURSOR_TOO_LARGE : CURSOR_GOOD;
		}
	}
	buf_release(&bytes);
	return verdict;
}

enum cursor_verdict
cursor_read(struct arena *arena, struct str text, struct str secret, uint64_t shape,
    const struct cursor_key *keys, size_t count, struct value *ret)
{
	struct str rest = { 0 };
	uint64_t found;
	enum cursor_verdict verdict = open_seal(arena, text, secret, &rest);

	if (verdict != CURSOR_GOOD)
		return verdict;
	if (!take_number(&rest, CURSOR_SHAPE_SIZE, &found))
		return CURSOR_BROKEN;
	if (found != shape)
		return CURSOR_FOREIGN;
	for (size_t i = 0; i < count; i++)
		if (!take_value(&rest, &keys[i], &ret[i]))
			return CURSOR_BROKEN;
	return rest.size == 0 ? CURSOR_GOOD : CURSOR_BROKEN;
}
