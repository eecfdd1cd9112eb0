/* Rules drawn from the grammar, typed, and their text. */
#include <stdlib.h>
#include <string.h>

#include "codec/time.h"
#include "rules/rules_property_internal.h"

/* What compares with what. */
enum class { CLASS_BOOL, CLASS_INT, CLASS_TEXT, CLASS_TIME, CLASS_ENUM, CLASS_UUID, CLASS_INT_ID };

static enum class
class_of(const struct field *field)
{
	switch (field_value_kind(field)) {
	case VALUE_BOOL:
		return CLASS_BOOL;
	case VALUE_TIME:
		return CLASS_TIME;
	case VALUE_UUID:
		return CLASS_UUID;
	case VALUE_INT:
		return field->type == FIELD_REF || field->column == COLUMN_ID ? CLASS_INT_ID : CLASS_INT;
	default:
		return field->type == FIELD_ENUM ? CLASS_ENUM : CLASS_TEXT;
	}
}

static bool
is_id(enum class class)
{
	return class == CLASS_UUID || class == CLASS_INT_ID;
}

static bool
compares(enum class a, enum class b, bool is_order)
{
	if (is_order && (a == CLASS_ENUM || b == CLASS_ENUM))
		return false;
	if (a == b)
		return true;
	if (is_order || (a != CLASS_TEXT && b != CLASS_TEXT))
		return false;
	return is_id(a) || is_id(b) || a == CLASS_ENUM || b == CLASS_ENUM;
}

static const struct field *
last_field(const struct drawn_operand *path)
{
	return path->fields[path->fields_count - 1];
}

static void
draw_path(struct world *world, const struct collection *collection, enum rule_use use,
    struct drawn_operand *ret)
{
	const size_t hops_max = COUNT(ret->fields) - 1;

	*ret = (struct drawn_operand){ 0 };
	ret->is_new = use == RULE_USE_CREATE ||
	    (use == RULE_USE_UPDATE && dice_percent(world->dice, 50));
	for (;;) {
		const struct field *field =
		    &collection->columns[dice_roll(world->dice, collection->columns_count)];

		ret->fields[ret->fields_count++] = field;
		if (field->type != FIELD_REF || ret->fields_count > hops_max ||
		    dice_percent(world->dice, 30))
			return;
		collection = field->to;
	}
}

static void
draw_literal(struct world *world, const struct field *field, struct drawn_operand *ret)
{
	*ret = (struct drawn_operand){ .is_literal = true };
	if (!dice_percent(world->dice, 12))
		ret->literal = world_draw_value(world, field);
}

/* Something that compares with ${path}. */
static void
draw_partner(struct world *world, const struct collection *collection, enum rule_use use,
    const struct drawn_operand *path, bool is_order, struct drawn_operand *ret)
{
	enum class class = class_of(last_field(path));

	if ((is_id(class) || class == CLASS_TEXT) &&
	    dice_percent(world->dice, 60)) {
		*ret = (struct drawn_operand){ .is_auth_id = true };
		return;
	}
	for (int tries = dice_percent(world->dice, 40) ? 20 : 0; tries > 0; tries--) {
		draw_path(world, collection, use, ret);
		if (compares(class, class_of(last_field(ret)), is_order))
			return;
	}
	draw_literal(world, last_field(path), ret);
}

static void
swap(struct drawn_operand *a, struct drawn_operand *b)
{
	struct drawn_operand kept = *a;

	*a = *b;
	*b = kept;
}

static void
draw_compare(struct world *world, const struct collection *collection, enum rule_use use,
    struct drawn *ret)
{
	static const char *const operators[] = { "==", "!=", "<", "<=", ">", ">=" };

	ret->kind = DRAWN_COMPARE;
	draw_path(world, collection, use, &ret->left);
	ret->relation = operators[dice_roll(
	    world->dice, class_of(last_field(&ret->left)) == CLASS_ENUM ? 2 : COUNT(operators))];
	draw_partner(
	    world, collection, use, &ret->left, strchr("<>", ret->relation[0]) != NULL, &ret->right[0]);
	if (dice_percent(world->dice, 30))
		swap(&ret->left, &ret->right[0]);
}

static void
draw_in(struct world *world, const struct collection *collection, enum rule_use use,
    struct drawn *ret)
{
	ret->kind = DRAWN_IN;
	draw_path(world, collection, use, &ret->left);
	ret->count = dice_roll(world->dice, DRAWN_CHILDREN_MAX + 1);
	for (size_t i = 0; i < ret->count; i++)
		draw_partner(world, collection, use, &ret->left, false, &ret->right[i]);
}

