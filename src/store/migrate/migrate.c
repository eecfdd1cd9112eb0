#include "store/migrate/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "crypto/hash.h"
#include "loop/loop.h"
#include "sql/system.h"
#include "store/meta.h"
#include "store/migrate/convert.h"
#include "store/migrate/edited.h"
#include "store/migrate/engine.h"

enum { MIGRATION_ARENA_SIZE_MAX = 256 << 20 };

static const struct migration_engine *const engines[] = { &sqlite_migration_engine,
	&postgres_migration_engine };

/* --- opening ---------------------------------------------------------- */

enum err
migration_open(const struct store_options *options, enum migration_purpose purpose,
    struct migration **ret, struct buf *ret_detail)
{
	struct migration *migration = NULL;
	enum err err = ERR_BAD_REQUEST;

	for (size_t i = 0; i < COUNT(engines) && migration == NULL; i++) {
		if (!str_starts_with(options->database, str_from(engines[i]->scheme)))
			continue;
		err = engines[i]->open(options, purpose, &migration, ret_detail);
		if (err != OK)
			return err;
	}
	if (migration == NULL) {
		buf_addf(ret_detail, "database: \"%.*s\" is neither sqlite:FOLDER/FILE nor postgres://USER@HOST/NAME",
		    STR_ARGS(options->database));
		return err;
	}
	arena_init(&migration->arena, MIGRATION_ARENA_SIZE_MAX);
	err = migration_read(migration, ret_detail);
	if (err != OK)
		migration_close(migration);
	else
		*ret = migration;
	return err;
}

void
migration_close(struct migration *migration)
{
	if (migration == NULL)
		return;
	free(migration->records);
	arena_release(&migration->arena);
	migration->engine->close(migration);
}

struct str
migration_shape(const struct migration *migration)
{
	return migration->shape;
}

const char *
migration_shape_checksum(const struct migration *migration)
{
	return migration->checksum;
}

enum sql_dialect
migration_dialect(const struct migration *migration)
{
	return migration->engine->dialect;
}

const struct migration_record *
migration_history(const struct migration *migration, size_t *ret_count)
{
	*ret_count = migration->records_count;
	return migration->records;
}

bool
migration_is_behind(const struct migration *migration, const struct app *app)
{
	char checksum[SHA256_HEX_SIZE + 1] = "";
	bool was = false;

	sha256_hex(app->shape, checksum);
	for (size_t i = 0; i < migration->records_count; i++)
		was |= strcmp(migration->records[i].shape, checksum) == 0;
	return was && strcmp(migration->checksum, checksum) != 0;
}

/* --- what the database remembers -------------------------------------- */

static enum err
cannot_read(struct migration *migration, struct buf *ret_detail)
{
	buf_addf(ret_detail, "the database cannot be read: %s", migration->message);
	return ERR_IO;
}

static enum err
read_meta(struct migration *migration, const char *key, struct str *ret)
{
	enum err err = meta_read(migration->tx, key, ret);

	if (ret->data != NULL)
		*ret = arena_str(&migration->arena, *ret); /* the tx's is emptied with it */
	return err;
}

static void
copy_text(char *ret, size_t size, struct str text)
{
	snprintf(ret, size, "%.*s", STR_ARGS(text));
}

