/* Create, change, delete: one body, in the order that records.h promises. */
#include <assert.h>

#include "crypto/hash.h"
#include "records/records.h"
#include "records/row.h"

static enum err create_all(struct tx *tx, struct record_write *write);
static enum err create_one(struct tx *tx, struct record_write *write, struct record_input *input,
    const struct value **ret);
static enum err change(struct tx *tx, struct record_write *write);
static enum err delete_record(struct tx *tx, struct record_write *write);

enum err
record_write(struct tx *tx, void *arg)
{
	struct record_write *write = arg;

	write->errors = (struct field_errors){ 0 };
	write->detail = (struct str){ 0 };
	write->version = tx->number;
	write->readable = true;
	if (write->op == RECORD_CREATE)
		return create_all(tx, write);
	return write->op == RECORD_CHANGE ? change(tx, write) : delete_record(tx, write);
}

/* --- what all of them ask -------------------------------------------- */

static enum err
ask_rule(struct tx *tx, struct record_write *write, enum access access, const struct value *record,
    const struct value *new_record, bool *ret)
{
	const struct rule *rule = write->rules->access[write->collection->index][access];
	struct row_hops hops = { tx };
	struct rule_rows rows = { record, new_record, row_hop, &hops };

	return rule_evaluate(rule, &write->identity->caller, &rows, ret);
}

/* A write refused to nobody is 401, to somebody 403. */
static enum err
refused(const struct record_write *write)
{
	return write->identity->caller.signed_in ? ERR_FORBIDDEN : ERR_UNAUTHENTICATED;
}

static enum err
must_be_allowed(struct tx *tx, struct record_write *write, enum access access,
    const struct value *record, const struct value *new_record)
{
	bool allowed = false;
	enum err err = ask_rule(tx, write, access, record, new_record, &allowed);

	return err != OK ? err : allowed ? OK : refused(write);
}

/* May the caller read what it wrote? */
static enum err
note_readable(struct tx *tx, struct record_write *write, const struct value *row)
{
	bool readable = false;
	enum err err = ask_rule(tx, write, ACCESS_READ, row, NULL, &readable);

	write->readable = write->readable && readable;
	return err;
}

static struct str
field_pointer(struct record_write *write, struct str record_pointer, struct str name)
{
	struct buf text;
	struct str pointer;

	buf_init(&text, 256);
	buf_add_str(&text, record_pointer);
	buf_add_byte(&text, '/');
	buf_add_str(&text, name);
	pointer = arena_str(write->arena, buf_str(&text));
	buf_release(&text);
	return pointer;
}

/*
 * A reference leads to a record that exists and that the caller may read; what
 * it may not read is as if it were absent.  The caller's own id, written by a
 * default, need only exist.
 */
