#include "codec/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/utf8.h"

/* A mapping or sequence that is not closed yet. */
struct level {
	struct yaml *node, *last;
	struct yaml *key; /* of a mapping: read, and its value not yet */
};

struct parse {
	struct arena *arena;
	struct str text;
	yaml_complain *complain;
	void *arg;
	uint32_t *lines; /* the offset of each line's first byte */
	size_t lines_count;
	struct fy_diag *diag;
	struct fy_parser *parser;
	struct level levels[YAML_DEPTH_MAX];
	size_t depth, documents;
	struct yaml *root;
	struct yaml_position last; /* of the last thing that had a place */
	bool broken; /* there is no whole tree */
};

static bool check_bytes(struct parse *parse);
static bool start(struct parse *parse);
static void take_event(struct parse *parse, struct fy_event *event);
static void take_syntax_error(struct parse *parse);
static void finish(struct parse *parse);

const struct yaml *
yaml_parse(struct arena *arena, struct str text, yaml_complain *complain, void *arg)
{
	struct parse parse = { .arena = arena, .text = text, .complain = complain, .arg = arg };
	struct fy_event *event;

	if (!check_bytes(&parse) || !start(&parse)) {
		finish(&parse);
		return NULL;
	}
	while (!parse.broken && (event = fy_parser_parse(parse.parser)) != NULL) {
		take_event(&parse, event);
		fy_parser_event_free(parse.parser, event);
	}
	if (!parse.broken && fy_parser_get_stream_error(parse.parser))
		take_syntax_error(&parse);
	finish(&parse);
	return parse.broken ? NULL : parse.root;
}

static void
complain(struct parse *parse, struct yaml_position at, const char *detail)
{
	parse->complain(parse->arg, at, detail);
}

static void
give_up(struct parse *parse, struct yaml_position at, const char *detail)
{
	complain(parse, at, detail);
	parse->broken = true;
}

static struct yaml_position
position(const struct parse *parse, size_t offset)
{
	size_t low = 0, high = parse->lines_count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (parse->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return (
	    struct yaml_position){ (uint32_t)low + 1, (uint32_t)(offset - parse->lines[low]) + 1 };
}

static void
find_lines(struct parse *parse)
{
	size_t count = 1;

	for (size_t i = 0; i < parse->text.size; i++)
		count += parse->text.data[i] == '\n';
	parse->lines = memory_new(count * sizeof(parse->lines[0]));
	for (size_t i = 0; i < parse->text.size; i++)
		if (parse->text.data[i] == '\n')
			parse->lines[++parse->lines_count] = (uint32_t)i + 1;
	parse->lines_count++;
}

/* The library takes a NUL, and a byte that is not UTF-8, for the end of the text: silence. */
static bool
check_bytes(struct parse *parse)
{
	size_t bad, nul;

	if (parse->text.size > YAML_TEXT_SIZE_MAX) {
		give_up(parse, (struct yaml_position){ 1, 1 }, "the file is too large");
		return false;
	}
	find_lines(parse);
	parse->last = position(parse, 0);
	bad = utf8_check(parse->text);
	nul = str_find_byte(parse->text, '\0');
	if (nul < bad)
		give_up(parse, position(parse, nul), "a NUL byte is not allowed here");
	else if (bad < parse->text.size)
		give_up(parse, position(parse, bad), "this byte is not UTF-8");
	return !parse->broken;
}

static void
say_nothing(struct fy_diag *diag, void *user, const char *text, size_t size)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)size;
}

static bool
start(struct parse *parse)
{
	struct fy_diag_cfg diag_config;
	struct fy_parse_cfg config = {
		.flags =
		    FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
	};

	/* Its own habit is to print to standard error, QUIET or not. */
	fy_diag_cfg_default(&diag_config);
	diag_config.fp = NULL;
	diag_config.output_fn = say_nothing;
	parse->diag = config.diag = fy_diag_create(&diag_config);
	if (parse->diag != NULL) {
		fy_diag_set_collect_errors(parse->diag, true);
		parse->parser = fy_parser_create(&config);
	}
	if (parse->parser == NULL ||
	    fy_parser_set_string(parse->parser, parse->text.data, parse->text.size) != 0)
		give_up(parse, parse->last, "the file cannot be read");
	return !parse->broken;
}

