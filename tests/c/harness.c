/* The harness: see harness.h. */

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

/* Long enough for valgrind on a busy machine; nothing waits that long. */
#define DEADLINE_MS 90000

static const char *current = "start";

void
check_failed(const char *file, int line, const char *what, const char *got)
{
	fprintf(stderr, "%s:%d: in %s: %s failed%s%s\n", file, line, current,
	    what, got != NULL ? ": " : "", got != NULL ? got : "");
	exit(1);
}

void
check_int(const char *file, int line, const char *what, int64_t a, int64_t b)
{
	char	got[128];

	if (a == b)
		return;
	snprintf(got, sizeof got, "%lld, not %lld", (long long)a, (long long)b);
	check_failed(file, line, what, got);
}

void
check_str(const char *file, int line, const char *what, const char *a,
    const char *b)
{
	if (a == NULL || strcmp(a, b) != 0)
		check_failed(file, line, what, a != NULL ? a : "(null)");
}

void
check_has(const char *file, int line, const char *what, const char *a,
    const char *b)
{
	if (a == NULL || strstr(a, b) == NULL)
		check_failed(file, line, what, a != NULL ? a : "(null)");
}

int
run_tests(const struct test *tests, size_t ntests)
{
	size_t	i;

	/* As tmux does; a server that goes away must not end the host. */
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < ntests; i++) {
		current = tests[i].name;
		tests[i].run();
		printf("ok %s\n", current);
		fflush(stdout);
	}
	return (0);
}

int64_t
now_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static void
rig_log(void *arg, uint32_t level, const char *message)
{
	struct rig	*rig = arg;
	int		 n;

	CHECK(level <= TMCP_LOG_LEVEL_DEBUG);
	CHECK(strchr(message, '\n') == NULL);
	if (rig->loglen + strlen(message) + 8 > sizeof rig->log)
		return;
	n = snprintf(rig->log + rig->loglen, sizeof rig->log - rig->loglen,
	    "%u %s\n", level, message);
	rig->loglen += n;
}

void
write_config(const struct rig *rig, const char *json)
{
	FILE	*f;

	if ((f = fopen(rig->config, "w")) == NULL)
		check_failed(__FILE__, __LINE__, rig->config, strerror(errno));
	CHECK(fputs(json, f) >= 0);
	CHECK(fclose(f) == 0);
}

/* The overlay of clients that are started from now on. */
const char	*rig_overlay;

/* A configuration with one server, "main", started with these arguments. */
const char *
one_server(const char *args)
{
	static char	 json[2048];
	const char	*server = getenv("TMCP_TEST_SERVER");

	CHECK(server != NULL);
	snprintf(json, sizeof json, "{\"mcpServers\": {\"main\": "
	    "{\"command\": \"%s\", \"args\": [%s], \"era\": \"legacy\"}}}",
	    server, args);
	return (json);
}

void
rig_start(struct rig *rig, const char *json)
{
	struct tmcp_options	 options;
	const char		*dir = getenv("TMCP_TEST_DIR");
	static unsigned		 n;
	char			 why[256];

	CHECK(dir != NULL);
	memset(rig, 0, sizeof *rig);
	snprintf(rig->config, sizeof rig->config, "%s/config.%ld.%u.json", dir,
	    (long)getpid(), n++);
	write_config(rig, json);

	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.config_path = rig->config;
	options.overlay_path = "/nonexistent/mcp.json";
	if (rig_overlay != NULL)
		options.overlay_path = rig_overlay;
	options.state_path = "";
	options.client_name = "tmcp C tests";
	options.client_version = tmcp_version();
	options.log = rig_log;
	options.log_arg = rig;
	options.log_level = TMCP_LOG_LEVEL_DEBUG;
	if (tmcp_client_new(&options, &rig->client) != TMCP_RESULT_OK) {
		tmcp_client_error(NULL, why, sizeof why);
		check_failed(__FILE__, __LINE__, "tmcp_client_new", why);
	}
	CHECK(tmcp_client_fd(rig->client) >= 0);
}

