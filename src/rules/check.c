/*
 * Written tree to typed tree.  Literals become values of the kind that they
 * are compared with, and negations move down to the leaves.
 */
#include "rules/check.h"

#include "codec/time.h"

const char *const type_words[TYPE_COUNT] = {
	[TYPE_NULL] = "null",
	[TYPE_BOOL] = "true or false",
	[TYPE_INT] = "a whole number",
	[TYPE_TEXT] = "a text",
	[TYPE_TIME] = "a time",
	[TYPE_ENUM] = "an enum",
	[TYPE_UUID] = "an id",
	[TYPE_INT_ID] = "an id that is a whole number",
	[TYPE_CALLER] = "the caller's id",
};

static struct term *
check_predicate(struct compiler *compiler, const struct node *node, bool negated);

static struct term *
new_term(struct compiler *compiler, enum term_kind kind, bool negated)
{
	struct term *term = compiler_array(compiler, 1, sizeof(*term));

	if (term == NULL)
		return NULL;
	term->kind = kind;
	term->negated = negated;
	return term;
}

/* A leaf, which counts. */
static struct term *
new_leaf(struct compiler *compiler, const struct node *node, enum term_kind kind, bool negated)
{
	if (++compiler->terms > RULE_TERMS_MAX)
		return compiler_fail(compiler, node->offset,
		    "expected at most %d comparisons and list items", RULE_TERMS_MAX);
	return new_term(compiler, kind, negated);
}

static struct term *
new_constant(struct compiler *compiler, const struct node *node, bool constant)
{
	struct term *term = new_leaf(compiler, node, TERM_CONSTANT, false);

	if (term != NULL)
		term->constant = constant;
	return term;
}

/* Add ${child} to an AND or OR; a child of the same kind gives its own children. */
static void
group_add(struct term *group, struct term *child)
{
	struct term *first = child->kind == group->kind ? child->first : child;

	if (group->first == NULL)
		group->first = first;
	else
		group->last->next = first;
	group->last = child->kind == group->kind ? child->last : child;
}

static bool
resolve_literal(const struct node *node, struct typed *ret)
{
	ret->operand.kind = OPERAND_LITERAL;
	ret->operand.literal = node->literal;
	switch (node->literal.kind) {
	case VALUE_BOOL:
		ret->type = TYPE_BOOL;
		break;
	case VALUE_INT:
		ret->type = TYPE_INT;
		break;
	case VALUE_TEXT:
		ret->type = TYPE_TEXT;
		break;
	default:
		ret->type = TYPE_NULL;
	}
	return true;
}

/* Something that has a value: a literal or a path. */
static bool
resolve_operand(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	*ret = (struct typed){ .node = node };
	switch (node->kind) {
	case NODE_LITERAL:
		return resolve_literal(node, ret);
	case NODE_PATH:
		return path_resolve(compiler, node, ret);
	case NODE_LIST:
		return compiler_fail(
		    compiler, node->offset, "a list can only stand behind 'in': expected a value");
	default:
		return compiler_fail(compiler, node->offset,
		    "expected a value, not a condition: join conditions with '&&' and '||'");
	}
}

static bool
fail_enum_value(struct compiler *compiler, const struct typed *literal, const struct field *field)
{
	struct nearest nearest = { .wanted = literal->operand.literal.text };
	struct str shown = compiler_shorten(nearest.wanted),
		   first = compiler_shorten(field->values[0]);

	for (size_t i = 0; i < field->values_count; i++)
		nearest_try(&nearest, field->values[i]);
	if (nearest.best.data == NULL)
		return compiler_fail(compiler, literal->node->offset,
		    "unknown value '%.*s': expected one of the %zu values of '%.*s', as '%.*s'",
		    STR_ARGS(shown), field->values_count, STR_ARGS(field->name), STR_ARGS(first));
	nearest.best = compiler_shorten(nearest.best);
	return compiler_fail(compiler, literal->node->offset,
	    "unknown value '%.*s' of '%.*s': did you mean '%.*s'?", STR_ARGS(shown),
	    STR_ARGS(field->name), STR_ARGS(nearest.best));
}

static bool
is_enum_value(const struct field *field, struct str word)
{
	for (size_t i = 0; i < field->values_count; i++) {
		if (str_equal(field->values[i], word))
			return true;
	}
	return false;
}

