#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/json.h"
#include "http/problem.h"

static void
expect(struct buf *buf, const char *text)
{
	assert_int_equal(buf->err, OK);
	buf_add_byte(buf, 0);
	assert_string_equal(buf->data, text);
	buf_clear(buf);
}

static void
test_documents(void **state)
{
	const struct problem_error errors[] = {
		{ .pointer = STR("#/title"), .code = STR("too_short"), .detail = STR("at least 3") },
		{ .parameter = STR("filter"), .offset = 7, .code = STR("unknown") },
		{ .parameter = STR("limit"), .code = STR("type"), .detail = STR("say \"20\"") },
	};
	struct problem problem = { .err = ERR_NOT_FOUND };
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	problem_write(&problem, &buf);
	expect(&buf, "{\"type\":\"/problems/not_found\",\"title\":\"There is no such thing\","
		     "\"status\":404,\"code\":\"not_found\"}");
	problem = (struct problem){ ERR_INVALID, STR("two\nlines"), STR("r-1"), errors, COUNT(errors) };
	problem_write(&problem, &buf);
	expect(&buf, "{\"type\":\"/problems/invalid\",\"title\":\"The data does not fit the declared fields\","
		     "\"status\":422,\"detail\":\"two\\nlines\",\"instance\":\"r-1\",\"code\":\"invalid\","
		     "\"errors\":[{\"pointer\":\"#/title\",\"code\":\"too_short\",\"detail\":\"at least 3\"},"
		     "{\"parameter\":\"filter\",\"offset\":7,\"code\":\"unknown\"},"
		     "{\"parameter\":\"limit\",\"offset\":0,\"code\":\"type\",\"detail\":\"say \\\"20\\\"\"}]}");
	buf_release(&buf);
}

static void
test_every_error(void **state)
{
	struct arena arena;
	struct buf buf;

	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&buf, 4096);
	for (int err = OK + 1; err < ERR_COUNT; err++) {
		struct problem problem = { .err = (enum err)err };
		struct json_error error;
		struct json json;

		buf_clear(&buf);
		problem_write(&problem, &buf);
		assert_int_equal(json_parse(&arena, buf_str(&buf), &json, &error), OK);
		assert_int_equal(json_member(&json, "status")->integer, err_row(problem.err)->status);
		assert_true(str_is(json_member(&json, "code")->string, err_row(problem.err)->code));
		arena_reset(&arena);
	}
	buf_release(&buf);
	arena_release(&arena);
}

static void
test_pointers(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	buf_add_c(&buf, "#");
	problem_pointer_add(&buf, STR("title"));
	problem_pointer_add_index(&buf, 12);
	problem_pointer_add(&buf, STR(""));
	problem_pointer_add(&buf, STR("a/b~c d%\"\xc3\xa9#"));
	expect(&buf, "#/title/12//a~1b~0c%20d%25%22%C3%A9%23");
	buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_every_error),
		cmocka_unit_test(test_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
