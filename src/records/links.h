#pragma once
/*
 * The links of a record's refs fields (sql/links.h), inside a transaction: the
 * body writes the array into the row, and then what has changed of the links.
 */
#include "app/app.h"
#include "store/tx.h"

/*
 * The ids in an array of a refs field, in their order, as links_write() and lookups of targets
 * want them; none where ${array} is NULL or null.  ERR_TOO_LARGE: the arena's limit.
 */
enum err links_ids(struct arena *arena, const struct field *field, const struct value *array,
    struct value **ret, size_t *ret_count) MUST_USE;
/* Their order, for qsort() and bsearch(). */
int links_compare(const void *a, const void *b);
/* The array of ${ids}: sorted, each once; *count becomes how many are left.  text.data is NULL at the arena's limit. */
struct value links_array(struct arena *arena, struct value *ids, size_t *count);

/*
 * Make the links of the record ${id} those of ${new_array}, where they are those of ${old_array}
 * (NULL for a record that was just created): as few rows as that takes.  The row has to hold
 * ${new_array} already.
 * ERR_INVALID where a target does not exist: a reference error of the field.
 */
enum err links_write(struct tx *tx, const struct collection *collection, const struct field *field,
    const struct value *id, const struct value *old_array, const struct value *new_array) MUST_USE;
