/* The lines of the log, in two forms. */
#include <string.h>

#include "codec/time.h"
#include "codec/utf8.h"
#include "ops/journal.h"

/*
 * A line must fit: the longest texts, each byte written as \u00xx, the names of
 * waits and members, and numbers of 20 digits.
 */
enum { WORD_MAX = 64, TEXT_MAX = 256, MESSAGE_MAX = 1500 };
_Static_assert(6 * (JOURNAL_PATH_MAX + 3 * WORD_MAX + 2 * TEXT_MAX) + 2048 < JOURNAL_LINE_SIZE, "a request fits");
_Static_assert(6 * MESSAGE_MAX + 512 < JOURNAL_LINE_SIZE, "an event fits");

static const char *const level_names[] = { "info", "notice", "warning", "error" };

/* --- pieces ----------------------------------------------------------- */

#define PUT(at, literal) put(at, STR(literal))

static inline char *
put(char *at, struct str text)
{
	if (text.size > 0)
		memcpy(at, text.data, text.size);
	return at + text.size;
}

static char *
put_int(char *at, int64_t value)
{
	char digits[20], *first = digits + sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--first = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*at++ = '-';
	return put(at, (struct str){ first, (size_t)(digits + sizeof(digits) - first) });
}

static char *
put_hex(char *at, uint64_t value, int digits)
{
	while (digits-- > 0)
		*at++ = "0123456789abcdef"[value >> 4 * digits & 15];
	return at;
}

/* Does ${byte} stand for itself in a JSON string, and in a line of text? */
static inline bool
is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static struct str
cut(struct str text, size_t max)
{
	if (text.size <= max)
		return text;
	while (max > 0 && ((unsigned char)text.data[max] & 0xc0) == 0x80)
		max--; /* not inside a character */
	return str_slice(text, 0, max);
}

/* What is not plain: escaped, so that nobody writes a line of their own into the log. */
static char *
put_escaped(char *at, struct str text)
{
	bool is_utf8 = utf8_check(text) == text.size;

	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (is_plain(byte) || (byte >= 0x80 && is_utf8)) {
			*at++ = (char)byte;
		} else if (byte == '"' || byte == '\\') {
			*at++ = '\\';
			*at++ = (char)byte;
		} else {
			at = PUT(at, "\\u00");
			at = put_hex(at, byte, 2);
		}
	}
	return at;
}

/* Are all eight bytes plain?  May say no where they are: then each is looked at. */
static inline bool
are_plain(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = 0x80 * ones;
	uint64_t quote = eight ^ '"' * ones, backslash = eight ^ '\\' * ones;
	uint64_t bad = (eight - 0x20 * ones) | (eight + ones) | (quote - ones) | (backslash - ones);

	return ((bad | eight) & highs) == 0;
}

static char *
put_text(char *at, struct str text, size_t max)
{
	char *start = at;
	size_t i = 0;

	text = cut(text, max);
	for (uint64_t eight; i + sizeof(eight) <= text.size; i += sizeof(eight), at += sizeof(eight)) {
		memcpy(&eight, text.data + i, sizeof(eight));
		if (!are_plain(eight))
			return put_escaped(start, text);
		memcpy(at, &eight, sizeof(eight));
	}
	for (; i < text.size; i++) {
		if (!is_plain((unsigned char)text.data[i]))
			return put_escaped(start, text);
		*at++ = text.data[i];
	}
	return at;
}

/* What we have made ourselves, and tokens of HTTP, need no look. */
static char *
put_json_word(char *at, struct str word)
{
	if (word.data == NULL)
		return PUT(at, "null");
	*at++ = '"';
	at = put(at, cut(word, WORD_MAX));
	*at++ = '"';
	return at;
}

/* "text" or null. */
static char *
put_json(char *at, struct str text, size_t max)
{
	if (text.data == NULL)
		return PUT(at, "null");
	*at++ = '"';
	at = put_text(at, text, max);
	*at++ = '"';
	return at;
}

