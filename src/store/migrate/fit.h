#pragma once
/* May a database of one shape serve an app? */
#include "app/app.h"
#include "sql/text.h"

/*
 * ${checksum} and ${shape} are what the database remembers; ${shape} is empty where an older
 * version made it.  OK also where nothing differs but the order of things.  Else ERR_CONFLICT, and
 * what differs, with what to do, in ${ret_detail}; ${place} names the database in it.
 */
enum err shape_fits(const struct app *app, enum sql_dialect dialect, const char *checksum,
    struct str shape, const char *place, struct buf *ret_detail) MUST_USE;
