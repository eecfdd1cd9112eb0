/* The text of a drawn rule. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codec/decimal.h"
#include "codec/json.h"
#include "codec/time.h"
#include "rules/rules_property_internal.h"

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

/* Bare, or as a sum that gives it. */
static void
write_int(struct dice *dice, int64_t integer, struct buf *buf)
{
	int64_t part = (int64_t)dice_roll(dice, 100), rest;

	if (!dice_percent(dice, 15) || __builtin_sub_overflow(integer, part, &rest)) {
		buf_add_int(buf, integer);
		return;
	}
	buf_add_c(buf, "(");
	buf_add_int(buf, rest);
	buf_addf(buf, dice_percent(dice, 50) ? " + %d)" : " - -%d)", (int)part);
}

/* Such that it is no whole number to the lexer, and that a large one is written with all its digits. */
void
property_write_real(double real, struct buf *buf)
{
	struct json_writer writer;
	size_t before = buf->size;
	char text[40];

	if (fabs(real) > 1e15 && fabs(real) < 1e30) {
		snprintf(text, sizeof(text), "%.1f", real);
		buf_add_c(buf, text);
		return;
	}
	json_writer_init(&writer, buf);
	json_real(&writer, real);
	if (memchr(buf->data + before, '.', buf->size - before) == NULL &&
	    memchr(buf->data + before, 'e', buf->size - before) == NULL)
		buf_add_c(buf, ".0");
}

