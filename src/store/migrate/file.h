#pragma once
/*
 * A plan as a file in the app's migrations/ folder, for people to review and
 * for every database to follow:
 *
 *	migrations/0003-add-slug.sqlite.sql
 *
 *	-- caisson migration 3 add-slug sqlite
 *	-- from: CHECKSUM of the shape before it
 *	-- to: CHECKSUM of the shape after it
 *	-- checksum: CHECKSUM of what was written below this line
 *	--
 *	-- check: questions.slug is unique
 *	--   lock: SHARE on questions
 *	--   rows: SELECT "id" FROM …	; who stands in the way, or loses a value
 *	--   left: SELECT "id" FROM …	; who of them has no value behind all statements
 *	--   records: SELECT "id" FROM …	; instead of rows: what is lost as a whole
 *	--
 *	-- sql:
 *	ALTER TABLE …;
 *
 *	CREATE …;			; an empty line behind each statement
 *
 *	-- shape:
 *	-- collection questions id
 *
 * People may change the statements: another checksum says so.  What does not
 * fit is then looked for behind them, not before.
 */
#include "store/migrate/plan.h"

struct migration_file {
	int64_t number;
	struct str name, path;
	char checksum[65]; /* of what stands in it; where it names another one, plan->is_edited */
	struct migration_plan *plan;
	struct migration_file *next; /* by number */
};

/* As a file reads. */
void migration_file_write(
    const struct migration_plan *plan, int64_t number, struct str name, struct buf *ret);
/* False where ${text} is no migration; the plan is in ${ret}. */
bool migration_file_read(struct str text, struct migration_file *ret);

/*
 * All files of ${folder}/migrations for an engine, in order; NULL where there
 * are none.  A file that cannot be read is an error with a line for people.
 */
enum err migration_files_read(const char *folder, enum sql_dialect dialect,
    struct migration_file **ret, struct buf *ret_detail) MUST_USE;
void migration_files_free(struct migration_file *files);
/* Write it into the folder; its path is appended to ${ret_path}. */
enum err migration_file_save(const struct migration_plan *plan, const char *folder, int64_t number,
    struct str name, struct buf *ret_path, struct buf *ret_detail) MUST_USE;
/* "sqlite" or "postgres", as in the files' names. */
const char *migration_engine_word(enum sql_dialect dialect);
