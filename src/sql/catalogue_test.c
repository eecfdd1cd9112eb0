#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "app/names.h"
#include "sql/catalogue.h"

/* --- a database of an app -------------------------------------------- */

enum { NUMBER = 77, NOW = 1234 };

static void
dummy_number(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count, (void)values;
	sqlite3_result_int64(context, NUMBER);
}

static void
dummy_now(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count, (void)values;
	sqlite3_result_int64(context, NOW);
}

static enum err
run_statement(void *arg, const char *statement)
{
	char *message = NULL;

	if (sqlite3_exec(arg, statement, NULL, NULL, &message) == SQLITE_OK)
		return OK;
	fprintf(stderr, "%s\n%s\n", message, statement);
	sqlite3_free(message);
	return ERR_IO;
}

static struct app *
read_app_text(struct str text)
{
	struct app_mistakes mistakes;
	struct app *app;

	app_mistakes_init(&mistakes);
	app = app_read(text, &mistakes);
	app_mistakes_print(&mistakes, stderr, "caisson.yaml");
	app_mistakes_release(&mistakes);
	assert_non_null(app);
	return app;
}

static struct app *
read_app_file(const char *path)
{
	static char text[APP_FILE_SIZE_MAX];
	const char *end = strstr(__FILE__, "src/sql/");
	char whole[512];
	FILE *file;
	size_t size;

	assert_non_null(end);
	snprintf(whole, sizeof(whole), "%.*s%s", (int)(end - __FILE__), __FILE__, path);
	file = fopen(whole, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	return read_app_text((struct str){ text, size });
}

/* As the engine opens it: nothing of the schema is trusted, double quotes are names. */
static sqlite3 *
open_database(const struct app *app)
{
	int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_create_function(db, "caisson_number", 0, flags, NULL, dummy_number, NULL, NULL);
	sqlite3_create_function(db, "caisson_now", 0, flags, NULL, dummy_now, NULL, NULL);
	assert_int_equal(run_statement(db, "PRAGMA foreign_keys=ON"), OK);
	assert_int_equal(run_statement(db, "PRAGMA trusted_schema=OFF"), OK);
	assert_int_equal(catalogue_create(app, SQL_SQLITE, run_statement, db), OK);
	return db;
}

/* "OK", the values of the last row with commas between them, or why not. */
static const char *
answer(sqlite3 *db, const char *statement)
{
	static char text[1024];
	sqlite3_stmt *compiled = NULL;
	int code = sqlite3_prepare_v2(db, statement, -1, &compiled, NULL);

	snprintf(text, sizeof(text), "OK");
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		size_t size = 0;

		if ((code = sqlite3_step(compiled)) != SQLITE_ROW)
			break;
		for (int i = 0; i < sqlite3_column_count(compiled); i++) {
			const unsigned char *value = sqlite3_column_text(compiled, i);

			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s",
			    i == 0 ? "" : ",", value == NULL ? "null" : (const char *)value);
		}
	}
	if (code != SQLITE_DONE)
		snprintf(text, sizeof(text), "%s", sqlite3_errmsg(db));
	sqlite3_finalize(compiled);
	return text;
}

/* The last line of a plan would be a sort, where there is one. */
#define CHECK_PLAN(statement, expected) \
	assert_non_null(strstr(answer(db, "EXPLAIN QUERY PLAN " statement), expected))
#define CHECK(statement, expected) assert_string_equal(answer(db, statement), expected)

/* --- tests ------------------------------------------------------------ */

/* UUIDs of tests: sixteen bytes that end in one digit. */
#define U(digit) "X'018F3A1E7B5A7C3D9E2F00000000000" #digit "'"
#define STAFF "INSERT INTO staff (id, created, updated, _version, name, role"
#define PATIENT "INSERT INTO patients (id, created, updated, _version, name"

