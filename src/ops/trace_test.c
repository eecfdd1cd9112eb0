#include "ops/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void
test_reads_what_is_right(void **state)
{
	struct trace trace;

	(void)state;
	assert_true(trace_parse(STR("00-" ID "-" PARENT "-01"), &trace));
	assert_memory_equal(trace.id, ID, TRACE_ID_SIZE);
	assert_memory_equal(trace.parent, PARENT, SPAN_ID_SIZE);
	assert_int_equal(trace.flags, 1);
	assert_true(trace_parse(STR("00-" ID "-" PARENT "-ff"), &trace));
	assert_int_equal(trace.flags, 255);
	/* A later version may say more, behind a dash. */
	assert_true(trace_parse(STR("cc-" ID "-" PARENT "-00"), &trace));
	assert_true(trace_parse(STR("cc-" ID "-" PARENT "-00-what-will-be"), &trace));
	assert_true(trace_parse(STR("01-" ID "-" PARENT "-00-"), &trace));
}

static void
test_refuses_the_rest(void **state)
{
	static const char *const texts[] = {
		"",
		"00",
		"00-" ID "-" PARENT,
		"00-" ID "-" PARENT "-0",
		"00-" ID "-" PARENT "-01-more",
		"00-" ID "-" PARENT "-011",
		"cc-" ID "-" PARENT "-00.more",
		"ff-" ID "-" PARENT "-01",
		"0F-" ID "-" PARENT "-01",
		"0g-" ID "-" PARENT "-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
		"00-" ID "-00F067AA0BA902B7-01",
		"00-" ID "-" PARENT "-0x",
		"00-00000000000000000000000000000000-" PARENT "-01",
		"00-" ID "-0000000000000000-01",
		"00_" ID "-" PARENT "-01",
		"00-" ID "_" PARENT "-01",
		"00-" ID "-" PARENT "_01",
		" 00-" ID "-" PARENT "-01",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct trace trace = { .flags = 77 };

		if (trace_parse(str_from(texts[i]), &trace))
			fail_msg("\"%s\" was taken", texts[i]);
		assert_int_equal(trace.flags, 77);
	}
}

/* Every cut and every changed byte, at the end of a block of their own size: nothing is read behind it. */
static void
test_reads_nothing_behind_the_end(void **state)
{
	static const char whole[] = "01-" ID "-" PARENT "-01-extra";

	(void)state;
	for (size_t size = 1; size < sizeof(whole); size++)
		for (unsigned byte = 0; byte < 256; byte++) {
			char *text = malloc(size);
			struct trace trace;

			memcpy(text, whole, size);
			text[byte % size] = (char)byte;
			if (trace_parse((struct str){ text, size }, &trace))
				assert_true(size >= 55);
			free(text);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_what_is_right),
		cmocka_unit_test(test_refuses_the_rest),
		cmocka_unit_test(test_reads_nothing_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
