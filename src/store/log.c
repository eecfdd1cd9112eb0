#include "store/log.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/log_internal.h"

enum { LOG_MEMORY_MAX = 256 << 20, EPOCH_SHIFT = 48 };
/* A value that stood in a body, in the pair of an update. */
enum { LOG_DEPTH_MAX = JSON_DEPTH_MAX + 2 };

/* How far the log reaches, as the snapshot has it. */
struct reach {
	int64_t start; /* the largest number that was taken out */
	int64_t newest; /* the largest that is there */
	int64_t end; /* no number from here on was given yet */
};

static enum err read_reach(struct log_reading *reading, struct reach *ret);
static bool reaches(const struct log_reading *reading, const struct reach *reach, int64_t since);
static enum err read_page(struct log_reading *reading, int64_t since, int64_t until,
    size_t commits_max, struct log_page *page);
static enum err build_commits(struct log_reading *reading, struct log_page *page);

static enum err
read_range(struct log_reading *reading, int64_t since, int64_t until, size_t commits_max,
    struct log_page *page)
{
	struct reach reach;
	enum err err = read_reach(reading, &reach);

	if (err != OK)
		return err;
	page->until = until < INT64_MAX ? until : since > reach.newest ? since : reach.newest;
	page->truncated = !reaches(reading, &reach, since);
	if (page->truncated && reach.start > since) {
		page->until = reach.start;
		page->more = page->until < until;
	}
	if (page->truncated || reach.newest <= since)
		return OK;
	err = read_page(reading, since, page->until, commits_max, page);
	if (err != OK || reading->page_count == 0)
		return err;
	err = log_read_rows(reading, page->until, page->until >= reach.newest);
	if (err == OK)
		err = log_walk_back(reading);
	return err == OK ? build_commits(reading, page) : err;
}

enum err
log_read(struct tx *tx, const struct app *app, int64_t since, int64_t until, size_t commits_max,
    struct log_page *ret)
{
	struct log_reading *reading = memory_new(sizeof(*reading));
	struct log_page page = { 0 };
	enum err err;

	reading->tx = tx;
	reading->app = app;
	arena_init(&reading->arena, LOG_MEMORY_MAX);
	sql_init(&reading->sql, tx->type->dialect);
	err = read_range(reading, since, until, commits_max, &page);
	if (err == OK)
		*ret = page;
	else
		log_page_release(&page);
	sql_release(&reading->sql);
	arena_release(&reading->arena);
	free(reading->entries);
	free(reading);
	return err;
}

void
log_page_release(struct log_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		commit_unref(page->commits[i]);
	free(page->commits);
	page->commits = NULL;
	page->count = 0;
}

/* --- how far it reaches ---------------------------------------------- */

static enum err
read_reach(struct log_reading *reading, struct reach *ret)
{
	struct tx_rows rows;
	enum err err;

	sql_clear(&reading->sql);
	sql_add(&reading->sql,
	    reading->tx->type->dialect == SQL_SQLITE
		? "SELECT (SELECT CAST(value AS INTEGER) FROM caisson_meta WHERE key = "
		  "'log_start'),"
		  " (SELECT max(seq) FROM caisson_changes),"
		  " (SELECT max(seq) FROM caisson_commits) + 1"
		: "SELECT (SELECT value::bigint FROM caisson_meta WHERE key = 'log_start'),"
		  " (SELECT max(seq) FROM caisson_changes),"
		  " ((SELECT value::bigint FROM caisson_meta WHERE key = 'epoch') << 48)"
		  " + pg_snapshot_xmax(pg_current_snapshot())::text::bigint");
	err = tx_query(reading->tx, &reading->sql, &rows);
	*ret = (struct reach){ .end = 1 };
	if (err == OK && tx_next(&rows)) {
		ret->start = tx_value(&rows, 0, VALUE_INT).integer;
		ret->newest = tx_value(&rows, 1, VALUE_INT).integer;
		ret->end = tx_value(&rows, 2, VALUE_INT).integer;
	}
	return tx_close(&rows, err);
}

/*
 * A number that was never given is of a database that was restored since.  On
 * PostgreSQL a restore raises the epoch: what it lost had numbers of the old one.
 */
