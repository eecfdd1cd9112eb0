/* May somebody?  The question of `caisson can`, asked as reads and writes ask it. */
#include "records/row.h"
#include "records/write_internal.h"

static enum err
explain(struct tx *tx, struct record_ask *ask, enum access access, const struct value *record,
    const struct value *new_record)
{
	static const enum rule_use uses[] = {
		[ACCESS_READ] = RULE_USE_READ,
		[ACCESS_CREATE] = RULE_USE_CREATE,
		[ACCESS_UPDATE] = RULE_USE_UPDATE,
		[ACCESS_DELETE] = RULE_USE_DELETE,
	};
	const struct rule_part **ret = &ask->rules_asked[ask->rules_asked_count].whole;
	struct row_hops hops = { tx };
	const struct rule_rows rows = row_hops_of(&hops, record, new_record);
	enum err err = rule_explain(ask->arena, ask->rules, ask->collection, uses[access],
	    ask->collection->access[access].text, &ask->identity->caller, &rows, ret);

	if (err != OK)
		return err;
	ask->rules_asked[ask->rules_asked_count++].access = access;
	ask->allowed = ask->allowed && (*ret)->gave;
	return OK;
}

/* The record as it would stand. */
static enum err
make_row(struct tx *tx, struct record_ask *ask, const struct value *old_row, struct value **ret)
{
	struct record_write write = {
		.op = old_row == NULL ? RECORD_CREATE : RECORD_CHANGE,
		.rules = ask->rules,
		.collection = ask->collection,
		.identity = ask->identity,
		.arena = ask->arena,
		.inputs = ask->input,
		.inputs_count = 1,
	};
	struct value *row = arena_array(ask->arena, ask->collection->columns_count, sizeof(*row));
	enum err err = OK;

	if (row == NULL)
		return ERR_TOO_LARGE;
	if (old_row == NULL)
		err = write_complete_row(tx, &write, ask->input, NULL, row);
	else
		write_merge_row(&write, ask->input, old_row, row);
	ask->errors = write.errors;
	*ret = row;
	return err == OK && write.errors.count > 0 ? ERR_INVALID : err;
}

static enum err
ask_create(struct tx *tx, struct record_ask *ask)
{
	struct value *row;
	enum err err = make_row(tx, ask, NULL, &row);

	return err == OK ? explain(tx, ask, ACCESS_CREATE, NULL, row) : err;
}

enum err
record_ask(struct tx *tx, void *arg)
{
	struct record_ask *ask = arg;
	const struct value *row, *new_row;
	struct value *changed;
	enum err err;

	ask->allowed = true;
	ask->rules_asked_count = 0;
	ask->errors = (struct field_errors){ 0 };
	if (ask->access == ACCESS_CREATE)
		return ask_create(tx, ask);
	err = row_read(tx, ask->arena, ask->collection, &ask->id, &row, NULL);
	if (err == OK && row == NULL)
		err = ERR_NOT_FOUND;
	if (err == OK)
		err = explain(tx, ask, ACCESS_READ, row, NULL);
	if (err != OK || ask->access == ACCESS_READ)
		return err;
	new_row = row;
	if (ask->access == ACCESS_UPDATE && ask->input != NULL) {
		err = make_row(tx, ask, row, &changed);
		new_row = changed;
	}
	return err == OK ? explain(tx, ask, ask->access, row, ask->access == ACCESS_UPDATE ? new_row : NULL) : err;
}
