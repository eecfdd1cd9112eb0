#include "ops/trace.h"

#include <string.h>

enum { VERSION_0_SIZE = 55, ID_AT = 3, PARENT_AT = 36, FLAGS_AT = 53 };

/* Small hexadecimal digits only. */
static bool
is_hex(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (hex_digit(text.data[i]) < 0 || (text.data[i] >= 'A' && text.data[i] <= 'F'))
			return false;
	return true;
}

static bool
is_zero(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] != '0')
			return false;
	return true;
}

static bool
has_its_length(struct str text)
{
	if (text.size < VERSION_0_SIZE)
		return false;
	if (str_starts_with(text, STR("00")))
		return text.size == VERSION_0_SIZE;
	return text.size == VERSION_0_SIZE || text.data[VERSION_0_SIZE] == '-';
}

bool
trace_parse(struct str text, struct trace *ret)
{
	struct str version, id, parent, flags;

	if (!has_its_length(text) || text.data[ID_AT - 1] != '-' || text.data[PARENT_AT - 1] != '-' ||
	    text.data[FLAGS_AT - 1] != '-')
		return false;
	version = str_slice(text, 0, 2);
	id = str_slice(text, ID_AT, ID_AT + TRACE_ID_SIZE);
	parent = str_slice(text, PARENT_AT, PARENT_AT + SPAN_ID_SIZE);
	flags = str_slice(text, FLAGS_AT, FLAGS_AT + 2);
	if (!is_hex(version) || !is_hex(id) || !is_hex(parent) || !is_hex(flags) ||
	    str_is(version, "ff") || is_zero(id) || is_zero(parent))
		return false;
	memcpy(ret->id, id.data, TRACE_ID_SIZE);
	memcpy(ret->parent, parent.data, SPAN_ID_SIZE);
	ret->flags = (uint8_t)(hex_digit(flags.data[0]) << 4 | hex_digit(flags.data[1]));
	return true;
}
