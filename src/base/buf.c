#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_CAPACITY = 256 };

void
buf_init(struct buf *buf, size_t size_max)
{
	*buf = (struct buf){ .size_max = size_max };
}

void
buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ .size_max = buf->size_max };
}

void
buf_clear(struct buf *buf)
{
	buf->size = 0;
	buf->err = OK;
}

void
buf_truncate(struct buf *buf, size_t size)
{
	assert(size <= buf->size);
	buf->size = size;
}

void
buf_consume(struct buf *buf, size_t size)
{
	assert(size <= buf->size);
	if (size < buf->size)
		memmove(buf->data, buf->data + size, buf->size - size);
	buf->size -= size;
}

struct str
buf_str(const struct buf *buf)
{
	return (struct str){ buf->data, buf->size };
}

static void
grow(struct buf *buf, size_t needed)
{
	size_t capacity = buf->capacity == 0 ? FIRST_CAPACITY : buf->capacity;

	while (capacity < needed)
		capacity *= 2;
	buf->data = memory_resize(buf->data, capacity);
	buf->capacity = capacity;
}

char *
buf_room(struct buf *buf, size_t more)
{
	if (buf->err != OK)
		return NULL;
	if (more > buf->size_max || buf->size > buf->size_max - more) {
		buf->err = ERR_TOO_LARGE;
		return NULL;
	}
	if (buf->data == NULL || buf->capacity - buf->size < more)
		grow(buf, buf->size + more);
	return buf->data + buf->size;
}

void
buf_grew(struct buf *buf, size_t more)
{
	assert(more <= buf->capacity - buf->size);
	buf->size += more;
}

void
buf_add(struct buf *buf, const void *bytes, size_t size)
{
	char *room;

	if (size == 0 || (room = buf_room(buf, size)) == NULL)
		return;
	memcpy(room, bytes, size);
	buf->size += size;
}

void
buf_add_str(struct buf *buf, struct str str)
{
	buf_add(buf, str.data, str.size);
}

void
buf_add_c(struct buf *buf, const char *c_string)
{
	buf_add(buf, c_string, strlen(c_string));
}

void
buf_add_byte(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void
buf_add_int(struct buf *buf, int64_t value)
{
	char digits[20], *first = digits + sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--first = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*--first = '-';
	buf_add(buf, first, (size_t)(digits + sizeof(digits) - first));
}

void
buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int size;
	char *room;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(size >= 0);
	if ((room = buf_room(buf, (size_t)size + 1)) == NULL)
		return;
	va_start(args, format);
	vsnprintf(room, (size_t)size + 1, format, args);
	va_end(args);
	buf->size += (size_t)size;
}
