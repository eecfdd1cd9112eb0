#pragma once
/*
 * Reading the app file, in three passes, so that a reference may stand before
 * its target and nothing stops at the first mistake:
 *
 *	read.c		the top of the file; declares each collection: name, kind of id
 *	read_collection.c	its fields (read_field.c), indexes, access
 *	check.c		what only the whole shows: clashes of names, keys that fight
 *
 * and then shape.c writes down what the database must match.
 */
#include "app/app.h"
#include "codec/yaml.h"

struct reader {
	struct app *app;
	struct app_mistakes *mistakes;
	const struct yaml *
	    collections[APP_COLLECTIONS_MAX]; /* by collection.index; NULL where it is no mapping */
};

/* A key of a mapping; tables of them end the question what may stand where. */
enum key_when {
	KEY_OPTIONAL,
	KEY_REQUIRED,
	KEY_LATER, /* declared in the manual, not supported yet */
};

struct key {
	const char *name;
	enum key_when when;
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
/* ${field} has its name and place already. */
void read_field(struct reader *reader, struct field *field, const struct yaml *node);
void check_app(struct reader *reader);
/* Needs an app without mistakes. */
void write_shape(struct app *app);
