#include "codec/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
base64url_encode(struct buf *buf, const void *bytes, size_t size)
{
	const unsigned char *in = bytes, *end = size == 0 ? in : in + size;
	size_t out_size = size / 3 * 4 + (size % 3 == 0 ? 0 : size % 3 + 1);
	char *out = buf_room(buf, out_size);

	if (out == NULL)
		return;
	for (; end - in >= 3; in += 3) {
		*out++ = alphabet[in[0] >> 2];
		*out++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*out++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
		*out++ = alphabet[in[2] & 63];
	}
	if (end - in == 1) {
		*out++ = alphabet[in[0] >> 2];
		*out++ = alphabet[(in[0] & 3) << 4];
	} else if (end - in == 2) {
		*out++ = alphabet[in[0] >> 2];
		*out++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*out++ = alphabet[(in[1] & 15) << 2];
	}
	buf_grew(buf, out_size);
}

static int
digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool
base64url_decode(struct buf *buf, struct str text)
{
	size_t size = text.size / 4 * 3 + (text.size % 4 == 0 ? 0 : text.size % 4 - 1);
	uint32_t bits = 0;
	int bits_count = 0;
	char *out;

	if (text.size % 4 == 1)
		return false;
	if ((out = buf_room(buf, size)) == NULL)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		int digit = digit_of(text.data[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		bits_count += 6;
		if (bits_count >= 8) {
			bits_count -= 8;
			*out++ = (char)(bits >> bits_count & 0xFF);
		}
	}
	/* Two texts for the same bytes would be two spellings of one token. */
	if ((bits & ((UINT32_C(1) << bits_count) - 1)) != 0)
		return false;
	buf_grew(buf, size);
	return true;
}