static enum err
target_exists(struct tx *tx, struct record_write *write, const struct field *column,
    const struct value *id, bool must_be_readable, bool *ret)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "SELECT 1 FROM %n t WHERE t.\"id\" = %v", column->to->name, *id);
	if (must_be_readable) {
		sql_add(&sql, " AND ");
		rule_to_sql(write->rules, write->rules->access[column->to->index][ACCESS_READ],
		    &write->identity->caller, &sql);
	}
	err = tx_query(tx, &sql, &rows);
	*ret = err == OK && tx_next(&rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/* Check the references of ${row} that are new in it. */
static enum err
check_references(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct value *row, const struct value *old_row)
{
	enum err err = OK;

	for (unsigned i = COLUMN_FIELDS; i < write->collection->columns_count && err == OK; i++) {
		const struct field *column = &write->collection->columns[i];
		bool exists;

		if (column->type != FIELD_REF || row[i].kind == VALUE_NULL ||
		    (old_row != NULL && value_equal(&row[i], &old_row[i])))
			continue;
		if (column->to == write->collection && value_equal(&row[i], &row[COLUMN_ID]))
			continue; /* itself */
		err = target_exists(tx, write, column, &row[i], input->kinds[i] != INPUT_ABSENT, &exists);
		if (err == OK && !exists)
			field_error_add(&write->errors, write->arena,
			    field_pointer(write, input->pointer, column->name), "reference",
			    "%.*s must be the id of a record of %.*s", STR_ARGS(column->name),
			    STR_ARGS(column->to->name));
	}
	return err == OK && write->errors.count > 0 ? ERR_INVALID : err;
}

/* A statement met a constraint: say which field, where the engine tells. */
static enum err
explain_conflict(struct tx *tx, struct record_write *write, struct str record_pointer)
{
	const struct tx_problem *problem = &tx->problem;

	if (problem->kind == TX_UNIQUE) {
		struct str name = str_from(problem->column);

		field_error_add(&write->errors, write->arena,
		    field_pointer(write, record_pointer, name), "unique",
		    "another record has this %s already", problem->column);
		write->detail = STR("A unique value is taken.");
	} else if (problem->kind == TX_REFERENCE) {
		write->detail = STR("Other records refer to this one.");
	}
	return ERR_CONFLICT;
}

static enum err
run(struct tx *tx, struct record_write *write, const struct sql_text *sql, struct str record_pointer)
{
	enum err err = tx_exec(tx, sql, NULL);

	return err == ERR_CONFLICT ? explain_conflict(tx, write, record_pointer) : err;
}

/* --- create ---------------------------------------------------------- */

/* The caller's id in the kind of ${column}; NULL where there is none or it cannot be one. */
static struct value
caller_id(const struct record_write *write, const struct field *column)
{
	struct str id = write->identity->caller.id;
	struct value value = value_null();

	if (id.data == NULL)
		return value;
	if (column->type == FIELD_TEXT)
		return value_text(id);
	return record_id_parse(column->to, id, &value) ? value : value_null();
}

static struct value
default_value(struct tx *tx, const struct record_write *write, const struct field *column)
{
	switch (column->default_kind) {
	case DEFAULT_LITERAL:
		return column->default_value;
	case DEFAULT_NOW:
		return value_time(tx->now_us);
	case DEFAULT_AUTH_ID:
		return caller_id(write, column);
	case DEFAULT_NONE:
		break;
	}
	return value_null();
}

static void
set_server_columns(struct tx *tx, const struct record_input *input, struct value *row,
    const struct collection *collection)
{
	struct uuid uuid;

	row[COLUMN_CREATED] = row[COLUMN_UPDATED] = value_time(tx->now_us);
	if (input->kinds[COLUMN_ID] != INPUT_ABSENT)
		row[COLUMN_ID] = input->values[COLUMN_ID];
	else if (collection->id_type == FIELD_ID) {
		uuid_new(tx->now_us, uuid.bytes);
		row[COLUMN_ID] = value_uuid(uuid);
	}
}

/* The whole record as it would stand; a required field that its default leaves null is refused. */
static enum err
complete_row(struct tx *tx, struct record_write *write, const struct record_input *input, struct value *row)
{
	const struct collection *collection = write->collection;

	set_server_columns(tx, input, row, collection);
	for (unsigned i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *column = &collection->columns[i];

		row[i] = input->kinds[i] != INPUT_ABSENT ? input->values[i] :
							   default_value(tx, write, column);
		if (!column->required || row[i].kind != VALUE_NULL)
			continue;
		/* Only `auth.id` can be absent here: a guest should sign in. */
		if (!write->identity->caller.signed_in)
			return ERR_UNAUTHENTICATED;
		field_error_add(&write->errors, write->arena,
		    field_pointer(write, input->pointer, column->name), "required",
		    "%.*s is the caller's id, and this caller has none", STR_ARGS(column->name));
	}
	return write->errors.count > 0 ? ERR_INVALID : OK;
}

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
insert(struct tx *tx, struct record_write *write, const struct record_input *input, struct value *row)
{
	const struct collection *collection = write->collection;
	bool given_id = row[COLUMN_ID].kind != VALUE_NULL;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "INSERT INTO %n (\"_version\"", collection->name);
	for (unsigned i = given_id ? COLUMN_ID : COLUMN_CREATED; i < collection->columns_count; i++)
		sql_addf(&sql, ", %n", collection->columns[i].name);
	sql_addf(&sql, ") VALUES (%v", value_int(tx->number));
	for (unsigned i = given_id ? COLUMN_ID : COLUMN_CREATED; i < collection->columns_count; i++)
		sql_addf(&sql, ", %v", row[i]);
	sql_add(&sql, ")");
	if (given_id) {
		err = run(tx, write, &sql, input->pointer);
		if (err == OK && collection->id_type == FIELD_INT && !tx->is_dry_run &&
		    tx->type->dialect == SQL_POSTGRES)
			err = count_on_from(tx, collection, &row[COLUMN_ID]);
	} else {
		sql_add(&sql, " RETURNING \"id\"");
		err = tx_query(tx, &sql, &rows);
		if (err == OK && tx_next(&rows))
			row[COLUMN_ID] = tx_value(&rows, 0, VALUE_INT);
		err = tx_close(&rows, err);
		if (err == ERR_CONFLICT)
			err = explain_conflict(tx, write, input->pointer);
	}
	sql_release(&sql);
	return err;
}

static enum err
create_one(struct tx *tx, struct record_write *write, struct record_input *input, const struct value **ret)
{
	struct value *row = arena_array(write->arena, write->collection->columns_count, sizeof(*row));
	enum err err = row == NULL ? ERR_TOO_LARGE : complete_row(tx, write, input, row);

	if (err == OK)
		err = check_references(tx, write, input, row, NULL);
	if (err == OK)
		err = must_be_allowed(tx, write, ACCESS_CREATE, NULL, row);
	if (err == OK)
		err = insert(tx, write, input, row);
	if (err == OK)
		err = note_readable(tx, write, row);
	*ret = row;
	return err;
}

static enum err
create_all(struct tx *tx, struct record_write *write)
{
	enum err err = OK;

	write->rows = arena_array(write->arena, write->inputs_count, sizeof(struct value *));
	if (write->rows == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < write->inputs_count && err == OK; i++)
		err = create_one(tx, write, &write->inputs[i], &write->rows[i]);
	return err;
}

/* --- change and delete ----------------------------------------------- */

