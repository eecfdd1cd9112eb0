#include "store/sqlite/connection.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/names.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "store/sqlite/ask.h"
#include "store/sqlite/wal_vfs.h"

enum { CACHE_WAYS = 4, BUDGET_STEPS = 1000, LONG_STEPS = 200, SLOW_CALLS = 1000, BUSY_TIMEOUT_MS = 5000 };
/* Small memory of statements, without malloc: 150 KiB a connection. */
enum { LOOKASIDE_SIZE = 1200, LOOKASIDE_COUNT = 128 };

static const struct tx_type sqlite_tx_type;

/* --- opening --------------------------------------------------------- */

static void
give_way(const struct sqlite_connection *connection)
{
	enum { SHARE = 8, SHORT_US = 500 };
	int64_t had_us = clock_thread_us() - connection->began_thread_us;

	if (had_us > SHORT_US && had_us >= (clock_monotonic_us() - connection->began_us) / SHARE)
		(void)sched_yield();
}

static int
look_at_budget(void *arg)
{
	struct sqlite_connection *connection = arg;

	if (connection->began_us != 0)
		give_way(connection);
	if ((connection->budget_end_us == 0 || clock_thread_us() < connection->budget_end_us) &&
	    (connection->deadline_us == 0 || clock_monotonic_us() < connection->deadline_us))
		return 0;
	connection->over_budget = true;
	return 1;
}

void
sqlite_budget(struct sqlite_connection *connection, int64_t budget_us)
{
	connection->over_budget = false;
	connection->budget_end_us = budget_us == 0 ? 0 : clock_thread_us() + budget_us;
}

void
sqlite_begin_long(struct sqlite_connection *connection, int64_t timeout_ms)
{
	connection->began_us = clock_monotonic_us();
	connection->began_thread_us = clock_thread_us();
	connection->deadline_us = connection->began_us + timeout_ms * 1000;
	sqlite3_progress_handler(connection->db, LONG_STEPS, look_at_budget, connection);
}

void
sqlite_end_long(struct sqlite_connection *connection)
{
	connection->began_us = connection->deadline_us = 0;
	sqlite3_progress_handler(connection->db, BUDGET_STEPS, look_at_budget, connection);
}

/* FULL unless the control of the power-cut test asks for what loses data. */
static bool
is_synchronous_full(void)
{
	const char *asked = getenv("CAISSON_SQLITE_SYNCHRONOUS");

	return asked == NULL || strcmp(asked, "NORMAL") != 0;
}

static int
set_pragmas(struct sqlite_connection *connection, enum sqlite_role role)
{
	char cache[64];
	const char *pragmas[] = {
		role == SQLITE_READER ? "PRAGMA query_only=ON" : "PRAGMA journal_mode=WAL",
		is_synchronous_full() ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
		"PRAGMA foreign_keys=ON", "PRAGMA trusted_schema=OFF",
		"PRAGMA wal_autocheckpoint=0", "PRAGMA mmap_size=0", "PRAGMA temp_store=MEMORY", cache,
		/*
		 * Or SQLite 3.40 loses commits: a page that goes to the log twice before COMMIT
		 * puts off the checksums of the frames behind it; ROLLBACK TO takes the frames
		 * back and not the debt, so that later frames are committed without checksums.
		 * Readers see them, and the recovery after a crash takes the log to end there.
		 */
		"PRAGMA cache_spill=OFF",
	};
	/* It never rolls back a part, and may change more than memory holds. */
	static const char migrator[] =
	    "PRAGMA foreign_keys=OFF; PRAGMA cache_spill=ON; PRAGMA temp_store=DEFAULT";
	int code = SQLITE_OK;

	snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%d", (int)limit(LIMIT_sqlite_cache));
	sqlite3_db_config(connection->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SIZE, LOOKASIDE_COUNT);
	/* Only the writer checkpoints, when it has decided so; never a close, which would repeat a failed sync. */
	sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_busy_timeout(connection->db, BUSY_TIMEOUT_MS);
	for (size_t i = 0; i < COUNT(pragmas) && code == SQLITE_OK; i++)
		code = sqlite3_exec(connection->db, pragmas[i], NULL, NULL, NULL);
	if (code == SQLITE_OK && role == SQLITE_MIGRATOR)
		code = sqlite3_exec(connection->db, migrator, NULL, NULL, NULL);
	return code;
}

/* SQLite itself would let everybody read it; what it puts beside it gets the same mode. */
static void
make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

