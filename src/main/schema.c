/*
 * The JSON Schema of the app file, for editors: draft 2020-12, written from the
 * tables that the reader takes the file apart by (app/keys.h), so that what the
 * one knows the other knows too.  A file that the schema refuses has mistakes;
 * one that it accepts may have others, which `caisson check` finds.
 *
 * An editor sees what YAML makes of a plain `1` or `true`, where the reader sees
 * texts: hence scalars of any type where a text may stand.
 */
#include <stdio.h>

#include "app/keys.h"
#include "app/words.h"
#include "codec/decimal.h"
#include "codec/json.h"
#include "main/command.h"

enum { SCHEMA_SIZE_MAX = 1 << 20 };

#define NAME_PATTERN "^[a-z][a-z0-9_]{0,62}$"
#define TIME_PATTERN \
	"^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,6})?([Zz]|[-+]\\d{2}:\\d{2})$"
#define DATE_PATTERN "^\\d{4}-\\d{2}-\\d{2}$"
#define DECIMAL_PATTERN "^-?(0|[1-9]\\d*)(\\.\\d+)?$"
#define UUID_PATTERN "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"

/* --- members of a schema that is being written ----------------------- */

static void
text_member(struct json_writer *writer, const char *name, const char *text)
{
	json_name(writer, str_from(name));
	json_string(writer, str_from(text));
}

static void
int_member(struct json_writer *writer, const char *name, int64_t integer)
{
	json_name(writer, str_from(name));
	json_int(writer, integer);
}

static void
begin_member(struct json_writer *writer, const char *name)
{
	json_name(writer, str_from(name));
	json_begin_object(writer);
}

static void
words_member(struct json_writer *writer, const char *name, const char *const *words)
{
	json_name(writer, str_from(name));
	json_begin_array(writer);
	for (; *words != NULL; words++)
		json_string(writer, str_from(*words));
	json_end_array(writer);
}

static void
ref_member(struct json_writer *writer, const char *definition)
{
	char path[64];

	snprintf(path, sizeof(path), "#/$defs/%s", definition);
	text_member(writer, "$ref", path);
}

/* A text of a pattern. */
static void
pattern_members(struct json_writer *writer, const char *pattern)
{
	text_member(writer, "type", "string");
	text_member(writer, "pattern", pattern);
}

/* What a text, a number or a word of the file may be; no null. */
static void
scalar_members(struct json_writer *writer)
{
	static const char *const types[] = { "string", "number", "boolean", NULL };

	words_member(writer, "type", types);
	int_member(writer, "minLength", 1);
}

/* --- values, by the rows of enum key_value --------------------------- */

static void
rule_value(struct json_writer *writer)
{
	static const char *const types[] = { "string", "boolean", NULL };

	words_member(writer, "type", types);
	int_member(writer, "minLength", 1);
}

static void
flag_value(struct json_writer *writer)
{
	text_member(writer, "type", "boolean");
}

static void
name_value(struct json_writer *writer)
{
	pattern_members(writer, NAME_PATTERN);
}

static void
database_value(struct json_writer *writer)
{
	pattern_members(writer, "^(sqlite:(?!public/|seed/)/?((?!\\.{1,2}/)[^/?]+/)+[^/?]+|postgres(ql)?://.+)$");
}

static void
prefix_value(struct json_writer *writer)
{
	pattern_members(writer, "^(/[A-Za-z0-9._~-]+)+$");
}

static void
duration_value(struct json_writer *writer)
{
	pattern_members(writer, "^[1-9][0-9]*[smhd]$");
}

static void
id_type_value(struct json_writer *writer)
{
	text_member(writer, "const", "int");
}

/* A list of lists of fields. */
static void
write_indexes(struct json_writer *writer, int fields_min, const char *pattern)
{
	text_member(writer, "type", "array");
	int_member(writer, "maxItems", APP_INDEXES_MAX);
	begin_member(writer, "items");
	text_member(writer, "type", "array");
	int_member(writer, "minItems", fields_min);
	int_member(writer, "maxItems", APP_INDEX_COLUMNS_MAX);
	json_name(writer, STR("uniqueItems"));
	json_bool(writer, true);
	begin_member(writer, "items");
	pattern_members(writer, pattern);
	json_end_object(writer);
	json_end_object(writer);
}

static void
indexes_value(struct json_writer *writer)
{
	write_indexes(writer, 1, "^-?[a-z][a-z0-9_]{0,62}$");
}

