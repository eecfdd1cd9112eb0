/*
 * caisson plan, caisson apply.  What is to be done is a chain: the files of
 * migrations/ that begin where the database stands, and a plan from there to
 * the app file.
 *
 *	database's shape -> 0003-….sql -> 0004-….sql -> (plan) -> caisson.yaml
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/shape.h"
#include "crypto/hash.h"
#include "main/command.h"
#include "main/migrate_print.h"
#include "store/migrate/file.h"
#include "store/migrate/migrate.h"

enum { EXIT_LOOK = 3, DETAIL_SIZE_MAX = 1 << 20, CHAIN_MAX = 256 };

struct migrate_options {
	const char *database, *write;
	bool json, sql, allow_loss, yes, no_backup;
};

struct chain {
	const struct command *command;
	struct loaded_app loaded;
	struct migration *migration;
	struct migration_file *files;
	struct migrate_link links[CHAIN_MAX];
	size_t count;
	struct buf detail;
};

static bool open_chain(struct chain *chain, const struct migrate_options *options,
    enum migration_purpose purpose, int *ret_status);
static void close_chain(struct chain *chain);
static bool is_behind(const struct chain *chain);

/* --- the chain -------------------------------------------------------- */

static void
complain(struct chain *chain)
{
	command_complain(chain->command, "%.*s", STR_ARGS(buf_str(&chain->detail)));
	buf_clear(&chain->detail);
}

/* "0003-add-slug", as the history calls it. */
static void
write_stem(const struct migration_file *file, struct buf *ret)
{
	buf_addf(ret, "%04lld-%.*s", (long long)file->number, STR_ARGS(file->name));
}

static const struct migration_record *
find_record(struct chain *chain, const struct migration_file *file)
{
	const struct migration_record *found = NULL, *records;
	struct buf stem;
	size_t count;

	buf_init(&stem, 1024);
	write_stem(file, &stem);
	records = migration_history(chain->migration, &count);
	for (size_t i = 0; i < count; i++)
		if (str_equal(buf_str(&stem), str_from(records[i].name)))
			found = &records[i];
	buf_release(&stem);
	return found;
}

/* History is not to be written anew. */
static bool
check_file(struct chain *chain, const struct migration_file *file)
{
	const struct migration_record *record = find_record(chain, file);

	if (record != NULL && strcmp(record->checksum, file->checksum) != 0) {
		command_complain(chain->command,
		    "%.*s was changed after it was applied to this database: put it back as it was, and"
		    " make the change with a new migration",
		    STR_ARGS(file->path));
		return false;
	}
	return true;
}

static bool
add_files(struct chain *chain, struct str *shape)
{
	char checksum[SHA256_HEX_SIZE + 1];

	snprintf(checksum, sizeof(checksum), "%s", migration_shape_checksum(chain->migration));
	for (struct migration_file *file = chain->files; file != NULL; file = file->next) {
		if (!check_file(chain, file))
			return false;
		if (find_record(chain, file) != NULL || chain->count + 1 >= CHAIN_MAX ||
		    !str_equal(file->plan->from, str_from(checksum)))
			continue;
		snprintf(checksum, sizeof(checksum), "%.*s", STR_ARGS(file->plan->to));
		*shape = file->plan->shape;
		chain->links[chain->count++] = (struct migrate_link){ file->plan, file };
	}
	return true;
}

static bool
add_plan(struct chain *chain, struct str shape)
{
	struct migration_plan *plan =
	    migration_plan(shape, chain->loaded.app, migration_dialect(chain->migration));

	if (plan == NULL) {
		command_complain(chain->command,
		    "the database was changed by a newer caisson, whose tables this one does not know");
		return false;
	}
	if (plan->steps_count == 0)
		migration_plan_free(plan);
	else
		chain->links[chain->count++] = (struct migrate_link){ plan, NULL };
	return true;
}

static bool
load(struct chain *chain, const struct migrate_options *options, enum migration_purpose purpose,
    int *ret_status)
{
	struct store_options store = { .folder = "." };
	struct str shape;
	enum err err;

	*ret_status = EXIT_FAILED;
	if (!load_app(chain->command, &chain->loaded))
		return false;
	store.app = chain->loaded.app;
	store.database = database_of(chain->loaded.app, options->database);
	err = migration_open(&store, purpose, &chain->migration, &chain->detail);
	if (err == ERR_NOT_FOUND) {
		printf("%.*s\n", STR_ARGS(buf_str(&chain->detail)));
		*ret_status = EXIT_DONE;
		return false;
	}
	if (err == OK)
		err = migration_files_read(
		    ".", migration_dialect(chain->migration), &chain->files, &chain->detail);
	if (err != OK) {
		complain(chain);
		return false;
	}
	shape = migration_shape(chain->migration);
	return add_files(chain, &shape) && add_plan(chain, shape);
}

