/* The request, from its head to its answer. */
#include "api/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/idempotency.h"
#include "api/public.h"
#include "api/request_check.h"
#include "api/request_log.h"
#include "api/routes.h"
#include "base/limits.h"
#include "base/memory.h"
#include "http/response.h"
#include "ops/journal.h"

static enum step_result request_read_head(struct task *task);
static enum step_result request_find_route(struct task *task);
static enum step_result request_identify_caller(struct task *task);
static enum step_result request_accept_caller(struct task *task);
static enum step_result request_read_body(struct task *task);
static enum step_result request_handle(struct task *task);
static void request_end(struct task *task);

static const struct step request_steps[] = {
	{ "read head", request_read_head },
	{ "find route", request_find_route },
	{ "check head", request_check_head },
	{ "identify caller", request_identify_caller },
	{ "accept caller", request_accept_caller },
	{ "read body", request_read_body },
	{ "handle", request_handle }, /* the route's own table */
	{ 0 },
};

/* --- life ------------------------------------------------------------ */

/* A whole head fits into what is read ahead. */
enum { KEPT_BUFFER_MAX = 64 * 1024, IN_AHEAD_MAX = H1_HEAD_SIZE_MAX + 2 * CONNECTION_CHUNK_SIZE };

static struct request *
request_new(struct server_loop *home)
{
	struct request *request = home->free_requests;

	home->running++;
	if (request != NULL) {
		home->free_requests = request->next_free;
		home->free_requests_count--;
		return request;
	}
	request = memory_new(sizeof(*request));
	arena_init(&request->arena, (size_t)limit(LIMIT_request_memory));
	buf_init(&request->body, (size_t)limit(LIMIT_body_size));
	buf_init(&request->answer.body, (size_t)limit(LIMIT_answer_size));
	request->home = home;
	return request;
}

static void
request_free(struct request *request)
{
	arena_release(&request->arena);
	buf_release(&request->body);
	buf_release(&request->answer.body);
	free(request);
}

static void
keep_buffer(struct buf *buf)
{
	if (buf->capacity > KEPT_BUFFER_MAX)
		buf_release(buf);
	buf_clear(buf);
}

static void
request_put_back(struct request *request)
{
	struct server_loop *home = request->home;

	home->running--;
	if (home->free_requests_count == FREE_REQUESTS_MAX) {
		request_free(request);
		return;
	}
	request->next_free = home->free_requests;
	home->free_requests = request;
	home->free_requests_count++;
}

void
request_pool_release(struct server_loop *home)
{
	while (home->free_requests != NULL) {
		struct request *request = home->free_requests;

		home->free_requests = request->next_free;
		request_free(request);
	}
	home->free_requests_count = 0;
}

/* Forget what the last request left; its memory stays. */
static void
request_reset(struct request *request)
{
	struct buf answer_body = request->answer.body;

	if (request->idempotency != NULL)
		(void)idempotency_end(request); /* the client went away in between */
	arena_reset(&request->arena);
	known_key_unref(request->key);
	keep_buffer(&request->body);
	keep_buffer(&answer_body);
	request->answer = (struct answer){ .body = answer_body };
	request->problem = (struct request_problem){ 0 };
	request->call = (struct store_call){ 0 };
	request->chunked = (struct h1_chunked){ 0 };
	request->scanned = 0;
	request->has_head = request->has_body = request->keep_alive = false;
	request->waits_for_input = request->waits_for_body = false;
	request->body_looks = 0;
	request->id[0] = '\0';
	request->waits.count = 0;
	request->bytes_in = request->bytes_out = 0;
	server_loop_end_use(request->share);
	request->served = NULL;
	request->share = NULL;
	request->route = NULL;
	request->collection = NULL;
	request->is_file = request->is_folder = false;
	request->file = NULL;
	request->parameters = NULL;
	request->parameters_count = 0;
	request->key = NULL;
	request->identity = &identity_guest;
	request->state = NULL;
	request->idempotency = NULL;
}

static void
request_start(struct request *request)
{
	struct server_loop *home = request->home;

	request_reset(request);
	request->started_us = clock_monotonic_us();
	task_start(&request->task, &home->loop.ready, request_steps, request_end);
	if (journal_is_on())
		request->task.waits = &request->waits;
}