static void
draw_roles(struct world *world, const struct collection *collection, enum rule_use use,
    struct drawn *ret)
{
	static const char *const roles[] = { "editor", "", "\xc3\x9f", "admin" };
	enum class class;

	ret->kind = DRAWN_IN_ROLES;
	for (int tries = 0; tries < 10; tries++) {
		draw_path(world, collection, use, &ret->left);
		class = class_of(last_field(&ret->left));
		if (class == CLASS_TEXT || class == CLASS_ENUM)
			return;
	}
	ret->left = (struct drawn_operand){ .is_literal = true };
	ret->left.literal = value_text(str_from(roles[dice_roll(world->dice, COUNT(roles))]));
}

/* A bool column alone, or a constant where none was found. */
static void
draw_bare(struct world *world, const struct collection *collection, enum rule_use use,
    struct drawn *ret)
{
	ret->kind = DRAWN_BARE;
	for (int tries = 0; tries < 10; tries++) {
		draw_path(world, collection, use, &ret->left);
		if (class_of(last_field(&ret->left)) == CLASS_BOOL)
			return;
	}
	ret->kind = DRAWN_CONSTANT;
	ret->constant = dice_percent(world->dice, 50);
}

static void
draw_has(struct world *world, const struct collection *collection, enum rule_use use,
    struct drawn *ret)
{
	ret->kind = DRAWN_HAS;
	draw_path(world, collection, use, &ret->left);
	if (dice_percent(world->dice, 25))
		ret->left = (struct drawn_operand){ .is_auth_id = true };
}

static void
draw_leaf(struct world *world, const struct collection *collection, enum rule_use use,
    struct drawn *ret)
{
	size_t roll = dice_roll(world->dice, 100);

	if (roll < 55)
		draw_compare(world, collection, use, ret);
	else if (roll < 70)
		draw_in(world, collection, use, ret);
	else if (roll < 80)
		draw_roles(world, collection, use, ret);
	else if (roll < 90)
		draw_bare(world, collection, use, ret);
	else
		draw_has(world, collection, use, ret);
}

static struct drawn *
draw(struct world *world, const struct collection *collection, enum rule_use use, int depth)
{
	struct drawn *drawn = arena_new(world->arena, sizeof(*drawn));

	if (drawn == NULL)
		abort();
	if (depth == 0 || dice_percent(world->dice, 35)) {
		draw_leaf(world, collection, use, drawn);
		return drawn;
	}
	drawn->kind = DRAWN_AND + (enum drawn_kind)dice_roll(world->dice, 3);
	drawn->count = drawn->kind == DRAWN_NOT ? 1 : 2 + dice_roll(world->dice, 2);
	for (size_t i = 0; i < drawn->count; i++)
		drawn->children[i] = draw(world, collection, use, depth - 1);
	return drawn;
}

struct drawn *
drawn_new(struct world *world, const struct collection *collection, enum rule_use use)
{
	return draw(world, collection, use, 3);
}

/* The character that begins at ${rest}; returns its size. */
static size_t
write_character(struct dice *dice, const unsigned char *rest, char quote, struct buf *buf)
{
	static const uint32_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	size_t size = rest[0] < 0x80 ? 1 : rest[0] < 0xe0 ? 2 : rest[0] < 0xf0 ? 3 : 4;
	uint32_t code = rest[0] & masks[size];

	for (size_t i = 1; i < size; i++)
		code = code << 6 | (rest[i] & 0x3f);
	if (rest[0] < ' ' || (dice_percent(dice, 20) && code < 0x10000))
		buf_addf(buf, "\\u%04x", code);
	else if (dice_percent(dice, 20))
		buf_addf(buf, "\\U%08X", code);
	else if (rest[0] == (unsigned char)quote || rest[0] == '\\')
		buf_addf(buf, "\\%c", rest[0]);
	else
		buf_add(buf, rest, size);
	return size;
}

static void
write_string(struct dice *dice, struct str text, struct buf *buf)
{
	char quote = dice_percent(dice, 50) ? '"' : '\'';

	buf_add_byte(buf, quote);
	for (size_t i = 0; i < text.size;)
		i += write_character(dice, (const unsigned char *)text.data + i, quote, buf);
	buf_add_byte(buf, quote);
}

