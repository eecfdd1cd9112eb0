#pragma once
/*
 * The writer lane: one thread, the only connection that writes or checkpoints.
 * It drains its queue into one transaction and syncs once for all of it.
 *
 *	store_call:  QUEUED -> STAGED ----------------> done (OK and a number)
 *	                |         \-- COMMIT failed --> done (outcome_unknown), and the store is lost
 *	                \-- refused (definite) -------> done (its error), after the COMMIT
 *
 *	BEGIN IMMEDIATE
 *	  per call: SAVEPOINT outer; before; SAVEPOINT inner; body; RELEASE or ROLLBACK TO inner; after; RELEASE
 *	  until 128 calls or 2 ms
 *	COMMIT; publish to the ring; complete every call
 *
 * A statement that is interrupted in the middle of an UPDATE, or meets a full
 * disk, takes the whole transaction with it, not the savepoint: then nobody is
 * completed, all others run again, and the culprit runs alone, with a cap.
 */
#include "store/engine.h"
#include "store/sqlite/capture.h"
#include "store/sqlite/connection.h"

enum { WRITER_GROUP_MAX = 1024, WRITER_CALLER_SLOTS = 1024 };

struct writer {
	struct store *store;
	struct sqlite_connection *connection;
	struct capture capture;
	char *folder; /* where the database lies: its disk is watched */
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t wake;
	/* Under the mutex. */
	struct store_call *first, *last;
	int64_t queued;
	int64_t wanted; /* a group is worth a short wait for so many calls */
	uint16_t queued_of_caller[WRITER_CALLER_SLOTS];
	bool stopping;
	/* The writer's own. */
	struct arena arena;	/* of the bodies of a group */
	int64_t next_number;
	int64_t now_us;		/* what caisson_now() answers */
	int64_t number;		/* what caisson_number() answers */
	int64_t wal_bytes, next_checkpoint_bytes;
	int64_t next_upkeep_us;
	struct store_call *group[WRITER_GROUP_MAX];
	struct commit *commits[WRITER_GROUP_MAX];
	size_t group_count, commits_count;
	struct store_call *alone; /* culprits, to be run one by one */
	/* Counted since start, for tests and metrics. */
	_Atomic int64_t groups, writes;
};

enum err writer_start(struct writer *writer, struct store *store, struct sqlite_connection *connection,
    const char *folder, struct buf *ret_detail) MUST_USE;
/* Finishes what is queued, checkpoints, closes the connection. */
void writer_stop(struct writer *writer);
void writer_push(struct writer *writer, struct store_call *call);
