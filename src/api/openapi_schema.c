/* Fields and records as JSON Schema. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/openapi_internal.h"
#include "base/limits.h"
#include "codec/address.h"
#include "codec/decimal.h"
#include "codec/json.h"

void
put(struct buf *buf, const char *format, ...)
{
	size_t start = buf->size;
	char text[2048];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert(size >= 0 && size < (int)sizeof(text));
	buf_add(buf, text, (size_t)size);
	for (size_t i = start; i < buf->size; i++)
		if (buf->data[i] == '\'')
			buf->data[i] = '"';
}

void
put_text(struct buf *buf, struct str text)
{
	struct json_writer writer;

	json_writer_init(&writer, buf);
	json_string(&writer, text);
}

static void
put_value(struct buf *buf, const struct value *value)
{
	struct json_writer writer;

	json_writer_init(&writer, buf);
	json_value(&writer, value);
}

static bool
is_nullable(const struct field *field)
{
	return !field->required;
}

static bool
is_int_id(const struct field *field)
{
	return field->to != NULL && field->to->id_type == FIELD_INT;
}

/* --- one function for each type ---------------------------------------- */

static void
put_bounds(struct buf *buf, const struct field *field, const char *min, const char *max)
{
	if (field->has_min)
		put(buf, ",'%s':%lld", min, (long long)field->min);
	if (field->has_max)
		put(buf, ",'%s':%lld", max, (long long)field->max);
}

/* "null" beside the type itself, where there may be none. */
static void
put_type(struct buf *buf, const struct field *field, const char *type)
{
	if (is_nullable(field))
		put(buf, "'type':['%s','null']", type);
	else
		put(buf, "'type':'%s'", type);
}

/* A pattern whose meaning PCRE2 and ECMA-262 share. */
static bool
is_common_pattern(struct str pattern)
{
	for (size_t i = 0; i < pattern.size; i++) {
		char c = pattern.data[i], next = i + 1 < pattern.size ? pattern.data[i + 1] : '\0';

		if ((unsigned char)c >= 0x80 || (c == '(' && next == '?') || (c == '[' && next == '[') ||
		    (c == '\\' && strchr("dDwWsS.-/+*?()[]{}|^$\\", next) == NULL) ||
		    (strchr("*+?}", c) != NULL && next == '+'))
			return false;
		if (c == '\\')
			i++;
	}
	return true;
}

static void
put_string(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "string");
	put_bounds(buf, field, "minLength", "maxLength");
	if (field->type != FIELD_TEXT && !field->has_max)
		put(buf, ",'maxLength':%d", field->type == FIELD_URL ? URL_LENGTH_MAX : EMAIL_LENGTH_MAX);
	if (field->type == FIELD_URL) {
		put(buf, ",'pattern':'^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]'");
	} else if (field->pattern.data != NULL && is_common_pattern(field->pattern)) {
		put(buf, ",'pattern':");
		put_text(buf, field->pattern);
	} else {
		put(buf, ",'pattern':'^[^\\\\u0000]*$'");
	}
	if (field->type == FIELD_EMAIL)
		put(buf, ",'format':'email'");
	if (field->type == FIELD_URL)
		put(buf, ",'format':'uri'");
}

static void
put_int(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "integer");
	put(buf, ",'format':'int64'");
	if (!field->has_min)
		put(buf, ",'minimum':-9223372036854775808");
	if (!field->has_max)
		put(buf, ",'maximum':9223372036854775807");
	put_bounds(buf, field, "minimum", "maximum");
}

static void
put_real_bound(struct buf *buf, const char *name, double bound)
{
	struct json_writer writer;

	put(buf, ",'%s':", name);
	json_writer_init(&writer, buf);
	json_real(&writer, bound);
}

static void
put_float(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "number");
	put(buf, ",'format':'double'");
	if (field->has_min)
		put_real_bound(buf, "minimum", field->real_min);
	if (field->has_max)
		put_real_bound(buf, "maximum", field->real_max);
}

