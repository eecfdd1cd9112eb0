/* A query as SQL. */
#include "records/list_internal.h"

/* "t."votes"", or behind a reference "k0."k"". */
void
list_add_key_column(struct sql_text *sql, const struct list_query *query, size_t key)
{
	const struct list_key *shown = &query->keys[key];

	if (shown->hop == NULL)
		sight_add_column(sql, query->rules, &query->identity->caller, shown->field, shown->rule);
	else
		sql_addf(sql, "k%d.\"k\"", (unsigned)key);
}

/* What rows are ordered by; of an enum the place of its value. */
void
list_add_key(struct sql_text *sql, const struct list_query *query, size_t key)
{
	const struct field *field = query->keys[key].field;

	if (field->type != FIELD_ENUM) {
		list_add_key_column(sql, query, key);
		return;
	}
	sql_add(sql, "CASE ");
	list_add_key_column(sql, query, key);
	for (size_t i = 0; i < field->values_count; i++)
		sql_addf(sql, " WHEN %v THEN %d", value_text(field->values[i]), (unsigned)i);
	sql_add(sql, " END");
}

/* The cursor's value as add_key() has it. */
static struct value
key_value(const struct list_query *query, size_t key)
{
	const struct field *field = query->keys[key].field;
	size_t place = 0;

	if (field->type != FIELD_ENUM)
		return query->after[key];
	while (!str_equal(field->values[place], query->after[key].text))
		place++;
	return value_int((int64_t)place);
}

/*
 * The target's row as the caller may read it, so that a hidden one is null.
 * Inside, the target is "t", as rules are written; the list's own t is not in sight.
 */
static void
add_join(struct sql_text *sql, const struct list_query *query, size_t at)
{
	const struct list_key *key = &query->keys[at];
	const struct collection *target = key->hop->to;

	sql_add(sql, " LEFT JOIN (SELECT t.\"id\" AS \"i\", ");
	sight_add_column(sql, query->rules, &query->identity->caller, key->field, key->rule);
	sql_addf(sql, " AS \"k\" FROM %n AS t WHERE ", target->name);
	rule_to_sql(query->rules, rules_read(query->rules, target),
	    &query->identity->caller, sql);
	sql_addf(sql, ") AS k%d ON k%d.\"i\" = ", (unsigned)at, (unsigned)at);
	sight_add_column(sql, query->rules, &query->identity->caller, key->hop, key->hop_rule);
}

void
list_add_table(struct sql_text *sql, const struct list_query *query)
{
	const struct list_index *index = &query->index;

	sql_addf(sql, " %n AS t", query->collection->name);
	if (index->is_pinned && sql->dialect == SQL_SQLITE) {
		if (index->name.size > 0)
			sql_addf(sql, " INDEXED BY %n", index->name);
		else
			sql_add(sql, " NOT INDEXED");
	}
	for (size_t i = 0; i < query->keys_count; i++)
		if (query->keys[i].hop != NULL)
			add_join(sql, query, i);
}

/* The keys before ${count} are the cursor's. */
static void
add_equal(struct sql_text *sql, const struct list_query *query, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		list_add_key_column(sql, query, i);
		if (query->after[i].kind == VALUE_NULL)
			sql_add(sql, " IS NULL AND ");
		else
			sql_addf(sql, " = %v AND ", query->after[i]);
	}
}

/* (a, b) > (?, ?) */
static void
add_beyond(struct sql_text *sql, const struct list_query *query, size_t from, size_t to)
{
	bool is_row = to - from > 1;

	sql_add(sql, is_row ? "(" : "");
	for (size_t i = from; i < to; i++) {
		sql_add(sql, i == from ? "" : ", ");
		list_add_key(sql, query, i);
	}
	sql_add(sql, is_row ? ")" : "");
	sql_add(sql, query->keys[from].descending ? " < " : " > ");
	sql_add(sql, is_row ? "(" : "");
	for (size_t i = from; i < to; i++)
		sql_addf(sql, i == from ? "%v" : ", %v", key_value(query, i));
	sql_add(sql, is_row ? ")" : "");
}

