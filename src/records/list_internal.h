#pragma once
/*
 * The inside of lists: what their files hand to one another.
 *
 *	list_parse.c	parameters -> struct list_query
 *	list_sort.c	`sort`
 *	list_shape.c	`fields` and `expand`
 *	list_index.c	the index that serves its order
 *	list_range.c	the rows behind a cursor, as ranges
 *	list_sql.c	a query as SQL
 *	list.c		pages: the rows as JSON
 *	expand.c	the rows with others in them
 */
#include "records/cursor.h"
#include "records/expand.h"
#include "records/list.h"

/* --- parsing --------------------------------------------------------- */

struct list_parsing;

/* What a query's `fields` and `expand` have named. */
struct list_choice {
	bool *named; /* by column, then by back reference */
	struct list_parsing **expands; /* likewise */
	bool names_all; /* "*" */
};

/* One query, or one in the parentheses of an expansion. */
struct list_parsing {
	struct arena *arena;
	struct list_query *query;
	struct list_problem *problem;
	struct str parameter; /* the name of the one being read */
	size_t base; /* where the text that is read lies in its value */
	struct str filter_text, cursor;
	size_t enum_values_count;
	struct list_choice *choice; /* NULL while neither `fields` nor `expand` was read */
	unsigned depth;
	unsigned options; /* by parameter: those that were read, of an expansion */
	unsigned *expands_count; /* of the whole request */
};

/* Note the mistake at ${offset} of the text that is read.  Always false. */
bool list_fail(struct list_parsing *parsing, enum err err, size_t offset, const char *code,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
bool list_fail_memory(struct list_parsing *parsing);
/* The same for a name that is not known; suggests the nearest one that the caller may use. */
bool list_fail_unknown(struct list_parsing *parsing, const struct collection *collection,
    struct str name, size_t offset, bool with_backs);
/* The beginning of ${str}, whole code points, short enough for an error text. */
struct str list_shorten(struct str str);
/* The part of ${value} up to the next comma outside of parentheses, trimmed; *at begins as 0.  False at the end. */
bool list_next_part(struct str value, size_t *at, struct str *ret, size_t *ret_offset);

/* How many records where nothing is said: of a list (0), or of an expansion at a ${depth}. */
unsigned list_limit_standard(unsigned depth);
bool list_read_sort(struct list_parsing *parsing, struct str value);
void list_end_in_id(struct list_query *query);
/* May the caller know of ${back}? */
bool list_back_is_seen(const struct list_query *query, const struct back_reference *back);
bool list_read_fields(struct list_parsing *parsing, struct str value);
bool list_read_expand(struct list_parsing *parsing, struct str value);
/* One parameter of an expansion. */
bool list_read_option(struct list_parsing *parsing, bool is_back, struct str name, size_t offset,
    struct str value, size_t value_offset);
/* Make the sight of the query, and those of its expansions. */
bool list_finish_sight(struct list_parsing *parsing);
/* ... and of an expansion, all that a query has besides. */
bool list_finish_nested(struct list_parsing *parsing);

/* --- SQL ------------------------------------------------------------- */

/* " "posts" AS t", with what keys need behind references. */
void list_add_table(struct sql_text *sql, const struct list_query *query);
/* What rows are ordered by. */
void list_add_key(struct sql_text *sql, const struct list_query *query, size_t key);
/* The value of a key, as a cursor keeps it. */
void list_add_key_column(struct sql_text *sql, const struct list_query *query, size_t key);
/* The read rule and the filter. */
void list_add_condition(struct sql_text *sql, const struct list_query *query);
void list_add_order(struct sql_text *sql, const struct list_query *query);
/* " DESC NULLS LAST" */
const char *list_direction(const struct sql_text *sql, const struct list_key *key);

/* Find the index for a query whose filter and keys stand.  False: the arena's limit. */
bool list_find_index(struct arena *arena, struct list_query *query);

/* What a cursor holds for ${key}. */
struct cursor_key list_cursor_key(const struct list_key *key);

enum range_kind {
	RANGE_BEYOND, /* the keys from `equal` to `end` stand behind the cursor's, compared as a row */
	RANGE_NOT_NULL, /* key `equal` is not null */
	RANGE_NULL, /* key `equal` is null */
};

/* Rows whose first ${equal} keys are those of the cursor, and whose next ones are as ${kind} says. */
struct list_range {
	enum range_kind kind;
	size_t equal, end;
};

/* list_add_condition() for the page behind ${range}, or NULL for the first. */
void list_add_page_condition(
    struct sql_text *sql, const struct list_query *query, const struct list_range *range);

enum { LIST_RANGES_MAX = 2 * (LIST_KEYS_MAX + 1) };

/* " AND " and any of ${ranges}; nothing where there are none. */
void list_add_ranges(struct sql_text *sql, const struct list_query *query,
    const struct list_range *ranges, size_t count);

/*
 * The rows behind the query's cursor as ranges that do not overlap, in the
 * order of the list; how many.
 */
size_t list_ranges(const struct list_query *query, enum sql_dialect dialect,
    struct list_range ret[LIST_RANGES_MAX]);
