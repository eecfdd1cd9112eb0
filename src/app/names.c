#include "app/names.h"

#include <stdio.h>
#include <string.h>

enum { WHOLE_NAME_SIZE = (APP_NAME_SIZE_MAX + 6) * (APP_INDEX_COLUMNS_MAX + 1) + 8 };

static uint32_t
hash_of(const char *text)
{
	uint32_t hash = 2166136261;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619;
	return hash;
}

static struct str
shorten(const char *whole, const char *suffix, char *ret)
{
	int kept = INDEX_NAME_SIZE - 1 - (int)strlen(suffix);

	if ((int)strlen(whole) <= kept)
		snprintf(ret, INDEX_NAME_SIZE, "%.*s%s", kept, whole, suffix);
	else
		snprintf(
		    ret, INDEX_NAME_SIZE, "%.*s_%08x%s", kept - 9, whole, hash_of(whole), suffix);
	return str_from(ret);
}

static struct str
name_of_one(
    const struct collection *collection, const struct field *field, const char *suffix, char *ret)
{
	char whole[WHOLE_NAME_SIZE];

	snprintf(
	    whole, sizeof(whole), "%.*s_%.*s", STR_ARGS(collection->name), STR_ARGS(field->name));
	return shorten(whole, suffix, ret);
}

bool
field_has_index(const struct field *field)
{
	return field->index || (field->type == FIELD_REF && !field->unique);
}

struct str
unique_name(const struct collection *collection, const struct field *field, char *ret)
{
	return name_of_one(collection, field, "_key", ret);
}

struct str
field_index_name(const struct collection *collection, const struct field *field, char *ret)
{
	return name_of_one(collection, field, "_idx", ret);
}

struct str
index_name(const struct collection *collection, const struct app_index *index, char *ret)
{
	char whole[WHOLE_NAME_SIZE];
	size_t size = (size_t)snprintf(whole, sizeof(whole), "%.*s", STR_ARGS(collection->name));

	for (size_t i = 0; i < index->fields_count && size < sizeof(whole); i++)
		size += (size_t)snprintf(whole + size, sizeof(whole) - size, "_%.*s%s",
		    STR_ARGS(index->fields[i]->name), index->descending[i] ? "_desc" : "");
	return shorten(whole, index->unique ? "_key" : "_idx", ret);
}

struct str
link_name(const struct collection *collection, const struct field *field, char *ret)
{
	return name_of_one(collection, field, "", ret);
}

struct str
fold_name(const struct field *field, char *ret)
{
	char whole[WHOLE_NAME_SIZE];

	snprintf(whole, sizeof(whole), "_fold_%.*s", STR_ARGS(field->name));
	return shorten(whole, "", ret);
}

const struct field *
fold_name_field(const struct collection *collection, struct str name)
{
	char taken[INDEX_NAME_SIZE];

	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (field->fold && str_equal(fold_name(field, taken), name))
			return field;
	}
	return NULL;
}

const struct app_index *
unique_name_index(const struct collection *collection, struct str name)
{
	char taken[INDEX_NAME_SIZE];

	for (size_t i = 0; i < collection->indexes_count; i++) {
		const struct app_index *index = &collection->indexes[i];

		if (index->unique && str_equal(index_name(collection, index, taken), name))
			return index;
	}
	return NULL;
}

const struct field *
unique_name_field(const struct collection *collection, struct str name)
{
	char taken[INDEX_NAME_SIZE];

	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (field->unique && str_equal(unique_name(collection, field, taken), name))
			return field;
	}
	return NULL;
}
