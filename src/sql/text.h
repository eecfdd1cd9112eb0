#pragma once
/*
 * A statement being built: its text and the values bound to it.  Identifiers
 * come from the catalogue only, values are always bound; so the text is a
 * *shape*, and statement caches are keyed by it.
 *
 * It keeps its first error (a limit reached) like a buf: look once, at the end.
 */
#include "base/buf.h"
#include "base/value.h"

struct field;

enum sql_dialect { SQL_SQLITE, SQL_POSTGRES };

enum { SQL_PARAMS_MAX = 4096, SQL_TEXT_SIZE_MAX = 256 * 1024 };

struct sql_text {
	enum sql_dialect dialect;
	struct buf text;
	struct value *params; /* text values borrow their bytes */
	size_t params_count, params_capacity;
	/*
	 * Columns of t that a condition compares, but no index is to be asked for by: SQLite takes
	 * none for that of which the name stands behind a "+".
	 */
	const struct field *const *unsought;
	size_t unsought_count;
};

void sql_init(struct sql_text *sql, enum sql_dialect dialect);
void sql_release(struct sql_text *sql);
/* Empty again, memory kept. */
void sql_clear(struct sql_text *sql);
enum err sql_err(const struct sql_text *sql);
/* Append its text and its values as bytes: two statements with the same bytes ask the same. */
void sql_write_key(const struct sql_text *sql, struct buf *key);

/* SQL as it is: a literal of ours, never a value. */
void sql_add(struct sql_text *sql, const char *literal);
/* An identifier of the catalogue, quoted. */
void sql_name(struct sql_text *sql, struct str name);
/* A bound value: "?" on SQLite, "$n" on PostgreSQL. */
void sql_param(struct sql_text *sql, struct value value);
/* One literal with %-directives: %n a struct str name, quoted; %v a struct value, bound; %d an unsigned (table aliases). */
void sql_addf(struct sql_text *sql, const char *format, ...);
