/* Names to columns: what a path may begin with, where it leads, and what it is called. */
#include "rules/check.h"

#include "app/names.h"
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

/* What a filter's caller may never see is not there. */
static bool
is_known(const struct compiler *compiler, const struct collection *collection, const struct field *field)
{
	return compiler->use != RULE_USE_FILTER ||
	       rules_field_sight(compiler->rules, collection, field, compiler->caller) != FIELD_HIDDEN;
}

static const struct field *
find_field(const struct compiler *compiler, const struct collection *collection, struct str name)
{
	const struct field *field = collection_column(collection, name);

	return field != NULL && is_known(compiler, collection, field) ? field : NULL;
}

static const struct back_reference *
find_back(const struct compiler *compiler, const struct collection *collection, struct str name)
{
	const struct back_reference *back = collection_back(collection, name);

	return back != NULL && is_known(compiler, back->from, back->field) ? back : NULL;
}

static bool
fail_unknown_field(
    struct compiler *compiler, const struct token *part, const struct collection *collection)
{
	struct nearest nearest = { .wanted = part->text };
	struct str shown = compiler_shorten(part->text);

	for (size_t i = 0; i < collection->columns_count; i++)
		if (is_known(compiler, collection, &collection->columns[i]))
			nearest_try(&nearest, collection->columns[i].name);
	for (size_t i = 0; i < collection->backs_count; i++)
		if (is_known(compiler, collection->backs[i].from, collection->backs[i].field))
			nearest_try(&nearest, collection->backs[i].name);
	if (nearest.best.data == NULL)
		return compiler_fail(
		    compiler, part->offset, "unknown field '%.*s'", STR_ARGS(shown));
	return compiler_fail(compiler, part->offset, "unknown field '%.*s': did you mean '%.*s'?",
	    STR_ARGS(shown), STR_ARGS(nearest.best));
}

enum type
field_check_type(const struct field *field)
{
	static const enum type types[FIELD_TYPE_COUNT] = {
		[FIELD_TEXT] = TYPE_TEXT,
		[FIELD_EMAIL] = TYPE_TEXT,
		[FIELD_URL] = TYPE_TEXT,
		[FIELD_INT] = TYPE_INT,
		[FIELD_FLOAT] = TYPE_FLOAT,
		[FIELD_DECIMAL] = TYPE_DECIMAL,
		[FIELD_BOOL] = TYPE_BOOL,
		[FIELD_ENUM] = TYPE_ENUM,
		[FIELD_TIME] = TYPE_TIME,
		[FIELD_DATE] = TYPE_DATE,
		[FIELD_LIST] = TYPE_LIST,
		[FIELD_JSON] = TYPE_JSON,
		[FIELD_REFS] = TYPE_REFS,
		[FIELD_ID] = TYPE_UUID,
	};

	if (field->column == COLUMN_ID || field->type == FIELD_REF)
		return field_value_kind(field) == VALUE_UUID ? TYPE_UUID : TYPE_INT_ID;
	return types[field->type];
}

/* The rule reads what ${other} reads. */
static void
note_rule(struct compiler *compiler, const struct rule *other)
{
	struct rule *rule = compiler->rule;

	rule->has_hops |= other->has_hops;
	rule->names_auth |= other->names_auth;
	rule->names_request |= other->names_request;
	rule->names_now |= other->names_now;
	rule->weight += other->weight;
	for (size_t i = 0; i < COUNT(rule->reads); i++)
		rule->reads[i] |= other->reads[i];
}

/* A filter's hop asks its target's read rule, whose own hops ask no other. */
void
path_note_hop(struct compiler *compiler, const struct collection *target)
{
	compiler->rule->has_hops = true;
	compiler->rule->weight += 2;
	compiler->rule->reads[target->index / 64] |= UINT64_C(1) << target->index % 64;
	if (compiler->use == RULE_USE_FILTER)
		note_rule(compiler, rules_read(compiler->rules, target));
}

/* The rule of ${field} itself, where it is for the row to say. */
static const struct rule *
field_sight(struct compiler *compiler, const struct collection *collection, const struct field *field)
{
	const struct rule *rule;

	if (compiler->use != RULE_USE_FILTER ||
	    rules_field_sight(compiler->rules, collection, field, compiler->caller) != FIELD_BY_ROW)
		return NULL;
	rule = compiler->rules->fields_read[collection->index][field->column];
	note_rule(compiler, rule);
	return rule;
}

