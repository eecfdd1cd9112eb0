/*
 * The feed, where commits become visible out of order: two nodes, writers that
 * sleep in the middle, somebody with psql, and a long transaction in another
 * database of the cluster.  Who applies what the ring carries, from what the
 * tables held before, has what they hold at the end.
 */
#include "base/limits.h"
#include "base/test_random.h"
#include "store/engine.h"
#include "store/test_shop.h"

enum { WRITERS = 3, WRITES = 60, PRODUCTS = 6, CLIENTS = 64, INCREMENTS = 5 };

static struct store *second; /* another node on the same database */
static struct loop loop; /* never runs: the ring only needs one to knock at */

static int
open_two(void **state)
{
	struct buf detail;

	buf_init(&detail, 4096);
	open_shop(state);
	assert_int_equal(test_store_try(&test, test.app, &second, &detail), OK);
	buf_release(&detail);
	loop_init(&loop, 0);
	return 0;
}

/* --- writers ------------------------------------------------------------ */

struct writer {
	uv_thread_t thread;
	struct store *store;
	uint64_t random;
	int failures;
};

struct thought {
	uint64_t random;
};

/* Which row ${random} means, as its claim. */
static uint64_t
claim_of(uint64_t random)
{
	return test_random_below(&random, PRODUCTS);
}

/*
 * Read a row, think, and change it by what was read.  Anybody deletes and
 * creates any id again: the claim puts their numbers in order.
 */
static enum err
read_think_write(struct tx *tx, void *arg)
{
	const struct collection *products = app_collection(test.app, STR("products"));
	const struct thought *thought = arg;
	uint64_t random = thought->random;
	int64_t id = (int64_t)test_random_below(&random, PRODUCTS);
	uint64_t choice = test_random_below(&random, 10);
	struct row_write write;
	struct value price;
	char query[64], sku[16];
	enum err err;

	snprintf(query, sizeof(query), "SELECT price FROM products WHERE id = %d", (int)id);
	snprintf(sku, sizeof(sku), "sku %d", (int)id);
	err = test_ask(tx, query, VALUE_INT, &price);
	if (err != OK)
		return err;
	usleep((useconds_t)test_random_below(&random, 8000));
	if (price.kind == VALUE_NULL) {
		write = product(id, sku, 1);
		return test_insert(tx, &write.row);
	}
	if (choice < 3)
		return test_delete(tx, products, value_int(id));
	err = test_update(tx, products, value_int(id), "price", value_int(price.integer + 1), NULL);
	if (err == OK && choice < 6)
		err = test_update(
		    tx, products, value_int((id + 1) % PRODUCTS), "similar", value_int(id), NULL);
	return err;
}

static void
write_often(void *arg)
{
	struct writer *writer = arg;

	for (int i = 0; i < WRITES; i++) {
		struct thought thought = { test_random(&writer->random) };
		uint64_t claim = claim_of(thought.random);
		struct store_call call = { .body = read_think_write,
			.arg = &thought,
			.claims = &claim,
			.claims_count = 1,
			.deadline_us = clock_monotonic_us() + 60 * 1000000 };
		enum err err = store_write_blocking(writer->store, &call);

		/* Two may insert the same row: then one is told so. */
		writer->failures += err != OK && err != ERR_CONFLICT;
		usleep((useconds_t)test_random_below(&writer->random, 4000));
	}
}

static void
write_by_hand(void *arg)
{
	struct writer *writer = arg;
	PGconn *pg = PQconnectdb(test.database);

	for (int i = 0; i < WRITES; i++) {
		PQclear(PQexec(pg, i % 2 ? "BEGIN ISOLATION LEVEL REPEATABLE READ"
					 : "BEGIN ISOLATION LEVEL SERIALIZABLE"));
		PQclear(PQexec(pg, "UPDATE products SET title = 'by hand ' || price WHERE id = 3"));
		usleep((useconds_t)test_random_below(&writer->random, 6000));
		PQclear(PQexec(pg, "UPDATE products SET price = price + 10 WHERE id = 4"));
		PQclear(PQexec(pg, "COMMIT"));
	}
	PQfinish(pg);
}

