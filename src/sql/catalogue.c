#include "sql/catalogue.h"

#include <assert.h>

#include "app/names.h"
#include "codec/time.h"
#include "sql/system.h"

enum { DDL_SIZE_MAX = 32 << 20 };

/* The statement being written, and where it goes. */
struct creation {
	struct sql_text sql;
	enum err (*run)(void *arg, const char *statement);
	void *arg;
	enum err err;
};

static void create_system(struct creation *creation);
static void create_table(struct creation *creation, const struct collection *collection);
static void create_references(struct creation *creation, const struct collection *collection);
static void create_indexes(struct creation *creation, const struct collection *collection);
static void create_triggers(struct creation *creation, const struct collection *collection);

enum err
catalogue_create(const struct app *app, enum sql_dialect dialect,
    enum err (*run)(void *arg, const char *statement), void *arg)
{
	struct creation creation = { .run = run, .arg = arg };

	sql_init(&creation.sql, dialect);
	creation.sql.text.size_max = DDL_SIZE_MAX;
	create_system(&creation);
	for (size_t i = 0; i < app->collections_count; i++)
		create_table(&creation, &app->collections[i]);
	/* Tables may refer to one another in a circle. */
	for (size_t i = 0; i < app->collections_count; i++)
		create_references(&creation, &app->collections[i]);
	for (size_t i = 0; i < app->collections_count; i++) {
		create_indexes(&creation, &app->collections[i]);
		create_triggers(&creation, &app->collections[i]);
	}
	sql_release(&creation.sql);
	return creation.err;
}

void
catalogue_columns(struct sql_text *sql, const struct collection *collection)
{
	for (size_t i = 0; i < collection->columns_count; i++)
		sql_addf(sql, i == 0 ? "t.%n" : ", t.%n", collection->columns[i].name);
}

static void
run(struct creation *creation)
{
	buf_add_byte(&creation->sql.text, '\0');
	if (creation->err == OK)
		creation->err = sql_err(&creation->sql);
	if (creation->err == OK)
		creation->err = creation->run(creation->arg, creation->sql.text.data);
	sql_clear(&creation->sql);
}

static void
create_system(struct creation *creation)
{
	const char *const *statements = system_statements(creation->sql.dialect);

	for (; *statements != NULL; statements++) {
		sql_add(&creation->sql, *statements);
		run(creation);
	}
}

static bool
is_sqlite(const struct creation *creation)
{
	return creation->sql.dialect == SQL_SQLITE;
}

/* A default, a bound or an enum's value: DDL takes no bound values. */
static void
add_text(struct sql_text *sql, struct str text)
{
	bool escapes = sql->dialect == SQL_POSTGRES && str_find_byte(text, '\\') < text.size;

	sql_add(sql, escapes ? "E'" : "'");
	for (size_t i = 0; i < text.size; i++) {
		assert(text.data[i] != '\0');
		if (text.data[i] == '\'' || (escapes && text.data[i] == '\\'))
			buf_add_byte(&sql->text, text.data[i]);
		buf_add_byte(&sql->text, text.data[i]);
	}
	sql_add(sql, "'");
}

/* Quoted on PostgreSQL, where -9223372036854775808 bare is a numeric. */
static void
add_int(struct sql_text *sql, int64_t integer)
{
	sql_add(sql, sql->dialect == SQL_SQLITE ? "" : "'");
	buf_add_int(&sql->text, integer);
	sql_add(sql, sql->dialect == SQL_SQLITE ? "" : "'::bigint");
}

static void
add_time(struct sql_text *sql, int64_t us)
{
	char text[TIME_RFC3339_SIZE];

	if (sql->dialect == SQL_SQLITE) {
		buf_add_int(&sql->text, us);
		return;
	}
	time_format_rfc3339(us, text);
	buf_addf(&sql->text, "'%.*s'::timestamptz", TIME_RFC3339_SIZE, text);
}

static void
add_uuid(struct sql_text *sql, const struct uuid *uuid)
{
	char text[UUID_TEXT_SIZE];

	sql_add(sql, sql->dialect == SQL_SQLITE ? "X'" : "'");
	uuid_format(uuid, text);
	for (size_t i = 0; i < UUID_TEXT_SIZE; i++)
		if (sql->dialect == SQL_POSTGRES || text[i] != '-')
			buf_add_byte(&sql->text, text[i]);
	sql_add(sql, sql->dialect == SQL_SQLITE ? "'" : "'::uuid");
}

static void
add_bool(struct sql_text *sql, bool boolean)
{
	if (sql->dialect == SQL_SQLITE)
		sql_add(sql, boolean ? "1" : "0");
	else
		sql_add(sql, boolean ? "true" : "false");
}

static void
add_literal(struct sql_text *sql, const struct value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		add_text(sql, value->text);
		break;
	case VALUE_INT:
		add_int(sql, value->integer);
		break;
	case VALUE_TIME:
		add_time(sql, value->integer);
		break;
	case VALUE_BOOL:
		add_bool(sql, value->boolean);
		break;
	case VALUE_UUID:
		add_uuid(sql, &value->uuid);
		break;
	default:
		assert(false && "a literal that no column has");
	}
}

