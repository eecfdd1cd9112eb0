#pragma once
/*
 * For tests of lists: an app with every type of field, some rows of it in a
 * store of either engine, the same rows in memory, and a look at the statements
 * that lists run.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "crypto/hash.h"
#include "records/list.h"
#include "store/sqlite/connection.h"
#include "store/test_store.h"

static const char app_text[] =
    "app: walk\n"
    "database: sqlite:data/walk.db\n"
    "collections:\n"
    "  topics:\n"
    "    fields:\n"
    "      title: { type: text }\n"
    "      level: { type: enum, values: [zero, alpha, middle] }\n"
    "      open: { type: bool, required: true }\n"
    "    access: { read: \"open || 'staff' in auth.roles\" }\n"
    "  items:\n"
    "    fields:\n"
    "      name: { type: text, index: true }\n"
    "      votes: { type: int, index: true }\n"
    "      size: { type: int, required: true, index: true }\n"
    "      level: { type: enum, values: [zero, alpha, middle], index: true }\n"
    "      done: { type: bool }\n"
    "      seen: { type: time }\n"
    "      topic: { type: ref, to: topics }\n"
    "      code: { type: text, required: true, unique: true }\n"
    "      owner: { type: text, index: true }\n"
    "      shown: { type: bool, required: true, index: true }\n"
    "      share: { type: float, index: true }\n"
    "      price: { type: decimal, scale: 2, index: true }\n"
    "      born: { type: date }\n"
    "      mail: { type: email, index: true }\n"
    "      site: { type: url }\n"
    "    indexes: [[level, -created], [size, seen], [-votes, name], [-size, votes], [born, shown], [-born, -shown, mail]]\n"
    "    access: { read: \"shown || owner == auth.id\" }\n"
    "  steps:\n"
    "    id: int\n"
    "    fields:\n"
    "      votes: { type: int, index: true }\n"
    "      name: { type: text }\n"
    "      text: { type: text }\n"
    "      level: { type: enum, values: [zero, alpha, middle] }\n"
    "      shown: { type: bool, default: true }\n"
    "    access: { read: shown }\n"
    "  deep:\n" /* of each type one with an index, one that is never null, one without an index */
    "    id: int\n"
    "    fields:\n"
    "      ik: { type: int, index: true }\n"
    "      iq: { type: int, required: true, index: true }\n"
    "      iz: { type: int }\n"
    "      fk: { type: float, index: true }\n"
    "      fq: { type: float, required: true, index: true }\n"
    "      fz: { type: float }\n"
    "      dk: { type: decimal, scale: 2, index: true }\n"
    "      dq: { type: decimal, scale: 2, required: true, index: true }\n"
    "      dz: { type: decimal, scale: 2 }\n"
    "      ak: { type: date, index: true }\n"
    "      aq: { type: date, required: true, index: true }\n"
    "      az: { type: date }\n"
    "      tk: { type: time, index: true }\n"
    "      tq: { type: time, required: true, index: true }\n"
    "      tz: { type: time }\n"
    "      xk: { type: text, index: true }\n"
    "      xq: { type: text, required: true, index: true }\n"
    "      xz: { type: text }\n"
    "      mk: { type: email, index: true }\n"
    "      mq: { type: email, required: true, index: true }\n"
    "      mz: { type: email }\n"
    "      uk: { type: url, index: true }\n"
    "      uq: { type: url, required: true, index: true }\n"
    "      uz: { type: url }\n"
    "      bk: { type: bool, index: true }\n"
    "      bq: { type: bool, required: true, index: true }\n"
    "      bz: { type: bool }\n"
    "      ek: { type: enum, values: [zero, alpha, middle], index: true }\n"
    "      eq: { type: enum, values: [zero, alpha, middle], required: true, index: true }\n"
    "      ez: { type: enum, values: [zero, alpha, middle] }\n"
    "    access: { read: true }\n";

enum { NAME, VOTES, SIZE, LEVEL, DONE, SEEN, TOPIC, CODE, OWNER, SHOWN, SHARE, PRICE, BORN, MAIL, SITE, FIELDS };
enum { COLUMNS = COLUMN_FIELDS + FIELDS, ROWS = 60, TOPICS = 6, PAGES_MAX = 10000 };

