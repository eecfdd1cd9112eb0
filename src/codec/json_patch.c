#include "codec/json_patch.h"

#include <stdlib.h>
#include <string.h>

/* --- equality ------------------------------------------------------------- */

static bool
is_number(const struct json *json)
{
	return json->type == JSON_INT || json->type == JSON_REAL;
}

/* An integer beside a real: equal where the real is that integer exactly. */
static bool
numbers_equal(const struct json *a, const struct json *b)
{
	double real;

	if (a->type == JSON_INT && b->type == JSON_INT)
		return a->integer == b->integer;
	if (a->type == JSON_REAL && b->type == JSON_REAL)
		return !(a->real < b->real) && !(a->real > b->real);
	if (a->type == JSON_REAL)
		return numbers_equal(b, a);
	real = b->real;
	return real >= -0x1p63 && real < 0x1p63 && (double)(int64_t)real >= real &&
	       (double)(int64_t)real <= real && (int64_t)real == a->integer;
}

static int
compare_members(const void *a, const void *b)
{
	const struct json_member *const *left = a, *const *right = b;

	return str_compare((*left)->name, (*right)->name);
}

/* The members in order of their names; NULL where there is no memory. */
static const struct json_member **
sorted_members(const struct json *json)
{
	const struct json_member **sorted = malloc((json->count + 1) * sizeof(struct json_member *));

	for (uint32_t i = 0; sorted != NULL && i < json->count; i++)
		sorted[i] = &json->members[i];
	if (sorted != NULL && json->count > 1)
		qsort(sorted, json->count, sizeof(struct json_member *), compare_members);
	return sorted;
}

static bool
objects_equal(const struct json *a, const struct json *b)
{
	const struct json_member **left = sorted_members(a), **right = sorted_members(b);
	bool equal = left != NULL && right != NULL;

	for (uint32_t i = 0; i < a->count && equal; i++)
		equal = str_equal(left[i]->name, right[i]->name) &&
			json_equal(&left[i]->value, &right[i]->value);
	free(left);
	free(right);
	return equal;
}

bool
json_equal(const struct json *a, const struct json *b)
{
	if (is_number(a) && is_number(b))
		return numbers_equal(a, b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case JSON_BOOL:
		return a->boolean == b->boolean;
	case JSON_STRING:
		return str_equal(a->string, b->string);
	case JSON_ARRAY:
		for (uint32_t i = 0; a->count == b->count && i < a->count; i++)
			if (!json_equal(&a->items[i], &b->items[i]))
				return false;
		return a->count == b->count;
	case JSON_OBJECT:
		return a->count == b->count && objects_equal(a, b);
	default:
		return true;
	}
}

/* --- merge ------------------------------------------------------------------ */

static bool
has_member(const struct json_member **sorted, uint32_t count, const struct json_member *member)
{
	return bsearch(&member, sorted, count, sizeof(struct json_member *), compare_members) != NULL;
}

/* What of ${target} no member of ${patch} speaks of. */
static bool
keep_unnamed(const struct json *target, const struct json *patch, struct json *ret)
{
	const struct json_member **named = sorted_members(patch);

	if (named == NULL)
		return false;
	for (uint32_t i = 0; target->type == JSON_OBJECT && i < target->count; i++)
		if (!has_member(named, patch->count, &target->members[i]))
			ret->members[ret->count++] = target->members[i];
	free(named);
	return true;
}

/* The member ${name} of ${target}, whose members ${sorted} are; or null. */
static const struct json *
old_value(const struct json_member **sorted, const struct json *target, const struct json_member *member)
{
	static const struct json nothing = { .type = JSON_NULL };
	const struct json_member **found = NULL;

	if (target->type == JSON_OBJECT)
		found = bsearch(&member, sorted, target->count, sizeof(struct json_member *), compare_members);
	return found == NULL ? &nothing : &(*found)->value;
}

static enum err
merge_named(struct arena *arena, const struct json *target, const struct json *patch, struct json *ret)
{
	static const struct json none = { .type = JSON_OBJECT };
	const struct json_member **sorted = sorted_members(target->type == JSON_OBJECT ? target : &none);
	enum err err = sorted == NULL ? ERR_TOO_LARGE : OK;

	for (uint32_t i = 0; i < patch->count && err == OK; i++) {
		const struct json_member *member = &patch->members[i];
		struct json_member *made = &ret->members[ret->count];

		if (member->value.type == JSON_NULL)
			continue;
		made->name = member->name;
		err = json_merge(arena, old_value(sorted, target, member), &member->value, &made->value);
		ret->count++;
	}
	free(sorted);
	return err;
}

