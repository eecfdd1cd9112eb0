#pragma once
/*
 * Live queries of one loop: streams that are told what enters, changes and
 * leaves the records for which a predicate holds.
 *
 *	ring --commit--> group (one for each distinct predicate) --text--> its streams
 *
 * A change is asked about once for each group, before and after: held neither
 * time, nothing; only after, entered; both, changed; only before, left.  The
 * events of one commit stand in its order, and the last one carries its number.
 *
 * Joined predicates are asked of the database when the commit is there.  A
 * commit that touches another collection which they read may change anything:
 * it sends `reset`, at most one a second.  The reasons of a reset:
 *
 *	position  the number is unknown here, or the log does not reach back to it
 *	gap       too much has changed since
 *	joined    other records decide, and some have changed, or may have
 *	rights    the caller's rights have changed
 *	large     one commit changed too much to tell
 *
 * Going on from a number (live_catch_up, a store body that runs while the
 * stream is `catching_up`):
 *
 *	     since              until = last_number when it was opened
 *	-------|------ log -------|---- ring: held back until the log was told ---->
 *
 * The loop follows the ring before a stream's `until` is taken, so that no
 * commit falls between; a stream skips those that are not behind its number.
 * A new stream on PostgreSQL catches up too: what the database shows already is
 * not news, though the ring has yet to bring it.  So does one that begins with the
 * rows that are there: each as `entered`, then `snapshot` with the number that they
 * were read at, and where the list has more of them than its limit, their cursor.
 *
 * Threads: the loop's own; the store bodies say where they run.
 */
#include "auth/keys.h"
#include "events/predicate.h"
#include "store/ring.h"
#include "store/snapshot.h"

struct live;
struct live_group;
struct live_caller;
struct list_query;
struct live_stream;

/* What a stream does with its text.  Neither may call live_close(). */
struct live_user {
	/* Whole events, comments or ids. */
	void (*write)(struct live_stream *stream, struct str text);
	/* Nothing more will come: close it. */
	void (*end)(struct live_stream *stream);
};

/* What is to be told when a stream has caught up, commit by commit. */
struct live_held {
	struct buf text;
	struct live_held_part {
		int64_t number; /* INT64_MAX: of no commit, for all */
		int64_t until; /* the last commit that it speaks of */
		size_t size;
	} * parts;
	size_t parts_count;
};

/* Embedded in its user's; all of it is live's own. */
struct live_stream {
	const struct live_user *user;
	struct live *live;
	struct live_group *group;
	struct live_stream *next, **at; /* in its group */
	struct live_caller *caller; /* NULL for a guest */
	struct live_stream *next_of_caller, **at_caller;
	int64_t since; /* commits up to it are not told */
	struct snapshot start; /* and those that it sees: a new stream tells what comes behind it */
	const struct list_query *rows; /* of a new one */
	bool is_new, catching_up, ended;
	const char *reset; /* why it does not go on where it was; or NULL */
	struct live_held held;
	struct timeout beat;
};

/* What is followed, by whom.  The texts and the key's identity are copied or counted. */
struct live_query {
	const struct collection *collection;
	struct str filter; /* compiled without a mistake before; data NULL: none */
	struct str fields; /* which members are shown, as the filter; no expansions */
	struct value id; /* of the one record, or VALUE_NULL */
	struct known_key *key; /* or NULL for a guest */
	/* Where a new stream begins with the rows that are there: the list of them, else NULL. */
	const struct list_query *rows;
};

/* Open streams of the process.  Any thread. */
unsigned live_streams_count(void);

/* Up to the commit ${rights_since} other rules than ${rules} decided: events/rights.h. */
struct live *live_new(
    struct loop *loop, struct store *store, const struct rules *rules, int64_t rights_since);
/* Every stream must be closed and every call come back: live_is_idle(). */
void live_free(struct live *live);
bool live_is_idle(const struct live *live);
/* End every stream, and each one that is opened later at once. */
void live_end(struct live *live);

/*
 * From now on ${rules} decide: every stream ends, and those that are opened from
 * now on are of this version of the app.  The old rules stay in use until
 * live_uses_old() says no.
 */
void live_switch(struct live *live, const struct rules *rules);
bool live_uses_old(const struct live *live);

/*
 * Begin to follow.  A stream that is `catching_up` then is told nothing before
 * live_caught_up(); the user runs live_catch_up() first.  A joined one, and one that other rules
 * have told so far, does not go on from ${since}: it gets a reset.  ERR_OVERLOADED: too many streams of the process.
 */
enum err live_open(struct live *live, struct live_stream *stream, const struct live_user *user,
    const struct live_query *query) MUST_USE;
enum err live_resume(struct live *live, struct live_stream *stream, const struct live_user *user,
    const struct live_query *query, int64_t since) MUST_USE;
/* The stream is no more.  Harmless when it was never opened. */
void live_close(struct live_stream *stream);

/* A store body: what a stream has missed, or where a new one begins. */
struct live_missed {
	const struct live_stream *stream;
	int64_t since;
	struct buf *text; /* the events are appended; the last one's block is still open */

	/* Results. */
	size_t events;
	const char *reset; /* the reason, where only a reset is right; then there is no text */
	struct snapshot start;
};
enum err live_catch_up(struct tx *tx, void *arg);
/* Tell ${missed}, whose call ended with ${err}, and what was held back meanwhile. */
void live_caught_up(struct live_stream *stream, struct live_missed *missed, enum err err);