enum err
sqlite_connection_open(const char *path, enum sqlite_role role, const struct app *app,
    struct sqlite_connection **ret, struct buf *ret_detail)
{
	struct sqlite_connection *connection = memory_new(sizeof(*connection));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    (role == SQLITE_WRITER ? SQLITE_OPEN_CREATE : 0);
	int code;

	if (role == SQLITE_WRITER)
		make_private(path);
	/* Counting SQLite's memory takes a lock at each allocation.  Heard before the first connection only. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	connection->app = app;
	connection->cache_sets = (size_t)limit(LIMIT_statement_cache) / CACHE_WAYS + 1;
	connection->cache = memory_new(connection->cache_sets * CACHE_WAYS * sizeof(*connection->cache));
	code = sqlite3_open_v2(path, &connection->db, flags,
	    role == SQLITE_WRITER && is_synchronous_full() ? wal_vfs_register() : NULL);
	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(connection->db, 1);
		code = set_pragmas(connection, role);
	}
	if (code != SQLITE_OK) {
		buf_addf(ret_detail, "%s: %s", path, sqlite3_errmsg(connection->db));
		sqlite_connection_close(connection);
		return ERR_IO;
	}
	sqlite3_progress_handler(connection->db, BUDGET_STEPS, look_at_budget, connection);
	*ret = connection;
	return OK;
}

static void
drop_statement(struct cached_statement *cached)
{
	sqlite3_finalize(cached->statement);
	free(cached->text);
	*cached = (struct cached_statement){ 0 };
}

void
sqlite_connection_close(struct sqlite_connection *connection)
{
	if (connection == NULL)
		return;
	for (size_t i = 0; i < connection->cache_sets * CACHE_WAYS; i++)
		drop_statement(&connection->cache[i]);
	sqlite3_close_v2(connection->db);
	free(connection->cache);
	free(connection);
}

/* --- errors ---------------------------------------------------------- */

enum err
sqlite_error(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	case SQLITE_INTERRUPT:
		return ERR_TOO_COSTLY;
	case SQLITE_FULL:
		return ERR_STORE_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_OVERLOADED;
	case SQLITE_TOOBIG:
		return ERR_TOO_LARGE;
	default:
		return ERR_IO;
	}
}

static void
copy_name(char ret[64], const char *from, size_t size)
{
	if (size > 63)
		size = 63;
	memcpy(ret, from, size);
	ret[size] = '\0';
}

/* Is ${name} the column of ${field} that a unique index looks at: its folded form, where it has one? */
static bool
is_column_of(const struct field *field, struct str name)
{
	char fold[INDEX_NAME_SIZE];

	return str_equal(field->fold ? fold_name(field, fold) : field->name, name);
}

/* Is ${index} that of ${columns}, "questions.topic, questions.slug"? */
static bool
is_index_of(const struct app_index *index, struct str columns)
{
	struct str column, table;
	size_t at = 0;

	while (str_split(&columns, ',', &column)) {
		column = str_trim(column);
		(void)str_split(&column, '.', &table);
		if (at == index->fields_count || !is_column_of(index->fields[at++], column))
			return false;
	}
	return index->unique && at == index->fields_count;
}

/* What the index of a folded form refuses is the field's value. */
static void
name_fields(const struct app *app, struct str columns, struct tx_problem *problem)
{
	const struct collection *collection = app_collection(app, str_from(problem->table));
	const struct field *field =
	    collection == NULL ? NULL : fold_name_field(collection, str_from(problem->column));

	if (field != NULL)
		copy_name(problem->column, field->name.data, field->name.size);
	if (collection == NULL || str_find_byte(columns, ',') == columns.size)
		return;
	for (size_t i = 0; i < collection->indexes_count && problem->several == NULL; i++)
		if (is_index_of(&collection->indexes[i], columns))
			problem->several = &collection->indexes[i];
}

/* "UNIQUE constraint failed: questions.topic, questions.slug" is all that SQLite tells of the place. */
static void
note_unique(struct sqlite_connection *connection, struct tx_problem *problem)
{
	const char *message = sqlite3_errmsg(connection->db);
	const char *table = strstr(message, "failed: "), *dot;

	if (table == NULL || (dot = strchr(table += 8, '.')) == NULL)
		return;
	copy_name(problem->table, table, (size_t)(dot - table));
	copy_name(problem->column, dot + 1, strcspn(dot + 1, ","));
	name_fields(connection->app, str_from(table), problem);
}

