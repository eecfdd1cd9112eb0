#pragma once
/*
 * A database that is to be changed: what it remembers of itself, a look at
 * what a plan would do to its rows, and the change.
 *
 *	migration_open -> migration_plan -> migration_look -> (people say yes)
 *	                                       |
 *	migration_backup -> migration_run: locks, looks again, statements, proof,
 *	                    the log cut, shape and history written, COMMIT
 *
 * All of it is one transaction on both engines: a process that is killed
 * leaves the old state or the new one.  On SQLite whoever changes the database
 * holds the data folder's lock, so no server runs.  On PostgreSQL servers may
 * run: the transaction locks caisson_meta, which each of their writes holds
 * from its beginning; so it waits for those that run, and later ones find a
 * shape that is not theirs and are refused (ERR_APP_OUTDATED).
 *
 * The log of commits is cut: rows of another shape cannot be rebuilt from it.
 * The migration has a number like any write, and who resumes from an older one
 * is told to begin anew.  ETags stay.
 *
 * One thread; every call may block.
 */
#include "store/migrate/plan.h"
#include "store/store.h"

struct migration;

enum migration_purpose {
	MIGRATION_LOOKS, /* nothing is changed; a server may run */
	MIGRATION_APPLIES,
};

struct migration_record {
	int64_t number, at_us;
	char name[64];
	char checksum[65]; /* of the file or the statements; empty for number 0: the tables' making */
	char shape[65]; /* the checksum of the shape after it */
};

/*
 * ERR_NOT_FOUND where there is no database yet: serve makes it.  Else on
 * failure one line for people in ${ret_detail}.
 */
enum err migration_open(const struct store_options *options, enum migration_purpose purpose,
    struct migration **ret, struct buf *ret_detail) MUST_USE;
void migration_close(struct migration *migration);

/* The shape that the database has, and its checksum. */
struct str migration_shape(const struct migration *migration);
const char *migration_shape_checksum(const struct migration *migration);
enum sql_dialect migration_dialect(const struct migration *migration);
/* What was applied, in order; the last one's number is the largest. */
const struct migration_record *migration_history(const struct migration *migration, size_t *ret_count);

/* Did the tables have ${app}'s shape before, and were changed since?  False where they have it now. */
bool migration_is_behind(const struct migration *migration, const struct app *app);

/* Ask the queries of the plan's steps: counts and ids.  In one transaction, rolled back. */
enum err
migration_look(struct migration *migration, struct migration_plan *plan, struct buf *ret_detail) MUST_USE;
/* Rows that stand in the way: none, as far as is known before, of a plan that people edited. */
int64_t migration_plan_misfits(const struct migration_plan *plan);
/* Rows that lose something. */
int64_t migration_plan_losses(const struct migration_plan *plan);

/* A copy of all data before number ${number}; its path is appended to ${ret_path}. */
enum err migration_backup(struct migration *migration, int64_t number, struct buf *ret_path,
    struct buf *ret_detail) MUST_USE;

struct migration_run {
	int64_t number;
	struct str name;
	const char *checksum; /* 64 hexadecimal digits, for the history */
	bool allow_loss;
};

/*
 * Do it.  ERR_CONFLICT where the database has another shape by now, rows stand
 * in the way or would lose something; nothing is changed on any error but
 * ERR_OUTCOME_UNKNOWN.
 */
enum err migration_run(struct migration *migration, struct migration_plan *plan,
    const struct migration_run *run, struct buf *ret_detail) MUST_USE;

/*
 * For development, before the store is opened: apply by itself what neither
 * loses anything nor fails.  OK too where there is nothing to do; ERR_CONFLICT
 * with what to run where people must be asked.  What was done is appended to
 * ${ret_done}, for people, or nothing.  MIGRATION_LOOKS: only say whether that would go well.
 */
enum err migration_apply_safe(const struct store_options *options, enum migration_purpose purpose,
    struct buf *ret_done, struct buf *ret_detail) MUST_USE;
