#include "bare_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_SIZE_MAX = 8192, EVENTS_MAX = 256 };

struct connection {
	int fd;
	size_t in_size;
	char *unsent; /* what a full socket did not take; nothing is read meanwhile */
	size_t unsent_size, unsent_done;
	char in[HEAD_SIZE_MAX];
};

struct server {
	int epoll, listener;
	bare_answer_f *answer;
	void *arg;
};

static int listen_on(unsigned port);
static void accept_all(const struct server *server);
static void serve_connection(const struct server *server, struct connection *connection);
static bool answer_heads(const struct server *server, struct connection *connection);
static bool
answer_head(const struct server *server, struct connection *connection, const char *head);
static bool send_answer(
    const struct server *server, struct connection *connection, const char *answer, size_t size);
static void send_rest(const struct server *server, struct connection *connection);
static void wait_for(const struct server *server, struct connection *connection, uint32_t events);
static void hang_up(struct connection *connection);

int
bare_serve(unsigned port, bare_answer_f *answer, void *arg)
{
	struct server server = { .epoll = epoll_create1(EPOLL_CLOEXEC),
		.listener = listen_on(port),
		.answer = answer,
		.arg = arg };
	struct epoll_event events[EVENTS_MAX];

	if (server.listener < 0 || server.epoll < 0) {
		perror("listen");
		return 1;
	}
	struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = NULL };
	epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &wanted);
	for (;;) {
		int count = epoll_wait(server.epoll, events, EVENTS_MAX, -1);
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			if (connection == NULL)
				accept_all(&server);
			else if (connection->unsent != NULL)
				send_rest(&server, connection);
			else
				serve_connection(&server, connection);
		}
	}
}

static int
listen_on(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0)
		return -1;
	getsockname(fd, (struct sockaddr *)&address, &size);
	printf("listening on http://127.0.0.1:%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void
accept_all(const struct server *server)
{
	int fd;

	while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = calloc(1, sizeof *connection);
		int on = 1;
		if (connection == NULL)
			abort();
		connection->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = connection };
		epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &wanted);
	}
}

static void
serve_connection(const struct server *server, struct connection *connection)
{
	ssize_t size = recv(connection->fd, connection->in + connection->in_size,
	    sizeof connection->in - connection->in_size, 0);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		hang_up(connection);
		return;
	}
	connection->in_size += (size_t)size;
	if (!answer_heads(server, connection) || connection->in_size == sizeof connection->in)
		hang_up(connection);
}

/* Answer every whole head that has come; false where the connection cannot go on. */
static bool
answer_heads(const struct server *server, struct connection *connection)
{
	char *at = connection->in;
	char *end = connection->in + connection->in_size;
	char *head_end;

	while (connection->unsent == NULL &&
	       (head_end = memmem(at, (size_t)(end - at), "\r\n\r\n", 4)) != NULL) {
		if (!answer_head(server, connection, at))
			return false;
		at = head_end + 4;
	}
	connection->in_size = (size_t)(end - at);
	if (connection->in_size > 0 && at != connection->in)
		memmove(connection->in, at, connection->in_size);
	return true;
}

static bool
answer_head(const struct server *server, struct connection *connection, const char *head)
{
	static char out[BARE_ANSWER_SIZE_MAX];
	const char *target = head + 4;

	/* The head ends in CR LF, so the search for it ends within the head. */
	const char *line_end = strchr(head, '\r');
	if (memcmp(head, "GET ", 4) != 0)
		return false;
	const char *target_end = memchr(target, ' ', (size_t)(line_end - target));
	if (target_end == NULL)
		return false;
	size_t size = server->answer(server->arg, target, (size_t)(target_end - target), out);
	return send_answer(server, connection, out, size);
}

static bool
send_answer(
    const struct server *server, struct connection *connection, const char *answer, size_t size)
{
	ssize_t sent = send(connection->fd, answer, size, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	size_t done = sent > 0 ? (size_t)sent : 0;
	if (done == size)
		return true;
	connection->unsent_size = size - done;
	connection->unsent_done = 0;
	connection->unsent = malloc(connection->unsent_size);
	if (connection->unsent == NULL)
		abort();
	memcpy(connection->unsent, answer + done, connection->unsent_size);
	wait_for(server, connection, EPOLLOUT);
	return true;
}

static void
send_rest(const struct server *server, struct connection *connection)
{
	ssize_t sent = send(connection->fd, connection->unsent + connection->unsent_done,
	    connection->unsent_size - connection->unsent_done, MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0) {
		hang_up(connection);
		return;
	}
	connection->unsent_done += (size_t)sent;
	if (connection->unsent_done < connection->unsent_size)
		return;
	free(connection->unsent);
	connection->unsent = NULL;
	wait_for(server, connection, EPOLLIN);
	/* Heads that were pipelined behind the full socket have waited in the buffer. */
	if (!answer_heads(server, connection))
		hang_up(connection);
}

static void
wait_for(const struct server *server, struct connection *connection, uint32_t events)
{
	struct epoll_event wanted = { .events = events, .data.ptr = connection };

	epoll_ctl(server->epoll, EPOLL_CTL_MOD, connection->fd, &wanted);
}

static void
hang_up(struct connection *connection)
{
	close(connection->fd);
	free(connection->unsent);
	free(connection);
}

static char *
put(char *at, const char *text)
{
	size_t size = strlen(text);

	memcpy(at, text, size);
	return at + size;
}

static char *
put_number(char *at, unsigned long long number)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

size_t
bare_head(char *out, const char *status, size_t body_size, long long version)
{
	char *at = put(out, "HTTP/1.1 ");

	at = put(at, status);
	at = put(at, "\r\nContent-Type: application/json\r\n");
	if (version >= 0) {
		at = put(at, "ETag: \"");
		at = put_number(at, (unsigned long long)version);
		at = put(at, "\"\r\n");
	}
	at = put(at, "Content-Length: ");
	at = put_number(at, body_size);
	at = put(at, "\r\n\r\n");
	return (size_t)(at - out);
}
