#pragma once
/*
 * One SQLite connection with its statement cache and its budget, and the
 * tx_type that runs bodies on it.  A connection belongs to one thread.
 */
#include <sqlite3.h>

#include "app/app.h"
#include "store/tx.h"

struct cached_statement {
	sqlite3_stmt *statement; /* NULL: a free place */
	char *text;
	size_t text_size;
	uint64_t hash;
	uint64_t last_used;
	bool busy;	/* its rows are being read; a second use prepares its own */
	bool uncached;	/* finalized when closed */
	int slow_calls; /* on a loop: so many calls go to the reader lane */
};

struct sqlite_connection {
	sqlite3 *db;
	const struct app *app;
	struct cached_statement *cache;
	size_t cache_sets;
	uint64_t uses;
	/* The budget: looked at every so many steps of SQLite's virtual machine. */
	int64_t budget_end_us; /* of the thread's processor time; 0 for none */
	int64_t deadline_us;   /* of clock_monotonic_us(); 0 for none */
	/* A long read gives way as long as it has had its share since it began; 0: it does not. */
	int64_t began_us, began_thread_us;
	bool over_budget;
	bool is_loop; /* slow shapes are turned away: `is_slow` */
	bool is_slow;
	int last_code; /* SQLite's extended code of the last failure */
};

struct sqlite_tx {
	struct tx tx;
	struct sqlite_connection *connection;
};

enum sqlite_role {
	SQLITE_WRITER,
	SQLITE_READER,
	SQLITE_MIGRATOR, /* alone with the database, which is there; foreign keys are off */
};

enum err sqlite_connection_open(const char *path, enum sqlite_role role, const struct app *app,
    struct sqlite_connection **ret, struct buf *ret_detail) MUST_USE;
void sqlite_connection_close(struct sqlite_connection *connection);
void sqlite_tx_init(struct sqlite_tx *sqlite_tx, struct sqlite_connection *connection, struct arena *arena);
/* Statements of ours without values: BEGIN, SAVEPOINT, a pragma.  An SQLite code. */
int sqlite_run(struct sqlite_connection *connection, const char *text);
/* Does the failed ${code} mean that the disk, not the statement, refused? */
enum err sqlite_error(int code);
void sqlite_budget(struct sqlite_connection *connection, int64_t budget_us);
/*
 * A long read begins: it ends itself after ${timeout_ms}.  Behind half a millisecond, which short
 * ones need not share, it gives the processor away at every look while it has had an eighth of the
 * time.  The scheduler alone would let it finish its time slice, 4 ms, while a loop waits: p99 of
 * point reads on one core was 5.6 ms beside it, and is 0.6 to 2.3, as without it.
 */
void sqlite_begin_long(struct sqlite_connection *connection, int64_t timeout_ms);
void sqlite_end_long(struct sqlite_connection *connection);
/* A row's column as ${kind}, for the hook and the rows alike; ${scale} of a DECIMAL. */
struct value sqlite_to_value(sqlite3_value *value, enum value_kind kind, unsigned scale);
