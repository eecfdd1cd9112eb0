#include <math.h>
#include <stdlib.h>

#include "app/read_internal.h"
#include "base/memory.h"
#include "codec/address.h"
#include "codec/canonical.h"
#include "codec/decimal.h"
#include "codec/time.h"
#include "codec/utf8.h"

enum { JSON_SIZE_MAX = 2 * APP_FILE_SIZE_MAX, JSON_ARENA_SIZE_MAX = 256 << 20 };

/* --- literals by type ------------------------------------------------ */

typedef bool read_function(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret);

static bool
literal_text(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	(void)field;
	if (node->type != YAML_SCALAR || is_nothing(node)) {
		note_expected(reader, node, "a text");
		return false;
	}
	*ret = value_text(keep_str(reader, node->text));
	return true;
}

static bool
literal_address(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	bool (*check)(struct str text) = field->type == FIELD_EMAIL ? email_check : url_check;

	if (node->type != YAML_SCALAR || !check(node->text)) {
		note_expected(reader, node, field_types[field->type].what);
		return false;
	}
	return literal_text(reader, field, node, ret);
}

const struct str *
find_value(const struct field *field, struct str text)
{
	for (size_t i = 0; i < field->values_count; i++)
		if (str_equal(field->values[i], text))
			return &field->values[i];
	return NULL;
}