static char *
put_time(char *at, int64_t time_us)
{
	enum { SECOND_SIZE = 20 };
	/* A loop writes many lines in a second. */
	static _Thread_local int64_t second = -1;
	static _Thread_local char text[TIME_RFC3339_SIZE];
	int64_t micros = time_us % 1000000;

	if (time_us / 1000000 != second) {
		second = time_us / 1000000;
		time_format_rfc3339(time_us, text);
	}
	at = put(at, (struct str){ text, SECOND_SIZE });
	for (int i = 5; i >= 0; i--, micros /= 10)
		at[i] = (char)('0' + micros % 10);
	at[6] = 'Z';
	return at + 7;
}

/* "231us", "2.3ms", "1.2s": three digits are what a reader takes in. */
static char *
put_duration(char *at, int64_t us)
{
	int64_t tenths = us < 1000000 ? us / 100 : us / 100000;

	if (us < 1000)
		return PUT(put_int(at, us), "us");
	at = put_int(at, tenths / 10);
	*at++ = '.';
	*at++ = (char)('0' + tenths % 10);
	return us < 1000000 ? PUT(at, "ms") : PUT(at, "s");
}

/* --- JSON ------------------------------------------------------------- */

static char *
put_json_trace(char *at, const struct journal_request *request)
{
	const struct trace *trace = request->trace;

	if (trace == NULL)
		return at;
	at = PUT(at, ",\"trace\":\"");
	at = put(at, (struct str){ trace->id, TRACE_ID_SIZE });
	at = PUT(at, "\",\"parent\":\"");
	at = put(at, (struct str){ trace->parent, SPAN_ID_SIZE });
	at = PUT(at, "\",\"span\":\"");
	at = put_hex(at, request->span, SPAN_ID_SIZE);
	*at++ = '"';
	return at;
}

static char *
put_json_waits(char *at, const struct task_waits *waits)
{
	at = PUT(at, ",\"waits\":{");
	for (unsigned i = 0; i < waits->count; i++) {
		if (i > 0)
			*at++ = ',';
		*at++ = '"';
		at = put(at, cut(str_from(waits->rows[i].step), TASK_STEP_NAME_MAX));
		at = PUT(at, "\":");
		at = put_int(at, waits->rows[i].us);
	}
	*at++ = '}';
	return at;
}

static char *
put_json_asked(char *at, const struct journal_request *request)
{
	at = PUT(at, ",\"remote\":");
	at = put_json_word(at, request->remote);
	at = PUT(at, ",\"caller\":");
	at = put_json(at, request->caller, TEXT_MAX);
	at = PUT(at, ",\"method\":");
	at = put_json_word(at, request->method);
	at = PUT(at, ",\"route\":");
	if (request->route.data == NULL) {
		at = PUT(at, "null");
	} else {
		*at++ = '"';
		at = put_text(at, request->route_prefix, TEXT_MAX);
		at = put(at, cut(request->route, WORD_MAX));
		*at++ = '"';
	}
	at = PUT(at, ",\"path\":");
	return put_json(at, request->path, JOURNAL_PATH_MAX);
}

static char *
put_json_answered(char *at, const struct journal_request *request)
{
	at = PUT(at, ",\"status\":");
	at = put_int(at, request->status);
	if (request->code != NULL) {
		at = PUT(at, ",\"code\":");
		at = put_json_word(at, str_from(request->code));
	}
	at = PUT(at, ",\"bytes_in\":");
	at = put_int(at, (int64_t)request->bytes_in);
	at = PUT(at, ",\"bytes_out\":");
	at = put_int(at, (int64_t)request->bytes_out);
	at = PUT(at, ",\"duration_us\":");
	at = put_int(at, request->duration_us);
	if (request->waits->count > 0)
		at = put_json_waits(at, request->waits);
	if (request->commit != 0) {
		at = PUT(at, ",\"commit\":\"");
		at = put_int(at, request->commit);
		*at++ = '"';
	}
	return at;
}

