/* Rules over rows in memory. */
#include <assert.h>
#include <string.h>

#include "codec/fold.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "rules/number.h"
#include "rules/rules_internal.h"
#include "rules/text.h"

enum { SCRATCH_SIZE_MAX = 64 << 20 };

struct evaluation {
	const struct rule_caller *caller;
	const struct rule_rows *rows;
	const struct value *roots[ROOTS_MAX]; /* values by column */
	struct arena scratch; /* lists, and texts that were computed */
	enum err err; /* the first one of a hop */
};

static bool evaluate_term(struct evaluation *evaluation, const struct term *term);
static struct bound operand_value(struct evaluation *evaluation, const struct operand *operand);

static void
note_err(struct evaluation *evaluation, enum err err)
{
	if (evaluation->err == OK)
		evaluation->err = err;
}

/* --- paths -------------------------------------------------------------- */

/* The values of the row of ${collection} that ${id} leads to, or NULL. */
static const struct value *
follow(struct evaluation *evaluation, const struct collection *collection, const struct value *id)
{
	const struct value *row = NULL;
	enum err err;

	if (id->kind == VALUE_NULL || evaluation->err != OK)
		return NULL;
	assert(evaluation->rows->hop != NULL);
	err = evaluation->rows->hop(evaluation->rows->arg, collection, id, &row);
	if (err == OK)
		return row;
	note_err(evaluation, err);
	return NULL;
}

/* Does the field's own rule hold for the row that has it? */
static bool
is_seen(struct evaluation *evaluation, const struct rule *sight, const struct value *row)
{
	const struct value *kept = evaluation->roots[ROOT_RECORD];
	bool seen;

	if (sight == NULL)
		return true;
	evaluation->roots[ROOT_RECORD] = row;
	seen = evaluate_term(evaluation, sight->root);
	evaluation->roots[ROOT_RECORD] = kept;
	return seen;
}

static const struct value *
seen_value(struct evaluation *evaluation, const struct operand *path, size_t at, const struct value *row)
{
	static const struct value null;

	if (path->sights != NULL && !is_seen(evaluation, path->sights[at], row))
		return &null;
	return &row[path->fields[at]->column];
}

/* The row that has the last field of ${path}, or NULL. */
static const struct value *
path_row(struct evaluation *evaluation, const struct operand *path)
{
	const struct value *row = evaluation->roots[path->root];

	assert(row != NULL);
	for (size_t i = 0; i + 1 < path->fields_count && row != NULL; i++)
		row = follow(evaluation, path->fields[i]->to, seen_value(evaluation, path, i, row));
	return row;
}

static struct value
path_value(struct evaluation *evaluation, const struct operand *path)
{
	const struct value *row = path_row(evaluation, path);

	return row == NULL ? value_null() : *seen_value(evaluation, path, path->fields_count - 1, row);
}

/* --- many rows ------------------------------------------------------------ */

/* The items of the list ${value}; false where it is null. */
static bool
read_list(struct evaluation *evaluation, const struct value *value, struct json *ret)
{
	struct json_error error;
	enum err err;

	if (value->kind != VALUE_JSON)
		return false;
	err = json_parse(&evaluation->scratch, value->text, ret, &error);
	if (err != OK || ret->type != JSON_ARRAY) {
		note_err(evaluation, err != OK ? err : ERR_IO);
		return false;
	}
	return true;
}

static bool
item_id(const struct json *item, const struct collection *collection, struct value *ret)
{
	if (collection->id_type == FIELD_INT) {
		*ret = value_int(item->integer);
		return item->type == JSON_INT;
	}
	*ret = (struct value){ .kind = VALUE_UUID };
	return item->type == JSON_STRING && uuid_parse(item->string, &ret->uuid);
}

struct search {
	struct evaluation *evaluation;
	const struct term *term;
	bool found;
};

/* Look at one row; false where no more is asked for. */
static bool
visit_row(void *arg, const struct value *row)
{
	struct search *search = arg;
	struct evaluation *evaluation = search->evaluation;
	unsigned root = search->term->source->root;
	const struct value *kept = evaluation->roots[root];

	evaluation->roots[root] = row;
	search->found = evaluate_term(evaluation, search->term->inner);
	evaluation->roots[root] = kept;
	return !search->found && evaluation->err == OK;
}

