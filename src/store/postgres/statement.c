#include "store/postgres/statement.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/memory.h"
#include "codec/decimal.h"
#include "store/postgres/types.h"

enum { CACHE_WAYS = 4 };

void
statements_init(struct postgres_connection *connection)
{
	connection->cache_sets = (size_t)limit(LIMIT_statement_cache) / CACHE_WAYS + 1;
	connection->cache =
	    memory_new(connection->cache_sets * CACHE_WAYS * sizeof(*connection->cache));
}

void
statement_forget(struct prepared *prepared)
{
	free(prepared->text);
	free(prepared->kinds);
	*prepared = (struct prepared){ 0 };
}

void
statements_forget(struct postgres_connection *connection)
{
	for (size_t i = 0; i < connection->cache_sets * CACHE_WAYS; i++)
		statement_forget(&connection->cache[i]);
}

void
statements_release(struct postgres_connection *connection)
{
	statements_forget(connection);
	free(connection->cache);
}

/*
 * The types that we say; zero lets the server choose from where the parameter
 * stands.  Text does, so that a text given to a bytea column is its bytes.
 */
static Oid
type_of(enum value_kind kind)
{
	static const Oid types[] = {
		[VALUE_NULL] = 0,
		[VALUE_BOOL] = TYPE_BOOL,
		[VALUE_INT] = TYPE_INT8,
		[VALUE_REAL] = TYPE_FLOAT8,
		[VALUE_TIME] = TYPE_TIMESTAMPTZ,
		[VALUE_DATE] = TYPE_DATE,
		[VALUE_DECIMAL] = TYPE_NUMERIC,
		[VALUE_TEXT] = 0,
		[VALUE_JSON] = TYPE_JSONB,
		[VALUE_UUID] = TYPE_UUID,
	};

	return types[kind];
}

static bool
fits(const struct prepared *prepared, const struct sql_text *sql)
{
	for (size_t i = 0; i < sql->params_count; i++)
		if (sql->params[i].kind != VALUE_NULL && sql->params[i].kind != prepared->kinds[i])
			return false;
	return true;
}

static bool
has_text(const struct prepared *prepared, uint64_t hash, const struct sql_text *sql)
{
	return prepared->text != NULL && prepared->hash == hash &&
	       prepared->text_size == sql->text.size &&
	       prepared->params_count == sql->params_count &&
	       memcmp(prepared->text, sql->text.data, sql->text.size) == 0;
}

/* Its place in the cache: the same text, or else the least recently used. */
static struct prepared *
find_place(struct postgres_connection *connection, uint64_t hash, const struct sql_text *sql)
{
	struct prepared *set = &connection->cache[hash % connection->cache_sets * CACHE_WAYS];
	struct prepared *oldest = set;

	for (size_t i = 0; i < CACHE_WAYS; i++) {
		if (has_text(&set[i], hash, sql))
			return &set[i];
		if (set[i].last_used < oldest->last_used)
			oldest = &set[i];
	}
	return oldest;
}

static void
deallocate(struct postgres_connection *connection, struct prepared *prepared)
{
	char text[32];

	if (prepared->text == NULL)
		return;
	snprintf(text, sizeof(text), "DEALLOCATE %s", prepared->name);
	postgres_send(connection, text);
}

/* A null tells no type: what an earlier one told stands. */
static uint8_t *
merge_kinds(const struct prepared *earlier, bool same_text, const struct sql_text *sql)
{
	uint8_t *kinds = memory_new(sql->params_count + 1);

	for (size_t i = 0; i < sql->params_count; i++) {
		kinds[i] = (uint8_t)sql->params[i].kind;
		if (kinds[i] == VALUE_NULL && same_text)
			kinds[i] = earlier->kinds[i];
	}
	return kinds;
}

static void
send_parse(struct postgres_connection *connection, struct prepared *prepared)
{
	Oid *types = memory_new((prepared->params_count + 1) * sizeof(*types));

	for (size_t i = 0; i < prepared->params_count; i++)
		types[i] = type_of(prepared->kinds[i]);
	(void)PQsendPrepare(
	    connection->pg, prepared->name, prepared->text, (int)prepared->params_count, types);
	free(types);
	connection->preparing = prepared;
	connection->preparing_at = connection->sent++;
}

/* One Parse in flight at a time: a second one waits for the first. */
static struct prepared *
prepare(struct postgres_connection *connection, uint64_t hash, struct prepared *place,
    const struct sql_text *sql)
{
	uint8_t *kinds = merge_kinds(place, has_text(place, hash, sql), sql);

	deallocate(connection, place);
	statement_forget(place);
	*place = (struct prepared){
		.text = memory_copy(sql->text.data, sql->text.size),
		.text_size = sql->text.size,
		.hash = hash,
		.kinds = kinds,
		.params_count = sql->params_count,
	};
	snprintf(
	    place->name, sizeof(place->name), "s%llu", (unsigned long long)++connection->names);
	send_parse(connection, place);
	return place;
}

enum { FIXED_SIZE_MAX = 32, NUMERIC_NEGATIVE = 0x4000 };

static char *
put_2(char *at, int number)
{
	at[0] = (char)(number >> 8 & 0xff);
	at[1] = (char)(number & 0xff);
	return at + 2;
}

/* Up to four decimal digits of ${digits} as one of the type's, filled up with zeros behind. */
static int
numeric_digit(struct str digits)
{
	int digit = 0;

	for (size_t i = 0; i < 4; i++)
		digit = digit * 10 + (i < digits.size ? digits.data[i] - '0' : 0);
	return digit;
}

