#include "http/conditional.h"

#include "http/date.h"
#include "http/etag.h"
#include "http/grammar.h"

/* The tags of all lines of one field. */
struct tags {
	const struct h1_head *head;
	struct str name, rest; /* the field; what is left of its current line */
	size_t index;
};

struct tag {
	struct str text; /* with its quotes */
	bool weak;
};

static bool
is_tag_byte(char byte)
{
	return byte != ' ' && byte != '\t' && !grammar_is_control(byte);
}

static bool
take_tag(struct str *rest, struct tag *ret)
{
	bool weak = str_starts_with(*rest, STR("W/"));
	struct str text = weak ? str_slice(*rest, 2, rest->size) : *rest;
	size_t i = 1;

	if (text.size == 0 || text.data[0] != '"')
		return false;
	while (i < text.size && text.data[i] != '"' && is_tag_byte(text.data[i]))
		i++;
	if (i == text.size || text.data[i] != '"')
		return false;
	*ret = (struct tag){ str_slice(text, 0, i + 1), weak };
	*rest = str_slice(text, i + 1, text.size);
	return true;
}

static enum grammar_next
next_tag(struct tags *tags, struct tag *ret)
{
	for (;;) {
		do
			grammar_skip_space(&tags->rest);
		while (grammar_take_byte(&tags->rest, ','));
		if (tags->rest.size > 0)
			break;
		if (!h1_head_list_next(tags->head, tags->name, &tags->index, &tags->rest))
			return GRAMMAR_END;
	}
	if (!take_tag(&tags->rest, ret))
		return GRAMMAR_BAD;
	grammar_skip_space(&tags->rest);
	if (tags->rest.size > 0 && tags->rest.data[0] != ',')
		return GRAMMAR_BAD;
	return GRAMMAR_ONE;
}

static struct tags
tags_of(const struct h1_head *head, struct str name)
{
	return (struct tags){ .head = head, .name = name };
}

/* `*` is the whole field, on its only line. */
static bool
is_any(const struct h1_head *head, struct str name)
{
	struct str line, other;
	size_t index = 0;

	return h1_head_list_next(head, name, &index, &line) && str_is(line, "*") &&
	    !h1_head_list_next(head, name, &index, &other);
}

static enum err
check(const struct h1_head *head, enum h1_known known, struct str name, enum condition *ret)
{
	struct tags tags = tags_of(head, name);
	enum grammar_next next;
	struct tag tag;
	size_t count = 0;

	if (head->known[known].data == NULL) {
		*ret = CONDITION_ABSENT;
		return OK;
	}
	if (is_any(head, name)) {
		*ret = CONDITION_ANY;
		return OK;
	}
	while ((next = next_tag(&tags, &tag)) == GRAMMAR_ONE)
		count++;
	if (next == GRAMMAR_BAD || count == 0)
		return ERR_BAD_HEADER;
	*ret = CONDITION_TAGS;
	return OK;
}

enum err
conditional_parse(const struct h1_head *head, struct conditional *ret, const char **ret_detail)
{
	struct conditional conditional = { .head = head };

	if (check(head, H1_IF_MATCH, STR("If-Match"), &conditional.if_match) != OK) {
		*ret_detail = "If-Match is neither * nor a list of quoted tags";
		return ERR_BAD_HEADER;
	}
	if (check(head, H1_IF_NONE_MATCH, STR("If-None-Match"), &conditional.if_none_match) != OK) {
		*ret_detail = "If-None-Match is neither * nor a list of quoted tags";
		return ERR_BAD_HEADER;
	}
	*ret = conditional;
	return OK;
}

/* Is ${number} among the tags of the field ${name}? */
static bool
has_number(const struct h1_head *head, struct str name, int64_t number, bool strongly)
{
	struct tags tags = tags_of(head, name);
	struct tag tag;
	int64_t other;

	while (next_tag(&tags, &tag) == GRAMMAR_ONE)
		if (!(strongly && tag.weak) && etag_number(tag.text, &other) && other == number)
			return true;
	return false;
}

bool
conditional_if_match(const struct conditional *conditional, int64_t number)
{
	if (conditional->if_match == CONDITION_ABSENT)
		return true;
	if (number == CONDITIONAL_NOTHING)
		return false;
	return conditional->if_match == CONDITION_ANY ||
	    has_number(conditional->head, STR("If-Match"), number, true);
}

bool
conditional_if_none_match(const struct conditional *conditional, int64_t number)
{
	if (conditional->if_none_match == CONDITION_ABSENT || number == CONDITIONAL_NOTHING)
		return true;
	return conditional->if_none_match == CONDITION_TAGS &&
	    !has_number(conditional->head, STR("If-None-Match"), number, false);
}

bool
conditional_if_none_match_etag(const struct conditional *conditional, struct str etag)
{
	struct tags tags = tags_of(conditional->head, STR("If-None-Match"));
	struct tag tag;

	if (conditional->if_none_match != CONDITION_TAGS)
		return conditional->if_none_match == CONDITION_ABSENT;
	while (next_tag(&tags, &tag) == GRAMMAR_ONE)
		if (str_equal(tag.text, etag))
			return false;
	return true;
}

static bool
has_tag(const struct h1_head *head, struct str name, struct str etag)
{
	struct tags tags = tags_of(head, name);
	struct tag tag;

	while (next_tag(&tags, &tag) == GRAMMAR_ONE)
		if (!tag.weak && str_equal(tag.text, etag))
			return true;
	return false;
}

/* A date that cannot be read, or stands on two lines, is no condition. */
static bool
date_of(const struct h1_head *head, const char *name, int64_t now_s, int64_t *ret)
{
	struct str text = h1_head_once(head, name);

	return text.data != NULL && http_date_parse(text, now_s, ret);
}

enum file_condition
conditional_file(
    const struct conditional *conditional, struct str etag, int64_t modified_s, int64_t now_s)
{
	const struct h1_head *head = conditional->head;
	int64_t date;

	if (conditional->if_match == CONDITION_TAGS && !has_tag(head, STR("If-Match"), etag))
		return FILE_UNEXPECTED;
	if (conditional->if_match == CONDITION_ABSENT &&
	    date_of(head, "If-Unmodified-Since", now_s, &date) && modified_s > date)
		return FILE_UNEXPECTED;
	if (conditional->if_none_match != CONDITION_ABSENT)
		return conditional_if_none_match_etag(conditional, etag) ? FILE_WANTED : FILE_UNMODIFIED;
	if (date_of(head, "If-Modified-Since", now_s, &date) && modified_s <= date)
		return FILE_UNMODIFIED;
	return FILE_WANTED;
}
