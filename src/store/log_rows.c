/* The rows behind a page of the log: how they stand now, and the walk back from there. */
#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "codec/canonical.h"
#include "codec/decimal.h"
#include "codec/time.h"
#include "sql/catalogue.h"
#include "store/log_internal.h"

enum { IDS_MAX = 256 };

/* --- the table of rows ----------------------------------------------- */

static uint64_t
hash_id(const struct collection *collection, const struct value *id)
{
	uint64_t hash = id->kind == VALUE_UUID ? hash_bytes(id->uuid.bytes, sizeof(id->uuid.bytes))
					       : hash_bytes(&id->integer, sizeof(id->integer));

	return hash + collection->index;
}

struct log_row *
log_row(struct log_reading *reading, const struct collection *collection, struct value id)
{
	struct log_row **bucket = &reading->buckets[hash_id(collection, &id) % LOG_BUCKETS], *row;

	for (row = *bucket; row != NULL; row = row->next_in_bucket)
		if (row->collection == collection && value_equal(&row->id, &id))
			return row;
	row = arena_new(&reading->arena, sizeof(*row));
	if (row == NULL)
		return NULL;
	*row = (struct log_row){
		.collection = collection, .id = id, .next = reading->rows, .next_in_bucket = *bucket
	};
	reading->rows = *bucket = row;
	return row;
}

/* On PostgreSQL the log keeps ids as text, on SQLite as they are. */
enum err
log_record_id(struct log_reading *reading, struct tx_rows *rows, int column,
    const struct collection *collection, struct value *ret)
{
	bool is_int = collection->id_type == FIELD_INT;
	struct value text;

	if (reading->tx->type->dialect == SQL_SQLITE) {
		*ret = tx_value(rows, column, is_int ? VALUE_INT : VALUE_UUID);
		return OK;
	}
	text = tx_value(rows, column, VALUE_TEXT);
	ret->kind = is_int ? VALUE_INT : VALUE_UUID;
	if (is_int ? str_to_int(text.text, &ret->integer) : uuid_parse(text.text, &ret->uuid))
		return OK;
	return ERR_INTERNAL;
}

static enum err
add_logged_id(struct log_reading *reading, const struct value *id)
{
	char text[UUID_TEXT_SIZE];
	struct str copy;

	if (reading->tx->type->dialect == SQL_SQLITE) {
		sql_param(&reading->sql, *id);
		return OK;
	}
	if (id->kind == VALUE_UUID) {
		uuid_format(&id->uuid, text);
		copy = arena_str(&reading->arena, (struct str){ text, sizeof(text) });
	} else {
		snprintf(text, sizeof(text), "%lld", (long long)id->integer);
		copy = arena_str(&reading->arena, str_from(text));
	}
	sql_param(&reading->sql, value_text(copy));
	return copy.data == NULL ? ERR_TOO_LARGE : OK;
}

/* --- how they stand now ---------------------------------------------- */

/* Up to IDS_MAX rows of one collection. */
struct batch {
	const struct collection *collection;
	struct log_row *rows[IDS_MAX];
	size_t count;
};

typedef enum err add_id(struct log_reading *reading, const struct value *id);

static enum err
add_plain_id(struct log_reading *reading, const struct value *id)
{
	sql_param(&reading->sql, *id);
	return OK;
}

/* "(id, id, …)", filled up to a power of two, so that there are few shapes. */
static enum err
add_ids(struct log_reading *reading, const struct batch *batch, add_id *add)
{
	size_t places = 1;
	enum err err = OK;

	while (places < batch->count)
		places *= 2;
	for (size_t i = 0; i < places && err == OK; i++) {
		sql_add(&reading->sql, i == 0 ? "(" : ", ");
		err = add(reading, &batch->rows[i < batch->count ? i : 0]->id);
	}
	sql_add(&reading->sql, ")");
	return err;
}

