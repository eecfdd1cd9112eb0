#pragma once
/*
 * Every limit has a row in limits.def.  Set at start, before threads run;
 * read anywhere after that: limit(LIMIT_body_size).
 */
#include "base/str.h"

enum limit_name {
#define LIMIT(name, value, unit, what) LIMIT_##name,
#include "base/limits.def"
#undef LIMIT
	LIMIT_COUNT
};

struct limit_row {
	const char *name;
	int64_t value;	  /* in force */
	int64_t standard; /* the default */
	const char *unit, *what;
};

extern struct limit_row limits[LIMIT_COUNT];

static inline int64_t
limit(enum limit_name name)
{
	return limits[name].value;
}

/* Set from "name=value", a positive number; false when there is no such limit or number. */
bool limits_set(struct str assignment);
