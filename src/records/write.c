/* Create, change, put, delete: one body, in the order that records.h promises. */
#include "records/row.h"
#include "records/write_internal.h"

static enum err create_all(struct tx *tx, struct record_write *write);
static enum err change(struct tx *tx, struct record_write *write);
static enum err put(struct tx *tx, struct record_write *write);
static enum err delete_record(struct tx *tx, struct record_write *write);

enum err
record_write(struct tx *tx, void *arg)
{
	static enum err (*const writes[])(struct tx *tx, struct record_write *write) = {
		[RECORD_CREATE] = create_all,
		[RECORD_CHANGE] = change,
		[RECORD_PUT] = put,
		[RECORD_DELETE] = delete_record,
	};
	struct record_write *write = arg;
	enum err err;

	write->errors = (struct field_errors){ 0 };
	write->detail = (struct str){ 0 };
	write->version = tx->number;
	write->blind = NULL;
	write->readable = true;
	write->created = write->op == RECORD_CREATE;
	err = write_make_sight(tx, write);
	return err == OK ? writes[write->op](tx, write) : err;
}

static struct value *
new_row(const struct record_write *write)
{
	return arena_array(write->arena, write->collection->columns_count, sizeof(struct value));
}

static bool
make_rows(struct record_write *write)
{
	write->rows = arena_array(write->arena, write->inputs_count, sizeof(struct value *));
	return write->rows != NULL;
}

/* --- create ------------------------------------------------------------ */

static enum err
create_one(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct value **ret)
{
	struct value *row = new_row(write);
	enum err err = row == NULL ? ERR_TOO_LARGE : write_complete_row(tx, write, input, NULL, row);

	if (err == OK)
		err = write_check_references(tx, write, input, row, NULL);
	if (err == OK)
		err = write_must_be_allowed(tx, write, ACCESS_CREATE, NULL, row);
	if (err == OK)
		err = write_insert(tx, write, input, row);
	if (err == OK)
		err = write_note_readable(tx, write, row);
	return err == OK ? write_show(tx, write, row, ret) : err;
}

/* Once one is invalid, the others are looked at only for what is wrong with them as well. */
static enum err
create_all(struct tx *tx, struct record_write *write)
{
	enum err err = make_rows(write) ? OK : ERR_TOO_LARGE;

	for (size_t i = 0; i < write->inputs_count && (err == OK || err == ERR_INVALID); i++) {
		enum err one_err = create_one(tx, write, &write->inputs[i], &write->rows[i]);

		if (one_err != OK && !(err == ERR_INVALID && one_err == ERR_UNAUTHENTICATED))
			err = one_err;
	}
	return err;
}

/* --- a record that is there -------------------------------------------- */

/*
 * May the caller know that this record has this key?  Not where it may not
 * read the record, or sees null in its place.
 */
static enum err
may_be_found(struct tx *tx, struct record_write *write, const struct value *row, bool *ret)
{
	unsigned index = write->collection->index;
	const struct rule *rules[] = { write->rules->access[index][ACCESS_READ],
		write->rules->fields_read[index][write->key.field->column] };
	enum err err = OK;

	*ret = true;
	for (size_t i = 0; i < COUNT(rules) && err == OK && *ret; i++)
		if (rules[i] != NULL)
			err = write_ask_rule(tx, write, rules[i], row, NULL, ret);
	return err;
}

static enum err
check_condition(struct record_write *write, int64_t version)
{
	const struct record_condition *condition = &write->condition;

	if (condition->hold == NULL || condition->hold(condition->arg, version))
		return OK;
	write->detail = version == RECORD_NOTHING ?
			    STR("There is no record for If-Match to hold for.") :
			    STR("The record is not in the state that If-Match or If-None-Match asks for; read it again.");
	return ERR_PRECONDITION_FAILED;
}

/* *ret = the record that has the key; *ret_known = it is there, and the caller may know of it. */
static enum err
look_up(struct tx *tx, struct record_write *write, const struct value **ret, bool *ret_known)
{
	enum err err = row_find(tx, write->arena, write->collection, &write->key, ret, &write->version);

	*ret_known = false;
	return err == OK && *ret != NULL ? may_be_found(tx, write, *ret, ret_known) : err;
}

/* The record as it stands, where the caller may know of it and its condition holds. */
static enum err
find_record(struct tx *tx, struct record_write *write, const struct value **ret)
{
	bool known;
	enum err err = look_up(tx, write, ret, &known);

	if (err == OK && !known)
		err = ERR_NOT_FOUND;
	return err == OK ? check_condition(write, write->version) : err;
}

/* The rest of a change and of a put: ${row} in the place of ${old_row}. */
static enum err
replace(struct tx *tx, struct record_write *write, const struct value *old_row, struct value *row)
{
	enum err err = write_check_references(tx, write, &write->inputs[0], row, old_row);
	bool changed = err == OK && write_note_change(tx, write, old_row, row);

	if (err == OK)
		err = write_must_be_allowed(tx, write, ACCESS_UPDATE, old_row, row);
	if (err == OK && changed) /* else it is a no-op, and gets no number */
		err = write_update(tx, write, old_row, row);
	if (err == OK)
		err = write_note_readable(tx, write, row);
	return err == OK ? write_show(tx, write, row, &write->rows[0]) : err;
}

