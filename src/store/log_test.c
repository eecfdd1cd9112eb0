/*
 * The log, read back, against snapshots of all tables taken after each write:
 * from any of them the log leads to any later one, row by row.
 */
#include "base/limits.h"
#include "base/test_random.h"
#include "codec/decimal.h"
#include "codec/time.h"
#include "store/log.h"
#include "store/test_shop.h"

enum { WRITES = 250, IDS = 8 };

static struct test_state states[WRITES + 1], replayed;
static size_t states_count;

/* --- random writes ---------------------------------------------------- */

static struct value
random_id(const struct collection *collection, uint64_t *random)
{
	struct uuid uuid = { 0 };

	if (collection->id_type == FIELD_INT)
		return value_int((int64_t)test_random_below(random, IDS) - 3);
	uuid.bytes[0] = (uint8_t)collection->index;
	uuid.bytes[15] = (uint8_t)test_random_below(random, IDS);
	return value_uuid(uuid);
}

static struct value
random_text(uint64_t *random)
{
	static const char *const texts[] = { "abcd", "a'b\"c\\d",
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "\x01\x02\x03\x04",
		"\xe2\x80\xa8\xe2\x80\xa9null", "ABCDEFG", "0001", "-1.5e3" };

	return test_text(texts[test_random_below(random, COUNT(texts))]);
}

static int64_t
random_int(const struct field *field, uint64_t *random)
{
	int64_t min = field->has_min ? field->min : INT64_MIN,
		max = field->has_max ? field->max : INT64_MAX;

	switch (test_random_below(random, 4)) {
	case 0:
		return min;
	case 1:
		return max;
	default:
		return min < 0 ? -(int64_t)test_random_below(random, 1000)
			       : min + (int64_t)test_random_below(random, 3);
	}
}

static int64_t
random_time(const struct field *field, uint64_t *random)
{
	int64_t min = field->has_min ? field->min : -2000000000000001,
		max = field->has_max ? field->max : 4000000000000001;

	return min + (int64_t)(test_random(random) % (uint64_t)(max - min));
}

/* Refs are empty: their links are written elsewhere. */
static struct value
random_json(const struct field *field, uint64_t *random)
{
	static const char *const values[] = { "{\"a\":[null,{}],\"b\":\"'\\\\\"}", "[]", "0", "\"null\"",
		"1e+300", "[1,[2,[3]]]", "\"\"" };
	static const char *const lists[] = { "[]", "[1]", "[true,\"x\"]" };

	if (field->type == FIELD_REFS)
		return value_json(STR("[]"));
	if (field->type == FIELD_LIST)
		return value_json(str_from(lists[test_random_below(random, COUNT(lists))]));
	return value_json(str_from(values[test_random_below(random, COUNT(values))]));
}

static int64_t
random_between(int64_t min, int64_t max, uint64_t *random)
{
	return min + (int64_t)(test_random(random) % (uint64_t)(max - min + 1));
}

static double
random_real(const struct field *field, uint64_t *random)
{
	double min = field->has_min ? field->real_min : -1e300, max = field->has_max ? field->real_max : 1e300;

	return min + (max - min) * ((double)test_random_below(random, 1001) / 1000);
}

static struct value
random_value(const struct field *field, uint64_t *random)
{
	if (!field->required && field->type != FIELD_REFS && test_random_below(random, 3) == 0)
		return value_null();
	switch (field->type) {
	case FIELD_BOOL:
		return value_bool(test_random_below(random, 2));
	case FIELD_INT:
		return value_int(random_int(field, random));
	case FIELD_TIME:
		return value_time(random_time(field, random));
	case FIELD_ENUM:
		return value_text(field->values[test_random_below(random, field->values_count)]);
	case FIELD_REF:
		return random_id(field->to, random);
	case FIELD_FLOAT:
		return value_real(random_real(field, random));
	case FIELD_DECIMAL:
		return value_decimal(random_between(field->has_min ? field->min : -decimal_max,
					 field->has_max ? field->max : decimal_max, random),
		    field->scale);
	case FIELD_DATE:
		return value_date(random_between(field->has_min ? field->min : date_days_min,
		    field->has_max ? field->max : date_days_max, random));
	case FIELD_JSON:
	case FIELD_LIST:
	case FIELD_REFS:
		return random_json(field, random);
	default:
		return random_text(random);
	}
}

