#include "records/records.h"
#include "sql/catalogue.h"

enum err
record_read(struct tx *tx, void *arg)
{
	struct record_read *read = arg;
	const struct collection *collection = read->collection;
	const struct rule *key_rule = read->rules->fields_read[collection->index][read->key.field->column];
	size_t start = read->json->size;
	struct json_writer writer;
	struct sql_text sql;
	struct tx_rows rows;
	bool found = false;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, collection);
	sql_addf(&sql, ", t.\"_version\" FROM %n t WHERE t.%n = %v AND ", collection->name,
	    read->key.field->name, read->key.value);
	rule_to_sql(read->rules, read->rules->access[collection->index][ACCESS_READ],
	    &read->identity->caller, &sql);
	if (key_rule != NULL) { /* where the caller sees null, there is nothing to be found by */
		sql_add(&sql, " AND ");
		rule_to_sql(read->rules, key_rule, &read->identity->caller, &sql);
	}
	err = tx_query(tx, &sql, &rows);
	if (err == OK && (found = tx_next(&rows))) {
		json_writer_init(&writer, read->json);
		record_row_to_json(&writer, collection, &rows);
		read->version = tx_value(&rows, (int)collection->columns_count, VALUE_INT).integer;
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	if (err == OK)
		err = found ? read->json->err : ERR_NOT_FOUND;
	if (err != OK)
		buf_truncate(read->json, start);
	return err;
}
