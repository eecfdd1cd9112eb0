/*
 * Walks through lists: the pages of a list, one behind the other, are one full
 * sort in memory, whatever the sort, the page size, the filter and the caller;
 * rows that others insert and delete meanwhile lose and repeat nothing; and a
 * page far behind costs what the first one costs.
 *
 * CAISSON_TEST_DATABASE=postgres://... walks there; CAISSON_WALK_ROWS sets the
 * size of the measured table.
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
    "    indexes: [[level, -created], [size, seen], [-votes, name], [-size, votes]]\n"
    "    access: { read: \"shown || owner == auth.id\" }\n"
    "  steps:\n"
    "    id: int\n"
    "    fields:\n"
    "      votes: { type: int, index: true }\n"
    "      name: { type: text }\n"
    "      text: { type: text }\n"
    "      level: { type: enum, values: [zero, alpha, middle] }\n"
    "      shown: { type: bool, default: true }\n"
    "    access: { read: shown }\n";

enum { NAME, VOTES, SIZE, LEVEL, DONE, SEEN, TOPIC, CODE, OWNER, SHOWN, FIELDS };
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
	char folder[64];
	bool is_sqlite;
	const struct collection *items, *topics;
	struct value topic_rows[TOPICS][COLUMN_FIELDS + 3];
	struct row rows[4 * ROWS];
	size_t rows_count;
};

static struct world world;
static uint64_t seed = 1;

static unsigned
roll(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % sides;
}

/* --- the world ------------------------------------------------------- */

static enum err
run_insert(struct tx *tx, void *arg)
{
	return tx_exec(tx, arg, NULL);
}

static void
run(struct sql_text *sql)
{
	struct store_call call = { .body = run_insert, .arg = sql };

	assert_int_equal(store_write_blocking(world.store, &call), OK);
	sql_release(sql);
}

static void
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

static struct value
random_id(void)
{
	struct value id = { .kind = VALUE_UUID };

	for (size_t i = 0; i < 16; i++)
		id.uuid.bytes[i] = (uint8_t)roll(256);
	return id;
}

static struct value
or_null(struct value value)
{
	return roll(3) == 0 ? value_null() : value;
}

static struct value
text_of(const char *text)
{
	return value_text(str_from(text));
}

static struct value
random_level(void)
{
	static const char *const levels[] = { "zero", "alpha", "middle" };

	return or_null(text_of(levels[roll(3)]));
}

static void
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

static void
add_row(bool is_ours)
{
	static const char *const names[] = { "", "a", "ab", "\xc3\xa9", "Z", "\xf0\x9f\x98\x80" };
	static const int64_t votes[] = { 0, 1, -1, INT64_MAX, INT64_MIN };
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
	insert(world.items, row->values);
}

static void
delete_row(struct row *row)
{
	struct sql_text sql;

	row->exists = false;
	sql_init(&sql, store_dialect(world.store));
	sql_addf(&sql, "DELETE FROM \"items\" WHERE \"id\" = %v", row->values[COLUMN_ID]);
	run(&sql);
}

static void
open_store(void)
{
	const char *database = getenv("CAISSON_TEST_DATABASE");
	struct store_options options = {
		.app = world.app,
		.folder = world.folder,
		.database = database == NULL ? world.app->database : str_from(database),
		.loops_count = 1,
	};
	struct buf detail;

	buf_init(&detail, 4096);
	if (store_open(&options, &world.store, &detail) != OK)
		fail_msg("%.*s", STR_ARGS(buf_str(&detail)));
	buf_release(&detail);
	world.is_sqlite = store_dialect(world.store) == SQL_SQLITE;
}

