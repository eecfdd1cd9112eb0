#include "codec/json_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/utf8.h"

enum { COMPARE_EACH_MAX = 16 };

static bool parse_value(struct json_parser *parser, struct json *ret);

static void
skip_space(struct json_parser *parser)
{
	while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n' ||
					       *parser->at == '\r' || *parser->at == '\t'))
		parser->at++;
}

static bool
grow_stack(struct json_parser *parser)
{
	size_t capacity = parser->stack_capacity * 2;

	/* What is larger than the arena could never move there. */
	if (parser->stack_capacity > parser->arena->size_max)
		return json_fail_too_large(parser);
	parser->stack_heap = memory_resize(parser->stack_heap, capacity);
	if (parser->stack == parser->stack_first)
		memcpy(parser->stack_heap, parser->stack_first, parser->stack_size);
	parser->stack = parser->stack_heap;
	parser->stack_capacity = capacity;
	return true;
}

static bool
push(struct json_parser *parser, const void *item, size_t size)
{
	if (parser->stack_capacity - parser->stack_size < size && !grow_stack(parser))
		return false;
	memcpy(parser->stack + parser->stack_size, item, size);
	parser->stack_size += size;
	return true;
}

/* Move all that stands on the stack from ${base} on into the arena. */
static bool
collect(struct json_parser *parser, size_t base, void **ret)
{
	size_t size = parser->stack_size - base;

	if (size == 0)
		return true;
	if ((*ret = arena_new(parser->arena, size)) == NULL)
		return json_fail_too_large(parser);
	memcpy(*ret, parser->stack + base, size);
	parser->stack_size = base;
	return true;
}

static bool
parse_word(struct json_parser *parser, struct json *ret, struct str word, enum json_type type)
{
	if ((size_t)(parser->end - parser->at) < word.size ||
	    memcmp(parser->at, word.data, word.size) != 0)
		return json_fail(parser, parser->at, "the only words are true, false and null");
	parser->at += word.size;
	ret->type = type;
	ret->boolean = word.data[0] == 't';
	return true;
}

/* Step over the opening bracket; whether an item stands there. */
static bool
enter(struct json_parser *parser, char close, bool *ret_more)
{
	if (parser->depth == parser->depth_max)
		return json_fail(parser, parser->at, "nested deeper than 64 levels");
	parser->depth++;
	parser->at++;
	skip_space(parser);
	*ret_more = json_peek(parser) != close;
	return true;
}

