#pragma once
/* The inside of writing SQL: sql.c writes conditions, sql_operand.c the values in them. */
#include "rules/rules_internal.h"

/* A row in sight. */
struct sql_row {
	unsigned alias;	  /* 0 is t, n is hn */
	const char *only; /* of a row of which only the id is looked at: the column that has it, else NULL */
};

struct sql_writer {
	const struct rules *rules;
	const struct rule_caller *caller;
	struct sql_text *sql;
	bool is_filter; /* hops see what the caller may read */
	struct sql_row rows[ROOTS_MAX];
	unsigned used; /* the highest hn in sight */
};

/* --- sql.c --- */

/* A term that the caller does not decide; what joins parts stands in parentheses unless ${grouped}. */
void write_term(struct sql_writer *writer, const struct term *term, bool grouped);
/* ${rule} over the row ${alias}, with nothing but that row in sight, behind ${before}; nothing where it holds. */
void write_guard(struct sql_writer *writer, const char *before, const struct rule *rule, unsigned alias);
void write_boolean(struct sql_writer *writer, bool boolean);

void begin_group(struct sql_writer *writer, bool grouped);
void end_group(struct sql_writer *writer, bool grouped);

/* --- sql_compare.c --- */

void write_equal(struct sql_writer *writer, const struct term *term, bool grouped);
void write_order(struct sql_writer *writer, const struct term *term, bool grouped);
/* " OR x IS NULL" for each side that can be null. */
void write_or_nulls(struct sql_writer *writer, const struct operand *left, const struct operand *right);

/* --- sql_operand.c --- */

void write_alias(struct sql_writer *writer, unsigned alias);
void write_operand(struct sql_writer *writer, const struct operand *operand);
void write_value(struct sql_writer *writer, struct value value);
/* A real as the exact numeric of PostgreSQL. */
void write_real_as_numeric(struct sql_writer *writer, const struct operand *operand);
/*
 * " FROM … WHERE …": the rows of ${source}.  ${ret} is the writer that sees one of them.
 */
void write_source(struct sql_writer *writer, const struct source *source, bool only_id, struct sql_writer *ret);
/* "x IS NULL", where the owner of rows leads nowhere too. */
void write_is_null(struct sql_writer *writer, const struct operand *operand);