static void
write_decimal(struct dice *dice, const struct value *value, bool in_quotes, struct buf *buf)
{
	char bytes[DECIMAL_SIZE_MAX];
	struct str text = { bytes, decimal_format(value->integer, value->scale, bytes) };

	if (in_quotes)
		write_string(dice, text, buf);
	else
		buf_add_str(buf, text);
	if (!in_quotes && value->scale == 0)
		buf_add_c(buf, dice_percent(dice, 50) ? ".0" : "e0");
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
		write_int(dice, value->integer, buf);
		break;
	case VALUE_REAL:
		property_write_real(value->real, buf);
		break;
	case VALUE_DECIMAL:
		write_decimal(dice, value, false, buf);
		break;
	case VALUE_TIME:
		time_format_rfc3339(value->integer, bytes);
		write_string(dice, (struct str){ bytes, TIME_RFC3339_SIZE }, buf);
		break;
	case VALUE_DATE:
		date_format(value->integer, bytes);
		write_string(dice, (struct str){ bytes, DATE_SIZE }, buf);
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
write_now(int64_t shift_us, struct buf *buf)
{
	if (shift_us == 0)
		buf_add_c(buf, "now");
	else if (shift_us < 0)
		buf_addf(buf, "now - duration('%lldus')", (long long)-shift_us);
	else
		buf_addf(buf, "duration('%lldus') + now", (long long)shift_us);
}

static void
write_path(const struct drawn_operand *path, struct buf *buf)
{
	if (path->from == FROM_NEW)
		buf_add_c(buf, "new.");
	else if (path->from >= FROM_VARIABLES)
		buf_addf(buf, "x%u.", path->from);
	for (size_t i = 0; i < path->fields_count; i++) {
		if (i > 0)
			buf_add_c(buf, ".");
		buf_add_str(buf, path->fields[i]->name);
	}
	if (path->back != NULL && path->fields_count > 0)
		buf_add_c(buf, ".");
	if (path->back != NULL)
		buf_add_str(buf, path->back->name);
}

static void
write_operand(struct world *world, const struct drawn_operand *operand, struct buf *buf)
{
	static const char *const words[] = {
		[DRAWN_AUTH_ID] = "auth.id", [DRAWN_METHOD] = "request.method", [DRAWN_IP] = "request.ip"
	};
	static const char *const functions[] = {
		[DRAWN_LOWER] = "lower(", [DRAWN_SIZE] = "size(", [DRAWN_COUNT] = "size("
	};

	switch (operand->kind) {
	case DRAWN_PATH:
		write_path(operand, buf);
		break;
	case DRAWN_LITERAL:
		write_literal(world->dice, &operand->literal, buf);
		break;
	case DRAWN_NOW:
		write_now(operand->shift_us, buf);
		break;
	case DRAWN_AUTH_ID:
	case DRAWN_METHOD:
	case DRAWN_IP:
		buf_add_c(buf, words[operand->kind]);
		break;
	case DRAWN_CHOSEN:
		buf_add_c(buf, "((");
		drawn_write(world, operand->condition, buf);
		buf_add_c(buf, ") ? ");
		write_operand(world, operand->of, buf);
		buf_add_c(buf, " : ");
		write_operand(world, operand->no, buf);
		buf_add_c(buf, ")");
		break;
	default:
		buf_add_c(buf, functions[operand->kind]);
		if (operand->kind == DRAWN_COUNT)
			write_path(operand, buf);
		else
			write_operand(world, operand->of, buf);
		buf_add_c(buf, ")");
	}
}

static void
write_space(struct dice *dice, struct buf *buf)
{
	static const char *const spaces[] = { " ", "  ", "\n", "\t" };

	buf_add_c(buf, spaces[dice_percent(dice, 80) ? 0 : dice_roll(dice, COUNT(spaces))]);
}

static void
write_list(struct world *world, const struct drawn *drawn, struct buf *buf)
{
	buf_add_c(buf, "[");
	for (size_t i = 0; i < drawn->count; i++) {
		if (i > 0)
			buf_add_c(buf, ", ");
		write_operand(world, &drawn->right[i], buf);
	}
	buf_add_c(buf, "]");
}

static void
write_call(struct world *world, const struct drawn *drawn, struct buf *buf)
{
	bool is_macro = drawn->kind != DRAWN_TEXT;

	if (is_macro)
		write_path(&drawn->left, buf);
	else
		write_operand(world, &drawn->left, buf);
	buf_addf(buf, ".%s(", is_macro ? drawn->kind == DRAWN_ALL ? "all" : "exists" : drawn->relation);
	if (is_macro) {
		buf_addf(buf, "x%u, ", drawn->variable);
		drawn_write(world, drawn->children[0], buf);
	} else {
		write_operand(world, &drawn->right[0], buf);
	}
	buf_add_c(buf, ")");
}

static void
write_relation(struct world *world, const struct drawn *drawn, struct buf *buf)
{
	write_operand(world, &drawn->left, buf);
	write_space(world->dice, buf);
	buf_add_c(buf, drawn->kind == DRAWN_COMPARE ? drawn->relation : "in");
	write_space(world->dice, buf);
	if (drawn->kind == DRAWN_IN)
		write_list(world, drawn, buf);
	else if (drawn->kind == DRAWN_IN_ROLES)
		buf_add_c(buf, "auth.roles");
	else if (drawn->kind == DRAWN_MEMBER)
		write_path(&drawn->right[0], buf);
	else
		write_operand(world, &drawn->right[0], buf);
}

static void
write_leaf(struct world *world, const struct drawn *drawn, struct buf *buf)
{
	switch (drawn->kind) {
	case DRAWN_CONSTANT:
		buf_add_c(buf, drawn->constant ? "true" : "false");
		break;
	case DRAWN_HAS:
		buf_add_c(buf, "has(");
		write_operand(world, &drawn->left, buf);
		buf_add_c(buf, ")");
		break;
	case DRAWN_BARE:
		write_operand(world, &drawn->left, buf);
		break;
	case DRAWN_TEXT:
	case DRAWN_EXISTS:
	case DRAWN_ALL:
		write_call(world, drawn, buf);
		break;
	default:
		write_relation(world, drawn, buf);
	}
}

static bool
needs_parentheses(const struct drawn *child, const struct drawn *parent)
{
	switch (parent->kind) {
	case DRAWN_NOT:
		return child->kind == DRAWN_AND || child->kind == DRAWN_OR || child->kind == DRAWN_CHOICE ||
		    (child->kind >= DRAWN_COMPARE && child->kind <= DRAWN_IN_ROLES) ||
		    child->kind == DRAWN_LISTED || child->kind == DRAWN_MEMBER;
	case DRAWN_AND:
		return child->kind == DRAWN_OR || child->kind == DRAWN_CHOICE;
	default:
		return child->kind == DRAWN_CHOICE;
	}
}

void
drawn_write(struct world *world, const struct drawn *drawn, struct buf *buf)
{
	const char *joiners[] = { [DRAWN_AND] = "&&", [DRAWN_OR] = "||", [DRAWN_NOT] = "!", [DRAWN_CHOICE] = "?" };

	if (drawn->kind == DRAWN_NOT)
		buf_add_c(buf, "!");
	if (drawn->kind < DRAWN_AND || drawn->kind > DRAWN_CHOICE) {
		write_leaf(world, drawn, buf);
		return;
	}
	for (size_t i = 0; i < drawn->count; i++) {
		bool parentheses =
		    needs_parentheses(drawn->children[i], drawn) || dice_percent(world->dice, 10);

		if (i > 0) {
			write_space(world->dice, buf);
			buf_add_c(buf, drawn->kind == DRAWN_CHOICE && i == 2 ? ":" : joiners[drawn->kind]);
			write_space(world->dice, buf);
		}
		buf_add_c(buf, parentheses ? "(" : "");
		drawn_write(world, drawn->children[i], buf);
		buf_add_c(buf, parentheses ? ")" : "");
	}
}