static bool
literal_enum(
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
literal_int(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	(void)field;
	*ret = value_int(0);
	return read_int(reader, node, &ret->integer);
}

static bool
literal_bool(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	(void)field;
	*ret = value_bool(false);
	return read_bool(reader, node, &ret->boolean);
}

static bool
literal_ref(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	struct uuid uuid;

	if (field->to == NULL)
		return false;
	if (field->to->id_type == FIELD_INT)
		return literal_int(reader, field, node, ret);
	if (!uuid_parse(node->text, &uuid)) {
		note_expected(reader, node, "auth.id or an id (a UUID)");
		return false;
	}
	*ret = value_uuid(uuid);
	return true;
}

static bool
literal_time(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	const char *wanted;

	(void)field;
	*ret = value_time(0);
	if (node->type == YAML_SCALAR && time_parse_rfc3339(node->text, &ret->integer))
		return true;
	wanted = time_wanted(node->text);
	note_expected(reader, node, wanted != NULL ? wanted : "a time like 2026-11-23T08:00:00Z");
	return false;
}

static bool
literal_date(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	(void)field;
	*ret = value_date(0);
	if (node->type == YAML_SCALAR && date_parse(node->text, &ret->integer))
		return true;
	note_expected(reader, node, "a date like 2026-11-24");
	return false;
}

static bool
literal_decimal(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	char what[80];

	*ret = value_decimal(0, field->scale);
	if (node->type == YAML_SCALAR && node->style != YAML_EMPTY &&
	    decimal_parse(node->text, field->scale, &ret->integer))
		return true;
	if (field->scale == 0)
		snprintf(
		    what, sizeof(what), "a whole number of at most %d digits", DECIMAL_DIGITS_MAX);
	else
		snprintf(what, sizeof(what),
		    "a number of at most %d digits, %u of them behind the point",
		    DECIMAL_DIGITS_MAX, field->scale);
	note_expected(reader, node, what);
	return false;
}

/* A number as JSON writes it. */
static bool
parse_number(struct arena *arena, const struct yaml *node, struct json *ret)
{
	struct json_error error;

	return node->type == YAML_SCALAR && node->style == YAML_PLAIN &&
	       json_parse(arena, node->text, ret, &error) == OK &&
	       (ret->type == JSON_INT || (ret->type == JSON_REAL && isfinite(ret->real)));
}

static bool
literal_float(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	struct arena arena;
	struct json number;
	double real = 0;
	bool good;

	(void)field;
	arena_init_blocks(&arena, JSON_SIZE_MAX, 1024);
	good = parse_number(&arena, node, &number);
	if (good)
		real = number.type == JSON_INT ? (double)number.integer : number.real;
	arena_release(&arena);
	/* -0 is no value of a float: it would be equal to another one. */
	good = good && !(real == 0 && node->text.data[0] == '-');
	if (!good)
		note_expected(reader, node, "a number like 0.5 or 1e3");
	else
		*ret = value_real(real);
	return good;
}

/* --- JSON ------------------------------------------------------------ */

struct json_text {
	struct json_writer writer;
	struct buf buf;
	struct arena arena;
	enum field_type of; /* TEXT: a plain `1` or `true` is a text; FLOAT: a number is a double */
};

static void
write_scalar(struct json_text *text, const struct yaml *node)
{
	struct json number;

	if (text->of == FIELD_TEXT)
		json_string(&text->writer, node->text);
	else if (is_nothing(node))
		json_null(&text->writer);
	else if (node->style == YAML_PLAIN &&
		 (str_is(node->text, "true") || str_is(node->text, "false")))
		json_bool(&text->writer, str_is(node->text, "true"));
	else if (!parse_number(&text->arena, node, &number))
		json_string(&text->writer, node->text);
	else if (text->of == FIELD_FLOAT && number.type == JSON_INT)
		json_real(&text->writer, (double)number.integer);
	else
		json_raw(&text->writer, node->text);
}

static void
write_json(struct json_text *text, const struct yaml *node)
{
	if (node->type == YAML_SCALAR) {
		write_scalar(text, node);
		return;
	}
	(node->type == YAML_MAPPING ? json_begin_object : json_begin_array)(&text->writer);
	for (const struct yaml *item = node->first; item != NULL; item = item->next) {
		if (node->type == YAML_MAPPING)
			json_name(&text->writer, item->key->text);
		write_json(text, item);
	}
	(node->type == YAML_MAPPING ? json_end_object : json_end_array)(&text->writer);
}

static struct value
to_json(struct reader *reader, const struct yaml *node, enum field_type of)
{
	struct json_text text = { .of = of };
	struct str kept;

	arena_init(&text.arena, JSON_ARENA_SIZE_MAX);
	buf_init(&text.buf, 8 * JSON_SIZE_MAX);
	json_writer_init(&text.writer, &text.buf);
	write_json(&text, node);
	kept = keep_str(reader, json_canonical_text(&text.arena, buf_str(&text.buf)));
	buf_release(&text.buf);
	arena_release(&text.arena);
	return value_json(kept);
}

static bool
literal_json(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	(void)field;
	*ret = to_json(reader, node, FIELD_JSON);
	return true;
}

static bool
is_item(struct reader *reader, const struct field *list, const struct yaml *node)
{
	const struct field item = { .type = list->of };
	struct value value;

	return read_literal(reader, &item, node, &value);
}

static bool
literal_list(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	bool good = true;

	if (!read_sequence(reader, node, "a list like [a, b]"))
		return false;
	for (const struct yaml *item = node->first; item != NULL; item = item->next)
		good &= is_item(reader, field, item);
	if (good)
		*ret = to_json(reader, node, field->of);
	return good;
}

bool
read_literal(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret)
{
	static read_function *const functions[FIELD_TYPE_COUNT] = {
		[FIELD_TEXT] = literal_text,
		[FIELD_EMAIL] = literal_address,
		[FIELD_URL] = literal_address,
		[FIELD_INT] = literal_int,
		[FIELD_BOOL] = literal_bool,
		[FIELD_ENUM] = literal_enum,
		[FIELD_TIME] = literal_time,
		[FIELD_DATE] = literal_date,
		[FIELD_REF] = literal_ref,
		[FIELD_FLOAT] = literal_float,
		[FIELD_DECIMAL] = literal_decimal,
		[FIELD_LIST] = literal_list,
		[FIELD_JSON] = literal_json,
	};

	return functions[field->type](reader, field, node, ret);
}

/* --- defaults -------------------------------------------------------- */

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
	if (is_plain(node, "now") && (field->type == FIELD_TIME || field->type == FIELD_DATE))
		return DEFAULT_NOW;
	if (is_plain(node, "auth.id") && takes_auth)
		return DEFAULT_AUTH_ID;
	if (is_plain(node, "now") && field->type == FIELD_TEXT)
		app_mistake(reader->mistakes, position_of(node),
		    "'now' is for types time and date; in quotes it is a text");
	else if (node->style == YAML_PLAIN && takes_auth &&
		 str_starts_with(node->text, STR("auth.")))
		app_mistake(reader->mistakes, position_of(node),
		    "'%.*s' is not supported yet; 'auth.id' is", STR_ARGS(excerpt(node->text)));
	else
		*ret_done = false;
	return DEFAULT_NONE;
}

