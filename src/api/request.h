#pragma once
/*
 * A request: one task from its head to its answer.  The table request_steps
 * (request.c) is the whole server; each route goes on with a table of its own
 * (routes.h).
 *
 * Memory: what a request needs lives in its arena and is gone with it.  The
 * head's slices and the body point into the arena too, not into the connection.
 */
#include "api/server.h"
#include "base/arena.h"
#include "codec/json.h"
#include "codec/url.h"
#include "http/conditional.h"
#include "http/h1.h"
#include "http/prefer.h"
#include "http/problem.h"
#include "records/records.h"

struct route;
struct public_file;
struct public_files;

enum { REQUEST_ID_SIZE = 48 };

/* What is wrong, for the problem document; the error itself is task.err or what a step fails with. */
struct request_problem {
	struct str detail;
	struct problem_error *errors;
	size_t errors_count;
};

/* The answer while it is made; sent by request_end. */
struct answer {
	int status;
	struct str type; /* of the body; data NULL: no body */
	struct buf body;
	struct str content; /* sent instead of the body where data is not NULL; outlives the request */
	int64_t etag;		/* a commit number; 0 for none */
	struct str etag_shape;	/* the h of "N.h", or data NULL */
	struct str tag;		/* a whole ETag with its quotes, instead of both, or data NULL */
	int64_t commit;		/* Caisson-Commit; 0 for none */
	struct str location, link, applied; /* applied: Preference-Applied */
	struct str allow;
	struct str modified, content_range; /* of files: Last-Modified, Content-Range */
	struct str cache_control;
	bool vary_accept;
	bool vary_caller; /* with the former */
	bool is_page;  /* a browser runs scripts of it: say what they may do */
	bool bodyless; /* HEAD: the head of a GET */
	struct str stored; /* idempotency: fields and body of an answer that was given before */
	bool sent; /* the step wrote it itself (a stream) */
};

struct request {
	struct task task;
	struct server_loop *home;
	struct connection *connection; /* NULL once the client has gone */
	struct request *next_free;
	struct arena arena;
	char id[REQUEST_ID_SIZE];
	int64_t started_us;

	/* The version that answers it, from its whole head on; NULL before. */
	const struct served *served;
	struct served_share *share;

	/* For the log. */
	char remote[CONNECTION_REMOTE_SIZE];
	struct task_waits waits;
	uint64_t bytes_in, bytes_out;

	/* What was asked. */
	size_t scanned; /* bytes of `in` in which no end of a head was found */
	struct h1_head head;
	struct h1_chunked chunked;
	struct buf body;
	bool has_head, has_body; /* read to its end */
	bool keep_alive;
	bool waits_for_input, waits_for_body;
	unsigned body_looks; /* while it waits for the body */
	const struct route *route;
	const struct collection *collection;
	bool is_file;	    /* of public/ */
	bool is_folder;	    /* its index is `file`, and a slash is missing */
	struct str id_text; /* decoded {id} */
	struct url_parameter *parameters;
	size_t parameters_count;
	struct conditional conditional;
	struct prefer prefer;

	/* Who asks. */
	struct known_key *key; /* or NULL for a guest */
	const struct identity *identity;
	struct identity own_identity; /* with what rules see of this request */

	/* What is done. */
	struct store_call call;
	union {
		struct key_lookup lookup;
		struct record_read read;
		struct record_write write;
	};
	void *state; /* of the route's steps, in the arena */
	const struct public_file *file;
	struct idempotency *idempotency;

	struct request_problem problem;
	struct answer answer;
};

extern const struct connection_user request_connection_user;

static inline struct request *
request_of(struct task *task)
{
	return CONTAINER(task, struct request, task);
}

/* Fail with ${err} and a detail for people (a literal): "return request_refuse(...)". */
enum step_result request_refuse(struct request *request, enum err err, const char *detail);
enum step_result request_refusef(struct request *request, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, about a query parameter, at ${offset} of its value. */
enum step_result request_refuse_parameter(struct request *request, enum err err, struct str parameter,
    size_t offset, const char *code, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* ${identity} asks, now and in this way; it must live as long as the request. */
void request_set_identity(struct request *request, const struct identity *identity);

/* What a connection is told that is one too many. */
void request_refuse_connection(struct connection_pool *pool, struct buf *out);

/* Start a call of the store on the request's own behalf: "return request_read_store(...)". */
enum step_result request_read_store(
    struct request *request, store_body *body, void *arg, enum store_weight weight);
enum step_result request_write_store(struct request *request, store_body *body, void *arg);

/* The request's id, for the log, the commit log and problem documents. */
struct str request_id(struct request *request);
/* The version ${number} as an ETag says it: not older than what the tables look like.  0 is none, and below no record. */
int64_t request_version(const struct request *request, int64_t number);
void request_pool_release(struct server_loop *home);

/* The value of the query parameter ${name}, or data NULL. */
struct str request_parameter(const struct request *request, const char *name);