enum err
json_merge(struct arena *arena, const struct json *target, const struct json *patch, struct json *ret)
{
	struct json merged = { .type = JSON_OBJECT };
	size_t room = patch->count + (target->type == JSON_OBJECT ? target->count : 0);

	if (patch->type != JSON_OBJECT) {
		*ret = *patch;
		return OK;
	}
	merged.members = arena_array(arena, room + 1, sizeof(*merged.members));
	if (merged.members == NULL || !keep_unnamed(target, patch, &merged) ||
	    merge_named(arena, target, patch, &merged) != OK)
		return ERR_TOO_LARGE;
	*ret = merged;
	return OK;
}

/* --- reading a patch --------------------------------------------------------- */

static const struct {
	const char *name;
	enum json_patch_verb verb;
	bool has_value, has_from;
} verbs[] = {
	{ "test", JSON_PATCH_TEST, true, false },
	{ "add", JSON_PATCH_ADD, true, false },
	{ "remove", JSON_PATCH_REMOVE, false, false },
	{ "replace", JSON_PATCH_REPLACE, true, false },
	{ "move", JSON_PATCH_MOVE, false, true },
	{ "copy", JSON_PATCH_COPY, false, true },
};

/* RFC 6901: empty, or names that each begin with a slash; a tilde stands before 0 or 1. */
static bool
read_pointer(const struct json *json, struct str *ret)
{
	if (json == NULL || json->type != JSON_STRING)
		return false;
	*ret = json->string;
	if (ret->size > 0 && ret->data[0] != '/')
		return false;
	for (size_t i = 0; i < ret->size; i++)
		if (ret->data[i] == '~' &&
		    (i + 1 == ret->size || (ret->data[i + 1] != '0' && ret->data[i + 1] != '1')))
			return false;
	return true;
}

/* NULL, or why ${json} is no operation. */
static const char *
read_op(const struct json *json, struct json_patch_op *ret)
{
	const struct json *verb = json_member(json, "op");
	size_t at = 0;

	if (verb == NULL || verb->type != JSON_STRING)
		return "an operation is an object with a member \"op\"";
	while (at < COUNT(verbs) && !str_is(verb->string, verbs[at].name))
		at++;
	if (at == COUNT(verbs))
		return "\"op\" is one of test, add, remove, replace, move, copy";
	ret->verb = verbs[at].verb;
	if (!read_pointer(json_member(json, "path"), &ret->path))
		return "\"path\" is a JSON pointer like \"/title\"";
	if (verbs[at].has_from && !read_pointer(json_member(json, "from"), &ret->from))
		return "\"from\" is a JSON pointer like \"/title\"";
	ret->value = json_member(json, "value");
	if (verbs[at].has_value && ret->value == NULL)
		return "\"value\" is missing";
	return NULL;
}

enum err
json_patch_read(struct arena *arena, const struct json *json, struct json_patch *ret,
    struct json_patch_fault *ret_fault)
{
	*ret = (struct json_patch){ 0 };
	*ret_fault = (struct json_patch_fault){ 0 };
	if (json->type != JSON_ARRAY) {
		ret_fault->detail = "a JSON Patch is an array of operations";
		return ERR_BAD_REQUEST;
	}
	if (json->count > JSON_PATCH_OPS_MAX) {
		ret_fault->detail = "a JSON Patch has at most 1,000 operations";
		return ERR_BAD_REQUEST;
	}
	ret->ops = arena_array(arena, json->count + 1, sizeof(*ret->ops));
	if (ret->ops == NULL)
		return ERR_TOO_LARGE;
	for (; ret->count < json->count; ret->count++) {
		ret_fault->index = ret->count;
		ret_fault->detail = read_op(&json->items[ret->count], &ret->ops[ret->count]);
		if (ret_fault->detail != NULL)
			return ERR_BAD_REQUEST;
	}
	return OK;
}

/* --- applying it -------------------------------------------------------------- */

/* A patch at work. */
struct patching {
	struct arena *arena;
	struct json *document;
	size_t nodes; /* put in so far */
	const char *fault;
};

