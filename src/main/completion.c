/* caisson completion and caisson man: what shells and readers of manuals need, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "main/command.h"

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

/* --- shells ----------------------------------------------------------- */

static void
print_words_of(const struct command *command)
{
	for (const char *const *verb = command->verbs; verb != NULL && *verb != NULL; verb++)
		printf("%s ", *verb);
	for (const struct command_option *at = command->options; at != NULL && at->name != NULL; at++)
		printf("--%s ", at->name);
	fputs("--help -C", stdout);
}

static void
print_bash(void)
{
	fputs("_caisson() {\n"
	      "\tlocal word=\"${COMP_WORDS[COMP_CWORD]}\" command= i words\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase \"${COMP_WORDS[i]}\" in\n"
	      "\t\t-C) ((i++)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*) command=\"${COMP_WORDS[i]}\"; break ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase \"$command\" in\n",
	    stdout);
	for (size_t i = 0; i < commands_count; i++) {
		printf("\t%s) words=\"", commands[i]->name);
		print_words_of(commands[i]);
		puts("\" ;;");
	}
	fputs("\t*) words=\"", stdout);
	for (size_t i = 0; i < commands_count; i++)
		printf("%s ", commands[i]->name);
	fputs("--help -C\" ;;\n"
	      "\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	      "}\n"
	      "complete -o default -F _caisson caisson\n",
	    stdout);
}

/* Inside single quotes. */
static void
print_quoted(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
}

/* As _describe wants it: a colon ends the word. */
static void
print_zsh_item(const char *word, const char *help)
{
	printf(" '%s:", word);
	print_quoted(help);
	putchar('\'');
}

static void
print_zsh(void)
{
	char word[64];

	fputs("#compdef caisson\n"
	      "_caisson() {\n"
	      "\tlocal -a items\n"
	      "\tif ((CURRENT == 2)); then\n"
	      "\t\titems=(",
	    stdout);
	for (size_t i = 0; i < commands_count; i++)
		print_zsh_item(commands[i]->name, commands[i]->summary);
	fputs(")\n"
	      "\t\t_describe command items\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase \"${words[2]}\" in\n",
	    stdout);
	for (size_t i = 0; i < commands_count; i++) {
		printf("\t%s) items=(", commands[i]->name);
		for (const char *const *verb = commands[i]->verbs; verb != NULL && *verb != NULL; verb++)
			print_zsh_item(*verb, *verb);
		for (const struct command_option *at = commands[i]->options; at != NULL && at->name != NULL; at++) {
			snprintf(word, sizeof(word), "--%s", at->name);
			print_zsh_item(word, at->help);
		}
		print_zsh_item("--help", "say more");
		puts(") ;;");
	}
	fputs("\tesac\n"
	      "\t_describe option items || _files\n"
	      "}\n"
	      "compdef _caisson caisson\n",
	    stdout);
}

static void
print_fish(void)
{
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *command = commands[i];

		printf("complete -c caisson -n __fish_use_subcommand -a %s -d '", command->name);
		print_quoted(command->summary);
		puts("'");
		for (const char *const *verb = command->verbs; verb != NULL && *verb != NULL; verb++)
			printf("complete -c caisson -n '__fish_seen_subcommand_from %s' -a %s\n", command->name, *verb);
		for (const struct command_option *at = command->options; at != NULL && at->name != NULL; at++) {
			printf("complete -c caisson -n '__fish_seen_subcommand_from %s' -l %s%s -d '", command->name,
			    at->name, at->value != NULL ? " -r" : "");
			print_quoted(at->help);
			puts("'");
		}
	}
	puts("complete -c caisson -o C -r -d 'work on this app folder'");
}

static int
run_completion(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	if (strcmp(arguments.words[0], "bash") == 0)
		print_bash();
	else if (strcmp(arguments.words[0], "zsh") == 0)
		print_zsh();
	else
		print_fish();
	return EXIT_DONE;
}

