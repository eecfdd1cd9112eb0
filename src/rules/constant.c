/* What is known when the text is compiled: literals, arithmetic on them, durations. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "codec/decimal.h"
#include "rules/check.h"

static bool
set_literal(struct typed *ret, struct value value, enum type type)
{
	ret->operand = (struct operand){ .kind = OPERAND_LITERAL, .literal = value };
	ret->type = type;
	return true;
}

static bool
resolve_literal(const struct node *node, struct typed *ret)
{
	static const enum type types[] = {
		[VALUE_NULL] = TYPE_NULL,
		[VALUE_BOOL] = TYPE_BOOL,
		[VALUE_INT] = TYPE_INT,
		[VALUE_REAL] = TYPE_NUMBER,
		[VALUE_DECIMAL] = TYPE_NUMBER,
		[VALUE_TEXT] = TYPE_TEXT,
	};

	return set_literal(ret, node->literal, types[node->literal.kind]);
}

static bool
fail_overflow(struct compiler *compiler, const struct node *node)
{
	return compiler_fail(compiler, node->operator_offset,
	    "the result does not fit: expected a whole number of 64 bits");
}

static bool
is_divided_by_zero(enum token_kind operator, const struct value *by)
{
	bool is_zero = by->kind == VALUE_REAL ? by->real == 0 : by->integer == 0;

	return is_zero && (operator == TOKEN_SLASH || operator == TOKEN_PERCENT);
}

static bool
fold_ints(struct compiler *compiler, const struct node *node, int64_t a, int64_t b, struct typed *ret)
{
	int64_t result = 0;
	bool overflows = false;

	switch (node->relation) {
	case TOKEN_PLUS:
		overflows = __builtin_add_overflow(a, b, &result);
		break;
	case TOKEN_MINUS:
		overflows = __builtin_sub_overflow(a, b, &result);
		break;
	case TOKEN_STAR:
		overflows = __builtin_mul_overflow(a, b, &result);
		break;
	case TOKEN_SLASH:
		overflows = a == INT64_MIN && b == -1;
		result = overflows ? 0 : a / b;
		break;
	default:
		result = b == -1 ? 0 : a % b;
	}
	if (overflows)
		return fail_overflow(compiler, node);
	return set_literal(ret, value_int(result), TYPE_INT);
}

static unsigned
scale_of(const struct value *value)
{
	return value->kind == VALUE_DECIMAL ? value->scale : 0;
}

static bool
rescale(const struct value *value, unsigned scale, int64_t *ret)
{
	return !__builtin_mul_overflow(value->integer, number_power(scale - scale_of(value)), ret);
}

/* Exact as long as 18 digits suffice; false where they do not. */
static bool
fold_decimals(enum token_kind operator, const struct value *a, const struct value *b, struct value *ret)
{
	unsigned scale = scale_of(a) > scale_of(b) ? scale_of(a) : scale_of(b);
	int64_t left, right, result;
	bool overflows;

	if (a->kind == VALUE_REAL || b->kind == VALUE_REAL || operator == TOKEN_SLASH)
		return false;
	if (operator == TOKEN_STAR) {
		scale = scale_of(a) + scale_of(b);
		overflows = __builtin_mul_overflow(a->integer, b->integer, &result);
	} else {
		if (!rescale(a, scale, &left) || !rescale(b, scale, &right))
			return false;
		overflows = operator == TOKEN_PLUS ? __builtin_add_overflow(left, right, &result)
						   : __builtin_sub_overflow(left, right, &result);
	}
	if (overflows || scale > DECIMAL_DIGITS_MAX || result >= number_power(18) || result <= -number_power(18))
		return false;
	*ret = value_decimal(result, scale);
	return true;
}

static bool
fold_numbers(struct compiler *compiler, const struct node *node, const struct value *a,
    const struct value *b, struct typed *ret)
{
	double left = number_to_real(a), right = number_to_real(b), result;
	struct value exact;

	if (node->relation == TOKEN_PERCENT)
		return compiler_fail(
		    compiler, node->operator_offset, "'%%' is known between whole numbers only");
	if (fold_decimals(node->relation, a, b, &exact))
		return set_literal(ret, exact, TYPE_NUMBER);
	switch (node->relation) {
	case TOKEN_PLUS:
		result = left + right;
		break;
	case TOKEN_MINUS:
		result = left - right;
		break;
	case TOKEN_STAR:
		result = left * right;
		break;
	default:
		result = left / right;
	}
	if (!isfinite(result))
		return compiler_fail(compiler, node->operator_offset,
		    "the result does not fit: expected a number that a double can hold");
	return set_literal(ret, value_real(result + 0.0), TYPE_NUMBER);
}

