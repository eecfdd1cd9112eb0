#pragma once
/*
 * What becomes of each table and column: the old app's collections and fields
 * beside the new one's.  The old app is renamed in place, so that both speak
 * of everything by its new name; `was` keeps the name in the database.
 */
#include "sql/catalogue.h"
#include "store/migrate/convert.h"
#include "store/migrate/plan.h"

struct column_move {
	const struct field *old; /* NULL: the column is new */
	const struct field *new; /* NULL: it is dropped */
	const struct conversion *conversion; /* where there are both */
	bool is_redefined; /* more than its name changes */
};

struct table_move {
	struct collection *old; /* NULL: the table is new */
	const struct collection *new; /* NULL: it is dropped */
	struct column_move *columns; /* the new ones in their order, then the dropped ones */
	size_t columns_count;
	bool is_rebuilt; /* SQLite: made anew and copied */
	bool is_touched; /* by more than its name: what hangs on it is made anew */
};

/* An index, trigger, reference or table of links, and the statement that makes it. */
struct thing {
	enum catalogue_kind kind;
	const struct collection *collection;
	struct str table; /* on which it stands */
	struct str name, statement;
};

struct things {
	struct thing *things;
	size_t count;
};

struct moves {
	struct app *old;
	/* Of the old app, by its names in the database, and the same ones by the new names; of the new app. */
	struct things before, renamed, after;
	const struct app *new;
	enum sql_dialect dialect;
	struct table_move *tables; /* the new ones in their order, then the dropped ones */
	size_t tables_count;
	struct arena *arena;
};

/* ${old} is changed. */
void moves_find(struct moves *moves, struct app *old, const struct app *new,
    enum sql_dialect dialect, struct arena *arena);
void moves_release(struct moves *moves);
/* The names that they have in the database. */
struct str source_table(const struct collection *old);
struct str source_column(const struct field *old);

/* The table of ${old}, one of the old collections. */
const struct table_move *moves_table(const struct moves *moves, const struct collection *old);
/* Is there, word for word, what ${renamed} was, by its new name? */
bool thing_stays(const struct moves *moves, const struct thing *renamed);
/* Was ${after} there before, by what name ever? */
bool thing_was_there(const struct moves *moves, const struct thing *after);

/*
 * What the old thing ${i} is called until the old tables are gone: by its new name, or, where
 * something old has that still, by one written to ${buffer}.
 */
enum { MOVING_NAME_SIZE = 32 };
struct str moves_name_meanwhile(const struct moves *moves, size_t i, char buffer[MOVING_NAME_SIZE]);
/*
 * The refs field whose links the new table of links ${link} is to hold, where its records are there
 * already, with *ret_table; or NULL.
 */
const struct column_move *moves_linked(const struct moves *moves, const struct thing *link,
    const struct table_move **ret_table);

/* The new value of a column for each row of the old table. */
void move_write_value(struct sql_text *sql, const struct column_move *move);
/* Has the row a value in it? */
void move_write_present(struct sql_text *sql, const struct field *field, struct str column);
/* A column of the old app that goes, though the new one has a field of its name. */
bool column_begins_anew(const struct field *old);
/* Is ${value} one of an enum's? */
bool field_has_value(const struct field *field, struct str value);
/* Are the conditions on the values stricter than they were?  Bounds are compared by value, whatever the type. */
bool is_stricter(const struct field *old, const struct field *new);
/* Is a default filled into the rows that are there, and needs an UPDATE of its own on PostgreSQL? */
bool is_filled(const struct field *new);

/* moves_steps.c: the steps for people. */
void moves_describe(const struct moves *moves, struct migration_plan *plan);
/* moves_hints.c: what was perhaps renamed. */
void moves_hint(const struct moves *moves, struct migration_plan *plan);
/* moves_sqlite.c, moves_postgres.c: the statements. */
void moves_to_sqlite(const struct moves *moves, struct migration_plan *plan);
void moves_to_postgres(const struct moves *moves, struct migration_plan *plan);
