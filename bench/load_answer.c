#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
line_is(const char *line, size_t size, const char *name)
{
	size_t name_size = strlen(name);

	return size > name_size && line[name_size] == ':' &&
	       strncasecmp(line, name, name_size) == 0;
}

/* The first character of a field's value. */
static const char *
value_of(const char *line)
{
	const char *value = strchr(line, ':') + 1;

	return value + strspn(value, " \t");
}

static void
read_field(struct answer *answer, const char *line, size_t size)
{
	if (line_is(line, size, "content-length"))
		answer->body_size = strtoul(value_of(line), NULL, 10);
	else if (line_is(line, size, "transfer-encoding"))
		answer->chunked = strncasecmp(value_of(line), "chunked", 7) == 0;
	else if (line_is(line, size, "connection"))
		answer->close = strncasecmp(value_of(line), "close", 5) == 0;
}

static bool
read_head(struct answer *answer, const char *in, size_t size)
{
	const char *end = memmem(in, size, "\r\n\r\n", 4);

	if (end == NULL)
		return false;
	answer->head_size = (size_t)(end - in) + 4;
	answer->status = size > 12 ? atoi(in + 9) : 0;
	for (const char *line = in; line < end;) {
		const char *line_end = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
		read_field(answer, line, (size_t)(line_end - line));
		line = line_end + 2;
	}
	answer->next_chunk = answer->head_size;
	return true;
}

static enum answer_state
read_chunks(struct answer *answer, const char *in, size_t size)
{
	for (;;) {
		const char *at = in + answer->next_chunk;
		if (answer->next_chunk >= size ||
		    memmem(at, size - answer->next_chunk, "\r\n", 2) == NULL)
			return ANSWER_MORE;
		char *size_end;
		size_t chunk_size = strtoul(at, &size_end, 16);
		if (size_end == at || chunk_size > ANSWER_SIZE_MAX)
			return ANSWER_BAD;
		answer->next_chunk = (size_t)(size_end - in) + 2 + chunk_size + 2;
		if (chunk_size == 0)
			return answer->next_chunk <= size ? ANSWER_WHOLE : ANSWER_MORE;
	}
}

enum answer_state
answer_read(struct answer *answer, const char *in, size_t size)
{
	if (answer->head_size == 0 && !read_head(answer, in, size))
		return ANSWER_MORE;
	if (answer->status < 200 || answer->status >= STATUSES)
		return ANSWER_BAD;
	if (answer->chunked)
		return read_chunks(answer, in, size);
	return size >= answer->head_size + answer->body_size ? ANSWER_WHOLE : ANSWER_MORE;
}
