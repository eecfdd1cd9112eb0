/*
 * Which texts are JSON: facts, each with our verdict.  Where RFC 8259 leaves a
 * choice (duplicate names, lone surrogates, depth) ours is the strict one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json.h"

struct verdict {
	const char *text;
	size_t size;
	bool accept;
};

/* clang-format off */
#define YES(literal) { literal, sizeof(literal) - 1, true }
#define NO(literal) { literal, sizeof(literal) - 1, false }

static const struct verdict verdicts[] = {
	/* One value, with white space around it. */
	YES("null"), YES("true"), YES("false"), YES("0"), YES("\"\""), YES("[]"), YES("{}"),
	YES(" null"), YES("null "), YES("\t\r\n null \t\r\n"), YES(" [ ] "), YES("\n{\n}\n"),
	NO(""), NO(" "), NO("\n\t"), NO("null null"), NO("1 2"), NO("1,2"), NO("[][]"), NO("[] {}"),
	NO("{}}"), NO("[]]"), NO("[]x"), NO("{} true"), NO("\"a\"\"b\""), NO("\"a\" x"), NO(","),
	NO("\f[]"), NO("\v1"), NO("[\f]"), NO("[\x0C""1]"), NO("\xC2\xA0[]"), NO("[\xC2\xA0]"),
	NO("\xE2\x80\xA8[]"), NO("[\xE2\x81\xA0]"), NO("1\0"), NO("\0"), NO("[]\0"), NO("\0[]"),
	NO("\xEF\xBB\xBF"), NO("\xEF\xBB\xBF{}"), NO("[\xEF\xBB\xBF]"), NO("\xFF\xFE[\0]\0"),
	NO("\0[\0\"\0e\0]"),

	/* Words. */
	NO("nul"), NO("nulll"), NO("n"), NO("t"), NO("f"), NO("tru"), NO("truee"), NO("fals"),
	NO("True"), NO("TRUE"), NO("FALSE"), NO("Null"), NO("undefined"), NO("NaN"), NO("nan"),
	NO("Infinity"), NO("-Infinity"), NO("inf"), NO("a"), NO("*"), NO("[nul]"), NO("[tru"),
	NO("[truefalse]"), NO("[true false]"), NO("nulL"), NO("t rue"), NO("$ref"), NO("`a`"),
	YES("[true,false,null]"), YES("[null]"),

	/* Numbers. */
	YES("1"), YES("-1"), YES("-0"), YES("10"), YES("123456789"), YES("[0]"), YES("[-0]"),
	YES("0.0"), YES("-0.0"), YES("1.5"), YES("0.5"), YES("-0.1"), YES("1.000"), YES("123.456789"),
	YES("1e1"), YES("1E1"), YES("1e+1"), YES("1e-1"), YES("1E+2"), YES("1E-2"), YES("0e1"),
	YES("0e+1"), YES("0E0"), YES("1e0"), YES("1e00"), YES("1e007"), YES("1.5e3"), YES("-1.5E-3"),
	YES("123.456e78"), YES("20e1"), YES("0.4e006"), YES("1e400"), YES("-1e400"), YES("1e-400"),
	YES("-1e-400"), YES("123e100000"), YES("1.5e+9999"), YES("1e99999999999999999999"),
	YES("9223372036854775807"), YES("-9223372036854775808"), YES("9223372036854775808"),
	YES("-9223372036854775809"), YES("18446744073709551616"),
	YES("100000000000000000000000000000000000000000000000000000000000000000000000000000000"),
	YES("-123123123123123123123123123123"), YES("0.00000000000000000000000000000000000000000001"),
	YES(" 4 "), YES("[4 ,5]"), YES("[1\n]"),
	NO("-"), NO("+"), NO("+1"), NO("++1"), NO("--1"), NO("- 1"), NO("-x"), NO("-a1"), NO("01"),
	NO("-01"), NO("00"), NO("-00"), NO("012"), NO("-012"), NO("00.5"), NO("1."), NO("0."), NO("-1."),
	NO(".5"), NO("-.5"), NO("."), NO("-."), NO("1.e1"), NO("0.e1"), NO("2.e3"), NO("2.e+3"),
	NO("1e"), NO("1E"), NO("1e+"), NO("1e-"), NO("1E+"), NO("0e"), NO("0e+"), NO("1.0e"),
	NO("1.0e+"), NO("1.0e-"), NO("1eE2"), NO("1e1e1"), NO("1e1.5"), NO("1.2.3"), NO("1..2"),
	NO("0x10"), NO("0x"), NO("0b1"), NO("0o7"), NO("1_000"), NO("1 000"), NO("1,000"), NO("1a"),
	NO("1f"), NO("1L"), NO("1e1x"), NO("1/2"), NO("1+2"), NO("2-"), NO("-NaN"), NO("[1.]"),
	NO("[-]"), NO("[1e]"), NO("[-1x]"), NO("[1ea]"), NO("[0.3e]"), NO("[0.3e+]"), NO("[.2e-3]"),
	NO("\xEF\xBC\x91"), NO("[1\xEF\xBC\x91]"), NO("1\xC2\xB2"), NO("\xE2\x88\x92""1"),

	/* Strings. */
	YES("\"a\""), YES("\" \""), YES("\"/\""), YES("\"'\""), YES("\"\x7F\""), YES("\"abc\x7F""def\""),
	YES("\"\\\"\""), YES("\"\\\\\""), YES("\"\\/\""), YES("\"\\b\\f\\n\\r\\t\""),
	YES("\"\\u0041\""), YES("\"\\u00e9\""), YES("\"\\u00E9\""), YES("\"\\uABCD\""), YES("\"\\uabcd\""),
	YES("\"\\u0001\""), YES("\"\\u001f\""), YES("\"\\u007f\""), YES("\"\\u2028\""), YES("\"\\uFFFF\""),
	YES("\"\\uFDD0\""), YES("\"\\uFFFE\""), YES("\"\\u0022\""), YES("\"\\u005C\""),
	YES("\"\\ud83d\\ude00\""), YES("\"\\uD800\\uDC00\""), YES("\"\\uDBFF\\uDFFF\""),
	YES("\"\\uD834\\uDd1e\""), YES("\"a\\ud83d\\ude00b\""), YES("\"\\\\u0000\""), YES("\"\\\\n\""),
	YES("\"\\u0060\\u012a\\u12AB\""), YES("\"a/*b*/c\""), YES("\"\\\\\\\"\""), YES("\"\\\\\\\\\""),
	YES("\"\xC3\xA9\""), YES("\"\xE2\x82\xAC\""), YES("\"\xF0\x9F\x98\x80\""), YES("\"\xC2\x80\""),
	YES("\"\xE2\x80\xA8\""), YES("\"\xEF\xBF\xBF\""), YES("\"\xF4\x8F\xBF\xBF\""),
	YES("\"\xEF\xBB\xBF\""), YES("\"\xED\x9F\xBF\""), YES("\"\xEE\x80\x80\""),
	YES("\"12345678\""), YES("\"1234567\\n\""), YES("\"123456789abcdef\\u0041\""),
	NO("\""), NO("\"a"), NO("a\""), NO("\"\\\""), NO("\"\\\\\\\""), NO("\"\\"), NO("'a'"), NO("\"a'"),
	NO("\"\n\""), NO("\"\t\""), NO("\"\r\""), NO("\"\x01\""), NO("\"\x1F\""), NO("\"a\0\""),
	NO("\"12345678\n\""), NO("\"1234567\x1F\""), NO("[\"\t\"]"), NO("[\"new\nline\"]"),
	NO("\"\\a\""), NO("\"\\x41\""), NO("\"\\0\""), NO("\"\\'\""), NO("\"\\U0041\""), NO("\"\\ \""),
	NO("\"\\\n\""), NO("\"\\\0\""), NO("\"\\B\""), NO("\"\\v\""), NO("\"\\e\""), NO("\"\\\xC3\xA9\""),
	NO("\"\\\xF0\x9F\x98\x80\""), NO("\"\\u\""), NO("\"\\u1\""), NO("\"\\u12\""), NO("\"\\u123\""),
	NO("\"\\u123"), NO("\"\\u12G4\""), NO("\"\\u 123\""), NO("\"\\u+123\""), NO("\"\\u00A\""),
	NO("\"\\uD834\\u\""), NO("\"\\uD834\\uDd\""), YES("\"\\u0000\""), YES("\"a\\u0000b\""),
	NO("\"\\ud800\""), NO("\"\\udc00\""), NO("\"\\ud800a\""), NO("\"\\ud800\\n\""),
	NO("\"\\ud800\\ud800\""), NO("\"\\udc00\\ud800\""), NO("\"\\ud800\\u0041\""),
	NO("\"\\uDADA\""), NO("\"\\uD888\\u1234\""), NO("\"\\uDd1ea\""), NO("\"\\uD800\\uD800\\n\""),
	NO("\"\\uD83D\\\\uDE00\""),
	NO("\"\x80\""), NO("\"\xBF\""), NO("\"\xC0\x80\""), NO("\"\xC0\xAF\""), NO("\"\xC1\xBF\""),
	NO("\"\xC3\""), NO("\"\xC3(\""), NO("\"\xE0\x80\x80\""), NO("\"\xE0\x9F\xBF\""), NO("\"\xE2\x82\""),
	NO("\"\xED\xA0\x80\""), NO("\"\xED\xBF\xBF\""), NO("\"\xF0\x80\x80\x80\""),
	NO("\"\xF0\x8F\xBF\xBF\""), NO("\"\xF4\x90\x80\x80\""), NO("\"\xF5\x80\x80\x80\""),
	NO("\"\xF8\x88\x80\x80\x80\""), NO("\"\xFC\x83\xBF\xBF\xBF\xBF\""), NO("\"\xFE\""), NO("\"\xFF\""),
	NO("\"\xE9\""), NO("\"\xF0\x9F\x98\""), NO("\xE9"), NO("[\xE9]"), NO("[1\xE5]"), NO("{\"\xE9\":1}"),
	NO("\"\\u\xE5\""), NO("\xC3\xA9"), NO("[\xC3\xA9]"), NO("\\u0041"), NO("[\\n]"),

	/* Arrays. */
	YES("[1]"), YES("[1,2]"), YES("[ 1 , 2 ]"), YES("[[]]"), YES("[[],[]]"), YES("[[[1]],2]"),
	YES("[1,\"a\",null,true,{},[]]"), YES("[\"\"]"), YES("[1,null,null,null,2]"), YES("[1,\n1\n,1]"),
	YES("[{}]"), YES("[2] "), YES("[1,1]"),
	NO("["), NO("]"), NO("[1"), NO("[1,"), NO("[,"), NO("[,]"), NO("[,1]"), NO("[1,]"), NO("[1,,2]"),
	NO("[1,,]"), NO("[1 2]"), NO("[1;2]"), NO("[1:2]"), NO("[\"a\":1]"), NO("[1}"), NO("[1,2"),
	NO("[[1]"), NO("[[]"), NO("[[],"), NO("[3[4]]"), NO("[1,\n1\n,1"), NO("[\"a\",\n4\n,1,"),
	NO("[\"\": 1]"), NO("[\"a\""), NO("[{}"), NO("(1)"), NO("<1>"), NO("[<null>]"), NO("[x"), NO("[x]"),
	NO("[1]]"), NO("[\"x\"]]"), NO("[}"), NO("[*]"), NO("[#1]"), NO("[   , \"\"]"), NO("[1,...]"),

	/* Objects. */
	YES("{\"a\":1}"), YES("{ \"a\" : 1 }"), YES("{\"a\":1,\"b\":2}"), YES("{\"\":0}"), YES("{\"a\":{}}"),
	YES("{\"a\":[]}"), YES("{\"a\":{\"a\":{\"a\":1}}}"), YES("{\"a\":\"b\",\"c\":\"d\"}"),
	YES("{\"a\\nb\":1}"), YES("{\"\\u0061\":1,\"b\":2}"), YES("{\"a\":1,\"A\":2}"), YES("{\n\"a\":\n1\n}"),
	YES("{\"a\":1,\"b\":{\"a\":1}}"), YES("[{\"a\":1},{\"a\":1}]"), YES("{\"a\":null}"),
	YES("{\"__proto__\":1}"), YES("{\"e\xCC\x81\":1,\"\xC3\xA9\":2}"),
	YES("{\"a\":\"}\",\"b\":\"]\"}"), YES("{\"title\":\"\\u041f\\u043e\"}"),
	NO("{"), NO("}"), NO("{\"a\"}"), NO("{\"a\":}"), NO("{\"a\":1"), NO("{\"a\":1,"), NO("{\"a\":1,}"),
	NO("{,}"), NO("{,\"a\":1}"), NO("{\"a\":1,,\"b\":2}"), NO("{\"a\":1 \"b\":2}"), NO("{\"a\" 1}"),
	NO("{\"a\"::1}"), NO("{:1}"), NO("{a:1}"), NO("{'a':1}"), NO("{1:1}"), NO("{null:1}"), NO("{true:1}"),
	NO("{\"a\":1;\"b\":2}"), NO("{\"a\",\"b\"}"), NO("{\"a\",1}"), NO("{\"a\"=1}"), NO("{\"a\":1]"),
	NO("{]"), NO("{[]:1}"), NO("{{}:1}"), NO("{\"a\""), NO("{\"a\":"), NO("{\"a\"x:1}"), NO("{\"a\":x}"),
	NO("{\"a\":1}}"), NO("{\"a\":1}#"), NO("{\"a"), NO("{\"a\":\"a"), NO("{\"a\":\"a\" 123}"), NO("{\"x\", null}"),
	NO("{\"a\":\"b\"}#{}"), NO("{\"a\":\"b\",,\"c\":\"d\"}"), NO("{key: 'value'}"), NO("{\"id\":0,,,,,}"),
	NO("{9999E9999:1}"), NO("{\"a\":\"b\"}/"), NO("{\xF0\x9F\x87\xA8:1}"), NO("{ \"foo\" : \"bar\", \"a\" }"),
	NO("{\"a\":1 }x"), NO("{ , }"), NO("{\"a\":1,\"b\"}"), NO("{\"a\":1,2}"),

	/* The same name twice. */
	NO("{\"a\":1,\"a\":1}"), NO("{\"a\":1,\"a\":2}"), NO("{\"\":1,\"\":2}"), NO("{\"a\":1,\"\\u0061\":2}"),
	NO("{\"\\u0061\":1,\"\\u0061\":2}"), NO("{\"\\n\":1,\"\\u000a\":2}"), NO("{\"\xC3\xA9\":1,\"\\u00e9\":2}"),
	NO("{\"x\":{\"a\":1,\"a\":1}}"), NO("[{\"a\":1,\"b\":2,\"a\":3}]"), NO("{\"\\/\":1,\"/\":2}"),
	NO("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}"),

	/* Comments and other dialects. */
	NO("// c\n1"), NO("1 // c"), NO("/* c */ 1"), NO("1 /* c */"), NO("[1 /* c */]"), NO("[/**/]"),
	NO("{/**/}"), NO("{\"a\":/*c*/1}"), NO("# c\n1"), NO("1 # c"), NO("<!-- 1 -->"), NO("{\"a\":\"b\"}/**/"),
	NO("{\"a\":\"b\"}//"), NO("\"a\" + \"b\""), NO("--- 1"), NO("a: 1"), NO("(1,2)"), NO("[1..2]"),
	NO("new Date()"), NO("\"\"\"a\"\"\""), NO("f(1)"), NO("while(1);[]"), NO(")]}',\n[]"),
};
/* clang-format on */

