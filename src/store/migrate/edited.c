#include "store/migrate/edited.h"

enum { EDITED_SQL_SIZE_MAX = 128 << 20, IDS_SIZE_MAX = 4096 };

static enum err
run_buf(struct migration *migration, struct buf *statement)
{
	buf_add_byte(statement, '\0');
	return statement->err != OK ? statement->err : migration->engine->run(migration, statement->data);
}

static bool
is_asked_behind(const struct migration_plan *plan, size_t i)
{
	const struct migration_step *step = &plan->steps[i];

	return plan->is_edited && step->left.data != NULL && step->query.data != NULL && step->count > 0;
}

enum err
edited_note_misfits(struct migration *migration, const struct migration_plan *plan, struct buf *ret_detail)
{
	struct buf statement;
	enum err err = OK;

	buf_init(&statement, EDITED_SQL_SIZE_MAX);
	for (size_t i = 0; i < plan->steps_count && err == OK; i++) {
		if (!is_asked_behind(plan, i))
			continue;
		buf_clear(&statement);
		buf_addf(&statement, "CREATE TEMPORARY TABLE caisson_unfit_%zu AS %.*s", i,
		    STR_ARGS(plan->steps[i].query));
		err = run_buf(migration, &statement);
	}
	buf_release(&statement);
	if (err != OK)
		buf_add_c(ret_detail, migration->message);
	return err;
}

static enum err
look_behind(struct migration *migration, const struct migration_step *step, size_t i, struct buf *ret_detail)
{
	struct migration_step behind = *step;
	struct buf query, ids;
	enum err err;

	buf_init(&query, EDITED_SQL_SIZE_MAX);
	buf_init(&ids, IDS_SIZE_MAX);
	buf_addf(&query, "%.*s AND \"id\" IN (SELECT \"id\" FROM caisson_unfit_%zu)",
	    STR_ARGS(step->left), i);
	behind.query = buf_str(&query);
	err = migration_query_rows(migration, &behind, &ids);
	behind.ids = buf_str(&ids);
	buf_clear(&query);
	buf_addf(&query, "DROP TABLE caisson_unfit_%zu", i);
	if (err == OK)
		err = run_buf(migration, &query);
	if (err != OK) {
		buf_add_c(ret_detail, migration->message);
	} else if (behind.count > 0) {
		buf_addf(ret_detail, "%s%.*s: when the edited SQL has run, ",
		    ret_detail->size == 0 ? "" : "\n", STR_ARGS(step->what));
		migration_step_write_rows(&behind, ret_detail);
		buf_add_c(ret_detail, ", and would lose the value");
	}
	buf_release(&query);
	buf_release(&ids);
	return err;
}

enum err
edited_find_left(struct migration *migration, const struct migration_plan *plan, struct buf *ret_detail)
{
	enum err err = OK;

	for (size_t i = 0; i < plan->steps_count && err == OK; i++)
		if (is_asked_behind(plan, i))
			err = look_behind(migration, &plan->steps[i], i, ret_detail);
	return err == OK && ret_detail->size > 0 ? ERR_CONFLICT : err;
}
