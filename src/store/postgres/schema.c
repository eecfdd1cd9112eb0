#include "store/postgres/schema.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "sql/catalogue.h"

/* The key of the advisory lock: "caisson" in ASCII. */
#define LOCK_SCHEMA "SELECT pg_advisory_xact_lock(27975310498625390)"

enum { CREATE_TIMEOUT_MS = 0, LOCK_WAIT_MS = 60000 };

static enum err create_tables(struct postgres_connection *connection, const char *shape);
static enum err
compare_shape(struct postgres_connection *connection, const char *shape, struct buf *ret_detail);

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
prepare_locked(struct postgres_connection *connection, const char *shape, bool *ret_is_new,
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
		return compare_shape(connection, shape, ret_detail);
	if (err == OK)
		err = create_tables(connection, shape);
	if (err != OK)
		add_server_message(connection, ret_detail);
	*ret_is_new = err == OK;
	return err;
}

enum err
schema_prepare_blocking(
    struct postgres_connection *connection, bool *ret_is_new, struct buf *ret_detail)
{
	char shape[SHA256_HEX_SIZE + 1] = "";
	enum err err, commit_err;

	sha256_hex(connection->app->shape, shape);
	postgres_begin(connection, "BEGIN", CREATE_TIMEOUT_MS);
	/* The node that makes the tables may take longer than the session's lock_timeout. */
	postgres_send(connection, "SET LOCAL lock_timeout = '60s'");
	postgres_send(connection, LOCK_SCHEMA);
	err = postgres_wait_blocking(connection, NULL, NULL);
	if (err != OK)
		add_server_message(connection, ret_detail);
	else
		err = prepare_locked(connection, shape, ret_is_new, ret_detail);
	postgres_send(connection, err == OK ? "COMMIT" : "ROLLBACK");
	commit_err = postgres_wait_blocking(connection, NULL, NULL);
	if (err == OK && commit_err != OK)
		add_server_message(connection, ret_detail);
	return err != OK ? err : commit_err;
}

static enum err
compare_shape(struct postgres_connection *connection, const char *shape, struct buf *ret_detail)
{
	char stored[SHA256_HEX_SIZE + 1];
	enum err err = read_text(connection, "SELECT value FROM caisson_meta WHERE key = 'shape'",
	    stored, sizeof(stored));

	if (err != OK) {
		add_server_message(connection, ret_detail);
		return err;
	}
	if (strcmp(stored, shape) == 0)
		return OK;
	buf_addf(ret_detail,
	    "the database \"%s\" was made for another caisson.yaml: its collections or fields have "
	    "changed,"
	    " and changing tables that hold data is not supported yet; undo the change, or name a "
	    "new"
	    " database",
	    PQdb(connection->pg));
	return ERR_CONFLICT;
}

static enum err
run_statement(void *arg, const char *statement)
{
	struct postgres_connection *connection = arg;

	postgres_send(connection, statement);
	return postgres_wait_blocking(connection, NULL, NULL);
}

static enum err
set_meta(struct postgres_connection *connection, const char *key, const char *value)
{
	struct sql_text sql;

	sql_init(&sql, SQL_POSTGRES);
	sql_addf(&sql, "INSERT INTO caisson_meta (key, value) VALUES (%v, %v)",
	    value_text(str_from(key)), value_text(str_from(value)));
	postgres_send_sql(connection, &sql);
	sql_release(&sql);
	return postgres_wait_blocking(connection, NULL, NULL);
}

static enum err
create_tables(struct postgres_connection *connection, const char *shape)
{
	uint8_t secret[SHA256_SIZE];
	char secret_hex[SHA256_HEX_SIZE + 1] = "";
	enum err err = catalogue_create(connection->app, SQL_POSTGRES, run_statement, connection);

	random_bytes(secret, sizeof(secret));
	sha256_hex((struct str){ (const char *)secret, sizeof(secret) }, secret_hex);
	if (err == OK)
		err = set_meta(connection, "shape", shape);
	if (err == OK)
		err = set_meta(connection, "secret", secret_hex);
	return err;
}
