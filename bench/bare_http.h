#pragma once
/*
 * The frame of the bare servers: one thread, one epoll loop, keep-alive, GET
 * only.  It does what a plain good server cannot leave out (read, find the
 * end of the head, take the target, answer, mind a full socket) and nothing
 * more, so that what a server adds to it can be seen.
 */
#include <stddef.h>

enum { BARE_ANSWER_SIZE_MAX = 64 * 1024 };

/*
 * Write the whole answer for ${target}, head and body, at ${out}, which has
 * room for BARE_ANSWER_SIZE_MAX bytes; returns its size.
 */
typedef size_t bare_answer_f(void *arg, const char *target, size_t target_size, char *out);

/*
 * Listen on 127.0.0.1:${port} (0 picks one), say so on standard output, and
 * serve until killed.  Returns only where it cannot start, 1.
 */
int bare_serve(unsigned port, bare_answer_f *answer, void *arg);

/* The head of a JSON answer, with ETag "${version}" unless that is negative; returns its size. */
size_t bare_head(char *out, const char *status, size_t body_size, long long version);
