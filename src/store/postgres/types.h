#pragma once
/* The numbers of PostgreSQL's built-in types (pg_type.oid), which never change. */
#include <stdint.h>

enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_OID = 26,
	TYPE_XID = 28,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_DATE = 1082,
	TYPE_TIMESTAMPTZ = 1184,
	TYPE_NUMERIC = 1700,
	TYPE_UUID = 2950,
	TYPE_JSONB = 3802,
	TYPE_XID8 = 5069,
};

/* Its times and dates count from 2000-01-01, ours from 1970-01-01. */
#define TIMESTAMP_EPOCH_US INT64_C(946684800000000)
enum { DATE_EPOCH_DAYS = 10957 };
