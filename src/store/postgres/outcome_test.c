/*
 * Connections that break, at the worst moment: what was promised happened once,
 * what was refused did not happen, and the server goes on.
 */
#include "base/limits.h"
#include "store/engine.h"
#include "store/test_shop.h"

static int
open_few_lanes(void **state)
{
	limits[LIMIT_postgres_lanes].value = 2;
	return open_shop(state);
}

static void
on_database(const char *text)
{
	assert_true(test_run(test.database, text, NULL));
}

/* tests/cluster VERB, on the cluster that runs this test. */
static void
cluster(const char *verb)
{
	char command[512];

	snprintf(command, sizeof(command), SOURCE_ROOT "/tests/cluster %s '%s' >/dev/null", verb,
	    getenv("CAISSON_TEST_CLUSTER"));
	assert_int_equal(system(command), 0);
}

/* --- before COMMIT ------------------------------------------------------ */

struct cut {
	struct row_write write;
	int runs;
};

static enum err
cut_the_first_run(struct tx *tx, void *arg)
{
	struct cut *cut = arg;
	enum err err = test_insert(tx, &cut->write.row);
	struct value value;

	if (err == OK && cut->runs++ == 0)
		err = test_ask(
		    tx, "SELECT pg_terminate_backend(pg_backend_pid())", VALUE_BOOL, &value);
	return err;
}

static void
a_connection_cut_in_a_body_runs_it_again(void **state)
{
	struct cut cut = { category(1, "one") };
	int64_t number;

	(void)state;
	assert_int_equal(write_call(cut_the_first_run, &cut, &number), OK);
	assert_int_equal(cut.runs, 2);
	assert_true(ask_int("SELECT \"_version\" FROM categories") == number);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 1);
}

static enum err
cut_the_first_read(struct tx *tx, void *arg)
{
	int *runs = arg;
	struct value value;

	return test_ask(tx,
	    (*runs)++ == 0 ? "SELECT pg_terminate_backend(pg_backend_pid())" : "SELECT true",
	    VALUE_BOOL, &value);
}

static void
a_connection_cut_in_a_read_runs_it_again(void **state)
{
	int runs = 0;

	(void)state;
	assert_int_equal(read_call(cut_the_first_read, &runs), OK);
	assert_int_equal(runs, 2);
}

static void
idle_connections_that_were_cut_are_made_anew(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "name %d", (int)i);
		on_database("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			    " WHERE application_name = 'caisson' AND datname = current_database()");
		make(category(i, name));
	}
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 5);
}

/* --- at COMMIT ---------------------------------------------------------- */

/* A deferred trigger runs inside COMMIT: it ends its own connection, the first time. */
static void
a_commit_that_was_cut_before_it_happened_runs_again(void **state)
{
	struct row_write write = category(1, "one");
	int64_t number;

	(void)state;
	on_database(
	    "CREATE SEQUENCE cuts;"
	    "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	    " IF nextval('cuts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
	    " RETURN NULL; END $$;"
	    "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON categories DEFERRABLE INITIALLY DEFERRED"
	    " FOR EACH ROW EXECUTE FUNCTION cut()");
	assert_int_equal(write_call(insert_row, &write, &number), OK);
	assert_true(ask_int("SELECT \"_version\" FROM categories") == number);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 1);
	assert_int_equal(ask_int("SELECT last_value FROM cuts"), 2);
}

struct waiting {
	uv_thread_t thread;
	struct row_write write;
	struct store_call call;
	enum err err;
};

static void
write_waiting(void *arg)
{
	struct waiting *waiting = arg;

	waiting->call = (struct store_call){ .body = insert_row,
		.arg = &waiting->write,
		.deadline_us = clock_monotonic_us() + 60 * 1000000 };
	waiting->err = store_write_blocking(test.store, &waiting->call);
}

/* A COMMIT that has happened here and waits for a standby that does not exist. */
static void
begin_commit_that_waits(struct waiting *waiting)
{
	char count[64] = "";

	on_database("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	on_database("SELECT pg_reload_conf()");
	usleep(200000);
	waiting->write = category(1, "one");
	uv_thread_create(&waiting->thread, write_waiting, waiting);
	for (int i = 0; i < 1000 && strcmp(count, "1") != 0; i++) {
		usleep(10000);
		assert_true(test_run(test.database,
		    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
		    " AND datname = current_database()",
		    count));
	}
	assert_string_equal(count, "1");
}

static void
stop_waiting_for_standbys(void)
{
	on_database("ALTER SYSTEM RESET synchronous_standby_names");
	on_database("SELECT pg_reload_conf()");
}

static void
assert_happened_once(struct waiting *waiting)
{
	uv_thread_join(&waiting->thread);
	assert_int_equal(waiting->err, OK);
	assert_true(waiting->call.number > 0);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 1);
	assert_true(ask_int("SELECT \"_version\" FROM categories") == waiting->call.number);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 1);
	assert_false(store_is_lost(test.store));
	make(category(2, "two"));
}

