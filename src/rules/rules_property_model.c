/*
 * The sentences of the language, taken literally and slowly: no normal form,
 * no cutting short, every value compared by itself.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decimal.h"
#include "codec/json.h"
#include "codec/time.h"
#include "codec/utf8.h"
#include "rules/rules_property_internal.h"

__extension__ typedef __int128 wide;

/* An operand's value: absent, or perhaps null. */
struct meant {
	bool is_absent, is_literal;
	struct value value;
	const struct field *field; /* of a path's */
	bool is_caller;
	bool is_lowered, is_folded;
	char bytes[64]; /* of a text that was made */
};

static struct value evaluate_path(struct model *model, const struct drawn_operand *path);

static bool
holds(const struct model *model, const struct rule *rule, const struct value *row)
{
	const struct rule_rows rows = world_rows(model->world, row, NULL);
	bool answer;

	if (rule_evaluate(rule, model->caller, &rows, &answer) != OK)
		abort();
	return answer;
}

static bool
may_read(struct model *model, const struct collection *collection, const struct value *row)
{
	return !model->is_filter ||
	       holds(model, rules_read(&model->world->rules, collection), row);
}

/* In a filter the field of ${row} is there where its own rule says so. */
static bool
may_see(struct model *model, const struct collection *collection, const struct field *field,
    const struct value *row)
{
	const struct rule *rule = model->world->rules.fields_read[collection->index][field->column];

	return !model->is_filter || rule == NULL || holds(model, rule, row);
}

/* The row at the end of the first ${count} fields, which are references; or NULL. */
static const struct value *
row_behind(struct model *model, const struct drawn_operand *path, size_t count,
    const struct collection **ret_collection)
{
	const struct value *row = model->from[path->from];
	const struct collection *collection = path->start;

	for (size_t i = 0; i < count && row != NULL; i++) {
		const struct field *field = path->fields[i];
		const struct value *id = &row[field->column];

		if (id->kind == VALUE_NULL || !may_see(model, collection, field, row))
			return NULL;
		collection = field->to;
		row = world_find(model->world, collection, id);
		if (row != NULL && !may_read(model, collection, row))
			return NULL;
	}
	*ret_collection = collection;
	return row;
}

static struct value
evaluate_path(struct model *model, const struct drawn_operand *path)
{
	const struct field *last = path->fields[path->fields_count - 1];
	const struct collection *collection;
	const struct value *row = row_behind(model, path, path->fields_count - 1, &collection);

	if (row == NULL || !may_see(model, collection, last, row))
		return value_null();
	return row[last->column];
}

/* The rows of ${operand}, WORLD_ROWS at most; -1 where nobody has them. */
static int
find_rows(struct model *model, const struct drawn_operand *operand, const struct value *ret[WORLD_ROWS])
{
	const struct collection *owner_collection, *from;
	const struct field *field =
	    operand->back != NULL ? operand->back->field : operand->fields[operand->fields_count - 1];
	const struct value *owner = row_behind(
	    model, operand, operand->fields_count - (operand->back == NULL), &owner_collection);
	int count = 0;

	if (owner == NULL ||
	    (operand->back == NULL && !may_see(model, owner_collection, field, owner)))
		return -1;
	from = operand->back != NULL ? operand->back->from : field->to;
	for (size_t i = 0; i < WORLD_ROWS; i++) {
		const struct value *row = world_row(model->world, from, i);
		bool refers;

		if (operand->back == NULL)
			refers = world_has_id(&owner[field->column], &row[COLUMN_ID]);
		else if (field->type == FIELD_REFS)
			refers = world_has_id(&row[field->column], &owner[COLUMN_ID]);
		else
			refers = value_equal(&row[field->column], &owner[COLUMN_ID]);
		if (refers && operand->back != NULL)
			refers = may_see(model, from, field, row);
		if (refers && may_read(model, from, row))
			ret[count++] = row;
	}
	return count;
}

/* --- values ------------------------------------------------------------------ */

static struct json
parse_list(struct model *model, const struct value *list)
{
	struct json_error error;
	struct json json;

	if (json_parse(model->world->arena, list->text, &json, &error) != OK || json.type != JSON_ARRAY)
		abort();
	return json;
}

