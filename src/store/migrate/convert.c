#include "store/migrate/convert.h"

#include <assert.h>
#include <string.h>

#include "codec/decimal.h"

/*
 * In the expressions $c is the column, $f and $t are the scales before and
 * after, $o and $q are ten to the power of them, $p is ten to the power of
 * their difference, $l is what is above all decimals of the new scale.
 */
struct conversion {
	enum field_type from, to;
	bool is_exact;
	const char *sqlite, *postgres;
	const char *sqlite_loss, *postgres_loss;
};

#define SAFE_REAL "-9007199254740992 AND 9007199254740992"
#define DAY_US "86400000000"
#define FLOOR(of) "($c - (($c % " of ") + " of ") % " of ")"
#define SQLITE_TIME_TEXT \
	"strftime('%Y-%m-%dT%H:%M:%S', " FLOOR("1000000") " / 1000000, 'unixepoch') ||" \
	" printf('.%06dZ', (($c % 1000000) + 1000000) % 1000000)"
#define POSTGRES_TIME_TEXT \
	"to_char($c AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

static const struct conversion same = { 0, 0, true, "$c", "$c", NULL, NULL };

static const struct conversion conversions[] = {
	{ FIELD_INT, FIELD_FLOAT, false,
	    "CASE WHEN $c BETWEEN " SAFE_REAL " THEN CAST($c AS REAL) END",
	    "CASE WHEN $c BETWEEN " SAFE_REAL " THEN $c::double precision END", NULL, NULL },
	{ FIELD_INT, FIELD_DECIMAL, false, "CASE WHEN $c > -$l AND $c < $l THEN $c * $q END",
	    "CASE WHEN $c > -$l AND $c < $l THEN $c::numeric END", NULL, NULL },
	{ FIELD_INT, FIELD_TEXT, true, "CAST($c AS TEXT)", "$c::text", NULL, NULL },
	{ FIELD_INT, FIELD_BOOL, false, "CASE $c WHEN 0 THEN 0 WHEN 1 THEN 1 END",
	    "CASE $c WHEN 0 THEN false WHEN 1 THEN true END", NULL, NULL },
	{ FIELD_INT, FIELD_JSON, true, "CAST($c AS TEXT)", "to_jsonb($c)", NULL, NULL },
	{ FIELD_BOOL, FIELD_INT, true, "$c", "$c::int::bigint", NULL, NULL },
	{ FIELD_BOOL, FIELD_TEXT, true, "CASE $c WHEN 0 THEN 'false' WHEN 1 THEN 'true' END",
	    "$c::text", NULL, NULL },
	{ FIELD_BOOL, FIELD_JSON, true, "CASE $c WHEN 0 THEN 'false' WHEN 1 THEN 'true' END",
	    "to_jsonb($c)", NULL, NULL },
	{ FIELD_FLOAT, FIELD_INT, false,
	    "CASE WHEN $c BETWEEN " SAFE_REAL " AND $c = CAST(CAST($c AS INTEGER) AS REAL)"
	    " THEN CAST($c AS INTEGER) END",
	    "CASE WHEN $c BETWEEN " SAFE_REAL " AND $c = trunc($c) THEN $c::bigint END", NULL, NULL },
	{ FIELD_DECIMAL, FIELD_INT, false, "CASE WHEN $c % $o = 0 THEN $c / $o END",
	    "CASE WHEN $c = trunc($c) THEN $c::bigint END", NULL, NULL },
	{ FIELD_DECIMAL, FIELD_TEXT, true,
	    "CASE WHEN $c < 0 THEN '-' ELSE '' END || (abs($c) / $o) ||"
	    " CASE WHEN $f > 0 THEN '.' || printf('%0$fd', abs($c) % $o) ELSE '' END",
	    "$c::text", NULL, NULL },
	{ FIELD_TEXT, FIELD_INT, false, "caisson_to_int($c)", "pg_temp.caisson_to_int($c)", NULL,
	    NULL },
	{ FIELD_TEXT, FIELD_BOOL, false, "CASE $c WHEN 'false' THEN 0 WHEN 'true' THEN 1 END",
	    "CASE $c WHEN 'false' THEN false WHEN 'true' THEN true END", NULL, NULL },
	{ FIELD_TEXT, FIELD_DECIMAL, false, "caisson_to_decimal($c, $t)",
	    "pg_temp.caisson_to_decimal($c, $t)", NULL, NULL },
	{ FIELD_TEXT, FIELD_DATE, false, "caisson_to_date($c)", "pg_temp.caisson_to_date($c)", NULL,
	    NULL },
	{ FIELD_TEXT, FIELD_TIME, false, "caisson_to_time($c)", "pg_temp.caisson_to_time($c)", NULL,
	    NULL },
	{ FIELD_TEXT, FIELD_ENUM, true, "$c", "$c", NULL, NULL },
	{ FIELD_TEXT, FIELD_EMAIL, false, "caisson_to_email($c)", "pg_temp.caisson_to_email($c)",
	    NULL, NULL },
	{ FIELD_TEXT, FIELD_URL, false, "caisson_to_url($c)", "pg_temp.caisson_to_url($c)", NULL,
	    NULL },
	{ FIELD_ENUM, FIELD_TEXT, true, "$c", "$c", NULL, NULL },
	{ FIELD_EMAIL, FIELD_TEXT, true, "$c", "$c", NULL, NULL },
	{ FIELD_URL, FIELD_TEXT, true, "$c", "$c", NULL, NULL },
	{ FIELD_DATE, FIELD_TIME, true, "$c * " DAY_US, "$c::timestamp AT TIME ZONE 'UTC'", NULL,
	    NULL },
	{ FIELD_DATE, FIELD_TEXT, true, "strftime('%Y-%m-%d', $c * 86400, 'unixepoch')",
	    "to_char($c, 'YYYY-MM-DD')", NULL, NULL },
	{ FIELD_TIME, FIELD_DATE, true, FLOOR(DAY_US) " / " DAY_US, "($c AT TIME ZONE 'UTC')::date",
	    "\"_old\" <> \"_new\" * " DAY_US,
	    "\"_old\" <> \"_new\"::timestamp AT TIME ZONE 'UTC'" },
	{ FIELD_TIME, FIELD_TEXT, true, SQLITE_TIME_TEXT, POSTGRES_TIME_TEXT, NULL, NULL },
	{ FIELD_LIST, FIELD_JSON, true, "$c", "$c", NULL, NULL },
	{ FIELD_REF, FIELD_REFS, true, "caisson_to_refs($c)",
	    "CASE WHEN $c IS NULL THEN '[]'::jsonb ELSE jsonb_build_array($c) END", NULL, NULL },
	{ FIELD_REFS, FIELD_REF, false, "caisson_to_ref($c)", NULL, NULL, NULL },
};