static enum err
read_records(struct migration *migration)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	free(migration->records);
	migration->records = NULL;
	migration->records_count = 0;
	sql_init(&sql, migration->engine->dialect);
	sql_add(&sql, "SELECT number, at, name, checksum, shape FROM caisson_migrations ORDER BY number");
	err = tx_query(migration->tx, &sql, &rows);
	while (err == OK && tx_next(&rows) && migration->records_count < MIGRATION_RECORDS_MAX) {
		size_t count = migration->records_count++;
		struct migration_record *record;

		migration->records =
		    memory_resize(migration->records, (count + 1) * sizeof(*migration->records));
		record = &migration->records[count];
		record->number = tx_value(&rows, 0, VALUE_INT).integer;
		record->at_us = tx_value(&rows, 1, VALUE_INT).integer;
		copy_text(record->name, sizeof(record->name), tx_value(&rows, 2, VALUE_TEXT).text);
		copy_text(record->checksum, sizeof(record->checksum),
		    tx_value(&rows, 3, VALUE_TEXT).text);
		copy_text(record->shape, sizeof(record->shape), tx_value(&rows, 4, VALUE_TEXT).text);
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static enum err
read_all(struct migration *migration)
{
	struct str checksum;
	enum err err = read_meta(migration, "shape", &checksum);

	if (err == OK)
		err = read_meta(migration, "shape_text", &migration->shape);
	if (err == OK && migration->shape.data != NULL)
		err = read_records(migration);
	copy_text(migration->checksum, sizeof(migration->checksum), checksum);
	return err;
}

enum err
migration_read(struct migration *migration, struct buf *ret_detail)
{
	enum err err = migration->engine->begin_look(migration);

	if (err == OK)
		err = read_all(migration);
	migration->engine->rollback(migration);
	if (err != OK)
		return cannot_read(migration, ret_detail);
	if (migration->shape.data == NULL) {
		buf_add_c(ret_detail,
		    "the database does not say what it looks like: it was made by an older caisson;"
		    " serve it once with the caisson.yaml that it was made for");
		return ERR_CONFLICT;
	}
	return OK;
}

/* --- a look at the rows ------------------------------------------------ */

/* A UUID comes as its 32 digits from the one engine, as it is written from the other. */
static void
add_id(struct buf *ids, struct str id)
{
	bool is_bare = id.size == 2 * sizeof(struct uuid);

	buf_add_c(ids, ids->size == 0 ? "" : ", ");
	for (size_t i = 0; i < id.size; i++) {
		if (is_bare && (i == 8 || i == 12 || i == 16 || i == 20))
			buf_add_byte(ids, '-');
		buf_add_byte(ids, id.data[i]);
	}
}

enum err
migration_query_rows(struct migration *migration, struct migration_step *step, struct buf *ids)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	step->count = 0;
	buf_clear(ids);
	sql_init(&sql, migration->engine->dialect);
	buf_addf(&sql.text, "SELECT count(*) FROM (%.*s) t", STR_ARGS(step->query));
	err = tx_query(migration->tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		step->count = tx_value(&rows, 0, VALUE_INT).integer;
	err = tx_close(&rows, err);
	if (err == OK && step->count > 0) {
		sql_clear(&sql);
		sql_add(&sql, migration->engine->dialect == SQL_SQLITE
				  ? "SELECT iif(typeof(\"id\") = 'blob', lower(hex(\"id\")), \"id\")"
				  : "SELECT \"id\"::text");
		buf_addf(&sql.text, " FROM (%.*s) t ORDER BY \"id\" LIMIT %d",
		    STR_ARGS(step->query), MIGRATION_IDS_SHOWN);
		err = tx_query(migration->tx, &sql, &rows);
		while (err == OK && tx_next(&rows))
			add_id(ids, tx_value(&rows, 0, VALUE_TEXT).text);
		err = tx_close(&rows, err);
	}
	sql_release(&sql);
	return err;
}

static enum err
look(struct migration *migration, struct migration_plan *plan, struct buf *ret_detail)
{
	const char *const *preamble = conversion_preamble(migration->engine->dialect);
	struct buf ids;
	enum err err = OK;

	for (; *preamble != NULL && err == OK && plan->steps_count > 0; preamble++)
		err = migration->engine->run(migration, *preamble);
	buf_init(&ids, 4096);
	for (size_t i = 0; i < plan->steps_count && err == OK; i++) {
		struct migration_step *step = &plan->steps[i];

		if (step->query.data == NULL)
			continue;
		err = migration_query_rows(migration, step, &ids);
		step->ids = arena_str(&plan->arena, buf_str(&ids));
		if (err != OK)
			buf_addf(ret_detail, "%.*s: its rows cannot be looked at: %s",
			    STR_ARGS(step->what), migration->message);
	}
	buf_release(&ids);
	return err;
}

enum err
migration_look(struct migration *migration, struct migration_plan *plan, struct buf *ret_detail)
{
	enum err err = migration->engine->begin_look(migration);

	if (err != OK)
		return cannot_read(migration, ret_detail);
	err = look(migration, plan, ret_detail);
	migration->engine->rollback(migration);
	return err;
}

static int64_t
count_rows(const struct migration_plan *plan, unsigned risk)
{
	int64_t count = 0;

	for (size_t i = 0; i < plan->steps_count; i++)
		if ((plan->steps[i].risks & risk) != 0 && plan->steps[i].count > 0)
			count += plan->steps[i].count;
	return count;
}

int64_t
migration_plan_misfits(const struct migration_plan *plan)
{
	return plan->is_edited ? 0 : count_rows(plan, MIGRATION_CHECK);
}

int64_t
migration_plan_losses(const struct migration_plan *plan)
{
	return count_rows(plan, MIGRATION_LOSS);
}

/* --- the change -------------------------------------------------------- */

static enum err
run_sql(struct migration *migration, struct sql_text *sql)
{
	enum err err = tx_exec(migration->tx, sql, NULL);

	sql_clear(sql);
	return err;
}

/* Nobody goes on over it: the log begins behind the migration's own number, and records look as they do since then. */
static enum err
cut_log(struct migration *migration, struct sql_text *sql)
{
	enum err err;

	buf_addf(&sql->text,
	    "INSERT INTO caisson_commits (seq, at, actor) SELECT %s, %lld, 'migration'",
	    migration->engine->number, (long long)clock_now_us());
	err = run_sql(migration, sql);
	if (err != OK)
		return err;
	sql_add(sql, "DELETE FROM caisson_changes");
	err = run_sql(migration, sql);
	if (err != OK)
		return err;
	sql_add(sql, "INSERT INTO caisson_meta (key, value)"
		     " SELECT key, CAST(seq AS text) FROM (SELECT max(seq) AS seq FROM caisson_commits) AS c,"
		     " (SELECT 'log_start' AS key UNION ALL SELECT 'shape_since') AS k WHERE true"
		     " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
	return run_sql(migration, sql);
}

static enum err
remember(struct migration *migration, const struct migration_plan *plan, const struct migration_run *run)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, migration->engine->dialect);
	err = cut_log(migration, &sql);
	if (err == OK)
		err = meta_write(migration->tx, "shape", plan->to);
	if (err == OK)
		err = meta_write(migration->tx, "shape_text", plan->shape);
	if (err == OK) {
		sql_addf(&sql,
		    "INSERT INTO caisson_migrations (number, at, name, checksum, shape)"
		    " VALUES (%v, %v, %v, %v, %v)",
		    value_int(run->number), value_int(clock_now_us()), value_text(run->name),
		    value_text(str_from(run->checksum)), value_text(plan->to));
		err = run_sql(migration, &sql);
	}
	sql_release(&sql);
	return err;
}

