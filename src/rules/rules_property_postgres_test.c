/* PostgreSQL, the evaluator and the model agree: rules_property_test.c on the other engine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/decimal.h"
#include "codec/time.h"
#include "rules/rules_property.h"
#include "sql/catalogue.h"

/* Types as the catalogue of PostgreSQL numbers them. */
static const Oid types[] = {
	[VALUE_NULL] = 0,
	[VALUE_BOOL] = 16,
	[VALUE_INT] = 20,
	[VALUE_REAL] = 701,
	[VALUE_TIME] = 1184,
	[VALUE_DATE] = 1082,
	[VALUE_DECIMAL] = 1700,
	[VALUE_TEXT] = 0,
	[VALUE_JSON] = 3802,
	[VALUE_UUID] = 2950,
};

static enum err
run(void *pg, const char *statement)
{
	PGresult *result = PQexec(pg, statement);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", statement, PQerrorMessage(pg));
	PQclear(result);
	return OK;
}

static void
create(void *pg, const struct app *app)
{
	assert_int_equal(catalogue_create(app, SQL_POSTGRES, run, pg), OK);
}

static void
drop(void *pg, const struct app *app)
{
	(void)app;
	run(pg, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

/* A value as text, to be freed; NULL is null. */
static char *
format(const struct value *value)
{
	char bytes[64] = "";

	switch (value->kind) {
	case VALUE_NULL:
		return NULL;
	case VALUE_TEXT:
	case VALUE_JSON:
		return memory_copy(value->text.data, value->text.size);
	case VALUE_BOOL:
		return memory_copy(value->boolean ? "t" : "f", 1);
	case VALUE_REAL:
		snprintf(bytes, sizeof(bytes), "%.17g", value->real);
		break;
	case VALUE_INT:
		snprintf(bytes, sizeof(bytes), "%lld", (long long)value->integer);
		break;
	case VALUE_TIME:
		time_format_rfc3339(value->integer, bytes);
		break;
	case VALUE_DATE:
		date_format(value->integer, bytes);
		break;
	case VALUE_DECIMAL:
		decimal_format(value->integer, value->scale, bytes);
		break;
	case VALUE_UUID:
		uuid_format(&value->uuid, bytes);
		break;
	}
	return memory_copy(bytes, strlen(bytes));
}

static int64_t
execute(void *pg, const struct sql_text *sql)
{
	size_t count = sql->params_count;
	char **values = memory_new((count + 1) * sizeof(*values));
	char *text = memory_copy(sql->text.data, sql->text.size);
	Oid *kinds = memory_new((count + 1) * sizeof(*kinds));
	int64_t number = 0;
	PGresult *result;

	for (size_t i = 0; i < count; i++) {
		values[i] = format(&sql->params[i]);
		kinds[i] = types[sql->params[i].kind];
	}
	result = PQexecParams(pg, text, (int)count, kinds, (const char *const *)values, NULL, NULL, 0);
	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0)
		number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	else if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", text, PQerrorMessage(pg));
	PQclear(result);
	for (size_t i = 0; i < count; i++)
		free(values[i]);
	free(values);
	free(kinds);
	free(text);
	return number;
}

static void
ignore(void *arg, const char *message)
{
	(void)arg, (void)message;
}

static void
test_property(void **state)
{
	struct property_engine engine = {
		.dialect = SQL_POSTGRES,
		.create = create,
		.drop = drop,
		.execute = execute,
	};
	const char *url = getenv("CAISSON_TEST_DATABASE");
	PGconn *pg;

	(void)state;
	if (url == NULL)
		fail_msg("CAISSON_TEST_DATABASE is not set");
	pg = PQconnectdb(url);
	assert_int_equal(PQstatus(pg), CONNECTION_OK);
	PQsetNoticeProcessor(pg, ignore, NULL);
	run(pg, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET TIME ZONE 'UTC'");
	engine.arg = pg;
	assert_true(property_test(&engine, 4000));
	PQfinish(pg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
