/* The row as it will stand: what a client sent, defaults, operators. */
#include "crypto/hash.h"
#include "records/operators.h"
#include "records/write_internal.h"

/* --- a whole row ------------------------------------------------------ */

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
now(const struct tx *tx, const struct field *column)
{
	static const int64_t day_us = INT64_C(86400) * 1000000;

	return column->type == FIELD_DATE ? value_date(tx->now_us / day_us) : value_time(tx->now_us);
}

static struct value
default_value(struct tx *tx, const struct record_write *write, const struct field *column)
{
	switch (column->default_kind) {
	case DEFAULT_LITERAL:
		return column->default_value;
	case DEFAULT_NOW:
		return now(tx, column);
	case DEFAULT_AUTH_ID:
		return caller_id(write, column);
	case DEFAULT_NONE:
		break;
	}
	return column->type == FIELD_REFS ? value_json(STR("[]")) : value_null();
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

/*
 * A required field that is left null.  Of one that the caller sees only a default of `auth.id` does
 * so, and a guest should sign in; one that it does not see it cannot give, so nothing is its to create.
 */
static enum err
refuse_absent(struct record_write *write, const struct record_input *input, const struct field *column)
{
	if (!write->identity->caller.signed_in) {
		write->detail = STR("A record needs its caller's id here, and without a key there is none.");
		return ERR_UNAUTHENTICATED;
	}
	if (write->sight != NULL && !sight_shows(write->sight, column)) {
		write->detail = STR("A record needs a field here that is not this caller's to give.");
		return ERR_FORBIDDEN;
	}
	field_error_add(&write->errors, write->arena, write_pointer(write, input, column), "required",
	    "%.*s is the caller's id, and this caller has none", STR_ARGS(column->name));
	return OK;
}

enum err
write_complete_row(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct value *old_row, struct value *row)
{
	const struct collection *collection = write->collection;
	enum err err = OK;

	if (old_row == NULL)
		set_server_columns(tx, input, row, collection);
	else
		for (unsigned i = 0; i < COLUMN_FIELDS; i++)
			row[i] = old_row[i];
	for (unsigned i = COLUMN_FIELDS; i < collection->columns_count && err == OK; i++) {
		const struct field *column = &collection->columns[i];

		if (input->kinds[i] != INPUT_ABSENT)
			row[i] = input->values[i];
		else if (old_row != NULL &&
			 (column->readonly || (write->blind != NULL && write->blind[i]) ||
			     (write->sight != NULL && !sight_shows(write->sight, column))))
			row[i] = old_row[i];
		else
			row[i] = default_value(tx, write, column);
		if (column->required && row[i].kind == VALUE_NULL)
			err = refuse_absent(write, input, column);
	}
	return err;
}

/* --- a change ---------------------------------------------------------- */

void
write_merge_row(struct record_write *write, const struct record_input *input, const struct value *old_row,
    struct value *row)
{
	for (unsigned i = 0; i < write->collection->columns_count; i++) {
		const struct field *column = &write->collection->columns[i];
		struct operator_fault fault;

		row[i] = old_row[i];
		if (input->kinds[i] <= INPUT_WRONG)
			continue;
		/* A merge tells nothing, and is how an object is set. */
		if (input->kinds[i] != INPUT_VALUE && input->kinds[i] != INPUT_MERGE && write_is_blind(write, i))
			fault = (struct operator_fault){ "type",
				"must be set as a whole, for this caller does not see what stands there" };
		else
			fault = operator_apply(write->arena, column, input->kinds[i], &input->values[i], &row[i]);
		if (fault.code != NULL)
			field_error_add(&write->errors, write->arena, write_pointer(write, input, column),
			    fault.code, "%.*s %s", STR_ARGS(column->name), fault.what);
	}
}

bool
write_note_change(struct tx *tx, const struct record_write *write, const struct value *old_row,
    struct value *row)
{
	for (unsigned i = 0; i < write->collection->columns_count; i++) {
		if (value_equal(&row[i], &old_row[i]) && !write_is_blind(write, i))
			continue;
		row[COLUMN_UPDATED] = value_time(tx->now_us);
		return true;
	}
	return false;
}
