/* Rules over rows in memory, and what the caller alone decides. */
#include <assert.h>

#include "rules/rules_internal.h"

static struct bound
absent(void)
{
	return (struct bound){ .kind = BOUND_ABSENT };
}

static struct bound
bound_value(struct value value)
{
	return (struct bound){ .kind = BOUND_VALUE, .value = value };
}

/* An id that cannot be of the column's kind equals nothing, just as no id does. */
static struct bound
bind_caller(enum value_kind as, const struct rule_caller *caller)
{
	struct value value = { .kind = as };

	if (caller->id.data == NULL)
		return absent();
	switch (as) {
	case VALUE_UUID:
		return uuid_parse(caller->id, &value.uuid) ? bound_value(value) : absent();
	case VALUE_INT:
		return str_to_int(caller->id, &value.integer) ? bound_value(value) : absent();
	default:
		return bound_value(value_text(caller->id));
	}
}

struct bound
operand_bind(const struct operand *operand, const struct rule_caller *caller)
{
	switch (operand->kind) {
	case OPERAND_LITERAL:
		return bound_value(operand->literal);
	case OPERAND_AUTH_ID:
		return bind_caller(operand->as, caller);
	case OPERAND_PATH:
		break;
	}
	return (struct bound){ .kind = BOUND_PATH };
}

static bool
is_null_literal(const struct operand *operand)
{
	return operand->kind == OPERAND_LITERAL && operand->literal.kind == VALUE_NULL;
}

static bool
compare_equal(const struct term *term, const struct bound *left, const struct bound *right)
{
	if (left->kind == BOUND_ABSENT)
		return is_null_literal(&term->right);
	if (right->kind == BOUND_ABSENT)
		return is_null_literal(&term->left);
	return value_equal(&left->value, &right->value);
}

