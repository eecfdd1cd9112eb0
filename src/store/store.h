#pragma once
/*
 * The store: reads and writes of an app's data, on one of two engines.
 *
 * A caller embeds a store_call in its task, fills in the body, and waits once:
 *
 *	store_read(store, loop, &call);  return STEP_WAIT;
 *
 * The task is woken exactly once, with the call's result in call.err (the
 * wake itself is always OK: a refusal is an answer, not the end of the task).
 *
 *	           SQLite                           PostgreSQL
 *	read       light: on the loop's reader,     on a lane (a thread with
 *	           at once; heavy: reader lane      a connection of its own)
 *	write      the writer lane, group commit    the lane of the record's hash
 *
 * A write's number is its commit number (HOUSE: one commit, one number).  A
 * refused write and one that changed nothing get none (tx.takes_number apart).
 *
 * Lifetime: a store is opened before the loops run and closed after they have
 * stopped.  The app must outlive it.
 */
#include <stdatomic.h>

#include "app/app.h"
#include "loop/loop.h"
#include "store/tx.h"

struct store;
struct store_engine;
struct ring;

enum store_weight {
	STORE_LIGHT, /* a point read or an index-ordered page: a few hundred microseconds */
	STORE_HEAVY, /* anything that may scan or sort */
};

typedef enum err store_body(struct tx *tx, void *arg);

struct store_call {
	store_body *body;
	void *arg;
	struct task *task;
	enum store_weight weight; /* reads */
	/*
	 * Writes may be wrapped: `before` runs first, in the same transaction; if it
	 * returns OK with *ret_done, the body does not run.  `after` runs behind the
	 * body with its result; what before and after wrote is kept even where the
	 * body was refused (a stored answer), unless `after` returns an error.
	 * Both NULL for most.
	 */
	enum err (*before)(struct tx *tx, void *arg, bool *ret_done);
	enum err (*after)(struct tx *tx, void *arg, enum err body_err);
	bool dry_run;		/* do everything, keep nothing */
	bool reads_others;	/* the body's rules read other rows than it writes (PostgreSQL: SERIALIZABLE) */
	uint64_t record_hash;	/* writes to one record share it; 0 for none (PostgreSQL: the lane) */
	/*
	 * Hashes of the records that the body creates under a chosen id, or deletes.  On
	 * PostgreSQL only one body that claims a record runs at a time, on all nodes, and
	 * the next takes its number when that has ended: so numbers are in the order in
	 * which an id comes and goes.  They must live as long as the call.
	 */
	const uint64_t *claims;
	size_t claims_count;
	uint64_t caller_hash;	/* one caller may fill an eighth of the queue */
	int64_t deadline_us;	/* clock_monotonic_us(); later it is ERR_OVERLOADED */
	struct str actor, request_id; /* for the commit log */
	atomic_bool canceled;	/* the client has gone: a call that has not begun is dropped */

	/* Results. */
	enum err err;
	int64_t number; /* of a write that changed something; else 0 */

	/* The engine's own. */
	struct mail mail;
	struct loop *loop;
	struct store_call *next;
	enum err staged_err;
	bool alone;
};

/* What `database:` names.  Options are limits of the limits table. */
struct store_options {
	const struct app *app;
	const char *folder; /* the app folder: data/ lies in it */
	struct str database;
	unsigned loops_count;
};

/*
 * Open or create.  On failure an error and one line for people in ${ret_detail}:
 * a second server on the same data, an app file that does not fit the data, ….
 */
enum err store_open(const struct store_options *options, struct store **ret, struct buf *ret_detail) MUST_USE;
void store_close(struct store *store);
enum sql_dialect store_dialect(const struct store *store);
/* The tables were made by this store_open(): seeds are loaded once. */
bool store_is_new(const struct store *store);
/* Give ${loop} its reader.  On the loop's thread, before its first call. */
void store_attach(struct store *store, struct loop *loop);
void store_detach(struct store *store, struct loop *loop);

void store_read(struct store *store, struct loop *loop, struct store_call *call);
void store_write(struct store *store, struct loop *loop, struct store_call *call);

/* The same for a thread without a loop (command line, seeds, tests): returns when it is done. */
enum err store_read_blocking(struct store *store, struct store_call *call);
enum err store_write_blocking(struct store *store, struct store_call *call);

/* Where its commits are seen as they happen. */
struct ring *store_ring(struct store *store);
/* The last commit number that is visible to reads. */
int64_t store_last_number(struct store *store);
/* OK, or why the store cannot take writes now (ready checks). */
enum err store_health(struct store *store);
/*
 * PostgreSQL: how long the log has been held back by a transaction that runs
 * somewhere in the cluster, and its server process (0: not known); else 0.
 * Live updates wait for it, so an alarm names the process.
 */
int64_t store_held_back_us(struct store *store, int *ret_pid);
/*
 * The tables have been changed for another app since this one was opened: every call is refused
 * with ERR_APP_OUTDATED.
 */
bool store_is_outdated(const struct store *store);
/* After a commit of unknown fate the process must end: this says so. */
bool store_is_lost(const struct store *store);
