#pragma once
/*
 * The follower: one thread that tells the other nodes of this node's commits,
 * reads everyone's from the log, and publishes them to the ring.
 *
 *	lanes --follower_wake--> [ NOTIFY, at most every 10 ms ]  --> other nodes
 *	NOTIFY, or a second ---> [ read what is complete ] --> ring --> loops
 *
 * Complete is what stands below the oldest running transaction
 * (pg_snapshot_xmin): a smaller number can no longer appear.  So a long
 * transaction, even in another database of the cluster, holds the feed back;
 * its age and process are kept for health checks.
 *
 * store.last_number is how far the log is complete: it is moved on before the
 * ring is published to, so that who follows the ring first and reads the number
 * second misses nothing.
 *
 * Its connection also LISTENs, and forgets old commits and stored answers.
 */
#include "store/engine.h"
#include "store/postgres/connection.h"

struct follower {
	struct store *store;
	struct postgres_connection connection;
	struct arena arena;
	uv_thread_t thread;
	int wake_fd; /* an eventfd; -1 where it was not started */
	atomic_bool stopping, reachable;
	atomic_bool untold; /* a commit of this node that the others were not told of */
	bool listening;
	int64_t position; /* what was published */
	int64_t next_upkeep_us;
	int64_t oldest, oldest_since_us; /* the xmin that stands still, and since when */
	_Atomic int64_t held_back_us;
	atomic_int held_back_pid;
};

/* ${connection} is connected and becomes the follower's. */
enum err follower_start(struct follower *follower, struct store *store,
    struct postgres_connection *connection) MUST_USE;
/* Harmless where it was not started. */
void follower_stop(struct follower *follower);
/* This node has committed.  Any thread. */
void follower_wake(struct follower *follower);
