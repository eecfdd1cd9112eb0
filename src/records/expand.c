#include "records/expand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/names.h"
#include "records/links.h"
#include "records/list_internal.h"

/*
 * A statement asks for CHUNK_MAX ids at most; their number is rounded up to a
 * power of two with nulls, so that there are few texts of each statement.
 */
enum { CHUNK_MAX = 512 };

/* An id that an expansion asks for, and where the record of that id goes. */
struct link {
	struct value id;
	struct shown_item *item; /* forward: its place */
	struct shown_item **tail; /* back: where the next one is hung */
};

/* One expansion of one level. */
struct expansion {
	struct tx *tx;
	struct arena *arena;
	const struct expand *expand;
	size_t member; /* its place in the sight of the level above */
	struct link *links; /* sorted by id */
	size_t links_count;
	struct shown_list list; /* the records that were found */
	struct sql_text sql;
};

/* --- records --------------------------------------------------------- */

enum err
shown_add(struct shown_list *list, struct arena *arena, const struct sight *sight,
    struct tx_rows *rows)
{
	struct shown *shown = arena_new(arena, sizeof(*shown));
	int column = 0;

	if (shown == NULL)
		return ERR_TOO_COSTLY;
	shown->values = arena_array(arena, sight->members_count, sizeof(*shown->values));
	if (sight->has_expands)
		shown->parts =
		    arena_array(arena, sight->members_count, sizeof(struct shown_item *));
	if (shown->values == NULL || (sight->has_expands && shown->parts == NULL))
		return ERR_TOO_COSTLY;
	for (size_t i = 0; i < sight->members_count; i++) {
		if (sight->members[i].field == NULL)
			continue;
		shown->values[i] = tx_column(rows, column++, sight->members[i].field);
		if (!value_keep(arena, &shown->values[i]))
			return ERR_TOO_COSTLY;
	}
	shown->id = tx_column(rows, column, &sight->collection->columns[COLUMN_ID]);
	if (list->last == NULL)
		list->first = shown;
	else
		list->last->next = shown;
	list->last = shown;
	list->count++;
	return OK;
}

static void
part_to_json(struct json_writer *writer, const struct expand *expand, const struct shown_item *item)
{
	bool is_one = !expand->is_back && expand->field->type == FIELD_REF;

	if (is_one && (item == NULL || item->shown == NULL)) {
		json_null(writer);
		return;
	}
	if (!is_one)
		json_begin_array(writer);
	for (; item != NULL; item = item->next) {
		if (item->shown == NULL)
			continue;
		if (expand->is_ids)
			json_value(writer, &item->shown->id);
		else
			shown_to_json(writer, &expand->query->sight, item->shown);
	}
	if (!is_one)
		json_end_array(writer);
}

void
shown_to_json(struct json_writer *writer, const struct sight *sight, const struct shown *shown)
{
	json_begin_object(writer);
	for (size_t i = 0; i < sight->members_count; i++) {
		const struct sight_member *member = &sight->members[i];

		if (member->expand != NULL) {
			json_name_raw(writer, member->expand->json_name);
			part_to_json(writer, member->expand, shown->parts[i]);
		} else {
			json_name_raw(writer, member->field->json_name);
			json_value(writer, &shown->values[i]);
		}
	}
	json_end_object(writer);
}

/* --- links ----------------------------------------------------------- */

static int
compare_links(const void *a, const void *b)
{
	const struct link *left = a, *right = b;

	return value_compare(&left->id, &right->id);
}

