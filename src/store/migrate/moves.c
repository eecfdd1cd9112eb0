#include "store/migrate/moves.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/names.h"
#include "base/memory.h"
#include "sql/column.h"

#define DAY_US 86400000000LL

static void find_things(struct moves *moves, const struct app *app, struct things *ret);
static void find_table(struct moves *moves, const struct collection *new);
static void find_columns(struct moves *moves, struct table_move *table);

struct str
source_table(const struct collection *old)
{
	return old->was.data != NULL ? old->was : old->name;
}

struct str
source_column(const struct field *old)
{
	return old->was.data != NULL ? old->was : old->name;
}

void
moves_find(struct moves *moves, struct app *old, const struct app *new, enum sql_dialect dialect,
    struct arena *arena)
{
	*moves = (struct moves){ .old = old, .new = new, .dialect = dialect, .arena = arena };
	find_things(moves, old, &moves->before);
	find_things(moves, new, &moves->after);
	moves->tables = arena_array(
	    arena, old->collections_count + new->collections_count + 1, sizeof(*moves->tables));
	for (size_t i = 0; i < new->collections_count; i++)
		find_table(moves, &new->collections[i]);
	for (size_t i = 0; i < old->collections_count; i++) {
		bool is_kept = false;

		for (size_t j = 0; j < new->collections_count; j++)
			is_kept |= moves->tables[j].old == &old->collections[i];
		if (!is_kept)
			moves->tables[moves->tables_count++] =
			    (struct table_move){ .old = &old->collections[i] };
	}
	/* All tables have their names: now references can be compared. */
	for (size_t i = 0; i < new->collections_count; i++)
		find_columns(moves, &moves->tables[i]);
	find_things(moves, old, &moves->renamed);
}

/* --- what hangs on tables --------------------------------------------- */

struct finding {
	struct arena *arena;
	struct things *things;
};

static enum err
add_thing(void *arg, const struct catalogue_object *object)
{
	struct finding *finding = arg;
	struct things *things = finding->things;

	if (object->kind == CATALOGUE_SYSTEM || object->kind == CATALOGUE_TABLE)
		return OK;
	if ((things->count & (things->count - 1)) == 0)
		things->things = memory_resize(things->things,
		    (things->count == 0 ? 1 : 2 * things->count) * sizeof(*things->things));
	things->things[things->count++] = (struct thing){
		.kind = object->kind,
		.collection = object->collection,
		.table = arena_str(finding->arena, object->table),
		.name = arena_str(finding->arena, object->name),
		.statement = arena_str(finding->arena, str_from(object->statement)),
	};
	return OK;
}

static void
find_things(struct moves *moves, const struct app *app, struct things *ret)
{
	struct finding finding = { moves->arena, ret };

	*ret = (struct things){ 0 };
	/* Its limits are far above what an app file can ask for. */
	(void)!catalogue_objects(app, moves->dialect, add_thing, &finding);
}

void
moves_release(struct moves *moves)
{
	free(moves->before.things);
	free(moves->renamed.things);
	free(moves->after.things);
}

const struct table_move *
moves_table(const struct moves *moves, const struct collection *old)
{
	for (size_t i = 0; i < moves->tables_count; i++)
		if (moves->tables[i].old == old)
			return &moves->tables[i];
	return NULL;
}

static bool
has_thing(const struct things *things, const struct thing *thing)
{
	for (size_t i = 0; i < things->count; i++) {
		const struct thing *other = &things->things[i];

		if (other->kind == thing->kind && str_equal(other->name, thing->name) &&
		    str_equal(other->statement, thing->statement))
			return true;
	}
	return false;
}

struct str
moves_name_meanwhile(const struct moves *moves, size_t i, char buffer[MOVING_NAME_SIZE])
{
	struct str name = moves->renamed.things[i].name;
	bool is_free = true;

	for (size_t j = 0; j < moves->before.count; j++)
		is_free &= j == i || !str_equal(moves->before.things[j].name, name);
	for (size_t j = 0; j < moves->old->collections_count; j++)
		is_free &= !str_equal(source_table(&moves->old->collections[j]), name);
	if (is_free)
		return name;
	snprintf(buffer, MOVING_NAME_SIZE, "_moving_%zu", i);
	return str_from(buffer);
}

