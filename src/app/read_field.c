#include <stdlib.h>

#include "app/read_internal.h"
#include "base/memory.h"
#include "codec/time.h"
#include "codec/utf8.h"

static enum field_type read_type(struct reader *reader, const struct yaml *node);
static void read_values(struct reader *reader, struct field *field, const struct yaml *node);
static void read_to(struct reader *reader, struct field *field, const struct yaml *node);
static void read_on_delete(struct reader *reader, struct field *field, const struct yaml *node);
static void
read_bounds(struct reader *reader, struct field *field, const struct yaml *const *values);
static void read_default(struct reader *reader, struct field *field, const struct yaml *node);
static void
check_field(struct reader *reader, const struct field *field, const struct yaml *const *values);

enum {
	KEY_TYPE,
	KEY_REQUIRED_,
	KEY_UNIQUE,
	KEY_INDEX,
	KEY_READONLY,
	KEY_DEFAULT,
	KEY_MIN,
	KEY_MAX,
	KEY_VALUES,
	KEY_TO,
	KEY_ON_DELETE,
	KEYS_SUPPORTED,
};

static const struct key field_keys[] = {
	[KEY_TYPE] = { "type", KEY_REQUIRED },
	[KEY_REQUIRED_] = { "required", KEY_OPTIONAL },
	[KEY_UNIQUE] = { "unique", KEY_OPTIONAL },
	[KEY_INDEX] = { "index", KEY_OPTIONAL },
	[KEY_READONLY] = { "readonly", KEY_OPTIONAL },
	[KEY_DEFAULT] = { "default", KEY_OPTIONAL },
	[KEY_MIN] = { "min", KEY_OPTIONAL },
	[KEY_MAX] = { "max", KEY_OPTIONAL },
	[KEY_VALUES] = { "values", KEY_OPTIONAL },
	[KEY_TO] = { "to", KEY_OPTIONAL },
	[KEY_ON_DELETE] = { "on_delete", KEY_OPTIONAL },
	{ "fold", KEY_LATER },
	{ "mime", KEY_LATER },
	{ "of", KEY_LATER },
	{ "pattern", KEY_LATER },
	{ "scale", KEY_LATER },
	{ "search", KEY_LATER },
	{ "was", KEY_LATER },
};

/* Which attributes a type has, besides those that all have. */
#define TYPE(name) (1U << FIELD_##name)
static const unsigned types_of_key[KEYS_SUPPORTED] = {
	[KEY_MIN] = TYPE(TEXT) | TYPE(INT) | TYPE(TIME),
	[KEY_MAX] = TYPE(TEXT) | TYPE(INT) | TYPE(TIME),
	[KEY_VALUES] = TYPE(ENUM),
	[KEY_TO] = TYPE(REF),
	[KEY_ON_DELETE] = TYPE(REF),
};

/* Take out what does not fit the type, so that nothing else stumbles over it. */
static void
drop_misfits(struct reader *reader, enum field_type type, const struct yaml **values)
{
	for (size_t key = 0; key < KEYS_SUPPORTED; key++) {
		if (values[key] == NULL || types_of_key[key] == 0 || types_of_key[key] & 1U << type)
			continue;
		app_mistake(reader->mistakes, position_of(values[key]->key),
		    "'%s' has no meaning for type %s", field_keys[key].name,
		    field_types[type].word);
		values[key] = NULL;
	}
}

static void
read_flag(struct reader *reader, const struct yaml *node, bool *ret)
{
	if (node != NULL)
		read_bool(reader, node, ret);
}

