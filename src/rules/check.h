#pragma once
/* The inside of checking, for check.c and what stands beside it: what an operand's type is. */
#include "rules/number.h"
#include "rules/rules_internal.h"

enum type {
	TYPE_NULL,
	TYPE_BOOL,
	TYPE_INT,
	TYPE_NUMBER, /* a constant with a point */
	TYPE_FLOAT,
	TYPE_DECIMAL,
	TYPE_TEXT,
	TYPE_TIME,
	TYPE_DATE,
	TYPE_ENUM,
	TYPE_UUID,   /* ids and references */
	TYPE_INT_ID, /* the same, of collections that count their ids */
	TYPE_CALLER, /* auth.id: becomes what it is compared with */
	TYPE_LIST,
	TYPE_JSON,
	TYPE_REFS, /* rows that the record refers to */
	TYPE_BACK, /* rows that refer to the record */
	TYPE_DURATION, /* a constant: literal.integer is microseconds */
	TYPE_COUNT
};

/* "a text" */
extern const char *const type_words[TYPE_COUNT];

struct typed {
	struct operand operand;
	enum type type;
	const struct field *field; /* PATH: the last one */
	const struct back_reference *back; /* BACK */
	const struct collection *collection; /* REFS, BACK: of the record that has them */
	const struct node *node;
	bool is_lowered; /* a literal in lower() */
};

static inline bool
typed_is_literal(const struct typed *typed)
{
	return typed->operand.kind == OPERAND_LITERAL;
}

/* --- path.c --- */

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
/* The rows that ${typed}, a REFS or BACK, stands for; they get a root of their own.  NULL with a mistake noted. */
struct source *path_source(struct compiler *compiler, const struct typed *typed);

/* The rule reads rows of ${target}. */
void path_note_hop(struct compiler *compiler, const struct collection *target);

/* --- constant.c --- */

/* A literal, or arithmetic on constants. */
bool constant_resolve(struct compiler *compiler, const struct node *node, struct typed *ret);
/* duration('24h') */
bool constant_duration(struct compiler *compiler, const struct node *call, struct typed *ret);

/* --- unify.c --- */

/* Make the two sides of a comparison comparable. */
bool unify(struct compiler *compiler, struct typed *a, struct typed *b, bool is_order);
/*
 * Where one side is a number and the other no constant: how the number stands
 * among the other's values.  False where that is nothing to ask.
 */
bool unify_number(struct typed *number, const struct typed *other, struct number_fit *ret);
/* Where one side is lower() of a field that is kept folded, lower() folds the other side too. */
bool unify_fold(struct compiler *compiler, struct typed *a, struct typed *b);
/* A value that is a text, auth.id too. */
bool unify_text(struct compiler *compiler, struct typed *typed, const char *where);

/* --- call.c --- */

/* A function that gives a value: size(), lower(), duration(). */
bool call_resolve(struct compiler *compiler, const struct node *call, struct typed *ret);
/* One that is a condition. */
struct term *call_check(struct compiler *compiler, const struct node *call, bool negated);
/* ${left} in a list field. */
struct term *call_check_listed(struct compiler *compiler, const struct node *node, struct typed *left,
    struct typed *list, bool negated);
/* ${left} in refs, or in the rows that refer: exists(_, _.id == left). */
struct term *call_check_member(struct compiler *compiler, const struct node *node,
    const struct typed *left, const struct typed *rows, bool negated);
/* Has ${call} operands in which a choice can stand?  Macros have none. */
bool call_is_macro(const struct node *call);

/* --- check.c --- */

struct term *check_predicate(struct compiler *compiler, const struct node *node, bool negated);
/* Something that has a value: a constant, a path, a function of one. */
bool check_operand(struct compiler *compiler, const struct node *node, struct typed *ret);
struct term *check_equal(struct compiler *compiler, const struct node *node, struct typed *left,
    struct typed *right, bool negated);
struct term *new_leaf(struct compiler *compiler, const struct node *node, enum term_kind kind, bool negated);
