#include <stdlib.h>

#include "app/read_internal.h"
#include "app/words.h"
#include "base/buf.h"
#include "base/memory.h"

static void read_was(struct reader *reader, struct collection *collection, const struct yaml *node);
static void
read_fields(struct reader *reader, struct collection *collection, const struct yaml *node);
static void read_indexes(struct reader *reader, struct collection *collection,
    const struct yaml *indexes, const struct yaml *uniques);

void
read_collection(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	const struct yaml *values[COLLECTION_KEYS];

	read_keys(
	    reader, node, "a collection", collection_keys, COLLECTION_KEYS, collection->at, values);
	if (values[KEY_COLLECTION_WAS] != NULL)
		read_was(reader, collection, values[KEY_COLLECTION_WAS]);
	if (values[KEY_COLLECTION_DESCRIPTION] != NULL)
		read_description(
		    reader, values[KEY_COLLECTION_DESCRIPTION], &collection->description);
	read_fields(reader, collection, values[KEY_FIELDS]);
	read_indexes(reader, collection, values[KEY_INDEXES], values[KEY_UNIQUES]);
	read_access(reader, collection, values[KEY_ACCESS]);
	read_fields_access(reader, collection, values[KEY_FIELDS_ACCESS]);
	if (values[KEY_CACHE] != NULL)
		read_cache(reader, collection, values[KEY_CACHE]);
}

/* The name that it had before, which nobody has now. */
static void
read_was(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	const struct collection *other;
	struct str name;

	if (!read_word(reader, node, "the name of a collection before it was renamed", &name))
		return;
	if ((other = app_collection(reader->app, name)) != NULL) {
		app_mistake(reader->mistakes, position_of(node),
		    "'%.*s' is still a collection (line %u): 'was' names one that is gone",
		    STR_ARGS(name), other->at.line);
		return;
	}
	if (name_refusal(name, true) != NULL) {
		app_mistake(reader->mistakes, position_of(node), "'%.*s' %s",
		    STR_ARGS(excerpt(name)), name_refusal(name, true));
		return;
	}
	for (other = reader->app->collections; other < collection; other++)
		if (other->was.data != NULL && str_equal(other->was, name))
			app_mistake(reader->mistakes, position_of(node),
			    "'%.*s' became another collection already (line %u)", STR_ARGS(name),
			    other->at.line);
	collection->was = keep_str(reader, name);
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
	if (count == 0)
		return;
	for (const struct yaml *value = node->first; value != NULL; value = value->next)
		add_field(reader, collection, value);
	count = COLUMN_FIELDS;
	for (const struct yaml *value = node->first; value != NULL; value = value->next)
		read_field(reader, collection, &collection->columns[count++], value);
}

void
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

/* Why ${field} cannot stand in an index, or NULL. */
static const char *
index_refusal(const struct app_index *index, const struct field *field, bool descending)
{
	if (field->type == FIELD_LIST || field->type == FIELD_JSON || field->type == FIELD_REFS)
		return "has more than one value: it cannot stand in an index";
	if (index->unique && field->column == COLUMN_ID)
		return "is unique alone";
	if (index->unique && descending)
		return "descends, which has no meaning here: write it without -";
	for (size_t i = 0; i < index->fields_count; i++)
		if (index->fields[i] == field)
			return "stands twice in this index";
	return NULL;
}

static void
add_index_column(struct reader *reader, const struct collection *collection,
    struct app_index *index, const struct yaml *node)
{
	const struct field *field;
	const char *refusal;
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
	if ((refusal = index_refusal(index, field, descending)) != NULL) {
		app_mistake(
		    reader->mistakes, position_of(node), "'%.*s' %s", STR_ARGS(name), refusal);
		return;
	}
	index->fields[index->fields_count] = field;
	index->descending[index->fields_count++] = descending;
}

static void
add_index(
    struct reader *reader, struct collection *collection, const struct yaml *node, bool unique)
{
	struct app_index *index = &collection->indexes[collection->indexes_count];

	if (!read_sequence(reader, node,
		unique ? "a list of fields like [customer, number]"
		       : "a list of fields like [level, -created]"))
		return;
	if (node->count == 0 || node->count > APP_INDEX_COLUMNS_MAX) {
		app_mistake(reader->mistakes, position_of(node), "an index has 1 to %d fields",
		    APP_INDEX_COLUMNS_MAX);
		return;
	}
	if (unique && node->count == 1) {
		app_mistake(reader->mistakes, position_of(node),
		    "a field that is unique alone says so itself: 'unique: true'");
		return;
	}
	*index = (struct app_index){ .unique = unique };
	for (const struct yaml *item = node->first; item != NULL; item = item->next)
		add_index_column(reader, collection, index, item);
	index->at = position_of(node);
	/* What is there of a bad one has a name that is not meant. */
	collection->indexes_count += index->fields_count == node->count;
}

/* NULL where there is nothing to add. */
static const struct yaml *
first_index(struct reader *reader, const struct yaml *node, const char *what)
{
	return node != NULL && read_sequence(reader, node, what) ? node->first : NULL;
}

static void
read_indexes(struct reader *reader, struct collection *collection, const struct yaml *indexes,
    const struct yaml *uniques)
{
	const struct yaml *index =
	    first_index(reader, indexes, "a list of indexes like [[level, -created]]");
	const struct yaml *unique =
	    first_index(reader, uniques, "a list of lists of fields like [[customer, number]]");
	size_t count = (index == NULL ? 0 : indexes->count) + (unique == NULL ? 0 : uniques->count);

	if (count > APP_INDEXES_MAX) {
		app_mistake(reader->mistakes, position_of(index != NULL ? indexes : uniques),
		    "%zu indexes; at most %d are possible", count, APP_INDEXES_MAX);
		return;
	}
	collection->indexes = keep(reader, count, sizeof(collection->indexes[0]));
	for (; index != NULL; index = index->next)
		add_index(reader, collection, index, false);
	for (; unique != NULL; unique = unique->next)
		add_index(reader, collection, unique, true);
}
