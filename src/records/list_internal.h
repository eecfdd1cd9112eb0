#pragma once
/*
 * The inside of lists: what their files hand to one another.
 *
 *	list_parse.c	parameters -> struct list_query
 *	list_index.c	the index that serves its order
 *	list_range.c	the rows behind a cursor, as ranges
 *	list.c		the SQL, and the rows as JSON
 */
#include "records/cursor.h"
#include "records/list.h"

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

enum { LIST_RANGES_MAX = 2 * (LIST_KEYS_MAX + 1) };

/*
 * The rows behind the query's cursor as ranges that do not overlap, in the
 * order of the list; how many.
 */
size_t list_ranges(const struct list_query *query, enum sql_dialect dialect,
    struct list_range ret[LIST_RANGES_MAX]);
