#include <stdlib.h>
#include <string.h>

#include "app/names.h"
#include "app/read_internal.h"
#include "base/memory.h"

/*
 * Names that must differ, in their scopes: the columns and back references of
 * one collection; the tables, link tables and indexes of the database.
 */
enum name_kind { NAME_DECLARED, NAME_BACK_REFERENCE, NAME_LINK, NAME_INDEX, NAME_MADE };
enum { NAME_SIZE = 2 * APP_NAME_SIZE_MAX + 16 };

struct name {
	unsigned scope; /* collection.index, or the number of collections: the database */
	enum name_kind kind;
	struct app_position at;
	char text[NAME_SIZE];
};

struct names {
	struct name *names;
	size_t count, capacity;
};

static void add_backs(struct reader *reader, struct collection *target);
static void add_names(struct names *names, const struct app *app);
static int compare_names(const void *a, const void *b);
static void note_clash(struct reader *reader, const struct name *name, const struct name *before);

/*
 * What is declared twice is a key that stands twice; what is made twice belongs
 * to two tables of one name: there is a mistake already.
 */
static bool
is_known(const struct name *name, const struct name *before)
{
	return name->kind == NAME_DECLARED ||
	       (name->kind == NAME_MADE && before->kind == NAME_MADE);
}

void
check_app(struct reader *reader)
{
	struct names names = { 0 };

	for (size_t i = 0; i < reader->app->collections_count; i++)
		add_backs(reader, &reader->app->collections[i]);
	add_names(&names, reader->app);
	if (names.count > 0)
		qsort(names.names, names.count, sizeof(names.names[0]), compare_names);
	for (size_t i = 1; i < names.count; i++) {
		const struct name *before = &names.names[i - 1], *name = &names.names[i];

		if (name->scope == before->scope && strcmp(name->text, before->text) == 0 &&
		    !is_known(name, before))
			note_clash(reader, name, before);
	}
	free(names.names);
}

static void
note_clash(struct reader *reader, const struct name *name, const struct name *before)
{
	struct str target;

	if (name->kind != NAME_BACK_REFERENCE) {
		app_mistake(reader->mistakes, name->at,
		    "'%s' would be the name of two tables or indexes; the other comes from line %u",
		    name->text, before->at.line);
		return;
	}
	target = reader->app->collections[name->scope].name;
	app_mistake(reader->mistakes, name->at,
	    "seen from '%.*s' this reference is '%s', and so is the %s of line %u: rename one of "
	    "the two",
	    STR_ARGS(target), name->text, before->kind == NAME_DECLARED ? "field" : "reference",
	    before->at.line);
}

static int
compare_names(const void *a, const void *b)
{
	const struct name *left = a, *right = b;
	int order;

	if (left->scope != right->scope)
		return left->scope < right->scope ? -1 : 1;
	if ((order = strcmp(left->text, right->text)) != 0)
		return order;
	if ((left->kind == NAME_DECLARED) != (right->kind == NAME_DECLARED))
		return left->kind == NAME_DECLARED ? -1 : 1;
	if (left->at.line != right->at.line)
		return left->at.line < right->at.line ? -1 : 1;
	return (left->at.column > right->at.column) - (left->at.column < right->at.column);
}

static struct name *
add_name(struct names *names, unsigned scope, enum name_kind kind, struct app_position at,
    struct str text)
{
	struct name *name;

	if (names->count == names->capacity) {
		names->capacity = names->capacity == 0 ? 256 : 2 * names->capacity;
		names->names =
		    memory_resize(names->names, names->capacity * sizeof(names->names[0]));
	}
	name = &names->names[names->count++];
	name->scope = scope;
	name->kind = kind;
	name->at = at;
	snprintf(name->text, sizeof(name->text), "%.*s", STR_ARGS(text));
	return name;
}

/* How many fields of ${from} refer to ${to}. */
static size_t
count_references(const struct collection *from, const struct collection *to)
{
	size_t count = 0;

	for (size_t i = COLUMN_FIELDS; i < from->columns_count; i++)
		count += from->columns[i].to == to;
	return count;
}

static struct str
back_name(struct reader *reader, const struct collection *from, const struct field *field)
{
	char text[NAME_SIZE];

	if (count_references(from, field->to) == 1)
		return from->name;
	snprintf(text, sizeof(text), "%.*s_%.*s", STR_ARGS(from->name), STR_ARGS(field->name));
	return keep_str(reader, str_from(text));
}

static void
add_backs_of(struct reader *reader, struct collection *target, const struct collection *from)
{
	for (size_t i = COLUMN_FIELDS; i < from->columns_count; i++) {
		const struct field *field = &from->columns[i];

		if (field->to == target)
			target->backs[target->backs_count++] = (struct back_reference){
				.name = back_name(reader, from, field),
				.from = from,
				.field = field,
			};
	}
}

static void
add_backs(struct reader *reader, struct collection *target)
{
	const struct app *app = reader->app;
	size_t count = 0;

	for (size_t i = 0; i < app->collections_count; i++)
		count += count_references(&app->collections[i], target);
	target->backs = keep(reader, count, sizeof(target->backs[0]));
	for (size_t i = 0; i < app->collections_count; i++)
		add_backs_of(reader, target, &app->collections[i]);
}

/* What PostgreSQL calls the index and the sequence that it makes for ids. */
static void
add_names_of_table(struct names *names, unsigned database, struct app_position at, struct str table)
{
	static const char *const suffixes[] = { "_pkey", "_id_seq" };
	char text[NAME_SIZE];

	for (size_t i = 0; i < COUNT(suffixes); i++) {
		snprintf(text, sizeof(text), "%.*s%s", STR_ARGS(table), suffixes[i]);
		add_name(names, database, NAME_MADE, at, str_from(text));
	}
}

static void
add_field_names(struct names *names, const struct app *app, const struct collection *collection,
    const struct field *field)
{
	unsigned database = (unsigned)app->collections_count;
	char text[INDEX_NAME_SIZE];

	add_name(names, collection->index, NAME_DECLARED, field->at, field->name);
	if (field->column < COLUMN_FIELDS)
		return;
	if (field->type == FIELD_REFS) {
		add_name(names, database, NAME_LINK, field->at, link_name(collection, field, text));
		add_names_of_table(names, database, field->at, str_from(text));
	}
	if (field->unique)
		add_name(
		    names, database, NAME_INDEX, field->at, unique_name(collection, field, text));
	if (field_has_index(field) || field->type == FIELD_REFS)
		add_name(names, database, NAME_INDEX, field->at,
		    field_index_name(collection, field, text));
}

static void
add_names(struct names *names, const struct app *app)
{
	unsigned database = (unsigned)app->collections_count;
	char text[INDEX_NAME_SIZE];

	for (size_t i = 0; i < app->collections_count; i++) {
		const struct collection *collection = &app->collections[i];

		add_name(names, database, NAME_DECLARED, collection->at, collection->name);
		add_names_of_table(names, database, collection->at, collection->name);
		for (size_t j = 0; j < collection->backs_count; j++)
			add_name(names, collection->index, NAME_BACK_REFERENCE,
			    collection->backs[j].field->at, collection->backs[j].name);
		for (size_t j = 0; j < collection->columns_count; j++)
			add_field_names(names, app, collection, &collection->columns[j]);
		for (size_t j = 0; j < collection->indexes_count; j++)
			add_name(names, database, NAME_INDEX, collection->indexes[j].at,
			    index_name(collection, &collection->indexes[j], text));
	}
}
