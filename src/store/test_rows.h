#pragma once
/* Rows for tests of stores: statements as bodies write them, and whole tables as text. */
#include "codec/json.h"
#include "crypto/hash.h"
#include "sql/catalogue.h"
#include "store/ring.h"
#include "store/test_store.h"

enum { TEST_COLUMNS_MAX = 24, TEST_ROWS_MAX = 4000 };

/* A row by column; `id`, `created`, `updated` are filled in where they are null. */
struct test_row {
	const struct collection *collection;
	struct value values[TEST_COLUMNS_MAX];
};

static inline struct test_row
test_row(const struct test_store *test, const char *collection)
{
	return (struct test_row){ .collection = app_collection(test->app, str_from(collection)) };
}

static inline unsigned
test_column(const struct collection *collection, const char *name)
{
	return collection_column(collection, str_from(name))->column;
}

static inline void
test_set(struct test_row *row, const char *name, struct value value)
{
	row->values[test_column(row->collection, name)] = value;
}

static inline struct value
test_text(const char *text)
{
	return value_text(str_from(text));
}

static inline enum err
test_insert(struct tx *tx, struct test_row *row)
{
	const struct collection *collection = row->collection;
	struct sql_text sql;
	struct uuid uuid;
	enum err err;

	if (row->values[COLUMN_ID].kind == VALUE_NULL && collection->id_type == FIELD_ID) {
		uuid_new(tx->now_us, uuid.bytes);
		row->values[COLUMN_ID] = value_uuid(uuid);
	}
	row->values[COLUMN_CREATED] = row->values[COLUMN_UPDATED] = value_time(tx->now_us);
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "INSERT INTO %n (\"_version\"", collection->name);
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %n", collection->columns[i].name);
	sql_addf(&sql, ") VALUES (%v", value_int(tx->number));
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(&sql, ", %v", row->values[i]);
	sql_add(&sql, ")");
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

/* Set one column of the row with ${id}. */
static inline enum err
test_update(struct tx *tx, const struct collection *collection, struct value id, const char *column,
    struct value value, int64_t *ret_changed)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "UPDATE %n SET \"_version\" = %v, \"updated\" = %v, %n = %v WHERE \"id\" = %v",
	    collection->name, value_int(tx->number), value_time(tx->now_us), str_from(column),
	    value, id);
	err = tx_exec(tx, &sql, ret_changed);
	sql_release(&sql);
	return err;
}

static inline enum err
test_delete(struct tx *tx, const struct collection *collection, struct value id)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "DELETE FROM %n WHERE \"id\" = %v", collection->name, id);
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

/* One value of a query of ours without parameters. */
static inline enum err
test_ask(struct tx *tx, const char *query, enum value_kind kind, struct value *ret)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	*ret = value_null();
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, query);
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		*ret = tx_value(&rows, 0, kind);
		if (ret->kind == VALUE_TEXT)
			ret->text = arena_str(tx->arena, ret->text);
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/* --- whole tables ----------------------------------------------------- */

/* A row as one line of text. */
struct test_line {
	const struct collection *collection;
	struct value id;
	int64_t version;
	char *text;
};

/* All rows of an app, in no order. */
struct test_state {
	struct test_line lines[TEST_ROWS_MAX];
	size_t count;
	int64_t number; /* store_last_number() or the log's, of who made it */
};

static inline char *
test_line_text(const struct collection *collection, const struct value *values)
{
	struct json_writer writer;
	struct buf text;

	buf_init(&text, 1 << 20);
	json_writer_init(&writer, &text);
	json_begin_array(&writer);
	for (size_t i = 0; i < collection->columns_count; i++)
		json_value(&writer, &values[i]);
	json_end_array(&writer);
	buf_add_byte(&text, '\0');
	assert(text.err == OK);
	return text.data;
}

static inline void
test_state_add(struct test_state *state, const struct collection *collection,
    const struct value *values, int64_t version)
{
	assert(state->count < TEST_ROWS_MAX);
	state->lines[state->count++] = (struct test_line){ collection, values[COLUMN_ID], version,
		test_line_text(collection, values) };
}

