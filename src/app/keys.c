#include "app/keys.h"

#define LATER(word)                                   \
	{                                             \
		word, KEY_LATER, VALUE_OF_LATER, NULL \
	}

const struct key app_keys[APP_KEYS] = {
	[KEY_APP] = { "app", KEY_REQUIRED, VALUE_OF_NAME, "The name of the app." },
	[KEY_API] = { "api", KEY_OPTIONAL, VALUE_OF_API, "Where its interface stands." },
	[KEY_DATABASE] = { "database", KEY_OPTIONAL, VALUE_OF_DATABASE,
	    "sqlite:FOLDER/FILE, in the app folder, or postgres://USER@HOST/NAME." },
	[KEY_COLLECTIONS] = { "collections", KEY_REQUIRED, VALUE_OF_COLLECTIONS,
	    "The collections, by name: each is a table." },
	LATER("auth"),
	LATER("cors"),
	LATER("files"),
	LATER("functions"),
	LATER("jobs"),
	LATER("limits"),
	LATER("privacy"),
	LATER("queues"),
	LATER("upstreams"),
	LATER("versions"),
	LATER("webhooks"),
};

const struct key api_keys[API_KEYS] = {
	[KEY_PREFIX] = { "prefix", KEY_OPTIONAL, VALUE_OF_PREFIX,
	    "The path before all collections, /v1 where it does not say." },
};

const struct key collection_keys[COLLECTION_KEYS] = {
	[KEY_FIELDS] = { "fields", KEY_REQUIRED, VALUE_OF_FIELDS, "The fields, by name." },
	[KEY_ID] = { "id", KEY_OPTIONAL, VALUE_OF_ID_TYPE,
	    "int: ids are numbers that the server counts; without it they are UUIDs." },
	[KEY_INDEXES] = { "indexes", KEY_OPTIONAL, VALUE_OF_INDEXES,
	    "Lists of fields, - before one that descends." },
	[KEY_UNIQUES] = { "unique", KEY_OPTIONAL, VALUE_OF_UNIQUES,
	    "Lists of fields whose values together no two records share; nulls do not count." },
	[KEY_ACCESS] = { "access", KEY_OPTIONAL, VALUE_OF_ACCESS,
	    "Who may do what: a rule for each action; what is not named is denied." },
	[KEY_FIELDS_ACCESS] = { "fields_access", KEY_OPTIONAL, VALUE_OF_FIELDS_ACCESS,
	    "Who may see a field, by its name, of those who may read the record." },
	[KEY_CACHE] = { "cache", KEY_OPTIONAL, VALUE_OF_CACHE, "How long answers may be kept." },
	[KEY_COLLECTION_WAS] = { "was", KEY_OPTIONAL, VALUE_OF_NAME,
	    "The collection's name before it was renamed." },
	[KEY_COLLECTION_DESCRIPTION] = { "description", KEY_OPTIONAL, VALUE_OF_TEXT,
	    "For people." },
	LATER("history"),
	LATER("key"),
	LATER("kind"),
	LATER("live"),
	LATER("paths"),
	LATER("sql"),
	LATER("ttl"),
};

const struct key access_keys[ACCESS_KEYS] = {
	[KEY_READ] = { "read", KEY_OPTIONAL, VALUE_OF_RULE, "Which records are seen." },
	[KEY_CREATE] = { "create", KEY_OPTIONAL, VALUE_OF_RULE,
	    "Which records may be made: new.FIELD." },
	[KEY_UPDATE] = { "update", KEY_OPTIONAL, VALUE_OF_RULE,
	    "Which records may be changed: FIELD before, new.FIELD after." },
	[KEY_DELETE] = { "delete", KEY_OPTIONAL, VALUE_OF_RULE, "Which records may be deleted." },
};

const struct key field_access_keys[FIELD_ACCESS_KEYS] = {
	[KEY_FIELD_READ] = { "read", KEY_REQUIRED, VALUE_OF_RULE, "In which records it is seen." },
};

const struct key cache_keys[CACHE_KEYS] = {
	[KEY_MAX_AGE] = { "max_age", KEY_REQUIRED, VALUE_OF_DURATION,
	    "A duration: 60s, 5m, 1h, 7d." },
	[KEY_PUBLIC] = { "public", KEY_OPTIONAL, VALUE_OF_FLAG,
	    "Shared caches may keep them too; only where no read rule looks at the caller." },
};

const struct key field_keys[FIELD_KEYS] = {
#define FIELD_KEY(name, word, value, types, help)                                 \
	{ word, FIELD_KEY_##name == FIELD_KEY_TYPE ? KEY_REQUIRED : KEY_OPTIONAL, \
		VALUE_OF_##value, help },
#define FIELD_KEY_LATER(word) LATER(word),
#include "app/field_key.def"
#undef FIELD_KEY
#undef FIELD_KEY_LATER
};

#define T(name) (1U << FIELD_##name)
#define ALL ((1U << FIELD_ID) - 1)
/* What is one value in a column, and so can be found by an index. */
#define SCALAR (ALL & ~(T(REFS) | T(LIST) | T(JSON)))
#define BOUNDED (ALL & ~(T(BOOL) | T(ENUM) | T(REF) | T(JSON)))

bool
field_key_fits(enum field_key key, enum field_type type)
{
	static const unsigned types_of[FIELD_KEYS_SUPPORTED] = {
#define FIELD_KEY(name, word, value, types, help) types,
#define FIELD_KEY_LATER(word)
#include "app/field_key.def"
#undef FIELD_KEY
#undef FIELD_KEY_LATER
	};

	return (types_of[key] & 1U << type) != 0;
}

bool
field_key_is_needed(enum field_key key, enum field_type type)
{
	static const unsigned types_of[FIELD_KEYS_SUPPORTED] = {
		[FIELD_KEY_TYPE] = ALL,
		[FIELD_KEY_VALUES] = T(ENUM),
		[FIELD_KEY_TO] = T(REF) | T(REFS),
		[FIELD_KEY_SCALE] = T(DECIMAL),
	};

	return (types_of[key] & 1U << type) != 0;
}

bool
field_type_is_item(enum field_type type)
{
	return (T(TEXT) | T(INT) | T(FLOAT) | T(BOOL)) & 1U << type;
}

const char *const on_delete_words[] = { "restrict", "cascade", "set_null", NULL };
const char *const later_types[] = { "file", "files", "password", NULL };
