#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

enum { BACKLOG = 4096, ACCEPTS_A_TURN = 64 };

/* "[::1]:80" -> "::1", "80" */
static bool
split_address(struct str address, char host[256], char port[8])
{
	size_t colon = address.size;
	struct str host_text, port_text;
	int64_t port_number;

	while (colon > 0 && address.data[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	host_text = str_slice(address, 0, colon - 1);
	port_text = str_slice(address, colon, address.size);
	if (host_text.size >= 2 && host_text.data[0] == '[')
		host_text = str_slice(host_text, 1, host_text.size - 1);
	if (host_text.size >= 256 || !str_to_int(port_text, &port_number) || port_number < 0 ||
	    port_number > UINT16_MAX)
		return false;
	snprintf(host, 256, "%.*s", STR_ARGS(host_text));
	snprintf(port, 8, "%.*s", STR_ARGS(port_text));
	return true;
}

bool
listener_address_is_valid(struct str address)
{
	char host[256], port[8];

	return split_address(address, host, port) && host[0] != '\0';
}

static int
open_socket(const struct addrinfo *info, bool reuse_port)
{
	int on = 1, fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && (!reuse_port || listen(fd, BACKLOG) == 0))
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

static bool
is_taken(const struct addrinfo *info)
{
	int probe = open_socket(info, false);

	if (probe >= 0)
		close(probe);
	return probe < 0 && errno == EADDRINUSE;
}

static void
print_address(int fd, char ret[LISTEN_ADDRESS_SIZE])
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	char host[64] = "", port[8] = "";

	getsockname(fd, (struct sockaddr *)&bound, &size);
	getnameinfo((struct sockaddr *)&bound, size, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(ret, LISTEN_ADDRESS_SIZE, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

enum err
listener_bind(struct str address, bool first, int *ret_fd, char ret_address[LISTEN_ADDRESS_SIZE])
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *info;
	char host[256], port[8];
	int fd;

	if (!split_address(address, host, port) || getaddrinfo(host, port, &hints, &info) != 0)
		return ERR_BAD_REQUEST;
	if (first && is_taken(info)) {
		freeaddrinfo(info);
		return ERR_CONFLICT;
	}
	fd = open_socket(info, true);
	freeaddrinfo(info);
	if (fd < 0)
		return errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO;
	print_address(fd, ret_address);
	*ret_fd = fd;
	return OK;
}

static void
refuse_without_descriptors(struct listener *listener)
{
	int fd;

	close(listener->spare_fd);
	fd = accept(listener->fd, NULL, NULL);
	if (fd >= 0)
		close(fd);
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
on_connections(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = CONTAINER(poll, struct listener, poll);
	int on = 1;

	(void)status, (void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage remote = { 0 };
		socklen_t size = sizeof(remote);
		int fd = accept4(listener->fd, (struct sockaddr *)&remote, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				refuse_without_descriptors(listener);
			return;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		connection_new(listener->pool, fd, (struct sockaddr *)&remote);
	}
}

void
listener_start(struct listener *listener, struct connection_pool *pool, int fd)
{
	*listener = (struct listener){ .fd = fd, .pool = pool, .open = true };
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uv_poll_init(&pool->loop->uv, &listener->poll, fd);
	uv_poll_start(&listener->poll, UV_READABLE, on_connections);
}

static void
on_closed(uv_handle_t *handle)
{
	struct listener *listener = CONTAINER(handle, struct listener, poll);

	close(listener->fd);
	close(listener->spare_fd);
}

void
listener_stop(struct listener *listener)
{
	if (!listener->open)
		return;
	listener->open = false;
	uv_close((uv_handle_t *)&listener->poll, on_closed);
}
