#include "records/operators.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "codec/canonical.h"
#include "codec/decimal.h"
#include "codec/json_patch.h"
#include "records/input_internal.h"

#define TYPE(type) (1u << FIELD_##type)

enum {
	NUMBERS = TYPE(INT) | TYPE(FLOAT) | TYPE(DECIMAL),
	ORDERED = NUMBERS | TYPE(DATE) | TYPE(TIME),
	LISTS = TYPE(LIST) | TYPE(REFS),
};

static const struct {
	const char *name;
	enum input_kind kind;
	unsigned types;
} operators[] = {
	{ "$inc", INPUT_INC, NUMBERS },
	{ "$min", INPUT_MIN, ORDERED },
	{ "$max", INPUT_MAX, ORDERED },
	{ "$append", INPUT_APPEND, LISTS },
	{ "$remove", INPUT_REMOVE, LISTS },
};

/* --- reading ------------------------------------------------------------ */

static bool
has_operator(const struct json *json)
{
	for (uint32_t i = 0; i < json->count; i++)
		if (json->members[i].name.size > 0 && json->members[i].name.data[0] == '$')
			return true;
	return false;
}

static void
refuse_unknown(const struct member_check *check, struct str name)
{
	char known[64] = "";
	size_t size = 0;

	for (size_t i = 0; i < COUNT(operators); i++)
		if (operators[i].types & 1u << check->column->type)
			size += (size_t)snprintf(known + size, sizeof(known) - size, "%s%s",
			    size > 0 ? ", " : "", operators[i].name);
	field_error_add(check->errors, check->arena, check->pointer, "type",
	    size > 0 ? "%.*s knows no operator \"%.*s\": known are %s" : "%.*s knows no operators",
	    STR_ARGS(check->column->name), name.size > 100 ? 100 : (int)name.size, name.data, known);
}

/* One value stands for the list of it. */
static void
read_operand(const struct member_check *check, const struct json *operand)
{
	struct field unbounded = *check->column;
	struct json list = { .type = JSON_ARRAY, .count = 1, .items = (struct json *)operand };
	struct member_check read = *check;

	/* The bounds hold for the result, not for what is added to it. */
	unbounded.has_min = unbounded.has_max = false;
	read.column = &unbounded;
	read.json = operand->type != JSON_ARRAY && (LISTS & 1u << unbounded.type) ? &list : operand;
	if (operand->type == JSON_NULL)
		input_wrong(check, "type", "changed by a value that is not null");
	else
		input_read_value(&read);
}

enum input_kind
operator_read(const struct member_check *check)
{
	const struct json_member *member = check->json->members;

	if (check->column->type == FIELD_JSON) {
		input_read_value(check);
		return INPUT_MERGE;
	}
	if (!has_operator(check->json))
		return INPUT_ABSENT;
	if (check->json->count > 1) {
		input_wrong(check, "type", "changed by one operator alone");
		return INPUT_WRONG;
	}
	for (size_t i = 0; i < COUNT(operators); i++) {
		if (!str_is(member->name, operators[i].name) ||
		    !(operators[i].types & 1u << check->column->type))
			continue;
		read_operand(check, &member->value);
		return operators[i].kind;
	}
	refuse_unknown(check, member->name);
	return INPUT_WRONG;
}

/* --- numbers ------------------------------------------------------------ */

static bool
is_below(const struct field *column, const struct value *value)
{
	if (value->kind == VALUE_REAL)
		return value->real < (column->has_min ? column->real_min : -__DBL_MAX__);
	return (column->has_min && value->integer < column->min) ||
	       (value->kind == VALUE_DECIMAL && value->integer < -decimal_max);
}

static bool
is_above(const struct field *column, const struct value *value)
{
	if (value->kind == VALUE_REAL)
		return value->real > (column->has_max ? column->real_max : __DBL_MAX__);
	return (column->has_max && value->integer > column->max) ||
	       (value->kind == VALUE_DECIMAL && value->integer > decimal_max);
}

/* What is declared, or what the type can hold. */
static struct str
shown_bound(const struct field *column, bool is_above, char ret[TIME_RFC3339_SIZE])
{
	bool is_declared = is_above ? column->has_max : column->has_min;
	int64_t bound = is_above ? column->max : column->min;
	double real = is_above ? column->real_max : column->real_min;

	if (column->type == FIELD_FLOAT) {
		if (!is_declared)
			real = is_above ? __DBL_MAX__ : -__DBL_MAX__;
		return (struct str){ ret, (size_t)snprintf(ret, TIME_RFC3339_SIZE, "%.15g", real) };
	}
	if (!is_declared && column->type == FIELD_DECIMAL)
		bound = is_above ? decimal_max : -decimal_max;
	else if (!is_declared)
		bound = is_above ? INT64_MAX : INT64_MIN;
	return input_bound_text(column, bound, ret);
}

static struct operator_fault
leaves_range(const struct field *column, bool is_above)
{
	struct operator_fault fault = { .code = is_above ? "too_large" : "too_small" };
	bool is_moment = column->type == FIELD_TIME || column->type == FIELD_DATE;
	const char *words = is_above ? "at most" : "at least";
	char text[TIME_RFC3339_SIZE];
	struct str bound = shown_bound(column, is_above, text);

	if (is_moment)
		words = is_above ? "not after" : "not before";
	snprintf(fault.what, sizeof(fault.what), "would leave its range: %s %.*s", words, STR_ARGS(bound));
	return fault;
}

