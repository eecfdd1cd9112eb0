#pragma once
/* caisson status: what the running server says of itself, over the control socket. */
#include "api/server.h"

#define STATUS_QUESTION STR("{\"command\":\"status\"}")

struct status_source {
	const struct server *server;
	const struct server_loop *loops;
	unsigned loops_count;
	const char *address;
	int64_t started_us; /* by the wall clock */
};

/*
 * Append the answer to STATUS_QUESTION: {"status":{…}}.  On
 * the control thread; the counts are those of a moment ago.
 */
void status_write(const struct status_source *source, struct buf *answer);
