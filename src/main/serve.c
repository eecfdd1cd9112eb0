/* caisson serve: one loop per core, until SIGTERM. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/server.h"
#include "base/memory.h"
#include "crypto/hash.h"
#include "events/rights.h"
#include "main/alarms.h"
#include "main/command.h"
#include "main/can.h"
#include "main/control.h"
#include "main/key_request.h"
#include "main/reload.h"
#include "main/serve_options.h"
#include "main/status.h"
#include "main/watch.h"
#include "ops/journal.h"

/* Signals that come and files that change while no loop runs: libuv keeps them for this one. */
struct between {
	uv_loop_t loop;
	uv_signal_t sigterm, sigint, sighup;
	struct watch watch;
	bool stop, reload; /* what is wanted then */
};

/* Everything that is up while the server runs. */
struct running {
	const struct command *command;
	struct version *first; /* whose app the store has */
	struct server server;
	struct server_loop *loops;
	unsigned loops_count;
	int fds[LOOPS_MAX];
	char address[LISTEN_ADDRESS_SIZE];
	char secret[SECRET_HEX_SIZE];
	struct control control;
	struct status_source status;
	uv_signal_t sigterm, sigint, sighup;
	char *database;
	struct version *next; /* with --dev: whose tables are wanted, when the loops have ended */
	struct between between;
	uv_mutex_t store_lock; /* of the control thread's use of store and loops, while they change */
	uv_timer_t look; /* for a store that is lost, and for alarms */
	struct reload reload;
	struct watch watch; /* with --dev */
	bool dev;
	struct alarms alarms;
	bool stopping;
};

static bool start(struct running *running, const struct serve_options *options);
static bool run(struct running *running);
static void stop(struct running *running);

/* Lines for people on a terminal, for programs elsewhere. */
static bool
start_journal(const struct command *command, const struct serve_options *options)
{
	bool is_text = options->log_format != NULL ? strcmp(options->log_format, "text") == 0 :
						     strcmp(options->log, "-") == 0 && isatty(STDERR_FILENO);

	if (journal_start(options->log, is_text ? JOURNAL_TEXT : JOURNAL_JSON, options->loops))
		return true;
	command_complain(command, "--log %s: %s", options->log, strerror(errno));
	return false;
}

static int
run_serve(const struct command *command, int argc, char **argv)
{
	struct serve_options options;
	struct running *running;
	int status = EXIT_FAILED;

	if (!serve_options_read(command, argc, argv, &options))
		return command_usage(command);
	if (options.folder != NULL && chdir(options.folder) != 0) {
		command_complain(command, "%s: %s", options.folder, strerror(errno));
		return EXIT_FAILED;
	}
	running = memory_new(sizeof(*running));
	running->command = command;
	uv_mutex_init(&running->store_lock);
	if (!start_journal(command, &options)) {
		free(running);
		return EXIT_FAILED;
	}
	if (start(running, &options)) {
		if (!run(running))
			journal_event(JOURNAL_ERROR, "store_lost", "the changed database cannot be opened; start again");
		else if (!store_is_lost(running->server.store))
			status = EXIT_DONE;
		else
			journal_event(JOURNAL_ERROR, "store_lost",
			    "a commit failed, and its outcome is unknown; start again: recovery finds out");
	}
	stop(running);
	journal_stop();
	free(running);
	return status;
}

/* --- start ----------------------------------------------------------- */

static bool
bind_all(struct running *running, const char *address)
{
	for (unsigned i = 0; i < running->loops_count; i++) {
		/* Port 0 picks one; the others bind what the first one got. */
		struct str where = i == 0 ? str_from(address) : str_from(running->address);
		enum err err = listener_bind(where, i == 0, &running->fds[i], running->address);

		if (err == OK)
			continue;
		running->loops_count = i;
		command_complain(running->command,
		    err == ERR_CONFLICT	     ? "%s is in use by another program; choose another with --listen" :
		    err == ERR_BAD_REQUEST ? "--listen %s: not an ADDR:PORT" :
					       "%s cannot be bound",
		    address);
		return false;
	}
	return true;
}

static bool
read_folder(struct running *running)
{
	struct app_mistakes mistakes;
	struct buf detail;

	app_mistakes_init(&mistakes);
	buf_init(&detail, 4096);
	running->first = version_read(&mistakes, &detail);
	tell_mistakes(running->command, &mistakes, buf_str(&detail));
	app_mistakes_release(&mistakes);
	buf_release(&detail);
	return running->first != NULL;
}

