/* caisson key add|list|revoke: through the running server, or on the database itself. */
#include <stdio.h>
#include <string.h>

#include "auth/keys.h"
#include "codec/json.h"
#include "main/command.h"
#include "main/control.h"
#include "main/key_request.h"

static const char *const key_verbs[] = { "add", "list", "revoke", NULL };

enum { ROLES_MAX = 64, ANSWER_SIZE_MAX = 16 << 20 };

/* --- what is asked, done on a store ---------------------------------- */

struct key_question {
	struct str command, user, id;
	struct str roles[ROLES_MAX];
	size_t roles_count;
};

static struct str
member_text(const struct json *json, const char *name)
{
	const struct json *member = json_member(json, name);

	return member != NULL && member->type == JSON_STRING ? member->string : (struct str){ 0 };
}

static void
read_question(const struct json *json, struct key_question *ret)
{
	const struct json *roles = json_member(json, "roles");

	*ret = (struct key_question){ .command = member_text(json, "command"),
		.user = member_text(json, "user"), .id = member_text(json, "id") };
	for (uint32_t i = 0; roles != NULL && i < roles->count && i < ROLES_MAX; i++)
		ret->roles[ret->roles_count++] = roles->items[i].string;
}

static enum err
add_key(struct store *store, const struct key_question *question, struct buf *output)
{
	struct key_add add = { .user = question->user, .roles = question->roles,
		.roles_count = question->roles_count };
	struct store_call call = { .body = key_add, .arg = &add };
	enum err err = store_write_blocking(store, &call);

	if (err == OK)
		buf_add_c(output, add.text);
	return err;
}

static enum err
revoke_key(struct store *store, const struct key_question *question)
{
	struct key_revoke revoke = { .id = question->id };
	struct store_call call = { .body = key_revoke, .arg = &revoke };

	return store_write_blocking(store, &call);
}

static enum err
list_keys(struct store *store, struct buf *output)
{
	struct key_list list = { .json = output };
	struct store_call call = { .body = key_list, .arg = &list };

	return store_read_blocking(store, &call);
}

static enum err
run_question(struct store *store, const struct key_question *question, struct buf *output)
{
	enum err err = ERR_BAD_REQUEST;

	if (str_is(question->command, "key add"))
		err = add_key(store, question, output);
	else if (str_is(question->command, "key revoke"))
		err = revoke_key(store, question);
	else if (str_is(question->command, "key list"))
		return list_keys(store, output);
	keys_changed();
	return err;
}

void
key_request_run(struct store *store, struct str text, struct buf *answer)
{
	struct key_question question;
	struct json_writer writer;
	struct json_error error;
	struct arena arena;
	struct buf output;
	struct json json;
	enum err err;

	arena_init(&arena, ANSWER_SIZE_MAX);
	buf_init(&output, ANSWER_SIZE_MAX);
	json_writer_init(&writer, answer);
	err = json_parse(&arena, text, &json, &error);
	if (err == OK) {
		read_question(&json, &question);
		err = run_question(store, &question, &output);
	}
	json_begin_object(&writer);
	json_name(&writer, err == OK ? STR("output") : STR("error"));
	json_string(&writer, err == OK		? buf_str(&output) :
			     err == ERR_NOT_FOUND ? STR("no key with this id can be revoked: see `caisson key list`") :
						    str_from(err_row(err)->title));
	json_end_object(&writer);
	buf_release(&output);
	arena_release(&arena);
}

/* --- asking ---------------------------------------------------------- */

static void
write_question(struct buf *text, const struct key_question *question)
{
	struct json_writer writer;

	json_writer_init(&writer, text);
	json_begin_object(&writer);
	json_name(&writer, STR("command"));
	json_string(&writer, question->command);
	if (question->user.data != NULL) {
		json_name(&writer, STR("user"));
		json_string(&writer, question->user);
	}
	if (question->id.data != NULL) {
		json_name(&writer, STR("id"));
		json_string(&writer, question->id);
	}
	json_name(&writer, STR("roles"));
	json_begin_array(&writer);
	for (size_t i = 0; i < question->roles_count; i++)
		json_string(&writer, question->roles[i]);
	json_end_array(&writer);
	json_end_object(&writer);
}

/* Without a server the command opens the database itself. */
static bool
ask_database(const struct command *command, const char *database, struct str question, struct buf *answer)
{
	struct loaded_app loaded;
	struct store *store;
	bool opened;

	if (!load_app(command, &loaded))
		return false;
	opened = open_store(command, loaded.app, database_of(loaded.app, database), &store);
	if (opened) {
		if (load_seeds(command, &loaded, store))
			key_request_run(store, question, answer);
		store_close(store);
	}
	unload_app(&loaded);
	return opened && answer->size > 0;
}

static bool
ask(const struct command *command, const char *database, const struct key_question *question,
    struct buf *answer)
{
	struct buf text;
	bool asked;
	enum err err;

	buf_init(&text, ANSWER_SIZE_MAX);
	write_question(&text, question);
	err = control_ask(buf_str(&text), answer);
	asked = err == OK;
	if (err == ERR_NOT_FOUND)
		asked = ask_database(command, database, buf_str(&text), answer);
	else if (err != OK)
		command_complain(command, "the running server does not answer on data/control.sock");
	buf_release(&text);
	return asked;
}

