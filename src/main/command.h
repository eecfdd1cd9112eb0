#pragma once
/*
 * The command line: one table of commands (main.c), each in a file of its own.
 * Exit status: 0 done, 1 failed, 2 wrong usage.
 */
#include "app/app.h"
#include "rules/rules.h"
#include "store/store.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* One table for the parser, the help, the completion and the manual page. */
struct command_option {
	const char *name;  /* "listen" of --listen; there are no short ones but -C and -h */
	const char *value; /* what it takes, "ADDR:PORT"; NULL for none */
	const char *help;
};

struct command {
	const char *name;
	const char *summary;
	const char *usage; /* what stands behind "caisson NAME", a line for each form */
	const char *about; /* whole lines */
	const struct command_option *options; /* ended by a NULL name; NULL for none */
	const char *const *verbs; /* what the first word may be, ended by NULL; NULL: anything */
	unsigned words_max; /* that are no options */
	const char *examples; /* whole lines */
	int (*run)(const struct command *command, int argc, char **argv);
};

/* What was written behind the command's name. */
enum { ARGUMENTS_MAX = 256 };
struct arguments {
	const char *words[ARGUMENTS_MAX];
	unsigned words_count;
	struct given {
		const struct command_option *option;
		const char *value;
	} given[ARGUMENTS_MAX];
	unsigned given_count;
};

/*
 * Read them by the command's table: options anywhere, their names whole,
 * "--name value" or "--name=value"; behind "--" everything is a word.  False,
 * with what is wrong on standard error: "return command_usage(...)".
 */
bool arguments_read(const struct command *command, int argc, char **argv, struct arguments *ret);
bool argument_given(const struct arguments *arguments, const char *name);
/* The last value of the option ${name}, or NULL. */
const char *argument_value(const struct arguments *arguments, const char *name);
/* Set what the options --limit say; false with what is wrong on standard error. */
bool arguments_set_limits(const struct command *command, const struct arguments *arguments);

/* What `caisson COMMAND --help` prints. */
void command_help(const struct command *command);
/* All commands, in the order of the help. */
extern const struct command *const commands[];
extern const size_t commands_count;
/* " Did you mean x?", or "". */
const char *did_you_mean(const char *written, const char *const *words, size_t count);

/* Print how to use ${command} on standard error: "return command_usage(...)". */
int command_usage(const struct command *command);
/* A line on standard error: "caisson serve: …". */
void command_complain(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

extern const struct command init_command, serve_command, check_command, plan_command, apply_command,
    schema_command, openapi_command, key_command, can_command, status_command, sql_command, limits_command,
    completion_command, man_command, version_command;

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
/* Can a store be at ${option} (NULL: nothing was said), or else at CAISSON_DATABASE?  False with why not: wrong usage. */
bool database_is_valid(const struct command *command, const char *option);
/* Open the store of the current folder; false with the reason on standard error. */
bool open_store(const struct command *command, const struct app *app, struct str database, struct store **ret);

/*
 * For development, before the store is opened: change its tables after the app where neither a value
 * is lost nor a record in the way, and say what was done on standard error; false, with what to run,
 * where people must be asked.
 */
bool change_tables(const struct command *command, const struct app *app, struct str database);
/* Would it?  While the store is open, too; else why not in ${ret_detail}. */
bool tables_may_change(const struct app *app, struct str database, struct buf *ret_detail);

/* The commit since which records look as they do: of the last change of tables, or 0. */
bool store_shape_since(struct store *store, int64_t *ret);
enum { SECRET_HEX_SIZE = 64 };
/* The database's secret (of cursors), made when first asked for; false on failure. */
bool store_secret(struct store *store, char ret_hex[SECRET_HEX_SIZE]);

/*
 * Load seed/COLLECTION.ndjson into a new database; one that was cut off is
 * begun anew.  False with the mistake, its file and line on standard error.
 */
bool load_seeds(const struct command *command, const struct loaded_app *loaded, struct store *store);
