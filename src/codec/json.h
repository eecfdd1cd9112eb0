#pragma once
/*
 * JSON (RFC 8259), strict: one value with white space around it, UTF-8 only,
 * no duplicate member names, no lone surrogates, depth at most JSON_DEPTH_MAX.  Integers of 64 bits are
 * exact.
 *
 * Reading makes a tree in an arena.  Strings without escapes point into the
 * text that was parsed, so the text must live as long as the tree.
 * Writing appends to a buf; the writer only adds the commas.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"

enum { JSON_DEPTH_MAX = 64 };

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,  /* a number without fraction and exponent that fits int64 */
	JSON_REAL, /* any other number */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_member;
struct json {
	enum json_type type;
	uint32_t offset; /* of its first byte in the text */
	uint32_t count;	 /* items or members */
	union {
		bool boolean;
		struct {
			union {
				int64_t integer;
				double real; /* infinite where the number is beyond a double */
			};
			struct str text; /* a number as it was written: "-0", "1.50" */
		};
		struct str string;
		struct json *items;
		struct json_member *members; /* in the order of the text */
	};
};

struct json_member {
	struct str name;
	struct json value;
};

struct json_error {
	uint32_t offset;    /* bytes from the start of the text, from 0 */
	const char *detail; /* a literal: "expected ',' or '}'" */
};

/*
 * Parse all of ${text} (at most 4 GiB) into ${ret}.
 * ERR_BAD_JSON with ${ret_error}; ERR_TOO_LARGE when the arena's limit is reached.
 */
enum err json_parse(
    struct arena *arena, struct str text, struct json *ret, struct json_error *ret_error) MUST_USE;
/* The same with another limit of the depth: for texts of ours, around what clients sent. */
enum err json_parse_deep(struct arena *arena, struct str text, int depth_max, struct json *ret,
    struct json_error *ret_error) MUST_USE;

/* The member ${name} of an object, or NULL (also where ${json} is no object). */
const struct json *json_member(const struct json *json, const char *name);

/*
 * The writer: begin/end calls nest, names alternate with values.  It writes a
 * comma where one is due and nothing else, so calls must be balanced.
 */
struct json_writer {
	struct buf *buf;
	bool comma; /* the next item needs one before it */
};

void json_writer_init(struct json_writer *writer, struct buf *buf);
void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
/* ${name} is written with escapes where it needs them. */
void json_name(struct json_writer *writer, struct str name);
/* A name that was escaped and quoted before, with its colon: "\"title\":".  For hot paths. */
void json_name_raw(struct json_writer *writer, struct str quoted_with_colon);
void json_null(struct json_writer *writer);
void json_bool(struct json_writer *writer, bool boolean);
void json_int(struct json_writer *writer, int64_t integer);
/* The shortest text that reads back as the same double, -0 as "-0.0"; must be finite. */
void json_real(struct json_writer *writer, double real);
/* With quotes and escapes; must be valid UTF-8, which nobody looks at again. */
void json_string(struct json_writer *writer, struct str string);
/* TIME as RFC 3339 with six digits and Z, DECIMAL with all digits of its scale, the others as in base/value.h. */
void json_value(struct json_writer *writer, const struct value *value);
/* Text that is JSON already. */
void json_raw(struct json_writer *writer, struct str json);
/* A parsed tree again, in the order it was read. */
void json_tree(struct json_writer *writer, const struct json *json);
