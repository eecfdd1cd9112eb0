/*
 * Tokens to a tree, by descent; tighter binding lower:
 *
 *	choice   or ("?" or ":" choice)?
 *	or       and ("||" and)*
 *	and      relation ("&&" relation)*
 *	relation sum (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") sum)?
 *	sum      product (("+" | "-") product)*
 *	product  unary (("*" | "/" | "%") unary)*
 *	unary    ("!" | "-")* member
 *	member   primary ("." name | "." name "(" arguments ")")*
 *	primary  literal | name | name "(" arguments ")" | "(" choice ")" | "[" arguments "]"
 */
#include "rules/rules_internal.h"

static struct node *parse_choice(struct compiler *compiler);

static struct node *
new_node(struct compiler *compiler, enum node_kind kind)
{
	struct node *node = compiler_array(compiler, 1, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->kind = kind;
	node->offset = compiler->token.offset;
	node->text = compiler->token.text;
	return node;
}

/* All of ${node} was taken. */
static struct node *
end_node(struct compiler *compiler, struct node *node)
{
	node->text = str_slice(compiler->text, node->offset, compiler->end);
	return node;
}

/* Where ${name} is what other languages call an operator: what it is called here, or NULL. */
static const char *
our_operator(struct str name)
{
	static const struct {
		const char *word, *ours;
	} foreign[] = {
		{ "and", "'&&'" },
		{ "or", "'||'" },
		{ "is", "'==' or '!='" },
		{ "not", "'!(…)' around it" },
		{ "in", "'in'" }, /* in capitals */
		{ "like", "startsWith(), endsWith() or contains()" },
		{ "ilike", "lower() with startsWith(), endsWith() or contains()" },
	};

	for (size_t i = 0; i < COUNT(foreign); i++)
		if (str_equal_nocase(name, str_from(foreign[i].word)))
			return foreign[i].ours;
	return NULL;
}

static void *
fail_expected(struct compiler *compiler, const char *expected)
{
	const struct token *token = &compiler->token;
	struct str shown = compiler_shorten(token->text);
	const char *ours;

	if (token->kind == TOKEN_END)
		return compiler_fail(compiler, token->offset, "expected %s, not the end", expected);
	if (token->kind == TOKEN_NAME && (ours = our_operator(token->text)) != NULL)
		return compiler_fail(compiler, token->offset, "expected %s instead of '%.*s'", ours,
		    STR_ARGS(token->text));
	return compiler_fail(
	    compiler, token->offset, "expected %s, not '%.*s'", expected, STR_ARGS(shown));
}

/* Take the next token, which must be a ${kind}. */
static bool
take(struct compiler *compiler, enum token_kind kind, const char *expected)
{
	if (compiler->token.kind != kind)
		return fail_expected(compiler, expected);
	return lexer_next(compiler);
}

static bool
go_deeper(struct compiler *compiler)
{
	if (++compiler->depth <= RULE_DEPTH_MAX)
		return true;
	return compiler_fail(compiler, compiler->token.offset,
	    "expected at most %d levels of parentheses, '!', '-' and '?'", RULE_DEPTH_MAX);
}

static struct node *
parse_literal(struct compiler *compiler)
{
	struct node *node = new_node(compiler, NODE_LITERAL);
	struct str shown = compiler_shorten(compiler->token.text);

	if (node == NULL)
		return NULL;
	if (compiler->token.is_huge)
		return compiler_fail(compiler, node->offset,
		    "expected a whole number of 64 bits without leading zeros, not %.*s",
		    STR_ARGS(shown));
	node->literal = compiler->token.value;
	if (compiler->token.kind == TOKEN_TRUE || compiler->token.kind == TOKEN_FALSE)
		node->literal = value_bool(compiler->token.kind == TOKEN_TRUE);
	return lexer_next(compiler) ? node : NULL;
}

/* "a, b" up to ${close}, which is taken too: the children of ${node}, behind ${end}. */
static bool
parse_arguments(struct compiler *compiler, struct node **end, enum token_kind close, const char *expected)
{
	for (bool is_first = true; compiler->token.kind != close; is_first = false) {
		if (!is_first && !take(compiler, TOKEN_COMMA, expected))
			return false;
		if ((*end = parse_choice(compiler)) == NULL)
			return false;
		end = &(*end)->next;
	}
	return lexer_next(compiler);
}

/* "(...)" behind the name ${function}; ${receiver} is what stood in front of it, or NULL. */
static struct node *
parse_call(struct compiler *compiler, const struct token *function, struct node *receiver)
{
	struct node *call = new_node(compiler, NODE_CALL);

	if (call == NULL || !go_deeper(compiler) || !lexer_next(compiler))
		return NULL;
	call->function = function->text;
	call->operator_offset = function->offset;
	call->is_method = receiver != NULL;
	call->offset = receiver != NULL ? receiver->offset : function->offset;
	call->first = receiver;
	if (!parse_arguments(compiler, receiver != NULL ? &receiver->next : &call->first, TOKEN_CLOSE,
		"an operator, ',' or ')'"))
		return NULL;
	compiler->depth--;
	return end_node(compiler, call);
}

/* One more name of a path. */
static bool
add_part(struct compiler *compiler, struct node *path, const struct token *name)
{
	if (path->parts_count == RULE_HOPS_MAX + 2)
		return compiler_fail(compiler, name->offset,
		    "expected a path of at most %d references", RULE_HOPS_MAX);
	path->parts[path->parts_count++] = *name;
	end_node(compiler, path);
	return true;
}

/* `not x`: two values beside one another, of which the first is none. */
static bool
is_foreign_not(const struct token *name, enum token_kind next)
{
	bool begins_value = (next >= TOKEN_NAME && next <= TOKEN_NULL) || next == TOKEN_OPEN;

	return begins_value && str_equal_nocase(name->text, STR("not"));
}

static struct node *
parse_name(struct compiler *compiler)
{
	struct node *node = new_node(compiler, NODE_PATH);
	const struct token name = compiler->token;

	if (node == NULL ||
	    (node->parts = compiler_array(compiler, RULE_HOPS_MAX + 2, sizeof(*node->parts))) == NULL ||
	    !lexer_next(compiler))
		return NULL;
	if (is_foreign_not(&name, compiler->token.kind))
		return compiler_fail(compiler, name.offset, "expected '!' instead of '%.*s'",
		    STR_ARGS(name.text));
	if (compiler->token.kind == TOKEN_OPEN)
		return parse_call(compiler, &name, NULL);
	return add_part(compiler, node, &name) ? node : NULL;
}

static struct node *
parse_list(struct compiler *compiler)
{
	struct node *list = new_node(compiler, NODE_LIST);

	if (list == NULL || !go_deeper(compiler) || !lexer_next(compiler) ||
	    !parse_arguments(compiler, &list->first, TOKEN_LIST_CLOSE, "an operator, ',' or ']'"))
		return NULL;
	compiler->depth--;
	return end_node(compiler, list);
}

static struct node *
parse_parenthesis(struct compiler *compiler)
{
	size_t offset = compiler->token.offset;
	struct node *node;

	if (!go_deeper(compiler) || !lexer_next(compiler))
		return NULL;
	node = parse_choice(compiler);
	if (node == NULL || !take(compiler, TOKEN_CLOSE, "an operator or ')'"))
		return NULL;
	compiler->depth--;
	node->offset = offset;
	return end_node(compiler, node);
}

static struct node *
parse_primary(struct compiler *compiler)
{
	switch (compiler->token.kind) {
	case TOKEN_NAME:
		return parse_name(compiler);
	case TOKEN_OPEN:
		return parse_parenthesis(compiler);
	case TOKEN_LIST_OPEN:
		return parse_list(compiler);
	case TOKEN_INT:
	case TOKEN_NUMBER:
	case TOKEN_STRING:
	case TOKEN_TRUE:
	case TOKEN_FALSE:
	case TOKEN_NULL:
		return parse_literal(compiler);
	default:
		return fail_expected(compiler, "a value");
	}
}

static struct node *
parse_member(struct compiler *compiler)
{
	struct node *node = parse_primary(compiler);

	while (node != NULL && compiler->token.kind == TOKEN_DOT) {
		struct token name;

		if (!lexer_next(compiler))
			return NULL;
		name = compiler->token;
		if (!take(compiler, TOKEN_NAME, "a field's name"))
			return NULL;
		if (compiler->token.kind == TOKEN_OPEN)
			node = parse_call(compiler, &name, node);
		else if (node->kind != NODE_PATH)
			return compiler_fail(compiler, name.offset,
			    "only a function can follow a value that is no path");
		else if (!add_part(compiler, node, &name))
			return NULL;
	}
	return node;
}

/* A minus in front of a number belongs to it. */
static struct node *
parse_negative(struct compiler *compiler, size_t offset)
{
	struct token *token = &compiler->token;
	struct node *node;

	if (token->kind == TOKEN_NUMBER && token->value.kind == VALUE_REAL)
		token->value.real = -token->value.real;
	else if (!token->is_huge)
		token->value.integer = -token->value.integer;
	token->is_huge = false;
	if ((node = parse_literal(compiler)) == NULL)
		return NULL;
	node->offset = offset;
	return end_node(compiler, node);
}

static struct node *
parse_unary(struct compiler *compiler)
{
	enum token_kind operator = compiler->token.kind;
	struct node *node;

	if (operator != TOKEN_NOT && operator != TOKEN_MINUS)
		return parse_member(compiler);
	node = new_node(compiler, operator == TOKEN_NOT ? NODE_NOT : NODE_NEGATE);
	if (node == NULL || !go_deeper(compiler) || !lexer_next(compiler))
		return NULL;
	compiler->depth--;
	if (operator == TOKEN_MINUS &&
	    (compiler->token.kind == TOKEN_INT || compiler->token.kind == TOKEN_NUMBER))
		return parse_negative(compiler, node->offset);
	compiler->depth++;
	if ((node->first = parse_unary(compiler)) == NULL)
		return NULL;
	compiler->depth--;
	return end_node(compiler, node);
}

/* Operands of ${parse} with operators from ${first} to ${last} between them, from the left. */
static struct node *
parse_arithmetic(struct compiler *compiler, enum token_kind first, enum token_kind last,
    struct node *(*parse)(struct compiler *compiler))
{
	struct node *left = parse(compiler), *node;

	while (left != NULL && compiler->token.kind >= first && compiler->token.kind <= last) {
		if (!compiler_count(compiler, compiler->token.offset) ||
		    (node = new_node(compiler, NODE_ARITHMETIC)) == NULL)
			return NULL;
		node->relation = compiler->token.kind;
		node->operator_offset = compiler->token.offset;
		node->offset = left->offset;
		node->first = left;
		if (!lexer_next(compiler) || (left->next = parse(compiler)) == NULL)
			return NULL;
		left = end_node(compiler, node);
	}
	return left;
}

static struct node *
parse_product(struct compiler *compiler)
{
	return parse_arithmetic(compiler, TOKEN_STAR, TOKEN_PERCENT, parse_unary);
}

static struct node *
parse_sum(struct compiler *compiler)
{
	return parse_arithmetic(compiler, TOKEN_PLUS, TOKEN_MINUS, parse_product);
}

static bool
is_relation(enum token_kind kind)
{
	return kind == TOKEN_IN || (kind >= TOKEN_EQ && kind <= TOKEN_GE);
}

static struct node *
parse_relation(struct compiler *compiler)
{
	struct node *left, *node;

	if ((left = parse_sum(compiler)) == NULL)
		return NULL;
	if (!is_relation(compiler->token.kind))
		return left;
	node = new_node(compiler, compiler->token.kind == TOKEN_IN ? NODE_IN : NODE_COMPARE);
	if (node == NULL)
		return NULL;
	node->relation = compiler->token.kind;
	node->offset = left->offset;
	node->first = left;
	if (!lexer_next(compiler) || (left->next = parse_sum(compiler)) == NULL)
		return NULL;
	if (is_relation(compiler->token.kind))
		return compiler_fail(compiler, compiler->token.offset,
		    "expected '&&', '||' or the end: comparisons do not chain");
	return end_node(compiler, node);
}

/* Operands of ${parse}, joined by ${joiner}: a node of ${kind}, or the only one alone. */
static struct node *
parse_joined(struct compiler *compiler, enum token_kind joiner, enum node_kind kind,
    struct node *(*parse)(struct compiler *compiler))
{
	struct node *first = parse(compiler), *node, **end;

	if (first == NULL || compiler->token.kind != joiner)
		return first;
	if ((node = new_node(compiler, kind)) == NULL)
		return NULL;
	node->offset = first->offset;
	node->first = first;
	end = &first->next;
	while (compiler->token.kind == joiner) {
		if (!lexer_next(compiler) || (*end = parse(compiler)) == NULL)
			return NULL;
		end = &(*end)->next;
	}
	return end_node(compiler, node);
}

static struct node *
parse_and(struct compiler *compiler)
{
	return parse_joined(compiler, TOKEN_AND, NODE_AND, parse_relation);
}

static struct node *
parse_or(struct compiler *compiler)
{
	return parse_joined(compiler, TOKEN_OR, NODE_OR, parse_and);
}

static struct node *
parse_choice(struct compiler *compiler)
{
	struct node *condition = parse_or(compiler), *node, *yes;

	if (condition == NULL || compiler->token.kind != TOKEN_QUESTION)
		return condition;
	node = new_node(compiler, NODE_CONDITIONAL);
	if (node == NULL || !go_deeper(compiler) || !lexer_next(compiler))
		return NULL;
	node->offset = condition->offset;
	node->first = condition;
	if ((condition->next = yes = parse_or(compiler)) == NULL ||
	    !take(compiler, TOKEN_COLON, "an operator or ':'") ||
	    (yes->next = parse_choice(compiler)) == NULL)
		return NULL;
	compiler->depth--;
	return end_node(compiler, node);
}

struct node *
parser_run(struct compiler *compiler)
{
	struct node *node;

	if (!lexer_next(compiler) || (node = parse_choice(compiler)) == NULL)
		return NULL;
	if (compiler->token.kind != TOKEN_END)
		return fail_expected(compiler, "an operator or the end");
	return node;
}
