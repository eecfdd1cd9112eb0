#include <stdio.h>

#include "base/limits.h"
#include "records/list_internal.h"

/* --- text ------------------------------------------------------------ */

/* The end of the quoted text that begins at ${at}; the end of ${text} where it has none. */
static size_t
skip_quoted(struct str text, size_t at)
{
	char quote = text.data[at++];

	while (at < text.size && text.data[at] != quote)
		at += text.data[at] == '\\' ? 2 : 1;
	return at < text.size ? at + 1 : text.size;
}

/* Where the first of ${ends} stands from ${at} on, outside of quotes and brackets; or the end. */
static size_t
find_end(struct str text, size_t at, const char *ends)
{
	unsigned depth = 0;

	while (at < text.size) {
		char byte = text.data[at];

		if (depth == 0 && str_find_byte(str_from(ends), byte) < str_from(ends).size)
			break;
		if (byte == '"' || byte == '\'') {
			at = skip_quoted(text, at);
			continue;
		}
		if (byte == '(' || byte == '[')
			depth++;
		else if ((byte == ')' || byte == ']') && depth > 0)
			depth--;
		at++;
	}
	return at;
}

bool
list_next_part(struct str value, size_t *at, struct str *ret, size_t *ret_offset)
{
	size_t end;

	if (*at > value.size)
		return false;
	end = find_end(value, *at, ",");
	*ret = str_trim(str_slice(value, *at, end));
	*ret_offset = ret->size == 0 ? *at : (size_t)(ret->data - value.data);
	*at = end + 1;
	return true;
}

/* --- names ----------------------------------------------------------- */

bool
list_back_is_seen(const struct list_query *query, const struct back_reference *back)
{
	return rules_field_sight(query->rules, back->from, back->field, &query->identity->caller) !=
	       FIELD_HIDDEN;
}

/* What a name leads to: a column, or a back reference. */
struct named {
	const struct field *field; /* NULL: a back reference */
	const struct back_reference *back;
	size_t place; /* in the choice */
};

static bool
find_name(struct list_parsing *parsing, struct str name, size_t offset, struct named *ret)
{
	const struct list_query *query = parsing->query;
	const struct collection *collection = query->collection;

	ret->back = NULL;
	ret->field = sight_find(query->rules, collection, &query->identity->caller, name);
	if (ret->field != NULL) {
		ret->place = ret->field->column;
		return true;
	}
	ret->back = collection_back(collection, name);
	if (ret->back == NULL || !list_back_is_seen(query, ret->back))
		return list_fail_unknown(parsing, collection, name, offset, true);
	ret->place = collection->columns_count + (size_t)(ret->back - collection->backs);
	return true;
}

static bool
begin_choice(struct list_parsing *parsing)
{
	const struct collection *collection = parsing->query->collection;
	size_t count = collection->columns_count + collection->backs_count;
	struct list_choice *choice = parsing->choice;

	if (choice != NULL)
		return true;
	choice = arena_new(parsing->arena, sizeof(*choice));
	if (choice == NULL)
		return list_fail_memory(parsing);
	choice->named = arena_array(parsing->arena, count, sizeof(*choice->named));
	choice->expands = arena_array(parsing->arena, count, sizeof(struct list_parsing *));
	parsing->choice = choice;
	return (choice->named != NULL && choice->expands != NULL) || list_fail_memory(parsing);
}

/* --- expansions ------------------------------------------------------ */

static struct list_parsing *
new_expansion(struct list_parsing *parsing, const struct named *named)
{
	struct list_parsing *nested = arena_new(parsing->arena, sizeof(*nested));
	struct list_query *query = arena_new(parsing->arena, sizeof(*query));

	if (nested == NULL || query == NULL)
		return NULL;
	query->rules = parsing->query->rules;
	query->collection = named->back != NULL ? named->back->from : named->field->to;
	query->identity = parsing->query->identity;
	query->limit = list_limit_standard(parsing->depth + 1);
	*nested = (struct list_parsing){
		.arena = parsing->arena,
		.query = query,
		.problem = parsing->problem,
		.depth = parsing->depth + 1,
		.expands_count = parsing->expands_count,
	};
	return nested;
}