static void
name_this_run(struct server *server)
{
	uint8_t random[6];

	random_bytes(random, sizeof(random));
	random_bytes(&server->span_seed, sizeof(server->span_seed));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(server->run_id + 2 * i, 3, "%02x", random[i]);
}

static bool
start_store(struct running *running)
{
	struct server *server = &running->server;
	const struct loaded_app *loaded = &running->first->loaded;

	if (!open_store(running->command, loaded->app, str_from(running->database), &server->store))
		return false;
	if (!store_secret(server->store, running->secret)) {
		command_complain(running->command, "the database refuses to keep a secret");
		return false;
	}
	server->secret = (struct str){ running->secret, SECRET_HEX_SIZE };
	if (!store_shape_since(server->store, &server->shape_since)) {
		command_complain(running->command, "the database does not tell when its tables were changed");
		return false;
	}
	if (rights_begin(server->store, loaded->app, &server->rights_since) != OK)
		journal_event(JOURNAL_WARNING, "start",
		    "the database cannot note the rules: live streams that are resumed are told to read again");
	return load_seeds(running->command, loaded, server->store);
}

/* By the rules that stand in the folder; what the loops serve belongs to them. */
static void
answer_can(const struct running *running, struct str question, struct buf *answer)
{
	struct app_mistakes mistakes;
	struct version *version;
	struct buf detail;

	app_mistakes_init(&mistakes);
	buf_init(&detail, 64 * 1024);
	version = version_read(&mistakes, &detail);
	if (version != NULL && str_equal(version->loaded.app->shape, running->first->loaded.app->shape))
		can_request_run(running->server.store, &version->loaded.rules, question, answer);
	else
		buf_add_c(answer, "{\"error\":\"caisson.yaml has mistakes (see caisson check), or declares other tables than those "
				  "that are served (see caisson plan)\"}");
	if (version != NULL)
		served_unref(&version->served);
	app_mistakes_release(&mistakes);
	buf_release(&detail);
}

/* On the control thread. */
static void
answer_control(void *arg, struct str question, struct buf *answer)
{
	struct running *running = arg;

	uv_mutex_lock(&running->store_lock);
	if (control_asks_for(question, "can"))
		answer_can(running, question, answer);
	else if (control_asks_for(question, "status"))
		status_write(&running->status, answer);
	else
		key_request_run(running->server.store, question, answer);
	uv_mutex_unlock(&running->store_lock);
}

static bool
start_control(struct running *running)
{
	enum err err;

	/* The loops are there, though they do not run yet. */
	running->loops = memory_new(running->loops_count * sizeof(*running->loops));
	running->status = (struct status_source){ .server = &running->server, .loops = running->loops,
		.loops_count = running->loops_count, .address = running->address, .started_us = clock_now_us() };
	err = control_start(&running->control, answer_control, running);

	if (err == ERR_CONFLICT)
		command_complain(running->command, "this app folder is served by another caisson; stop it first");
	else if (err != OK)
		command_complain(running->command, "data/control.sock cannot be made: %s", strerror(errno));
	return err == OK;
}

static bool
start(struct running *running, const struct serve_options *options)
{
	struct str database;

	running->loops_count = options->loops;
	running->dev = options->dev;
	if (!read_folder(running))
		return false;
	database = database_of(running->first->loaded.app, options->database);
	running->database = memory_copy(database.data, database.size);
	name_this_run(&running->server);
	if (!bind_all(running, options->listen))
		return false;
	if (running->dev && !change_tables(running->command, running->first->loaded.app, database))
		return false;
	return start_store(running) && start_control(running);
}

/* --- run ------------------------------------------------------------- */

/* The loops are asked only when no reload waits for them. */
static void
drain_loops(struct reload *reload)
{
	struct running *running = CONTAINER(reload, struct running, reload);

	for (unsigned i = 0; i < running->loops_count; i++)
		loop_stop(&running->loops[i].loop);
}

/* Or else clients that come now would wait for nobody. */
static void
close_listeners(struct running *running)
{
	for (unsigned i = 0; i < running->loops_count && running->dev; i++) {
		close(running->fds[i]);
		running->fds[i] = -1;
	}
}

