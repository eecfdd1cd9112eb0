#include "records/list.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "records/list_internal.h"
#include "sql/catalogue.h"

/* A list being read. */
struct reading {
	struct tx *tx;
	const struct list_query *query;
	struct list_read *read;
	struct json_writer writer;
	struct sql_text sql;
	struct value last[LIST_KEYS_MAX + 1]; /* the keys of the page's last row */
	bool has_more;
};

enum store_weight
list_weight(const struct list_query *query)
{
	if (query->is_empty)
		return STORE_LIGHT;
	return query->index.serves && query->offset <= LIST_OFFSET_LIGHT_MAX ? STORE_LIGHT
									     : STORE_HEAVY;
}

/* --- the statement --------------------------------------------------- */

/* "t."votes"", or behind a reference "k0."k"". */
static void
add_column(struct sql_text *sql, const struct list_query *query, size_t key)
{
	if (query->keys[key].hop == NULL)
		sql_addf(sql, "t.%n", query->keys[key].field->name);
	else
		sql_addf(sql, "k%d.\"k\"", (unsigned)key);
}

/* What rows are ordered by; of an enum the place of its value. */
static void
add_key(struct sql_text *sql, const struct list_query *query, size_t key)
{
	const struct field *field = query->keys[key].field;

	if (field->type != FIELD_ENUM) {
		add_column(sql, query, key);
		return;
	}
	sql_add(sql, "CASE ");
	add_column(sql, query, key);
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

	sql_addf(sql, " LEFT JOIN (SELECT t.\"id\" AS \"i\", t.%n AS \"k\" FROM %n AS t WHERE ",
	    key->field->name, target->name);
	rule_to_sql(query->rules, query->rules->access[target->index][ACCESS_READ],
	    &query->identity->caller, sql);
	sql_addf(sql, ") AS k%d ON k%d.\"i\" = t.%n", (unsigned)at, (unsigned)at, key->hop->name);
}

static void
add_from(struct sql_text *sql, const struct list_query *query)
{
	const struct list_index *index = &query->index;

	sql_addf(sql, " FROM %n AS t", query->collection->name);
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
		add_column(sql, query, i);
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
		add_key(sql, query, i);
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
	add_column(sql, query, range->equal);
	sql_add(sql, range->kind == RANGE_NULL ? " IS NULL" : " IS NOT NULL");
}