struct row {
	struct value values[COLUMNS];
	char code[24];
	bool exists, is_ours; /* ours are not deleted while others are */
};

struct world {
	struct app *app;
	struct rules rules;
	struct arena arena;
	struct store *store;
	struct test_store test;
	bool is_sqlite;
	const struct collection *items, *topics;
	struct value topic_rows[TOPICS][COLUMN_FIELDS + 3];
	struct row rows[4 * ROWS];
	size_t rows_count;
};

static struct world world;
static uint64_t seed = 1;

static inline unsigned
roll(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % sides;
}

/* --- the world ------------------------------------------------------- */

static inline enum err
run_insert(struct tx *tx, void *arg)
{
	return tx_exec(tx, arg, NULL);
}

static inline void
run(struct sql_text *sql)
{
	struct store_call call = { .body = run_insert, .arg = sql };

	assert_int_equal(store_write_blocking(world.store, &call), OK);
	sql_release(sql);
}

static inline void
insert(const struct collection *collection, const struct value *values)
{
	struct sql_text sql;

	sql_init(&sql, store_dialect(world.store));
	sql_addf(&sql, "INSERT INTO %n (\"_version\"", collection->name);
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %n", collection->columns[i].name);
	sql_addf(&sql, ") VALUES (%v", value_int((int64_t)roll(1000) + 1));
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %v", values[i]);
	sql_add(&sql, ")");
	run(&sql);
}

static inline struct value
random_id(void)
{
	struct value id = { .kind = VALUE_UUID };

	for (size_t i = 0; i < 16; i++)
		id.uuid.bytes[i] = (uint8_t)roll(256);
	return id;
}

static inline struct value
or_null(struct value value)
{
	return roll(3) == 0 ? value_null() : value;
}

static inline struct value
text_of(const char *text)
{
	return value_text(str_from(text));
}

static inline struct value
random_level(void)
{
	static const char *const levels[] = { "zero", "alpha", "middle" };

	return or_null(text_of(levels[roll(3)]));
}

static inline void
add_topic(size_t at)
{
	static const char *const titles[] = { "", "ab", "b" };
	struct value *values = world.topic_rows[at];

	values[COLUMN_ID] = random_id();
	values[COLUMN_CREATED] = values[COLUMN_UPDATED] = value_time(7);
	values[COLUMN_FIELDS] = or_null(text_of(titles[roll(3)]));
	values[COLUMN_FIELDS + 1] = random_level();
	values[COLUMN_FIELDS + 2] = value_bool(at % 2 == 0);
	insert(world.topics, values);
}

static inline void
add_row(bool is_ours)
{
	static const char *const names[] = { "", "a", "ab", "\xc3\xa9", "Z", "\xf0\x9f\x98\x80" };
	static const int64_t votes[] = { 0, 1, -1, INT64_MAX, INT64_MIN };
	static const double shares[] = { 0, 0.1, -1.5, 1e300, -5e-324, 9007199254740993.0 };
	struct row *row = &world.rows[world.rows_count];
	struct value *fields = row->values + COLUMN_FIELDS;

	row->exists = true;
	row->is_ours = is_ours;
	snprintf(row->code, sizeof(row->code), "c%u-%zu", roll(100), world.rows_count++);
	row->values[COLUMN_ID] = random_id();
	row->values[COLUMN_CREATED] = value_time((int64_t)roll(4) * 1000000);
	row->values[COLUMN_UPDATED] = value_time((int64_t)roll(100) - 50);
	fields[NAME] = or_null(text_of(names[roll(COUNT(names))]));
	fields[VOTES] = or_null(value_int(votes[roll(COUNT(votes))]));
	fields[SIZE] = value_int(roll(3));
	fields[LEVEL] = random_level();
	fields[DONE] = or_null(value_bool(roll(2) == 0));
	fields[SEEN] = or_null(value_time((int64_t)roll(3) - 1));
	fields[TOPIC] = or_null(world.topic_rows[roll(TOPICS)][COLUMN_ID]);
	fields[CODE] = text_of(row->code);
	fields[OWNER] = or_null(text_of(roll(2) == 0 ? "ann" : "bob"));
	fields[SHOWN] = value_bool(roll(4) != 0);
	fields[SHARE] = or_null(value_real(shares[roll(COUNT(shares))]));
	fields[PRICE] = or_null(value_decimal(votes[roll(3)] * 995, 2));
	fields[BORN] = or_null(value_date((int64_t)roll(3) * 400 - 400));
	fields[MAIL] = or_null(text_of(roll(2) == 0 ? "ann@example.com" : "Bob@example.com"));
	fields[SITE] = or_null(text_of(roll(2) == 0 ? "https://a.example/" : "https://a.example/b"));
	insert(world.items, row->values);
}

