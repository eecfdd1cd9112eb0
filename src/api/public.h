#pragma once
/*
 * The app's static files: what lies in public/ when it is read, by exact name.
 * They are kept in memory, so nothing that a request says ever reaches the
 * file system.
 *
 *	/app.js    public/app.js
 *	/guide/     public/guide/index.html
 *	/guide      where that is there: 308 to /guide/, so that the page's own links work
 *	/any/page  public/index.html, outside the API, for a client that names text/html in Accept
 *	           (a single-page app draws the page itself)
 *
 * Hidden files and links are left out.  An escape is decoded once, and an
 * escaped slash separates nothing.
 *
 * A set of files is immutable, and part of what is served (served.h): a request
 * finds its file in its own version.
 */
#include "api/request.h"

enum { PUBLIC_ETAG_SIZE = 18 }; /* 16 digits of the bytes' hash, in quotes */

struct public_file {
	struct str path; /* "/app.js" */
	struct str type;
	struct buf bytes;
	char etag[PUBLIC_ETAG_SIZE];
	int64_t modified_s; /* since 1970 */
	bool is_page;	    /* a browser runs scripts of it */
};

struct public_files {
	struct public_file *files; /* by path */
	size_t count, room;
	int64_t size;
};

/*
 * Read FOLDER/public; an absent folder is an empty one.  The set belongs to its caller, until
 * public_free().  ERR_TOO_LARGE, ERR_IO with a line for people.
 */
enum err public_read(const char *folder, struct public_files **ret, struct buf *ret_detail) MUST_USE;
/* NULL is harmless. */
void public_free(struct public_files *files);

/* If the request's path is a file or leads to one: set its route and is_file, whatever the method. */
bool public_find(struct request *request);
/* The type of a file by its name's ending. */
struct str public_type(struct str path);

/* Answer request.file (public_answer.c). */
extern const struct step public_file_steps[];
