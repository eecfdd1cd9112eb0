#pragma once
/* The inside of checking, for check.c and path.c: what an operand's type is. */
#include "rules/rules_internal.h"

enum type {
	TYPE_NULL,
	TYPE_BOOL,
	TYPE_INT,
	TYPE_TEXT,
	TYPE_TIME,
	TYPE_ENUM,
	TYPE_UUID,   /* ids and references */
	TYPE_INT_ID, /* the same, of collections that count their ids */
	TYPE_CALLER, /* auth.id: becomes what it is compared with */
	TYPE_COUNT
};

/* "a text" */
extern const char *const type_words[TYPE_COUNT];

struct typed {
	struct operand operand;
	enum type type;
	const struct field *field; /* PATH: the last one */
	const struct node *node;
};

/* The known word that is next to a mistyped one. */
struct nearest {
	struct str wanted;
	struct str best; /* data is NULL while nothing is near */
	size_t distance;
};

void nearest_try(struct nearest *nearest, struct str known);

enum type field_check_type(const struct field *field);
bool path_is_roles(const struct node *node);
/* What the path ${node} names; false with a mistake noted. */
bool path_resolve(struct compiler *compiler, const struct node *node, struct typed *ret);
