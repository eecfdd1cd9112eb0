/*
 * What a point read costs at least: the bare loop and one prepared statement.
 * It answers GET .../ID with the question of that id, as the record's JSON and
 * with its version as ETag, each in a read transaction of its own; no rules,
 * no callers, no limits.
 *
 *	bare_sqlite DATABASE [PORT [CACHE_KIB]]
 *
 * DATABASE is a copy of a file that Caisson or bench/seed made, opened with
 * the pragmas that Caisson's readers have (store/sqlite/connection.c).
 */
#include "bare_http.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char pragmas[] =
    "PRAGMA query_only = ON; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%d;";

static const char select_by_id[] =
    "SELECT id, created, updated, title, answer, level, topic, author, published, votes, asked,"
    " _version FROM questions WHERE id = ?";

enum { UUID_TEXT_SIZE = 36, UUID_SIZE = 16, VERSION_COLUMN = 11, CACHE_KIB = 2048 };

enum kind { UUID, TIME, TEXT, BOOL, INT };

/* Each member with what stands before its value, in the order of the columns. */
static const struct member {
	const char *before;
	enum kind kind;
} members[] = {
	{ "{\"id\":", UUID },
	{ ",\"created\":", TIME },
	{ ",\"updated\":", TIME },
	{ ",\"title\":", TEXT },
	{ ",\"answer\":", TEXT },
	{ ",\"level\":", TEXT },
	{ ",\"topic\":", UUID },
	{ ",\"author\":", UUID },
	{ ",\"published\":", BOOL },
	{ ",\"votes\":", INT },
	{ ",\"asked\":", TIME },
};

static sqlite3_stmt *prepare(const char *path, int cache_kib);
static size_t answer_question(void *arg, const char *target, size_t target_size, char *out);
static bool read_uuid(const char *text, unsigned char *ret_uuid);
static size_t write_record(sqlite3_stmt *select, char *out);
static char *write_value(char *at, sqlite3_stmt *select, int column, enum kind kind);
static char *write_uuid(char *at, const unsigned char *uuid);
static char *write_text(char *at, const unsigned char *text, size_t size);
static char *write_escaped(char *at, unsigned char byte);
static char *write_int(char *at, int64_t value);
static char *write_time(char *at, int64_t time_us);

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bare_sqlite DATABASE [PORT [CACHE_KIB]]\n");
		return 2;
	}
	sqlite3_stmt *select = prepare(argv[1], argc > 3 ? atoi(argv[3]) : CACHE_KIB);
	return bare_serve(argc > 2 ? (unsigned)atoi(argv[2]) : 0, answer_question, select);
}

static sqlite3_stmt *
prepare(const char *path, int cache_kib)
{
	sqlite3 *db;
	sqlite3_stmt *select;
	char settings[sizeof pragmas + 16];

	snprintf(settings, sizeof settings, pragmas, cache_kib);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
	    sqlite3_exec(db, settings, NULL, NULL, NULL) ||
	    sqlite3_prepare_v3(db, select_by_id, -1, SQLITE_PREPARE_PERSISTENT, &select, NULL)) {
		fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
		exit(1);
	}
	return select;
}

