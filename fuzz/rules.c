/*
 * Any bytes as a rule: the first chooses its use and the caller, the rest is
 * its text.  A mistake has a place and a text; a rule is good SQL of SQLite,
 * which selects the rows that the evaluator says.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "codec/utf8.h"
#include "rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char app_text[] =
    "app: fuzz\n"
    "api: { prefix: /v1 }\n"
    "database: sqlite:data/fuzz.db\n"
    "collections:\n"
    "  things:\n"
    "    fields:\n"
    "      title: { type: text }\n"
    "      level: { type: enum, values: [low, high] }\n"
    "      up: { type: ref, to: things }\n"
    "      open: { type: bool }\n"
    "      votes: { type: int }\n"
    "      number: { type: ref, to: numbers }\n"
    "      price: { type: decimal, scale: 2 }\n"
    "      ratio: { type: float }\n"
    "      words: { type: list, of: text }\n"
    "    access: { read: \"open || up.up == auth.id\" }\n"
    "  numbers:\n"
    "    id: int\n"
    "    fields:\n"
    "      word: { type: text, required: true }\n"
    "    access: { read: \"'low' in auth.roles\" }\n";

static const char tables[] =
    "CREATE TABLE things (id BLOB PRIMARY KEY NOT NULL, created INTEGER NOT NULL,"
    " updated INTEGER NOT NULL, title TEXT, level TEXT, up BLOB, open INTEGER, votes INTEGER,"
    " number INTEGER, price INTEGER, ratio REAL, words TEXT) STRICT;"
    "CREATE TABLE numbers (id INTEGER PRIMARY KEY NOT NULL, created INTEGER NOT NULL,"
    " updated INTEGER NOT NULL, word TEXT NOT NULL) STRICT;"
    "INSERT INTO things VALUES (zeroblob(16), 0, 1, 'a', 'low', x'01000000000000000000000000000000', 1, 7, 7,"
    " 150, 1.5, '[\"a\"]');"
    "INSERT INTO things VALUES (x'01000000000000000000000000000000', 0, 1, NULL, NULL, NULL, NULL, NULL, NULL,"
    " NULL, NULL, NULL);"
    "INSERT INTO numbers VALUES (7, 0, 1, 'a');";

#define ID(first) { .kind = VALUE_UUID, .uuid = { { first } } }
#define INT(number) { .kind = VALUE_INT, .integer = number }
#define TIME(us) { .kind = VALUE_TIME, .integer = us }
#define TEXT(word) { .kind = VALUE_TEXT, .text = { word, sizeof(word) - 1 } }

/* The same rows. */
static const struct value things[][12] = {
	{ ID(0), TIME(0), TIME(1), TEXT("a"), TEXT("low"), ID(1), { .kind = VALUE_BOOL, .boolean = true },
	    INT(7), INT(7), { .kind = VALUE_DECIMAL, .scale = 2, .integer = 150 },
	    { .kind = VALUE_REAL, .real = 1.5 }, { .kind = VALUE_JSON, .text = { "[\"a\"]", 5 } } },
	{ ID(1), TIME(0), TIME(1) },
};
static const struct value numbers[][4] = { { INT(7), TIME(0), TIME(1), TEXT("a") } };

static struct app *app;
static struct arena app_arena;
static struct rules rules;
static sqlite3 *db;

static void
start(void)
{
	struct app_mistakes mistakes;
	bool good;

	app_mistakes_init(&mistakes);
	arena_init(&app_arena, 1 << 20);
	app = app_read(str_from(app_text), &mistakes);
	assert(app != NULL);
	good = rules_compile_app(&app_arena, app, &rules, &mistakes);
	assert(good && mistakes.count == 0);
	app_mistakes_release(&mistakes);
	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_exec(db, tables, NULL, NULL, NULL) != SQLITE_OK)
		abort();
}

static enum err
hop(void *arg, const struct collection *collection, const struct value *id, const struct value **ret)
{
	(void)arg;
	*ret = NULL;
	if (str_is(collection->name, "numbers")) {
		if (value_equal(&numbers[0][COLUMN_ID], id))
			*ret = numbers[0];
		return OK;
	}
	for (size_t i = 0; i < COUNT(things); i++) {
		if (value_equal(&things[i][COLUMN_ID], id))
			*ret = things[i];
	}
	return OK;
}

/* Those that refer are things, by `up` or by `number`. */
static enum err
walk(void *arg, const struct back_reference *back, const struct value *id,
    bool (*visit)(void *visit_arg, const struct value *row), void *visit_arg)
{
	(void)arg;
	for (size_t i = 0; i < COUNT(things); i++)
		if (value_equal(&things[i][back->field->column], id) && !visit(visit_arg, things[i]))
			break;
	return OK;
}

static bool
visit_all(void *count, const struct value *row)
{
	(void)row;
	++*(int64_t *)count;
	return true;
}

