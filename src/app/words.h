#pragma once
/* The words that a file may use: the nearest known one to a mistyped one, and the names that nobody may take. */
#include "base/str.h"

/*
 * The word of ${words} that was probably meant by ${written}, or NULL: few
 * letters apart (inserted, left out, other, or swapped), or the beginning of
 * one another ("integer", "int").
 */
const char *words_nearest(struct str written, const char *const *words, size_t count);

enum { WORDS_SIZE_MAX = 64 };
/* Letters apart; both at most WORDS_SIZE_MAX bytes. */
size_t words_distance(struct str a, struct str b);

/* Names that nobody may take, and those that no collection or no field may; NULL ends each list. */
extern const char *const reserved_names[], *const reserved_collections[], *const reserved_fields[];
/* Why ${name} cannot be the name of a field or, if so, a collection; NULL where it can. */
const char *name_refusal(struct str name, bool is_collection);
/* "[a-z][a-z0-9_]{0,62}" */
bool name_is_well_formed(struct str name);
