#include "app/app.h"

const struct collection *
app_collection(const struct app *app, struct str name)
{
	for (size_t i = 0; i < app->collections_count; i++)
		if (str_equal(app->collections[i].name, name))
			return &app->collections[i];
	return NULL;
}

const struct field *
collection_column(const struct collection *collection, struct str name)
{
	for (size_t i = 0; i < collection->columns_count; i++)
		if (str_equal(collection->columns[i].name, name))
			return &collection->columns[i];
	return NULL;
}

const struct back_reference *
collection_back(const struct collection *collection, struct str name)
{
	for (size_t i = 0; i < collection->backs_count; i++)
		if (str_equal(collection->backs[i].name, name))
			return &collection->backs[i];
	return NULL;
}

struct app_position
app_rule_position(const struct app_rule *rule, size_t offset)
{
	struct yaml_position at = yaml_position_in(&rule->scalar, offset);

	return (struct app_position){ at.line, at.column };
}

static enum value_kind
id_kind(enum field_type type)
{
	return type == FIELD_INT ? VALUE_INT : VALUE_UUID;
}

enum value_kind
field_value_kind(const struct field *field)
{
	switch (field->type) {
	case FIELD_INT:
		return VALUE_INT;
	case FIELD_BOOL:
		return VALUE_BOOL;
	case FIELD_TIME:
		return VALUE_TIME;
	case FIELD_ID:
		return VALUE_UUID;
	case FIELD_REF:
		return id_kind(field->to->id_type);
	case FIELD_FLOAT:
		return VALUE_REAL;
	case FIELD_DECIMAL:
		return VALUE_DECIMAL;
	case FIELD_DATE:
		return VALUE_DATE;
	case FIELD_JSON:
	case FIELD_LIST:
	case FIELD_REFS:
		return VALUE_JSON;
	default:
		return VALUE_TEXT;
	}
}
