/* PostgreSQL: ALTER TABLE, all in one transaction. */
#include "app/names.h"
#include "sql/column.h"
#include "store/migrate/moves.h"

struct writing {
	const struct moves *moves;
	struct migration_plan *plan;
	struct sql_text sql;
};

static void drop_things(struct writing *writing);
static void rename_all(struct writing *writing);
static void drop_columns(struct writing *writing);
static void drop_tables(struct writing *writing);
static void finish_renames(struct writing *writing);
static void create_tables(struct writing *writing);
static void change_columns(struct writing *writing, const struct table_move *table);
static void create_things(struct writing *writing);

void
moves_to_postgres(const struct moves *moves, struct migration_plan *plan)
{
	struct writing writing = { .moves = moves, .plan = plan };

	sql_init(&writing.sql, SQL_POSTGRES);
	drop_things(&writing);
	rename_all(&writing);
	drop_columns(&writing);
	drop_tables(&writing);
	finish_renames(&writing);
	create_tables(&writing);
	for (size_t i = 0; i < moves->tables_count; i++)
		if (moves->tables[i].old != NULL && moves->tables[i].new != NULL)
			change_columns(&writing, &moves->tables[i]);
	create_things(&writing);
	sql_release(&writing.sql);
}

static void
done(struct writing *writing)
{
	if (writing->sql.text.size > 0)
		migration_plan_add_statement(writing->plan, buf_str(&writing->sql.text));
	sql_clear(&writing->sql);
}

/* --- what hangs on tables --------------------------------------------- */

/* A trigger looks at whole rows, so it is in the way of any change of them. */
static bool
is_to_drop(const struct moves *moves, const struct thing *before, const struct thing *renamed)
{
	const struct table_move *table = moves_table(moves, before->collection);

	if (before->kind == CATALOGUE_TRIGGER &&
	    (table->is_touched || table->old->was.data != NULL))
		return true;
	return !thing_stays(moves, renamed);
}

/*
 * Constraints have names of the server's own: they are found by their column.
 * 'f' is a reference, 'c' a check.
 */
static void
drop_constraints(struct writing *writing, struct str table, struct str column, char type)
{
	buf_addf(&writing->sql.text,
	    "DO $$\nDECLARE name text;\nBEGIN\n"
	    "\tFOR name IN SELECT conname FROM pg_constraint WHERE conrelid = '\"%.*s\"'::regclass AND"
	    " contype = '%c' AND conkey = ARRAY[(SELECT attnum FROM pg_attribute WHERE attrelid ="
	    " conrelid AND attname = '%.*s')] LOOP\n"
	    "\t\tEXECUTE format('ALTER TABLE \"%.*s\" DROP CONSTRAINT %%I', name);\n"
	    "\tEND LOOP;\nEND\n$$",
	    STR_ARGS(table), type, STR_ARGS(column), STR_ARGS(table));
	done(writing);
}

static struct str
column_before(const struct collection *old, struct str name)
{
	for (size_t i = 0; i < old->columns_count; i++)
		if (str_equal(old->columns[i].name, name))
			return source_column(&old->columns[i]);
	return name;
}

static void
drop_thing(struct writing *writing, const struct thing *before, const struct thing *renamed)
{
	switch (before->kind) {
	case CATALOGUE_TRIGGER:
		sql_addf(&writing->sql, "DROP TRIGGER %n ON %n", before->name, before->table);
		break;
	case CATALOGUE_INDEX:
		sql_addf(&writing->sql, "DROP INDEX %n", before->name);
		break;
	case CATALOGUE_REFERENCE:
		drop_constraints(writing, before->table,
		    column_before(before->collection, renamed->name), 'f');
		break;
	default:
		sql_addf(&writing->sql, "DROP TABLE %n", before->name);
	}
	done(writing);
}

static void
rename_thing(struct writing *writing, enum catalogue_kind kind, struct str from, struct str to)
{
	sql_addf(&writing->sql,
	    kind == CATALOGUE_INDEX ? "ALTER INDEX %n RENAME TO %n" : "ALTER TABLE %n RENAME TO %n", from, to);
	done(writing);
}

/* Does it go with its table, or with the table of links that it stands on? */
static bool
goes_along(const struct moves *moves, const struct thing *before)
{
	if (before->kind == CATALOGUE_LINK)
		return false;
	for (size_t i = 0; i < moves->before.count; i++) {
		const struct thing *link = &moves->before.things[i];

		if (link->kind == CATALOGUE_LINK && str_equal(link->name, before->table))
			return is_to_drop(moves, link, &moves->renamed.things[i]);
	}
	return moves_table(moves, before->collection)->new == NULL;
}

static bool
is_renamed(const struct moves *moves, size_t i)
{
	const struct thing *before = &moves->before.things[i], *renamed = &moves->renamed.things[i];

	return (before->kind == CATALOGUE_INDEX || before->kind == CATALOGUE_LINK) &&
	       !str_equal(before->name, renamed->name) && !goes_along(moves, before) &&
	       !is_to_drop(moves, before, renamed);
}