/* From one scale of a decimal to another. */
static const struct conversion finer = { FIELD_DECIMAL, FIELD_DECIMAL, false,
	"CASE WHEN abs($c) < 1000000000000000000 / $p THEN $c * $p END",
	"CASE WHEN abs($c) < $l THEN $c END", NULL, NULL };
static const struct conversion coarser = { FIELD_DECIMAL, FIELD_DECIMAL, false,
	"CASE WHEN $c % $p = 0 THEN $c / $p END", "CASE WHEN $c = trunc($c, $t) THEN $c END", NULL,
	NULL };

/* To a list, whose items are of one type.  The column may be called as one of json_each()'s own. */
#define SQLITE_ITEMS(types) \
	"CASE WHEN json_type($c) = 'array' AND NOT EXISTS" \
	" (SELECT 1 FROM (SELECT $c AS \"_list\"), json_each(\"_list\") AS j" \
	" WHERE j.type NOT IN (" types ")) THEN $c END"
#define POSTGRES_ITEMS(path) \
	"CASE WHEN jsonb_typeof($c) = 'array' AND NOT jsonb_path_exists($c, 'strict $[*] ? (" path ")')" \
	" THEN $c END"
static const struct conversion items[] = {
	{ FIELD_TEXT, FIELD_LIST, false, SQLITE_ITEMS("'text'"),
	    POSTGRES_ITEMS("@.type() <> \"string\""), NULL, NULL },
	{ FIELD_INT, FIELD_LIST, false, SQLITE_ITEMS("'integer'"),
	    POSTGRES_ITEMS("@.type() <> \"number\" || @.floor() <> @ ||"
			   " @ > 9223372036854775807 || @ < -9223372036854775808"), NULL, NULL },
	{ FIELD_FLOAT, FIELD_LIST, false, SQLITE_ITEMS("'integer', 'real'"),
	    POSTGRES_ITEMS("@.type() <> \"number\""), NULL, NULL },
	{ FIELD_BOOL, FIELD_LIST, false, SQLITE_ITEMS("'true', 'false'"),
	    POSTGRES_ITEMS("@.type() <> \"boolean\""), NULL, NULL },
};

