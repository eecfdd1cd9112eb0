/* What compares with what, and literals made values of the kind that they stand beside. */
#include "rules/check.h"

#include "codec/decimal.h"
#include "codec/fold.h"
#include "codec/time.h"

const char *const type_words[TYPE_COUNT] = {
	[TYPE_NULL] = "null",
	[TYPE_BOOL] = "true or false",
	[TYPE_INT] = "a whole number",
	[TYPE_NUMBER] = "a number with a point",
	[TYPE_FLOAT] = "a number",
	[TYPE_DECIMAL] = "a decimal number",
	[TYPE_TEXT] = "a text",
	[TYPE_TIME] = "a time",
	[TYPE_DATE] = "a date",
	[TYPE_ENUM] = "an enum",
	[TYPE_UUID] = "an id",
	[TYPE_INT_ID] = "an id that is a whole number",
	[TYPE_CALLER] = "the caller's id",
	[TYPE_LIST] = "a list",
	[TYPE_JSON] = "a JSON value",
	[TYPE_REFS] = "a list of references",
	[TYPE_BACK] = "the records that refer to it",
	[TYPE_DURATION] = "a duration",
};

static bool
is_id(enum type type)
{
	return type == TYPE_UUID || type == TYPE_INT_ID;
}

static bool
is_number(enum type type)
{
	return type >= TYPE_INT && type <= TYPE_DECIMAL;
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

static bool
parse_time(struct str text, const struct field *field, struct value *ret)
{
	(void)field;
	*ret = value_time(0);
	return time_parse_rfc3339(text, &ret->integer);
}

static bool
parse_date(struct str text, const struct field *field, struct value *ret)
{
	(void)field;
	*ret = value_date(0);
	return date_parse(text, &ret->integer);
}

static bool
parse_uuid(struct str text, const struct field *field, struct value *ret)
{
	(void)field;
	*ret = (struct value){ .kind = VALUE_UUID };
	return uuid_parse(text, &ret->uuid);
}

static bool
parse_int_id(struct str text, const struct field *field, struct value *ret)
{
	(void)field;
	*ret = value_int(0);
	return str_to_int(text, &ret->integer);
}

/* A decimal in quotes is one as JSON has it; its digits may be more than the field's. */
static bool
parse_decimal(struct str text, const struct field *field, struct value *ret)
{
	(void)field;
	for (unsigned scale = 0; scale <= DECIMAL_DIGITS_MAX; scale++) {
		*ret = value_decimal(0, scale);
		if (decimal_parse(text, scale, &ret->integer))
			return true;
	}
	return false;
}

static const struct {
	bool (*parse)(struct str text, const struct field *field, struct value *ret);
	const char *expected;
} conversions[TYPE_COUNT] = {
	[TYPE_TIME] = { parse_time, "a time such as '2026-11-23T08:00:00Z'" },
	[TYPE_DATE] = { parse_date, "a date such as '2026-11-23'" },
	[TYPE_DECIMAL] = { parse_decimal, "a decimal number such as '12.30'" },
	[TYPE_UUID] = { parse_uuid, "an id such as '018f3a1e-0000-7000-8000-000000000000'" },
	[TYPE_INT_ID] = { parse_int_id, "an id such as '7'" },
};

/* Make the text ${literal} a value of the kind of ${other}. */
static bool
convert_literal(struct compiler *compiler, struct typed *literal, const struct typed *other)
{
	struct value value;
	struct str text = literal->operand.literal.text, shown = compiler_shorten(text);

	if (other->type == TYPE_ENUM)
		return is_enum_value(other->field, text) ||
		       fail_enum_value(compiler, literal, other->field);
	if (!conversions[other->type].parse(text, other->field, &value)) {
		const char *wanted = other->type == TYPE_TIME ? time_wanted(text) : NULL;

		return compiler_fail(compiler, literal->node->offset, "expected %s, not '%.*s'",
		    wanted != NULL ? wanted : conversions[other->type].expected, STR_ARGS(shown));
	}
	literal->operand.literal = value;
	literal->type = other->type;
	return true;
}

static bool
is_convertible(const struct typed *literal, const struct typed *other)
{
	return typed_is_literal(literal) && literal->type == TYPE_TEXT && !typed_is_literal(other) &&
	       (other->type == TYPE_ENUM || conversions[other->type].parse != NULL);
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
	if (a->type == TYPE_NULL)
		return true;
	if (a->type >= TYPE_LIST || b->type >= TYPE_LIST)
		return false;
	if (a->type == b->type)
		return true;
	switch (a->type) {
	case TYPE_CALLER:
		a->operand.as = caller_kind(b);
		return is_id(b->type) || b->type == TYPE_TEXT ||
		       (b->type == TYPE_INT && typed_is_literal(b));
	case TYPE_INT:
		return (b->type == TYPE_INT_ID && typed_is_literal(a)) || is_number(b->type);
	case TYPE_NUMBER:
		return is_number(b->type);
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
is_pair(const struct typed *a, const struct typed *b, enum type one, enum type other)
{
	return (a->type == one && b->type == other) || (a->type == other && b->type == one);
}

/* The mistakes that have a better word than "does not compare". */
static bool
fail_pair(struct compiler *compiler, const struct typed *a, const struct typed *b)
{
	const struct typed *many = a->type >= TYPE_LIST ? a : b;
	struct str shown = compiler_shorten(many->node->text);

	if (is_pair(a, b, TYPE_DATE, TYPE_TIME))
		return compiler_fail(compiler, b->node->offset,
		    "a date does not compare with a time%s: expected two of a kind, or a text such as "
		    "'2026-11-23'",
		    a->operand.kind == OPERAND_NOW || b->operand.kind == OPERAND_NOW ? ", as 'now' is" : "");
	if (is_pair(a, b, TYPE_FLOAT, TYPE_DECIMAL))
		return compiler_fail(compiler, b->node->offset,
		    "a float and a decimal do not compare exactly: expected fields of one type");
	if (many->type == TYPE_DURATION)
		return compiler_fail(compiler, many->node->offset,
		    "a duration only follows 'now + ' or 'now - '");
	if (many->type == TYPE_REFS || many->type == TYPE_BACK)
		return compiler_fail(compiler, many->node->offset,
		    "%.*s stands for many records: expected %.*s.exists(x, …), %.*s.all(x, …), size() or 'in'",
		    STR_ARGS(shown), STR_ARGS(shown), STR_ARGS(shown));
	if (many->type >= TYPE_LIST)
		return compiler_fail(compiler, many->node->offset,
		    "%.*s is %s, which compares with null only", STR_ARGS(shown), type_words[many->type]);
	shown = compiler_shorten(a->node->text);
	return compiler_fail(compiler, b->node->offset,
	    "expected a value that compares with %.*s, which is %s: this is %s", STR_ARGS(shown),
	    type_words[a->type], type_words[b->type]);
}

static bool
is_many(const struct typed *typed)
{
	return typed->type == TYPE_REFS || typed->type == TYPE_BACK || typed->type == TYPE_DURATION;
}

static bool
fold_beside(struct compiler *compiler, const struct typed *folded, struct typed *other)
{
	struct value *literal = &other->operand.literal;

	if (!folded->operand.folded || other->operand.folded)
		return true;
	if (other->operand.kind == OPERAND_LOWER)
		return compiler_fail(compiler, other->node->offset,
		    "beside lower() of '%.*s', which is folded, expected a text, lower() of a constant, or of a "
		    "field with fold: true",
		    STR_ARGS(folded->operand.fields[folded->operand.fields_count - 1]->name));
	if (other->is_lowered)
		literal->text = fold_text(compiler->arena, literal->text);
	return !other->is_lowered || literal->text.data != NULL ||
	       compiler_fail(compiler, 0, "the expression needs too much memory");
}

bool
unify_fold(struct compiler *compiler, struct typed *a, struct typed *b)
{
	return fold_beside(compiler, a, b) && fold_beside(compiler, b, a);
}

bool
unify(struct compiler *compiler, struct typed *a, struct typed *b, bool is_order)
{
	if (is_many(a) || is_many(b))
		return fail_pair(compiler, a, b);
	if (is_order && (a->type == TYPE_ENUM || b->type == TYPE_ENUM))
		return compiler_fail(compiler, a->node->offset,
		    "an enum has no order here: expected '==', '!=' or 'in'");
	if (is_order && (a->type == TYPE_LIST || b->type == TYPE_LIST || a->type == TYPE_JSON ||
			    b->type == TYPE_JSON))
		return fail_pair(compiler, a, b);
	if (is_convertible(a, b))
		return convert_literal(compiler, a, b);
	if (is_convertible(b, a))
		return convert_literal(compiler, b, a);
	if (fits(a, b, is_order) || fits(b, a, is_order))
		return unify_fold(compiler, a, b);
	return fail_pair(compiler, a, b);
}

/* As it was written, where that says more than the value. */
static struct str
written(const struct typed *number)
{
	struct str text = number->node->text;

	if (number->node->kind != NODE_LITERAL || number->operand.literal.kind != VALUE_REAL ||
	    text.data[0] == '(')
		return (struct str){ 0 };
	return text;
}

bool
unify_number(struct typed *number, const struct typed *other, struct number_fit *ret)
{
	struct value *literal = &number->operand.literal;
	unsigned scale;
	enum value_kind kind;

	if (!typed_is_literal(number) || typed_is_literal(other) || other->type < TYPE_INT ||
	    other->type > TYPE_DECIMAL ||
	    (literal->kind != VALUE_INT && literal->kind != VALUE_REAL && literal->kind != VALUE_DECIMAL))
		return false;
	kind = operand_values(&other->operand, &scale);
	number_fit(literal, written(number), kind, scale, ret);
	if (ret->is_exact)
		*literal = ret->value;
	return true;
}

bool
unify_text(struct compiler *compiler, struct typed *typed, const char *where)
{
	if (typed->type == TYPE_CALLER)
		typed->operand.as = VALUE_TEXT;
	if (typed->type == TYPE_TEXT || typed->type == TYPE_CALLER)
		return true;
	return compiler_fail(compiler, typed->node->offset, "expected a text %s, not %s", where,
	    type_words[typed->type]);
}
