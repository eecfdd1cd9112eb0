/* A rule's way from text to checked tree, and what is known of it then. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "codec/utf8.h"
#include "rules/rules_internal.h"

const struct node *
compiler_parse(struct compiler *compiler)
{
	size_t valid;

	if (compiler->text.size > RULE_SIZE_MAX)
		return compiler_fail(compiler, RULE_SIZE_MAX, "expected at most %d bytes, not %zu",
		    RULE_SIZE_MAX, compiler->text.size);
	valid = utf8_check(compiler->text);
	if (valid < compiler->text.size)
		return compiler_fail(compiler, valid, "expected valid UTF-8");
	compiler->text = arena_str(compiler->arena, compiler->text);
	if (compiler->text.data == NULL)
		return compiler_fail(compiler, 0, "the expression needs too much memory");
	return parser_run(compiler);
}

const struct rule *
compiler_check(struct compiler *compiler, const struct node *node)
{
	struct rule *rule = compiler_array(compiler, 1, sizeof(*rule));

	if (rule == NULL)
		return NULL;
	compiler->rule = rule;
	compiler->terms = 0;
	rule->use = compiler->use;
	rule->root = check_run(compiler, node);
	return rule->root == NULL ? NULL : rule;
}

enum err
rule_compile(struct arena *arena, const struct rules *rules, const struct collection *collection,
    enum rule_use use, const struct rule_caller *caller, struct str text, const struct rule **ret,
    struct rule_error *ret_error)
{
	struct rule_error error = { 0 };
	const struct node *node;
	const struct rule *rule = NULL;
	struct compiler compiler = {
		.arena = arena,
		.rules = rules,
		.caller = caller,
		.collection = collection,
		.use = use,
		.text = text,
		.error = &error,
	};

	assert(rules->app->collections_count <= APP_COLLECTIONS_MAX);
	assert((use == RULE_USE_FILTER) == (caller != NULL));
	if ((node = compiler_parse(&compiler)) != NULL)
		rule = compiler_check(&compiler, node);
	if (rule == NULL) {
		assert(error.detail[0] != '\0');
		*ret_error = error;
		return ERR_BAD_FILTER;
	}
	*ret = rule;
	return OK;
}

static const char *const access_words[ACCESS_COUNT] = {
	[ACCESS_READ] = "read",
	[ACCESS_CREATE] = "create",
	[ACCESS_UPDATE] = "update",
	[ACCESS_DELETE] = "delete",
};

static const enum rule_use access_uses[ACCESS_COUNT] = {
	[ACCESS_READ] = RULE_USE_READ,
	[ACCESS_CREATE] = RULE_USE_CREATE,
	[ACCESS_UPDATE] = RULE_USE_UPDATE,
	[ACCESS_DELETE] = RULE_USE_DELETE,
};

static bool
compile_field(struct arena *arena, const struct rules *rules, const struct collection *collection,
    const struct field *field, const struct rule **ret, struct app_mistakes *mistakes)
{
	const struct app_rule *source = &collection->fields_read[field->column];
	struct rule_error error;

	if (source->text.data == NULL ||
	    rule_compile(arena, rules, collection, RULE_USE_FIELD, NULL, source->text, ret, &error) == OK)
		return true;
	app_mistake(mistakes, app_rule_position(source, error.offset), "fields_access of '%.*s.%.*s': %s",
	    STR_ARGS(collection->name), STR_ARGS(field->name), error.detail);
	return false;
}

/* Room for the rules of all fields, none set. */
static bool
reserve(struct arena *arena, struct rules *rules)
{
	size_t count = rules->app->collections_count;
	const struct rule ***fields = arena_array(arena, count, sizeof(*fields));

	rules->access = arena_array(arena, count, sizeof(*rules->access));
	rules->fields_read = fields;
	for (size_t i = 0; fields != NULL && i < count; i++)
		if ((fields[i] = arena_array(
			 arena, rules->app->collections[i].columns_count, sizeof(**fields))) == NULL)
			return false;
	return fields != NULL && rules->access != NULL;
}

