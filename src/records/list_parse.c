#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/limits.h"
#include "codec/utf8.h"
#include "records/list_internal.h"

struct parsing {
	struct arena *arena;
	struct list_query *query;
	struct list_problem *problem;
	struct str parameter; /* the name of the one being read */
	struct str filter_text, cursor;
	size_t enum_values_count;
};

struct parameter_row {
	const char *name;
	bool (*read)(struct parsing *parsing, struct str value);
};

static bool read_filter(struct parsing *parsing, struct str value);
static bool read_sort(struct parsing *parsing, struct str value);
static bool read_limit(struct parsing *parsing, struct str value);
static bool read_cursor(struct parsing *parsing, struct str value);
static bool read_offset(struct parsing *parsing, struct str value);
static bool refuse_unsupported(struct parsing *parsing, struct str value);

static const struct parameter_row parameter_rows[] = {
	{ "filter", read_filter },
	{ "sort", read_sort },
	{ "limit", read_limit },
	{ "cursor", read_cursor },
	{ "offset", read_offset },
	{ "count", refuse_unsupported },
	{ "fields", refuse_unsupported },
	{ "expand", refuse_unsupported },
	{ "search", refuse_unsupported },
	{ "highlight", refuse_unsupported },
	{ "aggregate", refuse_unsupported },
	{ "group", refuse_unsupported },
};

/* --- mistakes -------------------------------------------------------- */

/* Always false. */
static bool __attribute__((format(printf, 5, 6))) fail(
    struct parsing *parsing, enum err err, size_t offset, const char *code, const char *format, ...)
{
	struct list_problem *problem = parsing->problem;
	va_list args;

	problem->err = err;
	problem->parameter = parsing->parameter;
	problem->offset = offset;
	problem->code = code;
	va_start(args, format);
	vsnprintf(problem->detail, sizeof(problem->detail), format, args);
	va_end(args);
	return false;
}

static bool
fail_memory(struct parsing *parsing)
{
	return fail(parsing, ERR_TOO_LARGE, 0, "too_large", "the request needs too much memory");
}

/* The beginning of ${str}, whole code points, short enough for an error text. */
static struct str
shorten(struct str str)
{
	return utf8_cut(str, 64);
}

/* --- filter, limit, cursor, offset ----------------------------------- */

static bool
read_filter(struct parsing *parsing, struct str value)
{
	struct list_query *query = parsing->query;
	struct rule_error error;

	if (str_trim(value).size == 0)
		return true;
	if (value.size > (size_t)limit(LIMIT_filter_size))
		return fail(parsing, ERR_BAD_FILTER, (size_t)limit(LIMIT_filter_size), "filter",
		    "expected at most %lld bytes, not %zu", (long long)limit(LIMIT_filter_size),
		    value.size);
	if (rule_compile(parsing->arena, query->rules, query->collection, RULE_USE_FILTER,
		&query->identity->caller, value, &query->filter, &error) != OK)
		return fail(parsing, ERR_BAD_FILTER, error.offset, "filter", "%s", error.detail);
	parsing->filter_text = value;
	return true;
}

static bool
read_number(struct parsing *parsing, struct str value, int64_t min, int64_t max, unsigned *ret)
{
	int64_t number;

	if (!str_to_int(value, &number))
		return fail(parsing, ERR_BAD_PARAMETER, 0, "type",
		    "expected a whole number from %lld to %lld", (long long)min, (long long)max);
	if (number < min || number > max)
		return fail(parsing, ERR_BAD_PARAMETER, 0, number < min ? "too_small" : "too_large",
		    "expected a number from %lld to %lld", (long long)min, (long long)max);
	*ret = (unsigned)number;
	return true;
}

static bool
read_limit(struct parsing *parsing, struct str value)
{
	return read_number(parsing, value, 1, limit(LIMIT_list_limit), &parsing->query->limit);
}

static bool
read_offset(struct parsing *parsing, struct str value)
{
	return read_number(parsing, value, 0, LIST_OFFSET_MAX, &parsing->query->offset);
}

/* It can be read when filter and sort are known. */
static bool
read_cursor(struct parsing *parsing, struct str value)
{
	if (value.size == 0)
		return fail(parsing, ERR_BAD_CURSOR, 0, "cursor",
		    "the cursor is empty: leave it away for the first page");
	parsing->query->has_cursor = true;
	parsing->cursor = value;
	return true;
}

static bool
refuse_unsupported(struct parsing *parsing, struct str value)
{
	(void)value;
	return fail(parsing, ERR_BAD_PARAMETER, 0, "unsupported", "%.*s= is not supported yet",
	    STR_ARGS(parsing->parameter));
}

/* --- sort ------------------------------------------------------------ */