static struct value
size_of(struct model *model, const struct value *value)
{
	if (value->kind == VALUE_NULL)
		return value_null();
	if (value->kind == VALUE_JSON)
		return value_int(parse_list(model, value).count);
	return value_int((int64_t)utf8_length(value->text));
}

static struct value
lower(struct model *model, struct value value)
{
	char *bytes;

	if (value.kind != VALUE_TEXT)
		return value_null();
	bytes = arena_new(model->world->arena, value.text.size + 1);
	for (size_t i = 0; i < value.text.size; i++)
		bytes[i] = (char)(value.text.data[i] >= 'A' && value.text.data[i] <= 'Z'
				      ? value.text.data[i] + 32
				      : value.text.data[i]);
	return value_text((struct str){ bytes, value.text.size });
}

static void
mean_text(struct str text, struct meant *ret)
{
	ret->is_absent = text.data == NULL;
	ret->value = ret->is_absent ? value_null() : value_text(text);
}

static void mean(struct model *model, const struct drawn_operand *operand, struct meant *ret);

/* lower() and size() of what is absent are absent. */
static void
mean_function(struct model *model, const struct drawn_operand *operand, struct meant *ret)
{
	const struct field *field;

	mean(model, operand->of, ret);
	field = ret->field;
	ret->field = NULL;
	ret->is_caller = ret->is_literal = false;
	if (ret->is_absent)
		return;
	if (operand->kind == DRAWN_SIZE)
		ret->value = size_of(model, &ret->value);
	else if (field != NULL && field->fold)
		ret->value = world_fold(model->world, ret->value);
	else
		ret->value = lower(model, ret->value);
	ret->is_folded = operand->kind == DRAWN_LOWER && field != NULL && field->fold;
	ret->is_lowered = operand->kind == DRAWN_LOWER;
}

static void
mean_count(struct model *model, const struct drawn_operand *operand, struct meant *ret)
{
	const struct value *rows[WORLD_ROWS];
	int count = find_rows(model, operand, rows);

	ret->value = count < 0 ? value_null() : value_int(count);
}

static int64_t
clamp_time(wide us)
{
	return (int64_t)(us < time_us_min ? time_us_min : us > time_us_max ? time_us_max : us);
}

static void
mean(struct model *model, const struct drawn_operand *operand, struct meant *ret)
{
	*ret = (struct meant){ 0 };
	switch (operand->kind) {
	case DRAWN_PATH:
		ret->value = evaluate_path(model, operand);
		ret->field = operand->fields[operand->fields_count - 1];
		break;
	case DRAWN_LITERAL:
		ret->value = operand->literal;
		ret->is_literal = true;
		break;
	case DRAWN_AUTH_ID:
		mean_text(model->caller->id, ret);
		ret->is_caller = true;
		break;
	case DRAWN_NOW:
		ret->value = value_time(clamp_time((wide)model->caller->now_us + operand->shift_us));
		break;
	case DRAWN_METHOD:
		mean_text(model->caller->method, ret);
		break;
	case DRAWN_IP:
		mean_text(model->caller->ip, ret);
		break;
	case DRAWN_LOWER:
	case DRAWN_SIZE:
		mean_function(model, operand, ret);
		break;
	case DRAWN_COUNT:
		mean_count(model, operand, ret);
		break;
	case DRAWN_CHOSEN:
		mean(model, model_answer(model, operand->condition) ? operand->of : operand->no, ret);
		break;
	}
	model->met_null = model->met_null || (!ret->is_absent && ret->value.kind == VALUE_NULL);
	model->met_absent = model->met_absent || ret->is_absent;
}

/* --- two values --------------------------------------------------------------- */

/* auth.id beside an id is an id, if it can be. */
static void
convert_caller(struct meant *meant, const struct meant *other, enum value_kind kind)
{
	struct str text = meant->value.text;
	bool beside_id = other->field != NULL &&
			 (other->field->type == FIELD_REF || other->field->column == COLUMN_ID);

	if (!meant->is_caller || meant->is_absent || !beside_id)
		return;
	meant->value = (struct value){ .kind = kind };
	meant->is_absent = kind == VALUE_UUID ? !uuid_parse(text, &meant->value.uuid)
					      : !str_to_int(text, &meant->value.integer);
}

