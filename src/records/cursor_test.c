/* Cursors: what is written is read again, and nothing else is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "records/cursor.h"

static const struct cursor_key keys[] = {
	{ VALUE_TEXT, true },
	{ VALUE_INT, false },
	{ VALUE_BOOL, false },
	{ VALUE_TIME, true },
	{ VALUE_UUID, false },
};
static const struct str secret = { "secret", 6 };
static const uint64_t shape = 0x0123456789abcdef;

static void
example(struct value values[5])
{
	values[0] = value_text(STR("\xc3\xa9 and \xf0\x9f\x98\x80"));
	values[1] = value_int(INT64_MIN);
	values[2] = value_bool(true);
	values[3] = value_time(-1);
	values[4] = value_uuid((struct uuid){ { 1, 2, 255 } });
}

static enum cursor_verdict
read_back(struct str text, struct str with, uint64_t of, struct value ret[5])
{
	struct arena arena;
	enum cursor_verdict verdict;

	arena_init(&arena, 1 << 16);
	verdict = cursor_read(&arena, text, with, of, keys, COUNT(keys), ret);
	arena_release(&arena);
	return verdict;
}

static void
what_was_written_is_read(void **state)
{
	struct value values[5], found[5];
	struct arena arena;
	struct buf text;

	(void)state;
	example(values);
	for (int nulls = 0; nulls < 4; nulls++) {
		buf_init(&text, 4096);
		arena_init(&arena, 1 << 16);
		if (nulls & 1)
			values[0] = value_null();
		if (nulls & 2)
			values[3] = value_null();
		cursor_write(&text, secret, shape, values, COUNT(values));
		assert_int_equal(
		    cursor_read(&arena, buf_str(&text), secret, shape, keys, COUNT(keys), found),
		    CURSOR_GOOD);
		for (size_t i = 0; i < COUNT(values); i++)
			assert_true(value_equal(&values[i], &found[i]));
		arena_release(&arena);
		buf_release(&text);
		example(values);
	}
}

static void
an_empty_text_is_no_null(void **state)
{
	struct value values[5], found[5];
	struct buf text;

	(void)state;
	example(values);
	values[0] = value_text((struct str){ 0 });
	buf_init(&text, 4096);
	cursor_write(&text, secret, shape, values, COUNT(values));
	assert_int_equal(read_back(buf_str(&text), secret, shape, found), CURSOR_GOOD);
	assert_int_equal(found[0].kind, VALUE_TEXT);
	assert_int_equal(found[0].text.size, 0);
	buf_release(&text);
}

static void
no_byte_may_be_altered(void **state)
{
	struct value values[5], found[5];
	struct buf text;

	(void)state;
	example(values);
	buf_init(&text, 4096);
	cursor_write(&text, secret, shape, values, COUNT(values));
	for (size_t i = 0; i < text.size; i++) {
		char was = text.data[i];

		for (int byte = 0; byte < 256; byte++) {
			text.data[i] = (char)byte;
			assert_int_equal(read_back(buf_str(&text), secret, shape, found),
			    (char)byte == was ? CURSOR_GOOD : CURSOR_BROKEN);
		}
		text.data[i] = was;
		assert_int_equal(read_back(str_slice(buf_str(&text), 0, i), secret, shape, found),
		    CURSOR_BROKEN);
	}
	buf_add_c(&text, "AAAA");
	assert_int_equal(read_back(buf_str(&text), secret, shape, found), CURSOR_BROKEN);
	buf_release(&text);
}

static void
another_secret_or_list_is_refused(void **state)
{
	struct value values[5], found[5];
	struct buf text;

	(void)state;
	example(values);
	buf_init(&text, 4096);
	cursor_write(&text, secret, shape, values, COUNT(values));
	assert_int_equal(read_back(buf_str(&text), STR("secrez"), shape, found), CURSOR_BROKEN);
	assert_int_equal(read_back(buf_str(&text), secret, shape + 1, found), CURSOR_FOREIGN);
	buf_release(&text);
}

/* Sealed by us, yet not of these keys: an app file changed meanwhile. */
static void
values_of_other_kinds_are_refused(void **state)
{
	struct value values[6], found[5];
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	example(values);
	values[1] = value_null();
	cursor_write(&text, secret, shape, values, 5);
	assert_int_equal(read_back(buf_str(&text), secret, shape, found), CURSOR_BROKEN);
	buf_clear(&text);
	example(values);
	values[1] = value_time(1);
	cursor_write(&text, secret, shape, values, 5);
	assert_int_equal(read_back(buf_str(&text), secret, shape, found), CURSOR_BROKEN);
	buf_clear(&text);
	example(values);
	cursor_write(&text, secret, shape, values, 4);
	assert_int_equal(read_back(buf_str(&text), secret, shape, found), CURSOR_BROKEN);
	buf_clear(&text);
	values[5] = value_int(1);
	cursor_write(&text, secret, shape, values, 6);
	assert_int_equal(read_back(buf_str(&text), secret, shape, found), CURSOR_BROKEN);
	buf_clear(&text);
	values[0] = value_text(STR("\xff"));
	cursor_write(&text, secret, shape, values, 5);
	assert_int_equal(read_back(buf_str(&text), secret, shape, found), CURSOR_BROKEN);
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(an_empty_text_is_no_null),
		cmocka_unit_test(no_byte_may_be_altered),
		cmocka_unit_test(another_secret_or_list_is_refused),
		cmocka_unit_test(values_of_other_kinds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