/* The expansion of ${named}, which may have been begun before. */
static bool
find_expansion(struct list_parsing *parsing, const struct named *named, struct str name,
    size_t offset, struct list_parsing **ret)
{
	struct list_parsing **place = &parsing->choice->expands[named->place];

	if (named->field != NULL && named->field->to == NULL)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "type",
		    "'%.*s' is no reference, which could be expanded", STR_ARGS(name));
	if (*place == NULL) {
		if (parsing->depth == (unsigned)limit(LIMIT_expand_depth))
			return list_fail(parsing, ERR_BAD_PARAMETER, offset, "too_many",
			    "expected at most %lld levels", (long long)limit(LIMIT_expand_depth));
		if (++*parsing->expands_count > (unsigned)limit(LIMIT_expands))
			return list_fail(parsing, ERR_BAD_PARAMETER, offset, "too_many",
			    "expected at most %lld expansions", (long long)limit(LIMIT_expands));
		*place = new_expansion(parsing, named);
		if (*place == NULL)
			return list_fail_memory(parsing);
	}
	(*place)->parameter = parsing->parameter;
	(*place)->base = parsing->base;
	*ret = *place;
	return true;
}

/* "name=value" */
static bool
read_option(struct list_parsing *nested, bool is_back, struct str text, size_t at, size_t end)
{
	struct str option = str_slice(text, at, end);
	size_t equals = str_find_byte(option, '=');
	struct str name = str_trim(str_slice(option, 0, equals)), value;

	if (equals == option.size)
		return list_fail(nested, ERR_BAD_PARAMETER, at, "unknown",
		    "expected a parameter, as in comments(limit=5;sort=-created)");
	value = str_trim(str_slice(option, equals + 1, option.size));
	return list_read_option(nested, is_back, name, (size_t)(name.data - text.data), value,
	    value.size == 0 ? at + equals + 1 : (size_t)(value.data - text.data));
}

/* What stands between ${at}, behind the parenthesis, and the one that closes; *ret_end is behind it. */
static bool
read_options(
    struct list_parsing *nested, bool is_back, struct str text, size_t at, size_t *ret_end)
{
	for (;; at++) {
		size_t end = find_end(text, at, ";)");

		if (end == text.size)
			return list_fail(nested, ERR_BAD_PARAMETER, text.size, "unknown",
			    "expected ')'");
		if (!read_option(nested, is_back, text, at, end))
			return false;
		at = end;
		if (text.data[end] == ')')
			break;
	}
	*ret_end = at + 1;
	return true;
}

/* ${text} from ${at} on: a path of names with options. */
static bool
read_path(struct list_parsing *parsing, struct str text, size_t at)
{
	size_t end = at;
	struct list_parsing *nested;
	struct named named;
	struct str name;

	while (end < text.size && text.data[end] != '.' && text.data[end] != '(')
		end++;
	name = str_trim(str_slice(text, at, end));
	if (name.size == 0)
		return list_fail(parsing, ERR_BAD_PARAMETER, at, "unknown",
		    "expected the name of a reference, as in expand=author,topic.owner");
	if (!begin_choice(parsing) || !find_name(parsing, name, at, &named) ||
	    !find_expansion(parsing, &named, name, at, &nested))
		return false;
	if (end < text.size && text.data[end] == '(' &&
	    !read_options(nested, named.back != NULL, text, end + 1, &end))
		return false;
	if (end == text.size)
		return true;
	if (text.data[end] != '.')
		return list_fail(
		    parsing, ERR_BAD_PARAMETER, end, "unknown", "expected ',' or '.'");
	return read_path(nested, text, end + 1);
}

bool
list_read_expand(struct list_parsing *parsing, struct str value)
{
	size_t at = 0, offset;
	struct str part;

	if (str_trim(value).size == 0)
		return true;
	while (list_next_part(value, &at, &part, &offset))
		if (!read_path(parsing, str_slice(value, 0, offset + part.size), offset))
			return false;
	return true;
}

/* --- fields ---------------------------------------------------------- */

static bool
note_name(struct list_parsing *parsing, const struct named *named, struct str name, size_t offset)
{
	bool *place = &parsing->choice->named[named->place];

	if (*place)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "repeated",
		    "'%.*s' is named twice", STR_ARGS(name));
	*place = true;
	return true;
}