static enum err
copy_present(struct log_reading *reading, const struct collection *collection, struct tx_rows *rows)
{
	struct value *values =
	    arena_array(&reading->arena, collection->columns_count, sizeof(*values));
	struct log_row *row;

	if (values == NULL)
		return ERR_TOO_LARGE;
	for (unsigned i = 0; i < collection->columns_count; i++) {
		values[i] = tx_column(rows, (int)i, &collection->columns[i]);
		if (!value_keep(&reading->arena, &values[i]))
			return ERR_TOO_LARGE;
	}
	row = log_row(reading, collection, values[COLUMN_ID]);
	if (row == NULL)
		return ERR_TOO_LARGE;
	row->state = values;
	return OK;
}

static enum err
read_present(struct log_reading *reading, const struct batch *batch)
{
	struct tx_rows rows;
	enum err err;

	sql_clear(&reading->sql);
	sql_add(&reading->sql, "SELECT ");
	catalogue_columns(&reading->sql, batch->collection);
	sql_addf(&reading->sql, " FROM %n t WHERE t.\"id\" IN ", batch->collection->name);
	err = add_ids(reading, batch, add_plain_id);
	if (err != OK)
		return err;
	err = tx_query(reading->tx, &reading->sql, &rows);
	while (err == OK && tx_next(&rows))
		err = copy_present(reading, batch->collection, &rows);
	return tx_close(&rows, err);
}

static enum err
read_later_entry(
    struct log_reading *reading, const struct collection *collection, struct tx_rows *rows)
{
	struct value id;
	enum err err = log_record_id(reading, rows, 1, collection, &id);

	if (err != OK)
		return err;
	return log_add_entry(reading, tx_value(rows, 0, VALUE_INT).integer, collection, id,
	    tx_value(rows, 2, VALUE_TEXT).text, tx_value(rows, 3, VALUE_TEXT));
}

/* What happened to the rows behind the page; on PostgreSQL also what others still hold back. */
static enum err
read_later(struct log_reading *reading, const struct batch *batch, int64_t until)
{
	struct tx_rows rows;
	enum err err;

	sql_clear(&reading->sql);
	sql_addf(&reading->sql,
	    "SELECT seq, record, op, changes FROM caisson_changes WHERE seq > %v AND collection = "
	    "%v"
	    " AND record IN ",
	    value_int(until), value_text(batch->collection->name));
	err = add_ids(reading, batch, add_logged_id);
	sql_add(&reading->sql, " ORDER BY seq, n");
	if (err != OK)
		return err;
	err = tx_query(reading->tx, &reading->sql, &rows);
	while (err == OK && tx_next(&rows))
		err = read_later_entry(reading, batch->collection, &rows);
	return tx_close(&rows, err);
}

static enum err
read_batch(struct log_reading *reading, struct batch *batch, int64_t until, bool is_newest)
{
	enum err err = OK;

	if (batch->count > 0)
		err = read_present(reading, batch);
	if (err == OK && batch->count > 0 && !is_newest)
		err = read_later(reading, batch, until);
	batch->count = 0;
	return err;
}

enum err
log_read_rows(struct log_reading *reading, int64_t until, bool is_newest)
{
	struct batch batch;
	enum err err = OK;

	for (size_t i = 0; i < reading->app->collections_count && err == OK; i++) {
		batch.collection = &reading->app->collections[i];
		batch.count = 0;
		for (struct log_row *row = reading->rows; row != NULL && err == OK;
		     row = row->next) {
			if (row->collection != batch.collection)
				continue;
			batch.rows[batch.count++] = row;
			if (batch.count == IDS_MAX)
				err = read_batch(reading, &batch, until, is_newest);
		}
		if (err == OK)
			err = read_batch(reading, &batch, until, is_newest);
	}
	return err;
}

/* --- the walk back --------------------------------------------------- */

static bool
is_number(const struct json *json, double *ret)
{
	if (json->type == JSON_INT)
		*ret = (double)json->integer;
	else if (json->type == JSON_REAL)
		*ret = json->real;
	return json->type == JSON_INT || json->type == JSON_REAL;
}

/* One engine logs it as a text, the other as the number that its row has. */
static bool
decimal_from_json(const struct json *json, unsigned scale, int64_t *ret)
{
	struct str text = json->type == JSON_STRING ? json->string :
			  json->type == JSON_INT || json->type == JSON_REAL ? json->text :
									      STR("");

	return decimal_read(text, scale, ret) == DECIMAL_GOOD;
}

