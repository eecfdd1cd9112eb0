#include "events/sse.h"

#include <assert.h>

void
sse_event(struct buf *buf, const char *name, struct str data)
{
	assert(str_find_byte(data, '\n') == data.size && str_find_byte(data, '\r') == data.size);
	buf_add_c(buf, "event: ");
	buf_add_c(buf, name);
	buf_add_c(buf, "\ndata: ");
	buf_add_str(buf, data);
	buf_add_byte(buf, '\n');
}

void
sse_id(struct buf *buf, int64_t id)
{
	buf_add_c(buf, "id: ");
	buf_add_int(buf, id);
	buf_add_byte(buf, '\n');
}

void
sse_retry(struct buf *buf, int64_t retry_ms)
{
	buf_add_c(buf, "retry: ");
	buf_add_int(buf, retry_ms);
	buf_add_byte(buf, '\n');
}

void
sse_comment(struct buf *buf, const char *text)
{
	buf_add_c(buf, ": ");
	buf_add_c(buf, text);
	buf_add_byte(buf, '\n');
}

void
sse_end(struct buf *buf)
{
	buf_add_byte(buf, '\n');
}
