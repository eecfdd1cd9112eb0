/* Migrations on PostgreSQL: one transaction that keeps all writers out by the lock that each of them takes first. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "codec/fold.h"
#include "store/migrate/engine.h"
#include "store/postgres/connection.h"
#include "store/postgres/schema.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { PATH_SIZE = 4096, ROWS_ARENA_SIZE_MAX = 64 << 20, FOLD_ROWS = 500 };

struct postgres_migration {
	struct migration migration;
	struct postgres_connection connection;
	struct postgres_tx tx;
	char *url;
};

static struct postgres_migration *
postgres_migration(struct migration *migration)
{
	return CONTAINER(migration, struct postgres_migration, migration);
}

static enum err
check(struct postgres_migration *postgres, enum err err)
{
	const char *message = postgres->connection.message;

	if (err == OK)
		return OK;
	if (message[0] == '\0')
		message = PQerrorMessage(postgres->connection.pg);
	snprintf(postgres->migration.message, sizeof(postgres->migration.message), "%s", message);
	return err;
}

static enum err
run_now(struct postgres_migration *postgres, const char *statement)
{
	postgres_send(&postgres->connection, statement);
	return check(postgres, postgres_wait_blocking(&postgres->connection, NULL, NULL));
}

/* --- opening ---------------------------------------------------------- */

static enum err
find_tables(struct postgres_migration *postgres, struct buf *ret_detail)
{
	PGresult *result;
	bool found;
	enum err err;

	postgres_begin(&postgres->connection, "BEGIN READ ONLY", 0);
	postgres_send(&postgres->connection, "SELECT to_regclass('caisson_meta') IS NOT NULL");
	err = check(postgres, postgres_wait_blocking(&postgres->connection, NULL, &result));
	if (err != OK) {
		buf_add_c(ret_detail, postgres->migration.message);
		return err;
	}
	found = *PQgetvalue(result, 0, 0) != 0;
	PQclear(result);
	err = run_now(postgres, "COMMIT");
	if (err != OK || found)
		return err;
	buf_addf(ret_detail, "the database \"%s\" has no tables of caisson's yet; `caisson serve` makes them",
	    PQdb(postgres->connection.pg));
	return ERR_NOT_FOUND;
}

static void
close_migration(struct migration *migration)
{
	struct postgres_migration *postgres = postgres_migration(migration);

	postgres_release(&postgres->connection);
	arena_release(&migration->rows);
	free(postgres->url);
	free(migration->data_folder);
	free(postgres);
}

static char *
data_folder_of(const char *folder)
{
	char path[PATH_SIZE];
	int size = snprintf(path, sizeof(path), "%s/data", folder);

	return memory_copy(path, size < PATH_SIZE ? (size_t)size : PATH_SIZE - 1);
}

static enum err
open_migration(const struct store_options *options, enum migration_purpose purpose,
    struct migration **ret, struct buf *ret_detail)
{
	struct postgres_migration *postgres = memory_new(sizeof(*postgres));
	enum err err;

	(void)purpose;
	postgres->migration.engine = &postgres_migration_engine;
	arena_init(&postgres->migration.rows, ROWS_ARENA_SIZE_MAX);
	postgres->url = memory_copy(options->database.data, options->database.size);
	postgres->migration.data_folder = data_folder_of(options->folder);
	postgres_init(&postgres->connection, postgres->url, options->app);
	err = postgres_connect_blocking(&postgres->connection, ret_detail);
	if (err == OK)
		err = find_tables(postgres, ret_detail);
	if (err != OK) {
		close_migration(&postgres->migration);
		return err;
	}
	postgres_tx_init(&postgres->tx, &postgres->connection, &postgres->migration.rows);
	postgres->tx.tx.is_write = true;
	postgres->migration.tx = &postgres->tx.tx;
	*ret = &postgres->migration;
	return OK;
}

/* --- the transaction -------------------------------------------------- */

/* Not read only: what it asks with are functions of the session's own. */
static enum err
begin_look(struct migration *migration)
{
	struct postgres_migration *postgres = postgres_migration(migration);

	postgres_begin(&postgres->connection, "BEGIN ISOLATION LEVEL REPEATABLE READ", 0);
	return check(postgres, postgres_wait_blocking(&postgres->connection, NULL, NULL));
}

