/* caisson sql: the operator's own door to the database, read-only unless told otherwise. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/json.h"
#include "main/command.h"
#include "main/control.h"
#include "main/status.h"
#include "store/ask.h"

enum { STATEMENT_SIZE_MAX = 4 << 20, CELL_SIZE_MAX = 64 << 20, TABLE_SIZE_MAX = 64 << 20 };
enum { TIMEOUT_S = 30, TIMEOUT_S_MAX = 86400 };

enum form { FORM_TABLE, FORM_JSON, FORM_CSV };

struct sql_command {
	const struct command *command;
	const char *database;
	enum form form;
	bool writes;
	int64_t timeout_s;
	struct str statement;
	struct buf input; /* the statement from standard input */
};

/* Rows on their way to standard output. */
struct output {
	enum form form;
	struct str names[ASK_COLUMNS_MAX];
	size_t count;
	int64_t rows;
	struct buf names_bytes;
	struct buf cell; /* the value that is written, or the row */
	struct buf table; /* all cells, each ended by NUL: widths are known at the end */
	unsigned widths[ASK_COLUMNS_MAX];
};

/* --- values ----------------------------------------------------------- */

/* As JSON has it, without quotes. */
static struct str
value_as_text(struct output *output, const struct value *value)
{
	struct json_writer writer;
	struct str text;

	if (value->kind == VALUE_TEXT || value->kind == VALUE_JSON)
		return value->text;
	buf_clear(&output->cell);
	json_writer_init(&writer, &output->cell);
	json_value(&writer, value);
	text = buf_str(&output->cell);
	return text.size > 1 && text.data[0] == '"' ? str_slice(text, 1, text.size - 1) : text;
}

/* --- a table ---------------------------------------------------------- */

/* What a terminal would obey is not shown as it is. */
static void
add_cell(struct output *output, size_t column, struct str text)
{
	size_t begin = output->table.size;
	unsigned width = 0;

	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte == '\n')
			buf_add_c(&output->table, "\\n");
		else
			buf_add_byte(&output->table, byte < 0x20 || byte == 0x7f ? '?' : (char)byte);
	}
	for (size_t i = begin; i < output->table.size; i++)
		width += ((unsigned char)output->table.data[i] & 0xc0) != 0x80;
	buf_add_byte(&output->table, '\0');
	if (width > output->widths[column])
		output->widths[column] = width;
}

static void
print_cell(const struct output *output, size_t column, const char *text)
{
	unsigned width = 0;

	fputs(text, stdout);
	for (const char *at = text; *at != '\0'; at++)
		width += ((unsigned char)*at & 0xc0) != 0x80;
	if (column + 1 < output->count)
		printf("%*s", (int)(output->widths[column] - width + 2), "");
	else
		putchar('\n');
}

static void
print_rule(const struct output *output)
{
	for (size_t i = 0; i < output->count; i++) {
		for (unsigned j = 0; j < output->widths[i]; j++)
			putchar('-');
		fputs(i + 1 < output->count ? "  " : "\n", stdout);
	}
}

static void
print_table(const struct output *output)
{
	const char *at = output->table.data;

	for (int64_t row = 0; row <= output->rows; row++) {
		for (size_t i = 0; i < output->count; i++) {
			print_cell(output, i, at);
			at += strlen(at) + 1;
		}
		if (row == 0)
			print_rule(output);
	}
	printf("(%lld row%s)\n", (long long)output->rows, output->rows == 1 ? "" : "s");
}

/* --- CSV (RFC 4180) ---------------------------------------------------- */

/* An empty text is quoted, so that NULL is another. */
static void
print_csv_cell(struct str text, bool is_null, bool is_last)
{
	bool quoted = !is_null && text.size == 0;

	for (size_t i = 0; i < text.size && !quoted; i++)
		quoted = memchr(",\"\r\n", text.data[i], 4) != NULL;
	if (quoted)
		putchar('"');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			putchar('"');
		putchar(text.data[i]);
	}
	if (quoted)
		putchar('"');
	fputs(is_last ? "\r\n" : ",", stdout);
}

/* --- rows -------------------------------------------------------------- */

/* Members of one name would be one: the second count(*) is count(*)_2. */
static void
add_name(struct output *output, const struct str *names, size_t i)
{
	unsigned before = 0;

	for (size_t j = 0; j < i; j++)
		before += str_equal(names[j], names[i]);
	buf_add_str(&output->names_bytes, names[i]);
	if (output->form == FORM_JSON && before > 0)
		buf_addf(&output->names_bytes, "_%u", before + 1);
}

static bool
take_columns(void *arg, const struct str *names, size_t count)
{
	struct output *output = arg;
	size_t at = 0;

	output->count = count;
	for (size_t i = 0; i < count; i++) {
		add_name(output, names, i);
		output->names[i].size = output->names_bytes.size - at;
		at = output->names_bytes.size;
	}
	at = 0;
	for (size_t i = 0; i < count; at += output->names[i++].size)
		output->names[i].data = output->names_bytes.data + at;
	for (size_t i = 0; i < count; i++)
		if (output->form == FORM_TABLE)
			add_cell(output, i, names[i]);
		else if (output->form == FORM_CSV)
			print_csv_cell(names[i], false, i + 1 == count);
	if (output->form == FORM_JSON)
		putchar('[');
	return true;
}