static void
drop_things(struct writing *writing)
{
	static const enum catalogue_kind order[] = { CATALOGUE_TRIGGER, CATALOGUE_INDEX,
		CATALOGUE_REFERENCE, CATALOGUE_LINK };
	const struct moves *moves = writing->moves;
	char moving[MOVING_NAME_SIZE];

	for (size_t k = 0; k < COUNT(order); k++)
		for (size_t i = 0; i < moves->before.count; i++) {
			const struct thing *before = &moves->before.things[i];
			const struct thing *renamed = &moves->renamed.things[i];

			if (before->kind != order[k] || goes_along(moves, before))
				continue;
			if (is_to_drop(moves, before, renamed))
				drop_thing(writing, before, renamed);
			else if (is_renamed(moves, i))
				rename_thing(writing, before->kind, before->name,
				    moves_name_meanwhile(moves, i, moving));
		}
}

static void
finish_renames(struct writing *writing)
{
	const struct moves *moves = writing->moves;
	char moving[MOVING_NAME_SIZE];

	for (size_t i = 0; i < moves->before.count; i++) {
		struct str meanwhile = moves_name_meanwhile(moves, i, moving);
		const struct thing *renamed = &moves->renamed.things[i];

		if (is_renamed(moves, i) && !str_equal(meanwhile, renamed->name))
			rename_thing(writing, renamed->kind, meanwhile, renamed->name);
	}
}

static void
fill_links(struct writing *writing, const struct thing *link)
{
	const struct table_move *table;
	const struct column_move *move = moves_linked(writing->moves, link, &table);

	if (move == NULL)
		return;
	sql_addf(&writing->sql,
	    "INSERT INTO %n (\"source\", \"target\")\nSELECT t.\"id\", _item::", link->name);
	sql_add(&writing->sql, move->new->to->id_type == FIELD_INT ? "bigint" : "uuid");
	sql_addf(&writing->sql, " FROM %n t, jsonb_array_elements_text(t.%n) _(_item)", table->new->name,
	    move->new->name);
	done(writing);
}

static bool
is_there(const struct moves *moves, const struct thing *after)
{
	for (size_t i = 0; i < moves->renamed.count; i++) {
		const struct thing *renamed = &moves->renamed.things[i];

		if (renamed->kind == after->kind && str_equal(renamed->table, after->table) &&
		    str_equal(renamed->name, after->name))
			return !is_to_drop(moves, &moves->before.things[i], renamed) &&
			       !goes_along(moves, &moves->before.things[i]);
	}
	return false;
}

static void
create_things(struct writing *writing)
{
	const struct moves *moves = writing->moves;

	for (size_t i = 0; i < moves->after.count; i++) {
		const struct thing *after = &moves->after.things[i];

		if (is_there(moves, after))
			continue;
		buf_add_str(&writing->sql.text, after->statement);
		done(writing);
		if (after->kind == CATALOGUE_LINK)
			fill_links(writing, after);
	}
}

/* --- tables ----------------------------------------------------------- */

static void
rename_all(struct writing *writing)
{
	for (size_t i = 0; i < writing->moves->tables_count; i++) {
		const struct table_move *table = &writing->moves->tables[i];

		if (table->old == NULL || table->new == NULL)
			continue;
		if (table->old->was.data != NULL)
			sql_addf(&writing->sql, "ALTER TABLE %n RENAME TO %n", table->old->was,
			    table->new->name);
		done(writing);
		for (size_t j = 0; j < table->columns_count; j++) {
			const struct column_move *move = &table->columns[j];
			char fold[INDEX_NAME_SIZE], fold_before[INDEX_NAME_SIZE];
			struct field before;

			if (move->old == NULL || move->new == NULL || move->old->was.data == NULL)
				continue;
			sql_addf(&writing->sql, "ALTER TABLE %n RENAME COLUMN %n TO %n",
			    table->new->name, move->old->was, move->new->name);
			done(writing);
			if (!move->old->fold)
				continue;
			before = *move->old;
			before.name = move->old->was;
			sql_addf(&writing->sql, "ALTER TABLE %n RENAME COLUMN %n TO %n",
			    table->new->name, fold_name(&before, fold_before),
			    fold_name(move->old, fold));
			done(writing);
		}
	}
}

static void
drop_column(struct writing *writing, const struct table_move *table, struct str column)
{
	sql_addf(&writing->sql, "ALTER TABLE %n DROP COLUMN %n", table->new->name, column);
	done(writing);
}

static void
drop_columns(struct writing *writing)
{
	for (size_t i = 0; i < writing->moves->tables_count; i++) {
		const struct table_move *table = &writing->moves->tables[i];

		for (size_t j = 0; table->new != NULL && j < table->columns_count; j++) {
			const struct column_move *move = &table->columns[j];
			char fold[INDEX_NAME_SIZE];
			struct field before;

			if (move->old == NULL)
				continue;
			before = *move->old;
			before.name = source_column(move->old);
			if (move->new == NULL) {
				drop_column(writing, table, before.name);
				if (move->old->fold)
					drop_column(writing, table, fold_name(&before, fold));
			} else if (move->old->fold && !move->new->fold) {
				drop_column(writing, table, fold_name(move->new, fold));
			}
		}
	}
}

