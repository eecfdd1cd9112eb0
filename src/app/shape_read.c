/*
 * A shape is read by writing the app file that has it, and reading that: what
 * a default or a bound means is then known in one place.
 */
#include <stdlib.h>

#include "app/shape.h"
#include "base/buf.h"
#include "base/memory.h"
#include "codec/time.h"

enum { TEXT_SIZE_MAX = 128 << 20 };

/* The lines of the shape, and the file that they become. */
struct rewriting {
	struct buf file;
	struct buf indexes, uniques; /* of the collection, which stand behind its fields */
	struct buf text; /* the word that was read last */
	enum field_type type; /* of the field, and of its items */
	bool in_collection, good;
};

static bool rewrite_line(struct rewriting *rewriting, struct str line);
static void end_collection(struct rewriting *rewriting);

struct app *
shape_read(struct str shape)
{
	struct rewriting rewriting = { .good = true };
	struct app_mistakes mistakes;
	struct app *app = NULL;
	struct str line;

	buf_init(&rewriting.file, TEXT_SIZE_MAX);
	buf_init(&rewriting.indexes, TEXT_SIZE_MAX);
	buf_init(&rewriting.uniques, TEXT_SIZE_MAX);
	buf_init(&rewriting.text, TEXT_SIZE_MAX);
	buf_add_c(&rewriting.file, "app: shape\ncollections:\n");
	while (rewriting.good && str_split(&shape, '\n', &line))
		rewriting.good = line.size == 0 || rewrite_line(&rewriting, line);
	end_collection(&rewriting);
	app_mistakes_init(&mistakes);
	if (rewriting.good)
		app = app_read(buf_str(&rewriting.file), &mistakes);
	app_mistakes_release(&mistakes);
	buf_release(&rewriting.file);
	buf_release(&rewriting.indexes);
	buf_release(&rewriting.uniques);
	buf_release(&rewriting.text);
	return app;
}

/* --- words ----------------------------------------------------------- */

/* The bytes of the quoted text at ${rest}, which ends behind it. */
static bool
take_quoted(struct rewriting *rewriting, struct str *rest)
{
	size_t i = 1;

	for (; i < rest->size && rest->data[i] != '"'; i++) {
		if (rest->data[i] != '\\') {
			buf_add_byte(&rewriting->text, rest->data[i]);
			continue;
		}
		if (i + 2 >= rest->size || hex_digit(rest->data[i + 1]) < 0 ||
		    hex_digit(rest->data[i + 2]) < 0)
			return false;
		buf_add_byte(&rewriting->text,
		    (char)(hex_digit(rest->data[i + 1]) << 4 | hex_digit(rest->data[i + 2])));
		i += 2;
	}
	if (i >= rest->size)
		return false;
	*rest = str_slice(*rest, i + 1, rest->size);
	return true;
}

/* The next word of the line, without its quotes; false at the end, and where it is broken. */
static bool
take_word(struct rewriting *rewriting, struct str *rest, struct str *ret)
{
	size_t size;

	while (rest->size > 0 && rest->data[0] == ' ')
		*rest = str_slice(*rest, 1, rest->size);
	buf_clear(&rewriting->text);
	if (rest->size == 0)
		return false;
	if (rest->data[0] == '"') {
		rewriting->good = take_quoted(rewriting, rest);
	} else {
		size = str_find_byte(*rest, ' ');
		buf_add_str(&rewriting->text, str_slice(*rest, 0, size));
		*rest = str_slice(*rest, size, rest->size);
	}
	*ret = buf_str(&rewriting->text);
	return rewriting->good;
}

static uint32_t
take_code_point(struct str text, size_t *at)
{
	unsigned char first = (unsigned char)text.data[(*at)++];
	uint32_t code_point = first < 0x80   ? first
			      : first < 0xe0 ? first & 0x1f
			      : first < 0xf0 ? first & 0x0f
					     : first & 0x07;

	while (*at < text.size && (text.data[*at] & 0xc0) == 0x80)
		code_point = code_point << 6 | (text.data[(*at)++] & 0x3f);
	return code_point;
}

