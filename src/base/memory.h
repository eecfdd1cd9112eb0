#pragma once
/*
 * Memory of the process.  These never return NULL: a server that cannot have a
 * few kilobytes more has no honest answer left, so they print one line and
 * abort (nothing that was acknowledged is lost by that).  What a client can
 * make large is bounded by a limit of its own, long before.
 */
#include <stddef.h>

/* Zeroed.  Freed with free(). */
void *memory_new(size_t size);
void *memory_resize(void *memory, size_t size);
/* A copy of ${size} bytes with a NUL behind it. */
char *memory_copy(const void *bytes, size_t size);
