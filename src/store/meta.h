#pragma once
/*
 * caisson_meta: what the database remembers of itself, a text for each key.
 *
 *	shape, shape_text	the app that the tables were made for: its checksum, and app/shape.h
 *	shape_since		the commit since which they are (0 where there is none: always)
 *	log_start		the log does not reach back to it
 *	epoch			PostgreSQL: the upper bits of commit numbers, which a restore raises
 *	secret			of cursors
 *	rights			events/rights.h
 *	seeding			there while seeds are loaded
 */
#include "store/tx.h"

/* *ret lives in ${tx}'s arena; data NULL where there is none. */
enum err meta_read(struct tx *tx, const char *key, struct str *ret) MUST_USE;
enum err meta_write(struct tx *tx, const char *key, struct str value) MUST_USE;
/* The same where there is none: of two nodes that add at once one wins. */
enum err meta_add(struct tx *tx, const char *key, struct str value) MUST_USE;
