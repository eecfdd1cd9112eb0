#pragma once
/*
 * The tables of the system, the same on both engines up to their types:
 *
 *	caisson_meta		what the database remembers of itself: store/meta.h
 *	caisson_migrations	what was done to the tables since they were made, and 0: that
 *	caisson_commits		one row for each accepted write: its number, when, who
 *	caisson_changes		the rows that it changed, (seq, n) in order; `changes` is JSON:
 *				{"field":value} of a create or delete, {"field":[old,new]} of an update
 *	caisson_keys		API keys, by the hash of what is sent
 *	caisson_idempotency	answers kept for requests that come again
 *
 * Hashes are hexadecimal.  Times are of kind VALUE_TIME, except for commits.at,
 * which is microseconds since 1970 in an integer on both engines.
 *
 * PostgreSQL has functions too: caisson_number(), the number of the running
 * transaction, and the triggers' own.  The setting caisson.changed is the number, as text, in a
 * transaction that has logged a change.
 */
#include "sql/text.h"

/* The statements that make them, ending in NULL. */
const char *const *system_statements(enum sql_dialect dialect);
/* Make caisson_migrations where an older version made the others. */
const char *system_migrations(enum sql_dialect dialect);
