/* The tx_type of PostgreSQL: statements, and rows out of binary results. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/canonical.h"
#include "codec/decimal.h"
#include "codec/time.h"
#include "loop/loop.h"
#include "store/postgres/ask.h"
#include "store/postgres/connection.h"
#include "store/postgres/types.h"

/* --- columns --------------------------------------------------------- */

static uint64_t
big_endian(const char *bytes, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | (uint8_t)bytes[i];
	return value;
}

/* A numeric: digits of base 10,000, of which the first counts 10,000^weight. */
struct numeric {
	const char *digits;
	int count, weight;
	bool negative;
};

static struct numeric
read_numeric(const char *bytes)
{
	return (struct numeric){
		.count = (int)big_endian(bytes, 2),
		.weight = (int16_t)big_endian(bytes + 2, 2),
		.negative = big_endian(bytes + 4, 2) == 0x4000,
		.digits = bytes + 8,
	};
}

static int
numeric_digit(const struct numeric *numeric, int at)
{
	return at < numeric->count ? (int)big_endian(numeric->digits + 2 * (ptrdiff_t)at, 2) : 0;
}

/* Its whole part, at most what an integer holds.  Counted below zero, where there is room for one more. */
static int64_t
numeric_to_integer(const char *bytes)
{
	struct numeric numeric = read_numeric(bytes);
	int64_t integer = 0;

	for (int i = 0; i <= numeric.weight; i++)
		if (__builtin_mul_overflow(integer, 10000, &integer) ||
		    __builtin_sub_overflow(integer, numeric_digit(&numeric, i), &integer))
			return numeric.negative ? INT64_MIN : INT64_MAX;
	if (numeric.negative)
		return integer;
	return integer == INT64_MIN ? INT64_MAX : -integer;
}

/* In units of 10^-${scale}; what does not fit is the nearest that does. */
static int64_t
numeric_to_scaled(const char *bytes, unsigned scale)
{
	struct numeric numeric = read_numeric(bytes);
	int64_t integer = 0, part;
	bool overflow = false;

	for (int i = 0; i < numeric.count && !overflow; i++) {
		int power = 4 * (numeric.weight - i) + (int)scale;

		part = numeric_digit(&numeric, i);
		for (; power < 0; power++)
			part /= 10;
		for (; power > 0 && part != 0 && !overflow; power--)
			overflow = __builtin_mul_overflow(part, 10, &part);
		overflow = overflow || __builtin_add_overflow(integer, part, &integer);
	}
	if (overflow || integer > decimal_max)
		integer = decimal_max;
	return numeric.negative ? -integer : integer;
}

static double
numeric_to_real(const char *bytes)
{
	struct numeric numeric = read_numeric(bytes);
	double real = 0;

	for (int i = numeric.count - 1; i >= 0; i--)
		real += numeric_digit(&numeric, i) * pow(10000, numeric.weight - i);
	return numeric.negative ? -real : real;
}

static int64_t
clamp(int64_t integer, int64_t min, int64_t max)
{
	return integer < min ? min : integer > max ? max : integer;
}

/* By hand one can write times that have no text form here (infinity, 12000 AD, 44 BC). */
static int64_t
to_time(int64_t us)
{
	return clamp(us, time_us_min - TIMESTAMP_EPOCH_US, time_us_max - TIMESTAMP_EPOCH_US) +
	       TIMESTAMP_EPOCH_US;
}

static int64_t
to_integer(Oid type, const char *bytes)
{
	switch (type) {
	case TYPE_BOOL:
		return bytes[0];
	case TYPE_INT2:
		return (int16_t)big_endian(bytes, 2);
	case TYPE_INT4:
		return (int32_t)big_endian(bytes, 4);
	case TYPE_OID:
	case TYPE_XID:
		return (int64_t)big_endian(bytes, 4);
	case TYPE_TIMESTAMPTZ:
		return to_time((int64_t)big_endian(bytes, 8));
	case TYPE_DATE:
		return clamp((int32_t)big_endian(bytes, 4) + (int64_t)DATE_EPOCH_DAYS, date_days_min,
		    date_days_max);
	case TYPE_NUMERIC:
		return numeric_to_integer(bytes);
	default:
		/* Another type is a mistake of the statement's. */
		assert(type == TYPE_INT8 || type == TYPE_XID8);
		return (int64_t)big_endian(bytes, 8);
	}
}

static double
to_real(Oid type, const char *bytes)
{
	uint64_t bits;
	uint32_t bits4;
	double real;
	float real4;

	switch (type) {
	case TYPE_FLOAT8:
		bits = big_endian(bytes, 8);
		memcpy(&real, &bits, sizeof(real));
		return real + 0.0; /* -0 by hand is 0 */
	case TYPE_FLOAT4:
		bits4 = (uint32_t)big_endian(bytes, 4);
		memcpy(&real4, &bits4, sizeof(real4));
		return (double)real4;
	case TYPE_NUMERIC:
		return numeric_to_real(bytes);
	default:
		return (double)to_integer(type, bytes);
	}
}

