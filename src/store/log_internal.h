#pragma once
/* What log.c and log_rows.c share: the rows that a page touches, and their changes. */
#include "codec/json.h"
#include "store/log.h"

/* A row, and how it stood at the place that the walk has reached. */
struct log_row {
	const struct collection *collection;
	struct value id;
	struct value *state; /* by column; NULL where it does not exist */
	struct log_row *next, *next_in_bucket;
	const struct commit *commit; /* that `change` belongs to */
	struct change *change;
};

/* A row of caisson_changes. */
struct log_entry {
	int64_t seq;
	enum change_op op;
	struct log_row *row; /* NULL: of a collection that the app has no more */
	const struct json *json; /* NULL: erased */
	struct value *old_values, *new_values;
};

enum { LOG_BUCKETS = 1024 };

struct log_reading {
	struct tx *tx;
	const struct app *app;
	struct arena arena; /* all that is read; gone with the reading */
	struct sql_text sql;
	struct log_entry *entries; /* of the page, then the later ones of its rows */
	size_t count, capacity, page_count;
	struct log_row *rows, *buckets[LOG_BUCKETS];
};

/* The row, new or met before; NULL when the memory limit is reached. */
struct log_row *
log_row(struct log_reading *reading, const struct collection *collection, struct value id);
/* ${column} of the current row of ${rows}, an id as the log keeps it. */
enum err log_record_id(struct log_reading *reading, struct tx_rows *rows, int column,
    const struct collection *collection, struct value *ret) MUST_USE;
enum err
log_add_entry(struct log_reading *reading, int64_t seq, const struct collection *collection,
    struct value id, struct str op, struct value changes) MUST_USE;

/* Read how the touched rows stand now, and what happened to them behind ${until}. */
enum err log_read_rows(struct log_reading *reading, int64_t until, bool is_newest) MUST_USE;
/* Walk back over all entries: old_values and new_values of each. */
enum err log_walk_back(struct log_reading *reading) MUST_USE;
