#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "codec/yaml.h"

static void
take_mistake(void *arg, struct yaml_position at, const char *detail)
{
	buf_addf(arg, "%u:%u %s\n", at.line, at.column, detail);
}

/* A tree on one line: (mapping), [sequence], style letter before each text, @line:column. */
static void
write_tree(struct buf *buf, const struct yaml *node)
{
	if (node->key != NULL)
		buf_addf(buf, "%.*s@%u:%u: ", STR_ARGS(node->key->text), node->key->at.line,
		    node->key->at.column);
	if (node->type == YAML_SCALAR)
		buf_addf(buf, "%c'%.*s'@%u:%u", "epqb"[node->style], STR_ARGS(node->text),
		    node -> at.line, node->at.column);
	else
		buf_add_byte(buf, node->type == YAML_MAPPING ? '(' : '[');
	for (const struct yaml *child = node->first; child != NULL; child = child->next) {
		if (child != node->first)
			buf_add_c(buf, ", ");
		write_tree(buf, child);
	}
	if (node->type != YAML_SCALAR)
		buf_add_byte(buf, node->type == YAML_MAPPING ? ')' : ']');
}

static void
check_parse(struct str text, const char *tree, const char *mistakes)
{
	struct buf seen_tree, seen_mistakes;
	const struct yaml *root;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	buf_init(&seen_tree, 1 << 16);
	buf_init(&seen_mistakes, 1 << 16);
	root = yaml_parse(&arena, text, take_mistake, &seen_mistakes);
	if (root != NULL)
		write_tree(&seen_tree, root);
	buf_add_byte(&seen_tree, '\0');
	buf_add_byte(&seen_mistakes, '\0');
	assert_string_equal(seen_mistakes.data, mistakes);
	assert_string_equal(seen_tree.data, tree);
	buf_release(&seen_tree);
	buf_release(&seen_mistakes);
	arena_release(&arena);
}

static void
test_trees(void **state)
{
	(void)state;
	check_parse(STR("a: 1 # c\nb: [x, 'y', \"z\\n\"]\n"),
	    "(a@1:1: p'1'@1:4, b@2:1: [p'x'@2:5, q'y'@2:8, q'z\n'@2:13])", "");
	check_parse(STR("k: {r: a || b == 'c', s: }\nt:\n  - u: ~\n    v: yes\n"),
	    "(k@1:1: (r@1:5: p'a || b == 'c''@1:8, s@1:23: e''@1:23), "
	    "t@2:1: [(u@3:5: p'~'@3:8, v@4:5: p'yes'@4:8)])",
	    "");
	check_parse(STR("a: |\n  one\n  two\nb: x\n  y\n"),
	    "(a@1:1: b'one\ntwo\n'@2:3, b@4:1: p'x y'@4:4)", "");
	check_parse(STR("k: >-\n  one\n\n   two\n  three\n"), "(k@1:1: b'one\n two\nthree'@2:3)", "");
	/* Columns count bytes. */
	check_parse(STR("\u00e4: { \u00f6: \"\u00fc\" }"),
	    "(\u00e4@1:1: (\u00f6@1:7: q'\u00fc'@1:11))", "");
	check_parse(STR("a: 1\r\nb: 2\r\n"), "(a@1:1: p'1'@1:4, b@2:1: p'2'@2:4)", "");
	check_parse(STR("--- \na: 1\n"), "(a@2:1: p'1'@2:4)", "");
	check_parse(STR("text"), "p'text'@1:1", "");
	check_parse(STR(""), "", "");
	check_parse(STR("# nothing\n"), "", "");
}

static void
test_refusals_that_leave_a_tree(void **state)
{
	(void)state;
	check_parse(STR("a: 1\nb: 2\na: 3\n"),
	    "(a@1:1: p'1'@1:4, b@2:1: p'2'@2:4, a@3:1: p'3'@3:4)",
	    "3:1 the key 'a' stands here twice; first in line 1\n");
	check_parse(STR("a: &x 1\nb: !!int 2\n"), "(a@1:1: p'1'@1:7, b@2:1: p'2'@2:10)",
	    "1:5 anchors are not supported: write it out where it is needed\n"
	    "2:4 tags are not supported: a value's type follows from its place\n");
}

static void
test_refusals(void **state)
{
	(void)state;
	check_parse(STR("a: &x 1\nb: *x\n"), "",
	    "1:5 anchors are not supported: write it out where it is needed\n"
	    "2:5 aliases are not supported: write it out where it is needed\n");
	check_parse(STR("[a]: 1\n"), "", "1:1 a key must be a name\n");
	check_parse(STR("a: 1\n---\nb: 2\n"), "", "2:1 only one document is allowed\n");
	check_parse(STR("a: b\0c\n"), "", "1:5 a NUL byte is not allowed here\n");
	check_parse(STR("a: b\nb: \xff\n"), "", "2:4 this byte is not UTF-8\n");
	check_parse(
	    STR("a: \"b\\0c\"\n"), "", "1:4 a text cannot hold U+0000 or half a surrogate pair\n");
	check_parse(STR("\u00e4: 'x' in y\n"), "",
	    "1:9 not YAML: invalid trailing content after single-quoted scalar; put all of the "
	    "text in quotes\n");
	check_parse(
	    STR("a: b: c\n"), "", "1:5 not YAML: invalid nested block mapping on the same line\n");
}

