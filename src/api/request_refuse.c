/* How a step says no: the error, and the detail for the problem document. */
#include <stdarg.h>
#include <stdio.h>

#include "api/request.h"
#include "http/response.h"

enum step_result
request_refuse(struct request *request, enum err err, const char *detail)
{
	if (detail != NULL)
		request->problem.detail = str_from(detail);
	return task_fail(&request->task, err);
}

static struct str
format_detail(struct request *request, const char *format, va_list args)
{
	char text[512];
	int size = vsnprintf(text, sizeof(text), format, args);

	if (size >= (int)sizeof(text))
		size = (int)sizeof(text) - 1;
	return arena_str(&request->arena, (struct str){ text, (size_t)size });
}

enum step_result
request_refusef(struct request *request, enum err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	request->problem.detail = format_detail(request, format, args);
	va_end(args);
	return task_fail(&request->task, err);
}

enum step_result
request_refuse_parameter(struct request *request, enum err err, struct str parameter, size_t offset,
    const char *code, const char *format, ...)
{
	struct problem_error *error = arena_new(&request->arena, sizeof(*error));
	va_list args;

	if (error != NULL) {
		va_start(args, format);
		*error = (struct problem_error){ .parameter = parameter, .offset = offset,
			.code = str_from(code), .detail = format_detail(request, format, args) };
		va_end(args);
		request->problem.errors = error;
		request->problem.errors_count = 1;
	}
	return task_fail(&request->task, err);
}

void
request_refuse_connection(struct connection_pool *pool, struct buf *out)
{
	struct server_loop *home = pool->user_data;
	struct problem problem = {
		.err = ERR_OVERLOADED,
		.detail = STR("There are as many connections as there may be."),
	};
	struct buf body;
	char instance[REQUEST_ID_SIZE + 16];

	snprintf(instance, sizeof(instance), "/requests/%s%llu", home->id_prefix,
	    (unsigned long long)home->requests_count++);
	problem.instance = str_from(instance);
	buf_init(&body, 4096);
	problem_write(&problem, &body);
	response_begin(out, err_row(problem.err)->status, (struct str){ home->loop.date, RESPONSE_DATE_SIZE });
	response_field(out, STR("Retry-After"), STR("1"));
	response_field(out, STR("Cache-Control"), STR("no-store"));
	response_content(out, PROBLEM_MEDIA_TYPE, body.size);
	response_close(out);
	response_end(out);
	buf_add_str(out, buf_str(&body));
	buf_release(&body);
}