/* One more field of a path, which was made with room for it. */
static bool
add_field(struct compiler *compiler, struct operand *path, size_t fields_max,
    const struct collection *collection, const struct field *field)
{
	const struct rule *sight = field_sight(compiler, collection, field);

	compiler->rule->weight++;
	if (sight != NULL && path->sights == NULL) {
		path->sights = compiler_array(compiler, fields_max, sizeof(*path->sights));
		if (path->sights == NULL)
			return false;
	}
	if (sight != NULL)
		path->sights[path->fields_count] = sight;
	path->fields[path->fields_count++] = field;
	return true;
}

static bool
fail_follows(struct compiler *compiler, const struct token *name, struct str before, enum type type)
{
	if (type == TYPE_REFS || type == TYPE_BACK)
		return compiler_fail(compiler, name->offset,
		    "nothing can follow '%.*s', which is many records: expected %.*s.exists(x, …), "
		    "%.*s.all(x, …) or size()",
		    STR_ARGS(before), STR_ARGS(before), STR_ARGS(before));
	return compiler_fail(compiler, name->offset,
	    "nothing can follow '%.*s', which is %s and no reference", STR_ARGS(before),
	    type_words[type]);
}

/* ${name} is no field: the rows that refer, or a mistake.  ${is_last}: nothing follows. */
static bool
resolve_back(struct compiler *compiler, const struct token *name, const struct token *next,
    const struct collection *collection, struct typed *ret)
{
	ret->back = find_back(compiler, collection, name->text);
	if (ret->back == NULL)
		return fail_unknown_field(compiler, name, collection);
	if (next != NULL)
		return fail_follows(compiler, next, name->text, TYPE_BACK);
	ret->type = TYPE_BACK;
	ret->collection = collection;
	ret->field = NULL;
	return true;
}

/* The names from ${part} on, as columns of ${collection}. */
static bool
resolve_fields(struct compiler *compiler, const struct node *node, size_t part,
    const struct collection *collection, struct typed *ret)
{
	struct operand *operand = &ret->operand;
	const size_t fields_max = node->parts_count + 1;
	const struct field *field = NULL;

	operand->kind = OPERAND_PATH;
	operand->fields = compiler_array(compiler, fields_max, sizeof(const struct field *));
	if (operand->fields == NULL)
		return false;
	for (size_t first = part; part < node->parts_count; part++) {
		const struct token *name = &node->parts[part];

		if (part - first > RULE_HOPS_MAX)
			return compiler_fail(compiler, name->offset,
			    "expected a path of at most %d references", RULE_HOPS_MAX);
		if (field != NULL && field->type != FIELD_REF)
			return fail_follows(compiler, name, field->name, field_check_type(field));
		if (field != NULL) {
			path_note_hop(compiler, field->to);
			collection = field->to;
		}
		field = find_field(compiler, collection, name->text);
		if (field == NULL)
			return resolve_back(compiler, name,
			    part + 1 < node->parts_count ? name + 1 : NULL, collection, ret);
		if (!add_field(compiler, operand, fields_max, collection, field))
			return false;
	}
	ret->field = field;
	ret->type = field_check_type(field);
	ret->collection = collection;
	return true;
}

static bool
resolve_new(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	if (compiler->use != RULE_USE_CREATE && compiler->use != RULE_USE_UPDATE)
		return compiler_fail(compiler, node->parts[0].offset,
		    "unknown field 'new': it is known in create and update rules only");
	if (node->parts_count == 1)
		return compiler_fail(compiler, node->parts[0].offset,
		    "expected a field behind 'new', as in 'new.id'");
	compiler->rule->names_new = true;
	ret->operand.root = ROOT_NEW;
	return resolve_fields(compiler, node, 1, compiler->collection, ret);
}

static bool
resolve_auth(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	const struct token *part = &node->parts[1];
	struct str shown;

	if (node->parts_count == 1)
		return compiler_fail(
		    compiler, node->parts[0].offset, "expected 'auth.id' or 'auth.roles'");
	if (node->parts_count > 2)
		return compiler_fail(compiler, node->parts[2].offset,
		    "nothing can follow 'auth.id' or 'auth.roles'");
	if (str_is(part->text, "roles"))
		return compiler_fail(compiler, node->parts[0].offset,
		    "'auth.roles' is a list: expected it behind 'in', as in 'editor' in "
		    "auth.roles");
	shown = compiler_shorten(part->text);
	if (!str_is(part->text, "id"))
		return compiler_fail(compiler, part->offset,
		    "unknown field '%.*s': 'auth' has 'id' and 'roles'", STR_ARGS(shown));
	compiler->rule->names_auth = true;
	ret->operand.kind = OPERAND_AUTH_ID;
	ret->operand.as = VALUE_TEXT;
	ret->type = TYPE_CALLER;
	return true;
}

