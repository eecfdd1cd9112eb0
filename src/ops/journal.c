#include "ops/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "loop/loop.h"

/* Two buffers: one is filled while the other is written. */
struct lane {
	uv_mutex_t mutex;
	char *bytes, *spare;
	size_t size, size_max;
	uint64_t dropped; /* not told yet */
};

/* It outlives whoever is stuck in a write() at the end of the process. */
static struct journal {
	bool on;
	enum journal_format format;
	char *file; /* a path, or NULL for standard error */
	int fd;
	struct lane *lanes; /* the first is for all who are no loop */
	unsigned lanes_count;
	_Atomic uint64_t dropped;
	atomic_bool pending; /* the writer knows that there is something */
	atomic_bool reopen;
	uv_thread_t thread;
	uv_mutex_t mutex; /* of what follows */
	uv_cond_t changed;
	bool awake, hurry, stopping, ended;
} journal = { .fd = -1 };

/* --- the writer ------------------------------------------------------- */

static void
write_all(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(journal.fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* a full disk, a reader that has gone: nobody can be told */
		bytes += written;
		size -= (size_t)written;
	}
}

static void
tell_dropped(uint64_t count)
{
	char message[96], line[JOURNAL_LINE_SIZE];
	struct journal_event event = { .time_us = clock_now_us(), .level = JOURNAL_WARNING,
		.name = "dropped" };

	snprintf(message, sizeof(message), "%llu lines were dropped: the log is written too slowly",
	    (unsigned long long)count);
	event.message = str_from(message);
	write_all(line, (size_t)(journal_line_event(line, journal.format, &event) - line));
}

static void
write_lane(struct lane *lane)
{
	uint64_t dropped;
	size_t size;
	char *bytes;

	uv_mutex_lock(&lane->mutex);
	bytes = lane->bytes;
	size = lane->size;
	dropped = lane->dropped;
	if (size > 0) {
		lane->bytes = lane->spare;
		lane->spare = bytes;
		lane->size = 0;
	}
	lane->dropped = 0;
	uv_mutex_unlock(&lane->mutex);
	write_all(bytes, size);
	if (dropped > 0)
		tell_dropped(dropped);
}

