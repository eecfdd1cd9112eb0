/* The backup before a change: data/backups/before-NUMBER-WHEN, whole or not there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os/file.h"
#include "store/migrate/engine.h"

enum { PATH_SIZE = 4096 };

static enum err
write_to(struct migration *migration, const char *folder, const char *path, struct buf *ret_detail)
{
	char part[PATH_SIZE + 8];
	enum err err;

	snprintf(part, sizeof(part), "%s.part", path);
	(void)unlink(part);
	err = migration->engine->write_backup(migration, part, ret_detail);
	if (err == OK) {
		err = file_put_in_place(part, folder, path);
		if (err != OK)
			buf_addf(ret_detail, "no backup can be written to %s: %s", path, strerror(errno));
	}
	if (err != OK)
		(void)unlink(part);
	return err;
}

enum err
migration_backup(struct migration *migration, int64_t number, struct buf *ret_path, struct buf *ret_detail)
{
	char folder[PATH_SIZE - 64], path[PATH_SIZE], when[32];
	time_t now = time(NULL);
	struct tm tm;
	enum err err;

	snprintf(folder, sizeof(folder), "%s/backups", migration->data_folder);
	if (folder_make(migration->data_folder) != OK || folder_make(folder) != OK) {
		buf_addf(ret_detail, "%s cannot be made: %s", folder, strerror(errno));
		return ERR_IO;
	}
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	snprintf(path, sizeof(path), "%s/before-%lld-%s.%s", folder, (long long)number, when,
	    migration->engine->backup_ending);
	err = write_to(migration, folder, path, ret_detail);
	if (err == OK)
		buf_add_c(ret_path, strncmp(path, "./", 2) == 0 ? path + 2 : path);
	return err;
}