static void
test_clinic(void **state)
{
	struct app *app = read_app_file("tests/apps/clinic/caisson.yaml");
	sqlite3 *db = open_database(app);

	(void)state;
	CHECK(STAFF ") VALUES (" U(1) ", 1, 1, 5, 'Ann', 'doctor')", "OK");
	CHECK(STAFF ") VALUES (X'01', 1, 1, 5, 'Ann', 'doctor')",
	    "CHECK constraint failed: length(\"id\") = 16");
	CHECK(STAFF ") VALUES (" U(2) ", 1, 1, 5, 'Bob', 'boss')", "CHECK constraint failed: role");
	CHECK(STAFF ") VALUES (" U(2) ", 1, 1, 5, '', 'desk')",
	    "CHECK constraint failed: length(\"name\") >= 1");
	CHECK(STAFF ", active) VALUES (" U(2) ", 1, 1, 5, 'Bob', 'desk', 2)",
	    "CHECK constraint failed: active");
	CHECK(STAFF ", supervisor) VALUES (" U(2) ", 1, 1, 5, 'Bob', 'desk', " U(9) ")",
	    "FOREIGN KEY constraint failed");
	CHECK(STAFF
	    ", supervisor, deputy) VALUES (" U(2) ", 1, 1, 5, 'Bob', 'desk', " U(1) ", " U(2) ")",
	    "OK");
	CHECK(STAFF ", deputy) VALUES (" U(3) ", 1, 1, 5, 'Cy', 'desk', " U(2) ")",
	    "UNIQUE constraint failed: staff.deputy");
	CHECK("SELECT active, hired FROM staff WHERE id = " U(1), "1,null");
	CHECK("INSERT INTO wards (created, updated, _version, name, head) VALUES (1, 1, 5, 'W', " U(
		  1) ")",
	    "OK");
	CHECK("INSERT INTO wards (created, updated, _version, name, head) VALUES (1, 1, 5, 'V', "
	      "'text')",
	    "cannot store TEXT value in BLOB column wards.head");
	CHECK("SELECT id, beds, closed FROM wards", "1,12,null");
	CHECK(PATIENT ") VALUES (" U(4) ", 1, 1, 5, 'P')", "OK");
	CHECK("SELECT remarks = 'C:\\none' || char(10) || '''--', consent FROM patients", "1,0");
	CHECK(PATIENT ", born) VALUES (" U(5) ", 1, 1, 5, 'P', -2208988800000001)",
	    "CHECK constraint failed: born");
	CHECK("DELETE FROM staff WHERE id = " U(1), "FOREIGN KEY constraint failed");
	sqlite3_close(db);
	app_free(app);
}

/* What a foreign key's action sets to null gets a version; what a body writes has one already. */
static void
test_set_null(void **state)
{
	struct app *app = read_app_file("tests/apps/clinic/caisson.yaml");
	sqlite3 *db = open_database(app);

	(void)state;
	CHECK(STAFF ") VALUES (" U(1) ", 1, 1, 5, 'Ann', 'doctor')", "OK");
	CHECK(STAFF ") VALUES (" U(2) ", 1, 1, 5, 'Bob', 'doctor')", "OK");
	CHECK(PATIENT ", doctor) VALUES (" U(4) ", 1, 1, 5, 'P', " U(1) ")", "OK");
	CHECK(PATIENT ", doctor) VALUES (" U(5) ", 1, 1, 5, 'Q', " U(2) ")", "OK");
	CHECK(
	    "UPDATE patients SET doctor = NULL, _version = 6, updated = 2 WHERE id = " U(5), "OK");
	CHECK("SELECT _version, updated FROM patients WHERE id = " U(5), "6,2");
	CHECK("DELETE FROM staff WHERE id = " U(1), "OK");
	CHECK("SELECT doctor, _version, updated, created FROM patients WHERE id = " U(4),
	    "null,77,1234,1");
	CHECK("SELECT _version, updated FROM patients WHERE id = " U(5), "6,2");
	sqlite3_close(db);
	app_free(app);
}

static void
test_shop(void **state)
{
	struct app *app = read_app_file("tests/apps/shop/caisson.yaml");
	sqlite3 *db = open_database(app);

	(void)state;
	CHECK("INSERT INTO categories (created, updated, _version, name) VALUES (1, 1, 5, 'C')",
	    "OK");
	CHECK("INSERT INTO categories (created, updated, _version, name, rank) VALUES (1, 1, 5, "
	      "'D', 1001)",
	    "CHECK constraint failed: rank");
	CHECK("INSERT INTO products (created, updated, _version, sku, category, price, listed)"
	      " VALUES (1, 1, 5, 'abc', 1, 0, 9)",
	    "OK");
	CHECK("SELECT title, balance, typeof(balance), size, available, on_sale FROM products",
	    "It's \"new\"; isn't it?,-9223372036854775808,integer,medium,1767225600000000,0");
	CHECK("UPDATE products SET size = 'extra ''large'''", "OK");
	CHECK("UPDATE products SET size = 'true'", "OK");
	CHECK("UPDATE products SET size = 'false'", "CHECK constraint failed: size");
	CHECK("UPDATE products SET balance = 9223372036854775807", "OK");
	/* Four letters of two bytes each are four. */
	CHECK("UPDATE products SET sku = '\u00e4\u00e4'",
	    "CHECK constraint failed: length(\"sku\") >= 3");
	CHECK("INSERT INTO customers (id, created, updated, _version, email) VALUES (" U(
		  1) ", 1, 1, 5, 'a@b')",
	    "OK");
	CHECK("INSERT INTO carts (id, created, updated, _version, customer) VALUES (" U(
		  2) ", 1, 1, 5, " U(1) ")",
	    "OK");
	CHECK("SELECT note = '' FROM carts", "1");
	CHECK("INSERT INTO carts (id, created, updated, _version, customer) VALUES (" U(
		  3) ", 1, 1, 5, " U(1) ")",
	    "UNIQUE constraint failed: carts.customer");
	CHECK("DELETE FROM customers", "OK");
	CHECK("SELECT count(*) FROM carts", "0");
	sqlite3_close(db);
	app_free(app);
}

