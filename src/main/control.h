#pragma once
/*
 * The control socket, data/control.sock: how the command line asks a running
 * server to do what only the holder of the database can do.
 *
 *	{"command":"key add","user":"…","roles":["editor"]}  ->  {"output":"ck_…"} or {"error":"…"}
 *	{"command":"can",…} (main/can.h)
 *	{"command":"status"}                                 ->  {"status":{…}}
 *
 * One JSON object each way, then the connection closes.  The socket is made
 * with mode 0600; who can open it owns the data anyway.  A thread of its own
 * serves it, one request at a time.
 */
#include "base/buf.h"
#include "codec/json.h"
#include "loop/loop.h"

/* Do what ${question} says; append the answer. */
typedef void control_handler(void *arg, struct str question, struct buf *answer);

struct control {
	control_handler *handle;
	void *arg; /* of the handler */
	uv_thread_t thread;
	int fd, lock_fd;
	bool started;
};

/* Listen on data/control.sock of the current folder; ERR_CONFLICT: another server of this folder does. */
enum err control_start(struct control *control, control_handler *handle, void *arg) MUST_USE;
void control_stop(struct control *control);

/* Is ${command} what ${question} asks for? */
bool control_asks_for(struct str question, const char *command);
/*
 * Send ${question} to the server of the current folder.  ERR_NOT_FOUND: none runs.
 * OK with its answer in ${answer}.
 */
enum err control_ask(struct str question, struct buf *answer) MUST_USE;
