#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/read_internal.h"
#include "app/shape.h"
#include "app/words.h"
#include "base/buf.h"
#include "base/memory.h"

enum { SCRATCH_SIZE_MAX = 128 << 20 };

static void note_yaml(void *arg, struct yaml_position at, const char *detail);
static void read_app(struct reader *reader, const struct yaml *root);
static void read_name(struct reader *reader, const struct yaml *node);
static void read_api(struct reader *reader, const struct yaml *node);
static void read_database(struct reader *reader, const struct yaml *node);
static void read_collections(struct reader *reader, const struct yaml *node);

struct app *
app_read(struct str text, struct app_mistakes *mistakes)
{
	size_t mistakes_before = mistakes->count;
	struct app *app = app_read_partly(text, mistakes);

	if (mistakes->count == mistakes_before)
		return app;
	app_free(app);
	return NULL;
}

struct app *
app_read_partly(struct str text, struct app_mistakes *mistakes)
{
	struct reader reader = { .app = memory_new(sizeof(struct app)), .mistakes = mistakes };
	size_t mistakes_before = mistakes->count;
	const struct app_position top = { 1, 1 };
	const struct yaml *root = NULL;
	struct arena scratch;

	arena_init(&reader.app->arena, SIZE_MAX);
	arena_init(&scratch, SCRATCH_SIZE_MAX);
	if (text.size > APP_FILE_SIZE_MAX)
		app_mistake(mistakes, top, "the file is larger than %d bytes", APP_FILE_SIZE_MAX);
	else
		root = yaml_parse(&scratch, text, note_yaml, mistakes);
	if (root != NULL) {
		read_app(&reader, root);
		check_app(&reader);
	} else if (mistakes->count == mistakes_before) {
		app_mistake(mistakes, top, "the file is empty; it begins with 'app: NAME'");
	}
	arena_release(&scratch);
	if (mistakes->count == mistakes_before)
		shape_write(reader.app);
	return reader.app;
}

void
app_free(struct app *app)
{
	if (app == NULL)
		return;
	arena_release(&app->arena);
	free(app);
}

static void
note_yaml(void *arg, struct yaml_position at, const char *detail)
{
	app_mistake(arg, (struct app_position){ at.line, at.column }, "%s", detail);
}

static void
read_app(struct reader *reader, const struct yaml *root)
{
	const struct yaml *values[APP_KEYS];

	if (!read_keys(reader, root, "a mapping that begins with 'app: NAME'", app_keys, APP_KEYS,
		position_of(root), values))
		return;
	read_name(reader, values[KEY_APP]);
	read_api(reader, values[KEY_API]);
	read_database(reader, values[KEY_DATABASE]);
	if (values[KEY_COLLECTIONS] != NULL)
		read_collections(reader, values[KEY_COLLECTIONS]);
}

static void
read_name(struct reader *reader, const struct yaml *node)
{
	struct str name;

	if (node == NULL || !read_word(reader, node, "the app's name", &name))
		return;
	if (!name_is_well_formed(name))
		app_mistake(reader->mistakes, position_of(node), "'%.*s' %s",
		    STR_ARGS(excerpt(name)), name_refusal(name, false));
	reader->app->name = keep_str(reader, name);
}

static bool
is_segment(struct str segment)
{
	if (segment.size == 0 || str_is(segment, ".") || str_is(segment, ".."))
		return false;
	for (size_t i = 0; i < segment.size; i++) {
		char c = segment.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~'))
			return false;
	}
	return true;
}

static bool
is_prefix(struct str prefix)
{
	struct str rest, segment;

	if (!str_starts_with(prefix, STR("/")))
		return false;
	rest = str_slice(prefix, 1, prefix.size);
	while (str_split(&rest, '/', &segment))
		if (!is_segment(segment))
			return false;
	return true;
}

/* The server's own routes stand outside of the prefix. */
static bool
is_taken(struct str prefix)
{
	static const char *const taken[] = { "health", "docs", "openapi.json", "problems" };
	struct str rest = str_slice(prefix, 1, prefix.size), first;

	str_split(&rest, '/', &first);
	for (size_t i = 0; i < COUNT(taken); i++)
		if (str_is(first, taken[i]))
			return true;
	return false;
}

static void
read_prefix(struct reader *reader, const struct yaml *node)
{
	struct str prefix;

	if (!read_word(reader, node, "a path like /v1", &prefix))
		return;
	if (!is_prefix(prefix))
		note_expected(reader, node, "a path like /v1, without a slash at its end");
	else if (is_taken(prefix))
		app_mistake(reader->mistakes, position_of(node),
		    "'%.*s' is taken by the server itself", STR_ARGS(excerpt(prefix)));
	else
		reader->app->prefix = keep_str(reader, prefix);
}

