#include "records/count.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/memory.h"
#include "records/list_internal.h"
#include "store/log.h"
#include "store/snapshot.h"

enum {
	COUNT_SETS = 256,
	COUNT_SET_SIZE = 8, /* the longest unused one of a set goes */
	COUNT_KEY_SIZE_MAX = 4096,
	CARRY_COMMITS_MAX = 64, /* with more of them counting anew is as good */
};

/* So many records as of the commit. */
struct count {
	int64_t records, number;
};

struct kept {
	struct count count;
	uint64_t used;
	size_t key_size;
	char key[];
};

struct counts {
	uv_mutex_t mutex;
	uint64_t uses;
	struct kept *kept[COUNT_SETS][COUNT_SET_SIZE];
};

/* A count that is being taken. */
struct counting {
	struct tx *tx;
	struct counts *counts;
	const struct list_query *query;
	struct sql_text sql;
	struct buf key;
};

struct counts *
counts_new(void)
{
	struct counts *counts = memory_new(sizeof(*counts));

	uv_mutex_init(&counts->mutex);
	return counts;
}

void
counts_free(struct counts *counts)
{
	if (counts == NULL)
		return;
	for (size_t i = 0; i < COUNT_SETS; i++)
		for (size_t j = 0; j < COUNT_SET_SIZE; j++)
			free(counts->kept[i][j]);
	uv_mutex_destroy(&counts->mutex);
	free(counts);
}

/* --- keeping ----------------------------------------------------------- */

static bool
is_of(const struct kept *kept, struct str key)
{
	return kept != NULL && str_equal((struct str){ kept->key, kept->key_size }, key);
}

/* Where ${key} stands, or else where it may stand. */
static struct kept **
find_place(struct counts *counts, struct str key)
{
	struct kept **set = counts->kept[hash_str(key) % COUNT_SETS], **oldest = set;

	for (size_t i = 0; i < COUNT_SET_SIZE; i++) {
		if (is_of(set[i], key))
			return &set[i];
		if (*oldest != NULL && (set[i] == NULL || set[i]->used < (*oldest)->used))
			oldest = &set[i];
	}
	return oldest;
}

static bool
find_kept(struct counts *counts, struct str key, struct count *ret)
{
	struct kept *kept;
	bool found;

	uv_mutex_lock(&counts->mutex);
	kept = *find_place(counts, key);
	found = is_of(kept, key);
	if (found) {
		kept->used = ++counts->uses;
		*ret = kept->count;
	}
	uv_mutex_unlock(&counts->mutex);
	return found;
}

/* Another reader's snapshot may be the newer one. */
static void
keep(struct counts *counts, struct str key, struct count count)
{
	struct kept **place, *kept;

	uv_mutex_lock(&counts->mutex);
	place = find_place(counts, key);
	if (!is_of(*place, key)) {
		free(*place);
		*place = kept = memory_new(sizeof(*kept) + key.size);
		memcpy(kept->key, key.data, key.size);
		kept->key_size = key.size;
		kept->used = ++counts->uses;
		kept->count = count;
	} else if (count.number > (*place)->count.number) {
		(*place)->count = count;
	}
	uv_mutex_unlock(&counts->mutex);
}

/* --- carrying on -------------------------------------------------------- */

static bool
is_local(const struct list_query *query)
{
	const struct rule_caller *caller = &query->identity->caller;

	return rule_is_local_for(rules_read(query->rules, query->collection), caller) &&
	       rule_is_local_for(query->filter, caller);
}

static bool
is_found(const struct list_query *query, const struct value *values)
{
	const struct rule_caller *caller = &query->identity->caller;

	return values != NULL &&
	       rule_holds(rules_read(query->rules, query->collection), caller, values) &&
	       rule_holds(query->filter, caller, values);
}

