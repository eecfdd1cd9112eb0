#include "codec/json.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decimal.h"
#include "codec/json_internal.h"
#include "codec/time.h"

void
json_writer_init(struct json_writer *writer, struct buf *buf)
{
	*writer = (struct json_writer){ .buf = buf };
}

/*
 * Room for ${size} bytes of the next item, with its comma written before them;
 * NULL on error.  Everything is written through this one call, because each
 * look at the buf's limit costs as much as the few bytes of most items.
 */
static char *
item_room(struct json_writer *writer, size_t size)
{
	char *room = buf_room(writer->buf, size + writer->comma);

	if (room == NULL)
		return NULL;
	if (writer->comma) {
		*room++ = ',';
		buf_grew(writer->buf, 1);
	}
	writer->comma = true;
	return room;
}

static void
write_item(struct json_writer *writer, const char *bytes, size_t size)
{
	char *room = item_room(writer, size);

	if (room == NULL)
		return;
	memcpy(room, bytes, size);
	buf_grew(writer->buf, size);
}

void
json_begin_object(struct json_writer *writer)
{
	write_item(writer, "{", 1);
	writer->comma = false;
}

void
json_end_object(struct json_writer *writer)
{
	buf_add_byte(writer->buf, '}');
	writer->comma = true;
}

void
json_begin_array(struct json_writer *writer)
{
	write_item(writer, "[", 1);
	writer->comma = false;
}

void
json_end_array(struct json_writer *writer)
{
	buf_add_byte(writer->buf, ']');
	writer->comma = true;
}

static void
escape_byte(struct buf *buf, unsigned char byte)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt", hex[] = "0123456789abcdef";
	char escape[6] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };

	for (size_t i = 0; i < sizeof(short_forms) - 1; i += 2)
		if (byte == (unsigned char)short_forms[i]) {
			escape[1] = short_forms[i + 1];
			buf_add(buf, escape, 2);
			return;
		}
	buf_add(buf, escape, sizeof(escape));
}

static void
escape_string(struct json_writer *writer, struct str string)
{
	const char *at = string.data, *end = string.data + string.size;

	write_item(writer, "\"", 1);
	for (;;) {
		const char *special = json_find_special(at, end);

		buf_add(writer->buf, at, (size_t)(special - at));
		if (special == end)
			break;
		escape_byte(writer->buf, (unsigned char)*special);
		at = special + 1;
	}
	buf_add_byte(writer->buf, '"');
}

static bool
needs_escape(struct str string)
{
	const char *end;

	if (string.size == 0)
		return false;
	end = string.data + string.size;
	return json_find_special(string.data, end) != end;
}

void
json_string(struct json_writer *writer, struct str string)
{
	char *room;

	if (needs_escape(string)) {
		escape_string(writer, string);
		return;
	}
	if ((room = item_room(writer, string.size + 2)) == NULL)
		return;
	*room++ = '"';
	if (string.size > 0)
		memcpy(room, string.data, string.size);
	room[string.size] = '"';
	buf_grew(writer->buf, string.size + 2);
}

void
json_name(struct json_writer *writer, struct str name)
{
	json_string(writer, name);
	buf_add_byte(writer->buf, ':');
	writer->comma = false;
}

void
json_name_raw(struct json_writer *writer, struct str quoted_with_colon)
{
	json_raw(writer, quoted_with_colon);
	writer->comma = false;
}

void
json_null(struct json_writer *writer)
{
	write_item(writer, "null", 4);
}

void
json_bool(struct json_writer *writer, bool boolean)
{
	if (boolean)
		write_item(writer, "true", 4);
	else
		write_item(writer, "false", 5);
}

/* Write the digits of ${number} from ${end} down, at least ${digits_min} of them; the first one. */
static char *
put_digits_before(char *end, uint64_t number, int digits_min)
{
	for (; number != 0 || digits_min > 0; number /= 10, digits_min--)
		*--end = (char)('0' + number % 10);
	return end;
}

void
json_int(struct json_writer *writer, int64_t integer)
{
	char text[20], *end = text + sizeof(text), *first;

	first = put_digits_before(end, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer, 1);
	if (integer < 0)
		*--first = '-';
	write_item(writer, first, (size_t)(end - first));
}

/*
 * Most numbers that people keep have a few decimals: n / 10^places with an
 * exact n.  A reader divides the same two exact numbers, so the quotient tells
 * whether the text is right, and the first one that is right is the shortest.
 */