static const struct conversion *
find_items(enum field_type of)
{
	for (size_t i = 0; i < COUNT(items); i++)
		if (items[i].from == of)
			return &items[i];
	return NULL;
}

static bool
have_one_target(const struct field *from, const struct field *to)
{
	return str_equal(from->to->name, to->to->name) && from->to->id_type == to->to->id_type;
}

static const struct conversion *
find_same_type(const struct field *from, const struct field *to)
{
	switch (from->type) {
	case FIELD_REF:
	case FIELD_REFS:
		return have_one_target(from, to) ? &same : NULL;
	case FIELD_DECIMAL:
		return from->scale == to->scale ? &same : from->scale < to->scale ? &finer : &coarser;
	case FIELD_LIST:
		return from->of == to->of ? &same : find_items(to->of);
	default:
		return &same;
	}
}

const struct conversion *
conversion_find(const struct field *from, const struct field *to)
{
	if (from->type == to->type)
		return find_same_type(from, to);
	if (from->type == FIELD_JSON && to->type == FIELD_LIST)
		return find_items(to->of);
	if (from->to != NULL && to->to != NULL && !have_one_target(from, to))
		return NULL;
	for (size_t i = 0; i < COUNT(conversions); i++)
		if (conversions[i].from == from->type && conversions[i].to == to->type)
			return &conversions[i];
	return NULL;
}

bool
conversion_is_same(const struct conversion *conversion)
{
	return conversion == &same;
}

bool
conversion_is_exact(const struct conversion *conversion)
{
	return conversion->is_exact;
}

/* --- writing --------------------------------------------------------- */

static void
add_power(struct buf *buf, unsigned exponent)
{
	buf_add_byte(buf, '1');
	while (exponent-- > 0)
		buf_add_byte(buf, '0');
}

static void
add_word(struct sql_text *sql, char word, const struct field *from, const struct field *to,
    struct str column)
{
	unsigned difference =
	    from->scale < to->scale ? to->scale - from->scale : from->scale - to->scale;

	switch (word) {
	case 'c':
		sql_name(sql, column);
		break;
	case 'f':
		buf_add_int(&sql->text, from->scale);
		break;
	case 't':
		buf_add_int(&sql->text, to->scale);
		break;
	case 'o':
		add_power(&sql->text, from->scale);
		break;
	case 'q':
		add_power(&sql->text, to->scale);
		break;
	case 'p':
		add_power(&sql->text, difference);
		break;
	case 'l':
		add_power(&sql->text, DECIMAL_DIGITS_MAX - to->scale);
		break;
	default:
		assert(word == '[');
		sql_add(sql, "$[");
	}
}

/* An array of one id becomes the id; text of a uuid casts where it is one. */
static void
write_only_item(struct sql_text *sql, const struct field *to, struct str column)
{
	sql_addf(sql, "CASE WHEN jsonb_array_length(%n) = 1 THEN (%n ->> 0)::", column, column);
	sql_add(sql, to->to->id_type == FIELD_INT ? "bigint END" : "uuid END");
}

void
conversion_write(const struct conversion *conversion, struct sql_text *sql,
    const struct field *from, const struct field *to, struct str column)
{
	const char *text = sql->dialect == SQL_SQLITE ? conversion->sqlite : conversion->postgres;
	const char *dollar;

	if (text == NULL) {
		write_only_item(sql, to, column);
		return;
	}
	while ((dollar = strchr(text, '$')) != NULL) {
		buf_add(&sql->text, text, (size_t)(dollar - text));
		add_word(sql, dollar[1], from, to, column);
		text = dollar + 2;
	}
	sql_add(sql, text);
}

