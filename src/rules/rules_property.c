/* Cases: a rule, a row and a caller, and the comparison of three answers. */
#include "rules/rules_property.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json.h"
#include "rules/rules_property_internal.h"

/* Drawn into ${roles}, room for 3. */
static struct rule_caller
draw_caller(struct dice *dice, struct str *roles)
{
	static const char *const known[] = { "editor", "", "\xc3\x9f", "admin", "beginner", "a" };
	static const char *const ids[] = { "7", "1", "-9", "9223372036854775807", "007", "", "a",
		"018F3A1E-0000-7000-8000-00000000000A", "9223372036854775808", "editor" };
	static const char *const methods[] = { "GET", "a", "" };
	struct rule_caller caller = { .roles = roles };

	caller.now_us = dice_percent(dice, 50) ? INT64_C(1795507200000000) : INT64_C(1795593600000001);
	if (dice_percent(dice, 60))
		caller.method = str_from(methods[dice_roll(dice, COUNT(methods))]);
	if (dice_percent(dice, 60))
		caller.ip = STR("192.0.2.1");
	if (dice_percent(dice, 20))
		return caller;
	caller.signed_in = true;
	for (size_t i = dice_roll(dice, 4); i > 0; i--)
		roles[caller.roles_count++] = str_from(known[dice_roll(dice, COUNT(known))]);
	if (dice_percent(dice, 60))
		caller.id = str_from(world_uuids[dice_roll(dice, WORLD_ROWS)]);
	else if (dice_percent(dice, 70))
		caller.id = str_from(ids[dice_roll(dice, COUNT(ids))]);
	return caller;
}

/* One case, and its three answers. */
struct property_case {
	struct world *world;
	const struct property_engine *engine;
	const struct collection *collection;
	enum rule_use use;
	const struct drawn *drawn;
	const struct rule *rule;
	struct str text;
	struct rule_caller caller;
	const struct value *record, *new_record;
	struct sql_text sql;
};

static void
print_value(const struct value *value)
{
	struct json_writer writer;
	struct buf buf;

	buf_init(&buf, 1 << 20);
	json_writer_init(&writer, &buf);
	json_value(&writer, value);
	fprintf(stderr, "%.*s", STR_ARGS(buf_str(&buf)));
	buf_release(&buf);
}

static void
print_row(const struct property_case *test, const char *what, const struct value *row)
{
	if (row == NULL)
		return;
	fprintf(stderr, "%s\n", what);
	for (size_t i = 0; i < test->collection->columns_count; i++) {
		fprintf(stderr, "\t%.*s: ", STR_ARGS(test->collection->columns[i].name));
		print_value(&row[i]);
		fprintf(stderr, "\n");
	}
}

static void
fail(const struct property_case *test, const char *who, bool answer, bool expected)
{
	fprintf(stderr, "use %d over %.*s: %.*s\n%s says %s, the model %s\n", (int)test->use,
	    STR_ARGS(test->collection->name), STR_ARGS(test->text), who, answer ? "true" : "false",
	    expected ? "true" : "false");
	if (test->caller.id.data != NULL)
		fprintf(stderr, "caller '%.*s'\n", STR_ARGS(test->caller.id));
	for (size_t i = 0; i < test->caller.roles_count; i++)
		fprintf(stderr, "role '%.*s'\n", STR_ARGS(test->caller.roles[i]));
	print_row(test, "record", test->record);
	print_row(test, "new record", test->new_record);
	fprintf(stderr, "sql %.*s\n", STR_ARGS(buf_str(&test->sql.text)));
	for (size_t i = 0; i < test->sql.params_count; i++) {
		fprintf(stderr, "\t");
		print_value(&test->sql.params[i]);
		fprintf(stderr, "\n");
	}
	abort();
}

static void
compare_evaluator(const struct property_case *test, bool expected)
{
	const struct rule_rows rows = world_rows(test->world, test->record, test->new_record);
	bool answer, decided;

	if (rule_is_decided(test->rule, &test->caller, &decided) && decided != expected)
		fail(test, "the decision", decided, expected);
	if (test->use == RULE_USE_FILTER && !rule_is_local(test->rule))
		return;
	if (rule_evaluate(test->rule, &test->caller, &rows, &answer) != OK)
		abort();
	if (answer != expected)
		fail(test, "the evaluator", answer, expected);
}

static bool
engine_selects(struct property_case *test, const struct value *id)
{
	const struct property_engine *engine = test->engine;
	struct sql_text sql;
	bool found;

	sql_init(&sql, engine->dialect);
	sql_add(&sql, "SELECT count(*) FROM ");
	sql_addf(&sql, "%n t WHERE ", test->collection->name);
	rule_to_sql(&test->world->rules, test->rule, &test->caller, &sql);
	test->sql = sql; /* to be shown */
	if (sql_err(&sql) != OK)
		abort();
	sql_addf(&sql, " AND t.\"id\" = %v", *id);
	found = engine->execute(engine->arg, &sql) == 1;
	test->sql = sql;
	return found;
}

static bool
compare_engine(struct property_case *test, bool expected)
{
	const struct value *row = test->use == RULE_USE_CREATE ? test->new_record : test->record;
	bool answer;

	if (test->use == RULE_USE_UPDATE)
		return false;
	answer = engine_selects(test, &row[COLUMN_ID]);
	if (answer != expected)
		fail(test, "the engine", answer, expected);
	sql_release(&test->sql);
	return true;
}