/* Lists by a field, then the id, are read from an index in both directions. */
static void
test_indexes_serve_orders(void **state)
{
	struct app *app = read_app_file("tests/apps/shop/caisson.yaml");
	sqlite3 *db = open_database(app);

	(void)state;
	CHECK_PLAN("SELECT * FROM products ORDER BY condition, price DESC, id DESC",
	    "SCAN products USING INDEX products_condition_price_desc_idx");
	CHECK_PLAN("SELECT * FROM products ORDER BY condition DESC, price, id",
	    "SCAN products USING INDEX products_condition_price_desc_idx");
	CHECK_PLAN("SELECT * FROM products WHERE category = 1 ORDER BY id DESC",
	    "SEARCH products USING INDEX products_category_idx (category=?)");
	CHECK_PLAN("SELECT * FROM orders WHERE number = 7",
	    "SEARCH orders USING INDEX orders_number_key (number=?)");
	sqlite3_close(db);
	app_free(app);
}

static void
test_system_tables(void **state)
{
	struct app *app =
	    read_app_text(STR("app: a\ncollections:\n  c: { fields: { f: { type: int } } }\n"));
	sqlite3 *db = open_database(app);

	(void)state;
	CHECK("INSERT INTO caisson_commits (seq, at, actor, request_id) VALUES (1, 2, NULL, 'r')",
	    "OK");
	CHECK("INSERT INTO caisson_changes VALUES (1, 0, 'c', " U(1) ", 'create', '{}')", "OK");
	CHECK("INSERT INTO caisson_changes VALUES (1, 1, 'c', 7, 'delete', '{}')", "OK");
	CHECK("INSERT INTO caisson_changes VALUES (1, 1, 'c', 7, 'delete', '{}')",
	    "UNIQUE constraint failed: caisson_changes.seq, caisson_changes.n");
	CHECK("SELECT typeof(record) FROM caisson_changes WHERE n = 1", "integer");
	CHECK("INSERT INTO caisson_meta VALUES ('k', 'v')", "OK");
	CHECK("INSERT INTO caisson_keys (id, hash, roles, created) VALUES ('i', 'ab', '[]', 1)",
	    "OK");
	CHECK("INSERT INTO caisson_keys (id, hash, roles, created) VALUES ('j', 'ab', '[]', 1)",
	    "UNIQUE constraint failed: caisson_keys.hash");
	CHECK("INSERT INTO caisson_idempotency VALUES ('p', 'k', 'ab', 1, 201, 'x')", "OK");
	CHECK("INSERT INTO caisson_idempotency VALUES ('p', 'k', 'ab', 1, 201, 'x')",
	    "UNIQUE constraint failed: caisson_idempotency.principal, caisson_idempotency.key");
	sqlite3_close(db);
	app_free(app);
}

/* --- PostgreSQL, as text ---------------------------------------------- */

static enum err
append(void *arg, const char *statement)
{
	buf_addf(arg, "%s;\n", statement);
	return OK;
}

