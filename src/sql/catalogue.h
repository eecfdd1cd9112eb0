#pragma once
/*
 * The tables of an app, as SQL of both dialects.
 *
 * A collection is a table of its own name with the columns of struct
 * collection and `_version`, the commit number of its last change:
 *
 *	id PRIMARY KEY, created, updated, _version, fields...
 *
 * STRICT on SQLite; CHECKs for enum and bool; UNIQUE; foreign keys, never
 * deferrable; an index (field, id) for `index: true` and for every ref that
 * is not unique.  Text is COLLATE BINARY / "C".
 */
#include "app/app.h"
#include "sql/text.h"

/* Statements that make an empty database into the app's: one at a time to ${run}, in order. */
enum err catalogue_create(const struct app *app, enum sql_dialect dialect,
    enum err (*run)(void *arg, const char *statement), void *arg) MUST_USE;

/* "SELECT" list of a collection's columns under table alias t: t."id", t."created", … in order of columns. */
void catalogue_columns(struct sql_text *sql, const struct collection *collection);