static size_t
answer_question(void *arg, const char *target, size_t target_size, char *out)
{
	static char body[BARE_ANSWER_SIZE_MAX / 2];
	sqlite3_stmt *select = arg;
	unsigned char id[UUID_SIZE];
	size_t head_size, body_size;

	if (target_size < UUID_TEXT_SIZE || !read_uuid(target + target_size - UUID_TEXT_SIZE, id))
		return bare_head(out, "404 Not Found", 0, -1);
	sqlite3_bind_blob(select, 1, id, sizeof id, SQLITE_STATIC);
	if (sqlite3_step(select) != SQLITE_ROW) {
		sqlite3_reset(select);
		return bare_head(out, "404 Not Found", 0, -1);
	}
	body_size = write_record(select, body);
	head_size =
	    bare_head(out, "200 OK", body_size, sqlite3_column_int64(select, VERSION_COLUMN));
	sqlite3_reset(select);
	memcpy(out + head_size, body, body_size);
	return head_size + body_size;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool
read_uuid(const char *text, unsigned char *ret_uuid)
{
	for (int i = 0, byte = 0; byte < UUID_SIZE; i += 2, byte++) {
		if (text[i] == '-')
			i++;
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_uuid[byte] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static size_t
write_record(sqlite3_stmt *select, char *out)
{
	char *at = out;

	for (int column = 0; column < (int)(sizeof members / sizeof *members); column++) {
		at = stpcpy(at, members[column].before);
		at = write_value(at, select, column, members[column].kind);
	}
	*at++ = '}';
	return (size_t)(at - out);
}

static char *
write_value(char *at, sqlite3_stmt *select, int column, enum kind kind)
{
	const unsigned char *text;

	if (sqlite3_column_type(select, column) == SQLITE_NULL)
		return stpcpy(at, "null");
	switch (kind) {
	case UUID:
		return write_uuid(at, sqlite3_column_blob(select, column));
	case TIME:
		return write_time(at, sqlite3_column_int64(select, column));
	case TEXT:
		text = sqlite3_column_text(select, column);
		return write_text(at, text, (size_t)sqlite3_column_bytes(select, column));
	case BOOL:
		return stpcpy(at, sqlite3_column_int(select, column) ? "true" : "false");
	case INT:
		return write_int(at, sqlite3_column_int64(select, column));
	}
	abort();
}

static char *
write_uuid(char *at, const unsigned char *uuid)
{
	static const char digits[] = "0123456789abcdef";

	*at++ = '"';
	for (int i = 0; i < UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[uuid[i] >> 4];
		*at++ = digits[uuid[i] & 15];
	}
	*at++ = '"';
	return at;
}

static char *
write_text(char *at, const unsigned char *text, size_t size)
{
	const unsigned char *end = text + size, *clean = text;

	*at++ = '"';
	for (; text < end; text++) {
		if (*text >= 0x20 && *text != '"' && *text != '\\')
			continue;
		at = mempcpy(at, clean, (size_t)(text - clean));
		at = write_escaped(at, *text);
		clean = text + 1;
	}
	at = mempcpy(at, clean, (size_t)(end - clean));
	*at++ = '"';
	return at;
}

static char *
write_escaped(char *at, unsigned char byte)
{
	if (byte == '\n')
		return stpcpy(at, "\\n");
	if (byte < 0x20)
		return at + sprintf(at, "\\u%04x", byte);
	*at++ = '\\';
	*at++ = (char)byte;
	return at;
}

static char *
write_int(char *at, int64_t value)
{
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[20];
	int count = 0;

	do
		digits[count++] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*at++ = '-';
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

static char *
write_digits(char *at, unsigned value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + count;
}

/* A time after 1970; the day by Hinnant's days-to-civil arithmetic, with years that begin in March. */
static char *
write_time(char *at, int64_t time_us)
{
	uint64_t seconds = (uint64_t)time_us / 1000000, day = seconds / 86400 + 719468;
	unsigned second = (unsigned)(seconds % 86400);
	unsigned era_day = (unsigned)(day % 146097);
	unsigned era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	unsigned year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	unsigned march_month = (5 * year_day + 2) / 153;
	unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
	unsigned year = era_year + (unsigned)(day / 146097) * 400 + (month <= 2);

	*at++ = '"';
	at = write_digits(at, year, 4);
	*at++ = '-';
	at = write_digits(at, month, 2);
	*at++ = '-';
	at = write_digits(at, year_day - (153 * march_month + 2) / 5 + 1, 2);
	*at++ = 'T';
	at = write_digits(at, second / 3600, 2);
	*at++ = ':';
	at = write_digits(at, second / 60 % 60, 2);
	*at++ = ':';
	at = write_digits(at, second % 60, 2);
	*at++ = '.';
	at = write_digits(at, (unsigned)((uint64_t)time_us % 1000000), 6);
	*at++ = 'Z';
	*at++ = '"';
	return at;
}
