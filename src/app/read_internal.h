#pragma once
/*
 * Reading the app file, in three passes, so that a reference may stand before
 * its target and nothing stops at the first mistake:
 *
 *	read.c			the top of the file; declares each collection: name, kind of id
 *	read_collection.c	its fields (read_field.c, read_literal.c), indexes
 *	read_access.c		its rules and its cache
 *	check.c			what only the whole shows: clashes of names, back references
 *
 * and then shape.c writes down what the database must match.
 */
#include "app/app.h"
#include "app/keys.h"
#include "codec/yaml.h"

struct reader {
	struct app *app;
	struct app_mistakes *mistakes;
	const struct yaml *
	    collections[APP_COLLECTIONS_MAX]; /* by collection.index; NULL where it is no mapping */
};

/*
 * The values of a mapping by the rows of ${keys}: ret_values[i] is NULL where
 * keys[i] is not there.  Unknown, unsupported and missing keys are noted; what
 * is missing at ${at}.  False where ${node} is no mapping.
 */
bool read_keys(struct reader *reader, const struct yaml *node, const char *what,
    const struct key *keys, size_t count, struct app_position at, const struct yaml **ret_values);

/* These note a mistake where they return false: "expected ${what}, found …". */
bool read_word(struct reader *reader, const struct yaml *node, const char *what, struct str *ret);
bool read_bool(struct reader *reader, const struct yaml *node, bool *ret);
bool read_int(struct reader *reader, const struct yaml *node, int64_t *ret);
bool read_sequence(struct reader *reader, const struct yaml *node, const char *what);
bool read_mapping(struct reader *reader, const struct yaml *node, const char *what);
void note_expected(struct reader *reader, const struct yaml *node, const char *what);
/* "unknown ${what} 'titel'; did you mean 'title'?", or which ones there are. */
void note_unknown(struct reader *reader, const struct yaml *node, const char *what,
    const char *const *words, size_t count);
/* Nothing, or a plain `null` or `~`. */
bool is_nothing(const struct yaml *node);

struct app_position position_of(const struct yaml *node);
/* A part of a text that is short enough for a line. */
struct str excerpt(struct str text);
/* Memory of the app: the limits of the file bound it, so it is always there. */
void *keep(struct reader *reader, size_t count, size_t size);
struct str keep_str(struct reader *reader, struct str text);

void read_collection(struct reader *reader, struct collection *collection, const struct yaml *node);
/* All fields of ${collection} have their names and places already. */
void read_field(struct reader *reader, const struct collection *collection, struct field *field,
    const struct yaml *node);
void read_description(struct reader *reader, const struct yaml *node, struct str *ret);
/*
 * A value of the kind of ${field}, whose type and attributes are read; it need
 * not lie in the bounds.
 */
bool read_literal(
    struct reader *reader, const struct field *field, const struct yaml *node, struct value *ret);
/* `default:`, once bounds, values and pattern are known. */
void read_default(struct reader *reader, struct field *field, const struct yaml *node);
/* `access:`, `fields_access:` and `cache:`; each may be NULL. */
void read_access(struct reader *reader, struct collection *collection, const struct yaml *node);
void
read_fields_access(struct reader *reader, struct collection *collection, const struct yaml *node);
void read_cache(struct reader *reader, struct collection *collection, const struct yaml *node);
/* "unknown field 'titel'; …", by the columns of ${collection}. */
void note_unknown_column(struct reader *reader, const struct collection *collection,
    const struct yaml *node, struct str name);
const struct str *find_value(const struct field *field, struct str text);
/* Fills collection.backs too. */
void check_app(struct reader *reader);
