#include "store/postgres/connection.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "store/postgres/statement.h"

enum {
	PAUSE_FIRST_US = 50 * 1000,
	PAUSE_WAITED_US = 100 * 1000,
	PAUSE_LAST_US = 5 * 1000 * 1000,
	SCRATCH_SIZE_MAX = 256 << 20,
	DETAIL_SIZE_MAX = 400,
};

void
postgres_init(struct postgres_connection *connection, const char *url, const struct app *app)
{
	*connection = (struct postgres_connection){ .url = url, .app = app };
	buf_init(&connection->scratch, SCRATCH_SIZE_MAX);
	statements_init(connection);
}

void
postgres_release(struct postgres_connection *connection)
{
	/* The server says on its log who hangs up in the middle of its answer. */
	if (!postgres_is_broken(connection) && postgres_wait_blocking(connection, NULL, NULL) != OK)
		connection->stale = true;
	postgres_drop(connection);
	statements_release(connection);
	buf_release(&connection->scratch);
}

/* --- connecting ------------------------------------------------------ */

/*
 * What each session needs.  Waiting for a lock ends before statement_timeout
 * would end it, so that a crowd on one row is not mistaken for a costly
 * statement; a transaction that its process has left would hold back the feed.
 */
static const char *const session_settings[] = {
	"SET TimeZone = 'UTC'",
	"SET standard_conforming_strings = on",
	"SET jit = off",
	"SET lock_timeout = '1s'",
	"SET idle_in_transaction_session_timeout = '60s'",
	"SET synchronous_commit = on",
};

static PGconn *
connect_to(const char *url)
{
	/* Later ones win: the URL may say otherwise for all but the encoding. */
	const char *names[] = { "connect_timeout", "target_session_attrs", "tcp_user_timeout",
		"keepalives_idle", "fallback_application_name", "dbname", "client_encoding", NULL };
	const char *values[] = { "5", "primary", "10000", "10", "caisson", url, "UTF8", NULL };

	return PQconnectdbParams(names, values, /* expand_dbname= */ 1);
}

/* libpq's messages have several lines: the first says it. */
static void
add_message(struct buf *detail, const char *message)
{
	size_t size = strcspn(message, "\n");

	if (detail != NULL)
		buf_add(detail, message, size > DETAIL_SIZE_MAX ? DETAIL_SIZE_MAX : size);
}

/* Which history the server writes: a promoted standby has the cluster's id and a timeline of its own. */
static void
note_server(struct postgres_connection *connection)
{
	PGresult *result;

	connection->server[0] = '\0';
	postgres_send(connection,
	    "SELECT (SELECT system_identifier FROM pg_control_system()) || ' '"
	    " || left(pg_walfile_name(pg_current_wal_lsn()), 8)");
	if (postgres_wait_blocking(connection, NULL, &result) == OK) {
		snprintf(
		    connection->server, sizeof(connection->server), "%s", PQgetvalue(result, 0, 0));
		PQclear(result);
	}
	connection->failed = false; /* the right to ask may be missing */
}

static enum err
set_up_session(struct postgres_connection *connection, struct buf *ret_detail)
{
	PGresult *result;
	bool in_recovery;

	if (!PQenterPipelineMode(connection->pg))
		return ERR_STORE_UNAVAILABLE;
	for (size_t i = 0; i < COUNT(session_settings); i++)
		postgres_send(connection, session_settings[i]);
	postgres_send(connection, "SELECT pg_is_in_recovery()");
	if (postgres_wait_blocking(connection, NULL, &result) != OK) {
		add_message(ret_detail, PQerrorMessage(connection->pg));
		return ERR_STORE_UNAVAILABLE;
	}
	in_recovery = *PQgetvalue(result, 0, 0) != 0;
	PQclear(result);
	if (in_recovery) {
		add_message(ret_detail, "the server is in recovery: name the primary");
		return ERR_STORE_UNAVAILABLE;
	}
	note_server(connection);
	return postgres_is_broken(connection) ? ERR_STORE_UNAVAILABLE : OK;
}

/* libpq's own is to print. */
static void
ignore_notice(void *arg, const char *message)
{
	(void)arg, (void)message;
}

static enum err
try_connect(struct postgres_connection *connection, struct buf *ret_detail)
{
	postgres_drop(connection);
	connection->failed = connection->again = connection->stale = false;
	connection->pg = connect_to(connection->url);
	PQsetNoticeProcessor(connection->pg, ignore_notice, NULL);
	if (PQstatus(connection->pg) == CONNECTION_OK)
		return set_up_session(connection, ret_detail);
	add_message(ret_detail, PQerrorMessage(connection->pg));
	return ERR_STORE_UNAVAILABLE;
}

static int64_t
longer_pause(int64_t pause_us)
{
	if (pause_us == 0)
		return PAUSE_FIRST_US;
	return pause_us * 2 > PAUSE_LAST_US ? PAUSE_LAST_US : pause_us * 2;
}

enum err
postgres_connect_blocking(struct postgres_connection *connection, struct buf *ret_detail)
{
	enum err err = try_connect(connection, ret_detail);

	if (err != OK)
		postgres_drop(connection);
	connection->pause_us = err == OK ? 0 : longer_pause(connection->pause_us);
	connection->next_try_us = clock_monotonic_us() + connection->pause_us;
	return err;
}

