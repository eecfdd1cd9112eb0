#pragma once
/*
 * YAML as a configuration file needs it: a tree of mappings, sequences and
 * scalars, each with its place in the text.  Scalars keep their text and how
 * they were written; what type they are is for the reader's schema to say, so
 * `no` is never a boolean by accident.
 *
 * Refused, each with its place: anchors, aliases and tags; a key that stands
 * twice in a mapping; keys that are not scalars; a second document; nesting
 * deeper than YAML_DEPTH_MAX; U+0000 and what is not UTF-8.
 */
#include "base/arena.h"

enum { YAML_DEPTH_MAX = 32, YAML_TEXT_SIZE_MAX = 16 << 20 };

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

enum yaml_style {
	YAML_EMPTY, /* nothing stands there */
	YAML_PLAIN,
	YAML_QUOTED,
	YAML_BLOCK, /* behind | or > */
};

struct yaml_position {
	uint32_t line, column; /* from 1; columns in bytes */
};

struct yaml {
	enum yaml_type type;
	enum yaml_style style; /* scalars */
	struct yaml_position at; /* of the first byte: a quote, a bracket, the first key */
	struct str text; /* scalars; ends in a NUL that is not counted */
	struct str written; /* scalars: from ${at} on in the text that was parsed, quotes and all */
	struct yaml *first; /* items of a sequence, values of a mapping, in order */
	size_t count;
	const struct yaml *key; /* of a value in a mapping: its key, a scalar */
	struct yaml *next; /* in the same mapping or sequence */
};

/* Called for each mistake, roughly in order; ${detail} is valid during the call. */
typedef void yaml_complain(void *arg, struct yaml_position at, const char *detail);

/*
 * Parse all of ${text} into a tree that lives in ${arena}.  NULL where the
 * mistakes leave no whole tree (also for an empty text); where they do (a key
 * standing twice, a tag), the tree without them.
 */
const struct yaml *
yaml_parse(struct arena *arena, struct str text, yaml_complain *complain, void *arg);

/*
 * Where the byte at ${offset} of the text of ${scalar} stands, or what would follow its last one:
 * exact in every style and over any number of lines.  A blank or a line break, of which a fold may
 * leave another or none, is looked for behind what stands in front of it.
 */
struct yaml_position yaml_position_in(const struct yaml *scalar, size_t offset);
