/*
 * Groups of unlike calls, drawn from a seed, against a plain model in which
 * each call runs alone, in order: answers, numbers, rows and log are equal.
 *
 * One thing is known of groups: a full disk refuses all that stood in the group
 * of the call that met it.
 *
 * Arguments: [SEEDS [FIRST_SEED]]
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/test_random.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/shim_vfs.h"
#include "store/store_fixture.h"

static const char app_text[] = "app: groups\n"
			       "database: sqlite:data/test.db\n"
			       "collections:\n"
			       "  boxes:\n"
			       "    id: int\n"
			       "    fields:\n"
			       "      n: { type: int }\n"
			       "  items:\n"
			       "    id: int\n"
			       "    fields:\n"
			       "      slug: { type: int, required: true, unique: true }\n"
			       "      box: { type: ref, to: boxes, on_delete: cascade }\n"
			       "      shelf: { type: ref, to: boxes, on_delete: set_null }\n"
			       "      n: { type: int, required: true, default: 0 }\n"
			       "  sand:\n"
			       "    id: int\n"
			       "    fields:\n"
			       "      n: { type: int, required: true, default: 0 }\n";

enum { BOXES = 6, ITEMS = 24, SAND_ROWS = 200, OPS_MAX = 24, LOG_MAX = 4096 };

enum kind {
	PUT_BOX,      /* by id */
	REMOVE_BOX,   /* its items go too, or lose their shelf */
	PUT_ITEM,     /* unique violation, foreign key, or fine */
	ADD,	      /* n + 1, or nothing to do */
	LOOSE,	      /* a deferred key left open */
	LOOSE_MENDED, /* and closed again */
	COSTLY_ONCE,  /* interrupted in mid-UPDATE, not when alone */
	COSTLY,	      /* always */
	COSTLY_READ,  /* interrupted in a SELECT; not when alone */
	FULL,	      /* the disk is, at the k-th page of a large body */
	DENIED,	      /* a rule says no when the row stands */
	SWALLOWED,    /* as COSTLY, and the body makes a not-found of it */
	KINDS,
};

enum hook { HOOK_NONE, HOOK_STORE, HOOK_DONE, HOOK_REFUSE, HOOK_UNDO, HOOKS };

struct op {
	enum kind kind;
	enum hook hook;
	int id, box, shelf, note;
	int skip; /* FULL */
	bool dry_run, canceled, late;
	/* Run. */
	struct fixture_call call;
	/* Expected. */
	enum err err;
	int64_t number;
};

/* --- the model --------------------------------------------------------- */

struct item {
	bool there;
	int box, shelf; /* 0 for none */
	int64_t n, version;
};

struct model {
	bool boxes[BOXES + 1];
	int64_t box_versions[BOXES + 1];
	struct item items[ITEMS + 1];
	int64_t sand, sand_version;
	int64_t notes, notes_sum;
	int64_t number; /* the last */
	char log[LOG_MAX][48];
	size_t log_count;
};

static void
log_line(struct model *model, const char *collection, int id, const char *op)
{
	if (model->log_count < LOG_MAX)
		snprintf(model->log[model->log_count++], sizeof(model->log[0]), "%lld %s %d %s\n",
		    (long long)model->number + 1, collection, id, op);
}

static enum err
model_put_box(struct model *model, const struct op *op)
{
	if (model->boxes[op->id])
		return ERR_CONFLICT;
	model->boxes[op->id] = true;
	model->box_versions[op->id] = model->number + 1;
	log_line(model, "boxes", op->id, "create");
	return OK;
}

static enum err
model_remove_box(struct model *model, const struct op *op)
{
	if (!model->boxes[op->id])
		return OK;
	model->boxes[op->id] = false;
	log_line(model, "boxes", op->id, "delete");
	for (int i = 1; i <= ITEMS; i++) {
		struct item *item = &model->items[i];

		if (item->there && item->box == op->id) {
			item->there = false;
			log_line(model, "items", i, "delete");
		} else if (item->there && item->shelf == op->id) {
			item->shelf = 0;
			item->version = model->number + 1;
			log_line(model, "items", i, "update");
		}
	}
	return OK;
}

static enum err
model_put_item(struct model *model, const struct op *op)
{
	struct item *item = &model->items[op->id];

	if (item->there || (op->box != 0 && !model->boxes[op->box]) ||
	    (op->shelf != 0 && !model->boxes[op->shelf]))
		return ERR_CONFLICT;
	*item = (struct item){ true, op->box, op->shelf, 0, model->number + 1 };
	log_line(model, "items", op->id, "create");
	return OK;
}

