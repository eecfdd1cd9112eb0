#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK_SIZE = 16 * 1024, ALIGNMENT = alignof(max_align_t) };

struct arena_block {
	struct arena_block *older;
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct arena_deferred {
	struct arena_deferred *older;
	void (*run)(void *arg);
	void *arg;
};

void
arena_init(struct arena *arena, size_t size_max)
{
	arena_init_blocks(arena, size_max, BLOCK_SIZE);
}

void
arena_init_blocks(struct arena *arena, size_t size_max, size_t block_size)
{
	*arena = (struct arena){ .size_max = size_max, .block_size = block_size };
}

static void
run_deferred(struct arena *arena)
{
	for (; arena->deferred != NULL; arena->deferred = arena->deferred->older)
		arena->deferred->run(arena->deferred->arg);
}

void
arena_release(struct arena *arena)
{
	run_deferred(arena);
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->older;
		free(block);
	}
	arena_init_blocks(arena, arena->size_max, arena->block_size);
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *block;

	run_deferred(arena);
	while ((block = arena->blocks) != NULL && block->older != NULL) {
		arena->blocks = block->older;
		free(block);
	}
	/* The oldest block may be an outsized one; only the usual size is worth keeping. */
	if (block == NULL || block->size != arena->block_size) {
		arena_release(arena);
		return;
	}
	arena->free = block->bytes;
	arena->end = block->bytes + block->size;
	arena->size = block->size;
}

static bool
add_block(struct arena *arena, size_t needed)
{
	size_t size = needed > arena->block_size ? needed : arena->block_size;
	struct arena_block *block;

	if (size > arena->size_max || arena->size > arena->size_max - size)
		return false;
	block = memory_resize(NULL, sizeof(*block) + size);
	block->older = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->free = block->bytes;
	arena->end = block->bytes + size;
	arena->size += size;
	return true;
}

void *
arena_new(struct arena *arena, size_t size)
{
	size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	void *memory;

	if (rounded < size)
		return NULL;
	if ((size_t)(arena->end - arena->free) < rounded && !add_block(arena, rounded))
		return NULL;
	memory = arena->free;
	arena->free += rounded;
	return memset(memory, 0, size);
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return arena_new(arena, total == 0 ? 1 : total);
}

struct str
arena_str(struct arena *arena, struct str str)
{
	char *copy = arena_new(arena, str.size + 1);

	if (copy == NULL)
		return (struct str){ 0 };
	if (str.size > 0)
		memcpy(copy, str.data, str.size);
	return (struct str){ copy, str.size };
}

bool
arena_defer(struct arena *arena, void (*run)(void *arg), void *arg)
{
	struct arena_deferred *deferred = arena_new(arena, sizeof(*deferred));

	if (deferred == NULL)
		return false;
	*deferred = (struct arena_deferred){ arena->deferred, run, arg };
	arena->deferred = deferred;
	return true;
}