static struct str
canonical(struct arena *arena, const struct json *json)
{
	struct str text = { 0 };
	struct buf buf;

	buf_init(&buf, arena->size_max);
	if (json_canonical(&buf, json) == CANONICAL_GOOD && buf.err == OK)
		text = arena_str(arena, buf_str(&buf));
	buf_release(&buf);
	return text;
}

/* A value as the log writes it; null where it is no such value. */
static struct value
from_json(struct arena *arena, const struct json *json, const struct field *field)
{
	struct value value = { .kind = field_value_kind(field), .scale = (uint8_t)field->scale };
	bool good = false;

	switch (value.kind) {
	case VALUE_BOOL:
		good = json->type == JSON_BOOL;
		value.boolean = good && json->boolean;
		break;
	case VALUE_INT:
		good = json->type == JSON_INT;
		value.integer = good ? json->integer : 0;
		break;
	case VALUE_REAL:
		good = is_number(json, &value.real);
		break;
	case VALUE_TIME:
		good =
		    json->type == JSON_STRING && time_parse_rfc3339(json->string, &value.integer);
		break;
	case VALUE_TEXT:
		good = json->type == JSON_STRING;
		value.text = good ? json->string : (struct str){ 0 };
		break;
	case VALUE_UUID:
		good = json->type == JSON_STRING && uuid_parse(json->string, &value.uuid);
		break;
	case VALUE_DATE:
		good = json->type == JSON_STRING && date_parse(json->string, &value.integer);
		break;
	case VALUE_DECIMAL:
		good = decimal_from_json(json, field->scale, &value.integer);
		break;
	case VALUE_JSON:
		good = json->type != JSON_NULL && (value.text = canonical(arena, json)).data != NULL;
		break;
	case VALUE_NULL:
		break;
	}
	return good ? value : value_null();
}

/* Set the columns that ${json} names; [old, new] where ${is_pair}. */
static void
set_columns(struct arena *arena, struct value *values, const struct collection *collection,
    const struct json *json, bool is_pair)
{
	for (uint32_t i = 0; json != NULL && json->type == JSON_OBJECT && i < json->count; i++) {
		const struct json *value = &json->members[i].value;
		const struct field *field = collection_column(collection, json->members[i].name);

		if (is_pair)
			value = value->type == JSON_ARRAY && value->count == 2 ? &value->items[0]
									       : NULL;
		if (field != NULL && value != NULL)
			values[field->column] = from_json(arena, value, field);
	}
}

static struct value *
new_values(
    struct log_reading *reading, const struct collection *collection, const struct value *from)
{
	struct value *values =
	    arena_array(&reading->arena, collection->columns_count, sizeof(*values));

	if (values != NULL && from != NULL)
		memcpy(values, from, collection->columns_count * sizeof(*values));
	return values;
}

static enum err
step_back(struct log_reading *reading, struct log_entry *entry)
{
	struct log_row *row = entry->row;

	entry->new_values = entry->op == CHANGE_DELETE ? NULL : row->state;
	if (entry->op == CHANGE_CREATE) {
		row->state = NULL;
		return OK;
	}
	/* A row that went without a trace (TRUNCATE) has nothing to walk back from. */
	if (entry->op == CHANGE_UPDATE && row->state == NULL)
		return OK;
	entry->old_values =
	    new_values(reading, row->collection, entry->op == CHANGE_UPDATE ? row->state : NULL);
	if (entry->old_values == NULL)
		return ERR_TOO_LARGE;
	set_columns(&reading->arena, entry->old_values, row->collection, entry->json, entry->op == CHANGE_UPDATE);
	if (entry->op == CHANGE_DELETE)
		entry->old_values[COLUMN_ID] = row->id;
	row->state = entry->old_values;
	return OK;
}

enum err
log_walk_back(struct log_reading *reading)
{
	enum err err = OK;

	for (size_t i = reading->count; i-- > 0 && err == OK;)
		if (reading->entries[i].row != NULL)
			err = step_back(reading, &reading->entries[i]);
	return err;
}
