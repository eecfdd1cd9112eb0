#pragma once
/*
 * The server: what its loops share, and what each loop has for itself.
 *
 *	struct server (immutable while loops run)
 *	  +- struct served: the app as it is served now (served.h)
 *	  +- struct server_loop, one per loop: connections, requests, keys it knows, live streams
 */
#include "api/served.h"
#include "auth/keys.h"
#include "net/listener.h"
#include "store/store.h"

struct request;
struct live;

struct server {
	struct store *store;
	struct str secret; /* of cursors' MACs */
	atomic_bool draining; /* SIGTERM came: finish what runs, begin nothing */
	int64_t shape_since; /* no record looks as it did before this commit: the tables were changed */
	int64_t rights_since; /* up to this commit other rules decided: events/rights.h */
	char run_id[16];      /* of request ids: tells one start of the server from another */
	uint64_t span_seed;   /* random: of trace spans */
};

enum { FREE_REQUESTS_MAX = 64 };

struct server_loop {
	struct server *server;
	struct loop loop;
	struct connection_pool pool;
	struct listener listener;
	struct key_cache keys;
	struct request *free_requests;
	size_t free_requests_count;
	size_t running; /* requests that have begun: the loop outlives them */
	char id_prefix[24]; /* of request ids: the run and the loop, "5f3a0c9b1e22-0-" */
	_Atomic uint64_t answered; /* requests that have ended; written by the loop alone */
	uint64_t requests_count; /* since start: the rest of request ids */
	uv_timer_t drain_timer;
	uint64_t drain_end_ms;
	struct live *live;	 /* the streams of this loop (events/) */
	struct served_share *served;	 /* the current version; older ones that are in use behind it */
	struct loop_hook let_go;
	struct served_switch *order; /* a switch that is under way */
	struct mail order_mail;
};

/*
 * Serve ${served} from now on, on all ${loops}: each of them takes it over
 * between two of its turns, ends its live streams (their clients come back),
 * and keeps everything else.  ${on_done} runs on the first loop, when requests
 * on every loop meet the new version.  One switch at a time; no loop may be
 * asked to stop before it is done.  On the first loop's thread.
 */
struct served_switch {
	struct served *served;
	struct server_loop *first;
	atomic_uint left; /* loops that have not switched */
	struct mail done;
	void (*on_done)(struct served_switch *order);
};
void server_switch(struct served_switch *order, struct server_loop *loops, unsigned loops_count,
    struct served *served, void (*on_done)(struct served_switch *order));

/* The current version, for a request that begins: give it back with server_loop_end_use(), NULL is harmless. */
struct served_share *server_loop_use(struct server_loop *home);
void server_loop_end_use(struct served_share *share);

void server_loop_init(
    struct server_loop *home, struct server *server, struct served *served, unsigned index);
/* On the loop's thread: attach the store, accept on ${fd}. */
void server_loop_start(struct server_loop *home, int fd);
/* On the loop's thread: accept no more, let requests end, then close everything; loop_run() returns. */
void server_loop_drain(struct server_loop *home);
/* After loop_run() has returned. */
void server_loop_release(struct server_loop *home);