static bool
fold_texts(struct compiler *compiler, struct str a, struct str b, struct typed *ret)
{
	char *bytes = compiler_array(compiler, a.size + b.size + 1, 1);

	if (bytes == NULL)
		return false;
	memcpy(bytes, a.data, a.size);
	memcpy(bytes + a.size, b.data, b.size);
	return set_literal(ret, value_text((struct str){ bytes, a.size + b.size }), TYPE_TEXT);
}

/* now + duration, now - duration, duration + now, and durations alone. */
static bool
fold_times(struct compiler *compiler, const struct node *node, const struct typed *a,
    const struct typed *b, struct typed *ret)
{
	bool minus = node->relation == TOKEN_MINUS;
	const struct typed *time = a->type == TYPE_TIME ? a : b;
	int64_t left = a->type == TYPE_TIME ? a->operand.shift_us : a->operand.literal.integer;
	int64_t right = b->type == TYPE_TIME ? b->operand.shift_us : b->operand.literal.integer;
	int64_t result;

	if (minus ? __builtin_sub_overflow(left, right, &result)
		  : __builtin_add_overflow(left, right, &result))
		return compiler_fail(compiler, node->operator_offset, "the result does not fit");
	if (a->type != TYPE_TIME && b->type != TYPE_TIME)
		return set_literal(ret, value_int(result), TYPE_DURATION);
	ret->operand = time->operand;
	ret->operand.shift_us = result;
	ret->type = TYPE_TIME;
	return true;
}

static bool
is_number(const struct typed *typed)
{
	return typed_is_literal(typed) && (typed->type == TYPE_INT || typed->type == TYPE_NUMBER);
}

static bool
is_time(const struct typed *typed)
{
	return typed->operand.kind == OPERAND_NOW || typed->type == TYPE_DURATION;
}

static bool
fail_arithmetic(struct compiler *compiler, const struct node *node, const struct typed *a,
    const struct typed *b)
{
	bool a_is_constant = typed_is_literal(a) || is_time(a);
	const struct typed *other = a_is_constant ? b : a;
	struct str shown = compiler_shorten(other->node->text);

	if (a_is_constant && (typed_is_literal(b) || is_time(b)))
		return compiler_fail(compiler, node->operator_offset,
		    "expected two numbers, two texts, or 'now' and a duration, not %s and %s",
		    type_words[a->type], type_words[b->type]);
	return compiler_fail(compiler, other->node->offset,
	    "'%.*s' is no constant: only constants can be calculated with", STR_ARGS(shown));
}

static bool
resolve_arithmetic(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	bool is_sum = node->relation == TOKEN_PLUS || node->relation == TOKEN_MINUS;
	struct typed a, b;

	if (!check_operand(compiler, node->first, &a) || !check_operand(compiler, node->first->next, &b))
		return false;
	if (is_number(&a) && is_number(&b)) {
		if (is_divided_by_zero(node->relation, &b.operand.literal))
			return compiler_fail(compiler, node->operator_offset, "this divides by zero");
		if (a.type == TYPE_INT && b.type == TYPE_INT)
			return fold_ints(compiler, node, a.operand.literal.integer,
			    b.operand.literal.integer, ret);
		return fold_numbers(compiler, node, &a.operand.literal, &b.operand.literal, ret);
	}
	if (typed_is_literal(&a) && typed_is_literal(&b) && a.type == TYPE_TEXT && b.type == TYPE_TEXT &&
	    node->relation == TOKEN_PLUS)
		return fold_texts(compiler, a.operand.literal.text, b.operand.literal.text, ret);
	if (is_sum && is_time(&a) && is_time(&b) &&
	    (b.type == TYPE_DURATION || (a.type == TYPE_DURATION && node->relation == TOKEN_PLUS)))
		return fold_times(compiler, node, &a, &b, ret);
	return fail_arithmetic(compiler, node, &a, &b);
}

