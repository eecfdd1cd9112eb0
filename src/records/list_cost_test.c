/*
 * What a page costs, in steps of SQLite's virtual machine: far behind no more
 * than twice what it costs at the beginning, by whatever type is sorted.
 * CAISSON_WALK_ROWS sets the size.
 */
#include "records/list_world.h"

enum { STEPS_ROWS = 20000, DEEP_ROWS = 5000, PAGE = 20 };

static enum err
fill_steps(struct tx *tx, void *arg)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %v)"
	    " INSERT INTO \"steps\" (\"id\", \"created\", \"updated\", \"_version\", \"name\", "
	    "\"votes\")"
	    " SELECT i, 0, 0, 1, 'name', CASE i / 10 * 10 WHEN i THEN NULL ELSE i * 7919 & 1023 "
	    "END FROM n",
	    value_int(*(int64_t *)arg));
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static struct list_query
steps_query(struct arena *arena, const char *sort)
{
	struct url_parameter parameters[] = { { STR("sort"), str_from(sort) } };
	const struct list_query *query;
	struct list_problem problem;

	assert_true(list_parse(arena, &world.rules, app_collection(world.app, STR("steps")),
	    &identity_guest, parameters, 1, STR("secret"), &query, &problem));
	assert_int_equal(list_weight(query), STORE_LIGHT);
	return *query;
}

static int64_t
steps_of(const struct list_query *query, struct buf *json)
{
	struct list_read read = { .json = json };

	steps = 0;
	ask(query, &read);
	assert_int_equal(read.items_count, PAGE);
	return steps;
}

/* The values of the row at ${place} of the order, by the engine's own counting. */
struct place {
	const char *order;
	int64_t at;
	struct value votes, id;
};

static enum err
find_place(struct tx *tx, void *arg)
{
	struct place *place = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT \"votes\", \"id\" FROM \"steps\" ORDER BY ");
	sql_add(&sql, place->order);
	sql_addf(&sql, " LIMIT 1 OFFSET %v", value_int(place->at));
	err = tx_query(tx, &sql, &rows);
	assert_true(tx_next(&rows));
	place->votes = tx_value(&rows, 0, VALUE_INT);
	place->id = tx_value(&rows, 1, VALUE_INT);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
check_cost(const char *sort, const char *order, int64_t rows)
{
	struct arena arena;
	struct buf json;
	struct list_query query;
	int64_t first;

	buf_init(&json, 1 << 20);
	arena_init(&arena, 1 << 20);
	query = steps_query(&arena, sort);
	first = steps_of(&query, &json);
	for (int64_t part = 1; part < 40; part++) {
		struct place place = { .order = order, .at = (rows - 2 * PAGE) * part / 39 };
		struct store_call call = { .body = find_place, .arg = &place };

		assert_int_equal(store_read_blocking(world.store, &call), OK);
		query.has_cursor = true;
		query.after[0] = query.keys_count == 1 ? place.id : place.votes;
		query.after[1] = place.id;
		if (steps_of(&query, &json) > 2 * first)
			fail_msg("sort=%s: the page at %lld costs %lld steps, the first %lld", sort,
			    (long long)place.at, (long long)steps, (long long)first);
	}
	arena_release(&arena);
	buf_release(&json);
}

static void
the_last_page_costs_what_the_first_costs(void **state)
{
	const char *asked = getenv("CAISSON_WALK_ROWS");
	int64_t rows = asked == NULL ? STEPS_ROWS : strtoll(asked, NULL, 10);
	struct store_call call = { .body = fill_steps, .arg = &rows };

	(void)state;
	if (!world.is_sqlite)
		skip();
	limits[LIMIT_body_budget].value = limits[LIMIT_alone_budget].value = 60000;
	limits[LIMIT_alone_rows].value = INT64_MAX;
	assert_int_equal(store_write_blocking(world.store, &call), OK);
	check_cost("id", "\"id\"", rows);
	check_cost("-id", "\"id\" DESC", rows);
	check_cost("votes", "\"votes\", \"id\"", rows);
	check_cost("-votes", "\"votes\" DESC, \"id\" DESC", rows);
}

/* --- by every type ---------------------------------------------------- */

