#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/test_random.h"

static void
what_is_added_stands_in_order(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	buf_add(&buf, NULL, 0);
	buf_add(&buf, "ab\0", 3);
	buf_add_str(&buf, STR("cd"));
	buf_add_str(&buf, (struct str){ 0 });
	buf_add_c(&buf, "ef");
	buf_add_byte(&buf, 'g');
	buf_add_int(&buf, -12);
	buf_addf(&buf, "%s=%d", "h", 3);
	buf_addf(&buf, "%s", "");
	assert_true(str_equal(buf_str(&buf), STR("ab\0cdefg-12h=3")));
	assert_int_equal(buf.err, OK);
	buf_release(&buf);
	assert_int_equal(buf.size, 0);
	buf_add_c(&buf, "again");
	assert_true(str_is(buf_str(&buf), "again"));
	buf_release(&buf);
	buf_release(&buf);
}

static void
cutting_and_consuming(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	buf_add_c(&buf, "0123456789");
	buf_truncate(&buf, 8);
	buf_consume(&buf, 3);
	assert_true(str_is(buf_str(&buf), "34567"));
	buf_consume(&buf, 0);
	buf_consume(&buf, 5);
	assert_int_equal(buf.size, 0);
	buf_add_c(&buf, "x");
	assert_true(str_is(buf_str(&buf), "x"));
	buf_release(&buf);
}

static void
room_is_counted_when_it_was_used(void **state)
{
	struct buf buf;
	char *room;

	(void)state;
	buf_init(&buf, 1000);
	assert_non_null(buf_room(&buf, 0)); /* NULL is for errors only */
	buf_add_c(&buf, "a");
	room = buf_room(&buf, 900);
	assert_non_null(room);
	memset(room, 'b', 900);
	assert_true(str_is(buf_str(&buf), "a"));
	buf_grew(&buf, 2);
	assert_true(str_is(buf_str(&buf), "abb"));
	buf_release(&buf);
}

static void
integers_are_decimal(void **state)
{
	uint64_t random = 8;
	char expected[32];
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	for (int i = 0; i < 10000; i++) {
		int64_t integer = (int64_t)test_random(&random) >> test_random_below(&random, 64);

		integer = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : i == 2 ? 0 : integer;
		buf_clear(&buf);
		buf_add_int(&buf, integer);
		sprintf(expected, "%" PRId64, integer);
		assert_true(str_is(buf_str(&buf), expected));
	}
	buf_release(&buf);
}

static void
the_limit_is_an_error_that_stays(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 5);
	buf_add_c(&buf, "abc");
	buf_add_c(&buf, "def");
	assert_int_equal(buf.err, ERR_TOO_LARGE);
	buf_add_c(&buf, "g");
	buf_add_int(&buf, 1);
	buf_addf(&buf, "%d", 1);
	assert_null(buf_room(&buf, 1));
	assert_true(str_is(buf_str(&buf), "abc"));
	buf_clear(&buf);
	assert_int_equal(buf.err, OK);
	buf_add_c(&buf, "abcde");
	assert_int_equal(buf.err, OK);
	assert_true(str_is(buf_str(&buf), "abcde"));
	buf_add_byte(&buf, 'f');
	assert_int_equal(buf.err, ERR_TOO_LARGE);
	buf_release(&buf);
}

static void
sizes_beyond_everything_are_too_large(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, SIZE_MAX / 4);
	buf_add_c(&buf, "abc");
	assert_null(buf_room(&buf, SIZE_MAX));
	assert_int_equal(buf.err, ERR_TOO_LARGE);
	assert_int_equal(buf.size, 3);
	buf_release(&buf);
}

static void
it_grows_as_it_must(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < 100000; i++)
		buf_add_byte(&buf, (char)(i * 7));
	assert_int_equal(buf.size, 100000);
	for (size_t i = 0; i < 100000; i++)
		assert_true(buf.data[i] == (char)(i * 7));
	buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_stands_in_order),
		cmocka_unit_test(cutting_and_consuming),
		cmocka_unit_test(room_is_counted_when_it_was_used),
		cmocka_unit_test(integers_are_decimal),
		cmocka_unit_test(the_limit_is_an_error_that_stays),
		cmocka_unit_test(sizes_beyond_everything_are_too_large),
		cmocka_unit_test(it_grows_as_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
