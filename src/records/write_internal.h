#pragma once
/*
 * Inside record_write():
 *
 *	write.c		the order of things: create, change, put, delete
 *	write_ask.c	what all of them ask: rules, references
 *	write_refs.c	references of refs
 *	write_sight.c	what the caller sees
 *	patch.c		what a JSON Patch makes of the record
 *	merge.c		the row as it will stand
 *	write_rows.c	the statements
 *	write_conflict.c	what the database refused
 *
 * All of these run in the transaction and return what record_write() may.
 */
#include "records/records.h"

/* --- write_ask.c ------------------------------------------------------ */

/* Who writes, at the time that the run has given to all of the write. */
struct rule_caller write_caller(struct tx *tx, const struct record_write *write);
enum err write_ask_rule(struct tx *tx, struct record_write *write, const struct rule *rule,
    const struct value *record, const struct value *new_record, bool *ret) MUST_USE;
/* ERR_UNAUTHENTICATED or ERR_FORBIDDEN where the rule of ${access} says no. */
enum err write_must_be_allowed(struct tx *tx, struct record_write *write, enum access access,
    const struct value *record, const struct value *new_record) MUST_USE;
/* Notes in write->readable whether the caller may read ${row}, which it wrote. */
enum err write_note_readable(struct tx *tx, struct record_write *write, const struct value *row) MUST_USE;
/*
 * Checks the references of ${row} that ${old_row} (or NULL) has not, and puts those of refs back
 * that the caller does not know of.  ERR_INVALID with all of them noted.
 */
enum err write_check_references(struct tx *tx, struct record_write *write,
    const struct record_input *input, struct value *row, const struct value *old_row) MUST_USE;
/*
 * Is ${id} that of an item before ${input}?  An item of an array that is refused is not there for
 * those behind it: that they refer to it is no mistake of theirs.
 */
bool write_is_of_array(const struct record_write *write, const struct record_input *input,
    const struct field *column, const struct value *id);
/* The pointer of a field in the body. */
struct str write_pointer(struct record_write *write, const struct record_input *input, const struct field *column);

/* --- write_refs.c ------------------------------------------------------- */

/* The same for one refs field. */
enum err write_check_refs(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct field *column, struct value *row, const struct value *old_row) MUST_USE;

/* --- write_sight.c ------------------------------------------------------ */

/* Sets write->sight, for this run. */
enum err write_make_sight(struct tx *tx, struct record_write *write) MUST_USE;
/* *ret = ${row}, which stands in the table, with null for what the caller does not see in it. */
enum err write_show(struct tx *tx, struct record_write *write, const struct value *row,
    const struct value **ret) MUST_USE;

/* Sets write->blind, for ${old_row}, which stands in the table. */
enum err write_note_blind(struct tx *tx, struct record_write *write, const struct value *old_row) MUST_USE;
/* Was ${column} sent, and is it one that the caller does not see there? */
bool write_is_blind(const struct record_write *write, unsigned column);

/* --- merge.c ---------------------------------------------------------- */

/*
 * The whole record as the input alone has it: what was not sent gets its
 * default.  Of ${old_row} (NULL: a create) only what no client may send stays.
 */
enum err write_complete_row(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct value *old_row, struct value *row) MUST_USE;
/* ${old_row} with the input merged into it, operators applied; notes what cannot be. */
void write_merge_row(struct record_write *write, const struct record_input *input,
    const struct value *old_row, struct value *row);
/* Sets `updated` and returns true where ${row} is not as ${old_row} was, or its caller cannot tell. */
bool write_note_change(struct tx *tx, const struct record_write *write, const struct value *old_row,
    struct value *row);

/* --- patch.c ----------------------------------------------------------- */

/* write->patch, applied to ${old_row} as the caller sees it, becomes the input; mistakes are noted. */
enum err write_read_patch(struct tx *tx, struct record_write *write, const struct value *old_row) MUST_USE;
/* The pointers of errors, which name fields, name the operations that touched these last. */
void write_point_at_operations(struct record_write *write);

/* --- write_rows.c ----------------------------------------------------- */

/* Sets the id where the database counts it. */
enum err write_insert(struct tx *tx, struct record_write *write, const struct record_input *input,
    struct value *row) MUST_USE;
enum err write_update(struct tx *tx, struct record_write *write, const struct value *old_row,
    const struct value *row) MUST_USE;
enum err write_delete(struct tx *tx, struct record_write *write, const struct value *old_row) MUST_USE;

/* --- write_conflict.c --------------------------------------------------- */

/* ERR_CONFLICT of a statement that wrote ${input}: notes what is taken. */
enum err write_explain_conflict(struct tx *tx, struct record_write *write, const struct record_input *input) MUST_USE;
/* ERR_CONFLICT of the statement that would delete ${old_row}: says who refers. */
enum err write_explain_restriction(struct tx *tx, struct record_write *write, const struct value *old_row) MUST_USE;
