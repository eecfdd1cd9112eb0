#include "http/media_type.h"

#include "http/grammar.h"

bool
media_type_parse(struct str text, struct media_type *ret)
{
	struct media_type type = { 0 };
	struct str rest = text, part, name, value;
	enum grammar_next next;

	if (!grammar_take_token(&rest, &part) || !grammar_take_byte(&rest, '/') ||
	    !grammar_take_token(&rest, &part))
		return false;
	type.name = str_slice(text, 0, text.size - rest.size);
	while ((next = grammar_next_parameter(&rest, &name, &value)) == GRAMMAR_ONE) {
		if (!str_equal_nocase(name, STR("charset")))
			continue;
		if (type.charset.data != NULL)
			return false;
		type.charset = value;
	}
	if (next == GRAMMAR_BAD || rest.size > 0)
		return false;
	*ret = type;
	return true;
}

enum media_kind
media_kind(struct str content_type)
{
	static const struct {
		const char *name;
		enum media_kind kind;
	} kinds[] = {
		{ "application/json", MEDIA_JSON },
		{ "application/merge-patch+json", MEDIA_MERGE_PATCH },
		{ "application/json-patch+json", MEDIA_JSON_PATCH },
		{ "application/x-ndjson", MEDIA_NDJSON },
		{ "text/csv", MEDIA_CSV },
	};
	struct media_type type;

	if (content_type.data == NULL)
		return MEDIA_NONE;
	if (!media_type_parse(content_type, &type))
		return MEDIA_OTHER;
	if (type.charset.data != NULL && !str_equal_nocase(type.charset, STR("utf-8")))
		return MEDIA_OTHER;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_equal_nocase(type.name, str_from(kinds[i].name)))
			return kinds[i].kind;
	return MEDIA_OTHER;
}