static int
open_file(void)
{
	return open(journal.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

static void
open_again(void)
{
	int fd = journal.file == NULL ? -1 : open_file();

	if (fd < 0)
		return; /* better the old one than none */
	close(journal.fd);
	journal.fd = fd;
}

/* Wait until there is something, and a little longer for what comes with it. */
static bool
wait_for_lines(void)
{
	bool stopping;

	uv_mutex_lock(&journal.mutex);
	while (!journal.awake && !journal.stopping)
		uv_cond_wait(&journal.changed, &journal.mutex);
	if (!journal.stopping && !journal.hurry)
		uv_cond_timedwait(&journal.changed, &journal.mutex, JOURNAL_WAIT_MS * UINT64_C(1000000));
	journal.awake = journal.hurry = false;
	stopping = journal.stopping;
	uv_mutex_unlock(&journal.mutex);
	/* Before the lanes are looked at: who adds a line behind that rings again. */
	atomic_store(&journal.pending, false);
	return !stopping;
}

static void
run_writer(void *arg)
{
	bool more;

	(void)arg;
	do {
		more = wait_for_lines();
		if (atomic_exchange(&journal.reopen, false))
			open_again();
		for (unsigned i = 0; i < journal.lanes_count; i++)
			write_lane(&journal.lanes[i]);
	} while (more);
	uv_mutex_lock(&journal.mutex);
	journal.ended = true;
	uv_cond_broadcast(&journal.changed);
	uv_mutex_unlock(&journal.mutex);
}

static void
ring(bool hurry)
{
	uv_mutex_lock(&journal.mutex);
	journal.awake = true;
	journal.hurry |= hurry;
	uv_cond_signal(&journal.changed);
	uv_mutex_unlock(&journal.mutex);
}

/* --- start and stop --------------------------------------------------- */

static bool
open_log(const char *file)
{
	journal.fd = STDERR_FILENO;
	if (strcmp(file, "-") == 0)
		return true;
	journal.file = memory_copy(file, strlen(file));
	journal.fd = open_file();
	if (journal.fd >= 0)
		return true;
	free(journal.file);
	journal.file = NULL;
	return false;
}

static void
make_lanes(unsigned count)
{
	journal.lanes_count = count;
	journal.lanes = memory_new(count * sizeof(*journal.lanes));
	for (unsigned i = 0; i < count; i++) {
		struct lane *lane = &journal.lanes[i];

		uv_mutex_init(&lane->mutex);
		lane->size_max = (size_t)limit(LIMIT_log_buffer);
		if (lane->size_max < JOURNAL_LINE_SIZE)
			lane->size_max = JOURNAL_LINE_SIZE;
		lane->bytes = memory_resize(NULL, lane->size_max);
		lane->spare = memory_resize(NULL, lane->size_max);
	}
}

bool
journal_start(const char *file, enum journal_format format, unsigned loops_count)
{
	assert(!journal.on);
	if (strcmp(file, "off") == 0)
		return true;
	if (!open_log(file))
		return false;
	journal.format = format;
	make_lanes(1 + loops_count);
	uv_mutex_init(&journal.mutex);
	uv_cond_init(&journal.changed);
	journal.on = uv_thread_create(&journal.thread, run_writer, NULL) == 0;
	return journal.on;
}

static bool
wait_for_writer(void)
{
	uint64_t end = uv_hrtime() + JOURNAL_PATIENCE_MS * UINT64_C(1000000);
	bool ended;

	uv_mutex_lock(&journal.mutex);
	journal.stopping = true;
	uv_cond_broadcast(&journal.changed);
	while (!journal.ended && uv_hrtime() < end)
		uv_cond_timedwait(&journal.changed, &journal.mutex, end - uv_hrtime());
	ended = journal.ended;
	uv_mutex_unlock(&journal.mutex);
	return ended;
}

void
journal_stop(void)
{
	if (!journal.on)
		return;
	journal.on = false;
	if (!wait_for_writer())
		return;
	uv_thread_join(&journal.thread);
	for (unsigned i = 0; i < journal.lanes_count; i++) {
		uv_mutex_destroy(&journal.lanes[i].mutex);
		free(journal.lanes[i].bytes);
		free(journal.lanes[i].spare);
	}
	free(journal.lanes);
	if (journal.file != NULL)
		close(journal.fd);
	free(journal.file);
	journal = (struct journal){ .fd = -1 };
}

void
journal_reopen(void)
{
	if (!journal.on)
		return;
	atomic_store(&journal.reopen, true);
	ring(true);
}

bool
journal_is_on(void)
{
	return journal.on;
}

uint64_t
journal_dropped(void)
{
	return atomic_load(&journal.dropped);
}

/* --- adding ----------------------------------------------------------- */

/* Where the next line goes, with the lane locked; NULL: no room, and it is counted. */
static char *
begin_line(struct lane *lane)
{
	uv_mutex_lock(&lane->mutex);
	if (lane->size_max - lane->size >= JOURNAL_LINE_SIZE)
		return lane->bytes + lane->size;
	lane->dropped++;
	atomic_fetch_add_explicit(&journal.dropped, 1, memory_order_relaxed);
	return NULL;
}

static void
end_line(struct lane *lane, const char *end)
{
	bool was_low = lane->size < lane->size_max / 2, hurry;

	if (end != NULL)
		lane->size = (size_t)(end - lane->bytes);
	hurry = was_low && lane->size >= lane->size_max / 2;
	uv_mutex_unlock(&lane->mutex);
	/* The lane's lock has shown us what the writer did before it looked into the lane. */
	if (hurry || (!atomic_load_explicit(&journal.pending, memory_order_relaxed) &&
			 !atomic_exchange(&journal.pending, true)))
		ring(hurry);
}

void
journal_request(unsigned loop_index, const struct journal_request *request)
{
	struct lane *lane = &journal.lanes[1 + loop_index];
	char *at, *end = NULL;

	assert(journal.on && loop_index + 1 < journal.lanes_count);
	at = begin_line(lane);
	if (at != NULL)
		end = journal_line_request(at, journal.format, request);
	end_line(lane, end);
}

static void
add_event(const struct journal_event *event)
{
	char *at = begin_line(&journal.lanes[0]), *end = NULL;

	if (at != NULL)
		end = journal_line_event(at, journal.format, event);
	end_line(&journal.lanes[0], end);
}

void
journal_event(enum journal_level level, const char *name, const char *format, ...)
{
	char message[2048];
	struct journal_event event = { .time_us = clock_now_us(), .level = level, .name = name };
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	event.message = str_from(message);
	if (journal.on)
		add_event(&event);
	if (level >= JOURNAL_NOTICE && journal.fd != STDERR_FILENO)
		fprintf(stderr, "caisson: %s\n", message);
}
