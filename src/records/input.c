/* What a client sent for a record, checked against the declared fields. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/words.h"
#include "codec/utf8.h"
#include "records/input_internal.h"

enum { SUGGESTIONS_MAX = 8 };

void
field_error_add(struct field_errors *errors, struct arena *arena, struct str pointer, const char *code,
    const char *format, ...)
{
	struct field_error *error;
	char detail[512];
	va_list args;
	int size;

	if (errors->count >= FIELD_ERRORS_MAX || (error = arena_new(arena, sizeof(*error))) == NULL)
		return;
	va_start(args, format);
	size = vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	if (size >= (int)sizeof(detail))
		size = (int)sizeof(detail) - 1;
	error->pointer = pointer;
	error->code = code;
	error->detail = arena_str(arena, (struct str){ detail, (size_t)size });
	*(errors->first == NULL ? &errors->first : &errors->last->next) = error;
	errors->last = error;
	errors->count++;
}

struct str
input_pointer(struct arena *arena, struct str parent, struct str name)
{
	static const char hex[] = "0123456789ABCDEF";
	char *text = arena_new(arena, parent.size + 1 + 3 * name.size);
	size_t at = parent.size;

	if (text == NULL)
		return STR("#");
	memcpy(text, parent.data, parent.size);
	text[at++] = '/';
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c == '~' || c == '/') {
			text[at++] = '~';
			text[at++] = c == '~' ? '0' : '1';
		} else if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}%#", c) != NULL) {
			text[at++] = '%';
			text[at++] = hex[c >> 4];
			text[at++] = hex[c & 15];
		} else {
			text[at++] = (char)c;
		}
	}
	return (struct str){ text, at };
}

void
input_wrong(const struct member_check *check, const char *code, const char *what)
{
	field_error_add(check->errors, check->arena, check->pointer, code, "%.*s must be %s",
	    STR_ARGS(check->column->name), what);
}

/* --- a member, a record ---------------------------------------------- */

static enum input_kind
read_member(const struct member_check *check, enum input_use use)
{
	size_t errors_before = check->errors->count;
	enum input_kind kind = INPUT_ABSENT;

	if (check->json->type == JSON_NULL) {
		bool required = check->column->required || check->column->type == FIELD_REFS;

		*check->ret = value_null();
		if (required)
			field_error_add(check->errors, check->arena, check->pointer, "required",
			    "%.*s must not be null", STR_ARGS(check->column->name));
		return required ? INPUT_WRONG : INPUT_VALUE;
	}
	if (check->json->type == JSON_OBJECT && use == INPUT_CHANGE)
		kind = operator_read(check);
	if (kind == INPUT_ABSENT) {
		input_read_value(check);
		kind = INPUT_VALUE;
	}
	return check->errors->count > errors_before ? INPUT_WRONG : kind;
}

static bool
is_readonly(const struct field *column, enum input_use use)
{
	if (column->column == COLUMN_ID)
		return use == INPUT_CHANGE || use == INPUT_PATCH;
	return column->column < COLUMN_FIELDS || (column->readonly && use != INPUT_SEED);
}

static bool
is_hidden(const struct record_author *author, const struct collection *collection, const struct field *column)
{
	return author != NULL &&
	       rules_field_sight(author->rules, collection, column, author->caller) == FIELD_HIDDEN;
}

/* A client must say it: refs begin with no target, which is fewer than a `min` asks for. */
static bool
must_be_sent(const struct field *column)
{
	return (column->required && column->default_kind == DEFAULT_NONE) ||
	       (column->type == FIELD_REFS && column->has_min && column->min > 0);
}

static void
check_required(struct arena *arena, const struct collection *collection, const struct record_author *author,
    struct record_input *input, struct field_errors *errors)
{
	for (unsigned i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *column = &collection->columns[i];

		if (must_be_sent(column) && input->kinds[i] == INPUT_ABSENT && !is_hidden(author, collection, column))
			field_error_add(errors, arena, input_pointer(arena, input->pointer, column->name),
			    "required", "%.*s is required", STR_ARGS(column->name));
	}
}

/* The field that was probably meant, of those that ${author} may see and send; or NULL. */
static const char *
nearest_field(const struct collection *collection, const struct record_author *author, struct str name,
    enum input_use use)
{
	const char *words[COLUMN_FIELDS + APP_FIELDS_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < collection->columns_count; i++) {
		const struct field *column = &collection->columns[i];

		if (!is_readonly(column, use) && !is_hidden(author, collection, column))
			words[count++] = column->name.data;
	}
	return words_nearest(name, words, count);
}

static void
note_unknown(struct arena *arena, const struct collection *collection, const struct record_author *author,
    struct str pointer, struct str name, enum input_use use, struct field_errors *errors)
{
	/* A body can have a thousand of them, and each is compared with every field. */
	const char *nearest =
	    errors->count < SUGGESTIONS_MAX ? nearest_field(collection, author, name, use) : NULL;
	struct str shown = utf8_cut(name, 100);

	field_error_add(errors, arena, pointer, "unknown",
	    nearest != NULL ? "%.*s has no field \"%.*s\": did you mean \"%s\"?" : "%.*s has no field \"%.*s\"",
	    STR_ARGS(collection->name), STR_ARGS(shown), nearest);
}

static void
read_members(struct arena *arena, const struct collection *collection, const struct record_author *author,
    const struct json *json, enum input_use use, struct record_input *input, struct field_errors *errors)
{
	for (uint32_t i = 0; i < json->count; i++) {
		const struct json_member *member = &json->members[i];
		const struct field *column = collection_column(collection, member->name);
		struct str pointer = input_pointer(arena, input->pointer, member->name);

		if (column == NULL || is_hidden(author, collection, column)) {
			note_unknown(arena, collection, author, pointer, member->name, use, errors);
		} else if (is_readonly(column, use)) {
			field_error_add(errors, arena, pointer, "readonly", "%.*s is set by the server",
			    STR_ARGS(column->name));
			input->kinds[column->column] = INPUT_WRONG; /* so that it is not "required" as well */
		} else {
			struct member_check check = { arena, column, &member->value, pointer,
				&input->values[column->column], errors };

			input->kinds[column->column] = read_member(&check, use);
		}
	}
}

enum err
record_input_read(struct arena *arena, const struct collection *collection, const struct record_author *author,
    const struct json *json, struct str pointer, enum input_use use, struct record_input *ret,
    struct field_errors *errors)
{
	struct record_input input = { .pointer = pointer };

	input.kinds = arena_array(arena, collection->columns_count, sizeof(*input.kinds));
	input.values = arena_array(arena, collection->columns_count, sizeof(*input.values));
	if (input.kinds == NULL || input.values == NULL)
		return ERR_TOO_LARGE;
	if (json->type != JSON_OBJECT) {
		field_error_add(errors, arena, pointer, "type", "a record is a JSON object");
		return OK;
	}
	read_members(arena, collection, author, json, use, &input, errors);
	if (use != INPUT_CHANGE && use != INPUT_PATCH)
		check_required(arena, collection, author, &input, errors);
	*ret = input;
	return OK;
}

bool
record_id_parse(const struct collection *collection, struct str text, struct value *ret)
{
	if (collection->id_type == FIELD_INT) {
		*ret = value_int(0);
		return str_to_int(text, &ret->integer);
	}
	ret->kind = VALUE_UUID;
	return uuid_parse(text, &ret->uuid);
}
