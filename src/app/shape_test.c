#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/shape.h"

static struct app *
read_text(const char *text)
{
	struct app_mistakes mistakes;
	struct app *app;

	app_mistakes_init(&mistakes);
	app = app_read(str_from(text), &mistakes);
	app_mistakes_print(&mistakes, stderr, "caisson.yaml");
	app_mistakes_release(&mistakes);
	assert_non_null(app);
	return app;
}

/* What is read has the shape that it was read from, and a database of it the same tables. */
static void
check_round(struct app *app)
{
	struct app *read = shape_read(app->shape);

	if (read == NULL || !str_equal(read->shape, app->shape))
		fprintf(stderr, "%.*s\n->\n%.*s\n", STR_ARGS(app->shape),
		    STR_ARGS(read == NULL ? STR("nothing") : read->shape));
	assert_non_null(read);
	assert_true(str_equal(read->shape, app->shape));
	assert_int_equal(read->collections_count, app->collections_count);
	app_free(read);
	app_free(app);
}

static void
test_apps(void **state)
{
	static char text[APP_FILE_SIZE_MAX];
	static const char *const files[] = {
		"/tests/apps/clinic/caisson.yaml",
		"/tests/apps/shop/caisson.yaml",
		"/examples/handbook/caisson.yaml",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), SOURCE_ROOT "%s", files[i]);
		file = fopen(path, "r");
		assert_non_null(file);
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		check_round(read_text(text));
	}
}

static void
test_every_type(void **state)
{
	(void)state;
	check_round(read_text("app: a\ncollections:\n  none: { fields: {} }\n"));
	check_round(read_text("app: a\ncollections: {}\n"));
	check_round(read_text(
	    "app: a\n"
	    "collections:\n"
	    "  targets: { id: int, fields: { name: { type: text, fold: true, unique: true } } }\n"
	    "  all:\n"
	    "    fields:\n"
	    "      t: { type: text, default: \"a\\\\b \\\"q\\\" \\t \\n é 🐢 \\x7f \\xa0\", max: 100 }\n"
	    "      n: { type: text, default: \"null\" }\n"
	    "      i: { type: int, min: -9223372036854775808, max: 9, default: -5 }\n"
	    "      b: { type: bool, default: true, required: true }\n"
	    "      e: { type: enum, values: [z, \"a b\", \"true\", \"x\\\"y\"], default: z }\n"
	    "      when: { type: time, min: 2000-01-01T00:00:00Z, default: 2026-01-01T00:00:00.5Z }\n"
	    "      r: { type: ref, to: targets, on_delete: cascade, default: 7 }\n"
	    "      u: { type: ref, to: all, on_delete: set_null,"
	    " default: 01a19467-e800-7000-8000-000000000001 }\n"
	    "      o: { type: ref, to: all, unique: true }\n"
	    "      many: { type: refs, to: targets, max: 3 }\n"
	    "      f: { type: float, min: -1e300, max: 0.1, default: 0.05 }\n"
	    "      d: { type: decimal, scale: 2, min: 0.01, max: 9.5, default: 1.20, index: true }\n"
	    "      day: { type: date, min: 2000-01-01, default: 2026-11-24 }\n"
	    "      l: { type: list, of: text, default: [a, \"1\", é], max: 10 }\n"
	    "      li: { type: list, of: int, default: [1, 2] }\n"
	    "      j: { type: json, default: { a: [1, null, true, \"x\\ty\", 1.5], é: {} } }\n"
	    "      m: { type: email, fold: true, max: 50, default: a@b.example }\n"
	    "      w: { type: url, default: \"https://a.example/?q=1#x\" }\n"
	    "    indexes: [[i, -d], [-day, e], [created]]\n"
	    "    unique: [[i, d], [e, r]]\n"));
}

static void
test_nonsense(void **state)
{
	static const char *const texts[] = {
		"nonsense\n",
		"collection\n",
		"collection a\n",
		"collection a id\nfield a\n",
		"collection a id\nfield a.b\n",
		"collection a id\nfield a.b colour\n",
		"collection a id\nfield a.b text wonderful\n",
		"collection a id\nfield a.b text default \"x\n",
		"collection a id\nfield a.b text default \"\\zz\"\n",
		"collection a id\nfield a.b text default\n",
		"collection a id\nfield a.b int min\n",
		"collection a id\nfield a.b time min 99999999999999999999\n",
		"collection a id\nfield a.b ref to\n",
		"collection a id\nfield a.b ref to b restrict\n",
		"collection a id\nindex\n",
		"collection a id\nindex a b\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_null(shape_read(str_from(texts[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apps),
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
