#pragma once
/* A declared field as a column of its table: type, NOT NULL, default, checks, reference. */
#include "app/app.h"
#include "sql/text.h"

/*
 * "name" type NOT NULL DEFAULT … CHECK (…) …, and on SQLite REFERENCES …: SQLite can add no key
 * later, and needs no target before.
 */
void column_define(struct sql_text *sql, const struct field *field);
/* Its parts: the type alone; NOT NULL; the default, where there is one. */
void column_type(struct sql_text *sql, const struct field *field);
bool column_is_required(const struct field *field);
bool column_has_default(const struct field *field);
void column_default(struct sql_text *sql, const struct field *field);
/* What the values must satisfy: "(…)" for each condition, with ${lead} before it. */
void column_checks(struct sql_text *sql, const struct field *field, const char *lead);
/* The hidden column of a field with `fold: true`. */
void column_define_fold(struct sql_text *sql, const struct field *field);
/* " ON DELETE CASCADE", or what the field declares. */
const char *column_on_delete(const struct field *field);
/* ${value} as it stands in DDL, which takes no bound values. */
void sql_literal(struct sql_text *sql, const struct value *value);
