/* Commits from the ring to the groups; from the log, where the ring has gone on
 * without us. */
#include "events/live_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "store/log.h"

enum { TURN_US = 3000 };

static void on_mail(struct mail *mail);
static void read_ring(struct live *live);
static void rejoin(struct live *live);
static enum step_result read_log(struct task *task);
static enum step_result tell_log(struct task *task);

static const struct step rejoin_steps[] = {
	{ "read log for live streams", read_log },
	{ "tell log to live streams", tell_log },
	{ 0 },
};

void
live_follow(struct live *live)
{
	live->follower.mail.deliver = on_mail;
	live->follows = true;
	ring_follow(store_ring(live->store), &live->follower, live->loop);
	live->position = store_last_number(live->store);
	live->keys_version = keys_version();
	timeout_start(live->loop, &live->ticks, &live->tick);
}

void
live_unfollow(struct live *live)
{
	live->follows = false;
	ring_unfollow(store_ring(live->store), &live->follower);
	timeout_stop(&live->tick);
}

static void
on_mail(struct mail *mail)
{
	struct live *live =
	    CONTAINER(CONTAINER(mail, struct ring_follower, mail), struct live, follower);

	atomic_store(&live->follower.mailed, false);
	if (live->follows && !live->rejoins)
		read_ring(live);
}

/* Others want the loop too: what is left is read in the next turn. */
static void
read_later(struct live *live)
{
	if (!atomic_exchange(&live->follower.mailed, true))
		loop_mail(live->loop, &live->follower.mail);
}

static void
read_ring(struct live *live)
{
	int64_t end_us = clock_monotonic_us() + TURN_US;
	struct commit *commit;
	bool missed;

	while ((commit = ring_next(store_ring(live->store), &live->follower, &missed)) != NULL) {
		if (missed) {
			commit_unref(commit); /* the log has it as well */
			rejoin(live);
			return;
		}
		live_take_commit(live, commit);
		commit_unref(commit);
		if (clock_monotonic_us() > end_us) {
			read_later(live);
			break;
		}
	}
	live_joined_settle(live);
}

/* --- the log --------------------------------------------------------- */

static void
end_rejoin(struct task *task)
{
	struct live *live = CONTAINER(task, struct live, rejoin.task);

	live->rejoins = false;
	live->calls--;
	if (live->follows)
		read_ring(live);
}

static void
rejoin(struct live *live)
{
	live->rejoins = true;
	live->calls++;
	task_start(&live->rejoin.task, &live->loop->ready, rejoin_steps, end_rejoin);
}

static void
forget_page(struct live_rejoin *rejoin)
{
	struct log_page page = { .commits = rejoin->commits, .count = rejoin->commits_count };

	log_page_release(&page);
	rejoin->commits = NULL;
	rejoin->commits_count = 0;
}

/* On a reader's thread. */
static enum err
read_page(struct tx *tx, void *arg)
{
	enum { PAGE_COMMITS = 1000 };
	struct live *live = arg;
	struct live_rejoin *rejoin = &live->rejoin;
	struct log_page page = { 0 };
	enum err err;

	forget_page(rejoin);
	err = log_read(tx, rejoin->app, rejoin->since, rejoin->until, PAGE_COMMITS, &page);
	if (err != OK)
		return err;
	rejoin->commits = page.commits;
	rejoin->commits_count = page.count;
	rejoin->truncated = page.truncated;
	return OK;
}

static enum step_result
read_log(struct task *task)
{
	struct live *live = CONTAINER(task, struct live, rejoin.task);
	struct live_rejoin *rejoin = &live->rejoin;

	rejoin->app = live->rules->app;
	rejoin->since = live->position;
	rejoin->until = store_last_number(live->store);
	rejoin->call = (struct store_call){
		.body = read_page, .arg = live, .task = task, .weight = STORE_HEAVY
	};
	store_read(live->store, live->loop, &rejoin->call);
	return STEP_WAIT;
}

/* Pages follow one another until the log says no more; then the ring goes on.
 */
static enum step_result
tell_log(struct task *task)
{
	struct live *live = CONTAINER(task, struct live, rejoin.task);
	struct live_rejoin *rejoin = &live->rejoin;
	bool more = rejoin->commits_count > 0;

	if (!live->follows || rejoin->call.err != OK || rejoin->truncated) {
		live->position = rejoin->until;
		live_reset_all(live, INT64_MAX, "gap");
		forget_page(rejoin);
		return STEP_DONE;
	}
	for (size_t i = 0; i < rejoin->commits_count; i++)
		live_take_commit(live, rejoin->commits[i]);
	forget_page(rejoin);
	live_joined_settle(live);
	return more ? task_continue(task, rejoin_steps) : STEP_DONE;
}