static bool
reaches(const struct log_reading *reading, const struct reach *reach, int64_t since)
{
	if (since < reach->start)
		return false;
	if (since == 0)
		return true;
	if (reading->tx->type->dialect == SQL_POSTGRES &&
	    since >> EPOCH_SHIFT != reach->end >> EPOCH_SHIFT)
		return false;
	return since < reach->end;
}

bool
log_is_ordered(const struct tx *tx)
{
	return tx->type->dialect == SQL_SQLITE;
}

/* --- the page's entries ---------------------------------------------- */

static bool
parse_op(struct str text, enum change_op *ret)
{
	static const char *const ops[] = { "create", "update", "delete" };

	for (size_t i = 0; i < COUNT(ops); i++) {
		if (str_is(text, ops[i])) {
			*ret = (enum change_op)i;
			return true;
		}
	}
	return false;
}

static struct log_entry *
new_entry(struct log_reading *reading)
{
	if (reading->count == reading->capacity) {
		reading->capacity = reading->capacity == 0 ? 64 : 2 * reading->capacity;
		reading->entries =
		    memory_resize(reading->entries, reading->capacity * sizeof(*reading->entries));
	}
	reading->entries[reading->count] = (struct log_entry){ 0 };
	return &reading->entries[reading->count++];
}

static enum err
parse_changes(struct log_reading *reading, struct value changes, const struct json **ret)
{
	struct str text;
	struct json *json;
	struct json_error error;

	*ret = NULL;
	if (changes.kind == VALUE_NULL)
		return OK;
	text = arena_str(&reading->arena, changes.text);
	json = arena_new(&reading->arena, sizeof(*json));
	if (text.data == NULL || json == NULL)
		return ERR_TOO_LARGE;
	*ret = json;
	return json_parse_deep(&reading->arena, text, LOG_DEPTH_MAX, json, &error);
}

enum err
log_add_entry(struct log_reading *reading, int64_t seq, const struct collection *collection,
    struct value id, struct str op, struct value changes)
{
	struct log_entry *entry = new_entry(reading);

	entry->seq = seq;
	if (collection == NULL)
		return OK;
	if (!parse_op(op, &entry->op))
		return ERR_INTERNAL;
	entry->row = log_row(reading, collection, id);
	return entry->row == NULL ? ERR_TOO_LARGE : parse_changes(reading, changes, &entry->json);
}

static enum err
read_entry(struct log_reading *reading, struct tx_rows *rows)
{
	const struct collection *collection =
	    app_collection(reading->app, tx_value(rows, 1, VALUE_TEXT).text);
	struct value id = value_null();
	enum err err = OK;

	if (collection != NULL)
		err = log_record_id(reading, rows, 2, collection, &id);
	if (err != OK)
		return err;
	return log_add_entry(reading, tx_value(rows, 0, VALUE_INT).integer, collection, id,
	    tx_value(rows, 3, VALUE_TEXT).text, tx_value(rows, 4, VALUE_TEXT));
}

static enum err
read_entries(struct log_reading *reading, int64_t since, int64_t until)
{
	struct tx_rows rows;
	enum err err;

	sql_clear(&reading->sql);
	sql_addf(&reading->sql,
	    "SELECT seq, collection, record, op, changes FROM caisson_changes"
	    " WHERE seq > %v AND seq <= %v ORDER BY seq, n LIMIT %v",
	    value_int(since), value_int(until), value_int(LOG_PAGE_CHANGES_MAX + 1));
	err = tx_query(reading->tx, &reading->sql, &rows);
	while (err == OK && tx_next(&rows))
		err = read_entry(reading, &rows);
	return tx_close(&rows, err);
}

/* How many entries make whole commits, at most ${commits_max} of them; zero when the first does not fit. */
static size_t
whole_commits(const struct log_reading *reading, size_t commits_max)
{
	bool is_cut = reading->count > LOG_PAGE_CHANGES_MAX;
	size_t commits = 0, whole = 0;

	for (size_t i = 0; i < reading->count; i++) {
		if (i > 0 && reading->entries[i].seq == reading->entries[i - 1].seq)
			continue;
		whole = i;
		if (commits++ == commits_max)
			return whole;
	}
	return is_cut ? whole : reading->count;
}

