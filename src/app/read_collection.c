#include <stdlib.h>

#include "app/read_internal.h"
#include "app/words.h"
#include "base/buf.h"
#include "base/memory.h"

static void
read_fields(struct reader *reader, struct collection *collection, const struct yaml *node);
static void
read_indexes(struct reader *reader, struct collection *collection, const struct yaml *node);
static void
read_access(struct reader *reader, struct collection *collection, const struct yaml *node);

enum { KEY_FIELDS, KEY_ID, KEY_INDEXES, KEY_ACCESS };
static const struct key collection_keys[] = {
	[KEY_FIELDS] = { "fields", KEY_REQUIRED },
	[KEY_ID] = { "id", KEY_OPTIONAL },
	[KEY_INDEXES] = { "indexes", KEY_OPTIONAL },
	[KEY_ACCESS] = { "access", KEY_OPTIONAL },
	{ "cache", KEY_LATER },
	{ "fields_access", KEY_LATER },
	{ "history", KEY_LATER },
	{ "key", KEY_LATER },
	{ "kind", KEY_LATER },
	{ "live", KEY_LATER },
	{ "paths", KEY_LATER },
	{ "sql", KEY_LATER },
	{ "ttl", KEY_LATER },
	{ "was", KEY_LATER },
};

void
read_collection(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	const struct yaml *values[COUNT(collection_keys)];

	read_keys(reader, node, "a collection", collection_keys, COUNT(collection_keys),
	    collection->at, values);
	read_fields(reader, collection, values[KEY_FIELDS]);
	if (values[KEY_INDEXES] != NULL)
		read_indexes(reader, collection, values[KEY_INDEXES]);
	read_access(reader, collection, values[KEY_ACCESS]);
}

static void
name_field(struct reader *reader, struct field *field, struct str name, unsigned column)
{
	struct buf json;

	buf_init(&json, 8 * APP_FILE_SIZE_MAX);
	field->name = keep_str(reader, name);
	field->column = column;
	buf_addf(&json, "\"%.*s\":", STR_ARGS(name));
	field->json_name = keep_str(reader, buf_str(&json));
	buf_release(&json);
}

/* Columns that every record has. */
static void
add_system_columns(struct reader *reader, struct collection *collection)
{
	const struct field id = { .type = collection->id_type, .unique = true };
	const struct field time = { .type = FIELD_TIME };

	collection->columns[COLUMN_ID] = id;
	collection->columns[COLUMN_CREATED] = collection->columns[COLUMN_UPDATED] = time;
	name_field(reader, &collection->columns[COLUMN_ID], STR("id"), COLUMN_ID);
	name_field(reader, &collection->columns[COLUMN_CREATED], STR("created"), COLUMN_CREATED);
	name_field(reader, &collection->columns[COLUMN_UPDATED], STR("updated"), COLUMN_UPDATED);
	for (size_t i = 0; i < COLUMN_FIELDS; i++) {
		collection->columns[i].required = true;
		collection->columns[i].readonly = true;
		collection->columns[i].at = collection->at;
	}
	collection->columns_count = COLUMN_FIELDS;
}

static void
add_field(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	unsigned column = (unsigned)collection->columns_count++;
	struct field *field = &collection->columns[column];
	const char *refusal = name_refusal(node->key->text, false);

	if (refusal != NULL)
		app_mistake(reader->mistakes, position_of(node->key), "'%.*s' %s",
		    STR_ARGS(excerpt(node->key->text)), refusal);
	name_field(reader, field, node->key->text, column);
	field->at = position_of(node->key);
	read_field(reader, field, node);
}

static void
read_fields(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	size_t count = 0;

	if (node != NULL && read_mapping(reader, node, "a mapping of fields by name"))
		count = node->count;
	if (count > APP_FIELDS_MAX) {
		app_mistake(reader->mistakes, position_of(node),
		    "%zu fields; at most %d are possible", count, APP_FIELDS_MAX);
		count = 0;
	}
	collection->columns = keep(reader, COLUMN_FIELDS + count, sizeof(collection->columns[0]));
	add_system_columns(reader, collection);
	if (count > 0)
		for (const struct yaml *value = node->first; value != NULL; value = value->next)
			add_field(reader, collection, value);
}

