#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "http/conditional.h"

/* The conditions of a head with the fields ${lines}, each of which ends in CR LF. */
static enum err
conditions_of(const char *lines, struct conditional *ret)
{
	static struct h1_head head;
	static char text[4096];
	const char *detail = NULL;
	int size = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
	enum err err;

	assert_in_range(size, 0, sizeof(text) - 1);
	assert_int_equal(h1_head_parse((struct str){ text, (size_t)size }, &head, &detail), OK);
	detail = NULL;
	err = conditional_parse(&head, ret, &detail);
	assert_true((err == OK) == (detail == NULL));
	return err;
}

static void
test_if_match(void **state)
{
	static const struct {
		const char *lines;
		bool at_5, at_nothing;
	} cases[] = {
		{ "", true, true },
		{ "If-Match: *\r\n", true, false },
		{ "If-Match: \"5\"\r\n", true, false },
		{ "If-Match: \"5.fields\"\r\n", true, false },
		{ "If-Match: \"6\"\r\n", false, false },
		{ "If-Match: \"6.5\"\r\n", false, false },
		{ "If-Match: W/\"5\"\r\n", false, false },
		{ "If-Match: \"05\"\r\n", false, false },
		{ "If-Match: \"5.\"\r\n", false, false },
		{ "If-Match: \"x\"\r\n", false, false },
		{ "If-Match: \"\"\r\n", false, false },
		{ "If-Match: \"-1\"\r\n", false, false },
		{ "If-Match: \"5,6\"\r\n", false, false },
		{ "If-Match: \"4\", \"5\"\r\n", true, false },
		{ "If-Match: \"4\",\"5\"\r\n", true, false },
		{ "If-Match: , \"4\" ,, W/\"9\" , \"5\",\r\n", true, false },
		{ "If-Match: \"4\"\r\nIf-Match: \"5\"\r\n", true, false },
		{ "If-Match: \"4\"\r\nX: \"5\"\r\nIf-Match: \"6\"\r\n", false, false },
		{ "If-Match:\r\nIf-Match: \"5\"\r\n", true, false },
		{ "If-Match: \"99999999999999999999\", \"5\"\r\n", true, false },
		{ "If-None-Match: \"5\"\r\n", true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conditional conditional;

		if (conditions_of(cases[i].lines, &conditional) != OK ||
		    conditional_if_match(&conditional, 5) != cases[i].at_5 ||
		    conditional_if_match(&conditional, CONDITIONAL_NOTHING) != cases[i].at_nothing)
			fail_msg("%s", cases[i].lines);
	}
}

static void
test_if_none_match(void **state)
{
	static const struct {
		const char *lines;
		bool at_5, at_nothing;	  /* for a write */
		bool etag_5, etag_5_shape; /* for reads that answer "5" and "5.a" */
	} cases[] = {
		{ "", true, true, true, true },
		{ "If-None-Match: *\r\n", false, true, false, false },
		{ "If-None-Match: \"5\"\r\n", false, true, false, true },
		{ "If-None-Match: W/\"5\"\r\n", false, true, false, true },
		{ "If-None-Match: \"5.a\"\r\n", false, true, true, false },
		{ "If-None-Match: W/\"5.a\", \"5\"\r\n", false, true, false, false },
		{ "If-None-Match: \"5.b\"\r\n", false, true, true, true },
		{ "If-None-Match: \"6\"\r\n", true, true, true, true },
		{ "If-None-Match: \"x\", \"\xc3\xa9!\"\r\n", true, true, true, true },
		{ "If-None-Match: \"6\"\r\nIf-None-Match: \"5\"\r\n", false, true, false, true },
		{ "If-Match: \"5\"\r\n", true, true, true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conditional c;

		if (conditions_of(cases[i].lines, &c) != OK ||
		    conditional_if_none_match(&c, 5) != cases[i].at_5 ||
		    conditional_if_none_match(&c, CONDITIONAL_NOTHING) != cases[i].at_nothing ||
		    conditional_if_none_match_etag(&c, STR("\"5\"")) != cases[i].etag_5 ||
		    conditional_if_none_match_etag(&c, STR("\"5.a\"")) != cases[i].etag_5_shape)
			fail_msg("%s", cases[i].lines);
	}
}

static void
test_malformed(void **state)
{
	static const char *const values[] = { "", ",", "5", "\"5", "5\"", "\"", "W/", "W/5", "w/\"5\"",
		"W / \"5\"", "W/ \"5\"", "*, \"5\"", "\"5\", *", "*, *", "**", "\"5\" \"6\"", "\"5\"x",
		"\"5\";a", "\"a b\"", "\"a\tb\"", "\"5\\\"\"", "'5'", "\"5\", 6", "\"5\", W/" };
	static const char *const names[] = { "If-Match", "If-None-Match" };
	struct conditional conditional;
	char lines[256];

	(void)state;
	for (size_t n = 0; n < COUNT(names); n++) {
		for (size_t i = 0; i < COUNT(values); i++) {
			snprintf(lines, sizeof(lines), "%s: %s\r\n", names[n], values[i]);
			if (conditions_of(lines, &conditional) != ERR_BAD_HEADER)
				fail_msg("%s", lines);
		}
		snprintf(lines, sizeof(lines), "%s: *\r\n%s: *\r\n", names[n], names[n]);
		assert_int_equal(conditions_of(lines, &conditional), ERR_BAD_HEADER);
		snprintf(lines, sizeof(lines), "%s: *\r\n%s: \"5\"\r\n", names[n], names[n]);
		assert_int_equal(conditions_of(lines, &conditional), ERR_BAD_HEADER);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_if_match),
		cmocka_unit_test(test_if_none_match),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
