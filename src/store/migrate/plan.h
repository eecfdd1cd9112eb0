#pragma once
/*
 * What must be done to a database that has one shape so that it has another:
 * steps for people, and statements for the engine.
 *
 *	shape of the database --\
 *	                         > migration_plan() -> steps, statements
 *	app -------------------/
 *
 * A plan is made without a look at the database.  What depends on its rows is
 * a query of the step, that finds the rows that do not fit or lose something;
 * migrate.h asks it.  A plan can be written as a file of SQL for people, and
 * read back from there (file.h).
 */
#include "app/app.h"
#include "sql/text.h"

enum migration_risk {
	MIGRATION_REWRITE = 1, /* the table is rewritten: time grows with its rows */
	MIGRATION_LOCK = 2, /* PostgreSQL: others wait for longer than a moment */
	MIGRATION_CHECK = 4, /* rows that do not fit are in the way: `query` finds them */
	MIGRATION_LOSS = 8, /* values are lost: `query` finds the rows that have some */
};

struct migration_step {
	struct str what; /* "questions.slug is new" */
	unsigned risks; /* none: safe */
	struct str lock; /* PostgreSQL: "ACCESS EXCLUSIVE on questions", or data NULL */
	struct str query; /* SELECT "id" of the rows, or data NULL */
	/* Those that have no value when all statements have run, where the engine would not mind; or data NULL. */
	struct str left;
	bool takes_records; /* whole records are lost, not values of them */
	/* Set by migrate.h: */
	int64_t count; /* rows that the query found; -1: nobody has looked */
	struct str ids; /* up to three of them */
};

struct migration_plan {
	enum sql_dialect dialect;
	struct str from, to; /* the checksums of the shapes, hexadecimal */
	struct str shape; /* after it */
	/* People changed the statements: what these leave counts, not what they find. */
	bool is_edited;
	struct migration_step *steps;
	struct str *statements; /* in order, in one transaction; no ";" at the end */
	struct str *hints; /* lines for people */
	size_t steps_count, statements_count, hints_count;
	struct arena arena; /* owns all of it */
};

enum { MIGRATION_IDS_SHOWN = 3 };

/* NULL where ${shape} is no shape that this version knows.  Empty where there is nothing to do. */
struct migration_plan *
migration_plan(struct str shape, const struct app *app, enum sql_dialect dialect);
/* An empty one, to be filled. */
struct migration_plan *migration_plan_new(enum sql_dialect dialect);
void migration_plan_free(struct migration_plan *plan);

void migration_plan_add_step(struct migration_plan *plan, const struct migration_step *step);
void migration_plan_add_statement(struct migration_plan *plan, struct str statement);
void migration_plan_add_hint(struct migration_plan *plan, struct str hint);

/* The risks of all steps together. */
unsigned migration_plan_risks(const struct migration_plan *plan);
/* The statements as they are run: each with ";" and an empty line behind it. */
void migration_plan_sql(const struct migration_plan *plan, struct buf *ret);
/* The checksum of that. */
void migration_plan_checksum(const struct migration_plan *plan, char ret_hex[65]);
/* "3 records do not fit (ID, ID, ID)"; nothing where nobody has looked. */
void migration_step_write_rows(const struct migration_step *step, struct buf *ret);
/* "rewrite, check", or "safe". */
void migration_risks_write(unsigned risks, struct buf *ret);
/* Up to ${count_max} steps in one line: "questions.slug is new, questions.old is dropped, …". */
void migration_plan_summary(const struct migration_plan *plan, size_t count_max, struct buf *ret);