static bool
open_chain(struct chain *chain, const struct migrate_options *options,
    enum migration_purpose purpose, int *ret_status)
{
	buf_init(&chain->detail, DETAIL_SIZE_MAX);
	if (!load(chain, options, purpose, ret_status))
		return false;
	/* The rows as they are now are those of the first. */
	if (chain->count > 0 &&
	    migration_look(chain->migration, chain->links[0].plan, &chain->detail) != OK) {
		complain(chain);
		return false;
	}
	return true;
}

static void
close_chain(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		if (chain->links[i].file == NULL)
			migration_plan_free(chain->links[i].plan);
	migration_files_free(chain->files);
	migration_close(chain->migration);
	if (chain->loaded.app != NULL)
		unload_app(&chain->loaded);
	buf_release(&chain->detail);
}

/* --- plan ------------------------------------------------------------- */

static bool
is_file_name(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return size > 0 && name[size] == '\0' && size <= 50;
}

/* The last of the chain where it was made now, as a file behind all that there are. */
static bool
write_file(struct chain *chain, const char *name)
{
	struct migrate_link *last = chain->count == 0 ? NULL : &chain->links[chain->count - 1];
	int64_t number = 1;
	struct buf path;
	enum err err;

	if (last == NULL || last->file != NULL)
		return true;
	for (const struct migration_file *file = chain->files; file != NULL; file = file->next)
		if (file->number >= number)
			number = file->number + 1;
	buf_init(&path, 8192);
	err = migration_file_save(last->plan, ".", number, str_from(name), &path, &chain->detail);
	if (err == OK)
		printf("wrote %.*s\n", STR_ARGS(buf_str(&path)));
	else
		complain(chain);
	buf_release(&path);
	return err == OK;
}

static int
status_of(const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		if (migration_plan_risks(chain->links[i].plan) != 0)
			return EXIT_LOOK;
	return EXIT_DONE;
}

static bool
read_options(const struct command *command, int argc, char **argv, struct migrate_options *ret)
{
	struct arguments arguments;

	if (!arguments_read(command, argc, argv, &arguments))
		return false;
	*ret = (struct migrate_options){
		.database = argument_value(&arguments, "database"),
		.write = argument_value(&arguments, "write"),
		.json = argument_given(&arguments, "json"),
		.sql = argument_given(&arguments, "sql"),
		.allow_loss = argument_given(&arguments, "allow-loss"),
		.yes = argument_given(&arguments, "yes"),
		.no_backup = argument_given(&arguments, "no-backup"),
	};
	if (ret->write != NULL && !is_file_name(ret->write)) {
		command_complain(command, "--write %s: a name of small letters, digits and -", ret->write);
		return false;
	}
	return database_is_valid(command, ret->database);
}

static int
run_plan(const struct command *command, int argc, char **argv)
{
	static struct chain chain;
	struct migrate_options options;
	int status = EXIT_FAILED;

	chain = (struct chain){ .command = command };
	if (!read_options(command, argc, argv, &options))
		return command_usage(command);
	if (open_chain(&chain, &options, MIGRATION_LOOKS, &status)) {
		if (options.json)
			migrate_print_json(chain.links, chain.count, is_behind(&chain));
		else if (options.sql)
			migrate_print_sql(chain.links, chain.count);
		else
			migrate_print(chain.links, chain.count, is_behind(&chain));
		status = status_of(&chain);
		if (options.write != NULL)
			status = write_file(&chain, options.write) ? EXIT_DONE : EXIT_FAILED;
	}
	close_chain(&chain);
	return status;
}

/* --- apply ------------------------------------------------------------ */

static int64_t
next_number(const struct chain *chain)
{
	size_t count;
	const struct migration_record *records = migration_history(chain->migration, &count);

	return count == 0 ? 1 : records[count - 1].number + 1;
}

