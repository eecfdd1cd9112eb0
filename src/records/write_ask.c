/* What every write asks: may the caller do this, and may it refer to that? */
#include "records/row.h"
#include "records/write_internal.h"

struct rule_caller
write_caller(struct tx *tx, const struct record_write *write)
{
	struct rule_caller caller = write->identity->caller;

	caller.now_us = tx->now_us;
	return caller;
}

enum err
write_ask_rule(struct tx *tx, struct record_write *write, const struct rule *rule,
    const struct value *record, const struct value *new_record, bool *ret)
{
	struct row_hops hops = { tx };
	struct rule_caller caller = write_caller(tx, write);
	const struct rule_rows rows = row_hops_of(&hops, record, new_record);

	return rule_evaluate(rule, &caller, &rows, ret);
}

static const struct rule *
access_rule(const struct record_write *write, enum access access)
{
	return write->rules->access[write->collection->index][access];
}

enum err
write_must_be_allowed(struct tx *tx, struct record_write *write, enum access access,
    const struct value *record, const struct value *new_record)
{
	bool allowed = false;
	enum err err = write_ask_rule(tx, write, access_rule(write, access), record, new_record, &allowed);

	if (err != OK || allowed)
		return err;
	/* A write refused to nobody is 401, to somebody 403. */
	return write->identity->caller.signed_in ? ERR_FORBIDDEN : ERR_UNAUTHENTICATED;
}

enum err
write_note_readable(struct tx *tx, struct record_write *write, const struct value *row)
{
	bool readable = false;
	enum err err = write_ask_rule(tx, write, access_rule(write, ACCESS_READ), row, NULL, &readable);

	write->readable = write->readable && readable;
	return err;
}

struct str
write_pointer(struct record_write *write, const struct record_input *input, const struct field *column)
{
	struct buf text;
	struct str pointer;

	buf_init(&text, 256);
	buf_add_str(&text, input->pointer);
	buf_add_byte(&text, '/');
	buf_add_str(&text, column->name);
	pointer = arena_str(write->arena, buf_str(&text));
	buf_release(&text);
	return pointer;
}

/* --- references ------------------------------------------------------ */

/*
 * A reference leads to a record that exists and that the caller may read; what
 * it may not read is as if it were absent.  The caller's own id, written by a
 * default, need only exist.
 */
static enum err
target_exists(struct tx *tx, struct record_write *write, const struct field *column,
    const struct value *id, bool must_be_readable, bool *ret)
{
	struct rule_caller caller = write_caller(tx, write);
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "SELECT 1 FROM %n t WHERE t.\"id\" = %v", column->to->name, *id);
	if (must_be_readable) {
		sql_add(&sql, " AND ");
		rule_to_sql(write->rules, rules_read(write->rules, column->to),
		    &caller, &sql);
	}
	err = tx_query(tx, &sql, &rows);
	*ret = err == OK && tx_next(&rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

bool
write_is_of_array(const struct record_write *write, const struct record_input *input, const struct field *column,
    const struct value *id)
{
	if (column->to != write->collection)
		return false;
	for (const struct record_input *at = write->inputs; at < input; at++)
		if (at->kinds != NULL && at->kinds[COLUMN_ID] == INPUT_VALUE &&
		    value_equal(&at->values[COLUMN_ID], id))
			return true;
	return false;
}

static enum err
check_reference(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct field *column, const struct value *id)
{
	bool exists;
	enum err err = target_exists(tx, write, column, id, input->kinds[column->column] != INPUT_ABSENT, &exists);

	if (err == OK && !exists && !(write->errors.count > 0 && write_is_of_array(write, input, column, id)))
		field_error_add(&write->errors, write->arena, write_pointer(write, input, column), "reference",
		    "%.*s must be the id of a record of %.*s", STR_ARGS(column->name),
		    STR_ARGS(column->to->name));
	return err;
}

enum err
write_check_references(struct tx *tx, struct record_write *write, const struct record_input *input,
    struct value *row, const struct value *old_row)
{
	enum err err = OK;

	for (unsigned i = COLUMN_FIELDS; i < write->collection->columns_count && err == OK; i++) {
		const struct field *column = &write->collection->columns[i];

		if (column->type == FIELD_REFS)
			err = write_check_refs(tx, write, input, column, row, old_row);
		if (column->type != FIELD_REF || row[i].kind == VALUE_NULL ||
		    (old_row != NULL && value_equal(&row[i], &old_row[i]) && !write_is_blind(write, i)))
			continue;
		if (column->to == write->collection && value_equal(&row[i], &row[COLUMN_ID]))
			continue; /* itself */
		err = check_reference(tx, write, input, column, &row[i]);
	}
	return err == OK && write->errors.count > 0 ? ERR_INVALID : err;
}
