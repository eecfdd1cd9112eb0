#pragma once
/*
 * The folded form of a text: what is left when case does not count.  It is
 * Unicode's NFKC_Casefold, made for names of things and people: besides case
 * it forgets how a character was put together, its presentation (full width,
 * ligatures) and what nobody sees (soft hyphens, joiners), so that two texts
 * that look the same do not pass for two.  Plain case folding would let a
 * second account have the address of the first, with a zero-width space in it.
 *
 *	"Straße", "STRASSE", "ＳＴＲＡＳＳＥ"  ->  "strasse"
 *
 * The folded form of a folded form is itself.
 */
#include "base/arena.h"

/* The folded form of valid UTF-8 without U+0000, in ${arena}; data is NULL when its limit is reached. */
struct str fold_text(struct arena *arena, struct str text);
