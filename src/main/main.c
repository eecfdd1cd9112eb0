/* caisson COMMAND: finds the command and runs it. */
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/command.h"

const struct command *const commands[] = {
	&init_command,
	&check_command,
	&serve_command,
	&plan_command,
	&apply_command,
	&status_command,
	&key_command,
	&can_command,
	&sql_command,
	&schema_command,
	&openapi_command,
	&limits_command,
	&completion_command,
	&man_command,
	&version_command,
};
const size_t commands_count = COUNT(commands);

static void
print_help(FILE *to)
{
	fputs("Usage: caisson [-C DIR] COMMAND [OPTION]...\n"
	      "The whole backend as one program: declare data and rules in caisson.yaml, and serve them.\n\n"
	      "Commands:\n",
	    to);
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(to, "  %-10s  %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n  -C DIR     work on the app folder DIR (before or behind the command)\n\n"
	      "Examples:\n"
	      "  caisson init mine\n"
	      "  caisson check -C examples/handbook\n"
	      "  caisson serve examples/handbook --listen 127.0.0.1:8080\n"
	      "  caisson key add --role editor -C examples/handbook\n\n"
	      "`caisson COMMAND --help` says more.  Exit status: 0 done, 1 failed, 2 wrong usage.\n",
	    to);
}

int
command_usage(const struct command *command)
{
	fprintf(stderr, "Try `caisson %s --help`.\n", command->name);
	return EXIT_USAGE;
}

void
command_complain(const struct command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "caisson %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* Take every "-C DIR" out of the arguments and go there; false where that fails. */
static bool
go_to_folder(int *argc, char **argv)
{
	int kept = 0;
	bool only_words = false;

	for (int i = 0; i < *argc; i++) {
		const char *folder = NULL;

		only_words |= strcmp(argv[i], "--") == 0;
		if (only_words) {
			argv[kept++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "-C") == 0 && i + 1 < *argc)
			folder = argv[++i];
		else if (strncmp(argv[i], "-C", 2) == 0 && argv[i][2] != '\0')
			folder = argv[i] + 2;
		if (folder == NULL) {
			argv[kept++] = argv[i];
			continue;
		}
		if (chdir(folder) != 0) {
			fprintf(stderr, "caisson: %s: ", folder);
			perror("");
			return false;
		}
	}
	argv[kept] = NULL;
	*argc = kept;
	return true;
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static void
complain_unknown(const char *written)
{
	const char *names[COUNT(commands)];

	for (size_t i = 0; i < COUNT(commands); i++)
		names[i] = commands[i]->name;
	fprintf(stderr, "caisson: there is no command \"%s\".%s\nTry `caisson --help`.\n", written,
	    did_you_mean(written, names, COUNT(commands)));
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct command *command;

	/*
	 * Each thread would have a heap of its own; two are enough for loops that hardly allocate.
	 * What a request frees the next one needs: giving it back to the kernel costs page faults.
	 */
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	if (!go_to_folder(&argc, argv))
		return EXIT_FAILED;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0)
		argv[1] = "version";
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return EXIT_DONE;
	}
	command = find_command(argv[1]);
	if (command == NULL) {
		complain_unknown(argv[1]);
		return EXIT_USAGE;
	}
	if (wants_help(argc - 1, argv + 1)) {
		command_help(command);
		return EXIT_DONE;
	}
	return command->run(command, argc - 1, argv + 1);
}