const struct column_move *
moves_linked(const struct moves *moves, const struct thing *link, const struct table_move **ret_table)
{
	const struct table_move *table = NULL;
	char name[INDEX_NAME_SIZE];

	for (size_t i = 0; i < moves->tables_count; i++)
		if (moves->tables[i].new == link->collection)
			table = &moves->tables[i];
	*ret_table = table;
	for (size_t i = 0; table != NULL && i < table->columns_count; i++) {
		const struct column_move *move = &table->columns[i];

		if (move->old != NULL && move->new != NULL && move->new->type == FIELD_REFS &&
		    str_equal(link_name(table->new, move->new, name), link->name))
			return move;
	}
	return NULL;
}

bool
thing_stays(const struct moves *moves, const struct thing *renamed)
{
	return has_thing(&moves->after, renamed);
}

bool
thing_was_there(const struct moves *moves, const struct thing *after)
{
	return has_thing(&moves->renamed, after);
}

/* --- tables ----------------------------------------------------------- */

static struct collection *
old_collection(struct app *old, struct str name)
{
	for (size_t i = 0; i < old->collections_count; i++)
		if (str_equal(old->collections[i].name, name))
			return &old->collections[i];
	return NULL;
}

/* By its name; else by the one that it had, where nothing else has that now. */
static void
find_table(struct moves *moves, const struct collection *new)
{
	struct collection *old = old_collection(moves->old, new->name);

	if (old == NULL && new->was.data != NULL && app_collection(moves->new, new->was) == NULL) {
		old = old_collection(moves->old, new->was);
		if (old != NULL) {
			old->was = old->name;
			old->name = new->name;
		}
	}
	/* Ids of another type cannot be kept, nor what refers to them. */
	if (old != NULL && old->id_type != new->id_type)
		old = NULL;
	moves->tables[moves->tables_count++] = (struct table_move){ .old = old, .new = new };
}

/* --- columns --------------------------------------------------------- */

static struct field *
old_column(const struct table_move *table, const struct field *new)
{
	struct collection *old = table->old;
	struct field *renamed = NULL;

	for (size_t i = COLUMN_FIELDS; i < old->columns_count; i++) {
		struct field *field = &old->columns[i];

		if (str_equal(field->name, new->name))
			return field;
		if (new->was.data != NULL && str_equal(field->name, new->was) &&
		    collection_column(table->new, new->was) == NULL)
			renamed = field;
	}
	if (renamed != NULL) {
		renamed->was = renamed->name;
		renamed->name = new->name;
	}
	return renamed;
}

/* As DDL says it: everything that the engine keeps of a column. */
static bool
is_defined_alike(const struct field *old, const struct field *new, enum sql_dialect dialect)
{
	struct sql_text a, b;
	bool is_alike;

	sql_init(&a, dialect);
	sql_init(&b, dialect);
	column_define(&a, old);
	column_define(&b, new);
	is_alike = str_equal(buf_str(&a.text), buf_str(&b.text)) && old->fold == new->fold;
	sql_release(&a);
	sql_release(&b);
	return is_alike && (old->type != FIELD_REF || old->on_delete == new->on_delete);
}

/* Out of the way under a name that no field has: what hangs on it is not what hangs on the new one. */
static void
begin_anew(struct field *old)
{
	old->was = source_column(old);
	old->name = STR("-");
}

bool
column_begins_anew(const struct field *old)
{
	return str_is(old->name, "-");
}

static void
find_column(struct moves *moves, struct table_move *table, struct column_move *move,
    const struct field *new)
{
	struct field *old = old_column(table, new);

	*move = (struct column_move){ .new = new };
	if (old == NULL)
		return;
	move->conversion = conversion_find(old, new);
	if (move->conversion == NULL) {
		begin_anew(old);
		return;
	}
	move->old = old;
	move->is_redefined = !conversion_is_same(move->conversion) ||
			     !is_defined_alike(old, new, moves->dialect);
}

static bool
is_kept(const struct table_move *table, const struct field *old)
{
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].old == old)
			return true;
	return false;
}

/* SQLite: what ADD COLUMN, DROP COLUMN and RENAME COLUMN do not do. */
static bool
needs_copy(const struct column_move *move)
{
	if (move->old == NULL)
		return column_is_required(move->new) || column_has_default(move->new) ||
		       move->new->fold || is_filled(move->new);
	if (move->new == NULL)
		return move->old->type == FIELD_REF || move->old->fold;
	return move->is_redefined ||
	       (move->new->fold && !str_equal(source_column(move->old), move->new->name));
}

