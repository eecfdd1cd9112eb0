#include "http/h1.h"

#include <string.h>

#include "http/grammar.h"

/*
 * The end of a head.
 */

/* What a request line may have beside its target: a method, two spaces, a version, CR LF.  A
 * longer line is refused while it still grows, so its target has the blame. */
enum { LINE_SIZE_MAX = H1_TARGET_SIZE_MAX + 64 };

/* Look at the bytes up to ${to}; *ret_end stays 0 unless the head ends there. */
static enum err
scan(struct str bytes, size_t start, size_t to, size_t *scanned, size_t *ret_end)
{
	const char *data = bytes.data;

	for (;;) {
		size_t i = *scanned + grammar_find_control(data + *scanned, to - *scanned);

		*scanned = i;
		/* A CR is looked at again when its LF is there. */
		if (i == to || (data[i] == '\r' && i + 1 == to))
			return OK;
		if (data[i] != '\r' || data[i + 1] != '\n' || i == start)
			return ERR_BAD_REQUEST;
		*scanned = i + 2;
		if (data[i - 1] == '\n') {
			*ret_end = i + 2;
			return OK;
		}
	}
}

static size_t
at_most(size_t size, size_t max)
{
	return size < max ? size : max;
}

enum err
h1_head_end(struct str bytes, size_t *scanned, size_t *ret_skip, size_t *ret_size)
{
	size_t start = bytes.size >= 2 && memcmp(bytes.data, "\r\n", 2) == 0 ? 2 : 0;
	size_t line_max = start + LINE_SIZE_MAX, head_max = start + H1_HEAD_SIZE_MAX;
	bool in_line = *scanned < line_max;
	size_t end = 0;
	enum err err = OK;

	if (*scanned < start)
		*scanned = start;
	if (in_line)
		err = scan(bytes, start, at_most(bytes.size, line_max), scanned, &end);
	if (err == OK && end == 0 && in_line && bytes.size >= line_max &&
	    memchr(bytes.data + start, '\n', LINE_SIZE_MAX) == NULL)
		err = ERR_URI_TOO_LONG;
	if (err == OK && end == 0)
		err = scan(bytes, start, at_most(bytes.size, head_max), scanned, &end);
	if (err == OK && end == 0 && bytes.size >= head_max)
		err = ERR_HEAD_TOO_LARGE;
	if (err != OK)
		return err;
	*ret_skip = start;
	*ret_size = end == 0 ? 0 : end - start;
	return OK;
}

/*
 * The head, from its first byte to its last.  It ends in an empty line, and no class of bytes
 * has CR in it: so the loops below need not ask for the end.
 */

struct parser {
	const char *at, *end;
	struct h1_head *head;
	const char *detail;
	struct str coding;    /* Transfer-Encoding */
	struct str authority; /* of an absolute target */
	unsigned codings;
	bool length, close, keep_alive, expect_other;
};

/* The fields that this file reads, behind those that others read. */
enum field_kind {
	FIELD_CONTENT_LENGTH = H1_KNOWN_COUNT,
	FIELD_TRANSFER_ENCODING,
	FIELD_CONNECTION,
	FIELD_EXPECT,
	FIELD_OTHER,
};

static enum err parse_request_line(struct parser *parser);
static enum err parse_method(struct parser *parser);
static enum err parse_target(struct parser *parser);
static enum err parse_version(struct parser *parser);
static enum err parse_target_form(struct parser *parser);
static enum err parse_absolute_form(struct parser *parser, size_t scheme_size);
static enum err parse_fields(struct parser *parser);
static enum err parse_field(struct parser *parser, struct h1_field *ret);
static int field_kind(struct str name);
static enum err note_field(struct parser *parser, int kind, struct str value);
static enum err note_length(struct parser *parser, struct str value);
static void note_connection(struct parser *parser, struct str value);
static void note_expect(struct parser *parser, struct str value);
static enum err check_host(struct parser *parser);
static enum err check_framing(struct parser *parser);

static enum err
bad(struct parser *parser, const char *detail)
{
	parser->detail = detail;
	return ERR_BAD_REQUEST;
}

static enum err
fail(struct parser *parser, enum err err, const char *detail)
{
	parser->detail = detail;
	return err;
}

static void
head_init(struct h1_head *head)
{
	head->method = H1_OTHER;
	/* Up to the fields, most of which stay unused: 3 KiB of zeros a request would cost more
	 * than the parsing. */
	head->method_text = head->target = head->path = head->query = (struct str){ 0 };
	head->minor = 0;
	head->fields_count = 0;
	memset(head->known, 0, sizeof(head->known));
	head->framing = H1_NO_BODY;
	head->content_length = 0;
	head->keep_alive = head->expect_continue = false;
}

