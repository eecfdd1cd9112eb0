/*
 * Statements of the operator's on PostgreSQL.  Reads have a session of their own,
 * and get text, which every type has; elsewhere rows are binary.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/time.h"
#include "store/postgres/ask.h"
#include "store/postgres/connection.h"
#include "store/postgres/types.h"

/* --- reading ---------------------------------------------------------- */

/* libpq's texts end with a line's end. */
static void
complain(const char *text, struct buf *ret_detail)
{
	size_t size = strlen(text);

	while (size > 0 && text[size - 1] == '\n')
		size--;
	buf_add(ret_detail, text, size);
}

/* "2026-11-24 08:00:00.5+00": in UTC, as this session writes it; infinity and years BC stay text. */
static struct value
read_time(struct str text)
{
	char copy[40];
	int64_t us;

	if (text.size < 13 || text.size >= sizeof(copy) - 1)
		return value_text(text);
	memcpy(copy, text.data, text.size);
	copy[10] = 'T';
	memcpy(copy + text.size - 3, "Z", 2);
	return time_parse_rfc3339(str_from(copy), &us) ? value_time(us) : value_text(text);
}

static struct value
read_number(struct str text)
{
	int64_t integer;

	return str_to_int(text, &integer) ? value_int(integer) : value_text(text);
}

static struct value
read_real(struct str text)
{
	double real = strtod(text.data, NULL);

	return __builtin_isfinite(real) ? value_real(real) : value_text(text);
}

static struct value
read_column(const PGresult *result, int row, int column)
{
	struct str text = { PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column) };

	if (PQgetisnull(result, row, column))
		return value_null();
	switch (PQftype(result, column)) {
	case TYPE_BOOL:
		return value_bool(text.data[0] == 't');
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_INT8:
	case TYPE_OID:
	case TYPE_NUMERIC:
		return read_number(text);
	case TYPE_FLOAT4:
	case TYPE_FLOAT8:
		return read_real(text);
	case TYPE_TIMESTAMPTZ:
		return read_time(text);
	case TYPE_JSONB:
		return value_json(text);
	default:
		return value_text(text);
	}
}

static void
give_rows(const PGresult *result, const struct ask_rows *rows)
{
	struct str names[ASK_COLUMNS_MAX];
	struct value values[ASK_COLUMNS_MAX];
	int count = PQnfields(result);
	bool goes_on;

	for (int i = 0; i < count; i++)
		names[i] = str_from(PQfname(result, i));
	goes_on = rows->columns(rows->arg, names, (size_t)count);
	for (int row = 0; row < PQntuples(result) && goes_on; row++) {
		for (int i = 0; i < count; i++)
			values[i] = read_column(result, row, i);
		goes_on = rows->row(rows->arg, values, (size_t)count);
	}
}

static bool
run(PGconn *pg, const char *text, struct buf *ret_detail)
{
	PGresult *result = PQexec(pg, text);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!done)
		complain(PQerrorMessage(pg), ret_detail);
	PQclear(result);
	return done;
}

static enum err
ask(PGconn *pg, const char *statement, int64_t timeout_ms, const struct ask_rows *rows,
    struct buf *ret_detail)
{
	char timeout[64];
	PGresult *result;
	const char *state;
	enum err err = OK;

	snprintf(timeout, sizeof(timeout), "SET statement_timeout = %lld", (long long)timeout_ms);
	if (!run(pg, "SET TIME ZONE 'UTC'", ret_detail) || !run(pg, "SET DateStyle = ISO", ret_detail) ||
	    !run(pg, timeout, ret_detail) || !run(pg, "BEGIN READ ONLY", ret_detail))
		return ERR_STORE_UNAVAILABLE;
	/* With the extended protocol a text is one statement. */
	result = PQexecParams(pg, statement, 0, NULL, NULL, NULL, NULL, 0);
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		give_rows(result, rows);
	} else if (state == NULL) {
		buf_add_c(ret_detail, "this is no query");
		err = ERR_BAD_REQUEST;
	} else {
		complain(PQerrorMessage(pg), ret_detail);
		err = strcmp(state, "57014") == 0 ? ERR_TOO_COSTLY : ERR_BAD_REQUEST;
	}
	PQclear(result);
	return err;
}

enum err
postgres_ask_blocking(const struct store_options *options, struct str statement, int64_t timeout_ms,
    const struct ask_rows *rows, struct buf *ret_detail)
{
	char *url = memory_copy(options->database.data, options->database.size);
	char *text = memory_copy(statement.data, statement.size);
	PGconn *pg = PQconnectdb(url);
	enum err err = ERR_STORE_UNAVAILABLE;

	if (PQstatus(pg) == CONNECTION_OK)
		err = ask(pg, text, timeout_ms, rows, ret_detail);
	else
		complain(PQerrorMessage(pg), ret_detail);
	PQfinish(pg);
	free(text);
	free(url);
	return err;
}

/* --- writing ---------------------------------------------------------- */

enum err
postgres_ask_write(struct tx *tx, struct str statement, int64_t *ret_changed, struct buf *ret_detail)
{
	struct postgres_connection *connection = CONTAINER(tx, struct postgres_tx, tx)->connection;
	struct sql_text sql;
	enum err err;

	sql_init(&sql, SQL_POSTGRES);
	buf_add_str(&sql.text, statement);
	err = sql_err(&sql);
	if (err == OK)
		err = tx_exec(tx, &sql, ret_changed);
	if (err != OK && strcmp(connection->state, "08P01") == 0)
		buf_add_c(ret_detail, "a statement without parameters, please");
	else if (err != OK)
		complain(connection->message, ret_detail);
	sql_release(&sql);
	return err;
}
