#include "net/connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "net/addresses.h"

enum { LINGER_MS = 2000, IN_SIZE_MAX = 64 << 20, OUT_SIZE_MAX = 1 << 30 };

atomic_uint connections_count;

static void on_event(uv_poll_t *poll, int status, int events);
static void read_input(struct connection *connection);
static void flush_all(void *arg);
static void flush(struct connection *connection);
static void expire(struct timeout *timeout);
static void on_closed(uv_handle_t *handle);

/* --- the pool -------------------------------------------------------- */

void
connection_pool_init(struct connection_pool *pool, struct loop *loop,
    const struct connection_user *user, void *user_data)
{
	*pool = (struct connection_pool){ .loop = loop, .user = user, .user_data = user_data };
	timeout_queue_init(loop, &pool->head, (uint64_t)limit(LIMIT_head_timeout));
	timeout_queue_init(loop, &pool->body, (uint64_t)limit(LIMIT_body_timeout) / CONNECTION_BODY_LOOKS);
	timeout_queue_init(loop, &pool->idle, (uint64_t)limit(LIMIT_idle_timeout));
	timeout_queue_init(loop, &pool->write, (uint64_t)limit(LIMIT_write_timeout));
	timeout_queue_init(loop, &pool->linger, LINGER_MS);
	pool->flush_hook = (struct loop_hook){ .run = flush_all, .arg = pool };
	loop_add_turn_hook(loop, &pool->flush_hook);
}

void
connection_pool_release(struct connection_pool *pool)
{
	assert(pool->connections == NULL);
	while (pool->chunks_count > 0)
		free(pool->chunks[--pool->chunks_count]);
}

static void
lend_chunk(struct connection_pool *pool, struct buf *buf)
{
	if (buf->data != NULL)
		return;
	buf->data = pool->chunks_count > 0 ? pool->chunks[--pool->chunks_count] :
					     memory_resize(NULL, CONNECTION_CHUNK_SIZE);
	buf->capacity = CONNECTION_CHUNK_SIZE;
	buf->size = 0;
}

static void
take_chunk_back(struct connection_pool *pool, struct buf *buf)
{
	if (buf->data == NULL || buf->size > 0)
		return;
	if (buf->capacity == CONNECTION_CHUNK_SIZE && pool->chunks_count < CONNECTION_POOL_MAX) {
		pool->chunks[pool->chunks_count++] = buf->data;
		buf->data = NULL;
		buf->capacity = 0;
	} else {
		buf_release(buf);
	}
}

/* --- life ------------------------------------------------------------ */

static void
print_remote(const struct sockaddr *remote, char ret[CONNECTION_REMOTE_SIZE])
{
	const struct sockaddr_in *in = (const void *)remote;
	const struct sockaddr_in6 *in6 = (const void *)remote;
	char host[INET6_ADDRSTRLEN] = "";

	if (remote->sa_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(ret, CONNECTION_REMOTE_SIZE, "%s:%u", host, ntohs(in->sin_port));
	} else if (remote->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(ret, CONNECTION_REMOTE_SIZE, "[%s]:%u", host, ntohs(in6->sin6_port));
	}
}

/* Say no and forget it: one that is too many may cost a few bytes of answer, and no memory. */
static void
refuse(struct connection_pool *pool, int fd)
{
	char request[4096];
	struct buf out;

	buf_init(&out, sizeof(request));
	pool->user->write_refusal(pool, &out);
	/* What was sent and not read would make the close a reset, which could overtake the answer. */
	while (recv(fd, request, sizeof(request), MSG_DONTWAIT) == (ssize_t)sizeof(request))
		;
	(void)send(fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_WR);
	close(fd);
	buf_release(&out);
}

void
connection_new(struct connection_pool *pool, int fd, const struct sockaddr *remote)
{
	struct connection *connection;
	struct address *address;

	if (atomic_load(&connections_count) >= (unsigned)limit(LIMIT_connections) ||
	    !addresses_enter(remote, &address)) {
		refuse(pool, fd);
		return;
	}
	connection = memory_new(sizeof(*connection));
	connection->fd = fd;
	connection->address = address;
	print_remote(remote, connection->remote);
	connection->pool = pool;
	connection->in_max = CONNECTION_CHUNK_SIZE;
	connection->timeout.expire = expire;
	buf_init(&connection->in, IN_SIZE_MAX);
	buf_init(&connection->out, OUT_SIZE_MAX);
	connection->next = pool->connections;
	connection->at = &pool->connections;
	if (connection->next != NULL)
		connection->next->at = &connection->next;
	pool->connections = connection;
	atomic_fetch_add(&connections_count, 1);
	uv_poll_init(&pool->loop->uv, &connection->poll, fd);
	connection_wait(connection, &pool->idle);
	connection_update(connection);
}

void
connection_close(struct connection *connection)
{
	if (connection->closed)
		return;
	connection->closed = true;
	timeout_stop(&connection->timeout);
	connection->pool->user->on_close(connection);
	uv_close((uv_handle_t *)&connection->poll, on_closed);
}

static void
on_closed(uv_handle_t *handle)
{
	struct connection *connection = CONTAINER(handle, struct connection, poll);

	close(connection->fd);
	*connection->at = connection->next;
	if (connection->next != NULL)
		connection->next->at = connection->at;
	if (connection->is_unflushed)
		for (struct connection **at = &connection->pool->unflushed; *at != NULL;
		    at = &(*at)->next_unflushed)
			if (*at == connection) {
				*at = connection->next_unflushed;
				break;
			}
	connection->in.size = connection->out.size = 0;
	take_chunk_back(connection->pool, &connection->in);
	take_chunk_back(connection->pool, &connection->out);
	atomic_fetch_sub(&connections_count, 1);
	addresses_leave(connection->address);
	free(connection);
}

