#include "store/sqlite/shim_vfs.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* The slots of xShmLock that decide who changes what (SQLite's wal.c: WRITE, CKPT). */
enum { SLOT_WRITE = 0, SLOT_CHECKPOINT = 1 };

enum { CONNECTIONS_MAX = 64 };

struct shim_handle {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
	enum shim_file file;
	unsigned connection; /* of a database file: counted from 0 */
};

static struct {
	sqlite3_vfs vfs, *real;
	pthread_mutex_t mutex;
	/* Under the mutex. */
	bool armed;
	struct shim_fault fault;
	int64_t failures;
	int64_t counts[SHIM_CALLS][SHIM_FILES];
	uint64_t writers, checkpointers; /* bits by connection */
	unsigned connections;
	bool syncs_skipped;
	unsigned sync_delay_us;
	void (*look)(void *arg, enum shim_call call, enum shim_file file, bool in_commit);
	void *look_arg;
} shim = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static _Thread_local bool in_commit;
static _Atomic int64_t commits;

/* --- what a call meets ------------------------------------------------ */

static bool
fault_strikes(enum shim_call call, enum shim_file file)
{
	struct shim_fault *fault = &shim.fault;

	if (!shim.armed || (fault->calls != 0 && !(fault->calls >> call & 1)) ||
	    (fault->files != 0 && !(fault->files >> file & 1)) || (fault->in_commit && !in_commit) ||
	    (fault->not_commit && in_commit))
		return false;
	if (fault->skip > 0) {
		fault->skip--;
		return false;
	}
	shim.armed = fault->stays;
	shim.failures++;
	return true;
}

static int
code_of(enum shim_call call, enum shim_way way)
{
	static const int codes[SHIM_CALLS] = {
		[SHIM_OPEN] = SQLITE_CANTOPEN,
		[SHIM_READ] = SQLITE_IOERR_READ,
		[SHIM_WRITE] = SQLITE_IOERR_WRITE,
		[SHIM_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
		[SHIM_SYNC] = SQLITE_IOERR_FSYNC,
		[SHIM_FILE_SIZE] = SQLITE_IOERR_FSTAT,
		[SHIM_LOCK] = SQLITE_IOERR_LOCK,
		[SHIM_SHM_MAP] = SQLITE_IOERR_SHMMAP,
		[SHIM_SHM_LOCK] = SQLITE_IOERR_SHMLOCK,
		[SHIM_DELETE] = SQLITE_IOERR_DELETE,
	};

	return way != SHIM_EIO && (call == SHIM_WRITE || call == SHIM_SHM_MAP) ? SQLITE_FULL : codes[call];
}

/* Count the call; the code that it fails with, or SQLITE_OK. */
static int
meet(enum shim_call call, enum shim_file file)
{
	void (*look)(void *arg, enum shim_call call, enum shim_file file, bool in_commit);
	int code = SQLITE_OK;

	pthread_mutex_lock(&shim.mutex);
	shim.counts[call][file]++;
	look = shim.look;
	if (fault_strikes(call, file))
		code = code_of(call, shim.fault.way);
	pthread_mutex_unlock(&shim.mutex);
	if (look != NULL)
		look(shim.look_arg, call, file, in_commit);
	return code;
}

/* --- the methods of a file -------------------------------------------- */

static struct shim_handle *
handle_of(sqlite3_file *file)
{
	return (struct shim_handle *)(void *)file;
}

#define REAL(file) (handle_of(file)->real)

static int
shim_close(sqlite3_file *file)
{
	return REAL(file)->pMethods->xClose(REAL(file));
}

static int
shim_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
	int code = meet(SHIM_READ, handle_of(file)->file);

	return code != SQLITE_OK ? code : REAL(file)->pMethods->xRead(REAL(file), bytes, size, at);
}

static int
shim_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
	int code = meet(SHIM_WRITE, handle_of(file)->file);

	if (code == SQLITE_OK)
		return REAL(file)->pMethods->xWrite(REAL(file), bytes, size, at);
	if (shim.fault.way == SHIM_SHORT)
		(void)REAL(file)->pMethods->xWrite(REAL(file), bytes, size / 2, at);
	return code;
}

