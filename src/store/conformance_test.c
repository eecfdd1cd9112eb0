/*
 * What both engines promise, asked of either: SQLite, or PostgreSQL under
 * tests/cluster.  Differences stand here as conditions on is_postgres().
 */
#include "base/test_random.h"
#include "store/test_shop.h"

/* --- types ------------------------------------------------------------ */

struct round_trip {
	const struct collection *collection;
	struct value written[TEST_COLUMNS_MAX], id;
	bool equal;
};

static enum err
read_back(struct tx *tx, void *arg)
{
	struct round_trip *trip = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	trip->equal = false;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, trip->collection);
	sql_addf(&sql, " FROM %n t WHERE t.\"id\" = %v", trip->collection->name, trip->id);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		trip->equal = true;
		for (unsigned i = 0; i < trip->collection->columns_count; i++) {
			struct value value =
			    tx_column(&rows, (int)i, &trip->collection->columns[i]);

			trip->equal = trip->equal && value_equal(&value, &trip->written[i]);
		}
		assert_false(tx_next(&rows));
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
assert_round_trip(struct row_write *write)
{
	struct round_trip trip = { .collection = write->row.collection };

	assert_int_equal(write_call(insert_row, write, NULL), OK);
	memcpy(trip.written, write->row.values, sizeof(trip.written));
	trip.id = write->row.values[COLUMN_ID];
	assert_int_equal(read_call(read_back, &trip), OK);
	assert_true(trip.equal);
	assert_int_equal(write_call(delete_row, write, NULL), OK);
}

static const char *const hostile_texts[] = {
	"",
	" ",
	"'",
	"''; DROP TABLE products; --",
	"\"",
	"\\",
	"\\x00",
	"E'\\n'",
	"$1",
	"?",
	"%s%n",
	"NULL",
	"\x01\x02\x1f\x7f",
	"\r\n\t",
	"\xc3\x9f",
	"\xc4\xb0",
	"e\xcc\x81",
	"\xef\xbb\xbf"
	"bom",
	"\xf0\x9f\x98\x80",
	"\xf4\x8f\xbf\xbf",
	"\xed\x9f\xbf",
	"\xee\x80\x80",
	"\xe2\x80\xae"
	"rtl",
	"a\xe2\x80\x8b"
	"b",
};

static void
texts_come_back(void **state)
{
	(void)state;
	make(category(1, "all"));
	for (size_t i = 0; i < COUNT(hostile_texts); i++) {
		struct row_write write = product(1, "sku", 1);

		test_set(&write.row, "description", test_text(hostile_texts[i]));
		assert_round_trip(&write);
	}
}

static void
long_texts_come_back(void **state)
{
	static char text[5001];
	struct row_write write;

	(void)state;
	make(category(1, "all"));
	for (size_t size = 4990; size <= 5000; size++) {
		memset(text, 'x', size);
		text[size] = '\0';
		write = product(1, "sku", 1);
		test_set(&write.row, "description", test_text(text));
		assert_round_trip(&write);
	}
}

static void
numbers_come_back(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1LL << 53,
		(1LL << 53) + 1, INT32_MAX, INT32_MIN, 4294967296 };

	(void)state;
	make(category(1, "all"));
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct row_write write = product(numbers[i], "sku", 1);

		test_set(&write.row, "balance", value_int(numbers[i]));
		assert_round_trip(&write);
	}
}

static void
times_come_back(void **state)
{
	static const int64_t times[] = { 0, 1, -1, 946684800000000, 946684799999999,
		253402300799999999, -62135596800000000, 1795000000123456 };

	(void)state;
	make(category(1, "all"));
	for (size_t i = 0; i < COUNT(times); i++) {
		struct row_write write = product(1, "sku", 1);

		test_set(&write.row, "listed", value_time(times[i]));
		assert_round_trip(&write);
	}
}

static void
bools_nulls_and_uuids_come_back(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (int i = 0; i < 27; i++) {
		struct row_write write = { test_row(&test, "customers") };
		struct uuid id;

		for (size_t k = 0; k < sizeof(id.bytes); k++)
			id.bytes[k] = (uint8_t)(i == 0 ? 0 : i == 1 ? 255 : test_random(&random));
		test_set(&write.row, "id", value_uuid(id));
		test_set(&write.row, "email", test_text("a@b"));
		test_set(&write.row, "locale", test_text("de"));
		if (i % 3 > 0)
			test_set(&write.row, "vip", value_bool(i % 3 == 1));
		if (i % 9 / 3 > 0)
			test_set(&write.row, "name", test_text(i % 9 / 3 == 1 ? "" : "n"));
		if (i / 9 > 0)
			test_set(&write.row, "referrer", value_uuid(id));
		assert_round_trip(&write);
	}
}

