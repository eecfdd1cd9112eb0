/* Functions and macros. */
#include <string.h>

#include "codec/utf8.h"
#include "rules/check.h"
#include "rules/text.h"

enum function_kind {
	FUNCTION_HAS,
	FUNCTION_SIZE,
	FUNCTION_LOWER,
	FUNCTION_DURATION,
	FUNCTION_STARTS,
	FUNCTION_ENDS,
	FUNCTION_CONTAINS,
	FUNCTION_EXISTS,
	FUNCTION_ALL,
};

static const struct function {
	const char *name;
	bool is_method;
	size_t arguments; /* what stands in front of the point too */
	const char *example;
} functions[] = {
	[FUNCTION_HAS] = { "has", false, 1, "has(x)" },
	[FUNCTION_SIZE] = { "size", false, 1, "size(x)" },
	[FUNCTION_LOWER] = { "lower", false, 1, "lower(x)" },
	[FUNCTION_DURATION] = { "duration", false, 1, "duration('24h')" },
	[FUNCTION_STARTS] = { "startsWith", true, 2, "x.startsWith(s)" },
	[FUNCTION_ENDS] = { "endsWith", true, 2, "x.endsWith(s)" },
	[FUNCTION_CONTAINS] = { "contains", true, 2, "x.contains(s)" },
	[FUNCTION_EXISTS] = { "exists", true, 3, "rows.exists(x, x.y == z)" },
	[FUNCTION_ALL] = { "all", true, 3, "rows.all(x, x.y == z)" },
};

static const struct function *
find(const struct node *call)
{
	for (size_t i = 0; i < COUNT(functions); i++)
		if (str_is(call->function, functions[i].name))
			return &functions[i];
	return NULL;
}

bool
call_is_macro(const struct node *call)
{
	return str_is(call->function, "exists") || str_is(call->function, "all");
}

static size_t
count_arguments(const struct node *call)
{
	size_t count = 0;

	for (const struct node *argument = call->first; argument != NULL; argument = argument->next)
		count++;
	return count;
}

/* The function that ${call} means, written as it should be; or NULL. */
static const struct function *
find_good(struct compiler *compiler, const struct node *call)
{
	const struct function *function = find(call);
	struct str shown = compiler_shorten(call->function);
	struct nearest nearest = { .wanted = call->function };

	for (size_t i = 0; function == NULL && i < COUNT(functions); i++)
		nearest_try(&nearest, str_from(functions[i].name));
	if (function == NULL && nearest.best.data != NULL)
		return compiler_fail(compiler, call->operator_offset,
		    "unknown function '%.*s': did you mean '%.*s'?", STR_ARGS(shown), STR_ARGS(nearest.best));
	if (function == NULL)
		return compiler_fail(compiler, call->operator_offset,
		    "unknown function '%.*s': known are has, size, lower, startsWith, endsWith, contains, "
		    "exists, all, duration",
		    STR_ARGS(shown));
	if (function->is_method != call->is_method || function->arguments != count_arguments(call))
		return compiler_fail(
		    compiler, call->operator_offset, "expected it written as %s", function->example);
	return function;
}

static bool
is_value(const struct function *function)
{
	return function >= &functions[FUNCTION_SIZE] && function <= &functions[FUNCTION_DURATION];
}

/* A copy of ${operand}, for one that stands around it. */
static bool
wrap(struct compiler *compiler, enum operand_kind kind, const struct operand *operand, struct operand *ret)
{
	struct operand *inner = compiler_array(compiler, 1, sizeof(*inner));

	if (inner == NULL)
		return false;
	*inner = *operand;
	*ret = (struct operand){ .kind = kind, .of = inner };
	return true;
}

static void
set_literal(struct typed *ret, struct value value)
{
	ret->operand = (struct operand){ .kind = OPERAND_LITERAL, .literal = value };
}

