/*
 * Servers behind sockets: one that is there, and one that is not. Also built
 * against the optimised archive, for valgrind.
 */

#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "harness.h"

static char	path[1024];

/* The configuration of a server behind path, with further keys. */
static const char *
socket_server(const char *more)
{
	static char	json[2048];

	snprintf(json, sizeof json, "{\"mcpServers\": {\"main\": "
	    "{\"transport\": \"socket\", \"socket_path\": \"%s\"%s}}}", path,
	    more);
	return (json);
}

static void
name_socket(const char *name)
{
	const char	*dir = getenv("TMCP_TEST_DIR");

	CHECK(dir != NULL);
	snprintf(path, sizeof path, "%s/%s.%ld", dir, name, (long)getpid());
}

static pid_t
listen_on_socket(void)
{
	const char	*server = getenv("TMCP_TEST_SERVER");
	pid_t		 pid;

	CHECK(server != NULL);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		execl(server, server, "--socket", path, (char *)NULL);
		_exit(127);
	}
	while (access(path, F_OK) != 0)
		CHECK(waitpid(pid, NULL, WNOHANG) == 0);
	return (pid);
}

static void
call_three_times(struct rig *rig, int32_t result)
{
	struct tmcp_event	*event;
	int			 i;

	for (i = 0; i < 3; i++) {
		event = rig_call(rig, "main", "echo", "{\"text\":\"x\"}", 0,
		    NULL);
		CHECK_INT(tmcp_event_result(event), result);
		tmcp_event_free(event);
	}
}

static void
a_server_behind_a_socket_is_called(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	pid_t			 pid;

	name_socket("listens");
	pid = listen_on_socket();
	rig_start(&rig, socket_server(", \"retry_attempts\": 100"));
	tmcp_event_free(rig_ready(&rig));
	call_three_times(&rig, TMCP_RESULT_OK);
	event = rig_call(&rig, "main", "sleep", "{\"ms\":60000}", 100, NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_TIMEOUT);
	tmcp_event_free(event);
	call_three_times(&rig, TMCP_RESULT_OK);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	rig_stop(&rig);
}

static void
a_socket_without_a_server_fails_or_has_a_command(void)
{
	struct rig	rig;
	char		more[1200];

	name_socket("nobody");
	rig_start(&rig, socket_server(", \"retry_attempts\": 1"));
	tmcp_event_free(rig_ready(&rig));
	call_three_times(&rig, TMCP_RESULT_IO);
	rig_stop(&rig);

	snprintf(more, sizeof more, ", \"command\": \"%s\"",
	    getenv("TMCP_TEST_SERVER"));
	rig_start(&rig, socket_server(more));
	tmcp_event_free(rig_ready(&rig));
	call_three_times(&rig, TMCP_RESULT_OK);
	rig_stop(&rig);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "a server behind a socket is called",
		  a_server_behind_a_socket_is_called },
		{ "a socket without a server fails, or has a command",
		  a_socket_without_a_server_fails_or_has_a_command },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
