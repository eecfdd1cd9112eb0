#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/names.h"
#include "base/memory.h"

#define HEAD "app: a\ncollections:\n  c:\n    fields:\n"
/* Line 5 of a file. */
#define FIELD_LINE(attributes) HEAD "      f: " attributes "\n"

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
test_new_types(void **state)
{
	struct app *app = read_good(STR(HEAD
	    "      a: { type: float, min: -1.5, max: 1e3, default: 2, description: 'A b' }\n"
	    "      b: { type: decimal, scale: 2, min: \"-0.5\", max: 7, default: 1.50, was: bb }\n"
	    "      cc: { type: date, min: 1970-01-02, default: now }\n"
	    "      d: { type: date, default: 2026-11-24 }\n"
	    "      e: { type: list, of: int, default: [3, -1], max: 9 }\n"
	    "      f: { type: list, default: [true, 1, \"x\"] }\n"
	    "      g: { type: json, default: { b: [1.0, null, no], a: true } }\n"
	    "      h: { type: refs, to: c, min: 1, max: 3 }\n"
	    "      i: { type: email, fold: true, unique: true, max: 254, default: a@b.example }\n"
	    "      j: { type: url, required: true }\n"
	    "      k: { type: text, pattern: \"^[a-z]+$\", default: abc }\n"
	    "      l: { type: json, default: text }\n"
	    "      m: { type: text, default: \"now\" }\n"
	    "      n: { type: list, of: float, default: [9007199254740993, 1.0] }\n"
	    "      o: { type: url, default: https://a.example/?b }\n"));
	const struct field *k = find(app, "c", "k");

	(void)state;
	assert_true(find(app, "c", "a")->real_min == -1.5 && find(app, "c", "a")->real_max == 1000);
	assert_true(find(app, "c", "a")->default_value.real == 2);
	assert_true(str_is(find(app, "c", "a")->description, "A b"));
	assert_true(find(app, "c", "b")->min == -50 && find(app, "c", "b")->max == 700);
	assert_int_equal(find(app, "c", "b")->default_value.kind, VALUE_DECIMAL);
	assert_int_equal(find(app, "c", "b")->default_value.integer, 150);
	assert_true(str_is(find(app, "c", "b")->was, "bb"));
	assert_int_equal(find(app, "c", "cc")->default_kind, DEFAULT_NOW);
	assert_int_equal(find(app, "c", "cc")->min, 1);
	assert_int_equal(find(app, "c", "d")->default_value.integer, 20781);
	assert_true(str_is(find(app, "c", "e")->default_value.text, "[3,-1]"));
	assert_true(str_is(find(app, "c", "f")->default_value.text, "[\"true\",\"1\",\"x\"]"));
	assert_true(
	    str_is(find(app, "c", "g")->default_value.text, "{\"a\":true,\"b\":[1,null,\"no\"]}"));
	assert_true(find(app, "c", "h")->min == 1 && find(app, "c", "h")->max == 3);
	assert_int_equal(field_value_kind(find(app, "c", "h")), VALUE_JSON);
	assert_true(find(app, "c", "i")->fold && find(app, "c", "i")->max == 254);
	assert_null(find(app, "c", "j")->pattern.data);
	assert_true(str_is(k->pattern, "^[a-z]+$") && pattern_matches(k->pattern_code, STR("x")));
	assert_true(str_is(find(app, "c", "l")->default_value.text, "\"text\""));
	assert_true(str_is(find(app, "c", "m")->default_value.text, "now"));
	assert_true(str_is(find(app, "c", "n")->default_value.text, "[9007199254740992,1]"));
	assert_true(str_is(find(app, "c", "o")->default_value.text, "https://a.example/?b"));
	app_free(app);
}

static void
test_fields_access_and_cache(void **state)
{
	struct app *app = read_good(
	    STR(FIELD_LINE("{ type: text }") "    was: former\n    description: Some\n"
					     "    fields_access:\n"
					     "      f: { read: \"'x' in auth.roles\" }\n"
					     "      created: { read: false }\n"
					     "    cache: { max_age: 7d, public: true }\n"
					     "  d: { fields: {}, cache: { max_age: 90m } }\n"
					     "  e: { fields: {} }\n"));
	const struct collection *c = app_collection(app, STR("c"));
	const struct app_rule *f = &c->fields_read[COLUMN_FIELDS];

	(void)state;
	assert_true(str_is(c->was, "former") && str_is(c->description, "Some"));
	assert_true(str_is(f->text, "'x' in auth.roles"));
	assert_int_equal(app_rule_position(f, 0).line, 9);
	assert_int_equal(app_rule_position(f, 0).column, 19);
	assert_true(str_is(c->fields_read[COLUMN_CREATED].text, "false"));
	assert_null(c->fields_read[COLUMN_ID].text.data);
	assert_null(c->fields_read[COLUMN_UPDATED].text.data);
	assert_int_equal(c->cache.max_age_s, 7 * 86400);
	assert_true(c->cache.is_public && c->cache.at.line == 11);
	assert_int_equal(app_collection(app, STR("d"))->cache.max_age_s, 5400);
	assert_int_equal(app_collection(app, STR("e"))->cache.max_age_s, 0);
	app_free(app);
}

