/*
 * Tokens to a tree, by descent; tighter binding lower:
 *
 *	or       and ("||" and)*
 *	and      relation ("&&" relation)*
 *	relation unary (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") unary)?
 *	unary    "!"* primary
 *	primary  literal | path | "has" "(" path ")" | "(" or ")" | "[" items "]"
 */
#include "rules/rules_internal.h"

static struct node *parse_or(struct compiler *compiler);

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

static void *
fail_expected(struct compiler *compiler, const char *expected)
{
	const struct token *token = &compiler->token;
	struct str shown = compiler_shorten(token->text);

	if (token->kind == TOKEN_END)
		return compiler_fail(compiler, token->offset, "expected %s, not the end", expected);
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
	    "expected at most %d levels of parentheses and '!'", RULE_DEPTH_MAX);
}

static struct node *
parse_literal(struct compiler *compiler)
{
	struct node *node = new_node(compiler, NODE_LITERAL);

	if (node == NULL)
		return NULL;
	node->literal = compiler->token.value;
	if (compiler->token.kind == TOKEN_TRUE || compiler->token.kind == TOKEN_FALSE)
		node->literal = value_bool(compiler->token.kind == TOKEN_TRUE);
	return lexer_next(compiler) ? node : NULL;
}

static struct node *
parse_path(struct compiler *compiler)
{
	struct node *node = new_node(compiler, NODE_PATH);
	const size_t parts_max = RULE_HOPS_MAX + 2;
	size_t end;

	if (node == NULL ||
	    (node->parts = compiler_array(compiler, parts_max, sizeof(*node->parts))) == NULL)
		return NULL;
	for (;;) {
		if (compiler->token.kind != TOKEN_NAME)
			return fail_expected(compiler, "a field's name");
		if (node->parts_count == parts_max)
			return compiler_fail(compiler, compiler->token.offset,
			    "expected a path of at most %d references", RULE_HOPS_MAX);
		end = compiler->at;
		node->parts[node->parts_count++] = compiler->token;
		if (!lexer_next(compiler))
			return NULL;
		if (compiler->token.kind != TOKEN_DOT)
			break;
		if (!lexer_next(compiler))
			return NULL;
	}
	node->text = str_slice(compiler->text, node->offset, end);
	return node;
}

/* What follows the name that was a path so far and is a call. */
static struct node *
parse_call(struct compiler *compiler, struct node *name)
{
	struct str shown = compiler_shorten(name->text);

	if (!str_is(name->text, "has"))
		return compiler_fail(compiler, name->offset,
		    "unknown function '%.*s': known is has(field)", STR_ARGS(shown));
	if (!lexer_next(compiler))
		return NULL;
	name->kind = NODE_HAS;
	name->first = parse_path(compiler);
	if (name->first == NULL || !take(compiler, TOKEN_CLOSE, "')'"))
		return NULL;
	return name;
}

static struct node *
parse_name(struct compiler *compiler)
{
	struct node *node = parse_path(compiler);

	if (node != NULL && compiler->token.kind == TOKEN_OPEN)
		return parse_call(compiler, node);
	return node;
}

static struct node *
parse_item(struct compiler *compiler)
{
	switch (compiler->token.kind) {
	case TOKEN_INT:
	case TOKEN_STRING:
	case TOKEN_TRUE:
	case TOKEN_FALSE:
	case TOKEN_NULL:
		return parse_literal(compiler);
	case TOKEN_NAME:
		return parse_path(compiler);
	default:
		return fail_expected(compiler, "a value");
	}
}

static struct node *
parse_list(struct compiler *compiler)
{
	struct node *list = new_node(compiler, NODE_LIST), **end;

	if (list == NULL || !lexer_next(compiler))
		return NULL;
	end = &list->first;
	while (compiler->token.kind != TOKEN_LIST_CLOSE) {
		if (list->first != NULL && !take(compiler, TOKEN_COMMA, "',' or ']'"))
			return NULL;
		if ((*end = parse_item(compiler)) == NULL)
			return NULL;
		end = &(*end)->next;
	}
	return lexer_next(compiler) ? list : NULL;
}

static struct node *
parse_parenthesis(struct compiler *compiler)
{
	struct node *node;

	if (!go_deeper(compiler) || !lexer_next(compiler))
		return NULL;
	node = parse_or(compiler);
	if (node == NULL || !take(compiler, TOKEN_CLOSE, "an operator or ')'"))
		return NULL;
	compiler->depth--;
	return node;
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
	default:
		return parse_item(compiler);
	}
}

static struct node *
parse_unary(struct compiler *compiler)
{
	struct node *node;

	if (compiler->token.kind != TOKEN_NOT)
		return parse_primary(compiler);
	node = new_node(compiler, NODE_NOT);
	if (node == NULL || !go_deeper(compiler) || !lexer_next(compiler) ||
	    (node->first = parse_unary(compiler)) == NULL)
		return NULL;
	compiler->depth--;
	return node;
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

	if ((left = parse_unary(compiler)) == NULL)
		return NULL;
	if (!is_relation(compiler->token.kind))
		return left;
	node = new_node(compiler, compiler->token.kind == TOKEN_IN ? NODE_IN : NODE_COMPARE);
	if (node == NULL)
		return NULL;
	node->relation = compiler->token.kind;
	node->offset = left->offset;
	node->first = left;
	if (!lexer_next(compiler) || (left->next = parse_unary(compiler)) == NULL)
		return NULL;
	if (is_relation(compiler->token.kind))
		return compiler_fail(compiler, compiler->token.offset,
		    "expected '&&', '||' or the end: comparisons do not chain");
	return node;
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
	return node;
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

struct node *
parser_run(struct compiler *compiler)
{
	struct node *node;

	if (!lexer_next(compiler) || (node = parse_or(compiler)) == NULL)
		return NULL;
	if (compiler->token.kind != TOKEN_END)
		return fail_expected(compiler, "an operator or the end");
	return node;
}
