#include "store/sqlite/reader_lane.h"

#include <sys/resource.h>

#include "base/limits.h"

enum { LANE_ARENA_SIZE_MAX = 64 << 20, LANE_NICENESS = 5 };

static void run_lane(void *arg);

enum err
reader_lane_start(struct reader_lane *lane, const char *path, const struct app *app, struct buf *ret_detail)
{
	enum err err = sqlite_connection_open(path, SQLITE_READER, app, &lane->connection, ret_detail);

	if (err != OK)
		return err;
	uv_mutex_init(&lane->mutex);
	uv_cond_init(&lane->wake);
	lane->started = uv_thread_create(&lane->thread, run_lane, lane) == 0;
	return lane->started ? OK : ERR_IO;
}

void
reader_lane_stop(struct reader_lane *lane)
{
	if (!lane->started)
		return;
	uv_mutex_lock(&lane->mutex);
	lane->stopping = true;
	uv_cond_signal(&lane->wake);
	uv_mutex_unlock(&lane->mutex);
	uv_thread_join(&lane->thread);
	sqlite_connection_close(lane->connection);
	uv_cond_destroy(&lane->wake);
	uv_mutex_destroy(&lane->mutex);
}

void
reader_lane_push(struct reader_lane *lane, struct store_call *call)
{
	bool accepted;

	uv_mutex_lock(&lane->mutex);
	accepted = !lane->stopping && lane->queued < limit(LIMIT_read_queue);
	if (accepted) {
		call->next = NULL;
		*(lane->first == NULL ? &lane->first : &lane->last->next) = call;
		lane->last = call;
		lane->queued++;
		uv_cond_signal(&lane->wake);
	}
	uv_mutex_unlock(&lane->mutex);
	if (!accepted) {
		call->err = ERR_OVERLOADED;
		store_call_done(call);
	}
}

static struct store_call *
wait_for_call(struct reader_lane *lane)
{
	struct store_call *call;

	uv_mutex_lock(&lane->mutex);
	while (lane->first == NULL && !lane->stopping)
		uv_cond_wait(&lane->wake, &lane->mutex);
	call = lane->first;
	if (call != NULL) {
		lane->first = call->next;
		lane->queued--;
	}
	uv_mutex_unlock(&lane->mutex);
	return call;
}

static enum err
run_call(struct reader_lane *lane, struct store_call *call, struct arena *arena)
{
	struct sqlite_tx tx;
	enum err err;

	if (atomic_load(&call->canceled))
		return ERR_CANCELED;
	if (sqlite_run(lane->connection, "BEGIN") != SQLITE_OK)
		return ERR_STORE_UNAVAILABLE;
	sqlite_tx_init(&tx, lane->connection, arena);
	/* By the clock on the wall: however a snapshot grows old, the log cannot begin anew behind it. */
	sqlite_begin_long(lane->connection, limit(LIMIT_read_deadline));
	err = call->body(&tx.tx, call->arg);
	sqlite_end_long(lane->connection);
	(void)sqlite_run(lane->connection, "COMMIT");
	arena_reset(arena);
	return err;
}

/* Of a core that loops want too.  On Linux the thread alone is meant. */
static void
step_back(void)
{
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + LANE_NICENESS);
}

static void
run_lane(void *arg)
{
	struct reader_lane *lane = arg;
	struct store_call *call;
	struct arena arena;

	step_back();
	arena_init(&arena, LANE_ARENA_SIZE_MAX);
	while ((call = wait_for_call(lane)) != NULL) {
		call->err = run_call(lane, call, &arena);
		store_call_done(call);
	}
	arena_release(&arena);
}
