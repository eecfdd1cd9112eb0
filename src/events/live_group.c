#include "events/live_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "records/list.h"

/* --- groups ---------------------------------------------------------- */

enum { GROUP_ARENA_SIZE_MAX = 8 << 20 };

/* What an identity says lives as long as its key; the group may live longer. */
static void
copy_identity(struct live_group *group, const struct identity *identity)
{
	const struct rule_caller *caller = &identity->caller;
	struct str *roles = arena_array(&group->arena, caller->roles_count, sizeof(*roles));

	group->identity = *identity;
	group->identity.principal = arena_str(&group->arena, identity->principal);
	if (caller->id.data != NULL)
		group->identity.caller.id = arena_str(&group->arena, caller->id);
	for (size_t i = 0; i < caller->roles_count; i++)
		roles[i] = arena_str(&group->arena, caller->roles[i]);
	group->identity.caller.roles = roles;
}

static void
compile_filter(struct live_group *group, struct str filter)
{
	struct rule_error error;
	enum err err;

	if (str_trim(filter).size == 0)
		return;
	err = rule_compile(&group->arena, group->live->rules, group->predicate.collection,
	    RULE_USE_FILTER, group->predicate.caller, filter, &group->predicate.filter, &error);
	assert(err == OK); /* it was compiled before, to answer mistakes */
	(void)err;
}

static void
find_sight(struct live_group *group, struct str fields)
{
	struct url_parameter parameter = { STR("fields"), fields };
	struct list_problem problem;
	bool good = list_parse_one(&group->arena, group->live->rules, group->predicate.collection,
	    &group->identity, &parameter, str_trim(fields).size > 0, &group->predicate.sight, &problem);

	assert(good); /* as the filter */
	(void)good;
}

static struct live_group *
new_group(struct live *live, const struct live_query *query)
{
	struct live_group *group = memory_new(sizeof(*group));

	group->live = live;
	arena_init(&group->arena, GROUP_ARENA_SIZE_MAX);
	buf_init(&group->key, GROUP_ARENA_SIZE_MAX);
	buf_init(&group->text.buf, LIVE_TEXT_MAX);
	copy_identity(group, query->key == NULL ? &identity_guest : &query->key->identity);
	group->predicate = (struct predicate){
		.rules = live->rules,
		.collection = query->collection,
		.read = rules_read(live->rules, query->collection),
		.id = query->id,
		.caller = &group->identity.caller,
	};
	compile_filter(group, query->filter);
	find_sight(group, query->fields);
	predicate_key(&group->predicate, &group->key);
	group->key_hash = hash_str(buf_str(&group->key));
	group->is_local = predicate_is_local(&group->predicate);
	return group;
}

static void
free_group(struct live_group *group)
{
	arena_release(&group->arena);
	buf_release(&group->key);
	buf_release(&group->text.buf);
	free(group);
}

static void
note_reads(struct live_group *group)
{
	const struct app *app = group->live->rules->app;

	for (size_t i = 0; i < app->collections_count; i++)
		if (predicate_reads(&group->predicate, &app->collections[i]))
			group->reads[i / 64] |= UINT64_C(1) << i % 64;
}

static void
link_group(struct live_group *group, struct live_group **first, struct live_group **first_joined)
{
	group->next = *first;
	group->at = first;
	if (group->next != NULL)
		group->next->at = &group->next;
	*first = group;
	if (group->is_local)
		return;
	group->next_joined = *first_joined;
	group->at_joined = first_joined;
	if (group->next_joined != NULL)
		group->next_joined->at_joined = &group->next_joined;
	*first_joined = group;
}

static void
unlink_group(struct live_group *group)
{
	*group->at = group->next;
	if (group->next != NULL)
		group->next->at = group->at;
	if (group->is_local)
		return;
	*group->at_joined = group->next_joined;
	if (group->next_joined != NULL)
		group->next_joined->at_joined = group->at_joined;
}

struct live_group *
live_group_find(struct live *live, const struct live_query *query)
{
	struct live_group *group = new_group(live, query), *other;

	for (other = live->groups[query->collection->index]; other != NULL; other = other->next) {
		if (other->key_hash != group->key_hash ||
		    !str_equal(buf_str(&other->key), buf_str(&group->key)))
			continue;
		free_group(group);
		return other;
	}
	if (!group->is_local)
		note_reads(group);
	link_group(group, &live->groups[query->collection->index], &live->joined);
	return group;
}

void
live_group_leave(struct live_group *group)
{
	assert(group->streams == NULL && !group->is_told);
	live_joined_drop(group);
	if (group->running != NULL)
		return; /* it comes back */
	unlink_group(group);
	free_group(group);
}

void
live_group_retire(struct live_group *group)
{
	for (struct live_stream *stream = group->streams; stream != NULL; stream = stream->next)
		live_end_stream(stream);
	live_joined_drop(group);
	unlink_group(group);
	link_group(group, &group->live->old, &group->live->old_joined);
}

