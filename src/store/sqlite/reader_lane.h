#pragma once
/*
 * The reader lane: one thread with a read-only connection for reads that may
 * take long (sorts without an index, counts), so that none of them delays a
 * loop.  First in, first out; each has the read deadline.
 */
#include "store/engine.h"
#include "store/sqlite/connection.h"

struct reader_lane {
	struct sqlite_connection *connection;
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t wake;
	struct store_call *first, *last; /* under the mutex, as all below */
	int64_t queued;
	bool stopping, started;
};

enum err reader_lane_start(struct reader_lane *lane, const char *path, const struct app *app,
    struct buf *ret_detail) MUST_USE;
/* Finishes what is queued.  Harmless where it was not started. */
void reader_lane_stop(struct reader_lane *lane);
void reader_lane_push(struct reader_lane *lane, struct store_call *call);
