/* What a stream missed: each record that changed, once, as it was at first and
 * as it is now. */
#include "events/live_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/memory.h"
#include "records/list.h"
#include "store/log.h"

enum { PAGE_COMMITS = 1000 };

/* A record that changed. */
struct missed_record {
	struct missed_record *next; /* in its bucket */
	const struct change *first, *last;
};

struct reading {
	struct tx *tx;
	const struct predicate *predicate;
	struct live_missed *missed;
	struct log_page *pages; /* kept to the end: records point into them */
	size_t pages_count, changes_count;
	struct missed_record **buckets;
	size_t buckets_count; /* a power of two */
};

/* --- the log --------------------------------------------------------- */

static uint64_t
hash_id(const struct value *id)
{
	return id->kind == VALUE_UUID ? hash_bytes(id->uuid.bytes, sizeof(id->uuid.bytes))
				      : hash_bytes(&id->integer, sizeof(id->integer));
}

static struct missed_record **
find_record(struct reading *reading, const struct value *id)
{
	struct missed_record **at = &reading->buckets[hash_id(id) & (reading->buckets_count - 1)];

	while (*at != NULL && !value_equal(&(*at)->last->id, id))
		at = &(*at)->next;
	return at;
}

static enum err
note_change(struct reading *reading, const struct change *change)
{
	struct missed_record **at;

	if (change->collection != reading->predicate->collection ||
	    !predicate_admits(reading->predicate, &change->id))
		return OK;
	at = find_record(reading, &change->id);
	if (*at == NULL) {
		*at = arena_new(reading->tx->arena, sizeof(**at));
		if (*at == NULL)
			return ERR_TOO_LARGE;
		(*at)->first = change;
	}
	(*at)->last = change;
	return OK;
}

static enum err
note_page(struct reading *reading, const struct log_page *page)
{
	enum err err = OK;

	if (page->truncated) {
		reading->missed->reset = "position";
		return OK;
	}
	for (size_t i = 0; i < page->count && err == OK; i++) {
		const struct commit *commit = page->commits[i];

		reading->changes_count += commit->changes_count;
		if (commit->too_many)
			reading->missed->reset = "large";
		for (const struct change *change = commit->changes; change != NULL && err == OK;
		     change = change->next)
			err = note_change(reading, change);
	}
	if (reading->changes_count > (size_t)limit(LIMIT_live_gap))
		reading->missed->reset = "gap";
	return err;
}

/* Page by page, up to the first reason for a reset. */
static enum err
read_log(struct reading *reading, int64_t since, int64_t until)
{
	struct log_page page = { .more = true };
	enum err err = OK;

	while (err == OK && page.more && reading->missed->reset == NULL) {
		page = (struct log_page){ 0 };
		err = log_read(
		    reading->tx, reading->predicate->rules->app, since, until, PAGE_COMMITS, &page);
		if (err != OK)
			break;
		reading->pages = memory_resize(
		    reading->pages, (reading->pages_count + 1) * sizeof(*reading->pages));
		reading->pages[reading->pages_count++] = page;
		err = note_page(reading, &page);
		since = page.until;
	}
	return err;
}

/* --- events ---------------------------------------------------------- */

static enum err
add_event(struct reading *reading, const struct missed_record *record, struct live_text *text)
{
	const struct predicate *predicate = reading->predicate;
	bool before = predicate_holds(predicate, record->first->old_values);
	bool after = predicate_holds(predicate, record->last->new_values);
	struct buf json;

	if (!before && !after)
		return OK;
	buf_init(&json, LIVE_TEXT_MAX);
	if (after)
		predicate_to_json(predicate, record->last->new_values, &json);
	else
		live_id_json(&json, predicate->collection, &record->last->id);
	live_text_event(text, !after ? "left" : before ? "changed" : "entered", buf_str(&json));
	buf_release(&json);
	return text->buf.err;
}