/* --- followers ----------------------------------------------------------- */

struct model {
	struct store *store; /* NULL: it does not follow */
	bool began_in_between; /* its snapshot may hold commits beyond its number */
	struct ring_follower follower;
	struct test_state state;
};

enum { MODELS_MAX = 8 };

static struct model models[MODELS_MAX];

static void
on_mail(struct mail *mail)
{
	(void)mail;
}

/* Follow first, read the number second, the tables third. */
static void
model_begin(struct model *model, struct store *store)
{
	struct test_read_all all = { test.app, &model->state };
	struct store_call call = { .body = test_read_all, .arg = &all };

	model->store = store;
	model->follower.mail.deliver = on_mail;
	ring_follow(&store->ring, &model->follower, &loop);
	model->state.number = store_last_number(store);
	assert_int_equal(store_read_blocking(store, &call), OK);
}

/* Also where a test failed in the middle. */
static void
model_stop(struct model *model)
{
	if (model->store != NULL)
		ring_unfollow(&model->store->ring, &model->follower);
	test_state_clear(&model->state);
	model->store = NULL;
	model->began_in_between = false;
}

/* A commit that the snapshot may have held: a row's versions say what is new. */
static void
apply_newer(struct test_state *state, const struct commit *commit)
{
	for (const struct change *change = commit->changes; change != NULL; change = change->next) {
		struct test_line *line = test_state_find(state, change->collection, &change->id);

		if (line != NULL && line->version >= commit->number)
			continue;
		if (line != NULL)
			test_state_remove(state, line);
		if (change->new_values != NULL)
			test_state_add(
			    state, change->collection, change->new_values, change->version);
	}
	state->number = commit->number;
}

/* What the ring has for it; false where it was left behind or something did not fit. */
static bool
model_follow(struct model *model)
{
	struct commit *commit;
	bool missed = false, fits = true;

	while (
	    fits && (commit = ring_next(&model->store->ring, &model->follower, &missed)) != NULL) {
		fits = !missed && !commit->too_many;
		if (fits && model->began_in_between && commit->number > model->state.number)
			apply_newer(&model->state, commit);
		else if (fits && !model->began_in_between)
			/* Numbers grow, and nothing that the snapshot held comes again. */
			fits = commit->number > model->state.number &&
			       test_state_apply(&model->state, commit);
		commit_unref(commit);
	}
	return fits;
}

static bool
model_is_complete(struct model *model, int64_t number)
{
	return store_last_number(model->store) >= number;
}

static void
model_end(struct model *model, int64_t number)
{
	struct test_state *now = malloc(sizeof(*now));

	now->count = 0;
	for (int i = 0; i < 1000 && !model_is_complete(model, number); i++)
		usleep(10000);
	assert_true(model_is_complete(model, number));
	/* last_number moves on before the ring is published to. */
	usleep(200000);
	assert_true(model_follow(model));
	test_state_read(&test, now);
	assert_true(test_state_equal(&model->state, now));
	model_stop(model);
	test_state_clear(now);
	free(now);
}

static int
close_two(void **state)
{
	for (size_t i = 0; i < MODELS_MAX; i++)
		model_stop(&models[i]);
	loop_close(&loop);
	loop_run(&loop);
	loop_release(&loop);
	store_close(second);
	return close_test(state);
}

/* Both nodes have told of all that happened. */
static void
wait_for_all(void)
{
	int64_t last = ask_int("SELECT max(seq) FROM caisson_changes");

	for (int i = 0;
	     i < 1000 && (store_last_number(test.store) < last || store_last_number(second) < last);
	     i++)
		usleep(10000);
}

/* --- the tests ------------------------------------------------------------ */

static void
start_writers(struct writer *writers)
{
	for (size_t i = 0; i < WRITERS + 1; i++) {
		writers[i] = (struct writer){ .store = i % 2 ? second : test.store, .random = i };
		uv_thread_create(
		    &writers[i].thread, i == WRITERS ? write_by_hand : write_often, &writers[i]);
	}
}

