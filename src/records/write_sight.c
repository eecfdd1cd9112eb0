/* What a writer sees: of the record that it changes, and of its answer. */
#include "records/sight.h"
#include "records/write_internal.h"

enum err
write_make_sight(struct tx *tx, struct record_write *write)
{
	struct identity *identity = arena_new(write->arena, sizeof(*identity));
	struct sight *sight = arena_new(write->arena, sizeof(*sight));

	if (identity == NULL || sight == NULL)
		return ERR_TOO_LARGE;
	*identity = *write->identity;
	identity->caller.now_us = tx->now_us;
	write->sight = sight;
	return sight_init(write->arena, write->rules, write->collection, identity, 0, sight) ? OK : ERR_TOO_LARGE;
}

enum err
write_show(struct tx *tx, struct record_write *write, const struct value *row, const struct value **ret)
{
	struct value *seen;

	*ret = row;
	if (!write->sight->asks_rows)
		return OK;
	seen = arena_array(write->arena, write->collection->columns_count, sizeof(*seen));
	if (seen == NULL)
		return ERR_TOO_LARGE;
	*ret = seen;
	if (write->sight->asks_others)
		return sight_mask_stored(write->sight, tx, write->arena, row, seen);
	sight_mask(write->sight, row, seen);
	return OK;
}

/* --- the record before ------------------------------------------------------ */

enum err
write_note_blind(struct tx *tx, struct record_write *write, const struct value *old_row)
{
	const struct sight *sight = write->sight;
	bool *blind;
	enum err err = OK;

	if (!sight->asks_rows)
		return OK;
	blind = arena_array(write->arena, write->collection->columns_count, sizeof(*blind));
	if (blind == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < sight->members_count && err == OK; i++) {
		const struct sight_member *member = &sight->members[i];
		bool shown = true;

		if (member->rule != NULL)
			err = write_ask_rule(tx, write, member->rule, old_row, NULL, &shown);
		if (!shown)
			blind[member->field->column] = true;
	}
	write->blind = blind;
	return err;
}

bool
write_is_blind(const struct record_write *write, unsigned column)
{
	return write->blind != NULL && write->blind[column] && write->inputs[0].kinds[column] != INPUT_ABSENT;
}
