/* seed/COLLECTION.ndjson: a record a line, loaded once, through the body that every create runs. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "main/command.h"
#include "os/file.h"
#include "records/records.h"
#include "store/meta.h"

enum { CHUNK_RECORDS = 200, SEED_SIZE_MAX = 1 << 30, CHUNK_ARENA_SIZE_MAX = 256 << 20 };

struct seeding {
	const struct command *command;
	const struct loaded_app *loaded;
	struct store *store;
	struct rules all_allowed; /* whoever wrote the seed files wrote the rules too */
	struct arena arena;
};

/* Nobody in particular, but not a guest: what is wrong is a mistake of the file, not a missing credential. */
static const struct identity identity_seed = { .caller = { .signed_in = true }, .principal = { "seed", 4 } };

/* --- marks in the database: a seeding that was cut off begins anew ----- */

static enum err
is_marked(struct tx *tx, void *arg)
{
	struct str mark;
	enum err err = meta_read(tx, "seeding", &mark);

	*(bool *)arg = mark.size > 0;
	return err;
}

static enum err
set_mark(struct tx *tx, void *arg)
{
	(void)arg;
	return meta_write(tx, "seeding", STR("1"));
}

static enum err
clear_mark(struct tx *tx, void *arg)
{
	(void)arg;
	return meta_write(tx, "seeding", STR(""));
}

struct clearing {
	const struct collection *collection;
	int64_t deleted;
};

static enum err
delete_some(struct tx *tx, void *arg)
{
	struct clearing *clearing = arg;
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "DELETE FROM %n WHERE \"id\" IN (SELECT \"id\" FROM %n LIMIT 200)",
	    clearing->collection->name, clearing->collection->name);
	err = tx_exec(tx, &sql, &clearing->deleted);
	sql_release(&sql);
	return err;
}

/* --- order: a collection after those that it refers to ---------------- */

static bool
refers_to_later(const struct collection *collection, const bool *done)
{
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *column = &collection->columns[i];

		if (column->to != NULL && column->to != collection && !done[column->to->index])
			return true;
	}
	return false;
}

/* Collections that refer to each other in a circle come in the file's order. */
static void
order_collections(const struct app *app, const struct collection **ret)
{
	bool done[APP_COLLECTIONS_MAX] = { 0 };
	size_t count = 0;

	while (count < app->collections_count) {
		const struct collection *next = NULL;

		for (size_t i = 0; i < app->collections_count && next == NULL; i++)
			if (!done[i] && !refers_to_later(&app->collections[i], done))
				next = &app->collections[i];
		for (size_t i = 0; i < app->collections_count && next == NULL; i++)
			if (!done[i])
				next = &app->collections[i];
		done[next->index] = true;
		ret[count++] = next;
	}
}

/* --- loading --------------------------------------------------------- */

struct chunk {
	struct record_write write;
	struct record_input inputs[CHUNK_RECORDS];
	size_t lines[CHUNK_RECORDS]; /* of the file, from 1 */
};

/* A record's pointer is "LINE:#", so that every mistake finds its way back to its line. */
static struct str
line_pointer(struct seeding *seeding, size_t line)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu:#", line);
	return arena_str(&seeding->arena, str_from(text));
}

static void
complain_of_fields(const struct collection *collection, const struct field_errors *errors)
{
	for (const struct field_error *error = errors->first; error != NULL; error = error->next) {
		struct str place = error->pointer, line;

		(void)str_split(&place, ':', &line);
		fprintf(stderr, "seed/%.*s.ndjson:%.*s: error: %.*s: %.*s\n", STR_ARGS(collection->name),
		    STR_ARGS(line), STR_ARGS(place), STR_ARGS(error->detail));
	}
}

static bool
add_line(struct seeding *seeding, struct chunk *chunk, struct str text, size_t line)
{
	const struct collection *collection = chunk->write.collection;
	struct field_errors errors = { 0 };
	struct json_error error;
	struct json json;
	enum err err = json_parse(&seeding->arena, text, &json, &error);

	if (err == ERR_BAD_JSON)
		fprintf(stderr, "seed/%.*s.ndjson:%zu:%u: error: %s\n", STR_ARGS(collection->name), line,
		    error.offset + 1, error.detail);
	if (err == OK)
		err = record_input_read(&seeding->arena, collection, NULL, &json, line_pointer(seeding, line),
		    INPUT_SEED, &chunk->inputs[chunk->write.inputs_count], &errors);
	complain_of_fields(collection, &errors);
	if (err != OK || errors.count > 0)
		return false;
	chunk->lines[chunk->write.inputs_count++] = line;
	return true;
}

