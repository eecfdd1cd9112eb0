#include "http/etag.h"

void
etag_add(struct buf *buf, int64_t number)
{
	buf_add_byte(buf, '"');
	buf_add_int(buf, number);
	buf_add_byte(buf, '"');
}

void
etag_add_shape(struct buf *buf, int64_t number, struct str shape)
{
	buf_add_byte(buf, '"');
	buf_add_int(buf, number);
	buf_add_byte(buf, '.');
	buf_add_str(buf, shape);
	buf_add_byte(buf, '"');
}

bool
etag_number(struct str tag, int64_t *ret)
{
	size_t dot;

	if (tag.size < 3 || tag.data[0] != '"' || tag.data[tag.size - 1] != '"')
		return false;
	tag = str_slice(tag, 1, tag.size - 1);
	dot = str_find_byte(tag, '.');
	/* A dot with nothing behind it is no shape. */
	return dot + 1 != tag.size && str_to_int(str_slice(tag, 0, dot), ret);
}