/* --- the connection's side ------------------------------------------- */

static void
on_input(struct connection *connection)
{
	struct request *request = connection->data;

	if (request == NULL) {
		if (connection->in.size == 0) {
			connection_close(connection);
			return;
		}
		request = request_new(connection->pool->user_data);
		request->connection = connection;
		memcpy(request->remote, connection->remote, sizeof(request->remote));
		connection->data = request;
		connection_wait(connection, &connection->pool->head);
		connection->in_max = IN_AHEAD_MAX;
		request_start(request);
	} else if (request->waits_for_input) {
		request->waits_for_input = false;
		task_wake(&request->task, OK);
	}
}

static void
on_sent(struct connection *connection)
{
	struct request *request = connection->data;

	/* A request that was held back until its connection's answers were read. */
	if (request != NULL && request->waits_for_input) {
		request->waits_for_input = false;
		task_wake(&request->task, OK);
	} else if (request == NULL) {
		connection_wait(connection, &connection->pool->idle);
	}
}

/* A look at a body that is still coming: for how long, and how much of it has come. */
static bool
is_body_too_slow(struct request *request)
{
	unsigned looks = ++request->body_looks;
	int64_t ms = limit(LIMIT_body_timeout) / CONNECTION_BODY_LOOKS * looks;

	return looks >= CONNECTION_BODY_LOOKS ||
	       (looks >= CONNECTION_BODY_LOOKS / 2 &&
		   (int64_t)request->body.size * 1000 < limit(LIMIT_body_rate) * ms);
}

static void
on_timeout(struct connection *connection)
{
	struct request *request = connection->data;

	if (request == NULL) {
		connection_close(connection);
	} else if (request->waits_for_input && request->waits_for_body && !is_body_too_slow(request)) {
		connection_wait(connection, &connection->pool->body);
	} else if (request->waits_for_input) {
		request->waits_for_input = false;
		request->problem.detail = request->has_head ? STR("The body came too slowly.") :
							      STR("The head came too slowly.");
		task_wake(&request->task, ERR_REQUEST_TIMEOUT);
	}
}

static void
on_close(struct connection *connection)
{
	struct request *request = connection->data;

	if (request == NULL)
		return;
	request->connection = NULL;
	connection->data = NULL;
	atomic_store(&request->call.canceled, true);
	(void)task_fail(&request->task, ERR_CANCELED);
	if (request->waits_for_input) {
		request->waits_for_input = false;
		task_wake(&request->task, ERR_CANCELED);
	}
}

const struct connection_user request_connection_user = { on_input, on_sent, on_timeout, on_close,
	request_refuse_connection };

static enum step_result
wait_for_input(struct request *request)
{
	if (request->connection == NULL || request->connection->input_ended)
		return task_fail(&request->task, ERR_CANCELED);
	request->waits_for_input = true;
	return STEP_AGAIN;
}

/* --- steps ----------------------------------------------------------- */

static enum step_result
request_read_head(struct task *task)
{
	struct request *request = request_of(task);
	struct connection *connection = request->connection;
	size_t skip = 0, size = 0;
	const char *detail = NULL;
	struct str head;
	enum err err;

	if (connection->blocked && connection->out.size > CONNECTION_OUT_MARK)
		return wait_for_input(request); /* on_sent goes on */
	err = h1_head_end(buf_str(&connection->in), &request->scanned, &skip, &size);
	if (err == OK && size == 0)
		return wait_for_input(request);
	if (err != OK)
		return request_refuse(request, err, NULL);
	head = arena_str(&request->arena, str_slice(buf_str(&connection->in), skip, skip + size));
	connection_consume(connection, skip + size);
	request->bytes_in = size;
	err = h1_head_parse(head, &request->head, &detail);
	if (err != OK)
		return request_refuse(request, err, detail);
	request->has_head = true;
	request->has_body = request->head.framing == H1_NO_BODY;
	request->keep_alive = request->head.keep_alive;
	request->answer.bodyless = request->head.method == H1_HEAD;
	return STEP_NEXT;
}

