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
	/* A row; what it refers to was inserted before, or is the row itself. */
	void (*insert)(void *arg, const struct collection *collection, const struct value *row);
	/* Does ${predicate}, over the alias t, select the row of ${id}? */
	bool (*selects)(void *arg, const struct collection *collection, const struct value *id,
	    const struct sql_text *predicate);
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
