#pragma once
/*
 * For tests: an SQLite VFS over the system's own that counts calls, makes the
 * k-th one fail, delays or skips syncs, and notes who writes.  It becomes the
 * default VFS, so that a store opened behind shim_install() goes through it.
 *
 *	store -> SQLite -> shim (count, look, fail) -> the unix VFS
 *
 * It also knows, for each thread, whether a COMMIT is running in it.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum shim_call {
	SHIM_OPEN,
	SHIM_READ,
	SHIM_WRITE,
	SHIM_TRUNCATE,
	SHIM_SYNC,
	SHIM_FILE_SIZE,
	SHIM_LOCK,
	SHIM_SHM_MAP,
	SHIM_SHM_LOCK,
	SHIM_DELETE,
	SHIM_CALLS,
};

enum shim_file { SHIM_DATABASE, SHIM_WAL, SHIM_OTHER, SHIM_FILES };

enum shim_way {
	SHIM_EIO,    /* the call's own SQLITE_IOERR_… */
	SHIM_ENOSPC, /* SQLITE_FULL where a call can be refused for space, else as EIO */
	SHIM_SHORT,  /* a write that stores its first half, then as ENOSPC */
	SHIM_WAYS,
};

struct shim_fault {
	unsigned calls, files; /* bits 1 << enum; 0 for all */
	int64_t skip;	       /* so many of them succeed first */
	enum shim_way way;
	bool stays;	 /* all later ones fail too */
	bool in_commit;	 /* only inside a COMMIT */
	bool not_commit; /* only outside */
};

/* Become the default VFS.  Harmless when done already. */
void shim_install(void);
/* Arm ${fault}, which is copied, in place of the last one; NULL disarms. */
void shim_fail(const struct shim_fault *fault);
/* How often the fault in force has struck. */
int64_t shim_failures(void);

int64_t shim_count(enum shim_call call, enum shim_file file);
/* How many COMMITs have come to an end, good or bad, of all connections. */
int64_t shim_commits(void);
/* Counters, and who has written, begin anew. */
void shim_forget(void);
/* How many connections have held the lock for writing, or for checkpointing, since. */
unsigned shim_writers(void);
unsigned shim_checkpointers(void);
/* Did one connection do all of it? */
bool shim_one_does_both(void);

/* Syncs: truly done, or only counted; and how long each of them takes at least. */
void shim_set_syncs(bool done, unsigned delay_us);
/* Called in the thread of each call, before it; NULL for none. */
void shim_look(void (*look)(void *arg, enum shim_call call, enum shim_file file, bool in_commit), void *arg);
