#pragma once
/* What the SQL of migrations and of the tables' triggers calls, for a connection that migrates. */
#include <sqlite3.h>

/* An SQLite code. */
int sqlite_add_conversions(sqlite3 *db);