/* What is not ASCII stands in JSON between quotes, too, where YAML reads it as it is meant. */
static void
add_json(struct buf *file, struct str json)
{
	for (size_t i = 0; i < json.size;) {
		uint32_t code_point = take_code_point(json, &i);

		if (code_point < 0x7f)
			buf_add_byte(file, (char)code_point);
		else
			buf_addf(file, "\\U%08x", code_point);
	}
}

static void
add_text(struct buf *file, struct str text)
{
	buf_add_byte(file, '"');
	for (size_t i = 0; i < text.size;) {
		uint32_t code_point = take_code_point(text, &i);

		if (code_point < ' ' || code_point >= 0x7f)
			buf_addf(file, "\\U%08x", code_point);
		else
			buf_addf(file, code_point == '"' || code_point == '\\' ? "\\%c" : "%c",
			    (char)code_point);
	}
	buf_add_byte(file, '"');
}

/* --- fields ---------------------------------------------------------- */

static void
add_literal(struct rewriting *rewriting, struct str word)
{
	char text[TIME_RFC3339_SIZE];
	int64_t us;

	switch (rewriting->type) {
	case FIELD_TIME:
		rewriting->good = str_to_int(word, &us) && us >= time_us_min && us <= time_us_max;
		if (!rewriting->good)
			return;
		time_format_rfc3339(us, text);
		buf_addf(&rewriting->file, "\"%.*s\"", TIME_RFC3339_SIZE, text);
		break;
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_URL:
	case FIELD_ENUM:
		add_text(&rewriting->file, word);
		break;
	case FIELD_JSON:
	case FIELD_LIST:
		add_json(&rewriting->file, word);
		break;
	default:
		buf_add_str(&rewriting->file, word);
	}
}

/* "KEY: LITERAL"; bounds of what has a length are numbers. */
static void
add_value(struct rewriting *rewriting, struct str *rest, const char *key, bool is_bound)
{
	bool has_length = rewriting->type == FIELD_TEXT || rewriting->type == FIELD_EMAIL ||
			  rewriting->type == FIELD_URL || rewriting->type == FIELD_LIST;
	struct str word;

	rewriting->good = take_word(rewriting, rest, &word);
	if (!rewriting->good)
		return;
	buf_addf(&rewriting->file, ", %s: ", key);
	if (is_bound && has_length)
		buf_add_str(&rewriting->file, word);
	else
		add_literal(rewriting, word);
}

static void
add_word(struct rewriting *rewriting, struct str *rest, const char *key)
{
	struct str word;

	rewriting->good = take_word(rewriting, rest, &word);
	if (rewriting->good)
		buf_addf(&rewriting->file, ", %s: %.*s", key, STR_ARGS(word));
}

static void
add_values(struct rewriting *rewriting, struct str *rest)
{
	struct str word;

	buf_add_c(&rewriting->file, ", values: [");
	while (rewriting->good && str_starts_with(*rest, STR(" \"")) &&
	       take_word(rewriting, rest, &word)) {
		add_text(&rewriting->file, word);
		buf_add_c(&rewriting->file, ", ");
	}
	buf_add_byte(&rewriting->file, ']');
}

static void
add_target(struct rewriting *rewriting, struct str *rest)
{
	add_word(rewriting, rest, "to");
	if (rewriting->good && rewriting->type == FIELD_REF)
		add_word(rewriting, rest, "on_delete");
}