static const struct field *
random_field(const struct collection *collection, uint64_t *random)
{
	size_t fields = collection->columns_count - COLUMN_FIELDS;

	return &collection->columns[COLUMN_FIELDS + test_random_below(random, fields)];
}

static enum err
insert_random(struct tx *tx, const struct collection *collection, uint64_t *random)
{
	struct test_row row = { .collection = collection };

	row.values[COLUMN_ID] = random_id(collection, random);
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++)
		row.values[i] = random_value(&collection->columns[i], random);
	return test_insert(tx, &row);
}

static enum err
update_random(struct tx *tx, const struct collection *collection, uint64_t *random)
{
	const struct field *field = random_field(collection, random);
	char name[APP_NAME_SIZE_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", STR_ARGS(field->name));
	return test_update(
	    tx, collection, random_id(collection, random), name, random_value(field, random), NULL);
}

static enum err
change_random(struct tx *tx, uint64_t *random)
{
	const struct collection *collection =
	    &test.app->collections[test_random_below(random, test.app->collections_count)];
	uint64_t choice = test_random_below(random, 10);

	if (choice < 5)
		return insert_random(tx, collection, random);
	if (choice < 9)
		return update_random(tx, collection, random);
	return test_delete(tx, collection, random_id(collection, random));
}

static enum err
random_body(struct tx *tx, void *arg)
{
	uint64_t random = *(uint64_t *)arg, changes = 1 + test_random_below(&random, 4);
	enum err err = OK;

	for (uint64_t i = 0; i < changes && err == OK; i++)
		err = change_random(tx, &random);
	return err;
}

static void
write_at_random(uint64_t *random)
{
	int64_t number;

	states_count = 0;
	test_state_read(&test, &states[0]);
	states[states_count++].number = 0;
	for (int tries = 0; states_count <= WRITES && tries < 20 * WRITES; tries++) {
		uint64_t seed = test_random(random); /* the same in each run of the body */
		enum err err = write_call(random_body, &seed, &number);

		assert_true(err == OK || err == ERR_CONFLICT);
		if (number == 0)
			continue;
		test_state_read(&test, &states[states_count]);
		states[states_count++].number = number;
	}
	assert_int_equal(states_count, WRITES + 1);
}

/* --- reading ----------------------------------------------------------- */

struct log_reading_call {
	int64_t since, until;
	size_t commits_max;
	struct log_page page;
};

static enum err
read_log(struct tx *tx, void *arg)
{
	struct log_reading_call *call = arg;

	log_page_release(&call->page);
	return log_read(tx, test.app, call->since, call->until, call->commits_max, &call->page);
}

static struct log_page
page_of(int64_t since, int64_t until, size_t commits_max)
{
	struct log_reading_call call = { since, until, commits_max, { 0 } };

	assert_int_equal(read_call(read_log, &call), OK);
	return call.page;
}

/* From states[from], page by page; every state on the way is met. */
static void
assert_leads_on(size_t from, size_t to, size_t commits_max)
{
	struct log_page page = { .more = true };
	int64_t since = states[from].number,
		until = to + 1 == states_count ? INT64_MAX : states[to].number;
	size_t at = from;

	test_state_copy(&replayed, &states[from]);
	while (page.more) {
		page = page_of(since, until, commits_max);
		assert_false(page.truncated);
		assert_true(page.count <= commits_max);
		for (size_t i = 0; i < page.count; i++) {
			assert_true(test_state_apply(&replayed, page.commits[i]));
			assert_true(++at <= to);
			assert_true(replayed.number == states[at].number);
			assert_true(test_state_equal(&replayed, &states[at]));
		}
		assert_true(page.count == 0 || page.until >= page.commits[page.count - 1]->number);
		since = page.until;
		log_page_release(&page);
	}
	assert_int_equal(at, to);
}

static void
clear_states(void)
{
	for (size_t i = 0; i < states_count; i++)
		test_state_clear(&states[i]);
	test_state_clear(&replayed);
	states_count = 0;
}

static void
assert_log_is_true(uint64_t seed)
{
	uint64_t random = seed;

	write_at_random(&random);
	assert_leads_on(0, WRITES, 10000);
	assert_leads_on(0, WRITES, 1);
	for (int i = 0; i < 20; i++) {
		size_t from = test_random_below(&random, WRITES),
		       to = from + 1 + test_random_below(&random, WRITES - from);

		assert_leads_on(from, to, 1 + test_random_below(&random, 40));
	}
	clear_states();
}

static void
the_log_leads_from_state_to_state(void **state)
{
	(void)state;
	assert_log_is_true(1);
}

static int
open_ledger(void **state)
{
	(void)state;
	test_store_open(&test, test_app("ledger"));
	return 0;
}

static void
so_it_does_in_the_ledger(void **state)
{
	(void)state;
	assert_log_is_true(3);
}

static int
open_clinic(void **state)
{
	(void)state;
	test_store_open(&test, test_app("clinic"));
	return 0;
}

static void
so_it_does_in_the_clinic(void **state)
{
	(void)state;
	assert_log_is_true(2);
}

/* --- one commit -------------------------------------------------------- */

static enum err
come_and_go(struct tx *tx, void *arg)
{
	struct row_write there = category(1, "one"), passing = category(2, "two");
	enum err err = test_insert(tx, &passing.row);

	(void)arg;
	if (err == OK)
		err = test_delete(tx, passing.row.collection, value_int(2));
	if (err == OK)
		err = test_insert(tx, &there.row);
	if (err == OK)
		err =
		    test_update(tx, there.row.collection, value_int(1), "rank", value_int(9), NULL);
	return err;
}

static enum err
replace(struct tx *tx, void *arg)
{
	struct row_write again = category(1, "other");
	enum err err = test_delete(tx, again.row.collection, value_int(1));

	(void)arg;
	return err == OK ? test_insert(tx, &again.row) : err;
}

static void
a_row_is_one_change_of_a_commit(void **state)
{
	unsigned rank;
	struct log_page page;
	int64_t first, second;

	(void)state;
	rank = test_column(app_collection(test.app, STR("categories")), "rank");
	assert_int_equal(write_call(come_and_go, NULL, &first), OK);
	assert_int_equal(write_call(replace, NULL, &second), OK);
	page = page_of(0, INT64_MAX, 10);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.commits[0]->changes_count, 1);
	assert_int_equal(page.commits[0]->changes->op, CHANGE_CREATE);
	assert_int_equal(page.commits[0]->changes->new_values[rank].integer, 9);
	assert_int_equal(page.commits[1]->changes_count, 1);
	assert_int_equal(page.commits[1]->changes->op, CHANGE_UPDATE);
	assert_int_equal(page.commits[1]->changes->old_values[rank].integer, 9);
	assert_int_equal(page.commits[1]->changes->new_values[rank].integer, 0);
	assert_true(page.commits[1]->changes->version == second);
	log_page_release(&page);
}

