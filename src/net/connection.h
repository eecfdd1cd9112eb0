#pragma once
/*
 * A connection is a socket on a loop with what was read and not yet used (in)
 * and what was written and not yet sent (out).
 *
 *	readable -> in -> user->on_input ... connection_out -> out -> flush at the turn's end
 *
 *	[open] -- connection_finish --> [finishing: out is sent, SHUT_WR, input is thrown away]
 *	   \------ connection_close ----------> [closed] <--- EOF, a timeout, an error ---/
 *
 * Buffers are lent by the loop's pool: an idle connection has none.  When `in`
 * is full nothing more is read; when `out` is over its mark, on_input is not
 * called: that is the back-pressure, on both sides.
 *
 * Threads: one loop.  Lifetime: on_close is the user's last sight of it.
 */
#include <stdatomic.h>

#include "base/buf.h"
#include "loop/loop.h"

enum {
	CONNECTION_CHUNK_SIZE = 16 * 1024,  /* what the pool lends, and what one read takes */
	CONNECTION_OUT_MARK = 256 * 1024,   /* unsent bytes above which no further request is begun */
	CONNECTION_POOL_MAX = 64,
	CONNECTION_BODY_LOOKS = 6, /* how often the queue `body` expires within body_timeout */
	CONNECTION_REMOTE_SIZE = 56, /* "[" INET6 "]:" PORT and its NUL */
};

struct address;
struct connection;
struct connection_pool;
struct connection_user {
	void (*on_input)(struct connection *connection); /* `in` has grown, or input_ended is set */
	void (*on_sent)(struct connection *connection);	 /* all of `out` was sent, after it had to wait */
	void (*on_timeout)(struct connection *connection);
	void (*on_close)(struct connection *connection);
	/* Write what is said to one more than there may be, before it is closed. */
	void (*write_refusal)(struct connection_pool *pool, struct buf *out);
};

/* What all connections of one loop share. */
struct connection_pool {
	struct loop *loop;
	const struct connection_user *user;
	void *user_data;
	char *chunks[CONNECTION_POOL_MAX];
	size_t chunks_count;
	struct connection *connections;	 /* all of them */
	struct connection *unflushed;
	struct loop_hook flush_hook;
	struct timeout_queue head, body, idle, write, linger;
};

struct connection {
	uv_poll_t poll;
	int fd;
	int events; /* that are polled for */
	struct connection_pool *pool;
	struct connection *next, **at; /* in the pool's list */
	struct address *address; /* that it is counted for, or NULL */
	struct connection *next_unflushed;
	struct buf in, out;
	size_t in_max;	   /* `in` is not filled beyond it */
	struct timeout timeout;
	bool is_unflushed, blocked, finishing, closed, input_ended;
	char remote[CONNECTION_REMOTE_SIZE]; /* "127.0.0.1:40312", for people */
	void *data; /* the user's */
};

/* Connections of this process, over all loops. */
extern atomic_uint connections_count;

void connection_pool_init(struct connection_pool *pool, struct loop *loop,
    const struct connection_user *user, void *user_data);
void connection_pool_release(struct connection_pool *pool);

/*
 * Take over the socket ${fd}, which is non-blocking; its peer is ${remote}.  Where there are as
 * many connections as there may be, the peer is told, and the socket closed.
 */
struct sockaddr;
void connection_new(struct connection_pool *pool, int fd, const struct sockaddr *remote);
/* Where to write: sent at the end of this turn. */
struct buf *connection_out(struct connection *connection);
/*
 * Add ${bytes} to what is written.  Many of them go to the socket at once, with
 * what stands before them in `out`, and only the rest is copied.
 */
void connection_write(struct connection *connection, struct str bytes);
/* `in` was used: its first ${size} bytes. */
void connection_consume(struct connection *connection, size_t size);
/* Give buffers that are empty back to the pool. */
void connection_rest(struct connection *connection);
/* Wait in ${queue} of the pool from now on (on_timeout), or in none. */
void connection_wait(struct connection *connection, struct timeout_queue *queue);
/* Call on_sent when the peer has room for more, even if nothing is left unsent: not in this turn. */
void connection_await_room(struct connection *connection);
/* Send what is in `out`, then close: in an order that lets the peer read it. */
void connection_finish(struct connection *connection);
/* Close now. */
void connection_close(struct connection *connection);
/* in_max was changed: read again, or no longer. */
void connection_update(struct connection *connection);