/* In the order of the records' last changes. */
static enum err
add_commit_events(struct reading *reading, const struct commit *commit, struct live_text *text)
{
	enum err err = OK;

	for (const struct change *change = commit->changes; change != NULL && err == OK;
	     change = change->next) {
		const struct missed_record *record;

		if (change->collection != reading->predicate->collection)
			continue;
		record = *find_record(reading, &change->id);
		if (record != NULL && record->last == change)
			err = add_event(reading, record, text);
	}
	return err;
}

static enum err
add_page_events(struct reading *reading, const struct log_page *page, struct live_text *text)
{
	enum err err = OK;

	for (size_t i = 0; i < page->count && err == OK; i++)
		err = add_commit_events(reading, page->commits[i], text);
	return err;
}

static enum err
add_events(struct reading *reading)
{
	struct live_missed *missed = reading->missed;
	struct live_text text = { .buf = *missed->text };
	enum err err = OK;

	for (size_t i = 0; i < reading->pages_count && err == OK; i++)
		err = add_page_events(reading, &reading->pages[i], &text);
	*missed->text = text.buf;
	missed->events = text.events;
	return err;
}

static enum err
read_missed(struct tx *tx, struct live_missed *missed)
{
	struct reading reading = {
		.tx = tx,
		.predicate = &missed->stream->group->predicate,
		.missed = missed,
		.buckets_count = 1024,
	};
	enum err err;

	reading.buckets =
	    arena_array(tx->arena, reading.buckets_count, sizeof(struct missed_record *));
	err = reading.buckets == NULL ? ERR_TOO_LARGE : OK;
	if (err == OK)
		err = read_log(&reading, missed->since, missed->stream->since);
	if (err == OK && missed->reset == NULL)
		err = add_events(&reading);
	for (size_t i = 0; i < reading.pages_count; i++)
		log_page_release(&reading.pages[i]);
	free(reading.pages);
	return err;
}

/* --- what is there ---------------------------------------------------- */

static void
add_row(void *arg, struct str record)
{
	live_text_event(arg, "entered", record);
}

/* {"next":"…"}, as in a list. */
static void
add_snapshot(struct live_text *text, struct str next)
{
	struct buf json;

	buf_init(&json, LIVE_TEXT_MAX);
	buf_add_c(&json, "{\"next\":");
	if (next.size == 0)
		buf_add_c(&json, "null}");
	else
		buf_addf(&json, "\"%.*s\"}", STR_ARGS(next));
	live_text_event(text, "snapshot", buf_str(&json));
	if (json.err != OK)
		text->buf.err = json.err;
	buf_release(&json);
}

/* In one snapshot with the number that the rows get. */
static enum err
begin_stream(struct tx *tx, struct live_missed *missed)
{
	struct live_text text = { .buf = *missed->text };
	struct list_read list = { .query = missed->stream->rows, .tell = add_row, .tell_arg = &text };
	struct buf json;
	enum err err = snapshot_read(tx, &missed->start);

	if (err != OK || list.query == NULL)
		return err;
	buf_init(&json, LIVE_TEXT_MAX);
	list.json = &json;
	err = list_read(tx, &list);
	if (err == OK) {
		add_snapshot(&text, list.next);
		err = text.buf.err == OK ? OK : ERR_TOO_COSTLY;
	}
	buf_release(&json);
	*missed->text = text.buf;
	missed->events = text.events;
	return err;
}

/* A reset is at a place that no other node has left behind. */
static enum err
go_on(struct tx *tx, struct live_missed *missed)
{
	enum err err = OK;

	missed->reset = missed->stream->reset;
	if (missed->reset == NULL)
		err = read_missed(tx, missed);
	return err == OK && missed->reset != NULL ? snapshot_read(tx, &missed->start) : err;
}

enum err
live_catch_up(struct tx *tx, void *arg)
{
	struct live_missed *missed = arg;

	missed->reset = NULL;
	missed->events = 0;
	buf_clear(missed->text);
	snapshot_release(&missed->start);
	return missed->stream->is_new ? begin_stream(tx, missed) : go_on(tx, missed);
}
