#include "store/sqlite/capture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "codec/json.h"

/* Where each column of ${collection} stands in its table, then _version: migrations add columns at the end. */
static int *
find_columns(sqlite3_stmt *statement, const struct collection *collection)
{
	int *places = memory_new((collection->columns_count + 1) * sizeof(*places));

	sqlite3_bind_text(
	    statement, 1, collection->name.data, (int)collection->name.size, SQLITE_STATIC);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		struct str name = str_from((const char *)sqlite3_column_text(statement, 1));
		const struct field *field = collection_column(collection, name);

		if (field != NULL)
			places[field->column] = sqlite3_column_int(statement, 0);
		else if (str_is(name, "_version"))
			places[collection->columns_count] = sqlite3_column_int(statement, 0);
	}
	sqlite3_reset(statement);
	return places;
}

static void
find_all_columns(struct capture *capture, sqlite3 *db)
{
	const struct app *app = capture->app;
	sqlite3_stmt *statement;

	capture->columns = memory_new((app->collections_count + 1) * sizeof(*capture->columns));
	if (sqlite3_prepare_v2(db, "SELECT cid, name FROM pragma_table_info(?)", -1, &statement,
		NULL) != SQLITE_OK)
		return;
	for (size_t i = 0; i < app->collections_count; i++)
		capture->columns[i] = find_columns(statement, &app->collections[i]);
	sqlite3_finalize(statement);
}

typedef int read_column(sqlite3 *db, int column, sqlite3_value **ret);

static struct value *
copy_row(struct capture *capture, sqlite3 *db, const struct collection *collection, read_column *read)
{
	struct arena *arena = &capture->commit->arena;
	struct value *row = arena_array(arena, collection->columns_count, sizeof(*row));
	const int *places = capture->columns[collection->index];

	if (places == NULL)
		return NULL;
	for (unsigned i = 0; row != NULL && i < collection->columns_count; i++) {
		sqlite3_value *value = NULL;

		if (read(db, places[i], &value) != SQLITE_OK)
			return NULL;
		row[i] = sqlite_to_value(value, field_value_kind(&collection->columns[i]),
		    collection->columns[i].scale);
		if (!value_keep(arena, &row[i]))
			return NULL;
	}
	return row;
}

/* --- one change for each row ------------------------------------------ */

enum { PLACES_MIN = 64 };

/* The change of the row with ${id} that is noted already, or the free place for it. */
static struct change **
find_place(struct capture *capture, const struct collection *collection, const struct value *id)
{
	uint64_t hash = id->kind == VALUE_UUID ? hash_bytes(id->uuid.bytes, sizeof(id->uuid.bytes)) :
						 hash_bytes(&id->integer, sizeof(id->integer));
	size_t at = (size_t)(hash + collection->index) & (capture->places_count - 1);

	while (capture->places[at] != NULL && (capture->places[at]->collection != collection ||
						  !value_equal(&capture->places[at]->id, id)))
		at = (at + 1) & (capture->places_count - 1);
	return &capture->places[at];
}

static void
clear_places(struct capture *capture, size_t count)
{
	if (count != capture->places_count) {
		free(capture->places);
		capture->places = memory_new(count * sizeof(*capture->places));
		capture->places_count = count;
	} else {
		memset(capture->places, 0, count * sizeof(*capture->places));
	}
}

static void
make_room(struct capture *capture)
{
	if (2 * (capture->commit->changes_count + 1) <= capture->places_count)
		return;
	clear_places(capture, 2 * capture->places_count);
	for (struct change *change = capture->commit->changes; change != NULL; change = change->next)
		*find_place(capture, change->collection, &change->id) = change;
}

/*
 * A row that changes several times in one body (SET NULL, then its version; links of two
 * fields) is one change: old of the first, new of the last.
 */
static void
add_change(struct capture *capture, const struct change *made)
{
	struct commit *commit = capture->commit;
	struct change **place, *change;

	make_room(capture);
	place = find_place(capture, made->collection, &made->id);
	if ((change = *place) != NULL) {
		change->new_values = made->new_values;
		change->version = made->version;
		change->op = change->new_values == NULL ? CHANGE_DELETE :
		    change->old_values == NULL		  ? CHANGE_CREATE :
							    CHANGE_UPDATE;
		return;
	}
	change = arena_new(&commit->arena, sizeof(*change));
	if (change == NULL) {
		capture->failed = true;
		return;
	}
	*change = *made;
	*place = change;
	*(capture->last == NULL ? &commit->changes : &capture->last->next) = change;
	capture->last = change;
	commit->changes_count++;
}

