#pragma once
/*
 * How many records a list's filter finds, kept and carried on.
 *
 * To count is to walk over every record that is found (some 80 ns each), and
 * pages of a list ask for the same number again and again.  So a number that
 * was counted is kept with the commit that it is of, under its statement with
 * all values; asked again, it is carried on to the snapshot of who asks by
 * what the log says has changed in between:
 *
 *	26,031 as of commit 7   log (7 | 8: a appears, b stays | 9: c disappears]   26,031 as of 9
 *
 * It is counted anew where the log does not reach back, or tells of much; where
 * the condition looks at other records and anything was committed since; and always
 * where numbers do not become visible in their order (PostgreSQL), or where the
 * answer changes without a commit (`now`).  So it is the number that counting would give.
 *
 * Threads: any; one mutex, held to look and to put.
 */
#include "records/list.h"

/* At most 2,048 are kept, each under at most 4 KB of statement; those longest unused go. */
struct counts;
struct counts *counts_new(void);
void counts_free(struct counts *counts); /* NULL is harmless */

/* How many records ${query} finds on all its pages; ${counts} may be NULL. */
enum err count_exactly(
    struct tx *tx, struct counts *counts, const struct list_query *query, int64_t *ret) MUST_USE;
/* The same, but no further than one behind LIMIT_count_bound. */
enum err count_bounded(struct tx *tx, const struct list_query *query, int64_t *ret) MUST_USE;
