#include "sql/column.h"

#include <assert.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "app/names.h"
#include "base/memory.h"
#include "codec/address.h"
#include "codec/decimal.h"
#include "codec/time.h"

void
column_define(struct sql_text *sql, const struct field *field)
{
	sql_addf(sql, "%n ", field->name);
	column_type(sql, field);
	if (column_is_required(field))
		sql_add(sql, " NOT NULL");
	if (column_has_default(field)) {
		sql_add(sql, " DEFAULT ");
		column_default(sql, field);
	}
	column_checks(sql, field, " CHECK ");
	if (field->type == FIELD_REF && sql->dialect == SQL_SQLITE) {
		sql_addf(sql, " REFERENCES %n (\"id\")", field->to->name);
		sql_add(sql, column_on_delete(field));
	}
}

bool
column_is_required(const struct field *field)
{
	return field->required || field->type == FIELD_REFS;
}

bool
column_has_default(const struct field *field)
{
	return field->type == FIELD_REFS || field->default_kind == DEFAULT_LITERAL;
}

void
column_default(struct sql_text *sql, const struct field *field)
{
	if (field->type == FIELD_REFS)
		sql_add(sql, "'[]'");
	else
		sql_literal(sql, &field->default_value);
}

void
column_define_fold(struct sql_text *sql, const struct field *field)
{
	char name[INDEX_NAME_SIZE];

	sql_addf(sql, "%n ", fold_name(field, name));
	sql_add(sql, sql->dialect == SQL_SQLITE ? "TEXT" : "text COLLATE \"C\"");
}

const char *
column_on_delete(const struct field *field)
{
	static const char *const actions[] = {
		[ON_DELETE_RESTRICT] = " ON DELETE RESTRICT",
		[ON_DELETE_CASCADE] = " ON DELETE CASCADE",
		[ON_DELETE_SET_NULL] = " ON DELETE SET NULL",
	};

	return actions[field->on_delete];
}

/* --- literals --------------------------------------------------------- */

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

/* As one engine keeps it: an integer, or a real with all its digits. */
static void
add_number(struct sql_text *sql, const struct value *value)
{
	if (value->kind == VALUE_REAL)
		buf_addf(&sql->text, "%.17g", value->real);
	else if (value->kind == VALUE_BOOL)
		sql_add(sql, value->boolean ? "1" : "0");
	else
		buf_add_int(&sql->text, value->integer);
}

/*
 * As the other keeps it: quoted with its type, because -9223372036854775808 bare
 * is a numeric there.
 */
