#include <stdlib.h>

#include "app/read_internal.h"
#include "app/words.h"
#include "base/memory.h"
#include "codec/decimal.h"

static enum field_type read_type(struct reader *reader, const struct yaml *node);
static void read_values(struct reader *reader, struct field *field, const struct yaml *node);
static void read_to(struct reader *reader, struct field *field, const struct yaml *node);
static void read_on_delete(struct reader *reader, struct field *field, const struct yaml *node);
static bool read_scale(struct reader *reader, struct field *field, const struct yaml *node);
static void read_of(struct reader *reader, struct field *field, const struct yaml *node);
static void read_pattern(struct reader *reader, struct field *field, const struct yaml *node);
static void
read_bounds(struct reader *reader, struct field *field, const struct yaml *const *values);
static void check_field(struct reader *reader, const struct field *field,
    const struct yaml *const *values, bool has_default);

/* Where another way leads to what was probably meant. */
static const char *
advice(enum field_key key, enum field_type type)
{
	if (type == FIELD_REFS && key == FIELD_KEY_REQUIRED)
		return ", which is never null: 'min: 1' asks for one target at least";
	if (type == FIELD_REFS && key == FIELD_KEY_ON_DELETE)
		return ": the links of a target vanish with it";
	if (type == FIELD_ENUM && key == FIELD_KEY_PATTERN)
		return ": its 'values' are all there is";
	if ((type == FIELD_EMAIL || type == FIELD_URL) && key == FIELD_KEY_PATTERN)
		return ", whose form is checked anyway; take type text";
	if (type == FIELD_FLOAT && key == FIELD_KEY_SCALE)
		return "; take type decimal";
	return "";
}

/* Take out what does not fit the type, so that nothing else stumbles over it. */
static void
drop_misfits(struct reader *reader, enum field_type type, const struct yaml **values)
{
	for (enum field_key key = 0; key < FIELD_KEYS_SUPPORTED; key++) {
		if (values[key] == NULL || field_key_fits(key, type))
			continue;
		app_mistake(reader->mistakes, position_of(values[key]->key),
		    "'%s' has no meaning for type %s%s", field_keys[key].name,
		    field_types[type].word, advice(key, type));
		values[key] = NULL;
	}
}

static void
read_flag(struct reader *reader, const struct yaml *node, bool *ret)
{
	if (node != NULL)
		read_bool(reader, node, ret);
}

static void
read_flags(struct reader *reader, struct field *field, const struct yaml *const *values)
{
	read_flag(reader, values[FIELD_KEY_REQUIRED], &field->required);
	read_flag(reader, values[FIELD_KEY_UNIQUE], &field->unique);
	read_flag(reader, values[FIELD_KEY_INDEX], &field->index);
	read_flag(reader, values[FIELD_KEY_READONLY], &field->readonly);
	read_flag(reader, values[FIELD_KEY_FOLD], &field->fold);
}

/* What is particular to types. */
static void
read_particulars(struct reader *reader, struct field *field, const struct yaml **values)
{
	if (field->type == FIELD_ENUM)
		read_values(reader, field, values[FIELD_KEY_VALUES]);
	if (field->type == FIELD_REF || field->type == FIELD_REFS)
		read_to(reader, field, values[FIELD_KEY_TO]);
	if (values[FIELD_KEY_ON_DELETE] != NULL)
		read_on_delete(reader, field, values[FIELD_KEY_ON_DELETE]);
	if (field->type == FIELD_LIST)
		read_of(reader, field, values[FIELD_KEY_OF]);
	if (values[FIELD_KEY_PATTERN] != NULL)
		read_pattern(reader, field, values[FIELD_KEY_PATTERN]);
	/* Without a scale nobody can say what a number is. */
	if (field->type == FIELD_DECIMAL && !read_scale(reader, field, values[FIELD_KEY_SCALE]))
		values[FIELD_KEY_MIN] = values[FIELD_KEY_MAX] = values[FIELD_KEY_DEFAULT] = NULL;
}

/* The name that it had before, which nobody has now. */
static void
read_was(struct reader *reader, const struct collection *collection, struct field *field,
    const struct yaml *node)
{
	const struct field *other;
	struct str name;

	if (!read_word(reader, node, "the name of a field before it was renamed", &name))
		return;
	if ((other = collection_column(collection, name)) != NULL) {
		app_mistake(reader->mistakes, position_of(node),
		    "'%.*s' is still a field (line %u): 'was' names one that is gone",
		    STR_ARGS(name), other->at.line);
		return;
	}
	if (name_refusal(name, false) != NULL) {
		app_mistake(reader->mistakes, position_of(node), "'%.*s' %s",
		    STR_ARGS(excerpt(name)), name_refusal(name, false));
		return;
	}
	for (other = collection->columns; other < field; other++)
		if (other->was.data != NULL && str_equal(other->was, name))
			app_mistake(reader->mistakes, position_of(node),
			    "'%.*s' became another field already (line %u)", STR_ARGS(name),
			    other->at.line);
	field->was = keep_str(reader, name);
}

