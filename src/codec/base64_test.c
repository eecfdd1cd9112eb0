#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/test_random.h"
#include "codec/base64.h"

static void
known_pairs(void **state)
{
	/* RFC 4648 10, without the padding. */
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" }, { "\xFB\xEF\xBE", "----" }, { "\xFF\xFF\xFF", "____" },
		{ "\xFF", "_w" } };
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		buf_clear(&buf);
		base64url_encode(&buf, pairs[i][0], strlen(pairs[i][0]));
		assert_true(str_is(buf_str(&buf), pairs[i][1]));
		buf_clear(&buf);
		assert_true(base64url_decode(&buf, str_from(pairs[i][1])));
		assert_true(str_is(buf_str(&buf), pairs[i][0]));
	}
	buf_release(&buf);
}

static void
foreign_texts_are_refused(void **state)
{
	static const char *const texts[] = { "A", "Zg==", "Zg=", "Zm9vYg==", "Zm9vZ", "Zm9v ",
		" Zm9v", "Zm 9v", "Zm9v\n", "Zm+v", "Zm/v", "Zm.v", "Zh", "Zn", "Z_", "Zm9", "Zm-",
		"=", "====", "\xC3\xA9", "Zm\x80v" };
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_add_c(&buf, "before");
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (base64url_decode(&buf, str_from(texts[i])))
			printf("%s was taken\n", texts[i]);
		assert_true(str_is(buf_str(&buf), "before"));
		assert_int_equal(buf.err, OK);
	}
	assert_false(base64url_decode(&buf, STR("Zm9v\0Zm9")));
	buf_release(&buf);
}

/* Each byte of a group of two to four characters: exactly the texts that encoding makes are taken. */
static void
one_text_for_each_run_of_bytes(void **state)
{
	struct buf bytes, again;
	size_t taken = 0;

	(void)state;
	buf_init(&bytes, 100);
	buf_init(&again, 100);
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			char text[2] = { (char)first, (char)second };

			buf_clear(&bytes);
			buf_clear(&again);
			if (!base64url_decode(&bytes, (struct str){ text, 2 }))
				continue;
			base64url_encode(&again, bytes.data, bytes.size);
			assert_int_equal(again.size, 2);
			assert_memory_equal(again.data, text, 2);
			taken++;
		}
	assert_int_equal(taken, 256);
	buf_release(&bytes);
	buf_release(&again);
}

static void
random_bytes_return_as_they_were(void **state)
{
	struct buf text, back;
	uint64_t random = 5;

	(void)state;
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	for (int i = 0; i < 20000; i++) {
		unsigned char bytes[64];
		size_t size = test_random_below(&random, sizeof(bytes) + 1);

		for (size_t j = 0; j < size; j++)
			bytes[j] = (unsigned char)test_random(&random);
		buf_clear(&text);
		buf_clear(&back);
		base64url_encode(&text, bytes, size);
		assert_int_equal(text.size, (size * 8 + 5) / 6);
		assert_true(base64url_decode(&back, buf_str(&text)));
		assert_true(str_equal(buf_str(&back), (struct str){ (const char *)bytes, size }));
	}
	buf_release(&text);
	buf_release(&back);
}

static void
the_buf_limit_is_kept(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 3);
	base64url_encode(&buf, "foo", 3);
	assert_int_equal(buf.err, ERR_TOO_LARGE);
	assert_int_equal(buf.size, 0);
	buf_clear(&buf);
	assert_false(base64url_decode(&buf, STR("Zm9vYg")));
	assert_int_equal(buf.err, ERR_TOO_LARGE);
	buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_pairs),
		cmocka_unit_test(foreign_texts_are_refused),
		cmocka_unit_test(one_text_for_each_run_of_bytes),
		cmocka_unit_test(random_bytes_return_as_they_were),
		cmocka_unit_test(the_buf_limit_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
