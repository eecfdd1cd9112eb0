#include <stdio.h>

#include "app/names.h"
#include "records/list_internal.h"

/*
 * An index has the order where its columns are the keys, all in their
 * directions or all in the opposite ones.  A column that the rule or the
 * filter fixes to one value may stand anywhere in either, for it orders
 * nothing.
 */

enum { NAME_SIZE = INDEX_NAME_SIZE + 32 };

/* An index, whoever declared it. */
struct candidate {
	const struct field *fields[APP_INDEX_COLUMNS_MAX + 1];
	bool descending[APP_INDEX_COLUMNS_MAX + 1];
	size_t count;
	bool is_unique; /* no two rows have the same fields, and none a null */
	/* Whose it is, for its name. */
	const struct field *field; /* index: true, a ref */
	const struct field *unique; /* unique: true */
	const struct app_index *declared; /* indexes:, or none of them: the primary key */
};

struct search {
	struct arena *arena;
	struct list_query *query;
	bool failed;
};

static bool
is_fixed(const struct list_query *query, const struct field *field)
{
	const struct rule_caller *caller = &query->identity->caller;

	return (query->filter != NULL && rule_fixes(query->filter, caller, field)) ||
	       rule_fixes(rules_read(query->rules, query->collection), caller, field);
}

static bool
is_narrow(const struct list_query *query)
{
	const struct rule_caller *caller = &query->identity->caller;

	return (query->filter != NULL && rule_is_narrow(query->filter, caller)) ||
	       rule_is_narrow(rules_read(query->rules, query->collection), caller);
}

/* An index on an enum is in the order of its texts, and one on a reference knows nothing behind it. */
static bool
is_plain(const struct list_key *key)
{
	return key->hop == NULL && key->rule == NULL && key->field->type != FIELD_ENUM;
}

static size_t
skip_fixed_keys(const struct list_query *query, size_t key)
{
	while (key < query->keys_count && query->keys[key].is_fixed)
		key++;
	return key;
}

/* Has ${candidate} the order?  Its columns up to the last key are then *ret, as they are walked. */
static bool
serves(const struct list_query *query, const struct candidate *candidate, struct list_index *ret)
{
	size_t key = skip_fixed_keys(query, 0), behind = 0, matched = 0, fixed = 0;
	bool is_reversed = false;

	for (size_t i = 0; i < candidate->count && key < query->keys_count; i++) {
		const struct field *field = candidate->fields[i];
		bool reverse = candidate->descending[i] != query->keys[key].descending;

		ret->steps[i] = (struct list_step){ field, candidate->descending[i], is_fixed(query, field), behind };
		ret->steps_count = i + 1;
		if (ret->steps[i].is_fixed) {
			fixed++;
			continue;
		}
		if (!is_plain(&query->keys[key]) || query->keys[key].field != field ||
		    (matched > 0 && reverse != is_reversed))
			return false;
		is_reversed = reverse;
		matched++;
		behind = key + 1;
		key = skip_fixed_keys(query, key + 1);
	}
	for (size_t i = 0; i < ret->steps_count; i++)
		ret->steps[i].descending ^= is_reversed;
	return key == query->keys_count || (candidate->is_unique && matched + fixed == candidate->count);
}

static size_t
fixed_steps(const struct list_index *index)
{
	size_t count = 0;

	for (size_t i = 0; i < index->steps_count; i++)
		count += index->steps[i].is_fixed;
	return count;
}

static struct str
name_of(const struct collection *collection, const struct candidate *candidate, char *ret)
{
	if (candidate->field != NULL)
		return field_index_name(collection, candidate->field, ret);
	if (candidate->unique != NULL)
		return unique_name(collection, candidate->unique, ret);
	if (candidate->declared != NULL)
		return index_name(collection, candidate->declared, ret);
	if (collection->id_type == FIELD_INT)
		return STR("");
	/* What SQLite calls the index of a primary key. */
	snprintf(ret, NAME_SIZE, "sqlite_autoindex_%.*s_1", STR_ARGS(collection->name));
	return str_from(ret);
}

/* Of several, the one with most fixed columns reads the fewest rows. */
static void
consider(struct search *search, const struct candidate *candidate)
{
	struct list_index index = { .serves = true };
	struct list_index *best = &search->query->index;
	char name[NAME_SIZE];

	if (!serves(search->query, candidate, &index) ||
	    (best->serves && fixed_steps(&index) <= fixed_steps(best)))
		return;
	*best = index;
	best->name = arena_str(search->arena, name_of(search->query->collection, candidate, name));
	search->failed |= best->name.data == NULL;
}

static void
consider_id(struct search *search)
{
	const struct collection *collection = search->query->collection;

	consider(search,
	    &(struct candidate){ .fields = { &collection->columns[COLUMN_ID] }, .count = 1 });
}

static void
consider_field(struct search *search, const struct field *field)
{
	const struct field *id = &search->query->collection->columns[COLUMN_ID];

	if (field->fold)
		return; /* its indexes hold the folded form, which is another order */
	if (field_has_index(field))
		consider(search,
		    &(struct candidate){ .fields = { field, id }, .count = 2, .field = field });
	if (field->unique)
		consider(search, &(struct candidate){
				     .fields = { field },
				     .count = 1,
				     .is_unique = field->required,
				     .unique = field,
				 });
}

/* Behind its last field a declared index has the id, in the same direction; a unique one does not. */
static void
consider_declared(struct search *search, const struct app_index *index)
{
	struct candidate candidate = { .count = index->fields_count, .declared = index, .is_unique = index->unique };
	bool has_id = false;

	for (size_t i = 0; i < index->fields_count; i++) {
		candidate.fields[i] = index->fields[i];
		candidate.descending[i] = index->descending[i];
		has_id |= index->fields[i]->column == COLUMN_ID;
	}
	if (index->unique) {
		for (size_t i = 0; i < index->fields_count; i++) {
			if (index->fields[i]->fold)
				return;
			candidate.is_unique = candidate.is_unique && index->fields[i]->required;
		}
	} else if (!has_id) {
		candidate.fields[candidate.count] = &search->query->collection->columns[COLUMN_ID];
		candidate.descending[candidate.count] = index->descending[index->fields_count - 1];
		candidate.count++;
	}
	consider(search, &candidate);
}

bool
list_find_index(struct arena *arena, struct list_query *query)
{
	const struct collection *collection = query->collection;
	struct search search = { .arena = arena, .query = query };

	for (size_t i = 0; i < query->keys_count; i++)
		query->keys[i].is_fixed =
		    query->keys[i].hop == NULL && query->keys[i].rule == NULL &&
		    is_fixed(query, query->keys[i].field);
	consider_id(&search);
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++)
		consider_field(&search, &collection->columns[i]);
	for (size_t i = 0; i < collection->indexes_count; i++)
		consider_declared(&search, &collection->indexes[i]);
	query->index.is_pinned = query->index.serves && !is_narrow(query);
	return !search.failed;
}
