#pragma once
/*
 * A buf is bytes that grow, up to the limit that it was born with.  It keeps
 * its first error: add ten times, look at `err` once.  After an error adding
 * does nothing, and what was added before stays.
 *
 * One owner, one thread at a time.  Running out of memory ends the process;
 * running into ${size_max} is ERR_TOO_LARGE.
 */
#include "base/err.h"
#include "base/str.h"

struct buf {
	char *data;
	size_t size, capacity; /* bytes in use, bytes there */
	size_t size_max;
	enum err err;
};

void buf_init(struct buf *buf, size_t size_max);
void buf_release(struct buf *buf);
/* Empty again, memory and limit kept, error forgotten. */
void buf_clear(struct buf *buf);
/* Cut back to ${size} bytes. */
void buf_truncate(struct buf *buf, size_t size);
/* Drop the first ${size} bytes. */
void buf_consume(struct buf *buf, size_t size);
struct str buf_str(const struct buf *buf);

/* Room for ${more} bytes at the end, to be written and then counted with buf_grew(); NULL on error. */
char *buf_room(struct buf *buf, size_t more);
void buf_grew(struct buf *buf, size_t more);

void buf_add(struct buf *buf, const void *bytes, size_t size);
void buf_add_str(struct buf *buf, struct str str);
void buf_add_c(struct buf *buf, const char *c_string);
void buf_add_byte(struct buf *buf, char byte);
void buf_add_int(struct buf *buf, int64_t value); /* decimal */
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