static void
note_problem(struct sqlite_tx *tx, int code)
{
	struct tx_problem *problem = &tx->tx.problem;

	*problem = (struct tx_problem){ 0 };
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		problem->kind = TX_UNIQUE;
		note_unique(tx->connection, problem);
		break;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
	case SQLITE_CONSTRAINT_TRIGGER: /* ON DELETE RESTRICT */
		problem->kind = TX_REFERENCE;
		break;
	default:
		problem->kind = TX_CHECK;
	}
}

static enum err
failed(struct sqlite_tx *tx, int code)
{
	enum err err = sqlite_error(code);

	if (err != OK)
		tx->connection->last_code = code;
	if (err == ERR_CONFLICT)
		note_problem(tx, code);
	return err;
}

/* --- statements ------------------------------------------------------ */

static struct cached_statement *
find_statement(struct sqlite_connection *connection, struct str text, uint64_t hash)
{
	struct cached_statement *set = &connection->cache[hash % connection->cache_sets * CACHE_WAYS];
	struct cached_statement *oldest = NULL;

	for (size_t i = 0; i < CACHE_WAYS; i++) {
		struct cached_statement *cached = &set[i];

		if (cached->hash == hash && cached->text_size == text.size && !cached->busy &&
		    memcmp(cached->text, text.data, text.size) == 0)
			return cached;
		if (!cached->busy && (oldest == NULL || cached->last_used < oldest->last_used))
			oldest = cached;
	}
	if (oldest != NULL && oldest->statement != NULL)
		drop_statement(oldest);
	return oldest;
}

/* The statement of ${text}, from the cache or prepared now.  An SQLite code. */
static int
take_statement(struct sqlite_connection *connection, struct str text, struct cached_statement **ret)
{
	uint64_t hash = hash_str(text);
	struct cached_statement *cached = find_statement(connection, text, hash);
	int code;

	if (cached == NULL) {
		cached = memory_new(sizeof(*cached));
		cached->uncached = true;
	}
	if (cached->statement == NULL) {
		code = sqlite3_prepare_v3(connection->db, text.data, (int)text.size,
		    SQLITE_PREPARE_PERSISTENT, &cached->statement, NULL);
		if (code != SQLITE_OK) {
			if (cached->uncached)
				free(cached);
			return code;
		}
		cached->text = memory_copy(text.data, text.size);
		cached->text_size = text.size;
		cached->hash = hash;
	}
	cached->last_used = ++connection->uses;
	cached->busy = true;
	*ret = cached;
	return SQLITE_OK;
}

static void
return_statement(struct cached_statement *cached)
{
	sqlite3_reset(cached->statement);
	cached->busy = false;
	if (cached->uncached) {
		drop_statement(cached);
		free(cached);
	}
}

int
sqlite_run(struct sqlite_connection *connection, const char *text)
{
	struct cached_statement *cached;
	int64_t budget_end_us = connection->budget_end_us, deadline_us = connection->deadline_us;
	int code = take_statement(connection, str_from(text), &cached);

	if (code != SQLITE_OK)
		return code;
	/*
	 * The steps of a cached statement add up over its runs, so that any run may be the one
	 * that is interrupted, when its work is done: a BEGIN that failed, and has begun.
	 */
	connection->budget_end_us = connection->deadline_us = 0;
	while ((code = sqlite3_step(cached->statement)) == SQLITE_ROW)
		;
	return_statement(cached);
	connection->budget_end_us = budget_end_us;
	connection->deadline_us = deadline_us;
	if (code == SQLITE_DONE)
		return SQLITE_OK;
	connection->last_code = code;
	return code;
}

