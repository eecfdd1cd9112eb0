#include "store/tx.h"

#include <assert.h>

enum err
tx_query(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret)
{
	enum err err = sql_err(sql);

	*ret = (struct tx_rows){ .tx = tx };
	if (err == OK)
		err = tx->type->query(tx, sql, ret);
	ret->err = err;
	return err;
}

bool
tx_next(struct tx_rows *rows)
{
	return rows->err == OK && rows->tx->type->next(rows);
}

struct value
tx_value(struct tx_rows *rows, int column, enum value_kind kind)
{
	assert(kind != VALUE_DECIMAL);
	return rows->tx->type->value(rows, column, kind, 0);
}

struct value
tx_column(struct tx_rows *rows, int column, const struct field *field)
{
	return rows->tx->type->value(rows, column, field_value_kind(field), field->scale);
}

enum err
tx_close(struct tx_rows *rows, enum err err)
{
	if (rows->engine != NULL)
		rows->tx->type->close(rows);
	rows->engine = NULL;
	return err != OK ? err : rows->err;
}

enum err
tx_exec(struct tx *tx, const struct sql_text *sql, int64_t *ret_changed)
{
	enum err err = sql_err(sql);

	assert(tx->is_write);
	return err != OK ? err : tx->type->exec(tx, sql, ret_changed);
}
