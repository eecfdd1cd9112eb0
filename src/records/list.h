#pragma once
/*
 * Lists: GET /v1/questions?filter=…&sort=-votes,title&limit=20&cursor=…
 *
 *	parameters -> list_parse -> struct list_query (on the loop)
 *	           -> list_read, a store body -> {"items":[…],"next":"…"|null}
 *
 * Pages are found by key, not by number: a cursor holds the sort keys of the
 * last row, and the next page is what stands behind them.  Rows that others
 * insert or delete meanwhile shift nothing, and the last page costs what the
 * first one costs.
 *
 * The order always ends in the id, in the direction of the last key, so that
 * no two rows are equal.  Nulls stand first ascending and last descending,
 * enums in their declared order, on both engines.
 *
 * An order that an index has (struct list_index) is read from the index, range
 * by range behind the cursor; any other is sorted by the engine, in one
 * statement, and is heavy.
 *
 *	sort=votes, cursor votes = 7:	votes = 7 AND id > …, then votes > 7
 *	sort=-votes, cursor votes = 7:	votes = 7 AND id < …, then votes < 7, then votes IS NULL
 *	sort=-votes, cursor votes null:	votes IS NULL AND id < …
 *
 * Parameters: filter, sort, limit, cursor, offset, count, fields, expand, live.
 * Those that are texts and have nothing behind them (`filter=`) are as if they
 * were not there (forms send that); an empty `cursor=` is a mistake, so that a
 * client that has come to the end does not begin again.  offset (for grids)
 * and cursor exclude one another; a page at an offset has a `next` like any
 * other.
 *
 * fields names the members that are shown, in the order of the file whatever
 * the order here; behind a reference or a back reference those of its
 * records, which it expands by that.  `*` is all of them.
 *
 *	fields=title,author.name	{"title":…,"author":{"name":…}}
 *
 * expand puts records in the place of their ids: an object or null for a ref,
 * an array for refs and for back references (`comments`), which a record has
 * only there.  Behind the name, the parameters of a list stand in parentheses:
 *
 *	path	 name options? ("." path)?
 *	options	 "(" parameter "=" value (";" parameter "=" value)* ")"
 *
 *	expand=topic.owner,comments(filter=stars > 3;sort=-created;limit=5;expand=author)
 *
 * A value ends at the first ";" or ")" outside of quotes and brackets of its
 * own.  A ref or refs takes `fields` and `expand`, a back reference `filter`,
 * `sort` and `limit` too.  What is expanded is shown, whatever fields names.
 * Every record of every level is one that the caller may read, with what it
 * may see of it.  Each expansion is one statement for all records of its level
 * (a few, where these are many), not one for each.
 *
 * count=exact adds `"count"`, how many records the filter finds, on whatever
 * page; count=bounded counts no further than LIMIT_count_bound, and says by
 * `"count_exact"` whether that was all.
 */
#include "codec/url.h"
#include "records/records.h"
#include "records/sight.h"

enum {
	LIST_KEYS_MAX = 8, /* names in sort= */
	LIST_LIMIT_STANDARD = 20, /* or the limit, where that is less */
	LIST_EXPAND_STANDARD = 20, /* likewise: records of a back reference, each */
	LIST_OFFSET_MAX = 10000,
	LIST_EXPAND_LIGHT_MAX = 100, /* records of a page whose references are expanded on a loop */
	LIST_OFFSET_LIGHT_MAX = 1000, /* beyond it skipping takes long */
	LIST_ENUM_VALUES_MAX = 1000, /* of all keys together */
};

/* What is wrong with a parameter, in the words of a problem document. */
struct list_problem {
	enum err err; /* BAD_PARAMETER, BAD_FILTER, BAD_CURSOR, TOO_LARGE */
	struct str parameter;
	size_t offset; /* bytes into its decoded value */
	const char *
	    code; /* unknown type too_small too_large too_many repeated conflict unsupported filter cursor */
	char detail[320]; /* valid UTF-8 where the parameters are */
};

struct list_key {
	const struct field *hop; /* `topic` of topic.title, or NULL */
	const struct field *field;
	bool descending;
	bool nullable;
	bool is_fixed; /* the rule or the filter leaves it one value: it orders nothing */
	const struct rule *rule; /* of a field that the caller sees in some rows only */
	const struct rule *hop_rule; /* the same of the reference */
};

