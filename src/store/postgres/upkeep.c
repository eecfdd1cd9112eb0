#include "store/postgres/upkeep.h"

#include "base/limits.h"
#include "loop/loop.h"

enum { SLICE_ROWS = 1000, STATEMENT_TIMEOUT_MS = 10000 };

/* The largest number of the slice, or 0; and the lock, which another node may have. */
static enum err
find_slice(struct postgres_connection *connection, struct sql_text *sql, int64_t *ret_until)
{
	PGresult *result;
	enum err err;

	sql_clear(sql);
	sql_addf(sql,
	    "SELECT CASE WHEN pg_try_advisory_xact_lock(27975310498625391) THEN coalesce((SELECT "
	    "max(seq) FROM"
	    " (SELECT seq FROM caisson_commits WHERE at < %v ORDER BY seq LIMIT %v) old), 0) ELSE "
	    "-1 END",
	    value_int(clock_now_us() - limit(LIMIT_log_age) * 1000000), value_int(SLICE_ROWS));
	postgres_send_sql(connection, sql);
	err = postgres_wait_blocking(connection, NULL, &result);
	if (err != OK)
		return err;
	*ret_until = postgres_value(result, 0, 0, VALUE_INT, 0, NULL).integer;
	PQclear(result);
	return OK;
}

static enum err
run(struct postgres_connection *connection, struct sql_text *sql, const char *format,
    struct value value)
{
	sql_clear(sql);
	sql_addf(sql, format, value);
	postgres_send_sql(connection, sql);
	return postgres_wait_blocking(connection, NULL, NULL);
}

static enum err
forget_log(struct postgres_connection *connection, struct sql_text *sql, int64_t until)
{
	enum err err =
	    run(connection, sql, "DELETE FROM caisson_changes WHERE seq <= %v", value_int(until));

	if (err == OK)
		err = run(connection, sql, "DELETE FROM caisson_commits WHERE seq <= %v",
		    value_int(until));
	if (err == OK)
		err = run(connection, sql,
		    "INSERT INTO caisson_meta (key, value) VALUES ('log_start', %v::bigint::text)"
		    " ON CONFLICT (key) DO UPDATE SET"
		    " value = greatest(caisson_meta.value::bigint, EXCLUDED.value::bigint)::text",
		    value_int(until));
	return err;
}

enum err
upkeep_blocking(struct postgres_connection *connection)
{
	int64_t until = 0;
	struct sql_text sql;
	enum err err;

	sql_init(&sql, SQL_POSTGRES);
	postgres_begin(connection, "BEGIN", STATEMENT_TIMEOUT_MS);
	err = find_slice(connection, &sql, &until);
	if (err == OK && until > 0)
		err = forget_log(connection, &sql, until);
	if (err == OK && until >= 0)
		err = run(connection, &sql,
		    "DELETE FROM caisson_idempotency WHERE ctid = ANY (ARRAY(SELECT ctid"
		    " FROM caisson_idempotency WHERE at < %v LIMIT 1000))",
		    value_time(clock_now_us() - limit(LIMIT_idempotency_age) * 1000000));
	sql_release(&sql);
	postgres_send(connection, err == OK ? "COMMIT" : "ROLLBACK");
	if (err != OK) {
		postgres_flush(connection);
		return err;
	}
	return postgres_wait_blocking(connection, NULL, NULL);
}
