/* What the writer does beside writing: shared syncs, a bounded log, a full disk, one writer, forgetting. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/limits.h"
#include "store/sqlite/shim_vfs.h"
#include "store/store_fixture.h"

static const char app_text[] = "app: upkeep\n"
			       "database: sqlite:data/test.db\n"
			       "collections:\n"
			       "  items:\n"
			       "    id: int\n"
			       "    fields:\n"
			       "      note: { type: text }\n";

static enum err
insert_body(struct tx *tx, void *arg)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, SQL_SQLITE);
	sql_addf(&sql, "INSERT INTO items (created, updated, _version, note) VALUES (0, 0, %v, hex(zeroblob(%v)))",
	    value_int(tx->number), value_int(*(int64_t *)arg));
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static enum err
insert(struct fixture *fixture, int64_t half_size)
{
	struct store_call call = { .body = insert_body, .arg = &half_size };

	return store_write_blocking(fixture->store, &call);
}

static int64_t
log_file_size(const struct fixture *fixture)
{
	char path[160];
	struct stat status;

	snprintf(path, sizeof(path), "%s/data/test.db-wal", fixture->test.folder);
	return stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
}

static void
sleep_ms(int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* --- syncs ------------------------------------------------------------- */

enum { CLIENTS = 64, WRITES_EACH = 40 };

static void *
write_many(void *arg)
{
	for (int i = 0; i < WRITES_EACH; i++)
		if (insert(arg, 10) != OK)
			return arg;
	return NULL;
}

static void
test_clients_share_syncs(void **state)
{
	enum { WRITES = CLIENTS * WRITES_EACH };
	pthread_t threads[CLIENTS];
	struct fixture fixture;
	int64_t syncs;

	(void)state;
	fixture_open(&fixture, app_text);
	shim_set_syncs(false, 1000);
	shim_forget();
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, &fixture), 0);
	for (int i = 0; i < CLIENTS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	syncs = shim_count(SHIM_SYNC, SHIM_WAL) + shim_count(SHIM_SYNC, SHIM_DATABASE);
	print_message("%d writes of %d clients, %lld syncs\n", WRITES, CLIENTS, (long long)syncs);
	assert_true(syncs > 0);
	assert_true(syncs <= WRITES / 8);
	assert_int_equal(store_last_number(fixture.store), WRITES);
	assert_int_equal(fixture_int(&fixture, "SELECT count(*) FROM caisson_commits"), WRITES);
	shim_set_syncs(false, 0);
	fixture_close(&fixture);
}

static void
test_lone_write_is_synced(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, app_text);
	assert_int_equal(insert(&fixture, 10), OK);
	shim_forget();
	assert_int_equal(insert(&fixture, 10), OK);
	assert_int_equal(shim_count(SHIM_SYNC, SHIM_WAL), 1);
	fixture_close(&fixture);
}

/* --- checkpoints --------------------------------------------------------- */

/* A sync that failed may not be asked again: the pages are taken for written. */
static void
test_failed_sync_of_a_checkpoint_ends_writing(void **state)
{
	struct shim_fault fault = { .calls = 1 << SHIM_SYNC, .files = 1 << SHIM_DATABASE };
	int64_t passive = limits[LIMIT_wal_passive].value;
	struct fixture fixture, after;

	(void)state;
	limits[LIMIT_wal_passive].value = 1;
	fixture_open(&fixture, app_text);
	shim_fail(&fault);
	assert_int_equal(insert(&fixture, 10), OK);
	for (int i = 0; i < 500 && shim_failures() == 0; i++)
		sleep_ms(10);
	assert_int_equal(shim_failures(), 1);
	for (int i = 0; i < 100 && !store_is_lost(fixture.store); i++)
		sleep_ms(10);
	assert_true(store_is_lost(fixture.store));
	assert_int_equal(insert(&fixture, 10), ERR_STORE_UNAVAILABLE);
	shim_fail(NULL);
	shim_forget();
	fixture_crash(&fixture, &after);
	assert_int_equal(fixture_int(&after, "SELECT count(*) FROM items"), 1);
	fixture_close(&after);
	fixture_close(&fixture);
	limits[LIMIT_wal_passive].value = passive;
}

struct reader {
	const struct fixture *fixture;
	int offset_ms;
	atomic_bool *stop;
};

