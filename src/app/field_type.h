#pragma once
/* The types that a field can have; a new one is a row of field_type.def. */
enum field_type {
#define FIELD(name, word, what) FIELD_##name,
#include "app/field_type.def"
#undef FIELD
	FIELD_TYPE_COUNT
};

struct field_type_row {
	const char *word; /* in the app file */
	const char *what; /* "a whole number of 64 bits" */
};

extern const struct field_type_row field_types[FIELD_TYPE_COUNT];
