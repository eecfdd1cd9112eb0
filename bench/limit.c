/*
 * The floor: what an epoll loop gives that answers every request with the
 * same 350 bytes of JSON.  Nothing that reads a socket on this kernel is
 * much faster.
 *
 *	limit [PORT]
 */
#include "bare_http.h"

#include <stdlib.h>
#include <string.h>

static const char body[] =
    "{\"id\":\"0190b6a5-7c3e-7b1e-8f1a-3d5c2a9e4f10\",\"created\":\"2026-01-05T08:00:00.000000Z\","
    "\"updated\":\"2026-01-05T08:00:00.000000Z\",\"title\":\"How does one open a door?\","
    "\"answer\":\"By its handle: turn it, then pull; where that does nothing, push.  A door that "
    "does neither is a wall with a handle.\",\"level\":\"beginner\",\"published\":true,"
    "\"votes\":42,\"topic\":null}";

static size_t
answer_constant(void *arg, const char *target, size_t target_size, char *out)
{
	size_t body_size = sizeof body - 1;
	size_t head_size = bare_head(out, "200 OK", body_size, -1);

	(void)arg, (void)target, (void)target_size;
	memcpy(out + head_size, body, body_size);
	return head_size + body_size;
}

int
main(int argc, char **argv)
{
	unsigned port = argc > 1 ? (unsigned)atoi(argv[1]) : 0;

	return bare_serve(port, answer_constant, NULL);
}
