#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "http/h1.h"

struct chunked_case {
	const char *bytes;
	size_t size;
	const char *verdict; /* "BODY|REST" when it is read to its end, "bad", or "more" */
};

#define CASE(bytes, verdict) { bytes, sizeof(bytes) - 1, verdict }

static const struct chunked_case cases[] = {
	/* Sizes and data. */
	CASE("0\r\n\r\n", "|"),
	CASE("000\r\n\r\n", "|"),
	CASE("5\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("05\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("a\r\n0123456789\r\n0\r\n\r\n", "0123456789|"),
	CASE("A\r\n0123456789\r\n0\r\n\r\n", "0123456789|"),
	CASE("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n", "hello|"),
	CASE("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n|"),
	CASE("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n|"),
	CASE("0\r\n\r\nGET / HTTP/1.1\r\n", "|GET / HTTP/1.1\r\n"),
	CASE("2\r\nab\r\n0\r\n\r\n\r\n", "ab|\r\n"),
	CASE("", "more"),
	CASE("5", "more"),
	CASE("5\r", "more"),
	CASE("5\r\n", "more"),
	CASE("5\r\nhel", "more"),
	CASE("5\r\nhello", "more"),
	CASE("5\r\nhello\r\n", "more"),
	CASE("5\r\nhello\r\n0\r\n", "more"),
	CASE("5\r\nhello\r\n0\r\n\r", "more"),
	CASE("7fffffffffffffff\r\nx", "more"),
	CASE("8000000000000000\r\nx", "bad"),
	CASE("ffffffffffffffff\r\nx", "bad"),
	CASE("10000000000000000\r\nx", "bad"),
	CASE("10000000000000005\r\nhello\r\n0\r\n\r\n", "bad"),
	CASE("00000000000000005\r\nhello\r\n0\r\n\r\n", "bad"),
	CASE("00000000000000000\r\n\r\n", "bad"),
	CASE("\r\n", "bad"),
	CASE("\r\n5\r\nhello\r\n0\r\n\r\n", "bad"),
	CASE("\n5\r\nhello\r\n", "bad"),
	CASE(" 5\r\nhello\r\n", "bad"),
	CASE("+5\r\nhello\r\n", "bad"),
	CASE("-5\r\nhello\r\n", "bad"),
	CASE("0x5\r\nhello\r\n", "bad"),
	CASE("0X5\r\nhello\r\n", "bad"),
	CASE("x\r\n", "bad"),
	CASE("g\r\n", "bad"),
	CASE("5g\r\nhello\r\n", "bad"),
	CASE("5_0\r\n", "bad"),
	CASE("5.0\r\nhello\r\n", "bad"),
	CASE("5,\r\nhello\r\n", "bad"),
	CASE("5\0\r\nhello\r\n", "bad"),
	CASE("\0" "5\r\nhello\r\n", "bad"),
	CASE("\xd9\xa5\r\nhello\r\n", "bad"),
	CASE(";a\r\n", "bad"),
	CASE("5\r\nhello0\r\n\r\n", "bad"),
	CASE("5\r\nhello!\r\n0\r\n\r\n", "bad"),
	CASE("4\r\nhello\r\n0\r\n\r\n", "bad"),
	CASE("6\r\nhello\r\n0\r\n\r\n", "bad"),
	CASE("5\r\nhello\r\n\r\n0\r\n\r\n", "bad"),

	/* Line ends. */
	CASE("5\nhello\r\n0\r\n\r\n", "bad"),
	CASE("5\rhello\r\n0\r\n\r\n", "bad"),
	CASE("5\r\rhello\r\n0\r\n\r\n", "bad"),
	CASE("5\r\r\nhello\r\n0\r\n\r\n", "bad"),
	CASE("5\n\rhello\r\n0\r\n\r\n", "bad"),
	CASE("5\r\nhello\n0\r\n\r\n", "bad"),
	CASE("5\r\nhello\r0\r\n\r\n", "bad"),
	CASE("5\r\nhello\r\r\n0\r\n\r\n", "bad"),
	CASE("5\r\nhello\r\n0\n\r\n", "bad"),
	CASE("5\r\nhello\r\n0\r\n\n", "bad"),
	CASE("0\r\n\r\r\n", "bad"),
	CASE("0\r\n\rX", "bad"),
	CASE("0\r\r\n\r\n", "bad"),
	CASE("0\n\n", "bad"),

	/* Extensions are checked and dropped. */
	CASE("5;a\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5;a=b\r\nhello\r\n0;c=d\r\n\r\n", "hello|"),
	CASE("5;a=b;c;d=e\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5;a=\"b\"\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5;a=\"b;\\\"c\\\\ \td\";e\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5;a=\"\"\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5 ; a = b\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5\t;\ta\t=\t\"b\"\t;c\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5;a ;b\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5;a=\"\xc3\xa9\"\r\nhello\r\n0\r\n\r\n", "hello|"),
	CASE("5 \r\nhello\r\n", "bad"),
	CASE("5\t\r\nhello\r\n", "bad"),
	CASE("5 5\r\nhello\r\n", "bad"),
	CASE("5;\r\nhello\r\n", "bad"),
	CASE("5;;a\r\nhello\r\n", "bad"),
	CASE("5; \r\nhello\r\n", "bad"),
	CASE("5;a \r\nhello\r\n", "bad"),
	CASE("5;a=\r\nhello\r\n", "bad"),
	CASE("5;a=b \r\nhello\r\n", "bad"),
	CASE("5;a=b c\r\nhello\r\n", "bad"),
	CASE("5;a b\r\nhello\r\n", "bad"),
	CASE("5;a==b\r\nhello\r\n", "bad"),
	CASE("5;=b\r\nhello\r\n", "bad"),
	CASE("5;a=\"b\r\nhello\r\n", "bad"),
	CASE("5;a=\"b\\\r\nhello\r\n", "bad"),
	CASE("5;a=\"b\"c\r\nhello\r\n", "bad"),
	CASE("5;a=\"b\nc\"\r\nhello\r\n", "bad"),
	CASE("5;a\nhello\r\n0\r\n\r\n", "bad"),
	CASE("5;a\n\r\nhello\r\n", "bad"),
	CASE("5;a=b\nhello\r\n0\r\n\r\n", "bad"),
	CASE("5;a\rb\r\nhello\r\n", "bad"),
	CASE("5;a=\0\r\nhello\r\n", "bad"),
	CASE("5;a=\"\0\"\r\nhello\r\n", "bad"),
	CASE("5;a=\"\x7f\"\r\nhello\r\n", "bad"),
	CASE("5;\xc3\xa9\r\nhello\r\n", "bad"),

	/* So are trailers. */
	CASE("0\r\nX: y\r\n\r\n", "|"),
	CASE("0\r\nX:\r\nY: z\r\n\r\n", "|"),
	CASE("1\r\na\r\n0\r\nX: \xc3\xa9\t\r\n\r\nrest", "a|rest"),
	CASE("0\r\nContent-Length: 5\r\n\r\n", "|"),
	CASE("0\r\nX: y\r\n", "more"),
	CASE("0\r\nX", "more"),
	CASE("0\r\nX\r\n\r\n", "bad"),
	CASE("0\r\n: y\r\n\r\n", "bad"),
	CASE("0\r\nX : y\r\n\r\n", "bad"),
	CASE("0\r\n X: y\r\n\r\n", "bad"),
	CASE("0\r\nX: y\r\n z\r\n\r\n", "bad"),
	CASE("0\r\nX: y\nZ: w\r\n\r\n", "bad"),
	CASE("0\r\nX: y\rZ: w\r\n\r\n", "bad"),
	CASE("0\r\nX: y\0\r\n\r\n", "bad"),
	CASE("0\r\nX: \x7f\r\n\r\n", "bad"),
	CASE("0\r\nGET / HTTP/1.1\r\n\r\n", "bad"),
};

/* Decode ${bytes} in pieces that end at ${first} and then every ${step} bytes. */
static void
decode(struct str bytes, size_t first, size_t step, struct buf *ret)
{
	struct h1_chunked chunked = { 0 };
	size_t at = 0, end = first;
	bool done = false;

	for (; !done && at < bytes.size; end += step) {
		size_t size = (end < bytes.size ? end : bytes.size) - at, decoded, consumed;
		char *piece = memory_new(size == 0 ? 1 : size);
		enum err err;

		memcpy(piece, bytes.data + at, size);
		err = h1_chunked_decode(&chunked, piece, size, &decoded, &consumed, &done);
		if (err == OK)
			buf_add(ret, piece, decoded);
		free(piece);
		if (err != OK) {
			assert_int_equal(err, ERR_BAD_REQUEST);
			buf_clear(ret);
			buf_add_c(ret, "bad");
			return;
		}
		assert_true(decoded <= consumed && (done || consumed == size));
		at += consumed;
	}
	if (!done)
		buf_clear(ret);
	buf_add_c(ret, done ? "|" : "more");
	buf_add_str(ret, str_slice(bytes, done ? at : bytes.size, bytes.size));
}

static void
expect(const struct chunked_case *c, size_t first, size_t step)
{
	struct buf buf;

	buf_init(&buf, 1 << 20);
	decode((struct str){ c->bytes, c->size }, first, step, &buf);
	if (!str_is(buf_str(&buf), c->verdict))
		fail_msg("case %zu, cut at %zu and every %zu bytes: %.*s\ngives %.*s\nnot   %s",
		    (size_t)(c - cases), first, step, (int)c->size, c->bytes,
		    STR_ARGS(buf_str(&buf)), c->verdict);
	buf_release(&buf);
}

static void
test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(&cases[i], cases[i].size, 1);
}

