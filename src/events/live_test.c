/*
 * What a commit is to a stream, as text: commits are made by hand and given to
 * streams, without a database; the joined ones meet one that always fails.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "events/live_internal.h"
#include "store/engine.h"

static const char app_text[] =
    "app: live\n"
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
    "    access: { read: \"open || owner == auth.id || 'editor' in auth.roles\" }\n";

enum { TITLE = COLUMN_FIELDS, OWNER, OPEN, POST_COLUMNS };

/* A stream that writes down what it is told. */
struct reader {
	struct live_stream stream;
	struct buf told;
	bool has_ended;
};

struct house {
	struct arena arena;
	struct app *app;
	struct rules rules;
	struct store store;
	struct loop loop;
	struct live *live;
	struct reader readers[4];
	size_t readers_count;
	int asked; /* reads of the store */
};

static struct house *house;

static void
read_fails(struct store *store, struct loop *loop, struct store_call *call)
{
	(void)store, (void)loop;
	house->asked++;
	call->err = ERR_STORE_UNAVAILABLE;
	store_call_done_here(call);
}

static const struct store_engine engine = {
	.name = "none", .dialect = SQL_SQLITE, .read = read_fails
};

static int
setup(void **state)
{
	struct app_mistakes mistakes;

	(void)state;
	house = memory_new(sizeof(*house));
	app_mistakes_init(&mistakes);
	arena_init(&house->arena, 16 << 20);
	house->app = app_read(str_from(app_text), &mistakes);
	app_mistakes_print(&mistakes, stderr, "live_test");
	assert_non_null(house->app);
	assert_true(rules_compile_app(&house->arena, house->app, &house->rules, &mistakes));
	app_mistakes_release(&mistakes);
	house->store.engine = &engine;
	house->store.app = house->app;
	atomic_store(&house->store.last_number, 10);
	ring_init(&house->store.ring);
	loop_init(&house->loop, 0);
	house->live = live_new(&house->loop, &house->store, &house->rules, -1);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < house->readers_count; i++) {
		live_close(&house->readers[i].stream);
		buf_release(&house->readers[i].told);
	}
	task_queue_run(&house->loop.ready);
	live_free(house->live);
	loop_close(&house->loop);
	loop_run(&house->loop);
	loop_release(&house->loop);
	ring_release(&house->store.ring);
	app_free(house->app);
	arena_release(&house->arena);
	free(house);
	return 0;
}

/* --- streams --------------------------------------------------------- */

static void
note_text(struct live_stream *stream, struct str text)
{
	buf_add_str(&CONTAINER(stream, struct reader, stream)->told, text);
}

static void
note_end(struct live_stream *stream)
{
	CONTAINER(stream, struct reader, stream)->has_ended = true;
}

static const struct live_user user = { note_text, note_end };

static const struct collection *
collection(const char *name)
{
	return app_collection(house->app, str_from(name));
}

static struct reader *
open_reader(const char *filter, struct value id)
{
	struct reader *reader = &house->readers[house->readers_count++];
	struct live_query query = {
		.collection = collection("posts"),
		.filter = filter == NULL ? (struct str){ 0 } : str_from(filter),
		.id = id,
	};

	buf_init(&reader->told, 64 * 1024);
	assert_int_equal(live_open(house->live, &reader->stream, &user, &query), OK);
	return reader;
}

static void
assert_told(struct reader *reader, const char *expected)
{
	buf_add_byte(&reader->told, '\0');
	assert_string_equal(reader->told.data, expected);
	buf_clear(&reader->told);
}

/* --- commits --------------------------------------------------------- */

/* A row of posts. */
struct post {
	int64_t id;
	const char *title; /* NULL: null */
	bool open;
};

static const struct value *
post_values(struct commit *commit, const struct post *post)
{
	struct value *values;

	if (post == NULL)
		return NULL;
	values = arena_array(&commit->arena, POST_COLUMNS, sizeof(*values));
	values[COLUMN_ID] = value_int(post->id);
	values[COLUMN_CREATED] = values[COLUMN_UPDATED] = value_time(0);
	if (post->title != NULL)
		values[TITLE] = value_text(str_from(post->title));
	values[OPEN] = value_bool(post->open);
	return values;
}

