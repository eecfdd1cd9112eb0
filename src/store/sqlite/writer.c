#include "store/sqlite/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/limits.h"
#include "base/memory.h"
#include "store/sqlite/upkeep.h"

enum { GROUP_ARENA_SIZE_MAX = 256 << 20 };

static void writer_run(void *arg);
static void run_group(struct writer *writer);
static bool is_lost(struct writer *writer);
static bool is_culprit(struct writer *writer, const struct store_call *call);
static enum err recover_group(struct writer *writer, size_t culprit);
static void drop_commits(struct writer *writer);
static void stage_call(struct writer *writer, struct store_call *call);
static void commit_group(struct writer *writer);
static void complete_group(struct writer *writer);

/* --- the queue ------------------------------------------------------- */

static uint16_t *
caller_slot(struct writer *writer, const struct store_call *call)
{
	return &writer->queued_of_caller[call->caller_hash % WRITER_CALLER_SLOTS];
}

static bool
has_room(struct writer *writer, const struct store_call *call)
{
	return !writer->stopping && !store_is_lost(writer->store) &&
	       writer->queued < limit(LIMIT_write_queue) &&
	       *caller_slot(writer, call) < limit(LIMIT_write_queue_caller);
}

void
writer_push(struct writer *writer, struct store_call *call)
{
	bool accepted;

	uv_mutex_lock(&writer->mutex);
	accepted = has_room(writer, call);
	if (accepted) {
		call->next = NULL;
		*(writer->first == NULL ? &writer->first : &writer->last->next) = call;
		writer->last = call;
		writer->queued++;
		++*caller_slot(writer, call);
		if (writer->queued == 1 || writer->queued == writer->wanted)
			uv_cond_signal(&writer->wake);
	}
	uv_mutex_unlock(&writer->mutex);
	if (!accepted) {
		call->err = store_is_lost(writer->store) ? ERR_STORE_UNAVAILABLE : ERR_OVERLOADED;
		store_call_done(call);
	}
}

static struct store_call *
pop(struct writer *writer)
{
	struct store_call *call;

	uv_mutex_lock(&writer->mutex);
	call = writer->first;
	if (call != NULL) {
		writer->first = call->next;
		writer->queued--;
		--*caller_slot(writer, call);
	}
	uv_mutex_unlock(&writer->mutex);
	return call;
}

/*
 * Who was answered by the last commit is about to ask again: a short wait for
 * them makes one large group of two small ones.  A lone writer never waits.
 */
static void
gather(struct writer *writer)
{
	int64_t end_us = clock_monotonic_us() + limit(LIMIT_group_wait), left_us;

	while (writer->first != NULL && writer->queued < writer->wanted && !writer->stopping &&
	       (left_us = end_us - clock_monotonic_us()) > 0)
		(void)uv_cond_timedwait(&writer->wake, &writer->mutex, (uint64_t)left_us * 1000);
}

/* Wait for work; false when there will be none. */
static bool
wait_for_call(struct writer *writer)
{
	bool there;

	uv_mutex_lock(&writer->mutex);
	while (writer->first == NULL && !writer->stopping &&
	       uv_cond_timedwait(&writer->wake, &writer->mutex, UPKEEP_PAUSE_NS) == 0)
		;
	gather(writer);
	there = writer->first != NULL || !writer->stopping;
	uv_mutex_unlock(&writer->mutex);
	return there;
}

static void
writer_run(void *arg)
{
	struct writer *writer = arg;

	while (wait_for_call(writer)) {
		run_group(writer);
		while (writer->alone != NULL)
			run_group(writer);
		upkeep(writer);
	}
}

/* --- a group --------------------------------------------------------- */

/* Are the reserve, and ${bytes}, free?  Where nobody knows: yes. */
static bool
disk_has(struct writer *writer, int64_t bytes)
{
	struct statvfs disk;

	return statvfs(writer->folder, &disk) != 0 ||
	       (int64_t)(disk.f_bavail * disk.f_frsize) - bytes >= limit(LIMIT_disk_reserve);
}

