#include "records/list_internal.h"

/*
 * For keys a, b, c and a cursor (1, 2, 3), all ascending and not null, the rows
 * behind it are
 *
 *	a = 1 AND b = 2 AND c > 3, then a = 1 AND b > 2, then a > 1
 *
 * which is the row comparison (a, b, c) > (1, 2, 3).  On PostgreSQL, where each
 * range is a round trip, the last keys are taken together as long as their
 * directions are one and no null disturbs.  SQLite gets the ranges: it checks a
 * row comparison again on each row, and seeks none by an integer id.
 */

static bool
is_null(const struct list_query *query, size_t key)
{
	return query->after[key].kind == VALUE_NULL;
}

/* May keys ${key} and those behind it be compared as one row? */
static bool
joins_next(const struct list_query *query, size_t key)
{
	const struct list_key *this = &query->keys[key], *next = &query->keys[key + 1];

	if (this->descending != next->descending || is_null(query, key) || is_null(query, key + 1))
		return false;
	/* Descending, nulls of the next key come after its values: not what a row comparison finds. */
	return !(next->descending && next->nullable);
}

/* The rows behind the cursor in key ${first}, equal before it: its values, then its nulls. */
static size_t
add_ranges(const struct list_query *query, size_t first, size_t end, struct list_range *ret)
{
	const struct list_key *key = &query->keys[first];
	size_t count = 0;

	if (!is_null(query, first))
		ret[count++] = (struct list_range){ RANGE_BEYOND, first, end };
	else if (!key->descending)
		ret[count++] = (struct list_range){ RANGE_NOT_NULL, first, end };
	if (key->descending && key->nullable && !is_null(query, first))
		ret[count++] = (struct list_range){ RANGE_NULL, first, end };
	return count;
}

size_t
list_ranges(const struct list_query *query, enum sql_dialect dialect,
    struct list_range ret[LIST_RANGES_MAX])
{
	size_t first = query->keys_count - 1, count;

	while (dialect == SQL_POSTGRES && first > 0 && joins_next(query, first - 1))
		first--;
	count = add_ranges(query, first, query->keys_count, ret);
	while (first-- > 0)
		count += add_ranges(query, first, first + 1, ret + count);
	return count;
}
