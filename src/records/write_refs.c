/*
 * The references of a refs field.  A caller knows of the links to what it may
 * read, and of no others: others it can neither make nor break, and whether
 * they are there changes no answer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "records/links.h"
#include "records/write_internal.h"

enum { TARGETS_MAX = 64 }; /* that one statement asks for */

/* Notes in ${ret_found} which of ${ids} (sorted, at most TARGETS_MAX) the caller may refer to. */
static enum err
find_targets(struct tx *tx, struct record_write *write, const struct field *column,
    const struct value *ids, size_t count, bool *ret_found)
{
	struct rule_caller caller = write_caller(tx, write);
	struct sql_text sql;
	struct tx_rows rows;
	size_t places = 1;
	enum err err;

	while (places < count)
		places *= 2;
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "SELECT t.\"id\" FROM %n t WHERE t.\"id\" IN (", column->to->name);
	for (size_t i = 0; i < places; i++)
		sql_addf(&sql, i == 0 ? "%v" : ", %v", ids[i < count ? i : 0]);
	sql_add(&sql, ") AND ");
	rule_to_sql(write->rules, rules_read(write->rules, column->to), &caller, &sql);
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows)) {
		struct value id = tx_column(&rows, 0, &column->to->columns[COLUMN_ID]);

		for (size_t i = 0; i < count; i++)
			ret_found[i] = ret_found[i] || value_equal(&ids[i], &id);
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static void
refuse_target(struct record_write *write, const struct record_input *input, const struct field *column,
    const struct value *id)
{
	char text[UUID_TEXT_SIZE + 1] = "";

	if (id->kind == VALUE_UUID)
		uuid_format(&id->uuid, text);
	else
		snprintf(text, sizeof(text), "%lld", (long long)id->integer);
	field_error_add(&write->errors, write->arena, write_pointer(write, input, column), "reference",
	    "%.*s must be ids of records of %.*s, and %s is none", STR_ARGS(column->name),
	    STR_ARGS(column->to->name), text);
}

static enum err
check_targets(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct field *column, const struct value *ids, size_t count)
{
	enum err err = OK;

	for (size_t at = 0; at < count && err == OK; at += TARGETS_MAX) {
		size_t part = count - at < TARGETS_MAX ? count - at : TARGETS_MAX;
		bool found[TARGETS_MAX] = { false };

		err = find_targets(tx, write, column, ids + at, part, found);
		for (size_t i = 0; i < part && err == OK; i++)
			if (!found[i] && !(write->errors.count > 0 &&
					     write_is_of_array(write, input, column, &ids[at + i])))
				refuse_target(write, input, column, &ids[at + i]);
	}
	return err;
}

/* --- which ids a write speaks of ---------------------------------------- */

struct refs {
	struct value *old_ids, *ids; /* of the rows, before and after; sorted */
	size_t old_count, count;
	struct value *sent; /* what the caller wants to be there */
	size_t sent_count;
	bool all_known; /* the caller may read whatever is in the target */
};

static enum err
read_refs(const struct record_write *write, const struct record_input *input, const struct field *column,
    const struct value *row, const struct value *old_row, struct refs *ret)
{
	const struct value *value = &row[column->column];
	const struct rule *rule = rules_read(write->rules, column->to);
	enum input_kind kind = input->kinds[column->column];
	bool answer;
	enum err err = links_ids(write->arena, column, value, &ret->ids, &ret->count);

	if (err == OK)
		err = links_ids(write->arena, column, old_row == NULL ? NULL : &old_row[column->column],
		    &ret->old_ids, &ret->old_count);
	if (err == OK && kind == INPUT_APPEND)
		value = &input->values[column->column];
	if (err == OK && (kind == INPUT_VALUE || kind == INPUT_APPEND))
		err = links_ids(write->arena, column, value, &ret->sent, &ret->sent_count);
	ret->all_known = rule_is_decided(rule, &write->identity->caller, &answer) && answer;
	return err;
}

static bool
has_id(const struct value *ids, size_t count, const struct value *id)
{
	return count > 0 && bsearch(id, ids, count, sizeof(*ids), links_compare) != NULL;
}

/*
 * What is sent must lead to records that the caller may read; the record itself
 * is one, and so is what it links to already, where there is nothing else.
 */
static enum err
check_sent(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct field *column, const struct value *id, struct refs *refs)
{
	size_t kept = 0;

	for (size_t i = 0; i < refs->sent_count; i++) {
		const struct value *sent = &refs->sent[i];

		if (column->to == write->collection && value_equal(sent, id))
			continue;
		if (refs->all_known && has_id(refs->old_ids, refs->old_count, sent))
			continue;
		refs->sent[kept++] = *sent;
	}
	return check_targets(tx, write, input, column, refs->sent, kept);
}

/* Links that would go and that the caller does not know of: ${gone} becomes these. */
static enum err
find_unknown(struct tx *tx, struct record_write *write, const struct field *column, struct value *gone,
    size_t *count)
{
	size_t kept = 0;
	enum err err = OK;

	for (size_t at = 0; at < *count && err == OK; at += TARGETS_MAX) {
		size_t part = *count - at < TARGETS_MAX ? *count - at : TARGETS_MAX;
		bool found[TARGETS_MAX] = { false };

		err = find_targets(tx, write, column, gone + at, part, found);
		for (size_t i = 0; i < part && err == OK; i++)
			if (!found[i])
				gone[kept++] = gone[at + i];
	}
	*count = kept;
	return err;
}

static enum err
keep_unknown(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct field *column, const struct refs *refs, struct value *value)
{
	struct value *ids = arena_array(write->arena, refs->count + refs->old_count + 1, sizeof(*ids));
	size_t count = 0;
	enum err err;

	if (ids == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < refs->old_count; i++)
		if (!has_id(refs->ids, refs->count, &refs->old_ids[i]))
			ids[count++] = refs->old_ids[i];
	err = find_unknown(tx, write, column, ids, &count);
	if (err != OK || count == 0)
		return err;
	for (size_t i = 0; i < refs->count; i++)
		ids[count++] = refs->ids[i];
	*value = links_array(write->arena, ids, &count);
	if (value->text.data == NULL)
		return ERR_TOO_LARGE;
	if (column->has_max && count > (size_t)column->max && count > refs->old_count)
		field_error_add(&write->errors, write->arena, write_pointer(write, input, column), "too_long",
		    "%.*s would have too many items: at most %lld", STR_ARGS(column->name),
		    (long long)column->max);
	return OK;
}

enum err
write_check_refs(struct tx *tx, struct record_write *write, const struct record_input *input,
    const struct field *column, struct value *row, const struct value *old_row)
{
	struct refs refs = { 0 };
	enum err err = read_refs(write, input, column, row, old_row, &refs);

	if (err == OK)
		err = check_sent(tx, write, input, column, &row[COLUMN_ID], &refs);
	if (err == OK && !refs.all_known)
		err = keep_unknown(tx, write, input, column, &refs, &row[column->column]);
	return err;
}
