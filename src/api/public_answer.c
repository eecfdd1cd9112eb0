/* How a file of public/ is answered: conditions, one range, and the bytes a piece at a time. */
#include <stdio.h>

#include "api/answer.h"
#include "api/public.h"
#include "api/routes.h"
#include "codec/time.h"
#include "http/range.h"
#include "http/response.h"

/* What a turn of the loop sends of one file; also what may wait unsent in memory. */
enum { PIECE_SIZE = 256 * 1024 };

static enum step_result answer_file(struct task *task);
static enum step_result send_file(struct task *task);

const struct step public_file_steps[] = {
	{ "answer file", answer_file },
	{ "send file", send_file },
	{ 0 },
};

/* The folder's own name, with its slash and the query that was sent. */
static enum step_result
answer_folder(struct request *request)
{
	struct str path = request->head.path, query = request->head.query;
	struct buf location;

	buf_init(&location, path.size + query.size + 8);
	buf_add_str(&location, path);
	buf_add_byte(&location, '/');
	if (query.size > 0)
		buf_add_byte(&location, '?');
	buf_add_str(&location, query);
	request->answer.status = 308;
	request->answer.cache_control = STR("no-cache");
	request->answer.location = arena_str(&request->arena, buf_str(&location));
	buf_release(&location);
	return STEP_DONE;
}

/* The part that Range asks for, where it asks for one. */
static enum step_result
answer_range(struct request *request)
{
	const struct public_file *file = request->file;
	struct str range = h1_head_once(&request->head, "Range");
	struct str of = h1_head_field(&request->head, "If-Range");
	size_t size = file->bytes.size, first = 0, end = size;
	char text[96];

	if (request->head.method != H1_GET || range.data == NULL ||
	    (of.data != NULL && !range_is_of(of, (struct str){ file->etag, PUBLIC_ETAG_SIZE },
				   file->modified_s, clock_now_us() / 1000000)))
		return STEP_NEXT;
	switch (range_parse(range, size, &first, &end)) {
	case RANGE_WHOLE:
		return STEP_NEXT;
	case RANGE_NONE:
		snprintf(text, sizeof(text), "bytes */%zu", size);
		request->answer.content_range = arena_str(&request->arena, str_from(text));
		return request_refusef(
		    request, ERR_RANGE, "The file has %zu bytes, and the range begins behind them.", size);
	case RANGE_PART:
		snprintf(text, sizeof(text), "bytes %zu-%zu/%zu", first, end - 1, size);
		request->answer.content_range = arena_str(&request->arena, str_from(text));
		request->answer.status = 206;
		request->answer.content = str_slice(buf_str(&file->bytes), first, end);
	}
	return STEP_NEXT;
}

static enum step_result
answer_file(struct task *task)
{
	struct request *request = request_of(task);
	const struct public_file *file = request->file;
	struct answer *answer = &request->answer;
	char date[TIME_HTTP_SIZE];

	if (request->is_folder)
		return answer_folder(request);
	time_format_http(file->modified_s, date);
	answer->status = 200;
	answer->type = file->type;
	answer->cache_control = STR("no-cache");
	answer->tag = (struct str){ file->etag, PUBLIC_ETAG_SIZE };
	answer->modified = arena_str(&request->arena, (struct str){ date, TIME_HTTP_SIZE });
	answer->is_page = file->is_page;
	answer->content = buf_str(&file->bytes);
	switch (conditional_file(
	    &request->conditional, answer->tag, file->modified_s, clock_now_us() / 1000000)) {
	case FILE_UNEXPECTED:
		return request_refuse(request, ERR_PRECONDITION_FAILED, "The file is another by now.");
	case FILE_UNMODIFIED:
		answer->status = 304;
		return STEP_DONE;
	default:
		return answer_range(request);
	}
}

/*
 * A small file goes with its head, as any answer does.  Of a large one each turn sends a piece:
 * it holds up nobody on this loop, and who reads slowly costs one piece of memory.
 */
static enum step_result
send_file(struct task *task)
{
	struct request *request = request_of(task);
	struct connection *connection = request->connection;
	struct str *content = &request->answer.content, piece;

	if (connection == NULL)
		return STEP_DONE;
	if (!request->answer.sent) {
		if (content->size <= PIECE_SIZE || request->answer.bodyless)
			return STEP_DONE;
		answer_send_head(request);
		request->answer.sent = true;
	}
	piece = str_slice(*content, 0, content->size < PIECE_SIZE ? content->size : PIECE_SIZE);
	connection_write(connection, piece);
	request->bytes_out += piece.size;
	*content = str_slice(*content, piece.size, content->size);
	if (content->size == 0)
		return STEP_DONE;
	connection_await_room(connection);
	request->waits_for_input = true;
	return STEP_AGAIN;
}
