#pragma once
/*
 * Who asks, as a request carries it.  A guest, or the holder of an API key.
 * It lives in the request's arena, or is shared and immutable.
 */
#include "rules/rules.h"

struct identity {
	struct rule_caller caller;
	struct str principal; /* "guest" or "key:ID": whose idempotency keys, whose share of the queue */
	uint64_t hash;	      /* of the principal */
};

extern const struct identity identity_guest; /* principal "guest" */
