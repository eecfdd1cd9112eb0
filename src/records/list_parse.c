#include <stdarg.h>
#include <stdio.h>

#include "app/words.h"
#include "base/hash.h"
#include "base/limits.h"
#include "codec/utf8.h"
#include "records/list_internal.h"

struct parameter_row {
	const char *name;
	bool (*read)(struct list_parsing *parsing, struct str value);
	/* Lists have them all, expanded back references some, records and other expansions fewer. */
	enum { FOR_LISTS, FOR_BACK, FOR_ALL } use;
};

static bool read_filter(struct list_parsing *parsing, struct str value);
static bool read_limit(struct list_parsing *parsing, struct str value);
static bool read_cursor(struct list_parsing *parsing, struct str value);
static bool read_offset(struct list_parsing *parsing, struct str value);
static bool read_count(struct list_parsing *parsing, struct str value);
static bool read_live(struct list_parsing *parsing, struct str value);
static bool refuse_unsupported(struct list_parsing *parsing, struct str value);

static const struct parameter_row parameter_rows[] = {
	{ "filter", read_filter, FOR_BACK },
	{ "sort", list_read_sort, FOR_BACK },
	{ "limit", read_limit, FOR_BACK },
	{ "fields", list_read_fields, FOR_ALL },
	{ "expand", list_read_expand, FOR_ALL },
	{ "cursor", read_cursor, FOR_LISTS },
	{ "offset", read_offset, FOR_LISTS },
	{ "count", read_count, FOR_LISTS },
	{ "live", read_live, FOR_LISTS },
	{ "search", refuse_unsupported, FOR_LISTS },
	{ "highlight", refuse_unsupported, FOR_LISTS },
	{ "aggregate", refuse_unsupported, FOR_LISTS },
	{ "group", refuse_unsupported, FOR_LISTS },
};

/* --- mistakes -------------------------------------------------------- */

bool
list_fail(struct list_parsing *parsing, enum err err, size_t offset, const char *code,
    const char *format, ...)
{
	struct list_problem *problem = parsing->problem;
	va_list args;

	problem->err = err;
	problem->parameter = parsing->parameter;
	problem->offset = parsing->base + offset;
	problem->code = code;
	va_start(args, format);
	vsnprintf(problem->detail, sizeof(problem->detail), format, args);
	va_end(args);
	return false;
}

bool
list_fail_memory(struct list_parsing *parsing)
{
	return list_fail(parsing, ERR_TOO_LARGE, 0, "too_large", "the request needs too much memory");
}

struct str
list_shorten(struct str str)
{
	return utf8_cut(str, 64);
}

/* The words that the caller may use in a place, and the one nearest to ${name}. */
static struct str
nearest_name(const struct list_query *query, const struct collection *collection, struct str name,
    bool with_backs)
{
	const char *words[APP_FIELDS_MAX + COLUMN_FIELDS + APP_COLLECTIONS_MAX];
	const struct rule_caller *caller = &query->identity->caller;
	size_t count = 0;
	const char *nearest;

	for (size_t i = 0; i < collection->columns_count && count < COUNT(words); i++)
		if (rules_field_sight(query->rules, collection, &collection->columns[i], caller) !=
		    FIELD_HIDDEN)
			words[count++] = collection->columns[i].name.data;
	for (size_t i = 0; with_backs && i < collection->backs_count && count < COUNT(words); i++)
		if (list_back_is_seen(query, &collection->backs[i]))
			words[count++] = collection->backs[i].name.data;
	nearest = words_nearest(name, words, count);
	return nearest == NULL ? (struct str){ 0 } : str_from(nearest);
}

bool
list_fail_unknown(struct list_parsing *parsing, const struct collection *collection,
    struct str name, size_t offset, bool with_backs)
{
	struct str nearest = nearest_name(parsing->query, collection, name, with_backs);

	if (nearest.size == 0)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "unknown",
		    "unknown field '%.*s'", STR_ARGS(list_shorten(name)));
	return list_fail(parsing, ERR_BAD_PARAMETER, offset, "unknown",
	    "unknown field '%.*s': did you mean '%.*s'?", STR_ARGS(list_shorten(name)),
	    STR_ARGS(nearest));
}

/* --- filter, limit, cursor, offset, count ---------------------------- */

