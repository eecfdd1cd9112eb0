/* Two unlike apps and hostile rows for them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/names.h"
#include "codec/canonical.h"
#include "codec/decimal.h"
#include "codec/fold.h"
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
    "      name: { type: text, fold: true }\n"
    "      mail: { type: email, fold: true }\n"
    "      boss: { type: ref, to: users }\n"
    "      active: { type: bool, required: true }\n"
    "      born: { type: date }\n"
    "      salary: { type: decimal, scale: 2 }\n"
    "    access: { read: \"active || id == auth.id || 'admin' in auth.roles\" }\n"
    "    fields_access:\n"
    "      salary: { read: \"id == auth.id || 'admin' in auth.roles\" }\n"
    "      mail: { read: \"auth.id != null\" }\n"
    "  tags:\n"
    "    fields:\n"
    "      word: { type: text, required: true }\n"
    "      weight: { type: float }\n"
    "    access: { read: \"weight < 2.5 || word == 'a'\" }\n"
    "  topics:\n"
    "    fields:\n"
    "      title: { type: text, required: true }\n"
    "      owner: { type: ref, to: users }\n"
    "      parent: { type: ref, to: topics }\n"
    "      open: { type: bool }\n"
    "      tags: { type: refs, to: tags }\n"
    "    access: { read: \"open || !(owner.boss != auth.id) || tags.exists(t, t.word == 'a')\" }\n"
    "    fields_access: { tags: { read: \"open\" } }\n"
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
    "      ratio: { type: float }\n"
    "      exact: { type: float, required: true }\n"
    "      price: { type: decimal, scale: 2 }\n"
    "      cost: { type: decimal, scale: 18, required: true }\n"
    "      asked: { type: time }\n"
    "      day: { type: date, required: true }\n"
    "      words: { type: list, of: text }\n"
    "      numbers: { type: list, of: int, required: true }\n"
    "      reals: { type: list, of: float }\n"
    "      meta: { type: json }\n"
    "      tags: { type: refs, to: tags }\n"
    "      owner_name: { type: text, required: true }\n"
    "    access: { read: \"published || size(tags) > 0 || topic.questions.exists(q, q.votes > votes)\" }\n"
    "    fields_access:\n"
    "      score: { read: \"author == auth.id || topic.open\" }\n"
    "      author: { read: \"published || level == 'editor'\" }\n";

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
    "      limit: { type: decimal, scale: 0 }\n"
    "    access: { read: \"select\" }\n"
    "  table:\n"
    "    fields:\n"
    "      from: { type: ref, to: group }\n"
    "      to: { type: ref, to: table }\n"
    "      values: { type: text }\n"
    "      limit: { type: time, required: true }\n"
    "      all: { type: refs, to: group }\n"
    "    access: { read: \"from.order != 7\" }\n"
    "  t:\n"
    "    id: int\n"
    "    fields:\n"
    "      h1: { type: ref, to: table }\n"
    "      union: { type: ref, to: group }\n"
    "      self: { type: ref, to: t }\n"
    "      having: { type: enum, values: [a, editor] }\n"
    "      h2: { type: text }\n"
    "      x: { type: float }\n"
    "      exists: { type: list, of: bool }\n"
    "      many: { type: refs, to: t }\n"
    "    access: { read: \"h1.from.select || 'editor' in auth.roles || size(many) == 2\" }\n"
    "    fields_access: { h1: { read: \"having == 'a' || self.h2 == null\" }, many: { read: \"'editor' in auth.roles\" } }\n";

const char *const world_apps[WORLD_APPS] = { uuid_app, int_app };

bool
world_is_for_caller(const struct field *field)
{
	return str_is(field->name, "mail") || str_is(field->name, "many");
}

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

static enum err
hop(void *world, const struct collection *collection, const struct value *id, const struct value **ret)
{
	*ret = world_find(world, collection, id);
	return OK;
}

bool
world_has_id(const struct value *ids, const struct value *id)
{
	char text[UUID_TEXT_SIZE + 2] = "\"";
	struct str list = ids->text, item;

	if (id->kind == VALUE_UUID) {
		uuid_format(&id->uuid, text + 1);
		text[UUID_TEXT_SIZE + 1] = '"';
		return memmem(list.data, list.size, text, sizeof(text)) != NULL;
	}
	list = str_slice(list, 1, list.size - 1);
	while (str_split(&list, ',', &item)) {
		int64_t number;

		if (str_to_int(item, &number) && number == id->integer)
			return true;
	}
	return false;
}

/* The rows of ${back} for ${id}: how many were visited until one did. */
static enum err
walk(void *arg, const struct back_reference *back, const struct value *id,
    bool (*visit)(void *visit_arg, const struct value *row), void *visit_arg)
{
	const struct world *world = arg;

	for (size_t i = 0; i < WORLD_ROWS; i++) {
		const struct value *row = world_row(world, back->from, i);
		const struct value *value = &row[back->field->column];

		if ((back->field->type == FIELD_REFS ? world_has_id(value, id) : value_equal(value, id)) &&
		    !visit(visit_arg, row))
			break;
	}
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
count(void *world, const struct back_reference *back, const struct value *id, int64_t *ret)
{
	*ret = 0;
	return walk(world, back, id, visit_all, ret);
}

struct rule_rows
world_rows(const struct world *world, const struct value *record, const struct value *new_record)
{
	return (struct rule_rows){
		.record = record,
		.new_record = new_record,
		.hop = hop,
		.walk = walk,
		.count = count,
		.arg = (void *)world,
	};
}

const char *const world_uuids[WORLD_ROWS] = {
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
	if (!uuid_parse(str_from(world_uuids[row]), &value.uuid))
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

static double
draw_real(struct dice *dice)
{
	static const double reals[] = { 0, 1, -1, 7, 0.1, 1.5, 2.5, -1.5, 1e308, -1e308, 5e-324, 2.2250738585072014e-308,
		9007199254740992.0, 9007199254740994.0, 9223372036854775808.0, -9223372036854775808.0,
		4611686018427387904.0, 9223372036854774784.0, 1e300, 4503599627370496.5 };

	return reals[dice_roll(dice, COUNT(reals))];
}

static struct value
draw_decimal(struct dice *dice, unsigned scale)
{
	static const int64_t whole[] = { 0, 1, -1, 7, 42, 999999999999999999, -999999999999999999, 150, 1005, -1005,
		100, 101 };
	int64_t integer = whole[dice_roll(dice, COUNT(whole))];

	/* Now and then a whole number, so that it equals an int. */
	for (unsigned i = 0; i < scale && dice_percent(dice, 70); i++)
		if (integer < 99999999999999999 && integer > -99999999999999999)
			integer *= 10;
	return value_decimal(integer, scale);
}

struct value
world_draw_number(struct dice *dice)
{
	switch (dice_roll(dice, 3)) {
	case 0:
		return draw_int(dice);
	case 1:
		return draw_decimal(dice, (unsigned)dice_roll(dice, DECIMAL_DIGITS_MAX + 1));
	default:
		return value_real(draw_real(dice));
	}
}

static struct value
draw_date(struct dice *dice)
{
	const int64_t dates[] = { date_days_min, date_days_max, 0, -1, 20781, 20782 };

	return value_date(dates[dice_roll(dice, COUNT(dates))]);
}

static struct value
keep_json(struct world *world, struct buf *buf)
{
	struct str text = json_canonical_text(world->arena, buf_str(buf));

	if (text.data == NULL)
		abort();
	buf_release(buf);
	return value_json(text);
}

static struct value
draw_list(struct world *world, const struct field *field)
{
	const struct field item = { .type = field->of, .column = UINT32_MAX };
	struct json_writer writer;
	struct buf buf;

	buf_init(&buf, 1 << 16);
	json_writer_init(&writer, &buf);
	json_begin_array(&writer);
	for (size_t i = dice_roll(world->dice, 4); i > 0; i--) {
		struct value value = world_draw_value(world, &item);

		json_value(&writer, &value);
	}
	json_end_array(&writer);
	return keep_json(world, &buf);
}

/* Ids of some of the first ${count} rows, in order. */
static struct value
draw_refs(struct world *world, const struct collection *to, size_t count)
{
	struct json_writer writer;
	struct buf buf;

	buf_init(&buf, 1 << 16);
	json_writer_init(&writer, &buf);
	json_begin_array(&writer);
	for (size_t i = 0; i < count; i++) {
		struct value id = row_id(to, i);

		if (dice_percent(world->dice, 30))
			json_value(&writer, &id);
	}
	json_end_array(&writer);
	return keep_json(world, &buf);
}

struct value
world_draw_value(struct world *world, const struct field *field)
{
	size_t row = dice_roll(world->dice, WORLD_ROWS);

	switch (field->type) {
	case FIELD_ENUM:
		return value_text(field->values[dice_roll(world->dice, field->values_count)]);
	case FIELD_REF:
		return row_id(field->to, row);
	case FIELD_REFS:
		return draw_refs(world, field->to, WORLD_ROWS);
	case FIELD_FLOAT:
		return value_real(draw_real(world->dice));
	case FIELD_DECIMAL:
		return draw_decimal(world->dice, field->scale);
	case FIELD_DATE:
		return draw_date(world->dice);
	case FIELD_LIST:
		return draw_list(world, field);
	case FIELD_JSON:
		return value_json(STR("{\"a\":[null,1.5]}"));
	case FIELD_EMAIL:
		return value_text(STR("ann@example.org"));
	default:
		break;
	}
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
	if (field->type == FIELD_REFS && field->to == collection)
		return draw_refs(world, collection, row);
	if (!field->required && field->column >= COLUMN_FIELDS && field->type != FIELD_REFS &&
	    dice_percent(world->dice, 25))
		return value_null();
	if (field->type == FIELD_REF && field->to == collection)
		return row_id(collection, dice_roll(world->dice, row + 1));
	return world_draw_value(world, field);
}

static void
execute(const struct property_engine *engine, struct sql_text *sql)
{
	if (sql_err(sql) != OK)
		abort();
	engine->execute(engine->arg, sql);
	sql_clear(sql);
}

static void
insert_links(const struct world *world, const struct property_engine *engine,
    const struct collection *collection, const struct value *row, struct sql_text *sql)
{
	char link[INDEX_NAME_SIZE];

	for (size_t i = 0; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		for (size_t j = 0; field->type == FIELD_REFS && j < WORLD_ROWS; j++) {
			struct value id = row_id(field->to, j);

			if (!world_has_id(&row[i], &id))
				continue;
			sql_addf(sql, "INSERT INTO %n (\"source\", \"target\") VALUES (%v, %v)",
			    link_name(collection, field, link), row[COLUMN_ID], id);
			execute(engine, sql);
		}
	}
	(void)world;
}

struct value
world_fold(const struct world *world, struct value value)
{
	if (value.kind == VALUE_TEXT && (value.text = fold_text(world->arena, value.text)).data == NULL)
		abort();
	return value;
}

static void
insert(const struct world *world, const struct property_engine *engine,
    const struct collection *collection, const struct value *row)
{
	char name[INDEX_NAME_SIZE];
	struct sql_text sql;

	sql_init(&sql, engine->dialect);
	sql_addf(&sql, "INSERT INTO %n (\"_version\"", collection->name);
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %n", collection->columns[i].name);
	for (size_t i = 0; i < collection->columns_count; i++)
		if (collection->columns[i].fold)
			sql_addf(&sql, ", %n", fold_name(&collection->columns[i], name));
	sql_add(&sql, ") VALUES (1");
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %v", row[i]);
	for (size_t i = 0; i < collection->columns_count; i++)
		if (collection->columns[i].fold)
			sql_addf(&sql, ", %v", world_fold(world, row[i]));
	sql_add(&sql, ")");
	execute(engine, &sql);
	insert_links(world, engine, collection, row, &sql);
	sql_release(&sql);
}

void
world_draw_rows(struct world *world, const struct property_engine *engine)
{
	for (size_t i = 0; i < world->app->collections_count; i++) {
		const struct collection *collection = &world->app->collections[i];

		for (size_t row = 0; row < WORLD_ROWS; row++) {
			struct value *values = world_row(world, collection, row);

			for (size_t j = 0; j < collection->columns_count; j++)
				values[j] =
				    draw_column(world, collection, &collection->columns[j], row);
			insert(world, engine, collection, values);
		}
	}
}
