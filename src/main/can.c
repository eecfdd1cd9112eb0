/*
 * caisson can USER ACTION RECORD: what the rules say, and why; through the running server, or on
 * the database itself.
 */
#include <stdio.h>
#include <string.h>

#include "codec/json.h"
#include "loop/loop.h"
#include "main/can.h"
#include "main/command.h"
#include "main/control.h"
#include "records/records.h"

enum { ROLES_MAX = 64, MESSAGE_SIZE_MAX = 16 << 20 };

static const char *const actions[ACCESS_COUNT] = {
	[ACCESS_READ] = "read",
	[ACCESS_CREATE] = "create",
	[ACCESS_UPDATE] = "update",
	[ACCESS_DELETE] = "delete",
};

/* --- the answer, on a store --------------------------------------------- */

struct answering {
	struct store *store;
	struct arena arena;
	struct identity identity;
	struct record_ask ask;
	struct record_input input;
	char error[512]; /* what is wrong with the question */
};

static struct str
member_text(const struct json *json, const char *name)
{
	const struct json *member = json_member(json, name);

	return member != NULL && member->type == JSON_STRING ? member->string : (struct str){ 0 };
}

static bool
read_caller(struct answering *answering, const struct json *question)
{
	const struct json *roles = json_member(question, "roles");
	size_t count = roles == NULL ? 0 : roles->count;
	struct str *names = arena_array(&answering->arena, count + 1, sizeof(*names));
	struct rule_caller *caller = &answering->identity.caller;

	if (names == NULL)
		return false;
	answering->identity = identity_guest;
	for (size_t i = 0; i < count; i++)
		names[i] = roles->items[i].string;
	caller->id = member_text(question, "user");
	caller->roles = names;
	caller->roles_count = count;
	caller->signed_in = caller->id.data != NULL || count > 0;
	caller->now_us = clock_now_us();
	return true;
}

static bool
complain(struct answering *answering, const char *what, struct str shown)
{
	snprintf(answering->error, sizeof(answering->error), "%s '%.*s'", what, STR_ARGS(shown));
	return false;
}

/* "questions/ID", or "questions" for a create. */
static bool
read_record(struct answering *answering, const struct rules *rules, const struct json *question)
{
	struct record_ask *ask = &answering->ask;
	struct str record = member_text(question, "record"), action = member_text(question, "action");
	size_t slash = str_find_byte(record, '/');
	struct str name = str_slice(record, 0, slash);
	struct str id = slash < record.size ? str_slice(record, slash + 1, record.size) : (struct str){ 0 };

	ask->access = ACCESS_READ;
	while (ask->access < ACCESS_COUNT && !str_is(action, actions[ask->access]))
		ask->access++;
	if (ask->access == ACCESS_COUNT)
		return complain(answering, "expected read, create, update or delete, not", action);
	ask->collection = app_collection(rules->app, name);
	if (ask->collection == NULL)
		return complain(answering, "there is no collection", name);
	if (ask->access == ACCESS_CREATE)
		return id.size == 0 || complain(answering, "a create names only the collection, not", record);
	return record_id_parse(ask->collection, id, &ask->id) ||
	       complain(answering, "expected COLLECTION/ID, not", record);
}

static enum err
read_body(struct answering *answering, const struct json *question)
{
	static const struct json nothing = { .type = JSON_OBJECT };
	const struct json *body = json_member(question, "body");
	struct record_ask *ask = &answering->ask;
	enum err err;

	if (body == NULL && ask->access != ACCESS_CREATE)
		return OK;
	err = record_input_read(&answering->arena, ask->collection, NULL, body == NULL ? &nothing : body, STR("#"),
	    ask->access == ACCESS_CREATE ? INPUT_CREATE : INPUT_CHANGE, &answering->input, &ask->errors);
	ask->input = &answering->input;
	return err == OK && ask->errors.count > 0 ? ERR_INVALID : err;
}

