#pragma once
/*
 * The inside of rules/: what its files hand to one another.
 *
 *	lexer.c      text -> tokens
 *	parser.c     tokens -> struct node: what was written, with offsets
 *	check.c      struct node -> struct term: typed, in negation normal form
 *	  path.c       names -> columns, references, rows that refer
 *	  unify.c      two sides of a comparison -> one type
 *	  constant.c   arithmetic on constants, durations
 *	  call.c       functions and macros
 *	sql.c        struct term + caller -> a predicate with bound values
 *	  sql_operand.c  the values in it
 *	evaluate.c   struct term + caller + rows -> true or false
 *	decide.c     what the caller alone makes of a struct term
 *	number.c     numbers of different types, compared exactly
 *
 * In struct term a negation stands only at leaves, so that an SQL NULL can
 * only stand where "false" is meant.
 */
#include "rules/rules.h"

enum {
	RULE_DEPTH_MAX = 32,
	RULE_HOPS_MAX = 8,
	RULE_MACRO_DEPTH_MAX = 2,
	RULE_WEIGHT_MAX = 1500, /* what keeps the SQL below SQL_TEXT_SIZE_MAX */
};

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_INT,
	TOKEN_NUMBER, /* with a point or an exponent */
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
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_STAR,
	TOKEN_SLASH,
	TOKEN_PERCENT,
	TOKEN_QUESTION,
	TOKEN_COLON,
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
	struct value value; /* INT, STRING; NUMBER: DECIMAL where it has at most 18 digits, else REAL */
	bool is_huge;	    /* INT: 2^63, which is a number only behind a minus */
};

/* A name that a macro gives to the rows it goes through. */
struct scope {
	struct str name;
	const struct collection *collection;
	unsigned root;
	struct scope *outer;
};

/* One compilation; all its steps return NULL or false after compiler_fail(). */
struct compiler {
	struct arena *arena;
	const struct rules *rules;
	const struct collection *collection;
	enum rule_use use;
	const struct rule_caller *caller; /* of a filter */
	struct str text; /* in the arena */
	struct rule_error *error;
	size_t at;	    /* the lexer's place */
	struct token token; /* the next one, not yet taken */
	size_t end;	    /* of the last one taken */
	size_t terms, depth, macro_depth;
	unsigned roots; /* in use */
	struct scope *scope;
	struct rule *rule;
};

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_CONDITIONAL, /* first ? second : third */
	NODE_COMPARE,
	NODE_IN,
	NODE_CALL,
	NODE_ARITHMETIC,
	NODE_NEGATE,
	NODE_LITERAL,
	NODE_PATH,
	NODE_LIST,
};

/* Something as it was written. */
struct node {
	enum node_kind kind;
	size_t offset;		  /* of its first character */
	struct str text;	  /* all of it */
	enum token_kind relation; /* COMPARE, ARITHMETIC: the operator */
	size_t operator_offset;	  /* ARITHMETIC, CALL: of the operator, of the function's name */
	struct node *first;	  /* its children: operands, items, arguments */
	struct node *next;	  /* its next sibling */
	struct value literal;
	struct token *parts; /* PATH: its names */
	size_t parts_count;
	struct str function; /* CALL */
	bool is_method;	     /* CALL: the first child stood in front of the point */
};

/* The rows that a path can begin at. */
enum { ROOT_RECORD, ROOT_NEW, ROOT_VARIABLES, ROOTS_MAX = ROOT_VARIABLES + RULE_MACRO_DEPTH_MAX + 1 };

enum operand_kind {
	OPERAND_LITERAL,
	OPERAND_AUTH_ID,
	OPERAND_NOW,
	OPERAND_METHOD,
	OPERAND_IP,
	OPERAND_PATH,
	OPERAND_LOWER,
	OPERAND_SIZE,  /* of a text or a list */
	OPERAND_COUNT, /* of the rows of a source */
};

struct source;

struct operand {
	enum operand_kind kind;
	struct value literal;
	enum value_kind as; /* AUTH_ID: what it is converted to */
	int64_t shift_us;   /* NOW: added to it */
	unsigned root;	    /* PATH: the row that it begins at */
	bool as_text;	    /* PATH: an id, compared with a text */
	bool folded;	    /* PATH: the folded form, which is kept beside the text */
	const struct field **fields; /* PATH: all but the last are references */
	size_t fields_count;
	/* PATH of a filter: for each field the rule of its own, or NULL; sights is NULL where there is none. */
	const struct rule **sights;
	const struct operand *of;    /* LOWER, SIZE */
	const struct source *source; /* COUNT */
};

