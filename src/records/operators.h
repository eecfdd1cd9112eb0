#pragma once
/*
 * Operators of a change: {"votes":{"$inc":1}}.  They are computed in the
 * transaction, from the row as it stands there, so that no two writers lose
 * one another's.
 *
 *	$inc		int float decimal		null counts as 0
 *	$min $max	int float decimal date time	the lesser, the greater of the two; null gives way
 *	$append		list refs			one value or an array of them; refs hold each id once
 *	$remove		list refs			all that are equal
 *
 * They are read only where the field's type makes an object impossible, one
 * for a field, alone.  In a json field an object is merged into what stands
 * there (RFC 7396).
 */
#include "records/records.h"

/* What is wrong with a result: the code and the words for it; code NULL: nothing. */
struct operator_fault {
	const char *code;
	char what[112]; /* "NAME ${what}" */
};

/*
 * Change *value, that of ${column} in the row, by ${operand}; what is made lives in ${arena}.
 * The bounds of the field hold for the result.
 */
struct operator_fault operator_apply(struct arena *arena, const struct field *column, enum input_kind kind,
    const struct value *operand, struct value *value);
