#pragma once
/* The inside of the property test: a drawn world, a drawn rule, and the model that answers it. */
#include "rules/rules_property.h"

struct dice {
	uint64_t state;
};

uint64_t dice_next(struct dice *dice);
/* 0 to ${sides} - 1 */
size_t dice_roll(struct dice *dice, size_t sides);
bool dice_percent(struct dice *dice, unsigned percent);

enum { WORLD_ROWS = 6, WORLD_APPS = 2 };

extern const char *const world_apps[WORLD_APPS]; /* as caisson.yaml has them */
/* Does the rule of ${field} ask for the caller alone?  Who may not see it has no such field. */
bool world_is_for_caller(const struct field *field);
extern const char *const world_uuids[WORLD_ROWS];

/* An app's rows; rows[collection.index] is WORLD_ROWS rows of columns_count values. */
struct world {
	const struct app *app;
	struct rules rules;
	struct value **rows;
	struct arena *arena;
	struct dice *dice;
};

struct value *world_row(const struct world *world, const struct collection *collection, size_t row);
/* The row of ${id}, or NULL. */
const struct value *world_find(
    const struct world *world, const struct collection *collection, const struct value *id);
/* Rows of hostile values, here and in the engine. */
void world_draw_rows(struct world *world, const struct property_engine *engine);
/* A value that a column could have; never null. */
struct value world_draw_value(struct world *world, const struct field *field);
/* The folded form of a text. */
struct value world_fold(const struct world *world, struct value value);
/* A number as a constant, with more digits than any column, or fewer. */
struct value world_draw_number(struct dice *dice);

enum drawn_operand_kind {
	DRAWN_PATH,
	DRAWN_LITERAL,
	DRAWN_AUTH_ID,
	DRAWN_NOW,
	DRAWN_METHOD,
	DRAWN_IP,
	DRAWN_LOWER,
	DRAWN_SIZE,
	DRAWN_COUNT,
	DRAWN_CHOSEN, /* condition ? yes : no */
};

struct drawn;

enum { PATH_FIELDS_MAX = 4, VARIABLES_MAX = 2 };
/* The rows that a path begins at. */
enum { FROM_RECORD, FROM_NEW, FROM_VARIABLES };

/* A rule as it was drawn. */
struct drawn_operand {
	enum drawn_operand_kind kind;
	struct value literal;
	int64_t shift_us; /* NOW */
	/* PATH, COUNT: the last field may be a refs; behind the fields there may be a back reference. */
	unsigned from;
	const struct collection *start; /* that the first field belongs to */
	const struct field *fields[PATH_FIELDS_MAX];
	size_t fields_count;
	const struct back_reference *back;
	struct drawn_operand *of;  /* LOWER, SIZE; CHOSEN: yes */
	struct drawn_operand *no;  /* CHOSEN */
	struct drawn *condition;   /* CHOSEN */
};

enum drawn_kind {
	DRAWN_CONSTANT,
	DRAWN_AND,
	DRAWN_OR,
	DRAWN_NOT,
	DRAWN_CHOICE, /* of conditions: three children */
	DRAWN_COMPARE,
	DRAWN_IN,
	DRAWN_IN_ROLES,
	DRAWN_TEXT,
	DRAWN_LISTED, /* right[0] is a list */
	DRAWN_MEMBER, /* right[0] stands for rows */
	DRAWN_EXISTS, /* left stands for rows */
	DRAWN_ALL,
	DRAWN_HAS,
	DRAWN_BARE,
};

enum { DRAWN_CHILDREN_MAX = 3 };

struct drawn {
	enum drawn_kind kind;
	bool constant;
	const char *relation; /* COMPARE; TEXT: the function */
	struct drawn_operand left;
	struct drawn_operand right[DRAWN_CHILDREN_MAX]; /* IN: the list */
	struct drawn *children[DRAWN_CHILDREN_MAX];
	size_t count;	   /* of children, or of right */
	unsigned variable; /* EXISTS, ALL: its rows as FROM_VARIABLES + n */
};

struct drawn *drawn_new(struct world *world, const struct collection *collection, enum rule_use use);
/* Its text, with parentheses, spaces and escapes as the dice fall. */
void drawn_write(struct world *world, const struct drawn *drawn, struct buf *buf);

/* What the model looks at, and what it met. */
struct model {
	const struct world *world;
	const struct rule_caller *caller;
	const struct value *from[FROM_VARIABLES + VARIABLES_MAX];
	bool is_filter; /* hops see what the caller may read */
	bool met_null, met_absent;
	bool met_hidden; /* a field that the caller may not name */
};

bool model_answer(struct model *model, const struct drawn *drawn);
/* Does ${drawn} name a field that is not there for the caller? */
bool model_is_unknown(const struct model *model, const struct drawn *drawn);
/* struct rule_rows over a world. */
struct rule_rows world_rows(
    const struct world *world, const struct value *record, const struct value *new_record);
/* Does the JSON list ${ids} of a refs field have ${id}? */
bool world_has_id(const struct value *ids, const struct value *id);

/* As a rule has it. */
void property_write_real(double real, struct buf *buf);
