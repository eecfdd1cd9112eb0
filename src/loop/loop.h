#pragma once
/*
 * A loop is one thread that never waits for anything but events: a libuv loop,
 * the queue of tasks that are ready, and a mailbox for other threads.
 *
 * One turn:
 *
 *	poll (sockets are read, mail is delivered; both only wake tasks)
 *	  -> run ready tasks -> turn_end (the store lets go of its snapshot)
 *	  -> flush (answers are written)
 *
 * Reading all sockets before any task runs is what makes one snapshot a turn
 * right: whoever asks in this turn asked before the snapshot was taken.
 *
 * Threads: everything here belongs to the loop's own thread, but for
 * loop_mail() and loop_stop(), which any thread may call.
 */
#include <stdatomic.h>
#include <uv.h>

#include "base/str.h"
#include "loop/task.h"

enum { LOOPS_MAX = 64 };

/* A message to a loop, embedded in what it is about; so a mailbox is never full. */
struct mail {
	struct mail *next;
	void (*deliver)(struct mail *mail); /* on the loop's thread */
};

/*
 * Things that wait equally long stand in one queue, in the order of their
 * deadlines: starting and stopping a timeout costs two pointer writes.
 */
struct timeout {
	struct timeout *before, *after; /* NULL when not running */
	uint64_t at_ms;
	void (*expire)(struct timeout *timeout);
};

struct timeout_queue {
	struct timeout head; /* of a ring */
	uint64_t duration_ms;
	struct timeout_queue *next;
};

/* Called in each turn, after the ready tasks have run. */
struct loop_hook {
	void (*run)(void *arg);
	void *arg;
	struct loop_hook *next;
};

struct loop {
	uv_loop_t uv;
	unsigned index; /* 0 to LOOPS_MAX - 1 */
	struct task_queue ready;
	struct loop_hook *turn_hooks;
	struct timeout_queue *timeouts;
	_Atomic(struct mail *) mailbox; /* newest first */
	uv_async_t mail_async;
	uv_check_t turn_check;
	uv_timer_t tick; /* every LOOP_TICK_MS: timeouts, the date */
	char date[32];	 /* IMF-fixdate of this second, ended by NUL */
	int64_t date_second;
	atomic_bool stopping;
	uv_thread_t thread;
	void (*on_stop)(void *arg); /* on the loop's thread, when loop_stop() was called */
	void *on_stop_arg;
};

enum { LOOP_TICK_MS = 100 };

void loop_init(struct loop *loop, unsigned index);
/* Every handle must be closed before. */
void loop_release(struct loop *loop);
/* Run turns until nothing is left to wait for. */
void loop_run(struct loop *loop);
/* Ask ${loop} to stop: on_stop runs there.  From any thread, more than once. */
void loop_stop(struct loop *loop);
/* Close the loop's own handles, so that loop_run() returns once the users' are closed too. */
void loop_close(struct loop *loop);

/* Deliver ${mail} on the loop's thread, in the order of sending from one thread.  From any thread. */
void loop_mail(struct loop *loop, struct mail *mail);
/* Hooks run in the order they were added. */
void loop_add_turn_hook(struct loop *loop, struct loop_hook *hook);

void timeout_queue_init(struct loop *loop, struct timeout_queue *queue, uint64_t duration_ms);
/* (Re)start: ${timeout}.expire runs once, after the queue's duration, unless it is stopped. */
void timeout_start(struct loop *loop, struct timeout_queue *queue, struct timeout *timeout);
void timeout_stop(struct timeout *timeout); /* harmless when it does not run */

/* Wall clock, microseconds since 1970. */
int64_t clock_now_us(void);
/* Monotonic, microseconds. */
int64_t clock_monotonic_us(void);
/*
 * The calling thread's processor time, microseconds: what work costs.  A disk
 * or a machine that is busy with others is not the work's fault.
 */
int64_t clock_thread_us(void);
