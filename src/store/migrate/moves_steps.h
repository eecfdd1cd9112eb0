#pragma once
/*
 * A step while it is described (moves_steps.c), and the queries for the rows
 * at risk (moves_queries.c).  Each query is appended to that of the step.
 */
#include "store/migrate/moves.h"

struct describing {
	const struct moves *moves;
	struct migration_plan *plan;
	const struct table_move *table;
	/* Of the step that comes next: */
	struct sql_text query, left;
	struct buf line, lock;
	bool takes_records;
};

/* All rows of ${old}. */
void query_all(struct describing *describing, const struct collection *old);
/* Rows without a value before and after. */
void query_nulls(struct describing *describing, const struct column_move *move);
/* Rows whose value becomes none, and those of them that have none when all statements have run. */
void query_misfits(struct describing *describing, const struct column_move *move);
/* Rows whose new value is not what the new column's checks allow. */
void query_checks(struct describing *describing, const struct column_move *move);
/* Either. */
void query_misfits_and_checks(struct describing *describing, const struct column_move *move);
/* Rows that lose something of their value; false where the conversion never loses any. */
bool query_loss(struct describing *describing, const struct column_move *move);
/* Rows that share the new values of ${fields} with another one. */
void query_twins(struct describing *describing, const struct field *const *fields, size_t count);
/* What becomes of the column that is ${new} then; NULL of id, created and updated. */
const struct column_move *move_of(const struct table_move *table, const struct field *new);
