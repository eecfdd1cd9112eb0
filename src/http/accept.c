#include "http/accept.h"

#include "http/grammar.h"

/* How closely a range fits, from not at all to the type with its charset. */
enum fit { FIT_NONE, FIT_ANY, FIT_FAMILY, FIT_TYPE, FIT_CHARSET };

struct range {
	struct str family, subtype; /* either may be "*" */
	bool utf8, other_parameter;
	int quality;
};

/* 0[.ddd] or 1[.000], in thousandths; -1 for anything else. */
static int
quality_of(struct str text)
{
	int quality = 0, unit = ACCEPT_QUALITY_MAX;

	if (text.size == 0 || text.size > 5 || (text.size > 1 && text.data[1] != '.'))
		return -1;
	for (size_t i = 0; i < text.size; i++) {
		if (i == 1)
			continue;
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		quality += (text.data[i] - '0') * unit;
		unit /= 10;
	}
	return quality <= ACCEPT_QUALITY_MAX ? quality : -1;
}

static enum grammar_next
take_parameters(struct str *rest, struct range *range)
{
	enum grammar_next next;
	struct str name, value;
	bool weighed = false;

	while ((next = grammar_next_parameter(rest, &name, &value)) == GRAMMAR_ONE) {
		/* What stands behind q was once an extension of Accept, and means nothing now. */
		if (weighed)
			continue;
		if (str_equal_nocase(name, STR("q"))) {
			weighed = true;
			range->quality = quality_of(value);
			if (range->quality < 0)
				return GRAMMAR_BAD;
		} else if (str_equal_nocase(name, STR("charset")) &&
		    str_equal_nocase(value, STR("utf-8"))) {
			range->utf8 = true;
		} else {
			range->other_parameter = true;
		}
	}
	return next;
}

/* Take the next range off a list, with the comma behind it. */
static enum grammar_next
next_range(struct str *rest, struct range *ret)
{
	struct range range = { .quality = ACCEPT_QUALITY_MAX };

	do
		grammar_skip_space(rest);
	while (grammar_take_byte(rest, ','));
	if (rest->size == 0)
		return GRAMMAR_END;
	if (!grammar_take_token(rest, &range.family) || !grammar_take_byte(rest, '/') ||
	    !grammar_take_token(rest, &range.subtype))
		return GRAMMAR_BAD;
	if (str_is(range.family, "*") && !str_is(range.subtype, "*"))
		return GRAMMAR_BAD;
	if (take_parameters(rest, &range) == GRAMMAR_BAD)
		return GRAMMAR_BAD;
	if (rest->size > 0 && !grammar_take_byte(rest, ','))
		return GRAMMAR_BAD;
	*ret = range;
	return GRAMMAR_ONE;
}

static enum fit
fit_of(const struct range *range, struct str type)
{
	size_t slash = str_find_byte(type, '/');

	if (range->other_parameter)
		return FIT_NONE;
	if (str_is(range->family, "*"))
		return FIT_ANY;
	if (!str_equal_nocase(range->family, str_slice(type, 0, slash)))
		return FIT_NONE;
	if (str_is(range->subtype, "*"))
		return FIT_FAMILY;
	if (!str_equal_nocase(range->subtype, str_slice(type, slash + 1, type.size)))
		return FIT_NONE;
	return range->utf8 ? FIT_CHARSET : FIT_TYPE;
}

int
accept_quality(const struct h1_head *head, struct str type)
{
	enum fit best = FIT_NONE;
	struct str rest;
	size_t index = 0;
	bool empty = true;
	int quality = 0;

	if (head->known[H1_ACCEPT].data == NULL)
		return ACCEPT_QUALITY_MAX;
	while (h1_head_list_next(head, STR("Accept"), &index, &rest)) {
		enum grammar_next next;
		struct range range;

		while ((next = next_range(&rest, &range)) == GRAMMAR_ONE) {
			enum fit fit = fit_of(&range, type);

			empty = false;
			if (fit > best || (fit == best && fit != FIT_NONE && range.quality > quality)) {
				best = fit;
				quality = range.quality;
			}
		}
		if (next == GRAMMAR_BAD)
			return ACCEPT_QUALITY_MAX;
	}
	return empty ? ACCEPT_QUALITY_MAX : quality;
}

bool
accept_names(const struct h1_head *head, struct str type)
{
	size_t index = 0;
	struct range range;
	struct str rest;

	while (h1_head_list_next(head, STR("Accept"), &index, &rest))
		while (next_range(&rest, &range) == GRAMMAR_ONE)
			if (fit_of(&range, type) >= FIT_TYPE && range.quality > 0)
				return true;
	return false;
}
