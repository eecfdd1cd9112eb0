#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/buf.h"
#include "base/memory.h"

/* --- bad files and all that is said of them -------------------------- */

#define HEAD "app: a\ncollections:\n  c:\n    fields:\n"
/* Line 5 of a file. */
#define FIELD_LINE(attributes) HEAD "      f: " attributes "\n"
#define SAYS(at, detail) "caisson.yaml:" at ": error: " detail "\n"

static const struct bad_file {
	const char *text, *lines;
} bad_files[] = {
	/* The top. */
	{ "", SAYS("1:1", "the file is empty; it begins with 'app: NAME'") },
	{ "hello\n",
	    SAYS("1:1", "expected a mapping that begins with 'app: NAME', found 'hello'") },
	{ "{}\n", SAYS("1:1", "the key 'app' is missing")
		      SAYS("1:1", "the key 'collections' is missing") },
	{ "app: a\ncolections: {}\n",
	    SAYS("1:1", "the key 'collections' is missing")
		SAYS("2:1", "unknown key 'colections'; did you mean 'collections'?") },
	{ "app: a\nwebhooks: {}\nzzz: 1\ncollections: {}\n",
	    SAYS("2:1", "'webhooks' is not supported yet") SAYS(
		"3:1", "unknown key 'zzz'; expected one of: app, api, database, collections") },
	{ "app: My App\ncollections: []\n",
	    SAYS("1:6", "'My App' is not a name: a small letter, then at most 62 small letters, "
			"digits and _")
		SAYS("2:14", "expected a mapping of collections by name, found a list") },
	{ "app:\ndatabase: mysql://x\ncollections: {}\n",
	    SAYS("1:1", "expected the app's name, found nothing") SAYS(
		"2:11", "expected sqlite:FILE or postgres://USER@HOST/NAME, found 'mysql://x'") },
	{ "app: a\napi: { prefix: v1/, cors: 1 }\ncollections: {}\n",
	    SAYS("2:16", "expected a path like /v1, without a slash at its end, found 'v1/'")
		SAYS("2:21", "unknown key 'cors'; expected prefix") },
	{ "app: a\napi: { prefix: /health/x }\ncollections: {}\n",
	    SAYS("2:16", "'/health/x' is taken by the server itself") },
	{ "app: a\napi: { prefix: /a/../b }\ncollections: {}\n",
	    SAYS("2:16", "expected a path like /v1, without a slash at its end, found '/a/../b'") },
	/* What is no YAML, or more than it may be. */
	{ "app: 'a' b\n",
	    SAYS("1:10", "not YAML: invalid trailing content after single-quoted scalar;"
			 " put all of the text in quotes") },
	{ "app: a\napp: b\ncollections: {}\n",
	    SAYS("2:1", "the key 'app' stands here twice; first in line 1") },
	{ "app: &x a\ncollections: {}\n",
	    SAYS("1:7", "anchors are not supported: write it out where it is needed") },
	{ "app: \"\\e[31m\"\ncollections: {}\n",
	    SAYS("1:6", "'?[31m' is not a name: a small letter, then at most 62 small letters, "
			"digits and _") },
	/* Collections. */
	{ "app: a\ncollections:\n  Big: {}\n  batch: { fields: {} }\n  caisson_x: { fields: {} }\n "
	  " d:\n",
	    SAYS("3:3",
		"'Big' is not a name: a small letter, then at most 62 small letters, digits and _")
		SAYS("3:3", "the key 'fields' is missing") SAYS("4:3", "'batch' is a reserved name")
		    SAYS("5:3", "'caisson_x' begins like the tables of the database itself"
				" (caisson_, sqlite_, pg_)") SAYS("6:3",
			"expected a collection: a mapping with 'fields', found nothing") },
	{ "app: a\ncollections:\n  c: { id: uuid, fields: { a: { type: text } }, kind: documents "
	  "}\n",
	    SAYS("3:12", "expected int (without 'id' ids are UUIDs), found 'uuid'")
		SAYS("3:49", "'kind' is not supported yet") },
	/* Fields and their types. */
	{ FIELD_LINE("text"), SAYS("5:10", "expected a field like { type: text }, found 'text'") },
	{ FIELD_LINE("{ typ: text }"), SAYS("5:7", "the key 'type' is missing") SAYS(
					   "5:12", "unknown key 'typ'; did you mean 'type'?") },
	{ FIELD_LINE("{ type: integer }"),
	    SAYS("5:18", "unknown type 'integer'; did you mean 'int'?") },
	{ FIELD_LINE("{ type: string }"),
	    SAYS("5:18",
		"unknown type 'string'; expected one of: text, int, bool, enum, time, ref, refs, float, decimal, date,"
		" list, json, email, url") },
	{ FIELD_LINE("{ type: id }"),
	    SAYS("5:18", "unknown type 'id'; expected one of: text, int, bool, enum, time, ref, refs, float, decimal, date,"
			 " list, json, email, url") },
	{ FIELD_LINE("{ type: file, search: A, cache: 1 }"),
	    SAYS("5:18", "the type 'file' is not supported yet")
		SAYS("5:24", "'search' is not supported yet") SAYS("5:35",
		    "unknown key 'cache'; expected one of: type, required, unique, index, readonly,"
		    " default, min, max, values, to, on_delete, scale, of, pattern, fold, was,"
		    " description") },
	{ FIELD_LINE("{ type: text, required: yes, unique: \"true\", index: 1, readonly: [] }"),
	    SAYS("5:34", "expected true or false, found 'yes'")
		SAYS("5:47", "expected true or false, found the text 'true'")
		    SAYS("5:62", "expected true or false, found '1'")
			SAYS("5:75", "expected true or false, found a list") },
	{ HEAD "      id: { type: text }\n      new: { type: int }\n      xmin: { type: int }\n    "
	       "  aB: { type: int }\n",
	    SAYS("5:7", "'id' is a reserved name") SAYS("6:7", "'new' is a reserved name")
		SAYS("7:7", "'xmin' is a name that PostgreSQL keeps for itself")
		    SAYS("8:7", "'aB' is not a name: a small letter, then at most 62 small "
				"letters, digits and _") },
	/* Bounds. */
	{ FIELD_LINE("{ type: bool, min: 1, values: [a], to: c }"),
	    SAYS("5:24", "'min' has no meaning for type bool")
		SAYS("5:32", "'values' has no meaning for type bool")
		    SAYS("5:45", "'to' has no meaning for type bool") },
	{ FIELD_LINE("{ type: int, min: 5, max: 3 }"),
	    SAYS("5:36", "'max' is smaller than 'min': no value fits") },
	{ FIELD_LINE("{ type: int, min: 5MB, max: 9223372036854775808 }"),
	    SAYS("5:28", "expected a whole number of 64 bits, found '5MB'")
		SAYS("5:38", "expected a whole number of 64 bits, found '9223372036854775808'") },
	{ FIELD_LINE("{ type: text, min: -1 }"),
	    SAYS("5:29", "expected a number of characters, from 0, found '-1'") },
	{ FIELD_LINE("{ type: time, min: 2026-02-30T00:00:00Z }"),
	    SAYS("5:29",
		"expected a time like 2026-11-23T08:00:00Z, found '2026-02-30T00:00:00Z'") },
	/* Enums. */
	{ FIELD_LINE("{ type: enum }"),
	    SAYS("5:7", "an enum needs 'values', a list of values like [small, large]") },
	{ FIELD_LINE("{ type: enum, values: [] }"), SAYS("5:32", "an enum has 1 to 1000 values") },
	{ FIELD_LINE("{ type: enum, values: [a, b, a, '', [x]], default: bb }"),
	    SAYS("5:39", "the value 'a' stands here twice")
		SAYS("5:42", "expected a value, a text that is not empty, found the text ''")
		    SAYS("5:46", "expected a value, a text that is not empty, found a list")
			SAYS("5:61", "unknown value 'bb'; expected one of: a, b") },
	{ FIELD_LINE("{ type: enum, values: [draft, public], default: drat }"),
	    SAYS("5:58", "unknown value 'drat'; did you mean 'draft'?") },
	/* References. */
	{ FIELD_LINE("{ type: ref }"), SAYS("5:7", "a ref needs 'to', the name of a collection") },
	{ "app: a\ncollections:\n  topics: { fields: { t: { type: ref, to: topcis, on_delete: "
	  "nullify } } }\n",
	    SAYS("3:43", "unknown collection 'topcis'; did you mean 'topics'?") SAYS(
		"3:62", "unknown action 'nullify'; expected one of: restrict, cascade, set_null") },
	{ FIELD_LINE("{ type: ref, to: c, on_delete: set_null, required: true }"),
	    SAYS("5:41", "a required field cannot be set to null: choose restrict or cascade") },
	{ FIELD_LINE("{ type: ref, to: c, default: abc }"),
	    SAYS("5:39", "expected auth.id or an id (a UUID), found 'abc'") },
	{ "app: a\ncollections:\n  c: { id: int, fields: { f: { type: ref, to: c, default: x } } "
	  "}\n",
	    SAYS("3:59", "expected a whole number of 64 bits, found 'x'") },
	/* Defaults. */
	{ FIELD_LINE("{ type: int, default: \"7\" }"),
	    SAYS("5:32", "expected a whole number of 64 bits, found the text '7'") },
	{ FIELD_LINE("{ type: int, default: 7, max: 6 }"),
	    SAYS("5:32", "the default is larger than 'max' allows") },
	{ FIELD_LINE("{ type: int, default: now }"),
	    SAYS("5:32", "expected a whole number of 64 bits, found 'now'") },
	{ FIELD_LINE("{ type: bool, default: no }"),
	    SAYS("5:33", "expected true or false, found 'no'") },
	{ FIELD_LINE("{ type: text, default: now }"),
	    SAYS("5:33", "'now' is for types time and date; in quotes it is a text") },
	{ FIELD_LINE("{ type: text, default: auth.email }"),
	    SAYS("5:33", "'auth.email' is not supported yet; 'auth.id' is") },
	{ FIELD_LINE("{ type: text, default: null }"),
	    SAYS("5:33",
		"expected a default (null is what stands where there is none), found 'null'") },
	{ FIELD_LINE("{ type: text, default: \u00e4\u00e4, min: 3 }"),
	    SAYS("5:33", "the default is shorter than 'min' allows") },
	{ FIELD_LINE("{ type: text, default: \u00e4\u00e4\u00e4, max: 2 }"),
	    SAYS("5:33", "the default is longer than 'max' allows") },
	{ FIELD_LINE("{ type: time, default: auth.id }"),
	    SAYS("5:33", "expected a time like 2026-11-23T08:00:00Z, found 'auth.id'") },
	{ FIELD_LINE("{ type: time, default: 2026-01-01T00:00:00Z, min: 2026-01-01T00:00:01Z }"),
	    SAYS("5:33", "the default is smaller than 'min' allows") },
	{ FIELD_LINE("{ type: text, required: true, readonly: true }"),
	    SAYS("5:7", "a required and readonly field needs a 'default': nobody else may give it "
			"a value") },
	/* Indexes. */
	{ FIELD_LINE("{ type: text }") "    indexes: [[f, -creatd], f, [], [id, -id], [\"-\"]]\n",
	    SAYS("6:19", "unknown field 'creatd'; did you mean 'created'?") SAYS(
		"6:29", "expected a list of fields like [level, -created], found 'f'") SAYS("6:32",
		"an index has 1 to 8 fields") SAYS("6:41", "'id' stands twice in this index")
		SAYS("6:48", "unknown field ''; expected one of: id, created, updated, f") },
	{ FIELD_LINE("{ type: text, index: true }") "    indexes: [[f]]\n",
	    SAYS("6:15", "'c_f_idx' would be the name of two tables or indexes; the other comes "
			 "from line 5") },
	{ "app: a\ncollections:\n  c: { fields: { f: { type: text, unique: true } } }\n"
	  "  c_f_key: { fields: { g: { type: int } } }\n",
	    SAYS("3:18", "'c_f_key' would be the name of two tables or indexes; the other comes "
			 "from line 4") },
	/* Access. */
	{ FIELD_LINE(
	      "{ type: text }") "    access: { read: , craete: true, update: [1], delete: \"\" }\n",
	    SAYS("6:15", "expected true, false or an expression, found nothing")
		SAYS("6:23", "unknown key 'craete'; did you mean 'create'?")
		    SAYS("6:45", "expected true, false or an expression, found a list")
			SAYS("6:58", "expected true, false or an expression, found the text ''") },
	/* Back references. */
	{ "app: a\ncollections:\n"
	  "  posts: { fields: { comments: { type: int } } }\n"
	  "  comments: { fields: { post: { type: ref, to: posts } } }\n",
	    SAYS("4:25", "seen from 'posts' this reference is 'comments', and so is the field of "
			 "line 3: rename one of the two") },
	{ "app: a\ncollections:\n"
	  "  posts: { fields: { x: { type: int } } }\n"
	  "  tags: { fields: { a: { type: ref, to: posts }, b: { type: ref, to: posts } } }\n"
	  "  tags_a: { fields: { p: { type: ref, to: posts } } }\n",
	    SAYS("5:23", "seen from 'posts' this reference is 'tags_a', and so is the reference of "
			 "line 4: rename one of the two") },
};

