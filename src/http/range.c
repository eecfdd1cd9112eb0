#include "http/range.h"

#include "http/date.h"

/* Digits off the front; what hardly fits a size_t is a size that no content has. */
static bool
take_size(struct str *rest, size_t *ret)
{
	size_t size = 0, i = 0;

	for (; i < rest->size && rest->data[i] >= '0' && rest->data[i] <= '9'; i++)
		size = size > SIZE_MAX / 16 ? size : size * 10 + (size_t)(rest->data[i] - '0');
	*rest = str_slice(*rest, i, rest->size);
	*ret = size;
	return i > 0;
}

/* "-5": the last five. */
static enum range
parse_suffix(struct str rest, size_t size, size_t *ret_first, size_t *ret_end)
{
	size_t count;

	if (!take_size(&rest, &count) || rest.size > 0)
		return RANGE_WHOLE;
	if (count == 0 || size == 0)
		return RANGE_NONE;
	*ret_first = count < size ? size - count : 0;
	*ret_end = size;
	return RANGE_PART;
}

enum range
range_parse(struct str text, size_t size, size_t *ret_first, size_t *ret_end)
{
	struct str unit = STR("bytes="), rest;
	size_t first, last = SIZE_MAX - 1;

	if (text.size <= unit.size || !str_equal_nocase(str_slice(text, 0, unit.size), unit))
		return RANGE_WHOLE;
	rest = str_slice(text, unit.size, text.size);
	if (rest.data[0] == '-')
		return parse_suffix(str_slice(rest, 1, rest.size), size, ret_first, ret_end);
	if (!take_size(&rest, &first) || rest.size == 0 || rest.data[0] != '-')
		return RANGE_WHOLE;
	rest = str_slice(rest, 1, rest.size);
	if (rest.size > 0 && (!take_size(&rest, &last) || rest.size > 0 || last < first))
		return RANGE_WHOLE;
	if (first >= size)
		return RANGE_NONE;
	*ret_first = first;
	*ret_end = last < size ? last + 1 : size;
	return RANGE_PART;
}

bool
range_is_of(struct str text, struct str etag, int64_t modified_s, int64_t now_s)
{
	int64_t seconds;

	if (text.size > 0 && text.data[0] == '"')
		return str_equal(text, etag);
	return http_date_parse(text, now_s, &seconds) && seconds == modified_s;
}