static enum err
fail(struct patching *patching, enum err err, const char *detail)
{
	patching->fault = detail;
	return err;
}

static enum err
nowhere(struct patching *patching)
{
	return fail(patching, ERR_CONFLICT, "the path leads nowhere");
}

bool
json_pointer_take(struct arena *arena, struct str *pointer, struct str *ret)
{
	size_t end, size = 0;
	char *name;

	if (pointer->size == 0)
		return false;
	*pointer = str_slice(*pointer, 1, pointer->size);
	end = str_find_byte(*pointer, '/');
	*ret = str_slice(*pointer, 0, end);
	*pointer = str_slice(*pointer, end, pointer->size);
	if (str_find_byte(*ret, '~') == ret->size || (name = arena_new(arena, ret->size)) == NULL)
		return true;
	for (size_t i = 0; i < ret->size; i++) {
		bool escaped = ret->data[i] == '~';

		i += escaped;
		name[size++] = !escaped ? ret->data[i] : ret->data[i] == '0' ? '~' : '/';
	}
	*ret = (struct str){ name, size };
	return true;
}

static size_t
pointer_depth(struct str pointer)
{
	size_t depth = 0;

	for (size_t i = 0; i < pointer.size; i++)
		depth += pointer.data[i] == '/';
	return depth;
}