static bool
is_told_so(const struct bad_file *bad)
{
	char *lines = NULL;
	size_t size;
	FILE *file = open_memstream(&lines, &size);
	struct app_mistakes mistakes;
	bool told;

	app_mistakes_init(&mistakes);
	assert_null(app_read(str_from(bad->text), &mistakes));
	app_mistakes_print(&mistakes, file, "caisson.yaml");
	app_mistakes_release(&mistakes);
	fclose(file);
	told = strcmp(lines, bad->lines) == 0;
	if (!told)
		printf("--- of\n%s--- is said\n%s--- and not\n%s", bad->text, lines, bad->lines);
	free(lines);
	return told;
}

static void
test_bad_files(void **state)
{
	bool told = true;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_files); i++)
		told &= is_told_so(&bad_files[i]);
	assert_true(told);
}

static void
test_limits(void **state)
{
	struct app_mistakes mistakes;
	struct buf text;

	(void)state;
	buf_init(&text, 4 << 20);
	buf_add_c(&text, "app: a\ncollections:\n");
	for (int i = 0; i < 257; i++)
		buf_addf(&text, "  c%d: { fields: { a: { type: text } } }\n", i);
	app_mistakes_init(&mistakes);
	assert_null(app_read(buf_str(&text), &mistakes));
	assert_int_equal(mistakes.count, 1);
	app_mistakes_release(&mistakes);

	/* All are counted, a thousand are kept. */
	buf_clear(&text);
	for (int i = 0; i < 5000; i++)
		buf_addf(&text, "k%d: 1\n", i);
	app_mistakes_init(&mistakes);
	assert_null(app_read(buf_str(&text), &mistakes));
	assert_int_equal(mistakes.count, 5002);
	app_mistakes_release(&mistakes);

	buf_clear(&text);
	while (text.size <= APP_FILE_SIZE_MAX)
		buf_add_c(&text, "# a comment, one of very many\n");
	app_mistakes_init(&mistakes);
	assert_null(app_read(buf_str(&text), &mistakes));
	assert_string_equal(mistakes.first->detail.data, "the file is larger than 1048576 bytes");
	app_mistakes_release(&mistakes);
	buf_release(&text);
}

