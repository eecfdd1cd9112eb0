#include "store/postgres/follower.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/log.h"
#include "store/postgres/upkeep.h"

enum {
	CYCLE_MS = 10,
	POLL_MS = 1000,
	PAGE_COMMITS = 256,
	STATEMENT_TIMEOUT_MS = 30000,
	FOLLOWER_ARENA_SIZE_MAX = 64 << 20,
};
#define HELD_BACK_US INT64_C(2000000)

/* What one snapshot says of the log. */
struct horizon {
	int64_t complete; /* the largest number below which nothing can appear */
	int64_t oldest; /* the running transaction's number, or the next one's */
	bool is_idle; /* nothing runs */
	bool is_outdated; /* the tables have another shape than when they were opened */
};

static void run_follower(void *arg);
static bool is_ready(struct follower *follower);
static enum err run_cycle(struct follower *follower);
static enum err tell_others(struct follower *follower);
static enum err follow(struct follower *follower);
static void wait_for_news(struct follower *follower);

static void
run_follower(void *arg)
{
	struct follower *follower = arg;
	struct timespec cycle = { .tv_nsec = CYCLE_MS * 1000000L };
	bool good;

	while (!atomic_load(&follower->stopping)) {
		good = is_ready(follower) && run_cycle(follower) == OK;
		atomic_store(&follower->reachable, good);
		nanosleep(&cycle, NULL);
		wait_for_news(follower);
	}
}

static bool
is_ready(struct follower *follower)
{
	struct postgres_connection *connection = &follower->connection;

	if (postgres_is_broken(connection))
		follower->listening = false;
	if (postgres_ready_blocking(connection) != OK)
		return false;
	if (!follower->listening) {
		postgres_send(connection, "LISTEN caisson");
		follower->listening = postgres_wait_blocking(connection, NULL, NULL) == OK;
	}
	return follower->listening;
}

static enum err
run_cycle(struct follower *follower)
{
	enum err err = tell_others(follower);

	if (err == OK)
		err = follow(follower);
	if (err == OK && clock_monotonic_us() >= follower->next_upkeep_us) {
		follower->next_upkeep_us = clock_monotonic_us() + UPKEEP_EVERY_US;
		err = upkeep_blocking(&follower->connection);
	}
	return err;
}

/*
 * One NOTIFY for all commits since the last.  It takes a lock of the whole
 * database until its COMMIT, which is why no write carries it.
 */
static enum err
tell_others(struct follower *follower)
{
	enum err err;

	if (!atomic_exchange(&follower->untold, false))
		return OK;
	follower->connection.failed = false;
	postgres_send(&follower->connection, "NOTIFY caisson");
	err = postgres_wait_blocking(&follower->connection, NULL, NULL);
	if (err != OK)
		atomic_store(&follower->untold, true);
	return err;
}

/* --- the feed -------------------------------------------------------- */

static enum err
read_horizon(struct tx *tx, const char *shape, struct horizon *ret)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, SQL_POSTGRES);
	sql_add(&sql,
	    "SELECT (SELECT value::bigint FROM caisson_meta WHERE key = 'epoch') << 48,"
	    " pg_snapshot_xmin(pg_current_snapshot()), pg_snapshot_xmax(pg_current_snapshot()),"
	    " (SELECT value FROM caisson_meta WHERE key = 'shape')");
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		int64_t epoch = tx_value(&rows, 0, VALUE_INT).integer;
		int64_t xmin = tx_value(&rows, 1, VALUE_INT).integer;

		ret->oldest = epoch + xmin;
		ret->complete = ret->oldest - 1;
		ret->is_idle = xmin == tx_value(&rows, 2, VALUE_INT).integer;
		ret->is_outdated = !str_is(tx_value(&rows, 3, VALUE_TEXT).text, shape);
	}
	sql_release(&sql);
	return tx_close(&rows, err);
}

/* The ring cannot carry it: who follows reads the log, or begins anew. */
static void
publish_gap(struct follower *follower, int64_t number)
{
	struct commit *commit = commit_new(number);

	commit->too_many = true;
	ring_publish(&follower->store->ring, &commit, 1);
}

static enum err
publish_up_to(struct follower *follower, struct tx *tx, int64_t until)
{
	struct log_page page = { .more = true };
	enum err err;

	while (page.more) {
		err = log_read(
		    tx, follower->store->app, follower->position, until, PAGE_COMMITS, &page);
		if (err != OK)
			return err;
		if (page.truncated)
			publish_gap(follower, page.until);
		else
			ring_publish(&follower->store->ring, page.commits, page.count);
		follower->position = page.until;
		page.count = 0; /* the ring's now */
		log_page_release(&page);
	}
	return OK;
}

static void note_held_back(struct follower *follower, struct tx *tx, const struct horizon *horizon);

