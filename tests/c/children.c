/* Who reaps the servers: a host that reaps everything, and one that does not. */

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "harness.h"

/* Whether some child has ended and nobody has reaped it. */
static int
zombie(void)
{
	siginfo_t	info;

	memset(&info, 0, sizeof info);
	if (waitid(P_ALL, 0, &info, WEXITED|WNOHANG|WNOWAIT) != 0)
		return (0);
	return (info.si_pid != 0);
}

static void
a_host_that_reaps_everything_passes_exits_in(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	pid_t			 own;
	int64_t			 end;
	int			 i;

	rig_start(&rig, one_server(""));
	rig.reap = 1;

	/* A child of the host's own is none of the library's. */
	own = fork();
	CHECK(own >= 0);
	if (own == 0)
		_exit(0);
	/* The library may win the race for any of them, never twice. */
	for (i = 0; i < 3 || (rig.reaped == 0 && i < 100); i++) {
		event = rig_call(&rig, "main", "exit", "{\"code\":3}", 0, NULL);
		CHECK(tmcp_event_result(event) < 0);
		tmcp_event_free(event);
		event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0,
		    NULL);
		CHECK_STR(tmcp_event_text(event, NULL), "x");
		tmcp_event_free(event);
	}
	end = now_ms() + 30000;
	while ((rig.strangers == 0 || rig.reaped == 0) && now_ms() < end)
		rig_turn(&rig, 10);
	CHECK_INT(rig.strangers, 1);
	CHECK(rig.reaped >= 1 && rig.reaped <= (unsigned)i);
	rig_stop(&rig);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void
a_host_that_reaps_nothing_has_no_zombies(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	int64_t			 end;

	rig_start(&rig, one_server(""));
	event = rig_call(&rig, "main", "exit", "{}", 0, NULL);
	CHECK(tmcp_event_result(event) < 0);
	tmcp_event_free(event);
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	CHECK_STR(tmcp_event_text(event, NULL), "x");
	tmcp_event_free(event);
	end = now_ms() + 30000;
	while (zombie() && now_ms() < end)
		rig_turn(&rig, 10);
	CHECK(!zombie());
	rig_stop(&rig);
}

static void
servers_end_with_the_client(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	pid_t			 pid;

	rig_start(&rig, one_server("\"--no-eof-exit\""));
	event = rig_call(&rig, "main", "pid", "{}", 0, NULL);
	pid = atol(tmcp_event_text(event, NULL));
	tmcp_event_free(event);
	CHECK(pid > 1 && kill(pid, 0) == 0);
	rig_stop(&rig);
	CHECK(kill(pid, 0) == -1 && errno == ESRCH);
}

static void
a_forked_copy_may_free_without_harm(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	pid_t			 pid;
	int			 status;

	rig_start(&rig, one_server(""));
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	tmcp_event_free(event);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		tmcp_client_free(rig.client);
		/* As a host goes on after fork; the client's memory is gone. */
		execlp("true", "true", (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	/* The same process still answers. */
	event = rig_call(&rig, "main", "count", "{}", 0, NULL);
	CHECK_STR(tmcp_event_text(event, NULL), "1");
	tmcp_event_free(event);
	rig_stop(&rig);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "a host that reaps everything passes exits in",
		  a_host_that_reaps_everything_passes_exits_in },
		{ "a host that reaps nothing has no zombies",
		  a_host_that_reaps_nothing_has_no_zombies },
		{ "servers end with the client", servers_end_with_the_client },
		{ "a forked copy may free without harm",
		  a_forked_copy_may_free_without_harm },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
