#pragma once
/*
 * An arena is memory that lives exactly as long as one request (or one app
 * file): many allocations, one release.  It is born with its limit.
 *
 *	blocks:  [16 KiB] -> [16 KiB] -> [as large as one allocation needed]
 *
 * One thread at a time.  arena_reset() keeps the first block, so that a
 * connection's next request starts without malloc.
 */
#include "base/str.h"

struct arena_block;
struct arena_deferred;
struct arena {
	struct arena_block *blocks; /* newest first */
	char *free, *end;	    /* what is left of the newest block */
	struct arena_deferred *deferred;
	size_t size, size_max; /* bytes in all blocks, and their limit */
	size_t block_size;     /* of the usual block */
};

void arena_init(struct arena *arena, size_t size_max);
/* The same with blocks of ${block_size} bytes, for what is many and small. */
void arena_init_blocks(struct arena *arena, size_t size_max, size_t block_size);
/* Run what was deferred, newest first; then free all. */
void arena_release(struct arena *arena);
/* The same, but one block is kept for the next use. */
void arena_reset(struct arena *arena);
/* ${size} zeroed bytes, aligned for any type; NULL when the limit is reached. */
void *arena_new(struct arena *arena, size_t size) __attribute__((malloc));
/* An array of ${count} items of ${size} bytes; NULL when the limit is reached. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy of ${str}, with a NUL behind it (not counted); data is NULL when the limit is reached. */
struct str arena_str(struct arena *arena, struct str str);
/* Call ${run}(${arg}) when the arena is released or reset; false when the limit is reached. */
bool arena_defer(struct arena *arena, void (*run)(void *arg), void *arg);
