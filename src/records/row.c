#include "records/row.h"

#include "app/names.h"
#include "codec/fold.h"
#include "sql/catalogue.h"

static enum err
copy_row(struct tx_rows *rows, struct arena *arena, const struct collection *collection,
    const struct value **ret)
{
	struct value *values = arena_array(arena, collection->columns_count, sizeof(*values));

	if (values == NULL)
		return ERR_TOO_LARGE;
	for (unsigned i = 0; i < collection->columns_count; i++) {
		values[i] = tx_column(rows, (int)i, &collection->columns[i]);
		if (!value_keep(arena, &values[i]))
			return ERR_TOO_LARGE;
	}
	*ret = values;
	return OK;
}

void
row_add_key(struct sql_text *sql, struct arena *arena, const struct record_key *key)
{
	char fold[INDEX_NAME_SIZE];
	struct value folded = key->value;

	if (!key->field->fold) {
		sql_addf(sql, "t.%n = %v", key->field->name, key->value);
		return;
	}
	folded.text = fold_text(arena, key->value.text);
	if (folded.text.data == NULL)
		folded = value_null(); /* no memory: it equals nothing */
	sql_addf(sql, "t.%n = %v", fold_name(key->field, fold), folded);
}

enum err
row_find(struct tx *tx, struct arena *arena, const struct collection *collection, const struct record_key *key,
    const struct value **ret, int64_t *ret_version)
{
	struct tx_rows rows;
	struct sql_text sql;
	enum err err;

	*ret = NULL;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, collection);
	sql_addf(&sql, ", t.\"_version\" FROM %n t WHERE ", collection->name);
	row_add_key(&sql, arena, key);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		err = copy_row(&rows, arena, collection, ret);
		if (ret_version != NULL)
			*ret_version = tx_value(&rows, (int)collection->columns_count, VALUE_INT).integer;
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

enum err
row_read(struct tx *tx, struct arena *arena, const struct collection *collection, const struct value *id,
    const struct value **ret, int64_t *ret_version)
{
	struct record_key key = { &collection->columns[COLUMN_ID], *id };

	return row_find(tx, arena, collection, &key, ret, ret_version);
}

/* --- what rules lead to ------------------------------------------------- */

static enum err
hop(void *arg, const struct collection *collection, const struct value *id, const struct value **ret)
{
	struct tx *tx = ((struct row_hops *)arg)->tx;

	return row_read(tx, tx->arena, collection, id, ret, NULL);
}

/* " FROM … WHERE …": the rows t that refer to ${id}. */
static void
add_referring(struct sql_text *sql, const struct back_reference *back, const struct value *id)
{
	char link[INDEX_NAME_SIZE];

	sql_addf(sql, " FROM %n t WHERE ", back->from->name);
	if (back->field->type == FIELD_REF)
		sql_addf(sql, "t.%n = %v", back->field->name, *id);
	else
		sql_addf(sql, "t.\"id\" IN (SELECT l.\"source\" FROM %n l WHERE l.\"target\" = %v)",
		    link_name(back->from, back->field, link), *id);
}

static enum err
count(void *arg, const struct back_reference *back, const struct value *id, int64_t *ret)
{
	struct tx *tx = ((struct row_hops *)arg)->tx;
	struct tx_rows rows;
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT count(*)");
	add_referring(&sql, back, id);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		*ret = tx_value(&rows, 0, VALUE_INT).integer;
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/*
 * A statement reads a few rows and ends before they are visited: what is asked
 * of each may need statements of its own.
 */
enum { WALK_ROWS = 64, WALK_SIZE_MAX = 256 << 20 };

struct walk {
	struct tx *tx;
	const struct back_reference *back;
	const struct value *id;
	struct arena arena; /* of the rows at hand */
	const struct value *rows[WALK_ROWS];
	size_t rows_count;
	struct value last; /* id that was visited, or null */
};

static enum err
read_some(struct walk *walk)
{
	const struct collection *collection = walk->back->from;
	struct tx_rows rows;
	struct sql_text sql;
	enum err err;

	walk->rows_count = 0;
	sql_init(&sql, walk->tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, collection);
	add_referring(&sql, walk->back, walk->id);
	if (walk->last.kind != VALUE_NULL)
		sql_addf(&sql, " AND t.\"id\" > %v", walk->last);
	sql_addf(&sql, " ORDER BY t.\"id\" LIMIT %d", WALK_ROWS);
	err = tx_query(walk->tx, &sql, &rows);
	while (err == OK && tx_next(&rows))
		err = copy_row(&rows, &walk->arena, collection, &walk->rows[walk->rows_count++]);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static enum err
walk(void *arg, const struct back_reference *back, const struct value *id,
    bool (*visit)(void *visit_arg, const struct value *row), void *visit_arg)
{
	struct walk state = { .tx = ((struct row_hops *)arg)->tx, .back = back, .id = id };
	bool goes_on = true;
	enum err err = OK;

	arena_init(&state.arena, WALK_SIZE_MAX);
	while (err == OK && goes_on) {
		err = read_some(&state);
		for (size_t i = 0; err == OK && goes_on && i < state.rows_count; i++)
			goes_on = visit(visit_arg, state.rows[i]);
		if (state.rows_count < WALK_ROWS)
			break;
		state.last = state.rows[WALK_ROWS - 1][COLUMN_ID];
		arena_reset(&state.arena);
	}
	arena_release(&state.arena);
	return err;
}

struct rule_rows
row_hops_of(struct row_hops *hops, const struct value *record, const struct value *new_record)
{
	return (struct rule_rows){
		.record = record,
		.new_record = new_record,
		.hop = hop,
		.walk = walk,
		.count = count,
		.arg = hops,
	};
}
