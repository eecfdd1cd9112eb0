#pragma once
/*
 * The property that the language promises, as a test for any engine: for a
 * random rule, row and caller,
 *
 *	the engine = the evaluator = a model that takes the sentences literally.
 *
 * Rules are drawn from the grammar, typed; rows and literals from hostile
 * values.  Everything follows from the seed.  Not a part of the server.
 */
#include "rules/rules.h"

struct property_engine {
	enum sql_dialect dialect;
	void *arg;
	/* Make the tables of ${app}, where there are none. */
	void (*create)(void *arg, const struct app *app);
	/* Drop them. */
	void (*drop)(void *arg, const struct app *app);
	/* Run it; the number in the first column of its last row, or 0. */
	int64_t (*execute)(void *arg, const struct sql_text *sql);
};

struct property_counts {
	size_t cases;	 /* (rule, row, caller) */
	size_t compared; /* by the engine */
	size_t answered_true;
	size_t met_null;   /* an operand was null */
	size_t met_absent; /* the caller lacked what was asked */
};

/* Ends the process at the first disagreement, which is printed. */
void property_run(
    const struct property_engine *engine, uint64_t seed, size_t cases, struct property_counts *ret);

/*
 * The same with ${cases}, or as many as CAISSON_PROPERTY_CASES says, from the seed
 * CAISSON_PROPERTY_SEED; prints the shares.  False where one is less than a tenth.
 */
bool property_test(const struct property_engine *engine, size_t cases);