void
read_field(struct reader *reader, struct field *field, const struct yaml *node)
{
	const struct yaml *values[COUNT(field_keys)];
	enum field_type type;

	field->type = FIELD_TEXT;
	if (!read_keys(reader, node, "a field like { type: text }", field_keys, COUNT(field_keys),
		field->at, values))
		return;
	read_flag(reader, values[KEY_REQUIRED_], &field->required);
	read_flag(reader, values[KEY_UNIQUE], &field->unique);
	read_flag(reader, values[KEY_INDEX], &field->index);
	read_flag(reader, values[KEY_READONLY], &field->readonly);
	if (values[KEY_TYPE] == NULL ||
	    (type = read_type(reader, values[KEY_TYPE])) == FIELD_TYPE_COUNT)
		return;
	field->type = type;
	drop_misfits(reader, type, values);
	if (type == FIELD_ENUM)
		read_values(reader, field, values[KEY_VALUES]);
	if (type == FIELD_REF)
		read_to(reader, field, values[KEY_TO]);
	if (values[KEY_ON_DELETE] != NULL)
		read_on_delete(reader, field, values[KEY_ON_DELETE]);
	read_bounds(reader, field, values);
	if (values[KEY_DEFAULT] != NULL)
		read_default(reader, field, values[KEY_DEFAULT]);
	check_field(reader, field, values);
}

static enum field_type
read_type(struct reader *reader, const struct yaml *node)
{
	static const char *const later[] = { "file", "files", "password" };
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
	for (size_t i = 0; i < COUNT(later); i++)
		if (str_is(word, later[i])) {
			app_mistake(reader->mistakes, position_of(node),
			    "the type '%s' is not supported yet", later[i]);
			return FIELD_TYPE_COUNT;
		}
	note_unknown(reader, node, "type", words, FIELD_ID);
	return FIELD_TYPE_COUNT;
}

static const struct str *
find_value(const struct field *field, struct str text)
{
	for (size_t i = 0; i < field->values_count; i++)
		if (str_equal(field->values[i], text))
			return &field->values[i];
	return NULL;
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
		app_mistake(
		    reader->mistakes, field->at, "a ref needs 'to', the name of a collection");
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
	static const char *const words[] = {
		[ON_DELETE_RESTRICT] = "restrict",
		[ON_DELETE_CASCADE] = "cascade",
		[ON_DELETE_SET_NULL] = "set_null",
	};
	struct str word;

	if (!read_word(reader, node, "restrict, cascade or set_null", &word))
		return;
	for (unsigned i = 0; i < COUNT(words); i++)
		if (str_is(word, words[i])) {
			field->on_delete = i;
			return;
		}
	note_unknown(reader, node, "action", words, COUNT(words));
}

static bool
read_time(struct reader *reader, const struct yaml *node, int64_t *ret)
{
	if (node->type == YAML_SCALAR && time_parse_rfc3339(node->text, ret))
		return true;
	note_expected(reader, node, "a time like 2026-11-23T08:00:00Z");
	return false;
}

static void
read_bound(struct reader *reader, const struct field *field, const struct yaml *node, bool *ret_has,
    int64_t *ret)
{
	if (node == NULL)
		return;
	*ret_has =
	    field->type == FIELD_TIME ? read_time(reader, node, ret) : read_int(reader, node, ret);
	if (*ret_has && field->type == FIELD_TEXT && *ret < 0) {
		note_expected(reader, node, "a number of characters, from 0");
		*ret_has = false;
	}
}

static void
read_bounds(struct reader *reader, struct field *field, const struct yaml *const *values)
{
	read_bound(reader, field, values[KEY_MIN], &field->has_min, &field->min);
	read_bound(reader, field, values[KEY_MAX], &field->has_max, &field->max);
	if (!field->has_min || !field->has_max || field->min <= field->max)
		return;
	app_mistake(reader->mistakes, position_of(values[KEY_MAX]),
	    "'max' is smaller than 'min': no value fits");
	field->has_min = field->has_max = false;
}

static bool
fits_bounds(
    struct reader *reader, const struct field *field, const struct yaml *node, int64_t measure)
{
	bool is_text = field->type == FIELD_TEXT;

	if (field->has_min && measure < field->min)
		app_mistake(reader->mistakes, position_of(node),
		    "the default is %s than 'min' allows", is_text ? "shorter" : "smaller");
	else if (field->has_max && measure > field->max)
		app_mistake(reader->mistakes, position_of(node),
		    "the default is %s than 'max' allows", is_text ? "longer" : "larger");
	else
		return true;
	return false;
}

static bool
is_plain(const struct yaml *node, const char *word)
{
	return node->style == YAML_PLAIN && str_is(node->text, word);
}