static enum err
refuse_rows(const struct migration_plan *plan, unsigned risk, struct buf *ret_detail)
{
	for (size_t i = 0; i < plan->steps_count; i++) {
		const struct migration_step *step = &plan->steps[i];

		if ((step->risks & risk) == 0 || step->count <= 0)
			continue;
		buf_addf(ret_detail, "%s%.*s: ", ret_detail->size == 0 ? "" : "\n", STR_ARGS(step->what));
		migration_step_write_rows(step, ret_detail);
	}
	return ERR_CONFLICT;
}

static enum err
refuse_plan(struct migration_plan *plan, bool allow_loss, struct buf *ret_detail)
{
	if (migration_plan_misfits(plan) > 0)
		return refuse_rows(plan, MIGRATION_CHECK, ret_detail);
	if (migration_plan_losses(plan) > 0 && !allow_loss)
		return refuse_rows(plan, MIGRATION_LOSS, ret_detail);
	return OK;
}

static enum err
run_statements(struct migration *migration, const struct migration_plan *plan, struct buf *ret_detail)
{
	enum err err = OK;

	for (size_t i = 0; i < plan->statements_count && err == OK; i++) {
		err = migration->engine->run(migration, plan->statements[i].data);
		if (err != OK)
			buf_addf(ret_detail, "%s\nin: %.*s", migration->message,
			    STR_ARGS(plan->statements[i]));
	}
	return err;
}

