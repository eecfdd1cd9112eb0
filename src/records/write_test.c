/* Which writes read other rows than their own, and so need PostgreSQL to be SERIALIZABLE. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "records/records.h"

static const char app_text[] =
    "app: writes\n"
    "database: sqlite:data/writes.db\n"
    "collections:\n"
    "  users:\n"
    "    fields: { open: { type: bool } }\n"
    "    access: { read: true, create: true, update: true, delete: true }\n"
    "  own:\n"
    "    fields: { shown: { type: bool }, author: { type: ref, to: users } }\n"
    "    access: { read: \"shown\", create: true, update: \"shown\", delete: \"author == auth.id\" }\n"
    "    fields_access: { author: { read: \"shown\" } }\n"
    "  by_update:\n"
    "    fields: { author: { type: ref, to: users } }\n"
    "    access: { read: true, create: true, update: \"author.open\", delete: true }\n"
    "  by_read:\n"
    "    fields: { author: { type: ref, to: users } }\n"
    "    access: { read: \"author.open\", create: true, update: true, delete: true }\n"
    "  by_field:\n"
    "    fields: { word: { type: text }, author: { type: ref, to: users } }\n"
    "    access: { read: true, create: true, update: true, delete: true }\n"
    "    fields_access: { word: { read: \"author.open\" } }\n";

static const struct {
	const char *collection;
	bool create, change, put, delete;
} cases[] = {
	{ "users", false, false, false, false },
	{ "own", false, false, false, false },
	{ "by_update", false, true, true, false },
	{ "by_read", true, true, true, true },
	{ "by_field", true, true, true, true },
};

static void
test_reads_others(void **state)
{
	struct app_mistakes mistakes;
	struct arena arena;
	struct rules rules;
	struct app *app;

	(void)state;
	app_mistakes_init(&mistakes);
	arena_init(&arena, 16 << 20);
	app = app_read(str_from(app_text), &mistakes);
	assert_non_null(app);
	assert_true(rules_compile_app(&arena, app, &rules, &mistakes));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct collection *collection = app_collection(app, str_from(cases[i].collection));

		assert_int_equal(record_write_reads_others(&rules, collection, RECORD_CREATE), cases[i].create);
		assert_int_equal(record_write_reads_others(&rules, collection, RECORD_CHANGE), cases[i].change);
		assert_int_equal(record_write_reads_others(&rules, collection, RECORD_PUT), cases[i].put);
		assert_int_equal(record_write_reads_others(&rules, collection, RECORD_DELETE), cases[i].delete);
	}
	app_mistakes_release(&mistakes);
	arena_release(&arena);
	app_free(app);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
