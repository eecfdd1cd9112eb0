/*
 * Walks through lists: the pages of a list, one behind the other, are one full
 * sort in memory, whatever the sort, the page size, the filter and the caller;
 * and rows that others insert and delete meanwhile lose and repeat nothing.
 * CAISSON_CASES sets how many sorts by many keys, and how many disturbed walks.
 */
#include "records/list_world.h"

/* --- walking --------------------------------------------------------- */

struct walk {
	struct asked asked;
	char *cursor;
	struct value ids[4 * ROWS];
	size_t ids_count;
	size_t pages;
};

static void
take_page(struct walk *walk, struct arena *arena, const struct list_read *read)
{
	struct json answer;
	struct json_error error;
	const struct json *items, *next;
	struct value id = { .kind = VALUE_UUID };

	assert_int_equal(json_parse(arena, buf_str(read->json), &answer, &error), OK);
	items = json_member(&answer, "items");
	next = json_member(&answer, "next");
	assert_int_equal(items->count, read->items_count);
	for (size_t i = 0; i < items->count; i++) {
		assert_true(uuid_parse(json_member(&items->items[i], "id")->string, &id.uuid));
		walk->ids[walk->ids_count++] = id;
	}
	if (next->type == JSON_STRING)
		assert_true(str_equal(next->string, read->next));
	else
		assert_int_equal(read->next.size, 0);
}

/* One page; false at the end. */
static bool
walk_on(struct walk *walk)
{
	struct list_read read = { 0 };
	struct arena arena;
	struct buf json;
	bool more;

	buf_init(&json, 1 << 20);
	arena_init(&arena, 1 << 20);
	read.json = &json;
	ask(parse(&arena, &walk->asked), &read);
	take_page(walk, &arena, &read);
	walk->asked.offset = 0;
	more = read.next.size > 0;
	free(walk->cursor);
	walk->cursor = more ? memory_copy(read.next.data, read.next.size) : NULL;
	walk->asked.cursor = (struct str){ walk->cursor, read.next.size };
	assert_true(!more || read.items_count == walk->asked.limit);
	assert_true(++walk->pages < PAGES_MAX);
	arena_release(&arena);
	buf_release(&json);
	return more;
}

static void
check_walk(const struct asked *asked)
{
	const struct row *rows[4 * ROWS];
	struct walk walk = { .asked = *asked };
	struct arena arena;
	size_t count;

	while (walk_on(&walk))
		;
	arena_init(&arena, 1 << 20);
	count = expect(parse(&arena, asked), false, rows);
	arena_release(&arena);
	count = count > asked->offset ? count - asked->offset : 0;
	if (walk.ids_count != count)
		fail_msg("sort=%s filter=%s limit=%u: %zu rows, not %zu", asked->sort,
		    asked->filter, asked->limit, walk.ids_count, count);
	for (size_t i = 0; i < count; i++)
		if (!value_equal(&walk.ids[i], &rows[i + asked->offset]->values[COLUMN_ID]))
			fail_msg("sort=%s filter=%s limit=%u: row %zu is another", asked->sort,
			    asked->filter, asked->limit, i);
}

static const char *const sort_names[] = { "id", "created", "updated", "name", "votes", "size",
	"level", "done", "seen", "topic", "code", "share", "price", "born", "mail", "site", "topic.title", "topic.level", "topic.id" };

static const char *const filters[] = { "", "", "true", "shown == true", "votes > 0 || name == null",
	"level == 'alpha'", "level != 'zero' && size <= 1", "owner == 'ann'", "!(done == true)",
	"size == 1", "code == 'none'", "size in [0, 2] && seen != null", "1 == 2" };

static const struct identity *const callers[] = { &identity_guest, &ann, &bob };

static void
check_sort(const char *sort)
{
	struct asked asked = {
		.sort = sort,
		.filter = filters[roll(COUNT(filters))],
		.identity = callers[roll(COUNT(callers))],
		.limit = 1 + roll(7),
	};

	check_walk(&asked);
}

static void
pages_are_one_sort_by_one_key(void **state)
{
	char sort[64];

	(void)state;
	for (size_t i = 0; i < COUNT(sort_names); i++) {
		for (unsigned limit = 1; limit <= 7; limit++) {
			for (unsigned descending = 0; descending < 2; descending++) {
				struct asked asked = { sort, "", callers[limit % 3], limit, 0,
					{ 0 } };

				snprintf(sort, sizeof(sort), "%s%s", descending ? "-" : "",
				    sort_names[i]);
				check_walk(&asked);
				check_sort(sort);
			}
		}
	}
}

static void
pages_are_one_sort_by_two_keys(void **state)
{
	char sort[128];

	(void)state;
	for (size_t i = 0; i < COUNT(sort_names); i++) {
		for (size_t j = 0; j < COUNT(sort_names); j++) {
			for (unsigned way = 0; way < 4 && i != j; way++) {
				snprintf(sort, sizeof(sort), "%s%s,%s%s", way & 1 ? "-" : "",
				    sort_names[i], way & 2 ? "-" : "", sort_names[j]);
				check_sort(sort);
			}
		}
	}
}

