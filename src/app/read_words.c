#include <assert.h>
#include <string.h>

#include "app/read_internal.h"
#include "app/words.h"
#include "codec/utf8.h"

enum { EXCERPT_SIZE_MAX = 48, WORDS_MAX = APP_ENUM_VALUES_MAX, LIST_SIZE_MAX = 300 };

struct app_position
position_of(const struct yaml *node)
{
	return (struct app_position){ node->at.line, node->at.column };
}

void *
keep(struct reader *reader, size_t count, size_t size)
{
	void *memory = arena_array(&reader->app->arena, count, size);

	assert(memory != NULL);
	return memory;
}

struct str
keep_str(struct reader *reader, struct str text)
{
	struct str kept = arena_str(&reader->app->arena, text);

	assert(kept.data != NULL);
	return kept;
}

struct str
excerpt(struct str text)
{
	return utf8_cut(text, EXCERPT_SIZE_MAX);
}

bool
is_nothing(const struct yaml *node)
{
	return node->type == YAML_SCALAR &&
	       (node->style == YAML_EMPTY ||
		   (node->style == YAML_PLAIN &&
		       (str_is(node->text, "null") || str_is(node->text, "~"))));
}

void
note_expected(struct reader *reader, const struct yaml *node, const char *what)
{
	struct app_position at = position_of(node);
	struct str text = excerpt(node->text);

	if (node->type == YAML_MAPPING)
		app_mistake(reader->mistakes, at, "expected %s, found a mapping", what);
	else if (node->type == YAML_SEQUENCE)
		app_mistake(reader->mistakes, at, "expected %s, found a list", what);
	else if (node->style == YAML_EMPTY)
		app_mistake(reader->mistakes, at, "expected %s, found nothing", what);
	else if (node->style == YAML_PLAIN)
		app_mistake(
		    reader->mistakes, at, "expected %s, found '%.*s'", what, STR_ARGS(text));
	else
		app_mistake(reader->mistakes, at, "expected %s, found the text '%.*s'", what,
		    STR_ARGS(text));
}

static void
list_words(char *ret, size_t ret_size, const char *const *words, size_t count)
{
	size_t size = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t needed = strlen(words[i]) + 2;

		if (size + needed + sizeof("…") > ret_size) {
			strcpy(ret + size, "…");
			return;
		}
		size += (size_t)snprintf(
		    ret + size, ret_size - size, "%s%s", words[i], i + 1 < count ? ", " : "");
	}
}

void
note_unknown(struct reader *reader, const struct yaml *node, const char *what,
    const char *const *words, size_t count)
{
	const char *nearest = words_nearest(node->text, words, count);
	struct str text = excerpt(node->text);
	char list[LIST_SIZE_MAX];

	if (nearest != NULL) {
		app_mistake(reader->mistakes, position_of(node),
		    "unknown %s '%.*s'; did you mean '%s'?", what, STR_ARGS(text), nearest);
		return;
	}
	list_words(list, sizeof(list), words, count);
	app_mistake(reader->mistakes, position_of(node), "unknown %s '%.*s'; expected %s%s", what,
	    STR_ARGS(text), count == 1 ? "" : "one of: ", list);
}

bool
read_word(struct reader *reader, const struct yaml *node, const char *what, struct str *ret)
{
	if (node->type != YAML_SCALAR || is_nothing(node) || node->text.size == 0) {
		note_expected(reader, node, what);
		return false;
	}
	*ret = node->text;
	return true;
}

bool
read_bool(struct reader *reader, const struct yaml *node, bool *ret)
{
	bool is_plain = node->type == YAML_SCALAR && node->style == YAML_PLAIN;
	bool value = is_plain && str_is(node->text, "true");

	if (!value && !(is_plain && str_is(node->text, "false"))) {
		note_expected(reader, node, "true or false");
		return false;
	}
	*ret = value;
	return true;
}

bool
read_int(struct reader *reader, const struct yaml *node, int64_t *ret)
{
	if (node->type == YAML_SCALAR && node->style == YAML_PLAIN && str_to_int(node->text, ret))
		return true;
	note_expected(reader, node, "a whole number of 64 bits");
	return false;
}

void
read_description(struct reader *reader, const struct yaml *node, struct str *ret)
{
	if (read_word(reader, node, "a text", ret))
		*ret = keep_str(reader, *ret);
}

bool
read_sequence(struct reader *reader, const struct yaml *node, const char *what)
{
	if (node->type != YAML_SEQUENCE)
		note_expected(reader, node, what);
	return node->type == YAML_SEQUENCE;
}

bool
read_mapping(struct reader *reader, const struct yaml *node, const char *what)
{
	if (node->type != YAML_MAPPING)
		note_expected(reader, node, what);
	return node->type == YAML_MAPPING;
}

static void
take_key(struct reader *reader, const struct yaml *value, const struct key *keys, size_t count,
    const struct yaml **ret_values)
{
	const char *words[WORDS_MAX];
	size_t words_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (keys[i].when != KEY_LATER)
			words[words_count++] = keys[i].name;
		if (!str_is(value->key->text, keys[i].name))
			continue;
		if (keys[i].when == KEY_LATER)
			app_mistake(reader->mistakes, position_of(value->key),
			    "'%s' is not supported yet", keys[i].name);
		else
			ret_values[i] = value;
		return;
	}
	note_unknown(reader, value->key, "key", words, words_count);
}

bool
read_keys(struct reader *reader, const struct yaml *node, const char *what, const struct key *keys,
    size_t count, struct app_position at, const struct yaml **ret_values)
{
	if (!read_mapping(reader, node, what))
		return false;
	for (size_t i = 0; i < count; i++)
		ret_values[i] = NULL;
	for (const struct yaml *value = node->first; value != NULL; value = value->next)
		take_key(reader, value, keys, count, ret_values);
	for (size_t i = 0; i < count; i++)
		if (keys[i].when == KEY_REQUIRED && ret_values[i] == NULL)
			app_mistake(reader->mistakes, at, "the key '%s' is missing", keys[i].name);
	return true;
}
