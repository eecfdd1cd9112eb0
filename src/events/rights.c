#include "events/rights.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "store/meta.h"
#include "store/snapshot.h"

enum { HASH_HEX_SIZE = 16, NOTE_SIZE = 48 };

/* --- the hash ---------------------------------------------------------- */

static uint64_t
hash_rule(const struct collection *collection, struct str field, struct str rule)
{
	uint64_t hashes[] = { hash_str(collection->name), hash_str(field), hash_str(rule) };

	return hash_bytes(hashes, sizeof(hashes));
}

/* A sum, so that things may be moved about in the file. */
uint64_t
rights_hash(const struct app *app)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < app->collections_count; i++) {
		const struct collection *collection = &app->collections[i];

		hash += hash_rule(collection, (struct str){ 0 }, collection->access[ACCESS_READ].text);
		for (size_t j = 0; j < collection->columns_count; j++)
			hash += hash_rule(collection, collection->columns[j].name, collection->fields_read[j].text);
	}
	return hash;
}

/* --- the note ---------------------------------------------------------- */

struct rights {
	char hash[HASH_HEX_SIZE + 1];
	bool are_noted; /* as those of now */
	int64_t since;
};

static void
set_hash(struct rights *rights, const struct app *app)
{
	snprintf(rights->hash, sizeof(rights->hash), "%016" PRIx64, rights_hash(app));
}

static enum err
read_note(struct tx *tx, void *arg)
{
	struct rights *rights = arg;
	struct str note, hash;
	enum err err = meta_read(tx, "rights", &note);

	rights->are_noted = err == OK && str_split(&note, ' ', &hash) && str_is(hash, rights->hash) &&
			    str_to_int(note, &rights->since);
	return err;
}

/* Nobody was told of more than what is complete, by whatever node. */
static enum err
note_these(struct tx *tx, void *arg)
{
	struct rights *rights = arg;
	struct snapshot snapshot;
	char note[NOTE_SIZE];
	enum err err = snapshot_read(tx, &snapshot);

	if (err != OK)
		return err;
	rights->since = snapshot.complete > 0 ? snapshot.complete : -1;
	snapshot_release(&snapshot);
	/* Who begins to follow from now on begins behind it; in an empty database nobody was before. */
	tx->takes_number = rights->since > 0;
	snprintf(note, sizeof(note), "%s %" PRId64, rights->hash, rights->since);
	return meta_write(tx, "rights", str_from(note));
}

static enum err
note_none(struct tx *tx, void *arg)
{
	(void)arg;
	return meta_write(tx, "rights", STR(""));
}

static enum err
note(struct store *store, struct rights *rights, store_body *body)
{
	struct store_call read = { .body = read_note, .arg = rights };
	struct store_call write = { .body = body, .arg = rights };
	enum err err = store_read_blocking(store, &read);

	return err != OK || rights->are_noted ? err : store_write_blocking(store, &write);
}

enum err
rights_begin(struct store *store, const struct app *app, int64_t *ret_since)
{
	struct rights rights = { 0 };
	enum err err;

	set_hash(&rights, app);
	err = note(store, &rights, note_these);
	*ret_since = err == OK ? rights.since : store_last_number(store);
	return err;
}

enum err
rights_change(struct store *store, const struct app *app)
{
	struct rights rights = { 0 };

	set_hash(&rights, app);
	return note(store, &rights, note_none);
}
