#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/canonical.h"
#include "codec/json_patch.h"

static struct arena arena;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct json
parsed(const char *text)
{
	struct json json;
	struct json_error error;

	assert_int_equal(json_parse(&arena, str_from(text), &json, &error), OK);
	return json;
}

static void
assert_json(const struct json *json, const char *expected)
{
	struct json wanted = parsed(expected);
	struct buf is, ought;

	buf_init(&is, 1 << 20);
	buf_init(&ought, 1 << 20);
	assert_int_equal(json_canonical(&is, json), CANONICAL_GOOD);
	assert_int_equal(json_canonical(&ought, &wanted), CANONICAL_GOOD);
	buf_add_byte(&is, '\0');
	buf_add_byte(&ought, '\0');
	assert_string_equal(is.data, ought.data);
	assert_true(json_equal(json, &wanted));
	buf_release(&is);
	buf_release(&ought);
}

/* --- equality ------------------------------------------------------------- */

static void
equality_is_of_values(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "1", "1.0", true },
		{ "1e2", "100", true },
		{ "0", "-0.0", true },
		{ "9007199254740993", "9007199254740992.0", false },
		{ "9223372036854775807", "9223372036854775808", false },
		{ "1", "true", false },
		{ "1", "\"1\"", false },
		{ "null", "null", true },
		{ "null", "false", false },
		{ "\"\\u0041\"", "\"A\"", true },
		{ "[1,2]", "[2,1]", false },
		{ "[1,2]", "[1]", false },
		{ "{\"a\":1,\"b\":[]}", "{\"b\":[],\"a\":1.0}", true },
		{ "{\"a\":1}", "{\"a\":1,\"b\":null}", false },
		{ "{\"a\":1}", "{\"b\":1}", false },
		{ "{}", "[]", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json a = parsed(cases[i].a), b = parsed(cases[i].b);

		assert_int_equal(json_equal(&a, &b), cases[i].equal);
		assert_int_equal(json_equal(&b, &a), cases[i].equal);
		assert_true(json_equal(&a, &a));
	}
}

/* --- merge: RFC 7396, appendix A ---------------------------------------------- */

