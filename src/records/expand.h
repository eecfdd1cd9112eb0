#pragma once
/*
 * Records read with others in their places: level by level, one statement for
 * all records of a level.
 *
 *	page of posts -> their authors (IN), their comments (a list for each)
 *	              -> the comments' authors (IN), …
 *
 * All of it lives in one arena.
 */
#include "records/sight.h"

struct shown;

struct shown_item {
	struct shown *shown; /* NULL: it may not be read, or is not there */
	struct shown_item *next;
};

/* A record that was read. */
struct shown {
	struct value id;
	struct value *values; /* by member of its sight */
	struct shown_item **parts; /* by member: what stands in its place; NULL without expansions */
	struct shown *next;
};

struct shown_list {
	struct shown *first, *last;
	size_t count;
};

/*
 * Keep the current row of a query that begins with sight_add_columns() and has
 * the id behind them.
 */
enum err shown_add(struct shown_list *list, struct arena *arena, const struct sight *sight,
    struct tx_rows *rows) MUST_USE;
/* Read what ${sight} expands of all of ${list}. */
enum err shown_expand(struct tx *tx, struct arena *arena, const struct sight *sight,
    const struct shown_list *list) MUST_USE;
void shown_to_json(struct json_writer *writer, const struct sight *sight, const struct shown *shown);
