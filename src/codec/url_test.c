#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/test_random.h"
#include "codec/url.h"
#include "codec/utf8.h"

static struct arena arena;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void
assert_decodes(const char *text, bool plus_is_space, const char *expected)
{
	struct str decoded;

	assert_int_equal(url_decode(&arena, str_from(text), plus_is_space, &decoded), OK);
	assert_true(str_is(decoded, expected));
}

static void
escapes_are_decoded(void **state)
{
	(void)state;
	assert_decodes("", false, "");
	assert_decodes("plain", false, "plain");
	assert_decodes("a%20b", false, "a b");
	assert_decodes("%41%5a%5A", false, "AZZ");
	assert_decodes("a+b", false, "a+b");
	assert_decodes("a+b", true, "a b");
	assert_decodes("a%2Bb+c", true, "a+b c");
	assert_decodes("%C3%A9\xC3\xA9", false, "\xC3\xA9\xC3\xA9");
	assert_decodes("%F0%9F%98%80", false, "\xF0\x9F\x98\x80");
	assert_decodes("%2525", false, "%25");
	assert_decodes("%2F..%2f", false, "/../");
	assert_decodes("%01%7F", false, "\x01\x7F");
}

static void
bad_texts_are_refused(void **state)
{
	static const char *const texts[] = { "%", "%4", "a%", "a%4", "%4x", "%x4", "%%41", "%-1",
		"% 1", "%+1", "%00", "a%00b", "%FF", "%C3", "%C3(", "%C0%AF", "%ED%A0%80",
		"%F4%90%80%80", "\xFF", "\xC3", "%C3\xA9x\xA9", "%u0041" };
	struct str decoded = STR("before");

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (url_decode(&arena, str_from(texts[i]), false, &decoded) != ERR_BAD_REQUEST)
			printf("%s was taken\n", texts[i]);
		assert_true(str_is(decoded, "before"));
	}
	assert_int_equal(url_decode(&arena, STR("a\0b"), false, &decoded), ERR_BAD_REQUEST);
}

static void
a_text_without_escapes_is_not_copied(void **state)
{
	struct str text = STR("a+b"), decoded;

	(void)state;
	assert_int_equal(url_decode(&arena, text, false, &decoded), OK);
	assert_ptr_equal(decoded.data, text.data);
}

static void
the_arena_limit_is_too_large(void **state)
{
	struct url_parameter *parameters;
	struct str decoded;
	struct arena none;
	size_t count;

	(void)state;
	arena_init(&none, 0);
	assert_int_equal(url_decode(&none, STR("%41"), false, &decoded), ERR_TOO_LARGE);
	assert_int_equal(
	    url_parse_query(&none, STR("a"), &parameters, &count, &decoded), ERR_TOO_LARGE);
	arena_release(&none);
}

/* The parameters as "name=value;" each, or the error's code, with what is bad. */
static void
assert_query(struct str query, const char *expected)
{
	struct url_parameter *parameters;
	struct str bad = STR("");
	struct buf buf;
	size_t count;
	enum err err = url_parse_query(&arena, query, &parameters, &count, &bad);

	buf_init(&buf, 10000);
	if (err != OK)
		buf_addf(&buf, "%s %.*s", err_row(err)->code, STR_ARGS(bad));
	for (size_t i = 0; err == OK && i < count; i++)
		buf_addf(&buf, "%.*s=%.*s;", STR_ARGS(parameters[i].name),
		    STR_ARGS(parameters[i].value));
	buf_add_byte(&buf, '\0');
	assert_string_equal(buf.data, expected);
	buf_release(&buf);
}