static void
print_text(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->size; i++) {
		unsigned char byte = (unsigned char)verdict->text[i];

		if (byte >= 0x20 && byte < 0x7F)
			putchar(byte);
		else
			printf("<%02X>", byte);
	}
	printf(": must be %s\n", verdict->accept ? "accepted" : "refused");
}

static bool
is_kept(const struct verdict *verdict)
{
	/* A block of its own size, so that the sanitizer sees a read past the end. */
	char *text = malloc(verdict->size == 0 ? 1 : verdict->size);
	struct json json;
	struct json_error error = { UINT32_MAX, NULL };
	struct arena arena;
	enum err err;
	bool kept;

	arena_init(&arena, 1 << 20);
	memcpy(text, verdict->text, verdict->size);
	err = json_parse(&arena, (struct str){ text, verdict->size }, &json, &error);
	kept = err == (verdict->accept ? OK : ERR_BAD_JSON);
	if (err == ERR_BAD_JSON)
		kept = kept && error.detail != NULL && error.offset <= verdict->size;
	arena_release(&arena);
	free(text);
	return kept;
}

static void
each_text_gets_its_verdict(void **state)
{
	size_t broken = 0, accepted = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		accepted += verdicts[i].accept;
		if (!is_kept(&verdicts[i])) {
			print_text(&verdicts[i]);
			broken++;
		}
	}
	printf("%zu texts to accept, %zu to refuse\n", accepted, COUNT(verdicts) - accepted);
	assert_int_equal(broken, 0);
}

