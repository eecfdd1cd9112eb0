#pragma once
/*
 * The parts of the load generator: templates (what is sent), answers (where
 * one ends) and the tally (what is counted).
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PICKS_MAX = 8,
	SEGMENTS_MAX = 32,
	STATUSES = 1000,
	REQUEST_SIZE_MAX = 64 * 1024,
	ANSWER_SIZE_MAX = 1024 * 1024,
};

struct options {
	int connections;
	double seconds, warmup_seconds;
	double rate; /* requests a second in an open loop; 0: a closed one */
	uint16_t port;
	const char *method, *target, *key, *header, *body_path;
	const char *picks[PICKS_MAX]; /* NAME=FILE */
	int picks_count;
	uint64_t unique_from;
	bool json;
};

/* The lines of a file, to pick from. */
struct pick {
	char *name;
	char **lines;
	size_t lines_count;
};

/* A template is literals with a pick, or a unique number, between them. */
struct segment {
	const char *literal;
	size_t literal_size;
	const struct pick *pick; /* after the literal; NULL: the number, or nothing */
	bool number;
};

struct template
{
	struct segment segments[SEGMENTS_MAX];
	int segments_count;
};

struct templates {
	struct pick picks[PICKS_MAX];
	struct template target, body;
	uint64_t random, unique;
};

/* Read the files that ${options} names; ends the program where one cannot be read. */
void templates_read(struct templates *templates, const struct options *options);
/* Write the next request at ${out}, which has room for REQUEST_SIZE_MAX bytes; returns its size. */
size_t templates_write(struct templates *templates, const struct options *options, char *out);

/* How far an answer has been read; zero at its start. */
struct answer {
	int status;
	bool chunked, close;
	size_t head_size; /* 0: the head has not come whole */
	size_t body_size; /* by Content-Length */
	size_t next_chunk; /* where the next chunk's size stands */
};

enum answer_state { ANSWER_MORE, ANSWER_WHOLE, ANSWER_BAD };

/* Look at an answer of which ${size} bytes have come at ${in}. */
enum answer_state answer_read(struct answer *answer, const char *in, size_t size);

/* Latencies in buckets, 64 to each power of two: exact to 1.6 %. */
enum { BUCKETS_PER_POWER = 64, BUCKETS = BUCKETS_PER_POWER * 60 };

struct tally {
	uint64_t done, broken, reconnects;
	uint64_t unanswered; /* due in an open loop, and never sent or answered */
	uint64_t all; /* answers of whatever kind, those of the warm-up too */
	uint64_t statuses[STATUSES]; /* of answers that are not 2xx */
	uint64_t buckets[BUCKETS];
};

struct client {
	int fd;
	int64_t sent_ns; /* in an open loop when it was due */
	bool is_idle;
	struct answer answer;
	size_t in_size;
	char *in;
};

void tally_clear(struct tally *tally);
void tally_add(struct tally *tally, int64_t latency_ns);
/* One line for people, or one JSON object. */
void tally_print(const struct tally *tally, double seconds, bool json);

int64_t now_ns(void);
void die(const char *what) __attribute__((noreturn));