static enum err
insert_many(struct tx *tx, void *arg)
{
	int64_t count = *(int64_t *)arg;
	enum err err = OK;

	for (int64_t i = 0; i < count && err == OK; i++) {
		char name[64];
		struct row_write write;

		snprintf(name, sizeof(name), "%lld of %lld", (long long)i, (long long)count);
		write = category(count * 100000 + i, name);
		err = test_insert(tx, &write.row);
	}
	return err;
}

/* A commit that is larger than a page, between small ones. */
static void
a_large_commit_says_so(void **state)
{
	static int64_t counts[] = { 1, RING_CHANGES_MAX, RING_CHANGES_MAX + 1, 2,
		LOG_PAGE_CHANGES_MAX + 1, 3 };
	int64_t numbers[COUNT(counts)], since = 0, usual = limits[LIMIT_alone_budget].value;
	struct log_page page = { .more = true };
	size_t at = 0;

	(void)state;
	limits[LIMIT_alone_budget].value = 60000;
	for (size_t i = 0; i < COUNT(counts); i++)
		assert_int_equal(write_call(insert_many, &counts[i], &numbers[i]), OK);
	while (page.more) {
		page = page_of(since, INT64_MAX, 100);
		for (size_t i = 0; i < page.count; i++, at++) {
			assert_true(page.commits[i]->number == numbers[at]);
			assert_int_equal(page.commits[i]->too_many, counts[at] > RING_CHANGES_MAX);
			assert_true(page.commits[i]->too_many ||
				    page.commits[i]->changes_count == (size_t)counts[at]);
		}
		since = page.until;
		log_page_release(&page);
	}
	assert_int_equal(at, COUNT(counts));
	limits[LIMIT_alone_budget].value = usual;
}