/* The index that holds the rows in the order asked for. */
struct list_index {
	bool serves; /* there is one */
	/*
	 * SQLite is told to use it: by guess it would rather collect all rows of a
	 * term (published == true) and sort them.  Where the rule or the filter
	 * leaves few rows, it is left to choose.
	 */
	bool is_pinned;
	struct str name; /* empty: the table's own order (an int id) */
	/* Its columns as they are walked, up to the last key. */
	struct list_step {
		const struct field *field;
		bool descending;
		bool is_fixed;
		size_t behind; /* keys[0] … keys[behind - 1] stand before it */
	} steps[APP_INDEX_COLUMNS_MAX + 1];
	size_t steps_count;
};

enum list_count { LIST_NO_COUNT, LIST_COUNT_EXACT, LIST_COUNT_BOUNDED };

/* A list that was asked for, or the records of an expansion.  Immutable; lives in the arena that it was parsed in. */
struct list_query {
	const struct rules *rules;
	const struct collection *collection;
	const struct identity *identity;
	const struct rule *filter; /* NULL: none */
	struct list_key keys[LIST_KEYS_MAX + 1];
	size_t keys_count;
	unsigned limit, offset;
	bool has_cursor;
	struct value after[LIST_KEYS_MAX + 1]; /* the cursor's, by key; enums as text */
	struct str secret;
	uint64_t shape; /* hash of collection, filter and sort */
	struct list_index index;
	bool is_empty; /* the caller may read no row at all */
	struct sight sight;
	bool has_fields; /* `fields` chose some */
	enum list_count count;
	bool begins_stream; /* live=snapshot: what comes behind is the caller's */
};

/* Records in the place of ids. */
struct expand {
	struct str json_name; /* "\"author\":" */
	/* A ref or refs of the records that are expanded; a back reference: of the records in their place. */
	const struct field *field;
	bool is_back;
	const struct list_query *query; /* of the records in their place */
	const struct rule *rule; /* back: where the caller sees the field in some rows only */
	bool is_ids; /* refs as they stand, but for those that may not be read: only ids are shown */
};

/*
 * Read ${parameters} (decoded, no name twice: url_parse_query) of a list of
 * ${collection} for ${identity}.  ${secret} seals cursors; it, the parameters
 * and the identity must live as long as the query.  False with ${ret_problem}.
 */
bool list_parse(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct identity *identity, const struct url_parameter *parameters,
    size_t parameters_count, struct str secret, const struct list_query **ret,
    struct list_problem *ret_problem) MUST_USE;

/*
 * The same for one record: `fields` and `expand`.  *ret_sight is NULL where it is shown as it
 * stands.
 */
bool list_parse_one(struct arena *arena, const struct rules *rules,
    const struct collection *collection, const struct identity *identity,
    const struct url_parameter *parameters, size_t parameters_count, const struct sight **ret_sight,
    struct list_problem *ret_problem) MUST_USE;

/* LIGHT where an index has the order, so that a page is read and no more. */
enum store_weight list_weight(const struct list_query *query);
/* HEAVY where it expands a back reference. */
enum store_weight sight_weight(const struct sight *sight);

struct counts;

struct list_read {
	const struct list_query *query;
	struct buf *json; /* the answer is appended */
	struct counts *counts; /* where exact ones are kept (records/count.h); or NULL */
	/*
	 * Where it is set there is no answer: it gets each record, as JSON, and ${json} is
	 * emptied behind each; at the end only the cursor stands there.
	 */
	void (*tell)(void *arg, struct str record);
	void *tell_arg;

	/* Results. */
	size_t items_count;
	int64_t version; /* the highest commit number among the items; 0 for none */
	/*
	 * A hash of the items' ids and commit numbers, in order, and of `next`, or of
	 * the answer's bytes where more than the items decides about them: two
	 * answers to one request with the same hash are the same bytes.
	 */
	uint64_t hash;
	struct str
	    next; /* the cursor as it stands in ${json}, or size 0; valid until the buf grows */
};

/*
 * A store body.  ERR_TOO_COSTLY where the answer is over the buf's limit, and
 * what statements return; the buf is then as it was before.
 */
enum err list_read(struct tx *tx, void *arg);
