#include "app/read_internal.h"

static void
read_rule(struct reader *reader, struct app_rule *rule, const struct yaml *node)
{
	struct str text;

	if (!read_word(reader, node, "true, false or an expression", &text))
		return;
	while (
	    text.size > 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' '))
		text.size--;
	rule->text = keep_str(reader, text);
	rule->scalar = (struct yaml){ .style = node->style, .at = node->at, .text = rule->text };
	rule->scalar.written = keep_str(reader, node->written);
}

void
read_access(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	const struct yaml *values[ACCESS_KEYS];

	for (size_t i = 0; i < ACCESS_COUNT; i++)
		collection->access[i] = (struct app_rule){ .text = STR("false") };
	if (node == NULL || !read_keys(reader, node, "a mapping of read, create, update, delete",
				access_keys, ACCESS_KEYS, position_of(node), values))
		return;
	for (size_t i = 0; i < ACCESS_COUNT; i++)
		if (values[i] != NULL)
			read_rule(reader, &collection->access[i], values[i]);
}

static void
read_field_access(
    struct reader *reader, const struct collection *collection, const struct yaml *node)
{
	const struct field *field = collection_column(collection, node->key->text);
	const struct yaml *values[FIELD_ACCESS_KEYS];

	if (field == NULL)
		note_unknown_column(reader, collection, node->key, node->key->text);
	else if (field->column == COLUMN_ID)
		app_mistake(reader->mistakes, position_of(node->key),
		    "whoever may read a record sees its 'id': it may not be restricted");
	else if (read_keys(reader, node, "a mapping like { read: true }", field_access_keys,
		     FIELD_ACCESS_KEYS, position_of(node->key), values) &&
		 values[KEY_FIELD_READ] != NULL)
		read_rule(reader, &collection->fields_read[field->column], values[KEY_FIELD_READ]);
}

void
read_fields_access(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	collection->fields_read =
	    keep(reader, collection->columns_count, sizeof(collection->fields_read[0]));
	if (node == NULL || !read_mapping(reader, node, "a mapping of fields by name"))
		return;
	for (const struct yaml *value = node->first; value != NULL; value = value->next)
		read_field_access(reader, collection, value);
}

/* "60s", "5m", "1h", "7d": from a second to a year. */
static bool
parse_duration(struct str text, int64_t *ret_s)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	const int64_t most = INT64_C(366) * 86400;
	int64_t count;

	if (text.size < 2 || !str_to_int(str_slice(text, 0, text.size - 1), &count))
		return false;
	for (size_t i = 0; i < COUNT(units); i++)
		if (text.data[text.size - 1] == units[i].unit) {
			*ret_s = count < 1 || count > most ? 0 : count * units[i].seconds;
			return *ret_s > 0 && *ret_s <= most;
		}
	return false;
}

void
read_cache(struct reader *reader, struct collection *collection, const struct yaml *node)
{
	static const char expected[] = "a duration like 60s, 5m, 1h or 7d, at most 366d";
	const struct yaml *values[CACHE_KEYS];
	struct app_cache *cache = &collection->cache;
	struct str text;

	if (!read_keys(reader, node, "a mapping like { max_age: 60s }", cache_keys, CACHE_KEYS,
		position_of(node->key), values))
		return;
	if (values[KEY_MAX_AGE] != NULL &&
	    read_word(reader, values[KEY_MAX_AGE], expected, &text) &&
	    !parse_duration(text, &cache->max_age_s))
		note_expected(reader, values[KEY_MAX_AGE], expected);
	if (values[KEY_PUBLIC] != NULL) {
		read_bool(reader, values[KEY_PUBLIC], &cache->is_public);
		cache->at = position_of(values[KEY_PUBLIC]->key);
	}
}
