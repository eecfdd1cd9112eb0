#include "main/watch.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

static void on_event(uv_fs_event_t *event, const char *name, int events, int status);
static void on_quiet(uv_timer_t *timer);
static void watch_tree(struct watch *watch, const char *folder, int deep);

static void
free_event(uv_handle_t *handle)
{
	free(handle);
}

static bool
watch_folder(struct watch *watch, const char *folder)
{
	uv_fs_event_t *event;

	if (watch->folders_count == WATCH_FOLDERS_MAX)
		return false;
	event = memory_new(sizeof(*event));
	uv_fs_event_init(watch->loop, event);
	event->data = watch;
	if (uv_fs_event_start(event, on_event, folder, 0) != 0) {
		uv_close((uv_handle_t *)event, free_event);
		return false;
	}
	watch->folders[watch->folders_count++] = event;
	return true;
}

/* A folder's watch says nothing of those inside it. */
static void
watch_inside(struct watch *watch, const char *folder, int deep)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];
	struct stat status;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path) &&
		    lstat(path, &status) == 0 && S_ISDIR(status.st_mode))
			watch_tree(watch, path, deep + 1);
	if (dir != NULL)
		closedir(dir);
}

static void
watch_tree(struct watch *watch, const char *folder, int deep)
{
	enum { DEEP_MAX = 16 };

	if (deep <= DEEP_MAX && watch_folder(watch, folder))
		watch_inside(watch, folder, deep);
}

static void
watch_all(struct watch *watch)
{
	if (watch_folder(watch, "."))
		watch_tree(watch, "public", 0);
}

static void
forget_folders(struct watch *watch)
{
	while (watch->folders_count > 0)
		uv_close((uv_handle_t *)watch->folders[--watch->folders_count], free_event);
}

/* Of the app folder only two things matter; data/ changes all the time. */
static void
on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct watch *watch = event->data;

	(void)events;
	if (status < 0 || watch->folders_count == 0)
		return;
	if (event == watch->folders[0] && name != NULL && strcmp(name, "caisson.yaml") != 0 &&
	    strcmp(name, "public") != 0)
		return;
	uv_timer_start(&watch->quiet, on_quiet, WATCH_QUIET_MS, 0);
}

/* There may be other folders now. */
static void
on_quiet(uv_timer_t *timer)
{
	struct watch *watch = timer->data;

	forget_folders(watch);
	watch_all(watch);
	watch->on_change(watch);
}

void
watch_start(struct watch *watch, uv_loop_t *loop, void (*on_change)(struct watch *watch))
{
	*watch = (struct watch){ .loop = loop, .on_change = on_change };
	uv_timer_init(loop, &watch->quiet);
	watch->quiet.data = watch;
	watch_all(watch);
}

bool
watch_saw(const struct watch *watch)
{
	return uv_is_active((const uv_handle_t *)&watch->quiet) != 0;
}

void
watch_stop(struct watch *watch)
{
	if (watch->loop == NULL)
		return;
	forget_folders(watch);
	uv_close((uv_handle_t *)&watch->quiet, NULL);
}