static enum err
begin(struct writer *writer)
{
	int code;

	if (store_is_lost(writer->store))
		return ERR_STORE_UNAVAILABLE;
	if (!disk_has(writer, 0))
		return ERR_STORE_FULL;
	code = sqlite_run(writer->connection, "BEGIN IMMEDIATE");
	return code == SQLITE_OK ? OK : sqlite_error(code);
}

/* The next call of the group: a culprit runs alone, others as they come. */
static struct store_call *
next_call(struct writer *writer, int64_t end_us)
{
	struct store_call *call = writer->alone;

	if (call != NULL) {
		if (writer->group_count > 0)
			return NULL;
		writer->alone = call->next;
		return call;
	}
	if (writer->group_count > 0 &&
	    (writer->group[0]->alone || writer->group_count == WRITER_GROUP_MAX ||
		writer->group_count >= (size_t)limit(LIMIT_group_requests) ||
		clock_thread_us() >= end_us))
		return NULL;
	return pop(writer);
}

/* Take calls in and stage them while the group may grow. */
static enum err
fill_group(struct writer *writer, struct store_call *call)
{
	int64_t end_us = clock_thread_us() + limit(LIMIT_group_time);
	enum err begin_err = begin(writer), err = begin_err;

	for (; call != NULL; call = next_call(writer, end_us)) {
		size_t at = writer->group_count++;

		writer->group[at] = call;
		call->staged_err = begin_err;
		if (begin_err != OK)
			continue; /* no transaction: all that wait are told so */
		stage_call(writer, call);
		if (is_culprit(writer, call))
			err = recover_group(writer, at);
		if (err != OK)
			break;
	}
	return err;
}

static void
run_group(struct writer *writer)
{
	struct store_call *call;
	enum err err;

	writer->group_count = writer->commits_count = 0;
	call = next_call(writer, 0);
	if (call == NULL)
		return;
	err = fill_group(writer, call);
	if (err == OK && writer->group_count > 0)
		commit_group(writer);
	else if (!is_lost(writer))
		(void)sqlite_run(writer->connection, "ROLLBACK");
	complete_group(writer);
	arena_reset(&writer->arena);
}

/* The transaction is gone, whatever the savepoints say. */
static bool
is_lost(struct writer *writer)
{
	return sqlite3_get_autocommit(writer->connection->db);
}

/* Interrupted for the first time: it may run once more, alone. */
static bool
runs_again(const struct store_call *call, enum err err)
{
	return err == ERR_TOO_COSTLY && !call->alone;
}

/*
 * Must the group go on without ${call}?  It took the transaction with it, or it
 * was interrupted in a mere read: that harms nobody, but it may run alone too.
 */
static bool
is_culprit(struct writer *writer, const struct store_call *call)
{
	return is_lost(writer) || runs_again(call, call->staged_err);
}

static void
drop_commits(struct writer *writer)
{
	for (size_t i = 0; i < writer->commits_count; i++)
		commit_unref(writer->commits[i]);
	writer->commits_count = 0;
	writer->next_number = atomic_load(&writer->store->last_number) + 1;
}

/* Run ${call} behind the group, by itself; in the order in which they came. */
static void
set_aside(struct writer *writer, struct store_call *call)
{
	struct store_call **end = &writer->alone;

	while (*end != NULL)
		end = &(*end)->next;
	call->alone = true;
	call->next = NULL;
	*end = call;
}

/* Take the culprit out of the group: to be run alone, or refused where it was alone already. */
static void
remove_culprit(struct writer *writer, size_t at)
{
	struct store_call *culprit = writer->group[at];

	writer->group_count--;
	memmove(&writer->group[at], &writer->group[at + 1],
	    (writer->group_count - at) * sizeof(struct store_call *));
	if (!culprit->alone) {
		set_aside(writer, culprit);
		return;
	}
	culprit->err = ERR_TOO_COSTLY;
	culprit->number = 0;
	store_call_done(culprit);
}

