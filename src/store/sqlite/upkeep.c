#include "store/sqlite/upkeep.h"

#include "base/limits.h"

enum {
	UPKEEP_EVERY_US = 60 * 1000000,
	NEXT_SLICE_US = 50 * 1000,
	SLICE_ROWS = 1000,
	RESTART_WAIT_MS = 20,
	RESTART_WAIT_MS_MAX = 1000,
	BUSY_WAIT_MS = 5000,
};

/* What else fails here is tried again; a sync never is, or it may succeed about pages that are lost. */
static void
look_at_sync(struct writer *writer, int code)
{
	if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
		atomic_store(&writer->store->lost, true);
}

/*
 * PASSIVE never waits; but overlapping short readers keep it from ever starting
 * the log anew, so a large log is worth a short wait (RESTART): for the readers
 * of old pages, and then for those that came meanwhile.  The larger the log the
 * longer the wait, so that there is a size at which it succeeds.
 */
static int
restart_wait_ms(const struct writer *writer)
{
	int64_t wait_ms = RESTART_WAIT_MS * (writer->wal_bytes / limit(LIMIT_wal_restart));

	return wait_ms < RESTART_WAIT_MS_MAX ? (int)wait_ms : RESTART_WAIT_MS_MAX;
}

static void
checkpoint(struct writer *writer)
{
	sqlite3 *db = writer->connection->db;
	bool restart = writer->wal_bytes >= limit(LIMIT_wal_restart);

	if (writer->wal_bytes < writer->next_checkpoint_bytes)
		return;
	sqlite3_busy_timeout(db, restart ? restart_wait_ms(writer) : 0);
	look_at_sync(writer, sqlite3_wal_checkpoint_v2(db, NULL,
				 restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
	sqlite3_busy_timeout(db, BUSY_WAIT_MS);
	/* The size is known again after the next commit; until it has grown further there is nothing to try. */
	writer->next_checkpoint_bytes = writer->wal_bytes + limit(LIMIT_wal_passive) / 4;
}

/* False: the transaction is to be rolled back, and done in the next round. */
static bool
run_slice(struct writer *writer, const char *text, int64_t oldest_us)
{
	sqlite3 *db = writer->connection->db;
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(db, text, -1, &statement, NULL);

	if (code != SQLITE_OK)
		return false;
	sqlite3_bind_int64(statement, 1, oldest_us);
	sqlite3_bind_int(statement, 2, SLICE_ROWS);
	code = sqlite3_step(statement);
	sqlite3_finalize(statement);
	/* There may be more: do not wait a minute, or a busy log outgrows its forgetting. */
	if (sqlite3_changes(db) >= SLICE_ROWS)
		writer->next_upkeep_us = clock_monotonic_us() + NEXT_SLICE_US;
	look_at_sync(writer, code);
	return code == SQLITE_DONE;
}

#define LOG_START "coalesce((SELECT CAST(value AS INTEGER) FROM caisson_meta WHERE key = 'log_start'), 0)"

static bool
forget_slices(struct writer *writer)
{
	int64_t now_us = clock_now_us();
	int64_t log_us = now_us - limit(LIMIT_log_age) * 1000000;

	/*
	 * The newest commit stays, for the next number is counted from it; log_start tells readers of
	 * the log.  A migration sets it beyond commits that are still there, up to the newest.
	 */
	return run_slice(writer,
	    "INSERT OR REPLACE INTO caisson_meta (key, value) SELECT 'log_start', CAST(seq AS TEXT)"
	    " FROM (SELECT max(seq) AS seq FROM (SELECT seq FROM caisson_commits WHERE at < ?1"
	    " AND seq > " LOG_START " AND seq < (SELECT max(seq) FROM caisson_commits)"
	    " ORDER BY seq LIMIT ?2)) WHERE seq IS NOT NULL",
	    log_us) &&
	    run_slice(writer, "DELETE FROM caisson_changes WHERE seq <= " LOG_START, 0) &&
	    run_slice(writer,
	    "DELETE FROM caisson_commits WHERE seq IN (SELECT seq FROM caisson_commits WHERE seq <= " LOG_START
	    " AND seq < (SELECT max(seq) FROM caisson_commits) ORDER BY seq LIMIT ?2)",
	    0) &&
	    run_slice(writer,
	    "DELETE FROM caisson_idempotency WHERE rowid IN"
	    " (SELECT rowid FROM caisson_idempotency WHERE at < ? LIMIT ?)",
	    now_us - limit(LIMIT_idempotency_age) * 1000000);
}

static void
forget_old(struct writer *writer)
{
	struct sqlite_connection *connection = writer->connection;
	int code;

	if (sqlite_run(connection, "BEGIN IMMEDIATE") != SQLITE_OK)
		return;
	if (forget_slices(writer)) {
		code = sqlite_run(connection, "COMMIT");
		look_at_sync(writer, code);
	}
	/* Whatever stopped it: what is forgotten twice is forgotten. */
	if (!sqlite3_get_autocommit(connection->db))
		(void)sqlite_run(connection, "ROLLBACK");
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