/*
 * numeric_recv: how many digits of base 10,000, the power of the first, sign, scale, digits.
 *
 *	-12345.678, scale 3:	3, 1, 0x4000, 3, 0001 2345 6780
 */
static size_t
encode_numeric(const struct value *value, char *ret)
{
	char text[3 + DECIMAL_SIZE_MAX] = "000", *first = text + 3;
	struct str whole = { first, decimal_format(value->integer, value->scale, first) }, behind;
	bool negative = whole.data[0] == '-';
	char *at = ret + 8;

	whole = str_slice(whole, negative, whole.size);
	behind = str_slice(whole, str_find_byte(whole, '.'), whole.size);
	whole.size -= behind.size;
	behind = str_slice(behind, value->scale > 0, behind.size);
	if (negative)
		first[0] = '0';
	/* Whole groups of four, with zeros before. */
	for (; whole.size % 4 != 0; whole.size++)
		whole.data--;
	put_2(ret + 2, (int)whole.size / 4 - 1);
	for (; whole.size > 0; whole = str_slice(whole, 4, whole.size))
		at = put_2(at, numeric_digit(str_slice(whole, 0, 4)));
	for (; behind.size > 0; behind = str_slice(behind, behind.size < 4 ? behind.size : 4, behind.size))
		at = put_2(at, numeric_digit(behind));
	put_2(ret, (int)(at - ret - 8) / 2);
	put_2(ret + 4, negative ? NUMERIC_NEGATIVE : 0);
	put_2(ret + 6, value->scale);
	return (size_t)(at - ret);
}

/* The bytes of a value of fixed size, in network order. */
static size_t
encode(const struct value *value, char ret[FIXED_SIZE_MAX])
{
	int32_t days;
	int64_t integer = value->integer;
	uint64_t bits;

	switch (value->kind) {
	case VALUE_BOOL:
		ret[0] = value->boolean;
		return 1;
	case VALUE_UUID:
		memcpy(ret, value->uuid.bytes, 16);
		return 16;
	case VALUE_TIME:
		integer -= TIMESTAMP_EPOCH_US;
		break;
	case VALUE_DATE:
		days = (int32_t)htobe32((uint32_t)(integer - DATE_EPOCH_DAYS));
		memcpy(ret, &days, sizeof(days));
		return sizeof(days);
	case VALUE_DECIMAL:
		return encode_numeric(value, ret);
	case VALUE_REAL:
		memcpy(&integer, &value->real, sizeof(integer));
		break;
	default:
		break;
	}
	bits = htobe64((uint64_t)integer);
	memcpy(ret, &bits, sizeof(bits));
	return sizeof(bits);
}

/* What libpq wants of all parameters, in the connection's scratch memory. */
struct bound {
	const char **values;
	int *sizes, *formats;
	char (*bytes)[FIXED_SIZE_MAX];
	char *json; /* where the next one goes: its version stands before it */
};

static struct bound
bound_room(struct postgres_connection *connection, const struct sql_text *sql)
{
	size_t count = sql->params_count, json_size = 0;
	size_t each = sizeof(char *) + 2 * sizeof(int) + FIXED_SIZE_MAX;
	char *room;

	for (size_t i = 0; i < count; i++)
		if (sql->params[i].kind == VALUE_JSON)
			json_size += 1 + sql->params[i].text.size;
	buf_clear(&connection->scratch);
	room = buf_room(&connection->scratch, (count + 1) * each + json_size);
	assert(room != NULL);
	return (struct bound){
		.bytes = (void *)room,
		.values = (void *)(room + count * FIXED_SIZE_MAX),
		.sizes = (void *)(room + count * (FIXED_SIZE_MAX + sizeof(char *))),
		.formats = (void *)(room + count * (FIXED_SIZE_MAX + sizeof(char *) + sizeof(int))),
		.json = room + count * each,
	};
}

static void
bind_json(struct bound *bound, size_t at, struct str text)
{
	bound->values[at] = bound->json;
	bound->sizes[at] = (int)text.size + 1;
	*bound->json++ = 1;
	memcpy(bound->json, text.data, text.size);
	bound->json += text.size;
}

static void
bind_value(struct bound *bound, size_t at, const struct value *value)
{
	bound->formats[at] = 1;
	bound->sizes[at] = 0;
	bound->values[at] = NULL;
	if (value->kind == VALUE_NULL)
		return;
	if (value->kind == VALUE_TEXT) {
		bound->values[at] = value->text.size == 0 ? "" : value->text.data;
		bound->sizes[at] = (int)value->text.size;
		return;
	}
	if (value->kind == VALUE_JSON) {
		bind_json(bound, at, value->text);
		return;
	}
	bound->values[at] = bound->bytes[at];
	bound->sizes[at] = (int)encode(value, bound->bytes[at]);
}

void
postgres_send_sql(struct postgres_connection *connection, const struct sql_text *sql)
{
	uint64_t hash = hash_bytes(sql->text.data, sql->text.size);
	struct prepared *prepared;
	struct bound bound;

	if (connection->pg == NULL)
		return;
	prepared = find_place(connection, hash, sql);
	if (!has_text(prepared, hash, sql) || !fits(prepared, sql))
		prepared = prepare(connection, hash, prepared, sql);
	prepared->last_used = ++connection->uses;
	bound = bound_room(connection, sql);
	for (size_t i = 0; i < sql->params_count; i++)
		bind_value(&bound, i, &sql->params[i]);
	(void)PQsendQueryPrepared(connection->pg, prepared->name, (int)sql->params_count,
	    bound.values, bound.sizes, bound.formats, /* binary: */ 1);
	connection->sent++;
}
