#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

static enum err
read_all(int fd, struct buf *buf)
{
	ssize_t got;

	do {
		char *room = buf_room(buf, READ_SIZE);

		if (room == NULL)
			return buf->err;
		got = read(fd, room, READ_SIZE);
		if (got > 0)
			buf_grew(buf, (size_t)got);
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? ERR_IO : OK;
}

enum err
file_read(const char *path, struct buf *buf)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err err;

	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	err = read_all(fd, buf);
	close(fd);
	return err;
}

enum err
folder_make(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? OK : ERR_IO;
}

static bool
sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

enum err
file_put_in_place(const char *part, const char *folder, const char *path)
{
	return chmod(part, 0600) == 0 && sync_path(part, O_RDWR) && rename(part, path) == 0 &&
		       sync_path(folder, O_RDONLY | O_DIRECTORY) ?
		   OK :
		   ERR_IO;
}

enum err
file_lock(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return ERR_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum err err = errno == EWOULDBLOCK ? ERR_CONFLICT : ERR_IO;

		close(fd);
		return err;
	}
	*ret_fd = fd;
	return OK;
}
