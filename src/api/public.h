#pragma once
/*
 * The app's static files: what lies in public/ when the server starts, by
 * exact name; "/" is index.html, and so is any other path outside the API for
 * a client that names text/html in Accept (single-page apps).  They are read once, so nothing that a
 * request says ever reaches the file system.
 */
#include "api/request.h"

struct public_files;

/* Read FOLDER/public; an absent folder is an empty one.  ERR_TOO_LARGE, ERR_IO with a line for people. */
enum err public_read(const char *folder, struct public_files **ret, struct buf *ret_detail) MUST_USE;
void public_free(struct public_files *files);
/* If the request's path is a file: set its route and is_file, whatever the method. */
bool public_find(struct request *request);