static void
add_change(struct commit *commit, const char *name, int64_t id, const struct value *before,
    const struct value *after)
{
	struct change **at = &commit->changes, *change = arena_new(&commit->arena, sizeof(*change));

	while (*at != NULL)
		at = &(*at)->next;
	*change = (struct change){
		.collection = collection(name),
		.op = before == NULL  ? CHANGE_CREATE
		      : after == NULL ? CHANGE_DELETE
				      : CHANGE_UPDATE,
		.id = value_int(id),
		.old_values = before,
		.new_values = after,
		.version = commit->number,
	};
	*at = change;
	commit->changes_count++;
}

static void
change_post(struct commit *commit, const struct post *before, const struct post *after)
{
	add_change(commit, "posts", (before == NULL ? after : before)->id,
	    post_values(commit, before), post_values(commit, after));
}

static void
take(struct commit *commit)
{
	live_take_commit(house->live, commit);
	commit_unref(commit);
}

static void
take_one(int64_t number, const struct post *before, const struct post *after)
{
	struct commit *commit = commit_new(number);

	change_post(commit, before, after);
	take(commit);
}

static void
take_user(int64_t number)
{
	struct commit *commit = commit_new(number);
	struct value *values = arena_array(&commit->arena, COLUMN_FIELDS + 1, sizeof(*values));

	values[COLUMN_ID] = value_int(1);
	values[COLUMN_CREATED] = values[COLUMN_UPDATED] = value_time(0);
	add_change(commit, "users", 1, NULL, values);
	take(commit);
}

/* --- what is told ----------------------------------------------------- */

#define PLACE ": live\nretry: 1000\nid: 10\n\n"
#define RECORD(id, title, open)                                        \
	"{\"id\":" #id ",\"created\":\"1970-01-01T00:00:00.000000Z\"," \
	"\"updated\":\"1970-01-01T00:00:00.000000Z\",\"title\":" title \
	",\"owner\":null,\"open\":" #open "}"

static void
test_table(void **state)
{
	static const struct post hidden = { 1, "a", false }, open = { 1, "a", true },
				 other = { 1, "b", true };
	static const struct {
		const struct post *before, *after;
		const char *event, *data;
	} rows[] = {
		{ NULL, &open, "entered", RECORD(1, "\"a\"", true) },
		{ NULL, &hidden, NULL, NULL },
		{ &hidden, &open, "entered", RECORD(1, "\"a\"", true) },
		{ &open, &other, "changed", RECORD(1, "\"b\"", true) },
		{ &open, &hidden, "left", "{\"id\":1}" },
		{ &open, NULL, "left", "{\"id\":1}" },
		{ &hidden, NULL, NULL, NULL },
		{ &hidden, &hidden, NULL, NULL },
	};
	struct reader *reader = open_reader(NULL, value_null());
	char expected[512];

	(void)state;
	assert_told(reader, PLACE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t number = 11 + (int64_t)i;

		take_one(number, rows[i].before, rows[i].after);
		snprintf(expected, sizeof(expected), "event: %s\ndata: %s\nid: %d\n\n",
		    rows[i].event, rows[i].data, (int)number);
		assert_told(reader, rows[i].event == NULL ? "" : expected);
	}
}

static void
test_filter_and_record(void **state)
{
	struct post one = { 1, "a", true }, two = { 2, "b", true }, lost = { 1, NULL, true };
	struct reader *filtered = open_reader("title == 'a'", value_null());
	struct reader *record = open_reader(NULL, value_int(2));

	(void)state;
	assert_told(filtered, PLACE);
	assert_told(record, PLACE);
	take_one(11, NULL, &one);
	take_one(12, NULL, &two);
	take_one(13, &one, &lost);
	take_one(14, &two, NULL);
	assert_told(filtered, "event: entered\ndata: " RECORD(
				  1, "\"a\"", true) "\nid: 11\n\n"
						    "event: left\ndata: {\"id\":1}\nid: 13\n\n");
	assert_told(record, "event: entered\ndata: " RECORD(
				2, "\"b\"", true) "\nid: 12\n\n"
						  "event: left\ndata: {\"id\":2}\nid: 14\n\n");
}

/* Of one commit only the last event that a stream is told has the id. */
static void
test_one_commit(void **state)
{
	struct post one = { 1, "a", true }, two = { 2, "b", true }, three = { 3, "a", false };
	struct reader *reader = open_reader(NULL, value_null());
	struct commit *commit = commit_new(11);

	(void)state;
	assert_told(reader, PLACE);
	change_post(commit, NULL, &one);
	change_post(commit, &two, NULL);
	change_post(commit, NULL, &three);
	take(commit);
	assert_told(reader, "event: entered\ndata: " RECORD(
				1, "\"a\"", true) "\n\n"
						  "event: left\ndata: {\"id\":2}\nid: 11\n\n");
}

