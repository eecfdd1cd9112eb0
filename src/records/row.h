#pragma once
/* Rows of values, read inside a transaction. */
#include "records/records.h"

/*
 * The row with ${id}: *ret = its values by column, in ${arena}, or NULL where
 * there is none.  ${ret_version} may be NULL.
 */
enum err row_read(struct tx *tx, struct arena *arena, const struct collection *collection,
    const struct value *id, const struct value **ret, int64_t *ret_version) MUST_USE;

/* The same, by any unique field. */
enum err row_find(struct tx *tx, struct arena *arena, const struct collection *collection,
    const struct record_key *key, const struct value **ret, int64_t *ret_version) MUST_USE;

/* For struct rule_rows.hop: rows that rules lead to, read in ${tx}. */
struct row_hops {
	struct tx *tx;
};
enum err row_hop(void *arg, const struct collection *collection, const struct value *id,
    const struct value **ret) MUST_USE;
