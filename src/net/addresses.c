#include "net/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/memory.h"

enum { BUCKETS = 4096 };

struct key {
	uint64_t family, prefix; /* IPv4: all of the address; IPv6: the first half */
};

struct address {
	struct key key;
	int64_t connections;
	struct address *next;
};

static struct {
	pthread_mutex_t mutex;
	uint64_t seed; /* who connects shall not choose buckets */
	struct address *buckets[BUCKETS];
} table = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* False for an address that is not counted. */
static bool
key_of(const struct sockaddr *remote, struct key *ret)
{
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)(const void *)remote)->sin6_addr;
	struct in_addr in = ((const struct sockaddr_in *)(const void *)remote)->sin_addr;
	bool is_in = remote->sa_family == AF_INET;

	*ret = (struct key){ .family = AF_INET };
	if (!is_in && remote->sa_family != AF_INET6)
		return false;
	if (!is_in && IN6_IS_ADDR_V4MAPPED(in6)) {
		memcpy(&in, in6->s6_addr + 12, sizeof(in));
		is_in = true;
	}
	if (is_in) {
		ret->prefix = in.s_addr;
		return ntohl(in.s_addr) >> 24 != IN_LOOPBACKNET;
	}
	ret->family = AF_INET6;
	memcpy(&ret->prefix, in6->s6_addr, sizeof(ret->prefix));
	return !IN6_IS_ADDR_LOOPBACK(in6);
}

/* Where ${key} stands, or would. */
static struct address **
place_of(const struct key *key)
{
	uint64_t seeded[3] = { table.seed, key->family, key->prefix };
	struct address **place;

	if (table.seed == 0 && getrandom(&table.seed, sizeof(table.seed), 0) > 0) {
		table.seed |= 1;
		seeded[0] = table.seed;
	}
	place = &table.buckets[hash_bytes(seeded, sizeof(seeded)) % BUCKETS];
	while (*place != NULL && memcmp(&(*place)->key, key, sizeof(*key)) != 0)
		place = &(*place)->next;
	return place;
}

bool
addresses_enter(const struct sockaddr *remote, struct address **ret)
{
	struct address **place;
	struct key key;
	bool has_room;

	*ret = NULL;
	if (!key_of(remote, &key))
		return true;
	pthread_mutex_lock(&table.mutex);
	place = place_of(&key);
	has_room = *place == NULL || (*place)->connections < limit(LIMIT_connections_address);
	if (has_room) {
		if (*place == NULL) {
			*place = memory_new(sizeof(**place));
			(*place)->key = key;
		}
		(*place)->connections++;
		*ret = *place;
	}
	pthread_mutex_unlock(&table.mutex);
	return has_room;
}

void
addresses_leave(struct address *address)
{
	struct address **place;

	if (address == NULL)
		return;
	pthread_mutex_lock(&table.mutex);
	if (--address->connections == 0) {
		place = place_of(&address->key);
		*place = address->next;
		free(address);
	}
	pthread_mutex_unlock(&table.mutex);
}
