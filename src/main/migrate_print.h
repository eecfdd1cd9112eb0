#pragma once
/* The plans of `caisson plan` and `caisson apply` on standard output. */
#include "store/migrate/file.h"

/* One migration of the way from the database to the app file. */
struct migrate_link {
	struct migration_plan *plan;
	const struct migration_file *file; /* NULL: made now */
};

/* For people, for the database's own shell, for programs; ${is_behind}: the app file is older than the database. */
void migrate_print(const struct migrate_link *links, size_t count, bool is_behind);
void migrate_print_sql(const struct migrate_link *links, size_t count);
void migrate_print_json(const struct migrate_link *links, size_t count, bool is_behind);