static void
stop_loops(struct running *running)
{
	running->stopping = true;
	atomic_store(&running->server.draining, true);
	if (running->next == NULL)
		close_listeners(running);
	watch_stop(&running->watch);
	uv_close((uv_handle_t *)&running->sigterm, NULL);
	uv_close((uv_handle_t *)&running->sigint, NULL);
	uv_close((uv_handle_t *)&running->sighup, NULL);
	uv_close((uv_handle_t *)&running->look, NULL);
	reload_stop(&running->reload, drain_loops);
}

static void
on_signal(uv_signal_t *handle, int signal)
{
	struct running *running = handle->data;

	if (running->stopping)
		return;
	journal_event(JOURNAL_INFO, "stop", "%s: requests that have begun may end",
	    signal == SIGTERM ? "SIGTERM" : "SIGINT");
	stop_loops(running);
}

static void
on_hangup(uv_signal_t *handle, int signal)
{
	struct running *running = handle->data;

	(void)signal;
	journal_reopen();
	reload_begin(&running->reload);
}

static void
on_change(struct watch *watch)
{
	reload_begin(&CONTAINER(watch, struct running, watch)->reload);
}

static void
look_at_store(uv_timer_t *timer)
{
	struct running *running = timer->data;

	alarms_look(&running->alarms, running->server.store);
	if (store_is_lost(running->server.store) && !running->stopping)
		stop_loops(running);
}

static bool shape_may_change(struct reload *reload, const struct version *next, struct buf *detail);
static void on_shape(struct reload *reload, struct version *next);
static bool begin_again(struct running *running);

static void
watch(struct running *running)
{
	enum { LOOK_EVERY_MS = 100 };
	uv_loop_t *loop = &running->loops[0].loop.uv;

	uv_signal_init(loop, &running->sigterm);
	uv_signal_init(loop, &running->sigint);
	uv_signal_init(loop, &running->sighup);
	uv_timer_init(loop, &running->look);
	running->sigterm.data = running->sigint.data = running->sighup.data = running->look.data = running;
	uv_signal_start(&running->sigterm, on_signal, SIGTERM);
	uv_signal_start(&running->sigint, on_signal, SIGINT);
	uv_signal_start(&running->sighup, on_hangup, SIGHUP);
	uv_timer_start(&running->look, look_at_store, LOOK_EVERY_MS, LOOK_EVERY_MS);
	running->reload = (struct reload){ .loops = running->loops, .loops_count = running->loops_count,
		.first = running->first };
	if (running->dev) {
		running->reload.shape_may_change = shape_may_change;
		running->reload.on_shape = on_shape;
		watch_start(&running->watch, loop, on_change);
	}
}

static void
run_loop(void *arg)
{
	loop_run(&((struct server_loop *)arg)->loop);
}

static void
start_loops(struct running *running)
{
	for (unsigned i = 0; i < running->loops_count; i++) {
		/* With --dev the sockets outlive the loops, so that clients wait meanwhile. */
		int fd = running->dev ? fcntl(running->fds[i], F_DUPFD_CLOEXEC, 0) : running->fds[i];

		server_loop_init(&running->loops[i], &running->server, &running->first->served, i);
		server_loop_start(&running->loops[i], fd);
	}
	watch(running);
}

static void
announce(struct running *running)
{
	journal_event(JOURNAL_INFO, "start", "caisson %s serves %.*s on http://%s, process %d",
	    CAISSON_VERSION, STR_ARGS(running->first->loaded.app->name), running->address, (int)getpid());
	printf("listening on http://%s\n", running->address);
	fflush(stdout);
}

/* Until they have ended. */
static void
run_loops(struct running *running)
{
	for (unsigned i = 1; i < running->loops_count; i++)
		uv_thread_create(&running->loops[i].loop.thread, run_loop, &running->loops[i]);
	run_loop(&running->loops[0]);
	for (unsigned i = 1; i < running->loops_count; i++)
		uv_thread_join(&running->loops[i].loop.thread);
}

static void
release_loops(struct running *running)
{
	for (unsigned i = 0; i < running->loops_count; i++)
		server_loop_release(&running->loops[i]);
}

/* False where the store could not be opened again after its tables had changed. */
static bool
run(struct running *running)
{
	bool goes_on;

	signal(SIGPIPE, SIG_IGN);
	start_loops(running);
	announce(running);
	do {
		run_loops(running);
		goes_on = running->next != NULL;
		uv_mutex_lock(&running->store_lock);
		release_loops(running);
		if (goes_on && !begin_again(running)) {
			uv_mutex_unlock(&running->store_lock);
			return false;
		}
		uv_mutex_unlock(&running->store_lock);
	} while (goes_on);
	return true;
}