/* A filter is compiled for its caller, who may not know all names. */
static bool
compile(struct property_case *test, const struct model *model)
{
	bool is_filter = test->use == RULE_USE_FILTER;
	bool is_unknown = is_filter && model_is_unknown(model, test->drawn);
	struct rule_error error;
	enum err err = rule_compile(test->world->arena, &test->world->rules, test->collection, test->use,
	    is_filter ? &test->caller : NULL, test->text, &test->rule, &error);
	bool is_limit = err != OK && (strstr(error.detail, "expected at most") != NULL ||
					 strstr(error.detail, "leads to too many") != NULL);

	if (err != OK && !is_limit && (!is_unknown || strstr(error.detail, "unknown field") == NULL)) {
		fprintf(stderr, "%.*s\n%zu: %s\n", STR_ARGS(test->text), error.offset, error.detail);
		abort();
	}
	if (err == OK && is_unknown)
		fail(test, "the compiler", true, false);
	return err == OK;
}

static void
run_case(struct property_case *test, struct property_counts *counts)
{
	struct world *world = test->world;
	struct str roles[3];
	struct model model = { .world = world, .is_filter = test->use == RULE_USE_FILTER };
	size_t row = dice_roll(world->dice, WORLD_ROWS), other = dice_roll(world->dice, WORLD_ROWS);
	bool expected;

	test->caller = draw_caller(world->dice, roles);
	test->record =
	    test->use == RULE_USE_CREATE ? NULL : world_row(world, test->collection, row);
	test->new_record = test->use == RULE_USE_CREATE || test->use == RULE_USE_UPDATE ?
	    world_row(world, test->collection, other) :
	    NULL;
	model.caller = &test->caller;
	model.from[FROM_RECORD] = test->record;
	model.from[FROM_NEW] = test->new_record;
	if (!compile(test, &model))
		return;
	expected = model_answer(&model, test->drawn);
	compare_evaluator(test, expected);
	counts->compared += compare_engine(test, expected);
	counts->cases++;
	counts->answered_true += expected;
	counts->met_null += model.met_null;
	counts->met_absent += model.met_absent;
}

/* A rule, and a few callers and rows for it. */
static void
run_rule(struct world *world, const struct property_engine *engine, struct property_counts *counts)
{
	static const enum rule_use uses[] = { RULE_USE_READ, RULE_USE_FIELD, RULE_USE_CREATE,
		RULE_USE_UPDATE, RULE_USE_DELETE, RULE_USE_FILTER, RULE_USE_FILTER };
	struct property_case test = { .world = world, .engine = engine };
	struct buf text;

	test.collection = &world->app->collections[dice_roll(world->dice, world->app->collections_count)];
	test.use = uses[dice_roll(world->dice, COUNT(uses))];
	test.drawn = drawn_new(world, test.collection, test.use);
	buf_init(&text, 1 << 20);
	drawn_write(world, test.drawn, &text);
	test.text = buf_str(&text);
	for (int i = 0; test.text.size <= RULE_SIZE_MAX && i < 4; i++)
		run_case(&test, counts);
	buf_release(&text);
}

static struct app *
read_app(const char *text)
{
	struct app_mistakes mistakes;
	struct app *app;

	app_mistakes_init(&mistakes);
	app = app_read(str_from(text), &mistakes);
	for (const struct app_mistake *mistake = mistakes.first; mistake != NULL; mistake = mistake->next)
		fprintf(stderr, "%u:%u: %.*s\n", mistake->at.line, mistake->at.column,
		    STR_ARGS(mistake->detail));
	if (app == NULL)
		abort();
	app_mistakes_release(&mistakes);
	return app;
}

/* A new world over ${app}, with ${cases} cases. */
static void
run_world(const struct app *app, const struct property_engine *engine, struct dice *dice,
    size_t cases, struct property_counts *counts)
{
	struct app_mistakes mistakes;
	struct arena arena;
	struct world world = { .app = app, .arena = &arena, .dice = dice };
	size_t end = counts->cases + cases;

	arena_init(&arena, 256 << 20);
	app_mistakes_init(&mistakes);
	if (!rules_compile_app(&arena, app, &world.rules, &mistakes))
		abort();
	app_mistakes_release(&mistakes);
	world.rows = arena_array(&arena, app->collections_count, sizeof(*world.rows));
	for (size_t i = 0; i < app->collections_count; i++)
		world.rows[i] = arena_array(
		    &arena, WORLD_ROWS * app->collections[i].columns_count, sizeof(**world.rows));
	engine->create(engine->arg, app);
	world_draw_rows(&world, engine);
	while (counts->cases < end)
		run_rule(&world, engine, counts);
	engine->drop(engine->arg, app);
	arena_release(&arena);
}

void
property_run(
    const struct property_engine *engine, uint64_t seed, size_t cases, struct property_counts *ret)
{
	struct app *apps[] = { read_app(world_apps[0]), read_app(world_apps[1]) };
	struct dice dice = { seed };
	enum { CASES_OF_A_WORLD = 500 };

	*ret = (struct property_counts){ 0 };
	for (size_t i = 0; ret->cases < cases; i++)
		run_world(apps[i % COUNT(apps)], engine, &dice, CASES_OF_A_WORLD, ret);
	for (size_t i = 0; i < COUNT(apps); i++)
		app_free(apps[i]);
}