const struct collection *
live_collection(const struct live *live, const struct change *change)
{
	const struct app *app = live->rules->app;
	const struct collection *collection = change->collection;

	if (collection->index < app->collections_count && collection == &app->collections[collection->index])
		return collection;
	return app_collection(app, collection->name);
}

void
live_group_tell(struct live_group *group, int64_t number, struct str text)
{
	for (struct live_stream *stream = group->streams; stream != NULL; stream = stream->next)
		live_tell(stream, number, text);
}

void
live_reset_text(const struct live *live, const char *reason, struct buf *text)
{
	buf_addf(text, "event: reset\ndata: {\"reason\":\"%s\"}\n", reason);
	sse_id(text, live->position);
	sse_end(text);
}

void
live_group_reset(struct live_group *group, int64_t number, const char *reason)
{
	struct buf text;

	buf_init(&text, 256);
	live_reset_text(group->live, reason, &text);
	live_group_tell(group, number, buf_str(&text));
	buf_release(&text);
	group->reset_ms = uv_now(&group->live->loop->uv);
	group->reset_due = false;
	live_joined_drop(group);
}

void
live_reset_all(struct live *live, int64_t number, const char *reason)
{
	for (size_t i = 0; i < COUNT(live->groups); i++)
		for (struct live_group *group = live->groups[i]; group != NULL; group = group->next)
			live_group_reset(group, number, reason);
}

/* --- text ------------------------------------------------------------ */

void
live_text_event(struct live_text *text, const char *name, struct str data)
{
	if (text->events++ > 0)
		sse_end(&text->buf);
	sse_event(&text->buf, name, data);
}

void
live_text_end(struct live_text *text, int64_t id)
{
	sse_id(&text->buf, id);
	sse_end(&text->buf);
}

void
live_id_json(struct buf *json, const struct collection *collection, const struct value *id)
{
	struct json_writer writer;

	json_writer_init(&writer, json);
	json_begin_object(&writer);
	json_name_raw(&writer, collection->columns[COLUMN_ID].json_name);
	json_value(&writer, id);
	json_end_object(&writer);
}

/* --- a commit, to local groups ---------------------------------------- */

/* Written once, whoever many groups want it, but for those whose caller sees less. */
static struct str
record_json(struct live_group *group, const struct change *change)
{
	struct live *live = group->live;
	struct json_writer writer;

	if (group->predicate.sight != NULL) {
		buf_clear(&live->shown);
		predicate_to_json(&group->predicate, change->new_values, &live->shown);
		return buf_str(&live->shown);
	}
	if (live->json.size == 0) {
		json_writer_init(&writer, &live->json);
		record_to_json(&writer, live_collection(live, change), change->new_values);
	}
	return buf_str(&live->json);
}

static void
add_left(struct live_group *group, const struct change *change)
{
	struct buf json;

	buf_init(&json, 256);
	live_id_json(&json, group->predicate.collection, &change->id);
	live_text_event(&group->text, "left", buf_str(&json));
	buf_release(&json);
}

static void
take_change(struct live_group *group, const struct change *change)
{
	struct live *live = group->live;
	bool before, after;

	if (!predicate_admits(&group->predicate, &change->id))
		return;
	before = predicate_holds(&group->predicate, change->old_values);
	after = predicate_holds(&group->predicate, change->new_values);
	if (!before && !after)
		return;
	if (after)
		live_text_event(
		    &group->text, before ? "changed" : "entered", record_json(group, change));
	else
		add_left(group, change);
	if (!group->is_told) {
		group->is_told = true;
		group->next_told = live->told;
		live->told = group;
	}
}

static void
tell_local(struct live *live, int64_t number)
{
	struct live_group *group;

	while ((group = live->told) != NULL) {
		struct buf *buf = &group->text.buf;

		live->told = group->next_told;
		group->is_told = false;
		live_text_end(&group->text, number);
		if (buf->err == OK)
			live_group_tell(group, number, buf_str(buf));
		else
			live_group_reset(group, number, "large");
		buf_release(buf);
		group->text.events = 0;
	}
}

static void
take_local(struct live *live, const struct commit *commit)
{
	for (const struct change *change = commit->changes; change != NULL; change = change->next) {
		buf_clear(&live->json);
		for (struct live_group *group = live->groups[live_collection(live, change)->index];
		     group != NULL; group = group->next)
			if (group->is_local)
				take_change(group, change);
	}
	tell_local(live, commit->number);
	buf_clear(&live->json);
}

void
live_take_commit(struct live *live, struct commit *commit)
{
	if (commit->number <= live->position)
		return;
	live->position = commit->number;
	if (commit->too_many) {
		live_reset_all(live, commit->number, "large");
		return;
	}
	take_local(live, commit);
	for (struct live_group *group = live->joined; group != NULL; group = group->next_joined)
		live_joined_take(group, commit);
}