/* One statement with values of all kinds at once, null before and after it was a value. */
static enum err
bind_all_kinds(struct tx *tx, void *arg)
{
	int *round = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "SELECT count(*) FROM products t WHERE t.price = %v OR t.sku = %v OR t.on_sale = %v OR"
	    " t.listed = %v OR t.\"similar\" = %v",
	    *round & 1 ? value_int(100) : value_null(), *round & 2 ? test_text("s") : value_null(),
	    *round & 4 ? value_bool(true) : value_null(), *round & 8 ? value_time(0) : value_null(),
	    *round & 16 ? value_int(1) : value_null());
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		*round = (int)tx_value(&rows, 0, VALUE_INT).integer;
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
one_text_takes_any_nulls(void **state)
{
	(void)state;
	make(category(1, "all"));
	make(product(1, "abc", 1));
	for (int times = 0; times < 2; times++) {
		for (int i = 0; i < 32; i++) {
			int round = i * 11 % 32, found = round;

			assert_int_equal(read_call(bind_all_kinds, &found), OK);
			assert_int_equal(found, (round & (1 | 4 | 8)) != 0);
		}
	}
}

/* --- order ------------------------------------------------------------ */

struct order_read {
	const char *order;
	char found[64];
};

static enum err
read_order(struct tx *tx, void *arg)
{
	struct order_read *read = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	read->found[0] = '\0';
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT t.id FROM products t ORDER BY ");
	sql_add(&sql, read->order);
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows))
		snprintf(read->found + strlen(read->found), 8, "%lld ",
		    (long long)tx_value(&rows, 0, VALUE_INT).integer);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
assert_order(const char *order, const char *expected)
{
	struct order_read read = { .order = order };

	assert_int_equal(read_call(read_order, &read), OK);
	assert_string_equal(read.found, expected);
}

static void
nulls_come_first_and_texts_by_bytes(void **state)
{
	static const char *const texts[] = { NULL, "b", "B", "\xc3\xa4", "", NULL, "a b" };

	(void)state;
	make(category(1, "all"));
	for (size_t i = 0; i < COUNT(texts); i++) {
		char sku[8];
		struct row_write write;

		snprintf(sku, sizeof(sku), "sku%zu", i);
		write = product((int64_t)i, sku, 1);
		if (texts[i] != NULL)
			test_set(&write.row, "description", test_text(texts[i]));
		make(write);
	}
	assert_order("t.description NULLS FIRST, t.id", "0 5 4 2 6 1 3 ");
	assert_order("t.description DESC NULLS LAST, t.id DESC", "3 1 6 2 4 5 0 ");
	assert_order("t.sku DESC, t.id DESC", "6 5 4 3 2 1 0 ");
}

/* --- problems --------------------------------------------------------- */

static void
assert_problem(
    struct row_write write, enum tx_problem_kind kind, const char *table, const char *column)
{
	int64_t number;

	assert_int_equal(write_call(insert_row, &write, &number), ERR_CONFLICT);
	assert_int_equal(write.problem.kind, kind);
	assert_int_equal(number, 0);
	if (kind == TX_UNIQUE) {
		assert_string_equal(write.problem.table, table);
		assert_string_equal(write.problem.column, column);
	}
}

static void
constraints_are_told_apart(void **state)
{
	struct row_write write;

	(void)state;
	make(category(1, "all"));
	make(product(1, "abc", 1));
	assert_problem(category(2, "all"), TX_UNIQUE, "categories", "name");
	assert_problem(category(1, "other"), TX_UNIQUE, "categories", "id");
	assert_problem(product(2, "abc", 1), TX_UNIQUE, "products", "sku");
	assert_problem(product(2, "abd", 99), TX_REFERENCE, "products", "category");
	assert_problem(product(2, "x", 1), TX_CHECK, "products", "sku");
	write = product(2, "abd", 1);
	test_set(&write.row, "size", test_text("huge"));
	assert_problem(write, TX_CHECK, "products", "size");
	write = product(2, "abd", 1);
	test_set(&write.row, "price", value_null());
	assert_problem(write, TX_CHECK, "products", "price");
	write = category(1, "all");
	assert_int_equal(write_call(delete_row, &write, NULL), ERR_CONFLICT);
	assert_int_equal(write.problem.kind, TX_REFERENCE);
	assert_int_equal(ask_int("SELECT count(*) FROM products"), 1);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 1);
}