enum err
h1_head_parse(struct str bytes, struct h1_head *ret, const char **ret_detail)
{
	struct parser parser = { .at = bytes.data, .end = bytes.data + bytes.size, .head = ret };
	enum err err = OK;

	head_init(ret);
	if (bytes.size < 4 || memcmp(parser.end - 4, "\r\n\r\n", 4) != 0)
		err = bad(&parser, "the head does not end in an empty line");
	if (err == OK)
		err = parse_request_line(&parser);
	if (err == OK)
		err = parse_fields(&parser);
	if (err == OK)
		err = check_host(&parser);
	if (err == OK)
		err = check_framing(&parser);
	if (err == OK && parser.expect_other)
		err = fail(&parser, ERR_EXPECTATION_FAILED, "only 100-continue can be expected");
	if (err != OK) {
		*ret_detail = parser.detail;
		return err;
	}
	ret->keep_alive = !parser.close && (ret->minor == 1 || parser.keep_alive);
	/* An HTTP/1.0 client does not know what 100 means. */
	if (ret->minor == 0 || ret->framing == H1_NO_BODY)
		ret->expect_continue = false;
	return OK;
}

static enum err
parse_request_line(struct parser *parser)
{
	enum err err = parse_method(parser);

	if (err == OK)
		err = parse_target(parser);
	if (err == OK)
		err = parse_version(parser);
	if (err == OK)
		err = parse_target_form(parser);
	return err;
}

static enum h1_method
method_of(struct str text)
{
	static const struct {
		const char *name;
		enum h1_method method;
	} methods[] = {
		{ "GET", H1_GET },
		{ "POST", H1_POST },
		{ "PATCH", H1_PATCH },
		{ "PUT", H1_PUT },
		{ "DELETE", H1_DELETE },
		{ "HEAD", H1_HEAD },
		{ "OPTIONS", H1_OPTIONS },
		{ "TRACE", H1_TRACE },
		{ "QUERY", H1_QUERY },
	};

	for (size_t i = 0; i < COUNT(methods); i++)
		if (str_is(text, methods[i].name))
			return methods[i].method;
	return H1_OTHER;
}

static enum err
parse_method(struct parser *parser)
{
	const char *start = parser->at, *at = start;

	while (grammar_is(*at, GRAMMAR_TOKEN))
		at++;
	if (at == start || *at != ' ')
		return bad(parser, "the request line does not begin with a method and one space");
	parser->head->method_text = (struct str){ start, (size_t)(at - start) };
	parser->head->method = method_of(parser->head->method_text);
	parser->at = at + 1;
	return OK;
}

static enum err
parse_target(struct parser *parser)
{
	const char *start = parser->at, *at = start;

	while (grammar_is(*at, GRAMMAR_TARGET))
		at++;
	if (at - start > H1_TARGET_SIZE_MAX)
		return fail(parser, ERR_URI_TOO_LONG, "the request target has more than 16 KiB");
	if (*at == '#')
		return bad(parser, "a request target has no fragment");
	if (at == start || *at != ' ')
		return bad(parser, "the request target is not one word of visible ASCII");
	parser->head->target = (struct str){ start, (size_t)(at - start) };
	parser->at = at + 1;
	return OK;
}

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static enum err
parse_version(struct parser *parser)
{
	const char *at = parser->at;

	if (parser->end - at < 10 || memcmp(at, "HTTP/", 5) != 0 || !is_digit(at[5]) ||
	    at[6] != '.' || !is_digit(at[7]) || memcmp(at + 8, "\r\n", 2) != 0)
		return bad(parser, "the request line does not end in one space and HTTP/1.1");
	if (at[5] != '1')
		return fail(parser, ERR_HTTP_VERSION, "this is a server for HTTP/1.1 and 1.0");
	/* A higher minor version is no reason to refuse (RFC 9110 §6.2). */
	parser->head->minor = at[7] != '0';
	parser->at = at + 10;
	return OK;
}

static void
split_query(struct h1_head *head, struct str target)
{
	size_t mark = str_find_byte(target, '?');

	head->path = str_slice(target, 0, mark);
	if (mark < target.size)
		head->query = str_slice(target, mark + 1, target.size);
}

static bool
starts_with_nocase(struct str text, struct str prefix)
{
	return text.size >= prefix.size && str_equal_nocase(str_slice(text, 0, prefix.size), prefix);
}

static enum err
parse_target_form(struct parser *parser)
{
	struct h1_head *head = parser->head;
	struct str target = head->target;

	if (target.data[0] == '/') {
		split_query(head, target);
		return OK;
	}
	if (starts_with_nocase(target, STR("http://")))
		return parse_absolute_form(parser, 7);
	if (starts_with_nocase(target, STR("https://")))
		return parse_absolute_form(parser, 8);
	if (head->method == H1_OPTIONS && str_is(target, "*")) {
		head->path = target;
		return OK;
	}
	/* What the target of another method means is not known: CONNECT has an authority. */
	if (head->method == H1_OTHER)
		return OK;
	return bad(parser, "the request target begins with neither '/' nor http://");
}

