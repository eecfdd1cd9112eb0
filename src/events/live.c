#include "events/live_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/memory.h"
#include "events/rights.h"

/* Of the process. */
static atomic_uint streams_count;

unsigned
live_streams_count(void)
{
	return atomic_load(&streams_count);
}

static void on_tick(struct timeout *timeout);
static void on_beat(struct timeout *timeout);

struct live *
live_new(struct loop *loop, struct store *store, const struct rules *rules, int64_t rights_since)
{
	struct live *live = memory_new(sizeof(*live));

	live->loop = loop;
	live->store = store;
	live->rules = rules;
	live->rights_since = rights_since;
	live->tick.expire = on_tick;
	buf_init(&live->json, LIVE_TEXT_MAX);
	buf_init(&live->shown, LIVE_TEXT_MAX);
	timeout_queue_init(loop, &live->beats, (uint64_t)limit(LIMIT_live_heartbeat));
	timeout_queue_init(loop, &live->ticks, LIVE_TICK_MS);
	return live;
}

void
live_free(struct live *live)
{
	if (live == NULL)
		return;
	assert(live_is_idle(live));
	buf_release(&live->json);
	buf_release(&live->shown);
	free(live);
}

bool
live_is_idle(const struct live *live)
{
	return live->streams_count == 0 && live->calls == 0;
}

void
live_end(struct live *live)
{
	live->ending = true;
	for (size_t i = 0; i < COUNT(live->groups); i++)
		for (struct live_group *group = live->groups[i]; group != NULL; group = group->next)
			for (struct live_stream *stream = group->streams; stream != NULL;
			     stream = stream->next)
				live_end_stream(stream);
}

void
live_switch(struct live *live, const struct rules *rules)
{
	if (rights_hash(live->rules->app) != rights_hash(rules->app))
		live->rights_since = store_last_number(live->store);
	for (size_t i = 0; i < COUNT(live->groups); i++)
		while (live->groups[i] != NULL)
			live_group_retire(live->groups[i]);
	live->rules = rules;
}

bool
live_uses_old(const struct live *live)
{
	return live->old != NULL || (live->rejoins && live->rejoin.app != live->rules->app);
}

/* --- telling --------------------------------------------------------- */

bool
live_is_news(const struct live_stream *stream, int64_t number)
{
	return number > stream->since && !snapshot_sees(&stream->start, number);
}

/* A stream that has come further than what is told of needs no reset for it. */
static bool
concerns(const struct live_stream *stream, int64_t number, int64_t until)
{
	return live_is_news(stream, number) && until > stream->since;
}

static void
write_now(struct live_stream *stream, struct str text)
{
	if (stream->ended || text.size == 0)
		return;
	timeout_start(stream->live->loop, &stream->live->beats, &stream->beat);
	stream->user->write(stream, text);
}

static void
hold(struct live_stream *stream, int64_t number, struct str text)
{
	struct live_held *held = &stream->held;

	buf_add_str(&held->text, text);
	if (held->text.err != OK) {
		live_end_stream(stream);
		return;
	}
	held->parts = memory_resize(held->parts, (held->parts_count + 1) * sizeof(*held->parts));
	held->parts[held->parts_count++] =
	    (struct live_held_part){ number, stream->live->position, text.size };
}

void
live_tell(struct live_stream *stream, int64_t number, struct str text)
{
	if (!concerns(stream, number, stream->live->position))
		return;
	if (stream->catching_up)
		hold(stream, number, text);
	else
		write_now(stream, text);
}

static void
tell_place(struct live_stream *stream, const char *reset)
{
	struct buf text;

	buf_init(&text, 256);
	sse_comment(&text, "live");
	sse_retry(&text, LIVE_RETRY_MS);
	if (reset != NULL)
		buf_addf(&text, "event: reset\ndata: {\"reason\":\"%s\"}\n", reset);
	sse_id(&text, stream->since);
	sse_end(&text);
	write_now(stream, buf_str(&text));
	buf_release(&text);
}

void
live_end_stream(struct live_stream *stream)
{
	if (stream->ended)
		return;
	stream->ended = true;
	stream->user->end(stream);
}

/* --- open and close -------------------------------------------------- */

static bool
take_place(void)
{
	if (atomic_fetch_add(&streams_count, 1) < (unsigned)limit(LIMIT_live_streams))
		return true;
	atomic_fetch_sub(&streams_count, 1);
	return false;
}

static enum err
open_stream(struct live *live, struct live_stream *stream, const struct live_user *user,
    const struct live_query *query)
{
	if (!take_place())
		return ERR_OVERLOADED;
	if (live->streams_count++ == 0)
		live_follow(live);
	*stream = (struct live_stream){ .user = user, .live = live, .beat.expire = on_beat };
	buf_init(&stream->held.text, (size_t)limit(LIMIT_live_buffer));
	stream->group = live_group_find(live, query);
	stream->next = stream->group->streams;
	stream->at = &stream->group->streams;
	if (stream->next != NULL)
		stream->next->at = &stream->next;
	stream->group->streams = stream;
	if (query->key != NULL)
		live_caller_join(live, stream, query->key);
	/* After the ring: what is committed from here on comes through it. */
	stream->since = store_last_number(live->store);
	timeout_start(live->loop, &live->beats, &stream->beat);
	return OK;
}

