#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/rules_property.h"

static uint64_t
number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* At least ${least} of a hundred. */
static bool
print_share(const char *what, size_t count, size_t all, size_t least)
{
	size_t percent = count * 100 / all;

	printf("%10zu %3zu %% %s\n", count, percent, what);
	return percent >= least;
}

bool
property_test(const struct property_engine *engine, size_t cases)
{
	uint64_t seed = number_of("CAISSON_PROPERTY_SEED", 1);
	struct property_counts counts;
	bool good;

	property_run(engine, seed, number_of("CAISSON_PROPERTY_CASES", cases), &counts);
	printf("seed %" PRIu64 "\n", seed);
	good = print_share("cases", counts.cases, counts.cases, 100);
	good &= print_share("by the database", counts.compared, counts.cases, 50);
	good &= print_share("true", counts.answered_true, counts.cases, 10);
	good &= print_share("false", counts.cases - counts.answered_true, counts.cases, 10);
	good &= print_share("met null", counts.met_null, counts.cases, 10);
	good &= print_share("met an absent caller", counts.met_absent, counts.cases, 10);
	return good;
}
