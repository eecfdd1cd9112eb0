#include "store/postgres/transaction.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "store/engine.h"

enum {
	READ_TRIES = 3,
	PAUSE_FIRST_US = 500,
	PAUSE_DOUBLINGS_MAX = 6,
	FATE_ASK_EVERY_US = 50 * 1000,
	FATE_ASK_US = 5 * 1000 * 1000,
};

/* A write on its way. */
struct attempt {
	struct lane *lane;
	struct postgres_connection *connection;
	struct store_call *call;
	struct postgres_tx tx;
	int64_t xid;
	bool body_kept; /* it succeeded, and it is not a dry run */
	enum err body_err;
	bool unknown; /* COMMIT was sent and no answer came */
	char server[SERVER_NAME_SIZE]; /* that ran it */
};

static enum err run_attempt(struct attempt *attempt);
static enum err begin_write(struct attempt *attempt);
static enum err run_hooked(struct attempt *attempt);
static enum err run_body(struct attempt *attempt);
static enum err commit(struct attempt *attempt, enum err body_err);
static enum err find_fate(struct attempt *attempt, int64_t end_us, bool *ret_again);

static enum err
may_run(const struct store_call *call)
{
	if (atomic_load(&call->canceled))
		return ERR_CANCELED;
	if (call->deadline_us != 0 && clock_monotonic_us() > call->deadline_us)
		return ERR_OVERLOADED;
	return OK;
}

/* --- reads ----------------------------------------------------------- */

