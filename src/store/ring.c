#include "store/ring.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

enum { COMMIT_ARENA_SIZE_MAX = 64 << 20, COMMIT_BLOCK_SIZE = 2048 };

struct commit *
commit_new(int64_t number)
{
	struct commit *commit = memory_new(sizeof(*commit));

	commit->number = number;
	arena_init_blocks(&commit->arena, COMMIT_ARENA_SIZE_MAX, COMMIT_BLOCK_SIZE);
	atomic_init(&commit->references, 1);
	return commit;
}

void
commit_unref(struct commit *commit)
{
	if (commit == NULL || atomic_fetch_sub(&commit->references, 1) != 1)
		return;
	arena_release(&commit->arena);
	free(commit);
}

void
commit_drop_passing(struct commit *commit)
{
	for (struct change **at = &commit->changes; *at != NULL;) {
		if ((*at)->old_values == NULL && (*at)->new_values == NULL) {
			*at = (*at)->next;
			commit->changes_count--;
		} else {
			at = &(*at)->next;
		}
	}
}

void
ring_init(struct ring *ring)
{
	*ring = (struct ring){ 0 };
	uv_mutex_init(&ring->mutex);
}

static struct commit **
place(struct ring *ring, int64_t position)
{
	return &ring->commits[position % RING_COMMITS_MAX];
}

static void
forget_oldest(struct ring *ring)
{
	ring->bytes -= (*place(ring, ring->first))->arena.size;
	commit_unref(*place(ring, ring->first));
	*place(ring, ring->first++) = NULL;
}

static void
forget_all(struct ring *ring)
{
	while (ring->first < ring->end)
		forget_oldest(ring);
}

void
ring_release(struct ring *ring)
{
	assert(ring->followers == NULL);
	forget_all(ring);
	uv_mutex_destroy(&ring->mutex);
}

bool
ring_is_followed(struct ring *ring)
{
	return atomic_load(&ring->followers_count) > 0;
}

/* A commit that everybody has read is only memory. */
static void
forget_read(struct ring *ring)
{
	int64_t unread = ring->end;

	for (const struct ring_follower *follower = ring->followers; follower != NULL;
	    follower = follower->next)
		if (follower->position < unread)
			unread = follower->position;
	while (ring->first < unread)
		forget_oldest(ring);
}

static void
tell_followers(struct ring *ring)
{
	for (struct ring_follower *follower = ring->followers; follower != NULL;
	    follower = follower->next)
		if (!atomic_exchange(&follower->mailed, true))
			loop_mail(follower->loop, &follower->mail);
}

void
ring_publish(struct ring *ring, struct commit **commits, size_t count)
{
	uv_mutex_lock(&ring->mutex);
	forget_read(ring);
	for (size_t i = 0; i < count; i++) {
		while (ring->first < ring->end && (ring->end - ring->first == RING_COMMITS_MAX ||
						      ring->bytes > RING_BYTES_MAX))
			forget_oldest(ring);
		ring->bytes += commits[i]->arena.size;
		*place(ring, ring->end++) = commits[i];
	}
	if (count > 0)
		tell_followers(ring);
	if (ring->followers == NULL)
		forget_all(ring);
	uv_mutex_unlock(&ring->mutex);
}

void
ring_follow(struct ring *ring, struct ring_follower *follower, struct loop *loop)
{
	uv_mutex_lock(&ring->mutex);
	follower->loop = loop;
	follower->position = ring->end;
	follower->next = ring->followers;
	ring->followers = follower;
	atomic_fetch_add(&ring->followers_count, 1);
	uv_mutex_unlock(&ring->mutex);
}

void
ring_unfollow(struct ring *ring, struct ring_follower *follower)
{
	uv_mutex_lock(&ring->mutex);
	for (struct ring_follower **at = &ring->followers; *at != NULL; at = &(*at)->next) {
		if (*at == follower) {
			*at = follower->next;
			atomic_fetch_sub(&ring->followers_count, 1);
			break;
		}
	}
	uv_mutex_unlock(&ring->mutex);
}

struct commit *
ring_next(struct ring *ring, struct ring_follower *follower, bool *ret_missed)
{
	struct commit *commit = NULL;

	*ret_missed = false;
	uv_mutex_lock(&ring->mutex);
	if (follower->position < ring->first) {
		*ret_missed = true;
		follower->position = ring->first;
	}
	if (follower->position < ring->end) {
		commit = *place(ring, follower->position++);
		atomic_fetch_add(&commit->references, 1);
	}
	uv_mutex_unlock(&ring->mutex);
	return commit;
}
