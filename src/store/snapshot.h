#pragma once
/*
 * Which commits a transaction sees, said in numbers.  On SQLite numbers become
 * visible in their order; on PostgreSQL those that still run leave holes:
 *
 *	seen ... seen | open  seen  open  seen | not seen yet
 *	         complete                       end
 */
#include "store/tx.h"

struct snapshot {
	int64_t complete; /* all up to it are seen */
	int64_t end; /* none from here on is */
	int64_t *open; /* between the two: those that are not seen */
	size_t open_count;
};

/* What ${tx} sees, which is the same for all of it. */
enum err snapshot_read(struct tx *tx, struct snapshot *ret) MUST_USE;
bool snapshot_sees(const struct snapshot *snapshot, int64_t number);
void snapshot_release(struct snapshot *snapshot);
