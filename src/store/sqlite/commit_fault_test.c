/*
 * Every system call of a COMMIT fails in turn, in three ways, once and for
 * good: what is answered then, and what stands in the file after a restart.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "store/ring.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/shim_vfs.h"
#include "store/store_fixture.h"

static const char app_text[] = "app: faults\n"
			       "database: sqlite:data/test.db\n"
			       "collections:\n"
			       "  items:\n"
			       "    id: int\n"
			       "    fields:\n"
			       "      slug: { type: text, required: true, unique: true }\n"
			       "      note: { type: text }\n";

/* --- bodies: insert rows --------------------------------------------- */

struct insert {
	const char *slugs[4];
	size_t note_size; /* of each */
	int repeat;	  /* rows of each slug, numbered */
	const struct shim_fault *fault; /* armed when the rows stand */
	sqlite3 **ret_db;
};

static enum err
insert_row(struct tx *tx, const char *slug, int n, const char *note, size_t note_size)
{
	char text[64];
	struct sql_text sql;
	enum err err;

	snprintf(text, sizeof(text), n == 0 ? "%s" : "%s-%d", slug, n);
	sql_init(&sql, SQL_SQLITE);
	sql_addf(&sql,
	    "INSERT INTO items (created, updated, _version, slug, note) VALUES (%v, %v, %v, %v, %v)",
	    value_time(tx->now_us), value_time(tx->now_us), value_int(tx->number),
	    value_text(str_from(text)), value_text((struct str){ note, note_size }));
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static enum err
insert_body(struct tx *tx, void *arg)
{
	struct insert *insert = arg;
	char *note = calloc(1, insert->note_size + 1);
	enum err err = OK;

	memset(note, 'x', insert->note_size);
	if (insert->ret_db != NULL)
		*insert->ret_db = CONTAINER(tx, struct sqlite_tx, tx)->connection->db;
	for (int n = 0; n <= insert->repeat && err == OK; n++)
		for (size_t i = 0; insert->slugs[i] != NULL && err == OK; i++)
			err = insert_row(tx, insert->slugs[i], n, note, insert->note_size);
	free(note);
	if (err == OK && insert->fault != NULL)
		shim_fail(insert->fault);
	return err;
}

static struct fixture_call
insert_call(struct insert *insert)
{
	return (struct fixture_call){ .call = { .body = insert_body, .arg = insert } };
}

static enum err
insert_alone(struct fixture *fixture, const char *slug)
{
	struct insert insert = { .slugs = { slug } };
	struct store_call call = { .body = insert_body, .arg = &insert };

	return store_write_blocking(fixture->store, &call);
}

/* --- a group of which the COMMIT meets the fault ---------------------- */

/* What must not be seen before COMMIT has returned. */
struct watch {
	struct fixture *fixture;
	struct fixture_call *calls;
	size_t calls_count;
	int64_t number_before;
	struct loop loop;
	struct ring_follower follower;
	size_t looks;
	bool acknowledged_early, published_early, numbered_early;
};

static void
look_in_commit(void *arg, enum shim_call call, enum shim_file file, bool in_commit)
{
	struct watch *watch = arg;
	struct ring *ring = store_ring(watch->fixture->store);

	(void)file;
	if (!in_commit)
		return;
	watch->looks += call == SHIM_SYNC;
	for (size_t i = 0; i < watch->calls_count; i++)
		watch->acknowledged_early |= fixture_is_done(&watch->calls[i]);
	watch->published_early |= ring->end != ring->first;
	watch->numbered_early |= store_last_number(watch->fixture->store) != watch->number_before;
}

static void
deliver_nothing(struct mail *mail)
{
	(void)mail;
}

static void
watch_begin(struct watch *watch, struct fixture *fixture, struct fixture_call *calls, size_t count)
{
	*watch = (struct watch){ .fixture = fixture, .calls = calls, .calls_count = count,
		.number_before = store_last_number(fixture->store) };
	loop_init(&watch->loop, 0);
	watch->follower.mail.deliver = deliver_nothing;
	ring_follow(store_ring(fixture->store), &watch->follower, &watch->loop);
}

static size_t
watch_end(struct watch *watch)
{
	struct ring *ring = store_ring(watch->fixture->store);
	struct commit *commit;
	size_t published = 0;
	bool missed;

	shim_look(NULL, NULL);
	for (; (commit = ring_next(ring, &watch->follower, &missed)) != NULL; published++)
		commit_unref(commit);
	ring_unfollow(ring, &watch->follower);
	loop_close(&watch->loop);
	loop_run(&watch->loop);
	loop_release(&watch->loop);
	return published;
}

enum { FIRST, REFUSED, SECOND, CALLS };

struct outcome {
	bool struck; /* the fault was met */
	bool lost;
};

/* The group's rows after a restart: both, or none. */
static int64_t
rows_after(struct fixture *fixture)
{
	int64_t rows;

	assert_true(fixture_is_whole(fixture));
	assert_int_equal(fixture_int(fixture, "SELECT count(*) FROM items WHERE slug = 'acknowledged'"), 1);
	assert_int_equal(fixture_int(fixture, "SELECT count(*) FROM items WHERE slug = 'refused'"), 0);
	assert_int_equal(fixture_int(fixture,
			     "SELECT count(*) FROM items WHERE slug IN ('late', 'later')"), 0);
	rows = fixture_int(fixture, "SELECT count(*) FROM items WHERE slug IN ('a', 'b', 'c')");
	assert_true(rows == 0 || rows == 3);
	assert_int_equal(fixture_int(fixture, "SELECT count(*) FROM caisson_commits"), rows == 3 ? 3 : 1);
	assert_int_equal(fixture_int(fixture, "SELECT count(*) FROM caisson_changes"), rows == 3 ? 4 : 1);
	return rows;
}

static void
check_lost(struct fixture *fixture, struct fixture_call *calls)
{
	assert_int_equal(calls[FIRST].call.err, ERR_OUTCOME_UNKNOWN);
	assert_int_equal(calls[SECOND].call.err, ERR_OUTCOME_UNKNOWN);
	/* Its refusal looked at rows of an unknown fate. */
	assert_int_equal(calls[REFUSED].call.err, ERR_STORE_UNAVAILABLE);
	assert_int_equal(calls[FIRST].call.number, 0);
	assert_int_equal(insert_alone(fixture, "late"), ERR_STORE_UNAVAILABLE);
	assert_int_equal(insert_alone(fixture, "later"), ERR_STORE_UNAVAILABLE);
	assert_int_equal(store_health(fixture->store), ERR_STORE_UNAVAILABLE);
}

static void
check_kept(struct fixture *fixture, struct fixture_call *calls, size_t published)
{
	assert_int_equal(calls[FIRST].call.err, OK);
	assert_int_equal(calls[SECOND].call.err, OK);
	assert_int_equal(calls[REFUSED].call.err, ERR_CONFLICT);
	assert_int_equal(calls[SECOND].call.number, calls[FIRST].call.number + 1);
	assert_int_equal(published, 2);
	assert_int_equal(store_health(fixture->store), OK);
}

static struct outcome
commit_with(const struct shim_fault *fault, bool fresh_log)
{
	struct insert first = { .slugs = { "a", "b" } }, refused = { .slugs = { "refused", "acknowledged" } },
		      second = { .slugs = { "c" }, .fault = fault };
	struct fixture_call calls[CALLS] = { insert_call(&first), insert_call(&refused), insert_call(&second) };
	struct fixture fixture, after;
	struct outcome outcome;
	struct watch watch;
	size_t published;
	int64_t rows, commits;

	fixture_open(&fixture, app_text);
	assert_int_equal(insert_alone(&fixture, "acknowledged"), OK);
	if (fresh_log) {
		fixture_reopen(&fixture); /* the log is empty: its header is part of the COMMIT */
		fixture_hold(&fixture);	  /* upkeep comes behind the first group */
		(void)fixture_let_go(&fixture);
	}
	fixture_hold(&fixture);
	for (size_t i = 0; i < CALLS; i++)
		fixture_start(&fixture, &calls[i]);
	watch_begin(&watch, &fixture, calls, CALLS);
	shim_look(look_in_commit, &watch);
	commits = shim_commits();
	(void)fixture_let_go(&fixture);
	for (size_t i = 0; i < CALLS; i++)
		(void)fixture_wait(&calls[i]);
	watch.acknowledged_early |= shim_commits() == commits;
	outcome = (struct outcome){ shim_failures() > 0, store_is_lost(fixture.store) };
	published = watch_end(&watch);

	assert_false(watch.acknowledged_early);
	assert_false(watch.published_early);
	assert_false(watch.numbered_early);
	if (outcome.lost) {
		assert_int_equal(published, 0);
		check_lost(&fixture, calls);
	} else {
		check_kept(&fixture, calls, published);
		assert_true(watch.looks > 0);
	}
	shim_fail(NULL);
	fixture_crash(&fixture, &after);
	rows = rows_after(&after);
	assert_true(outcome.lost || rows == 3);
	assert_int_equal(insert_alone(&after, "next"), OK);
	fixture_close(&after);
	fixture_reopen(&fixture);
	assert_int_equal(rows_after(&fixture), rows);
	assert_int_equal(insert_alone(&fixture, "next"), OK);
	fixture_close(&fixture);
	return outcome;
}

static void
fail_each_call(bool fresh_log)
{
	int struck = 0, lost = 0;

	for (int stays = 0; stays < 2; stays++)
		for (int way = 0; way < SHIM_WAYS; way++)
			for (int64_t k = 0;; k++) {
				struct shim_fault fault = { .skip = k, .way = (enum shim_way)way,
					.stays = stays, .in_commit = true };
				struct outcome outcome = commit_with(&fault, fresh_log);

				struck += outcome.struck;
				lost += outcome.lost;
				if (!outcome.struck)
					break;
			}
	print_message("%d calls failed, %d of them lost the store\n", struck, lost);
	assert_true(lost >= 2 * SHIM_WAYS);
}

static void
test_commit_fails(void **state)
{
	(void)state;
	fail_each_call(false);
}

static void
test_first_commit_of_a_log_fails(void **state)
{
	(void)state;
	fail_each_call(true);
}

/* --- before COMMIT: a body that is larger than the cache -------------- */

enum { BIG_ROWS = 150, BIG_NOTE_SIZE = 2000 };

static int64_t
count_slugs(struct fixture *fixture, const char *like)
{
	char text[128];

	snprintf(text, sizeof(text), "SELECT count(*) FROM items WHERE slug LIKE '%s%%'", like);
	return fixture_int(fixture, text);
}

/* Let the writer's cache write pages before COMMIT, which it never does by itself. */
static void
let_spill(struct fixture *fixture)
{
	sqlite3 *db = NULL;
	struct insert insert = { .slugs = { NULL }, .ret_db = &db };
	struct store_call call = { .body = insert_body, .arg = &insert };

	/* The first group is followed by upkeep; behind the second one the writer sleeps. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(store_write_blocking(fixture->store, &call), OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA cache_spill=ON", NULL, NULL, NULL), SQLITE_OK);
}

/* A small body and a big one in one group; the fault strikes outside COMMIT. */
static bool
spill_with(const struct shim_fault *fault, enum err expected, bool expect_lost)
{
	struct insert small = { .slugs = { "small" }, .fault = fault },
		      big = { .slugs = { "big" }, .repeat = BIG_ROWS, .note_size = BIG_NOTE_SIZE };
	struct fixture_call calls[2] = { insert_call(&small), insert_call(&big) };
	struct fixture fixture, after;
	bool struck;

	fixture_open(&fixture, app_text);
	assert_int_equal(insert_alone(&fixture, "acknowledged"), OK);
	fixture_reopen(&fixture);
	let_spill(&fixture);
	fixture_hold(&fixture);
	fixture_start(&fixture, &calls[0]);
	fixture_start(&fixture, &calls[1]);
	(void)fixture_let_go(&fixture);
	(void)fixture_wait(&calls[0]);
	(void)fixture_wait(&calls[1]);
	struck = shim_failures() > 0;
	shim_fail(NULL);
	if (struck) {
		assert_int_equal(calls[0].call.err, expected);
		assert_int_equal(calls[1].call.err, expected);
		assert_int_equal(store_is_lost(fixture.store), expect_lost);
		assert_int_equal(insert_alone(&fixture, "next"), expect_lost ? ERR_STORE_UNAVAILABLE : OK);
	} else {
		assert_int_equal(calls[0].call.err, OK);
		assert_int_equal(calls[1].call.err, OK);
	}
	fixture_crash(&fixture, &after);
	assert_true(fixture_is_whole(&after));
	assert_int_equal(count_slugs(&after, "acknowledged"), 1);
	assert_int_equal(count_slugs(&after, "small"), struck ? 0 : 1);
	assert_int_equal(count_slugs(&after, "big"), struck ? 0 : BIG_ROWS + 1);
	assert_int_equal(count_slugs(&after, "next"), struck && !expect_lost);
	fixture_close(&after);
	fixture_close(&fixture);
	return struck;
}

static int
spill_each(enum shim_call call, enum shim_way way, bool stays, enum err expected, bool expect_lost)
{
	int struck = 0;

	/* The first of them one by one, then some. */
	for (int64_t k = 0;; k += k < 8 ? 1 : 17) {
		struct shim_fault fault = { .calls = 1u << call, .files = 1 << SHIM_WAL, .skip = k,
			.way = way, .not_commit = true, .stays = stays };

		if (!spill_with(&fault, expected, expect_lost)) {
			print_message("%d calls failed\n", struck);
			return struck;
		}
		struck++;
	}
}

static void
test_full_before_commit(void **state)
{
	(void)state;
	assert_true(spill_each(SHIM_WRITE, SHIM_ENOSPC, false, ERR_STORE_FULL, false) > 2);
	assert_true(spill_each(SHIM_WRITE, SHIM_ENOSPC, true, ERR_STORE_FULL, false) > 2);
	assert_true(spill_each(SHIM_WRITE, SHIM_SHORT, false, ERR_STORE_FULL, false) > 2);
}

static void
test_io_error_before_commit(void **state)
{
	(void)state;
	assert_true(spill_each(SHIM_WRITE, SHIM_EIO, false, ERR_IO, false) > 2);
	/* A new log's header is synced as soon as a page is spilled. */
	assert_true(spill_each(SHIM_SYNC, SHIM_EIO, false, ERR_OUTCOME_UNKNOWN, true) > 0);
}

static int
set_up(void **state)
{
	(void)state;
	shim_install();
	shim_set_syncs(false, 0);
	limits[LIMIT_group_time].value = 10000000;
	limits[LIMIT_body_budget].value = 60000;
	limits[LIMIT_sqlite_cache].value = 64;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit_fails),
		cmocka_unit_test(test_first_commit_of_a_log_fails),
		cmocka_unit_test(test_full_before_commit),
		cmocka_unit_test(test_io_error_before_commit),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