static enum step_result
request_find_route(struct task *task)
{
	struct request *request = request_of(task);
	enum err err;

	request->share = server_loop_use(request->home);
	request->served = request->share->served;
	err = routes_find(request);

	if (err == ERR_NOT_FOUND && public_find(request))
		err = routes_method_of_file(request);
	/* What a method means that is not known here, its framing included, is not known either. */
	if (err == ERR_NOT_IMPLEMENTED)
		request->keep_alive = false;
	return err == OK ? STEP_NEXT : request_refuse(request, err, NULL);
}

/* "Bearer KEY", the scheme in any case (RFC 9110 11.1). */
static bool
bearer_token(struct str authorization, struct str *ret)
{
	if (authorization.size < 8 || !str_equal_nocase(str_slice(authorization, 0, 7), STR("Bearer ")))
		return false;
	*ret = str_trim(str_slice(authorization, 7, authorization.size));
	return ret->size > 0;
}

/* Health, descriptions and files are the same for all: no key is judged, and no database asked. */
static bool
asks_who(const struct request *request)
{
	return request->route->place == ROUTE_APP;
}

static enum step_result
request_identify_caller(struct task *task)
{
	struct request *request = request_of(task);
	struct str authorization = request->head.known[H1_AUTHORIZATION], token;

	if (authorization.data == NULL || !asks_who(request))
		return STEP_NEXT;
	if (!bearer_token(authorization, &token))
		return request_refuse(
		    request, ERR_BAD_CREDENTIAL, "Send the key as: Authorization: Bearer KEY");
	request->key = key_cache_find(&request->home->keys, token);
	if (request->key != NULL)
		return STEP_NEXT;
	request->lookup = (struct key_lookup){ .text = token };
	return request_read_store(request, key_lookup, &request->lookup, STORE_LIGHT);
}

static enum err
accept_key(struct request *request)
{
	if (request->key == NULL) {
		if (request->call.err == ERR_BAD_CREDENTIAL)
			request->problem.detail = STR("The key is unknown, or was revoked.");
		if (request->call.err != OK)
			return request->call.err;
		request->key = request->lookup.key;
		key_cache_add(&request->home->keys, request->key);
	}
	return OK;
}

static enum step_result
request_accept_caller(struct task *task)
{
	struct request *request = request_of(task);

	enum err err = OK;

	if (request->head.known[H1_AUTHORIZATION].data != NULL && asks_who(request))
		err = accept_key(request);
	if (err == OK)
		request_set_identity(request, request->key == NULL ? &identity_guest : &request->key->identity);
	if (err == OK && request->route->decide != NULL)
		err = request->route->decide(request);
	return err == OK ? STEP_NEXT : request_refuse(request, err, NULL);
}

/* Move what has arrived of the body from the connection to the request. */
static enum err
take_body(struct request *request)
{
	struct buf *in = &request->connection->in;
	size_t consumed = in->size, decoded;
	enum err err = OK;

	if (request->head.framing == H1_LENGTH) {
		uint64_t missing = request->head.content_length - request->body.size;

		if (consumed > missing)
			consumed = (size_t)missing;
		decoded = consumed;
		request->has_body = consumed == missing;
	} else {
		err = h1_chunked_decode(&request->chunked, in->data, in->size, &decoded, &consumed,
		    &request->has_body);
	}
	if (err != OK)
		return err;
	buf_add(&request->body, in->data, decoded);
	request->bytes_in += consumed;
	connection_consume(request->connection, consumed);
	return request->body.err;
}

static enum step_result
request_read_body(struct task *task)
{
	struct request *request = request_of(task);
	enum err err;

	if (request->has_body)
		return STEP_NEXT;
	err = take_body(request);
	if (err == ERR_TOO_LARGE)
		return request_refusef(request, err, "A body may have at most %lld bytes.",
		    (long long)limit(LIMIT_body_size));
	if (err != OK)
		return request_refuse(request, err, "The chunked body is malformed.");
	if (request->has_body)
		return STEP_NEXT;
	if (request->head.expect_continue && request->body.size == 0 && request->connection->in.size == 0)
		response_continue(connection_out(request->connection));
	request->head.expect_continue = false;
	/* The first wait is for the whole body; each part that comes does not start it anew. */
	if (!request->waits_for_body) {
		request->waits_for_body = true;
		connection_wait(request->connection, &request->connection->pool->body);
	}
	return wait_for_input(request);
}