static enum err
run_in_transaction(struct migration *migration, struct migration_plan *plan,
    const struct migration_run *run, struct buf *ret_detail)
{
	enum err err = read_all(migration);

	if (err != OK)
		return cannot_read(migration, ret_detail);
	if (!str_equal(plan->from, str_from(migration->checksum))) {
		buf_add_c(ret_detail, "the database was changed meanwhile: look at `caisson plan` again");
		return ERR_CONFLICT;
	}
	if (migration->records_count > 0 &&
	    migration->records[migration->records_count - 1].number >= run->number) {
		buf_addf(ret_detail, "change %lld of the database was made meanwhile", (long long)run->number);
		return ERR_CONFLICT;
	}
	err = look(migration, plan, ret_detail);
	if (err == OK)
		err = refuse_plan(plan, run->allow_loss, ret_detail);
	if (err == OK)
		err = edited_note_misfits(migration, plan, ret_detail);
	if (err == OK)
		err = run_statements(migration, plan, ret_detail);
	if (err == OK)
		err = edited_find_left(migration, plan, run->allow_loss, ret_detail);
	if (err == OK && (err = remember(migration, plan, run)) != OK)
		buf_addf(ret_detail, "the database cannot remember it: %s", migration->message);
	if (err == OK)
		err = migration->engine->prove(migration, ret_detail);
	return err;
}

enum err
migration_run(struct migration *migration, struct migration_plan *plan,
    const struct migration_run *run, struct buf *ret_detail)
{
	enum err err = migration->engine->begin(migration, ret_detail);

	if (err != OK)
		return err;
	err = run_in_transaction(migration, plan, run, ret_detail);
	if (err != OK) {
		migration->engine->rollback(migration);
		return err;
	}
	err = migration->engine->commit(migration);
	if (err != OK)
		buf_addf(ret_detail, "COMMIT: %s", migration->message);
	else
		snprintf(migration->checksum, sizeof(migration->checksum), "%.*s", STR_ARGS(plan->to));
	return err;
}

/* --- for development --------------------------------------------------- */

static enum err
look_safely(struct migration *migration, struct migration_plan *plan, struct buf *ret_detail)
{
	enum err err = migration_look(migration, plan, ret_detail);

	return err == OK ? refuse_plan(plan, false, ret_detail) : err;
}

static enum err
apply_plan(struct migration *migration, struct migration_plan *plan, struct buf *ret_done,
    struct buf *ret_detail)
{
	char checksum[SHA256_HEX_SIZE + 1];
	struct migration_run run = { .name = STR("dev"), .checksum = checksum };
	size_t count = migration->records_count;
	enum err err = look_safely(migration, plan, ret_detail);

	if (err != OK)
		return err;
	migration_plan_checksum(plan, checksum);
	run.number = count == 0 ? 1 : migration->records[count - 1].number + 1;
	err = migration_run(migration, plan, &run, ret_detail);
	if (err == OK)
		migration_plan_summary(plan, SIZE_MAX, ret_done);
	return err;
}

/* Who looks is a server, which has to go first: on SQLite it holds the folder, elsewhere its file is the old one. */
static void
say_what_to_run(const struct migration *migration, const struct app *app,
    enum migration_purpose purpose, struct buf *ret_detail)
{
	if (migration_is_behind(migration, app))
		buf_add_c(ret_detail,
		    "\ncaisson.yaml is older than the database, which has been changed since: take the"
		    " newer file, or");
	buf_addf(ret_detail, "\nsee `caisson plan`; then %srun `caisson apply`",
	    purpose == MIGRATION_LOOKS ? "stop the server and " : "");
}

enum err
migration_apply_safe(const struct store_options *options, enum migration_purpose purpose,
    struct buf *ret_done, struct buf *ret_detail)
{
	struct migration *migration;
	struct migration_plan *plan;
	enum err err = migration_open(options, purpose, &migration, ret_detail);

	if (err != OK)
		return err == ERR_NOT_FOUND ? OK : err;
	plan = migration_plan(migration->shape, options->app, migration->engine->dialect);
	if (plan == NULL) {
		buf_add_c(ret_detail, "the database was changed by a newer caisson");
		err = ERR_CONFLICT;
	} else if (plan->steps_count > 0) {
		err = purpose == MIGRATION_LOOKS ? look_safely(migration, plan, ret_detail) :
						   apply_plan(migration, plan, ret_done, ret_detail);
	}
	if (err == ERR_CONFLICT && plan != NULL)
		say_what_to_run(migration, options->app, purpose, ret_detail);
	migration_plan_free(plan);
	migration_close(migration);
	return err;
}
