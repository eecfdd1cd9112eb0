#include "auth/keys.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"

const struct identity identity_guest = { .principal = { "guest", 5 } };

static _Atomic int64_t changes;

void
keys_changed(void)
{
	atomic_fetch_add(&changes, 1);
}

int64_t
keys_version(void)
{
	return atomic_load(&changes);
}

/* --- the cache ------------------------------------------------------- */

void
known_key_unref(struct known_key *key)
{
	if (key == NULL || --key->references > 0)
		return;
	arena_release(&key->arena);
	free(key);
}

void
key_cache_release(struct key_cache *cache)
{
	for (size_t i = 0; i < KEYS_CACHE_SIZE; i++)
		known_key_unref(cache->keys[i]);
	*cache = (struct key_cache){ 0 };
}

static struct known_key **
cache_place(struct key_cache *cache, struct str text)
{
	return &cache->keys[hash_str(text) % KEYS_CACHE_SIZE];
}

struct known_key *
key_cache_find(struct key_cache *cache, struct str text)
{
	struct known_key *key = *cache_place(cache, text);

	if (key == NULL || !str_equal(text, (struct str){ key->text, key->text_size }) ||
	    key->version != keys_version() ||
	    clock_monotonic_us() - key->verified_us > KEYS_CACHE_MS * 1000)
		return NULL;
	key->references++;
	return key;
}

void
key_cache_add(struct key_cache *cache, struct known_key *key)
{
	struct known_key **place = cache_place(cache, (struct str){ key->text, key->text_size });

	key->references++;
	known_key_unref(*place);
	*place = key;
}

/* --- looking one up -------------------------------------------------- */

static void
hash_key(struct str text, char ret_hex[SHA256_HEX_SIZE])
{
	sha256_hex(text, ret_hex);
}

static bool
read_roles(struct known_key *key, struct str text)
{
	struct rule_caller *caller = &key->identity.caller;
	struct json_error error;
	struct str *roles;
	struct json json;

	text = arena_str(&key->arena, text);
	if (text.data == NULL || json_parse(&key->arena, text, &json, &error) != OK ||
	    json.type != JSON_ARRAY)
		return false;
	roles = arena_array(&key->arena, json.count, sizeof(*roles));
	for (uint32_t i = 0; roles != NULL && i < json.count; i++)
		roles[i] = json.items[i].string;
	caller->roles = roles;
	caller->roles_count = json.count;
	return roles != NULL;
}

static struct known_key *
known_key_new(struct str text, struct str id, struct value user, struct str roles)
{
	enum { KEY_ARENA_SIZE_MAX = 64 * 1024 };
	struct known_key *key = memory_new(sizeof(*key));
	struct buf principal;

	arena_init(&key->arena, KEY_ARENA_SIZE_MAX);
	key->references = 1;
	memcpy(key->text, text.data, text.size);
	key->text_size = text.size;
	key->verified_us = clock_monotonic_us();
	key->version = keys_version();
	buf_init(&principal, 256);
	buf_addf(&principal, "key:%.*s", STR_ARGS(id));
	key->identity.principal = arena_str(&key->arena, buf_str(&principal));
	buf_release(&principal);
	key->identity.hash = hash_str(key->identity.principal);
	key->identity.caller.signed_in = true;
	if (user.kind == VALUE_TEXT)
		key->identity.caller.id = arena_str(&key->arena, user.text);
	if (!read_roles(key, roles)) {
		known_key_unref(key);
		return NULL;
	}
	return key;
}

enum err
key_lookup(struct tx *tx, void *arg)
{
	struct key_lookup *lookup = arg;
	char hash[SHA256_HEX_SIZE];
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	lookup->key = NULL;
	if (lookup->text.size >= KEY_TEXT_SIZE)
		return ERR_BAD_CREDENTIAL;
	hash_key(lookup->text, hash);
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "SELECT id, user_id, roles FROM caisson_keys WHERE hash = %v AND revoked IS NULL",
	    value_text((struct str){ hash, sizeof(hash) }));
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		lookup->key = known_key_new(lookup->text, tx_value(&rows, 0, VALUE_TEXT).text,
		    tx_value(&rows, 1, VALUE_TEXT), tx_value(&rows, 2, VALUE_TEXT).text);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err == OK && lookup->key == NULL ? ERR_BAD_CREDENTIAL : err;
}