/* --- how far it reaches ------------------------------------------------- */

/* As upkeep does it. */
static enum err
forget_up_to(struct tx *tx, void *arg)
{
	static const char *const texts[] = { "DELETE FROM caisson_changes WHERE seq <= %v",
		"DELETE FROM caisson_commits WHERE seq <= %v" };
	int64_t number = *(int64_t *)arg;
	char start[24];
	struct sql_text sql;
	enum err err = OK;

	snprintf(start, sizeof(start), "%lld", (long long)number);
	sql_init(&sql, tx->type->dialect);
	for (size_t i = 0; i < COUNT(texts) && err == OK; i++) {
		sql_clear(&sql);
		sql_addf(&sql, texts[i], value_int(number));
		err = tx_exec(tx, &sql, NULL);
	}
	sql_clear(&sql);
	sql_addf(&sql, "INSERT INTO caisson_meta (key, value) VALUES ('log_start', %v)",
	    test_text(start));
	if (err == OK)
		err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static void
assert_truncated(int64_t since, bool expected)
{
	struct log_page page = page_of(since, INT64_MAX, 100);

	assert_int_equal(page.truncated, expected);
	assert_true(!expected || page.count == 0);
	log_page_release(&page);
}

static void
it_says_where_it_no_longer_reaches(void **state)
{
	int64_t first, second, third;
	struct row_write write = category(1, "one");

	(void)state;
	assert_truncated(0, false);
	assert_truncated(INT64_C(1) << 40, true);
	assert_int_equal(write_call(insert_row, &write, &first), OK);
	write = category(2, "two");
	assert_int_equal(write_call(insert_row, &write, &second), OK);
	write = category(3, "three");
	assert_int_equal(write_call(insert_row, &write, &third), OK);
	assert_truncated(0, false);
	assert_truncated(third, false);
	assert_int_equal(write_call(forget_up_to, &second, NULL), OK);
	assert_truncated(0, true);
	assert_truncated(first, true);
	assert_truncated(second, false);
	assert_truncated(third, false);
	assert_truncated(third + (INT64_C(1) << 41), true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SHOP_TEST(the_log_leads_from_state_to_state),
		cmocka_unit_test_setup_teardown(so_it_does_in_the_clinic, open_clinic, close_test),
		cmocka_unit_test_setup_teardown(so_it_does_in_the_ledger, open_ledger, close_test),
		SHOP_TEST(a_row_is_one_change_of_a_commit),
		SHOP_TEST(a_large_commit_says_so),
		SHOP_TEST(it_says_where_it_no_longer_reaches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
