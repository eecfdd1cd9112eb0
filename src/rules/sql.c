/*
 * Rules to SQL.  The caller's values are bound, so what the caller decides
 * disappears from the text, and IS NULL or = is chosen here.
 *
 *	topic.owner == auth.id
 *	    (SELECT h1."owner" FROM "topics" h1 WHERE h1."id" = t."topic") = ?
 */
#include <assert.h>

#include "rules/rules_internal.h"

struct writer {
	const struct rules *rules;
	const struct rule_caller *caller;
	struct sql_text *sql;
	bool is_filter; /* hops see what the caller may read */
	unsigned alias; /* of the record: 0 is t, n is hn */
	unsigned used; /* the highest hn in sight */
};

static void write_term(struct writer *writer, const struct term *term, bool grouped);

static void
write_alias(struct writer *writer, unsigned alias)
{
	if (alias == 0)
		sql_add(writer->sql, "t");
	else
		sql_addf(writer->sql, "h%d", alias);
}

static void
write_boolean(struct writer *writer, bool boolean)
{
	if (writer->sql->dialect == SQL_SQLITE)
		sql_add(writer->sql, boolean ? "1" : "0");
	else
		sql_add(writer->sql, boolean ? "true" : "false");
}

/* A constant bool is text, so that an engine can see what an index has to say to it. */
static void
write_value(struct writer *writer, struct value value)
{
	if (value.kind == VALUE_BOOL)
		write_boolean(writer, value.boolean);
	else
		sql_param(writer->sql, value);
}

static void
write_column(struct writer *writer, unsigned alias, const struct field *field)
{
	write_alias(writer, alias);
	sql_addf(writer->sql, ".%n", field->name);
}

/* SQLite keeps a UUID as 16 bytes; and its hex() of null is a text. */
static void
write_uuid_digits(struct writer *writer, unsigned alias, const struct field *field)
{
	static const char *const groups[] = { ", 1, 8)", ", 9, 4)", ", 13, 4)", ", 17, 4)",
		", 21)) END" };

	sql_add(writer->sql, "CASE WHEN ");
	write_column(writer, alias, field);
	sql_add(writer->sql, " IS NOT NULL THEN lower(");
	for (size_t i = 0; i < COUNT(groups); i++) {
		sql_add(writer->sql, i == 0 ? "substr(hex(" : " || '-' || substr(hex(");
		write_column(writer, alias, field);
		sql_add(writer->sql, ")");
		sql_add(writer->sql, groups[i]);
	}
}

static void
write_id_as_text(struct writer *writer, unsigned alias, const struct field *field)
{
	if (writer->sql->dialect == SQL_SQLITE && field_value_kind(field) == VALUE_UUID) {
		write_uuid_digits(writer, alias, field);
		return;
	}
	sql_add(writer->sql, "CAST(");
	write_column(writer, alias, field);
	sql_add(writer->sql, " AS text)");
}

/* " AND (...)": the row of ${alias} counts only where the caller may read it. */
static void
write_read_rule(
    struct writer *writer, const struct collection *target, unsigned alias, unsigned used)
{
	const struct rule *rule = writer->rules->access[target->index][ACCESS_READ];
	struct writer inner = {
		.caller = writer->caller,
		.sql = writer->sql,
		.alias = alias,
		.used = used,
	};

	switch (term_decide(rule->root, writer->caller)) {
	case DECIDED_TRUE:
		return;
	case DECIDED_FALSE:
		sql_add(writer->sql, " AND ");
		write_boolean(writer, false);
		return;
	case UNDECIDED:
		sql_add(writer->sql, " AND ");
		write_term(&inner, rule->root, false);
	}
}

/* The value of the first ${count} fields of ${path}: hop i has the alias used + i. */
static void
write_path(struct writer *writer, const struct operand *path, size_t count)
{
	const struct field *field = path->fields[count - 1];
	unsigned alias = count == 1 ? writer->alias : writer->used + (unsigned)count - 1;
	const struct collection *target;

	if (count > 1)
		sql_add(writer->sql, "(SELECT ");
	if (path->as_text && count == path->fields_count)
		write_id_as_text(writer, alias, field);
	else
		write_column(writer, alias, field);
	if (count == 1)
		return;
	target = path->fields[count - 2]->to;
	sql_addf(writer->sql, " FROM %n ", target->name);
	write_alias(writer, alias);
	sql_add(writer->sql, " WHERE ");
	write_column(writer, alias, &target->columns[COLUMN_ID]);
	sql_add(writer->sql, " = ");
	write_path(writer, path, count - 1);
	if (writer->is_filter)
		write_read_rule(
		    writer, target, alias, writer->used + (unsigned)path->fields_count - 1);
	sql_add(writer->sql, ")");
}

static void
write_operand(struct writer *writer, const struct operand *operand)
{
	struct bound bound = operand_bind(operand, writer->caller);

	if (bound.kind == BOUND_PATH)
		write_path(writer, operand, operand->fields_count);
	else
		write_value(writer, bound.value);
}

static bool
is_nullable(const struct operand *operand)
{
	const struct field *field;

	if (operand->kind != OPERAND_PATH)
		return false;
	field = operand->fields[0];
	return operand->fields_count > 1 || !(field->required || field->column < COLUMN_FIELDS);
}

