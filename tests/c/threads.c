/* Two threads, one client: each call ends once, wherever it is pulled. */

#include <poll.h>
#include <pthread.h>

#include "harness.h"

enum { CALLS = 50 };

struct ticket {
	unsigned	ended;
	char		text[32];
};

static struct rig	rig;
static struct ticket	tickets[2][CALLS];
static unsigned		left = 2 * CALLS;

static void
pull(void)
{
	struct tmcp_event	*event;
	struct ticket		*ticket;

	while ((event = tmcp_client_next_event(rig.client)) != NULL) {
		if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE) {
			ticket = tmcp_event_user_data(event);
			CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
			CHECK_STR(tmcp_event_text(event, NULL), ticket->text);
			CHECK_INT(__atomic_fetch_add(&ticket->ended, 1,
			    __ATOMIC_SEQ_CST), 0);
			__atomic_fetch_sub(&left, 1, __ATOMIC_SEQ_CST);
		}
		tmcp_event_free(event);
	}
}

static void *
work(void *arg)
{
	struct ticket		*mine = arg;
	struct tmcp_call	 call;
	struct pollfd		 pfd;
	char			 json[64];
	int64_t			 end = now_ms() + 90000;
	int			 i;

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "echo";
	call.json = json;
	for (i = 0; i < CALLS; i++) {
		snprintf(mine[i].text, sizeof mine[i].text, "%s %d",
		    mine == tickets[0] ? "one" : "two", i);
		snprintf(json, sizeof json, "{\"text\":\"%s\"}", mine[i].text);
		call.user_data = &mine[i];
		CHECK_INT(tmcp_client_call(rig.client, &call, NULL), 0);
		CHECK(tmcp_client_dispatch(rig.client, 0) >= 0);
		pull();
	}
	while (__atomic_load_n(&left, __ATOMIC_SEQ_CST) != 0) {
		CHECK(now_ms() < end);
		/* The other thread may take the readiness: do not wait long. */
		pfd.fd = tmcp_client_fd(rig.client);
		pfd.events = POLLIN;
		poll(&pfd, 1, 5);
		CHECK(tmcp_client_dispatch(rig.client, 0) >= 0);
		pull();
	}
	return (NULL);
}

static void
two_threads_share_a_client(void)
{
	pthread_t	threads[2];
	int		i, j;

	rig_start(&rig, one_server(""));
	for (i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, work, tickets[i]) == 0);
	for (i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	for (i = 0; i < 2; i++) {
		for (j = 0; j < CALLS; j++)
			CHECK_INT(tickets[i][j].ended, 1);
	}
	rig_stop(&rig);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "two threads share a client", two_threads_share_a_client },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
