#pragma once
/*
 * A transaction, as a body sees it.  A body is ordinary blocking C, the same
 * text on both engines:
 *
 *	enum err body(struct tx *tx, void *arg);
 *
 * It touches only ${tx} and ${arg}, and it may run several times (a lost
 * group, a serialization failure), so it resets its results first.  What it
 * wrote is kept when it returns OK, and leaves nothing behind otherwise.
 *
 * Rows:
 *	struct tx_rows rows;
 *	err = tx_query(tx, &sql, &rows);
 *	while (err == OK && tx_next(&rows))
 *		... tx_value(&rows, 0, VALUE_TEXT) ...
 *	err = tx_close(&rows, err);
 *
 * A failed statement inside a write body must be the body's own failure: hand
 * it up (on PostgreSQL the transaction is lost by it).
 */
#include "app/app.h"
#include "base/arena.h"
#include "base/value.h"
#include "sql/text.h"

struct tx;
struct tx_rows;

/* What a statement ran into; columns by their names in the app file. */
enum tx_problem_kind { TX_NO_PROBLEM, TX_UNIQUE, TX_REFERENCE, TX_CHECK };

struct tx_problem {
	enum tx_problem_kind kind;
	char table[64];
	char column[64]; /* of a UNIQUE, the first of several; empty where the engine does not tell */
	const struct app_index *several; /* of a UNIQUE: the compound one; else NULL */
};

/* An engine's side of it. */
struct tx_type {
	enum sql_dialect dialect;
	enum err (*query)(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret);
	bool (*next)(struct tx_rows *rows);
	struct value (*value)(struct tx_rows *rows, int column, enum value_kind kind, unsigned scale);
	void (*close)(struct tx_rows *rows);
	enum err (*exec)(struct tx *tx, const struct sql_text *sql, int64_t *ret_changed);
	/* For store/ask.h: a whole statement that somebody has written. */
	enum err (*ask)(struct tx *tx, struct str statement, int64_t *ret_changed, struct buf *ret_detail);
};

struct tx {
	const struct tx_type *type;
	int64_t number; /* the commit number that this write will have; 0 in a read */
	int64_t now_us; /* the time of this run, the same for all that it writes */
	struct arena *arena; /* for the body; emptied after the transaction */
	struct tx_problem problem; /* of the last failed statement */
	bool is_write;
	bool is_dry_run; /* nothing will be kept: do not touch what no rollback undoes */
	/*
	 * A body that fails may set this: what it ran into was not in its snapshot, so run
	 * it once more with a new one.  (On SQLite it cannot come to that.)
	 */
	bool run_again;
	/*
	 * A body may set this: it is a commit though it changes no record, so that what comes behind it
	 * is told from what was before.  (On PostgreSQL numbers go on by themselves.)
	 */
	bool takes_number;
};

struct tx_rows {
	struct tx *tx;
	enum err err; /* why tx_next() said false, OK at the end of the rows */
	void *engine;
	int64_t engine_row;
};

/* Errors: ERR_CONFLICT with tx->problem; ERR_TOO_COSTLY, ERR_STORE_FULL, ERR_IO, ERR_STORE_UNAVAILABLE, and what the engine runs again by itself. */
enum err tx_query(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret) MUST_USE;
bool tx_next(struct tx_rows *rows);
/*
 * The column of the current row as ${kind}, or NULL.  Text is valid until the next tx_next() or
 * tx_close().  For columns of the system's tables and numbers that are counted.
 */
struct value tx_value(struct tx_rows *rows, int column, enum value_kind kind);
/* The same for a column of a collection: its kind and scale are those of ${field}. */
struct value tx_column(struct tx_rows *rows, int column, const struct field *field);
/* Always, once for each tx_query().  Returns ${err}, or else the rows' own error. */
enum err tx_close(struct tx_rows *rows, enum err err) MUST_USE;
/* A statement without rows; *ret_changed (may be NULL) = rows inserted, updated or deleted, cascades not counted. */
enum err tx_exec(struct tx *tx, const struct sql_text *sql, int64_t *ret_changed) MUST_USE;
