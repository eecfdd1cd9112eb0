#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/test_random.h"
#include "codec/fold.h"
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
case_and_looks_do_not_count(void **state)
{
	static const struct {
		const char *text, *folded;
	} rows[] = {
		{ "", "" },
		{ "Ann@Example.ORG", "ann@example.org" },
		{ "[\\]^_`{|}~ 09", "[\\]^_`{|}~ 09" },
		{ "Stra\xc3\x9f"
		  "e",
		    "strasse" },
		{ "STRASSE", "strasse" },
		{ "\xc3\x89t\xc3\xa9", "\xc3\xa9t\xc3\xa9" }, /* composed */
		{ "E\xcc\x81te\xcc\x81", "\xc3\xa9t\xc3\xa9" }, /* and not */
		{ "\xce\xa3\xce\x8a\xcf\x82", "\xcf\x83\xce\xaf\xcf\x83" }, /* both sigmas */
		{ "\xef\xbc\xa1\xef\xbc\xa2", "ab" }, /* full width */
		{ "o\xef\xac\x83"
		  "ce",
		    "office" }, /* a ligature */
		{ "\xe2\x84\xaa", "k" }, /* the Kelvin sign */
		{ "a\xe2\x80\x8b"
		  "b\xc2\xad"
		  "c",
		    "abc" }, /* a zero-width space, a soft hyphen */
		{ "\xc4\xb0", "i\xcc\x87" },
		{ "\xe2\x80\x8b", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str folded = fold_text(&arena, str_from(rows[i].text));

		if (!str_is(folded, rows[i].folded))
			printf("%s: %.*s\n", rows[i].text, STR_ARGS(folded));
		assert_true(folded.data != NULL && str_is(folded, rows[i].folded));
	}
}

static uint32_t
random_code_point(uint64_t *random)
{
	static const uint32_t ends[] = { 0x80, 0x300, 0x370, 0x600, 0x3000, 0xd800, 0x20000 };
	uint32_t code_point =
	    1 + (uint32_t)test_random_below(random, ends[test_random_below(random, COUNT(ends))]);

	if (test_random_below(random, 3) == 0)
		code_point = 0x300 + (uint32_t)test_random_below(random, 0x70); /* marks */
	return code_point >= 0xd800 && code_point < 0xe000 ? 'A' : code_point;
}

static void
what_is_folded_stays(void **state)
{
	uint64_t random = 11;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		char text[64];
		size_t size = 0;
		struct str once, twice;

		for (uint64_t left = test_random_below(&random, 8); left > 0; left--)
			size += utf8_put(text + size, random_code_point(&random));
		arena_reset(&arena);
		once = fold_text(&arena, (struct str){ text, size });
		assert_non_null(once.data);
		assert_int_equal(utf8_check(once), once.size);
		twice = fold_text(&arena, once);
		if (!str_equal(once, twice))
			printf("'%.*s' '%.*s' '%.*s'\n", (int)size, text, STR_ARGS(once),
			    STR_ARGS(twice));
		assert_true(str_equal(once, twice));
	}
}

static void
limits_are_kept(void **state)
{
	static char text[300000];
	struct arena small;

	(void)state;
	memset(text, 'A', sizeof(text));
	arena_init(&small, 1 << 16);
	assert_null(fold_text(&small, (struct str){ text, sizeof(text) }).data);
	memcpy(text, "\xc3\x89", 2);
	assert_null(fold_text(&small, (struct str){ text, sizeof(text) }).data);
	arena_release(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(case_and_looks_do_not_count, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_folded_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits_are_kept, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
