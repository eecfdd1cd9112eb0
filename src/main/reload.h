#pragma once
/*
 * The app folder is read again while it is served: by SIGHUP, and by --dev when
 * a file changes.
 *
 *	[idle] --reload_begin--> [reading, on a thread] --good--> [switching] --all loops--> [idle]
 *	                              |-- mistakes, or another shape: told; the old one stays --/
 *	                              \-- another shape, --dev, nothing is lost: on_shape -----/
 *
 * Threads: the first loop's.
 */
#include "api/public.h"
#include "api/server.h"
#include "main/command.h"

/* What the folder held when it was read. */
struct version {
	struct served served;
	struct loaded_app loaded;
	struct public_files *files;
	struct buf openapi;
};

/*
 * Read the current folder, with one reference for the caller (served_unref);
 * NULL with every mistake in ${mistakes}, or else with one line in ${detail}.
 */
struct version *version_read(struct app_mistakes *mistakes, struct buf *detail);

struct reload {
	struct server_loop *loops;
	unsigned loops_count;
	const struct version *first; /* whose shape the store has */
	enum { RELOAD_IDLE, RELOAD_READING, RELOAD_SWITCHING } state;
	bool again; /* asked for while one was under way */
	bool stopping;
	uv_work_t work;
	struct app_mistakes mistakes;
	struct buf detail;
	struct version *next;
	struct served_switch order;
	void (*on_idle)(struct reload *reload);
	/*
	 * With --dev, else NULL.  May the tables change to ${next}'s by themselves?  On the thread;
	 * else why not in ${detail}.  Then on_shape gets it, with a reference.
	 */
	bool (*shape_may_change)(struct reload *reload, const struct version *next, struct buf *detail);
	void (*on_shape)(struct reload *reload, struct version *next);
	bool shape_changes; /* it may, says the thread */
};

void reload_begin(struct reload *reload);
/*
 * Begin none any more.  Until ${on_idle} runs (perhaps at once) no loop may be
 * asked to stop.
 */
void reload_stop(struct reload *reload, void (*on_idle)(struct reload *reload));
