/*
 * Rules to SQL.  The caller's values are bound, so what the caller decides
 * disappears from the text, and IS NULL or = is chosen here.
 *
 *	topic.owner == auth.id
 *	    (SELECT h1."owner" FROM "topics" h1 WHERE h1."id" = t."topic") = ?
 */
#include <assert.h>

#include "codec/utf8.h"
#include "rules/sql_writer.h"

void
write_boolean(struct sql_writer *writer, bool boolean)
{
	if (writer->sql->dialect == SQL_SQLITE)
		sql_add(writer->sql, boolean ? "1" : "0");
	else
		sql_add(writer->sql, boolean ? "true" : "false");
}

/* Access rules and those of fields: their hops ask no other rule. */
void
write_guard(struct sql_writer *writer, const char *before, const struct rule *rule, unsigned alias)
{
	enum decision decision = term_decide(rule->root, writer->caller);
	struct sql_writer inner = {
		.rules = writer->rules,
		.caller = writer->caller,
		.sql = writer->sql,
		.rows = { { .alias = alias } },
		.used = writer->used,
	};

	if (decision == DECIDED_TRUE)
		return;
	sql_add(writer->sql, before);
	if (decision == DECIDED_FALSE)
		write_boolean(writer, false);
	else
		write_term(&inner, rule->root, false);
}

void
begin_group(struct sql_writer *writer, bool grouped)
{
	if (!grouped)
		sql_add(writer->sql, "(");
}

void
end_group(struct sql_writer *writer, bool grouped)
{
	if (!grouped)
		sql_add(writer->sql, ")");
}

/* --- texts, lists, rows -------------------------------------------------- */

/* The value of a side that the caller or the text itself knows; data NULL where there is none. */
static struct str
known_text(struct sql_writer *writer, const struct operand *operand)
{
	struct bound bound = operand_bind(operand, writer->caller);

	return bound.kind == BOUND_VALUE ? bound.value.text : (struct str){ 0 };
}

/* x >= 'abc' AND x < 'abd', which an index answers; the end must outlive the statement. */
static void
write_prefix_range(struct sql_writer *writer, const struct term *term)
{
	const struct operand *end = &term->range_end;
	bool has_end = end->literal.kind == VALUE_TEXT;

	sql_add(writer->sql, has_end && !term->negated ? "(" : "");
	write_operand(writer, &term->left);
	sql_add(writer->sql, term->negated ? " < " : " >= ");
	write_operand(writer, &term->right);
	if (!has_end)
		return;
	sql_add(writer->sql, term->negated ? " OR " : " AND ");
	write_operand(writer, &term->left);
	sql_add(writer->sql, term->negated ? " >= " : " < ");
	write_operand(writer, end);
	sql_add(writer->sql, term->negated ? "" : ")");
}

/* A side that is bound has no type of its own on PostgreSQL. */
static void
write_text(struct sql_writer *writer, const struct operand *operand)
{
	bool is_bound = operand_bind(operand, writer->caller).kind == BOUND_VALUE;

	write_operand(writer, operand);
	sql_add(writer->sql, is_bound && writer->sql->dialect == SQL_POSTGRES ? "::text" : "");
}

/* substr(x, 1, length(s)) = s, or from the end. */
static void
write_part(struct sql_writer *writer, const struct term *term)
{
	struct str part = known_text(writer, &term->right);

	sql_add(writer->sql, "substr(");
	write_text(writer, &term->left);
	if (term->test == TEXT_ENDS) {
		sql_add(writer->sql, ", length(");
		write_text(writer, &term->left);
		sql_add(writer->sql, ") + 1 - ");
	} else {
		sql_add(writer->sql, ", 1, ");
	}
	if (part.data != NULL) {
		buf_add_int(&writer->sql->text, (int64_t)utf8_length(part));
	} else {
		sql_add(writer->sql, "length(");
		write_text(writer, &term->right);
		sql_add(writer->sql, ")");
	}
	sql_add(writer->sql, term->negated ? ") <> " : ") = ");
	write_text(writer, &term->right);
}

