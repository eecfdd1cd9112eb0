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
 * all of them; references too, where anything else is wrong), the record
 * (404), conditions (412), references (422), the access rule (401/403, or 404
 * where the record may not be read), and what the database holds unique (409).
 */
#include "auth/identity.h"
#include "codec/json.h"
#include "codec/json_patch.h"
#include "rules/rules.h"
#include "records/sight.h"
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

enum input_kind {
	INPUT_ABSENT,
	INPUT_WRONG, /* sent, and noted among the errors */
	INPUT_VALUE,
	/* From here on what a change says, with its operand as the value (records/operators.h). */
	INPUT_INC,
	INPUT_MIN,
	INPUT_MAX,
	INPUT_APPEND,
	INPUT_REMOVE,
	INPUT_MERGE, /* json */
};

/* What a client sent for one record, by column. */
struct record_input {
	enum input_kind *kinds;
	struct value *values;
	struct str pointer; /* of the record in the body: "#" or "#/3" */
};

/*
 * Check ${json} against the declared fields: types, min and max, enum words,
 * unknown and readonly members.  INPUT_CREATE: `id` may be chosen, required
 * fields without a default must be there.  INPUT_PUT: the same.  INPUT_PATCH: a
 * change without operators, an object is only itself.  INPUT_SEED: readonly fields may be set too.  Notes every mistake.
 * ERR_TOO_LARGE: the arena's limit.
 *
 * ${author} is who says it; NULL: one who sees every field.  A field that it does not see is as
 * unknown as a name that no field has, and never asked for; without it there may be no record to
 * create, which record_write() finds out.
 */
struct record_author {
	const struct rules *rules;
	const struct rule_caller *caller;
};
enum input_use { INPUT_CREATE, INPUT_CHANGE, INPUT_PATCH, INPUT_PUT, INPUT_SEED };

enum err record_input_read(struct arena *arena, const struct collection *collection,
    const struct record_author *author, const struct json *json, struct str pointer, enum input_use use,
    struct record_input *ret, struct field_errors *errors) MUST_USE;

/* An id as it stands in a path; false where it cannot be one. */
bool record_id_parse(const struct collection *collection, struct str text, struct value *ret);

/* How a path names a record: by its id, or by a field that is unique, as in "slug:a-b". */
struct record_key {
	const struct field *field; /* `id`, or a unique one */
	struct value value;
};

/*
 * The field that ${text}, a decoded segment of a path, names: the unique one
 * before the first colon, else `id`; *ret_rest = the text of the value.  NULL
 * where a name stands before a colon that is no unique field's.
 */
const struct field *record_key_field(
    const struct collection *collection, struct str text, struct str *ret_rest);
/* ${text} as the member of a body would say it: a number where ${field} takes one and it is one, else a string. */
struct json record_key_json(struct arena *arena, const struct field *field, struct str text);
/* Is a record that has ${value} in the field of ${key} the one that ${key} names?  As the column compares, folded or not. */
bool record_key_is(struct arena *arena, const struct record_key *key, const struct value *value);
/* The whole key of ${text}; false where no record can have it. */
bool record_key_parse(struct arena *arena, const struct collection *collection, struct str text,
    struct record_key *ret);

/* {"id":…,"created":…,…}; ${values} by column. */
void record_to_json(struct json_writer *writer, const struct collection *collection, const struct value *values);
/* The same, of the current row of a query of catalogue_columns(), straight from the columns. */
void record_row_to_json(struct json_writer *writer, const struct collection *collection, struct tx_rows *rows);

enum { RECORD_NOTHING = -1 }; /* the version of a record that does not exist */

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
	struct record_key key;
	struct value id;
	const struct sight *sight; /* NULL: as it stands */
	struct buf *json; /* the record is appended */

	/* Results. */
	int64_t version; /* its commit number */
	uint64_t hash; /* with a sight: of the record as it is shown */
};
/* A store body: ERR_NOT_FOUND where it does not exist or may not be read. */
enum err record_read(struct tx *tx, void *arg);

/* --- may somebody? ---------------------------------------------------- */

/* The rules of ${access}, part by part, as ${identity} meets them; before a change the read rule is asked too. */
struct record_ask {
	const struct rules *rules;
	const struct collection *collection;
	const struct identity *identity;
	struct arena *arena;	    /* results live in it */
	enum access access;
	struct record_input *input; /* CREATE: what would be created; UPDATE: what would change, or NULL */
	struct value id;	    /* all but CREATE */

	/* Results, reset at each run. */
	bool allowed;
	struct {
		enum access access;
		const struct rule_part *whole;
	} rules_asked[2];
	size_t rules_asked_count;
	struct field_errors errors;
};
/* A store body, which writes nothing.  ERR_NOT_FOUND: there is no such record. */
enum err record_ask(struct tx *tx, void *arg);

/*
 * Append the record with ${id} as ${sight} shows it; whether the caller may read it was asked
 * before.  ERR_NOT_FOUND, ERR_TOO_COSTLY, and what statements return.
 */
enum err record_show(struct tx *tx, const struct sight *sight, const struct value *id,
    struct buf *json) MUST_USE;

enum record_op { RECORD_CREATE, RECORD_CHANGE, RECORD_PUT, RECORD_DELETE };

struct record_write {
	enum record_op op;
	const struct rules *rules;
	const struct collection *collection;
	const struct identity *identity;
	struct arena *arena;	     /* the request's: results live in it */
	struct record_input *inputs; /* CREATE: one for each; CHANGE, PUT: one */
	size_t inputs_count;
	const struct json_patch *patch; /* CHANGE: the input is made of it; or NULL */
	struct record_key key;	     /* CHANGE, PUT, DELETE */
	struct record_condition condition;

	/* Results, reset at each run. */
	const struct value **rows; /* CREATE: one for each, CHANGE, PUT: one; by column, after the write, as the caller sees it */
	const struct sight *sight; /* of the rows */
	const bool *blind; /* by column: the rule of the field hides it in the record before; NULL: none is */
	int64_t version;	   /* of the rows */
	bool created;		   /* CREATE, and a PUT that found nothing */
	bool readable;		   /* the caller may read them */
	struct field_errors errors;
	struct str detail;	   /* for the problem */
};

/*
 * A store body.  ERR_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_INVALID (errors:
 * references, operators), ERR_UNAUTHENTICATED / ERR_FORBIDDEN, ERR_CONFLICT
 * (errors: unique; a restricted delete), and what statements return.
 *
 * A JSON Patch is applied to the record as the caller sees it, behind the
 * conditions: ERR_CONFLICT where it does not fit; the fields that it changes
 * are checked then.
 *
 * What the rule of a field hides in the record, its caller neither learns by a
 * change nor loses by a put: there are no operators on it, setting it is a
 * change whatever stood there, and PUT keeps it where it is not named.
 *
 * PUT: where the caller may not read the record that has the key, it is as if
 * there were none; so it goes on as a create, is refused as a create, and at
 * the end meets the taken id or value: 409, which a POST would tell as well.
 */
enum err record_write(struct tx *tx, void *arg);
/*
 * A store body that writes nothing, for inputs with mistakes in ${errors}:
 * notes the references that lead nowhere as well.  ERR_INVALID.
 */
enum err record_check(struct tx *tx, void *arg);
/* Does a write to ${collection} read other rows than its own (PostgreSQL: SERIALIZABLE)? */
bool record_write_reads_others(const struct rules *rules, const struct collection *collection, enum record_op op);