static const char *
type_word(enum sql_dialect dialect, enum value_kind kind)
{
	static const char *const words[][2] = {
		[VALUE_BOOL] = { "INTEGER", "boolean" },
		[VALUE_INT] = { "INTEGER", "bigint" },
		[VALUE_REAL] = { "REAL", "double precision" },
		[VALUE_TIME] = { "INTEGER", "timestamptz" },
		[VALUE_TEXT] = { "TEXT", "text COLLATE \"C\"" },
		[VALUE_UUID] = { "BLOB", "uuid" },
	};

	return words[kind][dialect == SQL_POSTGRES];
}

static void
add_bound(struct sql_text *sql, const struct field *field, const char *order, int64_t bound)
{
	sql_addf(sql, field->type == FIELD_TEXT ? " CHECK (length(%n)" : " CHECK (%n", field->name);
	sql_add(sql, order);
	if (field->type == FIELD_TIME)
		add_time(sql, bound);
	else if (field->type == FIELD_INT)
		add_int(sql, bound);
	else
		buf_add_int(&sql->text, bound);
	sql_add(sql, ")");
}

static void
add_checks(struct sql_text *sql, const struct field *field)
{
	if (field->type == FIELD_BOOL && sql->dialect == SQL_SQLITE)
		sql_addf(sql, " CHECK (%n IN (0, 1))", field->name);
	if (field->type == FIELD_ENUM) {
		sql_addf(sql, " CHECK (%n IN (", field->name);
		for (size_t i = 0; i < field->values_count; i++) {
			sql_add(sql, i == 0 ? "" : ", ");
			add_text(sql, field->values[i]);
		}
		sql_add(sql, "))");
	}
	if (field->has_min)
		add_bound(sql, field, " >= ", field->min);
	if (field->has_max)
		add_bound(sql, field, " <= ", field->max);
}

static const char *
action(const struct field *field)
{
	static const char *const actions[] = {
		[ON_DELETE_RESTRICT] = " ON DELETE RESTRICT",
		[ON_DELETE_CASCADE] = " ON DELETE CASCADE",
		[ON_DELETE_SET_NULL] = " ON DELETE SET NULL",
	};

	return actions[field->on_delete];
}

static void
add_field(struct sql_text *sql, const struct field *field)
{
	sql_addf(sql, ",\n\t%n ", field->name);
	sql_add(sql, type_word(sql->dialect, field_value_kind(field)));
	if (field->required)
		sql_add(sql, " NOT NULL");
	if (field->default_kind == DEFAULT_LITERAL) {
		sql_add(sql, " DEFAULT ");
		add_literal(sql, &field->default_value);
	}
	add_checks(sql, field);
	/* SQLite can add no key later, and needs no target before. */
	if (field->type == FIELD_REF && sql->dialect == SQL_SQLITE) {
		sql_addf(sql, " REFERENCES %n (\"id\")", field->to->name);
		sql_add(sql, action(field));
	}
}

static const char *
system_columns(enum sql_dialect dialect, enum field_type id_type)
{
	if (dialect == SQL_SQLITE)
		return id_type == FIELD_INT
			   ? "\t\"id\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,\n\t\"created\" INTEGER NOT "
			     "NULL,\n"
			     "\t\"updated\" INTEGER NOT NULL,\n\t\"_version\" INTEGER NOT NULL"
			   : "\t\"id\" BLOB PRIMARY KEY NOT NULL CHECK (length(\"id\") = 16),\n"
			     "\t\"created\" INTEGER NOT NULL,\n\t\"updated\" INTEGER NOT NULL,\n"
			     "\t\"_version\" INTEGER NOT NULL";
	return id_type == FIELD_INT
		   ? "\t\"id\" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,\n"
		     "\t\"created\" timestamptz NOT NULL DEFAULT transaction_timestamp(),\n"
		     "\t\"updated\" timestamptz NOT NULL DEFAULT transaction_timestamp(),\n"
		     "\t\"_version\" bigint NOT NULL DEFAULT caisson_number()"
		   : "\t\"id\" uuid PRIMARY KEY,\n"
		     "\t\"created\" timestamptz NOT NULL DEFAULT transaction_timestamp(),\n"
		     "\t\"updated\" timestamptz NOT NULL DEFAULT transaction_timestamp(),\n"
		     "\t\"_version\" bigint NOT NULL DEFAULT caisson_number()";
}

static void
create_table(struct creation *creation, const struct collection *collection)
{
	struct sql_text *sql = &creation->sql;

	sql_addf(sql, "CREATE TABLE %n (\n", collection->name);
	sql_add(sql, system_columns(sql->dialect, collection->id_type));
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++)
		add_field(sql, &collection->columns[i]);
	sql_add(sql, is_sqlite(creation) ? "\n) STRICT" : "\n)");
	run(creation);
}

