#pragma once
/*
 * The server's log: a line for each request, and for what happens to the
 * server itself.
 *
 *	loop 0 ... n --line--> a buffer of its own --+
 *	other threads -------> a buffer for all -----+-- writer thread --write()--> file
 *
 * A loop formats its line where it will be written from; the writer takes whole
 * buffers, at most every JOURNAL_WAIT_MS.  Nobody waits for the file: a line
 * for which there is no room until the writer comes is dropped, and counted,
 * and the count is a line of the log.  The lines of one loop stand in their
 * order; those of two loops may be out of order by the writer's wait.
 *
 * One journal of the process.  Threads: start and stop from the one that has
 * no loops running; journal_request() from the loop of its lane; the others
 * from any.
 */
#include "base/str.h"
#include "loop/task.h"
#include "ops/trace.h"

enum {
	JOURNAL_WAIT_MS = 20,
	JOURNAL_PATIENCE_MS = 2000,   /* a log that nobody reads is left behind at the end */
	JOURNAL_LINE_SIZE = 16 * 1024, /* what a line may need; texts are cut so that it fits */
	JOURNAL_PATH_MAX = 1024,      /* of a path, in bytes */
};

enum journal_format { JOURNAL_TEXT, JOURNAL_JSON };

enum journal_level {
	JOURNAL_INFO,
	JOURNAL_NOTICE, /* from here on it is also told on standard error, where the log is elsewhere */
	JOURNAL_WARNING,
	JOURNAL_ERROR,
};

/* Texts with data NULL are not known: left out in text, null in JSON. */
struct journal_request {
	int64_t time_us; /* of its end, by the wall clock */
	struct str id, remote, caller, method, route_prefix, route, path;
	const struct trace *trace; /* or NULL */
	uint64_t span; /* ours, within the trace */
	int status; /* 0: nothing was answered */
	const char *code; /* of the problem, or NULL */
	uint64_t bytes_in, bytes_out;
	int64_t duration_us;
	const struct task_waits *waits;
	int64_t commit; /* or 0 */
};

struct journal_event {
	int64_t time_us;
	enum journal_level level;
	const char *name; /* "start": a word for programs */
	struct str message;
};

/*
 * Begin to log to ${file}: a path, "-" for standard error, "off" for nothing;
 * with a lane for each of ${loops_count} loops.  False (errno) when the file
 * cannot be opened.
 */
bool journal_start(const char *file, enum journal_format format, unsigned loops_count);
/* What was logged is written, unless the file takes it no more. */
void journal_stop(void);
/* Open the file by its name again: somebody has moved it away. */
void journal_reopen(void);
bool journal_is_on(void);
/* Lines that were dropped since the start. */
uint64_t journal_dropped(void);

void journal_request(unsigned loop_index, const struct journal_request *request);
void journal_event(enum journal_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* journal_line.c: write a line with its end at ${at}, which has JOURNAL_LINE_SIZE bytes; the place behind it. */
char *journal_line_request(char *at, enum journal_format format, const struct journal_request *request);
char *journal_line_event(char *at, enum journal_format format, const struct journal_event *event);