static void
on_change(void *arg, sqlite3 *db, int op, const char *database, const char *table,
    sqlite3_int64 old_rowid, sqlite3_int64 new_rowid)
{
	struct capture *capture = arg;
	const struct collection *collection = app_collection(capture->app, str_from(table));
	struct change change = { .collection = collection };
	sqlite3_value *version = NULL;

	(void)database, (void)old_rowid, (void)new_rowid;
	if (collection == NULL || capture->commit == NULL)
		return; /* a table of the system's */
	change.op = op == SQLITE_INSERT ? CHANGE_CREATE :
		    op == SQLITE_DELETE ? CHANGE_DELETE :
					  CHANGE_UPDATE;
	if (op != SQLITE_INSERT)
		change.old_values = copy_row(capture, db, collection, sqlite3_preupdate_old);
	if (op != SQLITE_DELETE) {
		change.new_values = copy_row(capture, db, collection, sqlite3_preupdate_new);
		if (change.new_values != NULL && sqlite3_preupdate_new(
			db, capture->columns[collection->index][collection->columns_count], &version) == SQLITE_OK)
			change.version = sqlite3_value_int64(version);
	}
	if ((op != SQLITE_INSERT && change.old_values == NULL) ||
	    (op != SQLITE_DELETE && change.new_values == NULL)) {
		capture->failed = true;
		return;
	}
	change.id = (change.new_values != NULL ? change.new_values : change.old_values)[COLUMN_ID];
	add_change(capture, &change);
}

void
capture_attach(struct capture *capture, struct sqlite_connection *connection)
{
	*capture = (struct capture){ .app = connection->app };
	find_all_columns(capture, connection->db);
	sqlite3_preupdate_hook(connection->db, on_change, capture);
}

void
capture_begin(struct capture *capture, int64_t number)
{
	assert(capture->commit == NULL);
	capture->commit = commit_new(number);
	clear_places(capture, PLACES_MIN);
	capture->last = NULL;
	capture->failed = false;
}

void
capture_drop(struct capture *capture)
{
	commit_unref(capture->commit);
	capture->commit = NULL;
}

void
capture_release(struct capture *capture)
{
	capture_drop(capture);
	free(capture->places);
	capture->places = NULL;
	for (size_t i = 0; capture->columns != NULL && i < capture->app->collections_count; i++)
		free(capture->columns[i]);
	free(capture->columns);
	capture->columns = NULL;
}

struct commit *
capture_take(struct capture *capture, bool even_empty)
{
	struct commit *commit = capture->commit;

	capture->commit = NULL;
	commit_drop_passing(commit);
	if (commit->changes_count > 0 || even_empty)
		return commit;
	commit_unref(commit);
	return NULL;
}

static void
write_pair(struct json_writer *writer, const struct change *change, unsigned column)
{
	if (change->op == CHANGE_CREATE) {
		json_value(writer, &change->new_values[column]);
	} else if (change->op == CHANGE_DELETE) {
		json_value(writer, &change->old_values[column]);
	} else {
		json_begin_array(writer);
		json_value(writer, &change->old_values[column]);
		json_value(writer, &change->new_values[column]);
		json_end_array(writer);
	}
}

/* The whole row of a create and a delete, [old, new] of each column that an update changed. */
static void
write_changes(struct buf *json, const struct change *change)
{
	struct json_writer writer;

	json_writer_init(&writer, json);
	json_begin_object(&writer);
	for (unsigned i = 0; i < change->collection->columns_count; i++) {
		if (change->op == CHANGE_UPDATE &&
		    value_equal(&change->old_values[i], &change->new_values[i]))
			continue;
		json_name_raw(&writer, change->collection->columns[i].json_name);
		write_pair(&writer, change, i);
	}
	json_end_object(&writer);
}

static enum err
log_change(struct tx *tx, struct sql_text *sql, struct buf *json, const struct commit *commit,
    const struct change *change, int64_t n)
{
	static const char *const ops[] = { "create", "update", "delete" };

	buf_clear(json);
	write_changes(json, change);
	sql_clear(sql);
	sql_addf(sql,
	    "INSERT INTO caisson_changes (seq, n, collection, record, op, changes)"
	    " VALUES (%v, %v, %v, %v, %v, %v)",
	    value_int(commit->number), value_int(n), value_text(change->collection->name), change->id,
	    value_text(str_from(ops[change->op])), value_text(buf_str(json)));
	return json->err != OK ? json->err : tx_exec(tx, sql, NULL);
}

static enum err
log_commit(struct tx *tx, struct sql_text *sql, const struct commit *commit, struct str actor,
    struct str request_id)
{
	sql_addf(sql, "INSERT INTO caisson_commits (seq, at, actor, request_id) VALUES (%v, %v, %v, %v)",
	    value_int(commit->number), value_int(tx->now_us),
	    actor.data == NULL ? value_null() : value_text(actor),
	    request_id.data == NULL ? value_null() : value_text(request_id));
	return tx_exec(tx, sql, NULL);
}

enum err
capture_log(struct tx *tx, const struct commit *commit, struct str actor, struct str request_id)
{
	enum { CHANGES_SIZE_MAX = 64 << 20 };
	struct sql_text sql;
	struct buf json;
	enum err err;
	int64_t n = 0;

	sql_init(&sql, SQL_SQLITE);
	buf_init(&json, CHANGES_SIZE_MAX);
	err = log_commit(tx, &sql, commit, actor, request_id);
	for (const struct change *change = commit->changes; change != NULL && err == OK;
	    change = change->next)
		err = log_change(tx, &sql, &json, commit, change, n++);
	buf_release(&json);
	sql_release(&sql);
	return err;
}