/* Make the text ${literal} a value of the kind of ${other}, which is a path. */
static bool
convert_literal(struct compiler *compiler, struct typed *literal, const struct typed *other)
{
	struct value *value = &literal->operand.literal;
	struct str text = value->text, shown = compiler_shorten(text);
	const char *expected;
	bool good;

	switch (other->type) {
	case TYPE_TIME:
		*value = value_time(0);
		good = time_parse_rfc3339(text, &value->integer);
		expected = "a time such as '2026-11-23T08:00:00Z'";
		break;
	case TYPE_UUID:
		*value = (struct value){ .kind = VALUE_UUID };
		good = uuid_parse(text, &value->uuid);
		expected = "an id such as '018f3a1e-0000-7000-8000-000000000000'";
		break;
	case TYPE_INT_ID:
		*value = value_int(0);
		good = str_to_int(text, &value->integer);
		expected = "an id such as '7'";
		break;
	default:
		return is_enum_value(other->field, text) ||
		       fail_enum_value(compiler, literal, other->field);
	}
	literal->type = other->type;
	if (good)
		return true;
	return compiler_fail(
	    compiler, literal->node->offset, "expected %s, not '%.*s'", expected, STR_ARGS(shown));
}

static bool
is_id(enum type type)
{
	return type == TYPE_UUID || type == TYPE_INT_ID;
}

/* The kind that auth.id takes beside ${other}. */
static enum value_kind
caller_kind(const struct typed *other)
{
	if (other->type == TYPE_UUID)
		return VALUE_UUID;
	return other->type == TYPE_INT_ID || other->type == TYPE_INT ? VALUE_INT : VALUE_TEXT;
}

/* Settle how ${a} compares with ${b}, seen from ${a}; false where it is for ${b} to say. */
static bool
fits(struct typed *a, struct typed *b, bool is_order)
{
	if (a->type == TYPE_NULL || a->type == b->type)
		return true;
	switch (a->type) {
	case TYPE_CALLER:
		a->operand.as = caller_kind(b);
		return is_id(b->type) || b->type == TYPE_TEXT ||
		       (b->type == TYPE_INT && b->operand.kind == OPERAND_LITERAL);
	case TYPE_INT:
		return b->type == TYPE_INT_ID && a->operand.kind == OPERAND_LITERAL;
	case TYPE_TEXT:
		if (b->type == TYPE_ENUM)
			return true;
		if (!is_id(b->type) || is_order)
			return false;
		b->operand.as_text = true;
		return true;
	default:
		return false;
	}
}

static bool
is_convertible(const struct typed *literal, const struct typed *other)
{
	return literal->operand.kind == OPERAND_LITERAL && literal->type == TYPE_TEXT &&
	       other->operand.kind == OPERAND_PATH &&
	       (other->type == TYPE_TIME || other->type == TYPE_ENUM || is_id(other->type));
}

/* Make the two sides of a comparison comparable. */
static bool
unify(struct compiler *compiler, struct typed *a, struct typed *b, bool is_order)
{
	struct str shown = compiler_shorten(a->node->text);

	if (is_order && (a->type == TYPE_ENUM || b->type == TYPE_ENUM))
		return compiler_fail(compiler, a->node->offset,
		    "an enum has no order here: expected '==', '!=' or 'in'");
	if (is_convertible(a, b))
		return convert_literal(compiler, a, b);
	if (is_convertible(b, a))
		return convert_literal(compiler, b, a);
	if (fits(a, b, is_order) || fits(b, a, is_order))
		return true;
	return compiler_fail(compiler, b->node->offset,
	    "expected a value that compares with %.*s, which is %s: this is %s", STR_ARGS(shown),
	    type_words[a->type], type_words[b->type]);
}

static struct term *
check_compare(struct compiler *compiler, const struct node *node, bool negated)
{
	bool is_order = node->relation != TOKEN_EQ && node->relation != TOKEN_NE;
	struct typed left, right;
	struct term *term;

	if (!resolve_operand(compiler, node->first, &left) ||
	    !resolve_operand(compiler, node->first->next, &right) ||
	    !unify(compiler, &left, &right, is_order))
		return NULL;
	term = new_leaf(compiler, node, is_order ? TERM_ORDER : TERM_EQUAL,
	    negated != (node->relation == TOKEN_NE));
	if (term == NULL)
		return NULL;
	term->relation = node->relation;
	term->left = left.operand;
	term->right = right.operand;
	return term;
}

static struct term *
check_roles(
    struct compiler *compiler, const struct node *node, const struct typed *left, bool negated)
{
	struct term *term;

	if (left->type != TYPE_TEXT && left->type != TYPE_ENUM && left->type != TYPE_CALLER)
		return compiler_fail(compiler, left->node->offset,
		    "expected a text in front of 'in auth.roles', not %s", type_words[left->type]);
	term = new_leaf(compiler, node, TERM_ROLES, negated);
	if (term != NULL)
		term->left = left->operand;
	return term;
}

/* Where every item is a literal beside a path, one IN does for all of them. */
static struct term *
check_among(
    struct compiler *compiler, const struct node *list, const struct typed *left, bool negated)
{
	struct term *term = new_term(compiler, TERM_AMONG, negated);
	size_t items = 0;

