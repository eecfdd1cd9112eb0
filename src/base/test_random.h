#pragma once
/* Random numbers of tests: the same ones in each run, so that a failure comes again. */
#include <stdint.h>

static inline uint64_t
test_random(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9E3779B97F4A7C15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
	return mixed ^ mixed >> 31;
}

/* From 0 to ${bound} - 1. */
static inline uint64_t
test_random_below(uint64_t *state, uint64_t bound)
{
	return test_random(state) % bound;
}
