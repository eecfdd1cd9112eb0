#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/address.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static void
emails(void **state)
{
	static const char *const good[] = { "a@b", "ann@example.org", "a.b+c@x-y.example",
		"!#$%&'*+/=?^_`{|}~-@a.b.c", ".@a", "a..b@c", "1@2", ("a@" LABEL_63), "A@B.C" };
	static const char *const bad[] = { "", "@", "a", "a@", "@a", "a@@b", "a@b@c", "a b@c",
		"a@b c", " a@b", "a@b ", "a@-b", "a@b-", "a@b.", "a@.b", "a@b..c", "a@b_c",
		"\"a\"@b", "a@[1.2.3.4]", "a,b@c", ("a@" LABEL_63 "x"), "\xc3\xa9@b", "a@\xc3\xa9",
		"a@b\n", "a(c)@b", "<a@b>", "a@b>" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!email_check(str_from(good[i])))
			fail_msg("'%s' is one", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (email_check(str_from(bad[i])))
			fail_msg("'%s' is none", bad[i]);
	assert_false(email_check((struct str){ "a\0b@c", 5 }));
}

static void
urls(void **state)
{
	static const char *const good[] = { "http://a", "https://a/",
		"HTTPS://Example.ORG:8080/a/b?c=d&e#f", "http://user:pass@host/",
		"http://[::1]:80/", "http://127.0.0.1", "http://a?b", "http://a#b",
		"http://a/%20%C3%A9", "http://a:/", "http://xn--tda.example/", "http://a/b:c@d;e,f",
		"https://a.b-c.d/~x/(y)!'*" };
	static const char *const bad[] = { "", "http", "http:", "http:/", "http://", "http:///a",
		"http://?a", "http://#a", "http://:80/", "http://@/", "ftp://a/",
		"javascript:alert(1)", "//a/b", "/a", "a.b/c", "mailto:a@b", "http:a", "http:\\\\a",
		"http://a\\b", "http://a b/", "http://a/b c", " http://a", "http://a ",
		"http://a/\n", "http://a/\x7f", "http://a/%", "http://a/%2", "http://a/%zz",
		"http://a:b/", "http://a:65536/", "http://a:-1/", "http://[::1", "http://[]/",
		"http://[g]/", "http://a/<b>", "http://a/\"", "http://a/{b}", "http://a/|",
		"http://a/^", "http://a/`", "http://a#b#c", "http://a@b@c/",
		"http://\xc3\xbc.example/", "http://a/\xe2\x82\xac", "http://a/\xc2\xa0",
		"http://a/\xc2\x85", "xhttp://a", "https ://a" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!url_check(str_from(good[i])))
			fail_msg("'%s' is one", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (url_check(str_from(bad[i])))
			fail_msg("'%s' is none", bad[i]);
	assert_false(url_check((struct str){ "http://a/\0b", 11 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(emails), cmocka_unit_test(urls) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