/* A name for the rows of ${typed} while ${compiler} looks at one of them. */
static struct source *
new_source(struct compiler *compiler, const struct typed *typed)
{
	struct source *source = path_source(compiler, typed);

	if (source != NULL)
		source->root = ROOT_VARIABLES + compiler->roots;
	return source;
}

static bool
resolve_size(struct compiler *compiler, const struct node *call, struct typed *ret)
{
	struct typed of;

	if (!check_operand(compiler, call->first, &of))
		return false;
	ret->type = TYPE_INT;
	if (of.type == TYPE_REFS || of.type == TYPE_BACK) {
		ret->operand = (struct operand){ .kind = OPERAND_COUNT };
		return (ret->operand.source = new_source(compiler, &of)) != NULL;
	}
	if (of.type != TYPE_LIST && !unify_text(compiler, &of, "or a list in size()"))
		return false;
	if (!typed_is_literal(&of))
		return wrap(compiler, OPERAND_SIZE, &of.operand, &ret->operand);
	set_literal(ret, value_int((int64_t)utf8_length(of.operand.literal.text)));
	return true;
}

static bool
resolve_lower(struct compiler *compiler, const struct node *call, struct typed *ret)
{
	struct typed of;
	struct str text;
	char *bytes;

	if (!check_operand(compiler, call->first, &of) || !unify_text(compiler, &of, "in lower()"))
		return false;
	ret->type = TYPE_TEXT;
	ret->is_lowered = typed_is_literal(&of);
	if (of.operand.kind == OPERAND_PATH && of.field->fold) {
		ret->operand = of.operand;
		ret->operand.folded = true;
		return true;
	}
	if (!typed_is_literal(&of))
		return wrap(compiler, OPERAND_LOWER, &of.operand, &ret->operand);
	text = of.operand.literal.text;
	if ((bytes = compiler_array(compiler, text.size + 1, 1)) == NULL)
		return false;
	text_lower(text, bytes);
	set_literal(ret, value_text((struct str){ bytes, text.size }));
	return true;
}

bool
call_resolve(struct compiler *compiler, const struct node *call, struct typed *ret)
{
	const struct function *function = find_good(compiler, call);

	if (function == NULL)
		return false;
	if (function == &functions[FUNCTION_SIZE])
		return resolve_size(compiler, call, ret);
	if (function == &functions[FUNCTION_LOWER])
		return resolve_lower(compiler, call, ret);
	if (function == &functions[FUNCTION_DURATION])
		return constant_duration(compiler, call, ret);
	return compiler_fail(compiler, call->offset,
	    "expected a value, not a condition: join conditions with '&&' and '||'");
}

/* All that start with a literal stand between it and the first text behind them. */
static bool
set_range(struct compiler *compiler, struct term *term)
{
	struct str prefix = term->right.literal.text;
	size_t size;
	char *bytes;

	if (term->test != TEXT_STARTS || term->right.kind != OPERAND_LITERAL || prefix.size == 0)
		return true;
	if ((bytes = compiler_array(compiler, prefix.size + 4, 1)) == NULL)
		return false;
	size = text_behind(prefix, bytes);
	term->range_end.kind = OPERAND_LITERAL;
	if (size > 0)
		term->range_end.literal = value_text((struct str){ bytes, size });
	return true;
}

/* x.startsWith(s) and its like. */
static struct term *
check_text(struct compiler *compiler, const struct node *call, enum text_test test, bool negated)
{
	struct typed left, right;
	struct term *term;

	if (!check_operand(compiler, call->first, &left) ||
	    !unify_text(compiler, &left, "in front of a text function") ||
	    !check_operand(compiler, call->first->next, &right) ||
	    !unify_text(compiler, &right, "in a text function") || !unify_fold(compiler, &left, &right) ||
	    (term = new_leaf(compiler, call, TERM_TEXT, negated)) == NULL)
		return NULL;
	term->test = test;
	term->left = left.operand;
	term->right = right.operand;
	return set_range(compiler, term) ? term : NULL;
}

