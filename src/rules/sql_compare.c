/* Comparisons in SQL: what two values are to one another, nulls and numbers of different types too. */
#include "rules/number.h"
#include "rules/sql_writer.h"

/* " OR x IS NULL" for each side that can be null. */
void
write_or_nulls(struct sql_writer *writer, const struct operand *left, const struct operand *right)
{
	if (operand_is_nullable(left)) {
		sql_add(writer->sql, " OR ");
		write_is_null(writer, left);
	}
	if (operand_is_nullable(right)) {
		sql_add(writer->sql, " OR ");
		write_is_null(writer, right);
	}
}

/* Can a plain comparison of the engine be trusted with the two? */
static bool
is_mixed(const struct operand *left, const struct operand *right)
{
	unsigned left_scale, right_scale;
	enum value_kind left_kind = operand_values(left, &left_scale),
			right_kind = operand_values(right, &right_scale);

	if (left->kind == OPERAND_LITERAL || right->kind == OPERAND_LITERAL)
		return false; /* it was made one of the column's values */
	return (left_kind != right_kind &&
		   (left_kind == VALUE_DECIMAL || right_kind == VALUE_DECIMAL || left_kind == VALUE_REAL ||
		       right_kind == VALUE_REAL)) ||
	       (left_kind == VALUE_DECIMAL && left_scale != right_scale);
}

static bool
is_real(const struct operand *operand)
{
	unsigned scale;

	return operand_values(operand, &scale) == VALUE_REAL;
}

/* A side of a comparison; a real beside a whole number as it is exact. */
static void
write_side(struct sql_writer *writer, const struct operand *operand, const struct operand *other)
{
	bool is_exact = is_real(operand) && is_mixed(operand, other);

	if (is_exact && writer->sql->dialect == SQL_POSTGRES) {
		write_real_as_numeric(writer, operand);
		return;
	}
	/* An index over reals would make the whole number a real before it looks. */
	sql_add(writer->sql, is_exact ? "+" : "");
	write_operand(writer, operand);
}

static void
write_sides(struct sql_writer *writer, const struct operand *left, const char *operator,
    const struct operand *right)
{
	write_side(writer, left, right);
	sql_add(writer->sql, operator);
	write_side(writer, right, left);
}

/* " OR ...": both are null; with a negation, only one is. */
static void
write_equal_nulls_of(
    struct sql_writer *writer, const struct operand *left, const struct operand *right, bool negated)
{
	sql_add(writer->sql, " OR (");
	write_is_null(writer, left);
	sql_add(writer->sql, negated ? ") <> (" : " AND ");
	write_is_null(writer, right);
	sql_add(writer->sql, ")");
}

/* --- decimals of different scale, on SQLite: whole numbers --------------- */

/*
 *	votes == price		votes = price / 100 AND price % 100 = 0
 *	votes < price		votes < price / 100 + (price % 100 > 0)
 */
static bool
is_scaled(const struct sql_writer *writer, const struct operand *left, const struct operand *right)
{
	return writer->sql->dialect == SQL_SQLITE && is_mixed(left, right) && !is_real(left) && !is_real(right);
}

/* The two by their scale: how many more digits ${ret_fine} has. */
static unsigned
sort_scales(const struct term *term, const struct operand **ret_coarse, const struct operand **ret_fine)
{
	unsigned left, right;

	operand_values(&term->left, &left);
	operand_values(&term->right, &right);
	*ret_coarse = left < right ? &term->left : &term->right;
	*ret_fine = left < right ? &term->right : &term->left;
	return left < right ? right - left : left - right;
}

static void
write_with_power(struct sql_writer *writer, const struct operand *operand, const char *operator, int64_t power)
{
	write_operand(writer, operand);
	sql_add(writer->sql, operator);
	buf_add_int(&writer->sql->text, power);
}

static void
write_equal_scaled(struct sql_writer *writer, const struct term *term, bool grouped)
{
	const struct operand *coarse, *fine;
	int64_t power = number_power(sort_scales(term, &coarse, &fine));
	bool both = operand_is_nullable(coarse) && operand_is_nullable(fine);

	begin_group(writer, grouped);
	sql_add(writer->sql, both && !term->negated ? "(" : "");
	write_operand(writer, coarse);
	sql_add(writer->sql, term->negated ? " <> " : " = ");
	write_with_power(writer, fine, " / ", power);
	sql_add(writer->sql, term->negated ? " OR " : " AND ");
	write_with_power(writer, fine, " % ", power);
	sql_add(writer->sql, term->negated ? " <> 0" : " = 0");
	sql_add(writer->sql, both && !term->negated ? ")" : "");
	if (both) {
		write_equal_nulls_of(writer, coarse, fine, term->negated);
	} else if (term->negated) {
		write_or_nulls(writer, coarse, fine);
	}
	end_group(writer, grouped);
}

static enum token_kind
flip(enum token_kind relation)
{
	static const enum token_kind flipped[] = {
		[TOKEN_LT] = TOKEN_GT, [TOKEN_LE] = TOKEN_GE, [TOKEN_GT] = TOKEN_LT, [TOKEN_GE] = TOKEN_LE
	};

	return flipped[relation];
}

