/* Rules drawn from the grammar, typed.  Their text: rules_property_write.c. */
#include <stdlib.h>
#include <string.h>

#include "rules/rules_property_internal.h"

/* What compares with what. */
enum class {
	CLASS_BOOL,
	CLASS_INT,
	CLASS_FLOAT,
	CLASS_DECIMAL,
	CLASS_TEXT,
	CLASS_TIME,
	CLASS_DATE,
	CLASS_ENUM,
	CLASS_UUID,
	CLASS_INT_ID,
	CLASS_LIST,
	CLASS_JSON,
	CLASS_REFS,
};

/* What may be named where the dice fall. */
struct drawing {
	struct world *world;
	const struct collection *collection;
	enum rule_use use;
	const struct collection *variables[VARIABLES_MAX];
	unsigned variables_count;
	int choices; /* still allowed */
};

static struct drawn *draw(struct drawing *drawing, int depth);
static void draw_operand(struct drawing *drawing, struct drawn_operand *ret);

static struct dice *
dice_of(struct drawing *drawing)
{
	return drawing->world->dice;
}

static void *
keep(struct drawing *drawing, const void *thing, size_t size)
{
	void *copy = arena_new(drawing->world->arena, size);

	if (copy == NULL)
		abort();
	return memcpy(copy, thing, size);
}

static enum class
class_of_field(const struct field *field)
{
	switch (field->type) {
	case FIELD_BOOL:
		return CLASS_BOOL;
	case FIELD_FLOAT:
		return CLASS_FLOAT;
	case FIELD_DECIMAL:
		return CLASS_DECIMAL;
	case FIELD_TIME:
		return CLASS_TIME;
	case FIELD_DATE:
		return CLASS_DATE;
	case FIELD_ENUM:
		return CLASS_ENUM;
	case FIELD_LIST:
		return CLASS_LIST;
	case FIELD_JSON:
		return CLASS_JSON;
	case FIELD_REFS:
		return CLASS_REFS;
	default:
		break;
	}
	switch (field_value_kind(field)) {
	case VALUE_UUID:
		return CLASS_UUID;
	case VALUE_INT:
		return field->type == FIELD_REF || field->column == COLUMN_ID ? CLASS_INT_ID : CLASS_INT;
	default:
		return CLASS_TEXT;
	}
}

static const struct field *
last_field(const struct drawn_operand *path)
{
	return path->fields[path->fields_count - 1];
}

static enum class
class_of(const struct drawn_operand *operand)
{
	switch (operand->kind) {
	case DRAWN_PATH:
		return class_of_field(last_field(operand));
	case DRAWN_SIZE:
	case DRAWN_COUNT:
		return CLASS_INT;
	case DRAWN_NOW:
		return CLASS_TIME;
	case DRAWN_CHOSEN:
		return class_of(operand->of);
	default:
		return CLASS_TEXT;
	}
}

static bool
is_id(enum class class)
{
	return class == CLASS_UUID || class == CLASS_INT_ID;
}

static bool
is_number(enum class class)
{
	return class == CLASS_INT || class == CLASS_FLOAT || class == CLASS_DECIMAL;
}

static bool
compares(enum class a, enum class b, bool is_order)
{
	if (a >= CLASS_LIST || b >= CLASS_LIST || (is_order && (a == CLASS_ENUM || b == CLASS_ENUM)))
		return false;
	if (a == b)
		return true;
	if (is_number(a) && is_number(b))
		return a == CLASS_INT || b == CLASS_INT;
	if (is_order || (a != CLASS_TEXT && b != CLASS_TEXT))
		return false;
	return is_id(a) || is_id(b) || a == CLASS_ENUM || b == CLASS_ENUM;
}

/* --- paths ---------------------------------------------------------------- */

/* A row to begin at: inside a macro mostly its own. */
static const struct collection *
draw_start(struct drawing *drawing, struct drawn_operand *ret)
{
	struct dice *dice = dice_of(drawing);

	*ret = (struct drawn_operand){ .kind = DRAWN_PATH, .start = drawing->collection };
	if (drawing->variables_count > 0 && dice_percent(dice, 70)) {
		size_t variable = dice_roll(dice, drawing->variables_count);

		ret->from = FROM_VARIABLES + (unsigned)variable;
		ret->start = drawing->variables[variable];
	} else if (drawing->use == RULE_USE_CREATE ||
		   (drawing->use == RULE_USE_UPDATE && dice_percent(dice, 50))) {
		ret->from = FROM_NEW;
	}
	return ret->start;
}