static int
bind_value(sqlite3_stmt *statement, int at, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NULL:
		return sqlite3_bind_null(statement, at);
	case VALUE_BOOL:
		return sqlite3_bind_int(statement, at, value->boolean);
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
	case VALUE_DECIMAL:
		return sqlite3_bind_int64(statement, at, value->integer);
	case VALUE_REAL:
		return sqlite3_bind_double(statement, at, value->real);
	case VALUE_TEXT:
	case VALUE_JSON:
		/* A NULL pointer would bind NULL; an empty text is a text. */
		return sqlite3_bind_text64(statement, at, value->text.size == 0 ? "" : value->text.data,
		    value->text.size, SQLITE_STATIC, SQLITE_UTF8);
	case VALUE_UUID:
		return sqlite3_bind_blob(
		    statement, at, value->uuid.bytes, sizeof(value->uuid.bytes), SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static enum err
start_statement(struct sqlite_tx *tx, const struct sql_text *sql, struct cached_statement **ret)
{
	int code = tx->connection->last_code;

	/* A failed statement has ended the transaction; another would commit by itself. */
	if (tx->tx.is_write && sqlite3_get_autocommit(tx->connection->db))
		return code == SQLITE_OK ? ERR_INTERNAL : sqlite_error(code);
	code = take_statement(tx->connection, buf_str(&sql->text), ret);
	if (code != SQLITE_OK)
		return failed(tx, code);
	assert(sqlite3_bind_parameter_count((*ret)->statement) == (int)sql->params_count);
	for (size_t i = 0; i < sql->params_count; i++) {
		code = bind_value((*ret)->statement, (int)i + 1, &sql->params[i]);

		if (code != SQLITE_OK) {
			return_statement(*ret);
			return failed(tx, code);
		}
	}
	return OK;
}

/* --- the tx_type ----------------------------------------------------- */

static enum err
query(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret)
{
	struct sqlite_tx *sqlite_tx = CONTAINER(tx, struct sqlite_tx, tx);
	struct sqlite_connection *connection = sqlite_tx->connection;
	struct cached_statement *cached;
	enum err err = start_statement(sqlite_tx, sql, &cached);

	if (err != OK)
		return err;
	if (connection->is_loop && cached->slow_calls > 0) {
		cached->slow_calls--;
		connection->is_slow = true;
		return_statement(cached);
		return ERR_TOO_COSTLY;
	}
	ret->engine = cached;
	return OK;
}

static bool
next(struct tx_rows *rows)
{
	struct sqlite_tx *sqlite_tx = CONTAINER(rows->tx, struct sqlite_tx, tx);
	struct cached_statement *cached = rows->engine;
	int code = sqlite3_step(cached->statement);

	if (code == SQLITE_ROW)
		return true;
	rows->err = failed(sqlite_tx, code);
	if (rows->err == ERR_TOO_COSTLY && sqlite_tx->connection->is_loop) {
		cached->slow_calls = SLOW_CALLS;
		sqlite_tx->connection->is_slow = true;
	}
	return false;
}

struct value
sqlite_to_value(sqlite3_value *value, enum value_kind kind, unsigned scale)
{
	struct value ret = { .kind = kind, .scale = (uint8_t)scale };

	if (value == NULL || sqlite3_value_type(value) == SQLITE_NULL)
		return value_null();
	switch (kind) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		ret.boolean = sqlite3_value_int(value) != 0;
		break;
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
	case VALUE_DECIMAL:
		ret.integer = sqlite3_value_int64(value);
		break;
	case VALUE_REAL:
		ret.real = sqlite3_value_double(value);
		break;
	case VALUE_TEXT:
	case VALUE_JSON:
		ret.text.data = (const char *)sqlite3_value_text(value);
		ret.text.size = (size_t)sqlite3_value_bytes(value);
		break;
	case VALUE_UUID:
		if (sqlite3_value_bytes(value) != sizeof(ret.uuid.bytes))
			return value_null();
		memcpy(ret.uuid.bytes, sqlite3_value_blob(value), sizeof(ret.uuid.bytes));
		break;
	}
	return ret;
}

static struct value
value(struct tx_rows *rows, int column, enum value_kind kind, unsigned scale)
{
	struct cached_statement *cached = rows->engine;

	return sqlite_to_value(sqlite3_column_value(cached->statement, column), kind, scale);
}

static void
close_rows(struct tx_rows *rows)
{
	return_statement(rows->engine);
}

static enum err
exec(struct tx *tx, const struct sql_text *sql, int64_t *ret_changed)
{
	struct sqlite_tx *sqlite_tx = CONTAINER(tx, struct sqlite_tx, tx);
	struct cached_statement *cached;
	enum err err = start_statement(sqlite_tx, sql, &cached);
	int code;

	if (err != OK)
		return err;
	code = sqlite3_step(cached->statement);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		err = failed(sqlite_tx, code);
	else if (ret_changed != NULL)
		*ret_changed = sqlite3_changes64(sqlite_tx->connection->db);
	return_statement(cached);
	return err;
}

static const struct tx_type sqlite_tx_type = { SQL_SQLITE, query, next, value, close_rows, exec,
	sqlite_ask_write };

void
sqlite_tx_init(struct sqlite_tx *sqlite_tx, struct sqlite_connection *connection, struct arena *arena)
{
	*sqlite_tx = (struct sqlite_tx){
		.tx = { .type = &sqlite_tx_type, .arena = arena, .now_us = clock_now_us() },
		.connection = connection,
	};
}
