/*
 * Any bytes as a chunked body: decoded whole, byte by byte and in pieces whose
 * size the first byte gives, the bytes, the end and the verdict must be the same.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/h1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct body {
	char *bytes;
	size_t decoded, consumed;
	bool done;
	enum err err;
};

static struct body
decode(const uint8_t *data, size_t size, size_t step)
{
	struct body body = { .bytes = memory_new(size + 1) };
	struct h1_chunked chunked = { 0 };

	while (body.err == OK && !body.done && body.consumed < size) {
		size_t left = size - body.consumed, piece = step < left ? step : left;
		size_t decoded = 0, consumed = 0;
		char *bytes = memory_new(piece);

		memcpy(bytes, data + body.consumed, piece);
		body.err = h1_chunked_decode(&chunked, bytes, piece, &decoded, &consumed, &body.done);
		assert(decoded <= consumed && consumed <= piece);
		assert(body.err != OK || body.done || consumed == piece);
		memcpy(body.bytes + body.decoded, bytes, decoded);
		body.decoded += decoded;
		body.consumed += consumed;
		free(bytes);
	}
	return body;
}

static void
compare(const struct body *a, const struct body *b)
{
	assert(a->err == b->err);
	if (a->err != OK)
		return;
	assert(a->done == b->done && a->consumed == b->consumed && a->decoded == b->decoded);
	assert(memcmp(a->bytes, b->bytes, a->decoded) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t steps[] = { 1, 0 };
	struct body whole;

	if (size == 0)
		return 0;
	steps[1] = (size_t)data[0] + 2;
	data++, size--;
	whole = decode(data, size, size);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct body pieces = decode(data, size, steps[i]);

		compare(&whole, &pieces);
		free(pieces.bytes);
	}
	free(whole.bytes);
	return 0;
}
