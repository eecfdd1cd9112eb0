#pragma once
/*
 * The tables of an app, as SQL of both dialects.
 *
 * A collection is a table of its own name with the columns of struct
 * collection and `_version`, the commit number of its last change:
 *
 *	id PRIMARY KEY, created, updated, _version, fields..., _fold_FIELD...
 *
 * STRICT on SQLite; CHECKs for enum and bool; UNIQUE; foreign keys, never
 * deferrable; an index (field, id) for `index: true` and for every ref that
 * is not unique.  Text is COLLATE BINARY / "C".
 *
 * NULLs come first ascending, last descending.  That is SQLite's habit; on
 * PostgreSQL the indexes say so for fields that are not required, and an ORDER
 * BY must say the same ("NULLS FIRST", "DESC NULLS LAST", nothing for required
 * fields, id, created, updated), or else it sorts instead of reading the index.
 *
 * Rows that a foreign key's action sets to null get a new `_version` and
 * `updated` by a trigger; on PostgreSQL triggers also write caisson_changes.
 * A field with `fold: true` has a hidden column behind the declared ones, with
 * the folded form (codec/fold.h) that bodies write; unique and index are on it.
 * A refs field has a table of links (sql/links.h).
 * The system's own tables (caisson_…) stand in sql/system.h.
 */
#include "app/app.h"
#include "sql/text.h"

/*
 * Statements that make an empty database into the app's: one at a time to
 * ${run}, in order; the first error of ${run} ends it.  On SQLite the functions
 * caisson_number() and caisson_now() must be there when rows are written.
 */
enum err catalogue_create(const struct app *app, enum sql_dialect dialect,
    enum err (*run)(void *arg, const char *statement), void *arg) MUST_USE;

/* A thing of the database, and the statement that makes it. */
enum catalogue_kind {
	CATALOGUE_SYSTEM, /* the tables and functions of sql/system.h */
	CATALOGUE_TABLE,
	CATALOGUE_REFERENCE, /* PostgreSQL; named after its field */
	CATALOGUE_LINK, /* the table of links of a refs field, whose collection it belongs to */
	CATALOGUE_INDEX,
	CATALOGUE_TRIGGER,
};

struct catalogue_object {
	enum catalogue_kind kind;
	const struct collection *collection; /* NULL: the system's */
	struct str table; /* on which it stands */
	struct str name;
	const char *statement;
};

typedef enum err catalogue_visit(void *arg, const struct catalogue_object *object);

/* All of them in the order in which they can be made: one at a time to ${visit}, whose first error ends it. */
enum err catalogue_objects(const struct app *app, enum sql_dialect dialect, catalogue_visit *visit,
    void *arg) MUST_USE;
/* CREATE TABLE of ${collection} by the name of ${name}. */
void catalogue_table(struct sql_text *sql, const struct collection *collection, struct str name);

/* "SELECT" list of a collection's columns under table alias t: t."id", t."created", … in order of columns. */
void catalogue_columns(struct sql_text *sql, const struct collection *collection);
