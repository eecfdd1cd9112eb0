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
 *	TEXT	   text		 string		  TEXT		text
 *	UUID	   uuid, 16 B	 36 characters	  BLOB		uuid
 */
#include "base/str.h"

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_REAL,
	VALUE_TIME, /* microseconds since 1970-01-01T00:00:00Z */
	VALUE_TEXT,
	VALUE_UUID,
};

struct uuid {
	uint8_t bytes[16]; /* network order, so that memcmp is the order of the text */
};

struct value {
	enum value_kind kind;
	union {
		bool boolean;
		int64_t integer; /* INT and TIME */
		double real;
		struct str text;
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
/* The order of both engines: NULL first, then by kind's own order (text by bytes).  Kinds must be the same, or NULL. */
int value_compare(const struct value *a, const struct value *b);

/* "018f3a1e-…" in either case, hyphens required. */
bool uuid_parse(struct str text, struct uuid *ret);
enum { UUID_TEXT_SIZE = 36 };
/* Write 36 lower-case characters, no NUL. */
void uuid_format(const struct uuid *uuid, char *ret);
