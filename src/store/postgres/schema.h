#pragma once
/*
 * The tables of a database: made where it is empty, refused where they are not
 * this app's.  Several nodes may open one database at the same time: an
 * advisory lock lets one of them make the tables.
 */
#include "store/postgres/connection.h"

/* The key of the advisory lock of who makes or changes tables: "caisson" in ASCII. */
#define SCHEMA_LOCK_KEY "27975310498625390"
/* The checksum of the shape that the tables had when they were opened. */
enum { SCHEMA_CHECKSUM_SIZE = 65 };

/*
 * *ret_is_new = the tables were made now; the checksum of their shape in ${ret_checksum}.  On failure
 * a line for people in ${ret_detail}.
 */
enum err schema_prepare_blocking(struct postgres_connection *connection, bool *ret_is_new,
    char ret_checksum[SCHEMA_CHECKSUM_SIZE], struct buf *ret_detail) MUST_USE;
