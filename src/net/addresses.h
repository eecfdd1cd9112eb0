#pragma once
/*
 * How many connections each address has, over all loops: one client shall not
 * take those of all others.  An IPv6 client has a whole /64, so that is what is
 * counted; addresses of this machine itself are not: behind a proxy that runs
 * here they stand for everybody.
 */
#include "base/str.h"

struct address;
struct sockaddr;

/*
 * One connection more from ${remote}; false where it has LIMIT_connections_address already.
 * *ret is for addresses_leave(), once that connection has ended; NULL where nothing is counted.
 * From any thread.
 */
bool addresses_enter(const struct sockaddr *remote, struct address **ret);
void addresses_leave(struct address *address);
