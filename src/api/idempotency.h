#pragma once
/*
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a retry gets
 * the first answer again.  The answer is stored in the transaction of its
 * effect, so that the two cannot disagree after a crash; definite answers only
 * (2xx, 400, 404, 409, 412, 422), for a day, per caller.
 *
 *	idempotency_begin: header, hash of the request, the in-flight table (409)
 *	  before: stored?  the same request -> its answer; another -> 422
 *	  body
 *	  after: store the answer
 *	idempotency_end: out of the in-flight table
 */
#include "api/request.h"

/* STEP_NEXT where there is no key, or the request may go on to the store with it; else it is refused. */
enum step_result idempotency_begin(struct request *request);
/* After the store's call.  True when the answer was made in the transaction (or stored before): send it as it is. */
bool idempotency_end(struct request *request);
