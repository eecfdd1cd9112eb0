#include <assert.h>
#include <stdarg.h>

#include "app/app.h"

enum { DETAIL_SIZE_MAX = 500 };

void
app_mistakes_init(struct app_mistakes *mistakes)
{
	*mistakes = (struct app_mistakes){ 0 };
	arena_init(&mistakes->arena, 2 << 20);
}

void
app_mistakes_release(struct app_mistakes *mistakes)
{
	arena_release(&mistakes->arena);
	mistakes->first = NULL;
	mistakes->count = 0;
}

static bool
is_before(struct app_position a, struct app_position b)
{
	return a.line != b.line ? a.line < b.line : a.column < b.column;
}

/* What a file says is shown on terminals: nothing in it may steer one. */
static struct str
harmless(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7F)
			text[i] = '?';
	return (struct str){ text, size };
}

void
app_mistake(struct app_mistakes *mistakes, struct app_position at, const char *format, ...)
{
	struct app_mistake **place = &mistakes->first, *mistake;
	char text[DETAIL_SIZE_MAX];
	va_list args;
	int size;

	mistakes->count++;
	if (mistakes->count > APP_MISTAKES_MAX)
		return;
	va_start(args, format);
	size = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert(size >= 0);
	mistake = arena_new(&mistakes->arena, sizeof(*mistake));
	assert(mistake != NULL);
	mistake->at = at;
	mistake->detail = arena_str(&mistakes->arena,
	    harmless(text, (size_t)size < sizeof(text) ? (size_t)size : sizeof(text) - 1));
	while (*place != NULL && !is_before(at, (*place)->at))
		place = &(*place)->next;
	mistake->next = *place;
	*place = mistake;
}

void
app_mistakes_print(const struct app_mistakes *mistakes, FILE *file, const char *filename)
{
	size_t shown = 0;

	for (const struct app_mistake *mistake = mistakes->first; mistake != NULL;
	     mistake = mistake->next) {
		fprintf(file, "%s:%u:%u: error: %.*s\n", filename, mistake->at.line,
		    mistake->at.column, STR_ARGS(mistake->detail));
		shown++;
	}
	if (mistakes->count > shown)
		fprintf(file, "%s: %zu more mistakes are not shown\n", filename,
		    mistakes->count - shown);
}