static enum token_kind
complement(enum token_kind relation)
{
	static const enum token_kind complements[] = {
		[TOKEN_LT] = TOKEN_GE, [TOKEN_LE] = TOKEN_GT, [TOKEN_GT] = TOKEN_LE, [TOKEN_GE] = TOKEN_LT
	};

	return complements[relation];
}

static const char *
order_word(enum token_kind relation)
{
	static const char *const words[] = {
		[TOKEN_LT] = " < ", [TOKEN_LE] = " <= ", [TOKEN_GT] = " > ", [TOKEN_GE] = " >= "
	};

	return words[relation];
}

/* Beside < and >= stands the ceiling of the finer one, beside <= and > its floor. */
static void
write_order_scaled(struct sql_writer *writer, const struct term *term)
{
	const struct operand *coarse, *fine;
	int64_t power = number_power(sort_scales(term, &coarse, &fine));
	enum token_kind relation = coarse == &term->left ? term->relation : flip(term->relation);
	bool is_ceiling;

	relation = term->negated ? complement(relation) : relation;
	is_ceiling = relation == TOKEN_LT || relation == TOKEN_GE;
	write_operand(writer, coarse);
	sql_add(writer->sql, order_word(relation));
	write_with_power(writer, fine, " / ", power);
	sql_add(writer->sql, is_ceiling ? " + (" : " - (");
	write_with_power(writer, fine, " % ", power);
	sql_add(writer->sql, is_ceiling ? " > 0)" : " < 0)");
}

/* --- comparisons --------------------------------------------------------- */

/* Two columns that may both be null: equal there too. */
static void
write_equal_nulls(struct sql_writer *writer, const struct term *term, bool grouped)
{
	begin_group(writer, grouped);
	write_sides(writer, &term->left, term->negated ? " <> " : " = ", &term->right);
	write_equal_nulls_of(writer, &term->left, &term->right, term->negated);
	end_group(writer, grouped);
}

/* A bool column: not true is false, which an index finds, as it does not find <> true. */
static void
write_equal_boolean(struct sql_writer *writer, const struct operand *path, bool boolean)
{
	write_operand(writer, path);
	sql_add(writer->sql, " = ");
	write_boolean(writer, boolean);
}

/* ${path} beside ${value}, which is not null unless it is the literal. */
static void
write_equal_value(struct sql_writer *writer, const struct operand *path, const struct operand *value,
    bool negated, bool grouped)
{
	struct bound bound = operand_bind(value, writer->caller);
	bool is_group = negated && operand_is_nullable(path) && bound.value.kind != VALUE_NULL;

	begin_group(writer, grouped || !is_group);
	if (bound.value.kind == VALUE_NULL) {
		write_is_null(writer, path);
		if (negated) {
			buf_truncate(&writer->sql->text, writer->sql->text.size - 4);
			sql_add(writer->sql, "NOT NULL");
		}
	} else if (bound.value.kind == VALUE_BOOL) {
		write_equal_boolean(writer, path, bound.value.boolean != negated);
	} else {
		write_sides(writer, path, negated ? " <> " : " = ", value);
	}
	if (is_group)
		write_or_nulls(writer, path, value);
	end_group(writer, grouped || !is_group);
}

void
write_equal(struct sql_writer *writer, const struct term *term, bool grouped)
{
	bool is_group = term->negated && (operand_is_nullable(&term->left) || operand_is_nullable(&term->right));

	if (operand_bind(&term->left, writer->caller).kind == BOUND_VALUE) {
		write_equal_value(writer, &term->right, &term->left, term->negated, grouped);
	} else if (operand_bind(&term->right, writer->caller).kind == BOUND_VALUE) {
		write_equal_value(writer, &term->left, &term->right, term->negated, grouped);
	} else if (is_scaled(writer, &term->left, &term->right)) {
		write_equal_scaled(writer, term, grouped);
	} else if (operand_is_nullable(&term->left) && operand_is_nullable(&term->right)) {
		write_equal_nulls(writer, term, grouped);
	} else {
		begin_group(writer, grouped || !is_group);
		write_sides(writer, &term->left, term->negated ? " <> " : " = ", &term->right);
		if (is_group)
			write_or_nulls(writer, &term->left, &term->right);
		end_group(writer, grouped || !is_group);
	}
}

void
write_order(struct sql_writer *writer, const struct term *term, bool grouped)
{
	bool is_group = term->negated &&
			(operand_is_nullable(&term->left) || operand_is_nullable(&term->right));

	begin_group(writer, grouped || !is_group);
	if (is_scaled(writer, &term->left, &term->right))
		write_order_scaled(writer, term);
	else
		write_sides(writer, &term->left,
		    order_word(term->negated ? complement(term->relation) : term->relation),
		    &term->right);
	if (is_group)
		write_or_nulls(writer, &term->left, &term->right);
	end_group(writer, grouped || !is_group);
}
