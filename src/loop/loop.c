#include "loop/loop.h"

#include <assert.h>
#include <string.h>
#include <time.h>

static void deliver_mail(uv_async_t *async);
static void on_check(uv_check_t *check);
static void on_tick(uv_timer_t *tick);

int64_t
clock_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_monotonic_us(void)
{
	return (int64_t)(uv_hrtime() / 1000);
}

int64_t
clock_thread_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
update_date(struct loop *loop)
{
	time_t second = time(NULL);
	struct tm tm;

	if (second == loop->date_second)
		return;
	loop->date_second = second;
	gmtime_r(&second, &tm);
	strftime(loop->date, sizeof(loop->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

void
loop_init(struct loop *loop, unsigned index)
{
	*loop = (struct loop){ .index = index };
	uv_loop_init(&loop->uv);
	uv_async_init(&loop->uv, &loop->mail_async, deliver_mail);
	uv_check_init(&loop->uv, &loop->turn_check);
	uv_check_start(&loop->turn_check, on_check);
	uv_timer_init(&loop->uv, &loop->tick);
	uv_timer_start(&loop->tick, on_tick, LOOP_TICK_MS, LOOP_TICK_MS);
	update_date(loop);
}

void
loop_release(struct loop *loop)
{
	int busy = uv_loop_close(&loop->uv);

	assert(busy == 0);
	(void)busy;
}

void
loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void
loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopping, true);
	uv_async_send(&loop->mail_async);
}

void
loop_close(struct loop *loop)
{
	uv_close((uv_handle_t *)&loop->mail_async, NULL);
	uv_close((uv_handle_t *)&loop->turn_check, NULL);
	uv_close((uv_handle_t *)&loop->tick, NULL);
}

/*
 * The mailbox is a stack that senders push with one exchange; the loop takes
 * all of it and turns it over, so that mail is delivered in order of sending.
 */
void
loop_mail(struct loop *loop, struct mail *mail)
{
	struct mail *newest = atomic_load_explicit(&loop->mailbox, memory_order_relaxed);

	do
		mail->next = newest;
	while (!atomic_compare_exchange_weak_explicit(
	    &loop->mailbox, &newest, mail, memory_order_release, memory_order_relaxed));
	/* Who finds the box empty rings; the others know that it was rung. */
	if (newest == NULL)
		uv_async_send(&loop->mail_async);
}

static struct mail *
take_mail(struct loop *loop)
{
	struct mail *newest = atomic_exchange_explicit(&loop->mailbox, NULL, memory_order_acquire);
	struct mail *oldest = NULL;

	while (newest != NULL) {
		struct mail *next = newest->next;

		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

static void
deliver_all(struct loop *loop)
{
	for (struct mail *mail = take_mail(loop); mail != NULL;) {
		struct mail *next = mail->next;

		mail->deliver(mail); /* may free it */
		mail = next;
	}
}

static void
deliver_mail(uv_async_t *async)
{
	struct loop *loop = CONTAINER(async, struct loop, mail_async);

	deliver_all(loop);
	if (atomic_load(&loop->stopping) && loop->on_stop != NULL) {
		void (*on_stop)(void *arg) = loop->on_stop;

		loop->on_stop = NULL;
		on_stop(loop->on_stop_arg);
	}
}

void
loop_add_turn_hook(struct loop *loop, struct loop_hook *hook)
{
	struct loop_hook **place = &loop->turn_hooks;

	while (*place != NULL)
		place = &(*place)->next;
	hook->next = NULL;
	*place = hook;
}

static void
run_turn(struct loop *loop)
{
	task_queue_run(&loop->ready);
	for (struct loop_hook *hook = loop->turn_hooks; hook != NULL; hook = hook->next)
		hook->run(hook->arg);
}

static void
on_check(uv_check_t *check)
{
	struct loop *loop = CONTAINER(check, struct loop, turn_check);

	run_turn(loop);
}

void
timeout_queue_init(struct loop *loop, struct timeout_queue *queue, uint64_t duration_ms)
{
	queue->head.before = queue->head.after = &queue->head;
	queue->duration_ms = duration_ms;
	queue->next = loop->timeouts;
	loop->timeouts = queue;
}

void
timeout_start(struct loop *loop, struct timeout_queue *queue, struct timeout *timeout)
{
	timeout_stop(timeout);
	timeout->at_ms = uv_now(&loop->uv) + queue->duration_ms;
	timeout->before = queue->head.before;
	timeout->after = &queue->head;
	timeout->before->after = timeout;
	queue->head.before = timeout;
}

void
timeout_stop(struct timeout *timeout)
{
	if (timeout->after == NULL)
		return;
	timeout->before->after = timeout->after;
	timeout->after->before = timeout->before;
	timeout->before = timeout->after = NULL;
}

static void
expire_due(struct timeout_queue *queue, uint64_t now_ms)
{
	struct timeout *first;

	while ((first = queue->head.after) != &queue->head && first->at_ms <= now_ms) {
		timeout_stop(first);
		first->expire(first);
	}
}

static void
on_tick(uv_timer_t *tick)
{
	struct loop *loop = CONTAINER(tick, struct loop, tick);

	update_date(loop);
	for (struct timeout_queue *queue = loop->timeouts; queue != NULL; queue = queue->next)
		expire_due(queue, uv_now(&loop->uv));
}