static bool
write_few_decimals(struct json_writer *writer, double real)
{
	char text[32], *end = text + sizeof(text), *first = end;
	double power = 1, scaled = fabs(real);

	for (int places = 0; places <= 15; places++, power *= 10) {
		double nearest = nearbyint(scaled * power);

		if (nearest > 9007199254740992.0)
			return false;
		if (nearest / power != scaled)
			continue;
		if (places > 0) {
			uint64_t whole = (uint64_t)nearest / (uint64_t)power;

			first =
			    put_digits_before(first, (uint64_t)nearest % (uint64_t)power, places);
			*--first = '.';
			first = put_digits_before(first, whole, 1);
		} else {
			first = put_digits_before(first, (uint64_t)nearest, 1);
		}
		if (signbit(real))
			*--first = '-';
		write_item(writer, first, (size_t)(end - first));
		return true;
	}
	return false;
}

void
json_real(struct json_writer *writer, double real)
{
	/* 15 digits are always kept by a normal double, and %g drops the zeros at their end. */
	int precision = fabs(real) < DBL_MIN ? 1 : 15, size;
	char text[32];

	assert(isfinite(real));
	if (real == 0 && signbit(real)) {
		write_item(writer, "-0.0", 4);
		return;
	}
	if (write_few_decimals(writer, real))
		return;
	do
		size = snprintf(text, sizeof(text), "%.*g", precision, real);
	while (precision++ < 17 && strtod(text, NULL) != real);
	write_item(writer, text, (size_t)size);
}

static void
write_time(struct json_writer *writer, int64_t us)
{
	char text[TIME_RFC3339_SIZE + 2];

	text[0] = text[sizeof(text) - 1] = '"';
	time_format_rfc3339(us, text + 1);
	write_item(writer, text, sizeof(text));
}

static void
write_date(struct json_writer *writer, int64_t days)
{
	char text[DATE_SIZE + 2];

	text[0] = text[sizeof(text) - 1] = '"';
	date_format(days, text + 1);
	write_item(writer, text, sizeof(text));
}

static void
write_decimal(struct json_writer *writer, int64_t integer, unsigned scale)
{
	char text[DECIMAL_SIZE_MAX + 2];
	size_t size = decimal_format(integer, scale, text + 1);

	text[0] = text[size + 1] = '"';
	write_item(writer, text, size + 2);
}

static void
write_uuid(struct json_writer *writer, const struct uuid *uuid)
{
	char text[UUID_TEXT_SIZE + 2];

	text[0] = text[sizeof(text) - 1] = '"';
	uuid_format(uuid, text + 1);
	write_item(writer, text, sizeof(text));
}

void
json_value(struct json_writer *writer, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NULL:
		json_null(writer);
		break;
	case VALUE_BOOL:
		json_bool(writer, value->boolean);
		break;
	case VALUE_INT:
		json_int(writer, value->integer);
		break;
	case VALUE_REAL:
		json_real(writer, value->real);
		break;
	case VALUE_TIME:
		write_time(writer, value->integer);
		break;
	case VALUE_TEXT:
		json_string(writer, value->text);
		break;
	case VALUE_DATE:
		write_date(writer, value->integer);
		break;
	case VALUE_DECIMAL:
		write_decimal(writer, value->integer, value->scale);
		break;
	case VALUE_JSON:
		json_raw(writer, value->text);
		break;
	case VALUE_UUID:
		write_uuid(writer, &value->uuid);
		break;
	}
}

void
json_raw(struct json_writer *writer, struct str json)
{
	write_item(writer, json.data, json.size);
}

static void
write_items(struct json_writer *writer, const struct json *json)
{
	json_begin_array(writer);
	for (uint32_t i = 0; i < json->count; i++)
		json_tree(writer, &json->items[i]);
	json_end_array(writer);
}

static void
write_members(struct json_writer *writer, const struct json *json)
{
	json_begin_object(writer);
	for (uint32_t i = 0; i < json->count; i++) {
		json_name(writer, json->members[i].name);
		json_tree(writer, &json->members[i].value);
	}
	json_end_object(writer);
}

void
json_tree(struct json_writer *writer, const struct json *json)
{
	switch (json->type) {
	case JSON_NULL:
		json_null(writer);
		break;
	case JSON_BOOL:
		json_bool(writer, json->boolean);
		break;
	case JSON_INT:
		json_int(writer, json->integer);
		break;
	case JSON_REAL:
		assert(json->text.size > 0);
		/* As it was written: a double has no place for more than 17 digits. */
		json_raw(writer, json->text);
		break;
	case JSON_STRING:
		json_string(writer, json->string);
		break;
	case JSON_ARRAY:
		write_items(writer, json);
		break;
	case JSON_OBJECT:
		write_members(writer, json);
		break;
	}
}
