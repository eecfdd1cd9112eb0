#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "store/migrate/file.h"

static struct app *
read_text(const char *fields)
{
	struct app_mistakes mistakes;
	struct app *app;
	struct buf text;

	buf_init(&text, 64 * 1024);
	buf_addf(&text, "app: a\ncollections:\n%s", fields);
	app_mistakes_init(&mistakes);
	app = app_read(buf_str(&text), &mistakes);
	app_mistakes_print(&mistakes, stderr, "caisson.yaml");
	app_mistakes_release(&mistakes);
	buf_release(&text);
	assert_non_null(app);
	return app;
}

#define ONE(fields) "  c: { fields: {" fields "} }\n"
#define TWO(id, type) \
	"  c: { " id "fields: { a: { type: int } } }\n  d: { fields: { r: { type: " type ", to: c } } }\n"
/* What PostgreSQL drops and makes again around a change of columns. */
#define DROP_TRIGGERS "DROP TRIGGER \"caisson_renew\" ON \"c\";DROP TRIGGER \"caisson_log\" ON \"c\";"

static const struct change {
	const char *old, *new;
	const char *steps; /* "risks: what" for SQLite, each with a newline */
	const char *sqlite, *postgres; /* how the statements begin, each with a semicolon; NULL: of no interest */
} changes[] = {
	{ ONE("a: { type: int }"), ONE("a: { type: int }"), "", "", "" },
	/* The order of things is nobody's business. */
	{ ONE("a: { type: int }, b: { type: enum, values: [x, y] }"),
	    ONE("b: { type: enum, values: [y, x] }, a: { type: int }"), "", "", "" },
	{ ONE("a: { type: int }"), ONE("a: { type: int }, b: { type: text, max: 5 }"),
	    "safe: c.b is new\n",
	    "ALTER TABLE \"c\" ADD COLUMN \"b\" TEXT CHECK (length(\"b\") <= 5);",
	    DROP_TRIGGERS
	    "ALTER TABLE \"c\" ADD COLUMN \"b\" text COLLATE \"C\" CHECK (length(\"b\") <= 5);"
	    "CREATE TRIGGER;CREATE TRIGGER;" },
	/* The hook would tell NULL of it where the row was written before. */
	{ ONE("a: { type: int }"), ONE("a: { type: int }, b: { type: int, default: 4 }"),
	    "rewrite: c.b is new\n",
	    "CREATE TABLE \"caisson_new\";INSERT INTO \"caisson_new\";DROP TABLE \"c\";"
	    "ALTER TABLE \"caisson_new\" RENAME TO \"c\";",
	    NULL },
	{ ONE("a: { type: int }, b: { type: text }"), ONE("a: { type: int }"),
	    "loss: c.b is dropped\n", "ALTER TABLE \"c\" DROP COLUMN \"b\";",
	    DROP_TRIGGERS "ALTER TABLE \"c\" DROP COLUMN \"b\";CREATE TRIGGER;CREATE TRIGGER;" },
	{ ONE("a: { type: int, index: true }"), ONE("b: { type: int, index: true, was: a }"),
	    "safe: c.a is renamed to b\n",
	    "DROP INDEX \"c_a_idx\";ALTER TABLE \"c\" RENAME COLUMN \"a\" TO \"b\";"
	    "CREATE INDEX \"c_b_idx\" ON \"c\" (\"b\", \"id\");",
	    DROP_TRIGGERS
	    "ALTER INDEX \"c_a_idx\" RENAME TO \"c_b_idx\";"
	    "ALTER TABLE \"c\" RENAME COLUMN \"a\" TO \"b\";CREATE TRIGGER;CREATE TRIGGER;" },
	{ ONE("a: { type: int, unique: true }"), ONE("a: { type: int }"),
	    "safe: c.a is not unique any more\n", "DROP INDEX \"c_a_key\";", "DROP INDEX \"c_a_key\";" },
	{ ONE("a: { type: int }"), ONE("a: { type: decimal, scale: 2 }"),
	    "rewrite, check: c.a becomes a decimal with scale 2 (was: int)\n", NULL,
	    DROP_TRIGGERS "DO;ALTER TABLE \"c\" ALTER COLUMN \"a\" TYPE numeric(18, 2) USING;"
			  "ALTER TABLE \"c\" ADD CHECK;CREATE TRIGGER;CREATE TRIGGER;" },
	{ ONE("a: { type: json }"), ONE("a: { type: date }"),
	    "loss: c.a begins anew: json cannot become a date\n",
	    "ALTER TABLE \"c\" DROP COLUMN \"a\";ALTER TABLE \"c\" ADD COLUMN \"a\";", NULL },
	{ ONE("a: { type: int }"), "  d: { was: c, fields: { a: { type: int } } }\n",
	    "safe: c is renamed to d\n", "ALTER TABLE \"c\" RENAME TO \"d\";",
	    DROP_TRIGGERS "ALTER TABLE \"c\" RENAME TO \"d\";CREATE TRIGGER;CREATE TRIGGER;" },
	{ ONE("a: { type: int }"), "  c: { id: int, fields: { a: { type: int } } }\n",
	    "loss: c begins anew: its ids change from uuid to int\n",
	    "DROP TABLE \"c\";CREATE TABLE \"c\";", NULL },
	{ TWO("id: int, ", "ref"), TWO("", "ref"),
	    "loss: c begins anew: its ids change from int to uuid\n"
	    "rewrite, loss: d.r begins anew: the ids of c change their type\n",
	    NULL, NULL },
	{ ONE("a: { type: int, index: true }, b: { type: date }")
	  "  d: { fields: { r: { type: refs, to: c } } }\n",
	    ONE("a: { type: time, index: true }, b: { type: json }")
	    "  d: { fields: { r: { type: refs, to: d } } }\n",
	    "loss: c.a begins anew: an int cannot become a time\n"
	    "loss: c.b begins anew: a date cannot become json\n"
	    "rewrite, loss: d.r begins anew: it refers to d now, not to c\n",
	    NULL, NULL },
	/* Bounds are compared by value, whatever the type; a type's own checks are the type's step. */
	{ ONE("a: { type: int, min: 5, max: 60 }"),
	    ONE("a: { type: decimal, scale: 1, min: '5', max: '60' }"),
	    "rewrite, check: c.a becomes a decimal with scale 1 (was: int)\n", NULL, NULL },
	{ ONE("a: { type: int, min: 5, max: 60 }"),
	    ONE("a: { type: decimal, scale: 1, min: '5', max: '59.9' }"),
	    "rewrite, check: c.a becomes a decimal with scale 1 (was: int)\n"
	    "rewrite, check: c.a has stricter bounds\n",
	    NULL, NULL },
	{ ONE("a: { type: decimal, scale: 2, min: '0.5' }"), ONE("a: { type: float, min: 0.25 }"),
	    "loss: c.a begins anew: a decimal cannot become a float\n", NULL, NULL },
	{ ONE("a: { type: int, min: 1 }"), ONE("a: { type: float, min: 0.5 }"),
	    "rewrite, check: c.a becomes a float (was: int)\n", NULL, NULL },
	{ ONE("a: { type: time, max: '2026-01-02T12:00:00Z' }"), ONE("a: { type: date, max: 2026-01-03 }"),
	    "rewrite, loss: c.a becomes a date (was: time)\n", NULL, NULL },
	{ ONE("a: { type: date, min: 2026-01-02 }"), ONE("a: { type: time, min: '2026-01-02T00:00:01Z' }"),
	    "rewrite: c.a becomes a time (was: date)\nrewrite, check: c.a has stricter bounds\n", NULL, NULL },
	{ ONE("a: { type: text, max: 9 }"), ONE("a: { type: int, max: 9 }"),
	    "rewrite, check: c.a becomes an int (was: text)\n"
	    "rewrite, check: c.a has stricter bounds\n",
	    NULL, NULL },
	{ ONE("a: { type: text }"), ONE("a: { type: email }"),
	    "rewrite, check: c.a becomes an email (was: text)\n", NULL, NULL },
	{ ONE("a: { type: text }"), ONE("a: { type: enum, values: [x] }"),
	    "rewrite, check: c.a becomes an enum (was: text)\n", NULL, NULL },
	{ ONE("a: { type: enum, values: [x, y] }"), ONE("a: { type: enum, values: [x, y, z] }"),
	    "rewrite: c.a has more values\n", NULL, NULL },
	{ ONE("a: { type: enum, values: [x, y] }"), ONE("a: { type: enum, values: [x] }"),
	    "rewrite, check: c.a has fewer values\n", NULL, NULL },
	{ ONE("a: { type: enum, values: [x, y] }"), ONE("a: { type: enum, values: [x, z] }"),
	    "rewrite, check: c.a has other values\n", NULL, NULL },
	{ ONE("a: { type: list, of: text }"), ONE("a: { type: json }"),
	    "rewrite: c.a becomes json (was: list of text)\n", NULL, NULL },
	{ TWO("", "ref"), TWO("", "refs"), "rewrite: d.r becomes refs to c (was: ref to c)\n", NULL, NULL },
	{ "  c: { fields: { a: { type: date }, b: { type: int } }, indexes: [[a, b]], unique: [[b, a]] }\n",
	    "  c: { fields: { a: { type: int }, b: { type: int } }, indexes: [[-b]] }\n",
	    "loss: c.a begins anew: a date cannot become an int\n"
	    "safe: c has an index on [-b]\nsafe: c has no index on [a, b] any more\n"
	    "safe: c is not unique by [b, a] any more\n",
	    NULL, NULL },
	/* To be filled in by people: nothing is required before its values are there. */
	{ ONE("a: { type: int }"), ONE("a: { type: int }, b: { type: text, required: true }"),
	    "rewrite, check: c.b is new, and required without a default\n", NULL,
	    DROP_TRIGGERS "ALTER TABLE \"c\" ADD COLUMN \"b\" text COLLATE \"C\";UPDATE \"c\" SET \"b\" = NULL;"
			  "ALTER TABLE \"c\" ALTER COLUMN \"b\" SET NOT NULL;CREATE TRIGGER;CREATE TRIGGER;" },
};

