#include "api/request_log.h"

#include "api/routes.h"
#include "ops/journal.h"

/* The trace that the client says it belongs to; two are none. */
static bool
find_trace(const struct h1_head *head, struct trace *ret)
{
	struct str text, another;
	size_t index = 0;

	return h1_head_list_next(head, STR("traceparent"), &index, &text) &&
	       !h1_head_list_next(head, STR("traceparent"), &index, &another) && trace_parse(text, ret);
}

/* Different for each request of all runs: the finalizer of splitmix64 over a random start. */
static uint64_t
span_id(const struct request *request)
{
	const struct server_loop *home = request->home;
	uint64_t mixed = home->server->span_seed + ((uint64_t)home->loop.index << 56) + home->requests_count;

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

static void
add_question(struct request *request, struct journal_request *line, struct trace *trace)
{
	const struct h1_head *head = &request->head;

	if (!request->has_head)
		return;
	line->method = head->method_text;
	line->path = head->path;
	if (request->route != NULL) {
		line->route = str_from(request->route->path);
		if (request->route->place == ROUTE_APP)
			line->route_prefix = request->served->app->prefix;
	}
	if (find_trace(head, trace)) {
		line->trace = trace;
		line->span = span_id(request);
	}
}

/* An answer that was begun has a status; of a problem that was sent it is that of the problem. */
static void
add_answer(const struct request *request, struct journal_request *line)
{
	line->status = request->bytes_out > 0 ? request->answer.status : 0;
	if (request->task.err != OK && !(request->answer.sent && request->task.err == ERR_CANCELED))
		line->code = err_row(request->task.err)->code;
	line->bytes_in = request->bytes_in;
	line->bytes_out = request->bytes_out;
	line->commit = request->answer.commit;
}

void
request_log(struct request *request)
{
	struct trace trace;
	struct journal_request line = {
		.remote = str_from(request->remote),
		.caller = request->identity->principal,
		.waits = &request->waits,
	};

	if (!journal_is_on())
		return;
	line.id = request_id(request);
	line.time_us = clock_now_us();
	line.duration_us = clock_monotonic_us() - request->started_us;
	add_question(request, &line, &trace);
	add_answer(request, &line);
	journal_request(request->home->loop.index, &line);
}