static enum err
model_add(struct model *model, const struct op *op)
{
	struct item *item = &model->items[op->id];

	if (!item->there)
		return OK;
	item->n++;
	item->version = model->number + 1;
	log_line(model, "items", op->id, "update");
	return OK;
}

static enum err
model_sand(struct model *model)
{
	model->sand++;
	model->sand_version = model->number + 1;
	for (int i = 1; i <= SAND_ROWS; i++)
		log_line(model, "sand", i, "update");
	return OK;
}

static enum err
model_body(struct model *model, const struct op *op)
{
	switch (op->kind) {
	case PUT_BOX:
		return model_put_box(model, op);
	case REMOVE_BOX:
		return model_remove_box(model, op);
	case PUT_ITEM:
		return model_put_item(model, op);
	case ADD:
	case COSTLY_READ:
		return model_add(model, op);
	case COSTLY_ONCE:
		return model_sand(model);
	case LOOSE:
		return ERR_CONFLICT;
	case COSTLY:
	case SWALLOWED:
		return ERR_TOO_COSTLY;
	case DENIED:
		return ERR_FORBIDDEN;
	default:
		return OK;
	}
}

static void
note(struct model *model, const struct op *op)
{
	model->notes++;
	model->notes_sum += op->note;
}

/* All or nothing, then the hook. */
static void
model_call(struct model *model, struct op *op)
{
	static struct model before;

	op->number = 0;
	op->err = op->canceled ? ERR_CANCELED : op->late ? ERR_OVERLOADED : OK;
	if (op->err != OK)
		return;
	before = *model;
	if (op->hook == HOOK_REFUSE) {
		op->err = ERR_KEY_REUSED;
		return;
	}
	if (op->hook != HOOK_DONE)
		op->err = model_body(model, op);
	if (op->err == OK && op->hook == HOOK_UNDO)
		op->err = ERR_TOO_LARGE;
	if (op->err == OK && !op->dry_run) {
		if (model->log_count > before.log_count)
			op->number = ++model->number;
	} else {
		*model = before;
	}
	if ((op->hook == HOOK_STORE || op->hook == HOOK_DONE) && op->err != ERR_TOO_COSTLY && !op->dry_run)
		note(model, op);
	if (op->hook == HOOK_UNDO && op->err != ERR_TOO_COSTLY)
		op->err = ERR_TOO_LARGE;
}

static bool
runs_body(const struct op *op)
{
	return !op->canceled && !op->late && op->hook != HOOK_REFUSE && op->hook != HOOK_DONE;
}

/* Interrupted, it ends its group, and runs alone behind it. */
static bool
ends_group(const struct op *op)
{
	return runs_body(op) && (op->kind == COSTLY || op->kind == COSTLY_ONCE ||
				    op->kind == COSTLY_READ || op->kind == SWALLOWED);
}

/* The disk is full: of the calls from ${from} to ${at} nothing is there. */
static void
model_full(struct op *ops, size_t from, size_t at)
{
	for (size_t i = from; i <= at; i++) {
		ops[i].number = 0;
		ops[i].err = ERR_STORE_FULL;
	}
}

static void
model_all(struct model *model, struct op *ops, size_t count)
{
	static struct model group_began;
	size_t group = 0;

	group_began = *model;
	for (size_t at = 0; at < count; at++) {
		bool is_full = ops[at].kind == FULL && runs_body(&ops[at]);

		if (is_full) {
			*model = group_began;
			model_full(ops, group, at);
		} else {
			model_call(model, &ops[at]);
		}
		if (is_full || ends_group(&ops[at])) {
			group = at + 1;
			group_began = *model;
		}
	}
}

/* --- the store --------------------------------------------------------- */

static struct value
reference(int id)
{
	return id == 0 ? value_null() : value_int(id);
}

/* One statement; each ? is the next of ${values}. */
static enum err
run(struct tx *tx, const char *text, const struct value *values)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, SQL_SQLITE);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '?')
			sql_param(&sql, *values++);
		else
			buf_add_byte(&sql.text, *at);
	}
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

#define RUN(tx, text, ...) run(tx, text, (const struct value[]){ __VA_ARGS__, value_null() })

static enum err
put_item(struct tx *tx, const struct op *op)
{
	return RUN(tx,
	    "INSERT INTO items (id, created, updated, _version, slug, box, shelf) VALUES (?, 0, 0, ?, ?, ?, ?)",
	    value_int(op->id), value_int(tx->number), value_int(op->id), reference(op->box),
	    reference(op->shelf));
}

