#pragma once
/*
 * What one caller sees of a collection: the one place that says so, for lists,
 * single records, answers to writes, expansions and live events.
 *
 *	FIELD_HIDDEN	not there: in no output, and unknown in every clause
 *	FIELD_BY_ROW	null in the rows where its rule is false
 *	refs		only targets that the caller may read
 *
 * A sight is *plain* where the caller sees every column as it stands; then
 * nobody needs it, and records are read and written as if there were no rules
 * of fields (catalogue_columns(), record_to_json(), record_row_to_json()).
 *
 * It lives in the arena that it was made in, and borrows the identity.
 */
#include "auth/identity.h"
#include "codec/json.h"
#include "rules/rules.h"
#include "store/tx.h"

struct expand;

/* A member of the records that are shown. */
struct sight_member {
	const struct field *field; /* NULL: a back reference, which has no column */
	const struct rule *rule; /* of a FIELD_BY_ROW one, else NULL */
	/*
	 * What stands in the place of its value (records/list.h), or NULL.  Of refs, some of which
	 * the caller may not read, it is the ids of the others.
	 */
	const struct expand *expand;
};

struct sight {
	const struct rules *rules;
	const struct collection *collection;
	const struct rule_caller *caller;
	struct sight_member *members; /* in the order of the columns, then back references */
	size_t members_count;
	bool is_plain;
	bool has_expands;
	bool asks_rows; /* what is shown differs from row to row */
	bool asks_others; /* by other rows than the one shown: sight_mask() cannot tell */
};

/* Does ${caller} see every column of ${collection} as it stands? */
bool sight_is_plain(const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller);
/*
 * Everything that ${identity} sees.  The members get room for ${more} further
 * ones.  False: the arena's limit.
 */
bool sight_init(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct identity *identity, size_t more, struct sight *ret);

/* Note what the members ask, once more where they were chosen among. */
void sight_note(struct sight *sight);

/* Is ${field} a member? */
bool sight_shows(const struct sight *sight, const struct field *field);

/* A column of ${collection} that ${caller} may name, or NULL. */
const struct field *sight_find(const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller, struct str name);
/* The rule of a FIELD_BY_ROW ${field}, or NULL. */
const struct rule *sight_row_rule(const struct rules *rules, const struct collection *collection,
    const struct rule_caller *caller, const struct field *field);

/* "t."title"", or the same as ${rule} shows it: CASE WHEN rule THEN t."title" END. */
void sight_add_column(struct sql_text *sql, const struct rules *rules,
    const struct rule_caller *caller, const struct field *field, const struct rule *rule);
/* The SELECT list of the members that have columns, in their order; how many. */
int sight_add_columns(struct sql_text *sql, const struct sight *sight);
/* The current row of a query that begins with sight_add_columns(), as JSON.  No expansions. */
void sight_row_to_json(struct json_writer *writer, const struct sight *sight, struct tx_rows *rows);

/* A record in memory, ${values} by column, as JSON; what its own row decides was decided before. */
void sight_to_json(struct json_writer *writer, const struct sight *sight, const struct value *values);
/*
 * Copy ${values}, by column, to ${ret} with null for what the caller does not
 * see in this row.  Only where !asks_others.
 */
void sight_mask(const struct sight *sight, const struct value *values, struct value *ret);

/*
 * The same by the database, where ${asks_others}: of the row that stands there.  What is new in
 * ${ret} lies in ${arena}.
 */
enum err sight_mask_stored(const struct sight *sight, struct tx *tx, struct arena *arena,
    const struct value *values, struct value *ret) MUST_USE;

/*
 * Append what decides about the members, as a SELECT list: two sights of a collection with the
 * same text and values show the same.
 */
void sight_add_key(struct sql_text *sql, const struct sight *sight);
/* Does it read rows of ${collection}, other than the record itself? */
bool sight_reads(const struct sight *sight, const struct collection *collection);
