/*
 * Every type of field, asked of both engines: what is written comes back as it
 * was, from the row and from the log, and what is no value is refused by the
 * database itself.
 */
#include <float.h>
#include <math.h>

#include "codec/canonical.h"
#include "codec/time.h"
#include "store/log.h"
#include "store/test_shop.h"

static const char types_text[] = "app: types\n"
				 "database: sqlite:data/types.db\n"
				 "collections:\n"
				 "  things:\n"
				 "    id: int\n"
				 "    fields:\n"
				 "      real: { type: float }\n"
				 "      whole: { type: decimal, scale: 0 }\n"
				 "      price: { type: decimal, scale: 2 }\n"
				 "      tiny: { type: decimal, scale: 18 }\n"
				 "      day: { type: date }\n"
				 "      meta: { type: json }\n"
				 "      tags: { type: list, of: text, min: 1, max: 9 }\n"
				 "      mail: { type: email }\n"
				 "      site: { type: url }\n"
				 "      at: { type: time }\n";

static int
open_types(void **state)
{
	(void)state;
	test_store_open(&test, test_app_text(types_text));
	return 0;
}

/* --- values ----------------------------------------------------------- */

struct trip {
	const struct field *field;
	struct value id, old_value, value; /* written by an update */
	int64_t since;
	struct value read, logged_old, logged;
	struct arena *arena;
};

static enum err
insert_thing(struct tx *tx, void *arg)
{
	struct trip *trip = arg;
	struct test_row row = test_row(&test, "things");

	row.values[COLUMN_ID] = trip->id;
	row.values[trip->field->column] = trip->old_value;
	return test_insert(tx, &row);
}

static enum err
update_thing(struct tx *tx, void *arg)
{
	struct trip *trip = arg;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", STR_ARGS(trip->field->name));
	return test_update(tx, &test.app->collections[0], trip->id, name, trip->value, NULL);
}

static enum err
read_thing(struct tx *tx, void *arg)
{
	struct trip *trip = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "SELECT %n FROM \"things\" WHERE \"id\" = %v AND %n = %v", trip->field->name,
	    trip->id, trip->field->name, trip->value);
	err = tx_query(tx, &sql, &rows);
	trip->read = value_null();
	if (err == OK && tx_next(&rows)) {
		trip->read = tx_column(&rows, 0, trip->field);
		assert_true(value_keep(trip->arena, &trip->read));
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static enum err
read_logged(struct tx *tx, void *arg)
{
	struct trip *trip = arg;
	struct log_page page;
	enum err err = log_read(tx, test.app, trip->since, INT64_MAX, 10, &page);

	if (err != OK)
		return err;
	assert_int_equal(page.count, 1);
	assert_int_equal(page.commits[0]->changes_count, 1);
	trip->logged_old = page.commits[0]->changes->old_values[trip->field->column];
	trip->logged = page.commits[0]->changes->new_values[trip->field->column];
	assert_true(value_keep(trip->arena, &trip->logged_old));
	assert_true(value_keep(trip->arena, &trip->logged));
	log_page_release(&page);
	return OK;
}

/* From ${old} to ${value}, in the row and in the log; later changes make the log walk back. */
static void
assert_trip(const char *field, struct value old, struct value value)
{
	static int64_t id = 0;
	struct arena arena;
	struct trip trip = {
		.id = value_int(++id), .old_value = old, .value = value, .arena = &arena
	};

	arena_init(&arena, 16 << 20);
	trip.field = collection_column(&test.app->collections[0], str_from(field));
	assert_int_equal(write_call(insert_thing, &trip, &trip.since), OK);
	assert_int_equal(write_call(update_thing, &trip, NULL), OK);
	assert_int_equal(read_call(read_thing, &trip), OK);
	assert_true(value_equal(&trip.read, &value));
	assert_int_equal(read_call(read_logged, &trip), OK);
	assert_true(value_equal(&trip.logged_old, &old));
	assert_true(value_equal(&trip.logged, &value));
	arena_release(&arena);
}

static void
assert_refused(const char *field, struct value value)
{
	struct trip trip = { .id = value_int(1 << 30), .old_value = value };

	trip.field = collection_column(&test.app->collections[0], str_from(field));
	assert_int_not_equal(write_call(insert_thing, &trip, NULL), OK);
}

static void
reals_come_back(void **state)
{
	static const double reals[] = { 0, 1, -1, 0.1, -0.1, 1e15, 1e16, 1e22, 123456789.123456789,
		5e-324, 2.2250738585072014e-308, DBL_MAX, -DBL_MAX, 9007199254740993.0, 0x1p63,
		1.0 / 3, -123456789012345680.0 };

	(void)state;
	for (size_t i = 0; i + 1 < COUNT(reals); i++)
		assert_trip("real", value_real(reals[i]), value_real(reals[i + 1]));
	assert_trip("real", value_null(), value_real(2.5));
	assert_refused("real", value_real(INFINITY));
	assert_refused("real", value_real(-INFINITY));
}

static void
decimals_come_back(void **state)
{
	static const struct {
		const char *field;
		unsigned scale;
	} fields[] = { { "whole", 0 }, { "price", 2 }, { "tiny", 18 } };
	static const int64_t integers[] = { 0, 1, -1, 9, 10, 99, 100, -100, 9999, 10000, -10001,
		99990000, 100000000, 1230, 1200, INT64_C(123456789012345678),
		INT64_C(999999999999999999), INT64_C(-999999999999999999),
		INT64_C(100000000000000000), -5 };

	(void)state;
	for (size_t k = 0; k < COUNT(fields); k++) {
		unsigned scale = fields[k].scale;

		for (size_t i = 0; i + 1 < COUNT(integers); i++)
			assert_trip(fields[k].field, value_decimal(integers[i], scale),
			    value_decimal(integers[i + 1], scale));
		assert_trip(fields[k].field, value_null(), value_decimal(12, scale));
		assert_refused(fields[k].field, value_decimal(INT64_C(1000000000000000000), scale));
		assert_refused(
		    fields[k].field, value_decimal(INT64_C(-1000000000000000000), scale));
	}
}

static void
dates_come_back(void **state)
{
	static const int64_t days[] = { 0, 1, -1, 10957, 10956, 20781, -719162, 2932896, 19782 };

	(void)state;
	for (size_t i = 0; i + 1 < COUNT(days); i++)
		assert_trip("day", value_date(days[i]), value_date(days[i + 1]));
	assert_trip("day", value_null(), value_date(7));
	assert_refused("day", value_date(date_days_min - 1));
	assert_refused("day", value_date(date_days_max + 1));
	assert_refused("at", value_time(time_us_max + 1));
	assert_refused("at", value_time(time_us_min - 1));
}

static void
json_comes_back(void **state)
{
	static const char *const texts[] = { "0", "true", "false", "\"\"", "[]", "{}",
		"{\"a\":1,\"b\":{\"c\":[null,true,\"x\"]}}", "{\"\":\"\"}",
		"{\"aa\":1,\"b\":2,\"ab\":3}", "1e300", "5e-324", "1.7976931348623157e+308", "0.1",
		"9223372036854775807", "-9223372036854775808", "9.223372036854776e+18",
		"1000000000000000000", "[1.50,1e2,-0.0,100000000000000000000000]",
		"\"\\u0001\\u001f\\\"\\\\/\xe2\x80\xa8\xf0\x9f\x98\x80\"",
		"{\"\xf0\x9f\x98\x80\":1,\"\xef\xbf\xbf\":2}", "\"null\"",
		"[[[[[[[[[[[[]]]]]]]]]]]]" };
	struct arena arena;
	struct value old = value_null();

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct value value = value_json(json_canonical_text(&arena, str_from(texts[i])));

		assert_trip("meta", old, value);
		old = value;
	}
	assert_trip("tags", value_null(), value_json(STR("[\"b\",\"a\",\"b\"]")));
	arena_release(&arena);
}