static bool
is_number(const struct value *value)
{
	return value->kind == VALUE_INT || value->kind == VALUE_REAL || value->kind == VALUE_DECIMAL;
}

static void
make_text(struct meant *meant)
{
	int size = UUID_TEXT_SIZE;

	if (meant->value.kind == VALUE_UUID)
		uuid_format(&meant->value.uuid, meant->bytes);
	else if (meant->value.kind == VALUE_INT)
		size = snprintf(meant->bytes, sizeof(meant->bytes), "%lld", (long long)meant->value.integer);
	else
		return;
	meant->value = value_text((struct str){ meant->bytes, (size_t)size });
}

/* A number beside a decimal is the decimal that is written there, where it is one. */
static void
be_exact(struct meant *literal, const struct meant *other)
{
	int64_t integer;
	struct buf text;

	if (!literal->is_literal || literal->value.kind != VALUE_REAL || other->value.kind != VALUE_DECIMAL)
		return;
	buf_init(&text, 512);
	property_write_real(literal->value.real, &text);
	for (unsigned scale = 0; scale <= DECIMAL_DIGITS_MAX; scale++) {
		if (decimal_read(buf_str(&text), scale, &integer) != DECIMAL_GOOD)
			continue;
		literal->value = value_decimal(integer, (uint8_t)scale);
		break;
	}
	buf_release(&text);
}

static void
mean_both(struct model *model, const struct drawn_operand *left, const struct drawn_operand *right,
    struct meant *a, struct meant *b)
{
	mean(model, left, a);
	mean(model, right, b);
	be_exact(a, b);
	be_exact(b, a);
	if (a->is_folded && b->is_lowered)
		b->value = world_fold(model->world, b->value);
	if (b->is_folded && a->is_lowered)
		a->value = world_fold(model->world, a->value);
	if (a->is_caller && b->field != NULL)
		convert_caller(a, b, field_value_kind(b->field));
	if (b->is_caller && a->field != NULL)
		convert_caller(b, a, field_value_kind(a->field));
	if (a->value.kind != b->value.kind && a->value.kind != VALUE_NULL &&
	    b->value.kind != VALUE_NULL && !a->is_absent && !b->is_absent &&
	    (!is_number(&a->value) || !is_number(&b->value))) {
		make_text(a);
		make_text(b);
	}
}

static double
nearest_real(const struct value *value)
{
	char text[DECIMAL_SIZE_MAX + 1];

	text[decimal_format(value->integer, value->scale, text)] = '\0';
	return strtod(text, NULL);
}

/* In units of 10^-18. */
static wide
widen(const struct value *value)
{
	wide wide_value = value->integer;

	for (unsigned i = value->kind == VALUE_DECIMAL ? value->scale : 0; i < DECIMAL_DIGITS_MAX; i++)
		wide_value *= 10;
	return wide_value;
}

/* 64 bits of mantissa hold both an int and a double. */
static long double
stretch(const struct value *value)
{
	if (value->kind == VALUE_REAL)
		return value->real;
	return value->kind == VALUE_INT ? (long double)value->integer : (long double)nearest_real(value);
}

static int
compare(const struct value *a, const struct value *b)
{
	if (!is_number(a) || !is_number(b))
		return value_compare(a, b);
	if (a->kind == VALUE_REAL || b->kind == VALUE_REAL)
		return (stretch(a) > stretch(b)) - (stretch(a) < stretch(b));
	return (widen(a) > widen(b)) - (widen(a) < widen(b));
}

static bool
are_equal(struct model *model, const struct drawn_operand *left, const struct drawn_operand *right)
{
	struct meant a, b;

	mean_both(model, left, right, &a, &b);
	if (a.is_absent || b.is_absent)
		return (a.is_literal && a.value.kind == VALUE_NULL) ||
		       (b.is_literal && b.value.kind == VALUE_NULL);
	if (a.value.kind == VALUE_NULL || b.value.kind == VALUE_NULL)
		return a.value.kind == b.value.kind;
	return compare(&a.value, &b.value) == 0;
}

