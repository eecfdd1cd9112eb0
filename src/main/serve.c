/* caisson serve: one loop per core, until SIGTERM. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/server.h"
#include "base/limits.h"
#include "base/memory.h"
#include "crypto/hash.h"
#include "main/alarms.h"
#include "main/command.h"
#include "main/can.h"
#include "main/control.h"
#include "main/key_request.h"
#include "main/reload.h"
#include "main/watch.h"
#include "ops/journal.h"

struct serve_options {
	const char *listen, *database;
	const char *log, *log_format; /* the format is NULL where it was not said */
	unsigned loops;
	bool dev;
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
	uv_signal_t sigterm, sigint, sighup;
	uv_timer_t look; /* for a store that is lost, and for alarms */
	struct reload reload;
	struct watch watch; /* with --dev */
	bool dev;
	struct alarms alarms;
	bool stopping;
};

static bool start(struct running *running, const struct serve_options *options);
static void run(struct running *running);
static void stop(struct running *running);

/* --- options --------------------------------------------------------- */

static bool
set_limit(const struct command *command, const char *assignment)
{
	if (limits_set(str_from(assignment)))
		return true;
	command_complain(command, "--limit %s: `caisson limits` lists the names; a value is a number above 0",
	    assignment);
	return false;
}

static bool
read_loops(const struct command *command, const char *text, unsigned *ret)
{
	int64_t count;

	if (!str_to_int(str_from(text), &count) || count < 1 || count > LOOPS_MAX) {
		command_complain(command, "--loops %s: from 1 to %d", text, LOOPS_MAX);
		return false;
	}
	*ret = (unsigned)count;
	return true;
}

static bool
read_format(const struct command *command, const char *text, struct serve_options *ret)
{
	ret->log_format = text;
	if (strcmp(text, "json") == 0 || strcmp(text, "text") == 0)
		return true;
	command_complain(command, "--log-format %s: json or text", text);
	return false;
}