static void
queries_are_split(void **state)
{
	(void)state;
	assert_query((struct str){ 0 }, "");
	assert_query(STR(""), "");
	assert_query(STR("&"), "");
	assert_query(STR("&&&"), "");
	assert_query(STR("a"), "a=;");
	assert_query(STR("a="), "a=;");
	assert_query(STR("a=1&b=2"), "a=1;b=2;");
	assert_query(STR("&a=1&&b=2&"), "a=1;b=2;");
	assert_query(STR("b=2&a=1"), "b=2;a=1;");
	assert_query(STR("=1"), "=1;");
	assert_query(STR("="), "=;");
	assert_query(STR("a=b=c"), "a=b=c;");
	assert_query(STR("a==c"), "a==c;");
	assert_query(STR("a%3Db=c%26d"), "a=b=c&d;");
	assert_query(STR("a+b=c+d"), "a b=c d;");
	assert_query(STR("filter=votes%20%3E+1&sort=-created"), "filter=votes > 1;sort=-created;");
	assert_query(STR("a;b"), "a;b=;");
	assert_query(STR("a=1&A=2"), "a=1;A=2;");
	assert_query(STR("%C3%A9=%E2%82%AC"), "\xC3\xA9=\xE2\x82\xAC;");
	assert_query(STR("a=?/:@"), "a=?/:@;");
}

static void
bad_queries_are_refused(void **state)
{
	(void)state;
	assert_query(STR("a=%"), "bad_request ");
	assert_query(STR("%=a"), "bad_request ");
	assert_query(STR("a=%00"), "bad_request ");
	assert_query(STR("a=1&b=%FF"), "bad_request ");
	assert_query(STR("a=1&a=1"), "bad_parameter a");
	assert_query(STR("a=1&b&a"), "bad_parameter a");
	assert_query(STR("a=1&%61=2"), "bad_parameter a");
	assert_query(STR("=1&="), "bad_parameter ");
	assert_query(STR("a+b&a%20b"), "bad_parameter a b");
}

static void
parameters_have_a_limit(void **state)
{
	struct url_parameter *parameters;
	struct str bad;
	struct buf query;
	size_t count;

	(void)state;
	buf_init(&query, 10000);
	for (int i = 0; i < 64; i++)
		buf_addf(&query, "&n%d=%d", i, i);
	assert_int_equal(url_parse_query(&arena, buf_str(&query), &parameters, &count, &bad), OK);
	assert_int_equal(count, 64);
	assert_true(str_is(parameters[63].value, "63"));
	buf_add_c(&query, "&&");
	assert_int_equal(url_parse_query(&arena, buf_str(&query), &parameters, &count, &bad), OK);
	buf_add_c(&query, "last%21&even=more&than=that");
	assert_int_equal(
	    url_parse_query(&arena, buf_str(&query), &parameters, &count, &bad), ERR_BAD_PARAMETER);
	assert_true(str_is(bad, "last!"));
	buf_release(&query);
}

static void
all_but_unreserved_characters_are_escaped(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	url_encode(&buf, STR("AZaz09-._~"));
	assert_true(str_is(buf_str(&buf), "AZaz09-._~"));
	buf_clear(&buf);
	url_encode(&buf, STR(" !+/%&=?@\xC3\xA9\0\xFF"));
	assert_true(str_is(buf_str(&buf), "%20%21%2B%2F%25%26%3D%3F%40%C3%A9%00%FF"));
	buf_release(&buf);
}

static void
random_texts_return_as_they_were(void **state)
{
	uint64_t random = 6;
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	for (int i = 0; i < 20000; i++) {
		char bytes[200];
		size_t size = 0;
		struct str decoded;

		while (size < 150 && test_random_below(&random, 20) != 0) {
			uint64_t code_point =
			    1 + test_random_below(&random, i % 2 == 0 ? 0x7F : 0xD7FF);

			size += utf8_put(bytes + size, (uint32_t)code_point);
		}
		buf_clear(&buf);
		url_encode(&buf, (struct str){ bytes, size });
		assert_int_equal(url_decode(&arena, buf_str(&buf), i % 3 == 0, &decoded), OK);
		assert_true(str_equal(decoded, (struct str){ bytes, size }));
		arena_reset(&arena);
	}
	buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(escapes_are_decoded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_texts_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_text_without_escapes_is_not_copied, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_arena_limit_is_too_large, set_up, tear_down),
		cmocka_unit_test_setup_teardown(queries_are_split, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_queries_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(parameters_have_a_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    all_but_unreserved_characters_are_escaped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    random_texts_return_as_they_were, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
