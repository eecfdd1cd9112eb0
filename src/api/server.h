#pragma once
/*
 * The server: what its loops share, and what each loop has for itself.
 *
 *	struct server (immutable while loops run)
 *	  +- struct server_loop, one per loop: connections, requests, keys it knows, live streams
 */
#include "app/app.h"
#include "auth/keys.h"
#include "net/listener.h"
#include "rules/rules.h"
#include "store/store.h"

struct public_files;
struct request;
struct live;

struct server {
	const struct app *app;
	const struct rules *rules;
	struct store *store;
	struct public_files *files; /* at start; loops may have been given newer ones */
	struct str secret; /* of cursors' MACs */
	atomic_bool draining; /* SIGTERM came: finish what runs, begin nothing */
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
	struct public_files *files;
	struct request *free_requests;
	size_t free_requests_count;
	size_t running; /* requests that have begun: the loop outlives them */
	char id_prefix[24]; /* of request ids: the run and the loop, "5f3a0c9b1e22-0-" */
	uint64_t requests_count; /* since start: the rest of request ids */
	uv_timer_t drain_timer;
	uint64_t drain_end_ms;
	struct live *live;	 /* the streams of this loop (events/) */
};

void server_loop_init(struct server_loop *home, struct server *server, unsigned index);
/* On the loop's thread: attach the store, accept on ${fd}. */
void server_loop_start(struct server_loop *home, int fd);
/* On the loop's thread: accept no more, let requests end, then close everything; loop_run() returns. */
void server_loop_drain(struct server_loop *home);
/* After loop_run() has returned. */
void server_loop_release(struct server_loop *home);
