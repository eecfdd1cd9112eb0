/*
 * A second, slow and simple reading of RFC 8259 (no tree, no speed, no details)
 * says which of many damaged texts are JSON; the parser must say the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test_random.h"
#include "codec/json.h"
#include "codec/utf8.h"

/* Each model function takes what it knows off the front; NULL when it is not there. */
static const char *model_value(const char *at, int depth);

static const char *
model_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

static const char *
model_digits(const char *at)
{
	size_t count = strspn(at, "0123456789");

	return count == 0 ? NULL : at + count;
}

static const char *
model_number(const char *at)
{
	at += *at == '-';
	if ((at = *at == '0' ? at + 1 : model_digits(at)) == NULL)
		return NULL;
	if (*at == '.' && (at = model_digits(at + 1)) == NULL)
		return NULL;
	if (*at != 'e' && *at != 'E')
		return at;
	at++;
	return model_digits(at + (*at == '+' || *at == '-'));
}

/* The code unit of "\uXXXX", or -1. */
static long
model_unit(const char *at)
{
	char digits[5] = { 0 };

	if (at[0] != '\\' || at[1] != 'u' || strspn(at + 2, "0123456789abcdefABCDEF") < 4)
		return -1;
	memcpy(digits, at + 2, 4);
	return strtol(digits, NULL, 16);
}

static const char *
model_escape(const char *at)
{
	long unit = model_unit(at), second;

	if (at[1] != 'u')
		return at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL ? at + 2 : NULL;
	if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
		return NULL;
	if (unit < 0xD800 || unit > 0xDFFF)
		return at + 6;
	second = model_unit(at + 6);
	return second >= 0xDC00 && second <= 0xDFFF ? at + 12 : NULL;
}

static const char *
model_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (at != NULL && *at != '"') {
		if ((unsigned char)*at < 0x20)
			return NULL;
		at = *at == '\\' ? model_escape(at) : at + 1;
	}
	return at == NULL ? NULL : at + 1;
}

static const char *
model_member(const char *at, int depth)
{
	if ((at = model_string(model_space(at))) == NULL || *(at = model_space(at)) != ':')
		return NULL;
	return model_value(at + 1, depth);
}

static const char *
model_list(const char *at, int depth)
{
	char close = *at == '{' ? '}' : ']';

	if (depth == JSON_DEPTH_MAX)
		return NULL;
	if (*model_space(at + 1) == close)
		return model_space(at + 1) + 1;
	do
		at =
		    close == '}' ? model_member(at + 1, depth + 1) : model_value(at + 1, depth + 1);
	while (at != NULL && *(at = model_space(at)) == ',');
	return at != NULL && *at == close ? at + 1 : NULL;
}

static const char *
model_value(const char *at, int depth)
{
	static const char *const words[] = { "true", "false", "null" };

	at = model_space(at);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	if (*at == '{' || *at == '[')
		return model_list(at, depth);
	return *at == '"' ? model_string(at) : model_number(at);
}

static bool
model_accepts(const char *text)
{
	const char *end = model_value(text, 0);

	return utf8_check(str_from(text)) == strlen(text) && end != NULL &&
	       *model_space(end) == '\0';
}

/* Copy ${text} with a few bytes changed, doubled, dropped or swapped with others. */
static void
damage(uint64_t *random, const char *text, char *ret)
{
	static const char alphabet[] =
	    "{}[]:,\"\\\"\"/ \t\n0123456789-+.eEuabfnrtdDcC8\x01\xC3\xA9\xED\xF0";
	size_t size = strlen(text);

	memcpy(ret, text, size + 1);
	for (uint64_t i = test_random_below(random, 3) + 1; i > 0 && size > 0; i--) {
		size_t at = test_random_below(random, size),
		       other = test_random_below(random, size);

		switch (test_random_below(random, 5)) {
		case 0:
			ret[at] = alphabet[test_random_below(random, sizeof(alphabet) - 1)];
			break;
		case 1:
			memmove(ret + at + 1, ret + at, size + 1 - at);
			size++;
			break;
		case 2:
			memmove(ret + at, ret + at + 1, size - at);
			size--;
			break;
		case 3:
			ret[at] = ret[other];
			break;
		default:
			size = test_random_below(random, 20) == 0 ? at : size;
			ret[size] = '\0';
			break;
		}
	}
}

static void
damaged_texts_are_judged_as_the_model_does(void **state)
{
	static const char *const seeds[] = { "{\"a\":[1,-2.5e+3,true],\"b\":{\"c\":null}}",
		"[\"\\u00e9\\ud83d\\ude00\\n\\\\\",\"\xC3\xA9\xF0\x9F\x98\x80\"]",
		"[0,-0,10,1e5,0.1,1E-2,false]", "{\"\\\"\":\"\",\"x\" : [ ] , \"y\":{ } }",
		"\"plain text that is longer than eight\"", "[[[[[[1]]]]],{\"a\":{\"b\":{}}}]",
		"-12.50e-07", " \"\\/\\b\\f\\r\\t\" " };
	size_t counts[3] = { 0 };
	uint64_t random = 11;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (int i = 0; i < 300000; i++) {
		char text[256];
		struct json json;
		struct json_error error;
		bool accepted, twins;

		damage(&random, seeds[(size_t)i % COUNT(seeds)], text);
		accepted = json_parse(&arena, str_from(text), &json, &error) == OK;
		twins = !accepted && strcmp(error.detail, "the same name twice") == 0;
		counts[twins ? 2 : accepted]++;
		if (!twins && accepted != model_accepts(text))
			fail_msg("%s is %s", text, accepted ? "accepted" : error.detail);
		arena_reset(&arena);
	}
	printf("%zu accepted, %zu refused, %zu with twins\n", counts[1], counts[0], counts[2]);
	assert_true(counts[1] > 30000 && counts[0] > 30000);
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_texts_are_judged_as_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