static void
add_typed(struct sql_text *sql, const struct value *value)
{
	char text[TIME_RFC3339_SIZE + DECIMAL_SIZE_MAX];

	switch (value->kind) {
	case VALUE_BOOL:
		sql_add(sql, value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		buf_addf(&sql->text, "'%lld'::bigint", (long long)value->integer);
		break;
	case VALUE_REAL:
		buf_addf(&sql->text, "'%.17g'::double precision", value->real);
		break;
	case VALUE_TIME:
		time_format_rfc3339(value->integer, text);
		buf_addf(&sql->text, "'%.*s'::timestamptz", TIME_RFC3339_SIZE, text);
		break;
	case VALUE_DATE:
		date_format(value->integer, text);
		buf_addf(&sql->text, "'%.*s'::date", DATE_SIZE, text);
		break;
	default:
		assert(value->kind == VALUE_DECIMAL);
		buf_addf(&sql->text, "'%.*s'::numeric",
		    (int)decimal_format(value->integer, value->scale, text), text);
	}
}

void
sql_literal(struct sql_text *sql, const struct value *value)
{
	assert(value->kind != VALUE_NULL);
	if (value->kind == VALUE_TEXT || value->kind == VALUE_JSON) {
		add_text(sql, value->text);
		if (value->kind == VALUE_JSON && sql->dialect == SQL_POSTGRES)
			sql_add(sql, "::jsonb");
	} else if (value->kind == VALUE_UUID) {
		add_uuid(sql, &value->uuid);
	} else if (sql->dialect == SQL_SQLITE) {
		add_number(sql, value);
	} else {
		add_typed(sql, value);
	}
}

/* --- types and checks ------------------------------------------------- */

void
column_type(struct sql_text *sql, const struct field *field)
{
	static const char *const words[][2] = {
		[VALUE_BOOL] = { "INTEGER", "boolean" },
		[VALUE_INT] = { "INTEGER", "bigint" },
		[VALUE_REAL] = { "REAL", "double precision" },
		[VALUE_TIME] = { "INTEGER", "timestamptz" },
		[VALUE_DATE] = { "INTEGER", "date" },
		[VALUE_DECIMAL] = { "INTEGER", "numeric" },
		[VALUE_TEXT] = { "TEXT", "text COLLATE \"C\"" },
		[VALUE_JSON] = { "TEXT", "jsonb" },
		[VALUE_UUID] = { "BLOB", "uuid" },
	};
	enum value_kind kind = field_value_kind(field);

	sql_add(sql, words[kind][sql->dialect == SQL_POSTGRES]);
	if (kind == VALUE_DECIMAL && sql->dialect == SQL_POSTGRES)
		buf_addf(&sql->text, "(%d, %u)", DECIMAL_DIGITS_MAX, field->scale);
}

/* What is held against min and max: the value, how long a text is, or how many items there are. */
static void
add_measure(struct sql_text *sql, const struct field *field)
{
	const char *function = NULL;

	if (field->type == FIELD_LIST)
		function = "jsonb_array_length";
	else if (field_value_kind(field) == VALUE_TEXT)
		function = "length";
	if (function == NULL) {
		sql_name(sql, field->name);
		return;
	}
	sql_add(sql, function);
	sql_addf(sql, "(%n)", field->name);
}

static void
add_check(struct sql_text *sql, const struct field *field, const char *lead, const char *order,
    struct value bound)
{
	enum value_kind kind = field_value_kind(field);

	sql_add(sql, lead);
	sql_add(sql, "(");
	add_measure(sql, field);
	sql_add(sql, order);
	if (kind == VALUE_TEXT || kind == VALUE_JSON)
		buf_add_int(&sql->text, bound.integer);
	else
		sql_literal(sql, &bound);
	sql_add(sql, ")");
}

static int
compare_strs(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Sorted, for the database knows no order of them: the same values are the same check. */
static void
add_enum_check(struct sql_text *sql, const struct field *field, const char *lead)
{
	struct str *values = memory_new(field->values_count * sizeof(*values));

	memcpy(values, field->values, field->values_count * sizeof(*values));
	qsort(values, field->values_count, sizeof(*values), compare_strs);
	sql_add(sql, lead);
	sql_addf(sql, "(%n IN (", field->name);
	for (size_t i = 0; i < field->values_count; i++) {
		sql_add(sql, i == 0 ? "" : ", ");
		add_text(sql, values[i]);
	}
	sql_add(sql, "))");
	free(values);
}

static void
add_plain_check(
    struct sql_text *sql, const struct field *field, const char *lead, const char *check)
{
	sql_add(sql, lead);
	sql_addf(sql, check, field->name);
}

/* What no value of the type is, though the column's own type would hold it. */
static void
add_type_check(struct sql_text *sql, const struct field *field, const char *lead)
{
	bool is_sqlite = sql->dialect == SQL_SQLITE;

	if (field->type == FIELD_BOOL && is_sqlite)
		add_plain_check(sql, field, lead, "(%n IN (0, 1))");
	if (field->type == FIELD_ENUM)
		add_enum_check(sql, field, lead);
	if ((field->type == FIELD_LIST || field->type == FIELD_REFS) && !is_sqlite)
		add_plain_check(sql, field, lead, "(jsonb_typeof(%n) = 'array')");
	if (field->type == FIELD_JSON && !is_sqlite) /* there is one null */
		add_plain_check(sql, field, lead, "(jsonb_typeof(%n) <> 'null')");
}

/* The smallest and the largest value: what is declared, or else of the type; false where there is none. */
static bool
find_bound(const struct field *field, bool is_max, struct value *ret)
{
	bool has = is_max ? field->has_max : field->has_min;
	int64_t integer = is_max ? field->max : field->min;

	switch (field->type) {
	case FIELD_FLOAT: /* finite: NaN is above all numbers, where it can be at all */
		*ret = value_real(has      ? (is_max ? field->real_max : field->real_min)
				  : is_max ? DBL_MAX
					   : -DBL_MAX);
		return true;
	case FIELD_DECIMAL:
		*ret = value_decimal(has      ? integer
				     : is_max ? decimal_max
					      : -decimal_max,
		    field->scale);
		return true;
	case FIELD_TIME:
		*ret = value_time(has ? integer : is_max ? time_us_max : time_us_min);
		return true;
	case FIELD_DATE:
		*ret = value_date(has ? integer : is_max ? date_days_max : date_days_min);
		return true;
	case FIELD_EMAIL:
	case FIELD_URL:
		*ret = value_int(has                        ? integer
				 : field->type == FIELD_URL ? URL_LENGTH_MAX
							    : EMAIL_LENGTH_MAX);
		return has || is_max;
	case FIELD_REFS: /* links come one by one and vanish with their targets: the body counts them */
		return false;
	default:
		*ret = value_int(integer);
		return has;
	}
}

void
column_checks(struct sql_text *sql, const struct field *field, const char *lead)
{
	struct value bound;

	add_type_check(sql, field, lead);
	/* SQLite lets a schema that it does not trust call no function of JSON: there the body counts. */
	if (field->type == FIELD_LIST && sql->dialect == SQL_SQLITE)
		return;
	if (find_bound(field, /* is_max: */ false, &bound))
		add_check(sql, field, lead, " >= ", bound);
	if (find_bound(field, /* is_max: */ true, &bound))
		add_check(sql, field, lead, " <= ", bound);
}
