#include "codec/fold.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool
is_ascii(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return false;
	return true;
}

static struct str
fold_ascii(struct arena *arena, struct str text)
{
	char *folded = arena_new(arena, text.size + 1);

	for (size_t i = 0; folded != NULL && i < text.size; i++) {
		char c = text.data[i];

		folded[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	return (struct str){ folded, folded == NULL ? 0 : text.size };
}

/* One pass of the library, which maps each character by itself; data is NULL where it fails. */
static struct str
fold_once(struct arena *arena, struct str text)
{
	static const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE |
						 UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
						 UTF8PROC_IGNORE;
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t size = utf8proc_map(
	    (const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.size, &mapped, options);
	struct str folded = { 0 };

	if (size >= 0)
		folded = arena_str(arena, (struct str){ (const char *)mapped, (size_t)size });
	free(mapped);
	return folded;
}

struct str
fold_text(struct arena *arena, struct str text)
{
	enum { PASSES_MAX = 4 };
	struct str before = text, folded;

	if (is_ascii(text))
		return fold_ascii(arena, text);
	/* Marks that case folding turns into letters, or into marks of another order, need another look. */
	for (int i = 0; i < PASSES_MAX; i++) {
		folded = fold_once(arena, before);
		if (folded.data == NULL || str_equal(folded, before))
			break;
		before = folded;
	}
	return folded;
}
