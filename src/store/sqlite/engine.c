/*
 * The embedded engine: the writer lane, a reader for each loop, and the reader
 * lane for what may take long.
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "crypto/hash.h"
#include "os/file.h"
#include "sql/catalogue.h"
#include "sql/system.h"
#include "store/migrate/fit.h"
#include "store/sqlite/ask.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/reader_lane.h"
#include "store/sqlite/writer.h"

/* A loop's reader: its snapshot is opened by the first read of a turn and closed at the turn's end. */
struct loop_reader {
	struct sqlite_connection *connection;
	struct arena arena;
	struct loop_hook turn_hook;
	bool in_snapshot;
};

struct sqlite_store {
	struct store store;
	struct writer writer;
	struct reader_lane lane;
	struct loop_reader readers[LOOPS_MAX];
	char *path;
	int lock_fd;
};

enum { READER_ARENA_SIZE_MAX = 64 << 20, SHAPE_SIZE_MAX = 64 << 20 };

static struct sqlite_store *
sqlite_store(struct store *store)
{
	return CONTAINER(store, struct sqlite_store, store);
}

/* --- opening --------------------------------------------------------- */

char *
sqlite_database_path(const struct store_options *options)
{
	struct str name = str_slice(options->database, strlen("sqlite:"), options->database.size);
	struct buf path;

	buf_init(&path, 4096);
	if (name.size > 0 && name.data[0] != '/')
		buf_addf(&path, "%s/", options->folder);
	buf_add_str(&path, name);
	buf_add_byte(&path, '\0');
	return path.data;
}

enum err
sqlite_lock_folder(const char *data_folder, int *ret_fd, struct buf *ret_detail)
{
	struct buf path;
	enum err err = folder_make(data_folder);

	buf_init(&path, 4096);
	buf_addf(&path, "%s/lock", data_folder);
	buf_add_byte(&path, '\0');
	if (err == OK)
		err = file_lock(path.data, ret_fd);
	if (err == ERR_CONFLICT)
		buf_addf(ret_detail, "%s is in use by another caisson; stop it first", data_folder);
	else if (err != OK)
		buf_addf(ret_detail, "%s cannot be made or locked: %s", data_folder, strerror(errno));
	buf_release(&path);
	return err;
}

static enum err
run_statement(void *arg, const char *statement)
{
	struct sqlite_connection *connection = arg;
	int code = sqlite3_exec(connection->db, statement, NULL, NULL, NULL);

	return code == SQLITE_OK ? OK : ERR_IO;
}

static enum err
set_meta(struct sqlite_connection *connection, const char *key, const char *value, size_t size)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(connection->db,
	    "INSERT OR REPLACE INTO caisson_meta (key, value) VALUES (?, ?)", -1, &statement, NULL);

	if (code == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, value, (int)size, SQLITE_STATIC);
		code = sqlite3_step(statement);
		sqlite3_finalize(statement);
	}
	return code == SQLITE_DONE ? OK : ERR_IO;
}

/* The text of the shape, and that the tables are those that the app's file first made. */
static enum err
remember_shape(struct sqlite_store *sqlite, struct sqlite_connection *connection)
{
	struct str shape = sqlite->store.app->shape;
	sqlite3_stmt *statement;
	enum err err = run_statement(connection, system_migrations(SQL_SQLITE));
	int code;

	if (err == OK)
		err = set_meta(connection, "shape_text", shape.data, shape.size);
	if (err != OK)
		return err;
	code = sqlite3_prepare_v2(connection->db,
	    "INSERT INTO caisson_migrations (number, at, name, checksum, shape)"
	    " VALUES (0, ?, 'made', '', ?) ON CONFLICT DO NOTHING",
	    -1, &statement, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, clock_now_us());
		sqlite3_bind_text(statement, 2, sqlite->store.shape, -1, SQLITE_STATIC);
		code = sqlite3_step(statement);
		sqlite3_finalize(statement);
	}
	return code == SQLITE_DONE ? OK : ERR_IO;
}

static enum err
create_tables(struct sqlite_store *sqlite, struct sqlite_connection *connection)
{
	enum err err = sqlite_run(connection, "BEGIN IMMEDIATE") == SQLITE_OK ? OK : ERR_IO;

	sha256_hex(sqlite->store.app->shape, sqlite->store.shape);
	if (err == OK)
		err = catalogue_create(sqlite->store.app, SQL_SQLITE, run_statement, connection);
	if (err == OK)
		err = set_meta(connection, "shape", sqlite->store.shape, SHA256_HEX_SIZE);
	if (err == OK)
		err = remember_shape(sqlite, connection);
	if (err == OK && sqlite_run(connection, "COMMIT") != SQLITE_OK)
		err = ERR_IO;
	sqlite->store.is_new = err == OK;
	return err;
}

