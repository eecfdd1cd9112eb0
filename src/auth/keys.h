#pragma once
/*
 * API keys: "ck_ID_SECRET", shown once, stored as a SHA-256 (a key is 256
 * random bits, so a slow hash would add nothing).
 *
 * Each loop remembers the keys it has verified, by their exact text, for
 * KEYS_CACHE_MS or until a key is changed through this process: a key that was
 * revoked on another node of the same database works for that long.
 */
#include "auth/identity.h"
#include "base/arena.h"
#include "store/store.h"

enum { KEYS_CACHE_SIZE = 256, KEYS_CACHE_MS = 1000, KEY_TEXT_SIZE = 64, KEY_ID_SIZE = 16 };

/* An identity with its memory, counted by the loop that made it. */
struct known_key {
	struct identity identity; /* first */
	char text[KEY_TEXT_SIZE];
	size_t text_size;
	unsigned references;
	int64_t verified_us, version;
	struct arena arena;
};

struct key_cache {
	struct known_key *keys[KEYS_CACHE_SIZE];
};

void key_cache_release(struct key_cache *cache);
/* The key with this text, verified lately, with a reference; or NULL. */
struct known_key *key_cache_find(struct key_cache *cache, struct str text);
/* Remember ${key}; the cache takes a reference of its own. */
void key_cache_add(struct key_cache *cache, struct known_key *key);
void known_key_unref(struct known_key *key);

/* A store body: find the key with this text. ERR_BAD_CREDENTIAL where there is none, or it was revoked. */
struct key_lookup {
	struct str text;
	struct known_key *key; /* result, the caller's */
};
enum err key_lookup(struct tx *tx, void *arg);

/* What `caisson key` does; these are store bodies too. */
struct key_add {
	struct str user; /* data NULL for none */
	const struct str *roles;
	size_t roles_count;
	char text[KEY_TEXT_SIZE]; /* result, ended by NUL */
};
enum err key_add(struct tx *tx, void *arg);

struct key_revoke {
	struct str id;
};
enum err key_revoke(struct tx *tx, void *arg); /* ERR_NOT_FOUND */

/* Appends one JSON array of {"id","user","roles","created","revoked"}. */
struct key_list {
	struct buf *json;
};
enum err key_list(struct tx *tx, void *arg);

/* Keys were changed through this process: every cached one is looked up again. */
void keys_changed(void);
/* Grows with keys_changed(): live streams ask again who they serve. */
int64_t keys_version(void);
