/*
 * Whatever the file says: an app or at least one mistake, never both; mistakes
 * in order, inside the text, in words that no terminal stumbles over; and an
 * app's tables are ones that SQLite takes.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "app/names.h"
#include "codec/utf8.h"
#include "sql/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer where a long quoted text is followed by a mistake. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfyaml";
}

static void
check_mistakes(const struct app_mistakes *mistakes, struct str text)
{
	struct app_position before = { 0 };
	uint32_t lines = 1;

	for (size_t i = 0; i < text.size; i++)
		lines += text.data[i] == '\n';
	for (const struct app_mistake *mistake = mistakes->first; mistake != NULL;
	     mistake = mistake->next) {
		assert(
		    mistake->at.line >= 1 && mistake->at.line <= lines && mistake->at.column >= 1);
		assert(mistake->at.column <= text.size + 1);
		assert(mistake->at.line > before.line ||
		       (mistake->at.line == before.line && mistake->at.column >= before.column));
		before = mistake->at;
		assert(mistake->detail.size > 0);
		assert(utf8_check(mistake->detail) == mistake->detail.size);
		for (size_t i = 0; i < mistake->detail.size; i++)
			assert((unsigned char)mistake->detail.data[i] >= ' ');
	}
}

/* A mistake can stand at each byte of a rule: their places are in order, and in the text. */
static void
check_rule(const struct app_rule *rule, struct str text)
{
	struct app_position before = { 1, 1 };

	if (rule->scalar.written.size == 0)
		return;

	for (size_t i = 0; i <= rule->text.size; i += 1 + rule->text.size / 256) {
		struct app_position at = app_rule_position(rule, i);

		assert(at.line > before.line || (at.line == before.line && at.column >= before.column));
		assert(at.line + at.column <= text.size + 2);
		before = at;
	}
}

static enum err
run_statement(void *arg, const char *statement)
{
	return sqlite3_exec(arg, statement, NULL, NULL, NULL) == SQLITE_OK ? OK : ERR_IO;
}

static enum err
count_statement(void *arg, const char *statement)
{
	*(size_t *)arg += strlen(statement);
	return OK;
}

static void
dummy_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count, (void)values;
	sqlite3_result_int64(context, 1);
}

static void
check_column(const struct collection *collection, unsigned column)
{
	const struct field *field = &collection->columns[column];
	char index[INDEX_NAME_SIZE];

	assert(field->column == column && collection_column(collection, field->name) == field);
	/* Whoever meets the name of the index in an error finds the field. */
	if (column >= COLUMN_FIELDS && field->unique)
		assert(
		    unique_name_field(collection, unique_name(collection, field, index)) == field);
}

static void
check_relations(const struct collection *collection)
{
	char name[INDEX_NAME_SIZE];

	for (size_t i = 0; i < collection->indexes_count; i++) {
		const struct app_index *index = &collection->indexes[i];

		assert(index->fields_count > 0);
		if (index->unique)
			assert(unique_name_index(
				   collection, index_name(collection, index, name)) == index);
	}
	for (size_t i = 0; i < collection->backs_count; i++) {
		const struct back_reference *back = &collection->backs[i];

		assert(collection_back(collection, back->name) == back);
		assert(collection_column(collection, back->name) == NULL);
		assert(back->field->to == collection);
	}
}

static void
check_app(const struct app *app, struct str text)
{
	size_t written = 0;
	sqlite3 *db;

	assert(app->name.size > 0 && app->prefix.size > 1 && app->database.size > 0);
	for (size_t i = 0; i < app->collections_count; i++) {
		const struct collection *collection = &app->collections[i];

		assert(app_collection(app, collection->name) == collection);
		for (unsigned j = 0; j < collection->columns_count; j++)
			check_column(collection, j);
		check_relations(collection);
		for (enum access access = 0; access < ACCESS_COUNT; access++)
			check_rule(&collection->access[access], text);
	}
	if (sqlite3_open(":memory:", &db) != SQLITE_OK)
		abort();
	sqlite3_create_function(db, "caisson_number", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL,
	    dummy_function, NULL, NULL);
	sqlite3_create_function(
	    db, "caisson_now", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, dummy_function, NULL, NULL);
	if (catalogue_create(app, SQL_SQLITE, run_statement, db) != OK)
		abort();
	sqlite3_close(db);
	if (catalogue_create(app, SQL_POSTGRES, count_statement, &written) != OK || written == 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct app_mistakes mistakes;
	struct app *app;

	app_mistakes_init(&mistakes);
	app = app_read(text, &mistakes);
	assert((app == NULL) == (mistakes.count > 0));
	check_mistakes(&mistakes, text);
	if (app != NULL)
		check_app(app, text);
	app_free(app);
	app_mistakes_release(&mistakes);
	return 0;
}