static int
shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = meet(SHIM_TRUNCATE, handle_of(file)->file);

	return code != SQLITE_OK ? code : REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int
shim_sync(sqlite3_file *file, int flags)
{
	int code = meet(SHIM_SYNC, handle_of(file)->file);

	if (shim.sync_delay_us > 0)
		usleep(shim.sync_delay_us);
	if (code != SQLITE_OK || shim.syncs_skipped)
		return code;
	return REAL(file)->pMethods->xSync(REAL(file), flags);
}

static int
shim_file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	int code = meet(SHIM_FILE_SIZE, handle_of(file)->file);

	return code != SQLITE_OK ? code : REAL(file)->pMethods->xFileSize(REAL(file), ret);
}

static int
shim_lock(sqlite3_file *file, int level)
{
	int code = meet(SHIM_LOCK, handle_of(file)->file);

	return code != SQLITE_OK ? code : REAL(file)->pMethods->xLock(REAL(file), level);
}

static int
shim_unlock(sqlite3_file *file, int level)
{
	return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int
shim_check_reserved(sqlite3_file *file, int *ret)
{
	return REAL(file)->pMethods->xCheckReservedLock(REAL(file), ret);
}

static int
shim_control(sqlite3_file *file, int op, void *arg)
{
	return REAL(file)->pMethods->xFileControl(REAL(file), op, arg);
}

static int
shim_sector_size(sqlite3_file *file)
{
	return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int
shim_characteristics(sqlite3_file *file)
{
	return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int
shim_shm_map(sqlite3_file *file, int page, int page_size, int extend, void volatile **ret)
{
	int code = meet(SHIM_SHM_MAP, handle_of(file)->file);

	return code != SQLITE_OK ? code :
				   REAL(file)->pMethods->xShmMap(REAL(file), page, page_size, extend, ret);
}

static void
note_holder(const struct shim_handle *handle, int offset, int count, int flags)
{
	int wanted = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE;

	if ((flags & wanted) != wanted)
		return;
	pthread_mutex_lock(&shim.mutex);
	if (offset == SLOT_WRITE)
		shim.writers |= UINT64_C(1) << handle->connection;
	if (offset <= SLOT_CHECKPOINT && offset + count > SLOT_CHECKPOINT)
		shim.checkpointers |= UINT64_C(1) << handle->connection;
	pthread_mutex_unlock(&shim.mutex);
}

static int
shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	int code = meet(SHIM_SHM_LOCK, handle_of(file)->file);

	/* Giving a lock back cannot fail: SQLite does not look. */
	if (code == SQLITE_OK || flags & SQLITE_SHM_UNLOCK)
		code = REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
	if (code == SQLITE_OK)
		note_holder(handle_of(file), offset, count, flags);
	return code;
}

static void
shim_shm_barrier(sqlite3_file *file)
{
	REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int
shim_shm_unmap(sqlite3_file *file, int delete)
{
	return REAL(file)->pMethods->xShmUnmap(REAL(file), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_file_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_check_reserved,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector_size,
	.xDeviceCharacteristics = shim_characteristics,
	.xShmMap = shim_shm_map,
	.xShmLock = shim_shm_lock,
	.xShmBarrier = shim_shm_barrier,
	.xShmUnmap = shim_shm_unmap,
};

/* --- the VFS ---------------------------------------------------------- */

static enum shim_file
file_of(const char *name, int flags)
{
	if (flags & SQLITE_OPEN_WAL || (name != NULL && strstr(name, "-wal") != NULL))
		return SHIM_WAL;
	return flags & SQLITE_OPEN_MAIN_DB ? SHIM_DATABASE : SHIM_OTHER;
}

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct shim_handle *handle = handle_of(file);
	int code;

	(void)vfs;
	*handle = (struct shim_handle){ .real = (sqlite3_file *)(void *)(handle + 1), .file = file_of(name, flags) };
	code = meet(SHIM_OPEN, handle->file);
	if (code == SQLITE_OK)
		code = shim.real->xOpen(shim.real, name, handle->real, flags, ret_flags);
	if (code != SQLITE_OK)
		return code;
	handle->base.pMethods = &methods;
	if (handle->file == SHIM_DATABASE) {
		pthread_mutex_lock(&shim.mutex);
		handle->connection = shim.connections++ % CONNECTIONS_MAX;
		pthread_mutex_unlock(&shim.mutex);
	}
	return SQLITE_OK;
}

static int
shim_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int code = meet(SHIM_DELETE, file_of(name, 0));

	(void)vfs;
	return code != SQLITE_OK ? code : shim.real->xDelete(shim.real, name, sync);
}

/* --- which thread is in a COMMIT -------------------------------------- */

static int
on_statement(unsigned event, void *arg, void *statement, void *x)
{
	const char *text = sqlite3_sql(statement);

	(void)arg, (void)x;
	if (text == NULL || strcmp(text, "COMMIT") != 0)
		return 0;
	in_commit = event == SQLITE_TRACE_STMT;
	commits += event == SQLITE_TRACE_PROFILE;
	return 0;
}

static int
on_connection(sqlite3 *db, const char **ret_message, const struct sqlite3_api_routines *api)
{
	(void)ret_message, (void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, on_statement, NULL);
}

void
shim_install(void)
{
	if (shim.real != NULL)
		return;
	shim.real = sqlite3_vfs_find(NULL);
	assert(shim.real != NULL);
	shim.vfs = *shim.real;
	shim.vfs.pNext = NULL;
	shim.vfs.zName = "shim";
	shim.vfs.szOsFile = shim.real->szOsFile + (int)sizeof(struct shim_handle);
	shim.vfs.xOpen = shim_open;
	shim.vfs.xDelete = shim_delete;
	sqlite3_vfs_register(&shim.vfs, 1);
	sqlite3_auto_extension((void (*)(void))on_connection);
}

/* --- for the test ------------------------------------------------------ */

void
shim_fail(const struct shim_fault *fault)
{
	pthread_mutex_lock(&shim.mutex);
	shim.armed = fault != NULL;
	shim.failures = 0;
	if (fault != NULL)
		shim.fault = *fault;
	pthread_mutex_unlock(&shim.mutex);
}

int64_t
shim_failures(void)
{
	int64_t failures;

	pthread_mutex_lock(&shim.mutex);
	failures = shim.failures;
	pthread_mutex_unlock(&shim.mutex);
	return failures;
}

int64_t
shim_count(enum shim_call call, enum shim_file file)
{
	int64_t count;

	pthread_mutex_lock(&shim.mutex);
	count = shim.counts[call][file];
	pthread_mutex_unlock(&shim.mutex);
	return count;
}

int64_t
shim_commits(void)
{
	return commits;
}

void
shim_forget(void)
{
	pthread_mutex_lock(&shim.mutex);
	memset(shim.counts, 0, sizeof(shim.counts));
	shim.writers = shim.checkpointers = 0;
	pthread_mutex_unlock(&shim.mutex);
}

unsigned
shim_writers(void)
{
	return (unsigned)__builtin_popcountll(shim.writers);
}

unsigned
shim_checkpointers(void)
{
	return (unsigned)__builtin_popcountll(shim.checkpointers);
}

bool
shim_one_does_both(void)
{
	return __builtin_popcountll(shim.writers | shim.checkpointers) == 1;
}

void
shim_set_syncs(bool done, unsigned delay_us)
{
	shim.syncs_skipped = !done;
	shim.sync_delay_us = delay_us;
}

void
shim_look(void (*look)(void *arg, enum shim_call call, enum shim_file file, bool in_commit), void *arg)
{
	pthread_mutex_lock(&shim.mutex);
	shim.look = look;
	shim.look_arg = arg;
	pthread_mutex_unlock(&shim.mutex);
}