/* Any of ${ranges}; all rows where there are none. */
static void
add_where(struct sql_text *sql, const struct list_query *query, const struct list_range *ranges,
    size_t count)
{
	sql_add(sql, " WHERE ");
	rule_to_sql(query->rules, query->rules->access[query->collection->index][ACCESS_READ],
	    &query->identity->caller, sql);
	if (query->filter != NULL) {
		sql_add(sql, " AND ");
		rule_to_sql(query->rules, query->filter, &query->identity->caller, sql);
	}
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
static const char *
direction(const struct sql_text *sql, const struct list_key *key)
{
	if (sql->dialect == SQL_SQLITE || !key->nullable)
		return key->descending ? " DESC" : "";
	return key->descending ? " DESC NULLS LAST" : " NULLS FIRST";
}

/* Without keys of one value: an engine does not see that a CASE is one. */
static void
add_order(struct sql_text *sql, const struct list_query *query)
{
	size_t last = query->keys_count - 1;

	sql_add(sql, " ORDER BY ");
	for (size_t i = 0; i < last; i++) {
		if (query->keys[i].is_fixed)
			continue;
		add_key(sql, query, i);
		sql_add(sql, direction(sql, &query->keys[i]));
		sql_add(sql, ", ");
	}
	add_key(sql, query, last);
	sql_add(sql, direction(sql, &query->keys[last]));
}

/* The columns, _version, then what stands behind references. */
static void
write_select(struct reading *reading, const struct list_range *ranges, size_t count)
{
	const struct list_query *query = reading->query;
	struct sql_text *sql = &reading->sql;

	sql_clear(sql);
	sql_add(sql, "SELECT ");
	catalogue_columns(sql, query->collection);
	sql_add(sql, ", t.\"_version\"");
	for (size_t i = 0; i < query->keys_count; i++)
		if (query->keys[i].hop != NULL)
			sql_addf(sql, ", k%d.\"k\"", (unsigned)i);
	add_from(sql, query);
	add_where(sql, query, ranges, count);
	add_order(sql, query);
	sql_addf(sql, " LIMIT %v",
	    value_int((int64_t)query->limit + 1 - (int64_t)reading->read->items_count));
	if (query->offset > 0)
		sql_addf(sql, " OFFSET %v", value_int(query->offset));
}

/* --- rows ------------------------------------------------------------ */

/* The values of the row end with it; the cursor is written later. */
static enum err
keep_keys(struct reading *reading, struct tx_rows *rows)
{
	const struct list_query *query = reading->query;
	int behind = (int)query->collection->columns_count + 1;

	for (size_t i = 0; i < query->keys_count; i++) {
		const struct list_key *key = &query->keys[i];
		int column = key->hop == NULL ? (int)key->field->column : behind++;

		reading->last[i] = tx_column(rows, column, key->field);
		if (!value_keep(reading->tx->arena, &reading->last[i]))
			return ERR_TOO_LARGE;
	}
	return OK;
}

static void
note_version(struct list_read *read, const struct value *id, int64_t version)
{
	struct {
		uint64_t before;
		int64_t version;
		uint8_t id[16];
	} part = { .before = read->hash, .version = version };

	if (id->kind == VALUE_UUID)
		memcpy(part.id, id->uuid.bytes, sizeof(part.id));
	else
		memcpy(part.id, &id->integer, sizeof(id->integer));
	read->hash = hash_bytes(&part, sizeof(part));
	if (version > read->version)
		read->version = version;
}

static enum err
take_row(struct reading *reading, struct tx_rows *rows)
{
	const struct collection *collection = reading->query->collection;
	struct list_read *read = reading->read;
	struct value id;

	if (read->items_count == reading->query->limit) {
		reading->has_more = true;
		return OK;
	}
	id = tx_column(rows, COLUMN_ID, &collection->columns[COLUMN_ID]);
	note_version(read, &id, tx_value(rows, (int)collection->columns_count, VALUE_INT).integer);
	record_row_to_json(&reading->writer, collection, rows);
	read->items_count++;
	if (read->json->err != OK)
		return ERR_TOO_COSTLY;
	return read->items_count == reading->query->limit ? keep_keys(reading, rows) : OK;
}

static enum err
read_statement(struct reading *reading, const struct list_range *ranges, size_t count)
{
	struct tx_rows rows;
	enum err err;

	write_select(reading, ranges, count);
	err = tx_query(reading->tx, &reading->sql, &rows);
	while (err == OK && !reading->has_more && tx_next(&rows))
		err = take_row(reading, &rows);
	return tx_close(&rows, err);
}

/* In the order of an index each range is a short walk; without one, one walk must find them all. */
static enum err
read_items(struct reading *reading)
{
	struct list_range ranges[LIST_RANGES_MAX];
	size_t count = 0;
	enum err err = OK;

	if (reading->query->has_cursor)
		count = list_ranges(reading->query, reading->sql.dialect, ranges);
	if (count == 0 || !reading->query->index.serves)
		return read_statement(reading, ranges, count);
	for (size_t i = 0; i < count && err == OK && !reading->has_more; i++)
		err = read_statement(reading, &ranges[i], 1);
	return err;
}

/* --- the answer ------------------------------------------------------ */

/* base64url needs no escapes.  Returns where the cursor begins. */
static size_t
write_next(struct reading *reading)
{
	struct list_read *read = reading->read;
	size_t start = read->json->size + 1;

	buf_add_byte(read->json, '"');
	cursor_write(read->json, reading->query->secret, reading->query->shape, reading->last,
	    reading->query->keys_count);
	read->next.size = read->json->size - start;
	buf_add_byte(read->json, '"');
	return start;
}

static enum err
write_answer(struct reading *reading)
{
	struct list_read *read = reading->read;
	struct buf *json = read->json;
	size_t next = 0;
	enum err err = OK;

	json_writer_init(&reading->writer, json);
	buf_add_c(json, "{\"items\":");
	json_begin_array(&reading->writer);
	if (!reading->query->is_empty)
		err = read_items(reading);
	json_end_array(&reading->writer);
	buf_add_c(json, ",\"next\":");
	if (reading->has_more)
		next = write_next(reading);
	buf_add_c(json, reading->has_more ? "}" : "null}");
	if (err != OK || json->err != OK)
		return err != OK ? err : ERR_TOO_COSTLY;
	if (reading->has_more) {
		read->next.data = json->data + next;
		read->hash ^= hash_str(read->next);
	}
	return OK;
}

enum err
list_read(struct tx *tx, void *arg)
{
	struct list_read *read = arg;
	struct reading reading = { .tx = tx, .query = read->query, .read = read };
	size_t start = read->json->size;
	enum err err;

	read->items_count = 0;
	read->version = 0;
	read->hash = 0;
	read->next = (struct str){ 0 };
	sql_init(&reading.sql, tx->type->dialect);
	err = write_answer(&reading);
	sql_release(&reading.sql);
	if (err != OK)
		buf_truncate(read->json, start);
	return err;
}
