/* Statements of the operator's on SQLite. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/shape.h"
#include "codec/time.h"
#include "loop/loop.h"
#include "store/sqlite/ask.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/engine.h"

/* --- preparing -------------------------------------------------------- */

static enum err
complain(struct sqlite_connection *connection, struct buf *ret_detail)
{
	int code = sqlite3_errcode(connection->db);

	buf_add_c(ret_detail, connection->over_budget ? "it took too long, and was ended" :
						   sqlite3_errmsg(connection->db));
	return connection->over_budget ? ERR_TOO_COSTLY : sqlite_error(code);
}

static enum err
prepare(struct sqlite_connection *connection, struct str text, sqlite3_stmt **ret,
    struct buf *ret_detail)
{
	const char *tail;
	const char *what = NULL;

	if (sqlite3_prepare_v2(connection->db, text.data, (int)text.size, ret, &tail) != SQLITE_OK)
		return complain(connection, ret_detail);
	if (*ret == NULL)
		what = "there is no statement";
	else if (str_trim((struct str){ tail, (size_t)(text.data + text.size - tail) }).size > 0)
		what = "one statement at a time";
	else if (sqlite3_bind_parameter_count(*ret) > 0)
		what = "a statement without parameters, please";
	if (what == NULL)
		return OK;
	buf_add_c(ret_detail, what);
	sqlite3_finalize(*ret);
	return ERR_BAD_REQUEST;
}

/* --- reading ---------------------------------------------------------- */

/*
 * A connection that only queries could still attach files, or checkpoint, which is the running
 * writer's alone.
 */
static int
allow_reading(void *arg, int action, const char *name, const char *value, const char *database,
    const char *trigger)
{
	static const char *const pragmas[] = { "table_info", "table_xinfo", "table_list", "index_list",
		"index_info", "index_xinfo", "foreign_key_list", "integrity_check", "quick_check" };

	(void)arg, (void)value, (void)database, (void)trigger;
	if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
	    action == SQLITE_RECURSIVE)
		return SQLITE_OK;
	for (size_t i = 0; i < COUNT(pragmas) && action == SQLITE_PRAGMA; i++)
		if (sqlite3_stricmp(name, pragmas[i]) == 0)
			return SQLITE_OK;
	return SQLITE_DENY;
}

/* The field whose column a result is, or NULL. */
static const struct field *
find_field(const struct app *app, sqlite3_stmt *statement, int column)
{
	const char *table = sqlite3_column_table_name(statement, column);
	const char *name = sqlite3_column_origin_name(statement, column);
	const struct collection *collection =
	    table == NULL || name == NULL ? NULL : app_collection(app, str_from(table));

	return collection == NULL ? NULL : collection_column(collection, str_from(name));
}

/* Times of the system's tables, which no field describes. */
static bool
is_system_time(sqlite3_stmt *statement, int column)
{
	const char *table = sqlite3_column_table_name(statement, column);
	const char *name = sqlite3_column_origin_name(statement, column);

	return table != NULL && name != NULL && strncmp(table, "caisson_", 8) == 0 &&
	       (strcmp(name, "at") == 0 || strcmp(name, "created") == 0 || strcmp(name, "revoked") == 0);
}

/* "x'0a1b'", in memory of the caller. */
static struct value
show_blob(sqlite3_stmt *statement, int column, struct arena *arena)
{
	const uint8_t *bytes = sqlite3_column_blob(statement, column);
	size_t size = (size_t)sqlite3_column_bytes(statement, column);
	char *text = arena_array(arena, 2 * size + 4, 1);
	struct uuid uuid;

	if (size == sizeof(uuid.bytes)) {
		memcpy(uuid.bytes, bytes, size);
		return value_uuid(uuid);
	}
	if (text == NULL)
		return value_text(STR("(too large)"));
	memcpy(text, "x'", 2);
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 + 2 * i, 3, "%02x", bytes[i]);
	text[2 + 2 * size] = '\'';
	return value_text((struct str){ text, 2 * size + 3 });
}

/* What has no text form is shown as it is stored. */
static struct value
as_it_is(struct value value)
{
	bool strange = (value.kind == VALUE_TIME &&
			   (value.integer < time_us_min || value.integer > time_us_max)) ||
		       (value.kind == VALUE_DATE &&
			   (value.integer < date_days_min || value.integer > date_days_max));

	if (value.kind == VALUE_REAL && !__builtin_isfinite(value.real))
		return value_text(value.real > 0 ? STR("Infinity") : STR("-Infinity"));
	return strange ? value_int(value.integer) : value;
}

static struct value
read_column(const struct app *app, sqlite3_stmt *statement, int column, struct arena *arena)
{
	sqlite3_value *value = sqlite3_column_value(statement, column);
	const struct field *field = find_field(app, statement, column);

	if (field != NULL)
		return as_it_is(sqlite_to_value(value, field_value_kind(field), field->scale));
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		return as_it_is(sqlite_to_value(
		    value, is_system_time(statement, column) ? VALUE_TIME : VALUE_INT, 0));
	case SQLITE_FLOAT:
		return as_it_is(sqlite_to_value(value, VALUE_REAL, 0));
	case SQLITE_BLOB:
		return show_blob(statement, column, arena);
	case SQLITE_TEXT:
		return sqlite_to_value(value, VALUE_TEXT, 0);
	default:
		return value_null();
	}
}