static void
join_writers(struct writer *writers)
{
	for (size_t i = 0; i < WRITERS + 1; i++) {
		uv_thread_join(&writers[i].thread);
		assert_int_equal(writers[i].failures, 0);
	}
}

static void
replaying_the_feed_gives_the_tables(void **state)
{
	struct writer writers[WRITERS + 1];
	int64_t last;

	(void)state;
	make(category(1, "all"));
	for (int round = 0; round < 3; round++) {
		wait_for_all();
		model_begin(&models[0], test.store);
		model_begin(&models[1], second);
		start_writers(writers);
		join_writers(writers);
		last = ask_int("SELECT max(seq) FROM caisson_changes");
		model_end(&models[0], last);
		model_end(&models[1], last);
	}
}

/* A snapshot is taken while everyone writes: nothing is lost or told twice. */
static void
a_follower_may_come_at_any_time(void **state)
{
	struct writer writers[WRITERS + 1];
	int64_t last;

	(void)state;
	make(category(1, "all"));
	start_writers(writers);
	for (size_t i = 0; i < COUNT(models); i++) {
		usleep(60000);
		models[i].began_in_between = true;
		model_begin(&models[i], i % 2 ? second : test.store);
	}
	join_writers(writers);
	last = ask_int("SELECT max(seq) FROM caisson_changes");
	for (size_t i = 0; i < COUNT(models); i++)
		model_end(&models[i], last);
}

static void
a_long_transaction_holds_the_feed_back(void **state)
{
	PGconn *pg = PQconnectdb(test_server());
	int64_t number;
	int pid = 0;
	struct row_write write;

	(void)state;
	make(category(1, "all"));
	wait_for_all();
	model_begin(&models[0], second);
	PQclear(PQexec(pg, "BEGIN"));
	PQclear(PQexec(pg, "SELECT pg_current_xact_id()"));
	write = category(2, "two");
	assert_int_equal(write_call(insert_row, &write, &number), OK);
	for (int i = 0; i < 1000 && store_held_back_us(test.store, &pid) == 0; i++)
		usleep(10000);
	assert_true(store_held_back_us(test.store, &pid) > 0);
	assert_int_equal(pid, PQbackendPID(pg));
	assert_true(store_last_number(second) < number);
	assert_true(model_follow(&models[0]));
	assert_int_equal(models[0].state.count, 1);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 2);
	PQclear(PQexec(pg, "COMMIT"));
	model_end(&models[0], number);
	PQfinish(pg);
}

/* A transaction that began before the log was cut hides where it begins; what comes after is told. */
static void
a_log_that_was_cut_goes_on_where_it_begins(void **state)
{
	PGconn *old = PQconnectdb(test_server()), *pg = PQconnectdb(test.database);
	struct ring_follower follower = { .mail.deliver = on_mail };
	struct row_write write = category(1, "one");
	struct commit *gap, *commit;
	int64_t cut, number;
	bool missed;

	(void)state;
	wait_for_all();
	PQclear(PQexec(old, "BEGIN"));
	PQclear(PQexec(old, "SELECT pg_current_xact_id()"));
	assert_int_equal(write_call(insert_row, &write, &cut), OK);
	PQclear(PQexec(pg, "WITH gone AS (DELETE FROM caisson_changes RETURNING seq) INSERT INTO caisson_meta"
			   " SELECT 'log_start', max(seq)::text FROM gone"));
	write = category(2, "two");
	assert_int_equal(write_call(insert_row, &write, &number), OK);
	ring_follow(&second->ring, &follower, &loop);
	PQclear(PQexec(old, "COMMIT"));
	for (int i = 0; i < 1000 && store_last_number(second) < number; i++)
		usleep(10000);
	usleep(200000);
	gap = ring_next(&second->ring, &follower, &missed);
	commit = ring_next(&second->ring, &follower, &missed);
	assert_true(gap != NULL && gap->too_many && gap->number == cut);
	assert_true(commit != NULL && !commit->too_many && commit->number == number);
	commit_unref(gap);
	commit_unref(commit);
	ring_unfollow(&second->ring, &follower);
	PQfinish(old);
	PQfinish(pg);
}

