#pragma once
/* May a database of one shape serve an app? */
#include "app/app.h"
#include "sql/text.h"

/* What the database remembers. */
struct shape_memory {
	const char *checksum;
	struct str shape; /* empty where an older version made it */
	struct str history; /* the checksums of all shapes that it had, in any form; empty where unknown */
};

/*
 * OK also where nothing differs but the order of things.  Else ERR_CONFLICT, and
 * what differs, with what to do, in ${ret_detail}; ${place} names the database in it.
 */
enum err shape_fits(const struct app *app, enum sql_dialect dialect,
    const struct shape_memory *memory, const char *place, struct buf *ret_detail) MUST_USE;
/* SQL for the history: one text. */
const char *shape_history_query(enum sql_dialect dialect);