/* An older version remembered the checksum only. */
static enum err
remember_shape_later(struct sqlite_store *sqlite, struct sqlite_connection *connection)
{
	enum err err = sqlite_run(connection, "BEGIN IMMEDIATE") == SQLITE_OK ? OK : ERR_IO;

	if (err == OK)
		err = remember_shape(sqlite, connection);
	if (err == OK && sqlite_run(connection, "COMMIT") != SQLITE_OK)
		err = ERR_IO;
	return err;
}

/* One value of the database as text, or "" where there is none, or no such table.  ERR_IO where it cannot be read. */
static enum err
read_text(struct sqlite_connection *connection, const char *query, char *ret, size_t size)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(connection->db, query, -1, &statement, NULL);

	ret[0] = '\0';
	if (code != SQLITE_OK)
		return code == SQLITE_ERROR ? OK : ERR_IO;
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL)
		snprintf(ret, size, "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? OK : ERR_IO;
}

static enum err
cannot_read(const struct sqlite_store *sqlite, struct sqlite_connection *connection, struct buf *ret_detail)
{
	buf_addf(ret_detail, "%s cannot be read: %s", sqlite->path, sqlite3_errmsg(connection->db));
	return ERR_IO;
}

/* The same, of any length. */
static enum err
read_long(struct sqlite_connection *connection, const char *query, struct buf *ret)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(connection->db, query, -1, &statement, NULL);

	if (code != SQLITE_OK)
		return code == SQLITE_ERROR ? OK : ERR_IO;
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL)
		buf_add(ret, sqlite3_column_text(statement, 0),
		    (size_t)sqlite3_column_bytes(statement, 0));
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? OK : ERR_IO;
}

static enum err
compare_memory(struct sqlite_store *sqlite, struct sqlite_connection *connection, struct buf *shape,
    struct buf *history, struct buf *ret_detail)
{
	struct shape_memory memory = { .checksum = sqlite->store.shape };

	if (read_long(connection, "SELECT value FROM caisson_meta WHERE key = 'shape_text'", shape) != OK ||
	    read_long(connection, shape_history_query(SQL_SQLITE), history) != OK)
		return cannot_read(sqlite, connection, ret_detail);
	memory.shape = buf_str(shape);
	memory.history = buf_str(history);
	return shape_fits(sqlite->store.app, SQL_SQLITE, &memory, sqlite->path, ret_detail);
}

static enum err
compare_shape(struct sqlite_store *sqlite, struct sqlite_connection *connection, struct buf *ret_detail)
{
	struct buf shape, history;
	enum err err;

	if (read_text(connection, "SELECT value FROM caisson_meta WHERE key = 'shape'",
		sqlite->store.shape, sizeof(sqlite->store.shape)) != OK)
		return cannot_read(sqlite, connection, ret_detail);
	if (sqlite->store.shape[0] == '\0') {
		buf_addf(ret_detail,
		    "%s is not a database of caisson's; name another file in `database:`", sqlite->path);
		return ERR_CONFLICT;
	}
	buf_init(&shape, SHAPE_SIZE_MAX);
	buf_init(&history, SHAPE_SIZE_MAX);
	err = compare_memory(sqlite, connection, &shape, &history, ret_detail);
	if (err == OK && shape.size == 0 && (err = remember_shape_later(sqlite, connection)) != OK)
		buf_addf(ret_detail, "%s cannot be written: %s", sqlite->path,
		    sqlite3_errmsg(connection->db));
	buf_release(&shape);
	buf_release(&history);
	return err;
}

static enum err
prepare_tables(struct sqlite_store *sqlite, struct sqlite_connection *connection, struct buf *ret_detail)
{
	char tables[24], last[24];
	enum err err;

	if (read_text(connection, "SELECT count(*) FROM sqlite_schema", tables, sizeof(tables)) != OK)
		return cannot_read(sqlite, connection, ret_detail);
	if (strcmp(tables, "0") == 0 && create_tables(sqlite, connection) != OK) {
		buf_addf(ret_detail, "%s: the tables cannot be created: %s", sqlite->path,
		    sqlite3_errmsg(connection->db));
		return ERR_IO;
	}
	err = compare_shape(sqlite, connection, ret_detail);
	if (err != OK)
		return err;
	/* Taken for none, numbers would begin at 1 again. */
	if (read_text(connection, "SELECT max(seq) FROM caisson_commits", last, sizeof(last)) != OK)
		return cannot_read(sqlite, connection, ret_detail);
	atomic_store(&sqlite->store.last_number, strtoll(last, NULL, 10));
	return OK;
}

static void close_store(struct store *store);