/* has(x) is x != null. */
static struct term *
check_has(struct compiler *compiler, const struct node *call, bool negated)
{
	const struct node *path = call->first;
	struct typed typed, null = { .type = TYPE_NULL, .node = call };
	struct str shown = compiler_shorten(path->text);

	if (path->kind != NODE_PATH)
		return compiler_fail(compiler, path->offset, "expected a field's name, not '%.*s'",
		    STR_ARGS(shown));
	if (!check_operand(compiler, path, &typed))
		return NULL;
	set_literal(&null, value_null());
	return check_equal(compiler, call, &typed, &null, !negated);
}

static struct term *
new_exists(struct compiler *compiler, const struct node *node, struct source *source, bool negated)
{
	struct term *term = new_leaf(compiler, node, TERM_EXISTS, negated);

	compiler->rule->weight += 2;
	if (term != NULL)
		term->source = source;
	return term;
}

static bool
read_variable(struct compiler *compiler, const struct node *node, struct scope *ret)
{
	static const char *const reserved[] = { "auth", "new", "now", "request" };
	struct str shown = compiler_shorten(node->text);
	bool is_good = node->kind == NODE_PATH && node->parts_count == 1;

	for (size_t i = 0; i < COUNT(reserved); i++)
		is_good = is_good && !str_is(node->text, reserved[i]);
	for (const struct scope *scope = compiler->scope; scope != NULL; scope = scope->outer)
		is_good = is_good && !str_equal(node->text, scope->name);
	if (!is_good)
		return compiler_fail(compiler, node->offset,
		    "expected a new name for one of the records, not '%.*s'", STR_ARGS(shown));
	ret->name = node->parts[0].text;
	return true;
}

static void *
fail_no_rows(struct compiler *compiler, const struct typed *rows)
{
	struct str shown = compiler_shorten(rows->node->text);

	if (rows->type == TYPE_LIST)
		return compiler_fail(compiler, rows->node->offset,
		    "'%.*s' is a list of values and no records: expected 'x in %.*s'", STR_ARGS(shown),
		    STR_ARGS(shown));
	return compiler_fail(compiler, rows->node->offset,
	    "expected references or records that refer here, not %s", type_words[rows->type]);
}

/* The condition that stands inside, where the name of the rows is known. */
static struct term *
check_inside(struct compiler *compiler, const struct node *node, struct scope *scope, bool negated)
{
	struct term *term;

	scope->outer = compiler->scope;
	compiler->scope = scope;
	compiler->roots++;
	compiler->macro_depth++;
	term = check_predicate(compiler, node, negated);
	compiler->macro_depth--;
	compiler->roots--;
	compiler->scope = scope->outer;
	return term;
}

/* rows.exists(x, p); rows.all(x, p) is !rows.exists(x, !p). */
static struct term *
check_macro(struct compiler *compiler, const struct node *call, bool is_all, bool negated)
{
	const struct node *name = call->first->next;
	struct scope scope = { 0 };
	struct source *source;
	struct typed rows;
	struct term *term;

	if (compiler->macro_depth == RULE_MACRO_DEPTH_MAX)
		return compiler_fail(compiler, call->operator_offset,
		    "expected exists() and all() inside one another to a depth of %d", RULE_MACRO_DEPTH_MAX);
	if (!check_operand(compiler, call->first, &rows))
		return NULL;
	if (rows.type != TYPE_REFS && rows.type != TYPE_BACK)
		return fail_no_rows(compiler, &rows);
	if (!read_variable(compiler, name, &scope) || (source = new_source(compiler, &rows)) == NULL ||
	    (term = new_exists(compiler, call, source, is_all != negated)) == NULL)
		return NULL;
	if (source->back == NULL && compiler->use != RULE_USE_FILTER)
		path_note_hop(compiler, source->collection);
	scope.collection = source->collection;
	scope.root = source->root;
	term->inner = check_inside(compiler, name->next, &scope, is_all);
	return term->inner == NULL ? NULL : term;
}