static enum err
overflow(struct tx *tx, void *arg)
{
	struct sql_text sql;
	enum err err;

	(void)arg;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "UPDATE products SET balance = balance + 1");
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static void
an_overflow_is_refused(void **state)
{
	struct row_write write;

	(void)state;
	make(category(1, "all"));
	write = product(1, "abc", 1);
	test_set(&write.row, "balance", value_int(INT64_MAX));
	make(write);
	assert_int_equal(write_call(overflow, NULL, NULL), ERR_CONFLICT);
	assert_true(ask_int("SELECT balance FROM products") == INT64_MAX);
}

/* --- what a write leaves behind ---------------------------------------- */

static void
a_foreign_keys_action_is_a_change(void **state)
{
	struct row_write write, customer = { test_row(&test, "customers") };
	struct row_write cart = { test_row(&test, "carts") };
	int64_t number, before = ask_int("SELECT count(*) FROM caisson_changes");

	(void)state;
	make(category(1, "all"));
	make(product(1, "abc", 1));
	write = product(2, "abd", 1);
	test_set(&write.row, "similar", value_int(1));
	make(write);
	test_set(&customer.row, "email", test_text("a@b"));
	test_set(&customer.row, "locale", test_text("de"));
	assert_int_equal(write_call(insert_row, &customer, NULL), OK);
	test_set(&cart.row, "customer", customer.row.values[COLUMN_ID]);
	assert_int_equal(write_call(insert_row, &cart, NULL), OK);
	for (int64_t id = 1; id <= 2; id++) {
		write = (struct row_write){ test_row(&test, "cart_items") };
		test_set(&write.row, "id", value_int(id));
		test_set(&write.row, "cart", cart.row.values[COLUMN_ID]);
		test_set(&write.row, "product", value_int(id));
		test_set(&write.row, "quantity", value_int(1));
		make(write);
	}
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_changes") - before, 7);
	write = product(1, "abc", 1);
	assert_int_equal(write_call(delete_row, &write, &number), OK);
	assert_true(ask_int("SELECT \"_version\" FROM products WHERE id = 2") == number);
	assert_int_equal(
	    ask_int(
		"SELECT count(*) FROM products WHERE \"similar\" IS NULL AND updated > created"),
	    1);
	assert_int_equal(ask_int("SELECT count(*) FROM cart_items"), 1);
	assert_true(ask_int("SELECT max(seq) FROM caisson_changes") == number);
	assert_true(ask_int("SELECT max(seq) FROM caisson_commits") == number);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_changes c WHERE c.seq ="
				 " (SELECT max(seq) FROM caisson_commits)"),
	    3);
}

static enum err
insert_and_refuse(struct tx *tx, void *arg)
{
	struct row_write *write = arg;
	enum err err = test_insert(tx, &write->row);

	return err == OK ? ERR_FORBIDDEN : err;
}

static void
a_refused_body_leaves_nothing(void **state)
{
	struct row_write write = category(1, "all");
	int64_t number;

	(void)state;
	assert_int_equal(write_call(insert_and_refuse, &write, &number), ERR_FORBIDDEN);
	assert_int_equal(number, 0);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 0);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 0);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_changes"), 0);
}

static void
a_dry_run_keeps_nothing(void **state)
{
	struct row_write write = category(1, "all");
	struct store_call call = { .body = insert_row, .arg = &write, .dry_run = true };

	(void)state;
	assert_int_equal(store_write_blocking(test.store, &call), OK);
	assert_int_equal(call.number, 0);
	make(category(2, "other"));
	write = category(3, "other");
	assert_int_equal(store_write_blocking(test.store, &call), ERR_CONFLICT);
	assert_int_equal(write.problem.kind, TX_UNIQUE);
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 1);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_changes"), 1);
}

static enum err
change_nothing(struct tx *tx, void *arg)
{
	const struct collection *categories = app_collection(test.app, STR("categories"));
	int64_t changed = -1;
	enum err err =
	    test_update(tx, categories, value_int(99), "name", test_text("new"), &changed);

	(void)arg;
	assert_int_equal(changed, 0);
	return err;
}

static void
a_write_of_nothing_has_no_number(void **state)
{
	int64_t number;

	(void)state;
	make(category(1, "all"));
	assert_int_equal(write_call(change_nothing, NULL, &number), OK);
	assert_int_equal(number, 0);
	assert_int_equal(ask_int("SELECT count(*) FROM caisson_commits"), 1);
}