static bool
read_filter(struct list_parsing *parsing, struct str value)
{
	struct list_query *query = parsing->query;
	struct rule_error error;

	if (str_trim(value).size == 0)
		return true;
	if (value.size > (size_t)limit(LIMIT_filter_size))
		return list_fail(parsing, ERR_BAD_FILTER, (size_t)limit(LIMIT_filter_size), "filter",
		    "expected at most %lld bytes, not %zu", (long long)limit(LIMIT_filter_size),
		    value.size);
	if (rule_compile(parsing->arena, query->rules, query->collection, RULE_USE_FILTER,
		&query->identity->caller, value, &query->filter, &error) != OK)
		return list_fail(parsing, ERR_BAD_FILTER, error.offset, "filter", "%s", error.detail);
	parsing->filter_text = value;
	return true;
}

static bool
read_number(struct list_parsing *parsing, struct str value, int64_t min, int64_t max, unsigned *ret)
{
	int64_t number;

	if (!str_to_int(value, &number))
		return list_fail(parsing, ERR_BAD_PARAMETER, 0, "type",
		    "expected a whole number from %lld to %lld", (long long)min, (long long)max);
	if (number < min || number > max)
		return list_fail(parsing, ERR_BAD_PARAMETER, 0, number < min ? "too_small" : "too_large",
		    "expected a number from %lld to %lld", (long long)min, (long long)max);
	*ret = (unsigned)number;
	return true;
}

static int64_t
limit_max(unsigned depth)
{
	return depth == 0 ? limit(LIMIT_list_limit) : limit(LIMIT_expand_limit);
}

unsigned
list_limit_standard(unsigned depth)
{
	int64_t standard = depth == 0 ? LIST_LIMIT_STANDARD : LIST_EXPAND_STANDARD, max = limit_max(depth);

	return (unsigned)(standard < max ? standard : max);
}

static bool
read_limit(struct list_parsing *parsing, struct str value)
{
	return read_number(parsing, value, 1, limit_max(parsing->depth), &parsing->query->limit);
}

static bool
read_offset(struct list_parsing *parsing, struct str value)
{
	return read_number(parsing, value, 0, LIST_OFFSET_MAX, &parsing->query->offset);
}

/* It can be read when filter and sort are known. */
static bool
read_cursor(struct list_parsing *parsing, struct str value)
{
	if (value.size == 0)
		return list_fail(parsing, ERR_BAD_CURSOR, 0, "cursor",
		    "the cursor is empty: leave it away for the first page");
	parsing->query->has_cursor = true;
	parsing->cursor = value;
	return true;
}

static bool
read_count(struct list_parsing *parsing, struct str value)
{
	value = str_trim(value);
	if (str_is(value, "exact"))
		parsing->query->count = LIST_COUNT_EXACT;
	else if (str_is(value, "bounded"))
		parsing->query->count = LIST_COUNT_BOUNDED;
	else if (value.size > 0)
		return list_fail(
		    parsing, ERR_BAD_PARAMETER, 0, "type", "expected 'exact' or 'bounded'");
	return true;
}

static bool
read_live(struct list_parsing *parsing, struct str value)
{
	value = str_trim(value);
	parsing->query->begins_stream = str_is(value, "snapshot");
	if (value.size > 0 && !parsing->query->begins_stream)
		return list_fail(parsing, ERR_BAD_PARAMETER, 0, "type", "expected 'snapshot'");
	return true;
}

static bool
refuse_unsupported(struct list_parsing *parsing, struct str value)
{
	(void)value;
	return list_fail(parsing, ERR_BAD_PARAMETER, 0, "unsupported", "%.*s= is not supported yet",
	    STR_ARGS(parsing->parameter));
}

/* --- the whole ------------------------------------------------------- */

static const struct parameter_row *
find_row(struct str name)
{
	for (size_t i = 0; i < COUNT(parameter_rows); i++)
		if (str_is(name, parameter_rows[i].name))
			return &parameter_rows[i];
	return NULL;
}

static bool
read_parameter(struct list_parsing *parsing, const struct url_parameter *parameter, int use)
{
	const struct parameter_row *row = find_row(parameter->name);

	parsing->parameter = parameter->name;
	if (row != NULL && (int)row->use >= use)
		return row->read(parsing, parameter->value);
	return list_fail(parsing, ERR_BAD_PARAMETER, 0, "unknown", "unknown parameter '%.*s'",
	    STR_ARGS(list_shorten(parameter->name)));
}

bool
list_read_option(struct list_parsing *parsing, bool is_back, struct str name, size_t offset,
    struct str value, size_t value_offset)
{
	const struct parameter_row *row = find_row(name);
	unsigned bit = row == NULL ? 0 : 1u << (row - parameter_rows);

	if (row == NULL || row->use == FOR_LISTS)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "unknown",
		    "expected filter, sort, limit, fields or expand, not '%.*s'",
		    STR_ARGS(list_shorten(name)));
	if (!is_back && row->use != FOR_ALL)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "unsupported",
		    "%s= is for back references: here expected fields or expand", row->name);
	if ((parsing->options & bit) != 0)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "repeated", "%s= may be given once", row->name);
	parsing->options |= bit;
	parsing->base += value_offset;
	if (!row->read(parsing, value))
		return false;
	parsing->base -= value_offset;
	return true;
}

