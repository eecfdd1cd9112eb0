/* What the database refused, in the caller's words. */
#include <string.h>

#include "records/write_internal.h"

enum { WORDS_SIZE_MAX = 1024 };

/* --- a unique value ---------------------------------------------------- */

/* Those of ${fields} that the caller may know of. */
static size_t
keep_shown(const struct record_write *write, const struct field *const *fields, size_t count,
    const struct field **ret)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (sight_shows(write->sight, fields[i]))
			ret[kept++] = fields[i];
	return kept;
}

static void
note_taken(struct record_write *write, const struct record_input *input,
    const struct field *const *fields, size_t count)
{
	struct buf names;

	if (count == 0) {
		field_error_add(&write->errors, write->arena, input->pointer, "unique",
		    "another record has what has to be this one's alone");
		return;
	}
	buf_init(&names, WORDS_SIZE_MAX);
	for (size_t i = 0; i < count; i++)
		buf_addf(&names, "%s%.*s", i == 0 ? "" : i + 1 == count ? " and " : ", ",
		    STR_ARGS(fields[i]->name));
	field_error_add(&write->errors, write->arena, write_pointer(write, input, fields[0]), "unique",
	    "another record has this %.*s already", STR_ARGS(buf_str(&names)));
	buf_release(&names);
}

static void
explain_unique(struct tx *tx, struct record_write *write, const struct record_input *input)
{
	const struct app_index *several = tx->problem.several;
	const struct field *column = collection_column(write->collection, str_from(tx->problem.column));
	const struct field *shown[APP_INDEX_COLUMNS_MAX];
	size_t count = 0;

	if (several == NULL && column == NULL)
		return;
	if (several != NULL)
		count = keep_shown(write, several->fields, several->fields_count, shown);
	else
		count = keep_shown(write, &column, 1, shown);
	note_taken(write, input, shown, count);
	write->detail = count > 1 ? STR("Unique values are taken.") : STR("A unique value is taken.");
}

enum err
write_explain_conflict(struct tx *tx, struct record_write *write, const struct record_input *input)
{
	if (tx->problem.kind == TX_UNIQUE)
		explain_unique(tx, write, input);
	return ERR_CONFLICT;
}

/* --- a restricted delete ------------------------------------------------ */

/*
 * The way of a cascade, from the record that is deleted down to those that keep
 * it.  Of a longer one nobody is named.
 */
struct way {
	const struct back_reference *steps[6];
	size_t count;
};

/* Is there a record at the end of ${way} from the one with ${id}? */
static enum err
is_kept(struct tx *tx, const struct way *way, const struct value *id, bool *ret)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT 1");
	for (size_t i = way->count; i-- > 0;)
		sql_addf(&sql, i > 0 ? " FROM %n WHERE %n IN (SELECT \"id\"" : " FROM %n WHERE %n = ",
		    way->steps[i]->from->name, way->steps[i]->field->name);
	sql_addf(&sql, "%v", *id);
	for (size_t i = 1; i < way->count; i++)
		sql_add(&sql, ")");
	sql_add(&sql, " LIMIT 1");
	err = tx_query(tx, &sql, &rows);
	*ret = err == OK && tx_next(&rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/* *ret = the first collection with records that keep the one with ${id} from being deleted. */
static enum err
find_keeper(struct tx *tx, const struct collection *collection, const struct value *id, struct way *way,
    const struct collection **ret)
{
	enum err err = OK;
	bool kept;

	for (size_t i = 0; i < collection->backs_count && err == OK && *ret == NULL; i++) {
		const struct back_reference *back = &collection->backs[i];

		if (back->field->type != FIELD_REF || way->count == COUNT(way->steps))
			continue;
		way->steps[way->count++] = back;
		if (back->field->on_delete == ON_DELETE_CASCADE) {
			err = find_keeper(tx, back->from, id, way, ret);
		} else if (back->field->on_delete == ON_DELETE_RESTRICT) {
			err = is_kept(tx, way, id, &kept);
			if (err == OK && kept)
				*ret = back->from;
		}
		way->count--;
	}
	return err;
}

static bool
is_direct(const struct collection *collection, struct str from)
{
	for (size_t i = 0; i < collection->backs_count; i++)
		if (str_equal(collection->backs[i].from->name, from) &&
		    collection->backs[i].field->type == FIELD_REF &&
		    collection->backs[i].field->on_delete == ON_DELETE_RESTRICT)
			return true;
	return false;
}

static void
tell_keeper(struct record_write *write, struct str from)
{
	struct buf text;

	buf_init(&text, WORDS_SIZE_MAX);
	buf_addf(&text, "Records of %.*s refer to %s.", STR_ARGS(from),
	    is_direct(write->collection, from) ? "this one" : "what would go with this one");
	write->detail = arena_str(write->arena, buf_str(&text));
	buf_release(&text);
}

/* PostgreSQL has said who refers; of SQLite it is asked, whose transaction goes on behind a failed statement. */
enum err
write_explain_restriction(struct tx *tx, struct record_write *write, const struct value *old_row)
{
	char table[sizeof(tx->problem.table)];
	const struct collection *keeper = NULL;
	struct way way = { 0 };
	enum err err = OK;

	if (tx->problem.kind != TX_REFERENCE)
		return ERR_CONFLICT;
	memcpy(table, tx->problem.table, sizeof(table));
	if (table[0] == '\0')
		err = find_keeper(tx, write->collection, &old_row[COLUMN_ID], &way, &keeper);
	if (err != OK)
		return err;
	write->detail = STR("Other records refer to this one.");
	if (keeper != NULL)
		tell_keeper(write, keeper->name);
	else if (table[0] != '\0')
		tell_keeper(write, str_from(table));
	return ERR_CONFLICT;
}
