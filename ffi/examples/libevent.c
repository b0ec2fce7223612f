/*
 * Lists a server's tools and calls one of them, side by side, from a libevent
 * loop that belongs to the program.
 *
 *     cc libevent.c $(pkg-config --cflags --libs libevent tmcp) -o libevent
 *     ./libevent SERVER TOOL ['{"argument": "value"}']
 *
 * The server is one of those in ~/.claude.json.
 */

#include <sys/time.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <tmcp.h>

struct host {
	struct event_base	*base;
	struct event		*readable;	/* the client's descriptor */
	struct event		*timer;		/* the client's timeout */
	struct tmcp_client	*client;
	int			 pending;
	int			 failed;
};

static void
fail(struct tmcp_client *client)
{
	char	why[256];

	tmcp_client_error(client, why, sizeof why);
	fprintf(stderr, "libevent: %s\n", why);
	exit(1);
}

/* Sets the timer to what the client asks for. Needed after every call on it. */
static void
arm(struct host *host, int more)
{
	int		ms = more ? 0 : tmcp_client_timeout_ms(host->client);
	struct timeval	tv;

	if (ms < 0) {
		event_del(host->timer);
		return;
	}
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	event_add(host->timer, &tv);
}

static void
ended(struct host *host, struct tmcp_event *event)
{
	const char	*what = tmcp_event_user_data(event);

	if (tmcp_event_result(event) != TMCP_RESULT_OK)
		host->failed = 1;
	printf("%s: %s\n", what, tmcp_event_text(event, NULL));
	if (--host->pending == 0)
		event_base_loopbreak(host->base);
}

/* The descriptor is readable or the time has come. */
static void
turn(evutil_socket_t fd, short events, void *arg)
{
	struct host		*host = arg;
	struct tmcp_event	*event;
	int			 more;

	(void)fd;
	(void)events;
	if ((more = tmcp_client_dispatch(host->client, 0)) < 0)
		fail(host->client);
	while ((event = tmcp_client_next_event(host->client)) != NULL) {
		if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE)
			ended(host, event);
		tmcp_event_free(event);
	}
	arm(host, more);
}

int
main(int argc, char **argv)
{
	struct host		host;
	struct tmcp_call	call;

	if (argc < 3) {
		fprintf(stderr, "usage: libevent server tool [json]\n");
		return (2);
	}
	signal(SIGPIPE, SIG_IGN);
	memset(&host, 0, sizeof host);
	if (tmcp_client_new(NULL, &host.client) != TMCP_RESULT_OK)
		fail(NULL);
	host.base = event_base_new();
	host.readable = event_new(host.base, tmcp_client_fd(host.client),
	    EV_READ|EV_PERSIST, turn, &host);
	host.timer = event_new(host.base, -1, 0, turn, &host);
	event_add(host.readable, NULL);

	if (tmcp_client_list_tools(host.client, argv[1], 0, "tools", NULL) < 0)
		fail(host.client);
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = argv[1];
	call.tool = argv[2];
	call.json = argc > 3 ? argv[3] : NULL;
	call.user_data = argv[2];
	if (tmcp_client_call(host.client, &call, NULL) < 0)
		fail(host.client);
	host.pending = 2;

	arm(&host, 0);
	event_base_dispatch(host.base);

	event_free(host.timer);
	event_free(host.readable);
	event_base_free(host.base);
	tmcp_client_free(host.client);
	return (host.failed);
}
