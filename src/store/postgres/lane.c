#include "store/postgres/lane.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/memory.h"
#include "store/postgres/transaction.h"

enum { LANE_ARENA_SIZE_MAX = 64 << 20, HEAVY_SHARE = 4 };
#define RECONNECT_WAIT_NS UINT64_C(200000000)

static void run_lane(void *arg);

/* --- the queues ------------------------------------------------------ */

static void
queue_push(struct call_queue *queue, struct store_call *call)
{
	call->next = NULL;
	*(queue->first == NULL ? &queue->first : &queue->last->next) = call;
	queue->last = call;
	queue->count++;
}

static struct store_call *
queue_pop(struct call_queue *queue)
{
	struct store_call *call = queue->first;

	if (call != NULL) {
		queue->first = call->next;
		queue->count--;
	}
	return call;
}

static uint16_t *
caller_slot(struct lanes *lanes, const struct store_call *call)
{
	return &lanes->queued_of_caller[call->caller_hash % LANES_CALLER_SLOTS];
}

/* Wake one idle lane that may take ${call}; where all are busy the first free one finds it. */
static void
wake_one(struct lanes *lanes, bool heavy)
{
	for (size_t i = 0; i < lanes->count; i++) {
		struct lane *lane = &lanes->lanes[i];

		if (lane->idle && (!heavy || lane->takes_heavy) &&
		    (lane->connected || lanes->connected_count == 0)) {
			lane->idle = false;
			uv_cond_signal(&lane->wake);
			return;
		}
	}
}

static void
refuse(struct store_call *call, enum err err)
{
	call->err = err;
	store_call_done(call);
}

void
lanes_push_read(struct lanes *lanes, struct store_call *call)
{
	bool heavy = call->weight == STORE_HEAVY, accepted;

	call->alone = false; /* not a write */
	uv_mutex_lock(&lanes->mutex);
	accepted = !lanes->stopping && (heavy ? lanes->heavy.count < limit(LIMIT_read_queue)
					      : lanes->queued < limit(LIMIT_write_queue));
	if (accepted) {
		queue_push(heavy ? &lanes->heavy : &lanes->shared, call);
		lanes->queued += !heavy;
		wake_one(lanes, heavy);
	}
	uv_mutex_unlock(&lanes->mutex);
	if (!accepted)
		refuse(call, ERR_OVERLOADED);
}

static struct lane *
lane_of_record(struct lanes *lanes, const struct store_call *call)
{
	return &lanes->lanes[call->record_hash % lanes->pinned_count];
}

static void
enqueue_write(struct lanes *lanes, struct store_call *call)
{
	struct lane *lane = lane_of_record(lanes, call);

	lanes->queued++;
	++*caller_slot(lanes, call);
	if (call->record_hash == 0) {
		queue_push(&lanes->shared, call);
		wake_one(lanes, false);
		return;
	}
	queue_push(&lane->own, call);
	lane->idle = false;
	uv_cond_signal(&lane->wake);
}

void
lanes_push_write(struct lanes *lanes, struct store_call *call)
{
	bool accepted;

	uv_mutex_lock(&lanes->mutex);
	accepted = !lanes->stopping && lanes->queued < limit(LIMIT_write_queue) &&
		   *caller_slot(lanes, call) < limit(LIMIT_write_queue_caller);
	if (accepted) {
		call->alone = true; /* a write, and counted for its caller */
		enqueue_write(lanes, call);
	}
	uv_mutex_unlock(&lanes->mutex);
	if (!accepted)
		refuse(call, ERR_OVERLOADED);
}

/* --- a lane ---------------------------------------------------------- */

static struct store_call *
pop_for(struct lane *lane)
{
	struct lanes *lanes = lane->lanes;
	struct store_call *call = queue_pop(&lane->own);

	/* While others have a connection, one without leaves the shared work to them. */
	if (call == NULL && (lane->connected || lanes->connected_count == 0)) {
		if ((call = queue_pop(&lanes->shared)) == NULL) {
			return lane->takes_heavy ? queue_pop(&lanes->heavy) : NULL;
		}
	}
	if (call != NULL) {
		lanes->queued--;
		if (call->alone)
			--*caller_slot(lanes, call);
	}
	return call;
}

