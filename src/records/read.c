#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "records/expand.h"
#include "records/links.h"
#include "records/records.h"
#include "records/row.h"
#include "sql/catalogue.h"

/* What is shown, then the id where others ask for it, then _version. */
static int
write_select(struct tx *tx, struct sql_text *sql, const struct record_read *read)
{
	const struct collection *collection = read->collection;
	const struct rule *key_rule =
	    read->rules->fields_read[collection->index][read->key.field->column];
	int columns = (int)collection->columns_count;

	sql_add(sql, "SELECT ");
	if (read->sight == NULL) {
		catalogue_columns(sql, collection);
	} else {
		columns = sight_add_columns(sql, read->sight);
		sql_add(sql, columns++ > 0 ? ", t.\"id\"" : "t.\"id\"");
	}
	sql_addf(sql, ", t.\"_version\" FROM %n t WHERE ", collection->name);
	row_add_key(sql, tx->arena, &read->key);
	sql_add(sql, " AND ");
	rule_to_sql(read->rules, rules_read(read->rules, collection),
	    &read->identity->caller, sql);
	if (key_rule != NULL) { /* where the caller sees null, there is nothing to be found by */
		sql_add(sql, " AND ");
		rule_to_sql(read->rules, key_rule, &read->identity->caller, sql);
	}
	return columns;
}

static enum err
take_row(struct record_read *read, struct tx_rows *rows, struct arena *arena, struct shown_list *list)
{
	struct json_writer writer;

	json_writer_init(&writer, read->json);
	if (read->sight == NULL)
		record_row_to_json(&writer, read->collection, rows);
	else if (read->sight->has_expands)
		return shown_add(list, arena, read->sight, rows);
	else
		sight_row_to_json(&writer, read->sight, rows);
	return OK;
}

/* A record that is there, or ERR_NOT_FOUND. */
static enum err
read_row(struct tx *tx, struct record_read *read, struct arena *arena, struct shown_list *list)
{
	struct sql_text sql;
	struct tx_rows rows;
	bool found = false;
	int columns;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	columns = write_select(tx, &sql, read);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && (found = tx_next(&rows))) {
		err = take_row(read, &rows, arena, list);
		read->version = tx_value(&rows, columns, VALUE_INT).integer;
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err == OK && !found ? ERR_NOT_FOUND : err;
}

static enum err
read_expanded(struct tx *tx, struct record_read *read)
{
	struct shown_list list = { 0 };
	struct json_writer writer;
	struct arena arena;
	enum err err;

	arena_init(&arena, (size_t)limit(LIMIT_request_memory));
	err = read_row(tx, read, &arena, &list);
	if (err == OK)
		err = shown_expand(tx, &arena, read->sight, &list);
	if (err == OK) {
		json_writer_init(&writer, read->json);
		shown_to_json(&writer, read->sight, list.first);
	}
	arena_release(&arena);
	return err;
}

enum err
record_read(struct tx *tx, void *arg)
{
	struct record_read *read = arg;
	size_t start = read->json->size;
	enum err err;

	if (read->sight != NULL && read->sight->has_expands)
		err = read_expanded(tx, read);
	else
		err = read_row(tx, read, NULL, NULL);
	if (err == OK)
		err = read->json->err;
	if (err != OK)
		buf_truncate(read->json, start);
	else if (read->sight != NULL)
		read->hash = hash_bytes(read->json->data + start, read->json->size - start);
	return err;
}

/* --- what may be read already ------------------------------------------ */

static enum err
find_row(struct tx *tx, const struct sight *sight, const struct value *id, struct arena *arena,
    struct shown_list *list)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	sql_add(&sql, sight_add_columns(&sql, sight) > 0 ? ", t.\"id\"" : "t.\"id\"");
	sql_addf(&sql, " FROM %n t WHERE t.\"id\" = %v", sight->collection->name, *id);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		err = shown_add(list, arena, sight, &rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err == OK && list->count == 0 ? ERR_NOT_FOUND : err;
}

enum err
record_show(struct tx *tx, const struct sight *sight, const struct value *id, struct buf *json)
{
	struct shown_list list = { 0 };
	struct json_writer writer;
	struct arena arena;
	enum err err;

	arena_init(&arena, (size_t)limit(LIMIT_request_memory));
	err = find_row(tx, sight, id, &arena, &list);
	if (err == OK)
		err = shown_expand(tx, &arena, sight, &list);
	if (err == OK) {
		json_writer_init(&writer, json);
		shown_to_json(&writer, sight, list.first);
		err = json->err;
	}
	arena_release(&arena);
	return err;
}

/* The ids that are left of refs, as a value. */
static bool
take_ids(struct arena *arena, const struct shown_item *items, struct value *ret)
{
	size_t count = 0, room = 1;
	struct value *ids;

	for (const struct shown_item *item = items; item != NULL; item = item->next)
		room++;
	ids = arena_array(arena, room, sizeof(*ids));
	if (ids == NULL)
		return false;
	for (; items != NULL; items = items->next)
		if (items->shown != NULL)
			ids[count++] = items->shown->id;
	*ret = links_array(arena, ids, &count);
	return ret->text.data != NULL;
}

enum err
sight_mask_stored(const struct sight *sight, struct tx *tx, struct arena *arena,
    const struct value *values, struct value *ret)
{
	struct shown_list list = { 0 };
	enum err err = find_row(tx, sight, &values[COLUMN_ID], arena, &list);

	if (err == OK)
		err = shown_expand(tx, arena, sight, &list);
	if (err != OK)
		return err;
	memcpy(ret, values, sight->collection->columns_count * sizeof(*ret));
	for (size_t i = 0; i < sight->members_count; i++) {
		struct value *value = &ret[sight->members[i].field->column];

		*value = list.first->values[i];
		if (sight->members[i].expand != NULL && value->kind != VALUE_NULL &&
		    !take_ids(arena, list.first->parts[i], value))
			return ERR_TOO_LARGE;
	}
	return OK;
}
