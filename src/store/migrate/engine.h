#pragma once
/* What an engine does for a migration: one table of functions, called by migrate.c alone. */
#include "store/migrate/migrate.h"

enum { MIGRATION_MESSAGE_SIZE = 512, MIGRATION_RECORDS_MAX = 100000 };

struct migration_engine {
	const char *scheme;
	enum sql_dialect dialect;
	enum err (*open)(const struct store_options *options, enum migration_purpose purpose,
	    struct migration **ret, struct buf *ret_detail);
	void (*close)(struct migration *migration);
	/* To change it: with all locks, or ERR_OVERLOADED and why not. */
	enum err (*begin)(struct migration *migration, struct buf *ret_detail);
	/* To look at it, whatever is written while it lasts. */
	enum err (*begin_look)(struct migration *migration);
	/* A statement; what went wrong is in migration.message. */
	enum err (*run)(struct migration *migration, const char *statement);
	/* Before COMMIT: do all rows satisfy all that the tables say? */
	enum err (*prove)(struct migration *migration, struct buf *ret_detail);
	enum err (*commit)(struct migration *migration);
	void (*rollback)(struct migration *migration);
	/* All that the database holds, in a new file at ${part}. */
	enum err (*write_backup)(struct migration *migration, const char *part, struct buf *ret_detail);
	const char *backup_ending;
	/* SQL that gives the migration its number, as the engine counts. */
	const char *number;
};

/* The head of the engine's own struct. */
struct migration {
	const struct migration_engine *engine;
	char *data_folder; /* where backups/ lies; free() */
	struct tx *tx; /* to query with, in the running transaction */
	struct arena arena; /* what it remembers of the database */
	struct arena rows; /* of the tx */
	struct str shape;
	char checksum[65];
	struct migration_record *records;
	size_t records_count;
	char message[MIGRATION_MESSAGE_SIZE]; /* of the engine, about the last failure */
};

extern const struct migration_engine sqlite_migration_engine, postgres_migration_engine;

/* Read shape and history, in a transaction of its own. */
enum err migration_read(struct migration *migration, struct buf *ret_detail) MUST_USE;
/* How many rows the query of ${step} finds, in the running transaction; some of their ids in ${ids}. */
enum err migration_query_rows(
    struct migration *migration, struct migration_step *step, struct buf *ids) MUST_USE;
