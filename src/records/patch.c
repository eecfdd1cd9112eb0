/* A change by JSON Patch: what it makes of the record, as an input like any other. */
#include <stdio.h>

#include "codec/json_patch.h"
#include "records/input_internal.h"
#include "records/sight.h"
#include "records/write_internal.h"

enum { DOCUMENT_SIZE_MAX = 16 << 20 };

/* --- the record as the caller sees it -------------------------------------- */

static enum err
make_document(struct tx *tx, struct record_write *write, const struct value *row, struct json *ret)
{
	const struct value *seen;
	struct json_writer writer;
	struct json_error error;
	struct str text;
	struct buf buf;
	enum err err = write_show(tx, write, row, &seen);

	if (err != OK)
		return err;
	buf_init(&buf, DOCUMENT_SIZE_MAX);
	json_writer_init(&writer, &buf);
	sight_to_json(&writer, write->sight, seen);
	text = arena_str(write->arena, buf_str(&buf));
	err = buf.err;
	buf_release(&buf);
	if (err != OK || text.data == NULL)
		return ERR_TOO_LARGE;
	return json_parse(write->arena, text, ret, &error);
}

/* --- what has become of it -------------------------------------------------- */

static const struct json *
value_of(const struct json *object, struct str name)
{
	for (uint32_t i = 0; i < object->count; i++)
		if (str_equal(object->members[i].name, name))
			return &object->members[i].value;
	return NULL;
}

/* The members of ${after} that are not as in ${before}; what is no more there is null. */
static enum err
find_changes(struct arena *arena, const struct json *before, const struct json *after, struct json *ret)
{
	struct json changes = { .type = JSON_OBJECT };

	changes.members = arena_array(arena, (size_t)before->count + after->count + 1, sizeof(*changes.members));
	if (changes.members == NULL)
		return ERR_TOO_LARGE;
	for (uint32_t i = 0; i < after->count; i++) {
		const struct json *old = value_of(before, after->members[i].name);

		if (old == NULL || !json_equal(old, &after->members[i].value))
			changes.members[changes.count++] = after->members[i];
	}
	for (uint32_t i = 0; i < before->count; i++)
		if (value_of(after, before->members[i].name) == NULL)
			changes.members[changes.count++] =
			    (struct json_member){ before->members[i].name, { .type = JSON_NULL } };
	*ret = changes;
	return OK;
}

/* --- where mistakes are: at operations --------------------------------------- */

static struct str
op_pointer(struct arena *arena, size_t index)
{
	char text[32];

	snprintf(text, sizeof(text), "#/%zu", index);
	return arena_str(arena, str_from(text));
}

/* Does ${path} of an operation lead to or into the member that ${pointer} ("#/title", "#/tags/3") names? */
static bool
touches(struct arena *arena, struct str path, struct str pointer)
{
	struct str name, member;

	if (path.data == NULL)
		return false;
	if (!json_pointer_take(arena, &path, &name))
		return true; /* the whole */
	member = input_pointer(arena, STR("#"), name);
	return str_starts_with(pointer, member) &&
	       (pointer.size == member.size || pointer.data[member.size] == '/');
}

void
write_point_at_operations(struct record_write *write)
{
	const struct json_patch *patch = write->patch;

	for (struct field_error *error = write->errors.first; error != NULL; error = error->next) {
		size_t at = patch->count;

		if (str_is(str_from(error->code), "patch"))
			continue; /* it points there */

		while (at > 0 && !touches(write->arena, patch->ops[at - 1].path, error->pointer) &&
		       !touches(write->arena, patch->ops[at - 1].from, error->pointer))
			at--;
		error->pointer = at == 0 ? STR("#") : op_pointer(write->arena, at - 1);
	}
}

static enum err
refuse(struct record_write *write, enum err err, const struct json_patch_fault *fault)
{
	if (err != ERR_CONFLICT)
		return err;
	field_error_add(&write->errors, write->arena, op_pointer(write->arena, fault->index), "patch", "%s",
	    fault->detail);
	write->detail = STR("The patch does not fit the record as it stands.");
	return err;
}

enum err
write_read_patch(struct tx *tx, struct record_write *write, const struct value *old_row)
{
	const struct record_author author = { write->rules, write->sight->caller };
	struct json before, after, changes;
	struct json_patch_fault fault = { 0 };
	enum err err = make_document(tx, write, old_row, &before);

	after = before;
	if (err == OK)
		err = refuse(write, json_patch_apply(write->arena, write->patch, &after, &fault), &fault);
	if (err == OK && after.type == JSON_OBJECT)
		err = find_changes(write->arena, &before, &after, &changes);
	else
		changes = after; /* no record: so it will be told */
	if (err == OK)
		err = record_input_read(write->arena, write->collection, &author, &changes, STR("#"), INPUT_PATCH,
		    &write->inputs[0], &write->errors);
	if (err == OK && write->errors.count > 0 && write->inputs[0].kinds == NULL)
		err = ERR_INVALID;
	return err;
}
