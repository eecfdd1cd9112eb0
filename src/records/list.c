#include "records/list.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "records/count.h"
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
	int shown; /* columns in front of _version, or of the id and _version */
	struct shown_list list; /* where records are expanded; in the arena */
	struct arena arena;
};

enum store_weight
sight_weight(const struct sight *sight)
{
	for (size_t i = 0; sight->has_expands && i < sight->members_count; i++) {
		const struct expand *expand = sight->members[i].expand;

		if (expand != NULL && (expand->is_back ||
					  sight_weight(&expand->query->sight) == STORE_HEAVY))
			return STORE_HEAVY;
	}
	return STORE_LIGHT;
}

enum store_weight
list_weight(const struct list_query *query)
{
	if (query->is_empty)
		return STORE_LIGHT;
	if (query->count != LIST_NO_COUNT || sight_weight(&query->sight) == STORE_HEAVY ||
	    (query->sight.has_expands && query->limit > LIST_EXPAND_LIGHT_MAX))
		return STORE_HEAVY;
	return query->index.serves && query->offset <= LIST_OFFSET_LIGHT_MAX ? STORE_LIGHT
									     : STORE_HEAVY;
}

/* --- the statement --------------------------------------------------- */

/*
 * What is shown, the id and _version, then the keys that stand in no column
 * before.  Columns as they stand hold the id and most keys already.
 */
static void
write_columns(struct reading *reading)
{
	const struct list_query *query = reading->query;
	struct sql_text *sql = &reading->sql;
	bool is_plain = query->sight.is_plain;

	if (is_plain) {
		catalogue_columns(sql, query->collection);
		reading->shown = (int)query->collection->columns_count;
		sql_add(sql, ", t.\"_version\"");
	} else {
		reading->shown = sight_add_columns(sql, &query->sight);
		sql_add(sql, reading->shown > 0 ? ", t.\"id\", t.\"_version\""
						: "t.\"id\", t.\"_version\"");
	}
	for (size_t i = 0; i < query->keys_count; i++) {
		if (is_plain && query->keys[i].hop == NULL)
			continue;
		sql_add(sql, ", ");
		list_add_key_column(sql, query, i);
	}
}

