/*
 * What durable inserts cost at least: a bare loop that puts questions into the
 * table, WAL and synchronous=FULL, N of them per commit.
 *
 *	bare_insert DATABASE [--per-commit N] [--log] [--seconds S]
 *
 * DATABASE is a copy of a file that Caisson or bench/seed made, so the table,
 * its indexes and its references are the server's own.  --log does what a
 * group commit with capture cannot do without: a savepoint around each insert,
 * a commit log's row for it and one for what changed, both in the same
 * transaction.  The pragmas are those of Caisson's writer, with its checkpoint
 * at 4 MB.  Prints the inserts per second as a bare number.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const char pragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
    "PRAGMA wal_autocheckpoint = 1024; PRAGMA cache_size = -2048;";

static const char insert_question[] =
    "INSERT INTO questions (id, created, updated, _version, title, answer, level, topic, author,"
    " published, votes, asked) VALUES (?1, ?2, ?2, ?3, ?4, ?5, 'beginner', ?6, ?7, 1, 0, ?2)";

/* The whole row as JSON, which is what a log holds of a create. */
static const char changes_format[] =
    "{\"id\":\"019b76db-d241-7e51-bd91-d0a4e9aeffff\",\"created\":\"2026-01-01T00:00:00.000000Z\","
    "\"updated\":\"2026-01-01T00:00:00.000000Z\",\"title\":\"Question 1 of the bare loop?\","
    "\"answer\":\"%s\",\"level\":\"beginner\",\"topic\":\"019b76da-a80c-7e57-b036-e3f46bc7f7e8\","
    "\"author\":\"019b76da-aa4d-77cb-8832-5adebb22fb7d\",\"published\":true,\"votes\":0,"
    "\"asked\":\"2026-01-01T00:00:00.000000Z\"}";
static const char actor[] = "019b76da-aa4d-77cb-8832-5adebb22fb7d";

enum { UUID_SIZE = 16, TOPICS_MAX = 1000, ANSWER_SIZE = 500 };

enum statement { BEGIN, COMMIT, SAVEPOINT, RELEASE, INSERT, LOG_COMMIT, LOG_CHANGE, STATEMENTS };

static const char *const statement_texts[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[SAVEPOINT] = "SAVEPOINT body",
	[RELEASE] = "RELEASE body",
	[INSERT] = insert_question,
	[LOG_COMMIT] = "INSERT INTO caisson_commits VALUES (?1, ?2, ?3, ?4)",
	[LOG_CHANGE] = "INSERT INTO caisson_changes VALUES (?1, 0, 'questions', ?2, 'create', ?3)",
};

struct bench {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	int log;
	unsigned char topics[TOPICS_MAX][UUID_SIZE], author[UUID_SIZE];
	size_t topics_count;
	int64_t version;
	char answer[ANSWER_SIZE + 1], changes[ANSWER_SIZE + 500];
};

static void
check(const struct bench *bench, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return;
	fprintf(stderr, "bare_insert: %s\n", sqlite3_errmsg(bench->db));
	exit(1);
}

static int64_t
now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
run(const struct bench *bench, enum statement which)
{
	check(bench, sqlite3_step(bench->statements[which]));
	check(bench, sqlite3_reset(bench->statements[which]));
}

static void
read_ids(struct bench *bench)
{
	sqlite3_stmt *select;

	check(bench, sqlite3_prepare_v2(bench->db, "SELECT id FROM topics", -1, &select, NULL));
	while (bench->topics_count < TOPICS_MAX && sqlite3_step(select) == SQLITE_ROW)
		memcpy(bench->topics[bench->topics_count++], sqlite3_column_blob(select, 0),
		    UUID_SIZE);
	sqlite3_finalize(select);
	check(bench,
	    sqlite3_prepare_v2(bench->db, "SELECT id FROM authors LIMIT 1", -1, &select, NULL));
	check(bench, sqlite3_step(select));
	memcpy(bench->author, sqlite3_column_blob(select, 0), UUID_SIZE);
	sqlite3_finalize(select);
}