/* The rows that the owner's refs lead to; where only the id is asked for, the id does for a row. */
static void
search_refs(struct search *search, const struct value *ids)
{
	struct evaluation *evaluation = search->evaluation;
	const struct source *source = search->term->source;
	bool goes_on = true;
	struct json list;

	if (!read_list(evaluation, ids, &list))
		return;
	for (uint32_t i = 0; i < list.count && goes_on; i++) {
		const struct value *row;
		struct value id;

		if (!item_id(&list.items[i], source->collection, &id))
			continue;
		row = search->term->only_id ? &id : follow(evaluation, source->collection, &id);
		goes_on = row == NULL || visit_row(search, row);
	}
}

static bool
evaluate_exists(struct evaluation *evaluation, const struct term *term)
{
	const struct source *source = term->source;
	const struct rule_rows *rows = evaluation->rows;
	struct search search = { evaluation, term, false };
	const struct value *owner = path_row(evaluation, &source->owner);
	struct value id;

	if (owner == NULL || evaluation->err != OK)
		return term->negated;
	if (source->back == NULL) {
		search_refs(&search, &owner[source->field->column]);
	} else {
		assert(rows->walk != NULL);
		id = owner[COLUMN_ID];
		note_err(evaluation, rows->walk(rows->arg, source->back, &id, visit_row, &search));
	}
	return search.found != term->negated;
}

static struct bound
count_rows(struct evaluation *evaluation, const struct source *source)
{
	const struct rule_rows *rows = evaluation->rows;
	const struct value *owner = path_row(evaluation, &source->owner);
	struct bound bound = { .kind = BOUND_VALUE };
	struct json list;
	int64_t count = 0;

	if (owner == NULL || evaluation->err != OK)
		return bound;
	if (source->back == NULL) {
		if (read_list(evaluation, &owner[source->field->column], &list))
			count = list.count;
	} else {
		assert(rows->count != NULL);
		note_err(evaluation, rows->count(rows->arg, source->back, &owner[COLUMN_ID], &count));
	}
	bound.value = value_int(count);
	return bound;
}

/* --- values --------------------------------------------------------------- */

static char *
scratch(struct evaluation *evaluation, size_t size)
{
	char *bytes = arena_array(&evaluation->scratch, size + 1, 1);

	if (bytes == NULL)
		note_err(evaluation, ERR_TOO_LARGE);
	return bytes;
}