static bool
is_null(const struct meant *meant)
{
	return meant->is_absent || meant->value.kind == VALUE_NULL;
}

static bool
are_ordered(struct model *model, const struct drawn *drawn)
{
	struct meant a, b;
	int order;

	mean_both(model, &drawn->left, &drawn->right[0], &a, &b);
	if (is_null(&a) || is_null(&b))
		return false;
	order = compare(&a.value, &b.value);
	if (order == 0)
		return drawn->relation[1] == '=';
	return (order < 0) == (drawn->relation[0] == '<');
}

static bool
has_part(struct str text, struct str part, size_t at)
{
	return at + part.size <= text.size && memcmp(text.data + at, part.data, part.size) == 0;
}

static bool
passes_text(struct model *model, const struct drawn *drawn)
{
	struct meant a, b;
	struct str text, part;

	mean_both(model, &drawn->left, &drawn->right[0], &a, &b);
	if (is_null(&a) || is_null(&b))
		return false;
	text = a.value.text;
	part = b.value.text;
	if (drawn->relation[0] == 's')
		return has_part(text, part, 0);
	if (drawn->relation[0] == 'e')
		return part.size <= text.size && has_part(text, part, text.size - part.size);
	for (size_t at = 0; at <= text.size; at++)
		if (has_part(text, part, at))
			return true;
	return false;
}

/* --- many --------------------------------------------------------------------- */

static bool
is_in(struct model *model, const struct drawn *drawn)
{
	bool found = false;

	for (size_t i = 0; i < drawn->count; i++)
		found = are_equal(model, &drawn->left, &drawn->right[i]) || found;
	return found;
}

static bool
is_in_roles(struct model *model, const struct drawn *drawn)
{
	struct meant meant;
	bool found = false;

	mean(model, &drawn->left, &meant);
	model->met_absent = model->met_absent || model->caller->roles_count == 0;
	for (size_t i = 0; i < model->caller->roles_count; i++)
		found = found || (!is_null(&meant) && str_equal(meant.value.text, model->caller->roles[i]));
	return found;
}

static struct value
item_value(const struct json *item)
{
	switch (item->type) {
	case JSON_BOOL:
		return value_bool(item->boolean);
	case JSON_INT:
		return value_int(item->integer);
	case JSON_REAL:
		return value_real(item->real);
	default:
		return value_text(item->string);
	}
}

static bool
is_listed(struct model *model, const struct drawn *drawn)
{
	struct meant left, list;
	struct json items;
	bool found = false;

	mean(model, &drawn->left, &left);
	mean(model, &drawn->right[0], &list);
	if (is_null(&left) || is_null(&list))
		return false;
	items = parse_list(model, &list.value);
	for (uint32_t i = 0; i < items.count; i++) {
		struct value item = item_value(&items.items[i]);

		found = found || compare(&item, &left.value) == 0;
	}
	return found;
}

static bool
is_member(struct model *model, const struct drawn *drawn)
{
	const struct drawn_operand *operand = &drawn->right[0];
	const struct value *rows[WORLD_ROWS];
	int count = find_rows(model, operand, rows);
	const struct collection *from =
	    operand->back != NULL ? operand->back->from : operand->fields[operand->fields_count - 1]->to;
	struct drawn_operand id = { .kind = DRAWN_PATH, .start = from, .fields = { &from->columns[COLUMN_ID] }, .fields_count = 1 };
	struct meant a, b;
	bool found = false;

	for (int i = 0; i < count; i++) {
		const struct value *kept = model->from[FROM_RECORD];

		/* The left side speaks of the record, the right one of a row. */
		mean(model, &drawn->left, &a);
		b = (struct meant){ .value = rows[i][COLUMN_ID], .field = id.fields[0] };
		if (a.is_caller)
			convert_caller(&a, &b, b.value.kind);
		if (!is_null(&a) && a.value.kind != b.value.kind) {
			make_text(&a);
			make_text(&b);
		}
		found = found || (!is_null(&a) && compare(&a.value, &b.value) == 0);
		model->from[FROM_RECORD] = kept;
	}
	return found;
}

