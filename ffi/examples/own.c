/*
 * Calls a tool of a server that stands in no file: the program brings its own
 * configuration and reads none of the user's.
 *
 *     cc own.c $(pkg-config --cflags --libs tmcp) -o own
 *     ./own COMMAND TOOL ['{"argument": "value"}']
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
	fprintf(stderr, "own: %s\n", why);
	exit(1);
}

/* The entry of the server, as it would stand in a file. */
static void
add_server(struct tmcp_client *client, const char *command)
{
	char	json[1024];

	if (strpbrk(command, "\"\\") != NULL ||
	    snprintf(json, sizeof json, "{\"command\": \"%s\", "
	    "\"timeout\": 10000}", command) >= (int)sizeof json) {
		fprintf(stderr, "own: unusable command\n");
		exit(1);
	}
	if (tmcp_client_add_server(client, "mine", json) != TMCP_RESULT_OK)
		fail(client);
}

int
main(int argc, char **argv)
{
	struct tmcp_options	 options;
	struct tmcp_client	*client;
	struct tmcp_call	 call;
	struct tmcp_event	*event;
	struct pollfd		 pfd;
	uint64_t		 id;
	int			 more = 0, failed = -1;

	if (argc < 3) {
		fprintf(stderr, "usage: own command tool [json]\n");
		return (2);
	}
	signal(SIGPIPE, SIG_IGN);
	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.config_path = "/dev/null";
	options.overlay_path = "/dev/null";
	options.state_path = "";
	options.client_name = "own";
	if (tmcp_client_new(&options, &client) != TMCP_RESULT_OK)
		fail(NULL);
	add_server(client, argv[1]);

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "mine";
	call.tool = argv[2];
	call.json = argc > 3 ? argv[3] : NULL;
	if (tmcp_client_call(client, &call, &id) != TMCP_RESULT_OK)
		fail(client);
	while (failed < 0) {
		pfd.fd = tmcp_client_fd(client);
		pfd.events = POLLIN;
		poll(&pfd, 1, more ? 0 : tmcp_client_timeout_ms(client));
		if ((more = tmcp_client_dispatch(client, 0)) < 0)
			fail(client);
		while ((event = tmcp_client_next_event(client)) != NULL) {
			if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE &&
			    tmcp_event_id(event) == id) {
				failed = tmcp_event_result(event) !=
				    TMCP_RESULT_OK;
				printf("%s\n", tmcp_event_text(event, NULL));
			}
			tmcp_event_free(event);
		}
	}
	tmcp_client_free(client);
	return (failed);
}