static inline void
delete_row(struct row *row)
{
	struct sql_text sql;

	row->exists = false;
	sql_init(&sql, store_dialect(world.store));
	sql_addf(&sql, "DELETE FROM \"items\" WHERE \"id\" = %v", row->values[COLUMN_ID]);
	run(&sql);
}

static inline int
set_up(void **state)
{
	struct app_mistakes mistakes;

	(void)state;
	app_mistakes_init(&mistakes);
	arena_init(&world.arena, 64 << 20);
	world.app = test_app_text(app_text);
	assert_true(rules_compile_app(&world.arena, world.app, &world.rules, &mistakes));
	app_mistakes_release(&mistakes);
	test_store_open(&world.test, world.app);
	world.store = world.test.store;
	world.is_sqlite = store_dialect(world.store) == SQL_SQLITE;
	world.items = app_collection(world.app, STR("items"));
	world.topics = app_collection(world.app, STR("topics"));
	for (size_t i = 0; i < TOPICS; i++)
		add_topic(i);
	for (size_t i = 0; i < ROWS; i++)
		add_row(true);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	test_store_close(&world.test);
	arena_release(&world.arena);
	return 0;
}

/* --- the model ------------------------------------------------------- */

static const struct str staff_roles[] = { { "staff", 5 } };
static const struct identity ann = { .caller = { .signed_in = true, .id = { "ann", 3 } } };
static const struct identity bob = {
	.caller = { .signed_in = true, .id = { "bob", 3 }, .roles = staff_roles, .roles_count = 1 },
};

static inline bool
holds(const struct rule *rule, const struct identity *identity, const struct value *values)
{
	struct rule_rows rows = { .record = values };
	bool answer;

	if (rule == NULL)
		return true;
	assert_int_equal(rule_evaluate(rule, &identity->caller, &rows, &answer), OK);
	return answer;
}

static inline const struct rule *
read_rule(const struct collection *collection)
{
	return rules_read(&world.rules, collection);
}

static inline struct value
behind_topic(const struct list_query *query, const struct value *topic, const struct field *field)
{
	for (size_t i = 0; i < TOPICS; i++)
		if (value_equal(topic, &world.topic_rows[i][COLUMN_ID]) &&
		    holds(read_rule(world.topics), query->identity, world.topic_rows[i]))
			return world.topic_rows[i][field->column];
	return value_null();
}

static inline struct value
key_of(const struct list_query *query, const struct list_key *key, const struct row *row)
{
	struct value value = row->values[key->hop == NULL ? key->field->column : key->hop->column];

	if (key->hop != NULL)
		value = behind_topic(query, &value, key->field);
	for (size_t i = 0; value.kind == VALUE_TEXT && i < key->field->values_count; i++)
		if (str_equal(key->field->values[i], value.text))
			return value_int((int64_t)i);
	return value;
}

static const struct list_query *sorted_by;

static inline int
compare_rows(const void *a, const void *b)
{
	const struct row *left = *(const struct row *const *)a,
			 *right = *(const struct row *const *)b;
	int order = 0;

	for (size_t i = 0; i < sorted_by->keys_count && order == 0; i++) {
		struct value x = key_of(sorted_by, &sorted_by->keys[i], left);
		struct value y = key_of(sorted_by, &sorted_by->keys[i], right);

		order = value_compare(&x, &y);
		if (sorted_by->keys[i].descending)
			order = -order;
	}
	return order;
}

