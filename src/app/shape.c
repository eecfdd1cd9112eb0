#include "app/shape.h"

#include <assert.h>
#include <stdlib.h>

#include "app/keys.h"
#include "app/names.h"
#include "base/buf.h"
#include "base/memory.h"
#include "codec/decimal.h"
#include "codec/json.h"
#include "codec/time.h"

enum { SHAPE_SIZE_MAX = 64 << 20 };

static int compare_collections(const void *a, const void *b);
static void write_collection(struct buf *buf, const struct collection *collection);
static void
write_field(struct buf *buf, const struct collection *collection, const struct field *field);
static void
write_index(struct buf *buf, const struct collection *collection, const struct app_index *index);

void
shape_write(struct app *app)
{
	const struct collection *sorted[APP_COLLECTIONS_MAX];
	struct buf buf;

	for (size_t i = 0; i < app->collections_count; i++)
		sorted[i] = &app->collections[i];
	qsort(sorted, app->collections_count, sizeof(sorted[0]), compare_collections);
	buf_init(&buf, SHAPE_SIZE_MAX);
	for (size_t i = 0; i < app->collections_count; i++)
		write_collection(&buf, sorted[i]);
	assert(buf.err == OK);
	app->shape = arena_str(&app->arena, buf_str(&buf));
	buf_release(&buf);
}

static int
compare_collections(const void *a, const void *b)
{
	const struct collection *const *left = a, *const *right = b;

	return str_compare((*left)->name, (*right)->name);
}

static int
compare_indexes(const void *a, const void *b)
{
	const struct app_index *const *left = a, *const *right = b;

	if ((*left)->unique != (*right)->unique)
		return (*left)->unique ? 1 : -1;
	for (size_t i = 0; i < (*left)->fields_count && i < (*right)->fields_count; i++) {
		unsigned left_column = (*left)->fields[i]->column,
			 right_column = (*right)->fields[i]->column;

		if (left_column != right_column)
			return left_column < right_column ? -1 : 1;
		if ((*left)->descending[i] != (*right)->descending[i])
			return (*left)->descending[i] ? 1 : -1;
	}
	return ((*left)->fields_count > (*right)->fields_count) -
	       ((*left)->fields_count < (*right)->fields_count);
}

static void
write_collection(struct buf *buf, const struct collection *collection)
{
	const struct app_index *sorted[APP_INDEXES_MAX];

	for (size_t i = 0; i < collection->indexes_count; i++)
		sorted[i] = &collection->indexes[i];
	qsort(sorted, collection->indexes_count, sizeof(sorted[0]), compare_indexes);
	buf_addf(buf, "collection %.*s %s\n", STR_ARGS(collection->name),
	    field_types[collection->id_type].word);
	for (size_t i = COLUMN_FIELDS; i < collection->columns_count; i++)
		write_field(buf, collection, &collection->columns[i]);
	for (size_t i = 0; i < collection->indexes_count; i++)
		write_index(buf, collection, sorted[i]);
}

/* In quotes, and on one line whatever it is. */
static void
write_text(struct buf *buf, struct str text)
{
	buf_add_c(buf, " \"");
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c < ' ' || c == '"' || c == '\\')
			buf_addf(buf, "\\%02x", c);
		else
			buf_add_byte(buf, text.data[i]);
	}
	buf_add_byte(buf, '"');
}

static void
write_decimal(struct buf *buf, int64_t integer, unsigned scale)
{
	char text[DECIMAL_SIZE_MAX];

	buf_add_byte(buf, ' ');
	buf_add(buf, text, decimal_format(integer, scale, text));
}

static void
write_date(struct buf *buf, int64_t days)
{
	char text[DATE_SIZE];

	date_format(days, text);
	buf_addf(buf, " %.*s", DATE_SIZE, text);
}

static void
write_real(struct buf *buf, double real)
{
	struct json_writer writer;

	buf_add_byte(buf, ' ');
	json_writer_init(&writer, buf);
	json_real(&writer, real);
}

