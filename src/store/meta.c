#include "store/meta.h"

enum err
meta_read(struct tx *tx, const char *key, struct str *ret)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	*ret = (struct str){ 0 };
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "SELECT value FROM caisson_meta WHERE key = %v", value_text(str_from(key)));
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		*ret = arena_str(tx->arena, tx_value(&rows, 0, VALUE_TEXT).text);
		err = ret->data == NULL ? ERR_TOO_LARGE : OK;
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static enum err
insert(struct tx *tx, const char *key, struct str value, const char *on_conflict)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "INSERT INTO caisson_meta (key, value) VALUES (%v, %v) ON CONFLICT (key) DO ",
	    value_text(str_from(key)), value_text(value));
	sql_add(&sql, on_conflict);
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

enum err
meta_write(struct tx *tx, const char *key, struct str value)
{
	return insert(tx, key, value, "UPDATE SET value = excluded.value");
}

enum err
meta_add(struct tx *tx, const char *key, struct str value)
{
	return insert(tx, key, value, "NOTHING");
}
