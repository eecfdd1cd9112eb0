#include "records/records.h"
#include "sql/catalogue.h"

enum err
record_read(struct tx *tx, void *arg)
{
	struct record_read *read = arg;
	const struct collection *collection = read->collection;
	size_t start = read->json->size;
	struct json_writer writer;
	struct sql_text sql;
	struct tx_rows rows;
	bool found = false;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, collection);
	sql_addf(&sql, ", t.\"_version\" FROM %n t WHERE t.\"id\" = %v AND ", collection->name, read->id);
	rule_to_sql(read->rules, read->rules->access[collection->index][ACCESS_READ],
	    &read->identity->caller, &sql);
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
