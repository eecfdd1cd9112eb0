#pragma once
/*
 * A VFS over the system's own that gathers writes to the write-ahead log.
 *
 * SQLite writes each page of a commit with two system calls, its frame's header
 * and its content; a group of creates is hundreds of them, each appended to the
 * last.  Here they are gathered in memory and written as one, before anything
 * that could tell: a sync, a read, a question about the size, a write elsewhere.
 * (Measured at 32 writers: half the processor's time of a create is spent in
 * those calls.)
 *
 * Right only with synchronous=FULL: there a commit's frames are always synced
 * before the wal-index shows them to readers.  A write that fails is told by
 * the call that flushed it, at the latest by the COMMIT's sync.
 */

/* Register it (once); its name is for sqlite3_open_v2(), or NULL on failure. */
const char *wal_vfs_register(void);
