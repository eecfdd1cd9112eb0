#include "store/sqlite/wal_vfs.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* SQLite's own unix VFS takes less than 128 KiB in one write. */
enum { GATHER_SIZE_MAX = 120 * 1024 };

struct wal_file {
	sqlite3_file base; /* first: SQLite sees this */
	char *bytes;	   /* gathered: they belong at ${offset} */
	int size;
	sqlite3_int64 offset;
	/* What could not be written begins here: until it is written again, no sync can succeed. */
	sqlite3_int64 missing; /* -1 where nothing is */
	int missing_code;
	/* The system's own file stands behind it. */
};

static sqlite3_vfs *
system_vfs(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static sqlite3_file *
system_file(sqlite3_file *file)
{
	return (sqlite3_file *)(void *)((struct wal_file *)(void *)file + 1);
}

static struct wal_file *
wal_file(sqlite3_file *file)
{
	return (struct wal_file *)(void *)file;
}

static int
flush(sqlite3_file *file)
{
	struct wal_file *wal = wal_file(file);
	int size = wal->size, code;

	wal->size = 0;
	if (size == 0)
		return SQLITE_OK;
	code = system_file(file)->pMethods->xWrite(system_file(file), wal->bytes, size, wal->offset);
	if (code != SQLITE_OK) {
		wal->missing = wal->offset;
		wal->missing_code = code;
	}
	return code;
}

static int
wal_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
	struct wal_file *wal = wal_file(file);
	int code = SQLITE_OK;

	if (offset != wal->offset + wal->size || wal->size + size > GATHER_SIZE_MAX)
		code = flush(file);
	if (code != SQLITE_OK)
		return code;
	if (size > GATHER_SIZE_MAX)
		return system_file(file)->pMethods->xWrite(system_file(file), bytes, size, offset);
	if (wal->bytes == NULL)
		wal->bytes = memory_new(GATHER_SIZE_MAX);
	if (wal->size == 0)
		wal->offset = offset;
	if (offset <= wal->missing)
		wal->missing = -1; /* the transaction was rolled back; its place is taken again, in order */
	memcpy(wal->bytes + wal->size, bytes, (size_t)size);
	wal->size += size;
	return SQLITE_OK;
}

static int
wal_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
	int code = flush(file);

	return code != SQLITE_OK ? code :
				   system_file(file)->pMethods->xRead(system_file(file), bytes, size, offset);
}

static int
wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = flush(file);

	return code != SQLITE_OK ? code : system_file(file)->pMethods->xTruncate(system_file(file), size);
}

static int
wal_sync(sqlite3_file *file, int flags)
{
	int code = flush(file);

	if (code == SQLITE_OK && wal_file(file)->missing >= 0)
		code = wal_file(file)->missing_code;
	return code != SQLITE_OK ? code : system_file(file)->pMethods->xSync(system_file(file), flags);
}

static int
wal_file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	int code = flush(file);

	return code != SQLITE_OK ? code : system_file(file)->pMethods->xFileSize(system_file(file), ret);
}

static int
wal_close(sqlite3_file *file)
{
	int code = flush(file), close_code = system_file(file)->pMethods->xClose(system_file(file));

	free(wal_file(file)->bytes);
	return code != SQLITE_OK ? code : close_code;
}

static int
wal_lock(sqlite3_file *file, int level)
{
	return system_file(file)->pMethods->xLock(system_file(file), level);
}

static int
wal_unlock(sqlite3_file *file, int level)
{
	return system_file(file)->pMethods->xUnlock(system_file(file), level);
}

static int
wal_check_reserved_lock(sqlite3_file *file, int *ret)
{
	return system_file(file)->pMethods->xCheckReservedLock(system_file(file), ret);
}

static int
wal_file_control(sqlite3_file *file, int operation, void *arg)
{
	return system_file(file)->pMethods->xFileControl(system_file(file), operation, arg);
}

static int
wal_sector_size(sqlite3_file *file)
{
	return system_file(file)->pMethods->xSectorSize(system_file(file));
}

static int
wal_device_characteristics(sqlite3_file *file)
{
	return system_file(file)->pMethods->xDeviceCharacteristics(system_file(file));
}

static const sqlite3_io_methods wal_methods = {
	.iVersion = 1, /* a log has no shared memory and is not mapped */
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_file_size,
	.xLock = wal_lock,
	.xUnlock = wal_unlock,
	.xCheckReservedLock = wal_check_reserved_lock,
	.xFileControl = wal_file_control,
	.xSectorSize = wal_sector_size,
	.xDeviceCharacteristics = wal_device_characteristics,
};

/* Only logs are wrapped; any other file is the system's own, at no cost. */
static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	sqlite3_vfs *system = system_vfs(vfs);
	int code;

	if (!(flags & SQLITE_OPEN_WAL))
		return system->xOpen(system, name, file, flags, ret_flags);
	memset(file, 0, sizeof(struct wal_file));
	wal_file(file)->missing = -1;
	code = system->xOpen(system, name, system_file(file), flags, ret_flags);
	if (code == SQLITE_OK)
		file->pMethods = &wal_methods;
	return code;
}

const char *
wal_vfs_register(void)
{
	static const char name[] = "caisson";
	static sqlite3_vfs vfs;
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);

	if (system == NULL)
		return NULL;
	if (sqlite3_vfs_find(name) != NULL && system_vfs(&vfs) == system)
		return name;
	vfs = *system;
	vfs.zName = name;
	vfs.pNext = NULL;
	vfs.pAppData = system;
	vfs.szOsFile = system->szOsFile + (int)sizeof(struct wal_file);
	vfs.xOpen = open_file;
	return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? name : NULL;
}
