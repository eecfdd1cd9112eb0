/*
 * Joined predicates: rows that changed are asked of the database, each before
 * and after; what stands around them is as it is when they are asked.
 *
 *	commits -> waiting -> running (a store read) -> told, once the ring has come as far
 *
 * The ring must come as far as the read has seen: had a commit in between
 * touched what the predicate reads, the answer "left" could name a record that
 * nobody was ever shown.  Then a reset takes its place.
 */
#include "events/live_internal.h"

#include <stdlib.h>

#include "base/memory.h"

enum { LOOKUP_ITEMS_MAX = RING_CHANGES_MAX, LOOKUP_LIGHT_MAX = 4 };

struct lookup_item {
	struct value id;
	const struct value *old_values; /* in a commit that is kept */
};

struct live_lookup {
	struct task task;
	struct store_call call;
	struct live_group *group;
	struct lookup_item *items;
	size_t items_count, items_capacity;
	struct commit **commits;
	size_t commits_count, commits_capacity;
	bool is_over, is_dropped;

	/* Results. */
	struct live_text text;
	int64_t seen; /* the last commit that the read has seen */
};

static void start_lookup(struct live_group *group);
static enum step_result ask(struct task *task);
static enum step_result note_answer(struct task *task);
static void end_lookup(struct task *task);

static const struct step lookup_steps[] = {
	{ "ask for joined records", ask },
	{ "note joined records", note_answer },
	{ 0 },
};

/* --- life ------------------------------------------------------------ */

static struct live_lookup *
lookup_new(struct live_group *group)
{
	struct live_lookup *lookup = memory_new(sizeof(*lookup));

	lookup->group = group;
	buf_init(&lookup->text.buf, LIVE_TEXT_MAX);
	return lookup;
}

static void
lookup_free(struct live_lookup *lookup)
{
	if (lookup == NULL)
		return;
	for (size_t i = 0; i < lookup->commits_count; i++)
		commit_unref(lookup->commits[i]);
	free(lookup->commits);
	free(lookup->items);
	buf_release(&lookup->text.buf);
	free(lookup);
}

void
live_joined_drop(struct live_group *group)
{
	lookup_free(group->waiting);
	group->waiting = NULL;
	if (group->running == NULL)
		return;
	group->running->is_dropped = true;
	if (group->running->is_over) {
		lookup_free(group->running);
		group->running = NULL;
	}
}

/* --- collecting ------------------------------------------------------ */

/* Room for one more of ${size} bytes. */
static void *
grown(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity == 0 ? 8 : 2 * *capacity;
	return memory_resize(array, *capacity * size);
}

static bool
has_item(const struct live_lookup *lookup, size_t count, const struct value *id)
{
	for (size_t i = 0; i < count; i++)
		if (value_equal(&lookup->items[i].id, id))
			return true;
	return false;
}

/* A record that changed again before it was asked: how it was at first, and how it is, count. */
static void
add_items(struct live_lookup *lookup, const struct commit *commit)
{
	const struct predicate *predicate = &lookup->group->predicate;
	size_t earlier = lookup->items_count;

	for (const struct change *change = commit->changes; change != NULL; change = change->next) {
		if (live_collection(lookup->group->live, change) != predicate->collection ||
		    !predicate_admits(predicate, &change->id) ||
		    has_item(lookup, earlier, &change->id))
			continue;
		lookup->items = grown(lookup->items, lookup->items_count, &lookup->items_capacity,
		    sizeof(*lookup->items));
		lookup->items[lookup->items_count++] =
		    (struct lookup_item){ change->id, change->old_values };
	}
}

static void
keep_commit(struct live_lookup *lookup, struct commit *commit)
{
	lookup->commits = grown(lookup->commits, lookup->commits_count, &lookup->commits_capacity,
	    sizeof(struct commit *));
	atomic_fetch_add(&commit->references, 1);
	lookup->commits[lookup->commits_count++] = commit;
}