static enum err
parse_absolute_form(struct parser *parser, size_t scheme_size)
{
	struct h1_head *head = parser->head;
	struct str rest = str_slice(head->target, scheme_size, head->target.size);
	size_t size = 0;

	while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?')
		size++;
	parser->authority = str_slice(rest, 0, size);
	if (!h1_host_is_valid(parser->authority))
		return bad(parser, "the host of the request target is not valid");
	head->target = str_slice(rest, size, rest.size);
	if (head->target.size == 0)
		head->target = head->method == H1_OPTIONS ? STR("*") : STR("/");
	split_query(head, head->target);
	if (head->path.size == 0)
		head->path = STR("/");
	return OK;
}

static enum err
parse_fields(struct parser *parser)
{
	struct h1_head *head = parser->head;

	while (*parser->at != '\r') {
		struct h1_field *field = &head->fields[head->fields_count];
		enum err err;

		if (head->fields_count == H1_FIELDS_MAX)
			return fail(parser, ERR_HEAD_TOO_LARGE, "there are more than 100 fields");
		if ((err = parse_field(parser, field)) != OK)
			return err;
		head->fields_count++;
		if ((err = note_field(parser, field_kind(field->name), field->value)) != OK)
			return err;
	}
	if (parser->end - parser->at != 2)
		return bad(parser, "the head goes on behind an empty line or a bare CR");
	return OK;
}

static enum err
parse_field(struct parser *parser, struct h1_field *ret)
{
	const char *name = parser->at, *at = name, *value, *value_end;

	while (grammar_is(*at, GRAMMAR_TOKEN))
		at++;
	if (at == name && (*at == ' ' || *at == '\t'))
		return bad(parser, "a field is folded over several lines");
	if (at == name || *at != ':')
		return bad(parser, "a field does not begin with a name and a colon");
	ret->name = (struct str){ name, (size_t)(at - name) };
	for (at++; *at == ' ' || *at == '\t';)
		at++;
	value = at;
	at += grammar_find_control(at, (size_t)(parser->end - at));
	/* The last byte is an LF, so a CR has a byte behind it. */
	if (at[0] != '\r' || at[1] != '\n')
		return bad(parser, "a field value has a control character in it");
	for (value_end = at; value_end > value && (value_end[-1] == ' ' || value_end[-1] == '\t');)
		value_end--;
	ret->value = (struct str){ value, (size_t)(value_end - value) };
	parser->at = at + 2;
	return OK;
}

/* ${name} is a token, so setting this bit makes it lower case and changes nothing else. */
enum { LOWER = 0x20 };

static int
kind_if(struct str name, const char *lower_name, int kind)
{
	for (size_t i = 0; i < name.size; i++)
		if ((name.data[i] | LOWER) != lower_name[i])
			return FIELD_OTHER;
	return kind;
}

#define SIZE_AND_FIRST(size, first) ((size_t)(size) << 8 | (first))

static int
field_kind(struct str name)
{
	switch (SIZE_AND_FIRST(name.size, (unsigned char)name.data[0] | LOWER)) {
	case SIZE_AND_FIRST(4, 'h'):
		return kind_if(name, "host", H1_HOST);
	case SIZE_AND_FIRST(6, 'a'):
		return kind_if(name, "accept", H1_ACCEPT);
	case SIZE_AND_FIRST(6, 'e'):
		return kind_if(name, "expect", FIELD_EXPECT);
	case SIZE_AND_FIRST(6, 'o'):
		return kind_if(name, "origin", H1_ORIGIN);
	case SIZE_AND_FIRST(6, 'p'):
		return kind_if(name, "prefer", H1_PREFER);
	case SIZE_AND_FIRST(8, 'i'):
		return kind_if(name, "if-match", H1_IF_MATCH);
	case SIZE_AND_FIRST(10, 'c'):
		return kind_if(name, "connection", FIELD_CONNECTION);
	case SIZE_AND_FIRST(12, 'c'):
		return kind_if(name, "content-type", H1_CONTENT_TYPE);
	case SIZE_AND_FIRST(13, 'a'):
		return kind_if(name, "authorization", H1_AUTHORIZATION);
	case SIZE_AND_FIRST(13, 'i'):
		return kind_if(name, "if-none-match", H1_IF_NONE_MATCH);
	case SIZE_AND_FIRST(13, 'l'):
		return kind_if(name, "last-event-id", H1_LAST_EVENT_ID);
	case SIZE_AND_FIRST(14, 'c'):
		if ((name.data[1] | LOWER) == 'o')
			return kind_if(name, "content-length", FIELD_CONTENT_LENGTH);
		return kind_if(name, "caisson-commit", H1_CAISSON_COMMIT);
	case SIZE_AND_FIRST(15, 'i'):
		return kind_if(name, "idempotency-key", H1_IDEMPOTENCY_KEY);
	case SIZE_AND_FIRST(17, 't'):
		return kind_if(name, "transfer-encoding", FIELD_TRANSFER_ENCODING);
	default:
		return FIELD_OTHER;
	}
}