static void
write_literal(struct buf *buf, const struct value *value)
{
	char uuid[UUID_TEXT_SIZE];

	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_JSON:
		write_text(buf, value->text);
		break;
	case VALUE_UUID:
		uuid_format(&value->uuid, uuid);
		buf_addf(buf, " %.*s", UUID_TEXT_SIZE, uuid);
		break;
	case VALUE_BOOL:
		buf_add_c(buf, value->boolean ? " true" : " false");
		break;
	case VALUE_DECIMAL:
		write_decimal(buf, value->integer, value->scale);
		break;
	case VALUE_DATE:
		write_date(buf, value->integer);
		break;
	case VALUE_REAL:
		write_real(buf, value->real);
		break;
	default:
		buf_addf(buf, " %lld", (long long)value->integer);
	}
}

static void
write_bound(
    struct buf *buf, const char *word, const struct field *field, int64_t bound, double real)
{
	struct value value = value_int(bound);

	if (field->type == FIELD_FLOAT)
		value = value_real(real);
	else if (field->type == FIELD_DECIMAL)
		value = value_decimal(bound, field->scale);
	else if (field->type == FIELD_DATE)
		value = value_date(bound);
	buf_add_c(buf, word);
	write_literal(buf, &value);
}

static int
compare_strs(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The database knows no order of an enum's values. */
static void
write_values(struct buf *buf, const struct field *field)
{
	struct str *values = memory_new(field->values_count * sizeof(values[0]));

	for (size_t i = 0; i < field->values_count; i++)
		values[i] = field->values[i];
	qsort(values, field->values_count, sizeof(values[0]), compare_strs);
	for (size_t i = 0; i < field->values_count; i++)
		write_text(buf, values[i]);
	free(values);
}

static void
write_type(struct buf *buf, const struct field *field)
{
	buf_addf(buf, " %s", field_types[field->type].word);
	if (field->type == FIELD_ENUM)
		write_values(buf, field);
	if (field->type == FIELD_DECIMAL)
		buf_addf(buf, " scale %u", field->scale);
	if (field->type == FIELD_LIST)
		buf_addf(buf, " of %s", field_types[field->of].word);
	if (field->to != NULL)
		buf_addf(buf, " to %.*s", STR_ARGS(field->to->name));
	if (field->type == FIELD_REF)
		buf_addf(buf, " %s", on_delete_words[field->on_delete]);
}

static void
write_field(struct buf *buf, const struct collection *collection, const struct field *field)
{
	/* The bounds of refs are not the database's. */
	bool has_bounds = field->type != FIELD_REFS;

	buf_addf(buf, "field %.*s.%.*s", STR_ARGS(collection->name), STR_ARGS(field->name));
	write_type(buf, field);
	if (field->required)
		buf_add_c(buf, " required");
	if (field->has_min && has_bounds)
		write_bound(buf, " min", field, field->min, field->real_min);
	if (field->has_max && has_bounds)
		write_bound(buf, " max", field, field->max, field->real_max);
	if (field->default_kind == DEFAULT_LITERAL) {
		buf_add_c(buf, " default");
		write_literal(buf, &field->default_value);
	}
	if (field->fold)
		buf_add_c(buf, " fold");
	if (field->unique)
		buf_add_c(buf, " unique");
	if (field_has_index(field))
		buf_add_c(buf, " index");
	buf_add_byte(buf, '\n');
}

static void
write_index(struct buf *buf, const struct collection *collection, const struct app_index *index)
{
	buf_addf(buf, "%s %.*s", index->unique ? "unique" : "index", STR_ARGS(collection->name));
	for (size_t i = 0; i < index->fields_count; i++)
		buf_addf(buf, " %s%.*s", index->descending[i] ? "-" : "",
		    STR_ARGS(index->fields[i]->name));
	buf_add_byte(buf, '\n');
}
