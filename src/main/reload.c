#include "main/reload.h"

#include <stdlib.h>

#include "api/openapi.h"
#include "base/memory.h"
#include "events/rights.h"
#include "ops/journal.h"
#include "records/count.h"

enum { DETAIL_SIZE_MAX = 4096, DIFFERENCES_SHOWN = 20 };

static bool has_other_shape(const struct reload *reload);
static void read_again(uv_work_t *work);
static void was_read(uv_work_t *work, int status);
static void judge(struct reload *reload);
static void was_switched(struct served_switch *order);
static void go_idle(struct reload *reload);

/* --- a version -------------------------------------------------------- */

static void
free_version(struct served *served)
{
	struct version *version = CONTAINER(served, struct version, served);

	public_free(version->files);
	counts_free(version->served.counts);
	buf_release(&version->openapi);
	unload_app(&version->loaded);
	free(version);
}

struct version *
version_read(struct app_mistakes *mistakes, struct buf *detail)
{
	struct version *version = memory_new(sizeof(*version));

	if (!read_app(&version->loaded, mistakes, detail)) {
		free(version);
		return NULL;
	}
	version->served = (struct served){ .app = version->loaded.app,
		.rules = &version->loaded.rules, .references = 1, .free = free_version };
	if (public_read(".", &version->files, detail) != OK) {
		served_unref(&version->served);
		return NULL;
	}
	version->served.files = version->files;
	buf_init(&version->openapi, OPENAPI_SIZE_MAX);
	openapi_write(version->loaded.app, &version->openapi);
	version->served.openapi = buf_str(&version->openapi);
	version->served.counts = counts_new();
	return version;
}

/* --- what changes the data -------------------------------------------- */

static bool
has_line(struct str shape, struct str wanted)
{
	struct str line;

	while (str_split(&shape, '\n', &line))
		if (str_equal(line, wanted))
			return true;
	return false;
}

/* Each line of ${shape} that ${other} has not. */
static size_t
tell_lines(struct str shape, struct str other, char sign)
{
	struct str line;
	size_t count = 0;

	while (str_split(&shape, '\n', &line)) {
		if (line.size == 0 || has_line(other, line))
			continue;
		if (count++ < DIFFERENCES_SHOWN)
			journal_event(JOURNAL_ERROR, "reload", "%c %.*s", sign, STR_ARGS(line));
	}
	return count;
}

static void
refuse_shape(struct str served, struct str read)
{
	size_t count = tell_lines(served, read, '-') + tell_lines(read, served, '+');

	if (count == 0)
		journal_event(JOURNAL_ERROR, "reload", "the fields stand in another order");
	journal_event(JOURNAL_ERROR, "reload",
	    "the tables would have to change, which a reload does not do: see `caisson plan`; then stop"
	    " the server and run `caisson apply`; the app is served as before");
}

/* Records are in the way, or would lose something. */
static void
refuse_records(struct str why)
{
	struct str line;

	while (str_split(&why, '\n', &line))
		journal_event(JOURNAL_ERROR, "reload", "%.*s", STR_ARGS(line));
	journal_event(JOURNAL_ERROR, "reload",
	    "the tables do not change by themselves; the app is served as before");
}

/* --- the way of one --------------------------------------------------- */

void
reload_begin(struct reload *reload)
{
	if (reload->stopping)
		return;
	reload->again = reload->state != RELOAD_IDLE;
	if (reload->again)
		return;
	reload->state = RELOAD_READING;
	reload->shape_changes = false;
	app_mistakes_init(&reload->mistakes);
	buf_init(&reload->detail, DETAIL_SIZE_MAX);
	uv_queue_work(&reload->loops[0].loop.uv, &reload->work, read_again, was_read);
}

static bool
has_other_shape(const struct reload *reload)
{
	return !str_equal(reload->next->loaded.app->shape, reload->first->loaded.app->shape);
}

static void
note_rights(const struct reload *reload)
{
	if (rights_change(reload->loops[0].server->store, reload->next->loaded.app) != OK)
		journal_event(JOURNAL_WARNING, "reload",
		    "the database cannot note that the rules may change: live streams that are resumed after"
		    " the next start may show what they showed before");
}

/* On a thread: many files may take long. */
static void
read_again(uv_work_t *work)
{
	struct reload *reload = CONTAINER(work, struct reload, work);

	reload->next = version_read(&reload->mistakes, &reload->detail);
	if (reload->next == NULL)
		return;
	if (!has_other_shape(reload))
		note_rights(reload);
	else if (reload->shape_may_change != NULL)
		reload->shape_changes = reload->shape_may_change(reload, reload->next, &reload->detail);
}

static void
log_mistakes(const struct reload *reload)
{
	for (const struct app_mistake *mistake = reload->mistakes.first; mistake != NULL; mistake = mistake->next)
		journal_event(JOURNAL_ERROR, "reload", "caisson.yaml:%u:%u: error: %.*s", mistake->at.line,
		    mistake->at.column, STR_ARGS(mistake->detail));
	if (reload->detail.size > 0)
		journal_event(JOURNAL_ERROR, "reload", "%.*s", STR_ARGS(buf_str(&reload->detail)));
	journal_event(JOURNAL_ERROR, "reload", "there are mistakes; the app is served as before");
}

static void
was_read(uv_work_t *work, int status)
{
	struct reload *reload = CONTAINER(work, struct reload, work);

	(void)status;
	if (reload->next == NULL)
		log_mistakes(reload);
	else if (reload->on_shape != NULL && has_other_shape(reload) && !reload->shape_changes)
		refuse_records(buf_str(&reload->detail));
	app_mistakes_release(&reload->mistakes);
	buf_release(&reload->detail);
	judge(reload);
}

static void
judge_shape(struct reload *reload)
{
	struct version *next = reload->next;

	if (reload->shape_changes && !reload->stopping) {
		reload->state = RELOAD_IDLE;
		reload->on_shape(reload, next);
		return;
	}
	if (!reload->stopping && reload->on_shape == NULL)
		refuse_shape(reload->first->loaded.app->shape, next->loaded.app->shape);
	served_unref(&next->served);
	go_idle(reload);
}

static void
judge(struct reload *reload)
{
	const struct app *served = reload->first->loaded.app, *read;

	if (reload->next == NULL) {
		go_idle(reload);
		return;
	}
	read = reload->next->loaded.app;
	if (reload->stopping || has_other_shape(reload)) {
		judge_shape(reload);
		return;
	}
	if (!str_equal(read->database, served->database))
		journal_event(JOURNAL_WARNING, "reload",
		    "another `database:` is taken over at the next start, not by a reload");
	reload->state = RELOAD_SWITCHING;
	server_switch(&reload->order, reload->loops, reload->loops_count, &reload->next->served, was_switched);
}

static void
was_switched(struct served_switch *order)
{
	struct reload *reload = CONTAINER(order, struct reload, order);

	served_unref(&reload->next->served); /* the loops have their own references */
	journal_event(JOURNAL_NOTICE, "reload", "the app folder was read again, and is served as it is now");
	go_idle(reload);
}

static void
go_idle(struct reload *reload)
{
	reload->state = RELOAD_IDLE;
	if (reload->stopping)
		reload->on_idle(reload);
	else if (reload->again)
		reload_begin(reload);
}

void
reload_stop(struct reload *reload, void (*on_idle)(struct reload *reload))
{
	reload->stopping = true;
	reload->on_idle = on_idle;
	if (reload->state == RELOAD_IDLE)
		on_idle(reload);
}