/* Snapshots of 15 ms each, with no gap that all three share. */
static void *
read_often(void *arg)
{
	struct reader *reader = arg;
	char path[160];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/data/test.db", reader->fixture->test.folder);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return arg;
	sleep_ms(reader->offset_ms);
	while (!atomic_load(reader->stop)) {
		sqlite3_exec(db, "BEGIN; SELECT count(*) FROM caisson_meta", NULL, NULL, NULL);
		sleep_ms(15);
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	sqlite3_close(db);
	return NULL;
}

enum { PASSIVE_BYTES = 256 << 10, RESTART_BYTES = 1 << 20, LOG_BYTES_MAX = 12 << 20 };

static void
small_log(bool small)
{
	limits[LIMIT_wal_passive].value = small ? PASSIVE_BYTES : limits[LIMIT_wal_passive].standard;
	limits[LIMIT_wal_restart].value = small ? RESTART_BYTES : limits[LIMIT_wal_restart].standard;
}

static void
test_log_is_bounded_under_overlapping_readers(void **state)
{
	atomic_bool stop = false;
	struct reader readers[3];
	pthread_t threads[3];
	struct fixture fixture;
	int64_t written = 0;

	(void)state;
	small_log(true);
	fixture_open(&fixture, app_text);
	for (int i = 0; i < 3; i++) {
		readers[i] = (struct reader){ &fixture, 5 * i, &stop };
		pthread_create(&threads[i], NULL, read_often, &readers[i]);
	}
	for (; written < 48 << 20; written += 40000)
		assert_int_equal(insert(&fixture, 10000), OK); /* 20 kB, and as much in the log */
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	print_message("the log's file after %lld MB: %lld kB\n", (long long)written >> 20,
	    (long long)log_file_size(&fixture) >> 10);
	assert_true(log_file_size(&fixture) <= LOG_BYTES_MAX);
	assert_true(fixture_is_whole(&fixture));
	fixture_close(&fixture);
	small_log(false);
}

/* A reader whose time passes in waiting, not in computing. */
static enum err
read_slowly(struct tx *tx, void *arg)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	(void)arg;
	sql_init(&sql, SQL_SQLITE);
	sql_add(&sql, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 10000000)"
		      " SELECT x, (SELECT count(*) FROM items) FROM c WHERE x % 2000 = 0");
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows))
		sleep_ms(20);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void *
read_long(void *arg)
{
	struct store_call *call = arg;

	(void)store_read_blocking((struct store *)call->arg, call);
	return NULL;
}

static void
test_log_is_bounded_under_a_long_reader(void **state)
{
	int64_t deadline_ms = limits[LIMIT_read_deadline].value, size;
	struct store_call call = { .body = read_slowly };
	struct fixture fixture;
	pthread_t thread;
	int64_t began_us = clock_monotonic_us();

	(void)state;
	small_log(true);
	limits[LIMIT_read_deadline].value = 500;
	fixture_open(&fixture, app_text);
	call.arg = fixture.store;
	pthread_create(&thread, NULL, read_long, &call);
	while (clock_monotonic_us() < began_us + 300000)
		assert_int_equal(insert(&fixture, 10000), OK);
	pthread_join(thread, NULL);
	assert_int_equal(call.err, ERR_TOO_COSTLY);
	assert_true(clock_monotonic_us() < began_us + 5000000);
	assert_int_equal(insert(&fixture, 100000), OK);
	assert_int_equal(insert(&fixture, 100000), OK);
	size = log_file_size(&fixture);
	for (int64_t written = 0; written < 2 * size; written += 40000)
		assert_int_equal(insert(&fixture, 10000), OK);
	assert_true(log_file_size(&fixture) <= size + RESTART_BYTES);
	fixture_close(&fixture);
	limits[LIMIT_read_deadline].value = deadline_ms;
	small_log(false);
}

/* --- one writer, one server ---------------------------------------------- */

static void
test_one_connection_writes_and_checkpoints(void **state)
{
	struct fixture fixture;

	(void)state;
	small_log(true);
	fixture_open(&fixture, app_text);
	shim_forget();
	for (int i = 0; i < 100; i++) {
		assert_int_equal(insert(&fixture, 10000), OK);
		(void)fixture_int(&fixture, "SELECT count(*) FROM items");
	}
	sleep_ms(50);
	assert_true(shim_count(SHIM_SYNC, SHIM_DATABASE) > 0);
	assert_int_equal(shim_writers(), 1);
	assert_int_equal(shim_checkpointers(), 1);
	assert_true(shim_one_does_both());
	/* Neither does a close. */
	store_close(fixture.store);
	assert_true(shim_one_does_both());
	test_store_reopen(&fixture.test);
	fixture.store = fixture.test.store;
	assert_int_equal(fixture_int(&fixture, "SELECT count(*) FROM items"), 100);
	fixture_close(&fixture);
	small_log(false);
}

