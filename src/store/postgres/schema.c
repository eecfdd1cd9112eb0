#include "store/postgres/schema.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "loop/loop.h"
#include "sql/catalogue.h"
#include "sql/system.h"
#include "store/migrate/fit.h"

#define LOCK_SCHEMA "SELECT pg_advisory_xact_lock(" SCHEMA_LOCK_KEY ")"

enum { CREATE_TIMEOUT_MS = 0, LOCK_WAIT_MS = 60000, SHAPE_SIZE_MAX = 64 << 20 };

static enum err create_tables(struct postgres_connection *connection, const char *checksum);
static enum err
compare_shape(struct postgres_connection *connection, char *checksum, struct buf *ret_detail);

/* One text, or "" where there is none. */
static enum err
read_text(struct postgres_connection *connection, const char *query, char *ret, size_t size)
{
	PGresult *result;
	enum err err;

	ret[0] = '\0';
	postgres_send(connection, query);
	err = postgres_wait_blocking(connection, NULL, &result);
	if (err != OK)
		return err;
	if (PQntuples(result) > 0)
		snprintf(ret, size, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return OK;
}

static void
add_server_message(struct postgres_connection *connection, struct buf *ret_detail)
{
	const char *message =
	    connection->message[0] != '\0' ? connection->message : PQerrorMessage(connection->pg);

	buf_addf(ret_detail, "the tables cannot be prepared: %.*s", (int)strcspn(message, "\n"),
	    message);
}

static enum err
prepare_locked(struct postgres_connection *connection, char *checksum, bool *ret_is_new,
    struct buf *ret_detail)
{
	char state[16];
	enum err err = read_text(connection,
	    "SELECT CASE WHEN to_regclass('caisson_meta') IS NOT NULL THEN 'ours'"
	    " WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
	    " AND relkind IN ('r', 'p', 'v', 'm', 'f')) THEN 'foreign' ELSE 'empty' END",
	    state, sizeof(state));

	*ret_is_new = false;
	if (err == OK && strcmp(state, "foreign") == 0) {
		buf_addf(ret_detail,
		    "the database \"%s\" has tables that are not caisson's; name an empty one in "
		    "`database:`",
		    PQdb(connection->pg));
		return ERR_CONFLICT;
	}
	if (err == OK && strcmp(state, "ours") == 0)
		return compare_shape(connection, checksum, ret_detail);
	if (err == OK)
		err = create_tables(connection, checksum);
	if (err != OK)
		add_server_message(connection, ret_detail);
	*ret_is_new = err == OK;
	return err;
}

enum err
schema_prepare_blocking(struct postgres_connection *connection, bool *ret_is_new,
    char ret_checksum[SCHEMA_CHECKSUM_SIZE], struct buf *ret_detail)
{
	enum err err, commit_err;

	ret_checksum[SHA256_HEX_SIZE] = '\0';
	sha256_hex(connection->app->shape, ret_checksum);
	postgres_begin(connection, "BEGIN", CREATE_TIMEOUT_MS);
	/* The node that makes the tables may take longer than the session's lock_timeout. */
	postgres_send(connection, "SET LOCAL lock_timeout = '60s'");
	postgres_send(connection, LOCK_SCHEMA);
	err = postgres_wait_blocking(connection, NULL, NULL);
	if (err != OK)
		add_server_message(connection, ret_detail);
	else
		err = prepare_locked(connection, ret_checksum, ret_is_new, ret_detail);
	postgres_send(connection, err == OK ? "COMMIT" : "ROLLBACK");
	commit_err = postgres_wait_blocking(connection, NULL, NULL);
	if (err == OK && commit_err != OK)
		add_server_message(connection, ret_detail);
	return err != OK ? err : commit_err;
}

/* The same, of any length. */
static enum err
read_long(struct postgres_connection *connection, const char *query, struct buf *ret)
{
	PGresult *result;
	enum err err;

	postgres_send(connection, query);
	err = postgres_wait_blocking(connection, NULL, &result);
	if (err != OK)
		return err;
	if (PQntuples(result) > 0)
		buf_add_c(ret, PQgetvalue(result, 0, 0));
	PQclear(result);
	return OK;
}

/* A query for the history fails where an older version made the tables, and the transaction with it. */
static enum err
read_memory(
    struct postgres_connection *connection, char *checksum, struct buf *shape, struct buf *history)
{
	char state[8];
	enum err err = read_text(connection, "SELECT value FROM caisson_meta WHERE key = 'shape'",
	    checksum, SCHEMA_CHECKSUM_SIZE);

	if (err == OK)
		err = read_long(
		    connection, "SELECT value FROM caisson_meta WHERE key = 'shape_text'", shape);
	if (err == OK)
		err = read_text(connection,
		    "SELECT CASE WHEN to_regclass('caisson_migrations') IS NULL THEN '' ELSE 'there' END",
		    state, sizeof(state));
	if (err == OK && state[0] != '\0')
		err = read_long(connection, shape_history_query(SQL_POSTGRES), history);
	return err;
}

static enum err remember_shape(struct postgres_connection *connection, const char *checksum);

static enum err
compare_shape(struct postgres_connection *connection, char *checksum, struct buf *ret_detail)
{
	char place[128];
	struct shape_memory memory = { .checksum = checksum };
	struct buf shape, history;
	enum err err;

	buf_init(&shape, SHAPE_SIZE_MAX);
	buf_init(&history, SHAPE_SIZE_MAX);
	err = read_memory(connection, checksum, &shape, &history);
	memory.shape = buf_str(&shape);
	memory.history = buf_str(&history);
	snprintf(place, sizeof(place), "the database \"%s\"", PQdb(connection->pg));
	if (err == OK)
		err = shape_fits(connection->app, SQL_POSTGRES, &memory, place, ret_detail);
	else
		add_server_message(connection, ret_detail);
	/* An older version remembered the checksum only. */
	if (err == OK && shape.size == 0 && (err = remember_shape(connection, checksum)) != OK)
		add_server_message(connection, ret_detail);
	buf_release(&shape);
	buf_release(&history);
	return err;
}

static enum err
run_statement(void *arg, const char *statement)
{
	struct postgres_connection *connection = arg;

	postgres_send(connection, statement);
	return postgres_wait_blocking(connection, NULL, NULL);
}

static enum err
set_meta(struct postgres_connection *connection, const char *key, struct str value)
{
	struct sql_text sql;

	sql_init(&sql, SQL_POSTGRES);
	sql_addf(&sql, "INSERT INTO caisson_meta (key, value) VALUES (%v, %v)",
	    value_text(str_from(key)), value_text(value));
	postgres_send_sql(connection, &sql);
	sql_release(&sql);
	return postgres_wait_blocking(connection, NULL, NULL);
}

/* Its text, and that the tables are those that the app's file first made. */
static enum err
remember_shape(struct postgres_connection *connection, const char *checksum)
{
	struct sql_text sql;
	enum err err = run_statement(connection, system_migrations(SQL_POSTGRES));

	if (err == OK)
		err = set_meta(connection, "shape_text", connection->app->shape);
	if (err != OK)
		return err;
	sql_init(&sql, SQL_POSTGRES);
	sql_addf(&sql,
	    "INSERT INTO caisson_migrations (number, at, name, checksum, shape)"
	    " VALUES (0, %v, 'made', '', %v) ON CONFLICT DO NOTHING",
	    value_int(clock_now_us()), value_text(str_from(checksum)));
	postgres_send_sql(connection, &sql);
	sql_release(&sql);
	return postgres_wait_blocking(connection, NULL, NULL);
}

static enum err
create_tables(struct postgres_connection *connection, const char *checksum)
{
	uint8_t secret[SHA256_SIZE];
	char secret_hex[SHA256_HEX_SIZE + 1] = "";
	enum err err = catalogue_create(connection->app, SQL_POSTGRES, run_statement, connection);

	random_bytes(secret, sizeof(secret));
	sha256_hex((struct str){ (const char *)secret, sizeof(secret) }, secret_hex);
	if (err == OK)
		err = set_meta(connection, "shape", str_from(checksum));
	if (err == OK)
		err = remember_shape(connection, checksum);
	if (err == OK)
		err = set_meta(connection, "secret", str_from(secret_hex));
	return err;
}