static void
uniques_value(struct json_writer *writer)
{
	write_indexes(writer, 2, NAME_PATTERN);
}

/* A mapping by name to what ${definition} says. */
static void
write_named(struct json_writer *writer, const char *names, const char *definition, int count_max)
{
	text_member(writer, "type", "object");
	int_member(writer, "maxProperties", count_max);
	begin_member(writer, "propertyNames");
	ref_member(writer, names);
	json_end_object(writer);
	begin_member(writer, "additionalProperties");
	ref_member(writer, definition);
	json_end_object(writer);
}

static void
collections_value(struct json_writer *writer)
{
	write_named(writer, "collection_name", "collection", APP_COLLECTIONS_MAX);
}

static void
fields_value(struct json_writer *writer)
{
	write_named(writer, "field_name", "field", APP_FIELDS_MAX);
}

static void
fields_access_value(struct json_writer *writer)
{
	text_member(writer, "type", "object");
	begin_member(writer, "propertyNames");
	name_value(writer);
	begin_member(writer, "not");
	text_member(writer, "const", "id");
	json_end_object(writer);
	json_end_object(writer);
	begin_member(writer, "additionalProperties");
	ref_member(writer, "field_access");
	json_end_object(writer);
}

static void
api_value(struct json_writer *writer)
{
	ref_member(writer, "api");
}

static void
access_value(struct json_writer *writer)
{
	ref_member(writer, "access");
}

static void
cache_value(struct json_writer *writer)
{
	ref_member(writer, "cache");
}

static void
type_value(struct json_writer *writer)
{
	json_name(writer, STR("enum"));
	json_begin_array(writer);
	for (enum field_type type = 0; type < FIELD_ID; type++)
		json_string(writer, str_from(field_types[type].word));
	json_end_array(writer);
}

static void
item_value(struct json_writer *writer)
{
	json_name(writer, STR("enum"));
	json_begin_array(writer);
	for (enum field_type type = 0; type < FIELD_ID; type++)
		if (field_type_is_item(type))
			json_string(writer, str_from(field_types[type].word));
	json_end_array(writer);
}

static void
words_value(struct json_writer *writer)
{
	static const char *const types[] = { "string", "number", "boolean", "null", NULL };

	text_member(writer, "type", "array");
	int_member(writer, "minItems", 1);
	int_member(writer, "maxItems", APP_ENUM_VALUES_MAX);
	json_name(writer, STR("uniqueItems"));
	json_bool(writer, true);
	begin_member(writer, "items");
	words_member(writer, "type", types);
	int_member(writer, "minLength", 1);
	json_end_object(writer);
}

static void
action_value(struct json_writer *writer)
{
	words_member(writer, "enum", on_delete_words);
}

static void
scale_value(struct json_writer *writer)
{
	text_member(writer, "type", "integer");
	int_member(writer, "minimum", 0);
	int_member(writer, "maximum", DECIMAL_DIGITS_MAX);
}

static void
pattern_value(struct json_writer *writer)
{
	text_member(writer, "type", "string");
	int_member(writer, "minLength", 1);
	int_member(writer, "maxLength", PATTERN_SIZE_MAX);
}

/* The type of the field says what it is. */
static void
open_value(struct json_writer *writer)
{
	(void)writer;
}

static void (*const value_functions[KEY_VALUE_COUNT])(struct json_writer *writer) = {
	[VALUE_OF_NAME] = name_value,
	[VALUE_OF_TEXT] = scalar_members,
	[VALUE_OF_FLAG] = flag_value,
	[VALUE_OF_RULE] = rule_value,
	[VALUE_OF_DATABASE] = database_value,
	[VALUE_OF_PREFIX] = prefix_value,
	[VALUE_OF_DURATION] = duration_value,
	[VALUE_OF_ID_TYPE] = id_type_value,
	[VALUE_OF_INDEXES] = indexes_value,
	[VALUE_OF_UNIQUES] = uniques_value,
	[VALUE_OF_API] = api_value,
	[VALUE_OF_COLLECTIONS] = collections_value,
	[VALUE_OF_FIELDS] = fields_value,
	[VALUE_OF_ACCESS] = access_value,
	[VALUE_OF_FIELDS_ACCESS] = fields_access_value,
	[VALUE_OF_CACHE] = cache_value,
	[VALUE_OF_TYPE] = type_value,
	[VALUE_OF_LITERAL] = open_value,
	[VALUE_OF_BOUND] = open_value,
	[VALUE_OF_WORDS] = words_value,
	[VALUE_OF_COLLECTION] = name_value,
	[VALUE_OF_ACTION] = action_value,
	[VALUE_OF_SCALE] = scale_value,
	[VALUE_OF_ITEM] = item_value,
	[VALUE_OF_PATTERN] = pattern_value,
};