static enum err
begin(struct migration *migration, struct buf *ret_detail)
{
	struct postgres_migration *postgres = postgres_migration(migration);
	PGresult *result;
	bool alone;
	enum err err;

	/* At this level each statement sees what those before whom it waited have committed. */
	postgres_begin(&postgres->connection, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", 0);
	postgres_send(&postgres->connection, "SET LOCAL lock_timeout = '10s'");
	postgres_send(&postgres->connection, "SET LOCAL idle_in_transaction_session_timeout = 0");
	postgres_send(&postgres->connection, "SELECT pg_try_advisory_xact_lock(" SCHEMA_LOCK_KEY ")");
	err = check(postgres, postgres_wait_blocking(&postgres->connection, NULL, &result));
	if (err != OK) {
		buf_add_c(ret_detail, migration->message);
		return err;
	}
	alone = *PQgetvalue(result, 0, 0) != 0;
	PQclear(result);
	if (!alone) {
		buf_add_c(ret_detail, "another caisson makes or changes the tables right now; wait for it");
		err = ERR_CONFLICT;
	} else if ((err = run_now(postgres, "LOCK TABLE caisson_meta IN ACCESS EXCLUSIVE MODE")) != OK) {
		buf_addf(ret_detail,
		    "writes that do not end are in the way (%s); try again at a quieter time",
		    migration->message);
	}
	if (err != OK)
		(void)!run_now(postgres, "ROLLBACK");
	return err;
}

static enum err run_fold(struct postgres_migration *postgres, const char *arguments);

/* Behind white space and comments, which nest: no statement begins with the end of one. */
static const char *
skip_comments(const char *sql)
{
	const char *end;

	for (;;) {
		sql += strspn(sql, " \t\r\n");
		if (strncmp(sql, "--", 2) == 0)
			sql += strcspn(sql, "\n");
		else if (strncmp(sql, "/*", 2) == 0 && (end = strstr(sql, "*/")) != NULL)
			sql = end + 2;
		else if (strncmp(sql, "*/", 2) == 0)
			sql += 2;
		else
			return sql;
	}
}

/* Statements that people edited stay in the migration's transaction; each is one, or the server refuses it. */
static bool
ends_transaction(const char *statement)
{
	static const char *const words[] = { "begin", "start", "commit", "end", "rollback", "abort",
		"prepare", "savepoint", "release" };
	const char *begin = skip_comments(statement);
	struct str word = { begin, strspn(begin, LETTERS) };

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_equal_nocase(word, str_from(words[i])))
			return true;
	return false;
}

static enum err
run(struct migration *migration, const char *statement)
{
	static const char fold[] = "CALL caisson_fold(";
	struct postgres_migration *postgres = postgres_migration(migration);

	if (ends_transaction(statement)) {
		snprintf(migration->message, sizeof(migration->message), "a migration is one transaction");
		return ERR_CONFLICT;
	}
	if (strncmp(statement, fold, strlen(fold)) == 0)
		return run_fold(postgres, statement + strlen(fold));
	return run_now(postgres, statement);
}

static enum err
prove(struct migration *migration, struct buf *ret_detail)
{
	/* The server has looked at each constraint that was added. */
	(void)migration, (void)ret_detail;
	return OK;
}

static enum err
commit(struct migration *migration)
{
	struct postgres_migration *postgres = postgres_migration(migration);
	PGresult *result;
	enum err err;

	postgres_send(&postgres->connection, "COMMIT");
	err = check(postgres, postgres_wait_blocking(&postgres->connection, NULL, &result));
	if (err != OK)
		return postgres_is_broken(&postgres->connection) ? ERR_OUTCOME_UNKNOWN : err;
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		err = ERR_INTERNAL;
	PQclear(result);
	return err;
}

static void
rollback(struct migration *migration)
{
	struct postgres_migration *postgres = postgres_migration(migration);

	arena_reset(&migration->rows);
	(void)!run_now(postgres, "ROLLBACK");
	postgres->connection.failed = false;
}

/* --- folded columns --------------------------------------------------- */

struct folding {
	struct str table, column, fold;
	struct str ids[FOLD_ROWS], texts[FOLD_ROWS];
	size_t count;
};

/* "table", "column", "fold_column") */
static bool
read_names(const char *arguments, struct folding *ret)
{
	struct str *const names[] = { &ret->table, &ret->column, &ret->fold };
	struct str rest = str_from(arguments), skipped;

	for (size_t i = 0; i < COUNT(names); i++)
		if (!str_split(&rest, '"', &skipped) || !str_split(&rest, '"', names[i]))
			return false;
	return true;
}