/* A path to a value. */
static void
draw_path(struct drawing *drawing, struct drawn_operand *ret)
{
	const struct collection *collection = draw_start(drawing, ret);

	for (;;) {
		const struct field *field =
		    &collection->columns[dice_roll(dice_of(drawing), collection->columns_count)];

		if (field->type == FIELD_REFS)
			continue;
		ret->fields[ret->fields_count++] = field;
		if (field->type != FIELD_REF || ret->fields_count == PATH_FIELDS_MAX ||
		    dice_percent(dice_of(drawing), 30))
			return;
		collection = field->to;
	}
}

/* Of what follows a path to ${collection} and stands for rows; false where there is nothing. */
static bool
draw_last_rows(struct drawing *drawing, const struct collection *collection, struct drawn_operand *ret)
{
	size_t refs_count = 0, roll;

	for (size_t i = 0; i < collection->columns_count; i++)
		refs_count += collection->columns[i].type == FIELD_REFS;
	if (refs_count + collection->backs_count == 0)
		return false;
	roll = dice_roll(dice_of(drawing), refs_count + collection->backs_count);
	if (roll >= refs_count) {
		ret->back = &collection->backs[roll - refs_count];
		return true;
	}
	for (size_t i = 0; i < collection->columns_count; i++)
		if (collection->columns[i].type == FIELD_REFS && roll-- == 0)
			ret->fields[ret->fields_count++] = &collection->columns[i];
	return true;
}

/* A path to rows, with hops where the dice say so. */
static bool
draw_rows(struct drawing *drawing, struct drawn_operand *ret)
{
	for (int tries = 0; tries < 10; tries++) {
		const struct collection *collection = draw_start(drawing, ret);

		for (int hops = 0; hops < 2 && dice_percent(dice_of(drawing), 40); hops++) {
			const struct field *field =
			    &collection->columns[dice_roll(dice_of(drawing), collection->columns_count)];

			if (field->type != FIELD_REF)
				break;
			ret->fields[ret->fields_count++] = field;
			collection = field->to;
		}
		if (draw_last_rows(drawing, collection, ret)) {
			ret->kind = DRAWN_COUNT;
			return true;
		}
	}
	return false;
}

/* A path of ${class}, or false where the dice find none. */
static bool
draw_path_of(struct drawing *drawing, enum class class, struct drawn_operand *ret)
{
	for (int tries = 0; tries < 30; tries++) {
		draw_path(drawing, ret);
		if (class_of(ret) == class)
			return true;
	}
	return false;
}

/* --- values ---------------------------------------------------------------- */

static void
draw_literal(struct drawing *drawing, const struct drawn_operand *like, struct drawn_operand *ret)
{
	struct dice *dice = dice_of(drawing);
	enum class class = class_of(like);

	*ret = (struct drawn_operand){ .kind = DRAWN_LITERAL };
	while (like->kind == DRAWN_CHOSEN)
		like = like->of;
	if (class >= CLASS_LIST || dice_percent(dice, 8))
		return;
	if (is_number(class) && dice_percent(dice, 60))
		ret->literal = world_draw_number(dice);
	else if (like->kind == DRAWN_PATH)
		ret->literal = world_draw_value(drawing->world, last_field(like));
	else if (class == CLASS_INT)
		ret->literal = value_int((int64_t)dice_roll(dice, 4));
	else if (class == CLASS_TEXT)
		ret->literal = world_draw_value(drawing->world, &(struct field){ .type = FIELD_TEXT, .column = 99 });
}

static void
draw_now(struct dice *dice, struct drawn_operand *ret)
{
	static const int64_t shifts[] = { 0, 1, -1, INT64_C(3600000000), -INT64_C(86400000000),
		INT64_C(9000000000000000000), -INT64_C(9000000000000000000) };

	*ret = (struct drawn_operand){ .kind = DRAWN_NOW, .shift_us = shifts[dice_roll(dice, COUNT(shifts))] };
}