/* Behind an item: step over a comma, or stay at the closing bracket. */
static bool
step_to_next(struct json_parser *parser, char close, bool *ret_more)
{
	skip_space(parser);
	*ret_more = json_peek(parser) == ',';
	if (!*ret_more && json_peek(parser) == close)
		return true;
	if (!*ret_more)
		return json_fail_here(
		    parser, close == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
	parser->at++;
	skip_space(parser);
	if (json_peek(parser) == close)
		return json_fail(parser, parser->at,
		    close == ']' ? "a value must follow the comma"
				 : "a member must follow the comma");
	return true;
}

static void
leave(struct json_parser *parser)
{
	parser->at++;
	parser->depth--;
}

static bool
parse_array(struct json_parser *parser, struct json *ret)
{
	size_t base = parser->stack_size;
	void *items = NULL;
	uint32_t count = 0;
	bool more = false;

	if (!enter(parser, ']', &more))
		return false;
	for (; more; count++) {
		struct json item = { 0 };

		if (!parse_value(parser, &item) || !push(parser, &item, sizeof(item)) ||
		    !step_to_next(parser, ']', &more))
			return false;
	}
	leave(parser);
	if (!collect(parser, base, &items))
		return false;
	ret->type = JSON_ARRAY;
	ret->items = items;
	ret->count = count;
	return true;
}

/* The place of the name whose value begins at ${value}: the quote that no backslash precedes. */
static const char *
name_before(const char *value)
{
	const char *at = value;

	while (*--at != '"')
		;
	do
		at--;
	while (*at != '"' || at[-1] == '\\');
	return at;
}

static int
compare_members(const void *a, const void *b)
{
	const struct json_member *x = *(const struct json_member *const *)a;
	const struct json_member *y = *(const struct json_member *const *)b;
	int order;

	if (x->name.size != y->name.size)
		return x->name.size < y->name.size ? -1 : 1;
	order = x->name.size == 0 ? 0 : memcmp(x->name.data, y->name.data, x->name.size);
	return order != 0 ? order : (x > y) - (x < y);
}

/* The first member whose name came before, or NULL. */
static const struct json_member *
find_twin_by_sorting(const struct json_member *members, uint32_t count)
{
	const struct json_member **sorted =
	    memory_resize(NULL, count * sizeof(struct json_member *));
	const struct json_member *twin = NULL;

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &members[i];
	qsort(sorted, count, sizeof(*sorted), compare_members);
	for (uint32_t i = 1; i < count; i++)
		if (str_equal(sorted[i - 1]->name, sorted[i]->name) &&
		    (twin == NULL || sorted[i] < twin))
			twin = sorted[i];
	free(sorted);
	return twin;
}

static const struct json_member *
find_twin(const struct json_member *members, uint32_t count)
{
	/* Not a hash: whoever chooses the names must not be able to make this quadratic. */
	if (count > COMPARE_EACH_MAX)
		return find_twin_by_sorting(members, count);
	for (uint32_t i = 1; i < count; i++)
		for (uint32_t j = 0; j < i; j++)
			if (str_equal(members[i].name, members[j].name))
				return &members[i];
	return NULL;
}

static bool
parse_member(struct json_parser *parser, struct json_member *ret)
{
	if (json_peek(parser) != '"')
		return json_fail_here(parser, "expected a name in double quotes");
	if (!json_parse_string(parser, &ret->name))
		return false;
	skip_space(parser);
	if (json_peek(parser) != ':')
		return json_fail_here(parser, "expected ':'");
	parser->at++;
	return parse_value(parser, &ret->value);
}

static bool
parse_object(struct json_parser *parser, struct json *ret)
{
	size_t base = parser->stack_size;
	const struct json_member *twin;
	void *members = NULL;
	uint32_t count = 0;
	bool more = false;

	if (!enter(parser, '}', &more))
		return false;
	for (; more; count++) {
		struct json_member member = { 0 };

		if (!parse_member(parser, &member) || !push(parser, &member, sizeof(member)) ||
		    !step_to_next(parser, '}', &more))
			return false;
	}
	leave(parser);
	if (!collect(parser, base, &members))
		return false;
	if ((twin = find_twin(members, count)) != NULL)
		return json_fail(
		    parser, name_before(parser->start + twin->value.offset), "the same name twice");
	ret->type = JSON_OBJECT;
	ret->members = members;
	ret->count = count;
	return true;
}

static bool
parse_value(struct json_parser *parser, struct json *ret)
{
	skip_space(parser);
	ret->offset = (uint32_t)(parser->at - parser->start);
	switch (json_peek(parser)) {
	case '{':
		return parse_object(parser, ret);
	case '[':
		return parse_array(parser, ret);
	case '"':
		ret->type = JSON_STRING;
		return json_parse_string(parser, &ret->string);
	case 't':
		return parse_word(parser, ret, STR("true"), JSON_BOOL);
	case 'f':
		return parse_word(parser, ret, STR("false"), JSON_BOOL);
	case 'n':
		return parse_word(parser, ret, STR("null"), JSON_NULL);
	case '-':
		return json_parse_number(parser, ret);
	default:
		if (json_is_digit(json_peek(parser)))
			return json_parse_number(parser, ret);
		return json_fail_here(parser, "expected a value");
	}
}

static bool
parse_text(struct json_parser *parser, struct json *ret)
{
	struct str text = { parser->start, (size_t)(parser->end - parser->start) };
	size_t valid = utf8_check(text);

	/* Once for all, so that strings need no second look. */
	if (valid < text.size)
		return json_fail(parser, parser->start + valid, "invalid UTF-8");
	if (!parse_value(parser, ret))
		return false;
	skip_space(parser);
	return parser->at == parser->end || json_fail_here(parser, "nothing may follow the value");
}

enum err
json_parse(struct arena *arena, struct str text, struct json *ret, struct json_error *ret_error)
{
	return json_parse_deep(arena, text, JSON_DEPTH_MAX, ret, ret_error);
}

enum err
json_parse_deep(struct arena *arena, struct str text, int depth_max, struct json *ret,
    struct json_error *ret_error)
{
	struct json_parser parser;
	struct json json = { 0 };

	assert(text.size <= UINT32_MAX);
	if (text.data == NULL)
		text = STR("");
	parser.arena = arena;
	parser.start = parser.at = text.data;
	parser.end = text.data + text.size;
	parser.depth = 0;
	parser.depth_max = depth_max;
	parser.stack = parser.stack_first;
	parser.stack_heap = NULL;
	parser.stack_size = 0;
	parser.stack_capacity = sizeof(parser.stack_first);
	parser.err = OK;
	if (parse_text(&parser, &json))
		*ret = json;
	else if (parser.err == ERR_BAD_JSON)
		*ret_error = parser.error;
	free(parser.stack_heap);
	return parser.err;
}

const struct json *
json_member(const struct json *json, const char *name)
{
	struct str wanted;

	if (json == NULL || json->type != JSON_OBJECT)
		return NULL;
	wanted = str_from(name);
	for (uint32_t i = 0; i < json->count; i++)
		if (str_equal(json->members[i].name, wanted))
			return &json->members[i].value;
	return NULL;
}
