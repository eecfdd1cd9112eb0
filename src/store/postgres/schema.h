#pragma once
/*
 * The tables of a database: made where it is empty, refused where they are not
 * this app's.  Several nodes may open one database at the same time: an
 * advisory lock lets one of them make the tables.
 */
#include "store/postgres/connection.h"

/* *ret_is_new = the tables were made now.  On failure a line for people in ${ret_detail}. */
enum err schema_prepare_blocking(
    struct postgres_connection *connection, bool *ret_is_new, struct buf *ret_detail) MUST_USE;