static void
print_json_row(struct output *output, const struct value *values, size_t count)
{
	struct json_writer writer;

	buf_clear(&output->cell);
	json_writer_init(&writer, &output->cell);
	json_begin_object(&writer);
	for (size_t i = 0; i < count; i++) {
		json_name(&writer, output->names[i]);
		json_value(&writer, &values[i]);
	}
	json_end_object(&writer);
	printf("%s%.*s", output->rows == 0 ? "" : ",\n", STR_ARGS(buf_str(&output->cell)));
}

static bool
take_row(void *arg, const struct value *values, size_t count)
{
	struct output *output = arg;

	if (output->form == FORM_JSON)
		print_json_row(output, values, count);
	for (size_t i = 0; i < count && output->form != FORM_JSON; i++) {
		bool is_null = values[i].kind == VALUE_NULL;
		struct str text = is_null ? STR("") : value_as_text(output, &values[i]);

		if (output->form == FORM_CSV)
			print_csv_cell(text, is_null, i + 1 == count);
		else
			add_cell(output, i, is_null ? STR("NULL") : text);
	}
	output->rows++;
	return output->table.err == OK && output->cell.err == OK && !ferror(stdout);
}

static bool
finish(const struct sql_command *sql, struct output *output)
{
	if (output->table.err != OK || output->cell.err != OK) {
		command_complain(sql->command, "more than a table can show: say --json, --csv or LIMIT");
		return false;
	}
	if (output->form == FORM_TABLE && output->count > 0)
		print_table(output);
	else if (output->form == FORM_JSON)
		puts("]");
	return fflush(stdout) == 0;
}

static int
read_rows(const struct sql_command *sql, const struct store_options *store)
{
	static struct output output;
	const struct ask_rows rows = { .columns = take_columns, .row = take_row, .arg = &output };
	struct buf detail;
	enum err err;
	int status = EXIT_FAILED;

	output = (struct output){ .form = sql->form };
	buf_init(&output.names_bytes, CELL_SIZE_MAX);
	buf_init(&output.cell, CELL_SIZE_MAX);
	buf_init(&output.table, TABLE_SIZE_MAX);
	buf_init(&detail, 64 * 1024);
	err = store_ask_blocking(store, sql->statement, sql->timeout_s * 1000, &rows, &detail);
	if (err != OK)
		command_complain(sql->command, "%.*s", STR_ARGS(buf_str(&detail)));
	else if (finish(sql, &output))
		status = EXIT_DONE;
	buf_release(&detail);
	buf_release(&output.table);
	buf_release(&output.cell);
	buf_release(&output.names_bytes);
	return status;
}

/* --- writing ------------------------------------------------------------ */

static bool
may_write(const struct sql_command *sql, struct str database)
{
	struct buf answer;
	bool runs;

	if (!str_starts_with(database, STR("sqlite:")))
		return true;
	buf_init(&answer, 1 << 20);
	runs = control_ask(STATUS_QUESTION, &answer) == OK;
	buf_release(&answer);
	if (runs)
		command_complain(sql->command, "a server runs, whose live updates and caches would not know"
					       " of it: use the API, or stop the server first");
	return !runs;
}

static void
print_changed(const struct sql_command *sql, int64_t changed, int64_t number)
{
	if (sql->form == FORM_JSON)
		printf("{\"changed\":%lld,\"commit\":\"%lld\"}\n", (long long)changed, (long long)number);
	else if (number == 0)
		puts("nothing changed");
	else
		printf("%lld row%s changed, commit %lld\n", (long long)changed, changed == 1 ? "" : "s",
		    (long long)number);
}

static int
write_rows(const struct sql_command *sql, const struct loaded_app *loaded, struct str database)
{
	struct ask_write write = { .statement = sql->statement };
	struct store_call call = { .body = ask_write, .arg = &write, .actor = STR("sql") };
	struct store *store;
	enum err err = ERR_CONFLICT;

	call.deadline_us = clock_monotonic_us() + sql->timeout_s * 1000000;
	if (!may_write(sql, database) || !open_store(sql->command, loaded->app, database, &store))
		return EXIT_FAILED;
	buf_init(&write.detail, 64 * 1024);
	if (load_seeds(sql->command, loaded, store)) {
		err = store_write_blocking(store, &call);
		if (err == OK)
			print_changed(sql, write.changed, call.number);
		else if (write.detail.size > 0)
			command_complain(sql->command, "%.*s", STR_ARGS(buf_str(&write.detail)));
		else
			command_complain(sql->command, "%s", err_row(err)->title);
	}
	buf_release(&write.detail);
	store_close(store);
	return err == OK ? EXIT_DONE : EXIT_FAILED;
}

/* --- the command -------------------------------------------------------- */