/* Nothing of the group has happened, and nothing will. */
static enum err
refuse_group(struct writer *writer, enum err err)
{
	for (size_t i = 0; i < writer->group_count; i++)
		writer->group[i]->staged_err = err;
	return err;
}

/* Stage the group's calls from ${at} on.  The place of the first culprit, or the end. */
static size_t
stage_from(struct writer *writer, size_t at)
{
	for (; at < writer->group_count; at++) {
		stage_call(writer, writer->group[at]);
		if (is_culprit(writer, writer->group[at]))
			break;
	}
	return at;
}

/* Why is the transaction gone?  The engine knows; a body may have made something else of it. */
static enum err
why_lost(struct writer *writer)
{
	int code = writer->connection->last_code;

	if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
		atomic_store(&writer->store->lost, true); /* no sync is ever tried again */
		return ERR_OUTCOME_UNKNOWN;
	}
	return code == SQLITE_OK ? ERR_INTERNAL : sqlite_error(code);
}

/* The transaction is gone: begin the next.  A disk that refuses refuses all. */
static enum err
begin_again(struct writer *writer, size_t culprit)
{
	enum err err = why_lost(writer);

	drop_commits(writer);
	if (err != ERR_TOO_COSTLY)
		return refuse_group(writer, err);
	remove_culprit(writer, culprit);
	err = begin(writer);
	return err == OK ? OK : refuse_group(writer, err);
}

/* Set the culprit aside, and run those again that it took with it, until a group stands. */
static enum err
recover_group(struct writer *writer, size_t culprit)
{
	enum err err = OK;

	while (err == OK && culprit < writer->group_count) {
		if (is_lost(writer)) {
			err = begin_again(writer, culprit);
			culprit = 0;
		} else {
			remove_culprit(writer, culprit);
		}
		if (err == OK)
			culprit = stage_from(writer, culprit);
	}
	return err;
}

/* --- one call -------------------------------------------------------- */

static void
savepoint(struct writer *writer, const char *text)
{
	/* Fails only where the transaction is gone, which is looked at next. */
	(void)sqlite_run(writer->connection, text);
}

/* Deferred keys would pass RELEASE and fail everyone's COMMIT; the schema has none, and this keeps it so. */
static bool
has_deferred_keys(struct writer *writer)
{
	int count = 0, high = 0;

	sqlite3_db_status(writer->connection->db, SQLITE_DBSTATUS_DEFERRED_FKS, &count, &high, 0);
	return count > 0;
}

static enum err
run_body(struct writer *writer, struct sqlite_tx *tx, struct store_call *call)
{
	enum err err;

	savepoint(writer, "SAVEPOINT inner");
	capture_begin(&writer->capture, writer->next_number);
	tx->tx.takes_number = false;
	err = call->body(&tx->tx, call->arg);
	if (err == OK && writer->capture.failed)
		err = ERR_TOO_COSTLY;
	if (err == OK && has_deferred_keys(writer))
		err = ERR_CONFLICT;
	if (err == OK && writer->capture.commit->changes_count > (size_t)limit(LIMIT_alone_rows))
		err = ERR_TOO_COSTLY;
	return err;
}

static enum err
keep_body(struct writer *writer, struct sqlite_tx *tx, struct store_call *call)
{
	struct commit *commit = capture_take(&writer->capture, tx->tx.takes_number);
	enum err err;

	if (commit == NULL)
		return OK;
	err = capture_log(&tx->tx, commit, call->actor, call->request_id);
	if (err != OK) {
		commit_unref(commit);
		return err;
	}
	call->number = commit->number;
	writer->next_number++;
	writer->commits[writer->commits_count++] = commit;
	return OK;
}