static int
set_up(void **state)
{
	struct app_mistakes mistakes;

	(void)state;
	snprintf(world.folder, sizeof(world.folder), "/tmp/caisson-walk-XXXXXX");
	assert_non_null(mkdtemp(world.folder));
	app_mistakes_init(&mistakes);
	arena_init(&world.arena, 64 << 20);
	world.app = app_read(str_from(app_text), &mistakes);
	if (world.app == NULL || !rules_compile_app(&world.arena, world.app, &world.rules, &mistakes)) {
		app_mistakes_print(&mistakes, stderr, "caisson.yaml");
		return -1;
	}
	app_mistakes_release(&mistakes);
	open_store();
	world.items = app_collection(world.app, STR("items"));
	world.topics = app_collection(world.app, STR("topics"));
	for (size_t i = 0; i < TOPICS; i++)
		add_topic(i);
	for (size_t i = 0; i < ROWS; i++)
		add_row(true);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	store_close(world.store);
	arena_release(&world.arena);
	app_free(world.app);
	snprintf(command, sizeof(command), "rm -r %s", world.folder);
	return system(command) == 0 ? 0 : -1;
}

/* --- the model ------------------------------------------------------- */

static const struct str staff_roles[] = { { "staff", 5 } };
static const struct identity ann = { .caller = { .signed_in = true, .id = { "ann", 3 } } };
static const struct identity bob = {
	.caller = { .signed_in = true, .id = { "bob", 3 }, .roles = staff_roles, .roles_count = 1 },
};

static bool
holds(const struct rule *rule, const struct identity *identity, const struct value *values)
{
	struct rule_rows rows = { .record = values };
	bool answer;

	if (rule == NULL)
		return true;
	assert_int_equal(rule_evaluate(rule, &identity->caller, &rows, &answer), OK);
	return answer;
}

static const struct rule *
read_rule(const struct collection *collection)
{
	return world.rules.access[collection->index][ACCESS_READ];
}

static struct value
behind_topic(const struct list_query *query, const struct value *topic, const struct field *field)
{
	for (size_t i = 0; i < TOPICS; i++)
		if (value_equal(topic, &world.topic_rows[i][COLUMN_ID]) &&
		    holds(read_rule(world.topics), query->identity, world.topic_rows[i]))
			return world.topic_rows[i][field->column];
	return value_null();
}

static struct value
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

static int
compare_rows(const void *a, const void *b)
{
	const struct row *left = *(const struct row *const *)a, *right = *(const struct row *const *)b;
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
static size_t
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

static const struct list_query *
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
		parameters[count++] = (struct url_parameter){ STR("offset"), str_from(number + 16) };
	if (asked->cursor.size > 0)
		parameters[count++] = (struct url_parameter){ STR("cursor"), asked->cursor };
	if (!list_parse(arena, &world.rules, world.items, asked->identity, parameters, count, STR("secret"),
		&query, &problem))
		fail_msg("sort=%s filter=%s: %s", asked->sort, asked->filter, problem.detail);
	return query;
}

/* The engine's own functions, and a look at each statement on its way. */
static const struct tx_type *engine;
static int64_t steps;
static const struct list_query *planned;

static void
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
		struct value detail = engine->value(&rows, 3, VALUE_TEXT);

		if (strstr(detail.text.data, "TEMP B-TREE") != NULL)
			fail_msg("sorted: %.*s", STR_ARGS(buf_str(&sql->text)));
	}
	engine->close(&rows);
	buf_release(&explain.text);
}

static enum err
watch_query(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret)
{
	if (planned->index.is_pinned)
		check_plan(tx, sql);
	return engine->query(tx, sql, ret);
}

static void
watch_close(struct tx_rows *rows)
{
	struct cached_statement *cached = rows->engine;

	steps += sqlite3_stmt_status(cached->statement, SQLITE_STMTSTATUS_VM_STEP, 1);
	engine->close(rows);
}

static enum err
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

static void
ask(const struct list_query *query, struct list_read *read)
{
	struct store_call call = { .body = read_watched, .arg = read };

	read->query = query;
	buf_clear(read->json);
	assert_int_equal(store_read_blocking(world.store, &call), OK);
}

/* --- walking --------------------------------------------------------- */

struct walk {
	struct asked asked;
	char *cursor;
	struct value ids[4 * ROWS];
	size_t ids_count;
	size_t pages;
};