static enum step_result
request_handle(struct task *task)
{
	struct request *request = request_of(task);

	connection_wait(request->connection, NULL);
	return task_continue(task, request->route->steps);
}

/* --- the end --------------------------------------------------------- */

/* A body that nobody wanted is skipped where it is here already; else the connection cannot go on. */
static bool
body_is_over(struct request *request)
{
	if (!request->has_head)
		return false;
	if (!request->has_body && request->head.framing == H1_LENGTH &&
	    request->head.content_length - request->body.size <= request->connection->in.size)
		(void)take_body(request);
	return request->has_body;
}

static void
next_request(struct request *request)
{
	struct connection *connection = request->connection;

	if (connection->in.size > 0) {
		connection_wait(connection, &connection->pool->head);
		request_start(request);
		return;
	}
	connection->data = NULL;
	request->connection = NULL;
	request_reset(request);
	request_put_back(request);
	if (connection->input_ended) {
		connection_finish(connection);
	} else if (!connection->blocked) {
		connection_rest(connection);
		connection_wait(connection, &connection->pool->idle);
	}
}

/* Only the loop itself writes it, so it need not be one step. */
static void
count_answered(struct server_loop *home)
{
	uint64_t count = atomic_load_explicit(&home->answered, memory_order_relaxed);

	atomic_store_explicit(&home->answered, count + 1, memory_order_relaxed);
}

static void
request_end(struct task *task)
{
	struct request *request = request_of(task);
	struct connection *connection = request->connection;

	count_answered(request->home);
	if (connection == NULL) {
		request_log(request);
		request_reset(request);
		request_put_back(request);
		return;
	}
	if (!body_is_over(request) || task->err == ERR_CANCELED ||
	    atomic_load(&request->home->server->draining))
		request->keep_alive = false;
	if (task->err == ERR_CANCELED && !request->answer.sent) {
		request_log(request);
		connection_close(connection); /* puts connection to NULL */
		request_reset(request);
		request_put_back(request);
		return;
	}
	if (!request->answer.sent)
		answer_send(request);
	request_log(request);
	if (request->keep_alive) {
		next_request(request);
		return;
	}
	connection->data = NULL;
	request->connection = NULL;
	connection_finish(connection);
	request_reset(request);
	request_put_back(request);
}

/* --- for steps ------------------------------------------------------- */

struct str
request_parameter(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->parameters_count; i++)
		if (str_is(request->parameters[i].name, name))
			return request->parameters[i].value;
	return (struct str){ 0 };
}

enum step_result
request_read_store(struct request *request, store_body *body, void *arg, enum store_weight weight)
{
	request->call.body = body;
	request->call.arg = arg;
	request->call.task = &request->task;
	request->call.weight = weight;
	store_read(request->home->server->store, &request->home->loop, &request->call);
	return STEP_WAIT;
}

enum step_result
request_write_store(struct request *request, store_body *body, void *arg)
{
	struct store_call *call = &request->call;

	call->body = body;
	call->arg = arg;
	call->task = &request->task;
	call->caller_hash = request->identity->hash;
	call->actor = request->identity->principal;
	call->request_id = request_id(request);
	call->deadline_us = clock_monotonic_us() + limit(LIMIT_write_deadline) * 1000;
	store_write(request->home->server->store, &request->home->loop, call);
	return STEP_WAIT;
}

/* Made when first asked for: without a log most reads never need it. */
struct str
request_id(struct request *request)
{
	struct server_loop *home = request->home;
	size_t size = strlen(home->id_prefix);
	char digits[20], *first = digits + sizeof(digits);
	uint64_t rest;

	if (request->id[0] != '\0')
		return str_from(request->id);
	rest = home->requests_count++;
	do
		*--first = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	memcpy(request->id, home->id_prefix, size);
	memcpy(request->id + size, first, (size_t)(digits + sizeof(digits) - first));
	size += (size_t)(digits + sizeof(digits) - first);
	request->id[size] = '\0';
	return (struct str){ request->id, size };
}

int64_t
request_version(const struct request *request, int64_t number)
{
	int64_t since = request->home->server->shape_since;

	return number > 0 && number < since ? since : number;
}