static void
test_postgres(void **state)
{
	struct app *app = read_app_text(
	    STR("app: a\ncollections:\n"
		"  b: { id: int, fields: { t: { type: text, default: \"a'\\\\b\" } } }\n"
		"  c:\n    fields:\n"
		"      r: { type: ref, to: b, on_delete: set_null }\n"
		"      w: { type: time, min: 2000-01-01T00:00:00Z }\n"
		"      p: { type: decimal, scale: 2, min: 0, default: 1.5 }\n"
		"      d: { type: date, default: 2026-11-24 }\n"
		"      l: { type: list, of: text, max: 3 }\n"
		"      j: { type: json, default: { a: \"'x'\" } }\n"
		"      n: { type: int, unique: true, default: -9223372036854775808 }\n"
		"    indexes: [[-w, created]]\n"
		"    unique: [[n, w]]\n"));
	static const char *const parts[] = {
		"CREATE TABLE \"b\" (\n\t\"id\" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY "
		"KEY,\n",
		"\t\"t\" text COLLATE \"C\" DEFAULT E'a''\\\\b'\n)",
		"CREATE TABLE \"c\" (\n\t\"id\" uuid PRIMARY KEY,\n",
		"\t\"r\" bigint,\n",
		"\t\"w\" timestamptz CHECK (\"w\" >= "
		"'2000-01-01T00:00:00.000000Z'::timestamptz) CHECK (\"w\" <= "
		"'9999-12-31T23:59:59.999999Z'::timestamptz),\n",
		"\t\"p\" numeric(18, 2) DEFAULT '1.50'::numeric CHECK (\"p\" >= '0.00'::numeric) "
		"CHECK (\"p\" <= '9999999999999999.99'::numeric),\n",
		"\t\"d\" date DEFAULT '2026-11-24'::date CHECK",
		"\t\"l\" jsonb CHECK (jsonb_typeof(\"l\") = 'array') CHECK (jsonb_array_length(\"l\") <= 3),\n",
		"\t\"j\" jsonb DEFAULT '{\"a\":\"''x''\"}'::jsonb CHECK (jsonb_typeof(\"j\") <> 'null'),\n",
		"CREATE UNIQUE INDEX \"c_n_w_key\" ON \"c\" (\"n\" NULLS FIRST, \"w\" NULLS FIRST);\n",
		"\t\"n\" bigint DEFAULT '-9223372036854775808'::bigint\n",
		"ALTER TABLE \"c\" ADD FOREIGN KEY (\"r\") REFERENCES \"b\" (\"id\") ON DELETE SET "
		"NULL;\n",
		"CREATE INDEX \"c_r_idx\" ON \"c\" (\"r\" NULLS FIRST, \"id\");\n",
		"CREATE UNIQUE INDEX \"c_n_key\" ON \"c\" (\"n\");\n",
		"CREATE INDEX \"c_w_desc_created_idx\" ON \"c\" (\"w\" DESC NULLS LAST, "
		"\"created\", \"id\");\n",
		"EXECUTE FUNCTION caisson_log('created', 'updated', 'w');\n",
	};
	struct buf statements;

	(void)state;
	buf_init(&statements, 1 << 20);
	assert_int_equal(catalogue_create(app, SQL_POSTGRES, append, &statements), OK);
	buf_add_byte(&statements, '\0');
	for (size_t i = 0; i < COUNT(parts); i++)
		if (strstr(statements.data, parts[i]) == NULL)
			fail_msg("no %s", parts[i]);
	buf_release(&statements);
	app_free(app);
}

/* --- the rest --------------------------------------------------------- */

static enum err
refuse(void *arg, const char *statement)
{
	(void)statement;
	return ++*(int *)arg == 3 ? ERR_STORE_FULL : OK;
}

static void
test_first_error_ends_it(void **state)
{
	struct app *app =
	    read_app_text(STR("app: a\ncollections:\n  c: { fields: { f: { type: int } } }\n"));
	int calls = 0;

	(void)state;
	assert_int_equal(catalogue_create(app, SQL_SQLITE, refuse, &calls), ERR_STORE_FULL);
	assert_int_equal(calls, 3);
	app_free(app);
}

static void
test_columns(void **state)
{
	struct app *app =
	    read_app_text(STR("app: a\ncollections:\n  c: { fields: { f: { type: int } } }\n"));
	struct sql_text sql;

	(void)state;
	sql_init(&sql, SQL_SQLITE);
	catalogue_columns(&sql, app_collection(app, STR("c")));
	assert_true(str_is(buf_str(&sql.text), "t.\"id\", t.\"created\", t.\"updated\", t.\"f\""));
	sql_release(&sql);
	app_free(app);
}

/* 63 bytes is all that PostgreSQL keeps; cut names stay different. */
static void
test_long_names(void **state)
{
#define LONG "a23456789_123456789_123456789_123456789_123456789_123456789_"
	struct app *app =
	    read_app_text(STR("app: a\ncollections:\n  " LONG "1:\n    fields:\n"
			      "      " LONG "1: { type: int, unique: true, index: true }\n"
			      "      " LONG "2: { type: int, unique: true }\n"
			      "    indexes: [[" LONG "1, " LONG "2], [" LONG "1, -" LONG "2]]\n"));
	const struct collection *collection = &app->collections[0];
	const struct field *one = &collection->columns[COLUMN_FIELDS], *two = one + 1;
	char name_of_one[INDEX_NAME_SIZE], name_of_two[INDEX_NAME_SIZE];

	(void)state;
	assert_int_equal(unique_name(collection, one, name_of_one).size, APP_NAME_SIZE_MAX);
	assert_int_equal(unique_name(collection, two, name_of_two).size, APP_NAME_SIZE_MAX);
	assert_string_not_equal(name_of_one, name_of_two);
	assert_ptr_equal(unique_name_field(collection, str_from(name_of_two)), two);
	assert_null(unique_name_field(collection, STR("other_key")));
	sqlite3_close(open_database(app));
	app_free(app);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clinic),
		cmocka_unit_test(test_set_null),
		cmocka_unit_test(test_shop),
		cmocka_unit_test(test_indexes_serve_orders),
		cmocka_unit_test(test_system_tables),
		cmocka_unit_test(test_postgres),
		cmocka_unit_test(test_first_error_ends_it),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