static void
find_columns(struct moves *moves, struct table_move *table)
{
	const struct collection *new = table->new;
	size_t old_count = table->old == NULL ? 0 : table->old->columns_count;

	if (table->old == NULL)
		return;
	table->columns =
	    arena_array(moves->arena, new->columns_count + old_count, sizeof(*table->columns));
	for (size_t i = COLUMN_FIELDS; i < new->columns_count; i++)
		find_column(moves, table, &table->columns[table->columns_count++], &new->columns[i]);
	for (size_t i = COLUMN_FIELDS; i < old_count; i++)
		if (!is_kept(table, &table->old->columns[i]))
			table->columns[table->columns_count++] =
			    (struct column_move){ .old = &table->old->columns[i] };
	for (size_t i = 0; i < table->columns_count; i++) {
		const struct column_move *move = &table->columns[i];

		table->is_touched |= move->old == NULL || move->new == NULL || move->is_redefined ||
				     move->old->was.data != NULL;
		table->is_rebuilt |= moves->dialect == SQL_SQLITE && needs_copy(move);
	}
}

/* --- values ---------------------------------------------------------- */

bool
is_filled(const struct field *new)
{
	return new->default_kind == DEFAULT_NOW;
}

/* `now` for a row that was there before is when it was made. */
static void
write_created(struct sql_text *sql, const struct field *new)
{
	if (new->type == FIELD_TIME)
		sql_add(sql, "\"created\"");
	else if (sql->dialect == SQL_SQLITE)
		sql_add(sql, "(\"created\" - ((\"created\" % 86400000000) + 86400000000) % 86400000000)"
			     " / 86400000000");
	else
		sql_add(sql, "(\"created\" AT TIME ZONE 'UTC')::date");
}

void
move_write_value(struct sql_text *sql, const struct column_move *move)
{
	if (move->old != NULL)
		conversion_write(
		    move->conversion, sql, move->old, move->new, source_column(move->old));
	else if (is_filled(move->new))
		write_created(sql, move->new);
	else if (column_has_default(move->new))
		column_default(sql, move->new);
	else
		sql_add(sql, "NULL");
}

void
move_write_present(struct sql_text *sql, const struct field *field, struct str column)
{
	sql_addf(sql, field->type == FIELD_REFS ? "%n <> '[]'" : "%n IS NOT NULL", column);
}

bool
field_has_value(const struct field *field, struct str value)
{
	for (size_t i = 0; i < field->values_count; i++)
		if (str_equal(field->values[i], value))
			return true;
	return false;
}

/* What bounds are held against; those of one kind can be compared. */
enum measure { MEASURE_NUMBER, MEASURE_LENGTH, MEASURE_MOMENT, MEASURE_ITEMS, MEASURE_NOTHING };

static enum measure
measure_of(const struct field *field)
{
	switch (field->type) {
	case FIELD_INT:
	case FIELD_FLOAT:
	case FIELD_DECIMAL:
		return MEASURE_NUMBER;
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_URL:
		return MEASURE_LENGTH;
	case FIELD_DATE:
	case FIELD_TIME:
		return MEASURE_MOMENT;
	case FIELD_LIST:
		return MEASURE_ITEMS;
	default:
		return MEASURE_NOTHING;
	}
}

static long double
value_of_bound(const struct field *field, int64_t bound, double real)
{
	long double value = field->type == FIELD_FLOAT ? (long double)real : (long double)bound;

	if (field->type == FIELD_DATE)
		return value * DAY_US;
	for (unsigned i = 0; field->type == FIELD_DECIMAL && i < field->scale; i++)
		value /= 10;
	return value;
}

static long double
min_of(const struct field *field)
{
	return value_of_bound(field, field->min, field->real_min);
}

static long double
max_of(const struct field *field)
{
	return value_of_bound(field, field->max, field->real_max);
}

bool
is_stricter(const struct field *old, const struct field *new)
{
	bool comparable = measure_of(old) == measure_of(new);

	if (new->has_min && (!comparable || !old->has_min || min_of(new) > min_of(old)))
		return true;
	if (new->has_max && (!comparable || !old->has_max || max_of(new) < max_of(old)))
		return true;
	if (new->type != FIELD_ENUM)
		return false;
	for (size_t i = 0; i < old->values_count; i++)
		if (!field_has_value(new, old->values[i]))
			return true;
	return old->type != FIELD_ENUM;
}
