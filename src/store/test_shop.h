#pragma once
/* The shop of tests/apps on a new store, and bodies over it, for cmocka's tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/test_rows.h"

static struct test_store test;

static inline bool
is_postgres(void)
{
	return store_dialect(test.store) == SQL_POSTGRES;
}

static inline int
open_shop(void **state)
{
	(void)state;
	test_store_open(&test, test_app("shop"));
	return 0;
}

static inline int
close_test(void **state)
{
	(void)state;
	test_store_close(&test);
	return 0;
}

static inline enum err
write_call(store_body *body, void *arg, int64_t *ret_number)
{
	struct store_call call = { .body = body, .arg = arg };
	enum err err = store_write_blocking(test.store, &call);

	if (ret_number != NULL)
		*ret_number = call.number;
	return err;
}

static inline enum err
read_call(store_body *body, void *arg)
{
	struct store_call call = { .body = body, .arg = arg };

	return store_read_blocking(test.store, &call);
}

/* --- rows of the shop -------------------------------------------------- */

struct row_write {
	struct test_row row;
	struct tx_problem problem;
};

static inline enum err
insert_row(struct tx *tx, void *arg)
{
	struct row_write *write = arg;
	enum err err = test_insert(tx, &write->row);

	write->problem = tx->problem;
	return err;
}

static inline enum err
delete_row(struct tx *tx, void *arg)
{
	struct row_write *write = arg;
	enum err err = test_delete(tx, write->row.collection, write->row.values[COLUMN_ID]);

	write->problem = tx->problem;
	return err;
}

static inline struct row_write
category(int64_t id, const char *name)
{
	struct row_write write = { test_row(&test, "categories") };

	test_set(&write.row, "id", value_int(id));
	test_set(&write.row, "name", test_text(name));
	test_set(&write.row, "rank", value_int(0));
	return write;
}

static inline struct row_write
product(int64_t id, const char *sku, int64_t category_id)
{
	struct row_write write = { test_row(&test, "products") };

	test_set(&write.row, "id", value_int(id));
	test_set(&write.row, "sku", test_text(sku));
	test_set(&write.row, "title", test_text("A thing"));
	test_set(&write.row, "category", value_int(category_id));
	test_set(&write.row, "price", value_int(100));
	test_set(&write.row, "on_sale", value_bool(true));
	test_set(&write.row, "condition", test_text("new"));
	test_set(&write.row, "listed", value_time(0));
	return write;
}

static inline void
make(struct row_write write)
{
	int64_t number;

	assert_int_equal(write_call(insert_row, &write, &number), OK);
	assert_true(number > 0);
}

struct asked {
	const char *query;
	struct value value;
};

static inline enum err
ask_body(struct tx *tx, void *arg)
{
	struct asked *asked = arg;

	return test_ask(tx, asked->query, VALUE_INT, &asked->value);
}

static inline int64_t
ask_int(const char *query)
{
	struct asked asked = { query, value_null() };

	assert_int_equal(read_call(ask_body, &asked), OK);
	return asked.value.integer;
}

#define SHOP_TEST(name) cmocka_unit_test_setup_teardown(name, open_shop, close_test)
