#include "http/response.h"

#include <assert.h>
#include <string.h>

#include "http/etag.h"
#include "http/grammar.h"

#define FIRST_FIELDS "X-Content-Type-Options: nosniff\r\n"

/* Whole status lines and what stands in every answer, so that the hot path copies one run of bytes. */
static struct str
status_line(int status)
{
	switch (status) {
#define STATUS(number, reason) \
	case number: \
		return STR("HTTP/1.1 " #number " " reason "\r\n" FIRST_FIELDS);
#include "http/status.def"
#undef STATUS
	default:
		return (struct str){ 0 };
	}
}

struct str
response_reason(int status)
{
	struct str line = status_line(status);

	return line.data == NULL ? line : str_slice(line, sizeof("HTTP/1.1 200"), str_find_byte(line, '\r'));
}

static char *
put(char *to, const void *bytes, size_t size)
{
	memcpy(to, bytes, size);
	return to + size;
}

static bool
is_token(struct str text)
{
	struct str token, rest = text;

	return grammar_take_token(&rest, &token) && rest.size == 0;
}

static void
add_field(struct buf *buf, struct str name, const char *value, size_t size)
{
	char *at = buf_room(buf, name.size + size + 4);

	if (at == NULL)
		return;
	at = put(at, name.data, name.size);
	at = put(at, ": ", 2);
	if (size > 0)
		at = put(at, value, size);
	put(at, "\r\n", 2);
	buf_grew(buf, name.size + size + 4);
}

void
response_begin(struct buf *buf, int status, struct str date)
{
	struct str line = status_line(status);

	assert(line.data != NULL);
	buf_add_str(buf, line);
	if (date.data == NULL)
		return;
	assert(date.size == RESPONSE_DATE_SIZE);
	add_field(buf, STR("Date"), date.data, date.size);
}

void
response_field(struct buf *buf, struct str name, struct str value)
{
	assert(is_token(name));
	if (buf->err == OK && grammar_find_control(value.data, value.size) != value.size)
		buf->err = ERR_INTERNAL;
	add_field(buf, name, value.data, value.size);
}

/* The digits of ${value} at the end of the 20 bytes ${room}; returns the first. */
static char *
digits(char *room, int64_t value)
{
	char *first = room + 20;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--first = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*--first = '-';
	return first;
}

void
response_field_int(struct buf *buf, struct str name, int64_t value)
{
	char room[20], *first = digits(room, value);

	assert(is_token(name));
	add_field(buf, name, first, (size_t)(room + sizeof(room) - first));
}

void
response_etag(struct buf *buf, int64_t number)
{
	buf_add_str(buf, STR("ETag: "));
	etag_add(buf, number);
	buf_add_str(buf, STR("\r\n"));
}

void
response_content(struct buf *buf, struct str type, size_t size)
{
	assert(size <= INT64_MAX);
	if (type.data != NULL)
		response_field(buf, STR("Content-Type"), type);
	response_field_int(buf, STR("Content-Length"), (int64_t)size);
}

void
response_chunked(struct buf *buf, struct str type)
{
	if (type.data != NULL)
		response_field(buf, STR("Content-Type"), type);
	buf_add_str(buf, STR("Transfer-Encoding: chunked\r\n"));
}

void
response_close(struct buf *buf)
{
	buf_add_str(buf, STR("Connection: close\r\n"));
}

void
response_end(struct buf *buf)
{
	buf_add_str(buf, STR("\r\n"));
}

void
response_chunk(struct buf *buf, struct str data)
{
	char line[18], *first = line + 16;
	size_t rest = data.size;

	if (data.size == 0)
		return;
	do
		*--first = "0123456789abcdef"[rest % 16];
	while ((rest /= 16) != 0);
	memcpy(line + 16, "\r\n", 2);
	buf_add(buf, first, (size_t)(line + sizeof(line) - first));
	buf_add_str(buf, data);
	buf_add_str(buf, STR("\r\n"));
}

void
response_last_chunk(struct buf *buf)
{
	buf_add_str(buf, STR("0\r\n\r\n"));
}

void
response_continue(struct buf *buf)
{
	buf_add_str(buf, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}
