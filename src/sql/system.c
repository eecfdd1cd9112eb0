#include "sql/system.h"

#include <stddef.h>

#define SQLITE_MIGRATIONS \
	"CREATE TABLE IF NOT EXISTS caisson_migrations (number INTEGER PRIMARY KEY NOT NULL," \
	" at INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, shape TEXT NOT NULL) STRICT"
#define POSTGRES_MIGRATIONS \
	"CREATE TABLE IF NOT EXISTS caisson_migrations (number bigint PRIMARY KEY, at bigint NOT NULL," \
	" name text NOT NULL, checksum text NOT NULL, shape text NOT NULL)"

static const char *const sqlite_statements[] = {
	SQLITE_MIGRATIONS,

	"CREATE TABLE caisson_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, "
	"WITHOUT ROWID",

	"CREATE TABLE caisson_commits (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT,"
	" request_id TEXT) STRICT",

	"CREATE INDEX caisson_commits_at_idx ON caisson_commits (at)",

	"CREATE TABLE caisson_changes (seq INTEGER NOT NULL, n INTEGER NOT NULL, collection TEXT "
	"NOT NULL,"
	" record ANY NOT NULL, op TEXT NOT NULL CHECK (op IN ('create', 'update', 'delete')),"
	" changes TEXT, PRIMARY KEY (seq, n)) STRICT, WITHOUT ROWID",

	"CREATE INDEX caisson_changes_record_idx ON caisson_changes (collection, record, seq)",

	"CREATE TABLE caisson_keys (id TEXT PRIMARY KEY NOT NULL, hash TEXT NOT NULL UNIQUE, "
	"user_id TEXT,"
	" roles TEXT NOT NULL DEFAULT '[]', label TEXT, created INTEGER NOT NULL, revoked INTEGER) "
	"STRICT",

	"CREATE TABLE caisson_idempotency (principal TEXT NOT NULL, key TEXT NOT NULL,"
	" request_hash TEXT NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, response TEXT "
	"NOT NULL,"
	" PRIMARY KEY (principal, key)) STRICT",

	"CREATE INDEX caisson_idempotency_at_idx ON caisson_idempotency (at)",
	NULL,
};