static enum err
run_inner(struct writer *writer, struct sqlite_tx *tx, struct store_call *call)
{
	enum err err = run_body(writer, tx, call);

	if (err == OK && !call->dry_run)
		err = keep_body(writer, tx, call);
	if (writer->capture.commit != NULL)
		capture_drop(&writer->capture);
	if (is_lost(writer))
		return err;
	if (err != OK || call->dry_run)
		savepoint(writer, "ROLLBACK TO inner");
	savepoint(writer, "RELEASE inner");
	return err;
}

/* Back to where the call began, its commit with it. */
static void
undo_call(struct writer *writer, struct store_call *call)
{
	savepoint(writer, "ROLLBACK TO outer");
	if (call->number == 0)
		return;
	commit_unref(writer->commits[--writer->commits_count]);
	writer->next_number--;
	call->number = 0;
}

static enum err
run_outer(struct writer *writer, struct sqlite_tx *tx, struct store_call *call)
{
	bool done = false;
	enum err err, keep_err;

	savepoint(writer, "SAVEPOINT outer");
	err = keep_err = call->before(&tx->tx, call->arg, &done);
	if (err == OK && !done) {
		err = run_inner(writer, tx, call);
		keep_err = runs_again(call, err) || is_lost(writer) ? err :
								      call->after(&tx->tx, call->arg, err);
		if (keep_err != OK)
			err = keep_err;
	}
	if (is_lost(writer))
		return err;
	if (keep_err != OK || call->dry_run)
		undo_call(writer, call);
	savepoint(writer, "RELEASE outer");
	return err;
}

static enum err
may_run(const struct store_call *call)
{
	if (atomic_load(&call->canceled))
		return ERR_CANCELED;
	if (call->deadline_us != 0 && clock_monotonic_us() > call->deadline_us)
		return ERR_OVERLOADED;
	return OK;
}

static void
stage_call(struct writer *writer, struct store_call *call)
{
	struct sqlite_tx tx;
	enum err err = may_run(call);

	call->number = 0;
	writer->connection->last_code = SQLITE_OK;
	if (err == OK) {
		sqlite_tx_init(&tx, writer->connection, &writer->arena);
		tx.tx.is_write = true;
		tx.tx.is_dry_run = call->dry_run;
		tx.tx.number = writer->number = writer->next_number;
		writer->now_us = tx.tx.now_us;
		sqlite_budget(writer->connection,
		    limit(call->alone ? LIMIT_alone_budget : LIMIT_body_budget) * 1000);
		err = call->before == NULL ? run_inner(writer, &tx, call) : run_outer(writer, &tx, call);
		sqlite_budget(writer->connection, 0);
	}
	call->staged_err = err;
}

/* --- the end of a group ---------------------------------------------- */

/*
 * After a failed COMMIT nobody knows what the disk holds: say so to all who
 * would have been told yes, and to no one anything else, ever again; recovery
 * at the next start finds out.  Who would have been told no may ask again then:
 * the reason may have been a row of this group.
 */
static void
lose_store(struct writer *writer)
{
	atomic_store(&writer->store->lost, true);
	for (size_t i = 0; i < writer->group_count; i++)
		writer->group[i]->staged_err = writer->group[i]->staged_err == OK ?
		    ERR_OUTCOME_UNKNOWN :
		    ERR_STORE_UNAVAILABLE;
}

/*
 * COMMIT writes at most the cache's pages, and a disk that is full then leaves
 * an unknown outcome; so a group that is too large for it is refused before.
 */
static bool
can_commit(struct writer *writer)
{
	int bytes = 0, high = 0;

	sqlite3_db_status(writer->connection->db, SQLITE_DBSTATUS_CACHE_USED, &bytes, &high, 0);
	return bytes < limit(LIMIT_disk_reserve) / 2 || disk_has(writer, bytes);
}

