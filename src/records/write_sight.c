/* What a writer sees: of the record that it changes, of its answer, and which names it may say. */
#include "records/input_internal.h"
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

/* --- names ---------------------------------------------------------------- */

static bool
is_hidden(const struct rules *rules, const struct collection *collection, const struct rule_caller *caller,
    struct str name)
{
	const struct field *field = collection_column(collection, name);

	return field != NULL && rules_field_sight(rules, collection, field, caller) == FIELD_HIDDEN;
}

enum err
record_hide_members(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller, struct str pointer, struct json *body, struct field_errors *errors)
{
	struct json_member *members;
	uint32_t kept = 0;

	if (body->type != JSON_OBJECT || sight_is_plain(rules, collection, caller))
		return OK;
	members = arena_array(arena, (size_t)body->count + 1, sizeof(*members));
	if (members == NULL)
		return ERR_TOO_LARGE;
	for (uint32_t i = 0; i < body->count; i++) {
		struct str name = body->members[i].name;

		if (is_hidden(rules, collection, caller, name))
			input_unknown(arena, collection, input_pointer(arena, pointer, name), name, errors);
		else
			members[kept++] = body->members[i];
	}
	body->members = members;
	body->count = kept;
	return OK;
}
