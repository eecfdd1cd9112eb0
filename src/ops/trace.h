#pragma once
/*
 * Trace context (W3C): which trace a request belongs to, as `traceparent` says
 * it.  Nothing is answered; the ids stand in the log.
 *
 *	00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *	version  trace id                    parent's span     flags
 */
#include "base/str.h"

enum { TRACE_ID_SIZE = 32, SPAN_ID_SIZE = 16 };

struct trace {
	char id[TRACE_ID_SIZE], parent[SPAN_ID_SIZE]; /* small hexadecimal digits, no NUL */
	uint8_t flags;
};

/*
 * False, with ${ret} untouched, for whatever is not exactly right: then the
 * request belongs to no trace.  Later versions are read by their first four
 * fields, as the standard asks.
 */
bool trace_parse(struct str traceparent, struct trace *ret);
