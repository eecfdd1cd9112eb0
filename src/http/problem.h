#pragma once
/*
 * A problem document (RFC 9457): how every refusal is told, as
 * application/problem+json.
 *
 *	{"type":"/problems/invalid","title":"...","status":422,"detail":"...","instance":"...",
 *	 "code":"invalid","errors":[{"pointer":"#/title","code":"too_short","detail":"..."}]}
 *
 * type, title, status and code come from the error's row (base/err.def); the
 * other members are left out where there is nothing to say.
 */
#include "base/buf.h"

#define PROBLEM_MEDIA_TYPE STR("application/problem+json")

/* One place that is wrong: in the body, in a query parameter, or in neither. */
struct problem_error {
	struct str pointer;   /* "#/title" (RFC 6901 as a URI fragment), or data NULL */
	struct str parameter; /* its name, or data NULL; then also the offset is written */
	uint64_t offset;      /* bytes from the start of the parameter's value, from 0 */
	struct str code;
	struct str detail; /* or data NULL */
};

struct problem {
	enum err err;
	struct str detail, instance; /* or data NULL */
	const struct problem_error *errors;
	size_t errors_count;
};

void problem_write(const struct problem *problem, struct buf *buf);

/* Append `/${name}`, escaped, to a pointer that began with "#". */
void problem_pointer_add(struct buf *buf, struct str name);
/* Append `/${index}`. */
void problem_pointer_add_index(struct buf *buf, size_t index);
