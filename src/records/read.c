#include "base/hash.h"
#include "base/limits.h"
#include "records/expand.h"
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
	rule_to_sql(read->rules, read->rules->access[collection->index][ACCESS_READ],
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