/* As deep and as long as a body can be. */
static void
large_json_comes_back(void **state)
{
	enum { DEPTH = JSON_DEPTH_MAX - 1, SIZE = 1 << 20 };
	static char deep[2 * DEPTH], wide[SIZE];

	(void)state;
	memset(deep, '[', DEPTH);
	memset(deep + DEPTH, ']', DEPTH);
	memset(wide, 'x', SIZE);
	wide[0] = wide[SIZE - 1] = '"';
	assert_trip("meta", value_json((struct str){ deep, sizeof(deep) }),
	    value_json((struct str){ wide, sizeof(wide) }));
	assert_trip("meta", value_json((struct str){ wide, sizeof(wide) }),
	    value_json((struct str){ deep, sizeof(deep) }));
}

static void
texts_of_both_kinds_come_back(void **state)
{
	static char text[2049];

	(void)state;
	assert_trip("mail", value_null(), value_text(STR("a'b@example.org")));
	assert_trip("site", value_text(STR("http://a/")), value_text(STR("https://b/?c=\\'d")));
	memset(text, 'x', sizeof(text));
	assert_refused("mail", value_text((struct str){ text, 255 }));
	assert_refused("site", value_text((struct str){ text, 2049 }));
}

/* Columns that other programs write, as they can. */
static void
what_others_write_is_held_to_the_types(void **state)
{
	static const char *const refused[] = {
		"INSERT INTO things (id, real) VALUES (900, 'NaN')",
		"INSERT INTO things (id, real) VALUES (900, 'Infinity')",
		"INSERT INTO things (id, price) VALUES (900, 'NaN')",
		"INSERT INTO things (id, price) VALUES (900, 10000000000000000)",
		"INSERT INTO things (id, day) VALUES (900, 'infinity')",
		"INSERT INTO things (id, day) VALUES (900, '0044-03-15 BC')",
		"INSERT INTO things (id, at) VALUES (900, '-infinity')",
		"INSERT INTO things (id, meta) VALUES (900, 'null')",
		"INSERT INTO things (id, tags) VALUES (900, '{}')",
	};
	struct arena arena;
	struct trip trip = { .id = value_int(901), .arena = &arena };

	(void)state;
	if (!is_postgres())
		return;
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(test_run(test.database, refused[i], NULL));
	arena_init(&arena, 1 << 20);
	assert_true(test_run(test.database,
	    "INSERT INTO things (id, real, price, meta) VALUES (901, '-0', 1.005, '{\"b\": 1.0, "
	    "\"a\": -0.0}')",
	    NULL));
	trip.field = collection_column(&test.app->collections[0], STR("meta"));
	trip.value = value_json(STR("{\"a\":0,\"b\":1}"));
	assert_int_equal(read_call(read_thing, &trip), OK);
	assert_true(value_equal(&trip.read, &trip.value));
	trip.field = collection_column(&test.app->collections[0], STR("price"));
	trip.value = value_decimal(101, 2);
	assert_int_equal(read_call(read_thing, &trip), OK);
	assert_true(value_equal(&trip.read, &trip.value));
	arena_release(&arena);
}

#define TYPES_TEST(name) cmocka_unit_test_setup_teardown(name, open_types, close_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TYPES_TEST(reals_come_back),
		TYPES_TEST(decimals_come_back),
		TYPES_TEST(dates_come_back),
		TYPES_TEST(json_comes_back),
		TYPES_TEST(large_json_comes_back),
		TYPES_TEST(texts_of_both_kinds_come_back),
		TYPES_TEST(what_others_write_is_held_to_the_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
