/*
 * Cuts the power of a file system: cut MOUNTPOINT shuts an ext4 down without
 * flushing its log, so that everything not synced by then is gone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EXT4_SHUTDOWN _IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH 2

int
main(int argc, char **argv)
{
	uint32_t how = NO_LOG_FLUSH;
	int folder;

	if (argc != 2) {
		fputs("usage: cut MOUNTPOINT\n", stderr);
		return 2;
	}
	folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || ioctl(folder, EXT4_SHUTDOWN, &how) < 0) {
		perror(argv[1]);
		return 1;
	}
	close(folder);
	return 0;
}
