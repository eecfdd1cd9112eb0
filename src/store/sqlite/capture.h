#pragma once
/*
 * Capture: what a write changes, as SQLite's preupdate hook tells it (it sees
 * cascades, SET NULL and triggers), collected for the commit log and the ring.
 *
 *	capture_begin -> body -> hook, hook, … -> capture_take -> log rows, ring
 *	                      \-> refused: capture_drop
 *
 * One struct commit per body; two changes of one row in one body are one.
 */
#include "store/ring.h"
#include "store/sqlite/connection.h"

struct capture {
	const struct app *app;
	int **columns; /* by collection.index: where its columns stand in the table */
	struct commit *commit; /* of the running body; NULL between bodies */
	struct change *last;
	/* By collection and id, open addressing; places is a power of two, at least twice the changes. */
	struct change **places;
	size_t places_count;
	bool failed; /* the memory limit was reached: refuse the body */
};

/* ${capture} starts zeroed; release it after the connection is closed. */
void capture_attach(struct capture *capture, struct sqlite_connection *connection);
void capture_begin(struct capture *capture, int64_t number);
/* The body's commit, now the caller's; NULL when nothing changed, unless ${even_empty}. */
struct commit *capture_take(struct capture *capture, bool even_empty);
void capture_drop(struct capture *capture);
void capture_release(struct capture *capture);
/* Write the log rows of ${commit}: one of caisson_commits, one of caisson_changes for each change. */
enum err capture_log(struct tx *tx, const struct commit *commit, struct str actor, struct str request_id) MUST_USE;
