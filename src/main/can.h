#pragma once
/* What `caisson can` asks, in the form that the control socket carries it. */
#include "base/buf.h"
#include "rules/rules.h"
#include "store/store.h"

/*
 * Answer ${question} on ${store}, by ${rules}:
 *
 *	{"command":"can","user":"…","roles":["editor"],"action":"update","record":"questions/ID","body":{…}}
 *
 * {"output":{"allowed":true,"rules":[…]}} or {"error":"…"} is appended to ${answer}.
 */
void can_request_run(struct store *store, const struct rules *rules, struct str question, struct buf *answer);