static void
a_commit_that_was_cut_after_it_happened_is_found(void **state)
{
	struct waiting waiting;

	(void)state;
	begin_commit_that_waits(&waiting);
	on_database(
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
	stop_waiting_for_standbys();
	assert_happened_once(&waiting);
}

static void
a_commit_over_a_crash_of_the_server_is_found(void **state)
{
	struct waiting waiting;

	(void)state;
	begin_commit_that_waits(&waiting);
	cluster("crash");
	cluster("start");
	stop_waiting_for_standbys();
	assert_happened_once(&waiting);
}

/* --- a server that is away ------------------------------------------------ */

static enum err
try_insert(int64_t id)
{
	char name[16];
	struct row_write write;

	snprintf(name, sizeof(name), "name %d", (int)id);
	write = category(id, name);
	return write_call(insert_row, &write, NULL);
}

static void
wait_until_healthy(bool healthy)
{
	for (int i = 0; i < 2000 && (store_health(test.store) == OK) != healthy; i++)
		usleep(10000);
	assert_int_equal(store_health(test.store) == OK, healthy);
}

static void
a_server_that_is_away_is_said_and_comes_back(void **state)
{
	(void)state;
	make(category(1, "one"));
	cluster("crash");
	assert_int_equal(try_insert(2), ERR_STORE_UNAVAILABLE);
	wait_until_healthy(false);
	cluster("start");
	wait_until_healthy(true);
	for (int i = 0; i < 1000 && try_insert(2) != OK; i++)
		usleep(10000);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 2);
}

/* A standby is reached, and nothing is written to it. */
static void
a_server_in_recovery_is_not_used(void **state)
{
	char path[512];
	FILE *file;

	(void)state;
	make(category(1, "one"));
	cluster("crash");
	snprintf(path, sizeof(path), "%s/data/standby.signal", getenv("CAISSON_TEST_CLUSTER"));
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	cluster("start");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(try_insert(2), ERR_STORE_UNAVAILABLE);
		usleep(20000);
	}
	wait_until_healthy(false);
	assert_int_equal(unlink(path), 0);
	cluster("crash");
	cluster("start");
	wait_until_healthy(true);
	for (int i = 0; i < 1000 && try_insert(2) != OK; i++)
		usleep(10000);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 2);
}

/* --- what cannot be opened ------------------------------------------------ */

static void
assert_refused(const char *database, enum err expected, const char *word)
{
	struct test_store other = test;
	struct store *store = NULL;
	struct buf detail;

	buf_init(&detail, 4096);
	snprintf(other.database, sizeof(other.database), "%s", database);
	assert_int_equal(test_store_try(&other, test.app, &store, &detail), expected);
	buf_add_byte(&detail, '\0');
	if (strstr(detail.data, word) == NULL)
		fail_msg("%s", detail.data);
	buf_release(&detail);
}

static void
what_cannot_be_opened_is_explained(void **state)
{
	char url[320];

	(void)state;
	test_url("no_such_database", url, sizeof(url));
	assert_refused(url, ERR_STORE_UNAVAILABLE, "no_such_database");
	assert_refused("postgres://nobody@/x?host=/nowhere", ERR_STORE_UNAVAILABLE, "/nowhere");
	assert_refused("postgres://%", ERR_STORE_UNAVAILABLE, "%");
	on_database("CREATE DATABASE foreigner");
	test_url("foreigner", url, sizeof(url));
	assert_true(test_run(url, "CREATE TABLE theirs (a int)", NULL));
	assert_refused(url, ERR_CONFLICT, "not caisson's");
	on_database("DROP DATABASE foreigner WITH (FORCE)");
}

/* Two nodes on an empty database at the same time: one makes the tables. */
static void
open_at_once(void *arg)
{
	struct test_store *other = arg;

	test_store_reopen(other);
}

static void
two_nodes_may_open_an_empty_database(void **state)
{
	struct test_store others[4];
	uv_thread_t threads[4];
	int makers = 0;

	(void)state;
	on_database("CREATE DATABASE fresh");
	for (size_t i = 0; i < COUNT(others); i++) {
		others[i] = test;
		test_url("fresh", others[i].database, sizeof(others[i].database));
		uv_thread_create(&threads[i], open_at_once, &others[i]);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		uv_thread_join(&threads[i]);
		makers += store_is_new(others[i].store);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		store_close(others[i].store);
	assert_int_equal(makers, 1);
	on_database("DROP DATABASE fresh WITH (FORCE)");
}

#define OUTCOME_TEST(name) cmocka_unit_test_setup_teardown(name, open_few_lanes, close_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OUTCOME_TEST(a_connection_cut_in_a_body_runs_it_again),
		OUTCOME_TEST(a_connection_cut_in_a_read_runs_it_again),
		OUTCOME_TEST(idle_connections_that_were_cut_are_made_anew),
		OUTCOME_TEST(a_commit_that_was_cut_before_it_happened_runs_again),
		OUTCOME_TEST(a_commit_that_was_cut_after_it_happened_is_found),
		OUTCOME_TEST(a_commit_over_a_crash_of_the_server_is_found),
		OUTCOME_TEST(a_server_that_is_away_is_said_and_comes_back),
		OUTCOME_TEST(a_server_in_recovery_is_not_used),
		OUTCOME_TEST(what_cannot_be_opened_is_explained),
		OUTCOME_TEST(two_nodes_may_open_an_empty_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
