/*
 * The PostgreSQL engine: lanes that run calls, and the follower that reads the
 * log.  Any number of nodes may work on one database.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "store/postgres/ask.h"
#include "store/postgres/follower.h"
#include "store/postgres/lane.h"
#include "store/postgres/schema.h"

struct postgres_store {
	struct store store;
	char *url;
	struct lanes lanes;
	struct follower follower;
};

static struct postgres_store *
postgres_store(struct store *store)
{
	return CONTAINER(store, struct postgres_store, store);
}

static void
on_commit(struct store *store)
{
	follower_wake(&postgres_store(store)->follower);
}

/* The first connection looks at the tables, and is the follower's afterwards. */
static enum err
open_parts(struct postgres_store *postgres, struct buf *ret_detail)
{
	struct postgres_connection connection;
	enum err err;

	postgres_init(&connection, postgres->url, postgres->store.app);
	err = postgres_connect_blocking(&connection, ret_detail);
	if (err == OK)
		err = schema_prepare_blocking(&connection, &postgres->store.is_new,
		    postgres->store.shape, ret_detail);
	if (err != OK) {
		postgres_release(&connection);
		return err;
	}
	err = follower_start(&postgres->follower, &postgres->store, &connection);
	if (err == OK)
		err = lanes_start(&postgres->lanes, &postgres->store, postgres->url, on_commit);
	if (err != OK)
		buf_add_c(ret_detail, "the database's threads cannot be started");
	return err;
}

static void
close_store(struct store *store)
{
	struct postgres_store *postgres = postgres_store(store);

	lanes_stop(&postgres->lanes);
	follower_stop(&postgres->follower);
	ring_release(&store->ring);
	free(postgres->url);
	free(postgres);
}

static enum err
open_store(const struct store_options *options, struct store **ret, struct buf *ret_detail)
{
	struct postgres_store *postgres = memory_new(sizeof(*postgres));
	enum err err;

	postgres->store.engine = &postgres_engine;
	postgres->store.app = options->app;
	postgres->url = memory_copy(options->database.data, options->database.size);
	ring_init(&postgres->store.ring);
	err = open_parts(postgres, ret_detail);
	if (err != OK)
		close_store(&postgres->store);
	else
		*ret = &postgres->store;
	return err;
}

/* Loops have nothing of their own here: all calls go to the lanes. */
static void
attach(struct store *store, struct loop *loop)
{
	(void)store, (void)loop;
}

static void
read_call(struct store *store, struct loop *loop, struct store_call *call)
{
	(void)loop;
	lanes_push_read(&postgres_store(store)->lanes, call);
}

static void
write_call(struct store *store, struct loop *loop, struct store_call *call)
{
	(void)loop;
	lanes_push_write(&postgres_store(store)->lanes, call);
}

static enum err
health(struct store *store)
{
	return atomic_load(&postgres_store(store)->follower.reachable) ? OK : ERR_STORE_UNAVAILABLE;
}

static int64_t
held_back_us(struct store *store, int *ret_pid)
{
	struct follower *follower = &postgres_store(store)->follower;

	*ret_pid = atomic_load(&follower->held_back_pid);
	return atomic_load(&follower->held_back_us);
}

const struct store_engine postgres_engine = {
	.name = "postgres",
	.scheme = "postgres",
	.dialect = SQL_POSTGRES,
	.open = open_store,
	.close = close_store,
	.attach = attach,
	.detach = attach,
	.read = read_call,
	.write = write_call,
	.ask_blocking = postgres_ask_blocking,
	.health = health,
	.held_back_us = held_back_us,
};
