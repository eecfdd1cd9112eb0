#include "store/sqlite/upkeep.h"

#include "base/limits.h"

enum { UPKEEP_EVERY_US = 60 * 1000000, SLICE_ROWS = 1000, RESTART_WAIT_MS = 20, BUSY_WAIT_MS = 5000 };

/*
 * PASSIVE never waits; but overlapping short readers keep it from ever starting
 * the log anew, so a large log is worth a short wait (RESTART).
 */
static void
checkpoint(struct writer *writer)
{
	sqlite3 *db = writer->connection->db;
	bool restart = writer->wal_bytes >= limit(LIMIT_wal_restart);

	if (writer->wal_bytes < writer->next_checkpoint_bytes)
		return;
	sqlite3_busy_timeout(db, RESTART_WAIT_MS);
	sqlite3_wal_checkpoint_v2(
	    db, NULL, restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	sqlite3_busy_timeout(db, BUSY_WAIT_MS);
	/* The size is known again after the next commit; until it has grown further there is nothing to try. */
	writer->next_checkpoint_bytes = writer->wal_bytes + limit(LIMIT_wal_passive) / 4;
}

static void
run_slice(struct writer *writer, const char *text, int64_t oldest_us)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(writer->connection->db, text, -1, &statement, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_int64(statement, 1, oldest_us);
	sqlite3_bind_int(statement, 2, SLICE_ROWS);
	(void)sqlite3_step(statement); /* what fails now is done in the next round */
	sqlite3_finalize(statement);
}

static void
forget_old(struct writer *writer)
{
	int64_t now_us = clock_now_us();
	int64_t log_us = now_us - limit(LIMIT_log_age) * 1000000;

	if (sqlite_run(writer->connection, "BEGIN IMMEDIATE") != SQLITE_OK)
		return;
	/* The newest commit stays, for the next number is counted from it; log_start tells readers of the log. */
	run_slice(writer,
	    "INSERT OR REPLACE INTO caisson_meta (key, value) SELECT 'log_start', CAST(seq AS TEXT)"
	    " FROM (SELECT max(seq) AS seq FROM (SELECT seq FROM caisson_commits WHERE at < ?1"
	    " AND seq < (SELECT max(seq) FROM caisson_commits) ORDER BY seq LIMIT ?2)) WHERE seq IS NOT NULL",
	    log_us);
	run_slice(writer,
	    "DELETE FROM caisson_changes WHERE seq <="
	    " (SELECT CAST(value AS INTEGER) FROM caisson_meta WHERE key = 'log_start')",
	    0);
	run_slice(writer,
	    "DELETE FROM caisson_commits WHERE seq <="
	    " (SELECT CAST(value AS INTEGER) FROM caisson_meta WHERE key = 'log_start')",
	    0);
	run_slice(writer,
	    "DELETE FROM caisson_idempotency WHERE rowid IN"
	    " (SELECT rowid FROM caisson_idempotency WHERE at < ? LIMIT ?)",
	    now_us - limit(LIMIT_idempotency_age) * 1000000);
	(void)sqlite_run(writer->connection, "COMMIT");
}

void
upkeep(struct writer *writer)
{
	int64_t now_us = clock_monotonic_us();

	if (store_is_lost(writer->store))
		return;
	checkpoint(writer);
	if (now_us < writer->next_upkeep_us)
		return;
	writer->next_upkeep_us = now_us + UPKEEP_EVERY_US;
	forget_old(writer);
}