static void
note_unknown_column(struct reader *reader, const struct collection *collection,
    const struct yaml *node, struct str name)
{
	const char **words = memory_new(collection->columns_count * sizeof(words[0]));
	struct yaml written = *node;

	for (size_t i = 0; i < collection->columns_count; i++)
		words[i] = collection->columns[i].name.data;
	written.text = name;
	note_unknown(reader, &written, "field", words, collection->columns_count);
	free(words);
}

static void
add_index_column(struct reader *reader, const struct collection *collection,
    struct app_index *index, const struct yaml *node)
{
	const struct field *field;
	struct str name;
	bool descending;

	if (!read_word(reader, node, "a field's name, with - in front where it descends", &name))
		return;
	descending = name.data[0] == '-';
	name = str_slice(name, descending, name.size);
	if ((field = collection_column(collection, name)) == NULL) {
		note_unknown_column(reader, collection, node, name);
		return;
	}
	for (size_t i = 0; i < index->fields_count; i++)
		if (index->fields[i] == field)
			app_mistake(reader->mistakes, position_of(node),
			    "'%.*s' stands twice in this index", STR_ARGS(name));
	index->fields[index->fields_count] = field;
	index->descending[index->fields_count++] = descending;
}

static void
add_index(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	struct app_index *index = &collection->indexes[collection->indexes_count];

	if (!read_sequence(reader, node, "a list of fields like [level, -created]"))
		return;
	if (node->count == 0 || node->count > APP_INDEX_COLUMNS_MAX) {
		app_mistake(reader->mistakes, position_of(node), "an index has 1 to %d fields",
		    APP_INDEX_COLUMNS_MAX);
		return;
	}
	for (const struct yaml *item = node->first; item != NULL; item = item->next)
		add_index_column(reader, collection, index, item);
	index->at = position_of(node);
	collection->indexes_count++;
}

static void
read_indexes(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	if (!read_sequence(reader, node, "a list of indexes like [[level, -created]]"))
		return;
	if (node->count > APP_INDEXES_MAX) {
		app_mistake(reader->mistakes, position_of(node),
		    "%zu indexes; at most %d are possible", node->count, APP_INDEXES_MAX);
		return;
	}
	collection->indexes = keep(reader, node->count, sizeof(collection->indexes[0]));
	for (const struct yaml *item = node->first; item != NULL; item = item->next)
		add_index(reader, collection, item);
}

static void
read_rule(struct reader *reader, struct app_rule *rule, const struct yaml *node)
{
	struct str text;

	if (!read_word(reader, node, "true, false or an expression", &text))
		return;
	while (
	    text.size > 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' '))
		text.size--;
	rule->text = keep_str(reader, text);
	rule->at = position_of(node);
	rule->at.column += node->style == YAML_QUOTED;
}

static void
read_access(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	static const struct key keys[ACCESS_COUNT] = {
		[ACCESS_READ] = { "read", KEY_OPTIONAL },
		[ACCESS_CREATE] = { "create", KEY_OPTIONAL },
		[ACCESS_UPDATE] = { "update", KEY_OPTIONAL },
		[ACCESS_DELETE] = { "delete", KEY_OPTIONAL },
	};
	const struct yaml *values[ACCESS_COUNT];

	for (size_t i = 0; i < ACCESS_COUNT; i++)
		collection->access[i] = (struct app_rule){ STR("false"), collection->at };
	if (node == NULL || !read_keys(reader, node, "a mapping of read, create, update, delete",
				keys, ACCESS_COUNT, position_of(node), values))
		return;
	for (size_t i = 0; i < ACCESS_COUNT; i++)
		if (values[i] != NULL)
			read_rule(reader, &collection->access[i], values[i]);
}