void
connection_wait(struct connection *connection, struct timeout_queue *queue)
{
	if (queue == NULL)
		timeout_stop(&connection->timeout);
	else
		timeout_start(connection->pool->loop, queue, &connection->timeout);
}

static void
expire(struct timeout *timeout)
{
	struct connection *connection = CONTAINER(timeout, struct connection, timeout);

	if (connection->finishing || connection->blocked)
		connection_close(connection);
	else
		connection->pool->user->on_timeout(connection);
}

/* --- reading --------------------------------------------------------- */

void
connection_update(struct connection *connection)
{
	bool may_read = !connection->input_ended &&
			(connection->finishing || connection->in.size < connection->in_max);
	int events = (may_read ? UV_READABLE : 0) | (connection->blocked ? UV_WRITABLE : 0);

	if (connection->closed || events == connection->events)
		return;
	connection->events = events;
	if (events == 0)
		uv_poll_stop(&connection->poll);
	else
		uv_poll_start(&connection->poll, events, on_event);
}

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct connection *connection = CONTAINER(poll, struct connection, poll);

	if (status < 0) {
		connection_close(connection);
		return;
	}
	if (events & UV_WRITABLE)
		flush(connection);
	if ((events & UV_READABLE) && !connection->closed)
		read_input(connection);
}

static void
discard_input(struct connection *connection)
{
	char bytes[4096];
	ssize_t got = read(connection->fd, bytes, sizeof(bytes));

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		connection_close(connection);
}

static void
read_input(struct connection *connection)
{
	struct buf *in = &connection->in;
	char *room;
	ssize_t got;

	if (connection->finishing) {
		discard_input(connection);
		return;
	}
	lend_chunk(connection->pool, in);
	room = buf_room(in, in->size == 0 ? CONNECTION_CHUNK_SIZE : CONNECTION_CHUNK_SIZE / 2);
	got = room == NULL ? -1 : read(connection->fd, room, in->capacity - in->size);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		connection_close(connection);
		return;
	}
	buf_grew(in, (size_t)got);
	if (got == 0)
		connection->input_ended = true;
	connection->pool->user->on_input(connection);
	connection_update(connection);
}

void
connection_consume(struct connection *connection, size_t size)
{
	buf_consume(&connection->in, size);
	connection_update(connection);
}

void
connection_rest(struct connection *connection)
{
	take_chunk_back(connection->pool, &connection->in);
	take_chunk_back(connection->pool, &connection->out);
}

/* --- writing --------------------------------------------------------- */

struct buf *
connection_out(struct connection *connection)
{
	struct connection_pool *pool = connection->pool;

	lend_chunk(pool, &connection->out);
	if (!connection->is_unflushed && !connection->closed) {
		connection->is_unflushed = true;
		connection->next_unflushed = pool->unflushed;
		pool->unflushed = connection;
	}
	return &connection->out;
}

/* Send `out` and ${bytes} behind it; what of ${bytes} was taken by the socket. */
static size_t
send_both(struct connection *connection, struct str bytes)
{
	struct buf *out = &connection->out;
	struct iovec parts[2] = { { out->data, out->size }, { (void *)(uintptr_t)bytes.data, bytes.size } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
	size_t of_out;

	if (sent <= 0)
		return 0; /* an error is met again, and told, by the flush */
	of_out = (size_t)sent < out->size ? (size_t)sent : out->size;
	buf_consume(out, of_out);
	return (size_t)sent - of_out;
}

void
connection_write(struct connection *connection, struct str bytes)
{
	enum { WORTH_A_CALL = 8 * 1024 };
	struct buf *out = connection_out(connection);
	size_t sent = 0;

	if (bytes.size >= WORTH_A_CALL && out->err == OK && !connection->blocked && !connection->closed)
		sent = send_both(connection, bytes);
	buf_add_str(out, str_slice(bytes, sent, bytes.size));
}

static void
flush_all(void *arg)
{
	struct connection_pool *pool = arg;
	struct connection *connection;

	while ((connection = pool->unflushed) != NULL) {
		pool->unflushed = connection->next_unflushed;
		connection->is_unflushed = false;
		if (!connection->blocked && !connection->closed)
			flush(connection);
	}
}

static void
everything_sent(struct connection *connection)
{
	bool was_blocked = connection->blocked;

	connection->blocked = false;
	take_chunk_back(connection->pool, &connection->out);
	if (connection->finishing) {
		shutdown(connection->fd, SHUT_WR);
		connection_wait(connection, &connection->pool->linger);
		if (connection->input_ended)
			connection_close(connection);
	} else if (was_blocked) {
		timeout_stop(&connection->timeout);
		connection->pool->user->on_sent(connection);
	}
}

static void
flush(struct connection *connection)
{
	struct buf *out = &connection->out;
	ssize_t sent = out->size == 0 ? 0 : send(connection->fd, out->data, out->size, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		connection_close(connection);
		return;
	}
	if (sent > 0)
		buf_consume(out, (size_t)sent);
	if (out->size == 0) {
		everything_sent(connection);
	} else {
		/* Each bit of progress starts the wait anew. */
		if (!connection->blocked || sent > 0)
			connection_wait(connection, &connection->pool->write);
		connection->blocked = true;
	}
	connection_update(connection);
}

void
connection_await_room(struct connection *connection)
{
	if (connection->closed)
		return;
	connection->blocked = true;
	connection_wait(connection, &connection->pool->write);
	connection_update(connection);
}

void
connection_finish(struct connection *connection)
{
	if (connection->finishing || connection->closed)
		return;
	connection->finishing = true;
	connection->in.size = 0;
	(void)connection_out(connection);
	connection_wait(connection, &connection->pool->write);
	connection_update(connection);
}