static void
check_steps(const struct migration_plan *plan, const char *wanted)
{
	struct buf steps;

	buf_init(&steps, 64 * 1024);
	for (size_t i = 0; i < plan->steps_count; i++) {
		migration_risks_write(plan->steps[i].risks, &steps);
		buf_addf(&steps, ": %.*s\n", STR_ARGS(plan->steps[i].what));
	}
	buf_add_byte(&steps, '\0');
	assert_string_equal(steps.data, wanted);
	buf_release(&steps);
}

static void
check_statements(const struct migration_plan *plan, const char *wanted)
{
	struct str rest = str_from(wanted), start;
	size_t count = 0;

	while (rest.size > 0 && str_split(&rest, ';', &start)) {
		if (count == plan->statements_count)
			fail_msg("there is no statement %.*s", STR_ARGS(start));
		if (!str_starts_with(plan->statements[count], start))
			fail_msg("%.*s does not begin with %.*s", STR_ARGS(plan->statements[count]),
			    STR_ARGS(start));
		count++;
	}
	if (count < plan->statements_count)
		fail_msg("one too many: %.*s", STR_ARGS(plan->statements[count]));
}

/* What was written is read back, and says the same. */
static void
check_file(const struct migration_plan *plan)
{
	struct migration_file file;
	struct buf text, again;

	buf_init(&text, 1 << 20);
	buf_init(&again, 1 << 20);
	migration_file_write(plan, 3, STR("a-name"), &text);
	assert_true(migration_file_read(buf_str(&text), &file));
	assert_false(file.plan->is_edited);
	assert_int_equal(file.number, 3);
	assert_int_equal(file.plan->statements_count, plan->statements_count);
	migration_file_write(file.plan, 3, file.name, &again);
	assert_true(str_equal(buf_str(&text), buf_str(&again)));
	migration_plan_free(file.plan);
	buf_release(&text);
	buf_release(&again);
}

