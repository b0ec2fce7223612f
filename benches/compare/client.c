/*
 * The clients of benches/compare.rs that are written in C: bare epoll, and tmcp
 * through its header.
 *
 *     client SOCKET LARGE_SOCKET CONFIG PROGRAM
 *
 * Each line of input is one measurement: CLIENT ROUTE DEPTH CALLS. Each line of
 * output has its median, its 95th and 99th percentile in nanoseconds, and its
 * calls a second.
 *
 *     raw     epoll_wait, read, write
 *     nested  the same in an epoll that lies in the epoll of a host
 *     json    tmcp, the answer left as JSON
 *     text    tmcp, tmcp_event_text taken
 *     alone   tmcp_event_text alone
 *     first   tmcp, the first call of a client that has read its configuration
 *     new     the same, and making the client and reading the configuration
 */

#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tmcp.h>

#define REQUEST	1024
#define DEPTH	64
#define SCRATCH	(64 << 10)
/* Answers whose texts are taken one after the other. */
#define BLOCK	16

#define HEAD	"{\"jsonrpc\":\"2.0\",\"id\":10000,\"method\":\"tools/call\"," \
		"\"params\":{\"name\":\"bench\",\"arguments\":{\"text\":\""
#define TAIL	"\"},\"_meta\":{\"progressToken\":10000}}}\n"

/* A connection without a protocol. */
struct raw {
	int	reader;
	int	writer;
	int	epoll;
	int	host;
};

/* A client and the loop of its host. */
struct loop {
	struct tmcp_client	*client;
	int			 epoll;
	int			 more;
};

static const char	*socket_path, *large_path, *config_path, *program_path;
static char		 arguments[REQUEST], line[REQUEST + 1];
static uint64_t		*samples;
static size_t		 sample_count;

static uint64_t
now(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec);
}

static int
compare(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y ? -1 : x > y);
}

static void
report(uint64_t start)
{
	double		took = now() - start;
	size_t		n = sample_count;

	qsort(samples, n, sizeof *samples, compare);
	printf("%llu %llu %llu %.0f\n", (unsigned long long)samples[n / 2],
	    (unsigned long long)samples[n * 95 / 100],
	    (unsigned long long)samples[n * 99 / 100], n * 1e9 / took);
	fflush(stdout);
}

static int
new_epoll(int fd)
{
	struct epoll_event	ev = { .events = EPOLLIN };
	int			epoll;

	if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
		err(1, "epoll_create1");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		err(1, "epoll_ctl");
	return (epoll);
}

static int
raw_connect(const char *path)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd;

	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0)
		err(1, "%s", path);
	return (fd);
}

static void
raw_spawn(struct raw *raw)
{
	int	in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe2");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(program_path, program_path, "--echo-stdio", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	raw->writer = in[1];
	raw->reader = out[0];
}

static void
raw_open(struct raw *raw, const char *route)
{
	if (strcmp(route, "stdio") == 0)
		raw_spawn(raw);
	else {
		raw->reader = raw_connect(strcmp(route, "large") == 0 ?
		    large_path : socket_path);
		raw->writer = raw->reader;
	}
	fcntl(raw->reader, F_SETFL, O_NONBLOCK);
	fcntl(raw->writer, F_SETFL, O_NONBLOCK);
	raw->epoll = new_epoll(raw->reader);
	raw->host = new_epoll(raw->epoll);
}

/* The connection of a route, opened when it is first used. */
static struct raw *
raw_of(const char *route)
{
	static struct raw	 all[3];
	struct raw		*raw = all + (route[0] == 's' ? 1 : route[0] == 'l' ? 2 : 0);

	if (raw->epoll == 0)
		raw_open(raw, route);
	return (raw);
}

