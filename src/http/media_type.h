#pragma once
/*
 * Content-Type (RFC 9110 §8.3): what the bytes of a body are.
 */
#include "base/str.h"

struct media_type {
	struct str name;    /* "application/json", as sent */
	struct str charset; /* data NULL where there is none */
};

/* Parse a whole Content-Type; false where it is malformed or has two charsets. */
bool media_type_parse(struct str text, struct media_type *ret);

enum media_kind {
	MEDIA_NONE, /* no Content-Type */
	MEDIA_JSON,
	MEDIA_MERGE_PATCH, /* application/merge-patch+json */
	MEDIA_JSON_PATCH,  /* application/json-patch+json */
	MEDIA_NDJSON,	   /* application/x-ndjson */
	MEDIA_CSV,	   /* text/csv */
	MEDIA_OTHER,	   /* any other, malformed, or in a charset that is not UTF-8: 415 */
};

/* What ${content_type} is to this server; its data is NULL where the field is absent. */
enum media_kind media_kind(struct str content_type);
