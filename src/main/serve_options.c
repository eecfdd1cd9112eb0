#include "main/serve_options.h"

#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "loop/loop.h"
#include "net/listener.h"

const struct command_option serve_command_options[] = {
	{ "listen", "ADDR:PORT", "where to listen; default 127.0.0.1:8080; port 0 picks one" },
	{ "database", "URL", "instead of `database:` in caisson.yaml (or set CAISSON_DATABASE)" },
	{ "loops", "N", "threads that serve; default: one for each core" },
	{ "limit", "NAME=VALUE", "set a limit; `caisson limits` lists them" },
	{ "log", "FILE", "write the log there; - is standard error (default), off is none" },
	{ "log-format", "FORMAT", "json or text; default: text on a terminal, else json" },
	{ "dev", NULL, "for work on an app: read it again when it changes, change the tables where nothing is lost, count no addresses" },
	{ 0 },
};

static unsigned
all_cores(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > LOOPS_MAX ? LOOPS_MAX : (unsigned)count;
}

static bool
read_loops(const struct command *command, const char *text, unsigned *ret)
{
	int64_t count;

	*ret = all_cores();
	if (text == NULL)
		return true;
	if (!str_to_int(str_from(text), &count) || count < 1 || count > LOOPS_MAX) {
		command_complain(command, "--loops %s: from 1 to %d", text, LOOPS_MAX);
		return false;
	}
	*ret = (unsigned)count;
	return true;
}

static bool
format_is_valid(const struct command *command, const char *text)
{
	if (text == NULL || strcmp(text, "json") == 0 || strcmp(text, "text") == 0)
		return true;
	command_complain(command, "--log-format %s: json or text", text);
	return false;
}

static bool
address_is_valid(const struct command *command, const char *text)
{
	if (listener_address_is_valid(str_from(text)))
		return true;
	command_complain(command, "--listen %s: not an ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080", text);
	return false;
}

bool
serve_options_read(const struct command *command, int argc, char **argv, struct serve_options *ret)
{
	struct arguments arguments;

	if (!arguments_read(command, argc, argv, &arguments))
		return false;
	*ret = (struct serve_options){
		.folder = arguments.words_count > 0 ? arguments.words[0] : NULL,
		.listen = argument_value(&arguments, "listen"),
		.database = argument_value(&arguments, "database"),
		.log = argument_value(&arguments, "log"),
		.log_format = argument_value(&arguments, "log-format"),
		.dev = argument_given(&arguments, "dev"),
	};
	/* Whoever works on an app may open as many pages as there may be connections. */
	if (ret->dev)
		(void)limits_set(STR("connections_address=1000000"));
	if (ret->listen == NULL)
		ret->listen = "127.0.0.1:8080";
	if (ret->log == NULL)
		ret->log = "-";
	return address_is_valid(command, ret->listen) && database_is_valid(command, ret->database) &&
	       format_is_valid(command, ret->log_format) &&
	       read_loops(command, argument_value(&arguments, "loops"), &ret->loops) &&
	       arguments_set_limits(command, &arguments);
}