static void
test_number_is_told_once(void **state)
{
	struct post one = { 1, "a", true };
	struct reader *reader = open_reader(NULL, value_null());

	(void)state;
	assert_told(reader, PLACE);
	take_one(10, NULL, &one);
	take_one(9, NULL, &one);
	assert_told(reader, "");
	take_one(1000, NULL, &one); /* numbers have holes */
	take_one(1000, NULL, &one);
	assert_told(reader, "event: entered\ndata: " RECORD(1, "\"a\"", true) "\nid: 1000\n\n");
}

static void
test_large_commit(void **state)
{
	struct reader *reader = open_reader(NULL, value_null());
	struct commit *commit = commit_new(11);

	(void)state;
	assert_told(reader, PLACE);
	commit->too_many = true;
	take(commit);
	assert_told(reader, "event: reset\ndata: {\"reason\":\"large\"}\nid: 11\n\n");
}

/* --- groups ---------------------------------------------------------- */

/* Who sees the same is asked about once, however it was written. */
static void
test_groups_are_shared(void **state)
{
	struct reader *first = open_reader("open && title == 'a'", value_null());
	struct reader *second = open_reader("(open)&&(title=='a')", value_null());
	struct reader *third = open_reader("open && title == 'b'", value_null());
	struct reader *fourth = open_reader("open && title == 'a'", value_int(1));

	(void)state;
	assert_ptr_equal(first->stream.group, second->stream.group);
	assert_ptr_not_equal(first->stream.group, third->stream.group);
	assert_ptr_not_equal(first->stream.group, fourth->stream.group);
}

static void
test_streams_are_counted(void **state)
{
	struct live_query query = { .collection = collection("posts") };
	struct reader more = { 0 };

	(void)state;
	limits[LIMIT_live_streams].value = 1;
	open_reader(NULL, value_null());
	assert_int_equal(live_open(house->live, &more.stream, &user, &query), ERR_OVERLOADED);
	live_close(&more.stream);
	limits[LIMIT_live_streams].value = limits[LIMIT_live_streams].standard;
	assert_false(live_is_idle(house->live));
}

static void
test_end(void **state)
{
	struct reader *before = open_reader(NULL, value_null()), *after;
	struct post one = { 1, "a", true };

	(void)state;
	assert_told(before, PLACE);
	live_end(house->live);
	assert_true(before->has_ended);
	take_one(11, NULL, &one);
	assert_told(before, "");
	after = open_reader(NULL, value_null());
	assert_true(after->has_ended);
}

/* --- catching up ------------------------------------------------------ */

static struct reader *
resume_reader(int64_t since)
{
	struct reader *reader = &house->readers[house->readers_count++];
	struct live_query query = { .collection = collection("posts") };

	buf_init(&reader->told, 64 * 1024);
	assert_int_equal(live_resume(house->live, &reader->stream, &user, &query, since), OK);
	return reader;
}

/* What comes meanwhile is told behind what was missed, and nothing twice. */
static void
test_catching_up(void **state)
{
	struct post one = { 1, "a", true };
	struct reader *reader = resume_reader(7);
	struct live_missed missed = { .events = 1 };
	struct buf text;

	(void)state;
	assert_true(reader->stream.catching_up);
	take_one(10, NULL, &one); /* in the log as well */
	take_one(11, &one, NULL);
	assert_told(reader, "");
	buf_init(&text, 1024);
	missed.text = &text;
	sse_event(&text, "entered", STR("{}"));
	live_caught_up(&reader->stream, &missed, OK);
	assert_told(reader, "event: entered\ndata: {}\nretry: 1000\nid: 10\n\n"
			    "event: left\ndata: {\"id\":1}\nid: 11\n\n");
	buf_release(&text);
}

static void
test_catching_up_with_a_reset(void **state)
{
	struct post one = { 1, "a", true };
	struct reader *reader = resume_reader(7);
	struct live_missed missed = { .reset = "position" };

	(void)state;
	take_one(11, NULL, &one);
	atomic_store(&house->store.last_number, 12);
	live_caught_up(&reader->stream, &missed, OK);
	assert_told(reader,
	    ": live\nretry: 1000\nevent: reset\ndata: {\"reason\":\"position\"}\nid: 12\n\n");
	take_one(12, NULL, &one); /* who read the list has it */
	assert_told(reader, "");
}

