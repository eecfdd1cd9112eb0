/* How a path names a record: "01a1…", "42", "slug:a-b". */
#include "codec/fold.h"
#include "codec/json.h"
#include "records/input_internal.h"

const struct field *
record_key_field(const struct collection *collection, struct str text, struct str *ret_rest)
{
	size_t colon = str_find_byte(text, ':');
	const struct field *field;

	*ret_rest = text;
	if (colon == text.size)
		return &collection->columns[COLUMN_ID];
	field = collection_column(collection, str_slice(text, 0, colon));
	*ret_rest = str_slice(text, colon + 1, text.size);
	return field != NULL && field->unique && field->column >= COLUMN_FIELDS ? field : NULL;
}

static bool
takes_number(const struct field *field)
{
	return field->type == FIELD_INT || field->type == FIELD_FLOAT || field->type == FIELD_BOOL ||
	       (field->type == FIELD_REF && field->to->id_type == FIELD_INT);
}

struct json
record_key_json(struct arena *arena, const struct field *field, struct str text)
{
	struct json json = { .type = JSON_STRING, .string = text }, number;
	struct json_error error;

	/* JSON has white space around a value, a key has none. */
	if (!takes_number(field) || text.size == 0 || text.data[0] <= ' ' || text.data[text.size - 1] <= ' ' ||
	    json_parse(arena, text, &number, &error) != OK)
		return json;
	return number.type == JSON_INT || number.type == JSON_REAL || number.type == JSON_BOOL ? number : json;
}

bool
record_key_is(struct arena *arena, const struct record_key *key, const struct value *value)
{
	struct str left, right;

	if (!key->field->fold || value->kind != VALUE_TEXT)
		return value_equal(&key->value, value);
	left = fold_text(arena, key->value.text);
	right = fold_text(arena, value->text);
	return left.data != NULL && right.data != NULL && str_equal(left, right);
}

bool
record_key_parse(struct arena *arena, const struct collection *collection, struct str text,
    struct record_key *ret)
{
	struct field_errors errors = { 0 };
	struct field bare;
	struct json json;

	ret->field = record_key_field(collection, text, &text);
	if (ret->field == NULL)
		return false;
	if (ret->field->column == COLUMN_ID)
		return record_id_parse(collection, text, &ret->value);
	/* Bounds and patterns are for what is written: nothing that breaks them is there. */
	bare = *ret->field;
	bare.has_min = bare.has_max = false;
	bare.pattern_code = NULL;
	json = record_key_json(arena, ret->field, text);
	input_read_value(&(struct member_check){ arena, &bare, &json, STR("#"), &ret->value, &errors });
	return errors.count == 0;
}
