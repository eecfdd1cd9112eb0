#pragma once
/*
 * The keys of the app file: tables that end the question what may stand where.
 * The reader takes a mapping apart by them, and the JSON Schema of the file is
 * written from them.
 */
#include "app/field_type.h"
#include "base/str.h"

enum key_when {
	KEY_OPTIONAL,
	KEY_REQUIRED,
	KEY_LATER, /* declared in the manual, not supported yet */
};

/* What stands behind a key. */
enum key_value {
	VALUE_OF_LATER,
	VALUE_OF_NAME,
	VALUE_OF_TEXT,
	VALUE_OF_FLAG,
	VALUE_OF_RULE,
	VALUE_OF_DATABASE,
	VALUE_OF_PREFIX,
	VALUE_OF_DURATION, /* 60s, 5m, 1h, 7d */
	VALUE_OF_ID_TYPE,
	VALUE_OF_INDEXES,
	VALUE_OF_UNIQUES,
	VALUE_OF_API, /* a mapping of api_keys */
	VALUE_OF_COLLECTIONS, /* by name, of collection_keys */
	VALUE_OF_FIELDS, /* by name, of field_keys */
	VALUE_OF_ACCESS, /* of access_keys */
	VALUE_OF_FIELDS_ACCESS, /* by name, of field_access_keys */
	VALUE_OF_CACHE, /* of cache_keys */
	/* Of a field; what LITERAL and BOUND take depends on its type. */
	VALUE_OF_TYPE,
	VALUE_OF_LITERAL,
	VALUE_OF_BOUND,
	VALUE_OF_WORDS,
	VALUE_OF_COLLECTION,
	VALUE_OF_ACTION,
	VALUE_OF_SCALE,
	VALUE_OF_ITEM,
	VALUE_OF_PATTERN,
	KEY_VALUE_COUNT
};

struct key {
	const char *name;
	enum key_when when;
	enum key_value value;
	const char *help; /* a sentence for people */
};

enum { KEY_APP, KEY_API, KEY_DATABASE, KEY_COLLECTIONS, APP_KEYS = 15 };
enum { KEY_PREFIX, API_KEYS };
enum {
	KEY_FIELDS,
	KEY_ID,
	KEY_INDEXES,
	KEY_UNIQUES,
	KEY_ACCESS,
	KEY_FIELDS_ACCESS,
	KEY_CACHE,
	KEY_COLLECTION_WAS,
	KEY_COLLECTION_DESCRIPTION,
	COLLECTION_KEYS = 16
};
/* In the order of enum access. */
enum { KEY_READ, KEY_CREATE, KEY_UPDATE, KEY_DELETE, ACCESS_KEYS };
enum { KEY_FIELD_READ, FIELD_ACCESS_KEYS };
enum { KEY_MAX_AGE, KEY_PUBLIC, CACHE_KEYS };

enum field_key {
#define FIELD_KEY(name, word, value, types, help) FIELD_KEY_##name,
#define FIELD_KEY_LATER(word)
#include "app/field_key.def"
#undef FIELD_KEY
#undef FIELD_KEY_LATER
	FIELD_KEYS_SUPPORTED,
	FIELD_KEYS = FIELD_KEYS_SUPPORTED + 2
};

extern const struct key app_keys[APP_KEYS], api_keys[API_KEYS], collection_keys[COLLECTION_KEYS],
    access_keys[ACCESS_KEYS], field_access_keys[FIELD_ACCESS_KEYS], cache_keys[CACHE_KEYS],
    field_keys[FIELD_KEYS];

/* Has a field of ${type} the attribute ${key}? */
bool field_key_fits(enum field_key key, enum field_type type);

/* Can a field of ${type} not do without it? */
bool field_key_is_needed(enum field_key key, enum field_type type);

/* The words of other values; NULL ends each list. */
extern const char *const on_delete_words[]; /* by enum on_delete */
extern const char *const later_types[]; /* types of fields that are not supported yet */
/* `of:` of a list: does it take items of ${type}? */
bool field_type_is_item(enum field_type type);