static void
test_snapshot(void **state)
{
	static int64_t open[] = { 12 };
	struct snapshot snapshot = { .complete = 10, .end = 14, .open = open, .open_count = 1 };

	(void)state;
	assert_true(snapshot_sees(&snapshot, 10));
	assert_true(snapshot_sees(&snapshot, 11));
	assert_false(snapshot_sees(&snapshot, 12));
	assert_true(snapshot_sees(&snapshot, 13));
	assert_false(snapshot_sees(&snapshot, 14));
}

/* --- joined ----------------------------------------------------------- */

static const char joined[] = "owner.name == 'ann'";
#define RESET(number) "event: reset\ndata: {\"reason\":\"joined\"}\nid: " #number "\n\n"

static void
pass_time(unsigned ms)
{
	usleep(ms * 1000);
	uv_update_time(&house->loop.uv);
	live_joined_settle(house->live);
}

/*
 * The rows are read when the ring is followed already: what they show is not
 * told again, and what they do not show is told behind them, however early it came.
 */
static void
test_rows_come_first(void **state)
{
	static const struct list_query *const rows = (const struct list_query *)&app_text;
	struct post one = { 1, "a", true }, two = { 2, "b", true }, three = { 3, "c", true };
	struct live_query query = { .collection = collection("posts"), .rows = rows };
	struct reader *reader = &house->readers[house->readers_count++];
	struct live_missed missed = { .stream = &reader->stream, .text = &house->live->shown };

	(void)state;
	buf_init(&reader->told, 64 * 1024);
	assert_int_equal(live_open(house->live, &reader->stream, &user, &query), OK);
	assert_true(reader->stream.catching_up);
	take_one(11, NULL, &one);
	take_one(12, NULL, &two);
	assert_told(reader, "");
	missed.start = (struct snapshot){ .complete = 11, .end = 12 };
	missed.events = 1;
	buf_add_c(missed.text, "event: snapshot\ndata: {\"next\":null}\n");
	atomic_store(&house->store.last_number, 12);
	live_caught_up(&reader->stream, &missed, OK);
	take_one(13, NULL, &three);
	assert_told(reader, "event: snapshot\ndata: {\"next\":null}\nretry: 1000\nid: 11\n\n"
			    "event: entered\ndata: " RECORD(2, "\"b\"", true) "\nid: 12\n\n"
			    "event: entered\ndata: " RECORD(3, "\"c\"", true) "\nid: 13\n\n");
}

/* The first at once, then one a second for all that happened. */
static void
test_resets_are_coalesced(void **state)
{
	struct reader *reader = open_reader(joined, value_null());

	(void)state;
	assert_told(reader, PLACE);
	take_user(11);
	pass_time(0);
	assert_told(reader, RESET(11));
	take_user(12);
	take_user(13);
	pass_time(0);
	assert_told(reader, "");
	pass_time(LIVE_RESET_MS);
	assert_told(reader, RESET(13));
	pass_time(LIVE_RESET_MS);
	assert_told(reader, "");
}

/* The database is asked; where it cannot answer, only a reset is right. */
static void
test_joined_asks(void **state)
{
	struct post one = { 1, "a", true };
	struct reader *reader = open_reader(joined, value_null());
	struct reader *local = open_reader(NULL, value_null());

	(void)state;
	assert_told(reader, PLACE);
	assert_told(local, PLACE);
	take_one(11, NULL, &one);
	pass_time(0);
	task_queue_run(&house->loop.ready);
	assert_int_equal(house->asked, 1);
	pass_time(0);
	assert_told(reader, RESET(11));
	take_user(12);
	pass_time(LIVE_RESET_MS);
	assert_told(local, "event: entered\ndata: " RECORD(1, "\"a\"", true) "\nid: 11\n\n");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_filter_and_record),
		TEST(test_one_commit),
		TEST(test_number_is_told_once),
		TEST(test_large_commit),
		TEST(test_groups_are_shared),
		TEST(test_streams_are_counted),
		TEST(test_end),
		TEST(test_catching_up),
		TEST(test_catching_up_with_a_reset),
		TEST(test_snapshot),
		TEST(test_rows_come_first),
		TEST(test_resets_are_coalesced),
		TEST(test_joined_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
