/*
 * Lists a server's tools, then calls one of them, in a loop around poll(2).
 *
 *     cc poll.c $(pkg-config --cflags --libs tmcp) -o poll
 *     ./poll SERVER TOOL ['{"argument": "value"}']
 *
 * The server is one of those in ~/.claude.json.
 */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tmcp.h>

static void
fail(struct tmcp_client *client)
{
	char	why[256];

	tmcp_client_error(client, why, sizeof why);
	fprintf(stderr, "poll: %s\n", why);
	exit(1);
}

/* Drives the client until this request has ended; returns that event. */
static struct tmcp_event *
wait_for(struct tmcp_client *client, uint64_t id)
{
	struct tmcp_event	*event;
	struct pollfd		 pfd;
	int			 more = 0;

	for (;;) {
		while ((event = tmcp_client_next_event(client)) != NULL) {
			if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE &&
			    tmcp_event_id(event) == id)
				return (event);
			tmcp_event_free(event);
		}
		pfd.fd = tmcp_client_fd(client);
		pfd.events = POLLIN;
		poll(&pfd, 1, more ? 0 : tmcp_client_timeout_ms(client));
		if ((more = tmcp_client_dispatch(client, 0)) < 0)
			fail(client);
	}
}

/* Prints how a request ended; returns 0 if it went well. */
static int
report(struct tmcp_event *event)
{
	int	failed = tmcp_event_result(event) != TMCP_RESULT_OK;

	fprintf(failed ? stderr : stdout, "%s\n", tmcp_event_text(event, NULL));
	tmcp_event_free(event);
	return (failed);
}

int
main(int argc, char **argv)
{
	struct tmcp_client	*client;
	struct tmcp_call	 call;
	uint64_t		 id;
	int			 failed;

	if (argc < 3) {
		fprintf(stderr, "usage: poll server tool [json]\n");
		return (2);
	}
	signal(SIGPIPE, SIG_IGN);
	if (tmcp_client_new(NULL, &client) != TMCP_RESULT_OK)
		fail(NULL);

	if (tmcp_client_list_tools(client, argv[1], 0, NULL, &id) < 0)
		fail(client);
	failed = report(wait_for(client, id));

	if (!failed) {
		memset(&call, 0, sizeof call);
		call.size = sizeof call;
		call.server = argv[1];
		call.tool = argv[2];
		call.json = argc > 3 ? argv[3] : NULL;
		if (tmcp_client_call(client, &call, &id) < 0)
			fail(client);
		failed = report(wait_for(client, id));
	}
	tmcp_client_free(client);
	return (failed);
}