static void
read_api(struct reader *reader, const struct yaml *node)
{
	const struct yaml *values[API_KEYS];

	reader->app->prefix = STR("/v1");
	if (node != NULL &&
	    read_keys(reader, node, "a mapping like { prefix: /v1 }", api_keys, API_KEYS,
		position_of(node), values) &&
	    values[KEY_PREFIX] != NULL)
		read_prefix(reader, values[KEY_PREFIX]);
}

static bool
has_scheme(struct str database, struct str scheme)
{
	return str_starts_with(database, scheme) && database.size > scheme.size;
}

/*
 * In a folder, which will hold its log and its backups, too, and which is not one of the app's own.
 * sqlite://x.db, as with URLs, would be a file of the root folder, and ?mode=… a part of its name.
 */
static bool
is_file_in_folder(struct str path)
{
	struct str part = { 0 };
	size_t parts = 0;

	if (path.size > 0 && path.data[0] == '/')
		path = str_slice(path, 1, path.size);
	else if (str_starts_with(path, STR("public/")) || str_starts_with(path, STR("seed/")))
		return false;
	for (; str_split(&path, '/', &part); parts++)
		if (part.size == 0 || str_is(part, ".") || str_is(part, "..") ||
		    str_find_byte(part, '?') < part.size)
			return false;
	return parts > 1;
}

bool
app_database_is_valid(struct str database)
{
	if (has_scheme(database, STR("sqlite:")))
		return is_file_in_folder(str_slice(database, strlen("sqlite:"), database.size));
	return has_scheme(database, STR("postgres://")) || has_scheme(database, STR("postgresql://"));
}

static void
read_database(struct reader *reader, const struct yaml *node)
{
	static const char expected[] = "sqlite:FOLDER/FILE or postgres://USER@HOST/NAME";
	struct app *app = reader->app;
	struct buf path;

	if (node == NULL) {
		buf_init(&path, 256);
		buf_addf(&path, "sqlite:data/%.*s.db", STR_ARGS(app->name));
		app->database = keep_str(reader, buf_str(&path));
		buf_release(&path);
	} else if (read_word(reader, node, expected, &app->database)) {
		if (!app_database_is_valid(app->database))
			note_expected(reader, node, expected);
		app->database = keep_str(reader, app->database);
	}
}

static enum field_type
read_id_type(struct reader *reader, const struct yaml *node)
{
	for (const struct yaml *value = node->first; value != NULL; value = value->next) {
		if (!str_is(value->key->text, "id"))
			continue;
		if (value->type == YAML_SCALAR && str_is(value->text, "int"))
			return FIELD_INT;
		note_expected(reader, value, "int (without 'id' ids are UUIDs)");
	}
	return FIELD_ID;
}

/* Names first, so that references may point forward. */
static void
declare_collection(struct reader *reader, const struct yaml *node)
{
	struct app *app = reader->app;
	unsigned index = (unsigned)app->collections_count++;
	struct collection *collection = &app->collections[index];
	const char *refusal = name_refusal(node->key->text, true);

	if (refusal != NULL)
		app_mistake(reader->mistakes, position_of(node->key), "'%.*s' %s",
		    STR_ARGS(excerpt(node->key->text)), refusal);
	collection->name = keep_str(reader, node->key->text);
	collection->index = index;
	collection->at = position_of(node->key);
	collection->id_type = FIELD_ID;
	if (read_mapping(reader, node, "a collection: a mapping with 'fields'")) {
		reader->collections[index] = node;
		collection->id_type = read_id_type(reader, node);
	}
}

static void
read_collections(struct reader *reader, const struct yaml *node)
{
	struct app *app = reader->app;

	if (!read_mapping(reader, node, "a mapping of collections by name"))
		return;
	if (node->count > APP_COLLECTIONS_MAX) {
		app_mistake(reader->mistakes, position_of(node),
		    "%zu collections; at most %d are possible", node->count, APP_COLLECTIONS_MAX);
		return;
	}
	app->collections = keep(reader, node->count, sizeof(app->collections[0]));
	for (const struct yaml *value = node->first; value != NULL; value = value->next)
		declare_collection(reader, value);
	for (size_t i = 0; i < app->collections_count; i++)
		if (reader->collections[i] != NULL)
			read_collection(reader, &app->collections[i], reader->collections[i]);
}
