#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "http/grammar.h"
#include "http/h1.h"

/* Every byte at every place, before and behind every other kind of byte. */
static void
test_find_control(void **state)
{
	static const char around[] = { 'a', '\t', ' ', '\x7e', '\x80', '\xff' };
	char bytes[24];

	(void)state;
	for (size_t a = 0; a < sizeof(around); a++) {
		memset(bytes, around[a], sizeof(bytes));
		for (size_t at = 0; at < sizeof(bytes); at++) {
			for (int byte = 0; byte < 256; byte++) {
				bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;

				bytes[at] = (char)byte;
				assert_int_equal(grammar_find_control(bytes, sizeof(bytes)),
				    control ? at : sizeof(bytes));
				assert_int_equal(grammar_find_control(bytes, at), at);
			}
			bytes[at] = around[a];
		}
	}
}

/* RFC 9110 §5.6.2, RFC 3986 §3.2.2, written out again. */
static void
test_classes(void **state)
{
	static const char alphanumeric[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	(void)state;
	for (int i = 0; i < 256; i++) {
		bool letter = i != 0 && strchr(alphanumeric, i) != NULL;
		char byte = (char)i;

		assert_int_equal(grammar_is(byte, GRAMMAR_TOKEN),
		    letter || (i != 0 && strchr("!#$%&'*+-.^_`|~", i) != NULL));
		assert_int_equal(grammar_is(byte, GRAMMAR_HOST),
		    letter || (i != 0 && strchr("-._~!$&'()*+,;=", i) != NULL));
		assert_int_equal(grammar_is(byte, GRAMMAR_TARGET), i > 0x20 && i < 0x7f && i != '#');
		assert_int_equal(grammar_is(byte, GRAMMAR_HEX),
		    i != 0 && strchr("0123456789abcdefABCDEF", i) != NULL);
	}
}

static void
test_quoted(void **state)
{
	static const char *const bad[] = { "", "a", "\"", "\"a", "\"a\\\"", "\"a\\", "\"\x01\"", "\"\\\n\"" };
	struct str rest = STR("\"a \\\"b\\\\\"c"), text;

	(void)state;
	assert_true(grammar_take_quoted(&rest, &text));
	assert_true(str_is(text, "a \\\"b\\\\"));
	assert_true(str_is(rest, "c"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		rest = str_from(bad[i]);
		assert_false(grammar_take_quoted(&rest, &text));
		assert_true(str_is(rest, bad[i]));
	}
}

/* A NUL does not end a host early. */
static void
test_hosts(void **state)
{
	(void)state;
	assert_true(h1_host_is_valid(STR("[::1]")));
	assert_false(h1_host_is_valid(STR("[::1\0]")));
	assert_false(h1_host_is_valid(STR("[::1\0x]")));
	assert_false(h1_host_is_valid(STR("a\0")));
	assert_false(h1_host_is_valid((struct str){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_control),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
