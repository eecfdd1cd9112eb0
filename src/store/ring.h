#pragma once
/*
 * The ring: commits as they happen, from the engine to whoever follows live.
 *
 *	engine --ring_publish--> [ n | n+1 | n+2 ] --ring_next--> each loop
 *
 * An engine publishes after COMMIT, in the order of the numbers, before it
 * acknowledges.  A follower reads at its own pace and is told when it has
 * fallen out of the ring's reach; then it reads the commit log.
 *
 * What all followers have read is let go; nothing is kept while nobody follows.
 * Threads: any; one mutex.
 */
#include <stdatomic.h>
#include <uv.h>

#include "app/app.h"
#include "base/value.h"
#include "loop/loop.h"

enum change_op { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_DELETE };

/* One row before and after; values by column, NULL where there is none. */
struct change {
	const struct collection *collection;
	enum change_op op;
	struct value id;
	const struct value *old_values, *new_values;
	int64_t version; /* of the new row */
	struct change *next;
};

/* One accepted body.  Immutable once published; counted references. */
struct commit {
	int64_t number;
	struct change *changes; /* in the order they happened, one for each row (coalesced) */
	size_t changes_count;
	bool too_many; /* over RING_CHANGES_MAX: changes is NULL, the log has them */
	struct arena arena; /* owns the changes */
	atomic_uint references;
};

enum { RING_COMMITS_MAX = 4096, RING_BYTES_MAX = 16 << 20, RING_CHANGES_MAX = 1000 };

struct ring_follower {
	struct ring_follower *next;
	int64_t position; /* of the next commit to read, counted by the ring */
	struct loop *loop; /* told by `mail` when there is something to read */
	struct mail mail;
	atomic_bool mailed;
};

struct ring {
	uv_mutex_t mutex;
	struct commit *commits[RING_COMMITS_MAX];
	int64_t first, end; /* positions that are kept: first <= p < end */
	size_t bytes;	    /* of the commits that are kept */
	struct ring_follower *followers;
	atomic_uint followers_count;
};

void ring_init(struct ring *ring);
void ring_release(struct ring *ring);
/* Is anyone there?  If not, an engine need not build a commit's changes for the ring. */
bool ring_is_followed(struct ring *ring);
/* Takes over one reference for each commit. */
void ring_publish(struct ring *ring, struct commit **commits, size_t count);
/*
 * Follow from now on; mail.deliver is called on ${loop} when there is more.  A
 * follower begins zeroed and lives as long as its loop runs: its mail may still
 * be under way when it follows no more, and it may follow again.
 */
void ring_follow(struct ring *ring, struct ring_follower *follower, struct loop *loop);
void ring_unfollow(struct ring *ring, struct ring_follower *follower);
/* The next commit with a reference for the caller, or NULL; *ret_missed = some fell out of reach since the last call. */
struct commit *ring_next(struct ring *ring, struct ring_follower *follower, bool *ret_missed);

struct commit *commit_new(int64_t number);
void commit_unref(struct commit *commit);
/* Take out the changes of rows that came and went within ${commit}. */
void commit_drop_passing(struct commit *commit);