static void
write_is_null(struct writer *writer, const struct operand *operand)
{
	write_operand(writer, operand);
	sql_add(writer->sql, " IS NULL");
}

/* " OR x IS NULL" for each side that can be null. */
static void
write_or_nulls(struct writer *writer, const struct operand *left, const struct operand *right)
{
	if (is_nullable(left)) {
		sql_add(writer->sql, " OR ");
		write_is_null(writer, left);
	}
	if (is_nullable(right)) {
		sql_add(writer->sql, " OR ");
		write_is_null(writer, right);
	}
}

/* Of two columns, or of one with a value. */
static void
write_sides(struct writer *writer, const struct operand *left, const char *operator,
    const struct operand * right)
{
	write_operand(writer, left);
	sql_add(writer->sql, operator);
	write_operand(writer, right);
}

static void
begin_group(struct writer *writer, bool grouped)
{
	if (!grouped)
		sql_add(writer->sql, "(");
}

static void
end_group(struct writer *writer, bool grouped)
{
	if (!grouped)
		sql_add(writer->sql, ")");
}

/* Two columns that may both be null: equal there too. */
static void
write_equal_nulls(struct writer *writer, const struct term *term, bool grouped)
{
	begin_group(writer, grouped);
	write_sides(writer, &term->left, term->negated ? " <> " : " = ", &term->right);
	sql_add(writer->sql, term->negated ? " OR (" : " OR (");
	write_is_null(writer, &term->left);
	sql_add(writer->sql, term->negated ? ") <> (" : " AND ");
	write_is_null(writer, &term->right);
	sql_add(writer->sql, ")");
	end_group(writer, grouped);
}

/* A bool column: not true is false, which an index finds, as it does not find <> true. */
static void
write_equal_boolean(struct writer *writer, const struct operand *path, bool boolean)
{
	write_operand(writer, path);
	sql_add(writer->sql, " = ");
	write_boolean(writer, boolean);
}

/* ${path} beside ${value}, which is not null unless it is the literal. */
static void
write_equal_value(struct writer *writer, const struct operand *path, const struct operand *value,
    bool negated, bool grouped)
{
	struct bound bound = operand_bind(value, writer->caller);
	bool is_group = negated && is_nullable(path) && bound.value.kind != VALUE_NULL;

	begin_group(writer, grouped || !is_group);
	if (bound.value.kind == VALUE_NULL) {
		write_operand(writer, path);
		sql_add(writer->sql, negated ? " IS NOT NULL" : " IS NULL");
	} else if (bound.value.kind == VALUE_BOOL) {
		write_equal_boolean(writer, path, bound.value.boolean != negated);
	} else {
		write_sides(writer, path, negated ? " <> " : " = ", value);
	}
	if (is_group)
		write_or_nulls(writer, path, value);
	end_group(writer, grouped || !is_group);
}

static void
write_equal(struct writer *writer, const struct term *term, bool grouped)
{
	bool is_group = term->negated && (is_nullable(&term->left) || is_nullable(&term->right));

	if (term->left.kind != OPERAND_PATH) {
		write_equal_value(writer, &term->right, &term->left, term->negated, grouped);
	} else if (term->right.kind != OPERAND_PATH) {
		write_equal_value(writer, &term->left, &term->right, term->negated, grouped);
	} else if (is_nullable(&term->left) && is_nullable(&term->right)) {
		write_equal_nulls(writer, term, grouped);
	} else {
		begin_group(writer, grouped || !is_group);
		write_sides(writer, &term->left, term->negated ? " <> " : " = ", &term->right);
		if (is_group)
			write_or_nulls(writer, &term->left, &term->right);
		end_group(writer, grouped || !is_group);
	}
}

static const char *
order_word(enum token_kind relation, bool negated)
{
	switch (relation) {
	case TOKEN_LT:
		return negated ? " >= " : " < ";
	case TOKEN_LE:
		return negated ? " > " : " <= ";
	case TOKEN_GT:
		return negated ? " <= " : " > ";
	default:
		return negated ? " < " : " >= ";
	}
}

static void
write_order(struct writer *writer, const struct term *term, bool grouped)
{
	bool is_group = term->negated && (is_nullable(&term->left) || is_nullable(&term->right));

	begin_group(writer, grouped || !is_group);
	write_sides(writer, &term->left, order_word(term->relation, term->negated), &term->right);
	if (is_group)
		write_or_nulls(writer, &term->left, &term->right);
	end_group(writer, grouped || !is_group);
}

/* IN is the OR of =, which an index answers just as well. */
static void
write_in(struct writer *writer, const struct term *term, size_t count, bool grouped)
{
	static const struct operand none = { .kind = OPERAND_LITERAL };
	bool is_group = term->negated && is_nullable(&term->left);

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
only_open_child(struct writer *writer, const struct term *group)
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
write_group(struct writer *writer, const struct term *group, bool grouped)
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
static void
write_term(struct writer *writer, const struct term *term, bool grouped)
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
	case TERM_CONSTANT:
		break;
	}
}

void
rule_to_sql(const struct rules *rules, const struct rule *rule, const struct rule_caller *caller,
    struct sql_text *sql)
{
	struct writer writer = {
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
