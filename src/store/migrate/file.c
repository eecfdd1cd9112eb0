#include "store/migrate/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/hash.h"
#include "os/file.h"

enum { FILE_SIZE_MAX = 128 << 20, PATH_SIZE = 4096 };

#define HEAD "-- caisson migration "

const char *
migration_engine_word(enum sql_dialect dialect)
{
	return dialect == SQL_SQLITE ? "sqlite" : "postgres";
}

/* --- writing ---------------------------------------------------------- */

/* A line is a line: what an enum's value breaks is left to the database to refuse. */
static void
write_query(const char *word, struct str query, struct buf *body)
{
	if (query.data != NULL && str_find_byte(query, '\n') == query.size)
		buf_addf(body, "--   %s: %.*s\n", word, STR_ARGS(query));
}

static void
write_steps(const struct migration_plan *plan, struct buf *body)
{
	for (size_t i = 0; i < plan->steps_count; i++) {
		const struct migration_step *step = &plan->steps[i];

		buf_add_c(body, "-- ");
		migration_risks_write(step->risks, body);
		buf_addf(body, ": %.*s\n", STR_ARGS(step->what));
		if (step->lock.data != NULL)
			buf_addf(body, "--   lock: %.*s\n", STR_ARGS(step->lock));
		write_query(step->takes_records ? "records" : "rows", step->query, body);
		write_query("left", step->left, body);
	}
}

static void
write_shape(struct str shape, struct buf *body)
{
	struct str line;

	buf_add_c(body, "-- shape:\n");
	while (str_split(&shape, '\n', &line))
		if (line.size > 0)
			buf_addf(body, "-- %.*s\n", STR_ARGS(line));
}

void
migration_file_write(
    const struct migration_plan *plan, int64_t number, struct str name, struct buf *ret)
{
	char checksum[SHA256_HEX_SIZE];
	struct buf body;

	buf_init(&body, FILE_SIZE_MAX);
	buf_add_c(&body, "--\n");
	write_steps(plan, &body);
	buf_add_c(&body, "--\n-- sql:\n");
	migration_plan_sql(plan, &body);
	write_shape(plan->shape, &body);
	sha256_hex(buf_str(&body), checksum);
	buf_addf(ret, HEAD "%lld %.*s %s\n-- from: %.*s\n-- to: %.*s\n-- checksum: %.*s\n",
	    (long long)number, STR_ARGS(name), migration_engine_word(plan->dialect),
	    STR_ARGS(plan->from), STR_ARGS(plan->to), SHA256_HEX_SIZE, checksum);
	buf_add_str(ret, buf_str(&body));
	if (body.err != OK && ret->err == OK)
		ret->err = body.err;
	buf_release(&body);
}

/* --- reading ---------------------------------------------------------- */

/* What stands behind ${prefix} in the next line; false, with nothing taken, where that is another one. */
static bool
take_line(struct str *rest, const char *prefix, struct str *ret)
{
	size_t size = str_find_byte(*rest, '\n');
	struct str line = str_slice(*rest, 0, size);

	if (rest->size == 0 || !str_starts_with(line, str_from(prefix)))
		return false;
	*ret = str_slice(line, strlen(prefix), line.size);
	*rest = str_slice(*rest, size < rest->size ? size + 1 : size, rest->size);
	return true;
}

static bool
read_risks(struct str words, unsigned *ret)
{
	static const char *const names[] = { "rewrite", "lock", "check", "loss" };
	struct str word;

	*ret = 0;
	while (str_split(&words, ',', &word)) {
		bool known = str_is(str_trim(word), "safe");

		for (size_t i = 0; i < COUNT(names); i++)
			if (str_is(str_trim(word), names[i])) {
				*ret |= 1U << i;
				known = true;
			}
		if (!known)
			return false;
	}
	return true;
}