static enum err
open_parts(struct sqlite_store *sqlite, struct buf *ret_detail)
{
	struct sqlite_connection *connection;
	char *copy = memory_copy(sqlite->path, strlen(sqlite->path));
	const char *folder = dirname(copy);
	enum err err = sqlite_lock_folder(folder, &sqlite->lock_fd, ret_detail);

	if (err == OK)
		err = sqlite_connection_open(
		    sqlite->path, SQLITE_WRITER, sqlite->store.app, &connection, ret_detail);
	if (err == OK && (err = prepare_tables(sqlite, connection, ret_detail)) != OK)
		sqlite_connection_close(connection);
	if (err == OK)
		err = writer_start(&sqlite->writer, &sqlite->store, connection, folder, ret_detail);
	if (err == OK)
		err = reader_lane_start(&sqlite->lane, sqlite->path, sqlite->store.app, ret_detail);
	free(copy);
	return err;
}

static enum err
open_store(const struct store_options *options, struct store **ret, struct buf *ret_detail)
{
	struct sqlite_store *sqlite = memory_new(sizeof(*sqlite));
	enum err err;

	sqlite->store.engine = &sqlite_engine;
	sqlite->store.app = options->app;
	sqlite->lock_fd = -1;
	sqlite->path = sqlite_database_path(options);
	ring_init(&sqlite->store.ring);
	err = open_parts(sqlite, ret_detail);
	if (err != OK)
		close_store(&sqlite->store);
	else
		*ret = &sqlite->store;
	return err;
}

static void
close_store(struct store *store)
{
	struct sqlite_store *sqlite = sqlite_store(store);

	reader_lane_stop(&sqlite->lane);
	if (sqlite->writer.store != NULL)
		writer_stop(&sqlite->writer);
	ring_release(&store->ring);
	if (sqlite->lock_fd >= 0)
		close(sqlite->lock_fd);
	free(sqlite->path);
	free(sqlite);
}

/* --- a loop's reader ------------------------------------------------- */

static void
end_snapshot(void *arg)
{
	struct loop_reader *reader = arg;

	if (!reader->in_snapshot)
		return;
	(void)sqlite_run(reader->connection, "COMMIT");
	reader->in_snapshot = false;
}

static void
attach(struct store *store, struct loop *loop)
{
	struct sqlite_store *sqlite = sqlite_store(store);
	struct loop_reader *reader = &sqlite->readers[loop->index];
	struct buf detail;

	buf_init(&detail, 4096);
	arena_init(&reader->arena, READER_ARENA_SIZE_MAX);
	if (sqlite_connection_open(
		sqlite->path, SQLITE_READER, store->app, &reader->connection, &detail) == OK)
		reader->connection->is_loop = true;
	buf_release(&detail);
	reader->turn_hook = (struct loop_hook){ .run = end_snapshot, .arg = reader };
	loop_add_turn_hook(loop, &reader->turn_hook);
}

static void
detach(struct store *store, struct loop *loop)
{
	struct loop_reader *reader = &sqlite_store(store)->readers[loop->index];

	end_snapshot(reader);
	sqlite_connection_close(reader->connection);
	reader->connection = NULL;
	arena_release(&reader->arena);
}

/* False when the call must move to the reader lane. */
static bool
read_on_loop(struct loop_reader *reader, struct store_call *call)
{
	struct sqlite_connection *connection = reader->connection;
	struct sqlite_tx tx;

	if (connection == NULL)
		return false;
	if (!reader->in_snapshot && sqlite_run(connection, "BEGIN") != SQLITE_OK)
		return false;
	reader->in_snapshot = true;
	connection->is_slow = false;
	sqlite_tx_init(&tx, connection, &reader->arena);
	sqlite_budget(connection, limit(LIMIT_loop_read_budget));
	call->err = call->body(&tx.tx, call->arg);
	arena_reset(&reader->arena);
	return !connection->is_slow;
}

static void
read_call(struct store *store, struct loop *loop, struct store_call *call)
{
	struct sqlite_store *sqlite = sqlite_store(store);

	if (call->weight == STORE_LIGHT && read_on_loop(&sqlite->readers[loop->index], call))
		store_call_done_here(call);
	else
		reader_lane_push(&sqlite->lane, call);
}

static void
write_call(struct store *store, struct loop *loop, struct store_call *call)
{
	(void)loop;
	writer_push(&sqlite_store(store)->writer, call);
}

static enum err
health(struct store *store)
{
	(void)store;
	return OK;
}

const struct store_engine sqlite_engine = {
	.name = "sqlite",
	.scheme = "sqlite:",
	.dialect = SQL_SQLITE,
	.open = open_store,
	.close = close_store,
	.attach = attach,
	.detach = detach,
	.read = read_call,
	.write = write_call,
	.ask_blocking = sqlite_ask_blocking,
	.health = health,
};