enum err
live_open(struct live *live, struct live_stream *stream, const struct live_user *user,
    const struct live_query *query)
{
	enum err err = open_stream(live, stream, user, query);

	if (err != OK)
		return err;
	/* Where numbers become visible out of order, the last complete one says too little. */
	stream->is_new = true;
	stream->rows = query->rows;
	if (store_dialect(live->store) == SQL_POSTGRES || stream->rows != NULL)
		stream->catching_up = true;
	else
		tell_place(stream, NULL);
	if (live->ending)
		live_end_stream(stream);
	return OK;
}

enum err
live_resume(struct live *live, struct live_stream *stream, const struct live_user *user,
    const struct live_query *query, int64_t since)
{
	enum err err = open_stream(live, stream, user, query);

	if (err != OK)
		return err;
	if (since <= live->rights_since)
		stream->reset = "rights";
	else if (!stream->group->is_local)
		stream->reset = "joined";
	else if (since > stream->since)
		stream->since = since; /* another node of the same database may be ahead of this one */
	stream->catching_up = stream->reset == NULL || store_dialect(live->store) == SQL_POSTGRES;
	if (!stream->catching_up)
		tell_place(stream, stream->reset);
	if (live->ending)
		live_end_stream(stream);
	return OK;
}

static void
forget_held(struct live_stream *stream)
{
	buf_release(&stream->held.text);
	free(stream->held.parts);
	stream->held.parts = NULL;
	stream->held.parts_count = 0;
}

void
live_close(struct live_stream *stream)
{
	struct live *live = stream->live;

	if (live == NULL)
		return;
	stream->live = NULL;
	*stream->at = stream->next;
	if (stream->next != NULL)
		stream->next->at = stream->at;
	live_caller_leave(stream);
	if (stream->group->streams == NULL)
		live_group_leave(stream->group);
	timeout_stop(&stream->beat);
	forget_held(stream);
	snapshot_release(&stream->start);
	atomic_fetch_sub(&streams_count, 1);
	if (--live->streams_count == 0)
		live_unfollow(live);
}

/* --- catching up ------------------------------------------------------ */

static void
tell_held(struct live_stream *stream)
{
	struct live_held *held = &stream->held;
	size_t at = 0;

	for (size_t i = 0; i < held->parts_count; i++) {
		struct str text = str_slice(buf_str(&held->text), at, at + held->parts[i].size);

		if (concerns(stream, held->parts[i].number, held->parts[i].until))
			write_now(stream, text);
		at += held->parts[i].size;
	}
	forget_held(stream);
}

/* Who reads the list from now on sees all that was held back. */
static void
begin_anew(struct live_stream *stream)
{
	forget_held(stream);
	stream->since = store_last_number(stream->live->store);
	if (stream->start.complete > stream->since)
		stream->since = stream->start.complete;
}

static void
tell_missed(struct live_stream *stream, struct live_missed *missed)
{
	if (missed->reset != NULL)
		begin_anew(stream);
	if (missed->reset != NULL || missed->events == 0) {
		tell_place(stream, missed->reset);
		return;
	}
	sse_retry(missed->text, LIVE_RETRY_MS);
	sse_id(missed->text, stream->since);
	sse_end(missed->text);
	write_now(stream, buf_str(missed->text));
}

void
live_caught_up(struct live_stream *stream, struct live_missed *missed, enum err err)
{
	assert(stream->catching_up);
	stream->catching_up = false;
	stream->start = missed->start;
	missed->start = (struct snapshot){ 0 };
	if (stream->start.complete > stream->since)
		stream->since = stream->start.complete;
	if (err == ERR_TOO_LARGE || err == ERR_TOO_COSTLY) {
		missed->reset = "gap";
		err = OK;
	}
	if (err != OK) {
		live_end_stream(stream);
		return;
	}
	tell_missed(stream, missed);
	tell_held(stream);
}

/* --- time ------------------------------------------------------------- */

/* A comment, and the place: so that a quiet stream need not go far back when it goes on. */
static void
on_beat(struct timeout *timeout)
{
	struct live_stream *stream = CONTAINER(timeout, struct live_stream, beat);
	struct live *live = stream->live;
	struct buf text;

	buf_init(&text, 64);
	sse_comment(&text, "");
	if (stream->group->is_local && !stream->catching_up && live->position > stream->since)
		sse_id(&text, live->position);
	sse_end(&text);
	if (stream->catching_up)
		timeout_start(live->loop, &live->beats, &stream->beat);
	else
		write_now(stream, buf_str(&text));
	buf_release(&text);
}

static void
on_tick(struct timeout *timeout)
{
	struct live *live = CONTAINER(timeout, struct live, tick);

	if (store_is_outdated(live->store)) {
		live_end(live);
		return;
	}
	live_callers_tick(live);
	live_joined_settle(live);
	timeout_start(live->loop, &live->ticks, timeout);
}
