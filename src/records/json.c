#include "records/records.h"

void
record_to_json(struct json_writer *writer, const struct collection *collection, const struct value *values)
{
	json_begin_object(writer);
	for (size_t i = 0; i < collection->columns_count; i++) {
		json_name_raw(writer, collection->columns[i].json_name);
		json_value(writer, &values[i]);
	}
	json_end_object(writer);
}

void
record_row_to_json(struct json_writer *writer, const struct collection *collection, struct tx_rows *rows)
{
	json_begin_object(writer);
	for (size_t i = 0; i < collection->columns_count; i++) {
		const struct field *column = &collection->columns[i];
		struct value value = tx_column(rows, (int)i, column);

		json_name_raw(writer, column->json_name);
		json_value(writer, &value);
	}
	json_end_object(writer);
}