static bool
touches_read(const struct live_group *group, const struct commit *commit)
{
	for (const struct change *change = commit->changes; change != NULL; change = change->next) {
		unsigned index = live_collection(group->live, change)->index;

		if ((group->reads[index / 64] >> index % 64 & 1) != 0)
			return true;
	}
	return false;
}

/* The database has the links as they are now: how they were before, it cannot say. */
static bool
changes_links(const struct predicate *predicate, const struct change *change)
{
	const struct collection *collection = predicate->collection;

	for (size_t i = COLUMN_FIELDS; change->old_values != NULL && i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (field->type == FIELD_REFS && predicate_looks_at(predicate, field) &&
		    (change->new_values == NULL || !value_equal(&change->old_values[i], &change->new_values[i])))
			return true;
	}
	return false;
}

static bool
touches_links(const struct live_group *group, const struct commit *commit)
{
	const struct predicate *predicate = &group->predicate;

	for (const struct change *change = commit->changes; change != NULL; change = change->next)
		if (live_collection(group->live, change) == predicate->collection &&
		    predicate_admits(predicate, &change->id) && changes_links(predicate, change))
			return true;
	return false;
}

static bool
touches_base(const struct live_group *group, const struct commit *commit)
{
	const struct predicate *predicate = &group->predicate;

	for (const struct change *change = commit->changes; change != NULL; change = change->next)
		if (live_collection(group->live, change) == predicate->collection &&
		    predicate_admits(predicate, &change->id))
			return true;
	return false;
}

/* Whether it is news to a stream that catches up is seen when it has. */
static void
hold_resets(struct live_group *group, int64_t number)
{
	struct buf text;

	buf_init(&text, 256);
	live_reset_text(group->live, "joined", &text);
	for (struct live_stream *stream = group->streams; stream != NULL; stream = stream->next)
		if (stream->catching_up)
			live_tell(stream, number, buf_str(&text));
	buf_release(&text);
}

static bool
is_news_to_any(const struct live_group *group, int64_t number)
{
	for (const struct live_stream *stream = group->streams; stream != NULL;
	     stream = stream->next)
		if (!stream->catching_up && live_is_news(stream, number))
			return true;
	return false;
}

/* A reset that is due speaks for all changes until it is sent, and so to all streams. */
static void
ask_for_reset(struct live_group *group, int64_t number)
{
	if (!is_news_to_any(group, number)) {
		hold_resets(group, number);
		return;
	}
	group->reset_due = true;
	live_joined_drop(group);
}

void
live_joined_take(struct live_group *group, struct commit *commit)
{
	if (group->streams == NULL)
		return;
	if (touches_read(group, commit) || touches_links(group, commit)) {
		ask_for_reset(group, commit->number);
		return;
	}
	if (!touches_base(group, commit))
		return;
	if (group->waiting == NULL)
		group->waiting = lookup_new(group);
	keep_commit(group->waiting, commit);
	add_items(group->waiting, commit);
	if (group->waiting->items_count > LOOKUP_ITEMS_MAX)
		ask_for_reset(group, INT64_MAX);
}

/* --- asking ---------------------------------------------------------- */

static enum err
read_seen(struct tx *tx, int64_t *ret)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	*ret = 0;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT max(seq) FROM caisson_changes");
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		*ret = tx_value(&rows, 0, VALUE_INT).integer;
	sql_release(&sql);
	return tx_close(&rows, err);
}

static enum err
ask_item(
    struct live_lookup *lookup, struct tx *tx, const struct lookup_item *item, struct buf *json)
{
	const struct predicate *predicate = &lookup->group->predicate;
	bool before, after;
	enum err err;

	buf_clear(json);
	err = predicate_held(predicate, tx, item->old_values, &before);
	if (err == OK)
		err = predicate_read(predicate, tx, &item->id, json, &after);
	if (err != OK || (!before && !after))
		return err;
	if (!after)
		live_id_json(json, predicate->collection, &item->id);
	live_text_event(&lookup->text,
	    !after   ? "left"
	    : before ? "changed"
		     : "entered",
	    buf_str(json));
	return lookup->text.buf.err;
}

