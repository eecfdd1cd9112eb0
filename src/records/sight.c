#include "records/sight.h"

#include <assert.h>
#include <string.h>

#include "sql/catalogue.h"

/* --- what is seen ---------------------------------------------------- */

static const struct rule *
read_rule(const struct rules *rules, const struct collection *collection)
{
	return rules->access[collection->index][ACCESS_READ];
}

/* May the caller read every target of ${field}?  Nobody looks at targets one by one then. */
static bool
is_sifted(const struct rules *rules, const struct rule_caller *caller, const struct field *field)
{
	bool answer;

	return field->type == FIELD_REFS &&
	       !(rule_is_decided(read_rule(rules, field->to), caller, &answer) && answer);
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

static void
add_member(struct sight *sight, const struct field *field)
{
	enum field_sight shown =
	    rules_field_sight(sight->rules, sight->collection, field, sight->caller);
	struct sight_member *member = &sight->members[sight->members_count];

	if (shown == FIELD_HIDDEN)
		return;
	sight->members_count++;
	member->field = field;
	member->is_sifted = is_sifted(sight->rules, sight->caller, field);
	if (shown == FIELD_BY_ROW)
		member->rule = sight->rules->fields_read[sight->collection->index][field->column];
	sight->asks_rows |= member->rule != NULL || member->is_sifted;
	sight->asks_others |=
	    member->is_sifted || (member->rule != NULL && !rule_is_local(member->rule));
}

bool
sight_init(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller, size_t more, struct sight *ret)
{
	*ret = (struct sight){ .rules = rules, .collection = collection, .caller = caller };
	ret->members = arena_array(arena, collection->columns_count + more, sizeof(*ret->members));
	if (ret->members == NULL)
		return false;
	for (size_t i = 0; i < collection->columns_count; i++)
		add_member(ret, &collection->columns[i]);
	ret->is_plain = ret->members_count == collection->columns_count && !ret->asks_rows;
	return true;
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
	struct rule_rows rows = { .record = values };
	bool shown = true;
	enum err err;

	memcpy(ret, values, sight->collection->columns_count * sizeof(*ret));
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct sight_member *member = &sight->members[i];

		if (member->rule == NULL)
			continue;
		err = rule_evaluate(member->rule, sight->caller, &rows, &shown);
		assert(err == OK); /* only hops fail */
		(void)err;
		if (!shown)
			ret[member->field->column] = value_null();
	}
}

static enum err
take_masked(const struct sight *sight, struct tx_rows *rows, struct arena *arena, struct value *ret)
{
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct field *field = sight->members[i].field;

		ret[field->column] = tx_column(rows, (int)i, field);
		if (!value_keep(arena, &ret[field->column]))
			return ERR_TOO_LARGE;
	}
	return OK;
}

enum err
sight_mask_stored(const struct sight *sight, struct tx *tx, struct arena *arena,
    const struct value *values, struct value *ret)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	memcpy(ret, values, sight->collection->columns_count * sizeof(*ret));
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	(void)sight_add_columns(&sql, sight);
	sql_addf(&sql, " FROM %n t WHERE t.\"id\" = %v", sight->collection->name,
	    values[COLUMN_ID]);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		err = take_masked(sight, &rows, arena, ret);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/* --- for live queries ------------------------------------------------ */

bool
sight_reads(const struct sight *sight, const struct collection *collection)
{
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct sight_member *member = &sight->members[i];

		if (member->rule != NULL && rule_reads(sight->rules, member->rule, collection))
			return true;
		if (member->is_sifted &&
		    (member->field->to == collection ||
			rule_reads(sight->rules, read_rule(sight->rules, member->field->to),
			    collection)))
			return true;
	}
	return false;
}
