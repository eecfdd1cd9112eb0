#include "store/migrate/edited.h"

#include "app/names.h"
#include "app/shape.h"
#include "sql/catalogue.h"

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
		buf_add_c(ret_detail, ", and would lose the value: if that is meant, say --allow-loss");
	}
	buf_release(&query);
	buf_release(&ids);
	return err;
}

/* The folded form beside a text is what `unique` looks at. */
static enum err
find_folded(struct migration *migration, const struct collection *collection, struct buf *ret_detail)
{
	char name[INDEX_NAME_SIZE];
	struct sql_text sql;
	struct tx_rows rows;
	enum err err = OK;

	for (size_t i = COLUMN_FIELDS; i < collection->columns_count && err == OK; i++) {
		const struct field *field = &collection->columns[i];

		if (!field->fold)
			continue;
		sql_init(&sql, migration->engine->dialect);
		sql_addf(&sql, "SELECT 1 FROM %n WHERE %n IS NOT NULL AND %n IS NULL LIMIT 1", collection->name,
		    field->name, fold_name(field, name));
		err = tx_query(migration->tx, &sql, &rows);
		if (err == OK && tx_next(&rows)) {
			err = ERR_CONFLICT;
			buf_addf(ret_detail,
			    "when the edited SQL has run, a record of %.*s has a %.*s without its folded form: give"
			    " caisson_fold() the same value",
			    STR_ARGS(collection->name), STR_ARGS(field->name));
		}
		err = tx_close(&rows, err);
		sql_release(&sql);
	}
	return err;
}

/* Nothing is read: the engine says whether there are such columns. */
static enum err
find_columns(struct migration *migration, const struct collection *collection, struct buf *ret_detail)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, migration->engine->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, collection);
	sql_addf(&sql, " FROM %n AS t LIMIT 0", collection->name);
	err = tx_query(migration->tx, &sql, &rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	if (err == OK)
		return find_folded(migration, collection, ret_detail);
	buf_addf(ret_detail, "when the edited SQL has run, %.*s has not the columns that the app needs",
	    STR_ARGS(collection->name));
	return ERR_CONFLICT;
}

static enum err
find_tables(struct migration *migration, const struct migration_plan *plan, struct buf *ret_detail)
{
	struct app *app = plan->is_edited ? shape_read(plan->shape) : NULL;
	enum err err = OK;

	for (size_t i = 0; app != NULL && i < app->collections_count && err == OK; i++)
		err = find_columns(migration, &app->collections[i], ret_detail);
	app_free(app);
	return err;
}

enum err
edited_find_left(struct migration *migration, const struct migration_plan *plan, bool allow_loss,
    struct buf *ret_detail)
{
	enum err err = find_tables(migration, plan, ret_detail);

	for (size_t i = 0; i < plan->steps_count && err == OK; i++)
		if (!allow_loss && is_asked_behind(plan, i))
			err = look_behind(migration, &plan->steps[i], i, ret_detail);
	return err == OK && ret_detail->size > 0 ? ERR_CONFLICT : err;
}