/* The digits in front of the point: no zero but one alone. */
static void
put_whole_digits(struct buf *buf, const struct field *field)
{
	int whole = DECIMAL_DIGITS_MAX - (int)field->scale;

	if (whole == 0)
		put(buf, "0");
	else
		put(buf, "(0|[1-9][0-9]{0,%d})", whole - 1);
}

static void
put_decimal(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "string");
	put(buf, ",'pattern':'^-?");
	put_whole_digits(buf, field);
	if (field->scale > 0)
		put(buf, "\\\\.[0-9]{%u}", field->scale);
	put(buf, "$'");
}

static void
put_bool(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "boolean");
}

static void
put_enum(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "string");
	put(buf, ",'enum':[");
	for (size_t i = 0; i < field->values_count; i++) {
		put(buf, i == 0 ? "" : ",");
		put_text(buf, field->values[i]);
	}
	put(buf, is_nullable(field) ? ",null]" : "]");
}

static void
put_time(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "string");
	put(buf, ",'format':'date-time'");
}

static void
put_date(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "string");
	put(buf, ",'format':'date'");
}

static void
put_id(struct buf *buf, bool is_int, const char *null)
{
	if (is_int)
		put(buf, "'type':[%s'integer'],'format':'int64','minimum':-9223372036854775808,'maximum':9223372036854775807",
		    null);
	else
		put(buf, "'type':[%s'string'],'format':'uuid'", null);
}

/* A client may choose from the lower half; the server counts on from there. */
static void
put_own_id(struct buf *buf, const struct field *field, enum schema_use use)
{
	if (field->type == FIELD_INT)
		put(buf, "'type':'integer','format':'int64','minimum':1,'maximum':%s",
		    use == SCHEMA_INPUT || use == SCHEMA_REPLACE ? "4611686018427387904" : "9223372036854775807");
	else
		put_id(buf, false, "");
}

static void
put_ref(struct buf *buf, const struct field *field)
{
	put_id(buf, is_int_id(field), is_nullable(field) ? "'null'," : "");
}

static void
put_refs(struct buf *buf, const struct field *field)
{
	put_type(buf, field, "array");
	put(buf, ",'items':{");
	put_id(buf, is_int_id(field), "");
	put(buf, "}");
	put_bounds(buf, field, "minItems", "maxItems");
}

static void
put_list(struct buf *buf, const struct field *field)
{
	const struct field item = { .type = field->of, .column = COLUMN_FIELDS, .required = true };

	put_type(buf, field, "array");
	put(buf, ",'items':");
	put_field_schema(buf, &item, SCHEMA_ANSWER);
	put_bounds(buf, field, "minItems", "maxItems");
}

static void
put_any(struct buf *buf, const struct field *field)
{
	put(buf, "'type':['object','array','string','number','boolean'");
	put(buf, is_nullable(field) ? ",'null']" : "]");
}

static void (*const writers[FIELD_TYPE_COUNT])(struct buf *buf, const struct field *field) = {
	[FIELD_TEXT] = put_string,
	[FIELD_EMAIL] = put_string,
	[FIELD_URL] = put_string,
	[FIELD_INT] = put_int,
	[FIELD_FLOAT] = put_float,
	[FIELD_DECIMAL] = put_decimal,
	[FIELD_BOOL] = put_bool,
	[FIELD_ENUM] = put_enum,
	[FIELD_TIME] = put_time,
	[FIELD_DATE] = put_date,
	[FIELD_REF] = put_ref,
	[FIELD_REFS] = put_refs,
	[FIELD_LIST] = put_list,
	[FIELD_JSON] = put_any,
};

/* --- what each use adds ------------------------------------------------- */

/* The operand of $append and $remove: an item, or several. */
static void
put_items_operand(struct buf *buf, const struct field *field)
{
	const struct field item = { .type = field->type == FIELD_LIST ? field->of : FIELD_REF,
		.column = COLUMN_FIELDS, .to = field->to, .required = true };

	put(buf, "{'anyOf':[");
	put_field_schema(buf, &item, SCHEMA_INPUT);
	put(buf, ",{'type':'array','items':");
	put_field_schema(buf, &item, SCHEMA_INPUT);
	put(buf, "}]}");
}