/*
 * Many rows: those that refer to a record, or those that its refs lead to.
 *
 *	topic.comments		owner: topic.id, back: comments.topic
 *	topic.tags		owner: topic.id, field: topics.tags
 */
struct source {
	struct operand owner; /* PATH, to the record's id */
	const struct field *field; /* a ref or refs */
	const struct back_reference *back; /* NULL: the rows that the owner's refs lead to */
	const struct collection *collection; /* of the rows */
	const struct rule *sight; /* of a filter: rows where it is false are not there */
	unsigned root;		  /* what its row is called */
	const struct collection *owner_collection;
	struct str link;	  /* the link table of a refs, or data NULL */
};

enum term_kind {
	TERM_CONSTANT,
	TERM_AND,
	TERM_OR,
	TERM_EQUAL,
	TERM_ORDER,
	TERM_AMONG,
	TERM_ROLES,
	TERM_TEXT,
	TERM_LISTED,
	TERM_EXISTS,
};

enum text_test { TEXT_STARTS, TEXT_ENDS, TEXT_CONTAINS };

/* A part of a checked rule: true or false for every row and caller. */
struct term {
	enum term_kind kind;
	bool negated;		 /* leaves */
	bool constant;		 /* CONSTANT */
	struct term *first, *last; /* AND, OR: the children, at least one */
	struct term *next;
	enum token_kind relation; /* ORDER: LT, LE, GT or GE */
	enum text_test test;	  /* TEXT */
	struct operand left;
	struct operand right; /* EQUAL, ORDER, TEXT; LISTED: the list */
	struct operand range_end; /* TEXT that starts with a literal: the first text behind, or null */
	struct value *values; /* AMONG: not null; the left side is a path */
	size_t values_count;
	const struct source *source; /* EXISTS */
	const struct term *inner;    /* EXISTS: what one of the rows must be */
	bool only_id;		     /* EXISTS: of its rows only the id is looked at */
};

struct rule {
	enum rule_use use;
	struct term *root;
	bool names_record; /* as it is before a write */
	bool names_new;
	bool names_auth;
	bool names_request;
	bool names_now;
	bool has_hops;
	unsigned weight;
	uint64_t reads[APP_COLLECTIONS_MAX / 64]; /* the collections that it leads to */
};

/* Note the first mistake.  Always NULL. */
void *compiler_fail(struct compiler *compiler, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As arena_array(); at the limit a mistake is noted. */
void *compiler_array(struct compiler *compiler, size_t count, size_t size);
/* One more term; false where they are too many. */
bool compiler_count(struct compiler *compiler, size_t offset);
/* The beginning of ${str}, whole code points, short enough for an error text. */
struct str compiler_shorten(struct str str);

/* Read the next token into compiler->token. */
bool lexer_next(struct compiler *compiler);
/* The whole text as a tree, or NULL. */
struct node *parser_run(struct compiler *compiler);
/* The typed tree, or NULL; notes in compiler->rule what it names. */
struct term *check_run(struct compiler *compiler, const struct node *node);

/* --- rule.c --- */

/* The compiler's text as a tree, or NULL. */
const struct node *compiler_parse(struct compiler *compiler);
/* A rule of its own out of ${node}, which may be a part of that tree; or NULL. */
const struct rule *compiler_check(struct compiler *compiler, const struct node *node);

/* What an operand is once the caller is known. */
enum bound_kind {
	BOUND_OPEN, /* a row is needed, or some computing */
	BOUND_VALUE,
	BOUND_ABSENT,
};

struct bound {
	enum bound_kind kind;
	struct value value;
};

struct bound operand_bind(const struct operand *operand, const struct rule_caller *caller);
bool operand_is_null_literal(const struct operand *operand);
/* The kind of its values, null apart; ${ret_scale} of decimals. */
enum value_kind operand_values(const struct operand *operand, unsigned *ret_scale);
/* Can its value be null, or absent? */
bool operand_is_nullable(const struct operand *operand);

/*
 * The answer of an EQUAL, ORDER or TEXT leaf, `negated` applied, for operands
 * that are values or absent.
 */
bool term_compare(const struct term *term, const struct bound *left, const struct bound *right);
bool term_is_role(const struct term *term, const struct value *value, const struct rule_caller *caller);

enum decision { DECIDED_FALSE, DECIDED_TRUE, UNDECIDED };

/* What the caller alone makes of ${term}. */
enum decision term_decide(const struct term *term, const struct rule_caller *caller);