static void
finish(struct parse *parse)
{
	if (parse->parser != NULL)
		fy_parser_destroy(parse->parser);
	if (parse->diag != NULL)
		fy_diag_destroy(parse->diag);
	free(parse->lines);
}

/* The library counts columns in characters. */
static struct yaml_position
position_of_error(const struct parse *parse, const struct fy_diag_error *error)
{
	size_t line, offset, end;

	if (error->line < 1 || (size_t)error->line > parse->lines_count)
		return parse->last;
	line = (size_t)error->line - 1;
	offset = parse->lines[line];
	end = line + 1 < parse->lines_count ? parse->lines[line + 1] : parse->text.size;
	for (int column = 1; column < error->column && offset < end; column++)
		do
			offset++;
		while (offset < end && ((unsigned char)parse->text.data[offset] & 0xC0) == 0x80);
	return position(parse, offset);
}

static void
take_syntax_error(struct parse *parse)
{
	void *place = NULL;
	struct fy_diag_error *error = fy_diag_errors_iterate(parse->diag, &place);
	bool quotes;
	char detail[512];

	if (error == NULL || error->msg == NULL) {
		give_up(parse, parse->last, "this is not YAML");
		return;
	}
	/* `'editor' in auth.roles`: YAML takes the quotes for its own. */
	quotes = strstr(error->msg, "trailing content after") != NULL;
	snprintf(detail, sizeof(detail), "not YAML: %s%s", error->msg,
	    quotes ? "; put all of the text in quotes" : "");
	give_up(parse, position_of_error(parse, error), detail);
}

static struct yaml *
add_node(struct parse *parse, enum yaml_type type, struct yaml_position at)
{
	struct level *level = parse->depth == 0 ? NULL : &parse->levels[parse->depth - 1];
	struct yaml *node = arena_new(parse->arena, sizeof(*node));

	if (node == NULL) {
		give_up(parse, at, "the file is too large");
		return NULL;
	}
	node->type = type;
	node->at = at;
	if (level == NULL) {
		parse->root = node;
	} else if (level->node->type == YAML_MAPPING && level->key == NULL) {
		level->key = node;
		if (type != YAML_SCALAR)
			give_up(parse, at, "a key must be a name");
	} else {
		node->key = level->key;
		level->key = NULL;
		*(level->last == NULL ? &level->node->first : &level->last->next) = node;
		level->last = node;
		level->node->count++;
	}
	return node;
}

static struct yaml_position
position_of_event(struct parse *parse, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);

	if (mark != NULL)
		parse->last = position(parse, mark->input_pos);
	return parse->last;
}

static void
open_level(struct parse *parse, enum yaml_type type, struct yaml_position at)
{
	struct yaml *node;

	if (parse->depth == YAML_DEPTH_MAX) {
		give_up(parse, at, "nested too deeply");
		return;
	}
	if ((node = add_node(parse, type, at)) != NULL)
		parse->levels[parse->depth++] = (struct level){ .node = node };
}

static int
compare_keys(const void *a, const void *b)
{
	const struct yaml *left = (*(const struct yaml *const *)a)->key;
	const struct yaml *right = (*(const struct yaml *const *)b)->key;
	int order = str_compare(left->text, right->text);

	if (order != 0)
		return order;
	if (left->at.line != right->at.line)
		return left->at.line < right->at.line ? -1 : 1;
	return (left->at.column > right->at.column) - (left->at.column < right->at.column);
}

static void
complain_about_key(struct parse *parse, const struct yaml *key, const struct yaml *before)
{
	char detail[160];
	struct str shown = utf8_cut(key->text, 64);

	snprintf(detail, sizeof(detail), "the key '%.*s' stands here twice; first in line %u",
	    STR_ARGS(shown), before->at.line);
	complain(parse, key->at, detail);
}

/* Sorted, so that a mapping of a hundred thousand keys costs no square of that. */
static void
check_keys(struct parse *parse, const struct yaml *mapping)
{
	const struct yaml **members, **end;

	if (mapping->count < 2)
		return;
	end = members = memory_new(mapping->count * sizeof(members[0]));
	for (const struct yaml *member = mapping->first; member != NULL; member = member->next)
		*end++ = member;
	qsort(members, mapping->count, sizeof(members[0]), compare_keys);
	for (size_t i = 1; i < mapping->count; i++)
		if (str_equal(members[i]->key->text, members[i - 1]->key->text))
			complain_about_key(parse, members[i]->key, members[i - 1]->key);
	free(members);
}

