#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/utf8.h"

/* The model: decode by the leading ones, then ask whether the number belongs in so many bytes. */
static size_t
model_sequence(const unsigned char *bytes, size_t size)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t ones = 0;
	uint32_t code_point;

	while (ones < 8 && (bytes[0] & 0x80 >> ones) != 0)
		ones++;
	if (ones == 0)
		return 1;
	if (ones == 1 || ones > 4 || ones > size)
		return 0;
	code_point = bytes[0] & (0x7Fu >> ones);
	for (size_t i = 1; i < ones; i++) {
		if (bytes[i] >> 6 != 2)
			return 0;
		code_point = code_point << 6 | (bytes[i] & 0x3Fu);
	}
	if (code_point < smallest[ones] || code_point > 0x10FFFF || code_point >> 11 == 0x1B)
		return 0;
	return ones;
}

static size_t
model_check(const unsigned char *bytes, size_t size)
{
	size_t at = 0, step;

	while (at < size && (step = model_sequence(bytes + at, size - at)) > 0)
		at += step;
	return at;
}

static void
assert_like_model(const unsigned char *bytes, size_t size)
{
	size_t got = utf8_check((struct str){ (const char *)bytes, size });

	if (got != model_check(bytes, size)) {
		for (size_t i = 0; i < size; i++)
			printf("%02X ", bytes[i]);
		printf(": %zu\n", got);
	}
	assert_int_equal(got, model_check(bytes, size));
}

static void
all_sequences_of_up_to_three_bytes(void **state)
{
	unsigned char bytes[3];

	(void)state;
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			bytes[0] = (unsigned char)first;
			bytes[1] = (unsigned char)second;
			assert_like_model(bytes, 1);
			assert_like_model(bytes, 2);
			for (unsigned third = 0; third < 256 && first >= 0xC0 && second >= 0x70;
			     third++) {
				bytes[2] = (unsigned char)third;
				assert_like_model(bytes, 3);
			}
		}
}

static void
sequences_of_four_bytes_at_the_borders(void **state)
{
	static const unsigned char borders[] = { 0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
		0xC0, 0xFF };
	unsigned char bytes[4];

	(void)state;
	for (unsigned first = 0xE0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++)
			for (size_t i = 0; i < sizeof(borders); i++)
				for (size_t j = 0; j < sizeof(borders); j++) {
					bytes[0] = (unsigned char)first;
					bytes[1] = (unsigned char)second;
					bytes[2] = borders[i];
					bytes[3] = borders[j];
					assert_like_model(bytes, 4);
				}
}

static void
all_code_points_are_written_and_valid(void **state)
{
	(void)state;
	for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
		char bytes[4];
		size_t size;
		struct str str;

		if (code_point >= 0xD800 && code_point <= 0xDFFF)
			continue;
		size = utf8_put(bytes, code_point);
		str = (struct str){ bytes, size };
		if (utf8_check(str) != size || utf8_length(str) != 1 ||
		    model_sequence((const unsigned char *)bytes, size) != size)
			fail_msg("U+%04X", code_point);
		if (size > 1 && utf8_check(str_slice(str, 0, size - 1)) != 0)
			fail_msg("U+%04X cut", code_point);
	}
}

/* The fast way through ASCII ends at the right byte wherever the other byte stands. */
static void
the_first_bad_byte_is_found_at_each_place(void **state)
{
	char text[64];

	(void)state;
	for (size_t size = 1; size <= sizeof(text); size++)
		for (size_t at = 0; at < size; at++) {
			struct str str = { text, size };

			memset(text, 'a', sizeof(text));
			assert_int_equal(utf8_check(str), size);
			assert_int_equal(utf8_length(str), size);
			text[at] = (char)0xFF;
			assert_int_equal(utf8_check(str), at);
			text[at] = (char)0xC3;
			assert_int_equal(utf8_check(str), at);
			if (at + 1 == size)
				continue;
			text[at + 1] = (char)0xA9;
			assert_int_equal(utf8_check(str), size);
			assert_int_equal(utf8_length(str), size - 1);
		}
}

static void
nothing_is_valid(void **state)
{
	(void)state;
	assert_int_equal(utf8_check((struct str){ 0 }), 0);
	assert_int_equal(utf8_length((struct str){ 0 }), 0);
	assert_int_equal(utf8_length(STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")), 4);
}

static void
a_cut_keeps_whole_code_points(void **state)
{
	struct str text = STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
	static const size_t sizes[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct str cut = utf8_cut(text, i);

		assert_ptr_equal(cut.data, text.data);
		assert_int_equal(cut.size, sizes[i]);
	}
	assert_int_equal(utf8_cut((struct str){ 0 }, 0).size, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sequences_of_up_to_three_bytes),
		cmocka_unit_test(sequences_of_four_bytes_at_the_borders),
		cmocka_unit_test(all_code_points_are_written_and_valid),
		cmocka_unit_test(the_first_bad_byte_is_found_at_each_place),
		cmocka_unit_test(nothing_is_valid),
		cmocka_unit_test(a_cut_keeps_whole_code_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
