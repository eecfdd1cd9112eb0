/*
 * Values in SQL: columns, hops, functions, the rows of a source.
 *
 *	topic.owner
 *	    (SELECT h1."owner" FROM "topics" h1 WHERE h1."id" = t."topic")
 *	size(comments)
 *	    (SELECT count(*) FROM "comments" h1 WHERE h1."topic" = t."id")
 */
#include <assert.h>

#include "app/names.h"
#include "rules/sql_writer.h"

void
write_alias(struct sql_writer *writer, unsigned alias)
{
	if (alias == 0)
		sql_add(writer->sql, "t");
	else
		sql_addf(writer->sql, "h%d", alias);
}

/* A constant bool is text, so that an engine can see what an index has to say to it. */
void
write_value(struct sql_writer *writer, struct value value)
{
	if (value.kind == VALUE_BOOL)
		write_boolean(writer, value.boolean);
	else
		sql_param(writer->sql, value);
}

static bool
is_unsought(const struct sql_text *sql, const struct field *field)
{
	for (size_t i = 0; i < sql->unsought_count; i++)
		if (sql->unsought[i] == field)
			return true;
	return false;
}

static void
write_column(struct sql_writer *writer, unsigned alias, const struct field *field)
{
	if (alias == 0 && is_unsought(writer->sql, field))
		sql_add(writer->sql, "+");
	write_alias(writer, alias);
	sql_addf(writer->sql, ".%n", field->name);
}

/* A field of the row ${alias}; of a row of a link table there is only the id, under another name. */
static void
write_raw(struct sql_writer *writer, unsigned alias, const char *only, const struct field *field)
{
	if (only == NULL) {
		write_column(writer, alias, field);
		return;
	}
	assert(field->column == COLUMN_ID);
	write_alias(writer, alias);
	sql_add(writer->sql, only);
}

/* SQLite keeps a UUID as 16 bytes; and its hex() of null is a text. */
static void
write_uuid_digits(struct sql_writer *writer, unsigned alias, const char *only, const struct field *field)
{
	static const char *const groups[] = { ", 1, 8)", ", 9, 4)", ", 13, 4)", ", 17, 4)",
		", 21)) END" };

	sql_add(writer->sql, "CASE WHEN ");
	write_raw(writer, alias, only, field);
	sql_add(writer->sql, " IS NOT NULL THEN lower(");
	for (size_t i = 0; i < COUNT(groups); i++) {
		sql_add(writer->sql, i == 0 ? "substr(hex(" : " || '-' || substr(hex(");
		write_raw(writer, alias, only, field);
		sql_add(writer->sql, ")");
		sql_add(writer->sql, groups[i]);
	}
}

static void
write_id_as_text(struct sql_writer *writer, unsigned alias, const char *only, const struct field *field)
{
	if (writer->sql->dialect == SQL_SQLITE && field_value_kind(field) == VALUE_UUID) {
		write_uuid_digits(writer, alias, only, field);
		return;
	}
	sql_add(writer->sql, "CAST(");
	write_raw(writer, alias, only, field);
	sql_add(writer->sql, " AS text)");
}

static void
write_field(struct sql_writer *writer, const struct operand *path, size_t at, unsigned alias)
{
	const struct field *field = path->fields[at];
	const char *only = at == 0 ? writer->rows[path->root].only : NULL;
	bool is_last = at + 1 == path->fields_count;
	char name[INDEX_NAME_SIZE];

	if (path->folded && is_last) {
		write_alias(writer, alias);
		sql_addf(writer->sql, ".%n", fold_name(field, name));
	} else if (path->as_text && is_last) {
		write_id_as_text(writer, alias, only, field);
	} else {
		write_raw(writer, alias, only, field);
	}
}

static bool
holds(const struct rule *rule, const struct rule_caller *caller)
{
	return rule == NULL || term_decide(rule->root, caller) == DECIDED_TRUE;
}

/* The field, where its own rule holds for the row that has it. */
static void
write_seen_field(struct sql_writer *writer, const struct operand *path, size_t at, unsigned alias)
{
	const struct rule *sight = path->sights == NULL ? NULL : path->sights[at];
	struct sql_writer inner = *writer;

	if (holds(sight, writer->caller)) {
		write_field(writer, path, at, alias);
		return;
	}
	inner.used += (unsigned)path->fields_count - 1;
	sql_add(writer->sql, "CASE");
	write_guard(&inner, " WHEN ", sight, alias);
	sql_add(writer->sql, " THEN ");
	write_field(writer, path, at, alias);
	sql_add(writer->sql, " END");
}

/* The value of the first ${count} fields of ${path}: hop i has the alias used + i. */
static void
write_path(struct sql_writer *writer, const struct operand *path, size_t count)
{
	unsigned alias =
	    count == 1 ? writer->rows[path->root].alias : writer->used + (unsigned)count - 1;
	const struct collection *target;
	struct sql_writer inner = *writer;

	if (count == 1) {
		write_seen_field(writer, path, 0, alias);
		return;
	}
	target = path->fields[count - 2]->to;
	sql_add(writer->sql, "(SELECT ");
	write_seen_field(writer, path, count - 1, alias);
	sql_addf(writer->sql, " FROM %n ", target->name);
	write_alias(writer, alias);
	sql_add(writer->sql, " WHERE ");
	write_column(writer, alias, &target->columns[COLUMN_ID]);
	sql_add(writer->sql, " = ");
	write_path(writer, path, count - 1);
	inner.used += (unsigned)path->fields_count - 1;
	if (writer->is_filter)
		write_guard(&inner, " AND ", rules_read(writer->rules, target), alias);
	sql_add(writer->sql, ")");
}

