#pragma once
/* Files and folders.  Errors leave errno for the one who reports. */
#include "base/buf.h"

/* Append the whole file at ${path}; ERR_NOT_FOUND, ERR_IO, or ERR_TOO_LARGE by the buf's limit. */
enum err file_read(const char *path, struct buf *buf) MUST_USE;
/* Make a folder (0700) where there is none. */
enum err folder_make(const char *path) MUST_USE;
/*
 * The file at ${part}, which is complete, gets its name, ${path}, in ${folder}: what has the
 * name is whole, whatever happens meanwhile.  Readable by its owner alone.
 */
enum err file_put_in_place(const char *part, const char *folder, const char *path) MUST_USE;
/*
 * Hold an exclusive lock on the file at ${path}, which is made where there is
 * none, until the process ends or the descriptor is closed.  ERR_CONFLICT when somebody else holds it.
 */
enum err file_lock(const char *path, int *ret_fd) MUST_USE;
