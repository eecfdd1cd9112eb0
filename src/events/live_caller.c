/*
 * Who the streams serve.  Keys are asked for again when one was changed through
 * this process, and every few seconds, since another node may have changed one.
 */
#include "events/live_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { CHECK_EVERY_MS = 5000, CHECK_KEYS_MAX = 64 };

/* All streams of one key. */
struct live_caller {
	struct live_caller *next, **at;
	struct known_key *key;
	struct live_stream *streams;
};

struct checked_key {
	char text[KEY_TEXT_SIZE];
	size_t text_size;
	struct known_key *key; /* result, or NULL */
	enum err err;
};

/* One round: all keys there are, a few at a time. */
struct live_caller_check {
	struct task task;
	struct store_call call;
	struct live *live;
	struct checked_key *keys;
	size_t count, at;
};

static enum step_result ask_keys(struct task *task);
static enum step_result judge_keys(struct task *task);
static void end_check(struct task *task);

static const struct step check_steps[] = {
	{ "look keys up again", ask_keys },
	{ "judge keys", judge_keys },
	{ 0 },
};

static struct str
key_text(const struct known_key *key)
{
	return (struct str){ key->text, key->text_size };
}

static struct live_caller *
find_caller(struct live *live, struct str text)
{
	struct live_caller *caller = live->callers;

	while (caller != NULL && !str_equal(key_text(caller->key), text))
		caller = caller->next;
	return caller;
}

static struct live_caller *
caller_new(struct live *live, struct known_key *key)
{
	struct live_caller *caller = memory_new(sizeof(*caller));

	key->references++;
	caller->key = key;
	caller->next = live->callers;
	caller->at = &live->callers;
	if (caller->next != NULL)
		caller->next->at = &caller->next;
	return live->callers = caller;
}

void
live_caller_join(struct live *live, struct live_stream *stream, struct known_key *key)
{
	struct live_caller *caller = find_caller(live, key_text(key));

	/* A key may have been changed since this one was looked up. */
	if (key->version < live->keys_version)
		live->keys_version = key->version;
	if (caller == NULL)
		caller = caller_new(live, key);
	stream->caller = caller;
	stream->next_of_caller = caller->streams;
	stream->at_caller = &caller->streams;
	if (stream->next_of_caller != NULL)
		stream->next_of_caller->at_caller = &stream->next_of_caller;
	caller->streams = stream;
}

void
live_caller_leave(struct live_stream *stream)
{
	struct live_caller *caller = stream->caller;

	if (caller == NULL)
		return;
	*stream->at_caller = stream->next_of_caller;
	if (stream->next_of_caller != NULL)
		stream->next_of_caller->at_caller = stream->at_caller;
	if (caller->streams != NULL)
		return;
	*caller->at = caller->next;
	if (caller->next != NULL)
		caller->next->at = caller->at;
	known_key_unref(caller->key);
	free(caller);
}

/* --- a round --------------------------------------------------------- */

static void
copy_keys(struct live_caller_check *check)
{
	size_t count = 0;

	for (struct live_caller *caller = check->live->callers; caller != NULL;
	     caller = caller->next)
		count++;
	check->keys = memory_new((count + 1) * sizeof(*check->keys));
	for (struct live_caller *caller = check->live->callers; caller != NULL;
	     caller = caller->next) {
		struct checked_key *key = &check->keys[check->count++];

		key->text_size = caller->key->text_size;
		memcpy(key->text, caller->key->text, key->text_size);
	}
}

void
live_callers_tick(struct live *live)
{
	struct live_caller_check *check;
	uint64_t now_ms = uv_now(&live->loop->uv);
	int64_t version = keys_version();

	if (live->callers == NULL || live->check != NULL ||
	    (version == live->keys_version && now_ms - live->checked_ms < CHECK_EVERY_MS))
		return;
	live->keys_version = version;
	live->checked_ms = now_ms;
	check = memory_new(sizeof(*check));
	check->live = live;
	copy_keys(check);
	live->check = check;
	live->calls++;
	task_start(&check->task, &live->loop->ready, check_steps, end_check);
}

static size_t
part_end(const struct live_caller_check *check)
{
	size_t end = check->at + CHECK_KEYS_MAX;

	return end < check->count ? end : check->count;
}

/* A store body. */
static enum err
look_up(struct tx *tx, void *arg)
{
	struct live_caller_check *check = arg;

	for (size_t i = check->at; i < part_end(check); i++) {
		struct checked_key *key = &check->keys[i];
		struct key_lookup lookup = { .text = { key->text, key->text_size } };

		known_key_unref(key->key);
		key->err = key_lookup(tx, &lookup);
		key->key = lookup.key;
		if (key->err != OK && key->err != ERR_BAD_CREDENTIAL)
			return key->err;
	}
	return OK;
}

static enum step_result
ask_keys(struct task *task)
{
	struct live_caller_check *check = CONTAINER(task, struct live_caller_check, task);

	check->call = (struct store_call){
		.body = look_up, .arg = check, .task = task, .weight = STORE_HEAVY
	};
	store_read(check->live->store, check->live->loop, &check->call);
	return STEP_WAIT;
}

static bool
same_rights(const struct rule_caller *a, const struct rule_caller *b)
{
	if (a->roles_count != b->roles_count || (a->id.data == NULL) != (b->id.data == NULL) ||
	    !str_equal(a->id, b->id))
		return false;
	for (size_t i = 0; i < a->roles_count; i++)
		if (!str_equal(a->roles[i], b->roles[i]))
			return false;
	return true;
}

/* The stream ends behind the reset: the client comes back with its new rights. */
static void
end_with_reset(struct live_stream *stream)
{
	struct buf text;

	buf_init(&text, 256);
	buf_add_c(&text, "event: reset\ndata: {\"reason\":\"rights\"}\n");
	sse_id(&text, stream->live->position);
	sse_end(&text);
	live_tell(stream, INT64_MAX, buf_str(&text));
	buf_release(&text);
	live_end_stream(stream);
}

static void
judge(struct live *live, const struct checked_key *key)
{
	struct live_caller *caller = find_caller(live, (struct str){ key->text, key->text_size });
	bool changed;

	if (caller == NULL)
		return;
	changed = key->key != NULL &&
		  !same_rights(&key->key->identity.caller, &caller->key->identity.caller);
	for (struct live_stream *stream = caller->streams; stream != NULL;
	     stream = stream->next_of_caller) {
		if (key->err == ERR_BAD_CREDENTIAL)
			live_end_stream(stream);
		else if (changed && !stream->catching_up) /* else in the next round */
			end_with_reset(stream);
	}
}

/* Where the store cannot answer, the next round asks again. */
static enum step_result
judge_keys(struct task *task)
{
	struct live_caller_check *check = CONTAINER(task, struct live_caller_check, task);

	if (check->call.err != OK)
		return STEP_DONE;
	for (size_t end = part_end(check); check->at < end; check->at++)
		judge(check->live, &check->keys[check->at]);
	return check->at < check->count ? task_continue(task, check_steps) : STEP_DONE;
}

static void
end_check(struct task *task)
{
	struct live_caller_check *check = CONTAINER(task, struct live_caller_check, task);

	for (size_t i = 0; i < check->count; i++)
		known_key_unref(check->keys[i].key);
	check->live->check = NULL;
	check->live->calls--;
	free(check->keys);
	free(check);
}
