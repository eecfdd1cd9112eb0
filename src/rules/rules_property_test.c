/*
 * SQLite, the evaluator and the model agree (rules_property.h).
 * CAISSON_PROPERTY_CASES and CAISSON_PROPERTY_SEED choose how many and which.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "rules/rules_property.h"
#include "sql/catalogue.h"

static enum err
run(void *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	return OK;
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

/* The first column of the one row of ${sql}, or 0. */
static int
execute(sqlite3 *db, const struct sql_text *sql)
{
	struct str text = buf_str(&sql->text);
	sqlite3_stmt *statement;
	int result, value = 0;

	if (sqlite3_prepare_v2(db, text.data, (int)text.size, &statement, NULL) != SQLITE_OK)
		fail_msg("%.*s: %s", STR_ARGS(text), sqlite3_errmsg(db));
	assert_int_equal(sqlite3_bind_parameter_count(statement), sql->params_count);
	for (size_t i = 0; i < sql->params_count; i++)
		bind(statement, (int)i + 1, &sql->params[i]);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		value = sqlite3_column_int(statement, 0);
	if (result != SQLITE_DONE)
		fail_msg("%.*s: %s", STR_ARGS(text), sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return value;
}

static void
insert(void *arg, const struct collection *collection, const struct value *row)
{
	struct sql_text sql;

	sql_init(&sql, SQL_SQLITE);
	sql_addf(&sql, "INSERT INTO %n (\"_version\"", collection->name);
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %n", collection->columns[i].name);
	sql_add(&sql, ") VALUES (1");
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %v", row[i]);
	sql_add(&sql, ")");
	execute(arg, &sql);
	sql_release(&sql);
}

static bool
selects(void *arg, const struct collection *collection, const struct value *id,
    const struct sql_text *predicate)
{
	struct sql_text sql;
	bool found;

	sql_init(&sql, SQL_SQLITE);
	sql_addf(&sql, "SELECT count(*) FROM %n t WHERE t.\"id\" = %v AND ", collection->name, *id);
	buf_add_str(&sql.text, buf_str(&predicate->text));
	for (size_t i = 0; i < predicate->params_count; i++) {
		size_t size = sql.text.size;

		sql_param(&sql, predicate->params[i]);
		buf_truncate(&sql.text, size);
	}
	found = execute(arg, &sql) == 1;
	sql_release(&sql);
	return found;
}

static uint64_t
number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static size_t
print_share(const char *what, size_t count, size_t all)
{
	size_t percent = count * 100 / all;

	print_message("%10zu %3zu %% %s\n", count, percent, what);
	return percent;
}

static void
test_property(void **state)
{
	struct property_engine engine = {
		.dialect = SQL_SQLITE,
		.create = create,
		.drop = drop,
		.insert = insert,
		.selects = selects,
	};
	uint64_t seed = number_of("CAISSON_PROPERTY_SEED", 1);
	struct property_counts counts;
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	engine.arg = db;
	property_run(&engine, seed, number_of("CAISSON_PROPERTY_CASES", 20000), &counts);
	sqlite3_close(db);
	print_message("seed %" PRIu64 "\n", seed);
	print_share("cases", counts.cases, counts.cases);
	assert_true(print_share("by SQLite", counts.compared, counts.cases) >= 50);
	assert_true(print_share("true", counts.answered_true, counts.cases) >= 10);
	assert_true(print_share("false", counts.cases - counts.answered_true, counts.cases) >= 10);
	assert_true(print_share("met null", counts.met_null, counts.cases) >= 10);
	assert_true(print_share("met an absent caller", counts.met_absent, counts.cases) >= 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
