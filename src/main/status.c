#include "main/status.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codec/json.h"
#include "events/live.h"
#include "main/command.h"
#include "main/control.h"
#include "ops/journal.h"

enum { ANSWER_SIZE_MAX = 1 << 20 };

static void
write_text(struct json_writer *writer, const char *name, const char *text)
{
	json_name(writer, str_from(name));
	json_string(writer, str_from(text));
}

static void
write_number(struct json_writer *writer, const char *name, int64_t number)
{
	json_name(writer, str_from(name));
	json_int(writer, number);
}

static int64_t
count_requests(const struct status_source *source)
{
	int64_t count = 0;

	for (unsigned i = 0; i < source->loops_count; i++)
		count += (int64_t)atomic_load_explicit(&source->loops[i].answered, memory_order_relaxed);
	return count;
}

void
status_write(const struct status_source *source, struct buf *answer)
{
	struct store *store = source->server->store;
	enum err health = store_health(store);
	struct json_writer writer;
	char commit[24];

	if (health == OK && atomic_load(&source->server->draining))
		health = ERR_OVERLOADED;
	snprintf(commit, sizeof(commit), "%lld", (long long)store_last_number(store));
	json_writer_init(&writer, answer);
	json_begin_object(&writer);
	json_name(&writer, STR("status"));
	json_begin_object(&writer);
	write_text(&writer, "version", CAISSON_VERSION);
	write_text(&writer, "health", health == OK ? "ready" : err_row(health)->code);
	write_text(&writer, "address", source->address);
	write_number(&writer, "pid", getpid());
	write_number(&writer, "uptime_s", (clock_now_us() - source->started_us) / 1000000);
	write_text(&writer, "database", store_dialect(store) == SQL_POSTGRES ? "postgres" : "sqlite");
	write_text(&writer, "commit", commit);
	write_number(&writer, "connections", (int64_t)atomic_load(&connections_count));
	write_number(&writer, "requests", count_requests(source));
	write_number(&writer, "live_streams", (int64_t)live_streams_count());
	write_number(&writer, "log_dropped", (int64_t)journal_dropped());
	json_end_object(&writer);
	json_end_object(&writer);
}

/* --- asking ----------------------------------------------------------- */

static void
print_status(const struct json *status)
{
	for (uint32_t i = 0; i < status->count; i++) {
		const struct json *value = &status->members[i].value;

		printf("%-13.*s ", STR_ARGS(status->members[i].name));
		if (value->type == JSON_STRING)
			printf("%.*s\n", STR_ARGS(value->string));
		else
			printf("%lld\n", (long long)value->integer);
	}
}

static bool
tell(const struct command *command, struct str answer, bool as_json)
{
	const struct json *status = NULL;
	struct json_error error;
	struct json_writer writer;
	struct arena arena;
	struct json json;
	struct buf text;

	arena_init(&arena, ANSWER_SIZE_MAX);
	buf_init(&text, ANSWER_SIZE_MAX);
	if (json_parse(&arena, answer, &json, &error) == OK)
		status = json_member(&json, "status");
	if (status == NULL || status->type != JSON_OBJECT) {
		command_complain(command, "the server's answer cannot be understood");
	} else if (as_json) {
		json_writer_init(&writer, &text);
		json_tree(&writer, status);
		printf("%.*s\n", STR_ARGS(buf_str(&text)));
	} else {
		print_status(status);
	}
	buf_release(&text);
	arena_release(&arena);
	return status != NULL;
}

static int
run_status(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;
	struct buf answer;
	bool told = false;
	enum err err;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	buf_init(&answer, ANSWER_SIZE_MAX);
	err = control_ask(STATUS_QUESTION, &answer);
	if (err == OK)
		told = tell(command, buf_str(&answer), argument_given(&arguments, "json"));
	else if (err == ERR_NOT_FOUND)
		command_complain(command, "no server serves this folder; `caisson serve` starts one");
	else
		command_complain(command, "the running server does not answer on data/control.sock");
	buf_release(&answer);
	return told ? EXIT_DONE : EXIT_FAILED;
}

static const struct command_option status_options[] = {
	{ "json", NULL, "as JSON" },
	{ 0 },
};

const struct command status_command = {
	.name = "status",
	.summary = "say how the running server is",
	.usage = "[--json] [-C DIR]",
	.about = "Ask the server that serves this folder how it is: version, uptime, process, database, last\n"
		 "commit, connections, requests, live streams, and log lines that were dropped.\n"
		 "Exit status 1 when none runs.\n",
	.options = status_options,
	.examples = "caisson status\n"
		    "caisson status --json -C examples/handbook\n",
	.run = run_status,
};