/* --- the command line's part ----------------------------------------- */

static void
new_key(char ret_text[KEY_TEXT_SIZE], char ret_id[KEY_ID_SIZE])
{
	uint8_t secret[32], id[6];
	struct buf text;

	random_bytes(secret, sizeof(secret));
	random_bytes(id, sizeof(id));
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(ret_id + 2 * i, 3, "%02x", id[i]);
	buf_init(&text, KEY_TEXT_SIZE);
	buf_addf(&text, "ck_%s_", ret_id);
	base64url_encode(&text, secret, sizeof(secret));
	assert(text.err == OK && text.size < KEY_TEXT_SIZE);
	memcpy(ret_text, text.data, text.size);
	ret_text[text.size] = '\0';
	buf_release(&text);
}

static void
write_roles(struct buf *json, const struct key_add *add)
{
	struct json_writer writer;

	json_writer_init(&writer, json);
	json_begin_array(&writer);
	for (size_t i = 0; i < add->roles_count; i++)
		json_string(&writer, add->roles[i]);
	json_end_array(&writer);
}

enum err
key_add(struct tx *tx, void *arg)
{
	struct key_add *add = arg;
	char id[KEY_ID_SIZE], hash[SHA256_HEX_SIZE];
	struct sql_text sql;
	struct buf roles;
	enum err err;

	new_key(add->text, id);
	hash_key(str_from(add->text), hash);
	buf_init(&roles, 64 * 1024);
	write_roles(&roles, add);
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "INSERT INTO caisson_keys (id, hash, user_id, roles, created) VALUES (%v, %v, %v, %v, %v)",
	    value_text(str_from(id)), value_text((struct str){ hash, sizeof(hash) }),
	    add->user.data == NULL ? value_null() : value_text(add->user), value_text(buf_str(&roles)),
	    value_time(tx->now_us));
	err = roles.err != OK ? roles.err : tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	buf_release(&roles);
	return err;
}

enum err
key_revoke(struct tx *tx, void *arg)
{
	struct key_revoke *revoke = arg;
	struct sql_text sql;
	int64_t changed = 0;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "UPDATE caisson_keys SET revoked = %v WHERE id = %v AND revoked IS NULL",
	    value_time(tx->now_us), value_text(revoke->id));
	err = tx_exec(tx, &sql, &changed);
	sql_release(&sql);
	return err == OK && changed == 0 ? ERR_NOT_FOUND : err;
}

static void
write_key(struct json_writer *writer, struct tx_rows *rows)
{
	static const struct {
		const char *name;
		enum value_kind kind;
	} columns[] = { { "id", VALUE_TEXT }, { "user", VALUE_TEXT }, { "roles", VALUE_TEXT },
		{ "created", VALUE_TIME }, { "revoked", VALUE_TIME } };

	json_begin_object(writer);
	for (size_t i = 0; i < COUNT(columns); i++) {
		struct value value = tx_value(rows, (int)i, columns[i].kind);

		json_name(writer, str_from(columns[i].name));
		if (i == 2) /* stored as JSON */
			json_raw(writer, value.text);
		else
			json_value(writer, &value);
	}
	json_end_object(writer);
}

enum err
key_list(struct tx *tx, void *arg)
{
	struct key_list *list = arg;
	struct json_writer writer;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	buf_clear(list->json);
	json_writer_init(&writer, list->json);
	json_begin_array(&writer);
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT id, user_id, roles, created, revoked FROM caisson_keys ORDER BY created, id");
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows))
		write_key(&writer, &rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	json_end_array(&writer);
	return err == OK ? list->json->err : err;
}
