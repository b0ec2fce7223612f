/* The smallest program: ./smallest SERVER TOOL JSON prints the answer. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <tmcp.h>

int
main(int argc, char **argv)
{
	struct tmcp_client	*client;
	struct tmcp_call	 call = { .size = sizeof call };
	struct tmcp_event	*event = NULL;
	struct pollfd		 pfd = { .events = POLLIN };
	int			 more = 0, failed = 1;

	signal(SIGPIPE, SIG_IGN);
	if (argc != 4 || tmcp_client_new(NULL, &client) != TMCP_RESULT_OK)
		return (1);
	call.server = argv[1];
	call.tool = argv[2];
	call.json = argv[3];
	if (tmcp_client_call(client, &call, NULL) != TMCP_RESULT_OK)
		more = -1;
	for (pfd.fd = tmcp_client_fd(client); more >= 0 && failed == 1;) {
		poll(&pfd, 1, more ? 0 : tmcp_client_timeout_ms(client));
		more = tmcp_client_dispatch(client, 0);
		while ((event = tmcp_client_next_event(client)) != NULL) {
			if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE) {
				puts(tmcp_event_text(event, NULL));
				failed = (tmcp_event_result(event) != 0) * 2;
			}
			tmcp_event_free(event);
		}
	}
	tmcp_client_free(client);
	return (failed);
}