static enum err
change(struct tx *tx, struct record_write *write)
{
	const struct value *old_row;
	struct value *row = new_row(write);
	enum err err = row != NULL && make_rows(write) ? OK : ERR_TOO_LARGE;

	if (err == OK)
		err = find_record(tx, write, &old_row);
	if (err == OK)
		err = write_note_blind(tx, write, old_row);
	if (err == OK && write->patch != NULL)
		err = write_read_patch(tx, write, old_row);
	if (err == OK) {
		write_merge_row(write, &write->inputs[0], old_row, row);
		err = replace(tx, write, old_row, row);
	}
	if (write->patch != NULL)
		write_point_at_operations(write);
	return err;
}

static enum err
delete_record(struct tx *tx, struct record_write *write)
{
	const struct value *old_row;
	enum err err = find_record(tx, write, &old_row);

	if (err == OK)
		err = write_must_be_allowed(tx, write, ACCESS_DELETE, old_row, NULL);
	return err == OK ? write_delete(tx, write, old_row) : err;
}

/* --- put ---------------------------------------------------------------- */

/* The record that a unique value names has an id already. */
static void
check_id(struct record_write *write, const struct value *old_row)
{
	const struct record_input *input = &write->inputs[0];

	if (input->kinds[COLUMN_ID] != INPUT_ABSENT &&
	    !value_equal(&input->values[COLUMN_ID], &old_row[COLUMN_ID]))
		field_error_add(&write->errors, write->arena,
		    write_pointer(write, input, &write->collection->columns[COLUMN_ID]), "readonly",
		    "id is not that of the record with this %.*s", STR_ARGS(write->key.field->name));
}

static enum err
put_over(struct tx *tx, struct record_write *write, const struct value *old_row)
{
	struct value *row = new_row(write);
	enum err err = row == NULL ? ERR_TOO_LARGE : check_condition(write, write->version);

	if (err != OK)
		return err;
	check_id(write, old_row);
	err = write_note_blind(tx, write, old_row);
	if (err == OK)
		err = write_complete_row(tx, write, &write->inputs[0], old_row, row);
	return err == OK ? replace(tx, write, old_row, row) : err;
}

static bool
is_key_taken(const struct tx *tx, const struct record_write *write)
{
	return tx->problem.kind == TX_UNIQUE && tx->problem.several == NULL &&
	       str_is(write->key.field->name, tx->problem.column);
}

static enum err
put_new(struct tx *tx, struct record_write *write, bool is_hidden)
{
	enum err err = check_condition(write, RECORD_NOTHING);

	write->created = true;
	if (err == OK)
		err = create_one(tx, write, &write->inputs[0], &write->rows[0]);
	/* Somebody else has put it since our snapshot: the next one shows it. */
	if (err == ERR_CONFLICT && !is_hidden && is_key_taken(tx, write))
		tx->run_again = true;
	return err;
}

static enum err
put(struct tx *tx, struct record_write *write)
{
	const struct value *old_row;
	bool known;
	enum err err = make_rows(write) ? OK : ERR_TOO_LARGE;

	if (err == OK)
		err = look_up(tx, write, &old_row, &known);
	if (err != OK)
		return err;
	return known ? put_over(tx, write, old_row) : put_new(tx, write, old_row != NULL);
}

/* --- about a write ------------------------------------------------------ */

/* The references of what was sent, in ${row}; the rest of it is not made. */
static enum err
check_input(struct tx *tx, struct record_write *write, const struct record_input *input, struct value *row)
{
	enum err err;

	for (unsigned i = 0; i < write->collection->columns_count; i++)
		row[i] = input->kinds[i] == INPUT_VALUE ? input->values[i] : value_null();
	err = write_check_references(tx, write, input, row, NULL);
	return err == ERR_INVALID ? OK : err;
}

enum err
record_check(struct tx *tx, void *arg)
{
	struct record_write *write = arg;
	struct field_errors given = write->errors;
	struct value *row = new_row(write);
	enum err err = row == NULL ? ERR_TOO_LARGE : OK;

	for (size_t i = 0; i < write->inputs_count && err == OK; i++)
		if (write->inputs[i].kinds != NULL)
			err = check_input(tx, write, &write->inputs[i], row);
	if (err == OK)
		return ERR_INVALID;
	/* It may run again. */
	write->errors = given;
	write->errors.last->next = NULL;
	return err;
}

bool
record_write_reads_others(const struct rules *rules, const struct collection *collection, enum record_op op)
{
	static const enum access asked[][2] = {
		[RECORD_CREATE] = { ACCESS_CREATE, ACCESS_CREATE },
		[RECORD_CHANGE] = { ACCESS_UPDATE, ACCESS_UPDATE },
		[RECORD_PUT] = { ACCESS_CREATE, ACCESS_UPDATE },
		[RECORD_DELETE] = { ACCESS_DELETE, ACCESS_DELETE },
	};
	const struct rule *const *access = rules->access[collection->index];
	const struct rule *const *fields = rules->fields_read[collection->index];

	/* What the caller does not see in the record, it cannot change as it likes. */
	for (size_t i = 0; i < collection->columns_count; i++)
		if (fields[i] != NULL && !rule_is_local(fields[i]))
			return true;
	return !rule_is_local(access[asked[op][0]]) || !rule_is_local(access[asked[op][1]]) ||
	       !rule_is_local(access[ACCESS_READ]);
}
