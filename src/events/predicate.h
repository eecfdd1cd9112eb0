#pragma once
/*
 * What a live query follows: the records for which its read rule and its
 * filter hold, for one caller; or one record, where it holds.
 *
 *	local	columns of the record and constants of the caller: evaluated in memory
 *	joined	reads other rows too, or shows what they decide: asked of the database
 *
 * Immutable, so any thread may ask it; what it points to outlives it.
 */
#include "records/records.h"

struct predicate {
	const struct rules *rules;
	const struct collection *collection;
	const struct rule *read;
	const struct rule *filter; /* or NULL */
	struct value id; /* of the one record, or VALUE_NULL */
	const struct rule_caller *caller;
	const struct sight *sight; /* how records are shown; NULL: as they stand */
};

bool predicate_is_local(const struct predicate *predicate);
/* Does it read rows of ${collection}, other than the record itself? */
bool predicate_reads(const struct predicate *predicate, const struct collection *collection);
/* Joined ones: do rule or filter look at the links of ${refs}, a field of the record? */
bool predicate_looks_at(const struct predicate *predicate, const struct field *refs);
/*
 * Append bytes that say which records it is true of, and how they are shown:
 * two predicates with the same bytes are true of the same ones, whoever asks.
 */
void predicate_key(const struct predicate *predicate, struct buf *key);

/* A record with ${values}, by column, as it is shown.  Local ones. */
void predicate_to_json(const struct predicate *predicate, const struct value *values, struct buf *json);
/* Could it hold for the record with ${id} of its collection? */
bool predicate_admits(const struct predicate *predicate, const struct value *id);
/* Local ones: does it hold for the record with ${values}, by column?  NULL: no record, so no. */
bool predicate_holds(const struct predicate *predicate, const struct value *values);
/* The record with ${id} as it stands, appended to ${json}, where it exists and the predicate holds. */
enum err predicate_read(const struct predicate *predicate, struct tx *tx, const struct value *id,
    struct buf *json, bool *ret_holds) MUST_USE;
/* Does it hold for a record with ${values} among the other rows as they stand? */
enum err predicate_held(const struct predicate *predicate, struct tx *tx,
    const struct value *values, bool *ret_holds) MUST_USE;