static void
merge_is_as_the_rfc_has_it(void **state)
{
	static const struct {
		const char *target, *patch, *result;
	} cases[] = {
		{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
		{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
		{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
		{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
		{ "{\"a\":\"foo\"}", "null", "null" },
		{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
		{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
		{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
		{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json target = parsed(cases[i].target), patch = parsed(cases[i].patch), result;

		assert_int_equal(json_merge(&arena, &target, &patch, &result), OK);
		assert_json(&result, cases[i].result);
		assert_json(&target, cases[i].target);
	}
}

/* --- JSON Patch: RFC 6902, appendix A, and beyond ------------------------------ */

static enum err
patch(const char *document, const char *ops, struct json *ret, struct json_patch_fault *fault)
{
	struct json json = parsed(ops);
	struct json_patch patch;
	enum err err = json_patch_read(&arena, &json, &patch, fault);

	*ret = parsed(document);
	return err == OK ? json_patch_apply(&arena, &patch, ret, fault) : err;
}

static void
patches_are_applied(void **state)
{
	static const struct {
		const char *document, *ops, *result;
	} cases[] = {
		{ "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
		    "{\"baz\":\"qux\",\"foo\":\"bar\"}" },
		{ "{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
		    "{\"foo\":[\"bar\",\"qux\",\"baz\"]}" },
		{ "{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
		    "{\"foo\":\"bar\"}" },
		{ "{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
		    "{\"foo\":[\"bar\",\"baz\"]}" },
		{ "{\"baz\":\"qux\",\"foo\":\"bar\"}",
		    "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
		    "{\"baz\":\"boo\",\"foo\":\"bar\"}" },
		{ "{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
		    "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
		    "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}" },
		{ "{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
		    "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
		    "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}" },
		{ "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
		    "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},"
		    "{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
		    "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}" },
		{ "{\"foo\":\"bar\"}",
		    "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}},\"xyz\":123}]",
		    "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}" },
		{ "{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]",
		    "{\"/\":9,\"~1\":10}" },
		{ "{\"foo\":[\"bar\"]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
		    "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}" },
		{ "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":[2]}]", "[2]" },
		{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":{\"b\":2}}]", "{\"b\":2}" },
		{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/\",\"value\":2}]", "{\"a\":1,\"\":2}" },
		{ "{\"a\":[1]}", "[{\"op\":\"replace\",\"path\":\"/a/0\",\"value\":2}]", "{\"a\":[2]}" },
		{ "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}" },
		{ "{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/a\"}]", "{\"a\":1}" },
		/* What was copied is another value. */
		{ "{\"a\":{\"b\":1}}",
		    "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},"
		    "{\"op\":\"replace\",\"path\":\"/c/b\",\"value\":2}]",
		    "{\"a\":{\"b\":1},\"c\":{\"b\":2}}" },
		{ "{\"a\":[[1]]}",
		    "[{\"op\":\"copy\",\"from\":\"/a/0\",\"path\":\"/a/-\"},"
		    "{\"op\":\"add\",\"path\":\"/a/0/-\",\"value\":2},{\"op\":\"remove\",\"path\":\"/a/1/0\"}]",
		    "{\"a\":[[1,2],[]]}" },
		{ "{}", "[]", "{}" },
	};
	struct json_patch_fault fault;
	struct json result;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(patch(cases[i].document, cases[i].ops, &result, &fault), OK);
		assert_json(&result, cases[i].result);
	}
}

static void
bad_patches_are_refused(void **state)
{
	static const struct {
		const char *ops;
		enum err err;
		size_t index;
	} cases[] = {
		{ "{}", ERR_BAD_REQUEST, 0 },
		{ "[1]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1},{\"path\":\"/a\",\"value\":1}]", ERR_BAD_REQUEST, 1 },
		{ "[{\"op\":\"merge\",\"path\":\"/a\",\"value\":1}]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/a~2\",\"value\":1}]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/a~\",\"value\":1}]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"add\",\"path\":5,\"value\":1}]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/a\"}]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"move\",\"path\":\"/a\"}]", ERR_BAD_REQUEST, 0 },
		{ "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1},{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]",
		    ERR_CONFLICT, 1 },
		{ "[{\"op\":\"test\",\"path\":\"/z\",\"value\":null}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"remove\",\"path\":\"/z\"}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"remove\",\"path\":\"\"}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"replace\",\"path\":\"/z\",\"value\":1}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/z/y\",\"value\":1}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/l/3\",\"value\":1}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/l/01\",\"value\":1}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"add\",\"path\":\"/l/-1\",\"value\":1}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"remove\",\"path\":\"/l/2\"}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"remove\",\"path\":\"/l/-\"}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"copy\",\"from\":\"/z\",\"path\":\"/a\"}]", ERR_CONFLICT, 0 },
		{ "[{\"op\":\"move\",\"from\":\"/o\",\"path\":\"/o/p\"}]", ERR_CONFLICT, 0 },
	};
	struct json_patch_fault fault;
	struct json result;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    patch("{\"a\":1,\"l\":[1,2],\"o\":{}}", cases[i].ops, &result, &fault), cases[i].err);
		assert_int_equal(fault.index, cases[i].index);
		assert_non_null(fault.detail);
	}
}

/* Forty copies of a value into itself would be a million million values. */
static void
what_would_grow_without_end_is_refused(void **state)
{
	static const char copy[] = "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/x\"}";
	struct json_patch_fault fault;
	struct json result;
	struct buf ops;

	(void)state;
	buf_init(&ops, 1 << 20);
	buf_add_c(&ops, "[");
	for (int i = 0; i < 40; i++)
		buf_addf(&ops, "%s{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/x%d\"}", i == 0 ? "" : ",", i);
	buf_add(&ops, "]", 2);
	assert_int_equal(patch("{\"a\":{}}", ops.data, &result, &fault), ERR_TOO_LARGE);
	buf_clear(&ops);
	buf_add_c(&ops, "[");
	for (int i = 0; i < 100; i++)
		buf_addf(&ops, "%s%s", i == 0 ? "" : ",", copy);
	buf_add(&ops, "]", 2);
	assert_int_equal(patch("{\"a\":{}}", ops.data, &result, &fault), ERR_TOO_LARGE);
	buf_release(&ops);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equality_is_of_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(merge_is_as_the_rfc_has_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(patches_are_applied, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_patches_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_would_grow_without_end_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