/* A store body. */
static enum err
ask_items(struct tx *tx, void *arg)
{
	struct live_lookup *lookup = arg;
	struct buf json;
	enum err err;

	buf_clear(&lookup->text.buf);
	lookup->text.events = 0;
	buf_init(&json, LIVE_TEXT_MAX);
	err = read_seen(tx, &lookup->seen);
	for (size_t i = 0; i < lookup->items_count && err == OK; i++)
		err = ask_item(lookup, tx, &lookup->items[i], &json);
	buf_release(&json);
	return err;
}

static void
start_lookup(struct live_group *group)
{
	struct live *live = group->live;

	group->running = group->waiting;
	group->waiting = NULL;
	live->calls++;
	task_start(&group->running->task, &live->loop->ready, lookup_steps, end_lookup);
}

static enum step_result
ask(struct task *task)
{
	struct live_lookup *lookup = CONTAINER(task, struct live_lookup, task);
	struct live *live = lookup->group->live;

	lookup->call = (struct store_call){ .body = ask_items,
		.arg = lookup,
		.task = task,
		.weight = lookup->items_count <= LOOKUP_LIGHT_MAX ? STORE_LIGHT : STORE_HEAVY };
	store_read(live->store, live->loop, &lookup->call);
	return STEP_WAIT;
}

static enum step_result
note_answer(struct task *task)
{
	struct live_lookup *lookup = CONTAINER(task, struct live_lookup, task);

	lookup->is_over = true;
	return STEP_DONE;
}

static void
end_lookup(struct task *task)
{
	struct live_lookup *lookup = CONTAINER(task, struct live_lookup, task);
	struct live_group *group = lookup->group;
	struct live *live = group->live;

	live->calls--;
	if (lookup->is_dropped) {
		group->running = NULL;
		lookup_free(lookup);
	}
	if (group->streams == NULL)
		live_group_leave(group);
	else
		live_joined_settle(live);
}

/* --- telling --------------------------------------------------------- */

/* Of several commits one may be known to a stream and an earlier one not. */
static int64_t
news_to(const struct live_stream *stream, const struct live_lookup *lookup)
{
	for (size_t i = 0; i < lookup->commits_count; i++)
		if (live_is_news(stream, lookup->commits[i]->number))
			return lookup->commits[i]->number;
	return 0;
}

static void
tell_streams(struct live_group *group, const struct live_lookup *lookup)
{
	int64_t number;

	for (struct live_stream *stream = group->streams; stream != NULL; stream = stream->next)
		if ((number = news_to(stream, lookup)) != 0)
			live_tell(stream, number, buf_str(&lookup->text.buf));
}

static void
tell(struct live_group *group)
{
	struct live_lookup *lookup = group->running;
	int64_t number = lookup->commits[lookup->commits_count - 1]->number;

	group->running = NULL;
	if (lookup->call.err != OK) {
		ask_for_reset(group, INT64_MAX);
	} else if (lookup->text.events > 0) {
		live_text_end(&lookup->text, number);
		tell_streams(group, lookup);
	}
	lookup_free(lookup);
}

static void
settle(struct live_group *group)
{
	struct live *live = group->live;

	if (group->running != NULL && group->running->is_over &&
	    live->position >= group->running->seen)
		tell(group);
	if (group->reset_due && uv_now(&live->loop->uv) - group->reset_ms >= LIVE_RESET_MS)
		live_group_reset(group, INT64_MAX, "joined");
	if (group->running == NULL && group->waiting != NULL)
		start_lookup(group);
}

void
live_joined_settle(struct live *live)
{
	for (struct live_group *group = live->joined; group != NULL; group = group->next_joined)
		if (group->streams != NULL)
			settle(group);
}