/* Less than 0 where the default is below the bounds, more where it is above them. */
static int
beyond_bounds(const struct field *field, const struct yaml *node, const struct value *value)
{
	int64_t measure = value->integer;

	if (field->type == FIELD_FLOAT) {
		if (field->has_min && value->real < field->real_min)
			return -1;
		return field->has_max && value->real > field->real_max;
	}
	if (value->kind == VALUE_TEXT)
		measure = (int64_t)utf8_length(value->text);
	else if (field->type == FIELD_LIST)
		measure = (int64_t)node->count;
	if (field->has_min && measure < field->min)
		return -1;
	return field->has_max && measure > field->max;
}

static bool
fits_bounds(struct reader *reader, const struct field *field, const struct yaml *node,
    const struct value *value)
{
	bool has_size = value->kind == VALUE_TEXT || field->type == FIELD_LIST;
	int beyond = beyond_bounds(field, node, value);

	if (beyond < 0)
		app_mistake(reader->mistakes, position_of(node),
		    "the default is %s than 'min' allows", has_size ? "shorter" : "smaller");
	else if (beyond > 0)
		app_mistake(reader->mistakes, position_of(node),
		    "the default is %s than 'max' allows", has_size ? "longer" : "larger");
	return beyond == 0;
}

/* What an address may have where no 'max' says so. */
static bool
fits_length(struct reader *reader, const struct field *field, const struct yaml *node,
    const struct value *value)
{
	int most = field->type == FIELD_EMAIL ? EMAIL_LENGTH_MAX : URL_LENGTH_MAX;

	if ((field->type != FIELD_EMAIL && field->type != FIELD_URL) || field->has_max ||
	    utf8_length(value->text) <= (size_t)most)
		return true;
	app_mistake(reader->mistakes, position_of(node),
	    "the default is longer than the %d characters that are possible without 'max'", most);
	return false;
}

static bool
fits_pattern(struct reader *reader, const struct field *field, const struct yaml *node,
    const struct value *value)
{
	if (field->pattern_code == NULL || pattern_matches(field->pattern_code, value->text))
		return true;
	app_mistake(
	    reader->mistakes, position_of(node), "the default is none that 'pattern' allows");
	return false;
}

/* What may stand there at all, before it is asked what it is. */
static bool
is_default(const struct field *field, const struct yaml *node)
{
	if (node->type != YAML_SCALAR)
		return field->type == FIELD_LIST || field->type == FIELD_JSON;
	return !is_nothing(node) ||
	       (field->type == FIELD_ENUM && find_value(field, node->text) != NULL);
}

void
read_default(struct reader *reader, struct field *field, const struct yaml *node)
{
	bool done;

	if (!is_default(field, node)) {
		note_expected(reader, node, "a default (null is what stands where there is none)");
		return;
	}
	field->default_kind = read_expression(reader, field, node, &done);
	if (!done && read_literal(reader, field, node, &field->default_value) &&
	    fits_bounds(reader, field, node, &field->default_value) &&
	    fits_length(reader, field, node, &field->default_value) &&
	    fits_pattern(reader, field, node, &field->default_value))
		field->default_kind = DEFAULT_LITERAL;
}
