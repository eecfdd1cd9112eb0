#include "store/snapshot.h"

#include <stdlib.h>

#include "base/memory.h"

static const char *const bounds_text[] = {
	[SQL_SQLITE] = "SELECT max(seq), max(seq) + 1 FROM caisson_commits",
	[SQL_POSTGRES] =
	    "SELECT (value::bigint << 48) - 1 + "
	    "pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
	    " (value::bigint << 48) + pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
	    " FROM caisson_meta WHERE key = 'epoch'",
};

static const char open_text[] =
    "SELECT (value::bigint << 48) + xid::text::bigint"
    " FROM caisson_meta, pg_snapshot_xip(pg_current_snapshot()) AS xid WHERE key = 'epoch'";

static void
read_bounds(struct tx_rows *rows, struct snapshot *snapshot)
{
	snapshot->complete = tx_value(rows, 0, VALUE_INT).integer;
	snapshot->end = tx_value(rows, 1, VALUE_INT).integer;
}

static void
read_open(struct tx_rows *rows, struct snapshot *snapshot)
{
	snapshot->open =
	    memory_resize(snapshot->open, (snapshot->open_count + 1) * sizeof(*snapshot->open));
	snapshot->open[snapshot->open_count++] = tx_value(rows, 0, VALUE_INT).integer;
}

static enum err
read_rows(struct tx *tx, const char *text,
    void (*read)(struct tx_rows *rows, struct snapshot *snapshot), struct snapshot *snapshot)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, text);
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows))
		read(&rows, snapshot);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

enum err
snapshot_read(struct tx *tx, struct snapshot *ret)
{
	struct snapshot snapshot = { 0 };
	enum err err = read_rows(tx, bounds_text[tx->type->dialect], read_bounds, &snapshot);

	if (err == OK && tx->type->dialect == SQL_POSTGRES)
		err = read_rows(tx, open_text, read_open, &snapshot);
	if (err == OK)
		*ret = snapshot;
	else
		snapshot_release(&snapshot);
	return err;
}

bool
snapshot_sees(const struct snapshot *snapshot, int64_t number)
{
	if (number <= snapshot->complete || number >= snapshot->end)
		return number <= snapshot->complete;
	for (size_t i = 0; i < snapshot->open_count; i++)
		if (snapshot->open[i] == number)
			return false;
	return true;
}

void
snapshot_release(struct snapshot *snapshot)
{
	free(snapshot->open);
	*snapshot = (struct snapshot){ 0 };
}
