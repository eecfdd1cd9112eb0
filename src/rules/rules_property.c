/* Two unlike apps, hostile rows and callers, and the comparison of three answers. */
#include "rules/rules_property.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/time.h"
#include "rules/rules_property_internal.h"

/* Ids that are UUIDs; read rules of every sort; nullable and required columns of each kind. */
static const char uuid_app[] =
    "app: first\n"
    "api: { prefix: /v1 }\n"
    "database: sqlite:data/first.db\n"
    "collections:\n"
    "  users:\n"
    "    fields:\n"
    "      name: { type: text }\n"
    "      boss: { type: ref, to: users }\n"
    "      active: { type: bool, required: true }\n"
    "    access: { read: \"active || id == auth.id || 'admin' in auth.roles\" }\n"
    "  topics:\n"
    "    fields:\n"
    "      title: { type: text, required: true }\n"
    "      owner: { type: ref, to: users }\n"
    "      parent: { type: ref, to: topics }\n"
    "      open: { type: bool }\n"
    "    access: { read: \"open || !(owner.boss != auth.id)\" }\n"
    "  questions:\n"
    "    fields:\n"
    "      title: { type: text }\n"
    "      level: { type: enum, values: [beginner, editor, admin] }\n"
    "      state: { type: enum, values: [beginner, closed], required: true }\n"
    "      topic: { type: ref, to: topics, required: true }\n"
    "      author: { type: ref, to: users }\n"
    "      published: { type: bool, required: true }\n"
    "      hidden: { type: bool }\n"
    "      votes: { type: int, required: true }\n"
    "      score: { type: int }\n"
    "      asked: { type: time }\n"
    "      owner_name: { type: text, required: true }\n";

/* Ids that are counted, beside a collection of UUIDs; names that are words of SQL. */
static const char int_app[] =
    "app: second\n"
    "api: { prefix: /v1 }\n"
    "database: sqlite:data/second.db\n"
    "collections:\n"
    "  group:\n"
    "    id: int\n"
    "    fields:\n"
    "      order: { type: int }\n"
    "      select: { type: bool }\n"
    "      where: { type: text }\n"
    "    access: { read: \"select\" }\n"
    "  table:\n"
    "    fields:\n"
    "      from: { type: ref, to: group }\n"
    "      to: { type: ref, to: table }\n"
    "      values: { type: text }\n"
    "      limit: { type: time, required: true }\n"
    "    access: { read: \"from.order != 7\" }\n"
    "  t:\n"
    "    id: int\n"
    "    fields:\n"
    "      h1: { type: ref, to: table }\n"
    "      union: { type: ref, to: group }\n"
    "      self: { type: ref, to: t }\n"
    "      having: { type: enum, values: [a, editor] }\n"
    "      h2: { type: text }\n"
    "    access: { read: \"h1.from.select || 'editor' in auth.roles\" }\n";