static bool
read_steps(struct str *rest, struct migration_plan *plan)
{
	struct str line;

	while (!take_line(rest, "-- sql:", &line)) {
		struct migration_step step = { .count = -1 };
		size_t colon;

		if (str_starts_with(*rest, STR("--\n"))) {
			(void)take_line(rest, "--", &line);
			continue;
		}
		if (!take_line(rest, "-- ", &line))
			return false;
		colon = str_find_byte(line, ':');
		if (colon + 2 > line.size || !read_risks(str_slice(line, 0, colon), &step.risks))
			return false;
		step.what = str_slice(line, colon + 2, line.size);
		(void)take_line(rest, "--   lock: ", &step.lock);
		(void)take_line(rest, "--   rows: ", &step.query);
		(void)take_line(rest, "--   left: ", &step.left);
		step.takes_records = take_line(rest, "--   records: ", &step.query);
		migration_plan_add_step(plan, &step);
	}
	return true;
}

/* A statement ends with a ";" behind which its line ends and an empty one follows, or the last section. */
static bool
read_statements(struct str *rest, struct migration_plan *plan)
{
	struct str line, statement = { rest->data, 0 };
	bool is_last, is_whole = false;

	do {
		is_last = str_starts_with(*rest, STR("-- shape:\n"));
		if (!is_last && !take_line(rest, "", &line))
			return false;
		if (!is_last && str_trim(line).size > 0) {
			statement.size = (size_t)(line.data + line.size - statement.data);
			statement = str_trim(statement);
			is_whole = statement.data[statement.size - 1] == ';';
			continue;
		}
		if (is_whole)
			migration_plan_add_statement(
			    plan, str_slice(statement, 0, statement.size - 1));
		if (is_whole || statement.size == 0)
			statement = (struct str){ rest->data, 0 };
		is_whole = false;
	} while (!is_last);
	return statement.size == 0;
}

static bool
read_shape(struct str rest, struct migration_plan *plan)
{
	char checksum[SHA256_HEX_SIZE + 1];
	struct buf shape;
	struct str line;

	buf_init(&shape, FILE_SIZE_MAX);
	(void)take_line(&rest, "-- shape:", &line);
	while (take_line(&rest, "-- ", &line))
		buf_addf(&shape, "%.*s\n", STR_ARGS(line));
	plan->shape = arena_str(&plan->arena, buf_str(&shape));
	sha256_hex(buf_str(&shape), checksum);
	buf_release(&shape);
	/* The database would remember what it is not. */
	return rest.size == 0 && str_equal(plan->to, (struct str){ checksum, SHA256_HEX_SIZE });
}

static bool
read_head(struct str line, struct migration_file *file)
{
	struct str number, engine;

	if (!str_split(&line, ' ', &number) || !str_to_int(number, &file->number) ||
	    !str_split(&line, ' ', &file->name) || !str_split(&line, ' ', &engine))
		return false;
	file->plan = migration_plan_new(str_is(engine, "sqlite") ? SQL_SQLITE : SQL_POSTGRES);
	file->name = arena_str(&file->plan->arena, file->name);
	return true;
}

bool
migration_file_read(struct str text, struct migration_file *ret)
{
	struct str line, sealed = { 0 };
	struct migration_plan *plan;

	*ret = (struct migration_file){ 0 };
	if (!take_line(&text, HEAD, &line) || !read_head(line, ret))
		return false;
	plan = ret->plan;
	if (take_line(&text, "-- from: ", &line))
		plan->from = arena_str(&plan->arena, line);
	if (take_line(&text, "-- to: ", &line))
		plan->to = arena_str(&plan->arena, line);
	if (take_line(&text, "-- checksum: ", &sealed))
		sha256_hex(text, ret->checksum);
	plan->is_edited = !str_equal(sealed, str_from(ret->checksum));
	if (plan->from.size == SHA256_HEX_SIZE && plan->to.size == SHA256_HEX_SIZE &&
	    take_line(&text, "--", &line) && read_steps(&text, plan) && read_statements(&text, plan) &&
	    read_shape(text, plan))
		return true;
	migration_plan_free(plan);
	ret->plan = NULL;
	return false;
}

/* --- the folder ------------------------------------------------------- */