static void
print_list(struct arena *arena, struct str text)
{
	struct json_error error;
	struct json keys;

	if (json_parse(arena, text, &keys, &error) != OK)
		return;
	for (uint32_t i = 0; i < keys.count; i++) {
		const struct json *key = &keys.items[i], *roles = json_member(key, "roles");
		struct str user = member_text(key, "user"), revoked = member_text(key, "revoked");

		printf("%.*s  created %.*s  user %.*s  roles", STR_ARGS(member_text(key, "id")),
		    STR_ARGS(member_text(key, "created")), user.data == NULL ? 1 : (int)user.size,
		    user.data == NULL ? "-" : user.data);
		for (uint32_t j = 0; roles != NULL && j < roles->count; j++)
			printf(" %.*s", STR_ARGS(roles->items[j].string));
		if (revoked.data != NULL)
			printf("  revoked %.*s", STR_ARGS(revoked));
		putchar('\n');
	}
}

static int
print_answer(const struct command *command, const struct key_question *question, struct str answer, bool as_json)
{
	struct json_error error;
	struct arena arena;
	struct json json;
	struct str output;
	int status = EXIT_FAILED;

	arena_init(&arena, ANSWER_SIZE_MAX);
	if (json_parse(&arena, answer, &json, &error) != OK) {
		command_complain(command, "the server's answer cannot be understood");
	} else if (json_member(&json, "output") == NULL) {
		command_complain(command, "%.*s", STR_ARGS(member_text(&json, "error")));
	} else {
		output = member_text(&json, "output");
		status = EXIT_DONE;
		if (str_is(question->command, "key list") && !as_json)
			print_list(&arena, output);
		else if (output.size > 0)
			printf("%.*s\n", STR_ARGS(output));
	}
	arena_release(&arena);
	return status;
}

static bool
read_options(const struct command *command, const struct arguments *arguments, struct key_question *question)
{
	for (unsigned i = 0; i < arguments->given_count; i++) {
		const struct given *given = &arguments->given[i];
		bool is_user = strcmp(given->option->name, "user") == 0;
		bool is_role = strcmp(given->option->name, "role") == 0;

		if ((is_user || is_role) && given->value[0] == '\0') {
			command_complain(command, "an empty user or role means nobody");
			return false;
		}
		if (is_role && question->roles_count == ROLES_MAX) {
			command_complain(command, "a key has at most %d roles", ROLES_MAX);
			return false;
		}
		if (is_user)
			question->user = str_from(given->value);
		else if (is_role)
			question->roles[question->roles_count++] = str_from(given->value);
	}
	return true;
}

/* Which of add, list, revoke; the words behind it must fit. */
static bool
read_words(const struct command *command, const struct arguments *arguments, struct key_question *question)
{
	static const struct str commands_asked[] = { { "key add", 7 }, { "key list", 8 }, { "key revoke", 10 } };
	const char *verb = arguments->words[0];
	bool is_revoke = strcmp(verb, "revoke") == 0;

	for (size_t i = 0; key_verbs[i] != NULL; i++)
		if (strcmp(verb, key_verbs[i]) == 0)
			question->command = commands_asked[i];
	if (is_revoke && arguments->words_count == 1) {
		command_complain(command, "say which: the id that `caisson key list` shows");
		return false;
	}
	if (!is_revoke && arguments->words_count > 1) {
		command_complain(command, "\"%s\" is one word too many", arguments->words[1]);
		return false;
	}
	if (is_revoke)
		question->id = str_from(arguments->words[1]);
	return true;
}

static int
run_key(const struct command *command, int argc, char **argv)
{
	struct key_question question = { 0 };
	struct arguments arguments;
	struct buf answer;
	int status = EXIT_FAILED;

	if (!arguments_read(command, argc, argv, &arguments) ||
	    !database_is_valid(command, argument_value(&arguments, "database")) ||
	    !read_options(command, &arguments, &question) || !read_words(command, &arguments, &question))
		return command_usage(command);
	buf_init(&answer, ANSWER_SIZE_MAX);
	if (ask(command, argument_value(&arguments, "database"), &question, &answer))
		status = print_answer(command, &question, buf_str(&answer), argument_given(&arguments, "json"));
	buf_release(&answer);
	return status;
}

static const struct command_option key_options[] = {
	{ "user", "ID", "auth.id of requests with this key; without it there is none" },
	{ "role", "NAME", "one of auth.roles; may be given several times" },
	{ "database", "URL", "instead of `database:` in caisson.yaml" },
	{ "json", NULL, "the list as JSON" },
	{ 0 },
};

const struct command key_command = {
	.name = "key",
	.summary = "add, list and revoke API keys",
	.usage = "add [--user ID] [--role NAME]... [-C DIR]\n"
		 "list [--json] [-C DIR]\n"
		 "revoke ID [-C DIR]",
	.about = "Add, list and revoke API keys; whether the server runs or not.\n"
		 "A new key is printed once, alone, on standard output.  It is sent as\n"
		 "  Authorization: Bearer KEY\n",
	.options = key_options,
	.verbs = key_verbs,
	.words_max = 2,
	.examples = "KEY=$(caisson key add --role editor -C examples/handbook)\n"
		    "caisson key add --user 0192d4e0-7b1a-7c3e-9f00-000000000001\n"
		    "caisson key list\n"
		    "caisson key revoke 3f9a1c22b07d\n",
	.run = run_key,
};