/* "a a_b c_x c_y …": the back references of a collection, in their order. */
static void
check_backs(const struct app *app, const char *collection, const char *names)
{
	const struct collection *found = app_collection(app, str_from(collection));
	struct str rest = str_from(names), name;
	size_t count = 0;

	while (str_split(&rest, ' ', &name)) {
		const struct back_reference *back = collection_back(found, name);

		assert_ptr_equal(back, &found->backs[count++]);
		assert_ptr_equal(back->field->to, found);
		assert_ptr_equal(back->field, collection_column(back->from, back->field->name));
	}
	assert_int_equal(found->backs_count, count);
	assert_null(collection_back(found, STR("none")));
}

static void
test_ledger(void **state)
{
	struct app *app = read_good_file("tests/apps/ledger/caisson.yaml");
	const struct collection *invoices = app_collection(app, STR("invoices"));
	char name[INDEX_NAME_SIZE];

	(void)state;
	check_backs(app, "tags", "articles invoices");
	check_backs(app, "clerks", "clerks customers invoices_clerk invoices_reviewers");
	check_backs(app, "customers",
	    "customers_parent customers_partners invoices payments_payer payments_broker");
	assert_int_equal(app_collection(app, STR("lines"))->backs_count, 0);
	assert_int_equal(invoices->indexes_count, 4);
	assert_false(invoices->indexes[1].unique);
	assert_true(invoices->indexes[2].unique);
	assert_true(str_is(
	    index_name(invoices, &invoices->indexes[2], name), "invoices_customer_number_key"));
	assert_ptr_equal(unique_name_index(invoices, STR("invoices_customer_number_key")),
	    &invoices->indexes[2]);
	assert_null(unique_name_index(invoices, STR("invoices_customer_number_idx")));
	assert_true(str_is(
	    link_name(invoices, find(app, "invoices", "reviewers"), name), "invoices_reviewers"));
	assert_true(find(app, "articles", "exact")->max == INT64_C(999999999999999999));
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
	assert_int_equal(app_rule_position(&access[ACCESS_READ], 0).line, 7);
	assert_int_equal(app_rule_position(&access[ACCESS_READ], 0).column, 15);
	assert_true(str_is(access[ACCESS_CREATE].text, "'x' in auth.roles"));
	assert_int_equal(app_rule_position(&access[ACCESS_CREATE], 0).column, 16);
	assert_true(str_is(access[ACCESS_UPDATE].text, "true"));
	assert_true(str_is(access[ACCESS_DELETE].text, "f\n&& true"));
	assert_int_equal(app_rule_position(&access[ACCESS_DELETE], 0).line, 11);
	assert_int_equal(app_rule_position(&access[ACCESS_DELETE], 0).column, 9);
	assert_int_equal(app_rule_position(&access[ACCESS_DELETE], 5).line, 12);
	assert_int_equal(app_rule_position(&access[ACCESS_DELETE], 5).column, 12);
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
	check_shape(
	    STR("app: x\ncollections:\n  c:\n    fields:\n"
		"      a: { type: float, min: -1.50, max: 1e30, default: 2, required: true }\n"
		"      b: { type: decimal, scale: 2, min: \"-0.5\", default: 1, index: true }\n"
		"      d: { type: date, max: 2026-11-24, default: 1970-01-01 }\n"
		"      e: { type: list, of: int, min: 1, default: [1] }\n"
		"      f: { type: json, default: { b: \"x\\ny\", a: 1 } }\n"
		"      g: { type: refs, to: c, min: 1, max: 2 }\n"
		"      h: { type: email, fold: true, unique: true, max: 254 }\n"
		"      i: { type: url, description: x, was: j }\n"
		"      k: { type: text, pattern: x, readonly: true }\n"
		"    unique: [[h, b], [a, created]]\n"
		"    indexes: [[k], [a, -created]]\n"
		"    cache: { max_age: 1s }\n"),
	    "collection c id\n"
	    "field c.a float required min -1.5 max 1e+30 default 2\n"
	    "field c.b decimal scale 2 min -0.50 default 1.00 index\n"
	    "field c.d date max 2026-11-24 default 1970-01-01\n"
	    "field c.e list of int min 1 default \"[1]\"\n"
	    "field c.f json default \"{\\22a\\22:1,\\22b\\22:\\22x\\5cny\\22}\"\n"
	    "field c.g refs to c\n"
	    "field c.h email max 254 fold unique\n"
	    "field c.i url\n"
	    "field c.k text\n"
	    "index c a -created\n"
	    "index c k\n"
	    "unique c a created\n"
	    "unique c h b\n");
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
		cmocka_unit_test(test_smallest),
		cmocka_unit_test(test_types_by_schema),
		cmocka_unit_test(test_new_types),
		cmocka_unit_test(test_fields_access_and_cache),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_shop),
		cmocka_unit_test(test_clinic),
		cmocka_unit_test(test_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