/* A default that is no literal: `now`, `auth.id`.  *ret_done where there is nothing more to read. */
static enum default_kind
read_expression(
    struct reader *reader, const struct field *field, const struct yaml *node, bool *ret_done)
{
	bool takes_auth = field->type == FIELD_TEXT || field->type == FIELD_REF;

	*ret_done = true;
	if (is_plain(node, "now") && field->type == FIELD_TIME)
		return DEFAULT_NOW;
	if (is_plain(node, "auth.id") && takes_auth)
		return DEFAULT_AUTH_ID;
	if (is_plain(node, "now") && field->type == FIELD_TEXT)
		app_mistake(reader->mistakes, position_of(node),
		    "'now' is for type time; in quotes it is a text");
	else if (node->style == YAML_PLAIN && takes_auth &&
		 str_starts_with(node->text, STR("auth.")))
		app_mistake(reader->mistakes, position_of(node),
		    "'%.*s' is not supported yet; 'auth.id' is", STR_ARGS(excerpt(node->text)));
	else
		*ret_done = false;
	return DEFAULT_NONE;
}

static bool
read_default_text(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	*ret = value_text(keep_str(reader, node->text));
	return fits_bounds(reader, field, node, (int64_t)utf8_length(node->text));
}

static bool
read_default_enum(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	const struct str *value = find_value(field, node->text);
	const char **words;

	if (value != NULL) {
		*ret = value_text(*value);
		return true;
	}
	/* Without values there is a mistake already. */
	if (field->values_count == 0)
		return false;
	words = memory_new(field->values_count * sizeof(words[0]));
	for (size_t i = 0; i < field->values_count; i++)
		words[i] = field->values[i].data;
	note_unknown(reader, node, "value", words, field->values_count);
	free(words);
	return false;
}

static bool
read_default_ref(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	struct uuid uuid;

	if (field->to == NULL)
		return false;
	if (field->to->id_type == FIELD_INT) {
		*ret = value_int(0);
		return read_int(reader, node, &ret->integer);
	}
	if (!uuid_parse(node->text, &uuid)) {
		note_expected(reader, node, "auth.id or an id (a UUID)");
		return false;
	}
	*ret = value_uuid(uuid);
	return true;
}

static bool
read_literal(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	switch (field->type) {
	case FIELD_TEXT:
		return read_default_text(reader, field, node, ret);
	case FIELD_ENUM:
		return read_default_enum(reader, field, node, ret);
	case FIELD_REF:
		return read_default_ref(reader, field, node, ret);
	case FIELD_BOOL:
		*ret = value_bool(false);
		return read_bool(reader, node, &ret->boolean);
	case FIELD_INT:
		*ret = value_int(0);
		return read_int(reader, node, &ret->integer) &&
		       fits_bounds(reader, field, node, ret->integer);
	default:
		*ret = value_time(0);
		return read_time(reader, node, &ret->integer) &&
		       fits_bounds(reader, field, node, ret->integer);
	}
}

static void
read_default(struct reader *reader, struct field *field, const struct yaml *node)
{
	bool is_enum_value = field->type == FIELD_ENUM && find_value(field, node->text) != NULL;
	bool done;

	if (node->type != YAML_SCALAR || (is_nothing(node) && !is_enum_value)) {
		note_expected(reader, node, "a default (null is what stands where there is none)");
		return;
	}
	field->default_kind = read_expression(reader, field, node, &done);
	if (!done && read_literal(reader, field, node, &field->default_value))
		field->default_kind = DEFAULT_LITERAL;
}

/* Keys that are right alone and wrong together. */
static void
check_field(struct reader *reader, const struct field *field, const struct yaml *const *values)
{
	if (field->required && field->on_delete == ON_DELETE_SET_NULL)
		app_mistake(reader->mistakes, position_of(values[KEY_ON_DELETE]),
		    "a required field cannot be set to null: choose restrict or cascade");
	if (field->required && field->readonly && values[KEY_DEFAULT] == NULL)
		app_mistake(reader->mistakes, field->at,
		    "a required and readonly field needs a 'default': nobody else may give it a "
		    "value");
}
