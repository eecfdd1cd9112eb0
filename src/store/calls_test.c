/*
 * Calls as both engines run them: hooks, cancels, deadlines, bounded queues,
 * and many threads at once.
 */
#include "base/limits.h"
#include "store/test_shop.h"

/* --- hooks ------------------------------------------------------------ */

/* What idempotency does: a note before, the body, an answer after. */
struct hooked {
	struct row_write write;
	bool says_done, refuses;
	enum err after_says;
	int before_runs, body_runs, after_runs;
	enum err body_err; /* as told to `after` */
};

static enum err
add_note(struct tx *tx, const char *key, int64_t status)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "INSERT INTO caisson_idempotency (principal, key, request_hash, at, status, response)"
	    " VALUES ('p', %v, 'h', %v, %v, '')",
	    test_text(key), value_time(tx->now_us), value_int(status));
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static enum err
hook_before(struct tx *tx, void *arg, bool *ret_done)
{
	struct hooked *hooked = arg;
	struct value locked;

	hooked->before_runs++;
	*ret_done = hooked->says_done;
	if (tx->type->dialect == SQL_POSTGRES) {
		assert_int_equal(
		    test_ask(tx, "SELECT pg_try_advisory_xact_lock(7)", VALUE_BOOL, &locked), OK);
		assert_true(locked.boolean);
	}
	return add_note(tx, "before", 0);
}

static enum err
hook_body(struct tx *tx, void *arg)
{
	struct hooked *hooked = arg;
	enum err err = insert_row(tx, &hooked->write);

	hooked->body_runs++;
	return err == OK && hooked->refuses ? ERR_FORBIDDEN : err;
}

static enum err
hook_after(struct tx *tx, void *arg, enum err body_err)
{
	struct hooked *hooked = arg;
	enum err err = add_note(tx, "after", body_err == OK ? 200 : 400);

	hooked->after_runs++;
	hooked->body_err = body_err;
	return err == OK ? hooked->after_says : err;
}

static enum err
run_hooked(struct hooked *hooked, bool dry_run, int64_t *ret_number)
{
	struct store_call call = { .body = hook_body,
		.arg = hooked,
		.before = hook_before,
		.after = hook_after,
		.dry_run = dry_run };
	enum err err = store_write_blocking(test.store, &call);

	*ret_number = call.number;
	return err;
}

static int64_t
notes(void)
{
	return ask_int("SELECT count(*) FROM caisson_idempotency");
}

static void
hooks_and_body_are_kept_together(void **state)
{
	struct hooked hooked = { category(1, "one") };
	int64_t number;

	(void)state;
	assert_int_equal(run_hooked(&hooked, false, &number), OK);
	assert_true(number > 0);
	assert_int_equal(hooked.body_err, OK);
	assert_int_equal(notes(), 2);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 1);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 1);
}

static void
what_hooks_wrote_outlives_a_refused_body(void **state)
{
	struct hooked hooked = { category(1, "one"), .refuses = true };
	int64_t number;

	(void)state;
	assert_int_equal(run_hooked(&hooked, false, &number), ERR_FORBIDDEN);
	assert_int_equal(number, 0);
	assert_int_equal(hooked.body_err, ERR_FORBIDDEN);
	assert_int_equal(notes(), 2);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 0);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 0);
}

static void
what_hooks_wrote_outlives_a_failed_statement(void **state)
{
	struct hooked hooked = { category(2, "one") };
	int64_t number;

	(void)state;
	make(category(1, "one"));
	assert_int_equal(run_hooked(&hooked, false, &number), ERR_CONFLICT);
	assert_int_equal(hooked.write.problem.kind, TX_UNIQUE);
	assert_int_equal(number, 0);
	assert_int_equal(notes(), 2);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 1);
}

static void
before_may_answer_for_the_body(void **state)
{
	struct hooked hooked = { category(1, "one"), .says_done = true };
	int64_t number;

	(void)state;
	assert_int_equal(run_hooked(&hooked, false, &number), OK);
	assert_int_equal(number, 0);
	assert_int_equal(hooked.before_runs, 1);
	assert_int_equal(hooked.body_runs, 0);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 0);
}

static void
an_error_of_after_leaves_nothing(void **state)
{
	struct hooked hooked = { category(1, "one"), .after_says = ERR_TOO_LARGE };
	int64_t number;

	(void)state;
	assert_int_equal(run_hooked(&hooked, false, &number), ERR_TOO_LARGE);
	assert_int_equal(number, 0);
	assert_int_equal(notes(), 0);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 0);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 0);
	make(category(2, "two"));
}

