/*
 * Written tree to typed tree.  Literals become values of the kind that they
 * are compared with, negations move down to the leaves, and a choice of values
 * becomes a choice of conditions:
 *
 *	(c ? a : b) == x	c && a == x || !c && b == x
 */
#include "rules/check.h"

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
struct term *
new_leaf(struct compiler *compiler, const struct node *node, enum term_kind kind, bool negated)
{
	compiler->rule->weight++;
	return compiler_count(compiler, node->offset) ? new_term(compiler, kind, negated) : NULL;
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

/* --- choices ---------------------------------------------------------- */

/* The first choice among the operands of ${node}. */
static const struct node *
find_choice(const struct node *node)
{
	const struct node *found = NULL;

	if (node->kind == NODE_CONDITIONAL)
		return node;
	if (node->kind == NODE_CALL && call_is_macro(node))
		return NULL;
	for (const struct node *child = node->first; child != NULL && found == NULL; child = child->next)
		found = find_choice(child);
	return found;
}

/* A copy of ${node} with ${branch} where ${choice} stood. */
static struct node *
copy_node(struct compiler *compiler, const struct node *node, const struct node *choice,
    const struct node *branch)
{
	struct node *copy = compiler_array(compiler, 1, sizeof(*copy)), **end;
	const struct node *from = node == choice ? branch : node;

	if (copy == NULL)
		return NULL;
	*copy = *from;
	copy->next = NULL;
	copy->first = NULL;
	end = &copy->first;
	for (const struct node *child = from->first; child != NULL; child = child->next) {
		if ((*end = copy_node(compiler, child, choice, branch)) == NULL)
			return NULL;
		end = &(*end)->next;
	}
	return copy;
}

/* if ? yes : no, of conditions; with a negation both branches are negated. */
static struct term *
check_cases(struct compiler *compiler, const struct node *condition, const struct node *yes,
    const struct node *no, bool negated)
{
	const struct node *branches[] = { yes, no };
	struct term *group = new_term(compiler, TERM_OR, false);

	if (group == NULL)
		return NULL;
	for (size_t i = 0; i < COUNT(branches); i++) {
		struct term *both = new_term(compiler, TERM_AND, false), *term;

		if (both == NULL || (term = check_predicate(compiler, condition, i == 1)) == NULL)
			return NULL;
		group_add(both, term);
		if ((term = check_predicate(compiler, branches[i], negated)) == NULL)
			return NULL;
		group_add(both, term);
		group_add(group, both);
	}
	return group;
}

/* Both branches are of one type; those that are choices again say so themselves. */
static bool
check_branches(struct compiler *compiler, const struct node *yes, const struct node *no)
{
	struct typed a, b;

	if (find_choice(yes) != NULL || find_choice(no) != NULL)
		return true;
	return check_operand(compiler, yes, &a) && check_operand(compiler, no, &b) &&
	       (a.type == b.type || unify(compiler, &a, &b, false));
}

/* ${leaf} has ${choice} among its operands. */
static struct term *
check_chosen(struct compiler *compiler, const struct node *leaf, const struct node *choice, bool negated)
{
	const struct node *condition = choice->first, *yes = condition->next, *no = yes->next;
	struct node *with_yes, *with_no;

	if (!check_branches(compiler, yes, no) ||
	    (with_yes = copy_node(compiler, leaf, choice, yes)) == NULL ||
	    (with_no = copy_node(compiler, leaf, choice, no)) == NULL)
		return NULL;
	return check_cases(compiler, condition, with_yes, with_no, negated);
}

/* --- comparisons ------------------------------------------------------ */

bool
check_operand(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	*ret = (struct typed){ .node = node };
	switch (node->kind) {
	case NODE_LITERAL:
	case NODE_ARITHMETIC:
	case NODE_NEGATE:
		return constant_resolve(compiler, node, ret);
	case NODE_PATH:
		return path_resolve(compiler, node, ret);
	case NODE_CALL:
		return call_resolve(compiler, node, ret);
	case NODE_LIST:
		return compiler_fail(
		    compiler, node->offset, "a list can only stand behind 'in': expected a value");
	default:
		return compiler_fail(compiler, node->offset,
		    "expected a value, not a condition: join conditions with '&&' and '||'");
	}
}

static struct term *
new_comparison(struct compiler *compiler, const struct node *node, const struct operand *left,
    enum token_kind relation, const struct operand *right, bool negated)
{
	bool is_order = relation != TOKEN_EQ && relation != TOKEN_NE;
	struct term *term = new_leaf(compiler, node, is_order ? TERM_ORDER : TERM_EQUAL,
	    negated != (relation == TOKEN_NE));

	if (term == NULL)
		return NULL;
	term->relation = relation;
	term->left = *left;
	term->right = *right;
	return term;
}

static enum token_kind
flip(enum token_kind relation)
{
	switch (relation) {
	case TOKEN_LT:
		return TOKEN_GT;
	case TOKEN_LE:
		return TOKEN_GE;
	case TOKEN_GT:
		return TOKEN_LT;
	case TOKEN_GE:
		return TOKEN_LE;
	default:
		return relation;
	}
}

/*
 * ${operand} ${relation} a number that it can never be, but that stands among
 * its values: x < 1.5 is x <= 1.
 */
static struct term *
check_between(struct compiler *compiler, const struct node *node, const struct operand *operand,
    enum token_kind relation, const struct number_fit *fit, bool negated)
{
	bool is_less = relation == TOKEN_LT || relation == TOKEN_LE;
	struct operand other = { .kind = OPERAND_LITERAL };

	if (relation == TOKEN_EQ || relation == TOKEN_NE)
		return new_constant(compiler, node, negated != (relation == TOKEN_NE));
	if (!fit->has_floor) /* it is below all of them */
		return is_less ? new_constant(compiler, node, negated)
			       : new_comparison(compiler, node, operand, TOKEN_NE, &other, negated);
	other.literal = fit->value;
	return new_comparison(
	    compiler, node, operand, is_less ? TOKEN_LE : TOKEN_GT, &other, negated);
}

static struct term *
check_relation(struct compiler *compiler, const struct node *node, struct typed *left,
    enum token_kind relation, struct typed *right, bool negated)
{
	bool is_order = relation != TOKEN_EQ && relation != TOKEN_NE;
	struct number_fit fit;

	if (!unify(compiler, left, right, is_order))
		return NULL;
	if (unify_number(right, left, &fit) && !fit.is_exact)
		return check_between(compiler, node, &left->operand, relation, &fit, negated);
	if (unify_number(left, right, &fit) && !fit.is_exact)
		return check_between(compiler, node, &right->operand, flip(relation), &fit, negated);
	return new_comparison(compiler, node, &left->operand, relation, &right->operand, negated);
}

struct term *
check_equal(struct compiler *compiler, const struct node *node, struct typed *left,
    struct typed *right, bool negated)
{
	return check_relation(compiler, node, left, TOKEN_EQ, right, negated);
}

static struct term *
check_compare(struct compiler *compiler, const struct node *node, bool negated)
{
	struct typed left, right;

	if (!check_operand(compiler, node->first, &left) ||
	    !check_operand(compiler, node->first->next, &right))
		return NULL;
	return check_relation(compiler, node, &left, node->relation, &right, negated);
}

/* --- in --------------------------------------------------------------- */

static struct term *
check_roles(
    struct compiler *compiler, const struct node *node, const struct typed *left, bool negated)
{
	struct term *term;

	if (left->type != TYPE_TEXT && left->type != TYPE_ENUM && left->type != TYPE_CALLER)
		return compiler_fail(compiler, left->node->offset,
		    "expected a text in front of 'in auth.roles', not %s", type_words[left->type]);
	compiler->rule->names_auth = true;
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

	if (!check_operand(compiler, item, &b) ||
	    (equal = check_equal(compiler, item, &a, &b, among->negated)) == NULL)
		return false;
	if (equal->kind == TERM_EQUAL && left->operand.kind == OPERAND_PATH && typed_is_literal(&b) &&
	    b.type != TYPE_NULL)
		among->values[among->values_count++] = b.operand.literal;
	else
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
	struct typed left, many;

	if (!check_operand(compiler, node->first, &left))
		return NULL;
	if (list->kind == NODE_LIST)
		return check_list(compiler, list, &left, negated);
	if (path_is_roles(list))
		return check_roles(compiler, node, &left, negated);
	if (list->kind == NODE_PATH) {
		if (!check_operand(compiler, list, &many))
			return NULL;
		if (many.type == TYPE_LIST)
			return call_check_listed(compiler, node, &left, &many, negated);
		if (many.type == TYPE_REFS || many.type == TYPE_BACK)
			return call_check_member(compiler, node, &left, &many, negated);
	}
	return compiler_fail(compiler, list->offset,
	    "expected a list, references or 'auth.roles' behind 'in'");
}

/* --- conditions ------------------------------------------------------- */

/* A value where a condition is expected: true, false, or a field that is one of them. */
static struct term *
check_bare(struct compiler *compiler, const struct node *node, bool negated)
{
	struct str shown = compiler_shorten(node->text);
	struct typed typed, yes = { .type = TYPE_BOOL, .node = node };

	if (!check_operand(compiler, node, &typed))
		return NULL;
	if (typed.type != TYPE_BOOL)
		return compiler_fail(compiler, node->offset, "expected a condition, but %.*s is %s",
		    STR_ARGS(shown), type_words[typed.type]);
	if (typed_is_literal(&typed))
		return new_constant(compiler, node, node->literal.boolean != negated);
	yes.operand = (struct operand){ .kind = OPERAND_LITERAL, .literal = value_bool(true) };
	return check_equal(compiler, node, &typed, &yes, negated);
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
check_leaf(struct compiler *compiler, const struct node *node, bool negated)
{
	const struct node *choice = find_choice(node);

	if (choice != NULL)
		return check_chosen(compiler, node, choice, negated);
	switch (node->kind) {
	case NODE_COMPARE:
		return check_compare(compiler, node, negated);
	case NODE_IN:
		return check_in(compiler, node, negated);
	case NODE_CALL:
		return call_check(compiler, node, negated);
	default:
		return check_bare(compiler, node, negated);
	}
}

struct term *
check_predicate(struct compiler *compiler, const struct node *node, bool negated)
{
	switch (node->kind) {
	case NODE_AND:
	case NODE_OR:
		return check_group(compiler, node, negated);
	case NODE_NOT:
		return check_predicate(compiler, node->first, !negated);
	case NODE_CONDITIONAL:
		return check_cases(compiler, node->first, node->first->next,
		    node->first->next->next, negated);
	default:
		return check_leaf(compiler, node, negated);
	}
}

struct term *
check_run(struct compiler *compiler, const struct node *node)
{
	struct term *term = check_predicate(compiler, node, false);

	if (term != NULL && compiler->rule->weight > RULE_WEIGHT_MAX)
		return compiler_fail(compiler, 0,
		    "the expression leads to too many records, with the rules that guard them: expected "
		    "a smaller one");
	return term;
}
