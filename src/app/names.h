#pragma once
/*
 * The names that an app's indexes, link tables and hidden columns have in the database:
 *
 *	unique: true		questions_slug_key
 *	index: true, a ref	questions_level_idx
 *	[level, -created]	questions_level_created_desc_idx
 *	unique: [[topic, slug]]	questions_topic_slug_key
 *	refs			questions_tags, and questions_tags_idx for the way back
 *	fold: true		_fold_email, a column behind the declared ones
 *
 * A name of more than 63 bytes (PostgreSQL would cut it) keeps its beginning
 * and gets a hash of the whole.  Writers return ${ret}.
 */
#include "app/app.h"

enum { INDEX_NAME_SIZE = APP_NAME_SIZE_MAX + 1 };

/* Has ${field} an index of its own on the collection's table, besides that of unique: true? */
bool field_has_index(const struct field *field);
struct str unique_name(const struct collection *collection, const struct field *field, char *ret);
struct str
field_index_name(const struct collection *collection, const struct field *field, char *ret);
struct str
index_name(const struct collection *collection, const struct app_index *index, char *ret);
struct str link_name(const struct collection *collection, const struct field *field, char *ret);
/* The column with the folded form (codec/fold.h) of a field with `fold: true`. */
struct str fold_name(const struct field *field, char *ret);
/* The field whose folded form a column of that name holds, or NULL. */
const struct field *fold_name_field(const struct collection *collection, struct str name);
/* The compound unique index ${name} of a collection, or NULL. */
const struct app_index *unique_name_index(const struct collection *collection, struct str name);
/* The field of the unique index ${name} of a collection, or NULL: what PostgreSQL tells of a violation. */
const struct field *unique_name_field(const struct collection *collection, struct str name);
