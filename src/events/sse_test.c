/* Server-sent events as bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "events/sse.h"

static void
assert_text(struct buf *buf, const char *expected)
{
	assert_int_equal(buf->err, OK);
	buf_add_byte(buf, '\0');
	assert_string_equal(buf->data, expected);
	buf_release(buf);
}

static void
test_events(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1024);
	sse_event(&buf, "entered", STR("{\"id\":1}"));
	sse_end(&buf);
	sse_event(&buf, "left", STR("{\"id\":2}"));
	sse_id(&buf, INT64_C(1) << 48);
	sse_end(&buf);
	assert_text(&buf, "event: entered\ndata: {\"id\":1}\n\n"
			  "event: left\ndata: {\"id\":2}\nid: 281474976710656\n\n");
}

static void
test_the_rest(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1024);
	sse_comment(&buf, "live");
	sse_retry(&buf, 1000);
	sse_id(&buf, 0);
	sse_end(&buf);
	assert_text(&buf, ": live\nretry: 1000\nid: 0\n\n");
}

static void
test_limit(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 16);
	sse_event(&buf, "entered", STR("{\"id\":1}"));
	assert_int_equal(buf.err, ERR_TOO_LARGE);
	buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
