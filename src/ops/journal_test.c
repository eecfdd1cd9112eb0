#include "ops/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "codec/json.h"

static const struct task_waits waits = { .rows = { { "read record", 12 }, { "write", 3456 } }, .count = 2 };
static const struct trace trace = { .id = "4bf92f3577b34da6a3ce929d0e0e4736", .parent = "00f067aa0ba902b7" };

static struct journal_request
sample(void)
{
	return (struct journal_request){
		.time_us = INT64_C(1795546515123456),
		.id = STR("run-0-7"),
		.remote = STR("127.0.0.1:40312"),
		.caller = STR("key:3f9a"),
		.method = STR("PATCH"),
		.route_prefix = STR("/v1"),
		.route = STR("/{collection}/{id}"),
		.path = STR("/v1/topics/7"),
		.trace = &trace,
		.span = 0xabc,
		.status = 200,
		.bytes_in = 120,
		.bytes_out = 340,
		.duration_us = 4567,
		.waits = &waits,
		.commit = 17,
	};
}

static struct str
line_of(enum journal_format format, const struct journal_request *request, char bytes[JOURNAL_LINE_SIZE])
{
	char *end = journal_line_request(bytes, format, request);

	assert_true(end > bytes && (size_t)(end - bytes) < JOURNAL_LINE_SIZE);
	assert_int_equal(end[-1], '\n');
	assert_ptr_equal(memchr(bytes, '\n', (size_t)(end - bytes)), end - 1);
	return (struct str){ bytes, (size_t)(end - bytes) - 1 };
}

static void
test_a_line_of_json(void **state)
{
	struct journal_request request = sample();
	char bytes[JOURNAL_LINE_SIZE];

	(void)state;
	assert_true(str_is(line_of(JOURNAL_JSON, &request, bytes),
	    "{\"time\":\"2026-11-24T18:55:15.123456Z\",\"level\":\"info\",\"event\":\"request\","
	    "\"id\":\"run-0-7\",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
	    "\"parent\":\"00f067aa0ba902b7\",\"span\":\"0000000000000abc\","
	    "\"remote\":\"127.0.0.1:40312\",\"caller\":\"key:3f9a\",\"method\":\"PATCH\","
	    "\"route\":\"/v1/{collection}/{id}\",\"path\":\"/v1/topics/7\",\"status\":200,"
	    "\"bytes_in\":120,\"bytes_out\":340,\"duration_us\":4567,"
	    "\"waits\":{\"read record\":12,\"write\":3456},\"commit\":\"17\"}"));
}

static void
test_a_line_of_text(void **state)
{
	struct journal_request request = sample();
	char bytes[JOURNAL_LINE_SIZE];

	(void)state;
	request.code = "overloaded";
	assert_true(str_is(line_of(JOURNAL_TEXT, &request, bytes),
	    "2026-11-24T18:55:15.123456Z 200 PATCH /v1/topics/7 4.5ms 120/340 key:3f9a 127.0.0.1:40312 "
	    "code=overloaded commit=17 read_record=12us write=3.4ms "
	    "trace=4bf92f3577b34da6a3ce929d0e0e4736 id=run-0-7"));
}

static void
test_what_is_not_known(void **state)
{
	struct journal_request request = { .remote = STR("r"), .caller = STR("guest"), .id = STR("i"),
		.waits = &(struct task_waits){ .count = 0 } };
	char bytes[JOURNAL_LINE_SIZE];

	(void)state;
	assert_true(str_is(line_of(JOURNAL_JSON, &request, bytes),
	    "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"info\",\"event\":\"request\",\"id\":\"i\","
	    "\"remote\":\"r\",\"caller\":\"guest\",\"method\":null,\"route\":null,\"path\":null,"
	    "\"status\":0,\"bytes_in\":0,\"bytes_out\":0,\"duration_us\":0}"));
	assert_true(str_is(line_of(JOURNAL_TEXT, &request, bytes),
	    "1970-01-01T00:00:00.000000Z --- - - 0us 0/0 guest r id=i"));
}

/* Whatever a client sends: one line, valid JSON, within its size. */
static void
test_nobody_forges_a_line(void **state)
{
	char bytes[JOURNAL_LINE_SIZE], text[4096];
	struct arena arena;

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		struct journal_request request = sample();
		struct json_error error;
		struct json json;

		memset(text, (int)byte, sizeof(text));
		request.path = request.caller = request.route_prefix =
		    (struct str){ text + byte % 8, sizeof(text) - byte % 8 };
		text[byte % 8 + byte / 8] = 'a';
		arena_init(&arena, 1 << 20);
		assert_int_equal(
		    json_parse(&arena, line_of(JOURNAL_JSON, &request, bytes), &json, &error), OK);
		arena_release(&arena);
		(void)line_of(JOURNAL_TEXT, &request, bytes);
	}
}

