#pragma once
/*
 * Values of a field that changes its type: which changes keep them, and the
 * expression that makes the new value of the old one.  It is NULL where a value
 * does not fit, so that "not null before, null behind" finds the rows that are
 * in the way.
 */
#include "app/app.h"
#include "sql/text.h"

struct conversion;

/* NULL where nothing of the old values can be kept. */
const struct conversion *conversion_find(const struct field *from, const struct field *to);
/* Nothing at all changes in the values. */
bool conversion_is_same(const struct conversion *conversion);
/* Every value fits and none loses anything. */
bool conversion_is_exact(const struct conversion *conversion);
/* The new value, of column ${column}. */
void conversion_write(const struct conversion *conversion, struct sql_text *sql,
    const struct field *from, const struct field *to, struct str column);
/*
 * Whether something of the value is lost, as a condition on columns "_old" and
 * "_new"; false where nothing ever is.
 */
bool conversion_write_loss(const struct conversion *conversion, struct sql_text *sql);
/* Statements that a transaction runs before it uses conversions, ending in NULL. */
const char *const *conversion_preamble(enum sql_dialect dialect);