static enum err
try_read(struct lane *lane, struct store_call *call, bool *ret_again)
{
	struct postgres_connection *connection = &lane->connection;
	int64_t budget_ms = limit(LIMIT_read_deadline);
	struct postgres_tx tx;
	enum err err = postgres_ready_blocking(connection);

	*ret_again = false;
	if (err != OK)
		return err;
	postgres_begin(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", budget_ms);
	connection->budget_end_us = clock_monotonic_us() + budget_ms * 1000;
	postgres_tx_init(&tx, connection, &lane->arena);
	err = call->body(&tx.tx, call->arg);
	postgres_send(connection, "COMMIT");
	postgres_flush(connection);
	*ret_again = connection->failed && (connection->again || postgres_is_broken(connection));
	return err == OK && connection->failed ? ERR_INTERNAL : err;
}

enum err
transaction_read(struct lane *lane, struct store_call *call)
{
	enum err err = may_run(call);
	bool again = err == OK;

	for (int tries = 0; again && tries < READ_TRIES; tries++) {
		arena_reset(&lane->arena);
		err = try_read(lane, call, &again);
	}
	return again ? ERR_STORE_UNAVAILABLE : err;
}

/* --- writes ---------------------------------------------------------- */

/* A random time, so that two who met do not meet again. */
static void
pause_before(struct lane *lane, unsigned tries)
{
	unsigned doublings = tries < PAUSE_DOUBLINGS_MAX ? tries : PAUSE_DOUBLINGS_MAX;
	uint64_t longest_us = (uint64_t)PAUSE_FIRST_US << doublings, us;
	struct timespec time = { 0 };

	lane->random = lane->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	us = (lane->random >> 33) % longest_us;
	time.tv_nsec = (long)us * 1000;
	nanosleep(&time, NULL);
}

/* --- claims ------------------------------------------------------------ */

enum { CLAIM_BUCKETS = 256 }; /* at most so many locks of a session */
#define CLAIM_SPACE (INT64_C(0x63616973) << 32)

/* Take the claims' locks, in one order for all; before BEGIN, so that the snapshot and the number come behind. */
static enum err
claim(struct postgres_connection *connection, const struct store_call *call)
{
	bool wanted[CLAIM_BUCKETS] = { false };
	struct sql_text sql;
	enum err err;

	connection->failed = connection->again = false;
	if (call->claims_count == 0)
		return OK;
	for (size_t i = 0; i < call->claims_count; i++)
		wanted[call->claims[i] % CLAIM_BUCKETS] = true;
	sql_init(&sql, SQL_POSTGRES);
	for (size_t i = 0; i < CLAIM_BUCKETS; i++) {
		if (!wanted[i])
			continue;
		sql_addf(&sql, "SELECT pg_advisory_lock(%v::bigint)", value_int(CLAIM_SPACE + (int64_t)i));
		postgres_send_sql(connection, &sql);
		sql_clear(&sql);
	}
	err = postgres_wait_blocking(connection, NULL, NULL);
	sql_release(&sql);
	return err;
}

/* Behind COMMIT or ROLLBACK; nobody waits for it. */
static void
release_claims(struct postgres_connection *connection, const struct store_call *call)
{
	if (call->claims_count == 0 || postgres_is_broken(connection))
		return;
	postgres_send(connection, "SELECT pg_advisory_unlock_all()");
	postgres_flush(connection);
}

static bool
may_run_again(const struct postgres_connection *connection)
{
	return connection->failed && (connection->again || postgres_is_broken(connection));
}

/* Once; *ret_again = nothing of it has happened, and the next time it may. */
static enum err
run_once(struct lane *lane, struct store_call *call, int64_t end_us, bool *ret_again)
{
	struct attempt attempt = { .lane = lane, .connection = &lane->connection, .call = call };
	enum err err = postgres_ready_blocking(&lane->connection);

	*ret_again = false;
	if (err != OK)
		return err;
	arena_reset(&lane->arena);
	err = claim(&lane->connection, call);
	if (err == OK)
		err = run_attempt(&attempt);
	release_claims(&lane->connection, call);
	if (attempt.unknown)
		return find_fate(&attempt, end_us, ret_again);
	*ret_again = err != OK && (attempt.tx.tx.run_again || may_run_again(&lane->connection));
	return err;
}

enum err
transaction_write(struct lane *lane, struct store_call *call)
{
	int64_t end_us = call->deadline_us != 0
			     ? call->deadline_us
			     : clock_monotonic_us() + limit(LIMIT_write_deadline) * 1000;
	enum err err = may_run(call);
	bool again = err == OK;

	for (unsigned tries = 0; again; tries++) {
		if (tries > 0) {
			atomic_fetch_add(&lane->lanes->again_count, 1);
			pause_before(lane, tries);
		}
		call->number = 0;
		err = run_once(lane, call, end_us, &again);
		if (again && clock_monotonic_us() >= end_us) {
			err = ERR_OVERLOADED;
			break;
		}
	}
	if (err != OK)
		call->number = 0;
	return err;
}

static enum err
run_attempt(struct attempt *attempt)
{
	struct store_call *call = attempt->call;
	struct postgres_connection *connection = attempt->connection;
	enum err err = begin_write(attempt);

	if (err == OK)
		err = call->before != NULL ? run_hooked(attempt) : run_body(attempt);
	if (connection->failed && err == OK)
		err = ERR_INTERNAL; /* the body kept a failed statement to itself */
	if (!connection->failed && (attempt->body_kept || call->before != NULL))
		return commit(attempt, err);
	postgres_send(connection, "ROLLBACK");
	postgres_flush(connection);
	return err;
}

static bool
is_outdated(struct attempt *attempt, const PGresult *result)
{
	struct store *store = attempt->lane->lanes->store;
	bool is_same = strncmp(PQgetvalue(result, 0, 2), store->shape, sizeof(store->shape) - 1) == 0;

	if (!is_same)
		atomic_store(&store->outdated, true);
	return !is_same;
}

/*
 * The number is the transaction's id, taken before the body runs: bodies write it into their rows.
 * A migration keeps writers out by the lock of caisson_meta; who waited for it must see the shape
 * that it left, so the lock comes before the first statement that has a snapshot.
 */
static enum err
begin_write(struct attempt *attempt)
{
	struct postgres_connection *connection = attempt->connection;
	struct sql_text sql;
	PGresult *result;
	enum err err;

	sql_init(&sql, SQL_POSTGRES);
	sql_add(&sql, "SELECT caisson_number(), pg_current_xact_id(),"
		      " (SELECT value FROM caisson_meta WHERE key = 'shape')");
	postgres_begin(connection,
	    attempt->call->reads_others ? "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
					: "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
	    limit(LIMIT_alone_budget));
	postgres_send(connection, "LOCK TABLE caisson_meta IN ACCESS SHARE MODE");
	postgres_send_sql(connection, &sql);
	err = postgres_wait_blocking(connection, NULL, &result);
	sql_release(&sql);
	if (err != OK)
		return err;
	if (is_outdated(attempt, result)) {
		PQclear(result);
		connection->failed = true;
		return ERR_APP_OUTDATED;
	}
	postgres_tx_init(&attempt->tx, connection, &attempt->lane->arena);
	memcpy(attempt->server, connection->server, sizeof(attempt->server));
	attempt->tx.tx.is_write = true;
	attempt->tx.tx.is_dry_run = attempt->call->dry_run;
	attempt->tx.tx.number = postgres_value(result, 0, 0, VALUE_INT, 0, NULL).integer;
	attempt->xid = postgres_value(result, 0, 1, VALUE_INT, 0, NULL).integer;
	PQclear(result);
	return OK;
}

/* What cascades have changed the log knows alone; it is asked only where it may have come to that. */
static enum err
check_rows(struct postgres_tx *tx)
{
	int64_t most = limit(LIMIT_alone_rows);
	struct sql_text sql;
	struct tx_rows rows;
	bool are_more;
	enum err err;

	if (!tx->has_deleted && tx->rows <= most)
		return OK;
	sql_init(&sql, SQL_POSTGRES);
	sql_addf(&sql,
	    "SELECT 1 FROM (SELECT DISTINCT collection, record FROM caisson_changes WHERE seq = %v) c"
	    " OFFSET %v LIMIT 1",
	    value_int(tx->tx.number), value_int(most));
	err = tx_query(&tx->tx, &sql, &rows);
	are_more = err == OK && tx_next(&rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err == OK && are_more ? ERR_TOO_COSTLY : err;
}

static enum err
run_body(struct attempt *attempt)
{
	struct store_call *call = attempt->call;
	enum err err = call->body(&attempt->tx.tx, call->arg);

	if (err == OK && !attempt->connection->failed)
		err = check_rows(&attempt->tx);
	attempt->body_kept = err == OK && !attempt->connection->failed && !call->dry_run;
	return err;
}

/* What a refused body and a dry run wrote is taken back; what the hooks wrote stays. */
static enum err
run_hooked(struct attempt *attempt)
{
	struct postgres_connection *connection = attempt->connection;
	struct store_call *call = attempt->call;
	bool done = false;
	enum err err = call->before(&attempt->tx.tx, call->arg, &done), after_err;

	if (err != OK) {
		connection->failed = true;
		return err;
	}
	if (done)
		return OK;
	postgres_send(connection, "SAVEPOINT body");
	err = run_body(attempt);
	if (connection->failed && (attempt->tx.tx.run_again || may_run_again(connection)))
		return err;
	if (!attempt->body_kept)
		postgres_send(connection, "ROLLBACK TO SAVEPOINT body");
	connection->failed = false;
	after_err = call->after(&attempt->tx.tx, call->arg, err);
	if (after_err == OK)
		return err;
	connection->failed = true;
	return after_err;
}

/* The triggers say whether anything was changed; only then is there a number. */
static void
send_commit_row(struct attempt *attempt)
{
	const struct store_call *call = attempt->call;
	struct sql_text sql;

	sql_init(&sql, SQL_POSTGRES);
	sql_addf(&sql,
	    "INSERT INTO caisson_commits (seq, at, actor, request_id) SELECT %v, %v, %v, %v"
	    " WHERE current_setting('caisson.changed', true) = %v::bigint::text",
	    value_int(attempt->tx.tx.number), value_int(attempt->tx.tx.now_us),
	    call->actor.data == NULL ? value_null() : value_text(call->actor),
	    call->request_id.data == NULL ? value_null() : value_text(call->request_id),
	    value_int(attempt->tx.tx.number));
	postgres_send_sql(attempt->connection, &sql);
	sql_release(&sql);
}

/* Tell who waits and who follows.  ${body_err} where there are hooks: they are kept all the same. */
static enum err
committed(struct attempt *attempt, enum err body_err, bool changed)
{
	struct lanes *lanes = attempt->lane->lanes;

	if (changed && attempt->body_kept)
		attempt->call->number = attempt->tx.tx.number;
	if (changed)
		lanes->on_commit(lanes->store);
	return body_err;
}

static enum err
commit(struct attempt *attempt, enum err body_err)
{
	struct postgres_connection *connection = attempt->connection;
	PGresult *result;
	bool kept;
	enum err err;

	attempt->body_err = body_err;
	send_commit_row(attempt);
	postgres_send(connection, "COMMIT");
	err = postgres_wait_blocking(connection, NULL, &result);
	if (err != OK) {
		attempt->unknown = postgres_is_broken(connection) && !connection->again;
		postgres_send(
		    connection, "ROLLBACK"); /* where the row was refused, COMMIT was passed over */
		postgres_flush(connection);
		return err;
	}
	/* A transaction that had failed answers COMMIT with ROLLBACK. */
	kept = strcmp(PQcmdStatus(result), "COMMIT") == 0;
	PQclear(result);
	return kept ? committed(attempt, body_err, connection->earlier_rows > 0) : ERR_INTERNAL;
}

/* --- a COMMIT that nobody answered ----------------------------------- */

enum fate { FATE_UNKNOWN, FATE_RUNNING, FATE_COMMITTED, FATE_ABORTED };

static enum err
ask(struct postgres_connection *connection, struct sql_text *sql, PGresult **ret)
{
	enum err err;

	connection->failed = connection->again = false;
	postgres_send_sql(connection, sql);
	err = postgres_wait_blocking(connection, NULL, ret);
	sql_clear(sql);
	return err;
}

static enum err
ask_commit_row(struct attempt *attempt, struct sql_text *sql, bool *ret)
{
	PGresult *result;
	enum err err;

	sql_addf(sql, "SELECT 1 FROM caisson_commits WHERE seq = %v AND at = %v",
	    value_int(attempt->tx.tx.number), value_int(attempt->tx.tx.now_us));
	err = ask(attempt->connection, sql, &result);
	if (err != OK)
		return err;
	*ret = PQntuples(result) > 0;
	PQclear(result);
	return OK;
}

static enum fate
ask_status(struct attempt *attempt, struct sql_text *sql)
{
	enum fate fate = FATE_UNKNOWN;
	PGresult *result;
	const char *status;

	sql_addf(sql, "SELECT pg_xact_status(%v::bigint::text::xid8)", value_int(attempt->xid));
	if (ask(attempt->connection, sql, &result) != OK)
		return FATE_UNKNOWN;
	status = PQgetvalue(result, 0, 0);
	if (strcmp(status, "committed") == 0)
		fate = FATE_COMMITTED;
	else if (strcmp(status, "aborted") == 0)
		fate = FATE_ABORTED;
	else if (strcmp(status, "in progress") == 0)
		fate = FATE_RUNNING;
	PQclear(result);
	return fate;
}

/*
 * The commit row is proof in itself.  Without one the transaction's status
 * tells, but only on the server that ran it (one that was promoted since then
 * counts on with ids of its own), and only that it failed or still runs: a
 * server that crashed gives ids that it had not yet written to its log again,
 * so that "committed" may be said of somebody else's.  What has committed
 * without a row changed nothing, and can be run again.  The row is looked for
 * behind the status: it may come in between.
 */
static enum fate
ask_fate(struct attempt *attempt, bool *ret_changed)
{
	struct postgres_connection *connection = attempt->connection;
	enum fate fate = FATE_UNKNOWN;
	struct sql_text sql;

	*ret_changed = false;
	if (postgres_connect_blocking(connection, NULL) != OK)
		return FATE_UNKNOWN;
	sql_init(&sql, SQL_POSTGRES);
	if (attempt->server[0] != '\0' && strcmp(attempt->server, connection->server) == 0)
		fate = ask_status(attempt, &sql);
	if (ask_commit_row(attempt, &sql, ret_changed) != OK)
		fate = FATE_UNKNOWN;
	else if (*ret_changed)
		fate = FATE_COMMITTED;
	else if (fate == FATE_COMMITTED)
		fate = FATE_ABORTED;
	sql_release(&sql);
	return fate;
}

static enum err
find_fate(struct attempt *attempt, int64_t end_us, bool *ret_again)
{
	int64_t least_us = clock_monotonic_us() + FATE_ASK_US;
	struct timespec time = { .tv_nsec = FATE_ASK_EVERY_US * 1000L };
	enum fate fate;
	bool changed;

	while ((fate = ask_fate(attempt, &changed)) <= FATE_RUNNING &&
	       (clock_monotonic_us() < end_us || clock_monotonic_us() < least_us))
		nanosleep(&time, NULL);
	*ret_again = fate == FATE_ABORTED;
	if (fate == FATE_COMMITTED)
		return committed(attempt, attempt->body_err, changed);
	atomic_fetch_add(&attempt->lane->lanes->unknown_count, fate != FATE_ABORTED);
	return fate == FATE_ABORTED ? ERR_STORE_UNAVAILABLE : ERR_OUTCOME_UNKNOWN;
}
