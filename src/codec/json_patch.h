#pragma once
/*
 * Changing a JSON value: merge patches (RFC 7396) and JSON Patch (RFC 6902).
 *
 * Trees are values in an arena: what is made shares the parts that stay with
 * what it was made of, and nothing that was there before is written to.  So
 * both trees, the patch, and their texts must live as long as the result.
 */
#include "codec/json.h"

/* Equal as RFC 6902 has it: numbers by value, members in any order. */
bool json_equal(const struct json *a, const struct json *b);

/* ${target} with ${patch} merged into it.  ERR_TOO_LARGE: the arena's limit. */
enum err json_merge(struct arena *arena, const struct json *target, const struct json *patch,
    struct json *ret) MUST_USE;

enum json_patch_verb {
	JSON_PATCH_TEST,
	JSON_PATCH_ADD,
	JSON_PATCH_REMOVE,
	JSON_PATCH_REPLACE,
	JSON_PATCH_MOVE,
	JSON_PATCH_COPY,
};

struct json_patch_op {
	enum json_patch_verb verb;
	struct str path, from; /* JSON pointers; from: MOVE, COPY */
	const struct json *value; /* TEST, ADD, REPLACE */
};

struct json_patch {
	struct json_patch_op *ops;
	size_t count;
};

/* Where and why a patch cannot be. */
struct json_patch_fault {
	size_t index; /* of the operation, from 0 */
	const char *detail; /* a literal */
};

enum {
	JSON_PATCH_OPS_MAX = 1000,
	JSON_PATCH_NODES_MAX = 1 << 20, /* values that all operations of a patch may put in */
};

/* Read the operations of ${json}.  ERR_BAD_REQUEST with ${ret_fault}: it is no JSON Patch; ERR_TOO_LARGE. */
enum err json_patch_read(struct arena *arena, const struct json *json, struct json_patch *ret,
    struct json_patch_fault *ret_fault) MUST_USE;

/*
 * Apply all to *document.  With ${ret_fault}: ERR_CONFLICT where a test fails or a path leads
 * nowhere, ERR_TOO_LARGE where the result would be too large or too deep; *document is then of no use.
 */
enum err json_patch_apply(struct arena *arena, const struct json_patch *patch, struct json *document,
    struct json_patch_fault *ret_fault) MUST_USE;

/* Take the first name off a JSON pointer ("/a~1b/c" -> "a/b", rest "/c"); false where there is none. */
bool json_pointer_take(struct arena *arena, struct str *pointer, struct str *ret);