static void
commit_group(struct writer *writer)
{
	if (!can_commit(writer)) {
		(void)sqlite_run(writer->connection, "ROLLBACK");
		(void)refuse_group(writer, ERR_STORE_FULL);
		drop_commits(writer);
		return;
	}
	if (sqlite_run(writer->connection, "COMMIT") != SQLITE_OK) {
		lose_store(writer);
		return;
	}
	atomic_fetch_add(&writer->groups, 1);
	atomic_fetch_add(&writer->writes, (int64_t)writer->commits_count);
	atomic_store(&writer->store->last_number, writer->next_number - 1);
	if (ring_is_followed(&writer->store->ring)) {
		ring_publish(&writer->store->ring, writer->commits, writer->commits_count);
		writer->commits_count = 0;
	}
}

static void
complete_group(struct writer *writer)
{
	uv_mutex_lock(&writer->mutex);
	writer->wanted = (int64_t)writer->group_count + writer->queued;
	if (writer->wanted > limit(LIMIT_group_requests))
		writer->wanted = limit(LIMIT_group_requests);
	uv_mutex_unlock(&writer->mutex);
	for (size_t i = 0; i < writer->group_count; i++) {
		writer->group[i]->err = writer->group[i]->staged_err;
		if (writer->group[i]->err != OK)
			writer->group[i]->number = 0;
		store_call_done(writer->group[i]);
	}
	drop_commits(writer);
}

/* --- start and stop -------------------------------------------------- */

static void
sql_number(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count, (void)values;
	sqlite3_result_int64(context, ((struct writer *)sqlite3_user_data(context))->number);
}

static void
sql_now(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count, (void)values;
	sqlite3_result_int64(context, ((struct writer *)sqlite3_user_data(context))->now_us);
}

static int
note_wal_size(void *arg, sqlite3 *db, const char *database, int pages)
{
	enum { PAGE_SIZE = 4096 };
	struct writer *writer = arg;

	(void)db, (void)database;
	writer->wal_bytes = (int64_t)pages * PAGE_SIZE;
	/* The log was begun anew. */
	if (writer->wal_bytes < limit(LIMIT_wal_passive))
		writer->next_checkpoint_bytes = limit(LIMIT_wal_passive);
	return SQLITE_OK;
}

static int
add_functions(struct writer *writer)
{
	sqlite3 *db = writer->connection->db;
	int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
	int code = sqlite3_create_function(
	    db, "caisson_number", 0, flags, writer, sql_number, NULL, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_create_function(db, "caisson_now", 0, flags, writer, sql_now, NULL, NULL);
	return code;
}

enum err
writer_start(struct writer *writer, struct store *store, struct sqlite_connection *connection,
    const char *folder, struct buf *ret_detail)
{
	*writer = (struct writer){ .store = store, .connection = connection };
	arena_init(&writer->arena, GROUP_ARENA_SIZE_MAX);
	uv_mutex_init(&writer->mutex);
	uv_cond_init(&writer->wake);
	writer->folder = memory_copy(folder, strlen(folder));
	writer->next_number = atomic_load(&store->last_number) + 1;
	writer->next_checkpoint_bytes = limit(LIMIT_wal_passive);
	writer->next_upkeep_us = clock_monotonic_us();
	capture_attach(&writer->capture, connection);
	sqlite3_wal_hook(connection->db, note_wal_size, writer);
	if (add_functions(writer) != SQLITE_OK ||
	    uv_thread_create(&writer->thread, writer_run, writer) != 0) {
		buf_add_c(ret_detail, "the writer cannot be started");
		return ERR_IO;
	}
	return OK;
}

void
writer_stop(struct writer *writer)
{
	uv_mutex_lock(&writer->mutex);
	writer->stopping = true;
	uv_cond_signal(&writer->wake);
	uv_mutex_unlock(&writer->mutex);
	uv_thread_join(&writer->thread);
	if (!store_is_lost(writer->store))
		sqlite3_wal_checkpoint_v2(
		    writer->connection->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite_connection_close(writer->connection);
	capture_release(&writer->capture);
	arena_release(&writer->arena);
	free(writer->folder);
	uv_cond_destroy(&writer->wake);
	uv_mutex_destroy(&writer->mutex);
}