static enum err
count(void *arg, const struct back_reference *back, const struct value *id, int64_t *ret)
{
	*ret = 0;
	return walk(arg, back, id, visit_all, ret);
}

static void
bind(sqlite3_stmt *statement, int param, const struct value *value)
{
	if (value->kind == VALUE_TEXT)
		sqlite3_bind_text(
		    statement, param, value->text.data, (int)value->text.size, SQLITE_STATIC);
	else if (value->kind == VALUE_UUID)
		sqlite3_bind_blob(statement, param, value->uuid.bytes, 16, SQLITE_STATIC);
	else if (value->kind == VALUE_NULL)
		sqlite3_bind_null(statement, param);
	else if (value->kind == VALUE_REAL)
		sqlite3_bind_double(statement, param, value->real);
	else
		sqlite3_bind_int64(statement, param, value->integer);
}

/* Which of the two rows SQLite selects, as bits. */
static int
select_rows(const struct rule *rule, const struct rule_caller *caller)
{
	struct sql_text sql;
	sqlite3_stmt *statement;
	int rows = 0;

	sql_init(&sql, SQL_SQLITE);
	sql_add(&sql, "SELECT substr(hex(t.id), 2, 1) + 1 FROM things t WHERE ");
	rule_to_sql(&rules, rule, caller, &sql);
	if (sql_err(&sql) != OK) {
		sql_release(&sql);
		return -1;
	}
	if (sqlite3_prepare_v2(db, sql.text.data, (int)sql.text.size, &statement, NULL) != SQLITE_OK)
		abort();
	for (size_t i = 0; i < sql.params_count; i++)
		bind(statement, (int)i + 1, &sql.params[i]);
	while (sqlite3_step(statement) == SQLITE_ROW)
		rows |= sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sql_release(&sql);
	return rows;
}

static int
evaluate_rows(const struct rule *rule, const struct rule_caller *caller)
{
	int rows = 0;

	for (size_t i = 0; i < COUNT(things); i++) {
		const struct rule_rows seen = {
			.record = things[i], .new_record = things[i], .hop = hop, .walk = walk, .count = count
		};
		bool answer;

		if (rule_evaluate(rule, caller, &seen, &answer) != OK)
			abort();
		rows |= answer << i;
	}
	return rows;
}

/* What an index is told of a rule must be so in the rows that it selects. */
static void
check_hints(const struct rule *rule, const struct rule_caller *caller, int rows)
{
	const struct collection *collection = &app->collections[0];

	for (unsigned i = 0; i < collection->columns_count; i++) {
		bool fixes = rule_fixes(rule, caller, &collection->columns[i]);

		assert(!fixes || rows != 3 || value_equal(&things[0][i], &things[1][i]));
	}
	(void)rule_is_narrow(rule, caller);
	if (rule_is_local(rule))
		assert(!rule_reads(&rules, rule, collection));
}

static void
run(const struct rule *rule, enum rule_use use, const struct rule_caller *caller)
{
	bool evaluates = use != RULE_USE_FILTER || rule_is_local(rule);
	int evaluated = evaluates ? evaluate_rows(rule, caller) : -1;
	int selected = use != RULE_USE_UPDATE ? select_rows(rule, caller) : -1;
	struct sql_text other;
	bool answer;

	if (use != RULE_USE_UPDATE) { /* the other dialect: written, not run */
		sql_init(&other, SQL_POSTGRES);
		rule_to_sql(&rules, rule, caller, &other);
		sql_release(&other);
	}
	assert(evaluated < 0 || selected < 0 || evaluated == selected);
	check_hints(rule, caller, selected >= 0 ? selected : evaluated);
	if (rule_is_decided(rule, caller, &answer))
		assert(selected < 0 || selected == (answer ? 3 : 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct str roles[] = { { "low", 3 }, { "", 0 } };
	static const struct rule_caller callers[] = {
		{ .id = { NULL, 0 } },
		{ true, { "00000000-0000-0000-0000-000000000000", 36 }, roles, 2 },
		{ true, { "7", 1 }, roles, 0 },
		{ true, { NULL, 0 }, roles, 1 },
	};
	enum rule_use use;
	struct rule_error error = { 0 };
	const struct rule *rule;
	struct arena arena;
	struct str text;

	if (size == 0)
		return 0;
	if (app == NULL)
		start();
	use = data[0] % (RULE_USE_FILTER + 1);
	text = (struct str){ (const char *)data + 1, size - 1 };
	arena_init(&arena, 1 << 20);
	if (rule_compile(&arena, &rules, &app->collections[0], use,
		use == RULE_USE_FILTER ? &callers[0] : NULL, text, &rule, &error) == OK) {
		run(rule, use, &callers[data[0] / (RULE_USE_FILTER + 1) % COUNT(callers)]);
	} else {
		struct str detail = str_from(error.detail);

		assert(error.offset <= text.size);
		assert(detail.size > 0 && utf8_check(detail) == detail.size);
	}
	arena_release(&arena);
	return 0;
}