static enum err
answer(struct answering *answering, const struct rules *rules, const struct json *question)
{
	struct store_call call = { .body = record_ask, .arg = &answering->ask };
	enum err err;

	if (!read_caller(answering, question))
		return ERR_TOO_LARGE;
	answering->ask.rules = rules;
	answering->ask.identity = &answering->identity;
	answering->ask.arena = &answering->arena;
	if (!read_record(answering, rules, question))
		return ERR_BAD_REQUEST;
	err = read_body(answering, question);
	return err == OK ? store_read_blocking(answering->store, &call) : err;
}

static void
write_part(struct json_writer *writer, const struct rule_part *part)
{
	json_begin_object(writer);
	json_name(writer, STR("text"));
	json_string(writer, part->text);
	json_name(writer, STR("gave"));
	json_bool(writer, part->gave);
	json_name(writer, STR("decided"));
	json_bool(writer, part->decided);
	json_name(writer, STR("parts"));
	json_begin_array(writer);
	for (const struct rule_part *child = part->first; child != NULL; child = child->next)
		write_part(writer, child);
	json_end_array(writer);
	json_end_object(writer);
}

static void
write_answer(struct json_writer *writer, const struct record_ask *ask)
{
	json_name(writer, STR("output"));
	json_begin_object(writer);
	json_name(writer, STR("allowed"));
	json_bool(writer, ask->allowed);
	json_name(writer, STR("rules"));
	json_begin_array(writer);
	for (size_t i = 0; i < ask->rules_asked_count; i++) {
		json_begin_object(writer);
		json_name(writer, STR("access"));
		json_string(writer, str_from(actions[ask->rules_asked[i].access]));
		json_name(writer, STR("rule"));
		write_part(writer, ask->rules_asked[i].whole);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
}

static void
write_error(struct json_writer *writer, struct answering *answering, enum err err)
{
	const struct field_error *first = answering->ask.errors.first;

	if (err == ERR_NOT_FOUND)
		snprintf(answering->error, sizeof(answering->error), "there is no such record");
	else if (first != NULL)
		snprintf(answering->error, sizeof(answering->error), "the body: %.*s: %.*s",
		    STR_ARGS(first->pointer), STR_ARGS(first->detail));
	json_name(writer, STR("error"));
	json_string(writer, answering->error[0] != '\0' ? str_from(answering->error) : str_from(err_row(err)->title));
}

void
can_request_run(struct store *store, const struct rules *rules, struct str text, struct buf *ret)
{
	struct answering answering = { .store = store };
	struct json_writer writer;
	struct json_error error;
	struct json question;
	enum err err;

	arena_init(&answering.arena, MESSAGE_SIZE_MAX);
	json_writer_init(&writer, ret);
	err = json_parse(&answering.arena, text, &question, &error);
	if (err == OK)
		err = answer(&answering, rules, &question);
	json_begin_object(&writer);
	if (err == OK)
		write_answer(&writer, &answering.ask);
	else
		write_error(&writer, &answering, err);
	json_end_object(&writer);
	arena_release(&answering.arena);
}

/* --- asking ---------------------------------------------------------------- */

struct can {
	const struct command *command;
	const char *database, *body;
	struct str roles[ROLES_MAX];
	size_t roles_count;
	bool why, as_json;
	const char *user, *action, *record;
	struct arena arena;
	struct buf question, answer, input;
};

static bool
read_options(struct can *can, int argc, char **argv)
{
	struct arguments arguments;

	if (!arguments_read(can->command, argc, argv, &arguments))
		return false;
	if (arguments.words_count != 3) {
		command_complain(can->command, "say who, what, and which record");
		return false;
	}
	for (unsigned i = 0; i < arguments.given_count; i++) {
		const struct given *given = &arguments.given[i];

		if (strcmp(given->option->name, "role") != 0 || given->value[0] == '\0')
			continue;
		if (can->roles_count == ROLES_MAX) {
			command_complain(can->command, "more than %d roles", ROLES_MAX);
			return false;
		}
		can->roles[can->roles_count++] = str_from(given->value);
	}
	can->body = argument_value(&arguments, "body");
	can->database = argument_value(&arguments, "database");
	can->why = argument_given(&arguments, "why");
	can->as_json = argument_given(&arguments, "json");
	can->user = arguments.words[0];
	can->action = arguments.words[1];
	can->record = arguments.words[2];
	return database_is_valid(can->command, can->database);
}

/* The body of --body, which may stand on standard input; true where there is none. */
static bool
write_body(struct can *can, struct json_writer *writer)
{
	struct str text = can->body == NULL ? (struct str){ 0 } : str_from(can->body);
	bool reads = can->body != NULL && strcmp(can->body, "-") == 0;
	struct json_error error;
	struct json body;
	char bytes[4096];
	size_t got;

	while (reads && (got = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		buf_add(&can->input, bytes, got);
	if (reads)
		text = buf_str(&can->input);
	if (text.size == 0)
		return true;
	if (json_parse(&can->arena, text, &body, &error) != OK) {
		command_complain(can->command, "the body is not valid JSON: %s", error.detail);
		return false;
	}
	json_name(writer, STR("body"));
	json_tree(writer, &body);
	return true;
}

static bool
write_question(struct can *can)
{
	bool is_nobody = strcmp(can->user, "-") == 0 || strcmp(can->user, "guest") == 0;
	struct json_writer writer;

	json_writer_init(&writer, &can->question);
	json_begin_object(&writer);
	json_name(&writer, STR("command"));
	json_string(&writer, STR("can"));
	if (!is_nobody) {
		json_name(&writer, STR("user"));
		json_string(&writer, str_from(can->user));
	}
	json_name(&writer, STR("roles"));
	json_begin_array(&writer);
	for (size_t i = 0; i < can->roles_count; i++)
		json_string(&writer, can->roles[i]);
	json_end_array(&writer);
	json_name(&writer, STR("action"));
	json_string(&writer, str_from(can->action));
	json_name(&writer, STR("record"));
	json_string(&writer, str_from(can->record));
	if (!write_body(can, &writer))
		return false;
	json_end_object(&writer);
	return true;
}

/* Without a server the command opens the database itself. */
static bool
ask_database(struct can *can)
{
	struct loaded_app loaded;
	struct store *store;
	bool opened;

	if (!load_app(can->command, &loaded))
		return false;
	opened = open_store(can->command, loaded.app, database_of(loaded.app, can->database), &store);
	if (opened) {
		if (load_seeds(can->command, &loaded, store))
			can_request_run(store, &loaded.rules, buf_str(&can->question), &can->answer);
		store_close(store);
	}
	unload_app(&loaded);
	return opened && can->answer.size > 0;
}

static bool
ask(struct can *can)
{
	enum err err;

	if (!write_question(can))
		return false;
	err = control_ask(buf_str(&can->question), &can->answer);
	if (err == ERR_NOT_FOUND)
		return ask_database(can);
	if (err != OK)
		command_complain(can->command, "the running server does not answer on data/control.sock");
	return err == OK;
}

static bool
is_true(const struct json *json, const char *name)
{
	const struct json *member = json_member(json, name);

	return member != NULL && member->type == JSON_BOOL && member->boolean;
}

/* A rule over several lines stays on one. */
static void
print_text(struct str text)
{
	bool was_space = false;

	for (size_t i = 0; i < text.size; i++) {
		bool is_space = memchr(" \t\r\n", text.data[i], 4) != NULL;

		if (!is_space || !was_space)
			putchar(is_space ? ' ' : text.data[i]);
		was_space = is_space;
	}
	putchar('\n');
}

static void
print_part(const struct json *part, int depth)
{
	const struct json *parts = json_member(part, "parts");

	printf("  %c %-5s  %*s", is_true(part, "decided") ? '*' : ' ', is_true(part, "gave") ? "true" : "false",
	    2 * depth, "");
	print_text(member_text(part, "text"));
	for (uint32_t i = 0; parts != NULL && i < parts->count; i++)
		print_part(&parts->items[i], depth + 1);
}

static void
print_why(const struct json *output)
{
	const struct json *rules = json_member(output, "rules");

	for (uint32_t i = 0; rules != NULL && i < rules->count; i++) {
		printf("%.*s rule:\n", STR_ARGS(member_text(&rules->items[i], "access")));
		print_part(json_member(&rules->items[i], "rule"), 0);
	}
}

/* As grep and test have it: 1 is the answer "no". */
enum { EXIT_NOT_ASKED = EXIT_USAGE };

static int
print_answer(struct can *can)
{
	const struct json *output;
	struct json_writer writer;
	struct json_error error;
	struct json json;

	if (json_parse(&can->arena, buf_str(&can->answer), &json, &error) != OK) {
		command_complain(can->command, "the server's answer cannot be understood");
		return EXIT_NOT_ASKED;
	}
	output = json_member(&json, "output");
	if (output == NULL) {
		command_complain(can->command, "%.*s", STR_ARGS(member_text(&json, "error")));
		return EXIT_NOT_ASKED;
	}
	if (can->as_json) {
		buf_clear(&can->input);
		json_writer_init(&writer, &can->input);
		json_tree(&writer, output);
		printf("%.*s\n", STR_ARGS(buf_str(&can->input)));
	} else {
		puts(is_true(output, "allowed") ? "yes" : "no");
		if (can->why)
			print_why(output);
	}
	return is_true(output, "allowed") ? EXIT_DONE : EXIT_FAILED;
}

static int
run_can(const struct command *command, int argc, char **argv)
{
	struct can can = { .command = command };
	int status = EXIT_NOT_ASKED;

	if (!read_options(&can, argc, argv))
		return command_usage(command);
	arena_init(&can.arena, MESSAGE_SIZE_MAX);
	buf_init(&can.question, MESSAGE_SIZE_MAX);
	buf_init(&can.answer, MESSAGE_SIZE_MAX);
	buf_init(&can.input, MESSAGE_SIZE_MAX);
	if (ask(&can))
		status = print_answer(&can);
	buf_release(&can.input);
	buf_release(&can.answer);
	buf_release(&can.question);
	arena_release(&can.arena);
	return status;
}

static const struct command_option can_options[] = {
	{ "role", "NAME", "one of auth.roles; may be given several times" },
	{ "body", "JSON", "what would be written (- reads standard input); for `new.` in rules" },
	{ "why", NULL, "print the rules, their parts, what each gave, and a * where it decided" },
	{ "json", NULL, "the answer with all parts as JSON" },
	{ "database", "URL", "instead of `database:` in caisson.yaml (or set CAISSON_DATABASE)" },
	{ 0 },
};

const struct command can_command = {
	.name = "can",
	.summary = "say whether the rules allow something, and why",
	.usage = "USER ACTION RECORD [--role NAME]... [--why] [--json] [-C DIR]",
	.about = "Say yes (exit status 0) or no (1): may USER do ACTION to RECORD?  Nothing is written.\n"
		 "Where that cannot be asked, the exit status is 2.\n"
		 "USER is what auth.id would be; - or guest is nobody.  ACTION is read, create, update\n"
		 "or delete.  RECORD is COLLECTION/ID, for a create COLLECTION.  Whether the server runs\n"
		 "or not.  Before an update or a delete the read rule is asked too, as the API does.\n",
	.options = can_options,
	.words_max = 3,
	.examples =
	    "caisson can guest read topics/01a19467-e800-7000-8000-000000000002 --why -C examples/handbook\n"
	    "caisson can ann update topics/01a19467-e800-7000-8000-000000000002 --role editor"
	    " --body '{\"title\":\"New\"}' -C examples/handbook\n"
	    "echo '{\"title\":\"Tests\",\"slug\":\"tests\"}' | caisson can ann create topics --role editor"
	    " --body - -C examples/handbook\n",
	.run = run_can,
};