static void
raw_run(struct raw *raw, int is_nested, size_t depth, size_t calls)
{
	static char		 block[DEPTH * REQUEST], scratch[SCRATCH];
	struct epoll_event	 ev;
	uint64_t		 starts[DEPTH], start = now(), end;
	size_t			 asked = depth, unsent = depth * REQUEST, i;
	char			*at;
	ssize_t			 n;

	for (i = 0; i < depth; i++) {
		memcpy(block + i * REQUEST, line, REQUEST);
		starts[i] = start;
	}
	while (sample_count < calls) {
		while (unsent > 0) {
			n = write(raw->writer, block + depth * REQUEST - unsent, unsent);
			if (n < 0 && errno == EAGAIN)
				break;
			if (n < 0)
				err(1, "write");
			unsent -= n;
		}
		if (is_nested) {
			epoll_wait(raw->host, &ev, 1, 1000);
			epoll_wait(raw->epoll, &ev, 1, 0);
		} else
			epoll_wait(raw->epoll, &ev, 1, -1);
		n = read(raw->reader, scratch, sizeof scratch);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			errx(1, "the server is gone");
		end = now();
		for (at = scratch; (at = memchr(at, '\n', scratch + n - at)) != NULL; at++) {
			samples[sample_count] = end - starts[sample_count % depth];
			starts[sample_count++ % depth] = end;
			if (asked < calls) {
				asked++;
				unsent += REQUEST;
			}
		}
	}
	report(start);
}

static void
fail(struct loop *loop)
{
	char	why[256];

	tmcp_client_error(loop->client, why, sizeof why);
	errx(1, "%s", why);
}

static void
loop_open(struct loop *loop)
{
	struct tmcp_options	options;

	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.config_path = config_path;
	options.state_path = "";
	loop->more = 0;
	if (tmcp_client_new(&options, &loop->client) != TMCP_RESULT_OK)
		errx(1, "tmcp_client_new");
	loop->epoll = new_epoll(tmcp_client_fd(loop->client));
}

static void
loop_close(struct loop *loop)
{
	tmcp_client_free(loop->client);
	close(loop->epoll);
}

/* Waits and dispatches, as libevent has tmux do. */
static void
turn(struct loop *loop)
{
	struct epoll_event	ev;

	epoll_wait(loop->epoll, &ev, 1,
	    loop->more ? 0 : tmcp_client_timeout_ms(loop->client));
	if ((loop->more = tmcp_client_dispatch(loop->client, 0)) < 0)
		fail(loop);
}

/* Turns until a request has ended. */
static struct tmcp_event *
wait_done(struct loop *loop)
{
	struct tmcp_event	*event;

	for (;;) {
		while ((event = tmcp_client_next_event(loop->client)) != NULL) {
			if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE) {
				if (tmcp_event_result(event) != TMCP_RESULT_OK)
					errx(1, "%s", tmcp_event_text(event, NULL));
				return (event);
			}
			tmcp_event_free(event);
		}
		turn(loop);
	}
}

static void
loop_ready(struct loop *loop)
{
	uint64_t	id;

	if (tmcp_client_wait_ready(loop->client, NULL, &id) < 0)
		fail(loop);
	tmcp_event_free(wait_done(loop));
}

static void
begin(struct loop *loop, const char *route, size_t slot)
{
	struct tmcp_call	call;
	uint64_t		id;

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = route;
	call.tool = "bench";
	call.json = arguments;
	call.user_data = (void *)slot;
	if (tmcp_client_call(loop->client, &call, &id) < 0)
		fail(loop);
}

/* Reads an answer as its user would; a byte of it, so that it is made. */
static void
take(struct tmcp_event *event, int is_text)
{
	static volatile char	last;
	const char		*text;
	size_t			 len;

	if (is_text)
		text = tmcp_event_text(event, &len);
	else
		text = tmcp_event_json(event, &len);
	if (len < 1024)
		errx(1, "the answer is short: %s", text);
	last = text[len - 1];
	(void)last;
}