/* --- mappings -------------------------------------------------------- */

static void
mapping_members(struct json_writer *writer, const struct key *keys, size_t count)
{
	text_member(writer, "type", "object");
	begin_member(writer, "properties");
	for (size_t i = 0; i < count; i++) {
		if (keys[i].when == KEY_LATER)
			continue;
		begin_member(writer, keys[i].name);
		text_member(writer, "description", keys[i].help);
		value_functions[keys[i].value](writer);
		json_end_object(writer);
	}
	json_end_object(writer);
	json_name(writer, STR("required"));
	json_begin_array(writer);
	for (size_t i = 0; i < count; i++)
		if (keys[i].when == KEY_REQUIRED)
			json_string(writer, str_from(keys[i].name));
	json_end_array(writer);
	json_name(writer, STR("additionalProperties"));
	json_bool(writer, false);
}

static void
mapping_definition(
    struct json_writer *writer, const char *name, const struct key *keys, size_t count)
{
	begin_member(writer, name);
	mapping_members(writer, keys, count);
	json_end_object(writer);
}

/* A name that is none of the reserved ones. */
static void
name_definition(struct json_writer *writer, const char *name, const char *const *reserved,
    const char *refused_pattern)
{
	begin_member(writer, name);
	name_value(writer);
	begin_member(writer, "not");
	json_name(writer, STR("anyOf"));
	json_begin_array(writer);
	json_begin_object(writer);
	words_member(writer, "enum", reserved_names);
	json_end_object(writer);
	json_begin_object(writer);
	words_member(writer, "enum", reserved);
	json_end_object(writer);
	if (refused_pattern != NULL) {
		json_begin_object(writer);
		text_member(writer, "pattern", refused_pattern);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
	json_end_object(writer);
}

/* --- fields, by their types ------------------------------------------ */

/* What a literal of each type is; NULL where scalars of any type may stand for it. */
static const struct literal {
	const char *type; /* of JSON Schema */
	const char *pattern; /* or that of a text */
	const char *expression; /* a default that is computed */
} literals[FIELD_TYPE_COUNT] = {
	[FIELD_INT] = { .type = "integer" },
	[FIELD_BOOL] = { .type = "boolean" },
	[FIELD_FLOAT] = { .type = "number" },
	[FIELD_DECIMAL] = { .type = "number", .pattern = DECIMAL_PATTERN },
	[FIELD_TIME] = { .pattern = TIME_PATTERN, .expression = "now" },
	[FIELD_DATE] = { .pattern = DATE_PATTERN, .expression = "now" },
	[FIELD_REF] = { .type = "integer", .pattern = UUID_PATTERN, .expression = "auth.id" },
	[FIELD_LIST] = { .type = "array" },
};

static void
literal_members(struct json_writer *writer, enum field_type type, bool is_default)
{
	const struct literal *literal = &literals[type];

	json_name(writer, STR("anyOf"));
	json_begin_array(writer);
	if (literal->type != NULL) {
		json_begin_object(writer);
		text_member(writer, "type", literal->type);
		json_end_object(writer);
	}
	if (literal->pattern != NULL) {
		json_begin_object(writer);
		pattern_members(writer, literal->pattern);
		json_end_object(writer);
	}
	if (literal->expression != NULL && is_default) {
		json_begin_object(writer);
		text_member(writer, "const", literal->expression);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void
default_members(struct json_writer *writer, enum field_type type)
{
	static const char *const scalars[] = { "string", "number", "boolean", NULL };
	static const char *const all_but_null[] = { "string", "number", "boolean", "array",
		"object", NULL };

	if (type == FIELD_JSON)
		words_member(writer, "type", all_but_null);
	else if (type == FIELD_ENUM)
		open_value(writer);
	else if (literals[type].type == NULL && literals[type].pattern == NULL)
		words_member(writer, "type", scalars);
	else
		literal_members(writer, type, true);
}

/* Lengths and numbers of items, or values. */
static void
bound_members(struct json_writer *writer, enum field_type type)
{
	bool has_size = type == FIELD_LIST || literals[type].type == NULL;

	if (has_size && literals[type].pattern == NULL) {
		text_member(writer, "type", "integer");
		int_member(writer, "minimum", 0);
	} else {
		literal_members(writer, type, false);
	}
}

static void
write_keys_of(struct json_writer *writer, enum field_type type,
    bool (*is_wanted)(enum field_key key, enum field_type type))
{
	json_begin_array(writer);
	for (enum field_key key = 0; key < FIELD_KEYS_SUPPORTED; key++)
		if (is_wanted(key, type))
			json_string(writer, str_from(field_keys[key].name));
	json_end_array(writer);
}

/* { if: { this type }, then: { its attributes, and what they take } } */
static void
write_type_case(struct json_writer *writer, enum field_type type)
{
	json_begin_object(writer);
	begin_member(writer, "if");
	begin_member(writer, "properties");
	begin_member(writer, "type");
	text_member(writer, "const", field_types[type].word);
	json_end_object(writer);
	json_end_object(writer);
	json_end_object(writer);
	begin_member(writer, "then");
	begin_member(writer, "propertyNames");
	json_name(writer, STR("enum"));
	write_keys_of(writer, type, field_key_fits);
	json_end_object(writer);
	json_name(writer, STR("required"));
	write_keys_of(writer, type, field_key_is_needed);
	begin_member(writer, "properties");
	for (enum field_key key = 0; key < FIELD_KEYS_SUPPORTED; key++) {
		if (!field_key_fits(key, type) || (field_keys[key].value != VALUE_OF_LITERAL &&
						      field_keys[key].value != VALUE_OF_BOUND))
			continue;
		begin_member(writer, field_keys[key].name);
		if (field_keys[key].value == VALUE_OF_LITERAL)
			default_members(writer, type);
		else
			bound_members(writer, type);
		json_end_object(writer);
	}
	json_end_object(writer);
	json_end_object(writer);
	json_end_object(writer);
}

static void
field_definition(struct json_writer *writer)
{
	begin_member(writer, "field");
	mapping_members(writer, field_keys, FIELD_KEYS);
	json_name(writer, STR("allOf"));
	json_begin_array(writer);
	for (enum field_type type = 0; type < FIELD_ID; type++)
		write_type_case(writer, type);
	json_end_array(writer);
	json_end_object(writer);
}

/* --- all of it ------------------------------------------------------- */

static void
write_schema(struct json_writer *writer)
{
	json_begin_object(writer);
	text_member(writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
	text_member(writer, "title", "caisson.yaml");
	text_member(writer, "description", "An application: what it keeps, and who may do what.");
	mapping_members(writer, app_keys, APP_KEYS);
	begin_member(writer, "$defs");
	name_definition(writer, "collection_name", reserved_collections, "^(caisson|sqlite|pg)_");
	name_definition(writer, "field_name", reserved_fields, NULL);
	mapping_definition(writer, "api", api_keys, API_KEYS);
	mapping_definition(writer, "collection", collection_keys, COLLECTION_KEYS);
	mapping_definition(writer, "access", access_keys, ACCESS_KEYS);
	mapping_definition(writer, "field_access", field_access_keys, FIELD_ACCESS_KEYS);
	mapping_definition(writer, "cache", cache_keys, CACHE_KEYS);
	field_definition(writer);
	json_end_object(writer);
	json_end_object(writer);
}

static int
run_schema(const struct command *command, int argc, char **argv)
{
	struct json_writer writer;
	struct arguments arguments;
	struct buf text;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	buf_init(&text, SCHEMA_SIZE_MAX);
	json_writer_init(&writer, &text);
	write_schema(&writer);
	printf("%.*s\n", STR_ARGS(buf_str(&text)));
	buf_release(&text);
	return EXIT_DONE;
}

const struct command schema_command = {
	.name = "schema",
	.summary = "print the JSON Schema of caisson.yaml, for editors",
	.usage = "",
	.about = "Print the JSON Schema (draft 2020-12) of caisson.yaml: editors complete keys by it and\n"
		 "mark mistakes while one types.  `caisson check` finds those that no schema can.\n",
	.examples = "caisson schema > caisson.schema.json\n"
		    "sed -i '1i # yaml-language-server: $schema=caisson.schema.json' caisson.yaml\n",
	.run = run_schema,
};
