/*
 * A load generator: N keep-alive connections, at most one request out on
 * each, sent by one thread over epoll.  In a closed loop, the next request of
 * a connection follows its answer.  In an open one (--rate) requests are due
 * at fixed times, whatever the server does; one that finds no connection free
 * waits, and its latency begins when it was due.
 *
 *	load [OPTIONS] METHOD PORT TARGET
 *
 * TARGET and the body are templates: {{n}} is a number that no other request
 * of the run has, {{NAME}} a random line of the file given by --pick NAME=FILE.
 *
 *	load GET 8080 '/v1/questions/{{id}}' --pick id=ids
 *	load GET 8080 '{{url}}' --pick url=urls --key KEY
 *	load POST 8080 /v1/questions --body question.json --pick topic=topics
 *	load GET 8080 /v1/questions --rate 10000
 *
 * Only a 2xx is done; every other status is counted apart, and the first
 * answer of that kind is shown on standard error.  What comes in the warm-up
 * is not counted.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, CONNECTIONS_MAX = 10000, DRAIN_SECONDS = 10 };

static struct options options = {
	.connections = 64, .seconds = 5, .warmup_seconds = 1, .unique_from = 1
};

static void read_options(int argc, char **argv);
static void connect_all(int epoll, struct client *clients);
static void connect_client(int epoll, struct client *client);
static void run_until(int epoll, int64_t end_ns);
static double run_closed(int epoll);
static double run_open(int epoll);
static void receive(int epoll, struct client *client);
static void finish(struct client *client);
static void send_request(struct client *client, int64_t due_ns);
static void reconnect(int epoll, struct client *client);

static struct templates templates;
static struct tally tally;
static struct client **idle; /* those without a request, the last one used on top */
static int idle_count;
static int64_t counted_from_ns; /* in an open loop, requests due before are warm-up */

int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void
die(const char *what)
{
	perror(what);
	exit(1);
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	templates_read(&templates, &options);
	struct client *clients = calloc((size_t)options.connections, sizeof *clients);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	idle = calloc((size_t)options.connections, sizeof *idle);
	if (clients == NULL || idle == NULL || epoll < 0)
		die("load");
	connect_all(epoll, clients);

	double seconds = options.rate > 0 ? run_open(epoll) : run_closed(epoll);
	tally_print(&tally, seconds, options.json);
	return tally.done > 0 ? 0 : 1;
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: load [-c CONNECTIONS] [-t SECONDS] [-w WARMUP_SECONDS] [--key KEY]\n"
	    "            [--header LINE] [--body FILE] [--pick NAME=FILE]... [--from N] [--rate N] "
	    "[--json]\n"
	    "            METHOD PORT TARGET\n");
	exit(2);
}

static void
read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "connections", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 't' },
		{ "warmup", required_argument, NULL, 'w' },
		{ "key", required_argument, NULL, 'k' },
		{ "header", required_argument, NULL, 'h' },
		{ "body", required_argument, NULL, 'b' },
		{ "pick", required_argument, NULL, 'p' },
		{ "from", required_argument, NULL, 'f' },
		{ "rate", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:t:w:", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			options.connections = atoi(optarg);
			break;
		case 't':
			options.seconds = atof(optarg);
			break;
		case 'w':
			options.warmup_seconds = atof(optarg);
			break;
		case 'k':
			options.key = optarg;
			break;
		case 'h':
			options.header = optarg;
			break;
		case 'b':
			options.body_path = optarg;
			break;
		case 'p':
			if (options.picks_count == PICKS_MAX || strchr(optarg, '=') == NULL)
				usage();
			options.picks[options.picks_count++] = optarg;
			break;
		case 'f':
			options.unique_from = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			options.rate = atof(optarg);
			break;
		case 'j':
			options.json = true;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 3 || options.connections < 1 || options.connections > CONNECTIONS_MAX)
		usage();
	options.method = argv[optind];
	options.port = (uint16_t)atoi(argv[optind + 1]);
	options.target = argv[optind + 2];
}

static void
rest(struct client *client)
{
	client->is_idle = true;
	idle[idle_count++] = client;
}

/* In a closed loop the next request follows at once. */
static void
go_on(struct client *client)
{
	if (options.rate > 0)
		rest(client);
	else
		send_request(client, now_ns());
}

