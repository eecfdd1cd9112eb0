#pragma once
/*
 * Statements that people edited: what they find may not fit, what they leave
 * must.  The engine refuses what its constraints do not allow; a value that
 * became none it would not miss, so those are noted before and looked at behind.
 *
 *	edited_note_misfits -> the statements -> edited_find_left
 *
 * Of a plan that nobody edited they do nothing.  All within one transaction.
 */
#include "store/migrate/engine.h"

/* Which rows have a value that does not fit what was written? */
enum err edited_note_misfits(struct migration *migration, const struct migration_plan *plan,
    struct buf *ret_detail) MUST_USE;
/*
 * ERR_CONFLICT, and who, where some of them have no value now, unless ${allow_loss}; or what the
 * tables of the app have not.
 */
enum err edited_find_left(struct migration *migration, const struct migration_plan *plan,
    bool allow_loss, struct buf *ret_detail) MUST_USE;
