#include "loop/task.h"

#include <assert.h>
#include <stddef.h>

#include "loop/loop.h"

enum step_result
task_fail(struct task *task, enum err err)
{
	if (task->err == OK)
		task->err = err;
	return STEP_DONE;
}

void
task_wake(struct task *task, enum err err)
{
	struct task_queue *queue = task->queue;

	assert(!task->ready); /* one wait, one wake */
	(void)task_fail(task, err);
	task->ready = true;
	task->next_ready = NULL;
	*(queue->first == NULL ? &queue->first : &queue->last->next_ready) = task;
	queue->last = task;
}

void
task_start(struct task *task, struct task_queue *queue, const struct step *steps,
    void (*on_end)(struct task *task))
{
	*task = (struct task){ .step = steps, .queue = queue, .on_end = on_end };
	task_wake(task, OK);
}

enum step_result
task_continue(struct task *task, const struct step *steps)
{
	task->step = steps;
	return STEP_NEXT;
}

static void
add_wait(struct task_waits *waits, const char *step, int64_t us)
{
	unsigned i = 0;

	while (i < waits->count && waits->rows[i].step != step)
		i++;
	if (i == TASK_WAITS_MAX) {
		waits->rows[i - 1].us += us;
		return;
	}
	if (i == waits->count) {
		waits->count++;
		waits->rows[i].step = step;
		waits->rows[i].us = 0;
	}
	waits->rows[i].us += us;
}

/* From one run of the task to the next it stood in the step at which the first one stopped. */
static void
note_wait(struct task *task)
{
	int64_t now_us = clock_monotonic_us();

	if (task->waiting != NULL)
		add_wait(task->waits, task->waiting, now_us - task->since_us);
	task->since_us = now_us;
}

static enum step_result
run_step(struct task *task)
{
	const struct step *step = task->step++;
	enum step_result result = step->run(task);

	task->waiting = step->name;
	if (result == STEP_AGAIN)
		task->step = step;
	return result;
}

static void
run_until_wait(struct task *task)
{
	enum step_result result = STEP_NEXT;

	task->ready = false;
	if (task->waits != NULL)
		note_wait(task);
	while (result == STEP_NEXT && task->err == OK && task->step->run != NULL)
		result = run_step(task);
	if (result != STEP_WAIT && result != STEP_AGAIN)
		task->on_end(task); /* may free the task */
}

void
task_queue_run(struct task_queue *queue)
{
	for (struct task *task; (task = queue->first) != NULL;) {
		queue->first = task->next_ready;
		run_until_wait(task);
	}
}