static void
take_page(struct walk *walk, struct arena *arena, const struct list_read *read)
{
	struct json answer;
	struct json_error error;
	const struct json *items, *next;
	struct value id = { .kind = VALUE_UUID };

	assert_int_equal(json_parse(arena, buf_str(read->json), &answer, &error), OK);
	items = json_member(&answer, "items");
	next = json_member(&answer, "next");
	assert_int_equal(items->count, read->items_count);
	for (size_t i = 0; i < items->count; i++) {
		assert_true(uuid_parse(json_member(&items->items[i], "id")->string, &id.uuid));
		walk->ids[walk->ids_count++] = id;
	}
	if (next->type == JSON_STRING)
		assert_true(str_equal(next->string, read->next));
	else
		assert_int_equal(read->next.size, 0);
}

/* One page; false at the end. */
static bool
walk_on(struct walk *walk)
{
	struct list_read read = { 0 };
	struct arena arena;
	struct buf json;
	bool more;

	buf_init(&json, 1 << 20);
	arena_init(&arena, 1 << 20);
	read.json = &json;
	ask(parse(&arena, &walk->asked), &read);
	take_page(walk, &arena, &read);
	walk->asked.offset = 0;
	more = read.next.size > 0;
	free(walk->cursor);
	walk->cursor = more ? memory_copy(read.next.data, read.next.size) : NULL;
	walk->asked.cursor = (struct str){ walk->cursor, read.next.size };
	assert_true(!more || read.items_count == walk->asked.limit);
	assert_true(++walk->pages < PAGES_MAX);
	arena_release(&arena);
	buf_release(&json);
	return more;
}

static void
check_walk(const struct asked *asked)
{
	const struct row *rows[4 * ROWS];
	struct walk walk = { .asked = *asked };
	struct arena arena;
	size_t count;

	while (walk_on(&walk))
		;
	arena_init(&arena, 1 << 20);
	count = expect(parse(&arena, asked), false, rows);
	arena_release(&arena);
	count = count > asked->offset ? count - asked->offset : 0;
	if (walk.ids_count != count)
		fail_msg("sort=%s filter=%s limit=%u: %zu rows, not %zu", asked->sort, asked->filter,
		    asked->limit, walk.ids_count, count);
	for (size_t i = 0; i < count; i++)
		if (!value_equal(&walk.ids[i], &rows[i + asked->offset]->values[COLUMN_ID]))
			fail_msg("sort=%s filter=%s limit=%u: row %zu is another", asked->sort,
			    asked->filter, asked->limit, i);
}

static const char *const sort_names[] = { "id", "created", "updated", "name", "votes", "size", "level",
	"done", "seen", "topic", "code", "topic.title", "topic.level", "topic.id" };

static const char *const filters[] = { "", "", "true", "shown == true", "votes > 0 || name == null",
	"level == 'alpha'", "level != 'zero' && size <= 1", "owner == 'ann'", "!(done == true)",
	"size == 1", "code == 'none'", "size in [0, 2] && seen != null", "1 == 2" };

static const struct identity *const callers[] = { &identity_guest, &ann, &bob };

static void
check_sort(const char *sort)
{
	struct asked asked = {
		.sort = sort,
		.filter = filters[roll(COUNT(filters))],
		.identity = callers[roll(COUNT(callers))],
		.limit = 1 + roll(7),
	};

	check_walk(&asked);
}

static void
pages_are_one_sort_by_one_key(void **state)
{
	char sort[64];

	(void)state;
	for (size_t i = 0; i < COUNT(sort_names); i++) {
		for (unsigned limit = 1; limit <= 7; limit++) {
			for (unsigned descending = 0; descending < 2; descending++) {
				struct asked asked = { sort, "", callers[limit % 3], limit, 0, { 0 } };

				snprintf(sort, sizeof(sort), "%s%s", descending ? "-" : "", sort_names[i]);
				check_walk(&asked);
				check_sort(sort);
			}
		}
	}
}

static void
pages_are_one_sort_by_two_keys(void **state)
{
	char sort[128];

	(void)state;
	for (size_t i = 0; i < COUNT(sort_names); i++) {
		for (size_t j = 0; j < COUNT(sort_names); j++) {
			for (unsigned way = 0; way < 4 && i != j; way++) {
				snprintf(sort, sizeof(sort), "%s%s,%s%s", way & 1 ? "-" : "",
				    sort_names[i], way & 2 ? "-" : "", sort_names[j]);
				check_sort(sort);
			}
		}
	}
}

