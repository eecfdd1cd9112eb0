/*
 * A load generator: N keep-alive connections in a closed loop, one request
 * out on each, sent by one thread over epoll.
 *
 *	load [OPTIONS] METHOD PORT TARGET
 *
 * TARGET and the body are templates: {{n}} is a number that no other request
 * of the run has, {{NAME}} a random line of the file given by --pick NAME=FILE.
 *
 *	load GET 8080 '/v1/questions/{{id}}' --pick id=ids
 *	load GET 8080 '{{url}}' --pick url=urls --key KEY
 *	load POST 8080 /v1/questions --body question.json --pick topic=topics
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

enum { EVENTS_MAX = 256, CONNECTIONS_MAX = 10000 };

static struct options options = {
	.connections = 64, .seconds = 5, .warmup_seconds = 1, .unique_from = 1
};

static void read_options(int argc, char **argv);
static void connect_all(int epoll, struct client *clients);
static void connect_client(int epoll, struct client *client);
static void run_until(int epoll, int64_t end_ns);
static void receive(int epoll, struct client *client);
static void finish(struct client *client);
static void send_request(struct client *client);
static void reconnect(int epoll, struct client *client);

static struct templates templates;
static struct tally tally;

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
	if (clients == NULL || epoll < 0)
		die("load");
	connect_all(epoll, clients);

	int64_t start_ns = now_ns();
	run_until(epoll, start_ns + (int64_t)(options.warmup_seconds * 1e9));
	tally_clear(&tally);
	start_ns = now_ns();
	run_until(epoll, start_ns + (int64_t)(options.seconds * 1e9));
	tally_print(&tally, (double)(now_ns() - start_ns) / 1e9, options.json);
	return tally.done > 0 ? 0 : 1;
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: load [-c CONNECTIONS] [-t SECONDS] [-w WARMUP_SECONDS] [--key KEY]\n"
	    "            [--header LINE] [--body FILE] [--pick NAME=FILE]... [--from N] [--json]\n"
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
connect_all(int epoll, struct client *clients)
{
	for (int i = 0; i < options.connections; i++) {
		clients[i].in = malloc(ANSWER_SIZE_MAX);
		if (clients[i].in == NULL)
			die("load");
		connect_client(epoll, &clients[i]);
	}
	for (int i = 0; i < options.connections; i++)
		send_request(&clients[i]);
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
run_until(int epoll, int64_t end_ns)
{
	struct epoll_event events[EVENTS_MAX];

	while (now_ns() < end_ns) {
		int count = epoll_wait(epoll, events, EVENTS_MAX, 100);
		for (int i = 0; i < count; i++)
			receive(epoll, events[i].data.ptr);
	}
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
			send_request(client);
	}
}

static void
finish(struct client *client)
{
	int status = client->answer.status;

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
send_request(struct client *client)
{
	static char request[REQUEST_SIZE_MAX];
	size_t size = templates_write(&templates, &options, request);

	client->in_size = 0;
	client->answer = (struct answer){ 0 };
	client->sent_ns = now_ns();
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
	send_request(client);
}
