#include "base/hash.h"

#include <string.h>

/* Eight bytes a step, folded by a 128-bit product (the idea of wyhash). */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t
hash_bytes(const void *bytes, size_t size)
{
	const char *at = bytes;
	uint64_t hash = size ^ 0x9e3779b97f4a7c15u, word;

	for (size_t left = size; left > 0;) {
		size_t step = left < sizeof(word) ? left : sizeof(word);

		word = 0;
		memcpy(&word, at, step);
		hash = mix(hash ^ word, 0xd6e8feb86659fd93u);
		at += step;
		left -= step;
	}
	return mix(hash, 0xa0761d6478bd642fu);
}
