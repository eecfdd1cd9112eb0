#include "http/prefer.h"

#include "http/grammar.h"

struct reader {
	struct prefer prefer;
	bool seen_return, seen_tx, seen_max_affected;
};

static bool
first(bool *seen)
{
	bool was_seen = *seen;

	*seen = true;
	return !was_seen;
}

static void
note(struct reader *reader, struct str name, struct str value)
{
	struct prefer *prefer = &reader->prefer;
	int64_t number;

	if (str_equal_nocase(name, STR("return")) && first(&reader->seen_return)) {
		if (str_is(value, "minimal"))
			prefer->ret = PREFER_RETURN_MINIMAL;
		else if (str_is(value, "representation"))
			prefer->ret = PREFER_RETURN_REPRESENTATION;
	} else if (str_equal_nocase(name, STR("tx")) && first(&reader->seen_tx)) {
		prefer->rollback = str_is(value, "rollback");
	} else if (str_equal_nocase(name, STR("max-affected")) && first(&reader->seen_max_affected)) {
		if (str_to_int(value, &number) && number >= 0)
			prefer->max_affected = number;
	}
}

/* name[=word], with spaces around all of it. */
static bool
take_setting(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	if (!grammar_take_token(rest, ret_name))
		return false;
	*ret_value = STR("");
	grammar_skip_space(rest);
	if (grammar_take_byte(rest, '=')) {
		grammar_skip_space(rest);
		if (!grammar_take_word(rest, ret_value))
			return false;
		grammar_skip_space(rest);
	}
	return true;
}

/* Take a setting with its parameters off ${rest}, to the comma or the end; false where it is malformed. */
static bool
take_item(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	struct str name, value;

	if (!take_setting(rest, ret_name, ret_value))
		return false;
	while (grammar_take_byte(rest, ';')) {
		grammar_skip_space(rest);
		if (rest->size > 0 && rest->data[0] != ';' && rest->data[0] != ',' &&
		    !take_setting(rest, &name, &value))
			return false;
	}
	return rest->size == 0 || rest->data[0] == ',';
}

static void
read_line(struct reader *reader, struct str rest)
{
	struct str name, value;

	while (rest.size > 0) {
		grammar_skip_space(&rest);
		if (rest.size > 0 && rest.data[0] != ',' && take_item(&rest, &name, &value))
			note(reader, name, value);
		/* To the next item, over whatever could not be understood of this one. */
		rest = str_slice(rest, str_find_byte(rest, ','), rest.size);
		grammar_take_byte(&rest, ',');
	}
}

struct prefer
prefer_parse(const struct h1_head *head)
{
	struct reader reader = { .prefer = { .max_affected = -1 } };
	struct str line;
	size_t index = 0;

	if (head->known[H1_PREFER].data == NULL)
		return reader.prefer;
	while (h1_head_list_next(head, STR("Prefer"), &index, &line))
		read_line(&reader, line);
	return reader.prefer;
}
