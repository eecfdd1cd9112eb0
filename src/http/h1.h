#pragma once
/*
 * HTTP/1.1 and 1.0 on the wire (RFC 9112), bytes in, slices out: no I/O, no
 * memory of its own, strict where request smuggling lives.
 *
 * A head is parsed when it has arrived whole; until then h1_head_end() only
 * looks for its end, and remembers how far it has looked.
 *
 *	bytes -> h1_head_end -> h1_head_parse -> struct h1_head (slices)
 *	bytes -> h1_chunked_decode -> body bytes, in place
 *
 * What is refused, with which status, and that the connection then closes:
 * every refusal here is the end of the connection, because its framing cannot
 * be trusted.
 */
#include "base/err.h"
#include "base/str.h"

enum { H1_FIELDS_MAX = 100, H1_TARGET_SIZE_MAX = 16 * 1024, H1_HEAD_SIZE_MAX = 32 * 1024 };

enum h1_method {
	H1_GET,
	H1_HEAD,
	H1_POST,
	H1_PUT,
	H1_PATCH,
	H1_DELETE,
	H1_OPTIONS,
	H1_TRACE, /* known, and served nowhere: 405, as RFC 9110 15.5.6 has it */
	H1_QUERY,
	H1_OTHER, /* a valid token that we do not know, with any target: 501 is the caller's answer */
};

struct h1_field {
	struct str name, value; /* the value without OWS at its ends */
};

enum h1_framing {
	H1_NO_BODY, /* neither Content-Length nor Transfer-Encoding; or length 0 */
	H1_LENGTH,
	H1_CHUNKED,
};

/* Fields that the server reads itself; found once, while parsing. */
enum h1_known {
	H1_HOST,
	H1_AUTHORIZATION,
	H1_CONTENT_TYPE,
	H1_ACCEPT,
	H1_IF_MATCH,
	H1_IF_NONE_MATCH,
	H1_IDEMPOTENCY_KEY,
	H1_PREFER,
	H1_LAST_EVENT_ID,
	H1_CAISSON_COMMIT,
	H1_ORIGIN,
	H1_KNOWN_COUNT,
};

struct h1_head {
	enum h1_method method;
	struct str method_text;
	/* Origin form "/v1/x?y", or "*" for OPTIONS; of the absolute form the part behind the
	 * authority, and the authority is the known H1_HOST then. */
	struct str target;
	struct str path, query; /* of the target, still encoded; the query without '?' */
	int minor;		/* 1 or 0 */
	size_t fields_count;
	/* Values by h1_known; data is NULL where absent.  Of those that may be sent as several
	 * lines (Accept, Prefer, If-Match, If-None-Match) the first: see h1_head_list_next. */
	struct str known[H1_KNOWN_COUNT];
	enum h1_framing framing;
	uint64_t content_length; /* with H1_LENGTH */
	bool keep_alive;	 /* what the client asks for, by version and Connection */
	bool expect_continue;	 /* it waits for 100 before it sends its body */
	struct h1_field fields[H1_FIELDS_MAX]; /* fields_count of them; the others are not even zero */
};

/*
 * Look for the end of a head in ${bytes}, which begin at the request line (one
 * empty line before it is skipped: *ret_skip bytes).  ${scanned} is 0 at first,
 * and is kept between calls as the bytes grow.
 * OK with *ret_size = size of the head including its empty line (counted from
 * the skipped start), or 0 = not there yet.  Refuses early what can no longer
 * become good: ERR_URI_TOO_LONG, ERR_HEAD_TOO_LARGE, ERR_BAD_REQUEST (a bare
 * CR, LF or NUL).
 */
enum err h1_head_end(struct str bytes, size_t *scanned, size_t *ret_skip, size_t *ret_size) MUST_USE;

/*
 * Parse the whole head ${bytes}.  On error *ret_detail is a literal for the
 * problem's detail.  ERR_BAD_REQUEST, ERR_URI_TOO_LONG, ERR_HEAD_TOO_LARGE,
 * ERR_HTTP_VERSION (505), ERR_EXPECTATION_FAILED.  On every error behind it the method
 * stays readable, and H1_OTHER with an empty text before; nothing else is then.
 *
 * ERR_BAD_REQUEST is whatever could be framed or routed in two ways: a length with a coding,
 * unequal lengths, a list as length, a coding other than one "chunked", any coding in HTTP/1.0,
 * a bare CR or LF, folded lines, a space before a colon, a Host that is missing, doubled or no
 * RFC 3986 host[:port]; and a doubled Authorization, Content-Type, Idempotency-Key,
 * Last-Event-ID or Origin, of which two readers could choose different ones.
 */
enum err h1_head_parse(struct str bytes, struct h1_head *ret, const char **ret_detail) MUST_USE;

/* The first field ${name} (in any case), or data NULL. */
struct str h1_head_field(const struct h1_head *head, const char *name);
/* The field ${name}, or data NULL where it is absent or stands on several lines. */
struct str h1_head_once(const struct h1_head *head, const char *name);
/*
 * The next value of the fields ${name} (in any case), in the order sent: several lines are one
 * list.  *index is 0 at first.  False when there are no more.
 */
bool h1_head_list_next(const struct h1_head *head, struct str name, size_t *index, struct str *ret);
/* Is ${text} a host[:port] with a host that is not empty (RFC 3986 §3.2.2, without user)? */
bool h1_host_is_valid(struct str text);

/* A chunked body being decoded; zeroed is its start. */
struct h1_chunked {
	int state;
	uint64_t chunk_left; /* bytes of the current chunk */
	size_t digits;	     /* of the current size */
	size_t extra_size;   /* bytes of all extensions and trailers until now, which are bounded */
};

/*
 * Decode ${size} bytes at ${bytes} in place: the decoded bytes stand at its
 * front, *ret_decoded of them, of *ret_consumed bytes read.  *ret_done when the
 * last chunk and its trailer are read; bytes behind it are not consumed.
 * ERR_BAD_REQUEST: bad framing, a size over 16 digits or 2^63 - 1, extensions and trailers over
 * 4 KiB in all.  Trailers must be well-formed; they are dropped.
 */
enum err h1_chunked_decode(struct h1_chunked *chunked, char *bytes, size_t size, size_t *ret_decoded,
    size_t *ret_consumed, bool *ret_done) MUST_USE;