/* The rows that ${query} finds, sorted in memory. */
static inline size_t
expect(const struct list_query *query, bool only_ours, const struct row **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < world.rows_count; i++) {
		const struct row *row = &world.rows[i];

		if (row->exists && (row->is_ours || !only_ours) &&
		    holds(read_rule(world.items), query->identity, row->values) &&
		    holds(query->filter, query->identity, row->values))
			ret[count++] = row;
	}
	sorted_by = query;
	qsort(ret, count, sizeof(*ret), compare_rows);
	return count;
}

/* --- asking ---------------------------------------------------------- */

struct asked {
	const char *sort, *filter;
	const struct identity *identity;
	unsigned limit, offset;
	struct str cursor; /* size 0: the first page */
};

static inline const struct list_query *
parse(struct arena *arena, const struct asked *asked)
{
	struct url_parameter parameters[5];
	char *number = arena_new(arena, 32);
	const struct list_query *query;
	struct list_problem problem;
	size_t count = 0;

	snprintf(number, 16, "%u", asked->limit);
	snprintf(number + 16, 16, "%u", asked->offset);
	parameters[count++] = (struct url_parameter){ STR("sort"), str_from(asked->sort) };
	parameters[count++] = (struct url_parameter){ STR("filter"), str_from(asked->filter) };
	parameters[count++] = (struct url_parameter){ STR("limit"), str_from(number) };
	if (asked->offset > 0)
		parameters[count++] =
		    (struct url_parameter){ STR("offset"), str_from(number + 16) };
	if (asked->cursor.size > 0)
		parameters[count++] = (struct url_parameter){ STR("cursor"), asked->cursor };
	if (!list_parse(arena, &world.rules, world.items, asked->identity, parameters, count,
		STR("secret"), &query, &problem))
		fail_msg("sort=%s filter=%s: %s", asked->sort, asked->filter, problem.detail);
	return query;
}

/* The engine's own functions, and a look at each statement on its way. */
static const struct tx_type *engine;
static int64_t steps;
static const struct list_query *planned;

static inline void
check_plan(struct tx *tx, const struct sql_text *sql)
{
	struct sql_text explain;
	struct tx_rows rows;

	sql_init(&explain, sql->dialect);
	sql_add(&explain, "EXPLAIN QUERY PLAN ");
	buf_add_str(&explain.text, buf_str(&sql->text));
	explain.params = sql->params;
	explain.params_count = sql->params_count;
	rows = (struct tx_rows){ .tx = tx };
	assert_int_equal(engine->query(tx, &explain, &rows), OK);
	while (engine->next(&rows)) {
		struct value detail = engine->value(&rows, 3, VALUE_TEXT, 0);

		if (strstr(detail.text.data, "TEMP B-TREE") != NULL)
			fail_msg("sorted: %.*s", STR_ARGS(buf_str(&sql->text)));
	}
	engine->close(&rows);
	buf_release(&explain.text);
}

static inline enum err
watch_query(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret)
{
	if (planned->index.is_pinned)
		check_plan(tx, sql);
	return engine->query(tx, sql, ret);
}

static inline void
watch_close(struct tx_rows *rows)
{
	struct cached_statement *cached = rows->engine;

	steps += sqlite3_stmt_status(cached->statement, SQLITE_STMTSTATUS_VM_STEP, 1);
	engine->close(rows);
}

static inline enum err
read_watched(struct tx *tx, void *arg)
{
	struct list_read *read = arg;
	struct tx_type watching = *tx->type;
	enum err err;

	if (!world.is_sqlite)
		return list_read(tx, arg);
	engine = tx->type;
	planned = read->query;
	watching.query = watch_query;
	watching.close = watch_close;
	tx->type = &watching;
	err = list_read(tx, arg);
	tx->type = engine;
	return err;
}

static inline void
ask(const struct list_query *query, struct list_read *read)
{
	struct store_call call = { .body = read_watched, .arg = read };

	read->query = query;
	buf_clear(read->json);
	assert_int_equal(store_read_blocking(world.store, &call), OK);
}
