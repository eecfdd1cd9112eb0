#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/test_random.h"

static bool
is_zeroed(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Allocations of many sizes, all filled: none touches another, each was zeroed and aligned. */
static void
allocations_stand_apart(void **state)
{
	enum { ALLOCATIONS = 2000 };
	static unsigned char *places[ALLOCATIONS];
	static size_t sizes[ALLOCATIONS];
	struct arena arena;
	uint64_t random = 9;

	(void)state;
	arena_init(&arena, 64 << 20);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ALLOCATIONS; i++) {
			sizes[i] = test_random(&random) >> (50 + test_random_below(&random, 14));
			places[i] = arena_new(&arena, sizes[i]);
			assert_non_null(places[i]);
			assert_int_equal((uintptr_t)places[i] % alignof(max_align_t), 0);
			assert_true(is_zeroed((char *)places[i], sizes[i]));
			memset(places[i], (int)(i & 0xFF), sizes[i]);
		}
		for (size_t i = 0; i < ALLOCATIONS; i++)
			for (size_t j = 0; j < sizes[i]; j++)
				assert_true(places[i][j] == (i & 0xFF));
		arena_reset(&arena);
	}
	arena_release(&arena);
}

static void
the_limit_is_null(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 100 << 10);
	assert_null(arena_new(&arena, (100 << 10) + 1));
	assert_null(arena_new(&arena, SIZE_MAX));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_array(&arena, 1 << 20, 8));
	assert_non_null(arena_new(&arena, 90 << 10));
	assert_null(arena_new(&arena, 20 << 10));
	assert_true(arena.size <= 100 << 10);
	arena_release(&arena);
	assert_int_equal(arena.size, 0);
	assert_non_null(arena_new(&arena, 90 << 10));
	arena_release(&arena);
	arena_init(&arena, 0);
	assert_null(arena_new(&arena, 1));
	assert_null(arena_str(&arena, STR("a")).data);
	assert_false(arena_defer(&arena, NULL, NULL));
	arena_release(&arena);
}

static void
reset_keeps_one_block_of_the_usual_size(void **state)
{
	struct arena arena;
	char *first;

	(void)state;
	arena_init(&arena, 1 << 20);
	first = arena_new(&arena, 100);
	arena_new(&arena, 100 << 10);
	arena_new(&arena, 10000);
	arena_reset(&arena);
	assert_int_equal(arena.size, 16 << 10);
	assert_ptr_equal(arena_new(&arena, 100), first);
	arena_release(&arena);
	/* An outsized first block is not kept. */
	arena_new(&arena, 100 << 10);
	arena_reset(&arena);
	assert_int_equal(arena.size, 0);
	arena_reset(&arena);
	arena_release(&arena);
}

static void
strings_and_arrays(void **state)
{
	struct arena arena;
	struct str copy;
	int64_t *numbers;

	(void)state;
	arena_init(&arena, 1 << 20);
	copy = arena_str(&arena, STR("a\0b"));
	assert_true(str_equal(copy, STR("a\0b")));
	assert_true(copy.data[3] == '\0');
	copy = arena_str(&arena, (struct str){ 0 });
	assert_string_equal(copy.data, "");
	numbers = arena_array(&arena, 100, sizeof(*numbers));
	assert_true(is_zeroed((char *)numbers, 100 * sizeof(*numbers)));
	assert_non_null(arena_array(&arena, 0, 8));
	arena_release(&arena);
}

static char order[16];
static struct arena deferring;

static void
note(void *arg)
{
	strncat(order, arg, 1);
}

static void
deferred_runs_newest_first_once(void **state)
{
	(void)state;
	order[0] = '\0';
	arena_init(&deferring, 1 << 20);
	assert_true(arena_defer(&deferring, note, "a"));
	assert_non_null(arena_new(&deferring, 100 << 10));
	assert_true(arena_defer(&deferring, note, "b"));
	assert_true(arena_defer(&deferring, note, "c"));
	assert_string_equal(order, "");
	arena_reset(&deferring);
	assert_string_equal(order, "cba");
	arena_reset(&deferring);
	assert_string_equal(order, "cba");
	assert_true(arena_defer(&deferring, note, "d"));
	arena_release(&deferring);
	assert_string_equal(order, "cbad");
	arena_release(&deferring);
	assert_string_equal(order, "cbad");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_stand_apart),
		cmocka_unit_test(the_limit_is_null),
		cmocka_unit_test(reset_keeps_one_block_of_the_usual_size),
		cmocka_unit_test(strings_and_arrays),
		cmocka_unit_test(deferred_runs_newest_first_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