static bool
begins_with(struct str statement, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(words[i]);

		if (statement.size > size && strncasecmp(statement.data, words[i], size) == 0)
			return true;
	}
	return false;
}

static bool
check_statement(const struct sql_command *sql)
{
	static const char *const changes[] = { "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "WITH" };
	bool changing = begins_with(sql->statement, changes, COUNT(changes));

	if (sql->statement.size == 0)
		command_complain(sql->command, "there is no statement");
	else if (sql->writes && !changing)
		command_complain(sql->command, "--write is for INSERT, UPDATE and DELETE; tables are changed by"
					       " `caisson apply`");
	else if (!sql->writes && begins_with(sql->statement, changes, COUNT(changes) - 1))
		command_complain(sql->command, "that writes: say --write if it is meant");
	else
		return true;
	return false;
}

/* Without space around it, and without the semicolon at its end. */
static struct str
bare(struct str text)
{
	static const char space[] = " \t\r\n";

	while (text.size > 0 && memchr(space, text.data[0], 4) != NULL)
		text = str_slice(text, 1, text.size);
	while (text.size > 0 && (memchr(space, text.data[text.size - 1], 4) != NULL ||
				    text.data[text.size - 1] == ';'))
		text.size--;
	return text;
}

static struct str
read_statement(struct sql_command *sql, const char *word)
{
	char bytes[4096];
	size_t got;

	if (strcmp(word, "-") != 0)
		return bare(str_from(word));
	while ((got = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		buf_add(&sql->input, bytes, got);
	return bare(buf_str(&sql->input));
}

static bool
read_options(struct sql_command *sql, const struct arguments *arguments)
{
	const char *timeout = argument_value(arguments, "timeout");
	bool json = argument_given(arguments, "json"), csv = argument_given(arguments, "csv");

	sql->writes = argument_given(arguments, "write");
	sql->database = argument_value(arguments, "database");
	sql->form = json ? FORM_JSON : csv ? FORM_CSV : FORM_TABLE;
	sql->timeout_s = TIMEOUT_S;
	if (arguments->words_count == 0)
		command_complain(sql->command, "say which statement, or - for standard input");
	else if (json && csv)
		command_complain(sql->command, "--json or --csv, not both");
	else if (timeout != NULL && (!str_to_int(str_from(timeout), &sql->timeout_s) ||
					sql->timeout_s < 1 || sql->timeout_s > TIMEOUT_S_MAX))
		command_complain(
		    sql->command, "--timeout %s: from 1 to %d seconds", timeout, TIMEOUT_S_MAX);
	else
		return database_is_valid(sql->command, sql->database);
	return false;
}

static int
run_statement(struct sql_command *sql)
{
	struct store_options store = { .folder = "." };
	struct loaded_app loaded;
	int status;

	if (!check_statement(sql) || !load_app(sql->command, &loaded))
		return EXIT_FAILED;
	store.app = loaded.app;
	store.database = database_of(loaded.app, sql->database);
	status = sql->writes ? write_rows(sql, &loaded, store.database) : read_rows(sql, &store);
	unload_app(&loaded);
	return status;
}

static int
run_sql(const struct command *command, int argc, char **argv)
{
	struct sql_command sql = { .command = command };
	struct arguments arguments;
	int status;

	if (!arguments_read(command, argc, argv, &arguments) || !read_options(&sql, &arguments))
		return command_usage(command);
	buf_init(&sql.input, STATEMENT_SIZE_MAX);
	sql.statement = read_statement(&sql, arguments.words[0]);
	status = run_statement(&sql);
	buf_release(&sql.input);
	return status;
}

static const struct command_option sql_options[] = {
	{ "json", NULL, "an array of objects" },
	{ "csv", NULL, "as RFC 4180 has it, with the names in the first line" },
	{ "write", NULL, "INSERT, UPDATE or DELETE, as a commit of its own" },
	{ "timeout", "SECONDS", "how long a query may take; default 30" },
	{ "database", "URL", "instead of `database:` in caisson.yaml (or set CAISSON_DATABASE)" },
	{ 0 },
};

const struct command sql_command = {
	.name = "sql",
	.summary = "ask the database in its own SQL",
	.usage = "STATEMENT [--json|--csv] [-C DIR]\n"
		 "--write STATEMENT [-C DIR]",
	.about = "Run one statement (- reads it from standard input) in the SQL of the database, past all\n"
		 "rules.  Without --write it can only read, and the server may run.  With it the rows get\n"
		 "new versions and the log of commits knows them; what only the API does (rules, defaults,\n"
		 "folded forms, links) does not happen.  On SQLite no server may run then.\n",
	.options = sql_options,
	.words_max = 1,
	.examples = "caisson sql 'SELECT slug, title FROM topics ORDER BY slug' -C examples/handbook\n"
		    "caisson sql --csv 'SELECT * FROM topics' -C examples/handbook > topics.csv\n"
		    "caisson sql --write \"UPDATE topics SET title = 'Tests' WHERE slug = 'tests'\"\n",
	.run = run_sql,
};
