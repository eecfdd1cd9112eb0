#pragma once
/*
 * The lanes: threads with one connection each, and the queue that feeds them.
 *
 *	              own queue        shared queue         heavy queue
 *	lane 0..k     its records'     any write, light     -
 *	              writes           reads
 *	lane k+1..n   -                the same             heavy reads
 *
 * Writes that name their record go to the lane of the record's hash, so that
 * one node never fights itself over a hot row.  Heavy reads have a quarter of
 * the lanes, so that no report delays a quick request.
 *
 * A call is run in a transaction of its own (transaction.h) and completed.
 */
#include "store/engine.h"
#include "store/postgres/connection.h"

enum { LANES_MAX = 256, LANES_CALLER_SLOTS = 1024 };

struct call_queue {
	struct store_call *first, *last;
	int64_t count;
};

struct lane {
	struct lanes *lanes;
	struct postgres_connection connection;
	struct arena arena; /* of the running body */
	uint64_t random; /* for pauses */
	uv_thread_t thread;
	uv_cond_t wake;
	struct call_queue own; /* under the lanes' mutex, as `idle` */
	bool takes_heavy, idle, connected;
};

struct lanes {
	struct store *store;
	void (*on_commit)(
	    struct store *store); /* on the lane's thread, after a commit that changed something */
	struct lane *lanes;
	size_t count, pinned_count; /* the first pinned_count have queues of their own */
	uv_mutex_t mutex;
	/* Under the mutex. */
	struct call_queue shared, heavy;
	int64_t queued; /* in all but `heavy` */
	size_t connected_count;
	uint16_t queued_of_caller[LANES_CALLER_SLOTS];
	bool stopping;
	/* Counted since start, for tests and metrics. */
	_Atomic int64_t again_count, unknown_count;
};

enum err lanes_start(struct lanes *lanes, struct store *store, const char *url,
    void (*on_commit)(struct store *store)) MUST_USE;
/* Finishes what is queued.  Harmless where it was not started. */
void lanes_stop(struct lanes *lanes);
void lanes_push_read(struct lanes *lanes, struct store_call *call);
void lanes_push_write(struct lanes *lanes, struct store_call *call);
