#pragma once
/*
 * For tests: a store in a folder of its own, calls that can be started without
 * waiting, and a gate that holds the writer, so that groups really form:
 *
 *	fixture_hold(&f);  fixture_start(&f, &a);  fixture_start(&f, &b);
 *	fixture_let_go(&f);  fixture_wait(&a);  fixture_wait(&b);
 *
 * The gate's own call is the first of the group and writes nothing.
 */
#include <uv.h>

#include "store/engine.h"
#include "store/test_store.h"

struct fixture_call {
	struct store_call call;
	uv_sem_t done;
	atomic_bool answered; /* known to fixture_wait() */
};

struct fixture {
	struct test_store test; /* on SQLite */
	struct store *store;	/* test.store */
	struct fixture_call gate;
	uv_sem_t gate_entered, gate_open;
};

/* A new folder with an empty store of the app ${yaml}; aborts where it cannot be. */
void fixture_open(struct fixture *fixture, const char *yaml);
/* Close, and remove the folder. */
void fixture_close(struct fixture *fixture);
/* As a restart after a clean stop. */
void fixture_reopen(struct fixture *fixture);
/*
 * As a restart after the process died at this moment: what the system has been
 * given of ${fixture}'s files is copied and opened as ${ret}, which must be closed too.
 */
void fixture_crash(const struct fixture *fixture, struct fixture *ret);

void fixture_start(struct fixture *fixture, struct fixture_call *call);
bool fixture_is_done(struct fixture_call *call);
enum err fixture_wait(struct fixture_call *call);
void fixture_hold(struct fixture *fixture);
enum err fixture_let_go(struct fixture *fixture);

/* Run one statement of ours as a write. */
enum err fixture_write(struct fixture *fixture, const char *sql);
/* The first column of the first row, as an integer; -1 where there is none. */
int64_t fixture_int(struct fixture *fixture, const char *sql);
/* Every row of ${sql}: its text columns with spaces between, a line each.  Freed with free(). */
char *fixture_text(struct fixture *fixture, const char *sql, int columns);
/* What PRAGMA integrity_check and foreign_key_check say of the database: is it nothing? */
bool fixture_is_whole(struct fixture *fixture);
