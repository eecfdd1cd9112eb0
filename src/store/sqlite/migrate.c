/* Migrations on SQLite: alone with the file, one transaction, foreign keys off until it is proved. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/migrate/engine.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/convert.h"
#include "store/sqlite/engine.h"

enum { PATH_SIZE = 4096, ROWS_ARENA_SIZE_MAX = 64 << 20 };

struct sqlite_migration {
	struct migration migration;
	struct sqlite_connection *connection;
	struct sqlite_tx tx;
	char *path; /* of the database, which lies in the data folder */
	bool applies;
	int lock_fd;
};

static struct sqlite_migration *
sqlite_migration(struct migration *migration)
{
	return CONTAINER(migration, struct sqlite_migration, migration);
}

static void
note_message(struct sqlite_migration *sqlite)
{
	snprintf(sqlite->migration.message, sizeof(sqlite->migration.message), "%s",
	    sqlite3_errmsg(sqlite->connection->db));
}

static enum err
check(struct sqlite_migration *sqlite, int code)
{
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return OK;
	note_message(sqlite);
	return sqlite_error(code);
}

/* --- opening ---------------------------------------------------------- */

/* A server may run while one only looks: then the file is read as its readers do. */
static enum err
lock(struct sqlite_migration *sqlite, struct buf *ret_detail)
{
	struct buf detail;
	enum err err;

	buf_init(&detail, PATH_SIZE);
	err = sqlite_lock_folder(sqlite->migration.data_folder, &sqlite->lock_fd, &detail);
	if (err == ERR_CONFLICT && !sqlite->applies)
		err = OK;
	else if (err != OK)
		buf_addf(ret_detail, "%.*s", STR_ARGS(buf_str(&detail)));
	buf_release(&detail);
	return err;
}

static enum err
open_parts(struct sqlite_migration *sqlite, const struct store_options *options, struct buf *ret_detail)
{
	struct stat stat_buf;
	enum err err;

	if (stat(sqlite->path, &stat_buf) != 0 || stat_buf.st_size == 0) {
		buf_addf(ret_detail, "there is no database at %s yet; `caisson serve` makes it",
		    sqlite->path);
		return ERR_NOT_FOUND;
	}
	err = lock(sqlite, ret_detail);
	if (err == OK)
		err = sqlite_connection_open(sqlite->path,
		    sqlite->lock_fd >= 0 ? SQLITE_MIGRATOR : SQLITE_READER, options->app,
		    &sqlite->connection, ret_detail);
	if (err != OK)
		return err;
	if (check(sqlite, sqlite_add_conversions(sqlite->connection->db)) != OK) {
		buf_add_c(ret_detail, sqlite->migration.message);
		return ERR_IO;
	}
	sqlite_tx_init(&sqlite->tx, sqlite->connection, &sqlite->migration.rows);
	sqlite->tx.tx.is_write = true;
	sqlite->migration.tx = &sqlite->tx.tx;
	return OK;
}

static void
close_migration(struct migration *migration)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);

	if (sqlite->connection != NULL && sqlite->applies)
		sqlite3_wal_checkpoint_v2(
		    sqlite->connection->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite_connection_close(sqlite->connection);
	if (sqlite->lock_fd >= 0)
		close(sqlite->lock_fd);
	arena_release(&migration->rows);
	free(migration->data_folder);
	free(sqlite->path);
	free(sqlite);
}

static enum err
open_migration(const struct store_options *options, enum migration_purpose purpose,
    struct migration **ret, struct buf *ret_detail)
{
	struct sqlite_migration *sqlite = memory_new(sizeof(*sqlite));
	const char *folder;
	char *copy;
	enum err err;

	sqlite->migration.engine = &sqlite_migration_engine;
	arena_init(&sqlite->migration.rows, ROWS_ARENA_SIZE_MAX);
	sqlite->applies = purpose == MIGRATION_APPLIES;
	sqlite->lock_fd = -1;
	sqlite->path = sqlite_database_path(options);
	copy = memory_copy(sqlite->path, strlen(sqlite->path));
	folder = dirname(copy);
	sqlite->migration.data_folder = memory_copy(folder, strlen(folder));
	free(copy);
	err = open_parts(sqlite, options, ret_detail);
	if (err != OK)
		close_migration(&sqlite->migration);
	else
		*ret = &sqlite->migration;
	return err;
}

