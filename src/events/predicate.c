#include "events/predicate.h"

#include "sql/catalogue.h"

bool
predicate_is_local(const struct predicate *predicate)
{
	return rule_is_local_for(predicate->read, predicate->caller) &&
	       rule_is_local_for(predicate->filter, predicate->caller) &&
	       (predicate->sight == NULL || !predicate->sight->asks_others);
}

/* Do other rows decide, and are some of ${collection} among them? */
static bool
asks_of(const struct predicate *predicate, const struct rule *rule, const struct collection *collection)
{
	return !rule_is_local_for(rule, predicate->caller) && rule_reads(predicate->rules, rule, collection);
}

bool
predicate_reads(const struct predicate *predicate, const struct collection *collection)
{
	return asks_of(predicate, predicate->read, collection) ||
	       asks_of(predicate, predicate->filter, collection) ||
	       (predicate->sight != NULL && sight_reads(predicate->sight, collection));
}

bool
predicate_looks_at(const struct predicate *predicate, const struct field *refs)
{
	return asks_of(predicate, predicate->read, refs->to) || asks_of(predicate, predicate->filter, refs->to);
}

static void
add_condition(const struct predicate *predicate, struct sql_text *sql)
{
	rule_to_sql(predicate->rules, predicate->read, predicate->caller, sql);
	if (predicate->filter == NULL)
		return;
	sql_add(sql, " AND ");
	rule_to_sql(predicate->rules, predicate->filter, predicate->caller, sql);
}

/*
 * The condition as SQL is exactly what is left of rule and filter once the
 * caller is known; its text and its values say what it means.
 */
void
predicate_key(const struct predicate *predicate, struct buf *key)
{
	struct sql_text sql;

	sql_init(&sql, SQL_SQLITE);
	add_condition(predicate, &sql);
	if (predicate->sight != NULL) {
		sql_add(&sql, " ");
		sight_add_key(&sql, predicate->sight);
	}
	sql_addf(&sql, " %n %v", predicate->collection->name, predicate->id);
	sql_write_key(&sql, key);
	sql_release(&sql);
}

bool
predicate_admits(const struct predicate *predicate, const struct value *id)
{
	return predicate->id.kind == VALUE_NULL || value_equal(&predicate->id, id);
}

bool
predicate_holds(const struct predicate *predicate, const struct value *values)
{
	return values != NULL && predicate_admits(predicate, &values[COLUMN_ID]) &&
	       rule_holds(predicate->read, predicate->caller, values) &&
	       rule_holds(predicate->filter, predicate->caller, values);
}

void
predicate_to_json(const struct predicate *predicate, const struct value *values, struct buf *json)
{
	struct value shown[APP_FIELDS_MAX + COLUMN_FIELDS];
	struct json_writer writer;

	json_writer_init(&writer, json);
	if (predicate->sight == NULL) {
		record_to_json(&writer, predicate->collection, values);
		return;
	}
	sight_mask(predicate->sight, values, shown);
	sight_to_json(&writer, predicate->sight, shown);
}

static enum err
show_record(const struct predicate *predicate, struct tx *tx, const struct value *id,
    struct tx_rows *rows, struct buf *json)
{
	struct json_writer writer;

	if (predicate->sight != NULL)
		return record_show(tx, predicate->sight, id, json);
	json_writer_init(&writer, json);
	record_row_to_json(&writer, predicate->collection, rows);
	return json->err;
}

enum err
predicate_read(const struct predicate *predicate, struct tx *tx, const struct value *id,
    struct buf *json, bool *ret_holds)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	*ret_holds = false;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, predicate->collection);
	sql_addf(&sql, " FROM %n t WHERE t.\"id\" = %v AND ", predicate->collection->name, *id);
	add_condition(predicate, &sql);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		*ret_holds = true;
		err = show_record(predicate, tx, id, &rows, json);
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/* A table t of one row, which is not in the database (any more). */
static enum err
add_row(struct sql_text *sql, struct tx *tx, const struct collection *collection,
    const struct value *values)
{
	enum { ROW_SIZE_MAX = 16 << 20 };
	struct json_writer writer;
	struct str row;
	struct buf json;
	enum err err;

	if (sql->dialect == SQL_SQLITE) {
		for (size_t i = 0; i < collection->columns_count; i++)
			sql_addf(sql, i == 0 ? "(SELECT %v AS %n" : ", %v AS %n", values[i],
			    collection->columns[i].name);
		sql_add(sql, ") AS t");
		return OK;
	}
	/* From JSON the row gets the columns' own types and collations. */
	buf_init(&json, ROW_SIZE_MAX);
	json_writer_init(&writer, &json);
	record_to_json(&writer, collection, values);
	row = arena_str(tx->arena, buf_str(&json));
	err = json.err != OK ? json.err : row.data == NULL ? ERR_TOO_LARGE : OK;
	buf_release(&json);
	sql_addf(sql, "jsonb_populate_record(NULL::%n, CAST(CAST(%v AS text) AS jsonb)) AS t",
	    collection->name, value_text(row));
	return err;
}

enum err
predicate_held(
    const struct predicate *predicate, struct tx *tx, const struct value *values, bool *ret_holds)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	*ret_holds = false;
	if (values == NULL)
		return OK;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT 1 FROM ");
	err = add_row(&sql, tx, predicate->collection, values);
	sql_add(&sql, " WHERE ");
	add_condition(predicate, &sql);
	if (err == OK) {
		err = tx_query(tx, &sql, &rows);
		*ret_holds = err == OK && tx_next(&rows);
		err = tx_close(&rows, err);
	}
	sql_release(&sql);
	return err;
}
