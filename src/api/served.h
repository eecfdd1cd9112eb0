#pragma once
/*
 * What is served: the app, its compiled rules, its description, and the files of public/, as one
 * immutable version that a reload swaps for another.
 *
 *	version 1 <--- loop 0's share <--- requests that began under it
 *	    ^--------- loop 1's share <--- ...
 *	version 2 <--- loop 0's share, current
 *
 * A request takes the loop's current version when its head is there, and keeps
 * it to its end, whatever is swapped meanwhile.  Each loop counts its requests
 * without atomics, in a share of its own; the version counts the shares.  A
 * share is let go between turns, when no request and no live query uses it.
 *
 * All versions of a process have the same shape (app.shape), so the store keeps
 * the app that it was opened with: a collection of one version is that of the
 * same name in another, at another address, and perhaps at another index.
 */
#include <stdatomic.h>

#include "app/app.h"
#include "rules/rules.h"

struct public_files;

struct served {
	const struct app *app;
	const struct rules *rules;
	const struct public_files *files; /* or NULL */
	struct str openapi; /* /openapi.json (api/openapi.h) */
	struct counts *counts; /* of its lists (records/count.h); the one thing in it that changes */
	atomic_uint references;
	void (*free)(struct served *served); /* the last reference was let go; any thread */
};

void served_ref(struct served *served);
void served_unref(struct served *served); /* harmless for NULL */

/* A loop's share of a version. */
struct served_share {
	struct served *served;
	size_t requests;
	struct served_share *next; /* older */
};