static inline void
test_state_clear(struct test_state *state)
{
	while (state->count > 0)
		free(state->lines[--state->count].text);
}

static inline struct test_line *
test_state_find(
    struct test_state *state, const struct collection *collection, const struct value *id)
{
	for (size_t i = 0; i < state->count; i++)
		if (state->lines[i].collection == collection &&
		    value_equal(&state->lines[i].id, id))
			return &state->lines[i];
	return NULL;
}

static inline void
test_state_remove(struct test_state *state, struct test_line *line)
{
	free(line->text);
	*line = state->lines[--state->count];
}

static inline void
test_state_copy(struct test_state *to, const struct test_state *from)
{
	test_state_clear(to);
	for (size_t i = 0; i < from->count; i++) {
		to->lines[i] = from->lines[i];
		to->lines[i].text = strdup(from->lines[i].text);
	}
	to->count = from->count;
	to->number = from->number;
}

static inline bool
test_state_equal(struct test_state *a, struct test_state *b)
{
	if (a->count != b->count)
		fprintf(stderr, "%zu rows and %zu rows\n", a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		struct test_line *line = &a->lines[i];
		struct test_line *other = test_state_find(b, line->collection, &line->id);

		if (other != NULL && strcmp(line->text, other->text) == 0 &&
		    line->version == other->version)
			continue;
		fprintf(stderr, "%s (version %lld)\n%s (version %lld)\n", line->text,
		    (long long)line->version, other == NULL ? "nothing" : other->text,
		    (long long)(other == NULL ? 0 : other->version));
		return false;
	}
	return a->count == b->count;
}

/* A store body: all rows of all collections into the state that is ${arg}'s. */
struct test_read_all {
	const struct app *app;
	struct test_state *state;
};

static inline enum err
test_read_table(struct tx *tx, const struct collection *collection, struct test_state *state)
{
	struct value values[TEST_COLUMNS_MAX];
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT ");
	catalogue_columns(&sql, collection);
	sql_addf(&sql, ", t.\"_version\" FROM %n t", collection->name);
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows)) {
		for (unsigned i = 0; i < collection->columns_count; i++)
			values[i] =
			    tx_column(&rows, (int)i, &collection->columns[i]);
		test_state_add(state, collection, values,
		    tx_value(&rows, (int)collection->columns_count, VALUE_INT).integer);
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static inline enum err
test_read_all(struct tx *tx, void *arg)
{
	struct test_read_all *all = arg;
	enum err err = OK;

	test_state_clear(all->state);
	for (size_t i = 0; i < all->app->collections_count && err == OK; i++)
		err = test_read_table(tx, &all->app->collections[i], all->state);
	return err;
}

static inline void
test_state_read(const struct test_store *test, struct test_state *state)
{
	struct test_read_all all = { test->app, state };
	struct store_call call = { .body = test_read_all, .arg = &all };

	assert(store_read_blocking(test->store, &call) == OK);
}

/* What a commit says, done to ${state}; false where it does not fit. */
static inline bool
test_state_apply(struct test_state *state, const struct commit *commit)
{
	for (const struct change *change = commit->changes; change != NULL; change = change->next) {
		struct test_line *line = test_state_find(state, change->collection, &change->id);
		char *old_text = change->old_values == NULL
				     ? NULL
				     : test_line_text(change->collection, change->old_values);
		bool fits = line == NULL ? old_text == NULL
					 : old_text != NULL && strcmp(line->text, old_text) == 0;

		fits = fits && (change->op == CHANGE_CREATE) == (change->old_values == NULL) &&
		       (change->op == CHANGE_DELETE) == (change->new_values == NULL);
		if (!fits)
			fprintf(stderr, "%lld: stands: %s\nlog: %s\n", (long long)commit->number,
			    line == NULL ? "nothing" : line->text,
			    old_text == NULL ? "nothing" : old_text);
		free(old_text);
		if (!fits)
			return false;
		if (line != NULL)
			test_state_remove(state, line);
		if (change->new_values != NULL)
			test_state_add(
			    state, change->collection, change->new_values, change->version);
	}
	state->number = commit->number;
	return !commit->too_many;
}