/* What is accepted as a whole is accepted inside others too, what is refused nowhere. */
static void
verdicts_hold_inside_an_array_and_an_object(void **state)
{
	static const char *const around[][2] = { { "[", "]" }, { " [ 0 , ", "\n, 1]" },
		{ "{\"name\":", "}" }, { "{\"x\":[],\"y\" : ", ", \"z\":1}" } };

	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++)
		for (size_t j = 0; j < COUNT(around) && verdicts[i].accept; j++) {
			struct verdict nested = { .accept = true };
			char text[512];

			assert_true(verdicts[i].size < 400);
			nested.text = text;
			nested.size = (size_t)sprintf(text, "%s%.*s%s", around[j][0],
			    (int)verdicts[i].size, verdicts[i].text, around[j][1]);
			if (!is_kept(&nested))
				print_text(&nested);
			assert_true(is_kept(&nested));
		}
}

/* Each proper beginning of an array, object or string is refused. */
static void
beginnings_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		const struct verdict *whole = &verdicts[i];

		if (!whole->accept || strchr("[{\"", whole->text[0]) == NULL)
			continue;
		for (size_t size = 0; size < whole->size; size++) {
			struct verdict part = { whole->text, size, false };

			if (whole->text[size] == ' ' || whole->text[size] == '\n')
				continue;
			if (!is_kept(&part))
				print_text(&part);
			assert_true(is_kept(&part));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_text_gets_its_verdict),
		cmocka_unit_test(verdicts_hold_inside_an_array_and_an_object),
		cmocka_unit_test(beginnings_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
