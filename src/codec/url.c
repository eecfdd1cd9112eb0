#include "codec/url.h"

#include <string.h>

#include "codec/utf8.h"

enum { PARAMETERS_MAX = 64 };

static bool
needs_decoding(struct str text, bool plus_is_space)
{
	return str_find_byte(text, '%') < text.size ||
	       (plus_is_space && str_find_byte(text, '+') < text.size);
}

/* Decode into ${out}, which has room for text.size bytes; false for a bad escape. */
static bool
decode_bytes(struct str text, bool plus_is_space, char *out, size_t *ret_size)
{
	char *first = out;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];

		if (c == '%') {
			int high, low;

			if (text.size - i < 3 || (high = hex_digit(text.data[i + 1])) < 0 ||
			    (low = hex_digit(text.data[i + 2])) < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		*out++ = c;
	}
	*ret_size = (size_t)(out - first);
	return true;
}

enum err
url_decode(struct arena *arena, struct str text, bool plus_is_space, struct str *ret)
{
	struct str decoded = text;

	if (needs_decoding(text, plus_is_space)) {
		char *out = arena_new(arena, text.size);

		if (out == NULL)
			return ERR_TOO_LARGE;
		if (!decode_bytes(text, plus_is_space, out, &decoded.size))
			return ERR_BAD_REQUEST;
		decoded.data = out;
	}
	if (utf8_check(decoded) < decoded.size || str_find_byte(decoded, '\0') < decoded.size)
		return ERR_BAD_REQUEST;
	*ret = decoded;
	return OK;
}

static enum err
decode_parameter(struct arena *arena, struct str part, struct url_parameter *ret)
{
	size_t equals = str_find_byte(part, '=');
	struct str value = { "", 0 };
	enum err err;

	if (equals < part.size)
		value = str_slice(part, equals + 1, part.size);
	err = url_decode(arena, str_slice(part, 0, equals), /* plus_is_space= */ true, &ret->name);
	if (err != OK)
		return err;
	return url_decode(arena, value, /* plus_is_space= */ true, &ret->value);
}

static bool
is_taken(const struct url_parameter *parameters, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(parameters[i].name, name))
			return true;
	return false;
}

/* How many parameters are worth room: one beyond the limit is decoded for its name. */
static size_t
count_parts(struct str query)
{
	size_t count = 0;
	struct str part;

	while (count <= PARAMETERS_MAX && str_split(&query, '&', &part))
		count += part.size > 0;
	return count;
}

enum err
url_parse_query(struct arena *arena, struct str query, struct url_parameter **ret,
    size_t *ret_count, struct str *ret_bad)
{
	size_t count = 0;
	struct url_parameter *parameters =
	    arena_array(arena, count_parts(query), sizeof(*parameters));
	struct str part;

	if (parameters == NULL)
		return ERR_TOO_LARGE;
	while (str_split(&query, '&', &part)) {
		struct url_parameter *parameter = &parameters[count];
		enum err err;

		if (part.size == 0)
			continue;
		if ((err = decode_parameter(arena, part, parameter)) != OK)
			return err;
		if (count == PARAMETERS_MAX || is_taken(parameters, count, parameter->name)) {
			*ret_bad = parameter->name;
			return ERR_BAD_PARAMETER;
		}
		count++;
	}
	*ret = parameters;
	*ret_count = count;
	return OK;
}

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void
url_encode(struct buf *buf, struct str text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (is_unreserved(text.data[i])) {
			buf_add_byte(buf, text.data[i]);
		} else {
			buf_add_byte(buf, '%');
			buf_add_byte(buf, hex[byte >> 4]);
			buf_add_byte(buf, hex[byte & 15]);
		}
	}
}
