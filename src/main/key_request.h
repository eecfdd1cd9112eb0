#pragma once
/* What `caisson key` asks, in the form that the control socket carries it. */
#include "base/buf.h"
#include "store/store.h"

/*
 * Do what ${question} (a JSON object of main/control.h) says, on ${store};
 * append {"output":…} or {"error":…} to ${answer}.
 */
void key_request_run(struct store *store, struct str question, struct buf *answer);
