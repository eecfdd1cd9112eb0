#include "api/server.h"

#include <stdio.h>

#include "api/public.h"
#include "api/request.h"
#include "base/limits.h"
#include "events/live.h"

static void start_drain(void *arg);

void
server_loop_init(struct server_loop *home, struct server *server, unsigned index)
{
	*home = (struct server_loop){ .server = server };
	snprintf(home->id_prefix, sizeof(home->id_prefix), "%s-%u-", server->run_id, index);
	loop_init(&home->loop, index);
	if (server->files != NULL)
		public_swap(home, server->files);
	home->loop.on_stop = start_drain;
	home->loop.on_stop_arg = home;
}

void
server_loop_start(struct server_loop *home, int fd)
{
	store_attach(home->server->store, &home->loop);
	connection_pool_init(&home->pool, &home->loop, &request_connection_user, home);
	home->live = live_new(&home->loop, home->server->store, home->server->rules);
	listener_start(&home->listener, &home->pool, fd);
}

static void
start_drain(void *arg)
{
	server_loop_drain(arg);
}

/* --- draining: idle connections close, streams and requests end, then nothing is left -- */

static void
close_idle(struct server_loop *home)
{
	struct connection *next;

	for (struct connection *connection = home->pool.connections; connection != NULL;
	    connection = next) {
		struct request *request = connection->data;

		next = connection->next;
		if (request == NULL || (request->waits_for_input && !request->has_head))
			connection_close(connection);
	}
}

static void
close_all(struct server_loop *home)
{
	struct connection *next;

	for (struct connection *connection = home->pool.connections; connection != NULL;
	    connection = next) {
		next = connection->next;
		connection_close(connection);
	}
}

/* A call that is out in the store comes back to its loop, so the loop waits for it. */
static void
look_again(uv_timer_t *timer)
{
	struct server_loop *home = timer->data;

	if (uv_now(&home->loop.uv) >= home->drain_end_ms)
		close_all(home);
	else
		close_idle(home);
	if (home->pool.connections != NULL || home->running > 0 || !live_is_idle(home->live))
		return;
	uv_timer_stop(timer);
	uv_close((uv_handle_t *)timer, NULL);
	loop_close(&home->loop);
}

void
server_loop_drain(struct server_loop *home)
{
	enum { LOOK_EVERY_MS = 10 };

	listener_stop(&home->listener);
	live_end(home->live);
	close_idle(home);
	home->drain_end_ms = uv_now(&home->loop.uv) + (uint64_t)limit(LIMIT_drain_timeout);
	uv_timer_init(&home->loop.uv, &home->drain_timer);
	home->drain_timer.data = home;
	uv_timer_start(&home->drain_timer, look_again, 0, LOOK_EVERY_MS);
}

void
server_loop_release(struct server_loop *home)
{
	store_detach(home->server->store, &home->loop);
	request_pool_release(home);
	live_free(home->live);
	public_unref(home->files);
	key_cache_release(&home->keys);
	connection_pool_release(&home->pool);
	loop_release(&home->loop);
}