static const char *const postgres_statements[] = {
	POSTGRES_MIGRATIONS,

	"CREATE TABLE caisson_meta (key text COLLATE \"C\" PRIMARY KEY, value text NOT NULL)",

	"INSERT INTO caisson_meta (key, value) VALUES ('epoch', '0')",

	"CREATE TABLE caisson_commits (seq bigint PRIMARY KEY, at bigint NOT NULL, actor text, "
	"request_id text)",

	"CREATE INDEX caisson_commits_at_idx ON caisson_commits (at)",

	"CREATE SEQUENCE caisson_changes_n",

	"CREATE TABLE caisson_changes (seq bigint NOT NULL,"
	" n bigint NOT NULL DEFAULT nextval('caisson_changes_n'), collection text COLLATE \"C\" "
	"NOT NULL,"
	" record text COLLATE \"C\" NOT NULL, op text NOT NULL CHECK (op IN ('create', 'update', "
	"'delete')),"
	" changes jsonb, PRIMARY KEY (seq, n))",

	"CREATE INDEX caisson_changes_record_idx ON caisson_changes (collection, record, seq)",

	"CREATE TABLE caisson_keys (id text COLLATE \"C\" PRIMARY KEY, hash text COLLATE \"C\" NOT "
	"NULL UNIQUE,"
	" user_id text, roles text NOT NULL DEFAULT '[]', label text, created timestamptz NOT NULL,"
	" revoked timestamptz)",

	"CREATE TABLE caisson_idempotency (principal text COLLATE \"C\" NOT NULL, key text COLLATE "
	"\"C\" NOT NULL,"
	" request_hash text NOT NULL, at timestamptz NOT NULL, status bigint NOT NULL, response "
	"text NOT NULL,"
	" PRIMARY KEY (principal, key))",

	"CREATE INDEX caisson_idempotency_at_idx ON caisson_idempotency (at)",

	/* The commit number: the transaction's id under the epoch, which a restore raises. */
	"CREATE FUNCTION caisson_number() RETURNS bigint LANGUAGE sql STABLE AS $$\n"
	"SELECT pg_current_xact_id()::text::bigint"
	" + ((SELECT value::bigint FROM caisson_meta WHERE key = 'epoch') << 48)\n"
	"$$",

	/* A row that a foreign key's action changed, or somebody by hand, is a new version too. */
	"CREATE FUNCTION caisson_renew() RETURNS trigger LANGUAGE plpgsql AS $$\n"
	"BEGIN\n"
	"	IF NEW._version <> caisson_number() THEN\n"
	"		NEW._version := caisson_number();\n"
	"		NEW.updated := transaction_timestamp();\n"
	"	END IF;\n"
	"	RETURN NEW;\n"
	"END\n"
	"$$",

	/*
	 * Times as the other engine writes them, whatever the session's time zone; names
	 * with an underscore are of hidden columns.
	 */
	"CREATE FUNCTION caisson_row(columns jsonb, special text[]) RETURNS jsonb LANGUAGE sql "
	"STABLE AS $$\n"
	"SELECT columns - '_version' - special || (SELECT jsonb_object_agg(name,"
	" to_char((columns ->> name)::timestamptz AT TIME ZONE 'UTC',"
	" 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')) FROM unnest(special) AS name WHERE left(name, 1) <> '_')\n"
	"$$",

	/*
	 * Its arguments are the columns of type time and the hidden ones; the table's name is the
	 * collection's.  caisson.changed tells the end of the transaction that it has
	 * a number, without a look at a table that others write to.
	 */
	"CREATE FUNCTION caisson_log() RETURNS trigger LANGUAGE plpgsql AS $$\n"
	"DECLARE\n"
	"	number bigint := caisson_number();\n"
	"	old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN caisson_row(to_jsonb(OLD), "
	"TG_ARGV) END;\n"
	"	new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN caisson_row(to_jsonb(NEW), "
	"TG_ARGV) END;\n"
	"	logged jsonb := coalesce(new_row, old_row);\n"
	"BEGIN\n"
	"	IF TG_OP = 'UPDATE' THEN\n"
	"		SELECT jsonb_object_agg(key, jsonb_build_array(old_row -> key, value)) "
	"INTO logged\n"
	"		FROM jsonb_each(new_row) WHERE value IS DISTINCT FROM old_row -> key;\n"
	"		IF logged IS NULL THEN\n"
	"			RETURN NULL;\n"
	"		END IF;\n"
	"	END IF;\n"
	"	PERFORM set_config('caisson.changed', number::text, true);\n"
	"	INSERT INTO caisson_changes (seq, collection, record, op, changes) VALUES "
	"(number,\n"
	"	    TG_TABLE_NAME, coalesce(new_row, old_row) ->> 'id',\n"
	"	    CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE "
	"'delete' END, logged);\n"
	"	RETURN NULL;\n"
	"END\n"
	"$$",

	/*
	 * A link made or gone, and the array that names it (sql/links.h); its arguments
	 * are the collection, the field and the type of the ids.  A record that is gone
	 * is not found, an array that is right already is left alone.  No field has a name
	 * with an underscore in front.
	 */
	"CREATE FUNCTION caisson_link() RETURNS trigger LANGUAGE plpgsql AS $$\n"
	"DECLARE\n"
	"	item text := CASE TG_ARGV[2] WHEN 'uuid' THEN '(_item #>> ''{}'') COLLATE \"C\"' ELSE '_item' END;\n"
	"BEGIN\n"
	"	IF TG_OP <> 'INSERT' THEN\n"
	"		EXECUTE format('UPDATE %1$I SET %2$I = (SELECT coalesce(jsonb_agg(_item ORDER BY %3$s),"
	" ''[]'') FROM jsonb_array_elements(%2$I) AS _(_item) WHERE _item <> $2)"
	" WHERE id = $1 AND %2$I @> $2', TG_ARGV[0], TG_ARGV[1], item)\n"
	"		USING OLD.source, to_jsonb(OLD.target);\n"
	"	END IF;\n"
	"	IF TG_OP <> 'DELETE' THEN\n"
	"		EXECUTE format('UPDATE %1$I SET %2$I = (SELECT jsonb_agg(_item ORDER BY %3$s)"
	" FROM jsonb_array_elements(%2$I || $2) AS _(_item))"
	" WHERE id = $1 AND NOT %2$I @> $2', TG_ARGV[0], TG_ARGV[1], item)\n"
	"		USING NEW.source, to_jsonb(NEW.target);\n"
	"	END IF;\n"
	"	RETURN NULL;\n"
	"END\n"
	"$$",
	NULL,
};

const char *const *
system_statements(enum sql_dialect dialect)
{
	return dialect == SQL_SQLITE ? sqlite_statements : postgres_statements;
}

const char *
system_migrations(enum sql_dialect dialect)
{
	return dialect == SQL_SQLITE ? SQLITE_MIGRATIONS : POSTGRES_MIGRATIONS;
}
