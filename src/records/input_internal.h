#pragma once
/*
 * Inside the reading of bodies: input.c walks over the members, input_types.c
 * reads the values by the types of the fields; operators.c reads what a change says in their
 * place.
 */
#include "codec/time.h"
#include "records/records.h"

/* One member of the body and where it goes; the checks note what is wrong with it. */
struct member_check {
	struct arena *arena;
	const struct field *column;
	const struct json *json;
	struct str pointer;
	struct value *ret;
	struct field_errors *errors;
};

/* "NAME must be ${what}". */
void input_wrong(const struct member_check *check, const char *code, const char *what);
/* A bound of ${column}, which is no float, as people write it; the text is ${ret}. */
struct str input_bound_text(const struct field *column, int64_t bound, char ret[TIME_RFC3339_SIZE]);
/* "#/3" and "a/b" -> "#/3/a~1b": RFC 6901, escaped once more for a URI fragment. */
struct str input_pointer(struct arena *arena, struct str parent, struct str name);
/* A value as the field's type reads it, with its bounds and all; not null. */
void input_read_value(const struct member_check *check);

/* What an object says to a field in a change: an operator, a merge (json), or INPUT_ABSENT where it is neither. */
enum input_kind operator_read(const struct member_check *check);
