/* The statements of a write, and what they run into. */
#include "app/names.h"
#include "codec/fold.h"
#include "records/links.h"
#include "records/write_internal.h"

static enum err
run(struct tx *tx, struct record_write *write, const struct sql_text *sql, const struct record_input *input)
{
	enum err err = tx_exec(tx, sql, NULL);

	return err == ERR_CONFLICT ? write_explain_conflict(tx, write, input) : err;
}

/* --- what stands beside the columns ------------------------------------ */

/* The folded form of ${value}, which the database compares instead; data NULL at the arena's limit. */
static bool
fold_value(struct tx *tx, const struct value *value, struct value *ret)
{
	*ret = *value;
	if (value->kind != VALUE_TEXT)
		return true;
	ret->text = fold_text(tx->arena, value->text);
	return ret->text.data != NULL;
}

/* The links of refs fields that ${old_row} (or NULL) has not, or has and ${row} has not. */
static enum err
write_links(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct value *old_row, const struct value *row)
{
	enum err err = OK;

	for (unsigned i = COLUMN_FIELDS; i < write->collection->columns_count && err == OK; i++) {
		const struct field *column = &write->collection->columns[i];

		if (column->type != FIELD_REFS || (old_row != NULL && value_equal(&row[i], &old_row[i])))
			continue;
		err = links_write(tx, write->collection, column, &row[COLUMN_ID],
		    old_row == NULL ? NULL : &old_row[i], &row[i]);
		if (err == ERR_INVALID)
			field_error_add(&write->errors, write->arena, write_pointer(write, input, column),
			    "reference", "%.*s must be ids of records of %.*s", STR_ARGS(column->name),
			    STR_ARGS(column->to->name));
	}
	return err;
}

/* --- insert ------------------------------------------------------------ */

/*
 * SQLite counts on from the largest id by itself; PostgreSQL's sequence has to
 * be told of an id that a client chose.  The lock keeps two of them from
 * setting it back.
 */
static enum err
count_on_from(struct tx *tx, const struct collection *collection, const struct value *id)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "SELECT pg_advisory_xact_lock(s.name::oid::bigint),"
	    " setval(s.name, GREATEST(%v::bigint, nextval(s.name)))"
	    " FROM (SELECT pg_get_serial_sequence('%n', 'id')::regclass AS name) s",
	    *id, collection->name);
	err = tx_query(tx, &sql, &rows);
	if (err == OK)
		(void)tx_next(&rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static enum err
insert_with_id(struct tx *tx, struct record_write *write, const struct sql_text *sql,
    const struct record_input *input, const struct value *id)
{
	enum err err = run(tx, write, sql, input);

	if (err == OK && write->collection->id_type == FIELD_INT && !tx->is_dry_run &&
	    tx->type->dialect == SQL_POSTGRES)
		err = count_on_from(tx, write->collection, id);
	return err;
}

static enum err
insert_and_count(struct tx *tx, struct record_write *write, struct sql_text *sql,
    const struct record_input *input, struct value *ret_id)
{
	struct tx_rows rows;
	enum err err;

	sql_add(sql, " RETURNING \"id\"");
	err = tx_query(tx, sql, &rows);
	if (err == OK && tx_next(&rows))
		*ret_id = tx_value(&rows, 0, VALUE_INT);
	err = tx_close(&rows, err);
	return err == ERR_CONFLICT ? write_explain_conflict(tx, write, input) : err;
}

/* INSERT of all columns, but for an id that the database gives. */
static enum err
add_insert(struct tx *tx, struct sql_text *sql, const struct collection *collection, const struct value *row)
{
	unsigned first = row[COLUMN_ID].kind != VALUE_NULL ? COLUMN_ID : COLUMN_CREATED;
	char name[INDEX_NAME_SIZE];
	struct value folded;

	sql_addf(sql, "INSERT INTO %n (\"_version\"", collection->name);
	for (unsigned i = first; i < collection->columns_count; i++)
		sql_addf(sql, ", %n", collection->columns[i].name);
	for (unsigned i = first; i < collection->columns_count; i++)
		if (collection->columns[i].fold)
			sql_addf(sql, ", %n", fold_name(&collection->columns[i], name));
	sql_addf(sql, ") VALUES (%v", value_int(tx->number));
	for (unsigned i = first; i < collection->columns_count; i++)
		sql_addf(sql, ", %v", row[i]);
	for (unsigned i = first; i < collection->columns_count; i++) {
		if (!collection->columns[i].fold)
			continue;
		if (!fold_value(tx, &row[i], &folded))
			return ERR_TOO_LARGE;
		sql_addf(sql, ", %v", folded);
	}
	sql_add(sql, ")");
	return OK;
}

enum err
write_insert(struct tx *tx, struct record_write *write, const struct record_input *input, struct value *row)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	err = add_insert(tx, &sql, write->collection, row);
	if (err == OK && row[COLUMN_ID].kind != VALUE_NULL)
		err = insert_with_id(tx, write, &sql, input, &row[COLUMN_ID]);
	else if (err == OK)
		err = insert_and_count(tx, write, &sql, input, &row[COLUMN_ID]);
	sql_release(&sql);
	write->version = tx->number;
	return err == OK ? write_links(tx, write, input, NULL, row) : err;
}

/* --- update and delete ------------------------------------------------- */

static enum err
add_update(struct tx *tx, struct sql_text *sql, const struct collection *collection,
    const struct value *old_row, const struct value *row)
{
	char name[INDEX_NAME_SIZE];
	struct value folded;

	sql_addf(sql, "UPDATE %n SET \"_version\" = %v", collection->name, value_int(tx->number));
	for (unsigned i = COLUMN_UPDATED; i < collection->columns_count; i++) {
		const struct field *column = &collection->columns[i];

		if (value_equal(&row[i], &old_row[i]))
			continue;
		sql_addf(sql, ", %n = %v", column->name, row[i]);
		if (column->fold && !fold_value(tx, &row[i], &folded))
			return ERR_TOO_LARGE;
		if (column->fold)
			sql_addf(sql, ", %n = %v", fold_name(column, name), folded);
	}
	sql_addf(sql, " WHERE \"id\" = %v", old_row[COLUMN_ID]);
	return OK;
}

enum err
write_update(struct tx *tx, struct record_write *write, const struct value *old_row, const struct value *row)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	err = add_update(tx, &sql, write->collection, old_row, row);
	if (err == OK)
		err = run(tx, write, &sql, &write->inputs[0]);
	sql_release(&sql);
	write->version = tx->number;
	return err == OK ? write_links(tx, write, &write->inputs[0], old_row, row) : err;
}

enum err
write_delete(struct tx *tx, struct record_write *write, const struct value *old_row)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "DELETE FROM %n WHERE \"id\" = %v", write->collection->name, old_row[COLUMN_ID]);
	err = tx_exec(tx, &sql, NULL);
	if (err == ERR_CONFLICT)
		err = write_explain_restriction(tx, write, old_row);
	sql_release(&sql);
	write->version = tx->number;
	return err;
}
