#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "http/etag.h"
#include "http/response.h"

#define NOSNIFF "X-Content-Type-Options: nosniff\r\n"
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static void
expect(struct buf *buf, const char *text)
{
	assert_int_equal(buf->err, OK);
	buf_add_byte(buf, 0);
	assert_string_equal(buf->data, text);
	buf_clear(buf);
}

static void
test_heads(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	response_begin(&buf, 201, STR(DATE));
	response_etag(&buf, 42);
	response_field(&buf, STR("Location"), STR("/v1/x/1"));
	response_field_int(&buf, STR("Caisson-Commit"), 42);
	response_content(&buf, STR("application/json"), 2);
	response_close(&buf);
	response_end(&buf);
	expect(&buf, "HTTP/1.1 201 Created\r\n" NOSNIFF "Date: " DATE "\r\nETag: \"42\"\r\nLocation: /v1/x/1\r\n"
		     "Caisson-Commit: 42\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
		     "Connection: close\r\n\r\n");
	response_begin(&buf, 204, (struct str){ 0 });
	response_end(&buf);
	expect(&buf, "HTTP/1.1 204 No Content\r\n" NOSNIFF "\r\n");
	response_begin(&buf, 200, (struct str){ 0 });
	response_content(&buf, (struct str){ 0 }, 0);
	response_field(&buf, STR("Allow"), STR(""));
	response_end(&buf);
	expect(&buf, "HTTP/1.1 200 OK\r\n" NOSNIFF "Content-Length: 0\r\nAllow: \r\n\r\n");
	response_continue(&buf);
	expect(&buf, "HTTP/1.1 100 Continue\r\n\r\n");
	buf_release(&buf);
}

static void
test_chunks(void **state)
{
	static const char seventeen[] = "0123456789abcdefg";
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	response_begin(&buf, 200, (struct str){ 0 });
	response_chunked(&buf, STR("text/event-stream"));
	response_end(&buf);
	response_chunk(&buf, STR("abc"));
	response_chunk(&buf, STR(""));
	response_chunk(&buf, str_from(seventeen));
	response_last_chunk(&buf);
	expect(&buf, "HTTP/1.1 200 OK\r\n" NOSNIFF "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked"
		     "\r\n\r\n3\r\nabc\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n");
	buf_release(&buf);
}

static void
test_numbers(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	response_field_int(&buf, STR("A"), 0);
	response_field_int(&buf, STR("B"), INT64_MAX);
	response_field_int(&buf, STR("C"), INT64_MIN);
	expect(&buf, "A: 0\r\nB: 9223372036854775807\r\nC: -9223372036854775808\r\n");
	buf_release(&buf);
}

/* No value ends its field and begins another one. */
static void
test_injection(void **state)
{
	const struct str values[] = { STR("a\r\nSet-Cookie: b"), STR("a\r"), STR("\n"),
		STR("a\0b"), STR("a\x7f"), STR("0123456789\r\n\r\nHTTP/1.1 200 OK") };
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	for (size_t i = 0; i < COUNT(values); i++) {
		buf_clear(&buf);
		response_field(&buf, STR("Location"), values[i]);
		response_end(&buf);
		assert_int_equal(buf.err, ERR_INTERNAL);
		assert_int_equal(buf.size, 0);
	}
	buf_clear(&buf);
	response_field(&buf, STR("X"), STR("a\tb \xc3\xa9"));
	expect(&buf, "X: a\tb \xc3\xa9\r\n");
	buf_release(&buf);
}

static void
test_limit(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 20);
	response_begin(&buf, 200, STR(DATE));
	response_field(&buf, STR("X"), STR("y"));
	response_end(&buf);
	assert_int_equal(buf.err, ERR_TOO_LARGE);
	buf_release(&buf);
}

/* Every error can be answered. */
static void
test_every_error_has_a_status(void **state)
{
	(void)state;
	for (int err = OK + 1; err < ERR_COUNT; err++)
		assert_non_null(response_reason(err_row((enum err)err)->status).data);
	assert_true(str_is(response_reason(200), "OK"));
	assert_true(str_is(response_reason(404), "Not Found"));
	assert_null(response_reason(299).data);
}

static void
test_etags(void **state)
{
	static const char *const foreign[] = { "", "\"\"", "\"", "5", "\"5", "5\"", "\"05\"", "\"5.\"",
		"\".h\"", "\"x\"", "\"5x\"", "\"+5\"", "W/\"5\"", "\"9223372036854775808\"", "\" 5\"" };
	struct buf buf;
	int64_t number = 0;

	(void)state;
	buf_init(&buf, 100);
	etag_add(&buf, 17);
	assert_true(etag_number(buf_str(&buf), &number) && number == 17);
	etag_add_shape(&buf, 18, STR("ab"));
	expect(&buf, "\"17\"\"18.ab\"");
	assert_true(etag_number(STR("\"18.ab\""), &number) && number == 18);
	assert_true(etag_number(STR("\"0\""), &number) && number == 0);
	for (size_t i = 0; i < COUNT(foreign); i++)
		assert_false(etag_number(str_from(foreign[i]), &number));
	buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_every_error_has_a_status),
		cmocka_unit_test(test_etags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