static enum err
add(struct tx *tx, const struct op *op)
{
	return RUN(tx, "UPDATE items SET n = n + 1, _version = ? WHERE id = ?", value_int(tx->number),
	    value_int(op->id));
}

/* From now on the budget is spent: the next statement that is long enough is interrupted. */
static void
spend_budget(struct tx *tx)
{
	CONTAINER(tx, struct sqlite_tx, tx)->connection->budget_end_us = 1;
}

static enum err
move_sand(struct tx *tx)
{
	return RUN(tx, "UPDATE sand SET n = n + 1, _version = ?", value_int(tx->number));
}

static enum err
read_long(struct tx *tx)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, SQL_SQLITE);
	sql_add(&sql, "SELECT count(*) FROM sand a, sand b");
	err = tx_query(tx, &sql, &rows);
	if (err == OK)
		(void)tx_next(&rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
limit_pages(sqlite3 *db, int more)
{
	char text[64] = "PRAGMA max_page_count=1000000000";
	sqlite3_stmt *statement;

	if (more >= 0 && sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &statement, NULL) == SQLITE_OK) {
		(void)sqlite3_step(statement);
		snprintf(text, sizeof(text), "PRAGMA max_page_count=%d", sqlite3_column_int(statement, 0) + more);
		sqlite3_finalize(statement);
	}
	sqlite3_exec(db, text, NULL, NULL, NULL);
}

/* The disk is full at the k-th page that the file would grow by. */
static enum err
fill_disk(struct tx *tx, const struct op *op)
{
	sqlite3 *db = CONTAINER(tx, struct sqlite_tx, tx)->connection->db;
	enum err err = OK;

	limit_pages(db, op->skip);
	for (int i = 0; err == OK && i < 400; i++)
		err = run(tx, "INSERT INTO heap (bytes) VALUES (randomblob(3000))", NULL);
	limit_pages(db, -1);
	return err;
}

static enum err
body(struct tx *tx, void *arg)
{
	struct op *op = arg;
	enum err err;

	switch (op->kind) {
	case PUT_BOX:
		return RUN(tx, "INSERT INTO boxes (id, created, updated, _version) VALUES (?, 0, 0, ?)",
		    value_int(op->id), value_int(tx->number));
	case REMOVE_BOX:
		return RUN(tx, "DELETE FROM boxes WHERE id = ?", value_int(op->id));
	case PUT_ITEM:
		return put_item(tx, op);
	case ADD:
		return add(tx, op);
	case LOOSE:
		return RUN(tx, "INSERT INTO loose (box) VALUES (?)", value_int(BOXES + 1));
	case LOOSE_MENDED:
		err = RUN(tx, "INSERT INTO loose (box) VALUES (?)", value_int(BOXES + 1));
		return err != OK ? err : run(tx, "DELETE FROM loose WHERE box > 0", NULL);
	case COSTLY_ONCE:
		if (!op->call.call.alone)
			spend_budget(tx);
		return move_sand(tx);
	case COSTLY_READ:
		err = add(tx, op);
		if (!op->call.call.alone)
			spend_budget(tx);
		return err != OK ? err : read_long(tx);
	case COSTLY:
		spend_budget(tx);
		return move_sand(tx);
	case SWALLOWED:
		spend_budget(tx);
		(void)move_sand(tx);
		(void)put_item(tx, op); /* would commit by itself */
		return ERR_NOT_FOUND;
	case FULL:
		return fill_disk(tx, op);
	case DENIED:
		err = run(tx, "UPDATE sand SET n = n + 1000 WHERE id < 5", NULL);
		return err != OK ? err : ERR_FORBIDDEN;
	default:
		return ERR_INTERNAL;
	}
}

static enum err
put_note(struct tx *tx, const struct op *op)
{
	return RUN(tx, "INSERT INTO notes (id) VALUES (?)", value_int(op->note));
}

static enum err
before(struct tx *tx, void *arg, bool *ret_done)
{
	struct op *op = arg;

	if (op->hook == HOOK_DONE || op->hook == HOOK_REFUSE)
		(void)put_note(tx, op);
	*ret_done = op->hook == HOOK_DONE;
	return op->hook == HOOK_REFUSE ? ERR_KEY_REUSED : OK;
}

static enum err
after(struct tx *tx, void *arg, enum err body_err)
{
	struct op *op = arg;
	enum err err = put_note(tx, op);

	(void)body_err;
	return op->hook == HOOK_UNDO ? ERR_TOO_LARGE : err;
}

