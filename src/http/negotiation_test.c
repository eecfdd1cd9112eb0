#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "http/accept.h"
#include "http/media_type.h"
#include "http/prefer.h"

/* A head with the fields ${lines}, each of which ends in CR LF. */
static const struct h1_head *
head_of(const char *lines)
{
	static struct h1_head head;
	static char text[4096];
	const char *detail = NULL;
	int size = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);

	assert_in_range(size, 0, sizeof(text) - 1);
	assert_int_equal(h1_head_parse((struct str){ text, (size_t)size }, &head, &detail), OK);
	return &head;
}

static void
test_accept(void **state)
{
	static const struct {
		const char *lines;
		int json, html; /* the qualities of application/json and text/html */
	} cases[] = {
		{ "", 1000, 1000 },
		{ "Accept: */*\r\n", 1000, 1000 },
		{ "Accept: application/json\r\n", 1000, 0 },
		{ "Accept: APPLICATION/Json\r\n", 1000, 0 },
		{ "Accept: application/*\r\n", 1000, 0 },
		{ "Accept: text/*;q=0.3, text/plain;q=0.7\r\n", 0, 300 },
		{ "Accept: text/html, application/json;q=0.9, */*;q=0.8\r\n", 900, 1000 },
		{ "Accept: */*;q=0.8, application/json;q=0\r\n", 0, 800 },
		{ "Accept: application/json;q=0, */*;q=0.8\r\n", 0, 800 },
		{ "Accept: application/*;q=0.5, application/json;q=0.001\r\n", 1, 0 },
		{ "Accept: */*;q=0\r\n", 0, 0 },
		{ "Accept: text/plain\r\n", 0, 0 },
		{ "Accept: text/plain, , text/html\r\n", 0, 1000 },
		{ "Accept: text/plain\r\nAccept: text/html;q=0.25\r\n", 0, 250 },
		{ "Accept: application/json ; q=0.5 , text/html ;q=1.000\r\n", 500, 1000 },
		{ "Accept: application/json;Q=0.5\r\n", 500, 0 },
		{ "Accept: application/json;q=1.\r\n", 1000, 0 },
		{ "Accept: application/json;q=0.\r\n", 0, 0 },
		{ "Accept: application/json;charset=utf-8\r\n", 1000, 0 },
		{ "Accept: application/json;charset=\"UTF-8\";q=0.5, */*\r\n", 500, 1000 },
		{ "Accept: application/json;charset=latin1\r\n", 0, 0 },
		{ "Accept: text/html;level=1, text/html;q=0.4\r\n", 0, 400 },
		{ "Accept: text/html;level=1;q=0, */*;q=0.2\r\n", 200, 200 },
		{ "Accept: text/html;q=0.4;level=1\r\n", 0, 400 },
		{ "Accept: text/html;x=\"a,b;q=0\", application/json\r\n", 1000, 0 },
		{ "Accept: text/html;\r\n", 0, 1000 },
		{ "Accept: text/html;q=0.1, text/html;q=0.6\r\n", 0, 600 },
		{ "Accept: applicationx/json, application/jsonx\r\n", 0, 0 },
		/* Malformed, or empty, is absent. */
		{ "Accept:\r\n", 1000, 1000 },
		{ "Accept: ,\r\n", 1000, 1000 },
		{ "Accept: json\r\n", 1000, 1000 },
		{ "Accept: */json\r\n", 1000, 1000 },
		{ "Accept: text/html;q=1.1\r\n", 1000, 1000 },
		{ "Accept: text/html;q=2\r\n", 1000, 1000 },
		{ "Accept: text/html;q=-1\r\n", 1000, 1000 },
		{ "Accept: text/html;q=0.1234\r\n", 1000, 1000 },
		{ "Accept: text/html;q=.5\r\n", 1000, 1000 },
		{ "Accept: text/html;q=\r\n", 1000, 1000 },
		{ "Accept: text/html;q\r\n", 1000, 1000 },
		{ "Accept: text/html;q=a\r\n", 1000, 1000 },
		{ "Accept: text/html;x=\"a\r\n", 1000, 1000 },
		{ "Accept: text/html x\r\n", 1000, 1000 },
		{ "Accept: text /html\r\n", 1000, 1000 },
		{ "Accept: text/html\r\nAccept: ?\r\n", 1000, 1000 },
		{ "Accept: text/\r\n", 1000, 1000 },
		{ "Accept: /html\r\n", 1000, 1000 },
		{ "Accept: a/b/c\r\n", 1000, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct h1_head *head = head_of(cases[i].lines);
		int json = accept_quality(head, STR("application/json"));
		int html = accept_quality(head, STR("text/html"));

		if (json != cases[i].json || html != cases[i].html)
			fail_msg("%s gives %d, %d", cases[i].lines, json, html);
		assert_int_equal(accept_admits(head, STR("text/html")), html > 0);
	}
}

static void
test_media_kinds(void **state)
{
	static const struct {
		const char *text;
		enum media_kind kind;
	} cases[] = {
		{ "application/json", MEDIA_JSON },
		{ "Application/JSON", MEDIA_JSON },
		{ "application/json;charset=utf-8", MEDIA_JSON },
		{ "application/json; charset=UTF-8", MEDIA_JSON },
		{ "application/json ; Charset=\"utf-8\"", MEDIA_JSON },
		{ "application/json; profile=\"a;b\"; charset=utf-8", MEDIA_JSON },
		{ "application/json;", MEDIA_JSON },
		{ "application/json;; ", MEDIA_JSON },
		{ "application/merge-patch+json", MEDIA_MERGE_PATCH },
		{ "application/json-patch+json", MEDIA_JSON_PATCH },
		{ "application/x-ndjson", MEDIA_NDJSON },
		{ "text/csv; charset=utf-8; header=present", MEDIA_CSV },
		{ "application/json;charset=latin1", MEDIA_OTHER },
		{ "application/json;charset=utf-16", MEDIA_OTHER },
		{ "application/json;charset=utf-8;charset=utf-8", MEDIA_OTHER },
		{ "application/json;charset", MEDIA_OTHER },
		{ "application/json;charset=", MEDIA_OTHER },
		{ "application/json;charset =utf-8", MEDIA_OTHER },
		{ "application/json;charset=\"utf-8", MEDIA_OTHER },
		{ "application/json charset=utf-8", MEDIA_OTHER },
		{ "application/json, application/json", MEDIA_OTHER },
		{ "application/jsonx", MEDIA_OTHER },
		{ "application/json+x", MEDIA_OTHER },
		{ "application", MEDIA_OTHER },
		{ "application/", MEDIA_OTHER },
		{ "/json", MEDIA_OTHER },
		{ "json", MEDIA_OTHER },
		{ "text/json", MEDIA_OTHER },
		{ "text/plain", MEDIA_OTHER },
		{ "*/*", MEDIA_OTHER },
		{ "", MEDIA_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (media_kind(str_from(cases[i].text)) != cases[i].kind)
			fail_msg("%s", cases[i].text);
	assert_int_equal(media_kind((struct str){ 0 }), MEDIA_NONE);
}

static void
test_media_type_parts(void **state)
{
	struct media_type type;

	(void)state;
	assert_true(media_type_parse(STR("text/Plain; x=y; charset=\"a b\""), &type));
	assert_true(str_is(type.name, "text/Plain"));
	assert_true(str_is(type.charset, "a b"));
	assert_true(media_type_parse(STR("text/plain"), &type));
	assert_null(type.charset.data);
}

static void
test_prefer(void **state)
{
	static const struct {
		const char *lines;
		enum prefer_return ret;
		bool rollback;
		int64_t max_affected;
	} cases[] = {
		{ "", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: return=minimal\r\n", PREFER_RETURN_MINIMAL, false, -1 },
		{ "Prefer: return=representation\r\n", PREFER_RETURN_REPRESENTATION, false, -1 },
		{ "Prefer: RETURN = \"minimal\" ; x=y\r\n", PREFER_RETURN_MINIMAL, false, -1 },
		{ "Prefer: tx=rollback\r\n", PREFER_RETURN_DEFAULT, true, -1 },
		{ "Prefer: tx=commit\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: return=minimal, tx=rollback\r\n", PREFER_RETURN_MINIMAL, true, -1 },
		{ "Prefer: return=minimal\r\nPrefer: tx=rollback\r\n", PREFER_RETURN_MINIMAL, true, -1 },
		{ "Prefer: respond-async, wait=10, tx=rollback\r\n", PREFER_RETURN_DEFAULT, true, -1 },
		{ "Prefer: return=minimal, return=representation\r\n", PREFER_RETURN_MINIMAL, false, -1 },
		{ "Prefer: return=minimal\r\nPrefer: return=representation\r\n", PREFER_RETURN_MINIMAL, false, -1 },
		{ "Prefer: return=x, return=minimal\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: max-affected=10\r\n", PREFER_RETURN_DEFAULT, false, 10 },
		{ "Prefer: max-affected=0\r\n", PREFER_RETURN_DEFAULT, false, 0 },
		{ "Prefer: max-affected=-2\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: max-affected=x\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: return\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: returned=minimal\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer:\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: tx=rollback;foo\r\n", PREFER_RETURN_DEFAULT, true, -1 },
		{ "Prefer: tx = rollback ; foo ; bar = \"a\" ;; , return=minimal\r\n", PREFER_RETURN_MINIMAL, true, -1 },
		{ "Prefer: ,, ,tx=rollback,\r\n", PREFER_RETURN_DEFAULT, true, -1 },
		{ "Prefer: =, (, tx=rollback x, return=minimal\r\n", PREFER_RETURN_MINIMAL, false, -1 },
		{ "Prefer: x=\"a,b\", tx=rollback\r\n", PREFER_RETURN_DEFAULT, true, -1 },
		{ "Prefer: x=\"return=minimal\"\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: x; return=minimal\r\n", PREFER_RETURN_DEFAULT, false, -1 },
		{ "Prefer: tx=rollback;\r\n", PREFER_RETURN_DEFAULT, true, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefer prefer = prefer_parse(head_of(cases[i].lines));

		if (prefer.ret != cases[i].ret || prefer.rollback != cases[i].rollback ||
		    prefer.max_affected != cases[i].max_affected)
			fail_msg("%s", cases[i].lines);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_media_kinds),
		cmocka_unit_test(test_media_type_parts),
		cmocka_unit_test(test_prefer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