static void
a_dry_run_with_hooks_keeps_no_row(void **state)
{
	struct hooked hooked = { category(1, "one") };
	int64_t number;

	(void)state;
	assert_int_equal(run_hooked(&hooked, true, &number), OK);
	assert_int_equal(number, 0);
	assert_int_equal(hooked.body_err, OK);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 0);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_changes"), 0);
}

/* --- calls that do not run --------------------------------------------- */

static enum err
must_not_run(struct tx *tx, void *arg)
{
	(void)tx, (void)arg;
	fail();
	return OK;
}

static void
who_has_gone_is_not_served(void **state)
{
	struct store_call call = { .body = must_not_run };

	(void)state;
	atomic_store(&call.canceled, true);
	assert_int_equal(store_write_blocking(test.store, &call), ERR_CANCELED);
	assert_int_equal(store_read_blocking(test.store, &call), ERR_CANCELED);
}

static void
who_waited_too_long_is_told_no(void **state)
{
	struct store_call call = { .body = must_not_run, .deadline_us = clock_monotonic_us() - 1 };

	(void)state;
	assert_int_equal(store_write_blocking(test.store, &call), ERR_OVERLOADED);
}

static enum err
write_a_read(struct tx *tx, void *arg)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	(void)arg;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "INSERT INTO caisson_meta (key, value) VALUES ('x', 'y') RETURNING key");
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows))
		;
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
a_read_cannot_write(void **state)
{
	(void)state;
	assert_int_not_equal(read_call(write_a_read, NULL), OK);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_meta WHERE key = 'x'"), 0);
}

/* --- costs ------------------------------------------------------------- */

static enum err
count_for_ever(struct tx *tx, void *arg)
{
	struct value count;

	(void)arg;
	return test_ask(tx,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
	    " SELECT count(*) FROM n",
	    VALUE_INT, &count);
}

static void
a_read_that_costs_too_much_is_ended(void **state)
{
	int64_t usual = limits[LIMIT_read_deadline].value;

	(void)state;
	limits[LIMIT_read_deadline].value = 300;
	assert_int_equal(read_call(count_for_ever, NULL), ERR_TOO_COSTLY);
	limits[LIMIT_read_deadline].value = usual;
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 0);
}

static void
a_write_that_costs_too_much_is_ended(void **state)
{
	int64_t usual = limits[LIMIT_alone_budget].value;

	(void)state;
	limits[LIMIT_alone_budget].value = 300;
	assert_int_equal(write_call(count_for_ever, NULL, NULL), ERR_TOO_COSTLY);
	limits[LIMIT_alone_budget].value = usual;
	make(category(1, "one"));
}

/* --- many at once ------------------------------------------------------ */

enum { THREADS = 16, ROUNDS = 50 };

struct crowd {
	uv_thread_t thread;
	uint64_t record_hash;
	bool reads_others;
	int index, failures;
};

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
	struct crowd *crowd = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct store_call call = { .body = increment,
			.record_hash = crowd->record_hash,
			.deadline_us = clock_monotonic_us() + 60 * 1000000,
			.caller_hash = (uint64_t)crowd->index,
			.reads_others = crowd->reads_others };

		crowd->failures +=
		    store_write_blocking(test.store, &call) != OK || call.number == 0;
	}
}

static void
run_crowd(struct crowd *crowd, void (*run)(void *arg))
{
	for (int i = 0; i < THREADS; i++) {
		crowd[i].index = i;
		uv_thread_create(&crowd[i].thread, run, &crowd[i]);
	}
	for (int i = 0; i < THREADS; i++)
		uv_thread_join(&crowd[i].thread);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(crowd[i].failures, 0);
}

static void
assert_exact(uint64_t record_hash, bool reads_others)
{
	struct crowd crowd[THREADS] = { 0 };
	struct row_write write = product(1, "abc", 1);

	make(category(1, "all"));
	test_set(&write.row, "price", value_int(0));
	make(write);
	for (int i = 0; i < THREADS; i++) {
		crowd[i].record_hash = record_hash;
		crowd[i].reads_others = reads_others;
	}
	run_crowd(crowd, increment_often);
	assert_int_equal(ask_int("SELECT price FROM products"), THREADS * ROUNDS);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_changes"), THREADS * ROUNDS + 2);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), THREADS * ROUNDS + 2);
}

static void
increments_on_one_lane_are_exact(void **state)
{
	(void)state;
	assert_exact(42, false);
}