static void
add_commit(const struct list_query *query, const struct commit *commit, int64_t *records)
{
	for (const struct change *change = commit->changes; change != NULL; change = change->next)
		if (change->collection == query->collection)
			*records += is_found(query, change->new_values) -
				    is_found(query, change->old_values);
}

/* From the snapshot of ${count} to this one.  False where it is to be counted. */
static bool
carry_on(struct counting *counting, struct count *count)
{
	const struct list_query *query = counting->query;
	struct log_page page;
	bool good = log_read(counting->tx, query->rules->app, count->number, INT64_MAX, CARRY_COMMITS_MAX,
			&page) == OK;

	if (!good)
		return false;
	good = !page.truncated && !page.more && (page.count == 0 || is_local(query));
	for (size_t i = 0; i < page.count && good; i++) {
		good = !page.commits[i]->too_many;
		add_commit(query, page.commits[i], &count->records);
	}
	count->number = page.until;
	log_page_release(&page);
	return good;
}

/* --- counting ------------------------------------------------------------ */

static enum err
ask_number(struct counting *counting, int64_t *ret)
{
	struct tx_rows rows;
	enum err err = tx_query(counting->tx, &counting->sql, &rows);

	if (err == OK && tx_next(&rows))
		*ret = tx_value(&rows, 0, VALUE_INT).integer;
	return tx_close(&rows, err);
}

static void
write_count(struct sql_text *sql, const struct list_query *query, bool is_bounded)
{
	sql_add(sql, is_bounded ? "SELECT count(*) FROM (SELECT 1 FROM " : "SELECT count(*) FROM ");
	sql_name(sql, query->collection->name);
	sql_add(sql, " AS t WHERE ");
	list_add_condition(sql, query);
	if (is_bounded)
		sql_addf(sql, " LIMIT %v) AS c", value_int(limit(LIMIT_count_bound) + 1));
}

static bool
may_keep(const struct counting *counting)
{
	const struct list_query *query = counting->query;

	return counting->counts != NULL && log_is_ordered(counting->tx) &&
	       !rule_names_request(rules_read(query->rules, query->collection)) &&
	       (query->filter == NULL || !rule_names_request(query->filter));
}

static enum err
count_anew(struct counting *counting, struct count *ret)
{
	struct snapshot snapshot = { 0 };
	enum err err = ask_number(counting, &ret->records);

	if (err == OK)
		err = snapshot_read(counting->tx, &snapshot);
	ret->number = snapshot.complete;
	snapshot_release(&snapshot);
	return err;
}

static enum err
count_kept(struct counting *counting, int64_t *ret)
{
	struct counts *counts = counting->counts;
	struct count count = { 0 };
	enum err err = OK;
	struct str key;

	sql_write_key(&counting->sql, &counting->key);
	if (counting->key.err != OK)
		return ask_number(counting, ret);
	key = buf_str(&counting->key);
	if (!find_kept(counts, key, &count) || !carry_on(counting, &count))
		err = count_anew(counting, &count);
	if (err == OK)
		keep(counts, key, count);
	*ret = count.records;
	return err;
}

enum err
count_exactly(struct tx *tx, struct counts *counts, const struct list_query *query, int64_t *ret)
{
	struct counting counting = { .tx = tx, .counts = counts, .query = query };
	enum err err;

	sql_init(&counting.sql, tx->type->dialect);
	buf_init(&counting.key, COUNT_KEY_SIZE_MAX);
	write_count(&counting.sql, query, false);
	err = may_keep(&counting) ? count_kept(&counting, ret) : ask_number(&counting, ret);
	buf_release(&counting.key);
	sql_release(&counting.sql);
	return err;
}

enum err
count_bounded(struct tx *tx, const struct list_query *query, int64_t *ret)
{
	struct counting counting = { .tx = tx };
	enum err err;

	sql_init(&counting.sql, tx->type->dialect);
	write_count(&counting.sql, query, true);
	err = ask_number(&counting, ret);
	sql_release(&counting.sql);
	return err;
}