static bool
resolve_request(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	const struct token *part = &node->parts[1];
	struct str shown;

	if (node->parts_count == 1)
		return compiler_fail(
		    compiler, node->parts[0].offset, "expected 'request.method' or 'request.ip'");
	if (node->parts_count > 2)
		return compiler_fail(compiler, node->parts[2].offset,
		    "nothing can follow 'request.method' or 'request.ip'");
	shown = compiler_shorten(part->text);
	if (!str_is(part->text, "method") && !str_is(part->text, "ip"))
		return compiler_fail(compiler, part->offset,
		    "unknown field '%.*s': 'request' has 'method' and 'ip'", STR_ARGS(shown));
	compiler->rule->names_request = true;
	ret->operand.kind = str_is(part->text, "ip") ? OPERAND_IP : OPERAND_METHOD;
	ret->type = TYPE_TEXT;
	return true;
}

static bool
resolve_now(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	if (node->parts_count > 1)
		return compiler_fail(
		    compiler, node->parts[1].offset, "nothing can follow 'now', which is a time");
	compiler->rule->names_now = true;
	ret->operand.kind = OPERAND_NOW;
	ret->type = TYPE_TIME;
	return true;
}

/* The record's own names. */
static bool
resolve_record(struct compiler *compiler, const struct node *node, struct typed *ret)
{
	const struct token *first = &node->parts[0];

	if (compiler->use == RULE_USE_CREATE &&
	    (collection_column(compiler->collection, first->text) != NULL ||
		collection_back(compiler->collection, first->text) != NULL))
		return compiler_fail(compiler, first->offset,
		    "expected 'new.%.*s': a create rule has no record before it",
		    STR_ARGS(first->text));
	compiler->rule->names_record = true;
	return resolve_fields(compiler, node, 0, compiler->collection, ret);
}

static bool
resolve_variable(struct compiler *compiler, const struct node *node, const struct scope *scope,
    struct typed *ret)
{
	if (node->parts_count == 1)
		return compiler_fail(compiler, node->parts[0].offset,
		    "expected a field behind '%.*s', as in '%.*s.id'", STR_ARGS(scope->name),
		    STR_ARGS(scope->name));
	ret->operand.root = scope->root;
	return resolve_fields(compiler, node, 1, scope->collection, ret);
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
	static const struct {
		const char *word;
		bool (*resolve)(
		    struct compiler *compiler, const struct node *node, struct typed *ret);
	} words[] = {
		{ "auth", resolve_auth },
		{ "new", resolve_new },
		{ "request", resolve_request },
		{ "now", resolve_now },
	};
	struct str first = node->parts[0].text;

	for (const struct scope *scope = compiler->scope; scope != NULL; scope = scope->outer)
		if (str_equal(scope->name, first))
			return resolve_variable(compiler, node, scope, ret);
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(first, words[i].word))
			return words[i].resolve(compiler, node, ret);
	return resolve_record(compiler, node, ret);
}

static bool
name_link(struct compiler *compiler, struct source *source)
{
	const struct collection *collection;
	char name[INDEX_NAME_SIZE];

	if (source->field->type != FIELD_REFS)
		return true;
	collection = source->back != NULL ? source->back->from : source->owner_collection;
	source->link = arena_str(compiler->arena, link_name(collection, source->field, name));
	return source->link.data != NULL ||
	       compiler_fail(compiler, 0, "the expression needs too much memory");
}

struct source *
path_source(struct compiler *compiler, const struct typed *typed)
{
	struct source *source = compiler_array(compiler, 1, sizeof(*source));
	struct operand *owner;

	if (source == NULL)
		return NULL;
	owner = &source->owner;
	*owner = typed->operand;
	source->owner_collection = typed->collection;
	source->back = typed->back;
	if (typed->type == TYPE_REFS) {
		source->field = typed->field;
		source->collection = typed->field->to;
		owner->fields_count--;
	} else {
		source->field = typed->back->field;
		source->collection = typed->back->from;
		source->sight = field_sight(compiler, source->collection, source->field);
	}
	if (source->back != NULL || compiler->use == RULE_USE_FILTER)
		path_note_hop(compiler, source->collection);
	/* Where refs have a rule of their own, it now guards the id. */
	owner->fields[owner->fields_count++] = &typed->collection->columns[COLUMN_ID];
	return name_link(compiler, source) ? source : NULL;
}