static bool
write_chunk(struct seeding *seeding, struct chunk *chunk)
{
	struct store_call call = { .body = record_write, .arg = &chunk->write, .actor = STR("seed") };
	enum err err = OK;

	if (chunk->write.inputs_count > 0)
		err = store_write_blocking(seeding->store, &call);
	if (err != OK && chunk->write.errors.count > 0)
		complain_of_fields(chunk->write.collection, &chunk->write.errors);
	else if (err != OK)
		command_complain(seeding->command, "seed/%.*s.ndjson, lines %zu to %zu: %s",
		    STR_ARGS(chunk->write.collection->name), chunk->lines[0],
		    chunk->lines[chunk->write.inputs_count - 1], err_row(err)->title);
	chunk->write.inputs_count = 0;
	arena_reset(&seeding->arena);
	return err == OK;
}

static bool
load_lines(struct seeding *seeding, const struct collection *collection, struct str text)
{
	struct chunk chunk = { .write = { .op = RECORD_CREATE, .rules = &seeding->all_allowed,
				   .collection = collection, .identity = &identity_seed,
				   .arena = &seeding->arena } };
	struct str line;
	bool fine = true;
	size_t number = 0;

	chunk.write.inputs = chunk.inputs;
	while (fine && str_split(&text, '\n', &line)) {
		number++;
		if (str_trim(line).size == 0)
			continue;
		fine = add_line(seeding, &chunk, line, number);
		if (fine && chunk.write.inputs_count == CHUNK_RECORDS)
			fine = write_chunk(seeding, &chunk);
	}
	return fine && write_chunk(seeding, &chunk);
}

static bool
load_collection(struct seeding *seeding, const struct collection *collection)
{
	char path[128];
	struct buf text;
	bool fine = true;
	enum err err;

	snprintf(path, sizeof(path), "seed/%.*s.ndjson", STR_ARGS(collection->name));
	buf_init(&text, SEED_SIZE_MAX);
	err = file_read(path, &text);
	if (err == OK)
		fine = load_lines(seeding, collection, buf_str(&text));
	else if (err != ERR_NOT_FOUND) {
		command_complain(seeding->command, "%s cannot be read: %s", path, strerror(errno));
		fine = false;
	}
	buf_release(&text);
	return fine;
}

/* A file that no collection is named for would be passed over, once and for all. */
static bool
check_names(struct seeding *seeding)
{
	static const char ending[] = ".ndjson";
	DIR *folder = opendir("seed");
	struct dirent *entry;
	bool fine = true;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		size_t size = strlen(entry->d_name), stem = size - (sizeof(ending) - 1);

		if (entry->d_name[0] == '.')
			continue;
		if (size > sizeof(ending) - 1 && strcmp(entry->d_name + stem, ending) == 0 &&
		    app_collection(seeding->loaded->app, (struct str){ entry->d_name, stem }) != NULL)
			continue;
		command_complain(seeding->command,
		    "seed/%s: no collection has this name; a seed file is seed/COLLECTION.ndjson", entry->d_name);
		fine = false;
	}
	if (folder != NULL)
		closedir(folder);
	return fine;
}

static bool
run_call(struct seeding *seeding, store_body *body, void *arg)
{
	struct store_call call = { .body = body, .arg = arg, .actor = STR("seed") };

	return store_write_blocking(seeding->store, &call) == OK;
}

/* What a seeding that was cut off has left, the referring collections first. */
static bool
clear(struct seeding *seeding, const struct collection *const *order)
{
	for (size_t i = seeding->loaded->app->collections_count; i-- > 0;) {
		struct clearing clearing = { .collection = order[i] };

		do
			if (!run_call(seeding, delete_some, &clearing))
				return false;
		while (clearing.deleted > 0);
	}
	return true;
}

static bool
load_all(struct seeding *seeding, bool begin_anew)
{
	const struct collection *order[APP_COLLECTIONS_MAX];
	const struct app *app = seeding->loaded->app;
	bool fine;

	order_collections(app, order);
	fine = begin_anew ? clear(seeding, order) : run_call(seeding, set_mark, NULL);
	for (size_t i = 0; i < app->collections_count && fine; i++)
		fine = load_collection(seeding, order[i]);
	return fine && run_call(seeding, clear_mark, NULL);
}

bool
load_seeds(const struct command *command, const struct loaded_app *loaded, struct store *store)
{
	struct seeding seeding = { .command = command, .loaded = loaded, .store = store };
	struct arena rules_arena;
	bool cut_off = false, fine;
	struct store_call ask = { .body = is_marked, .arg = &cut_off };

	if (store_read_blocking(store, &ask) != OK)
		return false;
	if (!store_is_new(store) && !cut_off)
		return true;
	arena_init(&rules_arena, 16 << 20);
	arena_init(&seeding.arena, CHUNK_ARENA_SIZE_MAX);
	fine = check_names(&seeding) && rules_allow_all(&rules_arena, loaded->app, &seeding.all_allowed) && load_all(&seeding, cut_off);
	arena_release(&seeding.arena);
	arena_release(&rules_arena);
	return fine;
}