/* --- other tables, with --dev ------------------------------------------- */

static void
on_signal_between(uv_signal_t *handle, int signal)
{
	struct between *between = handle->data;

	between->stop |= signal != SIGHUP;
	between->reload |= signal == SIGHUP;
}

static void
start_between(struct between *between)
{
	*between = (struct between){ 0 };
	uv_loop_init(&between->loop);
	uv_signal_init(&between->loop, &between->sigterm);
	uv_signal_init(&between->loop, &between->sigint);
	uv_signal_init(&between->loop, &between->sighup);
	between->sigterm.data = between->sigint.data = between->sighup.data = between;
	uv_signal_start(&between->sigterm, on_signal_between, SIGTERM);
	uv_signal_start(&between->sigint, on_signal_between, SIGINT);
	uv_signal_start(&between->sighup, on_signal_between, SIGHUP);
	watch_start(&between->watch, &between->loop, NULL);
}

static void
end_between(struct between *between)
{
	uv_run(&between->loop, UV_RUN_NOWAIT);
	between->reload |= watch_saw(&between->watch);
	watch_stop(&between->watch);
	uv_close((uv_handle_t *)&between->sigterm, NULL);
	uv_close((uv_handle_t *)&between->sigint, NULL);
	uv_close((uv_handle_t *)&between->sighup, NULL);
	uv_run(&between->loop, UV_RUN_DEFAULT);
	uv_loop_close(&between->loop);
}

static bool
shape_may_change(struct reload *reload, const struct version *next, struct buf *detail)
{
	struct running *running = CONTAINER(reload, struct running, reload);

	return tables_may_change(next->loaded.app, str_from(running->database), detail);
}

static void
on_shape(struct reload *reload, struct version *next)
{
	struct running *running = CONTAINER(reload, struct running, reload);

	journal_event(JOURNAL_NOTICE, "reload", "the tables change: clients wait meanwhile");
	running->next = next;
	start_between(&running->between);
	running->between.reload = reload->again || watch_saw(&running->watch);
	stop_loops(running);
}

/* A write of the last moment may stand in the way; then all is as before. */
static void
take_next(struct running *running)
{
	struct version *next = running->next, *old = running->first;

	if (change_tables(running->command, next->loaded.app, str_from(running->database))) {
		running->first = next;
		served_unref(&old->served);
		journal_event(
		    JOURNAL_NOTICE, "reload", "the tables were changed; the app is served as it is now");
	} else {
		served_unref(&next->served);
		journal_event(JOURNAL_ERROR, "reload",
		    "the tables could not be changed; the app is served as before");
	}
	running->next = NULL;
}

/* The loops have ended, and nobody uses the store. */
static bool
begin_again(struct running *running)
{
	bool opened;

	store_close(running->server.store);
	running->server.store = NULL;
	take_next(running);
	opened = start_store(running);
	if (opened) {
		name_this_run(&running->server);
		running->stopping = false;
		atomic_store(&running->server.draining, false);
		start_loops(running);
	}
	end_between(&running->between);
	if (opened && running->between.stop)
		stop_loops(running);
	else if (opened && running->between.reload)
		reload_begin(&running->reload);
	return opened;
}

/* --- stop ----------------------------------------------------------------- */

static void
stop(struct running *running)
{
	control_stop(&running->control);
	uv_mutex_destroy(&running->store_lock);
	store_close(running->server.store);
	if (running->first != NULL)
		served_unref(&running->first->served);
	free(running->loops);
	free(running->database);
}

const struct command serve_command = {
	.name = "serve",
	.summary = "serve the app of a folder over HTTP",
	.usage = "[DIR] [OPTION]...",
	.about = "Serve the app in DIR (default: the current folder) until SIGTERM, which lets running\n"
		 "requests end.  Prints `listening on http://ADDR:PORT` when it accepts requests; its data\n"
		 "lies in DIR/data.  SIGHUP reads the app again, and opens the log file anew.\n",
	.options = serve_command_options,
	.words_max = 1,
	.examples = "caisson serve examples/handbook\n"
		    "caisson serve --listen 0.0.0.0:80 --limit body_size=65536\n"
		    "caisson serve --database postgres://app@db1/handbook\n",
	.run = run_serve,
};