static void
numbers_grow_and_stand_in_rows(void **state)
{
	int64_t last = 0, number;

	(void)state;
	for (int64_t i = 1; i <= 20; i++) {
		char name[16];
		struct row_write write;

		snprintf(name, sizeof(name), "name %d", (int)i);
		write = category(i, name);
		assert_int_equal(write_call(insert_row, &write, &number), OK);
		assert_true(number > last);
		last = number;
		assert_true(ask_int("SELECT max(\"_version\") FROM categories") == number);
		assert_true(ask_int("SELECT max(seq) FROM caisson_commits") == number);
	}
	for (int i = 0; store_last_number(test.store) < last && i < 300; i++)
		usleep(10000); /* on PostgreSQL the follower tells */
	assert_true(store_last_number(test.store) >= last);
	assert_true(is_postgres() || store_last_number(test.store) == last);
}

struct changed_counts {
	int64_t all, none;
};

static enum err
count_changed(struct tx *tx, void *arg)
{
	struct changed_counts *counts = arg;
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "UPDATE categories SET rank = %v, \"_version\" = %v", value_int(5),
	    value_int(tx->number));
	err = tx_exec(tx, &sql, &counts->all);
	sql_clear(&sql);
	sql_add(&sql, "DELETE FROM categories WHERE rank = 77");
	if (err == OK)
		err = tx_exec(tx, &sql, &counts->none);
	sql_release(&sql);
	return err;
}

static void
changed_rows_are_counted(void **state)
{
	struct changed_counts counts = { -1, -1 };

	(void)state;
	make(category(1, "one"));
	make(category(2, "two"));
	assert_int_equal(write_call(count_changed, &counts, NULL), OK);
	assert_int_equal(counts.all, 2);
	assert_int_equal(counts.none, 0);
}

/* --- opening ---------------------------------------------------------- */

static void
data_is_there_after_opening_again(void **state)
{
	struct row_write write = category(2, "two");
	int64_t number, first;

	(void)state;
	assert_true(store_is_new(test.store));
	make(category(1, "one"));
	first = ask_int("SELECT max(seq) FROM caisson_commits");
	store_close(test.store);
	test_store_reopen(&test);
	assert_false(store_is_new(test.store));
	assert_int_equal(ask_int("SELECT count(*) FROM categories"), 1);
	assert_int_equal(write_call(insert_row, &write, &number), OK);
	assert_true(number > first);
	assert_true(store_last_number(test.store) >= first);
	assert_int_equal(store_health(test.store), OK);
}

static void
another_apps_data_is_refused(void **state)
{
	struct app *other = test_app("clinic");
	struct store *store = NULL;
	struct buf detail;

	(void)state;
	buf_init(&detail, 4096);
	store_close(test.store);
	assert_int_equal(test_store_try(&test, other, &store, &detail), ERR_CONFLICT);
	assert_null(store);
	assert_true(detail.size > 0);
	buf_add_byte(&detail, '\0');
	assert_non_null(strstr(detail.data, "another caisson.yaml"));
	buf_release(&detail);
	app_free(other);
	test_store_reopen(&test);
}

/* On SQLite a folder has one server; on PostgreSQL a database has any number of nodes. */
static void
a_second_server_is_told(void **state)
{
	struct store *second = NULL;
	struct buf detail;
	enum err err;

	(void)state;
	buf_init(&detail, 4096);
	err = test_store_try(&test, test.app, &second, &detail);
	assert_int_equal(err, is_postgres() ? OK : ERR_CONFLICT);
	assert_true((detail.size > 0) == !is_postgres());
	if (second != NULL)
		assert_false(store_is_new(second));
	store_close(second);
	buf_release(&detail);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SHOP_TEST(texts_come_back),
		SHOP_TEST(long_texts_come_back),
		SHOP_TEST(numbers_come_back),
		SHOP_TEST(times_come_back),
		SHOP_TEST(bools_nulls_and_uuids_come_back),
		SHOP_TEST(one_text_takes_any_nulls),
		SHOP_TEST(nulls_come_first_and_texts_by_bytes),
		SHOP_TEST(constraints_are_told_apart),
		SHOP_TEST(an_overflow_is_refused),
		SHOP_TEST(a_foreign_keys_action_is_a_change),
		SHOP_TEST(a_refused_body_leaves_nothing),
		SHOP_TEST(a_dry_run_keeps_nothing),
		SHOP_TEST(a_write_of_nothing_has_no_number),
		SHOP_TEST(numbers_grow_and_stand_in_rows),
		SHOP_TEST(changed_rows_are_counted),
		SHOP_TEST(data_is_there_after_opening_again),
		SHOP_TEST(another_apps_data_is_refused),
		SHOP_TEST(a_second_server_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