void
rig_stop(struct rig *rig)
{
	tmcp_client_free(rig->client);
	rig->client = NULL;
	unlink(rig->config);
	/* Servers end on their own: this waits for the last of them. */
	alarm(DEADLINE_MS / 1000);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	alarm(0);
}

/* One turn of the host's loop, waiting at most max milliseconds. */
int
rig_turn(struct rig *rig, int max)
{
	struct pollfd	pfd;
	int		timeout, n, status;
	pid_t		pid;

	timeout = tmcp_client_timeout_ms(rig->client);
	if (timeout < 0 || timeout > max)
		timeout = max;
	pfd.fd = tmcp_client_fd(rig->client);
	pfd.events = POLLIN;
	n = poll(&pfd, 1, timeout);
	CHECK(n >= 0 || errno == EINTR);
	if (rig->reap) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			n = tmcp_client_child_exited(rig->client, pid, status);
			CHECK(n == 0 || n == 1);
			if (n == 1)
				rig->reaped++;
			else
				rig->strangers++;
		}
	}
	n = tmcp_client_dispatch(rig->client, 0);
	CHECK(n == 0 || n == 1);
	return (n);
}

/*
 * Drives until an event of this type comes, about this request if id is not 0.
 * Other events are counted and freed.
 */
struct tmcp_event *
rig_wait(struct rig *rig, uint32_t type, uint64_t id)
{
	struct tmcp_event	*event;
	int64_t			 end = now_ms() + DEADLINE_MS;
	int			 more = 1;
	uint32_t		 t;

	for (;;) {
		while ((event = tmcp_client_next_event(rig->client)) != NULL) {
			t = tmcp_event_type(event);
			CHECK(t >= TMCP_EVENT_TYPE_DONE &&
			    t <= TMCP_EVENT_TYPE_QUESTION_GONE);
			if (rig->forbidden != 0)
				CHECK(tmcp_event_id(event) != rig->forbidden);
			rig->seen[t]++;
			if (!rig->unread)
				snprintf(rig->last_text[t],
				    sizeof rig->last_text[t], "%s",
				    tmcp_event_text(event, NULL));
			if (t == type && (id == 0 || tmcp_event_id(event) == id))
				return (event);
			tmcp_event_free(event);
		}
		if (now_ms() > end)
			check_failed(__FILE__, __LINE__, "event in time",
			    rig->log);
		more = rig_turn(rig, more ? 0 : 1000);
	}
}

/* Calls a tool and waits for its end; a refused call fails the test. */
struct tmcp_event *
rig_call(struct rig *rig, const char *server, const char *tool,
    const char *json, uint32_t timeout_ms, void *user_data)
{
	struct tmcp_call	 call;
	uint64_t		 id = 0;
	char			 why[256];

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = server;
	call.tool = tool;
	call.json = json;
	call.timeout_ms = timeout_ms;
	call.user_data = user_data;
	if (tmcp_client_call(rig->client, &call, &id) != TMCP_RESULT_OK) {
		tmcp_client_error(rig->client, why, sizeof why);
		check_failed(__FILE__, __LINE__, tool, why);
	}
	CHECK(id != 0);
	return (rig_wait(rig, TMCP_EVENT_TYPE_DONE, id));
}

struct tmcp_event *
rig_ready(struct rig *rig)
{
	uint64_t	id = 0;

	CHECK_INT(tmcp_client_wait_ready(rig->client, rig, &id),
	    TMCP_RESULT_OK);
	return (rig_wait(rig, TMCP_EVENT_TYPE_DONE, id));
}

void
rig_error_has(struct rig *rig, const char *words)
{
	char	buf[512];

	tmcp_client_error(rig->client, buf, sizeof buf);
	CHECK_HAS(buf, words);
}
