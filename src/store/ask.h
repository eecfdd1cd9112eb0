#pragma once
/*
 * A statement of the operator's, in the engine's own SQL: what `caisson sql`
 * runs, and nothing that a request could reach.
 *
 *	reads	on a connection of their own, which can do nothing else; a server may run
 *	writes	inside a store's write body, so that commit numbers, the log and live
 *		updates know of them; not rules, defaults, folded forms and links
 *
 * What the engine says of a mistake is for the operator, and so kept.
 */
#include "store/store.h"

struct ask_rows {
	/* The names, once, before the first row; false ends it. */
	bool (*columns)(void *arg, const struct str *names, size_t count);
	/*
	 * A row: of columns of the app as their fields are, else as the engine has them; numbers
	 * that are longer than the C types are JSON.  Texts are good until it returns.
	 */
	bool (*row)(void *arg, const struct value *values, size_t count);
	void *arg;
};

enum { ASK_COLUMNS_MAX = 2000 };

/*
 * A single statement that only reads.  ERR_TOO_COSTLY after ${timeout_ms}; on any
 * error a line for people in ${ret_detail}.
 */
enum err store_ask_blocking(const struct store_options *options, struct str statement,
    int64_t timeout_ms, const struct ask_rows *rows, struct buf *ret_detail) MUST_USE;

/* The body of a write: an INSERT, UPDATE or DELETE. */
struct ask_write {
	struct str statement;
	int64_t changed; /* how many rows, cascades not counted */
	struct buf detail; /* of the caller; a line for people where it failed */
};
enum err ask_write(struct tx *tx, void *arg) MUST_USE;
