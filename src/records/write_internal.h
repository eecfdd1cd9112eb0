#pragma once
/*
 * Inside record_write():
 *
 *	write.c		the order of things: create, change, put, delete
 *	write_ask.c	what all of them ask: rules, references
 *	write_sight.c	what the caller sees
 *	patch.c		what a JSON Patch makes of the record
 *	merge.c		the row as it will stand
 *	write_rows.c	the statements, and what they run into
 *
 * All of these run in the transaction and return what record_write() may.
 */
#include "records/records.h"

/* --- write_ask.c ------------------------------------------------------ */

enum err write_ask_rule(struct tx *tx, struct record_write *write, const struct rule *rule,
    const struct value *record, const struct value *new_record, bool *ret) MUST_USE;
/* ERR_UNAUTHENTICATED or ERR_FORBIDDEN where the rule of ${access} says no. */
enum err write_must_be_allowed(struct tx *tx, struct record_write *write, enum access access,
    const struct value *record, const struct value *new_record) MUST_USE;
/* Notes in write->readable whether the caller may read ${row}, which it wrote. */
enum err write_note_readable(struct tx *tx, struct record_write *write, const struct value *row) MUST_USE;
/* Checks the references of ${row} that ${old_row} (or NULL) has not.  ERR_INVALID with all of them noted. */
enum err write_check_references(struct tx *tx, struct record_write *write,
    const struct record_input *input, const struct value *row, const struct value *old_row) MUST_USE;
/* The pointer of a field in the body. */
struct str write_pointer(struct record_write *write, const struct record_input *input, const struct field *column);

/* --- write_sight.c ------------------------------------------------------ */

/* Sets write->sight, for this run. */
enum err write_make_sight(struct tx *tx, struct record_write *write) MUST_USE;
/* *ret = ${row}, which stands in the table, with null for what the caller does not see in it. */
enum err write_show(struct tx *tx, struct record_write *write, const struct value *row,
    const struct value **ret) MUST_USE;

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
/* Sets `updated` and returns true where ${row} is not as ${old_row} was. */
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
