#include "api/openapi.h"

#include <stdio.h>

#include "main/command.h"

static int
run_openapi(const struct command *command, int argc, char **argv)
{
	struct loaded_app loaded;
	struct buf text;

	if (argc > 1) {
		command_complain(command, "\"%s\" is one word too many", argv[1]);
		return command_usage(command);
	}
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
	.help = "Usage: caisson openapi [-C DIR]\n"
		"Print what the server answers at /openapi.json: the description of the app's API, OpenAPI 3.1.\n\n"
		"Examples:\n"
		"  caisson openapi\n"
		"  caisson openapi -C examples/handbook > handbook.json\n",
	.run = run_openapi,
};