static void
connect_all(int epoll, struct client *clients)
{
	for (int i = 0; i < options.connections; i++) {
		clients[i].in = malloc(ANSWER_SIZE_MAX);
		if (clients[i].in == NULL)
			die("load");
		connect_client(epoll, &clients[i]);
		rest(&clients[i]);
	}
}

static void
connect_client(int epoll, struct client *client)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(options.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
		die("connect");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = client };
	epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &wanted);
}

static void
take_answers(int epoll, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(epoll, events, EVENTS_MAX, timeout_ms);

	for (int i = 0; i < count; i++)
		receive(epoll, events[i].data.ptr);
}

static void
run_until(int epoll, int64_t end_ns)
{
	while (now_ns() < end_ns)
		take_answers(epoll, 100);
}

/* Returns how many seconds were counted. */
static double
run_closed(int epoll)
{
	int64_t start_ns = now_ns();

	while (idle_count > 0)
		send_request(idle[--idle_count], now_ns());
	run_until(epoll, start_ns + (int64_t)(options.warmup_seconds * 1e9));
	tally_clear(&tally);
	start_ns = now_ns();
	run_until(epoll, start_ns + (int64_t)(options.seconds * 1e9));
	return (double)(now_ns() - start_ns) / 1e9;
}

/*
 * It looks for answers without a pause: a timer that is late by 50 us would
 * be in every latency.  What is due by the end is waited for and counted.
 */
static double
run_open(int epoll)
{
	double interval_ns = 1e9 / options.rate;
	int64_t start_ns = now_ns(), due_count = 0, due_ns = start_ns;
	int64_t end_ns;

	counted_from_ns = start_ns + (int64_t)(options.warmup_seconds * 1e9);
	end_ns = counted_from_ns + (int64_t)(options.seconds * 1e9);
	while (due_ns < end_ns || idle_count < options.connections) {
		while (due_ns < end_ns && due_ns <= now_ns() && idle_count > 0) {
			send_request(idle[--idle_count], due_ns);
			due_ns = start_ns + (int64_t)((double)++due_count * interval_ns);
		}
		if (now_ns() > end_ns + DRAIN_SECONDS * INT64_C(1000000000))
			break;
		take_answers(epoll, 0);
	}
	/* Those that are out, and those that never were. */
	tally.unanswered =
	    (uint64_t)(options.connections - idle_count) +
	    (due_ns < end_ns ? (uint64_t)((double)(end_ns - due_ns) / interval_ns) : 0);
	return options.seconds;
}

static void
receive(int epoll, struct client *client)
{
	ssize_t size = recv(client->fd, client->in + client->in_size,
	    ANSWER_SIZE_MAX - client->in_size, MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		tally.broken++;
		reconnect(epoll, client);
		return;
	}
	client->in_size += (size_t)size;
	switch (answer_read(&client->answer, client->in, client->in_size)) {
	case ANSWER_MORE:
		if (client->in_size < ANSWER_SIZE_MAX)
			return;
		/* fallthrough */
	case ANSWER_BAD:
		tally.broken++;
		reconnect(epoll, client);
		return;
	case ANSWER_WHOLE:
		finish(client);
		if (client->answer.close)
			reconnect(epoll, client);
		else
			go_on(client);
	}
}

static void
finish(struct client *client)
{
	int status = client->answer.status;

	tally.all++;
	if (client->sent_ns < counted_from_ns)
		return;
	if (status < 200 || status > 299) {
		if (tally.statuses[status] == 0)
			fprintf(stderr, "load: an answer with %d:\n%.*s\n", status,
			    (int)(client->in_size < 2000 ? client->in_size : 2000), client->in);
		tally.statuses[status]++;
		return;
	}
	tally_add(&tally, now_ns() - client->sent_ns);
}

static void
send_request(struct client *client, int64_t due_ns)
{
	static char request[REQUEST_SIZE_MAX];
	size_t size = templates_write(&templates, &options, request);

	client->in_size = 0;
	client->answer = (struct answer){ 0 };
	client->is_idle = false;
	client->sent_ns = due_ns;
	/* One request is out at a time, so an empty socket takes it whole. */
	ssize_t sent = send(client->fd, request, size, MSG_NOSIGNAL);
	if (sent >= 0 && (size_t)sent != size)
		die("send");
}

static void
reconnect(int epoll, struct client *client)
{
	close(client->fd);
	tally.reconnects++;
	connect_client(epoll, client);
	if (!client->is_idle)
		go_on(client);
}