/* "author.name" */
static bool
read_field(struct list_parsing *parsing, struct str path, size_t offset)
{
	size_t dot = str_find_byte(path, '.');
	struct str name = str_slice(path, 0, dot);
	struct list_parsing *nested;
	struct named named;

	if (name.size == 0)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "unknown",
		    "expected the name of a field, as in fields=id,title");
	if (!begin_choice(parsing))
		return false;
	parsing->query->has_fields = true;
	if (dot == path.size && str_is(name, "*"))
		return parsing->choice->names_all = true;
	if (!find_name(parsing, name, offset, &named))
		return false;
	if (dot == path.size && named.back == NULL)
		return note_name(parsing, &named, name, offset);
	if (!find_expansion(parsing, &named, name, offset, &nested))
		return false;
	return dot == path.size ||
	       read_field(nested, str_slice(path, dot + 1, path.size), offset + dot + 1);
}

bool
list_read_fields(struct list_parsing *parsing, struct str value)
{
	size_t at = 0, offset;
	struct str part;

	if (str_trim(value).size == 0)
		return true;
	while (list_next_part(value, &at, &part, &offset))
		if (!read_field(parsing, part, offset))
			return false;
	return true;
}

/* --- the whole ------------------------------------------------------- */

/* "\"comments\":"; data is NULL at the arena's limit. */
static struct str
quoted_name(struct arena *arena, struct str name)
{
	char text[APP_NAME_SIZE_MAX * 2 + 8];

	snprintf(text, sizeof(text), "\"%.*s\":", STR_ARGS(name));
	return arena_str(arena, str_from(text));
}

static const struct expand *
finish_expansion(struct list_parsing *parsing, size_t place)
{
	const struct collection *collection = parsing->query->collection;
	struct list_parsing *nested = parsing->choice->expands[place];
	struct expand *expand;

	if (nested == NULL)
		return NULL;
	expand = arena_new(parsing->arena, sizeof(*expand));
	if (expand == NULL || !list_finish_nested(nested))
		return NULL;
	expand->query = nested->query;
	expand->is_back = place >= collection->columns_count;
	if (expand->is_back) {
		const struct back_reference *back =
		    &collection->backs[place - collection->columns_count];

		expand->json_name = quoted_name(parsing->arena, back->name);
		expand->field = back->field;
		expand->rule = sight_row_rule(nested->query->rules, back->from,
		    &nested->query->identity->caller, back->field);
	} else {
		expand->json_name = collection->columns[place].json_name;
		expand->field = &collection->columns[place];
	}
	return expand->json_name.data == NULL ? NULL : expand;
}

/* Keep those of the members that are named or expanded. */
static bool
choose(struct list_parsing *parsing, struct sight *sight)
{
	const struct list_choice *choice = parsing->choice;
	bool all = choice->names_all || !parsing->query->has_fields;
	size_t kept = 0;

	for (size_t i = 0; i < sight->members_count; i++) {
		struct sight_member member = sight->members[i];
		size_t place = member.field->column;

		if (choice->expands[place] != NULL) {
			member.expand = finish_expansion(parsing, place);
			if (member.expand == NULL)
				return false;
		}
		if (all || choice->named[place] || choice->expands[place] != NULL)
			sight->members[kept++] = member;
	}
	sight->members_count = kept;
	return true;
}

static bool
add_backs(struct list_parsing *parsing, struct sight *sight)
{
	const struct collection *collection = sight->collection;

	for (size_t i = 0; i < collection->backs_count; i++) {
		size_t place = collection->columns_count + i;
		const struct expand *expand;

		if (parsing->choice->expands[place] == NULL)
			continue;
		expand = finish_expansion(parsing, place);
		if (expand == NULL)
			return false;
		sight->members[sight->members_count++] = (struct sight_member){ .expand = expand };
	}
	return true;
}

bool
list_finish_sight(struct list_parsing *parsing)
{
	const struct list_query *query = parsing->query;
	const struct rule_caller *caller = &query->identity->caller;
	struct sight *sight = &parsing->query->sight;

	/* The common case costs no memory. */
	if (parsing->depth == 0 && parsing->choice == NULL &&
	    sight_is_plain(query->rules, query->collection, caller)) {
		sight->is_plain = true;
		return true;
	}
	if (!sight_init(parsing->arena, query->rules, query->collection, query->identity,
		query->collection->backs_count, sight))
		return false;
	if (parsing->choice == NULL)
		return true;
	if (!choose(parsing, sight) || !add_backs(parsing, sight))
		return false;
	sight->is_plain = sight->has_expands = sight->asks_rows = sight->asks_others = false;
	sight_note(sight);
	return true;
}
