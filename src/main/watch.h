#pragma once
/*
 * Watches caisson.yaml and public/ of the current folder for `serve --dev`, and
 * says once that something has changed, when it has been quiet for a moment.
 * Threads: one loop.
 */
#include <stdbool.h>
#include <uv.h>

enum { WATCH_QUIET_MS = 100, WATCH_FOLDERS_MAX = 256 };

struct watch {
	uv_loop_t *loop;
	uv_timer_t quiet;
	uv_fs_event_t *folders[WATCH_FOLDERS_MAX]; /* the first is the app folder itself */
	size_t folders_count;
	void (*on_change)(struct watch *watch);
};

/* ${on_change} may be NULL for a loop that does not run meanwhile: ask watch_saw(). */
void watch_start(struct watch *watch, uv_loop_t *loop, void (*on_change)(struct watch *watch));
/* Something has changed, and on_change was not called yet. */
bool watch_saw(const struct watch *watch);
/* Harmless when it was not started. */
void watch_stop(struct watch *watch);
