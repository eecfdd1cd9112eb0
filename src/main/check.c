#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "codec/json.h"
#include "main/command.h"

static int
run_check(const struct command *command, int argc, char **argv)
{
	struct loaded_app loaded;

	if (argc > 1) {
		command_complain(command, "\"%s\" is one word too many", argv[1]);
		return command_usage(command);
	}
	if (!load_app(command, &loaded))
		return EXIT_FAILED;
	printf("caisson.yaml: %zu collections, no mistakes\n", loaded.app->collections_count);
	unload_app(&loaded);
	return EXIT_DONE;
}

const struct command check_command = {
	.name = "check",
	.summary = "read caisson.yaml and report every mistake",
	.help = "Usage: caisson check [-C DIR]\n"
		"Read caisson.yaml as a compiler does: every mistake in one run, on standard error, as\n"
		"  caisson.yaml:LINE:COLUMN: error: what was expected\n\n"
		"Examples:\n"
		"  caisson check\n"
		"  caisson check -C examples/handbook\n",
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
	if (argc == 2 && strcmp(argv[1], "--json") == 0) {
		print_limits_json();
		return EXIT_DONE;
	}
	if (argc > 1) {
		command_complain(command, "\"%s\" is one word too many", argv[1]);
		return command_usage(command);
	}
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		printf("%-20s %12lld %-12s %s\n", limits[i].name, (long long)limits[i].value, limits[i].unit,
		    limits[i].what);
	return EXIT_DONE;
}

const struct command limits_command = {
	.name = "limits",
	.summary = "list every limit: its name, default, unit, and what happens at it",
	.help = "Usage: caisson limits [--json]\n"
		"List every limit: its name, default, unit, and what happens at it.\n"
		"`caisson serve --limit NAME=VALUE` sets one.\n\n"
		"Examples:\n"
		"  caisson limits\n"
		"  caisson limits --json\n",
	.run = run_limits,
};

static int
run_version(const struct command *command, int argc, char **argv)
{
	if (argc > 1) {
		command_complain(command, "\"%s\" is one word too many", argv[1]);
		return command_usage(command);
	}
	puts("caisson " CAISSON_VERSION);
	return EXIT_DONE;
}

const struct command version_command = {
	.name = "version",
	.summary = "print the version",
	.help = "Usage: caisson version\n"
		"Print the version.\n\n"
		"Examples:\n"
		"  caisson version\n",
	.run = run_version,
};