static struct operator_fault
check_range(const struct field *column, const struct value *value)
{
	if (is_below(column, value))
		return leaves_range(column, false);
	if (is_above(column, value))
		return leaves_range(column, true);
	return (struct operator_fault){ 0 };
}

static struct operator_fault
increment(const struct field *column, const struct value *by, struct value *value)
{
	struct value from = *value;

	*value = *by;
	if (from.kind == VALUE_NULL)
		return check_range(column, value);
	if (by->kind == VALUE_REAL)
		value->real = from.real + by->real;
	else if (__builtin_add_overflow(from.integer, by->integer, &value->integer))
		return leaves_range(column, by->integer > 0);
	return check_range(column, value);
}

static struct operator_fault
choose(const struct field *column, enum input_kind kind, const struct value *operand, struct value *value)
{
	int order = value->kind == VALUE_NULL ? 0 : value_compare(operand, value);

	if (value->kind != VALUE_NULL && (kind == INPUT_MIN ? order >= 0 : order <= 0))
		return (struct operator_fault){ 0 }; /* it stays as it is */
	*value = *operand;
	return check_range(column, value);
}

/* --- lists, json --------------------------------------------------------- */

static const struct operator_fault no_memory = { "too_long", "would need too much memory" };

/* ${value} is canonical; null is the empty list (or in a json field, null). */
static bool
parse_json(struct arena *arena, const struct value *value, struct json *ret)
{
	struct json_error error;

	*ret = (struct json){ .type = JSON_NULL };
	return value->kind == VALUE_NULL || json_parse(arena, value->text, ret, &error) == OK;
}

static bool
write_json(struct arena *arena, const struct json *json, struct value *ret)
{
	struct buf buf;

	buf_init(&buf, (size_t)limit(LIMIT_body_size));
	if (json_canonical(&buf, json) != CANONICAL_GOOD || buf.err != OK)
		*ret = value_null();
	else
		*ret = value_json(arena_str(arena, buf_str(&buf)));
	buf_release(&buf);
	return ret->kind != VALUE_NULL && ret->text.data != NULL;
}

/* An order of the scalars that lists hold, which for ids is the one that refs are kept in. */
static int
compare_items(const void *a, const void *b)
{
	const struct json *left = a, *right = b;

	if (left->type != right->type)
		return left->type < right->type ? -1 : 1;
	switch (left->type) {
	case JSON_STRING:
		return str_compare(left->string, right->string);
	case JSON_REAL:
		return (left->real > right->real) - (left->real < right->real);
	case JSON_BOOL:
		return left->boolean - right->boolean;
	default:
		return (left->integer > right->integer) - (left->integer < right->integer);
	}
}

static void
sort(struct json *list)
{
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), compare_items);
}

static void
append(const struct field *column, const struct json *operand, struct json *list)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < operand->count; i++)
		list->items[list->count++] = operand->items[i];
	if (column->type != FIELD_REFS)
		return;
	sort(list);
	for (uint32_t i = 0; i < list->count; i++)
		if (kept == 0 || compare_items(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static void
remove_all(struct json *operand, struct json *list)
{
	uint32_t kept = 0;

	if (operand->count == 0)
		return;
	sort(operand);
	for (uint32_t i = 0; i < list->count; i++)
		if (bsearch(&list->items[i], operand->items, operand->count, sizeof(*operand->items),
			compare_items) == NULL)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static struct operator_fault
misses_count(const char *code, const char *words, int64_t bound)
{
	struct operator_fault fault = { .code = code };

	snprintf(fault.what, sizeof(fault.what), "would have %s %lld", words, (long long)bound);
	return fault;
}

static struct operator_fault
change_list(struct arena *arena, const struct field *column, enum input_kind kind,
    const struct value *operand, struct value *value)
{
	struct json old, by, list = { .type = JSON_ARRAY };

	if (kind == INPUT_REMOVE && value->kind == VALUE_NULL)
		return (struct operator_fault){ 0 };
	if (!parse_json(arena, value, &old) || !parse_json(arena, operand, &by) ||
	    (list.items = arena_array(arena, old.count + by.count + 1, sizeof(*list.items))) == NULL)
		return no_memory;
	for (; list.count < old.count; list.count++)
		list.items[list.count] = old.items[list.count];
	if (kind == INPUT_APPEND)
		append(column, &by, &list);
	else
		remove_all(&by, &list);
	if (column->has_max && list.count > column->max)
		return misses_count("too_long", "too many items: at most", column->max);
	if (column->has_min && list.count < column->min)
		return misses_count("too_short", "too few items: at least", column->min);
	return write_json(arena, &list, value) ? (struct operator_fault){ 0 } : no_memory;
}

static struct operator_fault
merge(struct arena *arena, const struct value *patch, struct value *value)
{
	struct json old, by, merged;

	if (!parse_json(arena, value, &old) || !parse_json(arena, patch, &by) ||
	    json_merge(arena, &old, &by, &merged) != OK || !write_json(arena, &merged, value))
		return no_memory;
	return (struct operator_fault){ 0 };
}

struct operator_fault
operator_apply(struct arena *arena, const struct field *column, enum input_kind kind,
    const struct value *operand, struct value *value)
{
	switch (kind) {
	case INPUT_INC:
		return increment(column, operand, value);
	case INPUT_MIN:
	case INPUT_MAX:
		return choose(column, kind, operand, value);
	case INPUT_APPEND:
	case INPUT_REMOVE:
		return change_list(arena, column, kind, operand, value);
	case INPUT_MERGE:
		return merge(arena, operand, value);
	default:
		*value = *operand;
		return (struct operator_fault){ 0 };
	}
}