static void
test_a_text_is_cut_between_characters(void **state)
{
	struct journal_request request = sample();
	char bytes[JOURNAL_LINE_SIZE], text[1200];
	struct json_error error;
	struct arena arena;
	struct json json;

	(void)state;
	for (size_t i = 0; i + 2 <= sizeof(text); i += 2)
		memcpy(text + i, "ä", 2);
	for (size_t shift = 0; shift < 2; shift++) {
		text[0] = 'a';
		request.path = (struct str){ text + 2 * shift, sizeof(text) - 2 * shift };
		if (shift == 0)
			text[1] = 'b';
		arena_init(&arena, 1 << 20);
		assert_int_equal(
		    json_parse(&arena, line_of(JOURNAL_JSON, &request, bytes), &json, &error), OK);
		arena_release(&arena);
	}
}

/* --- the writer -------------------------------------------------------- */

static char folder[] = "/tmp/caisson-journal-XXXXXX";
static char path[64], moved[64];

static size_t
count_lines(const char *name, const char *part)
{
	FILE *file = fopen(name, "r");
	char line[4096];
	size_t count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, part) != NULL;
	fclose(file);
	return count;
}

static int
make_folder(void **state)
{
	(void)state;
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(moved, sizeof(moved), "%s/log.1", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(moved);
	return rmdir(folder);
}

static void
test_all_lines_are_written(void **state)
{
	enum { LINES = 5000 };
	struct journal_request request = sample();

	(void)state;
	assert_true(limits_set(STR("log_buffer=16777216")));
	assert_true(journal_start(path, JOURNAL_JSON, 2));
	for (unsigned i = 0; i < LINES; i++)
		journal_request(i % 2, &request);
	journal_event(JOURNAL_INFO, "stop", "%s", "at \"last\"\n");
	journal_stop();
	assert_int_equal(count_lines(path, "\"event\":\"request\""), LINES);
	assert_int_equal(count_lines(path, "\"event\":\"stop\",\"message\":\"at \\\"last\\\"\\u000a\"}"), 1);
}

static void
test_what_is_dropped_is_counted(void **state)
{
	enum { LINES = 20000 };
	struct journal_request request = sample();
	uint64_t dropped;
	size_t told = 0, written;
	char line[4096];
	FILE *file;

	(void)state;
	assert_true(limits_set(STR("log_buffer=16384")));
	assert_true(journal_start(path, JOURNAL_JSON, 1));
	for (unsigned i = 0; i < LINES; i++)
		journal_request(0, &request);
	dropped = journal_dropped();
	journal_stop();
	written = count_lines(path, "\"event\":\"request\"");
	assert_true(dropped > 0);
	assert_int_equal(written + dropped, LINES);
	file = fopen(path, "r");
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *count = strstr(line, "\"event\":\"dropped\",\"message\":\"");

		if (count != NULL)
			told += strtoul(count + strlen("\"event\":\"dropped\",\"message\":\""), NULL, 10);
	}
	fclose(file);
	assert_int_equal(told, dropped);
}

static void
test_a_file_that_was_moved_is_opened_again(void **state)
{
	(void)state;
	assert_true(journal_start(path, JOURNAL_TEXT, 1));
	journal_event(JOURNAL_INFO, "one", "first");
	usleep(100000);
	assert_int_equal(rename(path, moved), 0);
	journal_reopen();
	usleep(100000);
	journal_event(JOURNAL_INFO, "two", "second");
	journal_stop();
	assert_int_equal(count_lines(moved, "first"), 1);
	assert_int_equal(count_lines(path, "second"), 1);
}

static void
test_off_is_nothing(void **state)
{
	(void)state;
	assert_true(journal_start("off", JOURNAL_TEXT, 1));
	assert_false(journal_is_on());
	journal_event(JOURNAL_INFO, "one", "nobody hears");
	journal_reopen();
	journal_stop();
	assert_false(journal_start("/nowhere/at/all", JOURNAL_TEXT, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_of_json),
		cmocka_unit_test(test_a_line_of_text),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_nobody_forges_a_line),
		cmocka_unit_test(test_a_text_is_cut_between_characters),
		cmocka_unit_test_setup_teardown(test_all_lines_are_written, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_is_dropped_is_counted, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
		    test_a_file_that_was_moved_is_opened_again, make_folder, remove_folder),
		cmocka_unit_test(test_off_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
