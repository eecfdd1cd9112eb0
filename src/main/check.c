#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "codec/json.h"
#include "main/command.h"

/* {"mistakes":[{"line":5,"column":21,"detail":"…"}]}, with {"detail":"…"} where there is no file. */
static void
print_mistakes_json(const struct app_mistakes *mistakes, struct str detail)
{
	struct json_writer writer;
	struct buf text;

	buf_init(&text, 16 << 20);
	json_writer_init(&writer, &text);
	json_begin_object(&writer);
	if (detail.size > 0) {
		json_name(&writer, STR("detail"));
		json_string(&writer, detail);
	}
	json_name(&writer, STR("mistakes"));
	json_begin_array(&writer);
	for (const struct app_mistake *mistake = mistakes->first; mistake != NULL; mistake = mistake->next) {
		json_begin_object(&writer);
		json_name(&writer, STR("line"));
		json_int(&writer, mistake->at.line);
		json_name(&writer, STR("column"));
		json_int(&writer, mistake->at.column);
		json_name(&writer, STR("detail"));
		json_string(&writer, mistake->detail);
		json_end_object(&writer);
	}
	json_end_array(&writer);
	json_end_object(&writer);
	printf("%.*s\n", STR_ARGS(buf_str(&text)));
	buf_release(&text);
}

static int
run_check(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;
	struct app_mistakes mistakes;
	struct loaded_app loaded;
	struct buf detail;
	bool good;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	app_mistakes_init(&mistakes);
	buf_init(&detail, 4096);
	good = read_app(&loaded, &mistakes, &detail);
	if (argument_given(&arguments, "json"))
		print_mistakes_json(&mistakes, buf_str(&detail));
	else if (good)
		printf("caisson.yaml: %zu collection%s, no mistakes\n", loaded.app->collections_count,
		    loaded.app->collections_count == 1 ? "" : "s");
	else
		tell_mistakes(command, &mistakes, buf_str(&detail));
	if (good)
		unload_app(&loaded);
	app_mistakes_release(&mistakes);
	buf_release(&detail);
	return good ? EXIT_DONE : EXIT_FAILED;
}

static const struct command_option check_options[] = {
	{ "json", NULL, "the mistakes as JSON, on standard output" },
	{ 0 },
};

const struct command check_command = {
	.name = "check",
	.summary = "read caisson.yaml and report every mistake",
	.usage = "[--json] [-C DIR]",
	.about = "Read caisson.yaml as a compiler does: every mistake in one run, on standard error, as\n"
		 "  caisson.yaml:LINE:COLUMN: error: what was expected\n",
	.options = check_options,
	.examples = "caisson check\n"
		    "caisson check -C examples/handbook\n",
	.run = run_check,
};

static void
print_limits_json(void)
{
	struct json_writer writer;
	struct buf text;

	buf_init(&text, 64 * 1024);
	json_writer_init(&writer, &text);
	json_begin_array(&writer);
	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		json_begin_object(&writer);
		json_name(&writer, STR("name"));
		json_string(&writer, str_from(limits[i].name));
		json_name(&writer, STR("value"));
		json_int(&writer, limits[i].value);
		json_name(&writer, STR("unit"));
		json_string(&writer, str_from(limits[i].unit));
		json_name(&writer, STR("at_the_limit"));
		json_string(&writer, str_from(limits[i].what));
		json_end_object(&writer);
	}
	json_end_array(&writer);
	printf("%.*s\n", STR_ARGS(buf_str(&text)));
	buf_release(&text);
}

static int
run_limits(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	if (argument_given(&arguments, "json")) {
		print_limits_json();
		return EXIT_DONE;
	}
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		printf("%-20s %12lld %-12s %s\n", limits[i].name, (long long)limits[i].value, limits[i].unit,
		    limits[i].what);
	return EXIT_DONE;
}

static const struct command_option limits_options[] = {
	{ "json", NULL, "as JSON" },
	{ 0 },
};

const struct command limits_command = {
	.name = "limits",
	.summary = "list every limit: its name, default, unit, and what happens at it",
	.usage = "[--json]",
	.about = "List every limit: its name, default, unit, and what happens at it.\n"
		 "`caisson serve --limit NAME=VALUE` sets one.\n",
	.options = limits_options,
	.examples = "caisson limits\n"
		    "caisson limits --json\n",
	.run = run_limits,
};

static int
run_version(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	puts("caisson " CAISSON_VERSION);
	return EXIT_DONE;
}

const struct command version_command = {
	.name = "version",
	.summary = "print the version",
	.usage = "",
	.about = "Print the version.\n",
	.examples = "caisson version\n",
	.run = run_version,
};
