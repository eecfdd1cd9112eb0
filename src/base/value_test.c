#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/test_random.h"
#include "base/value.h"

static struct uuid
uuid_of(const char *text)
{
	struct uuid uuid;

	assert_true(uuid_parse(str_from(text), &uuid));
	return uuid;
}

static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

static void
assert_ascending(const struct value *values, int count)
{
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++) {
			assert_int_equal(sign(value_compare(&values[i], &values[j])), sign(i - j));
			assert_int_equal(value_equal(&values[i], &values[j]), i == j);
		}
}

static void
each_kind_has_its_order_and_null_is_first(void **state)
{
	struct value bools[] = { value_null(), value_bool(false), value_bool(true) };
	struct value ints[] = { value_null(), value_int(INT64_MIN), value_int(-1), value_int(0),
		value_int(1), value_int(INT64_MAX) };
	struct value times[] = { value_null(), value_time(-1), value_time(0), value_time(1) };
	struct value reals[] = { value_null(), value_real(-1e300), value_real(-0.5), value_real(0),
		value_real(5e-324), value_real(1e300) };
	struct value texts[] = { value_null(), value_text(STR("")), value_text(STR("A")),
		value_text(STR("a")), value_text(STR("aa")), value_text(STR("b")),
		value_text(STR("\xC3\xA9")) };
	struct value uuids[] = { value_null(),
		value_uuid(uuid_of("00000000-0000-0000-0000-000000000000")),
		value_uuid(uuid_of("00000000-0000-0000-0000-000000000001")),
		value_uuid(uuid_of("7f000000-0000-0000-0000-000000000000")),
		value_uuid(uuid_of("80000000-0000-0000-0000-000000000000")) };

	(void)state;
	assert_ascending(bools, COUNT(bools));
	assert_ascending(ints, COUNT(ints));
	assert_ascending(times, COUNT(times));
	assert_ascending(reals, COUNT(reals));
	assert_ascending(texts, COUNT(texts));
	assert_ascending(uuids, COUNT(uuids));
}

static void
other_kinds_are_never_equal(void **state)
{
	struct value integer = value_int(0), time = value_time(0), boolean = value_bool(false),
		     null = value_null();

	(void)state;
	assert_false(value_equal(&integer, &time));
	assert_false(value_equal(&integer, &boolean));
	assert_false(value_equal(&integer, &null));
	assert_false(value_equal(&null, &boolean));
	assert_true(value_equal(&null, &null));
}

static void
uuids_are_read_in_either_case(void **state)
{
	struct uuid uuid = uuid_of("018F3a1e-0000-7000-8000-00000000AbCd");
	char text[UUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(uuid.bytes[0], 0x01);
	assert_int_equal(uuid.bytes[1], 0x8F);
	assert_int_equal(uuid.bytes[15], 0xCD);
	uuid_format(&uuid, text);
	assert_memory_equal(text, "018f3a1e-0000-7000-8000-00000000abcd", UUID_TEXT_SIZE);
}

static void
other_texts_are_no_uuids(void **state)
{
	static const char *const texts[] = { "", "-", "018f3a1e000070008000000000000000",
		"018f3a1e-0000-7000-8000-00000000abc", "018f3a1e-0000-7000-8000-00000000abcde",
		"018f3a1g-0000-7000-8000-00000000abcd", "018f3a1e00000-7000-8000-00000000abcd",
		"018f3a1-e0000-7000-8000-00000000abcd", "{18f3a1e-0000-7000-8000-00000000abc}",
		" 18f3a1e-0000-7000-8000-00000000abcd", "018f3a1e-0000-7000-8000-00000000abc\n",
		"018f3a1e-0000-7000-8000-000000\xC3\xA9xbcd",
		"018f3a1e--000-7000-8000-00000000abcd", "018f3a1e+0000+7000+8000+00000000abcd" };
	struct uuid uuid = { .bytes = { 77 } };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(uuid_parse(str_from(texts[i]), &uuid));
	assert_int_equal(uuid.bytes[0], 77);
}

static void
random_uuids_return_in_the_order_of_their_text(void **state)
{
	struct uuid before = { 0 }, uuid, back;
	char text_before[UUID_TEXT_SIZE], text[UUID_TEXT_SIZE];
	uint64_t random = 10;

	(void)state;
	uuid_format(&before, text_before);
	for (int i = 0; i < 20000; i++) {
		for (size_t j = 0; j < sizeof(uuid.bytes); j++)
			uuid.bytes[j] = (uint8_t)test_random(&random);
		uuid_format(&uuid, text);
		assert_true(uuid_parse((struct str){ text, sizeof(text) }, &back));
		assert_memory_equal(&uuid, &back, sizeof(uuid));
		assert_int_equal(sign(memcmp(&before, &uuid, sizeof(uuid))),
		    sign(memcmp(text_before, text, sizeof(text))));
		before = uuid;
		memcpy(text_before, text, sizeof(text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_order_and_null_is_first),
		cmocka_unit_test(other_kinds_are_never_equal),
		cmocka_unit_test(uuids_are_read_in_either_case),
		cmocka_unit_test(other_texts_are_no_uuids),
		cmocka_unit_test(random_uuids_return_in_the_order_of_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