static enum err
follow_in(struct follower *follower, struct tx *tx)
{
	struct horizon horizon = { 0 };
	enum err err = read_horizon(tx, follower->store->shape, &horizon);

	if (err != OK)
		return err;
	if (horizon.is_outdated) {
		atomic_store(&follower->store->outdated, true);
		return OK; /* what comes now is of another app, under other rules */
	}
	note_held_back(follower, tx, &horizon);
	if (horizon.complete <= follower->position)
		return OK;
	atomic_store(&follower->store->last_number, horizon.complete);
	if (ring_is_followed(&follower->store->ring))
		return publish_up_to(follower, tx, horizon.complete);
	follower->position = horizon.complete;
	return OK;
}

static enum err
follow(struct follower *follower)
{
	struct postgres_connection *connection = &follower->connection;
	struct postgres_tx tx;
	enum err err;

	postgres_begin(
	    connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", STATEMENT_TIMEOUT_MS);
	postgres_tx_init(&tx, connection, &follower->arena);
	err = follow_in(follower, &tx.tx);
	postgres_send(connection, "COMMIT");
	if (postgres_wait_blocking(connection, NULL, NULL) != OK && err == OK)
		err = ERR_STORE_UNAVAILABLE;
	arena_reset(&follower->arena);
	return err;
}

/* --- who holds it back ----------------------------------------------- */

/* What may be seen of other users' sessions may be nothing: then the age is what we saw ourselves. */
static void
ask_culprit(struct follower *follower, struct tx *tx, int64_t age_us)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;
	int pid = 0;

	sql_init(&sql, SQL_POSTGRES);
	sql_add(&sql,
	    "SELECT pid, (extract(epoch FROM clock_timestamp() - xact_start) * 1000000)::bigint"
	    " FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
	    " ORDER BY age(backend_xid) DESC LIMIT 1");
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		int64_t told_us = tx_value(&rows, 1, VALUE_INT).integer;

		pid = (int)tx_value(&rows, 0, VALUE_INT).integer;
		if (told_us > age_us)
			age_us = told_us;
	}
	if (tx_close(&rows, err) == OK) {
		atomic_store(&follower->held_back_pid, pid);
		atomic_store(&follower->held_back_us, age_us);
	}
	sql_release(&sql);
}

static void
note_held_back(struct follower *follower, struct tx *tx, const struct horizon *horizon)
{
	int64_t now_us = clock_monotonic_us();

	if (horizon->is_idle || horizon->oldest != follower->oldest) {
		follower->oldest = horizon->oldest;
		follower->oldest_since_us = now_us;
		atomic_store(&follower->held_back_us, 0);
		return;
	}
	if (now_us - follower->oldest_since_us >= HELD_BACK_US)
		ask_culprit(follower, tx, now_us - follower->oldest_since_us);
}

/* --- waiting --------------------------------------------------------- */

static void
drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

/* The server's notifications are only a knock: the log says what there is. */
static void
forget_notifications(PGconn *pg)
{
	PGnotify *notification;

	(void)PQconsumeInput(pg);
	while ((notification = PQnotifies(pg)) != NULL)
		PQfreemem(notification);
}

static void
wait_for_news(struct follower *follower)
{
	bool connected = !postgres_is_broken(&follower->connection);
	struct pollfd polled[2] = {
		{ .fd = follower->wake_fd, .events = POLLIN },
		{ .fd = connected ? PQsocket(follower->connection.pg) : -1, .events = POLLIN },
	};

	/* A notification may have come with the last answer. */
	if (connected)
		forget_notifications(follower->connection.pg);
	(void)poll(polled, 2, POLL_MS);
	if (polled[0].revents != 0)
		drain(follower->wake_fd);
	if (connected && polled[1].revents != 0)
		forget_notifications(follower->connection.pg);
}

void
follower_wake(struct follower *follower)
{
	uint64_t one = 1;

	if (!atomic_exchange(&follower->untold, true))
		(void)!write(follower->wake_fd, &one, sizeof(one));
}

/* --- start and stop -------------------------------------------------- */

enum err
follower_start(
    struct follower *follower, struct store *store, struct postgres_connection *connection)
{
	follower->store = store;
	follower->connection = *connection;
	follower->next_upkeep_us = clock_monotonic_us();
	arena_init(&follower->arena, FOLLOWER_ARENA_SIZE_MAX);
	follower->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* last_number must be known before the first reader comes. */
	if (follower->wake_fd >= 0 && is_ready(follower) && follow(follower) == OK) {
		atomic_store(&follower->reachable, true);
		if (uv_thread_create(&follower->thread, run_follower, follower) == 0)
			return OK;
	}
	postgres_release(&follower->connection);
	arena_release(&follower->arena);
	if (follower->wake_fd >= 0)
		close(follower->wake_fd);
	follower->store = NULL;
	return ERR_IO;
}

void
follower_stop(struct follower *follower)
{
	if (follower->store == NULL)
		return;
	atomic_store(&follower->stopping, true);
	atomic_store(&follower->untold, false);
	follower_wake(follower);
	uv_thread_join(&follower->thread);
	postgres_release(&follower->connection);
	arena_release(&follower->arena);
	close(follower->wake_fd);
	follower->store = NULL;
}