/* Count the values of ${json} into ${patching} and say how deep it is. */
static size_t
measure(struct patching *patching, const struct json *json)
{
	size_t deepest = 0, depth;

	if (++patching->nodes > JSON_PATCH_NODES_MAX || json->type < JSON_ARRAY)
		return 0;
	for (uint32_t i = 0; i < json->count && patching->nodes <= JSON_PATCH_NODES_MAX; i++) {
		depth = measure(patching, json->type == JSON_ARRAY ? &json->items[i] : &json->members[i].value);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

/* A place in an array: digits without leading zeros, below ${count}. */
static bool
read_index(struct str name, uint32_t count, uint32_t *ret)
{
	int64_t index;

	if (!str_to_int(name, &index) || name.data[0] == '-' || index >= count)
		return false;
	*ret = (uint32_t)index;
	return true;
}

/* The child ${name} of ${json}, or NULL. */
static struct json *
child(const struct json *json, struct str name)
{
	uint32_t index;

	if (json->type == JSON_ARRAY)
		return read_index(name, json->count, &index) ? &json->items[index] : NULL;
	for (uint32_t i = 0; json->type == JSON_OBJECT && i < json->count; i++)
		if (str_equal(json->members[i].name, name))
			return &json->members[i].value;
	return NULL;
}

/* What ${pointer} leads to, or NULL. */
static const struct json *
find(struct patching *patching, struct str pointer)
{
	const struct json *at = patching->document;
	struct str name;

	while (at != NULL && json_pointer_take(patching->arena, &pointer, &name))
		at = child(at, name);
	return at;
}

/* Give ${json} children of its own, with room for one more: others may share those it has. */
static bool
own_children(struct patching *patching, struct json *json)
{
	size_t size = json->type == JSON_ARRAY ? sizeof(*json->items) : sizeof(*json->members);
	void *copy = arena_array(patching->arena, (size_t)json->count + 1, size);

	if (copy == NULL)
		return false;
	if (json->count > 0)
		memcpy(copy, json->items, json->count * size);
	if (json->type == JSON_ARRAY)
		json->items = copy;
	else
		json->members = copy;
	return true;
}

/* The array or object that holds the last name of ${pointer}, to be written to. */
static enum err
find_parent(struct patching *patching, struct str pointer, struct json **ret, struct str *ret_name)
{
	struct json *at = patching->document;

	for (;;) {
		if (!json_pointer_take(patching->arena, &pointer, ret_name) || at == NULL ||
		    at->type < JSON_ARRAY)
			return nowhere(patching);
		if (!own_children(patching, at))
			return fail(patching, ERR_TOO_LARGE, "the patch needs too much memory");
		*ret = at;
		if (pointer.size == 0)
			return OK;
		at = child(at, *ret_name);
	}
}

static enum err
add_item(struct patching *patching, struct json *list, struct str name, const struct json *value)
{
	uint32_t index = list->count;

	if (!str_is(name, "-") && !read_index(name, list->count + 1, &index))
		return nowhere(patching);
	memmove(&list->items[index + 1], &list->items[index], (list->count - index) * sizeof(*list->items));
	list->items[index] = *value;
	list->count++;
	return OK;
}

static enum err
add(struct patching *patching, struct str path, const struct json *value)
{
	struct json *parent, *old;
	struct str name;
	enum err err;

	if (measure(patching, value) + pointer_depth(path) > JSON_DEPTH_MAX)
		return fail(patching, ERR_TOO_LARGE, "the result would be nested deeper than 64 levels");
	if (patching->nodes > JSON_PATCH_NODES_MAX)
		return fail(patching, ERR_TOO_LARGE, "the result would be too large");
	if (path.size == 0) {
		*patching->document = *value;
		return OK;
	}
	err = find_parent(patching, path, &parent, &name);
	if (err != OK)
		return err;
	if (parent->type == JSON_ARRAY)
		return add_item(patching, parent, name, value);
	old = child(parent, name);
	if (old != NULL)
		*old = *value;
	else
		parent->members[parent->count++] = (struct json_member){ name, *value };
	return OK;
}

static enum err
take_out(struct patching *patching, struct str path)
{
	struct json *parent, *old;
	struct str name;
	size_t at;
	enum err err;

	if (path.size == 0)
		return fail(patching, ERR_CONFLICT, "the whole document cannot be removed");
	err = find_parent(patching, path, &parent, &name);
	if (err != OK)
		return err;
	old = child(parent, name);
	if (old == NULL)
		return nowhere(patching);
	parent->count--;
	if (parent->type == JSON_ARRAY) {
		at = (size_t)(old - parent->items);
		memmove(old, old + 1, (parent->count - at) * sizeof(*old));
	} else {
		struct json_member *member = CONTAINER(old, struct json_member, value);

		at = (size_t)(member - parent->members);
		memmove(member, member + 1, (parent->count - at) * sizeof(*member));
	}
	return OK;
}

static enum err
replace(struct patching *patching, struct str path, const struct json *value)
{
	struct json *parent;
	struct str name;
	enum err err;

	if (find(patching, path) == NULL)
		return nowhere(patching);
	if (path.size == 0)
		return add(patching, path, value);
	err = find_parent(patching, path, &parent, &name);
	if (err != OK || parent->type == JSON_OBJECT)
		return err == OK ? add(patching, path, value) : err;
	err = take_out(patching, path);
	return err == OK ? add(patching, path, value) : err;
}

static enum err
move(struct patching *patching, const struct json_patch_op *op)
{
	const struct json *found = find(patching, op->from);
	struct json value;
	enum err err;

	if (found == NULL)
		return fail(patching, ERR_CONFLICT, "\"from\" leads nowhere");
	if (str_starts_with(op->path, op->from) && op->path.size > op->from.size &&
	    op->path.data[op->from.size] == '/')
		return fail(patching, ERR_CONFLICT, "a value cannot be moved into itself");
	value = *found;
	err = op->from.size == 0 ? OK : take_out(patching, op->from);
	return err == OK ? add(patching, op->path, &value) : err;
}

static enum err
apply(struct patching *patching, const struct json_patch_op *op)
{
	const struct json *found;

	switch (op->verb) {
	case JSON_PATCH_TEST:
		found = find(patching, op->path);
		if (found == NULL)
			return nowhere(patching);
		return json_equal(found, op->value) ? OK : fail(patching, ERR_CONFLICT, "the test failed");
	case JSON_PATCH_ADD:
		return add(patching, op->path, op->value);
	case JSON_PATCH_REMOVE:
		return take_out(patching, op->path);
	case JSON_PATCH_REPLACE:
		return replace(patching, op->path, op->value);
	case JSON_PATCH_MOVE:
		return move(patching, op);
	case JSON_PATCH_COPY:
		found = find(patching, op->from);
		return found == NULL ? fail(patching, ERR_CONFLICT, "\"from\" leads nowhere") :
				       add(patching, op->path, found);
	}
	return OK;
}

enum err
json_patch_apply(struct arena *arena, const struct json_patch *patch, struct json *document,
    struct json_patch_fault *ret_fault)
{
	struct patching patching = { .arena = arena, .document = document };
	enum err err = OK;

	for (size_t i = 0; i < patch->count && err == OK; i++) {
		err = apply(&patching, &patch->ops[i]);
		*ret_fault = (struct json_patch_fault){ i, patching.fault };
	}
	return err;
}