/* --- the transaction -------------------------------------------------- */

static enum err
begin_look(struct migration *migration)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);

	return check(sqlite, sqlite_run(sqlite->connection, "BEGIN"));
}

static enum err
begin(struct migration *migration, struct buf *ret_detail)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);
	enum err err = check(sqlite, sqlite_run(sqlite->connection, "BEGIN IMMEDIATE"));

	if (err != OK)
		buf_addf(ret_detail, "the database is in use: %s", migration->message);
	return err;
}

/* Statements that people edited stay in the migration's transaction, and in its file. */
static int
authorize(void *arg, int action, const char *a, const char *b, const char *c, const char *d)
{
	(void)arg, (void)a, (void)b, (void)c, (void)d;
	return action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT || action == SQLITE_ATTACH ||
		       action == SQLITE_DETACH ?
		   SQLITE_DENY :
		   SQLITE_OK;
}

static enum err
run(struct migration *migration, const char *statement)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);
	sqlite3 *db = sqlite->connection->db;
	enum err err;

	sqlite3_set_authorizer(db, authorize, NULL);
	err = check(sqlite, sqlite3_exec(db, statement, NULL, NULL, NULL));
	sqlite3_set_authorizer(db, NULL, NULL);
	return err;
}

/* The first row of a pragma that finds faults, or "". */
static enum err
find_fault(struct sqlite_migration *sqlite, const char *pragma, const char *good, char *ret, size_t size)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(sqlite->connection->db, pragma, -1, &statement, NULL);

	ret[0] = '\0';
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		if (text == NULL || strcmp(text, good) != 0)
			snprintf(ret, size, "%s", text == NULL ? "a row" : text);
	}
	sqlite3_finalize(statement);
	return check(sqlite, code);
}

static enum err
prove(struct migration *migration, struct buf *ret_detail)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);
	char fault[256];
	enum err err = find_fault(sqlite, "PRAGMA foreign_key_check", "", fault, sizeof(fault));

	if (err == OK && fault[0] != '\0') {
		buf_addf(ret_detail, "a record of %s would refer to one that is not there", fault);
		return ERR_CONFLICT;
	}
	if (err == OK)
		err = find_fault(sqlite, "PRAGMA quick_check(1)", "ok", fault, sizeof(fault));
	if (err == OK && fault[0] != '\0') {
		buf_addf(ret_detail, "the tables would not be whole: %s", fault);
		return ERR_CONFLICT;
	}
	if (err != OK)
		buf_add_c(ret_detail, migration->message);
	return err;
}

static enum err
commit(struct migration *migration)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);

	return check(sqlite, sqlite_run(sqlite->connection, "COMMIT")) == OK ? OK
									    : ERR_OUTCOME_UNKNOWN;
}

static void
rollback(struct migration *migration)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);

	arena_reset(&migration->rows);
	if (!sqlite3_get_autocommit(sqlite->connection->db))
		(void)sqlite_run(sqlite->connection, "ROLLBACK");
}

/* --- backup ----------------------------------------------------------- */

/* VACUUM INTO reads one snapshot. */
static enum err
write_backup(struct migration *migration, const char *part, struct buf *ret_detail)
{
	struct sqlite_migration *sqlite = sqlite_migration(migration);
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(sqlite->connection->db, "VACUUM INTO ?", -1, &statement, NULL);

	if (code == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, part, -1, SQLITE_STATIC);
		code = sqlite3_step(statement);
		sqlite3_finalize(statement);
	}
	if (check(sqlite, code) == OK)
		return OK;
	buf_addf(ret_detail, "no backup can be written: %s", migration->message);
	return ERR_IO;
}

const struct migration_engine sqlite_migration_engine = {
	.scheme = "sqlite:",
	.dialect = SQL_SQLITE,
	.open = open_migration,
	.close = close_migration,
	.begin = begin,
	.begin_look = begin_look,
	.run = run,
	.prove = prove,
	.commit = commit,
	.rollback = rollback,
	.write_backup = write_backup,
	.backup_ending = "db",
	.number = "(SELECT coalesce(max(seq), 0) + 1 FROM caisson_commits)",
};
