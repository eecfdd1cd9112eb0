#include "api/server.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/public.h"
#include "api/request.h"
#include "base/limits.h"
#include "base/memory.h"
#include "events/live.h"

static void start_drain(void *arg);
static void take_over(struct server_loop *home, struct served *served);
static void let_go(void *arg);

void
server_loop_init(
    struct server_loop *home, struct server *server, struct served *served, unsigned index)
{
	*home = (struct server_loop){ .server = server };
	snprintf(home->id_prefix, sizeof(home->id_prefix), "%s-%u-", server->run_id, index);
	loop_init(&home->loop, index);
	home->loop.on_stop = start_drain;
	home->loop.on_stop_arg = home;
	take_over(home, served);
	home->let_go = (struct loop_hook){ .run = let_go, .arg = home };
	loop_add_turn_hook(&home->loop, &home->let_go);
}

void
server_loop_start(struct server_loop *home, int fd)
{
	store_attach(home->server->store, &home->loop);
	connection_pool_init(&home->pool, &home->loop, &request_connection_user, home);
	home->live = live_new(&home->loop, home->server->store, home->served->served->rules,
	    home->server->rights_since);
	listener_start(&home->listener, &home->pool, fd);
}

static void
start_drain(void *arg)
{
	server_loop_drain(arg);
}

/* --- versions -------------------------------------------------------- */

static void
take_over(struct server_loop *home, struct served *served)
{
	struct served_share *share = memory_new(sizeof(*share));

	served_ref(served);
	share->served = served;
	share->next = home->served;
	home->served = share;
}

static void
free_share(struct served_share **at)
{
	struct served_share *share = *at;

	*at = share->next;
	served_unref(share->served);
	free(share);
}

/* After each turn, though there is hardly ever an older one. */
static void
let_go(void *arg)
{
	struct server_loop *home = arg;
	struct served_share **at = &home->served->next;

	if (*at == NULL || live_uses_old(home->live))
		return;
	while (*at != NULL)
		if ((*at)->requests == 0)
			free_share(at);
		else
			at = &(*at)->next;
}

struct served_share *
server_loop_use(struct server_loop *home)
{
	home->served->requests++;
	return home->served;
}

void
server_loop_end_use(struct served_share *share)
{
	if (share != NULL)
		share->requests--;
}

static void
switch_loop(struct mail *mail)
{
	struct server_loop *home = CONTAINER(mail, struct server_loop, order_mail);
	struct served_switch *order = home->order;

	take_over(home, order->served);
	live_switch(home->live, order->served->rules);
	if (atomic_fetch_sub(&order->left, 1) == 1)
		loop_mail(&order->first->loop, &order->done);
}

static void
finish_switch(struct mail *mail)
{
	struct served_switch *order = CONTAINER(mail, struct served_switch, done);

	order->on_done(order);
}

void
server_switch(struct served_switch *order, struct server_loop *loops, unsigned loops_count,
    struct served *served, void (*on_done)(struct served_switch *order))
{
	*order = (struct served_switch){ .served = served, .first = &loops[0], .left = loops_count,
		.done.deliver = finish_switch, .on_done = on_done };
	for (unsigned i = 0; i < loops_count; i++) {
		loops[i].order = order;
		loops[i].order_mail.deliver = switch_loop;
		loop_mail(&loops[i].loop, &loops[i].order_mail);
	}
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
	key_cache_release(&home->keys);
	connection_pool_release(&home->pool);
	while (home->served != NULL)
		free_share(&home->served);
	loop_release(&home->loop);
}
