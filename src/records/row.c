#include "records/row.h"

#include "sql/catalogue.h"

static enum err
copy_row(struct tx_rows *rows, struct arena *arena, const struct collection *collection,
    const struct value **ret)
{
	struct value *values = arena_array(arena, collection->columns_count, sizeof(*values));

	if (values == NULL)
		return ERR_TOO_LARGE;
	for (unsigned i = 0; i < collection->columns_count; i++) {
		values[i] = tx_column(rows, (int)i, &collection->columns[i]);
		if (!value_keep(arena, &values[i]))
			return ERR_TOO_LARGE;
	}
	*ret = values;
	return OK;
}

enum err
row_find(struct tx *tx, struct arena *arena, const struct collection *collection, const struct record_key *key,
    const struct value **ret, int64_t *ret_version)
{
	struct tx_rows rows;
	struct sql_text sql;
	enum err err;

	*ret = NULL;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, collection);
	sql_addf(&sql, ", t.\"_version\" FROM %n t WHERE t.%n = %v", collection->name, key->field->name,
	    key->value);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		err = copy_row(&rows, arena, collection, ret);
		if (ret_version != NULL)
			*ret_version = tx_value(&rows, (int)collection->columns_count, VALUE_INT).integer;
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

enum err
row_read(struct tx *tx, struct arena *arena, const struct collection *collection, const struct value *id,
    const struct value **ret, int64_t *ret_version)
{
	struct record_key key = { &collection->columns[COLUMN_ID], *id };

	return row_find(tx, arena, collection, &key, ret, ret_version);
}

enum err
row_hop(void *arg, const struct collection *collection, const struct value *id, const struct value **ret)
{
	struct tx *tx = ((struct row_hops *)arg)->tx;

	return row_read(tx, tx->arena, collection, id, ret, NULL);
}
