#pragma once
/*
 * The inside of live queries:
 *
 *	live.c		a loop's streams: opened, told, closed
 *	live_group.c	predicates and who follows them; what a commit is to each
 *	live_ring.c	commits from the ring, and from the log where the ring was left behind
 *	live_joined.c	predicates that the database must be asked about
 *	live_missed.c	what a stream that goes on has missed, from the log
 *	live_caller.c	callers, looked up again
 */
#include "events/live.h"
#include "events/sse.h"

enum {
	LIVE_RETRY_MS = 1000, /* a reader waits before it connects again */
	LIVE_TICK_MS = 100,
	LIVE_RESET_MS = 1000, /* between two resets of a joined predicate */
	LIVE_TEXT_MAX = 64 << 20, /* of one commit, for one group */
};

struct live_lookup;
struct live_caller_check;

/* Events of one commit: the last block is open until the end. */
struct live_text {
	struct buf buf;
	size_t events;
};

struct live_group {
	struct live *live;
	struct live_group *next, **at; /* of its collection */
	struct predicate predicate;
	struct identity identity; /* a copy; its parts lie in the arena */
	struct arena arena;
	struct buf key;
	uint64_t key_hash;
	struct live_stream *streams;
	struct live_text text; /* of the commit that is being told */
	struct live_group *next_told;
	bool is_told; /* it stands in live->told */

	/* Joined ones. */
	bool is_local;
	struct live_group *next_joined, **at_joined;
	uint64_t reads[APP_COLLECTIONS_MAX / 64]; /* other rows, by collection */
	struct live_lookup *waiting, *running;
	bool reset_due;
	uint64_t reset_ms; /* when the last one was sent */
};

struct live_rejoin {
	struct task task;
	struct store_call call;
	int64_t since, until;
	struct commit **commits;
	size_t commits_count;
	bool truncated;
	const struct app *app; /* that the page is read with */
};

struct live {
	struct loop *loop;
	struct store *store;
	const struct rules *rules;
	struct ring_follower follower;
	bool follows, ending, rejoins;
	int64_t position; /* the last commit that was told */
	int64_t rights_since; /* up to here other rules decided; -1: none did */
	struct live_rejoin rejoin;
	struct live_group *groups[APP_COLLECTIONS_MAX];
	struct live_group *joined;
	struct live_group *old, *old_joined; /* of rules that decide no more: told nothing, soon gone */
	struct live_group *told; /* have events of the commit that is being told */
	struct buf json; /* the record of the change that is being told */
	struct buf shown; /* the same, as a caller sees it who does not see all of it */
	size_t streams_count;
	size_t calls; /* out in the store */
	struct live_caller *callers;
	struct live_caller_check *check; /* or NULL */
	int64_t keys_version;
	uint64_t checked_ms;
	struct timeout_queue beats, ticks;
	struct timeout tick;
};

/* live.c */
/* Is the commit ${number} news to ${stream}? */
bool live_is_news(const struct live_stream *stream, int64_t number);
/* Tell ${stream} of the commit ${number}, or of none (INT64_MAX). */
void live_tell(struct live_stream *stream, int64_t number, struct str text);
void live_end_stream(struct live_stream *stream);

/* live_group.c */
struct live_group *live_group_find(struct live *live, const struct live_query *query);
/* The collection of a commit's change, as the rules know it: commits come with the store's app. */
const struct collection *live_collection(const struct live *live, const struct change *change);
/* Its last stream has gone: free it as soon as nothing of it is out in the store. */
void live_group_leave(struct live_group *group);
/* Other rules decide from now on: end its streams, and tell it nothing more. */
void live_group_retire(struct live_group *group);
/* Tell those of ${group}'s streams to whom ${number} is news. */
void live_group_tell(struct live_group *group, int64_t number, struct str text);
/* A reset at live->position, now, for those to whom ${number} is news; INT64_MAX: for all. */
void live_group_reset(struct live_group *group, int64_t number, const char *reason);
void live_reset_all(struct live *live, int64_t number, const char *reason);
void live_reset_text(const struct live *live, const char *reason, struct buf *text);
void live_take_commit(struct live *live, struct commit *commit);

void live_text_event(struct live_text *text, const char *name, struct str data);
/* End the last event, which gets the id. */
void live_text_end(struct live_text *text, int64_t id);
/* {"id":…} */
void live_id_json(struct buf *json, const struct collection *collection, const struct value *id);

/* live_ring.c */
void live_follow(struct live *live);
void live_unfollow(struct live *live);

/* live_joined.c */
/* What ${commit} is to a joined group. */
void live_joined_take(struct live_group *group, struct commit *commit);
/* live->position has grown, or time has passed. */
void live_joined_settle(struct live *live);
void live_joined_drop(struct live_group *group);

/* live_caller.c */
void live_caller_join(struct live *live, struct live_stream *stream, struct known_key *key);
void live_caller_leave(struct live_stream *stream);
/* Ask again who they are, where it is time to. */
void live_callers_tick(struct live *live);