/* The id at the end of ${path}: without anything to hide it, what the last reference says. */
static void
write_owner(struct sql_writer *writer, const struct operand *path)
{
	size_t count = path->fields_count;

	if (count > 1 && !writer->is_filter)
		count--;
	write_path(writer, path, count);
}

/* "FROM link h1 JOIN rows h2 ON h2.id = h1.target WHERE h1.source = owner"; without the join where only the id is asked. */
static void
write_links(struct sql_writer *writer, const struct source *source, bool joins, struct sql_writer *ret)
{
	const char *own = source->back == NULL ? ".\"source\"" : ".\"target\"";
	const char *other = source->back == NULL ? ".\"target\"" : ".\"source\"";
	unsigned link = ++ret->used, row = joins ? ++ret->used : link;

	sql_addf(writer->sql, " FROM %n ", source->link);
	write_alias(writer, link);
	if (joins) {
		sql_addf(writer->sql, " JOIN %n ", source->collection->name);
		write_alias(writer, row);
		sql_add(writer->sql, " ON ");
		write_alias(writer, row);
		sql_add(writer->sql, ".\"id\" = ");
		write_alias(writer, link);
		sql_add(writer->sql, other);
	}
	sql_add(writer->sql, " WHERE ");
	write_alias(writer, link);
	sql_add(writer->sql, own);
	sql_add(writer->sql, " = ");
	ret->rows[source->root] = (struct sql_row){ .alias = row, .only = joins ? NULL : other };
}

void
write_source(struct sql_writer *writer, const struct source *source, bool only_id, struct sql_writer *ret)
{
	const struct rule *read = writer->is_filter
				      ? rules_read(writer->rules, source->collection)
				      : NULL;
	bool joins = !only_id || !holds(read, writer->caller) || !holds(source->sight, writer->caller);
	unsigned alias;

	*ret = *writer;
	if (source->link.data != NULL) {
		write_links(writer, source, joins, ret);
	} else {
		alias = ++ret->used;
		sql_addf(writer->sql, " FROM %n ", source->collection->name);
		write_alias(writer, alias);
		sql_add(writer->sql, " WHERE ");
		write_column(writer, alias, source->field);
		sql_add(writer->sql, " = ");
		ret->rows[source->root] = (struct sql_row){ .alias = alias };
	}
	write_owner(ret, &source->owner);
	if (read != NULL)
		write_guard(ret, " AND ", read, ret->rows[source->root].alias);
	if (source->sight != NULL)
		write_guard(ret, " AND ", source->sight, ret->rows[source->root].alias);
}

/* How many rows; null where they have no owner. */
static void
write_count(struct sql_writer *writer, const struct source *source)
{
	bool is_nullable = operand_is_nullable(&source->owner);
	struct sql_writer inner;

	if (is_nullable) {
		sql_add(writer->sql, "CASE WHEN ");
		write_owner(writer, &source->owner);
		sql_add(writer->sql, " IS NOT NULL THEN ");
	}
	sql_add(writer->sql, "(SELECT count(*)");
	write_source(writer, source, /* only_id: */ true, &inner);
	sql_add(writer->sql, is_nullable ? ") END" : ")");
}

static void
write_size(struct sql_writer *writer, const struct operand *of)
{
	unsigned scale;
	bool is_list = operand_values(of, &scale) == VALUE_JSON;

	if (is_list)
		sql_add(writer->sql, writer->sql->dialect == SQL_SQLITE ? "json_array_length("
									 : "jsonb_array_length(");
	else
		sql_add(writer->sql, "length(");
	write_operand(writer, of);
	sql_add(writer->sql, ")");
}

/* ASCII on both: a column's collation is "C". */
static void
write_lower(struct sql_writer *writer, const struct operand *of)
{
	bool is_value = of->kind != OPERAND_PATH && writer->sql->dialect == SQL_POSTGRES;

	sql_add(writer->sql, "lower(");
	write_operand(writer, of);
	sql_add(writer->sql, is_value ? "::text COLLATE \"C\")" : ")");
}

void
write_operand(struct sql_writer *writer, const struct operand *operand)
{
	struct bound bound = operand_bind(operand, writer->caller);

	assert(bound.kind != BOUND_ABSENT);
	if (bound.kind == BOUND_VALUE)
		write_value(writer, bound.value);
	else if (operand->kind == OPERAND_PATH)
		write_path(writer, operand, operand->fields_count);
	else if (operand->kind == OPERAND_COUNT)
		write_count(writer, operand->source);
	else if (operand->kind == OPERAND_SIZE)
		write_size(writer, operand->of);
	else
		write_lower(writer, operand->of);
}

void
write_is_null(struct sql_writer *writer, const struct operand *operand)
{
	if (operand->kind == OPERAND_COUNT)
		write_owner(writer, &operand->source->owner);
	else if (operand->kind == OPERAND_SIZE || operand->kind == OPERAND_LOWER)
		write_operand(writer, operand->of);
	else
		write_operand(writer, operand);
	sql_add(writer->sql, " IS NULL");
}

/*
 * Whole numbers go by way of bigint, since float8's own cast to numeric keeps
 * 15 digits; for the others the text says enough beside a whole number.
 */
void
write_real_as_numeric(struct sql_writer *writer, const struct operand *operand)
{
	sql_add(writer->sql,
	    "(SELECT CASE WHEN x.f >= '-9223372036854775808'::float8 AND x.f < '9223372036854775808'::float8"
	    " AND x.f = trunc(x.f) THEN x.f::bigint::numeric ELSE x.f::text::numeric END FROM (SELECT ");
	write_operand(writer, operand);
	sql_add(writer->sql, "::float8 AS f) x)");
}