static bool
give_columns(sqlite3_stmt *statement, const struct ask_rows *rows)
{
	struct str names[ASK_COLUMNS_MAX];
	int count = sqlite3_column_count(statement);

	for (int i = 0; i < count && i < ASK_COLUMNS_MAX; i++)
		names[i] = str_from(sqlite3_column_name(statement, i));
	return rows->columns(rows->arg, names, (size_t)count);
}

static enum err
give_rows(struct sqlite_connection *connection, sqlite3_stmt *statement, const struct ask_rows *rows,
    struct buf *ret_detail)
{
	enum { ROW_SIZE_MAX = 256 << 20 };
	struct value values[ASK_COLUMNS_MAX];
	int count = sqlite3_column_count(statement), code;
	struct arena arena;
	bool goes_on = give_columns(statement, rows);

	arena_init(&arena, ROW_SIZE_MAX);
	while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < count && i < ASK_COLUMNS_MAX; i++)
			values[i] = read_column(connection->app, statement, i, &arena);
		goes_on = rows->row(rows->arg, values, (size_t)count);
		arena_reset(&arena);
	}
	arena_release(&arena);
	return !goes_on || code == SQLITE_DONE ? OK : complain(connection, ret_detail);
}

static enum err
ask(struct sqlite_connection *connection, struct str text, int64_t timeout_ms,
    const struct ask_rows *rows, struct buf *ret_detail)
{
	sqlite3_stmt *statement;
	enum err err;

	sqlite3_set_authorizer(connection->db, allow_reading, NULL);
	err = prepare(connection, text, &statement, ret_detail);
	if (err != OK)
		return err;
	connection->deadline_us = clock_monotonic_us() + timeout_ms * 1000;
	err = give_rows(connection, statement, rows, ret_detail);
	sqlite3_finalize(statement);
	return err;
}

/* The app that the tables were made for, which caisson.yaml need not be any more; or NULL. */
static struct app *
read_shape(struct sqlite_connection *connection)
{
	static const char text[] = "SELECT value FROM caisson_meta WHERE key = 'shape_text'";
	struct app *app = NULL;
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(connection->db, text, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		app = shape_read(str_from((const char *)sqlite3_column_text(statement, 0)));
	sqlite3_finalize(statement);
	return app;
}

enum err
sqlite_ask_blocking(const struct store_options *options, struct str statement, int64_t timeout_ms,
    const struct ask_rows *rows, struct buf *ret_detail)
{
	struct sqlite_connection *connection;
	char *path = sqlite_database_path(options);
	enum err err = sqlite_connection_open(path, SQLITE_READER, options->app, &connection, ret_detail);

	if (err == OK) {
		struct app *shape = read_shape(connection);

		if (shape != NULL)
			connection->app = shape;
		err = ask(connection, statement, timeout_ms, rows, ret_detail);
		sqlite_connection_close(connection);
		app_free(shape);
	}
	free(path);
	return err;
}

/* --- writing ---------------------------------------------------------- */

/*
 * What a body does itself: each row that changes gets the version of this write.  As triggers of
 * this connection alone.
 */
static int
renew_versions(struct sqlite_connection *connection)
{
	int code = SQLITE_OK;

	for (size_t i = 0; i < connection->app->collections_count && code == SQLITE_OK; i++) {
		struct str name = connection->app->collections[i].name;
		char *text = sqlite3_mprintf(
		    "CREATE TEMP TRIGGER IF NOT EXISTS \"ask_update_%.*w\" AFTER UPDATE ON main.\"%.*w\"\n"
		    "WHEN NEW._version IS OLD._version BEGIN\n"
		    "UPDATE \"%.*w\" SET _version = caisson_number(), updated = caisson_now()\n"
		    "WHERE id IS NEW.id;\n"
		    "END;\n"
		    "CREATE TEMP TRIGGER IF NOT EXISTS \"ask_insert_%.*w\" AFTER INSERT ON main.\"%.*w\"\n"
		    "WHEN NEW._version IS NOT caisson_number() BEGIN\n"
		    "UPDATE \"%.*w\" SET _version = caisson_number() WHERE id IS NEW.id;\n"
		    "END",
		    STR_ARGS(name), STR_ARGS(name), STR_ARGS(name), STR_ARGS(name), STR_ARGS(name),
		    STR_ARGS(name));

		code = sqlite3_exec(connection->db, text, NULL, NULL, NULL);
		sqlite3_free(text);
	}
	return code;
}

enum err
sqlite_ask_write(struct tx *tx, struct str text, int64_t *ret_changed, struct buf *ret_detail)
{
	struct sqlite_connection *connection = CONTAINER(tx, struct sqlite_tx, tx)->connection;
	sqlite3_stmt *statement;
	enum err err;
	int code;

	if (renew_versions(connection) != SQLITE_OK)
		return complain(connection, ret_detail);
	err = prepare(connection, text, &statement, ret_detail);
	if (err != OK)
		return err;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		;
	if (code != SQLITE_DONE) {
		connection->last_code = sqlite3_extended_errcode(connection->db);
		err = complain(connection, ret_detail);
	}
	*ret_changed = sqlite3_changes64(connection->db);
	sqlite3_finalize(statement);
	return err;
}