/* ${value} as an id of the rows of ${source}. */
static struct term *
check_id(struct compiler *compiler, const struct node *node, const struct source *source,
    const struct typed *value, const struct typed *rows)
{
	struct typed left = { .type = TYPE_COUNT, .node = rows->node }, right = *value;

	left.field = &source->collection->columns[COLUMN_ID];
	left.type = field_check_type(left.field);
	left.operand.kind = OPERAND_PATH;
	left.operand.root = source->root;
	left.operand.fields_count = 1;
	left.operand.fields = compiler_array(compiler, 1, sizeof(left.field));
	if (left.operand.fields == NULL)
		return NULL;
	left.operand.fields[0] = left.field;
	return check_equal(compiler, node, &left, &right, false);
}

struct term *
call_check_member(struct compiler *compiler, const struct node *node, const struct typed *left,
    const struct typed *rows, bool negated)
{
	struct source *source = new_source(compiler, rows);
	struct term *term;

	if (source == NULL || (term = new_exists(compiler, node, source, negated)) == NULL)
		return NULL;
	term->only_id = true;
	term->inner = check_id(compiler, node, source, left, rows);
	return term->inner == NULL ? NULL : term;
}

static bool
is_item(const struct typed *left, enum field_type of)
{
	switch (of) {
	case FIELD_INT:
		return left->type == TYPE_INT || (left->type == TYPE_NUMBER && typed_is_literal(left));
	case FIELD_FLOAT:
		return left->type == TYPE_FLOAT ||
		       ((left->type == TYPE_INT || left->type == TYPE_NUMBER) && typed_is_literal(left));
	case FIELD_BOOL:
		return left->type == TYPE_BOOL;
	default:
		return left->type == TYPE_TEXT || left->type == TYPE_ENUM || left->type == TYPE_CALLER;
	}
}

/* Make the number ${left} one that the list could have; false where it cannot. */
static bool
fit_item(struct typed *left, enum field_type of)
{
	struct number_fit fit;

	if (!typed_is_literal(left) || (of != FIELD_INT && of != FIELD_FLOAT))
		return true;
	number_fit(&left->operand.literal, (struct str){ 0 }, of == FIELD_INT ? VALUE_INT : VALUE_REAL, 0, &fit);
	left->operand.literal = fit.value;
	return fit.is_exact;
}

struct term *
call_check_listed(struct compiler *compiler, const struct node *node, struct typed *left,
    struct typed *list, bool negated)
{
	enum field_type of = list->field->of;
	struct term *term;

	if (left->type != TYPE_NULL && !is_item(left, of))
		return compiler_fail(compiler, left->node->offset, "expected %s in front of 'in', not %s",
		    field_types[of].what, type_words[left->type]);
	if (left->type == TYPE_CALLER)
		left->operand.as = VALUE_TEXT;
	if ((term = new_leaf(compiler, node, TERM_LISTED, negated)) == NULL)
		return NULL;
	if (left->type == TYPE_NULL || !fit_item(left, of)) {
		term->kind = TERM_CONSTANT; /* no list has it */
		term->constant = negated;
		return term;
	}
	term->left = left->operand;
	term->right = list->operand;
	return term;
}

struct term *
call_check(struct compiler *compiler, const struct node *call, bool negated)
{
	const struct function *function = find_good(compiler, call);

	if (function == NULL)
		return NULL;
	if (function == &functions[FUNCTION_HAS])
		return check_has(compiler, call, negated);
	if (function >= &functions[FUNCTION_EXISTS])
		return check_macro(compiler, call, function == &functions[FUNCTION_ALL], negated);
	if (!is_value(function))
		return check_text(compiler, call,
		    TEXT_STARTS + (enum text_test)(function - &functions[FUNCTION_STARTS]), negated);
	return compiler_fail(compiler, call->offset, "expected a condition, but %s is a value",
	    function->name);
}