bool
postgres_is_broken(const struct postgres_connection *connection)
{
	return connection->pg == NULL || connection->stale ||
	       PQstatus(connection->pg) != CONNECTION_OK;
}

static void
sleep_us(int64_t wait_us)
{
	struct timespec time = { .tv_nsec = (long)(wait_us > 0 ? wait_us : 0) * 1000 };

	nanosleep(&time, NULL);
}

enum err
postgres_ready_blocking(struct postgres_connection *connection)
{
	while (postgres_is_broken(connection)) {
		int64_t wait_us = connection->next_try_us - clock_monotonic_us();

		if (wait_us > 0 && connection->pause_us > PAUSE_WAITED_US)
			return ERR_STORE_UNAVAILABLE;
		sleep_us(wait_us);
		if (postgres_connect_blocking(connection, NULL) != OK &&
		    connection->pause_us > PAUSE_WAITED_US)
			return ERR_STORE_UNAVAILABLE;
	}
	return OK;
}

void
postgres_drop(struct postgres_connection *connection)
{
	PQfinish(connection->pg);
	connection->pg = NULL;
	connection->sent = connection->syncs = 0;
	connection->preparing = NULL;
	connection->timeout_ms = -1;
	statements_forget(connection);
}

/* --- the pipeline ---------------------------------------------------- */

void
postgres_send(struct postgres_connection *connection, const char *text)
{
	if (connection->pg == NULL)
		return;
	/* A send that fails breaks the connection; the wait will say so. */
	(void)PQsendQueryParams(connection->pg, text, 0, NULL, NULL, NULL, NULL, /* binary: */ 1);
	connection->sent++;
}

void
postgres_begin(struct postgres_connection *connection, const char *begin, int64_t timeout_ms)
{
	char set[64];

	connection->failed = connection->again = false;
	connection->budget_end_us = 0;
	if (connection->timeout_ms != timeout_ms) {
		snprintf(set, sizeof(set), "SET statement_timeout = %lld", (long long)timeout_ms);
		postgres_send(connection, set);
		connection->timeout_ms = timeout_ms;
	}
	postgres_send(connection, begin);
}

void
postgres_flush(struct postgres_connection *connection)
{
	if (connection->pg == NULL || !PQpipelineSync(connection->pg))
		return;
	connection->syncs++;
	connection->sent = 0;
}

/* The results between two Syncs. */
struct answers {
	PGresult *last, *first_error;
	unsigned count, error_at;
	int64_t last_rows, earlier_rows;
};

static void
take_answer(struct answers *answers, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (answers->last != answers->first_error)
		PQclear(answers->last);
	answers->last = result;
	answers->earlier_rows = answers->last_rows;
	answers->last_rows = strtoll(PQcmdTuples(result), NULL, 10);
	if (answers->first_error == NULL && status != PGRES_COMMAND_OK &&
	    status != PGRES_TUPLES_OK) {
		answers->first_error = result;
		answers->error_at = answers->count;
	}
	answers->count++;
}

static void
clear_answers(struct answers *answers)
{
	if (answers->first_error != answers->last)
		PQclear(answers->first_error);
	PQclear(answers->last);
	*answers = (struct answers){ 0 };
}

/* Read up to the next Sync's end; false when the connection broke before it. */
static bool
read_answers(struct postgres_connection *connection, struct answers *ret)
{
	bool between = false; /* NULL stands once behind each command's result */
	PGresult *result;

	for (;;) {
		result = PQgetResult(connection->pg);
		if (result == NULL) {
			if (between || PQstatus(connection->pg) != CONNECTION_OK)
				return false;
			between = true;
			continue;
		}
		between = false;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
			break;
		take_answer(ret, result);
	}
	PQclear(result);
	connection->syncs--;
	return true;
}

/* Was the Parse among what was answered well? */
static void
settle_prepared(struct postgres_connection *connection, const struct answers *answers)
{
	struct prepared *prepared = connection->preparing;

	connection->preparing = NULL;
	if (prepared != NULL &&
	    (answers->count <= connection->preparing_at ||
		(answers->first_error != NULL && answers->error_at <= connection->preparing_at)))
		statement_forget(prepared);
}

static enum err
broken(struct postgres_connection *connection)
{
	connection->failed = connection->stale = true;
	return ERR_STORE_UNAVAILABLE;
}

enum err
postgres_wait_blocking(
    struct postgres_connection *connection, struct tx_problem *problem, PGresult **ret)
{
	struct answers answers = { 0 };
	bool whole = connection->pg != NULL;
	enum err err = OK;

	postgres_flush(connection);
	while (whole && connection->syncs > 0) {
		clear_answers(&answers); /* of an earlier flush, which nobody asked for */
		whole = read_answers(connection, &answers);
	}
	settle_prepared(connection, &answers);
	connection->earlier_rows = answers.earlier_rows;
	if (answers.first_error != NULL)
		err = postgres_error(connection, answers.first_error, problem);
	if (!whole || connection->pg == NULL || PQstatus(connection->pg) != CONNECTION_OK)
		err = broken(connection);
	if (err == OK && ret != NULL) {
		*ret = answers.last;
		return OK;
	}
	clear_answers(&answers);
	return err;
}