static bool
read_options(const struct command *command, int argc, char **argv, struct serve_options *ret)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "database", required_argument, NULL, 'd' },
		{ "limit", required_argument, NULL, 'm' },
		{ "loops", required_argument, NULL, 'o' },
		{ "log", required_argument, NULL, 'g' },
		{ "log-format", required_argument, NULL, 'f' },
		{ "dev", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			ret->listen = optarg;
		else if (option == 'd')
			ret->database = optarg;
		else if (option == 'g')
			ret->log = optarg;
		else if (option == 'f' && read_format(command, optarg, ret))
			continue;
		else if (option == 'm' && set_limit(command, optarg))
			continue;
		else if (option == 'o' && read_loops(command, optarg, &ret->loops))
			continue;
		else if (option == 'v')
			/* Whoever works on an app may open as many pages as there may be connections. */
			ret->dev = limits_set(STR("connections_address=1000000"));
		else
			return false;
	}
	if (argc - optind > 1) {
		command_complain(command, "\"%s\" is one word too many", argv[optind + 1]);
		return false;
	}
	return true;
}

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
	struct serve_options options = { .listen = "127.0.0.1:8080", .log = "-" };
	struct running *running;
	int status = EXIT_FAILED;

	options.loops = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (!read_options(command, argc, argv, &options))
		return command_usage(command);
	if (optind < argc && chdir(argv[optind]) != 0) {
		command_complain(command, "%s: %s", argv[optind], strerror(errno));
		return EXIT_FAILED;
	}
	running = memory_new(sizeof(*running));
	running->command = command;
	if (!start_journal(command, &options)) {
		free(running);
		return EXIT_FAILED;
	}
	if (start(running, &options)) {
		run(running);
		if (!store_is_lost(running->server.store))
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
start_store(struct running *running, const struct serve_options *options)
{
	struct server *server = &running->server;
	const struct loaded_app *loaded = &running->first->loaded;
	struct str database = database_of(loaded->app, options->database);

	if (options->dev && !change_tables(running->command, loaded->app, database))
		return false;
	if (!open_store(running->command, loaded->app, database, &server->store))
		return false;
	if (!store_secret(server->store, running->secret)) {
		command_complain(running->command, "the database refuses to keep a secret");
		return false;
	}
	server->secret = (struct str){ running->secret, SECRET_HEX_SIZE };
	return load_seeds(running->command, loaded, server->store);
}

/* By the rules that stand in the folder; what the loops serve belongs to them. */
static void
answer_can(const struct running *running, struct store *store, struct str question, struct buf *answer)
{
	struct app_mistakes mistakes;
	struct version *version;
	struct buf detail;

	app_mistakes_init(&mistakes);
	buf_init(&detail, 64 * 1024);
	version = version_read(&mistakes, &detail);
	if (version != NULL && str_equal(version->loaded.app->shape, running->first->loaded.app->shape))
		can_request_run(store, &version->loaded.rules, question, answer);
	else
		buf_add_c(answer, "{\"error\":\"caisson.yaml has mistakes, or declares other tables than those "
				  "that are served: see caisson check\"}");
	if (version != NULL)
		served_unref(&version->served);
	app_mistakes_release(&mistakes);
	buf_release(&detail);
}

static void
answer_control(void *arg, struct store *store, struct str question, struct buf *answer)
{
	if (str_starts_with(question, STR("{\"command\":\"can\"")))
		answer_can(arg, store, question, answer);
	else
		key_request_run(store, question, answer);
}

static bool
start_control(struct running *running)
{
	enum err err = control_start(&running->control, running->server.store, answer_control, running);

	if (err == ERR_CONFLICT)
		command_complain(running->command, "this app folder is served by another caisson; stop it first");
	else if (err != OK)
		command_complain(running->command, "data/control.sock cannot be made: %s", strerror(errno));
	return err == OK;
}

static bool
start(struct running *running, const struct serve_options *options)
{
	struct server *server = &running->server;

	running->loops_count = options->loops;
	running->dev = options->dev;
	if (!read_folder(running))
		return false;
	name_this_run(server);
	if (!bind_all(running, options->listen) || !start_store(running, options))
		return false;
	return start_control(running);
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

static void
stop_loops(struct running *running)
{
	running->stopping = true;
	atomic_store(&running->server.draining, true);
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
	if (running->dev)
		watch_start(&running->watch, loop, on_change);
}

static void
run_loop(void *arg)
{
	loop_run(&((struct server_loop *)arg)->loop);
}

static void
run(struct running *running)
{
	signal(SIGPIPE, SIG_IGN);
	running->loops = memory_new(running->loops_count * sizeof(*running->loops));
	for (unsigned i = 0; i < running->loops_count; i++) {
		server_loop_init(&running->loops[i], &running->server, &running->first->served, i);
		server_loop_start(&running->loops[i], running->fds[i]);
	}
	watch(running);
	journal_event(JOURNAL_INFO, "start", "caisson %s serves %.*s on http://%s, process %d",
	    CAISSON_VERSION, STR_ARGS(running->first->loaded.app->name), running->address, (int)getpid());
	printf("listening on http://%s\n", running->address);
	fflush(stdout);
	for (unsigned i = 1; i < running->loops_count; i++)
		uv_thread_create(&running->loops[i].loop.thread, run_loop, &running->loops[i]);
	run_loop(&running->loops[0]);
	for (unsigned i = 1; i < running->loops_count; i++)
		uv_thread_join(&running->loops[i].loop.thread);
	for (unsigned i = 0; i < running->loops_count; i++)
		server_loop_release(&running->loops[i]);
}

static void
stop(struct running *running)
{
	control_stop(&running->control);
	store_close(running->server.store);
	if (running->first != NULL)
		served_unref(&running->first->served);
	free(running->loops);
}

const struct command serve_command = {
	.name = "serve",
	.summary = "serve the app of a folder over HTTP",
	.help = "Usage: caisson serve [DIR] [OPTION]...\n"
		"Serve the app in DIR (default: the current folder) until SIGTERM, which lets running\n"
		"requests end.  Prints `listening on http://ADDR:PORT` when it accepts requests; its data\n"
		"lies in DIR/data.\n\n"
		"  --listen ADDR:PORT   default 127.0.0.1:8080; port 0 picks one\n"
		"  --database URL       instead of `database:` in caisson.yaml (or set CAISSON_DATABASE)\n"
		"  --loops N            threads that serve; default: one for each core\n"
		"  --limit NAME=VALUE   set a limit; `caisson limits` lists them\n"
		"  --log FILE           write the log there; - is standard error (default), off is none\n"
		"  --log-format FORMAT  json or text; default: text on a terminal, else json\n"
		"  --dev                for work on an app: reads it again when it changes, changes the tables\n"
		"                       after it where nothing is lost, counts no addresses\n\n"
		"Examples:\n"
		"  caisson serve examples/handbook\n"
		"  caisson serve --listen 0.0.0.0:80 --limit body_size=65536\n"
		"  caisson serve --database postgres://app@db1/handbook\n",
	.run = run_serve,
};