static bool
is_sortable(const struct field *field)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_INT:
	case FIELD_BOOL:
	case FIELD_ENUM:
	case FIELD_TIME:
	case FIELD_REF:
	case FIELD_ID:
	case FIELD_EMAIL:
	case FIELD_URL:
	case FIELD_FLOAT:
	case FIELD_DECIMAL:
	case FIELD_DATE:
		return true;
	case FIELD_REFS:
	case FIELD_LIST:
	case FIELD_JSON:
	case FIELD_TYPE_COUNT:
		break;
	}
	return false;
}

static bool
is_nullable(const struct list_key *key)
{
	/* Behind a reference everything is: the row may be hidden. */
	return key->hop != NULL || (key->field->column >= COLUMN_FIELDS && !key->field->required);
}

static bool
find_field(struct parsing *parsing, const struct collection *collection, struct str name,
    size_t offset, const struct field **ret)
{
	const struct field *field = collection_column(collection, name);

	if (name.size == 0)
		return fail(parsing, ERR_BAD_PARAMETER, offset, "unknown",
		    "expected the name of a field, as in sort=-created,id");
	if (field == NULL)
		return fail(parsing, ERR_BAD_PARAMETER, offset, "unknown", "unknown field '%.*s'",
		    STR_ARGS(shorten(name)));
	*ret = field;
	return true;
}

/* "topic.title", without its direction. */
static bool
read_path(struct parsing *parsing, struct str path, size_t offset, struct list_key *key)
{
	size_t dot = str_find_byte(path, '.');
	struct str behind;

	if (!find_field(
		parsing, parsing->query->collection, str_slice(path, 0, dot), offset, &key->field))
		return false;
	if (dot == path.size)
		return true;
	behind = str_slice(path, dot + 1, path.size);
	key->hop = key->field;
	if (key->hop->type != FIELD_REF)
		return fail(parsing, ERR_BAD_PARAMETER, offset + dot, "type",
		    "nothing can follow '%.*s', which is no reference", STR_ARGS(key->hop->name));
	if (str_find_byte(behind, '.') < behind.size)
		return fail(parsing, ERR_BAD_PARAMETER, offset, "type",
		    "expected one reference at most, as in topic.title");
	return find_field(parsing, key->hop->to, behind, offset + dot + 1, &key->field);
}

static bool
check_key(struct parsing *parsing, const struct list_key *key, size_t offset)
{
	const struct list_query *query = parsing->query;

	if (!is_sortable(key->field))
		return fail(parsing, ERR_BAD_PARAMETER, offset, "type",
		    "a list cannot be sorted by '%.*s'", STR_ARGS(key->field->name));
	for (size_t i = 0; i < query->keys_count; i++)
		if (query->keys[i].field == key->field && query->keys[i].hop == key->hop)
			return fail(parsing, ERR_BAD_PARAMETER, offset, "repeated",
			    "'%.*s' is named twice", STR_ARGS(key->field->name));
	parsing->enum_values_count += key->field->values_count;
	if (parsing->enum_values_count > LIST_ENUM_VALUES_MAX)
		return fail(parsing, ERR_BAD_PARAMETER, offset, "too_many",
		    "the fields named have more than %d values in all", LIST_ENUM_VALUES_MAX);
	return true;
}

static bool
ends_in_id(const struct list_query *query)
{
	const struct list_key *last = &query->keys[query->keys_count - 1];

	return query->keys_count > 0 && last->hop == NULL && last->field->column == COLUMN_ID;
}

static bool
read_key(struct parsing *parsing, struct str part, size_t offset)
{
	struct list_query *query = parsing->query;
	struct list_key key = { 0 };

	if (part.size > 0 && part.data[0] == '-') {
		key.descending = true;
		part = str_slice(part, 1, part.size);
		offset++;
	}
	if (!read_path(parsing, part, offset, &key) || !check_key(parsing, &key, offset))
		return false;
	/* No two rows share an id, so what follows it orders nothing. */
	if (query->keys_count > 0 && ends_in_id(query))
		return true;
	if (query->keys_count == LIST_KEYS_MAX)
		return fail(parsing, ERR_BAD_PARAMETER, offset, "too_many",
		    "expected at most %d fields", LIST_KEYS_MAX);
	key.nullable = is_nullable(&key);
	query->keys[query->keys_count++] = key;
	return true;
}

static bool
read_sort(struct parsing *parsing, struct str value)
{
	struct str part;

	if (str_trim(value).size == 0)
		return true;
	for (size_t at = 0; at <= value.size;
	     at += str_find_byte(str_slice(value, at, value.size), ',') + 1) {
		struct str rest = str_slice(value, at, value.size);
		size_t end = str_find_byte(rest, ',');

		part = str_trim(str_slice(rest, 0, end));
		if (!read_key(
			parsing, part, part.size == 0 ? at : (size_t)(part.data - value.data)))
			return false;
	}
	return true;
}

static void
end_in_id(struct list_query *query)
{
	size_t count = query->keys_count;

	if (count > 0 && ends_in_id(query))
		return;
	query->keys[query->keys_count++] = (struct list_key){
		.field = &query->collection->columns[COLUMN_ID],
		.descending = count > 0 && query->keys[count - 1].descending,
	};
}

