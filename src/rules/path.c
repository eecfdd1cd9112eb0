/* Names to columns: what a path may begin with, where it leads, and what it is called. */
#include "rules/check.h"

#include "app/words.h"

void
nearest_try(struct nearest *nearest, struct str known)
{
	size_t distance;

	if (nearest->wanted.size > WORDS_SIZE_MAX || known.size > WORDS_SIZE_MAX)
		return;
	distance = words_distance(nearest->wanted, known);
	/* A third of the letters: "votse" means "votes", "x" means nothing. */
	if (distance * 3 > known.size ||
	    (nearest->best.data != NULL && distance >= nearest->distance))
		return;
	nearest->best = known;
	nearest->distance = distance;
}

static bool
fail_unknown_field(
    struct compiler *compiler, const struct token *part, const struct collection *collection)
{
	struct nearest nearest = { .wanted = part->text };
	struct str shown = compiler_shorten(part->text);

	for (size_t i = 0; i < collection->columns_count; i++)
		nearest_try(&nearest, collection->columns[i].name);
	if (nearest.best.data == NULL)
		return compiler_fail(
		    compiler, part->offset, "unknown field '%.*s'", STR_ARGS(shown));
	return compiler_fail(compiler, part->offset, "unknown field '%.*s': did you mean '%.*s'?",
	    STR_ARGS(shown), STR_ARGS(nearest.best));
}

enum type
field_check_type(const struct field *field)
{
	bool is_uuid = field_value_kind(field) == VALUE_UUID;

	if (field->column == COLUMN_ID)
		return is_uuid ? TYPE_UUID : TYPE_INT_ID;
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_URL:
		return TYPE_TEXT;
	case FIELD_INT:
		return TYPE_INT;
	case FIELD_BOOL:
		return TYPE_BOOL;
	case FIELD_ENUM:
		return TYPE_ENUM;
	case FIELD_TIME:
		return TYPE_TIME;
	case FIELD_FLOAT:
	case FIELD_DECIMAL:
	case FIELD_DATE:
	case FIELD_REFS:
	case FIELD_LIST:
	case FIELD_JSON:
	case FIELD_REF:
	case FIELD_ID:
	case FIELD_TYPE_COUNT:
		break;
	}
	return is_uuid ? TYPE_UUID : TYPE_INT_ID;
}

static void
note_hop(struct compiler *compiler, const struct field *field)
{
	compiler->rule->has_hops = true;
	compiler->rule->reads[field->to->index / 64] |= UINT64_C(1) << field->to->index % 64;
}

/* The names from ${part} on, as columns of the record. */
static bool
resolve_fields(struct compiler *compiler, const struct node *node, size_t part, struct typed *ret)
{
	const struct collection *collection = compiler->collection;
	struct operand *operand = &ret->operand;
	const struct field *field = NULL;

	operand->kind = OPERAND_PATH;
	operand->fields = compiler_array(compiler, node->parts_count, sizeof(const struct field *));
	if (operand->fields == NULL)
		return false;
	for (; part < node->parts_count; part++) {
		const struct token *name = &node->parts[part];

		if (field != NULL && field->type != FIELD_REF)
			return compiler_fail(compiler, name->offset,
			    "nothing can follow '%.*s', which is %s and no reference",
			    STR_ARGS(field->name), type_words[field_check_type(field)]);
		if (field != NULL) {
			note_hop(compiler, field);
			collection = field->to;
		}
		field = collection_column(collection, name->text);
		if (field == NULL)
			return fail_unknown_field(compiler, name, collection);
		operand->fields[operand->fields_count++] = field;
	}
	ret->field = field;
	ret->type = field_check_type(field);
	return true;
}

static bool
resolve_new(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	if (compiler->use != RULE_USE_CREATE && compiler->use != RULE_USE_UPDATE)
		return compiler_fail(compiler, node->offset,
		    "unknown field 'new': it is known in create and update rules only");
	if (node->parts_count == 1)
		return compiler_fail(
		    compiler, node->offset, "expected a field behind 'new', as in 'new.id'");
	ret->operand.is_new = true;
	compiler->rule->names_new = true;
	return resolve_fields(compiler, node, 1, ret);
}

static bool
resolve_auth(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	const struct token *part = &node->parts[1];
	struct str shown;

	if (node->parts_count == 1)
		return compiler_fail(compiler, node->offset, "expected 'auth.id' or 'auth.roles'");
	if (node->parts_count > 2)
		return compiler_fail(compiler, node->parts[2].offset,
		    "nothing can follow 'auth.id' or 'auth.roles'");
	if (str_is(part->text, "roles"))
		return compiler_fail(compiler, node->offset,
		    "'auth.roles' is a list: expected it behind 'in', as in 'editor' in "
		    "auth.roles");
	shown = compiler_shorten(part->text);
	if (!str_is(part->text, "id"))
		return compiler_fail(compiler, part->offset,
		    "unknown field '%.*s': 'auth' has 'id' and 'roles'", STR_ARGS(shown));
	ret->operand.kind = OPERAND_AUTH_ID;
	ret->operand.as = VALUE_TEXT;
	ret->type = TYPE_CALLER;
	return true;
}

bool
path_is_roles(const struct node *node)
{
	return node->kind == NODE_PATH && node->parts_count == 2 &&
	       str_is(node->parts[0].text, "auth") &&
	       str_is(node->parts[1].text, "roles");
}

bool
path_resolve(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	if (str_is(node->parts[0].text, "auth"))
		return resolve_auth(compiler, node, ret);
	if (str_is(node->parts[0].text, "new"))
		return resolve_new(compiler, node, ret);
	if (compiler->use == RULE_USE_CREATE &&
	    collection_column(compiler->collection, node->parts[0].text) != NULL)
		return compiler_fail(compiler, node->offset,
		    "expected 'new.%.*s': a create rule has no record before it",
		    STR_ARGS(node->parts[0].text));
	return resolve_fields(compiler, node, 0, ret);
}
