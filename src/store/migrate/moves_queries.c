/* The queries of steps: whose rows stand in the way, and whose lose something. */
#include "sql/column.h"
#include "store/migrate/moves_steps.h"

static const struct str new_alias = { "_new", 4 };

/* " FROM (the rows with their value before and after) t WHERE " */
static void
begin_query(struct describing *describing, const struct column_move *move)
{
	struct sql_text *query = &describing->query;

	sql_add(query, "SELECT \"id\" FROM (SELECT \"id\", ");
	move_write_value(query, move);
	sql_add(query, " AS \"_new\"");
	if (move->old != NULL)
		sql_addf(query, ", %n AS \"_old\"", source_column(move->old));
	sql_addf(query, " FROM %n) t WHERE ", source_table(describing->table->old));
}

void
query_nulls(struct describing *describing, const struct column_move *move)
{
	begin_query(describing, move);
	sql_add(&describing->query, "\"_new\" IS NULL");
	if (move->old != NULL) {
		sql_add(&describing->query, " AND NOT (");
		move_write_present(&describing->query, move->old, STR("_old"));
		sql_add(&describing->query, ")");
	}
}

static void
add_misfits(struct describing *describing, const struct column_move *move)
{
	move_write_present(&describing->query, move->old, STR("_old"));
	sql_add(&describing->query, " AND \"_new\" IS NULL");
	sql_addf(&describing->left, "SELECT \"id\" FROM %n WHERE %n IS NULL",
	    describing->table->new->name, move->new->name);
}

void
query_misfits(struct describing *describing, const struct column_move *move)
{
	begin_query(describing, move);
	add_misfits(describing, move);
}

void
query_checks(struct describing *describing, const struct column_move *move)
{
	struct field field = *move->new;

	field.name = new_alias;
	begin_query(describing, move);
	sql_add(&describing->query, "NOT (1 = 1");
	column_checks(&describing->query, &field, " AND ");
	sql_add(&describing->query, ")");
}

void
query_misfits_and_checks(struct describing *describing, const struct column_move *move)
{
	query_checks(describing, move);
	sql_add(&describing->query, " OR ");
	add_misfits(describing, move);
}

bool
query_loss(struct describing *describing, const struct column_move *move)
{
	begin_query(describing, move);
	return conversion_write_loss(move->conversion, &describing->query);
}

const struct column_move *
move_of(const struct table_move *table, const struct field *new)
{
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].new == new)
			return &table->columns[i];
	return NULL;
}

static void
write_key_value(struct describing *describing, const struct field *field)
{
	const struct column_move *move = move_of(describing->table, field);
	struct sql_text *query = &describing->query;
	bool is_folded = field->fold;

	if (is_folded)
		sql_add(query, describing->moves->dialect == SQL_SQLITE ? "caisson_fold(" : "pg_temp.caisson_folded(");
	if (move == NULL)
		sql_name(query, field->name); /* id, created, updated */
	else
		move_write_value(query, move);
	sql_add(query, is_folded ? ")" : "");
}

void
query_twins(struct describing *describing, const struct field *const *fields, size_t count)
{
	struct sql_text *query = &describing->query;

	sql_add(query, "SELECT \"id\" FROM (SELECT *, count(*) OVER (PARTITION BY ");
	for (size_t i = 0; i < count; i++)
		sql_addf(query, i == 0 ? "_%d" : ", _%d", (unsigned)i);
	sql_add(query, ") AS _twins FROM (SELECT \"id\"");
	for (size_t i = 0; i < count; i++) {
		sql_add(query, ", ");
		write_key_value(describing, fields[i]);
		sql_addf(query, " AS _%d", (unsigned)i);
	}
	sql_addf(query, " FROM %n) t) t WHERE _twins > 1", source_table(describing->table->old));
	for (size_t i = 0; i < count; i++)
		sql_addf(query, " AND _%d IS NOT NULL", (unsigned)i);
}

void
query_all(struct describing *describing, const struct collection *old)
{
	sql_addf(&describing->query, "SELECT \"id\" FROM %n", source_table(old));
}