static bool
condition_holds(const struct record_condition *condition, int64_t version)
{
	return condition->hold == NULL || condition->hold(condition->arg, version);
}

/* The record as it stands, where the caller may know of it and its condition holds. */
static enum err
find_record(struct tx *tx, struct record_write *write, const struct value **ret)
{
	bool readable = false;
	int64_t version = 0;
	enum err err = row_read(tx, write->arena, write->collection, &write->id, ret, &version);

	if (err == OK && *ret == NULL)
		return ERR_NOT_FOUND;
	if (err == OK)
		err = ask_rule(tx, write, ACCESS_READ, *ret, NULL, &readable);
	if (err == OK && !readable)
		return ERR_NOT_FOUND;
	write->version = version;
	if (err == OK && !condition_holds(&write->condition, version)) {
		write->detail = STR("The record is not in the state that If-Match or If-None-Match asks for; read it again.");
		return ERR_PRECONDITION_FAILED;
	}
	return err;
}

static enum err
increment(struct record_write *write, const struct field *column, const struct value *by, struct value *value)
{
	const struct record_input *input = &write->inputs[0];
	int64_t from = value->kind == VALUE_NULL ? 0 : value->integer, sum;
	bool overflow = __builtin_add_overflow(from, by->integer, &sum);
	const char *code = NULL;

	if (overflow)
		code = by->integer > 0 ? "too_large" : "too_small";
	else if (column->has_max && sum > column->max)
		code = "too_large";
	else if (column->has_min && sum < column->min)
		code = "too_small";
	if (code != NULL) {
		field_error_add(&write->errors, write->arena,
		    field_pointer(write, input->pointer, column->name), code,
		    "%.*s would leave its range", STR_ARGS(column->name));
		return ERR_INVALID;
	}
	*value = value_int(sum);
	return OK;
}

/* The record with the input merged into it. */
static enum err
merge(struct tx *tx, struct record_write *write, const struct value *old_row, struct value *row,
    bool *ret_changed)
{
	const struct record_input *input = &write->inputs[0];
	enum err err = OK, first_err = OK;
	bool changed = false;

	for (unsigned i = 0; i < write->collection->columns_count; i++) {
		row[i] = old_row[i];
		if (input->kinds[i] == INPUT_VALUE)
			row[i] = input->values[i];
		else if (input->kinds[i] == INPUT_INC)
			err = increment(write, &write->collection->columns[i], &input->values[i], &row[i]);
		if (first_err == OK)
			first_err = err;
		changed = changed || !value_equal(&row[i], &old_row[i]);
	}
	if (changed)
		row[COLUMN_UPDATED] = value_time(tx->now_us);
	*ret_changed = changed;
	return first_err;
}

static enum err
update(struct tx *tx, struct record_write *write, const struct value *old_row, const struct value *row)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "UPDATE %n SET \"_version\" = %v", write->collection->name, value_int(tx->number));
	for (unsigned i = COLUMN_UPDATED; i < write->collection->columns_count; i++)
		if (!value_equal(&row[i], &old_row[i]))
			sql_addf(&sql, ", %n = %v", write->collection->columns[i].name, row[i]);
	sql_addf(&sql, " WHERE \"id\" = %v", write->id);
	err = run(tx, write, &sql, write->inputs[0].pointer);
	sql_release(&sql);
	write->version = tx->number;
	return err;
}

static enum err
change(struct tx *tx, struct record_write *write)
{
	const struct value *old_row;
	struct value *row = arena_array(write->arena, write->collection->columns_count, sizeof(*row));
	bool changed = false;
	enum err err = find_record(tx, write, &old_row);

	write->rows = arena_array(write->arena, 1, sizeof(struct value *));
	if (row == NULL || write->rows == NULL)
		return ERR_TOO_LARGE;
	if (err == OK)
		err = merge(tx, write, old_row, row, &changed);
	if (err == OK)
		err = check_references(tx, write, &write->inputs[0], row, old_row);
	if (err == OK)
		err = must_be_allowed(tx, write, ACCESS_UPDATE, old_row, row);
	if (err == OK && changed) /* else it is a no-op, and gets no number */
		err = update(tx, write, old_row, row);
	if (err == OK)
		err = note_readable(tx, write, row);
	write->rows[0] = row;
	return err;
}

static enum err
delete_record(struct tx *tx, struct record_write *write)
{
	const struct value *old_row;
	struct sql_text sql;
	enum err err = find_record(tx, write, &old_row);

	if (err == OK)
		err = must_be_allowed(tx, write, ACCESS_DELETE, old_row, NULL);
	if (err != OK)
		return err;
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "DELETE FROM %n WHERE \"id\" = %v", write->collection->name, write->id);
	err = run(tx, write, &sql, STR("#"));
	sql_release(&sql);
	write->version = tx->number;
	return err;
}

bool
record_write_reads_others(const struct rules *rules, const struct collection *collection, enum record_op op)
{
	static const enum access asked[] = { ACCESS_CREATE, ACCESS_UPDATE, ACCESS_DELETE };
	const struct rule *const *access = rules->access[collection->index];

	return !rule_is_local(access[asked[op]]) || !rule_is_local(access[ACCESS_READ]);
}