static void
close_level(struct parse *parse)
{
	const struct yaml *node = parse->levels[--parse->depth].node;

	if (node->type == YAML_MAPPING)
		check_keys(parse, node);
}

static enum yaml_style
style_of(struct fy_token *token)
{
	switch (fy_token_scalar_style(token)) {
	case FYSS_SINGLE_QUOTED:
	case FYSS_DOUBLE_QUOTED:
		return YAML_QUOTED;
	case FYSS_LITERAL:
	case FYSS_FOLDED:
		return YAML_BLOCK;
	default:
		return YAML_PLAIN;
	}
}

/* The library's marks stand inside of the quotes, and before the indent of a block. */
static struct yaml_position
position_of_text(const struct parse *parse, const struct yaml *node)
{
	struct yaml_position at = node->at;

	if (node->style == YAML_QUOTED)
		at.column--;
	if (node->style == YAML_BLOCK) {
		size_t offset = parse->lines[at.line - 1] + at.column - 1;

		for (; offset < parse->text.size && parse->text.data[offset] == ' '; offset++)
			at.column++;
	}
	return at;
}

static struct str
written_text(const struct parse *parse, const struct yaml *node, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_end_mark(event);
	size_t begin = parse->lines[node->at.line - 1] + node->at.column - 1;
	size_t end = mark == NULL ? begin : mark->input_pos + (node->style == YAML_QUOTED);

	return end < begin || end > parse->text.size ? str_slice(parse->text, begin, begin)
						     : str_slice(parse->text, begin, end);
}

static void
add_scalar(struct parse *parse, struct fy_event *event)
{
	bool empty = fy_event_start_mark(event) == NULL;
	struct yaml *node = add_node(parse, YAML_SCALAR, position_of_event(parse, event));
	struct str text = { 0 };

	if (node == NULL)
		return;
	text.data = fy_token_get_text(event->scalar.value, &text.size);
	node->style = style_of(event->scalar.value);
	node->at = position_of_text(parse, node);
	node->written = written_text(parse, node, event);
	if (node->style == YAML_PLAIN && (empty || text.size == 0))
		node->style = YAML_EMPTY;
	if (text.data == NULL)
		text = STR("");
	/* The library (0.7.12) counts a byte too many where a fold has a line that is indented more. */
	if (node->style == YAML_BLOCK)
		text.size = str_find_byte(text, '\0');
	/* An escape can make what the file's own bytes could not be. */
	if (str_find_byte(text, '\0') < text.size || utf8_check(text) < text.size)
		give_up(parse, node->at, "a text cannot hold U+0000 or half a surrogate pair");
	node->text = arena_str(parse->arena, text);
	if (node->text.data == NULL)
		give_up(parse, node->at, "the file is too large");
}

static void
refuse_decoration(struct parse *parse, struct fy_event *event)
{
	struct fy_token *anchor = fy_event_get_anchor_token(event);
	struct fy_token *tag = fy_event_get_tag_token(event);

	/* A token's mark stands behind its & or !. */
	if (anchor != NULL && fy_token_start_mark(anchor) != NULL)
		complain(parse, position(parse, fy_token_start_mark(anchor)->input_pos),
		    "anchors are not supported: write it out where it is needed");
	if (tag != NULL && fy_token_start_mark(tag) != NULL)
		complain(parse, position(parse, fy_token_start_mark(tag)->input_pos),
		    "tags are not supported: a value's type follows from its place");
}

static void
take_event(struct parse *parse, struct fy_event *event)
{
	refuse_decoration(parse, event);
	switch (event->type) {
	case FYET_DOCUMENT_START:
		if (parse->documents++ > 0)
			give_up(
			    parse, position_of_event(parse, event), "only one document is allowed");
		break;
	case FYET_MAPPING_START:
		open_level(parse, YAML_MAPPING, position_of_event(parse, event));
		break;
	case FYET_SEQUENCE_START:
		open_level(parse, YAML_SEQUENCE, position_of_event(parse, event));
		break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		close_level(parse);
		break;
	case FYET_SCALAR:
		add_scalar(parse, event);
		break;
	case FYET_ALIAS:
		give_up(parse, position_of_event(parse, event),
		    "aliases are not supported: write it out where it is needed");
		break;
	default:
		break;
	}
}