static void
write_contains(struct sql_writer *writer, const struct term *term)
{
	sql_add(writer->sql, writer->sql->dialect == SQL_SQLITE ? "instr(" : "strpos(");
	write_text(writer, &term->left);
	sql_add(writer->sql, ", ");
	write_text(writer, &term->right);
	sql_add(writer->sql, term->negated ? ") = 0" : ") > 0");
}

static void
write_text_test(struct sql_writer *writer, const struct term *term, bool grouped)
{
	bool is_range = term->test == TEXT_STARTS && term->right.kind == OPERAND_LITERAL &&
			operand_bind(&term->left, writer->caller).kind != BOUND_VALUE &&
			term->right.literal.text.size > 0;
	bool is_group = term->negated && (operand_is_nullable(&term->left) ||
					     operand_is_nullable(&term->right) || is_range);

	begin_group(writer, grouped || !is_group);
	if (is_range)
		write_prefix_range(writer, term);
	else if (term->test == TEXT_CONTAINS)
		write_contains(writer, term);
	else
		write_part(writer, term);
	if (term->negated)
		write_or_nulls(writer, &term->left, &term->right);
	end_group(writer, grouped || !is_group);
}

static void
write_listed_sqlite(struct sql_writer *writer, const struct term *term)
{
	unsigned alias = writer->used + 1, scale;
	bool is_real_list = operand_values(&term->left, &scale) == VALUE_REAL;

	sql_add(writer->sql, term->negated ? "NOT EXISTS (SELECT 1 FROM json_each("
					   : "EXISTS (SELECT 1 FROM json_each(");
	write_operand(writer, &term->right);
	sql_add(writer->sql, ") ");
	write_alias(writer, alias);
	sql_add(writer->sql, is_real_list ? " WHERE CAST(" : " WHERE ");
	write_alias(writer, alias);
	sql_add(writer->sql, is_real_list ? ".value AS REAL) = " : ".value = ");
	writer->used = alias;
	write_operand(writer, &term->left);
	writer->used = alias - 1;
	sql_add(writer->sql, ")");
}

/* In lists a whole number has all its digits, whatever its type; float8's text has 17. */
static void
write_item(struct sql_writer *writer, const struct operand *item)
{
	static const char *const casts[] = {
		[VALUE_BOOL] = "::boolean",
		[VALUE_INT] = "::bigint",
		[VALUE_TEXT] = "::text",
	};
	unsigned scale;
	enum value_kind kind = operand_values(item, &scale);

	if (kind == VALUE_REAL) {
		write_real_as_numeric(writer, item);
		return;
	}
	sql_add(writer->sql, "(");
	write_operand(writer, item);
	sql_add(writer->sql, ")");
	sql_add(writer->sql, casts[kind]);
}

static void
write_listed_postgres(struct sql_writer *writer, const struct term *term, bool grouped)
{
	bool is_group = term->negated &&
			(operand_is_nullable(&term->left) || operand_is_nullable(&term->right));

	begin_group(writer, grouped || !is_group);
	sql_add(writer->sql, term->negated ? "NOT " : "");
	write_operand(writer, &term->right);
	sql_add(writer->sql, " @> to_jsonb(");
	write_item(writer, &term->left);
	sql_add(writer->sql, ")");
	if (is_group)
		write_or_nulls(writer, &term->left, &term->right);
	end_group(writer, grouped || !is_group);
}

static void
write_listed(struct sql_writer *writer, const struct term *term, bool grouped)
{
	if (writer->sql->dialect == SQL_SQLITE)
		write_listed_sqlite(writer, term);
	else
		write_listed_postgres(writer, term, grouped);
}

