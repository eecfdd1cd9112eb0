/*
 * SQLite, the evaluator and the model agree (rules_property.h).
 * CAISSON_PROPERTY_CASES and CAISSON_PROPERTY_SEED choose how many and which; all of them:
 *
 *	CAISSON_PROPERTY_CASES=100000 build/asan/rules_rules_property_test
 *	CAISSON_PROPERTY_CASES=100000 tests/cluster run build/asan/rules_rules_property_postgres_test
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "rules/rules_property.h"
#include "sql/catalogue.h"

static enum err
run(void *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	return OK;
}

/* caisson_number() and caisson_now(), which triggers call. */
static void
give_one(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count, (void)values;
	sqlite3_result_int(context, 1);
}

static void
create(void *arg, const struct app *app)
{
	assert_int_equal(catalogue_create(app, SQL_SQLITE, run, arg), OK);
}

/* All tables, the system's too; nothing but SQLite's own then is left. */
static void
drop(void *arg, const struct app *app)
{
	(void)app;
	sqlite3_db_config(arg, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
	run(arg, "VACUUM");
	sqlite3_db_config(arg, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
}

static void
bind(sqlite3_stmt *statement, int param, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NULL:
		sqlite3_bind_null(statement, param);
		break;
	case VALUE_TEXT:
	case VALUE_JSON:
		sqlite3_bind_text(
		    statement, param, value->text.data, (int)value->text.size, SQLITE_STATIC);
		break;
	case VALUE_UUID:
		sqlite3_bind_blob(statement, param, value->uuid.bytes, 16, SQLITE_STATIC);
		break;
	case VALUE_BOOL:
		sqlite3_bind_int(statement, param, value->boolean);
		break;
	case VALUE_REAL:
		sqlite3_bind_double(statement, param, value->real);
		break;
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
	case VALUE_DECIMAL:
		sqlite3_bind_int64(statement, param, value->integer);
	}
}

static int64_t
execute(void *db, const struct sql_text *sql)
{
	struct str text = buf_str(&sql->text);
	sqlite3_stmt *statement;
	int64_t value = 0;
	int result;

	if (sqlite3_prepare_v2(db, text.data, (int)text.size, &statement, NULL) != SQLITE_OK)
		fail_msg("%.*s: %s", STR_ARGS(text), sqlite3_errmsg(db));
	assert_int_equal(sqlite3_bind_parameter_count(statement), sql->params_count);
	for (size_t i = 0; i < sql->params_count; i++)
		bind(statement, (int)i + 1, &sql->params[i]);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	if (result != SQLITE_DONE)
		fail_msg("%.*s: %s", STR_ARGS(text), sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return value;
}

static void
test_property(void **state)
{
	struct property_engine engine = {
		.dialect = SQL_SQLITE,
		.create = create,
		.drop = drop,
		.execute = execute,
	};
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	sqlite3_create_function(db, "caisson_number", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, give_one, NULL, NULL);
	sqlite3_create_function(db, "caisson_now", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, give_one, NULL, NULL);
	engine.arg = db;
	assert_true(property_test(&engine, 20000));
	sqlite3_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
