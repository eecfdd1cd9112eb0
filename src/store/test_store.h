#pragma once
/*
 * A store for tests, on a new database: SQLite in a temporary folder, or
 * PostgreSQL where CAISSON_TEST_DATABASE names a server (tests/cluster run).
 */
#include <assert.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

struct test_store {
	struct app *app;
	struct store *store;
	char folder[64];
	char database[320]; /* what is opened */
	char name[64]; /* of the database on a server; empty on SQLite */
};

static inline const char *
test_server(void)
{
	const char *url = getenv("CAISSON_TEST_DATABASE");

	return url != NULL && strncmp(url, "postgres", 8) == 0 ? url : NULL;
}

/* The server's URL with another database in it. */
static inline void
test_url(const char *name, char *ret, size_t size)
{
	const char *url = test_server(), *slash = strrchr(url, '@'), *options = strchr(url, '?');

	assert(slash != NULL && options != NULL);
	snprintf(ret, size, "%.*s/%s%s", (int)(slash + 1 - url), url, name, options);
}

/* Run ${text} on a connection of its own to ${url}; the first value, at most 63 bytes, in ${ret} (may be NULL). */
static inline bool
test_run(const char *url, const char *text, char ret[64])
{
	PGconn *pg = PQconnectdb(url);
	PGresult *result = PQexec(pg, text);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fprintf(stderr, "%s: %s", text, PQerrorMessage(pg));
	if (ret != NULL)
		snprintf(ret, 64, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(pg);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static inline struct app *
test_app_text(const char *text)
{
	struct app_mistakes mistakes;
	struct app *app;

	app_mistakes_init(&mistakes);
	app = app_read(str_from(text), &mistakes);
	for (struct app_mistake *mistake = mistakes.first; mistake != NULL; mistake = mistake->next)
		fprintf(stderr, "%u:%u: %.*s\n", mistake->at.line, mistake->at.column,
		    STR_ARGS(mistake->detail));
	app_mistakes_release(&mistakes);
	assert(app != NULL);
	return app;
}

/* tests/apps/NAME/caisson.yaml */
static inline struct app *
test_app(const char *name)
{
	static char text[1 << 16];
	char path[512];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), SOURCE_ROOT "/tests/apps/%s/caisson.yaml", name);
	file = fopen(path, "r");
	assert(file != NULL);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	return test_app_text(text);
}

/* Open ${app}, which stays the caller's, on the database of ${test}. */
static inline enum err
test_store_try(
    struct test_store *test, const struct app *app, struct store **ret, struct buf *ret_detail)
{
	struct store_options options = { .app = app,
		.folder = test->folder,
		.database = str_from(test->database),
		.loops_count = 1 };

	return store_open(&options, ret, ret_detail);
}

static inline void
test_store_reopen(struct test_store *test)
{
	struct buf detail;
	enum err err;

	buf_init(&detail, 4096);
	err = test_store_try(test, test->app, &test->store, &detail);
	if (err != OK)
		fprintf(stderr, "%.*s\n", (int)detail.size, detail.data);
	assert(err == OK);
	buf_release(&detail);
}

/* Takes over ${app}. */
static inline void
test_store_open(struct test_store *test, struct app *app)
{
	static int count;
	char text[128];

	*test = (struct test_store){ .app = app };
	strcpy(test->folder, "/tmp/caisson-test.XXXXXX");
	assert(mkdtemp(test->folder) != NULL);
	if (test_server() != NULL) {
		snprintf(test->name, sizeof(test->name), "test_%d_%d", (int)getpid(), count++);
		snprintf(text, sizeof(text), "CREATE DATABASE %s", test->name);
		assert(test_run(test_server(), text, NULL));
		test_url(test->name, test->database, sizeof(test->database));
	} else {
		strcpy(test->database, "sqlite:data/test.db");
	}
	test_store_reopen(test);
}

static inline void
test_store_close(struct test_store *test)
{
	char text[128];

	store_close(test->store);
	app_free(test->app);
	if (test->name[0] != '\0') {
		snprintf(text, sizeof(text), "DROP DATABASE %s WITH (FORCE)", test->name);
		test_run(test_server(), text, NULL);
	}
	snprintf(text, sizeof(text), "rm -rf %s", test->folder);
	if (system(text) != 0)
		perror(text);
}
