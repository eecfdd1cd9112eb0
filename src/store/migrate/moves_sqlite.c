/*
 * SQLite: what ALTER TABLE cannot do is done by making the table anew, as
 * sqlite.org/lang_altertable.html has it: a new one, all rows copied, the old
 * one dropped, the new one renamed; foreign keys are off meanwhile and looked
 * at before COMMIT.
 */
#include "app/names.h"
#include "sql/column.h"
#include "store/migrate/moves.h"

struct writing {
	const struct moves *moves;
	struct migration_plan *plan;
	struct sql_text sql;
};

static void drop_things(struct writing *writing);
static void rename_tables(struct writing *writing);
static void drop_tables(struct writing *writing);
static void finish_renames(struct writing *writing);
static void create_tables(struct writing *writing);
static void change_table(struct writing *writing, const struct table_move *table);
static void create_things(struct writing *writing);

void
moves_to_sqlite(const struct moves *moves, struct migration_plan *plan)
{
	struct writing writing = { .moves = moves, .plan = plan };

	sql_init(&writing.sql, SQL_SQLITE);
	drop_things(&writing);
	rename_tables(&writing);
	drop_tables(&writing);
	finish_renames(&writing);
	create_tables(&writing);
	for (size_t i = 0; i < moves->tables_count; i++)
		if (moves->tables[i].old != NULL && moves->tables[i].new != NULL)
			change_table(&writing, &moves->tables[i]);
	create_things(&writing);
	sql_release(&writing.sql);
}

static void
done(struct writing *writing)
{
	migration_plan_add_statement(writing->plan, buf_str(&writing->sql.text));
	sql_clear(&writing->sql);
}

/* --- what hangs on tables --------------------------------------------- */

static bool
is_changed(const struct table_move *table)
{
	return table->new == NULL || table->is_touched || table->old->was.data != NULL;
}

/* Indexes, and tables of links, go with their table. */
static bool
goes_along(const struct table_move *table, const struct thing *before)
{
	return before->kind == CATALOGUE_INDEX &&
	       str_equal(before->table, source_table(table->old)) &&
	       (table->is_rebuilt || table->new == NULL);
}

/* A trigger that speaks of a table is in the way of its renaming. */
static bool
is_to_drop(const struct moves *moves, const struct thing *before, const struct thing *renamed)
{
	const struct table_move *table = moves_table(moves, before->collection);

	if (goes_along(table, before))
		return false;
	if (before->kind == CATALOGUE_TRIGGER && is_changed(table))
		return true;
	if (!thing_stays(moves, renamed))
		return true;
	return before->kind == CATALOGUE_INDEX && !str_equal(before->name, renamed->name);
}

static void
drop_thing(struct writing *writing, const struct thing *before)
{
	sql_addf(&writing->sql,
	    before->kind == CATALOGUE_TRIGGER ? "DROP TRIGGER %n"
	    : before->kind == CATALOGUE_INDEX ? "DROP INDEX %n"
					      : "DROP TABLE %n",
	    before->name);
	done(writing);
}

/* An index on a table of links goes with it. */
static bool
is_on_dropped(const struct moves *moves, const struct thing *before)
{
	for (size_t i = 0; i < moves->before.count; i++) {
		const struct thing *link = &moves->before.things[i];

		if (link->kind == CATALOGUE_LINK && before->kind == CATALOGUE_INDEX &&
		    str_equal(link->name, before->table))
			return is_to_drop(moves, link, &moves->renamed.things[i]);
	}
	return false;
}

static bool
is_renamed(const struct moves *moves, size_t i)
{
	const struct thing *before = &moves->before.things[i], *renamed = &moves->renamed.things[i];

	return before->kind == CATALOGUE_LINK && !str_equal(before->name, renamed->name) &&
	       !is_to_drop(moves, before, renamed);
}

static void
rename_table(struct writing *writing, struct str from, struct str to)
{
	sql_addf(&writing->sql, "ALTER TABLE %n RENAME TO %n", from, to);
	done(writing);
}

static void
drop_things(struct writing *writing)
{
	static const enum catalogue_kind order[] = { CATALOGUE_TRIGGER, CATALOGUE_INDEX,
		CATALOGUE_LINK };
	const struct moves *moves = writing->moves;
	char moving[MOVING_NAME_SIZE];

	for (size_t k = 0; k < COUNT(order); k++)
		for (size_t i = 0; i < moves->before.count; i++) {
			const struct thing *before = &moves->before.things[i];
			const struct thing *renamed = &moves->renamed.things[i];

			if (before->kind != order[k])
				continue;
			if (is_renamed(moves, i))
				rename_table(writing, before->name, moves_name_meanwhile(moves, i, moving));
			else if (is_to_drop(moves, before, renamed) && !is_on_dropped(moves, before))
				drop_thing(writing, before);
		}
}

static void
finish_renames(struct writing *writing)
{
	const struct moves *moves = writing->moves;
	char moving[MOVING_NAME_SIZE];

	for (size_t i = 0; i < moves->before.count; i++) {
		struct str meanwhile = moves_name_meanwhile(moves, i, moving);
		struct str name = moves->renamed.things[i].name;

		if (is_renamed(moves, i) && !str_equal(meanwhile, name))
			rename_table(writing, meanwhile, name);
	}
}

