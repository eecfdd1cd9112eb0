#pragma once
/*
 * A task is one operation of several steps that may wait between them: a
 * request, a live stream.  The steps stand in a table, in running order, so
 * that the table reads as the story and a log can name where a task stands.
 *
 *	task_start -> [ready] -> step -STEP_NEXT-> step -STEP_DONE-> on_end
 *	                 ^         | STEP_WAIT                         ^
 *	             task_wake     v   STEP_AGAIN: run me once more    |
 *	                 +---- [waiting] ------ an error, a cancel ----+
 *
 * A step does not block and calls no other step.  Its locals die when it
 * returns; what must live longer stands in the struct that embeds the task.
 * A task has at most one wait out.  A completion only records its result and
 * wakes the task (it may do so before the step returns STEP_WAIT); only the
 * loop's ready queue runs steps.  on_end runs exactly once, after the wait has
 * come back, so that nothing ever completes into freed memory.
 *
 * Threads: a task and its queue belong to one loop.
 */
#include <stdint.h>

#include "base/err.h"

enum step_result {
	STEP_NEXT,  /* go on with the next row */
	STEP_WAIT,  /* go on with the next row when woken */
	STEP_AGAIN, /* this row again when woken */
	STEP_DONE,  /* the story ends here */
};

struct task;
struct step {
	const char *name; /* for people: "identify caller" */
	enum step_result (*run)(struct task *task);
};

/* How long a task stood in each of its steps, waits included; one that it came back to counts once. */
enum { TASK_WAITS_MAX = 6, TASK_STEP_NAME_MAX = 40 };
struct task_waits {
	struct {
		const char *step;
		int64_t us;
	} rows[TASK_WAITS_MAX];
	unsigned count; /* the last row stands for all that did not find room */
};

struct task_queue {
	struct task *first, *last; /* ready tasks, first in first out */
};

struct task {
	const struct step *step; /* the next to run; run == NULL ends the table */
	enum err err;		 /* the first failure, OK while there is none */
	void (*on_end)(struct task *task); /* answers, and frees the task */
	struct task_queue *queue;
	struct task *next_ready;
	bool ready;
	/* Where waits are noted, or NULL: set behind task_start(). */
	struct task_waits *waits;
	const char *waiting; /* the step that waits, and since when */
	int64_t since_us;
};

/* Make ${task} ready on ${queue}.  ${steps} must outlive it. */
void task_start(struct task *task, struct task_queue *queue, const struct step *steps,
    void (*on_end)(struct task *task));
/* Replace what is left of the table by ${steps}: "return task_continue(...)". */
enum step_result task_continue(struct task *task, const struct step *steps);
/* The wait of ${task} is over, with ${err} as its result.  Runs no step. */
void task_wake(struct task *task, enum err err);
/* Fail ${task} with ${err}; the first error stands.  "return task_fail(...)". */
enum step_result task_fail(struct task *task, enum err err);
/* Run ready tasks until none is left. */
void task_queue_run(struct task_queue *queue);
