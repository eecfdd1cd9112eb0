#pragma once
/*
 * Entity tags: `"N"` is the record that commit N last touched, `"N.h"` another
 * shape of it (fewer fields, expanded references), where h names the shape.
 */
#include "base/buf.h"

/* Append `"${number}"`. */
void etag_add(struct buf *buf, int64_t number);
/* Append `"${number}.${shape}"`; ${shape} is of letters and digits. */
void etag_add_shape(struct buf *buf, int64_t number, struct str shape);
/* The number of a tag of ours, given with its quotes; false for any other. */
bool etag_number(struct str tag, int64_t *ret);
