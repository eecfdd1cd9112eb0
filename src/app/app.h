#pragma once
/*
 * The declared application: what caisson.yaml says, checked, and frozen.  A
 * snapshot is immutable and is read by every thread without a lock.
 *
 *	caisson.yaml -> codec/yaml (events with positions) -> app_read -> struct app
 *	                                                       |
 *	                                       every mistake, with line and column
 *
 * Rules stand here as text with their position; rules/ compiles them.
 */
#include <stdio.h>

#include "app/field_type.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"
#include "codec/pattern.h"
#include "codec/yaml.h"

enum {
	APP_COLLECTIONS_MAX = 256,
	APP_FIELDS_MAX = 200,
	APP_NAME_SIZE_MAX = 63,
	APP_ENUM_VALUES_MAX = 1000,
	APP_INDEX_COLUMNS_MAX = 8,
	APP_INDEXES_MAX = 64, /* of a collection */
	APP_FILE_SIZE_MAX = 1 << 20,
	APP_MISTAKES_MAX = 1000, /* that are kept; all are counted */
};

struct app_position {
	uint32_t line, column; /* from 1, in bytes */
};

enum on_delete { ON_DELETE_RESTRICT, ON_DELETE_CASCADE, ON_DELETE_SET_NULL };

enum default_kind { DEFAULT_NONE, DEFAULT_LITERAL, DEFAULT_NOW, DEFAULT_AUTH_ID };

struct collection;

/*
 * A column of a collection.  The first three are the same everywhere: `id`,
 * `created`, `updated`; the declared fields follow in the file's order.
 */
enum { COLUMN_ID, COLUMN_CREATED, COLUMN_UPDATED, COLUMN_FIELDS };

struct field {
	struct str name;
	struct str json_name; /* "\"title\":", for json_name_raw */
	enum field_type type;
	unsigned column; /* its place in collection.columns and in every row of values */
	bool required; /* not null (id, created, updated are) */
	bool unique, index, readonly;
	bool has_min, has_max;
	/*
	 * text, email, url: code points; int: the value; decimal: scaled by `scale`;
	 * time: microseconds; date: days; list, refs: items.
	 */
	int64_t min, max;
	double real_min, real_max; /* float */
	unsigned scale; /* decimal: digits behind the point, 0 to 18 */
	enum field_type of; /* list: TEXT, INT, FLOAT or BOOL */
	struct str pattern; /* text: as written, or data NULL */
	const struct pattern *pattern_code; /* the same, for pattern_matches() */
	/* text, email: compared by its case-folded form, which the database holds as well */
	bool fold;
	struct str *values; /* enum: in declared order */
	size_t values_count;
	const struct collection *to; /* ref, refs */
	struct str was; /* the name before a rename, or data NULL */
	struct str description; /* for people: OpenAPI, or data NULL */
	enum on_delete on_delete; /* ref */
	enum default_kind default_kind;
	struct value default_value; /* of the field's own kind */
	struct app_position at; /* of its name */
};

enum access { ACCESS_READ, ACCESS_CREATE, ACCESS_UPDATE, ACCESS_DELETE, ACCESS_COUNT };

struct app_rule {
	struct str text; /* "false" where nothing is declared: deny by default */
	struct yaml scalar; /* as the file writes it, for app_rule_position() */
};

/*
 * The way from a record to those that refer to it: `comments` where only one of
 * its fields refers, else `comments_author`.
 */
struct back_reference {
	struct str name;
	const struct collection *from;
	const struct field *field; /* of `from`: a ref or refs */
};

/*
 * `cache:` of a collection; max_age_s is 0 where nothing is declared.  Whether its rules allow
 * `public:` is for rules/ to say.
 */
struct app_cache {
	int64_t max_age_s;
	bool is_public;
	struct app_position at; /* of `public:` */
};

struct app_index {
	const struct field *fields[APP_INDEX_COLUMNS_MAX];
	bool descending[APP_INDEX_COLUMNS_MAX];
	size_t fields_count;
	bool unique; /* of `unique:`, not of `indexes:` */
	struct app_position at;
};

struct collection {
	struct str name;
	unsigned index; /* its place in app.collections */
	enum field_type id_type; /* FIELD_ID (UUIDv7) or FIELD_INT */
	struct field *columns;
	size_t columns_count;
	struct app_index *indexes; /* declared compound indexes and unique ones */
	size_t indexes_count;
	struct app_rule access[ACCESS_COUNT];
	/* By column: who may see it; text.data NULL: whoever reads the record. */
	struct app_rule *fields_read;
	struct back_reference *backs; /* in the order of the collections that refer */
	size_t backs_count;
	struct app_cache cache;
	struct str was, description; /* as of a field */
	struct app_position at;
};

/* sqlite:FOLDER/FILE or postgres://USER@HOST/NAME: what `database:`, --database and CAISSON_DATABASE may say. */
bool app_database_is_valid(struct str database);

struct app {
	struct str name;
	struct str prefix; /* "/v1", without a slash at its end */
	struct str database; /* as written: "sqlite:data/handbook.db", "postgres://…" */
	struct collection *collections; /* in the file's order */
	size_t collections_count;
	struct str shape; /* what the database must match: app/shape.h */
	struct arena arena; /* owns all of it */
};

/* A mistake in the file; `detail` says what was expected and the nearest known word. */
struct app_mistake {
	struct app_position at;
	struct str detail;
	struct app_mistake *next; /* in order of position */
};

struct app_mistakes {
	struct app_mistake *first;
	size_t count;
	struct arena arena;
};

void app_mistakes_init(struct app_mistakes *mistakes);
void app_mistakes_release(struct app_mistakes *mistakes);
/* Note a mistake, in its place by position. */
void app_mistake(struct app_mistakes *mistakes, struct app_position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One line for each: "caisson.yaml:LINE:COLUMN: error: …". */
void app_mistakes_print(const struct app_mistakes *mistakes, FILE *file, const char *filename);

/*
 * Read the app file's ${text}.  Returns a new app, or NULL with at least one
 * mistake in ${mistakes}: all that can be found in one run.
 */
struct app *app_read(struct str text, struct app_mistakes *mistakes);
/*
 * The same, but an app with mistakes is returned too, as far as it goes: good
 * only for finding the mistakes that rules have.
 */
struct app *app_read_partly(struct str text, struct app_mistakes *mistakes);
void app_free(struct app *app);

const struct collection *app_collection(const struct app *app, struct str name);
/* A column by name, `id`, `created` and `updated` too; or NULL. */
const struct field *collection_column(const struct collection *collection, struct str name);
const struct back_reference *collection_back(const struct collection *collection, struct str name);
/* Where the byte at ${offset} of the text of ${rule} stands in the file, or what would follow it. */
struct app_position app_rule_position(const struct app_rule *rule, size_t offset);
/*
 * The kind that values of ${field} have in rows: UUID or INT for id and ref, TEXT for enum,
 * email and url, JSON for json, list and refs (a sorted array of ids, never null).
 */
enum value_kind field_value_kind(const struct field *field);