static void
test_second_server_is_refused(void **state)
{
	struct fixture fixture;
	struct store *second = NULL;
	struct buf detail;

	(void)state;
	fixture_open(&fixture, app_text);
	buf_init(&detail, 4096);
	assert_int_equal(test_store_try(&fixture.test, fixture.test.app, &second, &detail), ERR_CONFLICT);
	buf_add_byte(&detail, '\0');
	assert_non_null(strstr(detail.data, "in use"));
	buf_release(&detail);
	assert_int_equal(insert(&fixture, 10), OK);
	fixture_close(&fixture);
}

static void
test_full_disk_refuses_and_recovers(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, app_text);
	assert_int_equal(insert(&fixture, 10), OK);
	limits[LIMIT_disk_reserve].value = INT64_MAX;
	assert_int_equal(insert(&fixture, 10), ERR_STORE_FULL);
	assert_int_equal(fixture_int(&fixture, "SELECT count(*) FROM items"), 1);
	limits[LIMIT_disk_reserve].value = limits[LIMIT_disk_reserve].standard;
	assert_int_equal(insert(&fixture, 10), OK);
	assert_false(store_is_lost(fixture.store));
	fixture_close(&fixture);
}

/* --- a loop's snapshot ends with its turn --------------------------------- */

struct loop_read {
	struct fixture *fixture;
	struct loop *loop;
	struct store_call call;
	struct task task;
	bool ended;
};

static enum step_result
step_read(struct task *task)
{
	struct loop_read *read = CONTAINER(task, struct loop_read, task);

	store_read(read->fixture->store, read->loop, &read->call);
	return STEP_WAIT;
}

static void
on_end(struct task *task)
{
	CONTAINER(task, struct loop_read, task)->ended = true;
}

static enum err
count_body(struct tx *tx, void *arg)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, SQL_SQLITE);
	sql_add(&sql, "SELECT count(*) FROM items");
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		*(int64_t *)arg = tx_value(&rows, 0, VALUE_INT).integer;
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/* Over many turns, each with more work than a read's budget behind the read. */
static void
test_loop_reads_stay_on_the_loop(void **state)
{
	static const struct step steps[] = { { "read", step_read }, { 0 } };
	int64_t budget = limits[LIMIT_loop_read_budget].value, count = 0;
	struct fixture fixture;
	struct loop loop;
	int rows = 0;

	(void)state;
	limits[LIMIT_loop_read_budget].value = 100;
	fixture_open(&fixture, app_text);
	loop_init(&loop, 0);
	store_attach(fixture.store, &loop);
	for (int turn = 0; turn < 1500; turn++) {
		struct loop_read read = { .fixture = &fixture, .loop = &loop,
			.call = { .body = count_body, .arg = &count, .task = &read.task } };
		clock_t began = clock();

		if (turn % 300 == 0)
			rows += insert(&fixture, 10) == OK;
		task_start(&read.task, &loop.ready, steps, on_end);
		task_queue_run(&loop.ready);
		assert_true(read.ended); /* at once: not by way of the reader lane */
		assert_int_equal(read.call.err, OK);
		assert_int_equal(count, rows);
		while ((clock() - began) * 1000000 / CLOCKS_PER_SEC < 200)
			;
		for (struct loop_hook *hook = loop.turn_hooks; hook != NULL; hook = hook->next)
			hook->run(hook->arg);
	}
	store_detach(fixture.store, &loop);
	loop_close(&loop);
	loop_run(&loop);
	loop_release(&loop);
	fixture_close(&fixture);
	limits[LIMIT_loop_read_budget].value = budget;
}

/* --- forgetting ----------------------------------------------------------- */

static void
test_old_commits_are_forgotten(void **state)
{
	enum { OLD = 5000 };
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, app_text);
	assert_int_equal(fixture_write(&fixture,
			     "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5000)"
			     " INSERT INTO caisson_commits (seq, at) SELECT x, x FROM c"),
	    OK);
	fixture_reopen(&fixture);
	assert_int_equal(store_last_number(fixture.store), OLD);
	/* Faster than they come: a slice that was full is not the last. */
	for (int i = 0; i < 400 && fixture_int(&fixture, "SELECT count(*) FROM caisson_commits") > 1; i++) {
		assert_int_equal(fixture_write(&fixture, "DELETE FROM caisson_meta WHERE key = 'none'"), OK);
		sleep_ms(10);
	}
	/* The newest stays: numbers are counted on from it, also by the next start. */
	assert_int_equal(fixture_int(&fixture, "SELECT seq FROM caisson_commits"), OLD);
	assert_int_equal(fixture_int(&fixture, "SELECT count(*) FROM caisson_commits"), 1);
	fixture_reopen(&fixture);
	assert_int_equal(insert(&fixture, 10), OK);
	assert_int_equal(store_last_number(fixture.store), OLD + 1);
	fixture_close(&fixture);
}