/* The rows behind ${last}, which is "" before the first. */
static enum err
read_texts(struct postgres_migration *postgres, struct folding *folding, struct str last)
{
	struct tx *tx = postgres->migration.tx;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	folding->count = 0;
	sql_init(&sql, SQL_POSTGRES);
	sql_addf(&sql, "SELECT \"id\"::text, %n FROM %n WHERE %n IS NOT NULL", folding->column,
	    folding->table, folding->column);
	if (last.size > 0)
		buf_addf(&sql.text, " AND \"id\" > '%.*s'", STR_ARGS(last));
	buf_addf(&sql.text, " ORDER BY \"id\" LIMIT %d", FOLD_ROWS);
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows)) {
		folding->ids[folding->count] =
		    arena_str(tx->arena, tx_value(&rows, 0, VALUE_TEXT).text);
		folding->texts[folding->count++] =
		    fold_text(tx->arena, tx_value(&rows, 1, VALUE_TEXT).text);
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static enum err
write_texts(struct postgres_migration *postgres, const struct folding *folding)
{
	struct sql_text sql;
	enum err err = OK;

	sql_init(&sql, SQL_POSTGRES);
	for (size_t i = 0; i < folding->count && err == OK; i++) {
		sql_clear(&sql);
		sql_addf(&sql, "UPDATE %n SET %n = %v WHERE \"id\"::text = %v", folding->table,
		    folding->fold, value_text(folding->texts[i]), value_text(folding->ids[i]));
		err = tx_exec(postgres->migration.tx, &sql, NULL);
	}
	sql_release(&sql);
	return err;
}

static enum err
run_fold(struct postgres_migration *postgres, const char *arguments)
{
	struct folding *folding = memory_new(sizeof(*folding));
	char last[64] = "";
	enum err err = read_names(arguments, folding) ? OK : ERR_INVALID;

	while (err == OK) {
		err = read_texts(postgres, folding, str_from(last));
		if (err != OK || folding->count == 0)
			break;
		snprintf(last, sizeof(last), "%.*s", STR_ARGS(folding->ids[folding->count - 1]));
		err = write_texts(postgres, folding);
		arena_reset(&postgres->migration.rows);
	}
	free(folding);
	return check(postgres, err);
}

/* --- backup ----------------------------------------------------------- */

/* The URL as words without its password, which others would see among the processes. */
static bool
split_url(const char *url, struct buf *ret, char *ret_password, size_t size)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL), *option;

	ret_password[0] = '\0';
	for (option = options; option != NULL && option->keyword != NULL; option++) {
		if (option->val == NULL)
			continue;
		if (strcmp(option->keyword, "password") == 0) {
			snprintf(ret_password, size, "%s", option->val);
			continue;
		}
		buf_addf(ret, "%s%s='", ret->size == 0 ? "" : " ", option->keyword);
		for (const char *c = option->val; *c != '\0'; c++)
			buf_addf(ret, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
		buf_add_byte(ret, '\'');
	}
	buf_add_byte(ret, '\0');
	PQconninfoFree(options);
	return options != NULL && ret->err == OK;
}

/* pg_dump's exit status, or -1 where there is none. */
static int
run_pg_dump(char *url, const char *path, const char *password)
{
	char program[] = "pg_dump", format[] = "-Fc", file[] = "-f", database[] = "-d";
	char *argv[] = { program, format, file, (char *)(uintptr_t)path, database, url, NULL };
	int status = -1;
	pid_t pid;

	if (password[0] != '\0')
		setenv("PGPASSWORD", password, 1);
	if (posix_spawnp(&pid, program, NULL, NULL, argv, environ) != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* A shell's word for "not found", which some systems' posix_spawnp() has too. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -1 : status;
}

static enum err
write_backup(struct migration *migration, const char *part, struct buf *ret_detail)
{
	struct postgres_migration *postgres = postgres_migration(migration);
	char password[1024];
	struct buf url;
	int status = -1;

	buf_init(&url, 16 * 1024);
	if (split_url(postgres->url, &url, password, sizeof(password)))
		status = run_pg_dump(url.data, part, password);
	buf_release(&url);
	if (status == 0)
		return OK;
	buf_add_c(ret_detail, status == -1
				  ? "there is no pg_dump here to make a backup with: make one yourself,"
				    " and say --no-backup"
				  : "pg_dump failed, so there is no backup: make one yourself, and say"
				    " --no-backup");
	return ERR_IO;
}

const struct migration_engine postgres_migration_engine = {
	.scheme = "postgres",
	.dialect = SQL_POSTGRES,
	.open = open_migration,
	.close = close_migration,
	.begin = begin,
	.begin_look = begin_look,
	.run = run,
	.prove = prove,
	.commit = commit,
	.rollback = rollback,
	.write_backup = write_backup,
	.backup_ending = "dump",
	.number = "caisson_number()",
};
