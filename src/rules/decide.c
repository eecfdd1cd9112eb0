/* What is known of a rule without any row: values of the caller, and what it alone decides. */
#include "codec/time.h"
#include "codec/utf8.h"
#include "rules/number.h"
#include "rules/rules_internal.h"
#include "rules/text.h"

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

/* Beyond the times that there are, the last one does as well. */
static struct bound
bind_now(int64_t shift_us, const struct rule_caller *caller)
{
	int64_t us;

	if (__builtin_add_overflow(caller->now_us, shift_us, &us))
		us = shift_us < 0 ? time_us_min : time_us_max;
	us = us < time_us_min ? time_us_min : us > time_us_max ? time_us_max : us;
	return bound_value(value_time(us));
}

static struct bound
bind_text(struct str text)
{
	return text.data == NULL ? absent() : bound_value(value_text(text));
}

/* Computing has its place in the evaluation or in the database; a size is cheap. */
static struct bound
bind_inner(const struct operand *operand, const struct rule_caller *caller)
{
	struct bound bound = operand_bind(operand->of, caller);

	if (bound.kind != BOUND_VALUE)
		return bound;
	if (operand->kind == OPERAND_LOWER || bound.value.kind != VALUE_TEXT)
		return (struct bound){ .kind = BOUND_OPEN };
	return bound_value(value_int((int64_t)utf8_length(bound.value.text)));
}

struct bound
operand_bind(const struct operand *operand, const struct rule_caller *caller)
{
	switch (operand->kind) {
	case OPERAND_LITERAL:
		return bound_value(operand->literal);
	case OPERAND_AUTH_ID:
		return bind_caller(operand->as, caller);
	case OPERAND_NOW:
		return bind_now(operand->shift_us, caller);
	case OPERAND_METHOD:
		return bind_text(caller->method);
	case OPERAND_IP:
		return bind_text(caller->ip);
	case OPERAND_LOWER:
	case OPERAND_SIZE:
		return bind_inner(operand, caller);
	case OPERAND_PATH:
	case OPERAND_COUNT:
		break;
	}
	return (struct bound){ .kind = BOUND_OPEN };
}

bool
operand_is_null_literal(const struct operand *operand)
{
	return operand->kind == OPERAND_LITERAL && operand->literal.kind == VALUE_NULL;
}

enum value_kind
operand_values(const struct operand *operand, unsigned *ret_scale)
{
	const struct field *field;

	*ret_scale = 0;
	switch (operand->kind) {
	case OPERAND_LITERAL:
		*ret_scale = operand->literal.kind == VALUE_DECIMAL ? operand->literal.scale : 0;
		return operand->literal.kind;
	case OPERAND_AUTH_ID:
		return operand->as;
	case OPERAND_NOW:
		return VALUE_TIME;
	case OPERAND_SIZE:
	case OPERAND_COUNT:
		return VALUE_INT;
	case OPERAND_METHOD:
	case OPERAND_IP:
	case OPERAND_LOWER:
		return VALUE_TEXT;
	case OPERAND_PATH:
		break;
	}
	field = operand->fields[operand->fields_count - 1];
	*ret_scale = field->type == FIELD_DECIMAL ? field->scale : 0;
	return operand->as_text ? VALUE_TEXT : field_value_kind(field);
}

bool
operand_is_nullable(const struct operand *operand)
{
	const struct field *field;

	switch (operand->kind) {
	case OPERAND_LOWER:
	case OPERAND_SIZE:
		return operand_is_nullable(operand->of);
	case OPERAND_COUNT:
		return operand_is_nullable(&operand->source->owner);
	case OPERAND_PATH:
		break;
	default:
		return false;
	}
	field = operand->fields[0];
	return operand->fields_count > 1 || operand->sights != NULL ||
	       !(field->required || field->column < COLUMN_FIELDS);
}

static bool
is_number(const struct value *value)
{
	return value->kind == VALUE_INT || value->kind == VALUE_REAL || value->kind == VALUE_DECIMAL;
}

static int
compare(const struct value *a, const struct value *b)
{
	return is_number(a) && is_number(b) ? number_compare(a, b) : value_compare(a, b);
}

static bool
compare_equal(const struct term *term, const struct bound *left, const struct bound *right)
{
	if (left->kind == BOUND_ABSENT)
		return operand_is_null_literal(&term->right);
	if (right->kind == BOUND_ABSENT)
		return operand_is_null_literal(&term->left);
	if (is_number(&left->value) && is_number(&right->value))
		return number_compare(&left->value, &right->value) == 0;
	return value_equal(&left->value, &right->value);
}

static bool
has_null(const struct bound *left, const struct bound *right)
{
	return left->kind == BOUND_ABSENT || right->kind == BOUND_ABSENT ||
	       left->value.kind == VALUE_NULL || right->value.kind == VALUE_NULL;
}

static bool
compare_order(const struct term *term, const struct bound *left, const struct bound *right)
{
	int order;

	if (has_null(left, right))
		return false;
	order = compare(&left->value, &right->value);
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

static bool
compare_text(const struct term *term, const struct bound *left, const struct bound *right)
{
	struct str text = left->value.text, part = right->value.text;

	if (has_null(left, right))
		return false;
	switch (term->test) {
	case TEXT_STARTS:
		return str_starts_with(text, part);
	case TEXT_ENDS:
		return text_ends_with(text, part);
	case TEXT_CONTAINS:
		break;
	}
	return text_contains(text, part);
}

bool
term_compare(const struct term *term, const struct bound *left, const struct bound *right)
{
	if (term->kind == TERM_EQUAL)
		return compare_equal(term, left, right) != term->negated;
	if (term->kind == TERM_TEXT)
		return compare_text(term, left, right) != term->negated;
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
	bool is_null = operand_is_null_literal(&term->left) || operand_is_null_literal(&term->right);

	if (is_absent || (term->kind == TERM_ORDER && is_null) ||
	    (left.kind == BOUND_VALUE && right.kind == BOUND_VALUE))
		return decided(term_compare(term, &left, &right));
	if (is_null && !operand_is_nullable(&term->left) && !operand_is_nullable(&term->right))
		return decided(term->negated);
	return UNDECIDED;
}

static enum decision
decide_roles(const struct term *term, const struct rule_caller *caller)
{
	struct bound left = operand_bind(&term->left, caller);

	if (caller->roles_count == 0 || left.kind == BOUND_ABSENT)
		return decided(term->negated);
	if (left.kind == BOUND_OPEN)
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
	case TERM_TEXT:
		return decide_compare(term, caller);
	case TERM_ROLES:
		return decide_roles(term, caller);
	case TERM_LISTED:
		return operand_bind(&term->left, caller).kind == BOUND_ABSENT ? decided(term->negated) : UNDECIDED;
	case TERM_EXISTS:
		return term_decide(term->inner, caller) == DECIDED_FALSE ? decided(term->negated) : UNDECIDED;
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
