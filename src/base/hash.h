#pragma once
/* A fast hash of bytes for caches and lanes; not for tables whose keys outsiders choose. */
#include "base/str.h"

uint64_t hash_bytes(const void *bytes, size_t size);

static inline uint64_t
hash_str(struct str str)
{
	return hash_bytes(str.data, str.size);
}