const struct command completion_command = {
	.name = "completion",
	.summary = "print the completion for a shell",
	.usage = "bash|zsh|fish",
	.about = "Print what makes a shell complete commands and options.\n",
	.verbs = shells,
	.words_max = 1,
	.examples = "source <(caisson completion bash)\n"
		    "caisson completion zsh > ~/.zfunc/_caisson\n"
		    "caisson completion fish > ~/.config/fish/completions/caisson.fish\n",
	.run = run_completion,
};

/* --- the manual page --------------------------------------------------- */

/* Text of roff: a dot at a line's start and a backslash mean something there, and a hyphen is to stay one. */
static void
print_roff_text(struct str text)
{
	bool at_start = true;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];

		if (at_start && (c == '.' || c == '\''))
			fputs("\\&", stdout);
		if (c == '\\')
			fputs("\\e", stdout);
		else if (c == '-')
			fputs("\\-", stdout);
		else
			putchar(c);
		at_start = c == '\n';
	}
}

static void
print_roff(const char *text)
{
	print_roff_text(str_from(text));
}

static void
print_roff_block(const char *text)
{
	puts(".nf");
	print_roff(text);
	puts(".fi");
}

/* Prose is filled; lines that stand in from the margin are a list, whose columns stay. */
static void
print_roff_about(const char *text)
{
	bool is_list = false;

	for (struct str rest = str_from(text), line; str_split(&rest, '\n', &line);) {
		bool is_in = str_starts_with(line, STR("  "));

		if (is_in != is_list && line.size > 0) {
			puts(is_in ? ".nf" : ".fi");
			is_list = is_in;
		}
		if (line.size == 0 && rest.size == 0)
			break;
		print_roff_text(line);
		putchar('\n');
	}
	if (is_list)
		puts(".fi");
}

static void
print_command(const struct command *command)
{
	printf(".SS \"caisson %s\"\n", command->name);
	puts(".nf");
	for (struct str rest = str_from(command->usage), line; str_split(&rest, '\n', &line);)
		printf("\\fBcaisson %s\\fR %.*s\n", command->name, STR_ARGS(line));
	puts(".fi\n.PP");
	print_roff_about(command->about);
	for (const struct command_option *at = command->options; at != NULL && at->name != NULL; at++) {
		printf(".TP\n.B \\-\\-");
		print_roff(at->name);
		printf(" %s\n", at->value == NULL ? "" : at->value);
		print_roff(at->help);
		putchar('\n');
	}
	puts(".PP\nExamples:\n.PP");
	print_roff_block(command->examples);
}

static int
run_man(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	puts(".TH CAISSON 1 \"\" \"caisson " CAISSON_VERSION "\" \"\"\n"
	     ".SH NAME\n"
	     "caisson \\- the whole backend as one program\n"
	     ".SH SYNOPSIS\n"
	     ".B caisson\n"
	     "[\\-C DIR] COMMAND [OPTION]...\n"
	     ".SH DESCRIPTION\n"
	     "Declare data and rules in caisson.yaml, and serve them over HTTP.\n"
	     "\\-C DIR, before or behind the command, works on the app folder DIR.\n"
	     "Options are never abbreviated; behind \\-\\- there are none.\n"
	     ".SH COMMANDS");
	for (size_t i = 0; i < commands_count; i++)
		print_command(commands[i]);
	puts(".SH \"EXIT STATUS\"\n"
	     "0 done, 1 failed, 2 wrong usage.\n"
	     ".SH ENVIRONMENT\n"
	     ".TP\n"
	     ".B CAISSON_DATABASE\n"
	     "instead of database: in caisson.yaml, where \\-\\-database says nothing");
	return EXIT_DONE;
}

const struct command man_command = {
	.name = "man",
	.summary = "print the manual page",
	.usage = "",
	.about = "Print the manual page, as man reads it.\n",
	.examples = "caisson man > caisson.1\n"
		    "caisson man | man -l -\n",
	.run = run_man,
};
