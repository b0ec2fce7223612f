/*
 * A bug inside of the library, made on purpose by a hook that no installed
 * archive has: the call fails, the client refuses work, the host lives on.
 */

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "harness.h"

extern int32_t	tmcp_test_panic(struct tmcp_client *);

static void
a_panic_poisons_the_client_and_nothing_else(void)
{
	struct rig		 rig, other;
	struct tmcp_call	 call;
	struct stat		 sb;
	char			 path[1100], buf[128], *out = NULL;
	int			 saved, fd;

	rig_start(&rig, one_server(""));
	rig_start(&other, one_server(""));

	/* Nothing may appear on the terminal of the host. */
	snprintf(path, sizeof path, "%s.stderr", rig.config);
	CHECK((saved = dup(STDERR_FILENO)) >= 0);
	CHECK((fd = open(path, O_RDWR|O_CREAT|O_TRUNC, 0600)) >= 0);
	CHECK(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
	CHECK_INT(tmcp_test_panic(rig.client), TMCP_RESULT_INTERNAL);
	CHECK(fstat(STDERR_FILENO, &sb) == 0);
	CHECK(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	unlink(path);
	CHECK_INT(sb.st_size, 0);
	CHECK_HAS(rig.log, "0 internal error at ");
	CHECK_HAS(rig.log, "hooks.rs");
	CHECK_HAS(rig.log, "asked to by a test");

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = call.tool = "x";
	CHECK_INT(tmcp_client_dispatch(rig.client, 0), TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_error(rig.client, buf, sizeof buf), 37);
	CHECK_STR(buf, "an internal error stopped this client");
	CHECK_INT(tmcp_client_call(rig.client, &call, NULL),
	    TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_list_tools(rig.client, "x", 0, NULL, NULL),
	    TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_wait_ready(rig.client, NULL, NULL),
	    TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_cancel(rig.client, 1), TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_child_exited(rig.client, 1, 0),
	    TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_reload(rig.client), TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_set_env(rig.client, NULL), TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_set_config_path(rig.client, NULL),
	    TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_stats(rig.client, NULL, &out),
	    TMCP_RESULT_POISONED);
	CHECK_INT(tmcp_client_timeout_ms(rig.client), -1);
	CHECK(tmcp_client_next_event(rig.client) == NULL);
	CHECK(!tmcp_client_ready(rig.client));
	CHECK_INT(tmcp_client_server_count(rig.client), 0);
	CHECK_INT(tmcp_test_panic(rig.client), TMCP_RESULT_POISONED);

	/* Another client of the same process goes on. */
	tmcp_event_free(rig_ready(&other));
	CHECK_INT(tmcp_client_server_count(other.client), 1);
	rig_stop(&other);
	rig_stop(&rig);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "a panic poisons the client and nothing else",
		  a_panic_poisons_the_client_and_nothing_else },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
