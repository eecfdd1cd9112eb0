#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sql/text.h"

static void
write_statement(struct sql_text *sql)
{
	sql_addf(sql, "SELECT t%d.%n FROM %n t%d WHERE ", 1u, STR("title"), STR("questions"), 1u);
	sql_addf(sql, "a = %v", value_int(7));
	sql_add(sql, " AND ");
	sql_name(sql, STR("b"));
	sql_add(sql, " = ");
	sql_param(sql, value_text(STR("x\" OR 1=1")));
}

static void
test_dialects(void **state)
{
	struct sql_text sql;

	(void)state;
	sql_init(&sql, SQL_SQLITE);
	write_statement(&sql);
	assert_int_equal(sql_err(&sql), OK);
	assert_true(str_is(buf_str(&sql.text),
	    "SELECT t1.\"title\" FROM \"questions\" t1 WHERE a = ? AND \"b\" = ?"));
	assert_int_equal(sql.params_count, 2);
	assert_int_equal(sql.params[0].integer, 7);
	assert_true(str_is(sql.params[1].text, "x\" OR 1=1"));
	sql_clear(&sql);
	assert_int_equal(sql.text.size + sql.params_count, 0);
	sql_release(&sql);

	sql_init(&sql, SQL_POSTGRES);
	write_statement(&sql);
	assert_true(str_is(buf_str(&sql.text),
	    "SELECT t1.\"title\" FROM \"questions\" t1 WHERE a = $1 AND \"b\" = $2"));
	sql_release(&sql);
}

static void
test_limits(void **state)
{
	struct sql_text sql;

	(void)state;
	sql_init(&sql, SQL_POSTGRES);
	for (int i = 0; i < SQL_PARAMS_MAX; i++)
		sql_addf(&sql, ",%v", value_int(i));
	assert_int_equal(sql_err(&sql), OK);
	sql_param(&sql, value_null());
	assert_int_equal(sql_err(&sql), ERR_TOO_LARGE);
	assert_int_equal(sql.params_count, SQL_PARAMS_MAX);
	sql_clear(&sql);
	assert_int_equal(sql_err(&sql), OK);
	for (int i = 0; i <= SQL_TEXT_SIZE_MAX / 64; i++)
		sql_add(&sql, "0123456789012345678901234567890123456789012345678901234567890123");
	assert_int_equal(sql_err(&sql), ERR_TOO_LARGE);
	/* After an error nothing more is bound. */
	sql_param(&sql, value_null());
	assert_int_equal(sql.params_count, 0);
	sql_release(&sql);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialects),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