/* Something of the caller or the request that compares with ${class}. */
static bool
draw_given(struct drawing *drawing, enum class class, struct drawn_operand *ret)
{
	static const enum drawn_operand_kind texts[] = { DRAWN_AUTH_ID, DRAWN_AUTH_ID, DRAWN_METHOD, DRAWN_IP };
	struct dice *dice = dice_of(drawing);

	*ret = (struct drawn_operand){ 0 };
	if (class == CLASS_TIME)
		draw_now(dice, ret);
	else if (is_id(class))
		ret->kind = DRAWN_AUTH_ID;
	else if (class == CLASS_TEXT)
		ret->kind = texts[dice_roll(dice, COUNT(texts))];
	else
		return false;
	return true;
}

static void
draw_chosen(struct drawing *drawing, struct drawn_operand *ret)
{
	struct drawn_operand no;

	/* A literal of these is converted by what stands beside it, which may be of another class. */
	if (class_of(ret) == CLASS_INT_ID || class_of(ret) == CLASS_TEXT || class_of(ret) == CLASS_ENUM)
		no = *ret;
	else
		draw_literal(drawing, ret, &no);
	for (int tries = class_of(ret) == CLASS_ENUM ? 5 : 0; tries < 5; tries++) {
		struct drawn_operand other;

		draw_path(drawing, &other);
		if (class_of(&other) == class_of(ret)) {
			no = other;
			break;
		}
	}
	*ret = (struct drawn_operand){
		.kind = DRAWN_CHOSEN,
		.of = keep(drawing, ret, sizeof(*ret)),
		.no = keep(drawing, &no, sizeof(no)),
		.condition = draw(drawing, 0),
	};
}

static void
wrap(struct drawing *drawing, enum drawn_operand_kind kind, struct drawn_operand *operand)
{
	*operand = (struct drawn_operand){ .kind = kind, .of = keep(drawing, operand, sizeof(*operand)) };
}

/* A text: a path, in lower case or not, or something given. */
static void
draw_text(struct drawing *drawing, struct drawn_operand *ret)
{
	if (dice_percent(dice_of(drawing), 25) || !draw_path_of(drawing, CLASS_TEXT, ret))
		draw_given(drawing, CLASS_TEXT, ret);
	if (dice_percent(dice_of(drawing), 25))
		wrap(drawing, DRAWN_LOWER, ret);
	else if (drawing->choices > 0 && dice_percent(dice_of(drawing), 10)) {
		drawing->choices--;
		draw_chosen(drawing, ret);
	}
}

/* A value that is no constant. */
static void
draw_operand(struct drawing *drawing, struct drawn_operand *ret)
{
	size_t roll = dice_roll(dice_of(drawing), 100);

	draw_path(drawing, ret);
	if (roll < 8 && draw_rows(drawing, ret))
		return;
	if (roll < 8)
		draw_path(drawing, ret);
	if (roll < 14 && draw_path_of(drawing, roll < 11 ? CLASS_TEXT : CLASS_LIST, ret))
		wrap(drawing, DRAWN_SIZE, ret);
	else if (roll < 20 && roll >= 14 && draw_path_of(drawing, CLASS_TEXT, ret))
		wrap(drawing, DRAWN_LOWER, ret);
	else if (roll > 92 && drawing->choices > 0 && class_of(ret) < CLASS_LIST) {
		drawing->choices--;
		draw_chosen(drawing, ret);
	}
}

static bool
is_folded(const struct drawn_operand *operand)
{
	return operand->kind == DRAWN_LOWER && operand->of->kind == DRAWN_PATH && last_field(operand->of)->fold;
}

/* lower() of a folded field wants another one, or a constant, or no lower(). */
static bool
folds_alike(const struct drawn_operand *a, const struct drawn_operand *b)
{
	if (a->kind == DRAWN_CHOSEN)
		return folds_alike(a->of, b) && folds_alike(a->no, b);
	if (b->kind == DRAWN_CHOSEN)
		return folds_alike(b->of, a) && folds_alike(b->no, a);
	return is_folded(a) == is_folded(b) || (a->kind != DRAWN_LOWER || b->kind != DRAWN_LOWER);
}

/* Something that compares with ${operand}. */
static void
draw_partner(struct drawing *drawing, const struct drawn_operand *operand, bool is_order,
    struct drawn_operand *ret)
{
	enum class class = class_of(operand);

