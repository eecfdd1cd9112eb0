#pragma once
/*
 * The inside of rules/: what its files hand to one another.
 *
 *	lexer.c     text -> tokens
 *	parser.c    tokens -> struct node: what was written, with offsets
 *	check.c     struct node -> struct term: typed, in negation normal form
 *	sql.c       struct term + caller -> a predicate with bound values
 *	evaluate.c  struct term + caller + rows -> true or false
 *
 * In struct term a negation stands only at leaves, so that an SQL NULL can
 * only stand where "false" is meant.
 */
#include "rules/rules.h"

enum { RULE_DEPTH_MAX = 32, RULE_HOPS_MAX = 8 };

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_INT,
	TOKEN_STRING,
	TOKEN_TRUE,
	TOKEN_FALSE,
	TOKEN_NULL,
	TOKEN_IN,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_LIST_OPEN,
	TOKEN_LIST_CLOSE,
	TOKEN_COMMA,
	TOKEN_DOT,
};

struct token {
	enum token_kind kind;
	size_t offset;
	struct str text;    /* as written */
	struct value value; /* INT, STRING */
};

/* One compilation; all its steps return NULL or false after compiler_fail(). */
struct compiler {
	struct arena *arena;
	const struct collection *collection;
	enum rule_use use;
	struct str text; /* in the arena */
	struct rule_error *error;
	size_t at;	    /* the lexer's place */
	struct token token; /* the next one, not yet taken */
	size_t terms, depth;
	struct rule *rule;
};

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_COMPARE,
	NODE_IN,
	NODE_HAS,
	NODE_LITERAL,
	NODE_PATH,
	NODE_LIST,
};

/* Something as it was written. */
struct node {
	enum node_kind kind;
	size_t offset;		  /* of its first character */
	struct str text;	  /* a literal, a path or an operator, for error texts */
	enum token_kind relation; /* COMPARE */
	struct node *first;	  /* AND, OR, LIST: the children; else the first operand */
	struct node *next;	  /* the next child, or the second operand */
	struct value literal;
	struct token *parts; /* PATH: its names */
	size_t parts_count;
};

enum operand_kind { OPERAND_LITERAL, OPERAND_AUTH_ID, OPERAND_PATH };

struct operand {
	enum operand_kind kind;
	struct value literal;
	enum value_kind as; /* AUTH_ID: what it is converted to */
	bool is_new;	    /* PATH: begins at the record after the write */
	bool as_text;	    /* PATH: an id, compared with a text */
	const struct field **fields; /* PATH: all but the last are references */
	size_t fields_count;
};

enum term_kind { TERM_CONSTANT, TERM_AND, TERM_OR, TERM_EQUAL, TERM_ORDER, TERM_AMONG, TERM_ROLES };

/* A part of a checked rule: true or false for every row and caller. */
struct term {
	enum term_kind kind;
	bool negated;		 /* leaves */
	bool constant;		 /* CONSTANT */
	struct term *first, *last; /* AND, OR: the children, at least one */
	struct term *next;
	enum token_kind relation; /* ORDER: LT, LE, GT or GE */
	struct operand left;
	struct operand right; /* EQUAL, ORDER */
	struct value *values; /* AMONG: not null; the left side is a path */
	size_t values_count;
};

struct rule {
	enum rule_use use;
	struct term *root;
	bool names_new;
	bool has_hops;
	uint64_t reads[APP_COLLECTIONS_MAX / 64]; /* the collections that hops lead to */
};

/* Note the first mistake.  Always NULL. */
void *compiler_fail(struct compiler *compiler, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As arena_array(); at the limit a mistake is noted. */
void *compiler_array(struct compiler *compiler, size_t count, size_t size);
/* The beginning of ${str}, whole code points, short enough for an error text. */
struct str compiler_shorten(struct str str);

/* Read the next token into compiler->token. */
bool lexer_next(struct compiler *compiler);
/* The whole text as a tree, or NULL. */
struct node *parser_run(struct compiler *compiler);
/* The typed tree, or NULL; notes in compiler->rule what it names. */
struct term *check_run(struct compiler *compiler, const struct node *node);

/* What an operand is once the caller is known. */
enum bound_kind { BOUND_PATH, BOUND_VALUE, BOUND_ABSENT };

struct bound {
	enum bound_kind kind;
	struct value value;
};

struct bound operand_bind(const struct operand *operand, const struct rule_caller *caller);
/*
 * The answer of an EQUAL or ORDER leaf, `negated` applied, for operands that
 * are values or absent.
 */
bool term_compare(const struct term *term, const struct bound *left, const struct bound *right);
bool term_is_role(const struct term *term, const struct value *value, const struct rule_caller *caller);

enum decision { DECIDED_FALSE, DECIDED_TRUE, UNDECIDED };

/* What the caller alone makes of ${term}. */
enum decision term_decide(const struct term *term, const struct rule_caller *caller);
