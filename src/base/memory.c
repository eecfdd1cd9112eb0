#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
must(void *memory)
{
	if (memory == NULL) {
		fputs("caisson: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *
memory_new(size_t size)
{
	return must(calloc(1, size == 0 ? 1 : size));
}

void *
memory_resize(void *memory, size_t size)
{
	return must(realloc(memory, size == 0 ? 1 : size));
}

char *
memory_copy(const void *bytes, size_t size)
{
	char *copy = must(malloc(size + 1));

	if (size > 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}
