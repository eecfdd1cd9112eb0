#include "records/sight.h"

#include <string.h>

#include "records/list.h"

/* --- what is seen ---------------------------------------------------- */

/* May the caller read every target of ${field}?  Nobody looks at targets one by one then. */
static bool
is_sifted(const struct rules *rules, const struct rule_caller *caller, const struct field *field)
{
	bool answer;

	return field->type == FIELD_REFS &&
	       !(rule_is_decided(rules_read(rules, field->to), caller, &answer) && answer);
}

bool
sight_is_plain(const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller)
{
	const struct rule *const *fields = rules->fields_read[collection->index];

	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (fields[i] != NULL &&
		    rules_field_sight(rules, collection, field, caller) != FIELD_SHOWN)
			return false;
		if (is_sifted(rules, caller, field))
			return false;
	}
	return true;
}

/* The ids that the caller may read, of ${field}. */
static const struct expand *
sifting(struct arena *arena, const struct rules *rules, const struct identity *identity,
    const struct field *field)
{
	struct list_query *query = arena_new(arena, sizeof(*query));
	struct expand *expand = arena_new(arena, sizeof(*expand));
	bool answer;

	if (query == NULL || expand == NULL)
		return NULL;
	query->rules = rules;
	query->collection = field->to;
	query->identity = identity;
	query->is_empty =
	    rule_is_decided(rules_read(rules, field->to), &identity->caller, &answer) && !answer;
	query->sight = (struct sight){
		.rules = rules, .collection = field->to, .caller = &identity->caller
	};
	*expand = (struct expand){
		.json_name = field->json_name, .field = field, .query = query, .is_ids = true
	};
	return expand;
}

static bool
add_member(struct arena *arena, struct sight *sight, const struct identity *identity,
    const struct field *field)
{
	enum field_sight shown =
	    rules_field_sight(sight->rules, sight->collection, field, sight->caller);
	struct sight_member *member = &sight->members[sight->members_count];

	if (shown == FIELD_HIDDEN)
		return true;
	sight->members_count++;
	member->field = field;
	if (shown == FIELD_BY_ROW)
		member->rule = sight->rules->fields_read[sight->collection->index][field->column];
	if (is_sifted(sight->rules, sight->caller, field)) {
		member->expand = sifting(arena, sight->rules, identity, field);
		if (member->expand == NULL)
			return false;
	}
	return true;
}

void
sight_note(struct sight *sight)
{
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct sight_member *member = &sight->members[i];

		sight->has_expands |= member->expand != NULL;
		sight->asks_rows |= member->rule != NULL || member->expand != NULL;
		sight->asks_others |= member->expand != NULL ||
				      (member->rule != NULL && !rule_is_local(member->rule));
	}
}

bool
sight_init(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct identity *identity, size_t more, struct sight *ret)
{
	*ret = (struct sight){
		.rules = rules, .collection = collection, .caller = &identity->caller
	};
	ret->members = arena_array(arena, collection->columns_count + more, sizeof(*ret->members));
	if (ret->members == NULL)
		return false;
	for (size_t i = 0; i < collection->columns_count; i++)
		if (!add_member(arena, ret, identity, &collection->columns[i]))
			return false;
	sight_note(ret);
	ret->is_plain = ret->members_count == collection->columns_count && !ret->asks_rows;
	return true;
}

bool
sight_shows(const struct sight *sight, const struct field *field)
{
	for (size_t i = 0; i < sight->members_count; i++)
		if (sight->members[i].field == field)
			return true;
	return false;
}

const struct field *
sight_find(const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller, struct str name)
{
	const struct field *field = collection_column(collection, name);

	if (field == NULL || rules_field_sight(rules, collection, field, caller) == FIELD_HIDDEN)
		return NULL;
	return field;
}

const struct rule *
sight_row_rule(const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller, const struct field *field)
{
	if (rules_field_sight(rules, collection, field, caller) != FIELD_BY_ROW)
		return NULL;
	return rules->fields_read[collection->index][field->column];
}

/* --- as SQL ---------------------------------------------------------- */

void
sight_add_column(struct sql_text *sql, const struct rules *rules, const struct rule_caller *caller,
    const struct field *field, const struct rule *rule)
{
	if (rule == NULL) {
		sql_addf(sql, "t.%n", field->name);
		return;
	}
	sql_add(sql, "CASE WHEN ");
	rule_to_sql(rules, rule, caller, sql);
	sql_addf(sql, " THEN t.%n END", field->name);
}

int
sight_add_columns(struct sql_text *sql, const struct sight *sight)
{
	int count = 0;

	for (size_t i = 0; i < sight->members_count; i++) {
		const struct sight_member *member = &sight->members[i];

		if (member->field == NULL)
			continue;
		sql_add(sql, count++ == 0 ? "" : ", ");
		sight_add_column(sql, sight->rules, sight->caller, member->field, member->rule);
	}
	return count;
}

/* --- as JSON --------------------------------------------------------- */

void
sight_row_to_json(struct json_writer *writer, const struct sight *sight, struct tx_rows *rows)
{
	json_begin_object(writer);
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct field *field = sight->members[i].field;
		struct value value = tx_column(rows, (int)i, field);

		json_name_raw(writer, field->json_name);
		json_value(writer, &value);
	}
	json_end_object(writer);
}

void
sight_to_json(struct json_writer *writer, const struct sight *sight, const struct value *values)
{
	json_begin_object(writer);
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct field *field = sight->members[i].field;

		json_name_raw(writer, field->json_name);
		json_value(writer, &values[field->column]);
	}
	json_end_object(writer);
}

/* --- in memory ------------------------------------------------------- */

void
sight_mask(const struct sight *sight, const struct value *values, struct value *ret)
{
	memcpy(ret, values, sight->collection->columns_count * sizeof(*ret));
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct sight_member *member = &sight->members[i];

		if (!rule_holds(member->rule, sight->caller, values))
			ret[member->field->column] = value_null();
	}
}

/* --- for live queries ------------------------------------------------ */

void
sight_add_key(struct sql_text *sql, const struct sight *sight)
{
	(void)sight_add_columns(sql, sight);
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct expand *expand = sight->members[i].expand;

		if (expand == NULL)
			continue;
		sql_add(sql, ", ");
		rule_to_sql(sight->rules, rules_read(sight->rules, expand->query->collection),
		    sight->caller, sql);
	}
}

bool
sight_reads(const struct sight *sight, const struct collection *collection)
{
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct sight_member *member = &sight->members[i];
		const struct collection *to = member->expand == NULL ? NULL : member->expand->query->collection;

		if (member->rule != NULL && rule_reads(sight->rules, member->rule, collection))
			return true;
		if (to != NULL && (to == collection || rule_reads(sight->rules, rules_read(sight->rules, to), collection)))
			return true;
	}
	return false;
}