static void
increments_on_any_lane_are_exact(void **state)
{
	(void)state;
	assert_exact(0, false);
}

static void
serializable_increments_are_exact(void **state)
{
	(void)state;
	assert_exact(0, true);
}

/*
 * Who may go off sale looks at the others: one stays.  Each row by itself never
 * conflicts; only reads_others keeps two from leaving at the same time.
 */
static enum err
go_off_sale(struct tx *tx, void *arg)
{
	const struct collection *products = app_collection(test.app, STR("products"));
	struct crowd *crowd = arg;
	struct value others;
	enum err err =
	    test_ask(tx, "SELECT count(*) FROM products WHERE on_sale", VALUE_INT, &others);

	if (err != OK || others.integer < 2)
		return err;
	usleep(500);
	return test_update(
	    tx, products, value_int(crowd->index), "on_sale", value_bool(false), NULL);
}

static void
leave_once(void *arg)
{
	struct crowd *crowd = arg;
	struct store_call call = { .body = go_off_sale,
		.arg = crowd,
		.reads_others = true,
		.record_hash = (uint64_t)crowd->index + 1,
		.deadline_us = clock_monotonic_us() + 60 * 1000000 };

	crowd->failures += store_write_blocking(test.store, &call) != OK;
}

static enum err
put_on_sale(struct tx *tx, void *arg)
{
	struct sql_text sql;
	enum err err;

	(void)arg;
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "UPDATE products SET on_sale = %v, \"_version\" = %v", value_bool(true),
	    value_int(tx->number));
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static void
a_rule_over_others_holds(void **state)
{
	(void)state;
	make(category(1, "all"));
	for (int i = 0; i < THREADS; i++) {
		char sku[16];

		snprintf(sku, sizeof(sku), "sku %d", i);
		make(product(i, sku, 1));
	}
	for (int round = 0; round < 10; round++) {
		struct crowd crowd[THREADS] = { 0 };

		assert_int_equal(write_call(put_on_sale, NULL, NULL), OK);
		run_crowd(crowd, leave_once);
		assert_int_equal(ask_int("SELECT count(*) FROM products WHERE on_sale"), 1);
	}
}

/* --- a full queue ------------------------------------------------------ */

static enum err
sleep_a_little(struct tx *tx, void *arg)
{
	(void)tx, (void)arg;
	usleep(20000);
	return OK;
}

static void
push_one(void *arg)
{
	atomic_int *refused = arg;
	struct store_call call = { .body = sleep_a_little, .caller_hash = 5 };

	if (store_write_blocking(test.store, &call) == ERR_OVERLOADED)
		atomic_fetch_add(refused, 1);
}

static void
one_caller_fills_a_part_of_the_queue(void **state)
{
	int64_t usual = limits[LIMIT_write_queue_caller].value;
	uv_thread_t threads[64];
	atomic_int refused = 0;

	(void)state;
	limits[LIMIT_write_queue_caller].value = 2;
	for (size_t i = 0; i < COUNT(threads); i++)
		uv_thread_create(&threads[i], push_one, &refused);
	for (size_t i = 0; i < COUNT(threads); i++)
		uv_thread_join(&threads[i]);
	limits[LIMIT_write_queue_caller].value = usual;
	assert_true(atomic_load(&refused) > 0);
	assert_true(atomic_load(&refused) < (int)COUNT(threads));
	make(category(1, "one"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SHOP_TEST(hooks_and_body_are_kept_together),
		SHOP_TEST(what_hooks_wrote_outlives_a_refused_body),
		SHOP_TEST(what_hooks_wrote_outlives_a_failed_statement),
		SHOP_TEST(before_may_answer_for_the_body),
		SHOP_TEST(an_error_of_after_leaves_nothing),
		SHOP_TEST(a_dry_run_with_hooks_keeps_no_row),
		SHOP_TEST(who_has_gone_is_not_served),
		SHOP_TEST(who_waited_too_long_is_told_no),
		SHOP_TEST(a_read_cannot_write),
		SHOP_TEST(a_read_that_costs_too_much_is_ended),
		SHOP_TEST(a_write_that_costs_too_much_is_ended),
		SHOP_TEST(increments_on_one_lane_are_exact),
		SHOP_TEST(increments_on_any_lane_are_exact),
		SHOP_TEST(serializable_increments_are_exact),
		SHOP_TEST(a_rule_over_others_holds),
		SHOP_TEST(one_caller_fills_a_part_of_the_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