static bool
compile_access(struct arena *arena, const struct rules *rules, const struct collection *collection,
    enum access access, const struct rule **ret, struct app_mistakes *mistakes)
{
	const struct app_rule *source = &collection->access[access];
	struct rule_error error;

	if (rule_compile(arena, rules, collection, access_uses[access], NULL, source->text, ret,
		&error) == OK)
		return true;
	app_mistake(mistakes, app_rule_position(source, error.offset), "%s rule of '%.*s': %s",
	    access_words[access], STR_ARGS(collection->name), error.detail);
	return false;
}

/* What shared caches keep must be the same for everybody. */
static bool
check_cache(const struct rules *rules, const struct collection *collection, struct app_mistakes *mistakes)
{
	const struct rule *read = rules_read(rules, collection);
	bool good = true;

	if (!collection->cache.is_public)
		return true;
	if (read != NULL && rule_names_caller(read)) {
		app_mistake(mistakes, collection->cache.at,
		    "'public' is for what everybody sees alike: the read rule looks at its caller");
		good = false;
	}
	for (size_t i = 0; i < collection->columns_count; i++) {
		const struct rule *rule = rules->fields_read[collection->index][i];

		if (rule == NULL || !rule_names_caller(rule))
			continue;
		app_mistake(mistakes, collection->cache.at,
		    "'public' is for what everybody sees alike: the rule of field '%.*s' looks at its caller",
		    STR_ARGS(collection->columns[i].name));
		good = false;
	}
	return good;
}

static bool
compile_collection(struct arena *arena, const struct rules *rules, const struct collection *collection,
    struct app_mistakes *mistakes)
{
	const struct rule **fields = rules->fields_read[collection->index];
	bool good = true;

	for (enum access access = 0; access < ACCESS_COUNT; access++)
		good &= compile_access(arena, rules, collection, access,
		    &rules->access[collection->index][access], mistakes);
	for (size_t i = 0; collection->fields_read != NULL && i < collection->columns_count; i++)
		good &= compile_field(arena, rules, collection, &collection->columns[i], &fields[i], mistakes);
	return good & check_cache(rules, collection, mistakes);
}

bool
rules_compile_app(
    struct arena *arena, const struct app *app, struct rules *ret, struct app_mistakes *mistakes)
{
	bool good = true;

	ret->app = app;
	if (!reserve(arena, ret)) {
		app_mistake(
		    mistakes, (struct app_position){ 1, 1 }, "the rules need too much memory");
		return false;
	}
	for (size_t i = 0; i < app->collections_count; i++)
		if (!compile_collection(arena, ret, &app->collections[i], mistakes))
			good = false;
	return good;
}

bool
rules_allow_all(struct arena *arena, const struct app *app, struct rules *ret)
{
	struct rule_error error;

	ret->app = app;
	if (!reserve(arena, ret))
		return false;
	for (size_t i = 0; i < app->collections_count; i++)
		for (enum access access = 0; access < ACCESS_COUNT; access++)
			if (rule_compile(arena, ret, &app->collections[i], RULE_USE_DELETE, NULL,
				STR("true"), &ret->access[i][access], &error) != OK)
				return false;
	return true;
}

enum field_sight
rules_field_sight(const struct rules *rules, const struct collection *collection,
    const struct field *field, const struct rule_caller *caller)
{
	const struct rule *rule = rules->fields_read[collection->index][field->column];
	bool shown = true;

	if (rule == NULL || (rule_is_decided(rule, caller, &shown) && shown))
		return FIELD_SHOWN;
	/* Also where this caller's rows are none: the shape of a record does not depend on who asks. */
	return rule->names_record ? FIELD_BY_ROW : FIELD_HIDDEN;
}

bool
rule_is_local(const struct rule *rule)
{
	return !rule->has_hops;
}

bool
rule_names_caller(const struct rule *rule)
{
	return rule->names_auth || rule->names_request;
}

bool
rule_names_request(const struct rule *rule)
{
	return rule->names_request || rule->names_now;
}

bool
rule_reads(const struct rules *rules, const struct rule *rule, const struct collection *collection)
{
	(void)rules;
	return (rule->reads[collection->index / 64] >> collection->index % 64 & 1) != 0;
}
