#pragma once
/*
 * A listener accepts connections on a loop.  Each loop has its own, on the
 * same address (SO_REUSEPORT): the kernel spreads connections over them.
 */
#include "net/connection.h"

struct listener {
	uv_poll_t poll;
	int fd;
	int spare_fd; /* given up for a moment when descriptors run out, so that a client is told */
	struct connection_pool *pool;
	bool open;
};

enum { LISTEN_ADDRESS_SIZE = 128 };

/* Is it written as "ADDR:PORT" or "[ADDR]:PORT"? */
bool listener_address_is_valid(struct str address);
/*
 * Bind and listen on "ADDR:PORT" or "[ADDR]:PORT"; port 0 picks one.  *ret_address is
 * what it became, in the same form.  ${first}: also find out whether somebody
 * else has the port, which SO_REUSEPORT would hide.
 * ERR_CONFLICT: in use; ERR_BAD_REQUEST: not an address; ERR_IO.
 */
enum err listener_bind(struct str address, bool first, int *ret_fd,
    char ret_address[LISTEN_ADDRESS_SIZE]) MUST_USE;
void listener_start(struct listener *listener, struct connection_pool *pool, int fd);
/* Accept no more.  Harmless when it does not listen. */
void listener_stop(struct listener *listener);