uint64_t
dice_next(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

size_t
dice_roll(struct dice *dice, size_t sides)
{
	return (size_t)(dice_next(dice) % sides);
}

bool
dice_percent(struct dice *dice, unsigned percent)
{
	return dice_roll(dice, 100) < percent;
}

struct value *
world_row(const struct world *world, const struct collection *collection, size_t row)
{
	return world->rows[collection->index] + row * collection->columns_count;
}

const struct value *
world_find(const struct world *world, const struct collection *collection, const struct value *id)
{
	for (size_t i = 0; i < WORLD_ROWS; i++) {
		const struct value *row = world_row(world, collection, i);

		if (value_equal(&row[COLUMN_ID], id))
			return row;
	}
	return NULL;
}

enum err
world_hop(void *world, const struct collection *collection, const struct value *id,
    const struct value **ret)
{
	*ret = world_find(world, collection, id);
	return OK;
}

static const char *const uuids[WORLD_ROWS] = {
	"00000000-0000-0000-0000-000000000000",
	"ffffffff-ffff-ffff-ffff-ffffffffffff",
	"018f3a1e-0000-7000-8000-00000000000a",
	"018f3a1e-0000-7000-8000-00000000000b",
	"00000000-0000-0000-ffff-000000000000",
	"80000000-0000-7000-8000-000000000000",
};
static const int64_t counted[WORLD_ROWS] = { 7, 1, INT64_MAX, -9, INT64_MIN, 10 };

static struct value
row_id(const struct collection *collection, size_t row)
{
	struct value value = { .kind = VALUE_UUID };

	if (collection->id_type == FIELD_INT)
		return value_int(counted[row]);
	if (!uuid_parse(str_from(uuids[row]), &value.uuid))
		abort();
	return value;
}

static struct value
draw_text(struct dice *dice)
{
	static const char *const texts[] = { "", "a", "A", "ss", "\xc3\x9f", "\xc4\xb0", "i\xcc\x87",
		"\xf4\x8f\xbf\xbf", "\xef\xbf\xbd", "editor", "7", "-9", "10", "null", "it's",
		"\\\"\n\t", "018f3a1e-0000-7000-8000-00000000000a",
		"018F3A1E-0000-7000-8000-00000000000A" };

	return value_text(str_from(texts[dice_roll(dice, COUNT(texts))]));
}

static struct value
draw_int(struct dice *dice)
{
	static const int64_t ints[] = { 0, 1, -1, 7, 42, INT64_MAX, INT64_MIN, INT64_MAX - 1,
		INT64_MIN + 1, INT64_C(1) << 53, (INT64_C(1) << 53) + 1 };

	return value_int(ints[dice_roll(dice, COUNT(ints))]);
}

static struct value
draw_time(struct dice *dice)
{
	const int64_t times[] = { time_us_min, time_us_max, 0, -1, INT64_C(1795507200000000),
		INT64_C(1795507200000001) };

	return value_time(times[dice_roll(dice, COUNT(times))]);
}

struct value
world_draw_value(struct world *world, const struct field *field)
{
	size_t row = dice_roll(world->dice, WORLD_ROWS);

	if (field->type == FIELD_ENUM)
		return value_text(field->values[dice_roll(world->dice, field->values_count)]);
	if (field->type == FIELD_REF)
		return row_id(field->to, row);
	switch (field_value_kind(field)) {
	case VALUE_BOOL:
		return value_bool(dice_percent(world->dice, 50));
	case VALUE_TIME:
		return draw_time(world->dice);
	case VALUE_TEXT:
		return draw_text(world->dice);
	case VALUE_UUID:
		return row_id(&(struct collection){ .id_type = FIELD_ID }, row);
	default:
		if (field->column == COLUMN_ID)
			return value_int(counted[row]);
		return draw_int(world->dice);
	}
}

/* A reference leads to a row that is there already, or to the row itself. */
static struct value
draw_column(struct world *world, const struct collection *collection, const struct field *field,
    size_t row)
{
	if (field->column == COLUMN_ID)
		return row_id(collection, row);
	if (!field->required && field->column >= COLUMN_FIELDS && dice_percent(world->dice, 25))
		return value_null();
	if (field->type == FIELD_REF && field->to == collection)
		return row_id(collection, dice_roll(world->dice, row + 1));
	return world_draw_value(world, field);
}

static void
draw_rows(struct world *world, const struct property_engine *engine)
{
	for (size_t i = 0; i < world->app->collections_count; i++) {
		const struct collection *collection = &world->app->collections[i];

		for (size_t row = 0; row < WORLD_ROWS; row++) {
			struct value *values = world_row(world, collection, row);

			for (size_t j = 0; j < collection->columns_count; j++)
				values[j] =
				    draw_column(world, collection, &collection->columns[j], row);
			engine->insert(engine->arg, collection, values);
		}
	}
}

/* Drawn into ${roles}, room for 3. */
static const struct rule_caller guest;

static struct rule_caller
draw_caller(struct dice *dice, struct str *roles)
{
	static const char *const known[] = { "editor", "", "\xc3\x9f", "admin", "beginner", "a" };
	static const char *const ids[] = { "7", "1", "-9", "9223372036854775807", "007", "", "a",
		"018F3A1E-0000-7000-8000-00000000000A", "9223372036854775808", "editor" };
	struct rule_caller caller = { .roles = roles };

	if (dice_percent(dice, 20))
		return caller;
	caller.signed_in = true;
	for (size_t i = dice_roll(dice, 4); i > 0; i--)
		roles[caller.roles_count++] = str_from(known[dice_roll(dice, COUNT(known))]);
	if (dice_percent(dice, 60))
		caller.id = str_from(uuids[dice_roll(dice, WORLD_ROWS)]);
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
	char bytes[UUID_TEXT_SIZE];

	switch (value->kind) {
	case VALUE_BOOL:
		fprintf(stderr, "%s", value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
	case VALUE_TIME:
		fprintf(stderr, "%lld", (long long)value->integer);
		break;
	case VALUE_TEXT:
		fprintf(stderr, "'%.*s'", STR_ARGS(value->text));
		break;
	case VALUE_UUID:
		uuid_format(&value->uuid, bytes);
		fprintf(stderr, "%.*s", UUID_TEXT_SIZE, bytes);
		break;
	default:
		fprintf(stderr, "null");
	}
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
	const struct rule_rows rows = {
		.record = test->record,
		.new_record = test->new_record,
		.hop = world_hop,
		.arg = test->world,
	};
	bool answer, decided;

	if (test->use == RULE_USE_FILTER && !rule_is_local(test->rule))
		return;
	if (rule_evaluate(test->rule, &test->caller, &rows, &answer) != OK)
		abort();
	if (answer != expected)
		fail(test, "the evaluator", answer, expected);
	if (rule_is_decided(test->rule, &test->caller, &decided) && decided != expected)
		fail(test, "the decision", decided, expected);
}

static bool
compare_engine(struct property_case *test, bool expected)
{
	const struct value *row = test->use == RULE_USE_CREATE ? test->new_record : test->record;
	bool answer;

	if (test->use == RULE_USE_UPDATE)
		return false;
	sql_clear(&test->sql);
	rule_to_sql(&test->world->rules, test->rule, &test->caller, &test->sql);
	if (sql_err(&test->sql) != OK)
		abort();
	answer =
	    test->engine->selects(test->engine->arg, test->collection, &row[COLUMN_ID], &test->sql);
	if (answer != expected)
		fail(test, "the engine", answer, expected);
	return true;
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
	model.record = test->record;
	model.new_record = test->new_record;
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
	static const enum rule_use uses[] = { RULE_USE_READ, RULE_USE_READ, RULE_USE_CREATE,
		RULE_USE_UPDATE, RULE_USE_DELETE, RULE_USE_FILTER };
	struct property_case test = { .world = world, .engine = engine };
	struct rule_error error;
	struct buf text;

	test.collection = &world->app->collections[dice_roll(world->dice, world->app->collections_count)];
	test.use = uses[dice_roll(world->dice, COUNT(uses))];
	test.drawn = drawn_new(world, test.collection, test.use);
	buf_init(&text, 1 << 20);
	drawn_write(world, test.drawn, &text);
	test.text = buf_str(&text);
	sql_init(&test.sql, engine->dialect);
	if (test.text.size > RULE_SIZE_MAX)
		goto done;
	if (rule_compile(world->arena, &world->rules, test.collection, test.use,
		test.use == RULE_USE_FILTER ? &guest : NULL, test.text, &test.rule,
		&error) != OK) {
		fprintf(stderr, "%.*s\n%zu: %s\n", STR_ARGS(test.text), error.offset, error.detail);
		abort();
	}
	for (int i = 0; i < 4; i++)
		run_case(&test, counts);
done:
	sql_release(&test.sql);
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
	draw_rows(&world, engine);
	while (counts->cases < end)
		run_rule(&world, engine, counts);
	engine->drop(engine->arg, app);
	arena_release(&arena);
}

void
property_run(
    const struct property_engine *engine, uint64_t seed, size_t cases, struct property_counts *ret)
{
	struct app *apps[] = { read_app(uuid_app), read_app(int_app) };
	struct dice dice = { seed };
	enum { CASES_OF_A_WORLD = 500 };

	*ret = (struct property_counts){ 0 };
	for (size_t i = 0; ret->cases < cases; i++)
		run_world(apps[i % COUNT(apps)], engine, &dice, CASES_OF_A_WORLD, ret);
	for (size_t i = 0; i < COUNT(apps); i++)
		app_free(apps[i]);
}
