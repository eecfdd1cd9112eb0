#include "api/openapi.h"

#include <stdio.h>

#include "main/command.h"

static const struct command_option options[] = {
	{ "limit", "NAME=VALUE", "as it is served with: the limits of requests stand in the description" },
	{ 0 },
};

static int
run_openapi(const struct command *command, int argc, char **argv)
{
	struct loaded_app loaded;
	struct arguments arguments;
	struct buf text;

	if (!arguments_read(command, argc, argv, &arguments) || !arguments_set_limits(command, &arguments))
		return command_usage(command);
	if (!load_app(command, &loaded))
		return EXIT_FAILED;
	buf_init(&text, OPENAPI_SIZE_MAX);
	openapi_write(loaded.app, &text);
	fwrite(text.data, 1, text.size, stdout);
	buf_release(&text);
	unload_app(&loaded);
	return EXIT_DONE;
}

const struct command openapi_command = {
	.name = "openapi",
	.summary = "print the API's description (OpenAPI 3.1)",
	.usage = "[-C DIR] [--limit NAME=VALUE]...",
	.about = "Print what the server answers at /openapi.json: the description of the app's API, OpenAPI 3.1.\n",
	.options = options,
	.examples = "caisson openapi\n"
		    "caisson openapi -C examples/handbook > handbook.json\n",
	.run = run_openapi,
};