static bool
is_behind(const struct chain *chain)
{
	return migration_is_behind(chain->migration, chain->loaded.app);
}

static bool
refuse_misfits(const struct chain *chain, int64_t count)
{
	const struct migration_file *file = chain->links[0].file;

	command_complain(chain->command,
	    "records do not fit (%lld of them): change them first, or the app file, or fill in values in %.*s",
	    (long long)count,
	    STR_ARGS(file != NULL ? file->path : STR("a file that `caisson plan --write NAME` makes")));
	return false;
}

static bool
refuse_losses(const struct chain *chain, int64_t count)
{
	const struct migration_plan *plan = chain->links[0].plan;
	const char *what = "values";

	for (size_t i = 0; i < plan->steps_count; i++)
		if (plan->steps[i].takes_records && plan->steps[i].count > 0)
			what = plan->steps_count == 1 ? "records" : "records or values";
	command_complain(chain->command,
	    "%s would be lost (of %lld record%s): if that is meant, say --allow-loss", what,
	    (long long)count, count == 1 ? "" : "s");
	return false;
}

/* Nobody has counted what is behind the first: before anything is done, people say whether it may go. */
static bool
refuse_later_losses(const struct chain *chain)
{
	for (size_t i = 1; i < chain->count; i++)
		for (size_t j = 0; j < chain->links[i].plan->steps_count; j++) {
			const struct migration_step *step = &chain->links[i].plan->steps[j];

			if ((step->risks & MIGRATION_LOSS) == 0)
				continue;
			command_complain(chain->command,
			    "%.*s, behind %.*s: if values may be lost by it, say --allow-loss; nothing was done",
			    STR_ARGS(step->what), STR_ARGS(chain->links[0].file->path));
			return true;
		}
	return false;
}

static bool
may_apply(struct chain *chain, const struct migrate_options *options)
{
	const struct migration_plan *plan = chain->links[0].plan;

	if (is_behind(chain) && !options->allow_loss) {
		command_complain(chain->command,
		    "caisson.yaml is older than the database, which has been changed since: take the newer"
		    " file; to go back on purpose, say --allow-loss");
		return false;
	}
	if (migration_plan_misfits(plan) > 0)
		return refuse_misfits(chain, migration_plan_misfits(plan));
	if (migration_plan_losses(plan) > 0 && !options->allow_loss)
		return refuse_losses(chain, migration_plan_losses(plan));
	return options->allow_loss || !refuse_later_losses(chain);
}

