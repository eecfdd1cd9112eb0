#include "main/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/file.h"

enum { MESSAGE_SIZE_MAX = 1 << 20, PATIENCE_S = 10 };

/* Relative, because a socket's path may have 108 bytes. */
static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "data/control.sock" };

static void
set_patience(int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

/* Read to the end of the peer's message. */
static bool
receive_blocking(int fd, struct buf *buf)
{
	enum { READ_SIZE = 4096 };
	char *room;
	ssize_t got;

	while ((room = buf_room(buf, READ_SIZE)) != NULL && (got = read(fd, room, READ_SIZE)) != 0) {
		if (got < 0)
			return false;
		buf_grew(buf, (size_t)got);
	}
	return room != NULL;
}

static bool
send_blocking(int fd, struct str message)
{
	while (message.size > 0) {
		ssize_t sent = send(fd, message.data, message.size, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		message = str_slice(message, (size_t)sent, message.size);
	}
	return shutdown(fd, SHUT_WR) == 0;
}

static void
serve_one(struct control *control, int fd)
{
	struct buf question, answer;

	set_patience(fd);
	buf_init(&question, MESSAGE_SIZE_MAX);
	buf_init(&answer, MESSAGE_SIZE_MAX * 16);
	if (receive_blocking(fd, &question)) {
		control->handle(control->arg, buf_str(&question), &answer);
		(void)send_blocking(fd, buf_str(&answer));
	}
	buf_release(&question);
	buf_release(&answer);
}

static void
run_control(void *arg)
{
	struct control *control = arg;
	int fd;

	while ((fd = accept(control->fd, NULL, NULL)) >= 0 || errno == EINTR || errno == ECONNABORTED) {
		if (fd < 0)
			continue;
		serve_one(control, fd);
		close(fd);
	}
}

enum err
control_start(struct control *control, control_handler *handle, void *arg)
{
	enum err err;

	*control = (struct control){ .handle = handle, .arg = arg };
	/* SQLite has made it; another engine's data lies elsewhere. */
	if (folder_make("data") != OK)
		return ERR_IO;
	err = file_lock("data/control.lock", &control->lock_fd);
	if (err != OK)
		return err;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (control->fd < 0)
		return ERR_IO;
	/* What is left of a server that was killed. */
	unlink(address.sun_path);
	if (bind(control->fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(address.sun_path, 0600) != 0 || listen(control->fd, 16) != 0 ||
	    uv_thread_create(&control->thread, run_control, control) != 0) {
		close(control->fd);
		return ERR_IO;
	}
	control->started = true;
	return OK;
}

void
control_stop(struct control *control)
{
	if (!control->started)
		return;
	unlink(address.sun_path);
	shutdown(control->fd, SHUT_RDWR); /* ends the accept */
	uv_thread_join(&control->thread);
	close(control->fd);
	close(control->lock_fd);
	control->started = false;
}

enum err
control_ask(struct str question, struct buf *answer)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum err err = ERR_IO;

	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		err = ERR_NOT_FOUND;
	else if (send_blocking(fd, question) && receive_blocking(fd, answer))
		err = OK;
	close(fd);
	return err;
}

bool
control_asks_for(struct str question, const char *command)
{
	enum { QUESTION_SIZE_MAX = 64 << 20 };
	const struct json *member;
	struct json_error error;
	struct arena arena;
	struct json json;
	bool asks;

	arena_init(&arena, QUESTION_SIZE_MAX);
	member = json_parse(&arena, question, &json, &error) == OK ? json_member(&json, "command") : NULL;
	asks = member != NULL && member->type == JSON_STRING && str_is(member->string, command);
	arena_release(&arena);
	return asks;
}
