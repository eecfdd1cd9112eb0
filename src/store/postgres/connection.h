#pragma once
/*
 * One connection to PostgreSQL, with its prepared statements, and the tx_type
 * that runs bodies on it.  A connection belongs to one thread.
 *
 * Everything goes through libpq's pipeline: commands are sent as they come, and
 * only who needs a result waits, so that BEGIN, SET, SAVEPOINT, a Parse and a
 * statement cost one round trip together:
 *
 *	postgres_send(BEGIN)  tx_query(...)              postgres_send(COMMIT)
 *	      |                 | Parse, Bind, Sync, wait       | Sync, no wait
 *	      v                 v                               v
 *	=======================================================================> server
 *
 * Statements are prepared once for each text and its parameters' types; values
 * and rows travel in binary form.
 *
 * A server in recovery (a standby) is not accepted.  A connection that broke says so (postgres_is_broken); the next
 * postgres_ready() makes a new one, after a pause that grows while the server
 * is away.  libpq resolves host names with getaddrinfo(), which may block for
 * seconds where DNS does: then only this thread waits; `hostaddr=` in the URL
 * avoids it.
 */
#include <libpq-fe.h>

#include "app/app.h"
#include "store/tx.h"

/* A statement that the server has parsed. */
struct prepared {
	char *text; /* NULL: a free place */
	size_t text_size;
	uint64_t hash, last_used;
	uint8_t *kinds; /* enum value_kind of each parameter; VALUE_NULL where the server chose */
	size_t params_count;
	char name[16];
};

enum { SERVER_NAME_SIZE = 48 };

struct postgres_connection {
	const char *url;
	const struct app *app;
	PGconn *pg; /* NULL: not connected */
	char server[SERVER_NAME_SIZE]; /* its cluster and timeline; empty where it does not tell */
	struct prepared *cache;
	size_t cache_sets;
	uint64_t uses, names;
	struct buf scratch; /* parameters of the statement being sent */

	/* The pipeline: what was sent and not yet answered. */
	unsigned sent; /* commands since the last Sync */
	unsigned syncs; /* Syncs whose end was not read */
	struct prepared *preparing;
	unsigned preparing_at; /* its place among `sent` */
	int64_t earlier_rows; /* rows of the command before the last one, of the last wait */

	/* Of the running transaction. */
	bool failed; /* a statement failed: it can only be rolled back */
	bool again; /* it lost against another transaction and may run once more */
	bool stale; /* the connection must not be used again */
	char state[6]; /* SQLSTATE of the failure */
	char message[256]; /* what the server said of it, for the operator */
	int64_t
	    budget_end_us; /* clock_monotonic_us() after which statements are refused; 0 for none */
	int64_t timeout_ms; /* statement_timeout in force */

	int64_t next_try_us, pause_us; /* to connect again */
};

struct postgres_tx {
	struct tx tx;
	struct postgres_connection *connection;
	/* Of its statements: the rows that they tell of, and whether one may have taken others along. */
	int64_t rows;
	bool has_deleted;
};

void postgres_init(struct postgres_connection *connection, const char *url, const struct app *app);
void postgres_release(struct postgres_connection *connection);
/* Connect now, whatever the pause; ${ret_detail} (may be NULL) gets a line for people. */
enum err
postgres_connect_blocking(struct postgres_connection *connection, struct buf *ret_detail) MUST_USE;
/* OK with a connection that seems to work.  Short pauses are waited for; in a long one ERR_STORE_UNAVAILABLE at once. */
enum err postgres_ready_blocking(struct postgres_connection *connection) MUST_USE;
bool postgres_is_broken(const struct postgres_connection *connection);
/* Close; the next postgres_ready_blocking() connects again. */
void postgres_drop(struct postgres_connection *connection);

/* Begin: forget the last transaction's failure, send ${begin} and, where it differs, the statement_timeout. */
void postgres_begin(struct postgres_connection *connection, const char *begin, int64_t timeout_ms);
/* Send a command without values; whether it worked is found out with the next wait. */
void postgres_send(struct postgres_connection *connection, const char *text);
/* Send a statement; the same. */
void postgres_send_sql(struct postgres_connection *connection, const struct sql_text *sql);
/*
 * Wait for all that was sent.  *ret (may be NULL) = the last command's result,
 * to be cleared; the error is the first that failed.  ${problem} may be NULL.
 */
enum err postgres_wait_blocking(
    struct postgres_connection *connection, struct tx_problem *problem, PGresult **ret) MUST_USE;
/* Let the server go on with what was sent; its answers are read before the next wait's. */
void postgres_flush(struct postgres_connection *connection);

void postgres_tx_init(
    struct postgres_tx *tx, struct postgres_connection *connection, struct arena *arena);
/*
 * A column of a binary result as ${kind}, ${scale} that of a DECIMAL; text of numbers and ids,
 * and JSON, is made in ${arena}: its data is NULL where the arena's limit is reached.
 */
struct value postgres_value(const PGresult *result, int row, int column, enum value_kind kind,
    unsigned scale, struct arena *arena);
/* What a failed ${result} means. */
enum err postgres_error(
    struct postgres_connection *connection, const PGresult *result, struct tx_problem *ret_problem);