static bool
ask(const struct chain *chain, const struct migrate_options *options)
{
	char answer[16];

	if (options->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		command_complain(chain->command, "there is nobody to ask: say --yes");
		return false;
	}
	fputs("Apply it? [y/N] ", stdout);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

static bool
back_up(struct chain *chain, const struct migrate_options *options)
{
	struct buf path;
	enum err err;

	if (options->no_backup)
		return true;
	buf_init(&path, 8192);
	err = migration_backup(chain->migration, next_number(chain), &path, &chain->detail);
	if (err == OK)
		printf("backup: %.*s\n", STR_ARGS(buf_str(&path)));
	else
		complain(chain);
	fflush(stdout);
	buf_release(&path);
	return err == OK;
}

static bool
apply_link(struct chain *chain, const struct migrate_link *link, int64_t number, bool allow_loss)
{
	char checksum[SHA256_HEX_SIZE + 1];
	struct migration_run run = { .number = number, .allow_loss = allow_loss };
	struct buf stem;
	enum err err;

	buf_init(&stem, 1024);
	if (link->file != NULL)
		write_stem(link->file, &stem);
	else
		buf_add_c(&stem, "plan");
	migration_plan_checksum(link->plan, checksum);
	run.name = buf_str(&stem);
	run.checksum = link->file != NULL ? link->file->checksum : checksum;
	err = migration_run(chain->migration, link->plan, &run, &chain->detail);
	if (err == OK)
		printf("applied: %.*s (change %lld of this database)\n", STR_ARGS(run.name), (long long)number);
	else
		complain(chain);
	fflush(stdout);
	buf_release(&stem);
	return err == OK;
}

static bool
apply(struct chain *chain, const struct migrate_options *options)
{
	int64_t number = next_number(chain);

	migrate_print(chain->links, chain->count, is_behind(chain));
	if (chain->count == 0)
		return true;
	fflush(stdout);
	if (!may_apply(chain, options) || !ask(chain, options) || !back_up(chain, options))
		return false;
	for (size_t i = 0; i < chain->count; i++)
		if (!apply_link(chain, &chain->links[i], number + (int64_t)i, options->allow_loss)) {
			if (i > 0)
				command_complain(chain->command, "what stands above as applied stays applied");
			return false;
		}
	return true;
}

static int
run_apply(const struct command *command, int argc, char **argv)
{
	static struct chain chain;
	struct migrate_options options;
	int status = EXIT_FAILED;

	chain = (struct chain){ .command = command };
	if (!read_options(command, argc, argv, &options))
		return command_usage(command);
	if (open_chain(&chain, &options, MIGRATION_APPLIES, &status))
		status = apply(&chain, &options) ? EXIT_DONE : EXIT_FAILED;
	close_chain(&chain);
	return status;
}

/* --- for development --------------------------------------------------- */

bool
change_tables(const struct command *command, const struct app *app, struct str database)
{
	struct store_options options = { .app = app, .folder = ".", .database = database };
	struct buf done, detail;
	enum err err;

	buf_init(&done, DETAIL_SIZE_MAX);
	buf_init(&detail, DETAIL_SIZE_MAX);
	err = migration_apply_safe(&options, MIGRATION_APPLIES, &done, &detail);
	if (err != OK)
		command_complain(command, "%.*s", STR_ARGS(buf_str(&detail)));
	else if (done.size > 0)
		command_complain(command, "changed the tables: %.*s", STR_ARGS(buf_str(&done)));
	buf_release(&done);
	buf_release(&detail);
	return err == OK;
}

bool
tables_may_change(const struct app *app, struct str database, struct buf *ret_detail)
{
	struct store_options options = { .app = app, .folder = ".", .database = database };

	return migration_apply_safe(&options, MIGRATION_LOOKS, NULL, ret_detail) == OK;
}

static const struct command_option plan_options[] = {
	{ "database", "URL", "instead of `database:` in caisson.yaml (or set CAISSON_DATABASE)" },
	{ "json", NULL, "for programs" },
	{ "sql", NULL, "the SQL alone" },
	{ "write", "NAME", "write it to migrations/NNNN-NAME.ENGINE.sql: for review, to fill in values, and for `caisson apply` everywhere" },
	{ 0 },
};

const struct command plan_command = {
	.name = "plan",
	.summary = "say what a changed caisson.yaml does to the database",
	.usage = "[-C DIR] [OPTION]...",
	.about = "Compare caisson.yaml with the tables of the database, and say step by step what `caisson\n"
		 "apply` would do, and at what risk:\n\n"
		 "  safe      done in a moment, whatever stands in the table\n"
		 "  rewrite   the table is written anew: the time grows with its rows\n"
		 "  lock      PostgreSQL: who uses the table waits meanwhile\n"
		 "  check     records that do not fit are in the way: counted and named\n"
		 "  loss      values or records are lost: counted and named\n\n"
		 "Exit status: 0 nothing to do, or all of it is safe; 3 something to look at; 1 failed;\n"
		 "2 wrong usage.\n",
	.options = plan_options,
	.examples = "caisson plan\n"
		    "caisson plan --sql -C examples/handbook\n"
		    "caisson plan --write add-slug\n",
	.run = run_plan,
};

static const struct command_option apply_options[] = {
	{ "yes", NULL, "do not ask" },
	{ "allow-loss", NULL, "values may be lost, and the app file may be an older one" },
	{ "no-backup", NULL, "make none; PostgreSQL's backups are made with pg_dump, where it is there" },
	{ "database", "URL", "instead of `database:` in caisson.yaml (or set CAISSON_DATABASE)" },
	{ 0 },
};

const struct command apply_command = {
	.name = "apply",
	.summary = "change the database so that it fits caisson.yaml",
	.usage = "[-C DIR] [OPTION]...",
	.about = "Show the plan, ask, make a backup in data/backups, and change the tables in one\n"
		 "transaction.  Files of migrations/ that begin where the database stands come first.  On\n"
		 "SQLite stop the server before; on PostgreSQL servers may run: those with the old file\n"
		 "refuse requests afterwards.\n",
	.options = apply_options,
	.examples = "caisson apply --yes\n"
		    "caisson apply --yes --no-backup --database postgres://app@db1/handbook\n",
	.run = run_apply,
};
