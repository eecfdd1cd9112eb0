#pragma once
/*
 * What an engine is: one table of functions.  store.c calls them; nothing
 * else does.  struct store is the head of the engine's own struct.
 */
#include "store/ask.h"
#include "store/ring.h"
#include "store/store.h"

struct store_engine {
	const char *name;   /* "sqlite" */
	const char *scheme; /* of `database:`: "sqlite" or "postgres" */
	enum sql_dialect dialect;
	enum err (*open)(const struct store_options *options, struct store **ret, struct buf *ret_detail);
	void (*close)(struct store *store);
	void (*attach)(struct store *store, struct loop *loop);
	void (*detach)(struct store *store, struct loop *loop);
	/* Complete with store_call_done(). */
	void (*read)(struct store *store, struct loop *loop, struct store_call *call);
	void (*write)(struct store *store, struct loop *loop, struct store_call *call);
	enum err (*ask_blocking)(const struct store_options *options, struct str statement,
	    int64_t timeout_ms, const struct ask_rows *rows, struct buf *ret_detail);
	enum err (*health)(struct store *store);
	int64_t (*held_back_us)(struct store *store, int *ret_pid); /* may be NULL */
};

struct store {
	const struct store_engine *engine;
	const struct app *app;
	bool is_new;
	char shape[65]; /* the checksum of the shape that the tables have */
	atomic_bool lost;
	atomic_bool outdated; /* they have another one by now */
	_Atomic int64_t last_number;
	struct ring ring;
};

extern const struct store_engine sqlite_engine, postgres_engine;

/*
 * The call is over: wake its task through its loop's mailbox, or the blocking
 * caller.  From an engine's own threads.
 */
void store_call_done(struct store_call *call);
/* The same, on the loop's own thread, inside store_read(): no mail is needed. */
void store_call_done_here(struct store_call *call);