bool
conversion_write_loss(const struct conversion *conversion, struct sql_text *sql)
{
	const char *text =
	    sql->dialect == SQL_SQLITE ? conversion->sqlite_loss : conversion->postgres_loss;

	if (text != NULL)
		sql_add(sql, text);
	return text != NULL;
}

/* --- functions ------------------------------------------------------- */

#define POSTGRES_FUNCTION(name, arguments, type, pattern, value) \
	"CREATE OR REPLACE FUNCTION pg_temp." name "(given text" arguments ") RETURNS " type \
	" LANGUAGE plpgsql IMMUTABLE AS $$\nBEGIN\n" \
	"\tRETURN CASE WHEN given ~ '" pattern "' THEN " value " END;\n" \
	"EXCEPTION WHEN data_exception THEN RETURN NULL;\nEND\n$$"

/* Of a host's name, as the HTML standard's e-mail address has it (codec/address.h). */
#define LABEL "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"

/* Of a URL (codec/address.h): unreserved, sub-delims and escapes. */
#define URL_CHAR "(%[0-9a-fA-F]{2}|[a-zA-Z0-9._~!$&''()*+,;=-])"
#define PORT "0*([0-9]{0,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

static const char *const postgres_preamble[] = {
	POSTGRES_FUNCTION("caisson_to_int", "", "bigint", "^(0|-?[1-9][0-9]*)$", "given::bigint"),
	POSTGRES_FUNCTION("caisson_to_decimal", ", digits int", "numeric", "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$",
	    "CASE WHEN given::numeric = trunc(given::numeric, digits)"
	    " AND abs(given::numeric) * 10::numeric ^ digits < 1000000000000000000"
	    " THEN trunc(given::numeric, digits) END"),
	POSTGRES_FUNCTION("caisson_to_date", "", "date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "given::date"),
	POSTGRES_FUNCTION("caisson_to_time", "", "timestamptz",
	    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-9]{2}:[0-5][0-9](\\.[0-9]{1,6})?"
	    "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
	    /* PostgreSQL itself knows no offset beyond 16 hours. */
	    "(SELECT at FROM (SELECT (regexp_replace(given, '([Zz]|[+-][0-9:]{5})$', '')::timestamp AT TIME ZONE 'UTC')"
	    " - coalesce(substring(given from '[+-][0-9]{2}:[0-9]{2}$')::interval, '0') AS at) AS of"
	    " WHERE at BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00')"),
	POSTGRES_FUNCTION("caisson_to_email", "", "text", "^[a-zA-Z0-9.!#$%&''*+/=?^_`{|}~-]+@" LABEL "(\\." LABEL ")*$",
	    "given"),
	POSTGRES_FUNCTION("caisson_to_url", "", "text",
	    "^[Hh][Tt][Tt][Pp][Ss]?://((" URL_CHAR "|:)*@)?(\\[[0-9a-fA-F:.]{2,}\\]|" URL_CHAR "+)(:" PORT ")?"
	    "([/?](" URL_CHAR "|[:@/?])*)?(#(" URL_CHAR "|[:@/?])*)?$",
	    "given"),
	/* Nearly as codec/fold.h; what it does not tell apart, the index of the folded column refuses. */
	"CREATE OR REPLACE FUNCTION pg_temp.caisson_folded(given text) RETURNS text"
	" LANGUAGE plpgsql IMMUTABLE AS $$\nBEGIN\n"
	"\tRETURN replace(lower(normalize(given, NFKC) COLLATE \"und-x-icu\"), 'ß', 'ss');\n"
	"EXCEPTION WHEN undefined_object THEN RETURN lower(given);\nEND\n$$",
	NULL,
};

/* Those of SQLite are the engine's own: store/sqlite/migrate.c. */
static const char *const sqlite_preamble[] = { NULL };

const char *const *
conversion_preamble(enum sql_dialect dialect)
{
	return dialect == SQL_SQLITE ? sqlite_preamble : postgres_preamble;
}