static void
open_bench(struct bench *bench, const char *path)
{
	check(bench,
	    sqlite3_open_v2(path, &bench->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	check(bench, sqlite3_exec(bench->db, pragmas, NULL, NULL, NULL));
	for (int i = 0; i < (bench->log ? STATEMENTS : LOG_COMMIT); i++)
		check(bench, sqlite3_prepare_v3(bench->db, statement_texts[i], -1,
				 SQLITE_PREPARE_PERSISTENT, &bench->statements[i], NULL));
	read_ids(bench);
	bench->version = 10000000; /* above all numbers that the seed has got */
	for (size_t i = 0; i < ANSWER_SIZE; i++)
		bench->answer[i] = "one door opens by its handle, and "[i % 34];
	snprintf(bench->changes, sizeof bench->changes, changes_format, bench->answer);
}

/* A UUID of version 7: it grows with time, so that new rows stand beside each other. */
static void
make_id(unsigned char *ret_id, int64_t time_us, int64_t count)
{
	uint64_t time_ms = (uint64_t)time_us / 1000;

	if (getrandom(ret_id, UUID_SIZE, 0) != UUID_SIZE)
		abort();
	for (int i = 0; i < 6; i++)
		ret_id[i] = (unsigned char)(time_ms >> (40 - 8 * i));
	ret_id[6] = (unsigned char)(0x70 | (count >> 8 & 15));
	ret_id[7] = (unsigned char)count;
	ret_id[8] = (unsigned char)(0x80 | (ret_id[8] & 0x3f));
}

static void
insert_one(struct bench *bench)
{
	sqlite3_stmt *insert = bench->statements[INSERT];
	int64_t time_us = now_us(CLOCK_REALTIME), version = ++bench->version;
	unsigned char id[UUID_SIZE];
	char title[64];
	int title_size =
	    snprintf(title, sizeof title, "Question %lld of the bare loop?", (long long)version);
	uint64_t mixed = (uint64_t)version * 0x9e3779b97f4a7c15u >> 32;

	make_id(id, time_us, version);
	sqlite3_bind_blob(insert, 1, id, sizeof id, SQLITE_STATIC);
	sqlite3_bind_int64(insert, 2, time_us);
	sqlite3_bind_int64(insert, 3, version);
	sqlite3_bind_text(insert, 4, title, title_size, SQLITE_STATIC);
	sqlite3_bind_text(insert, 5, bench->answer, ANSWER_SIZE, SQLITE_STATIC);
	sqlite3_bind_blob(
	    insert, 6, bench->topics[mixed % bench->topics_count], UUID_SIZE, SQLITE_STATIC);
	sqlite3_bind_blob(insert, 7, bench->author, UUID_SIZE, SQLITE_STATIC);
	run(bench, INSERT);
	if (!bench->log)
		return;

	sqlite3_stmt *commit = bench->statements[LOG_COMMIT];
	sqlite3_bind_int64(commit, 1, version);
	sqlite3_bind_int64(commit, 2, time_us);
	sqlite3_bind_text(commit, 3, actor, -1, SQLITE_STATIC);
	sqlite3_bind_text(commit, 4, title, title_size, SQLITE_STATIC);
	run(bench, LOG_COMMIT);
	sqlite3_stmt *change = bench->statements[LOG_CHANGE];
	sqlite3_bind_int64(change, 1, version);
	sqlite3_bind_blob(change, 2, id, sizeof id, SQLITE_STATIC);
	sqlite3_bind_text(change, 3, bench->changes, -1, SQLITE_STATIC);
	run(bench, LOG_CHANGE);
}

static void
insert_group(struct bench *bench, int per_commit)
{
	run(bench, BEGIN);
	for (int i = 0; i < per_commit; i++) {
		if (bench->log)
			run(bench, SAVEPOINT);
		insert_one(bench);
		if (bench->log)
			run(bench, RELEASE);
	}
	run(bench, COMMIT);
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	int per_commit = 1;
	double seconds = 5;
	const char *path = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--per-commit") == 0 && i + 1 < argc)
			per_commit = atoi(argv[++i]);
		else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
			seconds = atof(argv[++i]);
		else if (strcmp(argv[i], "--log") == 0)
			bench.log = 1;
		else
			path = argv[i];
	}
	if (path == NULL || per_commit < 1) {
		fprintf(
		    stderr, "usage: bare_insert DATABASE [--per-commit N] [--log] [--seconds S]\n");
		return 2;
	}
	open_bench(&bench, path);
	int64_t start_us = now_us(CLOCK_MONOTONIC), first = bench.version, spent_us;
	do
		insert_group(&bench, per_commit);
	while ((spent_us = now_us(CLOCK_MONOTONIC) - start_us) < (int64_t)(seconds * 1e6));
	printf("%.0f\n", (double)(bench.version - first) * 1e6 / (double)spent_us);
	return 0;
}