static void
test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		const struct change *change = &changes[i];
		struct app *old = read_text(change->old), *new = read_text(change->new);

		for (enum sql_dialect dialect = SQL_SQLITE; dialect <= SQL_POSTGRES; dialect++) {
			const char *wanted =
			    dialect == SQL_SQLITE ? change->sqlite : change->postgres;
			struct migration_plan *plan = migration_plan(old->shape, new, dialect);

			assert_non_null(plan);
			if (dialect == SQL_SQLITE)
				check_steps(plan, change->steps);
			if (wanted != NULL)
				check_statements(plan, wanted);
			check_file(plan);
			migration_plan_free(plan);
		}
		app_free(old);
		app_free(new);
	}
}

static const struct hint {
	const char *old, *new;
	const char *hints; /* a line each */
} hints[] = {
	{ ONE("a: { type: int }") "  d: { fields: { x: { type: int } } }\n",
	    ONE("b: { type: int }") "  e: { fields: { x: { type: int } } }\n",
	    "if c.a was renamed to b, write `was: a` at b: its values stay\n"
	    "if d was renamed to e, write `was: d` at e: its records stay\n" },
	/* A name that is taken stays where it is. */
	{ ONE("a: { type: int }, b: { type: text }"), ONE("a: { type: int, was: b }"),
	    "a is there already, so `was: b` says nothing: to put b in its place, remove a first, in a change of its own\n" },
	/* A name that is there still was not renamed. */
	{ TWO("id: int, ", "ref"), TWO("", "ref"), "" },
	{ ONE("a: { type: date }"), ONE("a: { type: int }, b: { type: date }"), "" },
	{ TWO("", "ref"), "  c: { fields: { a: { type: int } } }\n  d: { fields: { s: { type: ref, to: d } } }\n", "" },
};