void
read_field(struct reader *reader, const struct collection *collection, struct field *field,
    const struct yaml *node)
{
	const struct yaml *values[FIELD_KEYS];
	bool has_default;
	enum field_type type;

	field->type = FIELD_TEXT;
	if (!read_keys(reader, node, "a field like { type: text }", field_keys, FIELD_KEYS,
		field->at, values))
		return;
	if (values[FIELD_KEY_DESCRIPTION] != NULL)
		read_description(reader, values[FIELD_KEY_DESCRIPTION], &field->description);
	if (values[FIELD_KEY_WAS] != NULL)
		read_was(reader, collection, field, values[FIELD_KEY_WAS]);
	if (values[FIELD_KEY_TYPE] == NULL ||
	    (type = read_type(reader, values[FIELD_KEY_TYPE])) == FIELD_TYPE_COUNT) {
		read_flags(reader, field, values);
		return;
	}
	field->type = type;
	drop_misfits(reader, type, values);
	read_flags(reader, field, values);
	has_default = values[FIELD_KEY_DEFAULT] != NULL;
	read_particulars(reader, field, values);
	read_bounds(reader, field, values);
	if (values[FIELD_KEY_DEFAULT] != NULL)
		read_default(reader, field, values[FIELD_KEY_DEFAULT]);
	check_field(reader, field, values, has_default);
}

static enum field_type
read_type(struct reader *reader, const struct yaml *node)
{
	const char *words[FIELD_TYPE_COUNT];
	struct str word;

	if (!read_word(reader, node, "a type", &word))
		return FIELD_TYPE_COUNT;
	/* ID is no type of a declared field, and the last row. */
	for (unsigned type = 0; type < FIELD_ID; type++) {
		words[type] = field_types[type].word;
		if (str_is(word, words[type]))
			return type;
	}
	for (size_t i = 0; later_types[i] != NULL; i++)
		if (str_is(word, later_types[i])) {
			app_mistake(reader->mistakes, position_of(node),
			    "the type '%s' is not supported yet", later_types[i]);
			return FIELD_TYPE_COUNT;
		}
	note_unknown(reader, node, "type", words, FIELD_ID);
	return FIELD_TYPE_COUNT;
}

static void
add_value(struct reader *reader, struct field *field, const struct yaml *node)
{
	/* A plain `true`, `null` or `1` is a text here. */
	if (node->type != YAML_SCALAR || node->text.size == 0) {
		note_expected(reader, node, "a value, a text that is not empty");
		return;
	}
	if (find_value(field, node->text) != NULL)
		app_mistake(reader->mistakes, position_of(node),
		    "the value '%.*s' stands here twice", STR_ARGS(excerpt(node->text)));
	else
		field->values[field->values_count++] = keep_str(reader, node->text);
}

static void
read_values(struct reader *reader, struct field *field, const struct yaml *node)
{
	static const char expected[] = "a list of values like [small, large]";

	if (node == NULL) {
		app_mistake(reader->mistakes, field->at, "an enum needs 'values', %s", expected);
		return;
	}
	if (!read_sequence(reader, node, expected))
		return;
	if (node->count == 0 || node->count > APP_ENUM_VALUES_MAX) {
		app_mistake(reader->mistakes, position_of(node), "an enum has 1 to %d values",
		    APP_ENUM_VALUES_MAX);
		return;
	}
	field->values = keep(reader, node->count, sizeof(field->values[0]));
	for (const struct yaml *item = node->first; item != NULL; item = item->next)
		add_value(reader, field, item);
}

static void
read_to(struct reader *reader, struct field *field, const struct yaml *node)
{
	const struct app *app = reader->app;
	const char *words[APP_COLLECTIONS_MAX];
	struct str name;

	if (node == NULL) {
		app_mistake(reader->mistakes, field->at, "%s 'to', the name of a collection",
		    field->type == FIELD_REF ? "a ref needs" : "refs need");
		return;
	}
	if (!read_word(reader, node, "the name of a collection", &name) ||
	    (field->to = app_collection(app, name)) != NULL)
		return;
	for (size_t i = 0; i < app->collections_count; i++)
		words[i] = app->collections[i].name.data;
	note_unknown(reader, node, "collection", words, app->collections_count);
}

static void
read_on_delete(struct reader *reader, struct field *field, const struct yaml *node)
{
	struct str word;

	if (!read_word(reader, node, "restrict, cascade or set_null", &word))
		return;
	for (unsigned i = 0; i <= ON_DELETE_SET_NULL; i++)
		if (str_is(word, on_delete_words[i])) {
			field->on_delete = i;
			return;
		}
	note_unknown(reader, node, "action", on_delete_words, ON_DELETE_SET_NULL + 1);
}

