/* Commits from the ring to the groups. */
#include "events/live_internal.h"

enum { TURN_US = 3000 };

static void on_mail(struct mail *mail);
static void read_ring(struct live *live);

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
			live->position = commit->number;
			live_reset_all(live, "gap");
			commit_unref(commit);
			continue;
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