static void
write_select(struct reading *reading, const struct list_range *ranges, size_t count)
{
	const struct list_query *query = reading->query;
	struct sql_text *sql = &reading->sql;

	sql_clear(sql);
	sql_add(sql, "SELECT ");
	write_columns(reading);
	sql_add(sql, " FROM");
	list_add_table(sql, query);
	sql_add(sql, " WHERE ");
	list_add_page_condition(sql, query, count > 0 ? ranges : NULL);
	list_add_ranges(sql, query, ranges, count);
	list_add_order(sql, query);
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
	bool is_plain = query->sight.is_plain;
	int behind = is_plain ? reading->shown + 1 : reading->shown + 2;

	for (size_t i = 0; i < query->keys_count; i++) {
		const struct list_key *key = &query->keys[i];
		int column = is_plain && key->hop == NULL ? (int)key->field->column : behind++;

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

static void
begin_record(struct reading *reading)
{
	if (reading->read->tell == NULL)
		return;
	buf_clear(reading->read->json);
	json_writer_init(&reading->writer, reading->read->json);
}

static enum err
end_record(struct reading *reading)
{
	struct list_read *read = reading->read;

	if (read->json->err != OK)
		return ERR_TOO_COSTLY;
	if (read->tell != NULL)
		read->tell(read->tell_arg, buf_str(read->json));
	return OK;
}

/* A record that others will stand in is kept until they are read. */
static enum err
show_row(struct reading *reading, struct tx_rows *rows)
{
	const struct sight *sight = &reading->query->sight;

	if (sight->has_expands)
		return shown_add(&reading->list, &reading->arena, sight, rows);
	begin_record(reading);
	if (sight->is_plain)
		record_row_to_json(&reading->writer, reading->query->collection, rows);
	else
		sight_row_to_json(&reading->writer, sight, rows);
	return end_record(reading);
}

static enum err
take_row(struct reading *reading, struct tx_rows *rows)
{
	const struct collection *collection = reading->query->collection;
	bool is_plain = reading->query->sight.is_plain;
	struct list_read *read = reading->read;
	int version = is_plain ? reading->shown : reading->shown + 1;
	struct value id;
	enum err err;

	if (read->items_count == reading->query->limit) {
		reading->has_more = true;
		return OK;
	}
	id = tx_column(
	    rows, is_plain ? COLUMN_ID : reading->shown, &collection->columns[COLUMN_ID]);
	note_version(read, &id, tx_value(rows, version, VALUE_INT).integer);
	err = show_row(reading, rows);
	read->items_count++;
	if (err != OK)
		return err;
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

/* --- counting -------------------------------------------------------- */

/* A page that has everything says how many there are. */
static bool
is_counted(const struct reading *reading)
{
	const struct list_query *query = reading->query;

	return !reading->has_more && !query->has_cursor &&
	       (query->offset == 0 || reading->read->items_count > 0);
}

static enum err
count_all(struct reading *reading, int64_t *ret)
{
	const struct list_query *query = reading->query;

	if (query->is_empty)
		return OK;
	if (is_counted(reading)) {
		*ret = (int64_t)query->offset + (int64_t)reading->read->items_count;
		return OK;
	}
	return query->count == LIST_COUNT_BOUNDED ?
		   count_bounded(reading->tx, query, ret) :
		   count_exactly(reading->tx, reading->read->counts, query, ret);
}

/* ,"count":12 */
static enum err
add_count(struct reading *reading)
{
	struct buf *json = reading->read->json;
	bool is_bounded = reading->query->count == LIST_COUNT_BOUNDED;
	int64_t count = 0, bound = limit(LIMIT_count_bound);
	enum err err = count_all(reading, &count);

	buf_add_c(json, ",\"count\":");
	buf_add_int(json, is_bounded && count > bound ? bound : count);
	if (is_bounded)
		buf_add_c(json, count > bound ? ",\"count_exact\":false" : ",\"count_exact\":true");
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
write_items(struct reading *reading)
{
	const struct sight *sight = &reading->query->sight;
	enum err err;

	if (reading->query->is_empty)
		return OK;
	err = read_items(reading);
	if (err != OK || !sight->has_expands)
		return err;
	err = shown_expand(reading->tx, &reading->arena, sight, &reading->list);
	for (struct shown *shown = reading->list.first; shown != NULL && err == OK;
	     shown = shown->next) {
		begin_record(reading);
		shown_to_json(&reading->writer, sight, shown);
		err = end_record(reading);
	}
	return err;
}

static enum err
write_answer(struct reading *reading)
{
	struct list_read *read = reading->read;
	struct buf *json = read->json;
	size_t start = json->size, next = 0;
	enum err err;

	json_writer_init(&reading->writer, json);
	buf_add_c(json, "{\"items\":");
	json_begin_array(&reading->writer);
	err = write_items(reading);
	json_end_array(&reading->writer);
	buf_add_c(json, ",\"next\":");
	if (reading->has_more)
		next = write_next(reading);
	else
		buf_add_c(json, "null");
	if (err == OK && reading->query->count != LIST_NO_COUNT)
		err = add_count(reading);
	buf_add_byte(json, '}');
	if (err != OK || json->err != OK)
		return err != OK ? err : ERR_TOO_COSTLY;
	if (reading->has_more) {
		read->next.data = json->data + next;
		read->hash ^= hash_str(read->next);
	}
	if (!reading->query->sight.is_plain || reading->query->count != LIST_NO_COUNT)
		read->hash = hash_bytes(json->data + start, json->size - start);
	return OK;
}

static enum err
tell_items(struct reading *reading)
{
	struct list_read *read = reading->read;
	enum err err = write_items(reading);

	buf_clear(read->json);
	if (err == OK && reading->has_more)
		read->next.data = read->json->data + write_next(reading);
	return err;
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
	arena_init(&reading.arena, (size_t)limit(LIMIT_request_memory));
	err = read->tell != NULL ? tell_items(&reading) : write_answer(&reading);
	arena_release(&reading.arena);
	sql_release(&reading.sql);
	if (err != OK)
		buf_truncate(read->json, start);
	return err == ERR_TOO_LARGE ? ERR_TOO_COSTLY : err;
}