/* --- an id that comes and goes -------------------------------------------- */

static const uint64_t claimed = PRODUCTS + 200;
static atomic_bool has_begun;

/* Its snapshot and number are there; what comes now, others do meanwhile. */
static enum err
insert_late(struct tx *tx, void *arg)
{
	struct row_write write = category(7, "late");

	(void)arg;
	atomic_store(&has_begun, true);
	usleep(300000);
	return test_insert(tx, &write.row);
}

static enum err
insert_soon(struct tx *tx, void *arg)
{
	struct row_write write = category(7, "soon");

	(void)arg;
	return test_insert(tx, &write.row);
}

static enum err
delete_seven(struct tx *tx, void *arg)
{
	(void)arg;
	return test_delete(tx, app_collection(test.app, STR("categories")), value_int(7));
}

static enum err
write_claimed(struct store *store, store_body *body)
{
	struct store_call call = { .body = body,
		.claims = &claimed,
		.claims_count = 1,
		.deadline_us = clock_monotonic_us() + 10 * 1000000 };

	return store_write_blocking(store, &call);
}

static void
insert_it_late(void *arg)
{
	*(enum err *)arg = write_claimed(second, insert_late);
}

static void
an_id_that_comes_and_goes_keeps_its_order(void **state)
{
	uv_thread_t thread;
	enum err late_err = ERR_INTERNAL;

	(void)state;
	make(category(1, "all"));
	wait_for_all();
	model_begin(&models[0], test.store);
	atomic_store(&has_begun, false);
	uv_thread_create(&thread, insert_it_late, &late_err);
	while (!atomic_load(&has_begun))
		usleep(1000);
	(void)write_claimed(test.store, insert_soon);
	assert_int_equal(write_claimed(test.store, delete_seven), OK);
	uv_thread_join(&thread);
	assert_int_equal(late_err, OK);
	model_end(&models[0], ask_int("SELECT max(seq) FROM caisson_changes"));
}

static enum err
increment(struct tx *tx, void *arg)
{
	const struct collection *products = app_collection(test.app, STR("products"));
	struct value price;
	enum err err = test_ask(tx, "SELECT price FROM products WHERE id = 1", VALUE_INT, &price);

	(void)arg;
	if (err != OK)
		return err;
	return test_update(tx, products, value_int(1), "price", value_int(price.integer + 1), NULL);
}

static void
increment_often(void *arg)
{
	struct writer *writer = arg;

	for (int i = 0; i < INCREMENTS; i++) {
		struct store_call call = { .body = increment,
			.record_hash = 1,
			.deadline_us = clock_monotonic_us() + 120 * 1000000 };

		writer->failures += store_write_blocking(writer->store, &call) != OK;
	}
}

static void
increments_through_two_nodes_are_exact(void **state)
{
	static struct writer writers[CLIENTS];
	struct row_write write = product(1, "abc", 1);

	(void)state;
	make(category(1, "all"));
	test_set(&write.row, "price", value_int(0));
	make(write);
	for (size_t i = 0; i < CLIENTS; i++) {
		writers[i] = (struct writer){ .store = i % 2 ? second : test.store };
		uv_thread_create(&writers[i].thread, increment_often, &writers[i]);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		uv_thread_join(&writers[i].thread);
		assert_int_equal(writers[i].failures, 0);
	}
	assert_int_equal(ask_int("SELECT price FROM products"), CLIENTS * INCREMENTS);
}

#define FEED_TEST(name) cmocka_unit_test_setup_teardown(name, open_two, close_two)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FEED_TEST(replaying_the_feed_gives_the_tables),
		FEED_TEST(a_follower_may_come_at_any_time),
		FEED_TEST(a_long_transaction_holds_the_feed_back),
		FEED_TEST(a_log_that_was_cut_goes_on_where_it_begins),
		FEED_TEST(an_id_that_comes_and_goes_keeps_its_order),
		FEED_TEST(increments_through_two_nodes_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