/* {"$inc":1} and the like, as alternatives to the value. */
static void
put_operators(struct buf *buf, const struct field *field)
{
	bool counts = field->type == FIELD_INT || field->type == FIELD_FLOAT || field->type == FIELD_DECIMAL;
	bool orders = counts || field->type == FIELD_DATE || field->type == FIELD_TIME;
	bool collects = field->type == FIELD_LIST || field->type == FIELD_REFS;
	const struct field operand = { .type = field->type, .column = COLUMN_FIELDS, .scale = field->scale,
		.required = true };
	static const char *const names[] = { "$inc", "$min", "$max", "$append", "$remove" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (!(i == 0 ? counts : i < 3 ? orders : collects))
			continue;
		put(buf, ",{'type':'object','properties':{'%s':", names[i]);
		if (collects)
			put_items_operand(buf, field);
		else
			put_field_schema(buf, &operand, SCHEMA_INPUT);
		put(buf, "},'required':['%s'],'additionalProperties':false}", names[i]);
	}
}

/* A decimal may be sent as a number too, and with fewer digits. */
static void
put_decimal_input(struct buf *buf, const struct field *field)
{
	put(buf, "'type':['string','number'%s],'pattern':'^-?", is_nullable(field) ? ",'null'" : "");
	put_whole_digits(buf, field);
	if (field->scale > 0)
		put(buf, "(\\\\.[0-9]{1,%u})?", field->scale);
	put(buf, "$'");
}

/* A record in the place of its id; null in the place of one that may not be read. */
static void
put_expanded(struct buf *buf, const struct field *field)
{
	bool is_many = field->type == FIELD_REFS;
	struct field ids = *field;

	ids.required = is_many && field->required;
	put(buf, "'anyOf':[");
	put_field_schema(buf, &ids, SCHEMA_ANSWER);
	put(buf, is_many ? ",{'type':'array','items':" : ",");
	put(buf, "{'$ref':'#/components/schemas/%.*s.shown'}", STR_ARGS(field->to->name));
	put(buf, is_many ? "}]" : "]");
}

static void
put_changed(struct buf *buf, const struct field *field)
{
	put(buf, "'anyOf':[");
	put_field_schema(buf, field, SCHEMA_INPUT);
	put_operators(buf, field);
	put(buf, "]");
}

static bool
is_whole_input(enum schema_use use)
{
	return use == SCHEMA_INPUT || use == SCHEMA_REPLACE;
}

static void
put_members(struct buf *buf, const struct field *field, enum schema_use use)
{
	if (field->column == COLUMN_ID)
		put_own_id(buf, field, use);
	else if (use == SCHEMA_SHOWN && (field->type == FIELD_REF || field->type == FIELD_REFS))
		put_expanded(buf, field);
	else if (use == SCHEMA_CHANGE)
		put_changed(buf, field);
	else if (is_whole_input(use) && field->type == FIELD_DECIMAL)
		put_decimal_input(buf, field);
	else
		writers[field->type](buf, field);
}

void
put_field_schema(struct buf *buf, const struct field *field, enum schema_use use)
{
	put(buf, "{");
	put_members(buf, field, use);
	put(buf, "}");
}

/* --- records ------------------------------------------------------------ */

static bool
is_answer(enum schema_use use)
{
	return use == SCHEMA_ANSWER || use == SCHEMA_SHOWN;
}

static bool
has_member(const struct field *field, enum schema_use use)
{
	if (is_answer(use))
		return true;
	return field->column == COLUMN_ID ? is_whole_input(use) : !field->readonly;
}

static bool
is_hidden_from_some(const struct collection *collection, const struct field *field)
{
	return collection->fields_read != NULL && collection->fields_read[field->column].text.data != NULL;
}

static bool
must_be_sent(const struct field *field, enum schema_use use)
{
	bool needs_targets = field->type == FIELD_REFS && field->has_min && field->min > 0;

	if (!is_whole_input(use) || field->column < COLUMN_FIELDS || field->readonly ||
	    field->default_kind != DEFAULT_NONE)
		return false;
	return (field->required || needs_targets) && !(use == SCHEMA_REPLACE && field->unique);
}

