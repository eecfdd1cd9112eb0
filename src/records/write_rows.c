/* The statements of a write, and what they run into. */
#include "records/write_internal.h"

/* A statement met a constraint: say which field, where the engine tells. */
static enum err
explain_conflict(struct tx *tx, struct record_write *write, const struct record_input *input)
{
	const struct tx_problem *problem = &tx->problem;
	const struct field *column = collection_column(write->collection, str_from(problem->column));

	if (problem->kind == TX_UNIQUE && column != NULL && input != NULL) {
		field_error_add(&write->errors, write->arena, write_pointer(write, input, column), "unique",
		    "another record has this %s already", problem->column);
		write->detail = STR("A unique value is taken.");
	} else if (problem->kind == TX_REFERENCE) {
		write->detail = STR("Other records refer to this one.");
	}
	return ERR_CONFLICT;
}

static enum err
run(struct tx *tx, struct record_write *write, const struct sql_text *sql, const struct record_input *input)
{
	enum err err = tx_exec(tx, sql, NULL);

	return err == ERR_CONFLICT ? explain_conflict(tx, write, input) : err;
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
	return err == ERR_CONFLICT ? explain_conflict(tx, write, input) : err;
}

enum err
write_insert(struct tx *tx, struct record_write *write, const struct record_input *input, struct value *row)
{
	const struct collection *collection = write->collection;
	bool given_id = row[COLUMN_ID].kind != VALUE_NULL;
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "INSERT INTO %n (\"_version\"", collection->name);
	for (unsigned i = given_id ? COLUMN_ID : COLUMN_CREATED; i < collection->columns_count; i++)
		sql_addf(&sql, ", %n", collection->columns[i].name);
	sql_addf(&sql, ") VALUES (%v", value_int(tx->number));
	for (unsigned i = given_id ? COLUMN_ID : COLUMN_CREATED; i < collection->columns_count; i++)
		sql_addf(&sql, ", %v", row[i]);
	sql_add(&sql, ")");
	if (given_id)
		err = insert_with_id(tx, write, &sql, input, &row[COLUMN_ID]);
	else
		err = insert_and_count(tx, write, &sql, input, &row[COLUMN_ID]);
	sql_release(&sql);
	write->version = tx->number;
	return err;
}

/* --- update and delete ------------------------------------------------- */

enum err
write_update(struct tx *tx, struct record_write *write, const struct value *old_row, const struct value *row)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "UPDATE %n SET \"_version\" = %v", write->collection->name, value_int(tx->number));
	for (unsigned i = COLUMN_UPDATED; i < write->collection->columns_count; i++)
		if (!value_equal(&row[i], &old_row[i]))
			sql_addf(&sql, ", %n = %v", write->collection->columns[i].name, row[i]);
	sql_addf(&sql, " WHERE \"id\" = %v", old_row[COLUMN_ID]);
	err = run(tx, write, &sql, &write->inputs[0]);
	sql_release(&sql);
	write->version = tx->number;
	return err;
}

enum err
write_delete(struct tx *tx, struct record_write *write, const struct value *old_row)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "DELETE FROM %n WHERE \"id\" = %v", write->collection->name, old_row[COLUMN_ID]);
	err = run(tx, write, &sql, NULL);
	sql_release(&sql);
	write->version = tx->number;
	return err;
}
