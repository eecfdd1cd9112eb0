#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/pattern.h"

static void
texts_match_or_not(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{ "^[a-z0-9-]+$", "how-http-works", true },
		{ "^[a-z0-9-]+$", "How", false },
		{ "^[a-z]+$", "abc\n", false },
		{ "^[a-z]+$", "", false },
		{ "b", "abc", true }, /* not anchored */
		{ "^b", "abc", false },
		{ "^.$", "\xC3\xA4", true }, /* a character, not a byte */
		{ "^\\x{e4}$", "\xC3\xA4", true },
		{ "^\\w+$", "\xC3\xA4", false },
		{ "^\\p{L}+$", "\xC3\xA4", true },
		{ "(?i)^\xC3\x84$", "\xC3\xA4", true },
		{ "^(?<year>\\d{4})-(\\d\\d)$", "2026-11", true },
		{ "", "anything", true },
		{ "^(.)\\1$", "aa", true },
		{ "^(.)\\1$", "ab", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char detail[PATTERN_DETAIL_SIZE];
		size_t offset;
		struct pattern *pattern = pattern_new(str_from(rows[i].pattern), &offset, detail);

		assert_non_null(pattern);
		if (pattern_matches(pattern, str_from(rows[i].text)) != rows[i].matches)
			printf("%s on %s\n", rows[i].pattern, rows[i].text);
		assert_true(pattern_matches(pattern, str_from(rows[i].text)) == rows[i].matches);
		pattern_free(pattern);
	}
	pattern_free(NULL);
}

static void
what_is_no_pattern_is_refused(void **state)
{
	static const struct {
		const char *pattern;
		size_t offset;
	} rows[] = { { "a(b", 3 }, { "[a-", 3 }, { "a**", 2 }, { "\\C", 2 },
		{ "(?<n>a)(?<n>b)", 12 }, { "*a", 0 }, { "a\\", 2 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char detail[PATTERN_DETAIL_SIZE] = "";
		size_t offset = 77;

		assert_null(pattern_new(str_from(rows[i].pattern), &offset, detail));
		if (offset != rows[i].offset)
			printf("%s: %zu %s\n", rows[i].pattern, offset, detail);
		assert_int_equal(offset, rows[i].offset);
		assert_true(strlen(detail) > 0);
	}
}

/* Patterns that try all ways to fail end at a limit, soon. */
static void
costly_matches_end(void **state)
{
	static const char *const costly[] = { "^(a|a)*$", "^(a+)+$", "(a*)*b",
		"^(?:(?:a?){50}){50}b" };
	char text[5001], detail[PATTERN_DETAIL_SIZE];
	size_t offset;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '!';
	for (size_t i = 0; i < COUNT(costly); i++) {
		struct pattern *pattern = pattern_new(str_from(costly[i]), &offset, detail);

		assert_non_null(pattern);
		assert_false(pattern_matches(pattern, (struct str){ text, sizeof(text) }));
		pattern_free(pattern);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_match_or_not),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(costly_matches_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