static bool
must_be_there(const struct collection *collection, const struct field *field, enum schema_use use)
{
	return use == SCHEMA_ANSWER ? !is_hidden_from_some(collection, field) : must_be_sent(field, use);
}

/*
 * An answer is held to what the tables check.  They know no patterns, and do not count: links go with
 * their targets, and a record may be older than its app file.
 */
static struct field
as_answered(const struct collection *collection, struct field field)
{
	field.pattern = (struct str){ 0 };
	if (field.type == FIELD_LIST || field.type == FIELD_REFS)
		field.has_min = field.has_max = false;
	/* Where its rule is false it is null. */
	field.required = field.required && !is_hidden_from_some(collection, &field);
	return field;
}

static void
put_property(struct buf *buf, const struct field *field, enum schema_use use)
{
	put(buf, "'%.*s':{", STR_ARGS(field->name));
	put_members(buf, field, use);
	if (field->description.data != NULL) {
		put(buf, ",'description':");
		put_text(buf, field->description);
	}
	if (field->default_kind == DEFAULT_LITERAL && is_whole_input(use)) {
		put(buf, ",'default':");
		put_value(buf, &field->default_value);
	}
	put(buf, "}");
}

static void
put_backs(struct buf *buf, const struct collection *collection)
{
	for (size_t i = 0; i < collection->backs_count; i++)
		put(buf, ",'%.*s':{'type':'array','items':{'$ref':'#/components/schemas/%.*s.shown'}}",
		    STR_ARGS(collection->backs[i].name), STR_ARGS(collection->backs[i].from->name));
}

static void
put_record(struct buf *buf, const struct collection *collection, const char *suffix, enum schema_use use)
{
	bool first = true;

	put(buf, ",'%.*s%s':{'type':'object','properties':{", STR_ARGS(collection->name), suffix);
	for (size_t i = 0; i < collection->columns_count; i++) {
		struct field field = collection->columns[i];

		if (!has_member(&field, use))
			continue;
		field.required |= field.type == FIELD_REFS;
		if (is_answer(use))
			field = as_answered(collection, field);
		put(buf, first ? "" : ",");
		first = false;
		put_property(buf, &field, use);
	}
	if (use == SCHEMA_SHOWN)
		put_backs(buf, collection);
	put(buf, "},'required':[");
	first = true;
	for (size_t i = 0; i < collection->columns_count; i++) {
		if (!must_be_there(collection, &collection->columns[i], use))
			continue;
		put(buf, "%s'%.*s'", first ? "" : ",", STR_ARGS(collection->columns[i].name));
		first = false;
	}
	put(buf, "],'additionalProperties':false}");
}

void
put_collection_schemas(struct buf *buf, const struct collection *collection)
{
	put_record(buf, collection, "", SCHEMA_ANSWER);
	put_record(buf, collection, ".shown", SCHEMA_SHOWN);
	put_record(buf, collection, ".create", SCHEMA_INPUT);
	put_record(buf, collection, ".replace", SCHEMA_REPLACE);
	put_record(buf, collection, ".change", SCHEMA_CHANGE);
	put(buf, ",'%.*s.create.list':{'type':'array','minItems':1,'maxItems':%lld,'items':"
		 "{'$ref':'#/components/schemas/%.*s.create'}}",
	    STR_ARGS(collection->name), (long long)limit(LIMIT_array_items), STR_ARGS(collection->name));
	put(buf, ",'%.*s.list':{'type':'object','properties':{'items':{'type':'array','items':"
		 "{'$ref':'#/components/schemas/%.*s.shown'}},'next':{'type':['string','null'],"
		 "'description':'The cursor of the next page.'},'count':{'type':'integer','minimum':0},"
		 "'count_exact':{'type':'boolean'}},'required':['items','next'],'additionalProperties':false}",
	    STR_ARGS(collection->name), STR_ARGS(collection->name));
}

bool
openapi_is_sortable(const struct field *field)
{
	return field->type != FIELD_LIST && field->type != FIELD_JSON && field->type != FIELD_REFS;
}