static void
add_commit(struct log_page *page, struct commit *commit)
{
	/* Doubled at powers of two. */
	if ((page->count & (page->count - 1)) == 0)
		page->commits = memory_resize(page->commits,
		    (page->count == 0 ? 1 : 2 * page->count) * sizeof(*page->commits));
	page->commits[page->count++] = commit;
}

static enum err
read_page(struct log_reading *reading, int64_t since, int64_t until, size_t commits_max,
    struct log_page *page)
{
	enum err err = read_entries(reading, since, until);
	size_t count = reading->count;
	struct commit *commit;

	assert(commits_max > 0);
	if (err != OK || count == 0)
		return err;
	reading->page_count = whole_commits(reading, commits_max);
	page->more = reading->page_count < count;
	if (reading->page_count == 0) {
		commit = commit_new(reading->entries[0].seq);
		commit->too_many = true;
		add_commit(page, commit);
		page->until = commit->number;
		return OK;
	}
	if (page->more)
		page->until = reading->entries[reading->page_count - 1].seq;
	reading->count = reading->page_count;
	return OK;
}

/* --- commits of entries ---------------------------------------------- */

static struct value *
copy_values(struct commit *commit, const struct collection *collection, const struct value *values)
{
	struct value *copy = arena_array(&commit->arena, collection->columns_count, sizeof(*copy));

	for (size_t i = 0; copy != NULL && i < collection->columns_count; i++) {
		copy[i] = values[i];
		if (!value_keep(&commit->arena, &copy[i]))
			return NULL;
	}
	return copy;
}

/* The row's change in ${commit}, new or met before. */
static struct change *
change_of(struct commit *commit, struct log_entry *entry, struct change **last)
{
	struct log_row *row = entry->row;

	if (row->commit == commit)
		return row->change;
	row->change = arena_new(&commit->arena, sizeof(*row->change));
	if (row->change == NULL)
		return NULL;
	row->commit = commit;
	*row->change = (struct change){
		.collection = row->collection, .id = row->id, .version = commit->number
	};
	*(*last == NULL ? &commit->changes : &(*last)->next) = row->change;
	*last = row->change;
	commit->changes_count++;
	if (entry->old_values != NULL && (row->change->old_values = copy_values(
					      commit, row->collection, entry->old_values)) == NULL)
		return NULL;
	return row->change;
}

static enum err
add_changes(struct commit *commit, struct log_entry *entries, size_t count)
{
	struct change *last = NULL, *change;

	for (size_t i = 0; i < count; i++) {
		struct log_entry *entry = &entries[i];

		if (entry->row == NULL)
			continue;
		if ((change = change_of(commit, entry, &last)) == NULL)
			return ERR_TOO_LARGE;
		change->new_values = NULL;
		if (entry->new_values != NULL &&
		    (change->new_values =
			    copy_values(commit, change->collection, entry->new_values)) == NULL)
			return ERR_TOO_LARGE;
		change->op = entry->new_values == NULL    ? CHANGE_DELETE
			     : change->old_values == NULL ? CHANGE_CREATE
							  : CHANGE_UPDATE;
	}
	return OK;
}

static enum err
build_commit(struct log_entry *entries, size_t count, struct log_page *page)
{
	struct commit *commit = commit_new(entries[0].seq);
	enum err err;

	add_commit(page, commit);
	if (count > RING_CHANGES_MAX) {
		commit->too_many = true;
		return OK;
	}
	err = add_changes(commit, entries, count);
	commit_drop_passing(commit);
	return err;
}

static enum err
build_commits(struct log_reading *reading, struct log_page *page)
{
	size_t first = 0, end;
	enum err err = OK;

	for (; first < reading->page_count && err == OK; first = end) {
		for (end = first + 1; end < reading->page_count; end++)
			if (reading->entries[end].seq != reading->entries[first].seq)
				break;
		err = build_commit(&reading->entries[first], end - first, page);
	}
	return err;
}
