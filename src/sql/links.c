#include "sql/links.h"

#include <stdio.h>

struct links {
	struct sql_text *sql;
	const struct collection *source;
	const struct field *field;
	struct str name; /* of their table */
	struct str made; /* of what the statement makes */
};

static void
add_column(const struct links *links, const char *column, const struct collection *to)
{
	bool is_int = to->id_type == FIELD_INT;

	sql_addf(links->sql, "\t%n ", str_from(column));
	if (links->sql->dialect == SQL_SQLITE)
		sql_add(links->sql, is_int ? "INTEGER" : "BLOB");
	else
		sql_add(links->sql, is_int ? "bigint" : "uuid");
	sql_addf(links->sql, " NOT NULL REFERENCES %n (\"id\") ON DELETE CASCADE,\n", to->name);
}

static void
add_table(const struct links *links)
{
	sql_addf(links->sql, "CREATE TABLE %n (\n", links->name);
	add_column(links, "source", links->source);
	add_column(links, "target", links->field->to);
	sql_add(links->sql, "\tPRIMARY KEY (\"source\", \"target\")\n)");
	if (links->sql->dialect == SQL_SQLITE)
		sql_add(links->sql, " STRICT, WITHOUT ROWID");
}

static void
add_index(const struct links *links)
{
	sql_addf(
	    links->sql, "CREATE INDEX %n ON %n (\"target\", \"source\")", links->made, links->name);
}

/* The function stands with the system's tables; the kind tells how ids are sorted. */
static void
add_postgres_trigger(const struct links *links)
{
	sql_addf(links->sql,
	    "CREATE TRIGGER %n AFTER INSERT OR UPDATE OR DELETE ON %n FOR EACH ROW\n"
	    "EXECUTE FUNCTION caisson_link(",
	    links->made, links->name);
	buf_addf(&links->sql->text, "'%.*s', '%.*s', '%s')", STR_ARGS(links->source->name),
	    STR_ARGS(links->field->name),
	    links->field->to->id_type == FIELD_INT ? "bigint" : "uuid");
}

/* An id as the array holds it. */
static void
add_item(const struct links *links, const char *row)
{
	if (links->field->to->id_type == FIELD_INT)
		buf_addf(&links->sql->text, "%s.\"target\"", row);
	else
		buf_addf(&links->sql->text,
		    "lower(substr(hex(%s.\"target\"), 1, 8) || '-' || substr(hex(%s.\"target\"), "
		    "9, 4)"
		    " || '-' || substr(hex(%s.\"target\"), 13, 4) || '-' ||"
		    " substr(hex(%s.\"target\"), 17, 4) || '-' || substr(hex(%s.\"target\"), 21))",
		    row, row, row, row, row);
}

/* json_group_array() is not for triggers of a schema that is not trusted. */
static void
begin_repair(const struct links *links)
{
	bool is_int = links->field->to->id_type == FIELD_INT;

	sql_addf(links->sql,
	    "\tUPDATE %n SET \"_version\" = caisson_number(), \"updated\" = caisson_now(),\n\t%n "
	    "= ",
	    links->source->name, links->field->name);
	sql_add(links->sql, "(SELECT '[' || coalesce(group_concat(");
	sql_add(links->sql, is_int ? "value" : "'\"' || value || '\"'");
	sql_add(links->sql, ", ','), '') || ']' FROM ");
}

static void
add_items(const struct links *links)
{
	sql_addf(links->sql, "json_each(%n.%n)", links->source->name, links->field->name);
}

static void
add_sqlite_insert(const struct links *links)
{
	sql_addf(
	    links->sql, "CREATE TRIGGER %n AFTER INSERT ON %n\nBEGIN\n", links->made, links->name);
	begin_repair(links);
	sql_add(links->sql, "(SELECT value FROM ");
	add_items(links);
	sql_add(links->sql, " UNION SELECT ");
	add_item(links, "NEW");
	sql_add(links->sql, " ORDER BY 1))\n\tWHERE \"id\" = NEW.\"source\" AND ");
	add_item(links, "NEW");
	sql_add(links->sql, " NOT IN (SELECT value FROM ");
	add_items(links);
	sql_add(links->sql, ");\nEND");
}

static void
add_sqlite_delete(const struct links *links)
{
	sql_addf(
	    links->sql, "CREATE TRIGGER %n AFTER DELETE ON %n\nBEGIN\n", links->made, links->name);
	begin_repair(links);
	add_items(links);
	sql_add(links->sql, " WHERE value <> ");
	add_item(links, "OLD");
	sql_add(links->sql, ")\n\tWHERE \"id\" = OLD.\"source\" AND ");
	add_item(links, "OLD");
	sql_add(links->sql, " IN (SELECT value FROM ");
	add_items(links);
	sql_add(links->sql, ");\nEND");
}

static void
add_sqlite_update(const struct links *links)
{
	sql_addf(links->sql,
	    "CREATE TRIGGER %n BEFORE UPDATE ON %n\nBEGIN\n"
	    "\tSELECT RAISE(ABORT, 'a link is made or deleted, never changed');\nEND",
	    links->made, links->name);
}

struct part {
	void (*add)(const struct links *links);
	const char *suffix; /* of its name, behind the table's; or NULL */
	const char *name;
};

/* LINKS_TABLE, LINKS_INDEX, then triggers. */
static const struct part parts[][5] = {
	[SQL_SQLITE] = { { add_table, "", NULL }, { add_index, NULL, NULL },
	    { add_sqlite_insert, "_made", NULL }, { add_sqlite_delete, "_gone", NULL },
	    { add_sqlite_update, "_kept", NULL } },
	[SQL_POSTGRES] = { { add_table, "", NULL }, { add_index, NULL, NULL },
	    { add_postgres_trigger, NULL, "caisson_link" } },
};

bool
links_create(struct sql_text *sql, const struct collection *collection, const struct field *field,
    unsigned step, char ret_name[LINKS_NAME_SIZE])
{
	char name[INDEX_NAME_SIZE];
	struct links links = { sql, collection, field, link_name(collection, field, name), { 0 } };
	const struct part *part;

	if (step >= COUNT(parts[0]) || parts[sql->dialect][step].add == NULL)
		return false;
	part = &parts[sql->dialect][step];
	if (step == LINKS_INDEX)
		(void)field_index_name(collection, field, ret_name);
	else if (part->suffix != NULL)
		snprintf(ret_name, LINKS_NAME_SIZE, "%s%s", name, part->suffix);
	else
		snprintf(ret_name, LINKS_NAME_SIZE, "%s", part->name);
	links.made = str_from(ret_name);
	part->add(&links);
	return true;
}
