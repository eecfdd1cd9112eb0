/* What a rule says to an index: which columns it fixes, and whether few rows are left. */
#include "app/names.h"
#include "rules/rules_internal.h"

/* A column of the record as it is, and of no other row. */
static bool
is_own_column(const struct operand *path)
{
	return path->fields_count == 1 && path->root == ROOT_RECORD && path->sights == NULL && !path->as_text &&
	       !path->folded;
}

/* The column of ${term} where it is "column == value" for this caller, or NULL. */
static const struct field *
equal_column(const struct term *term, const struct rule_caller *caller)
{
	const struct operand *path = &term->left, *value = &term->right;
	struct bound bound;

	if (term->kind != TERM_EQUAL || term->negated)
		return NULL;
	if (path->kind != OPERAND_PATH) {
		path = &term->right;
		value = &term->left;
	}
	if (path->kind != OPERAND_PATH || !is_own_column(path))
		return NULL;
	bound = operand_bind(value, caller);
	return bound.kind == BOUND_VALUE && bound.value.kind != VALUE_NULL ? path->fields[0] : NULL;
}

/* One part of an AND is enough; of an OR it must be the only one that is open to the caller. */
static bool
term_fixes(const struct term *term, const struct rule_caller *caller, const struct field *field)
{
	size_t open = 0, fixing = 0;

	if (term_decide(term, caller) != UNDECIDED)
		return false;
	if (term->kind != TERM_AND && term->kind != TERM_OR)
		return equal_column(term, caller) == field;
	for (const struct term *child = term->first; child != NULL; child = child->next) {
		open += term_decide(child, caller) == UNDECIDED;
		fixing += term_fixes(child, caller, field);
	}
	return fixing > 0 && (term->kind == TERM_AND || open == 1);
}

bool
rule_fixes(const struct rule *rule, const struct rule_caller *caller, const struct field *field)
{
	return term_fixes(rule->root, caller, field);
}

/* A bool or an enum has so few values that each may stand in half of the rows. */
static bool
is_selective(const struct field *field)
{
	if (field->type == FIELD_BOOL || field->type == FIELD_ENUM)
		return false;
	return field->column == COLUMN_ID || field->unique || field_has_index(field);
}

static const struct field *
among_column(const struct term *term)
{
	bool is_column = term->kind == TERM_AMONG && !term->negated &&
			 term->left.kind == OPERAND_PATH && is_own_column(&term->left);

	return is_column ? term->left.fields[0] : NULL;
}

/* An AND is as narrow as its narrowest part, an OR as its widest. */
static bool
term_is_narrow(const struct term *term, const struct rule_caller *caller)
{
	bool is_or = term->kind == TERM_OR;
	const struct field *field;

	if (term_decide(term, caller) != UNDECIDED)
		return term_decide(term, caller) == DECIDED_FALSE;
	if (term->kind != TERM_AND && term->kind != TERM_OR) {
		field = equal_column(term, caller);
		if (field == NULL)
			field = among_column(term);
		return field != NULL && is_selective(field);
	}
	for (const struct term *child = term->first; child != NULL; child = child->next)
		if (term_is_narrow(child, caller) != is_or)
			return !is_or;
	return is_or;
}

bool
rule_is_narrow(const struct rule *rule, const struct rule_caller *caller)
{
	return term_is_narrow(rule->root, caller);
}