static bool
resolve_negative(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	struct value *literal = &ret->operand.literal;
	struct str shown = compiler_shorten(node->first->text);

	if (!check_operand(compiler, node->first, ret))
		return false;
	ret->node = node;
	if (!is_number(ret) && ret->type != TYPE_DURATION)
		return compiler_fail(compiler, node->first->offset,
		    "expected a number that is constant behind '-', not '%.*s'", STR_ARGS(shown));
	if (literal->kind == VALUE_REAL) {
		literal->real = 0.0 - literal->real;
		return true;
	}
	if (literal->integer == INT64_MIN)
		return compiler_fail(compiler, node->offset,
		    "the result does not fit: expected a whole number of 64 bits");
	literal->integer = -literal->integer;
	return true;
}

bool
constant_resolve(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	if (node->kind == NODE_LITERAL)
		return resolve_literal(node, ret);
	if (node->kind == NODE_NEGATE)
		return resolve_negative(compiler, node, ret);
	return resolve_arithmetic(compiler, node, ret);
}

static const struct unit {
	const char *word;
	int64_t ns;
} units[] = {
	/* Of two that begin alike the longer stands first. */
	{ "ms", 1000000 },
	{ "us", 1000 },
	{ "ns", 1 },
	{ "h", INT64_C(3600000000000) },
	{ "m", INT64_C(60000000000) },
	{ "s", 1000000000 },
};

/* "1.5" in front of a unit: 15 tenths. */
static bool
take_amount(struct str *rest, int64_t *ret, int64_t *ret_parts)
{
	bool has_point = false;
	size_t digits = 0, i;

	*ret = 0;
	*ret_parts = 1;
	for (i = 0; i < rest->size; i++) {
		char c = rest->data[i];

		if (c == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		digits++;
		if (__builtin_mul_overflow(*ret, 10, ret) || __builtin_add_overflow(*ret, c - '0', ret) ||
		    (has_point && __builtin_mul_overflow(*ret_parts, 10, ret_parts)))
			return false;
	}
	*rest = str_slice(*rest, i, rest->size);
	return digits > 0;
}

static const struct unit *
take_unit(struct str *rest)
{
	for (size_t i = 0; i < COUNT(units); i++) {
		struct str word = str_from(units[i].word);

		if (!str_starts_with(*rest, word))
			continue;
		*rest = str_slice(*rest, word.size, rest->size);
		return &units[i];
	}
	return NULL;
}

/* One "90m" or "1.5h", added to ${total_us}. */
static bool
take_part(struct str *rest, int64_t *total_us)
{
	int64_t amount, parts, us;
	const struct unit *unit;

	if (!take_amount(rest, &amount, &parts) || (unit = take_unit(rest)) == NULL)
		return false;
	if (unit->ns >= 1000) {
		if (__builtin_mul_overflow(amount, unit->ns / 1000, &us))
			return false;
	} else {
		parts *= parts <= INT64_MAX / 1000 ? 1000 : 0;
		us = amount;
	}
	return parts > 0 && us % parts == 0 && !__builtin_add_overflow(*total_us, us / parts, total_us);
}

/* Go's and CEL's: "1h30m", "1.5h", "-10s", "0". */
static bool
duration_parse(struct str text, int64_t *ret_us)
{
	bool negative = str_starts_with(text, STR("-"));
	struct str rest = str_slice(text, negative || str_starts_with(text, STR("+")), text.size);
	int64_t total = 0;

	if (str_is(rest, "0")) {
		*ret_us = 0;
		return true;
	}
	if (rest.size == 0)
		return false;
	while (rest.size > 0)
		if (!take_part(&rest, &total))
			return false;
	*ret_us = negative ? -total : total;
	return true;
}

bool
constant_duration(struct compiler *compiler, const struct node *call, struct typed *ret)
{
	const struct node *text = call->first;
	struct str shown;
	int64_t us;

	if (text->kind != NODE_LITERAL || text->literal.kind != VALUE_TEXT)
		return compiler_fail(compiler, text->offset, "expected a text in duration(), as duration('24h')");
	shown = compiler_shorten(text->literal.text);
	if (!duration_parse(text->literal.text, &us))
		return compiler_fail(compiler, text->offset,
		    "expected a duration such as '1h30m', in whole microseconds, not '%.*s': its units are h, "
		    "m, s, ms, us and ns, so that a day is '24h'",
		    STR_ARGS(shown));
	return set_literal(ret, value_int(us), TYPE_DURATION);
}
