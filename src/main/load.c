/* The app of the current folder, and its store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "crypto/hash.h"
#include "main/command.h"
#include "os/file.h"
#include "store/meta.h"

enum { RULES_ARENA_SIZE_MAX = 64 << 20 };

static bool
read_app_file(struct buf *text, struct buf *detail)
{
	enum err err;

	buf_init(text, APP_FILE_SIZE_MAX + 64 * 1024);
	err = file_read("caisson.yaml", text);
	if (err == ERR_NOT_FOUND)
		buf_add_c(detail, "there is no caisson.yaml here; name the app folder, or use -C DIR");
	else if (err != OK)
		buf_addf(detail, "caisson.yaml cannot be read: %s", strerror(errno));
	return err == OK;
}

bool
read_app(struct loaded_app *ret, struct app_mistakes *mistakes, struct buf *detail)
{
	struct buf text;
	bool loaded = false;

	*ret = (struct loaded_app){ 0 };
	if (read_app_file(&text, detail)) {
		arena_init(&ret->rules_arena, RULES_ARENA_SIZE_MAX);
		ret->app = app_read_partly(buf_str(&text), mistakes);
		loaded = rules_compile_app(&ret->rules_arena, ret->app, &ret->rules, mistakes) &&
			 mistakes->count == 0;
		if (!loaded)
			unload_app(ret);
	}
	buf_release(&text);
	return loaded;
}

void
tell_mistakes(const struct command *command, const struct app_mistakes *mistakes, struct str detail)
{
	app_mistakes_print(mistakes, stderr, "caisson.yaml");
	if (detail.size > 0)
		command_complain(command, "%.*s", STR_ARGS(detail));
}

bool
load_app(const struct command *command, struct loaded_app *ret)
{
	struct app_mistakes mistakes;
	struct buf detail;
	bool loaded;

	app_mistakes_init(&mistakes);
	buf_init(&detail, 4096);
	loaded = read_app(ret, &mistakes, &detail);
	tell_mistakes(command, &mistakes, buf_str(&detail));
	app_mistakes_release(&mistakes);
	buf_release(&detail);
	return loaded;
}

void
unload_app(struct loaded_app *loaded)
{
	arena_release(&loaded->rules_arena);
	app_free(loaded->app);
	loaded->app = NULL;
}

struct str
database_of(const struct app *app, const char *option)
{
	const char *environment = getenv("CAISSON_DATABASE");

	if (option != NULL)
		return str_from(option);
	if (environment != NULL && environment[0] != '\0')
		return str_from(environment);
	return app->database;
}

bool
database_is_valid(const struct command *command, const char *option)
{
	const char *environment = getenv("CAISSON_DATABASE");
	const char *said = option != NULL ? option : environment != NULL ? environment : "";

	if (said[0] == '\0' || app_database_is_valid(str_from(said)))
		return true;
	command_complain(command, "%s %s: expected sqlite:FOLDER/FILE or postgres://USER@HOST/NAME",
	    option != NULL ? "--database" : "CAISSON_DATABASE", said);
	return false;
}

bool
open_store(const struct command *command, const struct app *app, struct str database, struct store **ret)
{
	struct store_options options = { .app = app, .folder = ".", .database = database };
	struct buf detail;
	enum err err;

	buf_init(&detail, 64 * 1024);
	err = store_open(&options, ret, &detail);
	if (err != OK)
		command_complain(command, "%.*s", STR_ARGS(buf_str(&detail)));
	buf_release(&detail);
	return err == OK;
}

/* --- what the database remembers ------------------------------------- */

struct meta {
	const char *key;
	char value[SECRET_HEX_SIZE]; /* cut off */
	size_t size; /* 0: there is none */
};

static enum err
read_meta(struct tx *tx, void *arg)
{
	struct meta *meta = arg;
	struct str value;
	enum err err = meta_read(tx, meta->key, &value);

	meta->size = value.size < sizeof(meta->value) ? value.size : sizeof(meta->value);
	if (meta->size > 0)
		memcpy(meta->value, value.data, meta->size);
	return err;
}

bool
store_shape_since(struct store *store, int64_t *ret)
{
	struct meta meta = { .key = "shape_since" };
	struct store_call read = { .body = read_meta, .arg = &meta };

	*ret = 0;
	return store_read_blocking(store, &read) == OK &&
	       (meta.size == 0 || str_to_int((struct str){ meta.value, meta.size }, ret));
}

/* --- the secret ------------------------------------------------------ */

static enum err
make_secret(struct tx *tx, void *arg)
{
	uint8_t secret[SHA256_SIZE];
	char hex[SECRET_HEX_SIZE];

	(void)arg;
	random_bytes(secret, sizeof(secret));
	sha256_hex((struct str){ (const char *)secret, sizeof(secret) }, hex);
	return meta_add(tx, "secret", (struct str){ hex, sizeof(hex) });
}

bool
store_secret(struct store *store, char ret_hex[SECRET_HEX_SIZE])
{
	struct meta secret = { .key = "secret" };
	struct store_call read = { .body = read_meta, .arg = &secret };
	struct store_call make = { .body = make_secret };

	if (store_read_blocking(store, &read) != OK)
		return false;
	/* Another node may have been quicker; then its secret stands. */
	if (secret.size == 0 && (store_write_blocking(store, &make) != OK || store_read_blocking(store, &read) != OK))
		return false;
	memcpy(ret_hex, secret.value, SECRET_HEX_SIZE);
	return secret.size == SECRET_HEX_SIZE;
}