static void
loop_run(struct loop *loop, const char *route, int is_text, size_t depth, size_t calls)
{
	struct tmcp_event	*event;
	uint64_t		 starts[DEPTH], start = now(), end;
	size_t			 asked, slot;

	for (asked = 0; asked < depth && asked < calls; asked++) {
		starts[asked] = now();
		begin(loop, route, asked);
	}
	while (sample_count < calls) {
		turn(loop);
		while ((event = tmcp_client_next_event(loop->client)) != NULL) {
			if (tmcp_event_type(event) != TMCP_EVENT_TYPE_DONE) {
				tmcp_event_free(event);
				continue;
			}
			if (tmcp_event_result(event) != TMCP_RESULT_OK)
				errx(1, "%s", tmcp_event_text(event, NULL));
			slot = (size_t)tmcp_event_user_data(event);
			take(event, is_text);
			tmcp_event_free(event);
			end = now();
			samples[sample_count++] = end - starts[slot];
			starts[slot] = end;
			if (asked < calls) {
				asked++;
				begin(loop, route, slot);
			}
		}
	}
	report(start);
}

static void
alone_run(struct loop *loop, const char *route, size_t calls)
{
	struct tmcp_event	*events[BLOCK];
	uint64_t		 start = now(), before;
	size_t			 i;

	while (sample_count < calls) {
		for (i = 0; i < BLOCK; i++) {
			begin(loop, route, 0);
			events[i] = wait_done(loop);
		}
		before = now();
		for (i = 0; i < BLOCK; i++)
			take(events[i], 1);
		samples[sample_count++] = (now() - before) / BLOCK;
		for (i = 0; i < BLOCK; i++)
			tmcp_event_free(events[i]);
	}
	report(start);
}

static void
first_run(const char *route, int is_new, size_t calls)
{
	/*
	 * The kernel takes milliseconds to close an inotify descriptor, so clients
	 * are ended when enough of them were measured.
	 */
	struct loop		 loops[BLOCK], *loop;
	struct tmcp_event	*event;
	uint64_t		 start = now(), before;
	size_t			 i = 0;

	while (sample_count < calls) {
		loop = loops + i++;
		before = now();
		loop_open(loop);
		loop_ready(loop);
		if (!is_new)
			before = now();
		begin(loop, route, 0);
		event = wait_done(loop);
		take(event, 1);
		samples[sample_count++] = now() - before;
		tmcp_event_free(event);
		if (i == BLOCK || sample_count == calls) {
			while (i > 0)
				loop_close(loops + --i);
		}
	}
	report(start);
}

int
main(int argc, char **argv)
{
	struct loop	loop;
	char		command[256], client[16], route[16];
	size_t		depth, calls, room = REQUEST - strlen(HEAD TAIL);

	if (argc != 5)
		errx(2, "usage: client socket large-socket config program");
	socket_path = argv[1];
	large_path = argv[2];
	config_path = argv[3];
	program_path = argv[4];
	signal(SIGPIPE, SIG_IGN);

	strcpy(line, HEAD);
	memset(line + strlen(HEAD), 'y', room);
	strcpy(line + strlen(HEAD) + room, TAIL);
	snprintf(arguments, sizeof arguments, "{\"text\":\"%.*s\"}", (int)room,
	    line + strlen(HEAD));

	loop_open(&loop);
	loop_ready(&loop);
	while (fgets(command, sizeof command, stdin) != NULL) {
		if (sscanf(command, "%15s %15s %zu %zu", client, route, &depth, &calls) != 4 ||
		    depth < 1 || depth > DEPTH)
			errx(2, "bad command: %s", command);
		samples = reallocarray(samples, calls + DEPTH, sizeof *samples);
		if (samples == NULL)
			err(1, NULL);
		sample_count = 0;
		if (strcmp(client, "raw") == 0 || strcmp(client, "nested") == 0)
			raw_run(raw_of(route), client[0] == 'n', depth, calls);
		else if (strcmp(client, "json") == 0 || strcmp(client, "text") == 0)
			loop_run(&loop, route, client[0] == 't', depth, calls);
		else if (strcmp(client, "alone") == 0)
			alone_run(&loop, route, calls);
		else if (strcmp(client, "first") == 0 || strcmp(client, "new") == 0)
			first_run(route, client[0] == 'n', calls);
		else
			errx(2, "no such client: %s", client);
	}
	loop_close(&loop);
	return (0);
}
