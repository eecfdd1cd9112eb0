#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/test_random.h"

static void
equality_looks_at_bytes_and_size(void **state)
{
	struct str none = { 0 };

	(void)state;
	assert_true(str_equal(STR("abc"), str_from("abc")));
	assert_false(str_equal(STR("abc"), STR("abd")));
	assert_false(str_equal(STR("abc"), STR("ab")));
	assert_true(str_equal(none, STR("")));
	assert_true(str_equal(STR("a\0b"), STR("a\0b")));
	assert_false(str_equal(STR("a\0b"), STR("a\0c")));
	assert_true(str_is(STR("abc"), "abc"));
	assert_false(str_is(STR("a\0b"), "a"));
	assert_true(str_is(none, ""));
}

static void
only_ascii_letters_compare_alike(void **state)
{
	(void)state;
	assert_true(str_equal_nocase(STR("Content-Type"), STR("cONTENT-tYPE")));
	assert_false(str_equal_nocase(STR("abc"), STR("abcd")));
	assert_false(str_equal_nocase(STR("@[`{"), STR("`{@[")));
	assert_false(str_equal_nocase(STR("\xC3\xA9"), STR("\xC3\x89")));
	assert_true(str_equal_nocase((struct str){ 0 }, STR("")));
}

static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

static void
order_is_that_of_bytes(void **state)
{
	static const struct str ascending[] = { { "", 0 }, { "\0", 1 }, { "A", 1 }, { "a", 1 },
		{ "a\0", 2 }, { "aa", 2 }, { "ab", 2 }, { "b", 1 }, { "\x7F", 1 }, { "\x80", 1 },
		{ "\xFF", 1 } };

	(void)state;
	for (int i = 0; i < (int)COUNT(ascending); i++)
		for (int j = 0; j < (int)COUNT(ascending); j++)
			assert_int_equal(
			    sign(str_compare(ascending[i], ascending[j])), sign(i - j));
	assert_int_equal(str_compare((struct str){ 0 }, (struct str){ 0 }), 0);
}

static void
prefixes_bytes_and_slices(void **state)
{
	struct str text = STR("path/to/file");

	(void)state;
	assert_true(str_starts_with(text, STR("path/")));
	assert_true(str_starts_with(text, STR("")));
	assert_true(str_starts_with(text, text));
	assert_false(str_starts_with(STR("pat"), STR("path")));
	assert_false(str_starts_with(text, STR("to")));
	assert_int_equal(str_find_byte(text, '/'), 4);
	assert_int_equal(str_find_byte(text, 'x'), text.size);
	assert_int_equal(str_find_byte(STR("a\0b"), '\0'), 1);
	assert_int_equal(str_find_byte((struct str){ 0 }, 'x'), 0);
	assert_true(str_is(str_slice(text, 5, 7), "to"));
	assert_true(str_is(str_slice(text, 12, 12), ""));
	assert_null(str_slice((struct str){ 0 }, 0, 0).data);
	assert_true(str_starts_with((struct str){ 0 }, STR("")));
}

static void
trimming_takes_spaces_and_tabs_only(void **state)
{
	(void)state;
	assert_true(str_is(str_trim(STR(" \t a b\t ")), "a b"));
	assert_true(str_is(str_trim(STR(" \t ")), ""));
	assert_true(str_is(str_trim(STR("")), ""));
	assert_true(str_is(str_trim(STR("\ra\n")), "\ra\n"));
}

/* The parts as "a|b|c|". */
static void
assert_split(struct str text, const char *expected)
{
	char parts[100] = "";
	struct str part;

	while (str_split(&text, ',', &part))
		sprintf(parts + strlen(parts), "%.*s|", STR_ARGS(part));
	assert_string_equal(parts, expected);
}

static void
splitting_gives_each_part_once(void **state)
{
	(void)state;
	assert_split((struct str){ 0 }, "");
	assert_split(STR(""), "|");
	assert_split(STR("a"), "a|");
	assert_split(STR("a,b"), "a|b|");
	assert_split(STR(",a,,b,"), "|a||b||");
}

static void
whole_integers_are_read(void **state)
{
	static const char *const texts[] = { "0", "1", "-1", "10", "-0", "9223372036854775807",
		"-9223372036854775808", "922337203685477580", "1000000000000000000" };
	int64_t integer;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_true(str_to_int(str_from(texts[i]), &integer));
		assert_true(integer == strtoimax(texts[i], NULL, 10));
	}
}

static void
other_texts_are_no_integers(void **state)
{
	static const char *const texts[] = { "", "-", "+1", "--1", " 1", "1 ", "01", "-01", "00",
		"1.0", "1e1", "0x1", "a", "1a", "9223372036854775808", "-9223372036854775809",
		"9300000000000000000", "18446744073709551616", "100000000000000000000",
		"\xEF\xBC\x91" };
	int64_t integer = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(str_to_int(str_from(texts[i]), &integer));
	assert_false(str_to_int((struct str){ 0 }, &integer));
	assert_false(str_to_int(STR("1\0"), &integer));
	assert_int_equal(integer, 77);
}

static void
random_integers_return(void **state)
{
	uint64_t random = 7;
	char text[32];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t integer = (int64_t)test_random(&random) >> test_random_below(&random, 64),
			back;

		sprintf(text, "%" PRId64, integer);
		assert_true(str_to_int(str_from(text), &back));
		assert_true(back == integer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_looks_at_bytes_and_size),
		cmocka_unit_test(only_ascii_letters_compare_alike),
		cmocka_unit_test(order_is_that_of_bytes),
		cmocka_unit_test(prefixes_bytes_and_slices),
		cmocka_unit_test(trimming_takes_spaces_and_tabs_only),
		cmocka_unit_test(splitting_gives_each_part_once),
		cmocka_unit_test(whole_integers_are_read),
		cmocka_unit_test(other_texts_are_no_integers),
		cmocka_unit_test(random_integers_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
