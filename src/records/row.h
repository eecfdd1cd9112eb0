#pragma once
/* Rows of values, read inside a transaction. */
#include "records/records.h"

/*
 * The row with ${id}: *ret = its values by column, in ${arena}, or NULL where
 * there is none.  ${ret_version} may be NULL.
 */
enum err row_read(struct tx *tx, struct arena *arena, const struct collection *collection,
    const struct value *id, const struct value **ret, int64_t *ret_version) MUST_USE;

/* The predicate that the row under alias t has ${key}; a folded text lies in ${arena}. */
void row_add_key(struct sql_text *sql, struct arena *arena, const struct record_key *key);
/* The same, by any unique field. */
enum err row_find(struct tx *tx, struct arena *arena, const struct collection *collection,
    const struct record_key *key, const struct value **ret, int64_t *ret_version) MUST_USE;

/* Rows that rules lead to, and rows that refer, read in ${tx}. */
struct row_hops {
	struct tx *tx;
};
/* What a rule looks at that is asked of ${record} and ${new_record}; either may be NULL. */
struct rule_rows row_hops_of(
    struct row_hops *hops, const struct value *record, const struct value *new_record);