static void
test_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(&cases[i], 1, 1);
}

static void
test_split_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t split = 0; split <= cases[i].size; split++)
			expect(&cases[i], split, cases[i].size + 1);
}

static const char *
verdict_on(struct buf *text)
{
	static char verdict[16];
	struct buf ret;

	buf_init(&ret, 1 << 20);
	decode(buf_str(text), text->size, 1, &ret);
	memset(verdict, 0, sizeof(verdict));
	memcpy(verdict, ret.data, ret.size < 15 ? ret.size : 15);
	buf_release(&ret);
	buf_clear(text);
	return verdict;
}

/* Many small extensions count as one large one. */
static void
test_extra_limit(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_add_c(&text, "1\r\nx\r\n");
	buf_add_c(&text, "0\r\n\r\n");
	assert_string_equal(verdict_on(&text), "xxxxxxxxxxxxxxx");
	for (int i = 0; i < 1000; i++)
		buf_add_c(&text, "1;abcdefg\r\nx\r\n");
	assert_string_equal(verdict_on(&text), "bad");
	buf_add_c(&text, "0\r\nX: ");
	for (int i = 0; i < 4000; i++)
		buf_add_byte(&text, 'x');
	buf_add_c(&text, "\r\n\r\n");
	assert_string_equal(verdict_on(&text), "|");
	buf_add_c(&text, "0\r\nX: ");
	for (int i = 0; i < 5000; i++)
		buf_add_byte(&text, 'x');
	assert_string_equal(verdict_on(&text), "bad");
	buf_add_c(&text, "0;");
	for (int i = 0; i < 5000; i++)
		buf_add_byte(&text, 'x');
	assert_string_equal(verdict_on(&text), "bad");
	buf_release(&text);
}

/* Once bad is bad for ever, and behind the end nothing is read. */
static void
test_stays_ended(void **state)
{
	struct h1_chunked chunked = { 0 };
	char bad[] = "x", good[] = "0\r\n\r\n", more[] = "5\r\n";
	size_t decoded, consumed;
	bool done;

	(void)state;
	assert_int_equal(h1_chunked_decode(&chunked, bad, 1, &decoded, &consumed, &done),
	    ERR_BAD_REQUEST);
	assert_int_equal(h1_chunked_decode(&chunked, good, 5, &decoded, &consumed, &done),
	    ERR_BAD_REQUEST);
	chunked = (struct h1_chunked){ 0 };
	assert_int_equal(h1_chunked_decode(&chunked, good, 5, &decoded, &consumed, &done), OK);
	assert_true(done);
	assert_int_equal(h1_chunked_decode(&chunked, more, 3, &decoded, &consumed, &done), OK);
	assert_true(done && consumed == 0 && decoded == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_split_everywhere),
		cmocka_unit_test(test_extra_limit),
		cmocka_unit_test(test_stays_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