/* --- the whole ------------------------------------------------------- */

static bool
read_parameter(struct parsing *parsing, const struct url_parameter *parameter)
{
	parsing->parameter = parameter->name;
	for (size_t i = 0; i < COUNT(parameter_rows); i++)
		if (str_is(parameter->name, parameter_rows[i].name))
			return parameter_rows[i].read(parsing, parameter->value);
	return fail(parsing, ERR_BAD_PARAMETER, 0, "unknown", "unknown parameter '%.*s'",
	    STR_ARGS(shorten(parameter->name)));
}

/* What a cursor must agree in: the collection, the filter as it was written, the sort. */
static bool
hash_shape(struct parsing *parsing)
{
	struct list_query *query = parsing->query;
	struct buf shape;
	bool good;

	buf_init(&shape, (size_t)limit(LIMIT_filter_size) + 4096);
	buf_addf(&shape, "%.*s\n", STR_ARGS(query->collection->name));
	for (size_t i = 0; i < query->keys_count; i++) {
		const struct list_key *key = &query->keys[i];

		buf_add_byte(&shape, key->descending ? '-' : '+');
		if (key->hop != NULL)
			buf_addf(&shape, "%.*s.", STR_ARGS(key->hop->name));
		buf_add_str(&shape, key->field->name);
	}
	buf_add_byte(&shape, '\n');
	buf_add_str(&shape, parsing->filter_text);
	query->shape = hash_bytes(shape.data, shape.size);
	good = shape.err == OK;
	buf_release(&shape);
	return good || fail_memory(parsing);
}

struct cursor_key
list_cursor_key(const struct list_key *key)
{
	return (struct cursor_key){ field_value_kind(key->field), key->nullable, key->field->scale };
}

static bool
is_enum_value(const struct field *field, struct str text)
{
	for (size_t i = 0; i < field->values_count; i++)
		if (str_equal(field->values[i], text))
			return true;
	return false;
}

/* A sealed cursor may be older than the app file: enums lose values. */
static bool
check_enums(const struct list_query *query)
{
	for (size_t i = 0; i < query->keys_count; i++)
		if (query->keys[i].field->type == FIELD_ENUM &&
		    query->after[i].kind != VALUE_NULL &&
		    !is_enum_value(query->keys[i].field, query->after[i].text))
			return false;
	return true;
}

static bool
open_cursor(struct parsing *parsing)
{
	struct list_query *query = parsing->query;
	struct cursor_key keys[LIST_KEYS_MAX + 1];
	enum cursor_verdict verdict;

	parsing->parameter = STR("cursor");
	if (query->offset > 0)
		return fail(parsing, ERR_BAD_PARAMETER, 0, "conflict",
		    "cursor and offset exclude one another");
	for (size_t i = 0; i < query->keys_count; i++)
		keys[i] = list_cursor_key(&query->keys[i]);
	verdict = cursor_read(parsing->arena, parsing->cursor, query->secret, query->shape, keys,
	    query->keys_count, query->after);
	if (verdict == CURSOR_TOO_LARGE)
		return fail_memory(parsing);
	if (verdict == CURSOR_FOREIGN)
		return fail(parsing, ERR_BAD_CURSOR, 0, "cursor",
		    "the cursor is of a list with another filter or sort");
	if (verdict == CURSOR_BROKEN || !check_enums(query))
		return fail(parsing, ERR_BAD_CURSOR, 0, "cursor", "the cursor is damaged");
	return true;
}

static bool
is_decided_false(const struct list_query *query, const struct rule *rule)
{
	bool answer;

	return rule != NULL && rule_is_decided(rule, &query->identity->caller, &answer) && !answer;
}

static bool
finish(struct parsing *parsing)
{
	struct list_query *query = parsing->query;

	end_in_id(query);
	if (!hash_shape(parsing) || (query->has_cursor && !open_cursor(parsing)))
		return false;
	query->is_empty =
	    is_decided_false(query, query->filter) ||
	    is_decided_false(query, query->rules->access[query->collection->index][ACCESS_READ]);
	return list_find_index(parsing->arena, query) || fail_memory(parsing);
}

bool
list_parse(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct identity *identity, const struct url_parameter *parameters,
    size_t parameters_count, struct str secret, const struct list_query **ret,
    struct list_problem *ret_problem)
{
	struct list_query *query = arena_new(arena, sizeof(*query));
	struct parsing parsing = { .arena = arena, .query = query, .problem = ret_problem };

	if (query == NULL)
		return fail_memory(&parsing);
	query->rules = rules;
	query->collection = collection;
	query->identity = identity;
	query->secret = secret;
	query->limit = LIST_LIMIT_STANDARD;
	for (size_t i = 0; i < parameters_count; i++)
		if (!read_parameter(&parsing, &parameters[i]))
			return false;
	if (!finish(&parsing))
		return false;
	*ret = query;
	return true;
}
