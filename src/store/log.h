#pragma once
/*
 * The commit log, read back: commits as the ring carries them, with whole rows
 * before and after.  The log holds changed columns only, so the rows are
 * rebuilt backwards from what stands in the tables now:
 *
 *	log     (since | 5: a | 6: b | 7: a | until]  8: a      present row of a
 *	                                                               |
 *	a:      5.old <- 5.new = 7.old <- 7.new = 8.old <- 8.new  <----+
 *
 * Everything is read in the transaction that is given: one snapshot.
 * On both engines; a row that one commit changed several times is one change.
 */
#include "store/ring.h"
#include "store/tx.h"

/* A page reads no more changes than these; a commit that has more has too_many set. */
enum { LOG_PAGE_CHANGES_MAX = 5000 };

struct log_page {
	struct commit **commits; /* one reference of each is the page's */
	size_t count;
	int64_t until; /* all up to it is here: the next page's since */
	bool more; /* the page ended before the range did */
	/*
	 * The log does not reach back to `since`: there are no commits, and until is where it begins.
	 * Or such a number was never given.
	 */
	bool truncated;
};

/*
 * The commits with since < number <= until, oldest first, at most
 * ${commits_max} of them.  INT64_MAX for until: up to the newest visible one,
 * which on PostgreSQL is only right for who does not go on from there (numbers
 * become visible out of order: store_last_number() is what is complete).
 * ERR_TOO_LARGE where rows are larger than memory allows.
 */
enum err log_read(struct tx *tx, const struct app *app, int64_t since, int64_t until,
    size_t commits_max, struct log_page *ret) MUST_USE;
void log_page_release(struct log_page *page);

/* Does a snapshot hold every commit up to its newest one?  On PostgreSQL an older one may still come. */
bool log_is_ordered(const struct tx *tx);
