#include "records/list_internal.h"

static bool
is_sortable(const struct field *field)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_INT:
	case FIELD_BOOL:
	case FIELD_ENUM:
	case FIELD_TIME:
	case FIELD_REF:
	case FIELD_ID:
	case FIELD_EMAIL:
	case FIELD_URL:
	case FIELD_FLOAT:
	case FIELD_DECIMAL:
	case FIELD_DATE:
		return true;
	case FIELD_REFS:
	case FIELD_LIST:
	case FIELD_JSON:
	case FIELD_TYPE_COUNT:
		break;
	}
	return false;
}

static bool
is_nullable(const struct list_key *key)
{
	/* Behind a reference everything is: the row may be hidden. */
	return key->hop != NULL || key->rule != NULL || (key->field->column >= COLUMN_FIELDS && !key->field->required);
}

/* A field that the caller may name, and the rule where it sees it in some rows only. */
static bool
find_field(struct list_parsing *parsing, const struct collection *collection, struct str name,
    size_t offset, const struct field **ret, const struct rule **ret_rule)
{
	const struct list_query *query = parsing->query;
	const struct rule_caller *caller = &query->identity->caller;

	if (name.size == 0)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "unknown",
		    "expected the name of a field, as in sort=-created,id");
	*ret = sight_find(query->rules, collection, caller, name);
	if (*ret == NULL)
		return list_fail_unknown(parsing, collection, name, offset, false);
	*ret_rule = sight_row_rule(query->rules, collection, caller, *ret);
	return true;
}

/* "topic.title", without its direction. */
static bool
read_path(struct list_parsing *parsing, struct str path, size_t offset, struct list_key *key)
{
	size_t dot = str_find_byte(path, '.');
	struct str behind;

	if (!find_field(
		parsing, parsing->query->collection, str_slice(path, 0, dot), offset, &key->field, &key->rule))
		return false;
	if (dot == path.size)
		return true;
	behind = str_slice(path, dot + 1, path.size);
	key->hop = key->field;
	key->hop_rule = key->rule;
	if (key->hop->type != FIELD_REF)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset + dot, "type",
		    "nothing can follow '%.*s', which is no reference", STR_ARGS(key->hop->name));
	if (str_find_byte(behind, '.') < behind.size)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "type",
		    "expected one reference at most, as in topic.title");
	return find_field(parsing, key->hop->to, behind, offset + dot + 1, &key->field, &key->rule);
}

static bool
check_key(struct list_parsing *parsing, const struct list_key *key, size_t offset)
{
	const struct list_query *query = parsing->query;

	if (!is_sortable(key->field))
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "type",
		    "a list cannot be sorted by '%.*s'", STR_ARGS(key->field->name));
	for (size_t i = 0; i < query->keys_count; i++)
		if (query->keys[i].field == key->field && query->keys[i].hop == key->hop)
			return list_fail(parsing, ERR_BAD_PARAMETER, offset, "repeated",
			    "'%.*s' is named twice", STR_ARGS(key->field->name));
	parsing->enum_values_count += key->field->values_count;
	if (parsing->enum_values_count > LIST_ENUM_VALUES_MAX)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "too_many",
		    "the fields named have more than %d values in all", LIST_ENUM_VALUES_MAX);
	return true;
}

static bool
ends_in_id(const struct list_query *query)
{
	const struct list_key *last = &query->keys[query->keys_count - 1];

	return query->keys_count > 0 && last->hop == NULL && last->field->column == COLUMN_ID;
}

static bool
read_key(struct list_parsing *parsing, struct str part, size_t offset)
{
	struct list_query *query = parsing->query;
	struct list_key key = { 0 };

	if (part.size > 0 && part.data[0] == '-') {
		key.descending = true;
		part = str_slice(part, 1, part.size);
		offset++;
	}
	if (!read_path(parsing, part, offset, &key) || !check_key(parsing, &key, offset))
		return false;
	/* No two rows share an id, so what follows it orders nothing. */
	if (query->keys_count > 0 && ends_in_id(query))
		return true;
	if (query->keys_count == LIST_KEYS_MAX)
		return list_fail(parsing, ERR_BAD_PARAMETER, offset, "too_many",
		    "expected at most %d fields", LIST_KEYS_MAX);
	key.nullable = is_nullable(&key);
	query->keys[query->keys_count++] = key;
	return true;
}

bool
list_read_sort(struct list_parsing *parsing, struct str value)
{
	struct str part;
	size_t at = 0, offset;

	if (str_trim(value).size == 0)
		return true;
	while (list_next_part(value, &at, &part, &offset))
		if (!read_key(parsing, part, offset))
			return false;
	return true;
}

void
list_end_in_id(struct list_query *query)
{
	size_t count = query->keys_count;

	if (count > 0 && ends_in_id(query))
		return;
	query->keys[query->keys_count++] = (struct list_key){
		.field = &query->collection->columns[COLUMN_ID],
		.descending = count > 0 && query->keys[count - 1].descending,
	};
}