static bool
read_scale(struct reader *reader, struct field *field, const struct yaml *node)
{
	int64_t scale;

	if (node == NULL) {
		app_mistake(reader->mistakes, field->at,
		    "a decimal needs 'scale', how many digits stand behind the point (0 to %d)",
		    DECIMAL_DIGITS_MAX);
		return false;
	}
	if (!read_int(reader, node, &scale))
		return false;
	if (scale < 0 || scale > DECIMAL_DIGITS_MAX) {
		note_expected(reader, node, "a number of digits from 0 to 18");
		return false;
	}
	field->scale = (unsigned)scale;
	return true;
}

static void
read_of(struct reader *reader, struct field *field, const struct yaml *node)
{
	const char *words[FIELD_TYPE_COUNT];
	size_t count = 0;
	struct str word;

	field->of = FIELD_TEXT;
	if (node == NULL || !read_word(reader, node, "the type of its items", &word))
		return;
	for (enum field_type type = 0; type < FIELD_TYPE_COUNT; type++) {
		if (!field_type_is_item(type))
			continue;
		words[count++] = field_types[type].word;
		if (str_is(word, field_types[type].word)) {
			field->of = type;
			return;
		}
	}
	note_unknown(reader, node, "type of items", words, count);
}

static void
free_pattern(void *arg)
{
	pattern_free(arg);
}

static void
read_pattern(struct reader *reader, struct field *field, const struct yaml *node)
{
	char detail[PATTERN_DETAIL_SIZE];
	struct pattern *pattern;
	struct yaml_position at;
	struct str text;
	size_t offset;

	if (!read_word(reader, node, "a regular expression like \"^[a-z]+$\"", &text))
		return;
	if (text.size > PATTERN_SIZE_MAX) {
		app_mistake(reader->mistakes, position_of(node),
		    "the pattern has %zu bytes; at most %d are possible", text.size,
		    PATTERN_SIZE_MAX);
		return;
	}
	pattern = pattern_new(text, &offset, detail);
	if (pattern == NULL) {
		at = yaml_position_in(node, offset);
		app_mistake(reader->mistakes, (struct app_position){ at.line, at.column },
		    "not a pattern: %s", detail);
		return;
	}
	if (!arena_defer(&reader->app->arena, free_pattern, pattern))
		abort();
	field->pattern = keep_str(reader, text);
	field->pattern_code = pattern;
}

/* The bounds of these are numbers of characters or of items. */
static bool
has_size(enum field_type type)
{
	return type == FIELD_TEXT || type == FIELD_EMAIL || type == FIELD_URL ||
	       type == FIELD_LIST || type == FIELD_REFS;
}

static bool
read_size(struct reader *reader, const struct field *field, const struct yaml *node, int64_t *ret)
{
	bool has_items = field->type == FIELD_LIST || field->type == FIELD_REFS;

	if (!read_int(reader, node, ret))
		return false;
	if (*ret < 0)
		note_expected(reader, node,
		    has_items ? "a number of items, from 0" : "a number of characters, from 0");
	return *ret >= 0;
}

static void
read_bound(struct reader *reader, const struct field *field, const struct yaml *node, bool *ret_has,
    int64_t *ret, double *ret_real)
{
	struct value value;

	if (node == NULL)
		return;
	if (has_size(field->type)) {
		*ret_has = read_size(reader, field, node, ret);
		return;
	}
	*ret_has = read_literal(reader, field, node, &value);
	if (*ret_has && field->type == FIELD_FLOAT)
		*ret_real = value.real;
	else if (*ret_has)
		*ret = value.integer;
}

static void
read_bounds(struct reader *reader, struct field *field, const struct yaml *const *values)
{
	const struct yaml *min = values[FIELD_KEY_MIN], *max = values[FIELD_KEY_MAX];

	read_bound(reader, field, min, &field->has_min, &field->min, &field->real_min);
	read_bound(reader, field, max, &field->has_max, &field->max, &field->real_max);
	if (!field->has_min || !field->has_max ||
	    (field->min <= field->max && field->real_min <= field->real_max))
		return;
	app_mistake(
	    reader->mistakes, position_of(max), "'max' is smaller than 'min': no value fits");
	field->has_min = field->has_max = false;
}

/* Keys that are right alone and wrong together. */
static void
check_field(struct reader *reader, const struct field *field, const struct yaml *const *values,
    bool has_default)
{
	if (field->required && field->on_delete == ON_DELETE_SET_NULL)
		app_mistake(reader->mistakes, position_of(values[FIELD_KEY_ON_DELETE]),
		    "a required field cannot be set to null: choose restrict or cascade");
	if (field->required && field->readonly && !has_default)
		app_mistake(reader->mistakes, field->at,
		    "a required and readonly field needs a 'default': nobody else may give it a "
		    "value");
	if (field->type == FIELD_REFS && field->readonly && field->has_min && field->min > 0)
		app_mistake(reader->mistakes, field->at,
		    "readonly refs have no targets: nobody may give them, and 'min' asks for some");
}