static bool
compare_order(const struct term *term, const struct bound *left, const struct bound *right)
{
	int order;

	if (left->kind == BOUND_ABSENT || right->kind == BOUND_ABSENT ||
	    left->value.kind == VALUE_NULL || right->value.kind == VALUE_NULL)
		return false;
	order = value_compare(&left->value, &right->value);
	switch (term->relation) {
	case TOKEN_LT:
		return order < 0;
	case TOKEN_LE:
		return order <= 0;
	case TOKEN_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

bool
term_compare(const struct term *term, const struct bound *left, const struct bound *right)
{
	if (term->kind == TERM_EQUAL)
		return compare_equal(term, left, right) != term->negated;
	return compare_order(term, left, right) != term->negated;
}

bool
term_is_role(const struct term *term, const struct value *value, const struct rule_caller *caller)
{
	bool found = false;

	for (size_t i = 0; value->kind == VALUE_TEXT && i < caller->roles_count; i++)
		found = found || str_equal(value->text, caller->roles[i]);
	return found != term->negated;
}

static enum decision
decided(bool answer)
{
	return answer ? DECIDED_TRUE : DECIDED_FALSE;
}

static enum decision
decide_group(const struct term *term, const struct rule_caller *caller)
{
	enum decision deciding = decided(term->kind == TERM_OR),
		      result = decided(term->kind == TERM_AND);

	for (const struct term *child = term->first; child != NULL; child = child->next) {
		enum decision decision = term_decide(child, caller);

		if (decision == deciding)
			return deciding;
		if (decision == UNDECIDED)
			result = UNDECIDED;
	}
	return result;
}

static enum decision
decide_compare(const struct term *term, const struct rule_caller *caller)
{
	struct bound left = operand_bind(&term->left, caller);
	struct bound right = operand_bind(&term->right, caller);
	bool is_absent = left.kind == BOUND_ABSENT || right.kind == BOUND_ABSENT;
	bool is_null = is_null_literal(&term->left) || is_null_literal(&term->right);

	if (is_absent || (term->kind == TERM_ORDER && is_null) ||
	    (left.kind == BOUND_VALUE && right.kind == BOUND_VALUE))
		return decided(term_compare(term, &left, &right));
	return UNDECIDED;
}

static enum decision
decide_roles(const struct term *term, const struct rule_caller *caller)
{
	struct bound left = operand_bind(&term->left, caller);

	if (caller->roles_count == 0 || left.kind == BOUND_ABSENT)
		return decided(term->negated);
	if (left.kind == BOUND_PATH)
		return UNDECIDED;
	return decided(term_is_role(term, &left.value, caller));
}

enum decision
term_decide(const struct term *term, const struct rule_caller *caller)
{
	switch (term->kind) {
	case TERM_CONSTANT:
		return decided(term->constant);
	case TERM_AND:
	case TERM_OR:
		return decide_group(term, caller);
	case TERM_EQUAL:
	case TERM_ORDER:
		return decide_compare(term, caller);
	case TERM_ROLES:
		return decide_roles(term, caller);
	case TERM_AMONG:
		break;
	}
	return UNDECIDED;
}

bool
rule_is_decided(const struct rule *rule, const struct rule_caller *caller, bool *ret)
{
	enum decision decision = term_decide(rule->root, caller);

	if (decision == UNDECIDED)
		return false;
	*ret = decision == DECIDED_TRUE;
	return true;
}

struct evaluation {
	const struct rule_caller *caller;
	const struct rule_rows *rows;
	enum err err; /* the first one of a hop */
};

/* The values of the row that ${id} leads to, or NULL. */
static const struct value *
follow(struct evaluation *evaluation, const struct field *field, const struct value *id)
{
	const struct value *row = NULL;
	enum err err;

	if (id->kind == VALUE_NULL || evaluation->err != OK)
		return NULL;
	assert(evaluation->rows->hop != NULL);
	err = evaluation->rows->hop(evaluation->rows->arg, field->to, id, &row);
	if (err == OK)
		return row;
	evaluation->err = err;
	return NULL;
}

static struct value
path_value(struct evaluation *evaluation, const struct operand *path)
{
	const struct value *row =
	    path->is_new ? evaluation->rows->new_record : evaluation->rows->record;

	assert(row != NULL);
	for (size_t i = 0; i + 1 < path->fields_count; i++) {
		row = follow(evaluation, path->fields[i], &row[path->fields[i]->column]);
		if (row == NULL)
			return value_null();
	}
	return row[path->fields[path->fields_count - 1]->column];
}

enum { ID_TEXT_SIZE = UUID_TEXT_SIZE };

/* An id as a text column holds it; its bytes stand in ${bytes}. */
static struct value
id_as_text(struct value id, char bytes[ID_TEXT_SIZE])
{
	uint64_t rest = (uint64_t)id.integer;
	size_t at = ID_TEXT_SIZE;

	if (id.kind == VALUE_UUID) {
		uuid_format(&id.uuid, bytes);
		return value_text((struct str){ bytes, UUID_TEXT_SIZE });
	}
	if (id.kind != VALUE_INT)
		return id;
	if (id.integer < 0)
		rest = 0 - rest;
	do
		bytes[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (id.integer < 0)
		bytes[--at] = '-';
	return value_text((struct str){ bytes + at, ID_TEXT_SIZE - at });
}

static struct bound
operand_value(
    struct evaluation *evaluation, const struct operand *operand, char bytes[ID_TEXT_SIZE])
{
	struct bound bound = operand_bind(operand, evaluation->caller);

	if (bound.kind != BOUND_PATH)
		return bound;
	bound = bound_value(path_value(evaluation, operand));
	if (operand->as_text)
		bound.value = id_as_text(bound.value, bytes);
	return bound;
}

static bool
evaluate_compare(struct evaluation *evaluation, const struct term *term)
{
	char left_bytes[ID_TEXT_SIZE], right_bytes[ID_TEXT_SIZE];
	struct bound left = operand_value(evaluation, &term->left, left_bytes);
	struct bound right = operand_value(evaluation, &term->right, right_bytes);

	return term_compare(term, &left, &right);
}

static bool
evaluate_among(struct evaluation *evaluation, const struct term *term)
{
	struct value value = path_value(evaluation, &term->left);
	bool found = false;

	for (size_t i = 0; i < term->values_count; i++)
		found = found || value_equal(&value, &term->values[i]);
	return found != term->negated;
}

static bool
evaluate_roles(struct evaluation *evaluation, const struct term *term)
{
	char bytes[ID_TEXT_SIZE];
	struct bound left = operand_value(evaluation, &term->left, bytes);

	if (left.kind == BOUND_ABSENT)
		return term->negated;
	return term_is_role(term, &left.value, evaluation->caller);
}

static bool evaluate_term(struct evaluation *evaluation, const struct term *term);

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
		return evaluate_compare(evaluation, term);
	case TERM_AMONG:
		return evaluate_among(evaluation, term);
	case TERM_ROLES:
		break;
	}
	return evaluate_roles(evaluation, term);
}

enum err
rule_evaluate(const struct rule *rule, const struct rule_caller *caller,
    const struct rule_rows *rows, bool *ret)
{
	struct evaluation evaluation = { .caller = caller, .rows = rows };
	bool answer;

	assert(rule->use != RULE_USE_FILTER || !rule->has_hops);
	answer = evaluate_term(&evaluation, rule->root);
	if (evaluation.err == OK)
		*ret = answer;
	return evaluation.err;
}