/* --- good files ------------------------------------------------------ */

static struct app *
read_good(struct str text)
{
	struct app_mistakes mistakes;
	struct app *app;

	app_mistakes_init(&mistakes);
	app = app_read(text, &mistakes);
	app_mistakes_print(&mistakes, stderr, "caisson.yaml");
	assert_int_equal(mistakes.count, 0);
	assert_non_null(app);
	app_mistakes_release(&mistakes);
	return app;
}

static struct app *
read_good_file(const char *path)
{
	static char text[APP_FILE_SIZE_MAX];
	char whole[512];
	FILE *file;
	size_t size;

	snprintf(whole, sizeof(whole), SOURCE_ROOT "/%s", path);
	file = fopen(whole, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	return read_good((struct str){ text, size });
}

static const struct field *
find(const struct app *app, const char *collection, const char *field)
{
	const struct collection *found = app_collection(app, str_from(collection));

	assert_non_null(found);
	return collection_column(found, str_from(field));
}

static void
test_smallest(void **state)
{
	struct app *app = read_good(STR(FIELD_LINE("{ type: text }")));
	const struct collection *c = app_collection(app, STR("c"));

	(void)state;
	assert_true(str_is(app->prefix, "/v1"));
	assert_true(str_is(app->database, "sqlite:data/a.db"));
	assert_int_equal(app->collections_count, 1);
	assert_int_equal(c->columns_count, COLUMN_FIELDS + 1);
	assert_int_equal(c->id_type, FIELD_ID);
	assert_int_equal(c->at.line, 3);
	for (size_t i = 0; i < ACCESS_COUNT; i++)
		assert_true(str_is(c->access[i].text, "false"));
	assert_true(str_is(c->columns[COLUMN_FIELDS].json_name, "\"f\":"));
	assert_int_equal(field_value_kind(find(app, "c", "id")), VALUE_UUID);
	assert_int_equal(field_value_kind(find(app, "c", "created")), VALUE_TIME);
	assert_true(find(app, "c", "updated")->required && find(app, "c", "updated")->readonly);
	assert_null(find(app, "c", "g"));
	assert_null(app_collection(app, STR("d")));
	app_free(app);
	app_free(NULL);
}

static void
test_types_by_schema(void **state)
{
	struct app *app = read_good(STR(HEAD
	    "      a: { type: enum, values: [true, null, 1, ~], default: null }\n"
	    "      b: { type: text, default: 1 }\n"
	    "      c: { type: text, default: \"auth.id\" }\n"
	    "      d: { type: text, default: auth.id }\n"
	    "      e: { type: text, default: true }\n"
	    "      f: { type: text, default: \"\" }\n"
	    "      g: { type: int, default: -9223372036854775808, min: -9223372036854775808 }\n"));

	(void)state;
	assert_int_equal(find(app, "c", "a")->values_count, 4);
	assert_true(str_is(find(app, "c", "a")->values[0], "true"));
	assert_true(str_is(find(app, "c", "a")->default_value.text, "null"));
	assert_true(str_is(find(app, "c", "b")->default_value.text, "1"));
	assert_int_equal(find(app, "c", "c")->default_kind, DEFAULT_LITERAL);
	assert_int_equal(find(app, "c", "d")->default_kind, DEFAULT_AUTH_ID);
	assert_true(str_is(find(app, "c", "e")->default_value.text, "true"));
	assert_int_equal(find(app, "c", "f")->default_kind, DEFAULT_LITERAL);
	assert_int_equal(find(app, "c", "f")->default_value.text.size, 0);
	assert_true(find(app, "c", "g")->default_value.integer == INT64_MIN);
	app_free(app);
}

static void
test_rules(void **state)
{
	struct app *app = read_good(
	    STR(FIELD_LINE("{ type: bool }") "    access:\n"
					     "      read:   f || 'x' in auth.roles   # a comment\n"
					     "      create: \"'x' in auth.roles\"\n"
					     "      update: true\n"
					     "      delete: |\n"
					     "        f\n"
					     "        && true\n"));
	const struct app_rule *access = app_collection(app, STR("c"))->access;

	(void)state;
	assert_true(str_is(access[ACCESS_READ].text, "f || 'x' in auth.roles"));
	assert_int_equal(access[ACCESS_READ].at.line, 7);
	assert_int_equal(access[ACCESS_READ].at.column, 15);
	assert_true(str_is(access[ACCESS_CREATE].text, "'x' in auth.roles"));
	assert_int_equal(access[ACCESS_CREATE].at.column, 16);
	assert_true(str_is(access[ACCESS_UPDATE].text, "true"));
	assert_true(str_is(access[ACCESS_DELETE].text, "f\n&& true"));
	assert_int_equal(access[ACCESS_DELETE].at.line, 11);
	assert_int_equal(access[ACCESS_DELETE].at.column, 9);
	app_free(app);
}

static void
test_shop(void **state)
{
	struct app *app = read_good_file("tests/apps/shop/caisson.yaml");
	const struct collection *products = app_collection(app, STR("products"));
	const struct field *title = find(app, "products", "title");

	(void)state;
	assert_true(str_is(app->prefix, "/api/v2"));
	assert_int_equal(products->id_type, FIELD_INT);
	assert_int_equal(field_value_kind(&products->columns[COLUMN_ID]), VALUE_INT);
	assert_int_equal(field_value_kind(find(app, "products", "category")), VALUE_INT);
	assert_int_equal(field_value_kind(find(app, "orders", "customer")), VALUE_UUID);
	assert_int_equal(field_value_kind(find(app, "products", "size")), VALUE_TEXT);
	assert_true(str_is(title->default_value.text, "It's \"new\"; isn't it?"));
	assert_true(title->has_min && title->min == 1 && title->has_max && title->max == 120);
	assert_int_equal(title->column, COLUMN_FIELDS + 1);
	assert_ptr_equal(find(app, "products", "similar")->to, products);
	assert_int_equal(find(app, "products", "similar")->on_delete, ON_DELETE_SET_NULL);
	assert_int_equal(find(app, "products", "listed")->default_kind, DEFAULT_NOW);
	assert_int_equal(find(app, "orders", "customer")->default_kind, DEFAULT_AUTH_ID);
	assert_int_equal(products->indexes_count, 3);
	assert_int_equal(products->indexes[2].fields_count, 3);
	assert_true(products->indexes[2].descending[1] && !products->indexes[2].descending[2]);
	app_free(app);
}

static void
test_clinic(void **state)
{
	struct app *app = read_good_file("tests/apps/clinic/caisson.yaml");
	const struct field *printed = find(app, "badges", "printed");

	(void)state;
	assert_true(str_is(app->database, "sqlite:data/clinic.db"));
	assert_true(printed->default_value.integer == INT64_C(946684799999999));
	assert_int_equal(find(app, "badges", "backup")->default_value.kind, VALUE_UUID);
	assert_int_equal(find(app, "badges", "home")->default_value.integer, 1);
	assert_true(str_is(find(app, "patients", "remarks")->default_value.text, "C:\\none\n'--"));
	app_free(app);
}

/* --- the shape ------------------------------------------------------- */

static void
check_shape(struct str text, const char *shape)
{
	struct app *app = read_good(text);
	char *seen = memory_copy(app->shape.data, app->shape.size);

	assert_string_equal(seen, shape);
	free(seen);
	app_free(app);
}

static void
test_shape(void **state)
{
	static const char shape[] = "collection a id\n"
				    "field a.e enum \"x\" \"y\" required default \"y\"\n"
				    "field a.r ref to b cascade index\n"
				    "index a e -created\n"
				    "collection b int\n"
				    "field b.t text min 1 max 9 default \"\\0a\\22\" unique\n";

	(void)state;
	check_shape(STR("app: x\ncollections:\n"
			"  b: { id: int, fields: { t: { type: text, min: 1, max: 9, default: "
			"\"\\n\\\"\", unique: true } } }\n"
			"  a:\n    fields:\n"
			"      e: { type: enum, values: [y, x], default: y, required: true }\n"
			"      r: { type: ref, to: b, on_delete: cascade }\n"
			"    indexes: [[e, -created]]\n"),
	    shape);
	/* Rules, order, names of the app and the database are no matter of the tables. */
	check_shape(STR("app: z\ndatabase: postgres://q\ncollections:\n"
			"  a:\n    fields:\n"
			"      e: { values: [x, y], default: y, required: true, type: enum, "
			"readonly: true }\n"
			"      r: { type: ref, to: b, on_delete: cascade, index: true }\n"
			"    indexes: [[e, -created]]\n    access: { read: true }\n"
			"  b: { id: int, fields: { t: { type: text, min: 1, max: 9, default: "
			"\"\\n\\\"\", unique: true } } }\n"),
	    shape);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_smallest),
		cmocka_unit_test(test_types_by_schema),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_shop),
		cmocka_unit_test(test_clinic),
		cmocka_unit_test(test_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