/* The next call, or NULL: when the lanes stop, or to try to connect again. */
static struct store_call *
take_call(struct lane *lane)
{
	struct lanes *lanes = lane->lanes;
	struct store_call *call;

	uv_mutex_lock(&lanes->mutex);
	while ((call = pop_for(lane)) == NULL && !lanes->stopping) {
		lane->idle = true;
		if (lane->connected)
			uv_cond_wait(&lane->wake, &lanes->mutex);
		else if (uv_cond_timedwait(&lane->wake, &lanes->mutex, RECONNECT_WAIT_NS) != 0)
			break;
	}
	lane->idle = false;
	uv_mutex_unlock(&lanes->mutex);
	return call;
}

/* Tell the others whether this lane has a connection. */
static void
note_connection(struct lane *lane, bool connected)
{
	if (connected == lane->connected)
		return;
	uv_mutex_lock(&lane->lanes->mutex);
	lane->connected = connected;
	lane->lanes->connected_count += connected ? 1 : (size_t)-1;
	uv_mutex_unlock(&lane->lanes->mutex);
}

static bool
is_stopping(struct lane *lane)
{
	bool stopping;

	uv_mutex_lock(&lane->lanes->mutex);
	stopping = lane->lanes->stopping;
	uv_mutex_unlock(&lane->lanes->mutex);
	return stopping;
}

static void
run_call(struct lane *lane, struct store_call *call)
{
	call->err = call->alone ? transaction_write(lane, call) : transaction_read(lane, call);
	arena_reset(&lane->arena);
	note_connection(lane, !postgres_is_broken(&lane->connection));
	store_call_done(call);
}

static void
run_lane(void *arg)
{
	struct lane *lane = arg;
	struct store_call *call;

	arena_init(&lane->arena, LANE_ARENA_SIZE_MAX);
	lane->random = (uint64_t)clock_monotonic_us() ^ (uint64_t)(uintptr_t)lane;
	do {
		note_connection(lane, postgres_ready_blocking(&lane->connection) == OK);
		while ((call = take_call(lane)) != NULL)
			run_call(lane, call);
	} while (!is_stopping(lane));
	postgres_release(&lane->connection);
	arena_release(&lane->arena);
}

/* --- start and stop -------------------------------------------------- */

static void
divide(struct lanes *lanes)
{
	size_t heavy = lanes->count / HEAVY_SHARE;

	if (heavy == 0)
		heavy = 1;
	lanes->pinned_count = lanes->count > heavy ? lanes->count - heavy : lanes->count;
	for (size_t i = 0; i < lanes->count; i++)
		lanes->lanes[i].takes_heavy = i + heavy >= lanes->count;
}

enum err
lanes_start(struct lanes *lanes, struct store *store, const char *url,
    void (*on_commit)(struct store *store))
{
	size_t count = (size_t)limit(LIMIT_postgres_lanes);

	*lanes = (struct lanes){ .store = store, .on_commit = on_commit };
	lanes->count = count > LANES_MAX ? LANES_MAX : count;
	lanes->lanes = memory_new(lanes->count * sizeof(*lanes->lanes));
	uv_mutex_init(&lanes->mutex);
	divide(lanes);
	for (size_t i = 0; i < lanes->count; i++) {
		struct lane *lane = &lanes->lanes[i];

		lane->lanes = lanes;
		uv_cond_init(&lane->wake);
		postgres_init(&lane->connection, url, store->app);
		if (uv_thread_create(&lane->thread, run_lane, lane) != 0) {
			postgres_release(&lane->connection);
			uv_cond_destroy(&lane->wake);
			lanes->count = i;
			return ERR_IO;
		}
	}
	return OK;
}

void
lanes_stop(struct lanes *lanes)
{
	if (lanes->store == NULL)
		return;
	uv_mutex_lock(&lanes->mutex);
	lanes->stopping = true;
	for (size_t i = 0; i < lanes->count; i++)
		uv_cond_signal(&lanes->lanes[i].wake);
	uv_mutex_unlock(&lanes->mutex);
	for (size_t i = 0; i < lanes->count; i++) {
		uv_thread_join(&lanes->lanes[i].thread);
		uv_cond_destroy(&lanes->lanes[i].wake);
	}
	uv_mutex_destroy(&lanes->mutex);
	free(lanes->lanes);
	lanes->store = NULL;
}