static void
create_references(struct creation *creation, const struct collection *collection)
{
	if (is_sqlite(creation))
		return;
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (field->type != FIELD_REF)
			continue;
		sql_addf(&creation->sql,
		    "ALTER TABLE %n ADD FOREIGN KEY (%n) REFERENCES %n (\"id\")", collection->name,
		    field->name, field->to->name);
		sql_add(&creation->sql, action(field));
		run(creation);
	}
}

/* PostgreSQL's own habit is NULLs last; both engines must page in one order. */
static const char *
direction(const struct creation *creation, bool descending, bool nullable)
{
	if (is_sqlite(creation) || !nullable)
		return descending ? " DESC" : "";
	return descending ? " DESC NULLS LAST" : " NULLS FIRST";
}

static void
create_field_indexes(
    struct creation *creation, const struct collection *collection, const struct field *field)
{
	struct sql_text *sql = &creation->sql;
	char name[INDEX_NAME_SIZE];

	if (field->unique) {
		sql_addf(sql, "CREATE UNIQUE INDEX %n ON %n (%n)",
		    unique_name(collection, field, name), collection->name, field->name);
		run(creation);
	}
	if (field_has_index(field)) {
		sql_addf(sql, "CREATE INDEX %n ON %n (%n",
		    field_index_name(collection, field, name), collection->name, field->name);
		sql_add(sql, direction(creation, false, !field->required));
		sql_add(sql, ", \"id\")");
		run(creation);
	}
}

/* Lists end their order in the id, in the direction of the last field: so does the index. */
static void
create_index(
    struct creation *creation, const struct collection *collection, const struct app_index *index)
{
	struct sql_text *sql = &creation->sql;
	char name[INDEX_NAME_SIZE];
	bool has_id = false;

	sql_addf(
	    sql, "CREATE INDEX %n ON %n (", index_name(collection, index, name), collection->name);
	for (size_t i = 0; i < index->fields_count; i++) {
		const struct field *field = index->fields[i];

		sql_addf(sql, i == 0 ? "%n" : ", %n", field->name);
		sql_add(sql, direction(creation, index->descending[i], !field->required));
		has_id |= field->column == COLUMN_ID;
	}
	if (!has_id) {
		sql_add(sql, ", \"id\"");
		sql_add(
		    sql, direction(creation, index->descending[index->fields_count - 1], false));
	}
	sql_add(sql, ")");
	run(creation);
}

static void
create_indexes(struct creation *creation, const struct collection *collection)
{
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++)
		create_field_indexes(creation, collection, &collection->columns[i]);
	for (size_t i = 0; i < collection->indexes_count; i++)
		create_index(creation, collection, &collection->indexes[i]);
}

/* The body sets _version with every update of its own; a foreign key's action does not. */
static void
create_sqlite_trigger(
    struct creation *creation, const struct collection *collection, const struct field *field)
{
	struct sql_text *sql = &creation->sql;
	struct str table = collection->name;

	buf_addf(&sql->text, "CREATE TRIGGER \"%.*s_%.*s_set_null\"", STR_ARGS(table),
	    STR_ARGS(field->name));
	sql_addf(sql,
	    " AFTER UPDATE OF %n ON %n\n"
	    "WHEN NEW.%n IS NULL AND OLD.%n IS NOT NULL AND NEW.\"_version\" IS OLD.\"_version\"\n"
	    "BEGIN\n"
	    "\tUPDATE %n SET \"_version\" = caisson_number(), \"updated\" = caisson_now()\n"
	    "\tWHERE \"id\" IS NEW.\"id\";\n"
	    "END",
	    field->name, table, field->name, field->name, table);
	run(creation);
}

static void
create_postgres_triggers(struct creation *creation, const struct collection *collection)
{
	struct sql_text *sql = &creation->sql;

	sql_addf(sql,
	    "CREATE TRIGGER caisson_renew BEFORE UPDATE ON %n FOR EACH ROW\n"
	    "WHEN (NEW.\"_version\" = OLD.\"_version\" AND NEW.* IS DISTINCT FROM OLD.*)\n"
	    "EXECUTE FUNCTION caisson_renew()",
	    collection->name);
	run(creation);
	sql_addf(sql,
	    "CREATE TRIGGER caisson_log AFTER INSERT OR UPDATE OR DELETE ON %n FOR EACH ROW\n"
	    "EXECUTE FUNCTION caisson_log('created', 'updated'",
	    collection->name);
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++)
		if (collection->columns[i].type == FIELD_TIME)
			buf_addf(&sql->text, ", '%.*s'", STR_ARGS(collection->columns[i].name));
	sql_add(sql, ")");
	run(creation);
}

static void
create_triggers(struct creation *creation, const struct collection *collection)
{
	if (!is_sqlite(creation)) {
		create_postgres_triggers(creation, collection);
		return;
	}
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++) {
		const struct field *field = &collection->columns[i];

		if (field->type == FIELD_REF && field->on_delete == ON_DELETE_SET_NULL)
			create_sqlite_trigger(creation, collection, field);
	}
}