static void
write_exists(struct sql_writer *writer, const struct term *term)
{
	struct sql_writer inner;

	sql_add(writer->sql, term->negated ? "NOT EXISTS (SELECT 1" : "EXISTS (SELECT 1");
	write_source(writer, term->source, term->only_id, &inner);
	if (term_decide(term->inner, writer->caller) == UNDECIDED) {
		sql_add(writer->sql, " AND ");
		write_term(&inner, term->inner, false);
	}
	sql_add(writer->sql, ")");
}

/* IN is the OR of =, which an index answers just as well. */
static void
write_in(struct sql_writer *writer, const struct term *term, size_t count, bool grouped)
{
	static const struct operand none = { .kind = OPERAND_LITERAL };
	bool is_group = term->negated && operand_is_nullable(&term->left);

	begin_group(writer, grouped || !is_group);
	write_operand(writer, &term->left);
	sql_add(writer->sql, term->negated ? " NOT IN (" : " IN (");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			sql_add(writer->sql, ", ");
		write_value(writer, term->kind == TERM_ROLES ? value_text(writer->caller->roles[i])
							     : term->values[i]);
	}
	sql_add(writer->sql, ")");
	if (is_group)
		write_or_nulls(writer, &term->left, &none);
	end_group(writer, grouped || !is_group);
}

/* The one child that is not decided by the caller, or NULL where there are several. */
static const struct term *
only_open_child(struct sql_writer *writer, const struct term *group)
{
	const struct term *only = NULL;

	for (const struct term *child = group->first; child != NULL; child = child->next) {
		if (term_decide(child, writer->caller) != UNDECIDED)
			continue;
		if (only != NULL)
			return NULL;
		only = child;
	}
	return only;
}

static void
write_group(struct sql_writer *writer, const struct term *group, bool grouped)
{
	const struct term *only = only_open_child(writer, group);
	bool is_first = true;

	if (only != NULL) {
		write_term(writer, only, grouped);
		return;
	}
	begin_group(writer, grouped);
	for (const struct term *child = group->first; child != NULL; child = child->next) {
		if (term_decide(child, writer->caller) != UNDECIDED)
			continue;
		if (!is_first)
			sql_add(writer->sql, group->kind == TERM_AND ? " AND " : " OR ");
		is_first = false;
		write_term(writer, child, false);
	}
	end_group(writer, grouped);
}

/* A term that the caller does not decide; what joins parts stands in parentheses unless ${grouped}. */
void
write_term(struct sql_writer *writer, const struct term *term, bool grouped)
{
	switch (term->kind) {
	case TERM_AND:
	case TERM_OR:
		write_group(writer, term, grouped);
		break;
	case TERM_EQUAL:
		write_equal(writer, term, grouped);
		break;
	case TERM_ORDER:
		write_order(writer, term, grouped);
		break;
	case TERM_AMONG:
		write_in(writer, term, term->values_count, grouped);
		break;
	case TERM_ROLES:
		write_in(writer, term, writer->caller->roles_count, grouped);
		break;
	case TERM_TEXT:
		write_text_test(writer, term, grouped);
		break;
	case TERM_LISTED:
		write_listed(writer, term, grouped);
		break;
	case TERM_EXISTS:
		write_exists(writer, term);
		break;
	case TERM_CONSTANT:
		break;
	}
}

void
rule_to_sql(const struct rules *rules, const struct rule *rule, const struct rule_caller *caller,
    struct sql_text *sql)
{
	struct sql_writer writer = {
		.rules = rules,
		.caller = caller,
		.sql = sql,
		.is_filter = rule->use == RULE_USE_FILTER,
	};
	bool answer;

	assert(rule->use != RULE_USE_UPDATE || !rule->names_new);
	if (rule_is_decided(rule, caller, &answer)) {
		write_boolean(&writer, answer);
		return;
	}
	sql_add(sql, "(");
	write_term(&writer, rule->root, true);
	sql_add(sql, ")");
}