static void
write_literal(struct dice *dice, const struct value *value, struct buf *buf)
{
	char bytes[64];

	switch (value->kind) {
	case VALUE_BOOL:
		buf_add_c(buf, value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		buf_add_int(buf, value->integer);
		break;
	case VALUE_TIME:
		time_format_rfc3339(value->integer, bytes);
		write_string(dice, (struct str){ bytes, TIME_RFC3339_SIZE }, buf);
		break;
	case VALUE_TEXT:
		write_string(dice, value->text, buf);
		break;
	case VALUE_UUID:
		uuid_format(&value->uuid, bytes);
		write_string(dice, (struct str){ bytes, UUID_TEXT_SIZE }, buf);
		break;
	default:
		buf_add_c(buf, "null");
	}
}

static void
write_operand(struct dice *dice, const struct drawn_operand *operand, struct buf *buf)
{
	if (operand->is_literal) {
		write_literal(dice, &operand->literal, buf);
		return;
	}
	if (operand->is_auth_id) {
		buf_add_c(buf, "auth.id");
		return;
	}
	if (operand->is_new)
		buf_add_c(buf, "new.");
	for (size_t i = 0; i < operand->fields_count; i++) {
		if (i > 0)
			buf_add_c(buf, ".");
		buf_add_str(buf, operand->fields[i]->name);
	}
}

static void
write_space(struct dice *dice, struct buf *buf)
{
	static const char *const spaces[] = { " ", "  ", "\n", "\t" };

	buf_add_c(buf, spaces[dice_percent(dice, 80) ? 0 : dice_roll(dice, COUNT(spaces))]);
}

static void
write_list(struct dice *dice, const struct drawn *drawn, struct buf *buf)
{
	buf_add_c(buf, "[");
	for (size_t i = 0; i < drawn->count; i++) {
		if (i > 0)
			buf_add_c(buf, ", ");
		write_operand(dice, &drawn->right[i], buf);
	}
	buf_add_c(buf, "]");
}

static void
write_leaf(struct dice *dice, const struct drawn *drawn, struct buf *buf)
{
	if (drawn->kind == DRAWN_CONSTANT) {
		buf_add_c(buf, drawn->constant ? "true" : "false");
		return;
	}
	if (drawn->kind == DRAWN_HAS)
		buf_add_c(buf, "has(");
	write_operand(dice, &drawn->left, buf);
	if (drawn->kind == DRAWN_HAS)
		buf_add_c(buf, ")");
	if (drawn->kind == DRAWN_HAS || drawn->kind == DRAWN_BARE)
		return;
	write_space(dice, buf);
	buf_add_c(buf, drawn->kind == DRAWN_COMPARE ? drawn->relation : "in");
	write_space(dice, buf);
	if (drawn->kind == DRAWN_COMPARE)
		write_operand(dice, &drawn->right[0], buf);
	else if (drawn->kind == DRAWN_IN)
		write_list(dice, drawn, buf);
	else
		buf_add_c(buf, "auth.roles");
}

static bool
needs_parentheses(const struct drawn *child, const struct drawn *parent)
{
	switch (parent->kind) {
	case DRAWN_NOT:
		return child->kind == DRAWN_AND || child->kind == DRAWN_OR ||
		    (child->kind >= DRAWN_COMPARE && child->kind <= DRAWN_IN_ROLES);
	case DRAWN_AND:
		return child->kind == DRAWN_OR;
	default:
		return false;
	}
}

void
drawn_write(struct world *world, const struct drawn *drawn, struct buf *buf)
{
	if (drawn->kind == DRAWN_NOT)
		buf_add_c(buf, "!");
	if (drawn->kind < DRAWN_AND || drawn->kind > DRAWN_NOT) {
		write_leaf(world->dice, drawn, buf);
		return;
	}
	for (size_t i = 0; i < drawn->count; i++) {
		bool parentheses =
		    needs_parentheses(drawn->children[i], drawn) || dice_percent(world->dice, 10);

		if (i > 0) {
			write_space(world->dice, buf);
			buf_add_c(buf, drawn->kind == DRAWN_AND ? "&&" : "||");
			write_space(world->dice, buf);
		}
		buf_add_c(buf, parentheses ? "(" : "");
		drawn_write(world, drawn->children[i], buf);
		buf_add_c(buf, parentheses ? ")" : "");
	}
}
