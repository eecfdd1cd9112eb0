#pragma once
/*
 * What a collection can do, as bodies of the store: read one, create, change,
 * delete (lists: records/list.h).  The same text on both engines.
 *
 *	JSON -> record_input (fields checked, on the loop)
 *	     -> record_write body (references, rules, SQL; in the transaction)
 *	     -> rows of values -> JSON (on the loop)
 *
 * Every way in checks the same things in the same order: the fields (422 with
 * all of them), the record (404), conditions (412), references (422), the
 * access rule (401/403, or 404 where the record may not be read).
 */
#include "auth/identity.h"
#include "codec/json.h"
#include "rules/rules.h"
#include "store/store.h"

/* One thing that is wrong with a body; where: a JSON pointer (RFC 6901) as a URI fragment. */
struct field_error {
	struct str pointer; /* "#/title", "#/3/title" */
	const char *code;   /* required type too_short … of the contract */
	struct str detail;
	struct field_error *next;
};

struct field_errors {
	struct field_error *first, *last;
	size_t count;
};

enum { FIELD_ERRORS_MAX = 100 };

/* The first FIELD_ERRORS_MAX are kept. */
void field_error_add(struct field_errors *errors, struct arena *arena, struct str pointer,
    const char *code, const char *format, ...) __attribute__((format(printf, 5, 6)));

enum input_kind { INPUT_ABSENT, INPUT_VALUE, INPUT_INC };

/* What a client sent for one record, by column. */
struct record_input {
	enum input_kind *kinds;
	struct value *values;
	struct str pointer; /* of the record in the body: "#" or "#/3" */
};

/*
 * Check ${json} against the declared fields: types, min and max, enum words,
 * unknown and readonly members.  INPUT_CREATE: `id` may be chosen, required
 * fields without a default must be there.  INPUT_SEED: readonly fields may be
 * set too.  Notes every mistake.
 * ERR_TOO_LARGE: the arena's limit.
 */
enum input_use { INPUT_CREATE, INPUT_CHANGE, INPUT_SEED };

enum err record_input_read(struct arena *arena, const struct collection *collection,
    const struct json *json, struct str pointer, enum input_use use, struct record_input *ret,
    struct field_errors *errors) MUST_USE;

/* An id as it stands in a path; false where it cannot be one. */
bool record_id_parse(const struct collection *collection, struct str text, struct value *ret);
/* {"id":…,"created":…,…}; ${values} by column. */
void record_to_json(struct json_writer *writer, const struct collection *collection, const struct value *values);
/* The same, of the current row of a query of catalogue_columns(), straight from the columns. */
void record_row_to_json(struct json_writer *writer, const struct collection *collection, struct tx_rows *rows);

/* If-Match of a write: does it hold for a record at ${version}?  hold == NULL: there is none. */
struct record_condition {
	bool (*hold)(const void *arg, int64_t version);
	const void *arg;
};

/* --- one record ------------------------------------------------------- */

struct record_read {
	const struct rules *rules;
	const struct collection *collection;
	const struct identity *identity;
	struct value id;
	struct buf *json; /* the record is appended */
	int64_t version;  /* result: its commit number */
};
/* A store body: ERR_NOT_FOUND where it does not exist or may not be read. */
enum err record_read(struct tx *tx, void *arg);

enum record_op { RECORD_CREATE, RECORD_CHANGE, RECORD_DELETE };

struct record_write {
	enum record_op op;
	const struct rules *rules;
	const struct collection *collection;
	const struct identity *identity;
	struct arena *arena;	     /* the request's: results live in it */
	struct record_input *inputs; /* CREATE: one for each; CHANGE: one */
	size_t inputs_count;
	struct value id;	     /* CHANGE, DELETE */
	struct record_condition condition;

	/* Results, reset at each run. */
	const struct value **rows; /* CREATE: one for each, CHANGE: one; by column, after the write */
	int64_t version;	   /* of the rows */
	bool readable;		   /* the caller may read them */
	struct field_errors errors;
	struct str detail;	   /* for the problem */
};

/*
 * A store body.  ERR_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_INVALID (errors:
 * references), ERR_UNAUTHENTICATED / ERR_FORBIDDEN, ERR_CONFLICT (errors:
 * unique; a restricted delete), and what statements return.
 */
enum err record_write(struct tx *tx, void *arg);
/* Does a write to ${collection} read other rows than its own (PostgreSQL: SERIALIZABLE)? */
bool record_write_reads_others(const struct rules *rules, const struct collection *collection, enum record_op op);
