#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "r");

	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		die(path);
	size_t size = (size_t)ftell(file);
	char *text = malloc(size + 1);
	rewind(file);
	if (text == NULL || fread(text, 1, size, file) != size)
		die(path);
	fclose(file);
	text[size] = '\0';
	return text;
}

static void
read_pick(struct pick *pick, const char *name_and_path)
{
	const char *equals = strchr(name_and_path, '=');
	char *text = read_file(equals + 1), *rest = text, *line;
	size_t capacity = 1024;

	pick->name = strndup(name_and_path, (size_t)(equals - name_and_path));
	pick->lines = malloc(capacity * sizeof *pick->lines);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (pick->lines_count == capacity) {
			capacity *= 2;
			pick->lines = realloc(pick->lines, capacity * sizeof *pick->lines);
		}
		if (pick->lines == NULL)
			die(name_and_path);
		pick->lines[pick->lines_count++] = line;
	}
	if (pick->lines_count == 0) {
		fprintf(stderr, "%s: no lines\n", name_and_path);
		exit(1);
	}
}

static void
parse_name(
    struct segment *segment, const struct templates *templates, const char *name, size_t size)
{
	if (size == 1 && *name == 'n') {
		segment->number = true;
		return;
	}
	for (int i = 0; i < PICKS_MAX && templates->picks[i].name != NULL; i++) {
		const struct pick *pick = &templates->picks[i];
		if (strlen(pick->name) == size && memcmp(pick->name, name, size) == 0)
			segment->pick = pick;
	}
	if (segment->pick == NULL) {
		fprintf(stderr, "load: {{%.*s}} has no --pick\n", (int)size, name);
		exit(2);
	}
}

static void
parse(struct template *template, const struct templates *templates, const char *text)
{
	const char *open, *close;

	while (template->segments_count < SEGMENTS_MAX) {
		struct segment *segment = &template->segments[template->segments_count++];
		segment->literal = text;
		open = strstr(text, "{{");
		close = open != NULL ? strstr(open, "}}") : NULL;
		if (close == NULL) {
			segment->literal_size = strlen(text);
			return;
		}
		segment->literal_size = (size_t)(open - text);
		parse_name(segment, templates, open + 2, (size_t)(close - open - 2));
		text = close + 2;
	}
	fprintf(stderr, "load: more than %d places in a template\n", SEGMENTS_MAX);
	exit(2);
}

void
templates_read(struct templates *templates, const struct options *options)
{
	for (int i = 0; i < options->picks_count; i++)
		read_pick(&templates->picks[i], options->picks[i]);
	parse(&templates->target, templates, options->target);
	if (options->body_path != NULL) {
		char *body = read_file(options->body_path);
		body[strcspn(body, "\n")] = '\0';
		parse(&templates->body, templates, body);
	}
	templates->unique = options->unique_from;
	templates->random = 0x9e3779b97f4a7c15u ^ options->unique_from;
}

/* xorshift64*: enough to choose lines. */
static uint64_t
next_random(struct templates *templates)
{
	uint64_t x = templates->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	templates->random = x;
	return x * 0x2545f4914f6cdd1du >> 16;
}

static char *
write_template(
    struct templates *templates, const struct template *template, char *at, const char *end)
{
	for (int i = 0; i < template->segments_count; i++) {
		const struct segment *segment = &template->segments[i];
		const struct pick *pick = segment->pick;
		const char *line =
		    pick != NULL ? pick->lines[next_random(templates) % pick->lines_count] : "";
		if ((size_t)(end - at) < segment->literal_size + strlen(line) + 24)
			die("a request of more than 64 KiB");
		at = mempcpy(at, segment->literal, segment->literal_size);
		at = stpcpy(at, line);
		if (segment->number)
			at += sprintf(at, "%llu", (unsigned long long)templates->unique);
	}
	return at;
}

size_t
templates_write(struct templates *templates, const struct options *options, char *out)
{
	static char body[REQUEST_SIZE_MAX / 2];
	size_t body_size =
	    (size_t)(write_template(templates, &templates->body, body, body + sizeof body) - body);
	char *at = stpcpy(stpcpy(out, options->method), " ");

	at = write_template(templates, &templates->target, at, out + REQUEST_SIZE_MAX / 4);
	at = stpcpy(at, " HTTP/1.1\r\nHost: localhost\r\n");
	if (options->key != NULL)
		at = stpcpy(stpcpy(stpcpy(at, "Authorization: Bearer "), options->key), "\r\n");
	if (options->header != NULL)
		at = stpcpy(stpcpy(at, options->header), "\r\n");
	if (body_size > 0)
		at += sprintf(
		    at, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body_size);
	at = stpcpy(at, "\r\n");
	at = mempcpy(at, body, body_size);
	templates->unique++;
	return (size_t)(at - out);
}
