/*
 * A count that was kept and carried on is what counting gives, whatever others write
 * meanwhile; and most are carried on.  CAISSON_CASES sets how many rounds of writes.
 */
#include "records/list_world.h"

#include "records/count.h"
#include "store/log.h"

static const char *const filters[] = { "true", "votes > 0 || name == null", "level == 'alpha'",
	"level != 'zero' && size <= 1", "owner == 'ann'", "!(done == true)", "size in [0, 2] && seen != null",
	"topic.title == 'ab'", "topic.level == 'zero' || size == 1", "1 == 2", "created < now" };
enum { HOPS_FROM = 7, NOW_AT = 10 };

static const struct identity *const callers[] = { &identity_guest, &ann, &bob };

struct told {
	const struct list_query *query;
	struct counts *counts;
	int64_t kept, anew;
};

static unsigned statements; /* that counted */

static enum err
note_query(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret)
{
	statements += str_starts_with(buf_str(&sql->text), STR("SELECT count(*)"));
	return engine->query(tx, sql, ret);
}

static enum err
count_both(struct tx *tx, void *arg)
{
	struct told *told = arg;
	struct tx_type noting = *tx->type;
	enum err err = count_exactly(tx, NULL, told->query, &told->anew);

	engine = tx->type;
	noting.query = note_query;
	tx->type = &noting;
	if (err == OK)
		err = count_exactly(tx, told->counts, told->query, &told->kept);
	tx->type = engine;
	return err;
}

/* Whether it took a statement. */
static bool
check_count(struct counts *counts, size_t filter, const struct identity *caller)
{
	struct told told = { .counts = counts };
	struct store_call call = { .body = count_both, .arg = &told };
	struct arena arena;
	unsigned before = statements;

	arena_init(&arena, 1 << 20);
	told.query = parse(&arena, &(struct asked){ "id", filters[filter], caller, 5, 0, { 0 } });
	assert_int_equal(store_read_blocking(world.store, &call), OK);
	if (told.kept != told.anew)
		fail_msg("%s: %lld, not %lld", filters[filter], (long long)told.kept, (long long)told.anew);
	arena_release(&arena);
	return statements > before;
}

static void
change_row(void)
{
	struct sql_text sql;

	sql_init(&sql, store_dialect(world.store));
	sql_addf(&sql, "UPDATE \"items\" SET \"size\" = %v, \"shown\" = %v, \"owner\" = %v, \"level\" = %v",
	    value_int(roll(3)), value_bool(roll(3) != 0), or_null(text_of(roll(2) == 0 ? "ann" : "bob")),
	    random_level());
	sql_addf(&sql, ", \"votes\" = %v, \"done\" = %v WHERE \"id\" = %v", or_null(value_int(roll(3))),
	    or_null(value_bool(roll(2) == 0)), world.rows[roll(ROWS)].values[COLUMN_ID]);
	run(&sql);
}

static void
change_topic(void)
{
	struct sql_text sql;

	sql_init(&sql, store_dialect(world.store));
	sql_addf(&sql, "UPDATE \"topics\" SET \"open\" = %v, \"level\" = %v WHERE \"id\" = %v",
	    value_bool(roll(2) == 0), random_level(), world.topic_rows[roll(TOPICS)][COLUMN_ID]);
	run(&sql);
}

static void
come_and_go(void)
{
	if (world.rows_count < COUNT(world.rows)) {
		add_row(false);
		return;
	}
	while (world.rows_count > ROWS)
		delete_row(&world.rows[--world.rows_count]);
}

static void
write_something(void)
{
	switch (roll(8)) {
	case 0:
		change_topic();
		break;
	case 1:
	case 2:
		come_and_go();
		break;
	default:
		change_row();
	}
}

static void
a_kept_count_is_what_counting_gives(void **state)
{
	const char *cases = getenv("CAISSON_CASES");
	unsigned rounds = cases == NULL ? 300 : (unsigned)strtoul(cases, NULL, 10);
	struct counts *counts = counts_new();
	unsigned asked = 0, counted = 0;

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned writes = roll(4); writes > 0; writes--)
			write_something();
		for (unsigned i = 0; i < 6; i++) {
			size_t filter = roll(COUNT(filters));
			bool anew = check_count(counts, filter, callers[roll(COUNT(callers))]);

			asked += filter < HOPS_FROM;
			counted += anew && filter < HOPS_FROM;
		}
	}
	print_message("%u counts of local filters, %u counted anew\n", asked, counted);
	assert_true(world.is_sqlite ? counted < asked / 4 : counted == asked);
	counts_free(counts);
}

static void
what_moves_without_a_commit_is_counted(void **state)
{
	struct counts *counts = counts_new();

	(void)state;
	assert_true(check_count(counts, NOW_AT, &ann));
	assert_true(check_count(counts, NOW_AT, &ann));
	assert_true(check_count(counts, 0, &ann));
	assert_true(check_count(counts, 0, &ann) == !world.is_sqlite);
	counts_free(counts);
}

static void
many_commits_are_not_carried(void **state)
{
	struct counts *counts = counts_new();

	(void)state;
	(void)check_count(counts, 0, &bob);
	for (unsigned i = 0; i < 100; i++)
		change_row();
	assert_true(check_count(counts, 0, &bob));
	assert_true(check_count(counts, 0, &bob) == !world.is_sqlite);
	counts_free(counts);
}

/* More lists than are kept: the oldest go, and all are right. */
static void
more_than_are_kept(void **state)
{
	enum { LISTS = 5000 };
	struct counts *counts = counts_new();
	char filter[64];

	(void)state;
	for (unsigned i = 0; i < LISTS; i++) {
		struct told told = { .counts = counts };
		struct store_call call = { .body = count_both, .arg = &told };
		struct arena arena;

		snprintf(filter, sizeof(filter), "size < %u", i / 2);
		arena_init(&arena, 1 << 20);
		told.query = parse(&arena, &(struct asked){ "id", filter, &ann, 5, 0, { 0 } });
		assert_int_equal(store_read_blocking(world.store, &call), OK);
		assert_int_equal(told.kept, told.anew);
		arena_release(&arena);
	}
	counts_free(counts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kept_count_is_what_counting_gives),
		cmocka_unit_test(what_moves_without_a_commit_is_counted),
		cmocka_unit_test(many_commits_are_not_carried),
		cmocka_unit_test(more_than_are_kept),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