	if (dice_percent(dice_of(drawing), 50) && draw_given(drawing, class, ret))
		return;
	for (int tries = dice_percent(dice_of(drawing), 40) ? 20 : 0; tries > 0; tries--) {
		draw_operand(drawing, ret);
		if (compares(class, class_of(ret), is_order) && folds_alike(operand, ret))
			return;
	}
	draw_literal(drawing, operand, ret);
	if (ret->literal.kind == VALUE_TEXT && class == CLASS_TEXT && dice_percent(dice_of(drawing), 50))
		wrap(drawing, DRAWN_LOWER, ret);
}

/* --- leaves ------------------------------------------------------------------ */

static void
swap(struct drawn_operand *a, struct drawn_operand *b)
{
	struct drawn_operand kept = *a;

	*a = *b;
	*b = kept;
}

static void
draw_compare(struct drawing *drawing, struct drawn *ret)
{
	static const char *const operators[] = { "==", "!=", "<", "<=", ">", ">=" };
	enum class class;

	ret->kind = DRAWN_COMPARE;
	draw_operand(drawing, &ret->left);
	class = class_of(&ret->left);
	ret->relation = operators[dice_roll(
	    dice_of(drawing), class == CLASS_ENUM || class >= CLASS_LIST ? 2 : COUNT(operators))];
	draw_partner(drawing, &ret->left, strchr("<>", ret->relation[0]) != NULL, &ret->right[0]);
	if (dice_percent(dice_of(drawing), 30))
		swap(&ret->left, &ret->right[0]);
}

static void
draw_in(struct drawing *drawing, struct drawn *ret)
{
	ret->kind = DRAWN_IN;
	do
		draw_operand(drawing, &ret->left);
	while (class_of(&ret->left) >= CLASS_LIST);
	ret->count = dice_roll(dice_of(drawing), DRAWN_CHILDREN_MAX + 1);
	for (size_t i = 0; i < ret->count; i++)
		draw_partner(drawing, &ret->left, false, &ret->right[i]);
}

static void
draw_roles(struct drawing *drawing, struct drawn *ret)
{
	static const char *const roles[] = { "editor", "", "\xc3\x9f", "admin" };

	ret->kind = DRAWN_IN_ROLES;
	if (dice_percent(dice_of(drawing), 30) && draw_path_of(drawing, CLASS_ENUM, &ret->left))
		return;
	if (dice_percent(dice_of(drawing), 70)) {
		draw_text(drawing, &ret->left);
		return;
	}
	ret->left = (struct drawn_operand){ .kind = DRAWN_LITERAL };
	ret->left.literal = value_text(str_from(roles[dice_roll(dice_of(drawing), COUNT(roles))]));
}

static void
draw_constant(struct drawing *drawing, struct drawn *ret)
{
	*ret = (struct drawn){ .kind = DRAWN_CONSTANT, .constant = dice_percent(dice_of(drawing), 50) };
}

/* A bool column alone, or a constant where none was found. */
static void
draw_bare(struct drawing *drawing, struct drawn *ret)
{
	ret->kind = DRAWN_BARE;
	if (!draw_path_of(drawing, CLASS_BOOL, &ret->left))
		draw_constant(drawing, ret);
}

static void
draw_has(struct drawing *drawing, struct drawn *ret)
{
	ret->kind = DRAWN_HAS;
	draw_path(drawing, &ret->left);
	if (dice_percent(dice_of(drawing), 25))
		draw_given(drawing, CLASS_TEXT, &ret->left);
}

static void
draw_text_test(struct drawing *drawing, struct drawn *ret)
{
	static const char *const tests[] = { "startsWith", "endsWith", "contains" };

	ret->kind = DRAWN_TEXT;
	ret->relation = tests[dice_roll(dice_of(drawing), COUNT(tests))];
	draw_text(drawing, &ret->left);
	ret->right[0] = ret->left;
	if (dice_percent(dice_of(drawing), 40))
		do
			draw_text(drawing, &ret->right[0]);
		while (!folds_alike(&ret->left, &ret->right[0]));
	else
		do
			draw_literal(drawing, &ret->left, &ret->right[0]);
		while (ret->right[0].literal.kind != VALUE_TEXT);
}

