/* Options and words of a command, by its table. */
#include <stdio.h>
#include <string.h>

#include "app/words.h"
#include "base/limits.h"
#include "main/command.h"

const char *
did_you_mean(const char *written, const char *const *words, size_t count)
{
	static char text[WORDS_SIZE_MAX + 32];
	const char *nearest =
	    strlen(written) > WORDS_SIZE_MAX ? NULL : words_nearest(str_from(written), words, count);

	if (nearest == NULL)
		return "";
	snprintf(text, sizeof(text), " Did you mean %s?", nearest);
	return text;
}

static const struct command_option *
find_option(const struct command *command, struct str name)
{
	for (const struct command_option *at = command->options; at != NULL && at->name != NULL; at++)
		if (str_is(name, at->name))
			return at;
	return NULL;
}

static void
complain_unknown(const struct command *command, const char *written)
{
	const char *names[ARGUMENTS_MAX];
	char spelled[ARGUMENTS_MAX][WORDS_SIZE_MAX];
	size_t count = 0;

	for (const struct command_option *at = command->options;
	     at != NULL && at->name != NULL && count < ARGUMENTS_MAX; at++, count++) {
		snprintf(spelled[count], sizeof(spelled[count]), "--%s", at->name);
		names[count] = spelled[count];
	}
	command_complain(command, "there is no option %s.%s", written, did_you_mean(written, names, count));
}

static bool
add_given(const struct command *command, const struct command_option *option, const char *value,
    struct arguments *ret)
{
	if (ret->given_count == ARGUMENTS_MAX) {
		command_complain(command, "more than %d options", ARGUMENTS_MAX);
		return false;
	}
	ret->given[ret->given_count++] = (struct given){ option, value };
	return true;
}

/* ${written} is "--name" or "--name=value"; ${next} may be its value, and *ret_taken says that it is. */
static bool
read_option(const struct command *command, const char *written, const char *next, bool *ret_taken,
    struct arguments *ret)
{
	struct str name = str_from(written + 2);
	size_t equals = str_find_byte(name, '=');
	const char *value = equals < name.size ? name.data + equals + 1 : NULL;
	const struct command_option *option = find_option(command, str_slice(name, 0, equals));

	*ret_taken = false;
	if (option == NULL) {
		complain_unknown(command, written);
		return false;
	}
	if (option->value == NULL && value != NULL) {
		command_complain(command, "--%s takes no value", option->name);
		return false;
	}
	if (option->value != NULL && value == NULL) {
		value = next;
		*ret_taken = true;
	}
	if (option->value != NULL && value == NULL) {
		command_complain(command, "--%s needs a value: %s", option->name, option->value);
		return false;
	}
	return add_given(command, option, value, ret);
}

static bool
read_word(const struct command *command, const char *word, struct arguments *ret)
{
	if (ret->words_count == command->words_max || ret->words_count == ARGUMENTS_MAX) {
		command_complain(command, "\"%s\" is one word too many", word);
		return false;
	}
	ret->words[ret->words_count++] = word;
	return true;
}

static void
complain_verbless(const struct command *command)
{
	char text[256] = "";
	size_t size = 0;

	for (const char *const *verb = command->verbs; *verb != NULL && size < sizeof(text); verb++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s",
		    size == 0 ? "" : verb[1] == NULL ? " or " : ", ", *verb);
	command_complain(command, "say %s", text);
}

static bool
verb_is_known(const struct command *command, const struct arguments *arguments)
{
	const char *verb = arguments->words_count > 0 ? arguments->words[0] : NULL;
	size_t count = 0;

	if (command->verbs == NULL)
		return true;
	if (verb == NULL) {
		complain_verbless(command);
		return false;
	}
	for (; command->verbs[count] != NULL; count++)
		if (strcmp(verb, command->verbs[count]) == 0)
			return true;
	command_complain(
	    command, "there is no \"%s\".%s", verb, did_you_mean(verb, command->verbs, count));
	return false;
}

bool
arguments_read(const struct command *command, int argc, char **argv, struct arguments *ret)
{
	bool only_words = false, taken;

	*ret = (struct arguments){ 0 };
	for (int i = 1; i < argc; i++) {
		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			if (!read_word(command, argv[i], ret))
				return false;
		} else if (strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (argv[i][1] != '-') {
			complain_unknown(command, argv[i]);
			return false;
		} else {
			if (!read_option(command, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &taken, ret))
				return false;
			i += taken;
		}
	}
	return verb_is_known(command, ret);
}

const char *
argument_value(const struct arguments *arguments, const char *name)
{
	for (unsigned i = arguments->given_count; i > 0; i--)
		if (strcmp(arguments->given[i - 1].option->name, name) == 0)
			return arguments->given[i - 1].value;
	return NULL;
}

bool
argument_given(const struct arguments *arguments, const char *name)
{
	for (unsigned i = 0; i < arguments->given_count; i++)
		if (strcmp(arguments->given[i].option->name, name) == 0)
			return true;
	return false;
}

/* --- help ------------------------------------------------------------- */

static void
print_usage(const struct command *command)
{
	struct str rest = str_from(command->usage == NULL ? "" : command->usage), line;
	bool first = true;

	while (str_split(&rest, '\n', &line)) {
		printf("%s caisson %s%s%.*s\n", first ? "Usage:" : "      ", command->name, line.size > 0 ? " " : "",
		    STR_ARGS(line));
		first = false;
	}
}

static void
print_options(const struct command *command)
{
	char left[64];
	int width = 0;

	for (const struct command_option *at = command->options; at != NULL && at->name != NULL; at++) {
		int size = snprintf(left, sizeof(left), "--%s %s", at->name, at->value == NULL ? "" : at->value);

		width = size > width ? size : width;
	}
	if (width > 0)
		putchar('\n');
	for (const struct command_option *at = command->options; at != NULL && at->name != NULL; at++) {
		snprintf(left, sizeof(left), "--%s %s", at->name, at->value == NULL ? "" : at->value);
		printf("  %-*s  %s\n", width, left, at->help);
	}
}

void
command_help(const struct command *command)
{
	struct str examples = str_from(command->examples == NULL ? "" : command->examples), line;

	print_usage(command);
	fputs(command->about, stdout);
	print_options(command);
	puts("\nExamples:");
	while (str_split(&examples, '\n', &line))
		if (line.size > 0)
			printf("  %.*s\n", STR_ARGS(line));
}

bool
arguments_set_limits(const struct command *command, const struct arguments *arguments)
{
	for (unsigned i = 0; i < arguments->given_count; i++) {
		const struct given *given = &arguments->given[i];

		if (strcmp(given->option->name, "limit") != 0 || limits_set(str_from(given->value)))
			continue;
		command_complain(command,
		    "--limit %s: `caisson limits` lists the names; a value is a number above 0", given->value);
		return false;
	}
	return true;
}
