#pragma once
/*
 * The command line: one table of commands (main.c), each in a file of its own.
 * Exit status: 0 done, 1 failed, 2 wrong usage.
 */
#include "app/app.h"
#include "rules/rules.h"
#include "store/store.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
	const char *name;
	const char *summary;
	const char *help; /* usage, options, examples */
	int (*run)(const struct command *command, int argc, char **argv);
};

/* Print how to use ${command} on standard error: "return command_usage(...)". */
int command_usage(const struct command *command);
/* A line on standard error: "caisson serve: …". */
void command_complain(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

extern const struct command plan_command, apply_command;
extern const struct command serve_command, check_command, schema_command, openapi_command, key_command, can_command, limits_command, version_command;

/* The app in the current folder, with its rules compiled. */
struct loaded_app {
	struct app *app;
	struct rules rules;
	struct arena rules_arena;
};

/* Read caisson.yaml; false with every mistake in ${mistakes}, or a line in ${detail}. */
bool read_app(struct loaded_app *ret, struct app_mistakes *mistakes, struct buf *detail);
/* Say them on standard error. */
void tell_mistakes(const struct command *command, const struct app_mistakes *mistakes, struct str detail);
/* Read caisson.yaml; false with every mistake on standard error. */
bool load_app(const struct command *command, struct loaded_app *ret);
void unload_app(struct loaded_app *loaded);

/* `database:`, or what --database (may be NULL) or CAISSON_DATABASE says instead. */
struct str database_of(const struct app *app, const char *option);
/* Open the store of the current folder; false with the reason on standard error. */
bool open_store(const struct command *command, const struct app *app, struct str database, struct store **ret);

/*
 * For development, before the store is opened: change its tables after the app where neither a value
 * is lost nor a record in the way, and say what was done on standard error; false, with what to run,
 * where people must be asked.
 */
bool change_tables(const struct command *command, const struct app *app, struct str database);

enum { SECRET_HEX_SIZE = 64 };
/* The database's secret (of cursors), made when first asked for; false on failure. */
bool store_secret(struct store *store, char ret_hex[SECRET_HEX_SIZE]);

/*
 * Load seed/COLLECTION.ndjson into a new database; one that was cut off is
 * begun anew.  False with the mistake, its file and line on standard error.
 */
bool load_seeds(const struct command *command, const struct loaded_app *loaded, struct store *store);
