#include "store/store_fixture.h"

#include "os/file.h"

/* --- the store --------------------------------------------------------- */

static void
open_store(struct fixture *fixture)
{
	test_store_reopen(&fixture->test);
	fixture->store = fixture->test.store;
}

void
fixture_open(struct fixture *fixture, const char *yaml)
{
	*fixture = (struct fixture){ 0 };
	test_store_open(&fixture->test, test_app_text(yaml));
	fixture->store = fixture->test.store;
}

void
fixture_close(struct fixture *fixture)
{
	test_store_close(&fixture->test);
}

void
fixture_reopen(struct fixture *fixture)
{
	store_close(fixture->store);
	open_store(fixture);
}

static void
copy_file(const struct fixture *from, const struct fixture *to, const char *name)
{
	char path[160];
	struct buf bytes;
	FILE *file;

	buf_init(&bytes, (size_t)1 << 30);
	snprintf(path, sizeof(path), "%s/data/%s", from->test.folder, name);
	if (file_read(path, &bytes) == OK) {
		snprintf(path, sizeof(path), "%s/data/%s", to->test.folder, name);
		file = fopen(path, "wb");
		assert(file != NULL);
		if (bytes.size > 0 && fwrite(bytes.data, bytes.size, 1, file) != 1)
			abort();
		fclose(file);
	}
	buf_release(&bytes);
}

void
fixture_crash(const struct fixture *fixture, struct fixture *ret)
{
	char path[160];

	*ret = (struct fixture){ .test = fixture->test };
	strcpy(strrchr(ret->test.folder, '.'), ".XXXXXX");
	if (mkdtemp(ret->test.folder) == NULL)
		abort();
	snprintf(path, sizeof(path), "%s/data", ret->test.folder);
	if (folder_make(path) != OK)
		abort();
	/* The WAL's index is memory of the processes; recovery makes it anew. */
	copy_file(fixture, ret, "test.db");
	copy_file(fixture, ret, "test.db-wal");
	open_store(ret);
	ret->test.app = NULL; /* the first one's */
}

/* --- calls ------------------------------------------------------------- */

/* A call without a loop posts to a semaphore that stands where its task would. */
void
fixture_start(struct fixture *fixture, struct fixture_call *call)
{
	uv_sem_init(&call->done, 0);
	atomic_store(&call->answered, false);
	call->call.task = (struct task *)(void *)&call->done;
	store_write(fixture->store, NULL, &call->call);
}

bool
fixture_is_done(struct fixture_call *call)
{
	if (atomic_load(&call->answered))
		return true;
	if (uv_sem_trywait(&call->done) != 0)
		return false;
	uv_sem_post(&call->done);
	return true;
}

enum err
fixture_wait(struct fixture_call *call)
{
	uv_sem_wait(&call->done);
	atomic_store(&call->answered, true);
	uv_sem_destroy(&call->done);
	return call->call.err;
}

static enum err
gate_body(struct tx *tx, void *arg)
{
	struct fixture *fixture = arg;

	/* Let in once; a group that runs again does not wait again. */
	(void)tx;
	uv_sem_post(&fixture->gate_entered);
	uv_sem_wait(&fixture->gate_open);
	uv_sem_post(&fixture->gate_open);
	return OK;
}

void
fixture_hold(struct fixture *fixture)
{
	uv_sem_init(&fixture->gate_entered, 0);
	uv_sem_init(&fixture->gate_open, 0);
	fixture->gate = (struct fixture_call){ .call = { .body = gate_body, .arg = fixture } };
	fixture_start(fixture, &fixture->gate);
	uv_sem_wait(&fixture->gate_entered);
}

enum err
fixture_let_go(struct fixture *fixture)
{
	enum err err;

	uv_sem_post(&fixture->gate_open);
	err = fixture_wait(&fixture->gate);
	uv_sem_destroy(&fixture->gate_open);
	uv_sem_destroy(&fixture->gate_entered);
	return err;
}

/* --- statements -------------------------------------------------------- */

struct statement {
	const char *text;
	int columns;
	int64_t integer;
	struct buf rows;
};

static enum err
write_body(struct tx *tx, void *arg)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, SQL_SQLITE);
	sql_add(&sql, ((struct statement *)arg)->text);
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

enum err
fixture_write(struct fixture *fixture, const char *text)
{
	struct statement statement = { .text = text };
	struct store_call call = { .body = write_body, .arg = &statement };

	return store_write_blocking(fixture->store, &call);
}

static enum err
read_body(struct tx *tx, void *arg)
{
	struct statement *statement = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, SQL_SQLITE);
	sql_add(&sql, statement->text);
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows)) {
		statement->integer = tx_value(&rows, 0, VALUE_INT).integer;
		for (int i = 0; i < statement->columns; i++) {
			struct value value = tx_value(&rows, i, VALUE_TEXT);

			buf_add_str(&statement->rows, value.kind == VALUE_NULL ? STR("-") : value.text);
			buf_add_byte(&statement->rows, i + 1 < statement->columns ? ' ' : '\n');
		}
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
read_rows(struct fixture *fixture, struct statement *statement)
{
	struct store_call call = { .body = read_body, .arg = statement };

	buf_init(&statement->rows, (size_t)64 << 20);
	if (store_read_blocking(fixture->store, &call) != OK) {
		fprintf(stderr, "%s: %s\n", err_row(call.err)->code, statement->text);
		abort();
	}
}

int64_t
fixture_int(struct fixture *fixture, const char *sql)
{
	struct statement statement = { .text = sql, .integer = -1 };

	read_rows(fixture, &statement);
	buf_release(&statement.rows);
	return statement.integer;
}

char *
fixture_text(struct fixture *fixture, const char *sql, int columns)
{
	struct statement statement = { .text = sql, .columns = columns };

	read_rows(fixture, &statement);
	buf_add_byte(&statement.rows, '\0');
	return statement.rows.data;
}

bool
fixture_is_whole(struct fixture *fixture)
{
	char *integrity = fixture_text(fixture, "PRAGMA integrity_check", 1);
	char *keys = fixture_text(fixture, "PRAGMA foreign_key_check", 1);
	bool whole = strcmp(integrity, "ok\n") == 0 && keys[0] == '\0';

	free(integrity);
	free(keys);
	return whole;
}