/* What stands in front of "in" a list of ${of}. */
static void
draw_item(struct drawing *drawing, const struct drawn_operand *list, struct drawn_operand *ret)
{
	static const enum class classes[FIELD_TYPE_COUNT] = {
		[FIELD_TEXT] = CLASS_TEXT, [FIELD_INT] = CLASS_INT, [FIELD_FLOAT] = CLASS_FLOAT, [FIELD_BOOL] = CLASS_BOOL
	};
	struct field like = { .type = last_field(list)->of, .column = 99 };
	struct drawn_operand item = { .kind = DRAWN_PATH, .fields = { &like }, .fields_count = 1 };

	if (dice_percent(dice_of(drawing), 50) && draw_path_of(drawing, classes[like.type], ret))
		return;
	if (like.type == FIELD_TEXT && dice_percent(dice_of(drawing), 30))
		draw_text(drawing, ret);
	else
		draw_literal(drawing, &item, ret);
}

static void
draw_listed(struct drawing *drawing, struct drawn *ret)
{
	ret->kind = DRAWN_LISTED;
	if (draw_path_of(drawing, CLASS_LIST, &ret->right[0]))
		draw_item(drawing, &ret->right[0], &ret->left);
	else
		draw_constant(drawing, ret);
}

static const struct collection *
rows_collection(const struct drawn_operand *rows)
{
	return rows->back != NULL ? rows->back->from : last_field(rows)->to;
}

static void
draw_member(struct drawing *drawing, struct drawn *ret)
{
	struct drawn_operand id = { .kind = DRAWN_PATH, .fields_count = 1 };

	ret->kind = DRAWN_MEMBER;
	if (!draw_rows(drawing, &ret->right[0])) {
		draw_constant(drawing, ret);
		return;
	}
	id.fields[0] = &rows_collection(&ret->right[0])->columns[COLUMN_ID];
	draw_partner(drawing, &id, false, &ret->left);
}

static void
draw_macro(struct drawing *drawing, int depth, struct drawn *ret)
{
	ret->kind = dice_percent(dice_of(drawing), 60) ? DRAWN_EXISTS : DRAWN_ALL;
	if (drawing->variables_count == VARIABLES_MAX || !draw_rows(drawing, &ret->left)) {
		draw_constant(drawing, ret);
		return;
	}
	ret->variable = FROM_VARIABLES + drawing->variables_count;
	drawing->variables[drawing->variables_count++] = rows_collection(&ret->left);
	ret->children[0] = draw(drawing, depth < 1 ? depth : 1);
	drawing->variables_count--;
}

static void
draw_leaf(struct drawing *drawing, int depth, struct drawn *ret)
{
	size_t roll = dice_roll(dice_of(drawing), 100);

	if (roll < 40)
		draw_compare(drawing, ret);
	else if (roll < 50)
		draw_in(drawing, ret);
	else if (roll < 55)
		draw_roles(drawing, ret);
	else if (roll < 60)
		draw_bare(drawing, ret);
	else if (roll < 66)
		draw_has(drawing, ret);
	else if (roll < 76)
		draw_text_test(drawing, ret);
	else if (roll < 81)
		draw_listed(drawing, ret);
	else if (roll < 88)
		draw_member(drawing, ret);
	else
		draw_macro(drawing, depth, ret);
}

static struct drawn *
draw(struct drawing *drawing, int depth)
{
	static const enum drawn_kind kinds[] = { DRAWN_AND, DRAWN_OR, DRAWN_NOT, DRAWN_AND, DRAWN_OR, DRAWN_NOT,
		DRAWN_CHOICE };
	static const size_t counts[] = {
		[DRAWN_AND] = 2, [DRAWN_OR] = 2, [DRAWN_NOT] = 1, [DRAWN_CHOICE] = 3
	};
	struct drawn *drawn = keep(drawing, &(struct drawn){ 0 }, sizeof(*drawn));

	if (depth == 0 || dice_percent(dice_of(drawing), 35)) {
		draw_leaf(drawing, depth, drawn);
		return drawn;
	}
	drawn->kind = kinds[dice_roll(dice_of(drawing), COUNT(kinds))];
	drawn->count = counts[drawn->kind];
	drawn->count += drawn->count == 2 ? dice_roll(dice_of(drawing), 2) : 0;
	for (size_t i = 0; i < drawn->count; i++)
		drawn->children[i] = draw(drawing, drawn->kind == DRAWN_CHOICE ? 0 : depth - 1);
	return drawn;
}

struct drawn *
drawn_new(struct world *world, const struct collection *collection, enum rule_use use)
{
	struct drawing drawing = { .world = world, .collection = collection, .use = use, .choices = 2 };

	return draw(&drawing, 3);
}
