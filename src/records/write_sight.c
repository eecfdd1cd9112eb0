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