static void
test_depth(void **state)
{
	char text[100];

	(void)state;
	memset(text, '[', 40);
	memset(text + 40, ']', 40);
	check_parse((struct str){ text, 80 }, "", "1:33 nested too deeply\n");
}

/* Where ${needle} in the value of the only key stands; its end where it is "". */
static void
check_position(const char *text, const char *needle, uint32_t line, uint32_t column)
{
	struct str file = str_from(text);
	const struct yaml *root, *value;
	struct yaml_position at;
	struct arena arena;
	const char *found;
	struct buf none;

	arena_init(&arena, 1 << 20);
	buf_init(&none, 1 << 10);
	root = yaml_parse(&arena, file, take_mistake, &none);
	if (none.size > 0)
		fail_msg("%s: %.*s", text, (int)none.size, none.data);
	value = root->first;
	found = strstr(value->text.data, needle);
	assert_non_null(found);
	at = yaml_position_in(value, needle[0] == '\0' ? value->text.size : (size_t)(found - value->text.data));
	if (at.line != line || at.column != column)
		fail_msg("'%s' of\n%s\nis %u:%u and not %u:%u", needle, text, at.line, at.column, line, column);
	arena_release(&arena);
	buf_release(&none);
}

static void
test_positions_in_scalars(void **state)
{
	(void)state;
	check_position("k: one two\n", "two", 1, 8);
	check_position("k: one two # three\n", "", 1, 11);
	check_position("k: one\n  two\n\n   three\n", "two", 2, 3);
	check_position("k: one\n  two\n\n   three\n", "three", 4, 4);
	check_position("k: >-\n  one\n  two\n\n   three\n  four\n", "one", 2, 3);
	check_position("k: >-\n  one\n  two\n\n   three\n  four\n", "two", 3, 3);
	check_position("k: >-\n  one\n  two\n\n   three\n  four\n", "three", 5, 4);
	check_position("k: >-\n  one\n  two\n\n   three\n  four\n", "four", 6, 3);
	check_position("k: > # comment\n\n\n  one\n  two\n", "one", 4, 3);
	check_position("k: |\n  one # two\n  'a' \"b\\n\"\n", "two", 2, 9);
	check_position("k: |\n  one # two\n  'a' \"b\\n\"\n", "b", 3, 8);
	check_position("k: |\n  one # two\n  'a' \"b\\n\"\n", "n\"", 3, 10);
	check_position("k: |2\n    one\n   two\n", "one", 2, 5);
	check_position("k: |2\n    one\n   two\n", "two", 3, 4);
	check_position("k: |\r\n  one\r\n  two\r\n", "two", 3, 3);
	check_position("k: 'it''s'''\n", "s", 1, 9);
	check_position("k: 'it''s'''\n", "", 1, 12);
	check_position("k: 'one\n\n   two''s'\n", "two", 3, 4);
	check_position("k: 'one\n\n   two''s'\n", "s", 3, 9);
	check_position("k: \"a \\\"b\\\" c\"\n", "b", 1, 9);
	check_position("k: \"a \\\"b\\\" c\"\n", "c", 1, 13);
	check_position("k: \"one \\\n    two\\\n  three\"\n", "two", 2, 5);
	check_position("k: \"one \\\n    two\\\n  three\"\n", "three", 3, 3);
	check_position("k: \"one\\n\\x20\\u0020 \\t two\"\n", "two", 1, 24);
	check_position("k: \"\\u00e4\\x41\\U0001f600 z\"\n", "A", 1, 11);
	check_position("k: \"\\u00e4\\x41\\U0001f600 z\"\n", "z", 1, 26);
	check_position("k: \"\u00e4 \\u00e4 b\"\n", "b", 1, 15);
	check_position("k: one two\n", " two", 1, 7);
	check_position("k: \"one  two\"\n", " two", 1, 9);
	check_position("k: ''\n", "", 1, 5);
}

/* A bomb of aliases is refused at its first one; a hundred thousand keys take no square of that. */
static void
test_large(void **state)
{
	struct buf text, mistakes;
	struct arena arena;

	(void)state;
	buf_init(&text, 4 << 20);
	buf_init(&mistakes, 1 << 16);
	arena_init(&arena, 64 << 20);
	for (int i = 0; i < 100000; i++)
		buf_addf(&text, "k%d: 1\n", i);
	assert_int_equal(text.err, OK);
	assert_int_equal(
	    yaml_parse(&arena, buf_str(&text), take_mistake, &mistakes)->count, 100000);
	assert_int_equal(mistakes.size, 0);
	arena_release(&arena);
	/* Where the arena ends, so does the reading. */
	arena_init(&arena, 64 << 10);
	assert_null(yaml_parse(&arena, buf_str(&text), take_mistake, &mistakes));
	assert_non_null(memmem(mistakes.data, mistakes.size, "the file is too large", 21));
	arena_release(&arena);
	buf_release(&text);
	buf_release(&mistakes);
}

/* The library has a habit of writing to standard error. */
static void
test_silence(void **state)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	(void)state;
	assert_true(file != NULL && saved >= 0);
	dup2(fileno(file), STDERR_FILENO);
	check_parse(STR("a: [1\n"), "", "2:1 not YAML: flow sequence without a closing bracket\n");
	check_parse(STR("a: `b\n"), "", "1:4 not YAML: plain scalar cannot start with '`'\n");
	check_parse(
	    STR("a: *b\n"), "", "1:5 aliases are not supported: write it out where it is needed\n");
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_refusals_that_leave_a_tree),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_positions_in_scalars),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