/* What a cursor must agree in: the collection, the filter as it was written, the sort. */
static bool
hash_shape(struct list_parsing *parsing)
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
	return good || list_fail_memory(parsing);
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
open_cursor(struct list_parsing *parsing)
{
	struct list_query *query = parsing->query;
	struct cursor_key keys[LIST_KEYS_MAX + 1];
	enum cursor_verdict verdict;

	parsing->parameter = STR("cursor");
	if (query->offset > 0)
		return list_fail(parsing, ERR_BAD_PARAMETER, 0, "conflict",
		    "cursor and offset exclude one another");
	for (size_t i = 0; i < query->keys_count; i++)
		keys[i] = list_cursor_key(&query->keys[i]);
	verdict = cursor_read(parsing->arena, parsing->cursor, query->secret, query->shape, keys,
	    query->keys_count, query->after);
	if (verdict == CURSOR_TOO_LARGE)
		return list_fail_memory(parsing);
	if (verdict == CURSOR_FOREIGN)
		return list_fail(parsing, ERR_BAD_CURSOR, 0, "cursor",
		    "the cursor is of a list with another filter or sort");
	if (verdict == CURSOR_BROKEN || !check_enums(query))
		return list_fail(parsing, ERR_BAD_CURSOR, 0, "cursor", "the cursor is damaged");
	return true;
}

static bool
is_decided_false(const struct list_query *query, const struct rule *rule)
{
	bool answer;

	return rule != NULL && rule_is_decided(rule, &query->identity->caller, &answer) && !answer;
}

static void
note_emptiness(struct list_query *query)
{
	query->is_empty =
	    is_decided_false(query, query->filter) ||
	    is_decided_false(query, rules_read(query->rules, query->collection));
}

static bool
finish(struct list_parsing *parsing)
{
	struct list_query *query = parsing->query;

	list_end_in_id(query);
	if (!hash_shape(parsing) || (query->has_cursor && !open_cursor(parsing)))
		return false;
	note_emptiness(query);
	return (list_finish_sight(parsing) && list_find_index(parsing->arena, query)) ||
	       list_fail_memory(parsing);
}

bool
list_finish_nested(struct list_parsing *parsing)
{
	list_end_in_id(parsing->query);
	note_emptiness(parsing->query);
	return list_finish_sight(parsing) || list_fail_memory(parsing);
}

static bool
read_all(struct list_parsing *parsing, const struct url_parameter *parameters, size_t count, int use)
{
	for (size_t i = 0; i < count; i++)
		if (!read_parameter(parsing, &parameters[i], use))
			return false;
	return true;
}

bool
list_parse(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct identity *identity, const struct url_parameter *parameters,
    size_t parameters_count, struct str secret, const struct list_query **ret,
    struct list_problem *ret_problem)
{
	struct list_query *query = arena_new(arena, sizeof(*query));
	unsigned expands_count = 0;
	struct list_parsing parsing = {
		.arena = arena, .query = query, .problem = ret_problem, .expands_count = &expands_count,
	};

	if (query == NULL)
		return list_fail_memory(&parsing);
	query->rules = rules;
	query->collection = collection;
	query->identity = identity;
	query->secret = secret;
	query->limit = list_limit_standard(parsing.depth);
	if (!read_all(&parsing, parameters, parameters_count, FOR_LISTS) || !finish(&parsing))
		return false;
	*ret = query;
	return true;
}

bool
list_parse_one(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct identity *identity, const struct url_parameter *parameters,
    size_t parameters_count, const struct sight **ret_sight, struct list_problem *ret_problem)
{
	struct list_query *query;
	unsigned expands_count = 0;
	struct list_parsing parsing = {
		.arena = arena, .problem = ret_problem, .expands_count = &expands_count,
	};

	*ret_sight = NULL;
	if (parameters_count == 0 && sight_is_plain(rules, collection, &identity->caller))
		return true;
	query = parsing.query = arena_new(arena, sizeof(*query));
	if (query == NULL)
		return list_fail_memory(&parsing);
	query->rules = rules;
	query->collection = collection;
	query->identity = identity;
	if (!read_all(&parsing, parameters, parameters_count, FOR_ALL))
		return false;
	if (!list_finish_sight(&parsing))
		return list_fail_memory(&parsing);
	if (!query->sight.is_plain)
		*ret_sight = &query->sight;
	return true;
}