static void
pages_are_one_sort_by_many_keys(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 300; n++) {
		char sort[256] = "";
		unsigned used = 0, wanted = 3 + roll(6), size = 0;

		for (unsigned keys = 0; keys < wanted;) {
			unsigned at = roll(COUNT(sort_names));

			if ((used >> at & 1) != 0)
				continue;
			used |= 1u << at;
			size += (unsigned)snprintf(sort + size, sizeof(sort) - size, "%s%s%s",
			    keys++ == 0 ? "" : ",", roll(2) ? "-" : "", sort_names[at]);
		}
		check_sort(sort);
	}
}

static void
a_walk_may_begin_at_an_offset(void **state)
{
	(void)state;
	for (unsigned offset = 1; offset < ROWS + 3; offset += 7) {
		struct asked asked = { "-votes,name", "", &ann, 5, offset, { 0 } };

		check_walk(&asked);
	}
}

static struct value *
find_id(struct walk *walk, const struct value *id)
{
	for (size_t i = 0; i < walk->ids_count; i++)
		if (value_equal(&walk->ids[i], id))
			return &walk->ids[i];
	return NULL;
}

/* Insert or delete rows that are not ours. */
static void
disturb(void)
{
	if (world.rows_count < COUNT(world.rows))
		add_row(false);
	for (size_t i = 0; i < 3; i++) {
		struct row *row = &world.rows[roll((unsigned)world.rows_count)];

		if (row->exists && !row->is_ours)
			delete_row(row);
	}
}

static void
check_disturbed_walk(const struct asked *asked)
{
	const struct row *rows[4 * ROWS];
	struct walk walk = { .asked = *asked };
	struct value *at = walk.ids;
	struct arena arena;
	size_t count;

	while (walk_on(&walk))
		disturb();
	arena_init(&arena, 1 << 20);
	count = expect(parse(&arena, asked), true, rows);
	arena_release(&arena);
	for (size_t i = 0; i < count; i++) {
		struct value *found = find_id(&walk, &rows[i]->values[COLUMN_ID]);

		if (found == NULL || found < at)
			fail_msg("sort=%s: row %zu is lost or out of order", asked->sort, i);
		at = found;
	}
	for (size_t i = 0; i < walk.ids_count; i++)
		assert_ptr_equal(find_id(&walk, &walk.ids[i]), &walk.ids[i]);
}

static void
others_lose_and_repeat_nothing(void **state)
{
	static const char *const sorts[] = { "id", "-votes", "name", "level,-created", "-topic.title,name",
		"-seen,votes", "size", "-level,-done,seen" };

	(void)state;
	for (size_t i = 0; i < COUNT(sorts); i++) {
		struct asked asked = { sorts[i], "", &ann, 1 + roll(4), 0, { 0 } };

		check_disturbed_walk(&asked);
		for (size_t j = 0; j < world.rows_count; j++)
			if (world.rows[j].exists && !world.rows[j].is_ours)
				delete_row(&world.rows[j]);
		world.rows_count = ROWS;
	}
}

static void
the_hash_follows_what_is_seen(void **state)
{
	struct asked asked = { "name", "", &ann, 50, 0, { 0 } };
	struct list_read read = { 0 };
	struct sql_text sql;
	struct arena arena;
	struct buf json;
	uint64_t before;

	(void)state;
	buf_init(&json, 1 << 20);
	arena_init(&arena, 1 << 20);
	read.json = &json;
	ask(parse(&arena, &asked), &read);
	before = read.hash;
	ask(parse(&arena, &asked), &read);
	assert_true(read.hash == before && read.version > 0);
	sql_init(&sql, store_dialect(world.store));
	sql_addf(&sql, "UPDATE \"items\" SET \"_version\" = %v WHERE \"id\" = (SELECT \"id\" FROM"
		       " \"items\" WHERE \"name\" IS NULL AND \"shown\" ORDER BY \"id\" LIMIT 1)",
	    value_int(5000));
	run(&sql);
	ask(parse(&arena, &asked), &read);
	assert_true(read.hash != before);
	assert_int_equal(read.version, 5000);
	arena_release(&arena);
	buf_release(&json);
}

/* --- what a page costs ----------------------------------------------- */