static struct value
int_as_text(struct evaluation *evaluation, int64_t integer)
{
	enum { DIGITS_MAX = 20 };
	uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
	size_t at = DIGITS_MAX;
	char *bytes = scratch(evaluation, DIGITS_MAX);

	if (bytes == NULL)
		return value_null();
	do
		bytes[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (integer < 0)
		bytes[--at] = '-';
	return value_text((struct str){ bytes + at, DIGITS_MAX - at });
}

/* An id as a text column holds it. */
static struct value
id_as_text(struct evaluation *evaluation, struct value id)
{
	char *bytes;

	if (id.kind == VALUE_INT)
		return int_as_text(evaluation, id.integer);
	if (id.kind != VALUE_UUID || (bytes = scratch(evaluation, UUID_TEXT_SIZE)) == NULL)
		return value_null();
	uuid_format(&id.uuid, bytes);
	return value_text((struct str){ bytes, UUID_TEXT_SIZE });
}

static struct value
lower(struct evaluation *evaluation, struct value value)
{
	char *bytes;

	if (value.kind != VALUE_TEXT || (bytes = scratch(evaluation, value.text.size)) == NULL)
		return value_null();
	text_lower(value.text, bytes);
	return value_text((struct str){ bytes, value.text.size });
}

static struct value
fold(struct evaluation *evaluation, struct value value)
{
	if (value.kind == VALUE_TEXT && (value.text = fold_text(&evaluation->scratch, value.text)).data == NULL)
		note_err(evaluation, ERR_TOO_LARGE);
	return evaluation->err == OK ? value : value_null();
}

static struct value
size(struct evaluation *evaluation, struct value value)
{
	struct json list;

	if (value.kind == VALUE_TEXT)
		return value_int((int64_t)utf8_length(value.text));
	return read_list(evaluation, &value, &list) ? value_int(list.count) : value_null();
}

static struct bound
operand_value(struct evaluation *evaluation, const struct operand *operand)
{
	struct bound bound = operand_bind(operand, evaluation->caller);

	if (bound.kind != BOUND_OPEN)
		return bound;
	bound.kind = BOUND_VALUE;
	switch (operand->kind) {
	case OPERAND_COUNT:
		return count_rows(evaluation, operand->source);
	case OPERAND_LOWER:
		bound.value = lower(evaluation, operand_value(evaluation, operand->of).value);
		break;
	case OPERAND_SIZE:
		bound.value = size(evaluation, operand_value(evaluation, operand->of).value);
		break;
	default:
		bound.value = path_value(evaluation, operand);
		if (operand->folded)
			bound.value = fold(evaluation, bound.value);
		if (operand->as_text)
			bound.value = id_as_text(evaluation, bound.value);
	}
	return bound;
}

/* --- conditions ----------------------------------------------------------- */

static bool
evaluate_compare(struct evaluation *evaluation, const struct term *term)
{
	struct bound left = operand_value(evaluation, &term->left);
	struct bound right = operand_value(evaluation, &term->right);

	return term_compare(term, &left, &right);
}

static bool
evaluate_among(struct evaluation *evaluation, const struct term *term)
{
	struct value value = operand_value(evaluation, &term->left).value;
	bool found = false;

	for (size_t i = 0; i < term->values_count; i++)
		found = found || value_equal(&value, &term->values[i]);
	return found != term->negated;
}

static bool
evaluate_roles(struct evaluation *evaluation, const struct term *term)
{
	struct bound left = operand_value(evaluation, &term->left);

	if (left.kind == BOUND_ABSENT)
		return term->negated;
	return term_is_role(term, &left.value, evaluation->caller);
}

static bool
is_item(const struct json *item, const struct value *value)
{
	switch (value->kind) {
	case VALUE_BOOL:
		return item->type == JSON_BOOL && item->boolean == value->boolean;
	case VALUE_INT:
		return item->type == JSON_INT && item->integer == value->integer;
	case VALUE_REAL:
		return (item->type == JSON_INT && (double)item->integer == value->real) ||
		       (item->type == JSON_REAL && item->real == value->real);
	default:
		return value->kind == VALUE_TEXT && item->type == JSON_STRING &&
		       str_equal(item->string, value->text);
	}
}

static bool
evaluate_listed(struct evaluation *evaluation, const struct term *term)
{
	struct bound item = operand_value(evaluation, &term->left);
	struct value value = path_value(evaluation, &term->right);
	bool found = false;
	struct json list;

	if (item.kind == BOUND_ABSENT || !read_list(evaluation, &value, &list))
		return term->negated;
	for (uint32_t i = 0; i < list.count && !found; i++)
		found = is_item(&list.items[i], &item.value);
	return found != term->negated;
}

static bool
evaluate_group(struct evaluation *evaluation, const struct term *term)
{
	bool deciding = term->kind == TERM_OR;

	for (const struct term *child = term->first; child != NULL; child = child->next) {
		if (evaluate_term(evaluation, child) == deciding)
			return deciding;
	}
	return !deciding;
}

static bool
evaluate_term(struct evaluation *evaluation, const struct term *term)
{
	switch (term->kind) {
	case TERM_CONSTANT:
		return term->constant;
	case TERM_AND:
	case TERM_OR:
		return evaluate_group(evaluation, term);
	case TERM_EQUAL:
	case TERM_ORDER:
	case TERM_TEXT:
		return evaluate_compare(evaluation, term);
	case TERM_AMONG:
		return evaluate_among(evaluation, term);
	case TERM_LISTED:
		return evaluate_listed(evaluation, term);
	case TERM_EXISTS:
		return evaluate_exists(evaluation, term);
	case TERM_ROLES:
		break;
	}
	return evaluate_roles(evaluation, term);
}

enum err
rule_evaluate(const struct rule *rule, const struct rule_caller *caller,
    const struct rule_rows *rows, bool *ret)
{
	struct evaluation evaluation = {
		.caller = caller,
		.rows = rows,
		.roots = { rows->record, rows->new_record },
	};
	bool answer;

	assert(rule->use != RULE_USE_FILTER || !rule->has_hops);
	arena_init_blocks(&evaluation.scratch, SCRATCH_SIZE_MAX, 1024);
	answer = evaluate_term(&evaluation, rule->root);
	arena_release(&evaluation.scratch);
	if (evaluation.err == OK)
		*ret = answer;
	return evaluation.err;
}

bool
rule_is_local_for(const struct rule *rule, const struct rule_caller *caller)
{
	bool answer;

	return rule == NULL || rule_is_local(rule) || rule_is_decided(rule, caller, &answer);
}

bool
rule_holds(const struct rule *rule, const struct rule_caller *caller, const struct value *values)
{
	struct rule_rows rows = { .record = values };
	bool holds = true;
	enum err err;

	if (rule == NULL || (!rule_is_local(rule) && rule_is_decided(rule, caller, &holds)))
		return holds;
	err = rule_evaluate(rule, caller, &rows, &holds);
	assert(err == OK); /* only hops fail */
	return err == OK && holds;
}