static void
add_range(struct sql_text *sql, const struct list_query *query, const struct list_range *range)
{
	add_equal(sql, query, range->equal);
	if (range->kind == RANGE_BEYOND) {
		add_beyond(sql, query, range->equal, range->end);
		return;
	}
	list_add_key_column(sql, query, range->equal);
	sql_add(sql, range->kind == RANGE_NULL ? " IS NULL" : " IS NOT NULL");
}

void
list_add_condition(struct sql_text *sql, const struct list_query *query)
{
	rule_to_sql(query->rules, rules_read(query->rules, query->collection),
	    &query->identity->caller, sql);
	if (query->filter == NULL)
		return;
	sql_add(sql, " AND ");
	rule_to_sql(query->rules, query->filter, &query->identity->caller, sql);
}

/*
 * Where it is known to have one value, SQLite does not look for a column in the order, nor then for
 * the columns behind it in the index: so the condition may say it of none that stands behind a key
 * that the range leaves open.
 */
void
list_add_page_condition(struct sql_text *sql, const struct list_query *query, const struct list_range *range)
{
	const struct field *unsought[COUNT(query->index.steps)];
	size_t equal = range == NULL ? 0 : range->equal;

	for (size_t i = 0; query->index.is_pinned && sql->dialect == SQL_SQLITE && i < query->index.steps_count; i++)
		if (query->index.steps[i].is_fixed && query->index.steps[i].behind > equal)
			unsought[sql->unsought_count++] = query->index.steps[i].field;
	sql->unsought = unsought;
	list_add_condition(sql, query);
	sql->unsought = NULL;
	sql->unsought_count = 0;
}

void
list_add_ranges(struct sql_text *sql, const struct list_query *query,
    const struct list_range *ranges, size_t count)
{
	if (count == 0)
		return;
	sql_add(sql, count == 1 ? " AND " : " AND ((");
	for (size_t i = 0; i < count; i++) {
		sql_add(sql, i == 0 ? "" : ") OR (");
		add_range(sql, query, &ranges[i]);
	}
	sql_add(sql, count == 1 ? "" : "))");
}

/* As the indexes of sql/catalogue.c have it: PostgreSQL's own habit is NULLs last. */
const char *
list_direction(const struct sql_text *sql, const struct list_key *key)
{
	if (sql->dialect == SQL_SQLITE || !key->nullable)
		return key->descending ? " DESC" : "";
	return key->descending ? " DESC NULLS LAST" : " NULLS FIRST";
}

/*
 * SQLite takes an order for that of an index where each of the index's columns is named, or has one
 * value and only such columns before it.
 */
static void
add_index_order(struct sql_text *sql, const struct list_index *index)
{
	for (size_t i = 0; i < index->steps_count; i++) {
		sql_addf(sql, i == 0 ? "t.%n" : ", t.%n", index->steps[i].field->name);
		sql_add(sql, index->steps[i].descending ? " DESC" : "");
	}
}

/* Without keys of one value: an engine does not see that a CASE is one. */
static void
add_keys_order(struct sql_text *sql, const struct list_query *query)
{
	size_t last = query->keys_count - 1;

	for (size_t i = 0; i < last; i++) {
		if (query->keys[i].is_fixed)
			continue;
		list_add_key(sql, query, i);
		sql_add(sql, list_direction(sql, &query->keys[i]));
		sql_add(sql, ", ");
	}
	list_add_key(sql, query, last);
	sql_add(sql, list_direction(sql, &query->keys[last]));
}

void
list_add_order(struct sql_text *sql, const struct list_query *query)
{
	sql_add(sql, " ORDER BY ");
	if (sql->dialect == SQL_SQLITE && query->index.steps_count > 0)
		add_index_order(sql, &query->index);
	else
		add_keys_order(sql, query);
}