/* --- a seed ------------------------------------------------------------ */

static struct op
draw(uint64_t *random)
{
	static int drawn;
	struct op op = {
		.kind = (enum kind)test_random_below(random, KINDS),
		.hook = (enum hook)(test_random_below(random, 3) > 0 ? HOOK_NONE :
								      test_random_below(random, HOOKS)),
		.note = ++drawn,
		.skip = (int)test_random_below(random, 8),
		.box = (int)test_random_below(random, BOXES + 1),
		.shelf = test_random_below(random, 2) ? (int)test_random_below(random, BOXES + 1) : 0,
		.dry_run = test_random_below(random, 8) == 0,
		.canceled = test_random_below(random, 24) == 0,
		.late = test_random_below(random, 24) == 0,
	};

	/* The rare ones are rarer, or no group would ever hold many calls. */
	if (op.kind > ADD && test_random_below(random, 2))
		op.kind = (enum kind)test_random_below(random, ADD + 1);
	op.id = 1 + (int)test_random_below(random, op.kind == PUT_BOX || op.kind == REMOVE_BOX ? BOXES : ITEMS);
	return op;
}

static void
start(struct fixture *fixture, struct op *op)
{
	op->call.call = (struct store_call){ .body = body, .arg = op, .dry_run = op->dry_run };
	if (op->hook != HOOK_NONE) {
		op->call.call.before = before;
		op->call.call.after = after;
	}
	atomic_store(&op->call.call.canceled, op->canceled);
	op->call.call.deadline_us = op->late ? 1 : 0;
	fixture_start(fixture, &op->call);
}

static char *
state_of_store(struct fixture *fixture)
{
	return fixture_text(fixture,
	    "SELECT 'box ' || id || ' ' || _version FROM boxes UNION ALL"
	    " SELECT 'item ' || id || ' ' || coalesce(box, 0) || ' ' || coalesce(shelf, 0) || ' ' || n || ' ' ||"
	    "  _version FROM items UNION ALL"
	    " SELECT 'sand ' || min(n) || ' ' || max(n) || ' ' || max(_version) FROM sand UNION ALL"
	    " SELECT 'notes ' || count(*) || ' ' || coalesce(sum(id), 0) FROM notes UNION ALL"
	    " SELECT 'loose' FROM loose UNION ALL SELECT 'heap' FROM heap UNION ALL"
	    " SELECT 'last ' || max(seq) || ' ' || count(*) FROM caisson_commits ORDER BY 1",
	    1);
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
sorted(struct buf *text)
{
	char *lines[BOXES + ITEMS + 8], *at = text->data, *whole;
	size_t count = 0, size = 0;

	buf_add_byte(text, '\0');
	for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		*end = '\0';
		lines[count++] = at;
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	whole = calloc(1, text->size + 1);
	for (size_t i = 0; i < count; i++)
		size += (size_t)sprintf(whole + size, "%s\n", lines[i]);
	buf_release(text);
	return whole;
}

static char *
state_of_model(const struct model *model)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 1; i <= BOXES; i++)
		if (model->boxes[i])
			buf_addf(&text, "box %d %lld\n", i, (long long)model->box_versions[i]);
	for (int i = 1; i <= ITEMS; i++)
		if (model->items[i].there)
			buf_addf(&text, "item %d %d %d %lld %lld\n", i, model->items[i].box,
			    model->items[i].shelf, (long long)model->items[i].n,
			    (long long)model->items[i].version);
	buf_addf(&text, "sand %lld %lld %lld\n", (long long)model->sand, (long long)model->sand,
	    (long long)model->sand_version);
	buf_addf(&text, "notes %lld %lld\n", (long long)model->notes, (long long)model->notes_sum);
	buf_addf(&text, "last %lld %lld\n", (long long)model->number, (long long)model->number);
	return sorted(&text);
}

static void
print_difference(const char *found, const char *expected)
{
	size_t same = 0;

	while (found[same] == expected[same] && found[same] != '\0')
		same++;
	if (found[same] != expected[same])
		print_message("from here on: %.80s\nbut expected: %.80s\n", found + same, expected + same);
}

static void
check_state(struct fixture *fixture, const struct model *model)
{
	char *expected = state_of_model(model), *found = state_of_store(fixture);

	print_difference(found, expected);
	assert_string_equal(found, expected);
	free(expected);
	free(found);
	assert_int_equal(store_last_number(fixture->store), model->number);
}

