#pragma once
/*
 * Under which rules streams were told: who comes back with a number from before those of now must
 * read again, also where the server was started with them.  The database remembers what it was
 * last served with, in caisson_meta:
 *
 *	rights	the rules as a hash, in hexadecimal, and the commit up to which others decided
 *
 * Nodes of one database that serve different rules at a time are told apart only from the last
 * start of one with new rules on.
 */
#include "app/app.h"
#include "store/store.h"

/* What decides who reads what, word for word: apps with the same one show the same. */
uint64_t rights_hash(const struct app *app);
/*
 * ${store} is served with the rules of ${app}, before anyone is.  *ret_since: up to this commit
 * others decided, or perhaps did; -1: none.  On failure it is the last one.
 */
enum err rights_begin(struct store *store, const struct app *app, int64_t *ret_since) MUST_USE;
/* The rules are about to become those of ${app}: whatever is served at the next start may be new. */
enum err rights_change(struct store *store, const struct app *app) MUST_USE;