static bool
answer_macro(struct model *model, const struct drawn *drawn)
{
	const struct value *rows[WORLD_ROWS];
	int count = find_rows(model, &drawn->left, rows), trues = 0;

	for (int i = 0; i < count; i++) {
		model->from[drawn->variable] = rows[i];
		trues += model_answer(model, drawn->children[0]);
	}
	return drawn->kind == DRAWN_EXISTS ? trues > 0 : trues == (count < 0 ? 0 : count);
}

/* --- conditions --------------------------------------------------------------- */

static bool
answer_children(struct model *model, const struct drawn *drawn)
{
	size_t trues = 0;

	for (size_t i = 0; i < drawn->count; i++)
		trues += model_answer(model, drawn->children[i]);
	return drawn->kind == DRAWN_AND ? trues == drawn->count : trues > 0;
}

bool
model_answer(struct model *model, const struct drawn *drawn)
{
	struct meant meant;

	switch (drawn->kind) {
	case DRAWN_CONSTANT:
		return drawn->constant;
	case DRAWN_AND:
	case DRAWN_OR:
		return answer_children(model, drawn);
	case DRAWN_NOT:
		return !model_answer(model, drawn->children[0]);
	case DRAWN_CHOICE:
		return model_answer(model, drawn->children[model_answer(model, drawn->children[0]) ? 1 : 2]);
	case DRAWN_COMPARE:
		if (strcmp(drawn->relation, "==") == 0)
			return are_equal(model, &drawn->left, &drawn->right[0]);
		if (strcmp(drawn->relation, "!=") == 0)
			return !are_equal(model, &drawn->left, &drawn->right[0]);
		return are_ordered(model, drawn);
	case DRAWN_IN:
		return is_in(model, drawn);
	case DRAWN_IN_ROLES:
		return is_in_roles(model, drawn);
	case DRAWN_TEXT:
		return passes_text(model, drawn);
	case DRAWN_LISTED:
		return is_listed(model, drawn);
	case DRAWN_MEMBER:
		return is_member(model, drawn);
	case DRAWN_EXISTS:
	case DRAWN_ALL:
		return answer_macro(model, drawn);
	case DRAWN_HAS:
		mean(model, &drawn->left, &meant);
		return !is_null(&meant);
	case DRAWN_BARE:
		break;
	}
	mean(model, &drawn->left, &meant);
	return meant.value.kind == VALUE_BOOL && meant.value.boolean;
}

/* --- names that are not there ------------------------------------------------- */

static bool
is_hidden(const struct model *model, const struct collection *collection, const struct field *field)
{
	const struct rule *rule = model->world->rules.fields_read[collection->index][field->column];

	return world_is_for_caller(field) && !holds(model, rule, model->from[FROM_RECORD]);
}

static bool
operand_is_unknown(const struct model *model, const struct drawn_operand *operand)
{
	const struct collection *collection = operand->start;

	if (operand->kind == DRAWN_CHOSEN)
		return operand_is_unknown(model, operand->of) || operand_is_unknown(model, operand->no) ||
		       model_is_unknown(model, operand->condition);
	if (operand->of != NULL)
		return operand_is_unknown(model, operand->of);
	for (size_t i = 0; i < operand->fields_count; i++) {
		if (is_hidden(model, collection, operand->fields[i]))
			return true;
		collection = operand->fields[i]->to;
	}
	return operand->back != NULL && is_hidden(model, operand->back->from, operand->back->field);
}

bool
model_is_unknown(const struct model *model, const struct drawn *drawn)
{
	bool unknown = operand_is_unknown(model, &drawn->left);

	for (size_t i = 0; i < DRAWN_CHILDREN_MAX; i++) {
		unknown = unknown || operand_is_unknown(model, &drawn->right[i]);
		unknown = unknown || (drawn->children[i] != NULL && model_is_unknown(model, drawn->children[i]));
	}
	return unknown;
}