/* The log since ${since}, by number, collection, record. */
static void
check_log(struct fixture *fixture, struct model *model, int64_t since)
{
	char query[256], *found, *expected = calloc(LOG_MAX, sizeof(model->log[0])), *line;
	size_t lines = 0;

	for (size_t i = 0; i < model->log_count; i++)
		strcat(expected, model->log[i]);
	snprintf(query, sizeof(query),
	    "SELECT seq, collection, record, op FROM caisson_changes WHERE seq > %lld ORDER BY seq, collection, record",
	    (long long)since);
	found = fixture_text(fixture, query, 4);
	for (line = found; (line = strchr(line, '\n')) != NULL; line++)
		lines++;
	assert_int_equal(lines, model->log_count);
	assert_string_equal(found, expected);
	free(found);
	free(expected);
}

struct tally {
	int64_t calls, kinds[KINDS], errors[ERR_COUNT];
};

static void
run_seed(struct fixture *fixture, struct model *model, uint64_t seed, struct tally *tally)
{
	struct op ops[OPS_MAX];
	uint64_t random = seed;
	size_t count = 1 + test_random_below(&random, OPS_MAX);
	int64_t since = model->number;

	for (size_t i = 0; i < count; i++)
		ops[i] = draw(&random);
	fixture_hold(fixture);
	for (size_t i = 0; i < count; i++)
		start(fixture, &ops[i]);
	(void)fixture_let_go(fixture);
	for (size_t i = 0; i < count; i++)
		(void)fixture_wait(&ops[i].call);
	model->log_count = 0;
	model_all(model, ops, count);
	for (size_t i = 0; i < count; i++) {
		struct store_call *call = &ops[i].call.call;

		tally->calls++;
		tally->kinds[ops[i].kind]++;
		tally->errors[call->err]++;
		if (call->err != ops[i].err || call->number != ops[i].number)
			print_message("seed %llu, call %zu, kind %d, hook %d\n", (unsigned long long)seed,
			    i, (int)ops[i].kind, (int)ops[i].hook);
		assert_int_equal(call->err, ops[i].err);
		assert_int_equal(call->number, ops[i].number);
	}
	check_state(fixture, model);
	check_log(fixture, model, since);
}

/* --- the test ---------------------------------------------------------- */

static uint64_t seeds = 1000, first_seed = 1;

static void
prepare(struct fixture *fixture, struct model *model)
{
	static const char *const statements[] = {
		"CREATE TABLE loose (box INTEGER REFERENCES boxes (id) DEFERRABLE INITIALLY DEFERRED)",
		"CREATE TABLE heap (bytes BLOB)",
		"CREATE TABLE notes (id INTEGER PRIMARY KEY)",
		("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200)"
		 " INSERT INTO sand (id, created, updated, _version) SELECT x, 0, 0, 1 FROM c"),
	};

	fixture_open(fixture, app_text);
	for (size_t i = 0; i < COUNT(statements); i++)
		assert_int_equal(fixture_write(fixture, statements[i]), OK);
	*model = (struct model){ .number = 1, .sand_version = 1 };
}

static void
test_each_alone_in_order(void **state)
{
	static struct model model;
	struct fixture fixture, after;
	struct tally tally = { 0 };

	(void)state;
	prepare(&fixture, &model);
	for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
		run_seed(&fixture, &model, seed, &tally);
		if (seed % 25 == 0) {
			fixture_crash(&fixture, &after);
			check_state(&after, &model);
			fixture_close(&after);
		}
	}
	assert_true(fixture_is_whole(&fixture));
	fixture_reopen(&fixture);
	check_state(&fixture, &model);
	fixture_close(&fixture);
	print_message("%llu groups of %lld calls:", (unsigned long long)seeds, (long long)tally.calls);
	for (int err = 0; err < ERR_COUNT; err++)
		if (tally.errors[err] > 0)
			print_message(" %lld %s,", (long long)tally.errors[err],
			    err == OK ? "ok" : err_row((enum err)err)->code);
	print_message(" last number %lld\n", (long long)model.number);
}

static int
set_up(void **state)
{
	(void)state;
	shim_install();
	shim_set_syncs(false, 0);
	limits[LIMIT_group_time].value = 60000000;
	limits[LIMIT_body_budget].value = 60000;
	limits[LIMIT_alone_budget].value = 60000;
	limits[LIMIT_sqlite_cache].value = 64;
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_alone_in_order),
	};

	if (argc > 1)
		seeds = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
