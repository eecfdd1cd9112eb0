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

enum { WORLD_ROWS = 6 };

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
/* A value that a column could have; never null. */
struct value world_draw_value(struct world *world, const struct field *field);

/* A rule as it was drawn. */
struct drawn_operand {
	bool is_literal, is_auth_id; /* else a path */
	struct value literal;
	bool is_new;
	const struct field *fields[4];
	size_t fields_count;
};

enum drawn_kind {
	DRAWN_CONSTANT,
	DRAWN_AND,
	DRAWN_OR,
	DRAWN_NOT,
	DRAWN_COMPARE,
	DRAWN_IN,
	DRAWN_IN_ROLES,
	DRAWN_HAS,
	DRAWN_BARE,
};

enum { DRAWN_CHILDREN_MAX = 3 };

struct drawn {
	enum drawn_kind kind;
	bool constant;
	const char *relation; /* COMPARE */
	struct drawn_operand left;
	struct drawn_operand right[DRAWN_CHILDREN_MAX]; /* IN: the list */
	struct drawn *children[DRAWN_CHILDREN_MAX];
	size_t count; /* of children, or of right */
};

struct drawn *drawn_new(struct world *world, const struct collection *collection, enum rule_use use);
/* Its text, with parentheses, spaces and escapes as the dice fall. */
void drawn_write(struct world *world, const struct drawn *drawn, struct buf *buf);

/* What the model looks at, and what it met. */
struct model {
	const struct world *world;
	const struct rule_caller *caller;
	const struct value *record, *new_record;
	bool is_filter; /* hops see what the caller may read */
	bool met_null, met_absent;
};

bool model_answer(struct model *model, const struct drawn *drawn);
/* struct rule_rows.hop over a world. */
enum err world_hop(void *world, const struct collection *collection, const struct value *id,
    const struct value **ret);
