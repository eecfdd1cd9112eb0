#pragma once
/*
 * One scalar as the database, the rules and JSON exchange it.  Text borrows
 * its bytes (a request's arena, a statement's current row).
 *
 *	kind	   C		 JSON		  SQLite	PostgreSQL
 *	NULL	   -		 null		  NULL		NULL
 *	BOOL	   boolean	 true, false	  INTEGER 0, 1	boolean
 *	INT	   integer	 exact number	  INTEGER	bigint
 *	REAL	   real		 number		  REAL		double precision
 *	TIME	   integer, us	 RFC 3339 text	  INTEGER	timestamptz
 *	DATE	   integer, days "2026-11-24"	  INTEGER	date
 *	DECIMAL	   integer, scale "12.30"	  INTEGER	numeric(18, scale)
 *	TEXT	   text		 string		  TEXT		text
 *	JSON	   text, canonical  any value	  TEXT		jsonb
 *	UUID	   uuid, 16 B	 36 characters	  BLOB		uuid
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_REAL,
	VALUE_TIME, /* microseconds since 1970-01-01T00:00:00Z */
	VALUE_DATE,    /* days since 1970-01-01 */
	VALUE_DECIMAL, /* integer / 10^scale; at most 18 digits */
	VALUE_TEXT,
	VALUE_JSON, /* `text`: canonical (codec/canonical.h), so that equal values are equal bytes */
	VALUE_UUID,
};

struct uuid {
	uint8_t bytes[16]; /* network order, so that memcmp is the order of the text */
};

struct value {
	enum value_kind kind;
	uint8_t scale; /* DECIMAL */
	union {
		bool boolean;
		int64_t integer; /* INT, TIME, DATE and DECIMAL */
		double real;
		struct str text; /* TEXT and JSON */
		struct uuid uuid;
	};
};

static inline struct value
value_null(void)
{
	return (struct value){ .kind = VALUE_NULL };
}

static inline struct value
value_bool(bool boolean)
{
	return (struct value){ .kind = VALUE_BOOL, .boolean = boolean };
}

static inline struct value
value_int(int64_t integer)
{
	return (struct value){ .kind = VALUE_INT, .integer = integer };
}

static inline struct value
value_time(int64_t us)
{
	return (struct value){ .kind = VALUE_TIME, .integer = us };
}

static inline struct value
value_date(int64_t days)
{
	return (struct value){ .kind = VALUE_DATE, .integer = days };
}

static inline struct value
value_decimal(int64_t integer, unsigned scale)
{
	return (struct value){ .kind = VALUE_DECIMAL, .scale = (uint8_t)scale, .integer = integer };
}

static inline struct value
value_real(double real)
{
	return (struct value){ .kind = VALUE_REAL, .real = real };
}

static inline struct value
value_json(struct str text)
{
	return (struct value){ .kind = VALUE_JSON, .text = text };
}

static inline struct value
value_text(struct str text)
{
	return (struct value){ .kind = VALUE_TEXT, .text = text };
}

static inline struct value
value_uuid(struct uuid uuid)
{
	return (struct value){ .kind = VALUE_UUID, .uuid = uuid };
}

/* Same kind and same value; NULL equals NULL. */
bool value_equal(const struct value *a, const struct value *b);
/* The order of both engines: NULL first, then by kind's own order (text by bytes).  Kinds (of decimals, scales) must be the same, or NULL. */
int value_compare(const struct value *a, const struct value *b);

/* Move the borrowed text of TEXT and JSON into ${arena}; false when its limit is reached. */
bool value_keep(struct arena *arena, struct value *value) MUST_USE;

/* "018f3a1e-…" in either case, hyphens required. */
bool uuid_parse(struct str text, struct uuid *ret);
enum { UUID_TEXT_SIZE = 36 };
/* Write 36 lower-case characters, no NUL. */
void uuid_format(const struct uuid *uuid, char *ret);
