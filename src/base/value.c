#include "base/value.h"

#include <assert.h>
#include <string.h>

static int
compare_ints(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int
value_compare(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_NULL || b->kind == VALUE_NULL)
		return (a->kind != VALUE_NULL) - (b->kind != VALUE_NULL);
	assert(a->kind == b->kind);
	assert(a->kind != VALUE_DECIMAL || a->scale == b->scale);
	switch (a->kind) {
	case VALUE_BOOL:
		return (int)a->boolean - (int)b->boolean;
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
	case VALUE_DECIMAL:
		return compare_ints(a->integer, b->integer);
	case VALUE_REAL:
		return (a->real > b->real) - (a->real < b->real);
	case VALUE_TEXT:
	case VALUE_JSON:
		return str_compare(a->text, b->text);
	case VALUE_UUID:
		return memcmp(a->uuid.bytes, b->uuid.bytes, sizeof(a->uuid.bytes));
	case VALUE_NULL:
		break;
	}
	return 0;
}

bool
value_equal(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && (a->kind != VALUE_DECIMAL || a->scale == b->scale) &&
	       value_compare(a, b) == 0;
}

bool
value_keep(struct arena *arena, struct value *value)
{
	if (value->kind == VALUE_TEXT || value->kind == VALUE_JSON)
		value->text = arena_str(arena, value->text);
	return (value->kind != VALUE_TEXT && value->kind != VALUE_JSON) || value->text.data != NULL;
}

static bool
is_hyphen_place(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

bool
uuid_parse(struct str text, struct uuid *ret)
{
	struct uuid uuid = { 0 };
	size_t nibbles = 0;

	if (text.size != UUID_TEXT_SIZE)
		return false;
	for (size_t i = 0; i < UUID_TEXT_SIZE; i++) {
		int digit = hex_digit(text.data[i]);

		if (is_hyphen_place(i)) {
			if (text.data[i] != '-')
				return false;
			continue;
		}
		if (digit < 0)
			return false;
		uuid.bytes[nibbles / 2] = (uint8_t)(uuid.bytes[nibbles / 2] << 4 | digit);
		nibbles++;
	}
	*ret = uuid;
	return true;
}

void
uuid_format(const struct uuid *uuid, char *ret)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
		if (is_hyphen_place(at))
			ret[at++] = '-';
		ret[at++] = hex[uuid->bytes[i] >> 4];
		ret[at++] = hex[uuid->bytes[i] & 15];
	}
}
