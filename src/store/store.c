#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

#include "store/engine.h"

static const struct store_engine *const engines[] = { &sqlite_engine, &postgres_engine };

/* "postgresql://" is the same engine as "postgres://", as libpq has it. */
static const struct store_engine *
engine_for(struct str database)
{
	for (size_t i = 0; i < COUNT(engines); i++)
		if (str_starts_with(database, str_from(engines[i]->scheme)))
			return engines[i];
	return NULL;
}

enum err
store_open(const struct store_options *options, struct store **ret, struct buf *ret_detail)
{
	const struct store_engine *engine = engine_for(options->database);

	if (engine == NULL) {
		buf_addf(ret_detail,
		    "database: \"%.*s\" is neither sqlite:FOLDER/FILE nor postgres://USER@HOST/NAME",
		    STR_ARGS(options->database));
		return ERR_BAD_REQUEST;
	}
	return engine->open(options, ret, ret_detail);
}

enum err
store_ask_blocking(const struct store_options *options, struct str statement, int64_t timeout_ms,
    const struct ask_rows *rows, struct buf *ret_detail)
{
	return engine_for(options->database)->ask_blocking(options, statement, timeout_ms, rows, ret_detail);
}

void
store_close(struct store *store)
{
	if (store != NULL)
		store->engine->close(store);
}

enum sql_dialect
store_dialect(const struct store *store)
{
	return store->engine->dialect;
}

bool
store_is_new(const struct store *store)
{
	return store->is_new;
}

void
store_attach(struct store *store, struct loop *loop)
{
	store->engine->attach(store, loop);
}

void
store_detach(struct store *store, struct loop *loop)
{
	store->engine->detach(store, loop);
}

/* Tables of another shape would be misread. */
static bool
refuse_outdated(struct store *store, struct store_call *call)
{
	if (!atomic_load(&store->outdated))
		return false;
	call->err = ERR_APP_OUTDATED;
	store_call_done(call);
	return true;
}

void
store_read(struct store *store, struct loop *loop, struct store_call *call)
{
	call->loop = loop;
	call->err = OK;
	call->number = 0;
	if (refuse_outdated(store, call))
		return;
	store->engine->read(store, loop, call);
}

void
store_write(struct store *store, struct loop *loop, struct store_call *call)
{
	call->loop = loop;
	call->err = OK;
	call->number = 0;
	call->alone = false;
	if (refuse_outdated(store, call))
		return;
	store->engine->write(store, loop, call);
}

static void
wake_task(struct mail *mail)
{
	task_wake(CONTAINER(mail, struct store_call, mail)->task, OK);
}

/* A caller without a loop waits on a semaphore, which takes the place of its task. */
struct blocking_call {
	uv_sem_t done;
};

void
store_call_done(struct store_call *call)
{
	if (call->loop == NULL) {
		uv_sem_post(&((struct blocking_call *)(void *)call->task)->done);
		return;
	}
	call->mail.deliver = wake_task;
	loop_mail(call->loop, &call->mail);
}

void
store_call_done_here(struct store_call *call)
{
	task_wake(call->task, OK);
}

static enum err
call_blocking(struct store *store, struct store_call *call,
    void (*start)(struct store *store, struct loop *loop, struct store_call *call))
{
	struct blocking_call blocking;

	uv_sem_init(&blocking.done, 0);
	call->task = (struct task *)(void *)&blocking;
	start(store, NULL, call);
	uv_sem_wait(&blocking.done);
	uv_sem_destroy(&blocking.done);
	return call->err;
}

enum err
store_read_blocking(struct store *store, struct store_call *call)
{
	call->weight = STORE_HEAVY;
	return call_blocking(store, call, store_read);
}

enum err
store_write_blocking(struct store *store, struct store_call *call)
{
	return call_blocking(store, call, store_write);
}

struct ring *
store_ring(struct store *store)
{
	return &store->ring;
}

int64_t
store_last_number(struct store *store)
{
	return atomic_load(&store->last_number);
}

enum err
store_health(struct store *store)
{
	if (atomic_load(&store->outdated))
		return ERR_APP_OUTDATED;
	return store_is_lost(store) ? ERR_STORE_UNAVAILABLE : store->engine->health(store);
}

int64_t
store_held_back_us(struct store *store, int *ret_pid)
{
	*ret_pid = 0;
	return store->engine->held_back_us == NULL ? 0 : store->engine->held_back_us(store, ret_pid);
}

bool
store_is_outdated(const struct store *store)
{
	return atomic_load(&store->outdated);
}

bool
store_is_lost(const struct store *store)
{
	return atomic_load(&store->lost);
}
