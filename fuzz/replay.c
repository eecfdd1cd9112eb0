/*
 * Run a fuzz target over every file of its corpus (argv[1]), so that what was
 * once found stays found.  An empty corpus is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *bytes = malloc(1 << 20);
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (bytes == NULL || (file = fopen(path, "rb")) == NULL)
		abort();
	size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	/* A block of its own size, so that the sanitizer sees a read past the end. */
	bytes = realloc(bytes, size == 0 ? 1 : size);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

int
main(int argc, char **argv)
{
	int count = 0;
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;

	if (folder == NULL)
		return 2;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		replay(argv[1], entry->d_name);
		count++;
	}
	closedir(folder);
	printf("%d inputs replayed\n", count);
	return count == 0;
}
