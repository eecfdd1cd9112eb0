#pragma once
/* The line of a request in the server's log (ops/journal.h). */
#include "api/request.h"

/* At its end, while all of it is still there.  Nothing where the log is off. */
void request_log(struct request *request);