static bool
may_be_doubled(int kind)
{
	return kind == H1_ACCEPT || kind == H1_PREFER || kind == H1_IF_MATCH ||
	    kind == H1_IF_NONE_MATCH || kind == H1_CAISSON_COMMIT;
}

static enum err
note_field(struct parser *parser, int kind, struct str value)
{
	if (kind == FIELD_OTHER)
		return OK;
	if (kind == FIELD_CONTENT_LENGTH)
		return note_length(parser, value);
	if (kind == FIELD_CONNECTION) {
		note_connection(parser, value);
	} else if (kind == FIELD_EXPECT) {
		note_expect(parser, value);
	} else if (kind == FIELD_TRANSFER_ENCODING) {
		parser->coding = value;
		parser->codings++;
	} else if (parser->head->known[kind].data == NULL) {
		parser->head->known[kind] = value;
	} else if (!may_be_doubled(kind)) {
		return bad(parser, kind == H1_HOST ? "there are two Host fields" :
		    "a field that may stand once stands twice");
	}
	return OK;
}

static enum err
note_length(struct parser *parser, struct str value)
{
	int64_t length = 0;

	if (value.size == 0)
		return bad(parser, "Content-Length is not a number");
	for (size_t i = 0; i < value.size; i++)
		if (!is_digit(value.data[i]) || __builtin_mul_overflow(length, 10, &length) ||
		    __builtin_add_overflow(length, value.data[i] - '0', &length))
			return bad(parser, "Content-Length is not a number of bytes");
	if (parser->length && parser->head->content_length != (uint64_t)length)
		return bad(parser, "there are two values of Content-Length");
	parser->length = true;
	parser->head->content_length = (uint64_t)length;
	return OK;
}

static void
note_connection(struct parser *parser, struct str value)
{
	struct str option;

	while (str_split(&value, ',', &option)) {
		option = str_trim(option);
		if (str_equal_nocase(option, STR("close")))
			parser->close = true;
		else if (str_equal_nocase(option, STR("keep-alive")))
			parser->keep_alive = true;
	}
}

static void
note_expect(struct parser *parser, struct str value)
{
	struct str expectation;

	while (str_split(&value, ',', &expectation)) {
		expectation = str_trim(expectation);
		if (str_equal_nocase(expectation, STR("100-continue")))
			parser->head->expect_continue = true;
		else if (expectation.size > 0)
			parser->expect_other = true;
	}
}

static enum err
check_host(struct parser *parser)
{
	struct str *host = &parser->head->known[H1_HOST];

	if (host->data == NULL && parser->head->minor == 1)
		return bad(parser, "there is no Host field");
	if (host->data != NULL && !h1_host_is_valid(*host))
		return bad(parser, "the Host field is no host with an optional port");
	/* RFC 9112 §3.2.2: the target's own host wins. */
	if (parser->authority.data != NULL)
		*host = parser->authority;
	return OK;
}

static enum err
check_framing(struct parser *parser)
{
	struct h1_head *head = parser->head;

	if (parser->codings == 0) {
		head->framing = head->content_length > 0 ? H1_LENGTH : H1_NO_BODY;
		return OK;
	}
	if (parser->length)
		return bad(parser, "there are both Content-Length and Transfer-Encoding");
	if (head->minor == 0)
		return bad(parser, "HTTP/1.0 has no Transfer-Encoding");
	if (parser->codings > 1 || !str_equal_nocase(parser->coding, STR("chunked")))
		return bad(parser, "the only Transfer-Encoding is chunked");
	head->framing = H1_CHUNKED;
	return OK;
}

struct str
h1_head_field(const struct h1_head *head, const char *name)
{
	struct str value = { 0 };
	size_t index = 0;

	(void)h1_head_list_next(head, str_from(name), &index, &value);
	return value;
}

struct str
h1_head_once(const struct h1_head *head, const char *name)
{
	struct str value = { 0 }, other;
	size_t index = 0;

	(void)h1_head_list_next(head, str_from(name), &index, &value);
	return h1_head_list_next(head, str_from(name), &index, &other) ? (struct str){ 0 } : value;
}

bool
h1_head_list_next(const struct h1_head *head, struct str name, size_t *index, struct str *ret)
{
	while (*index < head->fields_count) {
		const struct h1_field *field = &head->fields[(*index)++];

		if (!str_equal_nocase(field->name, name))
			continue;
		*ret = field->value;
		return true;
	}
	return false;
}