static void
test_hints(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hints); i++) {
		struct app *old = read_text(hints[i].old), *new = read_text(hints[i].new);
		struct migration_plan *plan = migration_plan(old->shape, new, SQL_SQLITE);
		struct buf lines;

		buf_init(&lines, 64 * 1024);
		for (size_t j = 0; j < plan->hints_count; j++)
			buf_addf(&lines, "%.*s\n", STR_ARGS(plan->hints[j]));
		buf_add_byte(&lines, '\0');
		assert_string_equal(lines.data, hints[i].hints);
		buf_release(&lines);
		migration_plan_free(plan);
		app_free(old);
		app_free(new);
	}
}

static void
test_rows(void **state)
{
	const struct {
		struct migration_step step;
		const char *text;
	} rows[] = {
		{ { .risks = MIGRATION_CHECK, .count = -1 }, "" },
		{ { .risks = MIGRATION_CHECK, .count = 0 }, "no record is in the way" },
		{ { .risks = MIGRATION_CHECK, .count = 1, .ids = STR("a") }, "1 record does not fit (a)" },
		{ { .risks = MIGRATION_CHECK, .count = 4, .ids = STR("a, b, c") },
		    "4 records do not fit (a, b, c, …)" },
		{ { .risks = MIGRATION_LOSS, .count = 0 }, "no record loses a value" },
		{ { .risks = MIGRATION_LOSS, .count = 2, .ids = STR("a, b") }, "2 records lose a value (a, b)" },
		{ { .risks = MIGRATION_LOSS, .count = 1, .ids = STR("a"), .takes_records = true },
		    "1 record is lost (a)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf text;

		buf_init(&text, 1024);
		migration_step_write_rows(&rows[i].step, &text);
		assert_true(str_is(buf_str(&text), rows[i].text));
		buf_release(&text);
	}
}

/* People change statements only: comments, the last empty line and spaces are forgiven, the rest is not. */
static void
test_edited_files(void **state)
{
	static const struct {
		const char *from, *to;
		int statements; /* -1: it is no migration any more */
	} edits[] = {
		{ "-- shape:", "UPDATE \"c\" SET \"b\" = 1;\n\n-- shape:", 2 },
		{ "-- shape:", "UPDATE \"c\" SET \"b\" = 1;\n-- shape:", 2 },
		{ "-- sql:\n", "-- sql:\n-- why it is so\nUPDATE \"c\"\nSET \"a\" = 1; \n \n\n", 2 },
		{ "-- shape:", "UPDATE \"c\" SET \"b\" = 1\n\n-- shape:", -1 },
		{ "-- field c.b int", "-- field c.b text", -1 },
	};
	struct app *old = read_text(ONE("a: { type: int }"));
	struct app *new = read_text(ONE("a: { type: int }, b: { type: int }"));
	struct migration_plan *plan = migration_plan(old->shape, new, SQL_SQLITE);
	struct migration_file file;
	struct buf text, edited;

	(void)state;
	buf_init(&text, 1 << 20);
	migration_file_write(plan, 3, STR("a-name"), &text);
	buf_add_byte(&text, '\0');
	for (size_t i = 0; i < COUNT(edits); i++) {
		const char *at = strstr(text.data, edits[i].from);
		bool is_read;

		assert_non_null(at);
		buf_init(&edited, 1 << 20);
		buf_addf(&edited, "%.*s%s%s", (int)(at - text.data), text.data, edits[i].to,
		    at + strlen(edits[i].from));
		is_read = migration_file_read(buf_str(&edited), &file);
		assert_int_equal(is_read, edits[i].statements >= 0);
		if (is_read) {
			assert_true(file.plan->is_edited);
			assert_int_equal(file.plan->statements_count, edits[i].statements);
			migration_plan_free(file.plan);
		}
		buf_release(&edited);
	}
	buf_release(&text);
	migration_plan_free(plan);
	app_free(old);
	app_free(new);
}

static void
test_broken_files(void **state)
{
	static const char *const texts[] = {
		"", "hello", "-- caisson migration 3\n", "-- caisson migration 3 a sqlite\n",
		"-- caisson migration 3 a sqlite\n-- from: 1\n-- to: 2\n-- checksum: 3\n--\n",
	};
	struct app *app = read_text(ONE(""));
	struct migration_file file;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(migration_file_read(str_from(texts[i]), &file));
	assert_null(migration_plan(STR("a shape of tomorrow\n"), app, SQL_SQLITE));
	app_free(app);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_edited_files),
		cmocka_unit_test(test_broken_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
