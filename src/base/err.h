#pragma once
/*
 * The errors of the whole program: a call returns OK or one row of err.def.
 * The world's mistakes are these values; our own mistakes assert.
 */
#include <stdbool.h>

#define MUST_USE __attribute__((warn_unused_result))

enum err {
	OK = 0,
#define ERR(name, code, status, retry, title) ERR_##name,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

struct err_row {
	const char *code; /* stable, for programs: "bad_json" */
	int status;	  /* HTTP */
	bool may_retry;	  /* the same request may succeed later */
	const char *title;
};

/* The row of ${err}, which is not OK. */
const struct err_row *err_row(enum err err);
