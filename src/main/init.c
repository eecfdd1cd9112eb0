/* caisson init DIR: a small app to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/command.h"

static const char app_text[] =
    "# What this backend holds, and who may do what.  `caisson check` finds mistakes;\n"
    "# `caisson schema` is for editors that complete words.\n"
    "app: mine\n"
    "\n"
    "collections:\n"
    "  topics:\n"
    "    fields:\n"
    "      title: { type: text, required: true, unique: true, max: 100 }\n"
    "    access:\n"
    "      read: true # anybody\n"
    "      create: \"'editor' in auth.roles\" # whose key has --role editor\n"
    "      update: \"'editor' in auth.roles\"\n"
    "      # What is not allowed is denied: nobody deletes a topic.\n"
    "\n"
    "  posts:\n"
    "    fields:\n"
    "      title: { type: text, required: true, min: 3, max: 200 }\n"
    "      text: { type: text, max: 20000 }\n"
    "      topic: { type: ref, to: topics, required: true }\n"
    "      # Given by the server: whoever has the key that writes.\n"
    "      author: { type: text, required: true, default: auth.id, readonly: true }\n"
    "      public: { type: bool, required: true, default: false }\n"
    "    access:\n"
    "      read: public || author == auth.id\n"
    "      create: auth.id != null\n"
    "      update: author == auth.id\n"
    "      delete: author == auth.id\n"
    "    indexes: [[topic, -created]]\n";

static const char page_text[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<meta charset=\"utf-8\">\n"
    "<title>mine</title>\n"
    "<h1>mine</h1>\n"
    "<p>This is <code>public/index.html</code>. The API is at <a href=\"/v1/posts\">/v1/posts</a>.</p>\n"
    "</html>\n";

static const char ignore_text[] = "# What the server keeps: never in git.\ndata/\n";

static const struct {
	const char *path, *text;
} files[] = {
	{ "caisson.yaml", app_text },
	{ "public/index.html", page_text },
	{ ".gitignore", ignore_text },
};

static bool
make_folder(const char *path)
{
	return mkdir(path, 0777) == 0 || errno == EEXIST;
}

/* What is there already stays. */
static bool
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool written;

	if (fd < 0)
		return errno == EEXIST;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	return close(fd) == 0 && written;
}

static bool
write_files(const struct command *command, const char *folder)
{
	if (!make_folder(folder) || chdir(folder) != 0) {
		command_complain(command, "%s: %s", folder, strerror(errno));
		return false;
	}
	if (access("caisson.yaml", F_OK) == 0) {
		command_complain(command, "%s has a caisson.yaml already", folder);
		return false;
	}
	for (size_t i = 0; i < COUNT(files); i++)
		if (!make_folder("public") || !write_file(files[i].path, files[i].text)) {
			command_complain(command, "%s/%s: %s", folder, files[i].path, strerror(errno));
			return false;
		}
	return true;
}

static int
run_init(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;
	const char *folder;

	if (!arguments_read(command, argc, argv, &arguments))
		return command_usage(command);
	if (arguments.words_count == 0) {
		command_complain(command, "say which folder; . is this one");
		return command_usage(command);
	}
	folder = arguments.words[0];
	if (!write_files(command, folder))
		return EXIT_FAILED;
	printf("%s holds an app now.  Next:\n"
	       "  caisson serve %s --dev                            serves it; reads it again when it changes\n"
	       "  caisson key add --user ann --role editor -C %s    a key, for writing\n"
	       "  %s/caisson.yaml                                   collections, fields and rules\n",
	    folder, folder, folder, folder);
	return EXIT_DONE;
}

const struct command init_command = {
	.name = "init",
	.summary = "make a folder with a small app",
	.usage = "DIR",
	.about = "Write a small app into DIR, which is made where it is not there: caisson.yaml with two\n"
		 "collections and their rules, a page in public/, and .gitignore.  A folder that has a\n"
		 "caisson.yaml is left alone.\n",
	.words_max = 1,
	.examples = "caisson init mine\n"
		    "caisson init .\n",
	.run = run_init,
};