enum { STEPS_ROWS = 20000, PAGE = 20 };

static enum err
fill_steps(struct tx *tx, void *arg)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %v)"
	    " INSERT INTO \"steps\" (\"id\", \"created\", \"updated\", \"_version\", \"name\", \"votes\")"
	    " SELECT i, 0, 0, 1, 'name', CASE i / 10 * 10 WHEN i THEN NULL ELSE i * 7919 & 1023 END FROM n",
	    value_int(*(int64_t *)arg));
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

static struct list_query
steps_query(struct arena *arena, const char *sort)
{
	struct url_parameter parameters[] = { { STR("sort"), str_from(sort) } };
	const struct list_query *query;
	struct list_problem problem;

	assert_true(list_parse(arena, &world.rules, app_collection(world.app, STR("steps")),
	    &identity_guest, parameters, 1, STR("secret"), &query, &problem));
	assert_int_equal(list_weight(query), STORE_LIGHT);
	return *query;
}

static int64_t
steps_of(const struct list_query *query, struct buf *json)
{
	struct list_read read = { .json = json };

	steps = 0;
	ask(query, &read);
	assert_int_equal(read.items_count, PAGE);
	return steps;
}

/* The values of the row at ${place} of the order, by the engine's own counting. */
struct place {
	const char *order;
	int64_t at;
	struct value votes, id;
};

static enum err
find_place(struct tx *tx, void *arg)
{
	struct place *place = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT \"votes\", \"id\" FROM \"steps\" ORDER BY ");
	sql_add(&sql, place->order);
	sql_addf(&sql, " LIMIT 1 OFFSET %v", value_int(place->at));
	err = tx_query(tx, &sql, &rows);
	assert_true(tx_next(&rows));
	place->votes = tx_value(&rows, 0, VALUE_INT);
	place->id = tx_value(&rows, 1, VALUE_INT);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
check_cost(const char *sort, const char *order, int64_t rows)
{
	struct arena arena;
	struct buf json;
	struct list_query query;
	int64_t first;

	buf_init(&json, 1 << 20);
	arena_init(&arena, 1 << 20);
	query = steps_query(&arena, sort);
	first = steps_of(&query, &json);
	for (int64_t part = 1; part < 40; part++) {
		struct place place = { .order = order, .at = (rows - 2 * PAGE) * part / 39 };
		struct store_call call = { .body = find_place, .arg = &place };

		assert_int_equal(store_read_blocking(world.store, &call), OK);
		query.has_cursor = true;
		query.after[0] = query.keys_count == 1 ? place.id : place.votes;
		query.after[1] = place.id;
		if (steps_of(&query, &json) > 2 * first)
			fail_msg("sort=%s: the page at %lld costs %lld steps, the first %lld", sort,
			    (long long)place.at, (long long)steps, (long long)first);
	}
	arena_release(&arena);
	buf_release(&json);
}

static void
the_last_page_costs_what_the_first_costs(void **state)
{
	const char *asked = getenv("CAISSON_WALK_ROWS");
	int64_t rows = asked == NULL ? STEPS_ROWS : strtoll(asked, NULL, 10);
	struct store_call call = { .body = fill_steps, .arg = &rows };

	(void)state;
	if (!world.is_sqlite)
		skip();
	limits[LIMIT_body_budget].value = limits[LIMIT_alone_budget].value = 60000;
	limits[LIMIT_alone_rows].value = INT64_MAX;
	assert_int_equal(store_write_blocking(world.store, &call), OK);
	check_cost("id", "\"id\"", rows);
	check_cost("-id", "\"id\" DESC", rows);
	check_cost("votes", "\"votes\", \"id\"", rows);
	check_cost("-votes", "\"votes\" DESC, \"id\" DESC", rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_one_sort_by_one_key),
		cmocka_unit_test(pages_are_one_sort_by_two_keys),
		cmocka_unit_test(pages_are_one_sort_by_many_keys),
		cmocka_unit_test(a_walk_may_begin_at_an_offset),
		cmocka_unit_test(others_lose_and_repeat_nothing),
		cmocka_unit_test(the_hash_follows_what_is_seen),
		cmocka_unit_test(the_last_page_costs_what_the_first_costs),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
