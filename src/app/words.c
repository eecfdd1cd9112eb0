#include "app/words.h"

#include "app/app.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
words_distance(struct str a, struct str b)
{
	/* Three rows of the table of distances between the beginnings of both. */
	size_t rows[3][WORDS_SIZE_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.size; j++)
		above[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			bool same = a.data[i - 1] == b.data[j - 1];

			row[j] = least(above[j - 1] + !same, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b.size];
}

static bool
one_begins_the_other(struct str a, struct str b)
{
	return least(a.size, b.size) >= 3 && (str_starts_with(a, b) || str_starts_with(b, a));
}

const char *
words_nearest(struct str written, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t nearest_distance = SIZE_MAX;

	if (written.size == 0 || written.size > WORDS_SIZE_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct str word = str_from(words[i]);
		size_t distance, allowed;

		if (word.size > WORDS_SIZE_MAX)
			continue;
		allowed = least(written.size, word.size) / 3;
		if (allowed == 0)
			allowed = word.size > 1;
		distance = words_distance(written, word);
		if (one_begins_the_other(written, word))
			distance = least(distance, allowed);
		if (distance <= allowed && distance < nearest_distance) {
			nearest = words[i];
			nearest_distance = distance;
		}
	}
	return nearest;
}

bool
name_is_well_formed(struct str name)
{
	if (name.size == 0 || name.size > APP_NAME_SIZE_MAX || name.data[0] < 'a' ||
	    name.data[0] > 'z')
		return false;
	for (size_t i = 1; i < name.size; i++) {
		char c = name.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

static bool
is_one_of(struct str name, const char *const *words)
{
	for (; *words != NULL; words++)
		if (str_is(name, *words))
			return true;
	return false;
}

const char *const reserved_names[] = { "id", "created", "updated", "auth", "new", "now", "request",
	"true", "false", "null", "in", NULL };
const char *const reserved_collections[] = { "batch", "changes", "old", "json_each", "json_tree", NULL };
const char *const reserved_fields[] = { "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", NULL };

const char *
name_refusal(struct str name, bool is_collection)
{
	if (!name_is_well_formed(name))
		return "is not a name: a small letter, then at most 62 small letters, digits and _";
	if (is_one_of(name, reserved_names))
		return "is a reserved name";
	if (!is_collection)
		return is_one_of(name, reserved_fields)
			   ? "is a name that PostgreSQL keeps for itself"
			   : NULL;
	if (is_one_of(name, reserved_collections))
		return "is a reserved name";
	if (str_starts_with(name, STR("caisson_")) || str_starts_with(name, STR("sqlite_")) ||
	    str_starts_with(name, STR("pg_")))
		return "begins like the tables of the database itself (caisson_, sqlite_, pg_)";
	return NULL;
}
