#include "records/links.h"

#include <stdlib.h>

#include "app/names.h"
#include "codec/json.h"

/* Rows of one statement; it and its halves are all the shapes there are. */
enum { CHUNK_MAX = 64 };

static bool
read_id(const struct field *field, const struct json *json, struct value *ret)
{
	if (field->to->id_type == FIELD_INT) {
		*ret = value_int(json->integer);
		return json->type == JSON_INT;
	}
	ret->kind = VALUE_UUID;
	return json->type == JSON_STRING && uuid_parse(json->string, &ret->uuid);
}

enum err
links_ids(struct arena *arena, const struct field *field, const struct value *array,
    struct value **ret, size_t *ret_count)
{
	struct json_error error;
	struct json json;
	struct value *ids;
	size_t count = 0;
	enum err err;

	*ret = NULL;
	*ret_count = 0;
	if (array == NULL || array->kind == VALUE_NULL)
		return OK;
	err = json_parse(arena, array->text, &json, &error);
	if (err == ERR_TOO_LARGE)
		return err;
	if (err != OK || json.type != JSON_ARRAY)
		return ERR_INTERNAL;
	ids = arena_array(arena, json.count + (size_t)1, sizeof(*ids));
	if (ids == NULL)
		return ERR_TOO_LARGE;
	for (uint32_t i = 0; i < json.count; i++)
		count += read_id(field, &json.items[i], &ids[count]);
	*ret = ids;
	*ret_count = count;
	return OK;
}

int
links_compare(const void *a, const void *b)
{
	return value_compare(a, b);
}

struct value
links_array(struct arena *arena, struct value *ids, size_t *count)
{
	struct json_writer writer;
	struct value array;
	struct buf buf;
	size_t kept = 0;

	qsort(ids, *count, sizeof(*ids), links_compare);
	buf_init(&buf, arena->size_max);
	json_writer_init(&writer, &buf);
	json_begin_array(&writer);
	for (size_t i = 0; i < *count; i++) {
		if (kept > 0 && value_equal(&ids[kept - 1], &ids[i]))
			continue;
		ids[kept++] = ids[i];
		json_value(&writer, &ids[i]);
	}
	json_end_array(&writer);
	array = value_json(arena_str(arena, buf.err == OK ? buf_str(&buf) : STR("")));
	if (buf.err != OK)
		array.text.data = NULL;
	buf_release(&buf);
	*count = kept;
	return array;
}

/* --- writing ---------------------------------------------------------- */

struct link_write {
	struct tx *tx;
	struct str table;
	const struct value *id;
	struct sql_text sql;
};

typedef void link_statement(struct link_write *write, const struct value *targets, size_t count);

static void
insert(struct link_write *write, const struct value *targets, size_t count)
{
	sql_addf(&write->sql, "INSERT INTO %n (\"source\", \"target\") VALUES ", write->table);
	for (size_t i = 0; i < count; i++)
		sql_addf(&write->sql, i == 0 ? "(%v, %v)" : ", (%v, %v)", *write->id, targets[i]);
}

static void
drop(struct link_write *write, const struct value *targets, size_t count)
{
	sql_addf(&write->sql, "DELETE FROM %n WHERE \"source\" = %v AND \"target\" IN (",
	    write->table, *write->id);
	for (size_t i = 0; i < count; i++)
		sql_addf(&write->sql, i == 0 ? "%v" : ", %v", targets[i]);
	sql_add(&write->sql, ")");
}

static enum err
run_in_chunks(
    struct link_write *write, link_statement *statement, const struct value *targets, size_t count)
{
	enum err err = OK;

	for (size_t chunk = CHUNK_MAX; count > 0 && err == OK; targets += chunk, count -= chunk) {
		while (chunk > count)
			chunk /= 2;
		sql_clear(&write->sql);
		statement(write, targets, chunk);
		err = tx_exec(write->tx, &write->sql, NULL);
	}
	return err;
}

/* Sort out, of two sorted lists, what only the second has into ${ret}; how many. */
static size_t
only_in(const struct value *others, size_t others_count, const struct value *ids, size_t count,
    struct value *ret)
{
	size_t other = 0, found = 0;

	for (size_t i = 0; i < count; i++) {
		while (other < others_count && value_compare(&others[other], &ids[i]) < 0)
			other++;
		if (other == others_count || !value_equal(&others[other], &ids[i]))
			ret[found++] = ids[i];
	}
	return found;
}

enum err
links_write(struct tx *tx, const struct collection *collection, const struct field *field,
    const struct value *id, const struct value *old_array, const struct value *new_array)
{
	char name[INDEX_NAME_SIZE];
	struct link_write write = { tx, link_name(collection, field, name), id, { 0 } };
	struct value *old_ids, *new_ids, *changed;
	size_t old_count, new_count;
	enum err err = links_ids(tx->arena, field, old_array, &old_ids, &old_count);

	if (err == OK)
		err = links_ids(tx->arena, field, new_array, &new_ids, &new_count);
	if (err != OK)
		return err;
	changed = arena_array(tx->arena, old_count + new_count + 1, sizeof(*changed));
	if (changed == NULL)
		return ERR_TOO_LARGE;
	sql_init(&write.sql, tx->type->dialect);
	err = run_in_chunks(
	    &write, drop, changed, only_in(new_ids, new_count, old_ids, old_count, changed));
	if (err == OK)
		err = run_in_chunks(&write, insert, changed,
		    only_in(old_ids, old_count, new_ids, new_count, changed));
	sql_release(&write.sql);
	return err == ERR_CONFLICT && tx->problem.kind == TX_REFERENCE ? ERR_INVALID : err;
}