static void
add_attribute(struct rewriting *rewriting, struct str word, struct str *rest)
{
	if (str_is(word, "scale"))
		add_word(rewriting, rest, "scale");
	else if (str_is(word, "of"))
		add_word(rewriting, rest, "of");
	else if (str_is(word, "to"))
		add_target(rewriting, rest);
	else if (str_is(word, "min"))
		add_value(rewriting, rest, "min", true);
	else if (str_is(word, "max"))
		add_value(rewriting, rest, "max", true);
	else if (str_is(word, "default"))
		add_value(rewriting, rest, "default", false);
	else if (str_is(word, "required") || str_is(word, "fold") || str_is(word, "unique") ||
		 str_is(word, "index"))
		buf_addf(&rewriting->file, ", %.*s: true", STR_ARGS(word));
	else
		rewriting->good = false;
}

static bool
take_type(struct rewriting *rewriting, struct str *rest)
{
	struct str word;

	if (!take_word(rewriting, rest, &word))
		return false;
	for (size_t i = 0; i < FIELD_TYPE_COUNT; i++)
		if (str_is(word, field_types[i].word)) {
			rewriting->type = (enum field_type)i;
			return true;
		}
	return false;
}

static bool
rewrite_field(struct rewriting *rewriting, struct str rest)
{
	struct str name, word;

	if (!take_word(rewriting, &rest, &word) || str_find_byte(word, '.') == word.size)
		return false;
	name = str_slice(word, str_find_byte(word, '.') + 1, word.size);
	buf_addf(&rewriting->file, "      %.*s: { ", STR_ARGS(name));
	if (!take_type(rewriting, &rest))
		return false;
	buf_addf(&rewriting->file, "type: %s", field_types[rewriting->type].word);
	if (rewriting->type == FIELD_ENUM)
		add_values(rewriting, &rest);
	while (rewriting->good && take_word(rewriting, &rest, &word))
		add_attribute(rewriting, word, &rest);
	buf_add_c(&rewriting->file, " },\n");
	return rewriting->good;
}

/* --- collections and indexes ------------------------------------------ */

static void
end_collection(struct rewriting *rewriting)
{
	buf_add_c(&rewriting->file, rewriting->in_collection ? "      }\n" : "  {}\n");
	if (rewriting->indexes.size > 0)
		buf_addf(&rewriting->file, "    indexes: [%.*s]\n",
		    STR_ARGS(buf_str(&rewriting->indexes)));
	if (rewriting->uniques.size > 0)
		buf_addf(&rewriting->file, "    unique: [%.*s]\n",
		    STR_ARGS(buf_str(&rewriting->uniques)));
	buf_clear(&rewriting->indexes);
	buf_clear(&rewriting->uniques);
}

static bool
rewrite_collection(struct rewriting *rewriting, struct str rest)
{
	struct str word;

	if (rewriting->in_collection)
		end_collection(rewriting);
	rewriting->in_collection = true;
	if (!take_word(rewriting, &rest, &word))
		return false;
	buf_addf(&rewriting->file, "  %.*s:\n", STR_ARGS(word));
	if (!take_word(rewriting, &rest, &word))
		return false;
	buf_add_c(&rewriting->file, str_is(word, "int") ? "    id: int\n" : "");
	buf_add_c(&rewriting->file, "    fields: {\n");
	return true;
}

static bool
rewrite_index(struct rewriting *rewriting, struct buf *indexes, struct str rest)
{
	struct str word;

	if (!take_word(rewriting, &rest, &word))
		return false;
	buf_add_byte(indexes, '[');
	while (take_word(rewriting, &rest, &word))
		buf_addf(indexes, "%.*s, ", STR_ARGS(word));
	buf_add_c(indexes, "], ");
	return rewriting->good;
}

static bool
rewrite_line(struct rewriting *rewriting, struct str line)
{
	struct str word;

	if (!take_word(rewriting, &line, &word))
		return false;
	if (str_is(word, "collection"))
		return rewrite_collection(rewriting, line);
	if (str_is(word, "field"))
		return rewrite_field(rewriting, line);
	if (str_is(word, "index"))
		return rewrite_index(rewriting, &rewriting->indexes, line);
	return str_is(word, "unique") && rewrite_index(rewriting, &rewriting->uniques, line);
}