static char *
json_request(char *at, const struct journal_request *request)
{
	at = PUT(at, "{\"time\":\"");
	at = put_time(at, request->time_us);
	at = PUT(at, "\",\"level\":\"info\",\"event\":\"request\",\"id\":");
	at = put_json_word(at, request->id);
	at = put_json_trace(at, request);
	at = put_json_asked(at, request);
	at = put_json_answered(at, request);
	return PUT(at, "}\n");
}

static char *
json_event(char *at, const struct journal_event *event)
{
	at = PUT(at, "{\"time\":\"");
	at = put_time(at, event->time_us);
	at = PUT(at, "\",\"level\":\"");
	at = put(at, str_from(level_names[event->level]));
	at = PUT(at, "\",\"event\":");
	at = put_json(at, str_from(event->name), WORD_MAX);
	at = PUT(at, ",\"message\":");
	at = put_json(at, event->message, MESSAGE_MAX);
	return PUT(at, "}\n");
}

/* --- text ------------------------------------------------------------- */

/* For people: as it is, but for bytes that could play with the terminal or begin a line. */
static char *
put_shown(char *at, struct str text, size_t max)
{
	bool is_utf8;

	text = cut(text, max);
	is_utf8 = utf8_check(text) == text.size;
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		*at++ = byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_utf8) ? '?' : (char)byte;
	}
	return at;
}

static char *
put_step(char *at, const char *name)
{
	struct str text = cut(str_from(name), TASK_STEP_NAME_MAX);

	for (size_t i = 0; i < text.size; i++)
		*at++ = text.data[i] == ' ' ? '_' : text.data[i];
	return at;
}

/*
 *	2026-11-24T18:45:15.123456Z 201 POST /v1/topics 8.2ms 120/340 key:3f9a 127.0.0.1:40312 commit=17 write=8.1ms
 */
static char *
text_request(char *at, const struct journal_request *request)
{
	at = put_time(at, request->time_us);
	*at++ = ' ';
	at = request->status == 0 ? PUT(at, "---") : put_int(at, request->status);
	*at++ = ' ';
	at = put_shown(at, request->method.data == NULL ? STR("-") : request->method, WORD_MAX);
	*at++ = ' ';
	at = put_shown(at, request->path.data == NULL ? STR("-") : request->path, JOURNAL_PATH_MAX);
	*at++ = ' ';
	at = put_duration(at, request->duration_us);
	*at++ = ' ';
	at = put_int(at, (int64_t)request->bytes_in);
	*at++ = '/';
	at = put_int(at, (int64_t)request->bytes_out);
	*at++ = ' ';
	at = put_shown(at, request->caller, TEXT_MAX);
	*at++ = ' ';
	at = put_shown(at, request->remote, WORD_MAX);
	if (request->code != NULL)
		at = put(PUT(at, " code="), cut(str_from(request->code), WORD_MAX));
	if (request->commit != 0)
		at = put_int(PUT(at, " commit="), request->commit);
	for (unsigned i = 0; i < request->waits->count; i++) {
		*at++ = ' ';
		at = put_step(at, request->waits->rows[i].step);
		*at++ = '=';
		at = put_duration(at, request->waits->rows[i].us);
	}
	if (request->trace != NULL)
		at = put(PUT(at, " trace="), (struct str){ request->trace->id, TRACE_ID_SIZE });
	at = put_shown(PUT(at, " id="), request->id, WORD_MAX);
	return PUT(at, "\n");
}

static char *
text_event(char *at, const struct journal_event *event)
{
	at = put_time(at, event->time_us);
	*at++ = ' ';
	at = put(at, str_from(level_names[event->level]));
	*at++ = ' ';
	at = put_shown(at, str_from(event->name), WORD_MAX);
	at = PUT(at, ": ");
	at = put_shown(at, event->message, MESSAGE_MAX);
	return PUT(at, "\n");
}

char *
journal_line_request(char *at, enum journal_format format, const struct journal_request *request)
{
	return format == JOURNAL_JSON ? json_request(at, request) : text_request(at, request);
}

char *
journal_line_event(char *at, enum journal_format format, const struct journal_event *event)
{
	return format == JOURNAL_JSON ? json_event(at, event) : text_event(at, event);
}
