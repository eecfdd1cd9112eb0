/*
 * Live streams over a real store, on either engine: what is told after a
 * resume, what the log tells when the ring was left behind, and joined
 * predicates, which the database is asked about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events/live_internal.h"
#include "store/test_rows.h"

static const char app_text[] = "app: live\n"
			       "api: { prefix: /v1 }\n"
			       "database: sqlite:data/live.db\n"
			       "collections:\n"
			       "  users:\n"
			       "    id: int\n"
			       "    fields: { name: { type: text } }\n"
			       "    access: { read: true }\n"
			       "  posts:\n"
			       "    id: int\n"
			       "    fields:\n"
			       "      title: { type: text }\n"
			       "      owner: { type: ref, to: users }\n"
			       "      open: { type: bool, required: true }\n"
			       "      at: { type: time }\n"
			       "    access: { read: open }\n";

static struct test_store test;
static struct arena arena;
static struct rules rules;
static struct loop loop;
static struct live *live;

/* A stream that writes down its events: "entered 1, left 2". */
static struct live_stream stream;
static struct buf told;

static int
setup(void **state)
{
	struct app_mistakes mistakes;

	(void)state;
	test_store_open(&test, test_app_text(app_text));
	app_mistakes_init(&mistakes);
	arena_init(&arena, 16 << 20);
	assert_true(rules_compile_app(&arena, test.app, &rules, &mistakes));
	app_mistakes_release(&mistakes);
	loop_init(&loop, 0);
	store_attach(test.store, &loop);
	live = live_new(&loop, test.store, &rules, -1);
	buf_init(&told, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	live_close(&stream);
	while (!live_is_idle(live))
		uv_run(&loop.uv, UV_RUN_ONCE);
	live_free(live);
	loop_close(&loop);
	loop_run(&loop);
	store_detach(test.store, &loop);
	loop_release(&loop);
	test_store_close(&test);
	arena_release(&arena);
	buf_release(&told);
	return 0;
}

/* --- writing --------------------------------------------------------- */

struct post {
	int64_t id;
	const char *title;
	int64_t owner; /* 0: none */
	bool open;
	enum change_op op;
};

static enum err
write_post(struct tx *tx, void *arg)
{
	const struct post *post = arg;
	struct test_row row = test_row(&test, "posts");
	int64_t changed;

	test_set(&row, "id", value_int(post->id));
	test_set(&row, "title", test_text(post->title));
	test_set(&row, "open", value_bool(post->open));
	test_set(&row, "at", value_time(INT64_C(1700000000123456)));
	if (post->owner != 0)
		test_set(&row, "owner", value_int(post->owner));
	if (post->op == CHANGE_DELETE)
		return test_delete(tx, row.collection, value_int(post->id));
	if (post->op == CHANGE_UPDATE)
		return test_update(tx, row.collection, value_int(post->id), "open",
		    value_bool(post->open), &changed);
	return test_insert(tx, &row);
}

static enum err
write_user(struct tx *tx, void *arg)
{
	struct test_row row = test_row(&test, "users");

	test_set(&row, "id", value_int(*(int64_t *)arg));
	test_set(&row, "name", test_text("ann"));
	return test_insert(tx, &row);
}

static int64_t
make(store_body *body, void *arg)
{
	struct store_call call = { .body = body, .arg = arg };

	assert_int_equal(store_write_blocking(test.store, &call), OK);
	assert_true(call.number > 0);
	return call.number;
}

static int64_t
post(enum change_op op, int64_t id, bool open)
{
	struct post post = { id, "x", 0, open, op };

	return make(write_post, &post);
}

/* On PostgreSQL a number is complete a little later. */
static void
wait_for(int64_t number)
{
	while (store_last_number(test.store) < number)
		usleep(1000);
}

/* --- following ------------------------------------------------------- */

/* "event: NAME\ndata: {\"id\":N…" of each block that has them. */
static void
note_text(struct live_stream *told_stream, struct str text)
{
	struct str line;
	char name[16];
	long long id;

	(void)told_stream;
	while (str_split(&text, '\n', &line)) {
		if (sscanf(line.data, "event: %15[a-z]\n", name) == 1)
			buf_addf(&told, "%s%s", told.size > 0 ? ", " : "", name);
		if (sscanf(line.data, "data: {\"id\":%lld", &id) == 1)
			buf_addf(&told, " %lld", id);
	}
}

static void
note_end(struct live_stream *told_stream)
{
	(void)told_stream;
	buf_add_c(&told, " the end");
}

static const struct live_user user = { note_text, note_end };

static void
catch_up(int64_t since)
{
	struct buf text;
	struct live_missed missed = { .stream = &stream, .since = since, .text = &text };
	struct store_call call = { .body = live_catch_up, .arg = &missed };

	buf_init(&text, 1 << 20);
	if (stream.catching_up)
		live_caught_up(&stream, &missed, store_read_blocking(test.store, &call));
	buf_release(&text);
}

static void
follow(const char *filter)
{
	struct live_query query = { .collection = app_collection(test.app, STR("posts")) };

	if (filter != NULL)
		query.filter = str_from(filter);
	assert_int_equal(live_open(live, &stream, &user, &query), OK);
	catch_up(0);
}

static void
resume(int64_t since)
{
	struct live_query query = { .collection = app_collection(test.app, STR("posts")) };

	assert_int_equal(live_resume(live, &stream, &user, &query, since), OK);
	catch_up(since);
}

static void
assert_told(const char *expected)
{
	size_t size = strlen(expected);

	for (int turns = 0; turns < 200 && told.size < size; turns++)
		uv_run(&loop.uv, UV_RUN_ONCE);
	buf_add_byte(&told, '\0');
	assert_string_equal(told.data, expected);
	buf_clear(&told);
}

/* --- the log --------------------------------------------------------- */

static void
test_resume(void **state)
{
	int64_t number;

	(void)state;
	for (int64_t id = 1; id <= 4; id++)
		post(CHANGE_CREATE, id, id != 4);
	number = post(CHANGE_CREATE, 5, false);
	post(CHANGE_UPDATE, 1, false);
	post(CHANGE_UPDATE, 1, true); /* it was, and is: changed */
	post(CHANGE_DELETE, 2, true); /* left */
	post(CHANGE_UPDATE, 3, false); /* left */
	post(CHANGE_UPDATE, 4, true); /* entered */
	post(CHANGE_DELETE, 5, false); /* it was never seen */
	post(CHANGE_CREATE, 6, true); /* entered */
	post(CHANGE_CREATE, 7, true); /* came and went */
	post(CHANGE_UPDATE, 6, false);
	post(CHANGE_UPDATE, 6, true);
	post(CHANGE_CREATE, 8, false);
	wait_for(post(CHANGE_DELETE, 7, true));
	resume(number);
	assert_told("changed 1, left 2, left 3, entered 4, entered 6");
	post(CHANGE_DELETE, 6, true);
	assert_told("left 6");
}

static void
test_resume_from_nowhere(void **state)
{
	(void)state;
	wait_for(post(CHANGE_CREATE, 1, true));
	resume(INT64_C(1) << 60);
	assert_told("reset");
	post(CHANGE_CREATE, 2, true);
	assert_told("entered 2");
}

static void
test_new_stream_tells_news_only(void **state)
{
	(void)state;
	post(CHANGE_CREATE, 1, true);
	post(CHANGE_CREATE, 2, true);
	follow(NULL); /* on PostgreSQL the ring has yet to bring them */
	post(CHANGE_CREATE, 3, true);
	assert_told("entered 3");
}

/* Commits that say nothing, until the ring holds no others. */
static void
flood_ring(int64_t number)
{
	struct ring *ring = store_ring(test.store);
	struct commit *commit;

	for (int i = 0; i < RING_COMMITS_MAX; i++) {
		commit = commit_new(number);
		ring_publish(ring, &commit, 1);
	}
}

static void
test_ring_goes_on_without_us(void **state)
{
	struct ring *ring = store_ring(test.store);
	int64_t number = 0;

	(void)state;
	follow(NULL);
	for (int64_t id = 1; id <= 3; id++)
		number = post(CHANGE_CREATE, id, true);
	wait_for(number);
	while (ring->end - stream.live->follower.position < 3)
		usleep(1000);
	flood_ring(number);
	assert_told("entered 1, entered 2, entered 3");
	post(CHANGE_DELETE, 2, true);
	assert_told("left 2");
}

/* --- joined ----------------------------------------------------------- */

static void
test_joined(void **state)
{
	struct post owned = { 1, "it's \"x\" \u00e9", 1, true, CHANGE_CREATE };
	struct post other = { 2, "y", 0, true, CHANGE_CREATE },
		    hidden = { 3, "z", 1, false, CHANGE_CREATE };
	int64_t ann = 1;

	(void)state;
	wait_for(make(write_user, &ann));
	follow("owner.name == 'ann' && title != null && at < '2030-01-01T00:00:00Z'");
	make(write_post, &owned);
	assert_told("entered 1");
	make(write_post, &other);
	make(write_post, &hidden);
	owned.op = CHANGE_UPDATE;
	owned.open = false;
	make(write_post, &owned);
	assert_told("left 1");
	hidden.op = CHANGE_DELETE;
	make(write_post, &hidden);
	owned.open = true;
	make(write_post, &owned);
	assert_told("entered 1");
	owned.op = CHANGE_DELETE;
	make(write_post, &owned);
	assert_told("left 1");
	ann = 2;
	make(write_user, &ann);
	assert_told("reset");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_resume),
		TEST(test_resume_from_nowhere),
		TEST(test_new_stream_tells_news_only),
		TEST(test_ring_goes_on_without_us),
		TEST(test_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
