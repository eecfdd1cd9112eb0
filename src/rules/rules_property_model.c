/*
 * The sentences of the language, taken literally and slowly: no normal form,
 * no cutting short, every value compared by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rules_property_internal.h"

/* An operand's value: absent, or perhaps null. */
struct meant {
	bool is_absent, is_null_literal;
	struct value value;
	char bytes[UUID_TEXT_SIZE]; /* of a text made from an id */
};

static bool
may_read(struct model *model, const struct collection *collection, const struct value *row)
{
	const struct rule *rule = model->world->rules.access[collection->index][ACCESS_READ];
	const struct rule_rows rows = {
		.record = row, .hop = world_hop, .arg = (void *)model->world
	};
	bool answer;

	if (rule_evaluate(rule, model->caller, &rows, &answer) != OK)
		abort();
	return answer;
}

static struct value
path_value(struct model *model, const struct drawn_operand *path)
{
	const struct value *row = path->is_new ? model->new_record : model->record;
	struct value value = row[path->fields[0]->column];

	for (size_t i = 1; i < path->fields_count; i++) {
		const struct collection *target = path->fields[i - 1]->to;

		row = value.kind == VALUE_NULL ? NULL : world_find(model->world, target, &value);
		if (row == NULL || (model->is_filter && !may_read(model, target, row)))
			return value_null();
		value = row[path->fields[i]->column];
	}
	return value;
}

static void
mean(struct model *model, const struct drawn_operand *operand, struct meant *ret)
{
	*ret = (struct meant){ 0 };
	if (operand->is_literal) {
		ret->value = operand->literal;
		ret->is_null_literal = operand->literal.kind == VALUE_NULL;
	} else if (operand->is_auth_id) {
		ret->is_absent = model->caller->id.data == NULL;
		ret->value = value_text(model->caller->id);
	} else {
		ret->value = path_value(model, operand);
	}
	model->met_null = model->met_null || (!ret->is_absent && ret->value.kind == VALUE_NULL);
	model->met_absent = model->met_absent || ret->is_absent;
}

/* auth.id beside an id is an id, if it can be. */
static void
convert_caller(const struct drawn_operand *caller, struct meant *meant, enum value_kind kind)
{
	struct str text = meant->value.text;

	if (!caller->is_auth_id || meant->is_absent || (kind != VALUE_UUID && kind != VALUE_INT))
		return;
	meant->value = (struct value){ .kind = kind };
	meant->is_absent = kind == VALUE_UUID ? !uuid_parse(text, &meant->value.uuid)
					      : !str_to_int(text, &meant->value.integer);
}

static void
make_text(struct meant *meant)
{
	int size = UUID_TEXT_SIZE;
	char number[32];

	if (meant->value.kind == VALUE_UUID) {
		uuid_format(&meant->value.uuid, meant->bytes);
	} else if (meant->value.kind == VALUE_INT) {
		size = snprintf(number, sizeof(number), "%lld", (long long)meant->value.integer);
		memcpy(meant->bytes, number, (size_t)size);
	} else {
		return;
	}
	meant->value = value_text((struct str){ meant->bytes, (size_t)size });
}

/* The kind that a path's or a literal's value would have; null where nothing says. */
static enum value_kind
kind_of(const struct drawn_operand *operand)
{
	if (operand->is_literal)
		return operand->literal.kind;
	return operand->is_auth_id ? VALUE_NULL
				   : field_value_kind(operand->fields[operand->fields_count - 1]);
}

static void
mean_both(struct model *model, const struct drawn_operand *left, const struct drawn_operand *right,
    struct meant *ret_left, struct meant *ret_right)
{
	mean(model, left, ret_left);
	mean(model, right, ret_right);
	convert_caller(left, ret_left, kind_of(right));
	convert_caller(right, ret_right, kind_of(left));
	if (ret_left->value.kind != ret_right->value.kind && ret_left->value.kind != VALUE_NULL &&
	    ret_right->value.kind != VALUE_NULL && !ret_left->is_absent && !ret_right->is_absent) {
		make_text(ret_left);
		make_text(ret_right);
	}
}

static bool
are_equal(struct model *model, const struct drawn_operand *left, const struct drawn_operand *right)
{
	struct meant a, b;

	mean_both(model, left, right, &a, &b);
	if (a.is_absent || b.is_absent)
		return a.is_null_literal || b.is_null_literal;
	if (a.value.kind == VALUE_NULL || b.value.kind == VALUE_NULL)
		return a.value.kind == b.value.kind;
	return value_compare(&a.value, &b.value) == 0;
}

static bool
are_ordered(struct model *model, const struct drawn *drawn)
{
	struct meant a, b;
	int order;

	mean_both(model, &drawn->left, &drawn->right[0], &a, &b);
	if (a.is_absent || b.is_absent || a.value.kind == VALUE_NULL || b.value.kind == VALUE_NULL)
		return false;
	order = value_compare(&a.value, &b.value);
	if (order == 0)
		return drawn->relation[1] == '=';
	return (order < 0) == (drawn->relation[0] == '<');
}

static bool
is_in(struct model *model, const struct drawn *drawn)
{
	bool found = false;

	for (size_t i = 0; i < drawn->count; i++)
		found = are_equal(model, &drawn->left, &drawn->right[i]) || found;
	return found;
}

static bool
is_in_roles(struct model *model, const struct drawn *drawn)
{
	struct meant meant;
	bool found = false;

	mean(model, &drawn->left, &meant);
	model->met_absent = model->met_absent || model->caller->roles_count == 0;
	for (size_t i = 0; i < model->caller->roles_count; i++)
		found = found || (meant.value.kind == VALUE_TEXT &&
				     str_equal(meant.value.text, model->caller->roles[i]));
	return found;
}

static bool
answer_children(struct model *model, const struct drawn *drawn)
{
	size_t trues = 0;

	for (size_t i = 0; i < drawn->count; i++)
		trues += model_answer(model, drawn->children[i]);
	return drawn->kind == DRAWN_AND ? trues == drawn->count : trues > 0;
}

bool
model_answer(struct model *model, const struct drawn *drawn)
{
	struct meant meant;

	switch (drawn->kind) {
	case DRAWN_CONSTANT:
		return drawn->constant;
	case DRAWN_AND:
	case DRAWN_OR:
		return answer_children(model, drawn);
	case DRAWN_NOT:
		return !model_answer(model, drawn->children[0]);
	case DRAWN_COMPARE:
		if (strcmp(drawn->relation, "==") == 0)
			return are_equal(model, &drawn->left, &drawn->right[0]);
		if (strcmp(drawn->relation, "!=") == 0)
			return !are_equal(model, &drawn->left, &drawn->right[0]);
		return are_ordered(model, drawn);
	case DRAWN_IN:
		return is_in(model, drawn);
	case DRAWN_IN_ROLES:
		return is_in_roles(model, drawn);
	case DRAWN_HAS:
		mean(model, &drawn->left, &meant);
		return !meant.is_absent && meant.value.kind != VALUE_NULL;
	case DRAWN_BARE:
		break;
	}
	mean(model, &drawn->left, &meant);
	return meant.value.kind == VALUE_BOOL && meant.value.boolean;
}