/* A migration makes the log begin at its own commit, long before the older ones are forgotten. */
static void
check_cut_log(const char *commits)
{
	enum { CUT = 5000 };
	struct fixture fixture;

	fixture_open(&fixture, app_text);
	assert_int_equal(fixture_write(&fixture, "INSERT INTO caisson_meta (key, value) VALUES ('log_start', '5000')"), OK);
	assert_int_equal(fixture_write(&fixture, commits), OK);
	fixture_reopen(&fixture);
	for (int i = 0; i < 400 && fixture_int(&fixture, "SELECT count(*) FROM caisson_commits") > 1; i++) {
		assert_int_equal(fixture_write(&fixture, "DELETE FROM caisson_meta WHERE key = 'none'"), OK);
		sleep_ms(10);
	}
	assert_int_equal(fixture_int(&fixture, "SELECT CAST(value AS INTEGER) FROM caisson_meta WHERE key = 'log_start'"), CUT);
	assert_int_equal(fixture_int(&fixture, "SELECT max(seq) FROM caisson_commits"), CUT);
	fixture_reopen(&fixture);
	assert_int_equal(insert(&fixture, 10), OK);
	assert_int_equal(store_last_number(fixture.store), CUT + 1);
	fixture_close(&fixture);
}

static void
test_a_log_that_was_cut_keeps_its_number(void **state)
{
	(void)state;
	check_cut_log("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5000)"
		      " INSERT INTO caisson_commits (seq, at)"
		      " SELECT x, CASE WHEN x <= 3000 THEN x ELSE 9000000000000000 END FROM c");
	check_cut_log("INSERT INTO caisson_commits (seq, at) VALUES (4999, 9000000000000000), (5000, 9000000000000000)");
}

/* What upkeep writes can fail too; nobody waits for it, but a sync is a sync. */
static void
test_failed_sync_of_forgetting_ends_writing(void **state)
{
	struct shim_fault fault = { .calls = 1 << SHIM_SYNC, .files = 1 << SHIM_WAL,
		.skip = 2 }; /* the write's own: a new log's header, and the commit */
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, app_text);
	assert_int_equal(fixture_write(&fixture, "INSERT INTO caisson_commits (seq, at) VALUES (1, 1), (2, 2)"), OK);
	sleep_ms(50);
	assert_int_equal(fixture_write(&fixture, "DELETE FROM caisson_meta WHERE key = 'none'"), OK);
	store_close(fixture.store);
	test_store_reopen(&fixture.test);
	fixture.store = fixture.test.store;
	shim_fail(&fault);
	assert_int_equal(insert(&fixture, 10), OK);
	for (int i = 0; i < 200 && shim_failures() == 0; i++)
		sleep_ms(10);
	assert_int_equal(shim_failures(), 1);
	sleep_ms(50);
	assert_true(store_is_lost(fixture.store));
	shim_fail(NULL);
	fixture_close(&fixture);
}

static int
set_up(void **state)
{
	(void)state;
	shim_install();
	shim_set_syncs(false, 0);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients_share_syncs),
		cmocka_unit_test(test_lone_write_is_synced),
		cmocka_unit_test(test_failed_sync_of_a_checkpoint_ends_writing),
		cmocka_unit_test(test_log_is_bounded_under_overlapping_readers),
		cmocka_unit_test(test_log_is_bounded_under_a_long_reader),
		cmocka_unit_test(test_one_connection_writes_and_checkpoints),
		cmocka_unit_test(test_second_server_is_refused),
		cmocka_unit_test(test_full_disk_refuses_and_recovers),
		cmocka_unit_test(test_loop_reads_stay_on_the_loop),
		cmocka_unit_test(test_old_commits_are_forgotten),
		cmocka_unit_test(test_a_log_that_was_cut_keeps_its_number),
		cmocka_unit_test(test_failed_sync_of_forgetting_ends_writing),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