	for (const struct node *item = list->first; item != NULL; item = item->next)
		items++;
	if (term == NULL ||
	    (term->values = compiler_array(compiler, items, sizeof(*term->values))) == NULL)
		return NULL;
	term->left = left->operand;
	return term;
}

/* One item of a list: a value of ${among}, or an equality of its own in ${group}. */
static bool
check_item(struct compiler *compiler, const struct node *item, const struct typed *left,
    struct term *among, struct term *group)
{
	struct typed a = *left, b;
	struct term *equal;

	if (!resolve_operand(compiler, item, &b) || !unify(compiler, &a, &b, false) ||
	    (equal = new_leaf(compiler, item, TERM_EQUAL, among->negated)) == NULL)
		return false;
	if (left->operand.kind == OPERAND_PATH && b.operand.kind == OPERAND_LITERAL &&
	    b.type != TYPE_NULL) {
		among->values[among->values_count++] = b.operand.literal;
		return true;
	}
	equal->left = a.operand;
	equal->right = b.operand;
	group_add(group, equal);
	return true;
}

/* x in [a, null] is x == a || x == null. */
static struct term *
check_list(
    struct compiler *compiler, const struct node *list, const struct typed *left, bool negated)
{
	struct term *among = check_among(compiler, list, left, negated), *group;

	if (list->first == NULL)
		return new_constant(compiler, list, negated);
	group = new_term(compiler, negated ? TERM_AND : TERM_OR, false);
	if (among == NULL || group == NULL)
		return NULL;
	for (const struct node *item = list->first; item != NULL; item = item->next) {
		if (!check_item(compiler, item, left, among, group))
			return NULL;
	}
	if (among->values_count > 0)
		group_add(group, among);
	return group->first == group->last ? group->first : group;
}

static struct term *
check_in(struct compiler *compiler, const struct node *node, bool negated)
{
	const struct node *list = node->first->next;
	struct typed left;

	if (!resolve_operand(compiler, node->first, &left))
		return NULL;
	if (list->kind == NODE_LIST)
		return check_list(compiler, list, &left, negated);
	if (path_is_roles(list))
		return check_roles(compiler, node, &left, negated);
	return compiler_fail(compiler, list->offset,
	    "expected a list or 'auth.roles' behind 'in'");
}

static struct term *
check_equal_literal(struct compiler *compiler, const struct node *node, const struct typed *left,
    struct value literal, bool negated)
{
	struct term *term = new_leaf(compiler, node, TERM_EQUAL, negated);

	if (term == NULL)
		return NULL;
	term->left = left->operand;
	term->right = (struct operand){ .kind = OPERAND_LITERAL, .literal = literal };
	return term;
}

/* has(x) is x != null. */
static struct term *
check_has(struct compiler *compiler, const struct node *node, bool negated)
{
	struct typed typed;

	if (!resolve_operand(compiler, node->first, &typed))
		return NULL;
	return check_equal_literal(compiler, node, &typed, value_null(), !negated);
}

/* A value where a condition is expected: true, false, or a field that is one of them. */
static struct term *
check_bare(struct compiler *compiler, const struct node *node, bool negated)
{
	struct str shown = compiler_shorten(node->text);
	struct typed typed;

	if (!resolve_operand(compiler, node, &typed))
		return NULL;
	if (typed.type != TYPE_BOOL)
		return compiler_fail(compiler, node->offset, "expected a condition, but %.*s is %s",
		    STR_ARGS(shown), type_words[typed.type]);
	if (typed.operand.kind == OPERAND_LITERAL)
		return new_constant(compiler, node, node->literal.boolean != negated);
	return check_equal_literal(compiler, node, &typed, value_bool(true), negated);
}

static struct term *
check_group(struct compiler *compiler, const struct node *node, bool negated)
{
	struct term *group =
	    new_term(compiler, (node->kind == NODE_AND) != negated ? TERM_AND : TERM_OR, false);

	if (group == NULL)
		return NULL;
	for (const struct node *child = node->first; child != NULL; child = child->next) {
		struct term *term = check_predicate(compiler, child, negated);

		if (term == NULL)
			return NULL;
		group_add(group, term);
	}
	return group;
}

static struct term *
check_predicate(struct compiler *compiler, const struct node *node, bool negated)
{
	switch (node->kind) {
	case NODE_AND:
	case NODE_OR:
		return check_group(compiler, node, negated);
	case NODE_NOT:
		return check_predicate(compiler, node->first, !negated);
	case NODE_COMPARE:
		return check_compare(compiler, node, negated);
	case NODE_IN:
		return check_in(compiler, node, negated);
	case NODE_HAS:
		return check_has(compiler, node, negated);
	case NODE_LITERAL:
	case NODE_PATH:
	case NODE_LIST:
		break;
	}
	return check_bare(compiler, node, negated);
}

struct term *
check_run(struct compiler *compiler, const struct node *node)
{
	return check_predicate(compiler, node, false);
}
