/* What was perhaps renamed: something that goes, and something like it that comes. */
#include "store/migrate/moves.h"

enum { LINE_SIZE_MAX = 64 * 1024 };

/* A rename that is not done, since ${taker} has a place of its own. */
static void
hint_at_taken(struct str taker, struct str was, struct str gone, struct migration_plan *plan)
{
	struct buf line;

	if (was.data == NULL || !str_equal(was, gone))
		return;
	buf_init(&line, LINE_SIZE_MAX);
	buf_addf(&line,
	    "%.*s is there already, so `was: %.*s` says nothing: to put %.*s in its place, remove %.*s"
	    " first, in a change of its own",
	    STR_ARGS(taker), STR_ARGS(gone), STR_ARGS(gone), STR_ARGS(taker));
	migration_plan_add_hint(plan, buf_str(&line));
	buf_release(&line);
}

static void
hint_at_field(const struct table_move *table, const struct field *gone, struct migration_plan *plan)
{
	struct str name = source_column(gone);
	struct buf line;

	/* `was` means nothing where the name is a field's still. */
	if (collection_column(table->new, name) != NULL)
		return;
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].new != NULL && table->columns[i].old != NULL)
			hint_at_taken(table->columns[i].new->name, table->columns[i].new->was, name, plan);
	buf_init(&line, LINE_SIZE_MAX);
	for (size_t i = 0; i < table->columns_count && line.size == 0; i++) {
		const struct column_move *move = &table->columns[i];

		if (move->old == NULL && move->new->type == gone->type &&
		    conversion_find(gone, move->new) != NULL)
			buf_addf(&line,
			    "if %.*s.%.*s was renamed to %.*s, write `was: %.*s` at %.*s: its values stay",
			    STR_ARGS(table->new->name), STR_ARGS(name), STR_ARGS(move->new->name),
			    STR_ARGS(name), STR_ARGS(move->new->name));
	}
	if (line.size > 0)
		migration_plan_add_hint(plan, buf_str(&line));
	buf_release(&line);
}

static bool
has_fields_of(const struct collection *new, const struct collection *old)
{
	size_t shared = 0, fields = old->columns_count - COLUMN_FIELDS;

	for (size_t i = COLUMN_FIELDS; i < old->columns_count; i++) {
		const struct field *field = collection_column(new, old->columns[i].name);

		shared += field != NULL && field->type == old->columns[i].type;
	}
	return fields > 0 && 2 * shared > fields && new->id_type == old->id_type;
}

static void
hint_at_collection(
    const struct moves *moves, const struct collection *gone, struct migration_plan *plan)
{
	struct str name = source_table(gone);
	struct buf line;

	if (app_collection(moves->new, name) != NULL)
		return;
	for (size_t i = 0; i < moves->tables_count; i++)
		if (moves->tables[i].new != NULL && moves->tables[i].old != NULL)
			hint_at_taken(moves->tables[i].new->name, moves->tables[i].new->was, name, plan);
	buf_init(&line, LINE_SIZE_MAX);
	for (size_t i = 0; i < moves->tables_count && line.size == 0; i++) {
		const struct table_move *table = &moves->tables[i];

		if (table->old == NULL && has_fields_of(table->new, gone))
			buf_addf(&line,
			    "if %.*s was renamed to %.*s, write `was: %.*s` at %.*s: its records stay",
			    STR_ARGS(name), STR_ARGS(table->new->name), STR_ARGS(name),
			    STR_ARGS(table->new->name));
	}
	if (line.size > 0)
		migration_plan_add_hint(plan, buf_str(&line));
	buf_release(&line);
}

void
moves_hint(const struct moves *moves, struct migration_plan *plan)
{
	for (size_t i = 0; i < moves->tables_count; i++) {
		const struct table_move *table = &moves->tables[i];

		if (table->new == NULL)
			hint_at_collection(moves, table->old, plan);
		for (size_t j = 0; table->new != NULL && j < table->columns_count; j++)
			if (table->columns[j].new == NULL)
				hint_at_field(table, table->columns[j].old, plan);
	}
}