static bool
is_of_engine(const char *name, enum sql_dialect dialect)
{
	char suffix[32];
	size_t size = strlen(name), suffix_size;

	snprintf(suffix, sizeof(suffix), ".%s.sql", migration_engine_word(dialect));
	suffix_size = strlen(suffix);
	return size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static enum err
read_file(const char *path, struct migration_file **ret, struct buf *ret_detail)
{
	struct migration_file *file;
	struct buf text;
	enum err err;

	buf_init(&text, FILE_SIZE_MAX);
	err = file_read(path, &text);
	file = memory_new(sizeof(*file));
	if (err != OK) {
		buf_addf(ret_detail, "%s cannot be read: %s", path, strerror(errno));
	} else if (!migration_file_read(buf_str(&text), file)) {
		buf_addf(ret_detail,
		    "%s is no migration as `caisson plan --write` makes them. Only the statements below"
		    " `-- sql:` are to be edited: each ends with \";\" and an empty line",
		    path);
		err = ERR_INVALID;
	}
	buf_release(&text);
	if (err != OK) {
		free(file);
		return err;
	}
	file->path = arena_str(&file->plan->arena, str_from(path));
	*ret = file;
	return OK;
}

static void
insert(struct migration_file **files, struct migration_file *file)
{
	while (*files != NULL && (*files)->number <= file->number)
		files = &(*files)->next;
	file->next = *files;
	*files = file;
}

enum err
migration_files_read(const char *folder, enum sql_dialect dialect, struct migration_file **ret,
    struct buf *ret_detail)
{
	struct migration_file *files = NULL, *file;
	struct dirent *entry;
	char path[PATH_SIZE];
	enum err err = OK;
	DIR *dir;

	*ret = NULL;
	snprintf(path, sizeof(path), "%s/migrations", folder);
	dir = opendir(path);
	if (dir == NULL)
		return OK;
	while (err == OK && (entry = readdir(dir)) != NULL) {
		if (!is_of_engine(entry->d_name, dialect))
			continue;
		snprintf(path, sizeof(path), "%s%smigrations/%s", strcmp(folder, ".") == 0 ? "" : folder,
		    strcmp(folder, ".") == 0 ? "" : "/", entry->d_name);
		err = read_file(path, &file, ret_detail);
		if (err == OK)
			insert(&files, file);
	}
	closedir(dir);
	for (file = files; err == OK && file != NULL; file = file->next)
		if (file->next != NULL && file->next->number == file->number) {
			buf_addf(ret_detail, "%.*s and %.*s have one number: give the later one the next",
			    STR_ARGS(file->path), STR_ARGS(file->next->path));
			err = ERR_CONFLICT;
		}
	if (err != OK)
		migration_files_free(files);
	else
		*ret = files;
	return err;
}

void
migration_files_free(struct migration_file *files)
{
	while (files != NULL) {
		struct migration_file *next = files->next;

		migration_plan_free(files->plan);
		free(files);
		files = next;
	}
}

static bool
write_whole(const char *path, struct str text)
{
	FILE *file = fopen(path, "wx");
	bool good;

	if (file == NULL)
		return false;
	good = fwrite(text.data, 1, text.size, file) == text.size;
	good = fflush(file) == 0 && fsync(fileno(file)) == 0 && good;
	return fclose(file) == 0 && good;
}

enum err
migration_file_save(const struct migration_plan *plan, const char *folder, int64_t number,
    struct str name, struct buf *ret_path, struct buf *ret_detail)
{
	char path[PATH_SIZE];
	struct buf text;
	bool good;

	snprintf(path, sizeof(path), "%s/migrations", folder);
	if (mkdir(path, 0777) != 0 && errno != EEXIST) {
		buf_addf(ret_detail, "%s cannot be made: %s", path, strerror(errno));
		return ERR_IO;
	}
	snprintf(path, sizeof(path), "%s/migrations/%04lld-%.*s.%s.sql", folder, (long long)number,
	    STR_ARGS(name), migration_engine_word(plan->dialect));
	buf_init(&text, FILE_SIZE_MAX);
	migration_file_write(plan, number, name, &text);
	good = text.err == OK && write_whole(path, buf_str(&text));
	buf_release(&text);
	if (!good) {
		buf_addf(ret_detail, "%s cannot be written: %s", path, strerror(errno));
		return ERR_IO;
	}
	buf_add_c(ret_path, strncmp(path, "./", 2) == 0 ? path + 2 : path);
	return OK;
}
