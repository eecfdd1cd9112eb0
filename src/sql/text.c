#include "sql/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_PARAMS = 16 };

void
sql_init(struct sql_text *sql, enum sql_dialect dialect)
{
	*sql = (struct sql_text){ .dialect = dialect };
	buf_init(&sql->text, SQL_TEXT_SIZE_MAX);
}

void
sql_release(struct sql_text *sql)
{
	buf_release(&sql->text);
	free(sql->params);
	sql->params = NULL;
	sql->params_count = sql->params_capacity = 0;
}

void
sql_clear(struct sql_text *sql)
{
	buf_clear(&sql->text);
	sql->params_count = 0;
}

enum err
sql_err(const struct sql_text *sql)
{
	return sql->text.err;
}

void
sql_add(struct sql_text *sql, const char *literal)
{
	buf_add_c(&sql->text, literal);
}

void
sql_name(struct sql_text *sql, struct str name)
{
	/* Names are letters, digits and _: there is nothing to escape. */
	assert(str_find_byte(name, '"') == name.size);
	buf_add_byte(&sql->text, '"');
	buf_add_str(&sql->text, name);
	buf_add_byte(&sql->text, '"');
}

static bool
has_room(struct sql_text *sql)
{
	if (sql->params_count < sql->params_capacity)
		return true;
	if (sql->params_count == SQL_PARAMS_MAX) {
		if (sql->text.err == OK)
			sql->text.err = ERR_TOO_LARGE;
		return false;
	}
	sql->params_capacity = sql->params_capacity == 0 ? FIRST_PARAMS : 2 * sql->params_capacity;
	sql->params = memory_resize(sql->params, sql->params_capacity * sizeof(sql->params[0]));
	return true;
}

void
sql_param(struct sql_text *sql, struct value value)
{
	if (sql->text.err != OK || !has_room(sql))
		return;
	sql->params[sql->params_count++] = value;
	if (sql->dialect == SQL_SQLITE) {
		buf_add_byte(&sql->text, '?');
	} else {
		buf_add_byte(&sql->text, '$');
		buf_add_int(&sql->text, (int64_t)sql->params_count);
	}
}

void
sql_addf(struct sql_text *sql, const char *format, ...)
{
	const char *percent;
	va_list args;

	va_start(args, format);
	while ((percent = strchr(format, '%')) != NULL) {
		buf_add(&sql->text, format, (size_t)(percent - format));
		switch (percent[1]) {
		case 'n':
			sql_name(sql, va_arg(args, struct str));
			break;
		case 'v':
			sql_param(sql, va_arg(args, struct value));
			break;
		case 'd':
			buf_add_int(&sql->text, va_arg(args, unsigned));
			break;
		default:
			assert(false && "a directive that sql_addf() does not know");
		}
		format = percent + 2;
	}
	va_end(args);
	buf_add_c(&sql->text, format);
}

/* --- what tells it from others ------------------------------------------ */

static void
add_value(struct buf *key, const struct value *value)
{
	buf_add_byte(key, (char)('0' + value->kind));
	switch (value->kind) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		buf_add_byte(key, value->boolean ? '1' : '0');
		break;
	case VALUE_REAL:
		buf_add(key, &value->real, sizeof(value->real));
		break;
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
	case VALUE_DECIMAL:
		buf_add_byte(key, (char)('0' + value->scale));
		buf_add(key, &value->integer, sizeof(value->integer));
		break;
	case VALUE_TEXT:
	case VALUE_JSON:
		buf_add_int(key, (int64_t)value->text.size);
		buf_add_byte(key, ':');
		buf_add_str(key, value->text);
		break;
	case VALUE_UUID:
		buf_add(key, value->uuid.bytes, sizeof(value->uuid.bytes));
		break;
	}
}

void
sql_write_key(const struct sql_text *sql, struct buf *key)
{
	buf_add_str(key, buf_str(&sql->text));
	for (size_t i = 0; i < sql->params_count; i++)
		add_value(key, &sql->params[i]);
	if (sql_err(sql) != OK)
		key->err = sql_err(sql);
}