static unsigned
cases(unsigned standard)
{
	const char *asked = getenv("CAISSON_CASES");

	return asked == NULL ? standard : (unsigned)strtoul(asked, NULL, 10);
}

static void
random_sort(char *sort, size_t capacity, unsigned wanted)
{
	unsigned used = 0, size = 0;

	for (unsigned keys = 0; keys < wanted;) {
		unsigned at = roll(COUNT(sort_names));

		if ((used >> at & 1) != 0)
			continue;
		used |= 1u << at;
		size += (unsigned)snprintf(sort + size, capacity - size, "%s%s%s",
		    keys++ == 0 ? "" : ",", roll(2) ? "-" : "", sort_names[at]);
	}
}

static void
pages_are_one_sort_by_many_keys(void **state)
{
	(void)state;
	for (unsigned n = cases(300); n > 0; n--) {
		char sort[256];

		random_sort(sort, sizeof(sort), 3 + roll(6));
		check_sort(sort);
	}
}

static void
a_walk_may_begin_at_an_offset(void **state)
{
	(void)state;
	for (unsigned offset = 1; offset < ROWS + 3; offset += 7) {
		struct asked asked = { "-votes,name", "", &ann, 5, offset, { 0 } };

		check_walk(&asked);
	}
}

static struct value *
find_id(struct walk *walk, const struct value *id)
{
	for (size_t i = 0; i < walk->ids_count; i++)
		if (value_equal(&walk->ids[i], id))
			return &walk->ids[i];
	return NULL;
}

/* Insert or delete rows that are not ours. */
static void
disturb(void)
{
	if (world.rows_count < COUNT(world.rows))
		add_row(false);
	for (size_t i = 0; i < 3; i++) {
		struct row *row = &world.rows[roll((unsigned)world.rows_count)];

		if (row->exists && !row->is_ours)
			delete_row(row);
	}
}

static void
check_disturbed_walk(const struct asked *asked)
{
	const struct row *rows[4 * ROWS];
	struct walk walk = { .asked = *asked };
	struct value *at = walk.ids;
	struct arena arena;
	size_t count;

	while (walk_on(&walk))
		disturb();
	arena_init(&arena, 1 << 20);
	count = expect(parse(&arena, asked), true, rows);
	arena_release(&arena);
	for (size_t i = 0; i < count; i++) {
		struct value *found = find_id(&walk, &rows[i]->values[COLUMN_ID]);

		if (found == NULL || found < at)
			fail_msg("sort=%s: row %zu is lost or out of order", asked->sort, i);
		at = found;
	}
	for (size_t i = 0; i < walk.ids_count; i++)
		assert_ptr_equal(find_id(&walk, &walk.ids[i]), &walk.ids[i]);
}

static void
others_lose_and_repeat_nothing(void **state)
{
	static const char *const sorts[] = { "id", "-votes", "name", "level,-created",
		"-topic.title,name", "-seen,votes", "size", "-level,-done,seen", "share", "-price",
		"-born,mail", "mail", "-site" };
	unsigned count = cases(COUNT(sorts));

	(void)state;
	for (size_t i = 0; i < count || i < COUNT(sorts); i++) {
		char sort[256];
		struct asked asked = { i < COUNT(sorts) ? sorts[i] : sort, "",
			callers[i < COUNT(sorts) ? 1 : roll(COUNT(callers))], 1 + roll(4), 0, { 0 } };

		random_sort(sort, sizeof(sort), 1 + roll(3));
		check_disturbed_walk(&asked);
		for (size_t j = 0; j < world.rows_count; j++)
			if (world.rows[j].exists && !world.rows[j].is_ours)
				delete_row(&world.rows[j]);
		world.rows_count = ROWS;
	}
}

static void
the_hash_follows_what_is_seen(void **state)
{
	struct asked asked = { "name", "", &ann, 50, 0, { 0 } };
	struct list_read read = { 0 };
	struct sql_text sql;
	struct arena arena;
	struct buf json;
	uint64_t before;

	(void)state;
	buf_init(&json, 1 << 20);
	arena_init(&arena, 1 << 20);
	read.json = &json;
	ask(parse(&arena, &asked), &read);
	before = read.hash;
	ask(parse(&arena, &asked), &read);
	assert_true(read.hash == before && read.version > 0);
	sql_init(&sql, store_dialect(world.store));
	sql_addf(&sql,
	    "UPDATE \"items\" SET \"_version\" = %v WHERE \"id\" = (SELECT \"id\" FROM"
	    " \"items\" WHERE \"name\" IS NULL AND \"shown\" ORDER BY \"id\" LIMIT 1)",
	    value_int(5000));
	run(&sql);
	ask(parse(&arena, &asked), &read);
	assert_true(read.hash != before);
	assert_int_equal(read.version, 5000);
	arena_release(&arena);
	buf_release(&json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_one_sort_by_one_key),
		cmocka_unit_test(pages_are_one_sort_by_two_keys),
		cmocka_unit_test(pages_are_one_sort_by_many_keys),
		cmocka_unit_test(a_walk_may_begin_at_an_offset),
		cmocka_unit_test(others_lose_and_repeat_nothing),
		cmocka_unit_test(the_hash_follows_what_is_seen),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