/* The first of the links with ${id}, or NULL. */
static struct link *
find_links(const struct expansion *expansion, const struct value *id)
{
	size_t low = 0, high = expansion->links_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (value_compare(&expansion->links[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == expansion->links_count || !value_equal(&expansion->links[low].id, id))
		return NULL;
	return &expansion->links[low];
}

static bool
has_same_id(const struct expansion *expansion, const struct link *link)
{
	return link < expansion->links + expansion->links_count &&
	       value_equal(&link[-1].id, &link->id);
}

/* Room for ${more} further links. */
static bool
grow_links(struct expansion *expansion, size_t *capacity, size_t more)
{
	struct link *links;

	if (expansion->links_count + more <= *capacity)
		return true;
	*capacity = 2 * (*capacity + more);
	links = arena_array(expansion->arena, *capacity, sizeof(*links));
	if (links == NULL)
		return false;
	if (expansion->links_count > 0)
		memcpy(links, expansion->links, expansion->links_count * sizeof(*links));
	expansion->links = links;
	return true;
}

/* A place for the record with ${id}, behind those that ${tail} ends. */
static bool
add_link(struct expansion *expansion, const struct value *id, struct shown_item ***tail)
{
	struct shown_item *item = arena_new(expansion->arena, sizeof(*item));

	if (item == NULL)
		return false;
	**tail = item;
	*tail = &item->next;
	expansion->links[expansion->links_count++] = (struct link){ .id = *id, .item = item };
	return true;
}

/* The ids that ${shown} refers to. */
static enum err
link_forward(struct expansion *expansion, struct shown *shown, size_t *capacity)
{
	const struct value *value = &shown->values[expansion->member];
	struct shown_item **tail = &shown->parts[expansion->member];
	struct value *ids;
	size_t count;

	if (expansion->expand->field->type == FIELD_REF) {
		if (value->kind == VALUE_NULL)
			return OK;
		return grow_links(expansion, capacity, 1) && add_link(expansion, value, &tail)
			   ? OK
			   : ERR_TOO_COSTLY;
	}
	if (links_ids(expansion->arena, expansion->expand->field, value, &ids, &count) != OK ||
	    !grow_links(expansion, capacity, count))
		return ERR_TOO_COSTLY;
	for (size_t i = 0; i < count; i++)
		if (!add_link(expansion, &ids[i], &tail))
			return ERR_TOO_COSTLY;
	return OK;
}

static enum err
link_all(struct expansion *expansion, const struct shown_list *parents)
{
	size_t capacity = parents->count;
	enum err err = OK;

	expansion->links = arena_array(expansion->arena, capacity, sizeof(*expansion->links));
	if (expansion->links == NULL)
		return ERR_TOO_COSTLY;
	for (struct shown *shown = parents->first; shown != NULL && err == OK; shown = shown->next) {
		if (expansion->expand->is_back)
			expansion->links[expansion->links_count++] = (struct link){
				.id = shown->id,
				.tail = &shown->parts[expansion->member],
			};
		else
			err = link_forward(expansion, shown, &capacity);
	}
	if (err == OK && expansion->links_count > 1)
		qsort(expansion->links, expansion->links_count, sizeof(*expansion->links),
		    compare_links);
	return err;
}

/* The record that was read last, in all places of its id. */
static enum err
place_forward(struct expansion *expansion)
{
	struct shown *shown = expansion->list.last;
	struct link *link = find_links(expansion, &shown->id);

	if (link == NULL)
		return OK;
	do
		link->item->shown = shown;
	while (has_same_id(expansion, ++link));
	return OK;
}

/* The same, behind the others of ${parent}. */
static enum err
place_back(struct expansion *expansion, const struct value *parent)
{
	struct link *link = find_links(expansion, parent);

	if (link == NULL)
		return OK;
	do {
		struct shown_item *item = arena_new(expansion->arena, sizeof(*item));

		if (item == NULL)
			return ERR_TOO_COSTLY;
		item->shown = expansion->list.last;
		*link->tail = item;
		link->tail = &item->next;
	} while (has_same_id(expansion, ++link));
	return OK;
}

/* --- statements ------------------------------------------------------ */

/* The ids from link *at on, each once: "(?), (?)" or "?, ?". */
static void
add_ids(struct expansion *expansion, size_t *at, const char *before, const char *between)
{
	struct sql_text *sql = &expansion->sql;
	size_t count = 0, whole = 1;

	sql_add(sql, before);
	for (; *at < expansion->links_count && count < CHUNK_MAX; (*at)++) {
		if (*at > 0 && value_equal(&expansion->links[*at - 1].id, &expansion->links[*at].id))
			continue;
		sql_add(sql, count++ == 0 ? "" : between);
		sql_param(sql, expansion->links[*at].id);
	}
	while (*at < expansion->links_count && has_same_id(expansion, &expansion->links[*at]))
		(*at)++;
	while (whole < count)
		whole *= 2;
	for (; count < whole; count++) {
		sql_add(sql, between);
		sql_param(sql, value_null());
	}
}

static void
write_forward(struct expansion *expansion, size_t *at)
{
	const struct list_query *query = expansion->expand->query;
	struct sql_text *sql = &expansion->sql;

	sql_add(sql, "SELECT ");
	if (sight_add_columns(sql, &query->sight) > 0)
		sql_add(sql, ", ");
	sql_addf(sql, "t.\"id\" FROM %n AS t WHERE t.\"id\" IN (", query->collection->name);
	add_ids(expansion, at, "", ", ");
	sql_add(sql, ") AND ");
	list_add_condition(sql, query);
}

/* Those of one parent, "_p".i, that count. */
static void
add_of_parent(struct expansion *expansion)
{
	const struct expand *expand = expansion->expand;
	const struct list_query *query = expand->query;
	struct sql_text *sql = &expansion->sql;
	char name[INDEX_NAME_SIZE];

	sql_add(sql, " FROM");
	list_add_table(sql, query);
	if (expand->field->type == FIELD_REFS)
		sql_addf(sql,
		    " WHERE t.\"id\" IN (SELECT \"source\" FROM %n WHERE \"target\" = \"_p\".i) AND ",
		    link_name(query->collection, expand->field, name));
	else
		sql_addf(sql, " WHERE t.%n = \"_p\".i AND ", expand->field->name);
	if (expand->rule != NULL) {
		rule_to_sql(query->rules, expand->rule, &query->identity->caller, sql);
		sql_add(sql, " AND ");
	}
	list_add_condition(sql, query);
	list_add_order(sql, query);
	sql_addf(sql, " LIMIT %v", value_int(query->limit));
}

/* SQLite has no LATERAL; a correlated IN is as good: it reads as few rows of each parent. */
static void
write_back_sqlite(struct expansion *expansion, size_t *at)
{
	const struct list_query *query = expansion->expand->query;
	struct sql_text *sql = &expansion->sql;

	add_ids(expansion, at, "WITH \"_p\"(i) AS (VALUES (", "), (");
	sql_add(sql, ")) SELECT ");
	if (sight_add_columns(sql, &query->sight) > 0)
		sql_add(sql, ", ");
	sql_add(sql, "t.\"id\", \"_p\".i FROM \"_p\" CROSS JOIN");
	list_add_table(sql, query);
	sql_add(sql, " WHERE t.\"id\" IN (SELECT t.\"id\"");
	add_of_parent(expansion);
	sql_add(sql, ")");
	list_add_order(sql, query);
}

static void
write_back_postgres(struct expansion *expansion, size_t *at)
{
	const struct list_query *query = expansion->expand->query;
	struct sql_text *sql = &expansion->sql;

	sql_add(sql, "SELECT x.* FROM (VALUES (");
	add_ids(expansion, at, "", "), (");
	sql_add(sql, ")) AS \"_p\"(i) CROSS JOIN LATERAL (SELECT ");
	if (sight_add_columns(sql, &query->sight) > 0)
		sql_add(sql, ", ");
	sql_add(sql, "t.\"id\", \"_p\".i");
	for (size_t i = 0; i < query->keys_count; i++) {
		sql_add(sql, ", ");
		list_add_key(sql, query, i);
		sql_addf(sql, " AS \"_s%d\"", (unsigned)i);
	}
	add_of_parent(expansion);
	sql_add(sql, ") AS x ORDER BY ");
	for (size_t i = 0; i < query->keys_count; i++) {
		sql_addf(sql, i == 0 ? "x.\"_s%d\"" : ", x.\"_s%d\"", (unsigned)i);
		sql_add(sql, list_direction(sql, &query->keys[i]));
	}
}

static void
write_chunk(struct expansion *expansion, size_t *at)
{
	sql_clear(&expansion->sql);
	if (!expansion->expand->is_back)
		write_forward(expansion, at);
	else if (expansion->sql.dialect == SQL_SQLITE)
		write_back_sqlite(expansion, at);
	else
		write_back_postgres(expansion, at);
}

/* --- the whole ------------------------------------------------------- */

static int
columns_count(const struct sight *sight)
{
	int count = 0;

	for (size_t i = 0; i < sight->members_count; i++)
		count += sight->members[i].field != NULL;
	return count;
}

static enum err
take_row(struct expansion *expansion, struct tx_rows *rows)
{
	const struct sight *sight = &expansion->expand->query->sight;
	struct value parent;
	enum err err = shown_add(&expansion->list, expansion->arena, sight, rows);

	if (err != OK || !expansion->expand->is_back)
		return err != OK ? err : place_forward(expansion);
	parent = tx_value(rows, columns_count(sight) + 1, expansion->links[0].id.kind);
	return place_back(expansion, &parent);
}

static enum err
read_chunks(struct expansion *expansion)
{
	enum err err = OK;

	for (size_t at = 0; at < expansion->links_count && err == OK;) {
		struct tx_rows rows;

		write_chunk(expansion, &at);
		err = tx_query(expansion->tx, &expansion->sql, &rows);
		while (err == OK && tx_next(&rows))
			err = take_row(expansion, &rows);
		err = tx_close(&rows, err);
	}
	return err;
}

static enum err
expand_member(struct tx *tx, struct arena *arena, const struct sight *sight, size_t member,
    const struct shown_list *parents)
{
	struct expansion expansion = {
		.tx = tx,
		.arena = arena,
		.expand = sight->members[member].expand,
		.member = member,
	};
	const struct list_query *query = expansion.expand->query;
	enum err err;

	if (query->is_empty)
		return OK;
	err = link_all(&expansion, parents);
	if (err != OK)
		return err;
	sql_init(&expansion.sql, tx->type->dialect);
	err = read_chunks(&expansion);
	sql_release(&expansion.sql);
	return err == OK ? shown_expand(tx, arena, &query->sight, &expansion.list) : err;
}

enum err
shown_expand(
    struct tx *tx, struct arena *arena, const struct sight *sight, const struct shown_list *list)
{
	enum err err = OK;

	for (size_t i = 0; list->count > 0 && i < sight->members_count && err == OK; i++)
		if (sight->members[i].expand != NULL)
			err = expand_member(tx, arena, sight, i, list);
	return err;
}