static struct str
to_text(Oid type, const char *bytes, size_t size, struct arena *arena)
{
	char text[UUID_TEXT_SIZE + 1];
	struct uuid uuid;

	switch (type) {
	case TYPE_JSONB: /* its version stands before the text */
		return (struct str){ bytes + 1, size - 1 };
	case TYPE_UUID:
		memcpy(uuid.bytes, bytes, sizeof(uuid.bytes));
		uuid_format(&uuid, text);
		return arena_str(arena, (struct str){ text, UUID_TEXT_SIZE });
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_INT8:
		snprintf(text, sizeof(text), "%lld", (long long)to_integer(type, bytes));
		return arena_str(arena, str_from(text));
	default:
		return (struct str){ bytes, size };
	}
}

struct value
postgres_value(
    const PGresult *result, int row, int column, enum value_kind kind, unsigned scale,
    struct arena *arena)
{
	const char *bytes = PQgetvalue(result, row, column);
	size_t size = (size_t)PQgetlength(result, row, column);
	Oid type = PQftype(result, column);
	struct value ret = { .kind = kind, .scale = (uint8_t)scale };

	if (PQgetisnull(result, row, column))
		return value_null();
	switch (kind) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		ret.boolean = to_integer(type, bytes) != 0;
		break;
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
		ret.integer = to_integer(type, bytes);
		break;
	case VALUE_DECIMAL:
		ret.integer = numeric_to_scaled(bytes, scale);
		break;
	case VALUE_REAL:
		ret.real = to_real(type, bytes);
		break;
	case VALUE_TEXT:
		ret.text = to_text(type, bytes, size, arena);
		break;
	case VALUE_JSON:
		ret.text = json_canonical_text(arena, to_text(type, bytes, size, arena));
		break;
	case VALUE_UUID:
		if (size != sizeof(ret.uuid.bytes))
			return value_null();
		memcpy(ret.uuid.bytes, bytes, size);
		break;
	}
	return ret;
}

/* --- the tx_type ----------------------------------------------------- */

static struct postgres_tx *
postgres_tx(struct tx *tx)
{
	return CONTAINER(tx, struct postgres_tx, tx);
}

static void
count_rows(struct postgres_tx *tx, PGresult *result)
{
	tx->rows += strtoll(PQcmdTuples(result), NULL, 10);
	tx->has_deleted |= strncmp(PQcmdStatus(result), "DELETE", strlen("DELETE")) == 0;
}

static enum err
run(struct tx *tx, const struct sql_text *sql, PGresult **ret)
{
	struct postgres_connection *connection = postgres_tx(tx)->connection;
	enum err err;

	/* After a failure the server refuses all but ROLLBACK: no need to ask it. */
	if (connection->failed)
		return ERR_INTERNAL;
	if (connection->budget_end_us != 0 && clock_monotonic_us() > connection->budget_end_us)
		return ERR_TOO_COSTLY;
	tx->problem = (struct tx_problem){ 0 };
	postgres_send_sql(connection, sql);
	err = postgres_wait_blocking(connection, &tx->problem, ret);
	if (err == OK)
		count_rows(postgres_tx(tx), *ret);
	return err;
}

static enum err
query(struct tx *tx, const struct sql_text *sql, struct tx_rows *ret)
{
	PGresult *result;
	enum err err = run(tx, sql, &result);

	if (err == OK)
		ret->engine = result;
	ret->engine_row = -1;
	return err;
}

static bool
next(struct tx_rows *rows)
{
	return ++rows->engine_row < PQntuples(rows->engine);
}

static struct value
value(struct tx_rows *rows, int column, enum value_kind kind, unsigned scale)
{
	struct value ret = postgres_value(
	    rows->engine, (int)rows->engine_row, column, kind, scale, rows->tx->arena);

	if (ret.kind != VALUE_JSON || ret.text.data != NULL)
		return ret;
	rows->err = ERR_TOO_COSTLY;
	return value_null();
}

static void
close_rows(struct tx_rows *rows)
{
	PQclear(rows->engine);
}

static enum err
exec(struct tx *tx, const struct sql_text *sql, int64_t *ret_changed)
{
	PGresult *result;
	enum err err = run(tx, sql, &result);

	if (err != OK)
		return err;
	if (ret_changed != NULL)
		*ret_changed = strtoll(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return OK;
}

static const struct tx_type postgres_tx_type = { SQL_POSTGRES, query, next, value, close_rows,
	exec, postgres_ask_write };

void
postgres_tx_init(
    struct postgres_tx *tx, struct postgres_connection *connection, struct arena *arena)
{
	*tx = (struct postgres_tx){
		.tx = { .type = &postgres_tx_type, .arena = arena, .now_us = clock_now_us() },
		.connection = connection,
	};
}