/* In one statement, for they may refer to one another. */
static void
drop_tables(struct writing *writing)
{
	const char *comma = "DROP TABLE ";

	for (size_t i = 0; i < writing->moves->tables_count; i++) {
		const struct table_move *table = &writing->moves->tables[i];

		if (table->new != NULL)
			continue;
		sql_add(&writing->sql, comma);
		sql_name(&writing->sql, source_table(table->old));
		comma = ", ";
	}
	done(writing);
}

static void
create_tables(struct writing *writing)
{
	for (size_t i = 0; i < writing->moves->tables_count; i++) {
		const struct table_move *table = &writing->moves->tables[i];

		if (table->old != NULL)
			continue;
		catalogue_table(&writing->sql, table->new, table->new->name);
		done(writing);
	}
}

/* --- columns ---------------------------------------------------------- */

static void
begin_change(struct writing *writing, const struct table_move *table, const struct field *field)
{
	if (writing->sql.text.size == 0)
		sql_addf(&writing->sql, "ALTER TABLE %n ", table->new->name);
	else
		sql_add(&writing->sql, ", ");
	sql_addf(&writing->sql, "ALTER COLUMN %n ", field->name);
}

static void
add_fold(struct writing *writing, const struct table_move *table, const struct field *new)
{
	char fold[INDEX_NAME_SIZE];

	sql_addf(&writing->sql, "ALTER TABLE %n ADD COLUMN ", table->new->name);
	column_define_fold(&writing->sql, new);
	done(writing);
	/* The server does not know how: the one who applies this does it. */
	sql_addf(&writing->sql, "CALL caisson_fold(%n, %n, %n)", table->new->name, new->name,
	    fold_name(new, fold));
	done(writing);
}

static void
add_column(struct writing *writing, const struct table_move *table, const struct column_move *move)
{
	struct field nullable = *move->new;
	/* Without a default, people may fill it in: NULL stands where their value goes. */
	bool is_filled_later =
	    is_filled(move->new) || (move->new->required && !column_has_default(move->new));

	nullable.required = move->new->required && !is_filled_later;
	sql_addf(&writing->sql, "ALTER TABLE %n ADD COLUMN ", table->new->name);
	column_define(&writing->sql, &nullable);
	done(writing);
	if (is_filled_later) {
		sql_addf(&writing->sql, "UPDATE %n SET %n = ", table->new->name, move->new->name);
		move_write_value(&writing->sql, move);
		done(writing);
	}
	if (nullable.required != move->new->required) {
		begin_change(writing, table, move->new);
		sql_add(&writing->sql, "SET NOT NULL");
		done(writing);
	}
	if (move->new->fold)
		add_fold(writing, table, move->new);
}

static void
add_checks(struct writing *writing, const struct table_move *table, const struct field *new)
{
	struct sql_text checks;

	sql_init(&checks, SQL_POSTGRES);
	column_checks(&checks, new, ", ADD CHECK ");
	if (checks.text.size > 0) {
		sql_addf(&writing->sql, "ALTER TABLE %n", table->new->name);
		buf_add_str(&writing->sql.text, str_slice(buf_str(&checks.text), 1, checks.text.size));
	}
	sql_release(&checks);
	done(writing);
}

static void
redefine_column(
    struct writing *writing, const struct table_move *table, const struct column_move *move)
{
	const struct field *old = move->old, *new = move->new;
	bool is_retyped = !conversion_is_same(move->conversion);

	drop_constraints(writing, table->new->name, new->name, 'c');
	if (column_has_default(old)) {
		begin_change(writing, table, new);
		sql_add(&writing->sql, "DROP DEFAULT");
	}
	/* The links of refs that become one ref have been its array all the time. */
	if (column_is_required(old) && !column_is_required(new)) {
		begin_change(writing, table, new);
		sql_add(&writing->sql, "DROP NOT NULL");
	}
	if (is_retyped) {
		begin_change(writing, table, new);
		sql_add(&writing->sql, "TYPE ");
		column_type(&writing->sql, new);
		sql_add(&writing->sql, " USING ");
		conversion_write(move->conversion, &writing->sql, old, new, new->name);
	}
	if (!column_is_required(old) && column_is_required(new)) {
		begin_change(writing, table, new);
		sql_add(&writing->sql, "SET NOT NULL");
	}
	if (column_has_default(new)) {
		begin_change(writing, table, new);
		sql_add(&writing->sql, "SET DEFAULT ");
		column_default(&writing->sql, new);
	}
	done(writing);
	add_checks(writing, table, new);
	if (new->fold && !old->fold)
		add_fold(writing, table, new);
}

static void
change_columns(struct writing *writing, const struct table_move *table)
{
	for (size_t i = 0; i < table->columns_count; i++) {
		const struct column_move *move = &table->columns[i];

		if (move->new != NULL && move->old != NULL && move->is_redefined)
			redefine_column(writing, table, move);
		else if (move->old == NULL)
			add_column(writing, table, move);
	}
}