/* The links that the array of a new refs field says. */
static void
fill_links(struct writing *writing, const struct thing *link)
{
	const struct table_move *table;
	const struct column_move *move = moves_linked(writing->moves, link, &table);

	if (move == NULL)
		return;
	sql_addf(&writing->sql,
	    "INSERT INTO %n (\"source\", \"target\")\nSELECT t.\"id\", caisson_to_id(e.value)"
	    " FROM %n t, json_each(t.%n) e",
	    link->name, table->new->name, move->new->name);
	done(writing);
}

static bool
is_there(const struct moves *moves, const struct thing *after)
{
	for (size_t i = 0; i < moves->renamed.count; i++) {
		const struct thing *before = &moves->before.things[i];
		const struct thing *renamed = &moves->renamed.things[i];

		if (renamed->kind == after->kind && str_equal(renamed->name, after->name))
			return !is_to_drop(moves, before, renamed) && !is_on_dropped(moves, before) &&
			       !goes_along(moves_table(moves, before->collection), before);
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
rename_tables(struct writing *writing)
{
	for (size_t i = 0; i < writing->moves->tables_count; i++) {
		const struct table_move *table = &writing->moves->tables[i];

		if (table->old == NULL || table->new == NULL || table->old->was.data == NULL)
			continue;
		rename_table(writing, table->old->was, table->new->name);
	}
}

static void
drop_tables(struct writing *writing)
{
	for (size_t i = 0; i < writing->moves->tables_count; i++) {
		const struct table_move *table = &writing->moves->tables[i];

		if (table->new != NULL)
			continue;
		sql_addf(&writing->sql, "DROP TABLE %n", source_table(table->old));
		done(writing);
	}
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

/* --- a table made anew ------------------------------------------------ */

static void
list_columns(struct writing *writing, const struct table_move *table)
{
	sql_add(&writing->sql, "\"id\", \"created\", \"updated\", \"_version\"");
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].new != NULL)
			sql_addf(&writing->sql, ", %n", table->columns[i].new->name);
	for (size_t i = 0; i < table->columns_count; i++) {
		const struct field *new = table->columns[i].new;
		char fold[INDEX_NAME_SIZE];

		if (new != NULL && new->fold)
			sql_addf(&writing->sql, ", %n", fold_name(new, fold));
	}
}

static void
list_values(struct writing *writing, const struct table_move *table)
{
	sql_add(&writing->sql, "\"id\", \"created\", \"updated\", \"_version\"");
	for (size_t i = 0; i < table->columns_count; i++) {
		if (table->columns[i].new == NULL)
			continue;
		sql_add(&writing->sql, ", ");
		move_write_value(&writing->sql, &table->columns[i]);
	}
	for (size_t i = 0; i < table->columns_count; i++) {
		if (table->columns[i].new == NULL || !table->columns[i].new->fold)
			continue;
		sql_add(&writing->sql, ", caisson_fold(");
		move_write_value(&writing->sql, &table->columns[i]);
		sql_add(&writing->sql, ")");
	}
}

/* Ids that were given are not given again, though their records are gone. */
static void
copy_sequence(struct writing *writing, struct str name, struct str copy)
{
	buf_addf(&writing->sql.text, "DELETE FROM sqlite_sequence WHERE name = '%.*s'", STR_ARGS(copy));
	done(writing);
	buf_addf(&writing->sql.text,
	    "INSERT INTO sqlite_sequence (name, seq) SELECT '%.*s', seq FROM sqlite_sequence"
	    " WHERE name = '%.*s'",
	    STR_ARGS(copy), STR_ARGS(name));
	done(writing);
}

static void
rebuild_table(struct writing *writing, const struct table_move *table)
{
	const struct str copy = STR("caisson_new");
	struct str name = table->new->name;

	catalogue_table(&writing->sql, table->new, copy);
	done(writing);
	sql_addf(&writing->sql, "INSERT INTO %n (", copy);
	list_columns(writing, table);
	sql_add(&writing->sql, ")\nSELECT ");
	list_values(writing, table);
	sql_addf(&writing->sql, " FROM %n ORDER BY rowid", name);
	done(writing);
	if (table->new->id_type == FIELD_INT)
		copy_sequence(writing, name, copy);
	sql_addf(&writing->sql, "DROP TABLE %n", name);
	done(writing);
	sql_addf(&writing->sql, "ALTER TABLE %n RENAME TO %n", copy, name);
	done(writing);
}

/* --- a table that is changed ------------------------------------------ */

static void
change_column(struct writing *writing, const struct table_move *table, const struct column_move *move)
{
	struct str name = table->new->name;

	if (move->old == NULL) {
		sql_addf(&writing->sql, "ALTER TABLE %n ADD COLUMN ", name);
		column_define(&writing->sql, move->new);
	} else if (move->new == NULL) {
		sql_addf(&writing->sql, "ALTER TABLE %n DROP COLUMN %n", name,
		    source_column(move->old));
	} else if (move->old->was.data != NULL) {
		sql_addf(&writing->sql, "ALTER TABLE %n RENAME COLUMN %n TO %n", name,
		    move->old->was, move->new->name);
	}
	if (writing->sql.text.size > 0)
		done(writing);
}

static void
change_table(struct writing *writing, const struct table_move *table)
{
	if (table->is_rebuilt) {
		rebuild_table(writing, table);
		return;
	}
	/* A new column may have the name of one that goes. */
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].old != NULL)
			change_column(writing, table, &table->columns[i]);
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].old == NULL)
			change_column(writing, table, &table->columns[i]);
}