static const struct {
	const char *prefix; /* of its three fields */
	const char *value; /* of row i */
} deep_types[] = {
	{ "i", "i * 7919 & 1023" },
	{ "f", "(i * 7919 & 1023) / 8.0" },
	{ "d", "i * 7919 & 1023" },
	{ "a", "i * 7919 & 1023" },
	{ "t", "(i * 7919 & 1023) * 1000000" },
	{ "x", "'x' || (i * 7919 & 1023)" },
	{ "m", "'m' || (i * 7919 & 1023) || '@b.example'" },
	{ "u", "'https://b.example/' || (i * 7919 & 1023)" },
	{ "b", "i & 1" },
	{ "e", "CASE i % 3 WHEN 0 THEN 'zero' WHEN 1 THEN 'alpha' ELSE 'middle' END" },
};

/* Row by row from one number to the other. */
struct deep_rows {
	int64_t from, to;
};

static enum err
fill_deep(struct tx *tx, void *arg)
{
	const struct deep_rows *rows = arg;
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "WITH RECURSIVE n(i) AS (SELECT %v UNION ALL SELECT i + 1 FROM n WHERE i < %v)",
	    value_int(rows->from), value_int(rows->to));
	sql_add(&sql, " INSERT INTO \"deep\" (\"id\", \"created\", \"updated\", \"_version\"");
	for (size_t i = 0; i < COUNT(deep_types); i++)
		for (const char *kind = "kqz"; *kind != '\0'; kind++) {
			char name[3] = { deep_types[i].prefix[0], *kind };

			sql_addf(&sql, ", %n", str_from(name));
		}
	sql_add(&sql, ") SELECT i, 0, 0, 1");
	for (size_t i = 0; i < COUNT(deep_types); i++)
		for (const char *kind = "kqz"; *kind != '\0'; kind++) {
			sql_add(&sql, *kind == 'q' ? ", CASE WHEN 1 THEN " : ", CASE WHEN i % 10 <> 3 THEN ");
			sql_add(&sql, deep_types[i].value);
			sql_add(&sql, " END");
		}
	sql_add(&sql, " FROM n");
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static const struct list_query *
deep_query(struct arena *arena, const char *sort, struct str cursor)
{
	struct url_parameter parameters[] = { { STR("sort"), str_from(sort) }, { STR("cursor"), cursor } };
	const struct list_query *query;
	struct list_problem problem;

	if (!list_parse(arena, &world.rules, app_collection(world.app, STR("deep")), &identity_guest, parameters,
		cursor.size > 0 ? 2 : 1, STR("secret"), &query, &problem))
		fail_msg("sort=%s: %s", sort, problem.detail);
	return query;
}

static void
check_deep(const char *sort, int64_t rows)
{
	struct arena arena;
	struct buf json;
	struct list_query skipping;
	struct list_read read = { .json = &json };
	int64_t first;

	buf_init(&json, 1 << 20);
	arena_init(&arena, 1 << 20);
	skipping = *deep_query(&arena, sort, (struct str){ 0 });
	/* An enum's order is that of its declaration, which no index has. */
	if (skipping.index.serves != (sort[strlen(sort) - 1] != 'z' && strchr(sort, 'e') == NULL))
		fail_msg("sort=%s: an index %s", sort, skipping.index.serves ? "serves" : "does not serve");
	first = steps_of(&skipping, &json);
	for (int64_t part = 1; part < 4; part++) {
		skipping.offset = (unsigned)((rows - 2 * PAGE) * part / 3);
		ask(&skipping, &read);
		if (steps_of(deep_query(&arena, sort, arena_str(&arena, read.next)), &json) > 2 * first)
			fail_msg("sort=%s: the page behind %u costs %lld steps, the first %lld", sort,
			    skipping.offset, (long long)steps, (long long)first);
	}
	arena_release(&arena);
	buf_release(&json);
}

static void
the_last_page_costs_what_the_first_costs_by_any_type(void **state)
{
	const char *asked = getenv("CAISSON_WALK_ROWS");
	int64_t rows = asked == NULL ? DEEP_ROWS : strtoll(asked, NULL, 10);

	(void)state;
	if (!world.is_sqlite)
		skip();
	limits[LIMIT_read_deadline].value = 600000; /* sorts without an index, under sanitizers */
	for (int64_t i = 1; i <= rows; i += 5000) {
		struct deep_rows part = { i, i + 4999 };
		struct store_call call = { .body = fill_deep, .arg = &part };

		assert_int_equal(store_write_blocking(world.store, &call), OK);
	}
	for (size_t i = 0; i < COUNT(deep_types); i++)
		for (const char *kind = "kqz"; *kind != '\0'; kind++) {
			char sort[] = { '-', deep_types[i].prefix[0], *kind, '\0' };

			check_deep(sort, rows);
			check_deep(sort + 1, rows);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_page_costs_what_the_first_costs),
		cmocka_unit_test(the_last_page_costs_what_the_first_costs_by_any_type),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
