/* Servers that are added, switched off and on, and connected anew. */

#include <unistd.h>

#include "harness.h"

/* A cell of the only server. */
static void
cell_is(struct rig *rig, const char *column, const char *wanted)
{
	struct tmcp_table	*table;

	table = tmcp_client_servers(rig->client);
	CHECK_INT(tmcp_table_rows(table), 1);
	CHECK_STR(tmcp_table_get(table, 0, column), wanted);
	tmcp_table_free(table);
}

/* Calls a tool of the server, which has to work; gives back the text. */
static void
call(struct rig *rig, const char *tool, char *buf, size_t len)
{
	struct tmcp_event	*event;

	event = rig_call(rig, "main", tool, strcmp(tool, "pid") == 0 ? "{}" :
	    "{\"text\":\"x\"}", 0, NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	snprintf(buf, len, "%s", tmcp_event_text(event, NULL));
	tmcp_event_free(event);
}

static void
a_server_is_switched_off_and_on(void)
{
	struct rig		 rig;
	struct tmcp_call	 request;
	struct tmcp_event	*event;
	uint64_t		 id = 0, late = 0;
	char			 buf[512];

	rig_start(&rig, one_server(""));
	CHECK_INT(tmcp_client_set_enabled(rig.client, "main", false),
	    TMCP_RESULT_BUSY);
	rig_error_has(&rig, "being read");
	tmcp_event_free(rig_ready(&rig));
	call(&rig, "echo", buf, sizeof buf);

	/* What is in flight ends. */
	memset(&request, 0, sizeof request);
	request.size = sizeof request;
	request.server = "main";
	request.tool = "sleep";
	request.json = "{\"ms\":300}";
	CHECK_INT(tmcp_client_call(rig.client, &request, &id), TMCP_RESULT_OK);
	CHECK_INT(tmcp_client_set_enabled(rig.client, "main", false), 1);
	CHECK_INT(tmcp_client_set_enabled(rig.client, "main", false), 0);
	cell_is(&rig, "state", "disabled");
	cell_is(&rig, "name", "main");
	CHECK_INT(tmcp_client_format(rig.client, "mcp_state_main", buf,
	    sizeof buf, NULL), TMCP_RESULT_OK);
	CHECK_STR(buf, "disabled");
	CHECK_INT(tmcp_client_format(rig.client, "mcp_state:main", buf,
	    sizeof buf, NULL), TMCP_RESULT_OK);
	CHECK_STR(buf, "disabled");
	CHECK_INT(tmcp_client_call(rig.client, &request, &late),
	    TMCP_RESULT_INVALID);
	rig_error_has(&rig, "server 'main' is switched off");
	CHECK_INT(tmcp_client_reconnect(rig.client, "main"),
	    TMCP_RESULT_INVALID);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	tmcp_event_free(event);

	/* A reload keeps it. */
	CHECK_INT(tmcp_client_reload(rig.client), TMCP_RESULT_OK);
	tmcp_event_free(rig_ready(&rig));
	cell_is(&rig, "state", "disabled");
	CHECK_INT(tmcp_client_server_count(rig.client), 0);

	CHECK_INT(tmcp_client_set_enabled(rig.client, "main", true), 1);
	CHECK_INT(tmcp_client_set_enabled(rig.client, "main", true), 0);
	call(&rig, "echo", buf, sizeof buf);
	CHECK_STR(buf, "x");
	CHECK_INT(tmcp_client_set_enabled(rig.client, "none", true),
	    TMCP_RESULT_INVALID);
	rig_error_has(&rig, "unknown server 'none'");
	CHECK_INT(tmcp_client_set_enabled(rig.client, NULL, true),
	    TMCP_RESULT_NULL);
	rig_stop(&rig);
}

static void
a_healthy_server_is_connected_anew(void)
{
	struct rig	 rig;
	char		 before[64], after[64];

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	call(&rig, "pid", before, sizeof before);
	CHECK_INT(tmcp_client_reconnect(rig.client, "main"), TMCP_RESULT_OK);
	call(&rig, "pid", after, sizeof after);
	CHECK(strcmp(before, after) != 0);
	call(&rig, "pid", before, sizeof before);
	CHECK_STR(before, after);
	CHECK_INT(tmcp_client_reconnect(rig.client, "none"),
	    TMCP_RESULT_INVALID);
	rig_stop(&rig);
}

/* The value of a variable of the environment of a server. */
static void
who_is(struct rig *rig, const char *server, const char *wanted)
{
	struct tmcp_event	*event;

	event = rig_call(rig, server, "env", "{\"name\":\"WHO\"}", 0, NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	CHECK_STR(tmcp_event_text(event, NULL), wanted);
	tmcp_event_free(event);
}

static const char *
entry(const char *who)
{
	static char	json[1024];

	snprintf(json, sizeof json, "{\"command\": \"%s\", \"era\": \"legacy\", "
	    "\"env\": {\"WHO\": \"%s\"}}", getenv("TMCP_TEST_SERVER"), who);
	return (json);
}

static void
a_program_adds_and_removes_servers(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	struct tmcp_call	 request;
	uint64_t		 id = 0;
	char			 file[2048];

	snprintf(file, sizeof file, "{\"mcpServers\": {\"main\": %s}}",
	    entry("file"));
	rig_start(&rig, file);
	/* Before the files were read, too. */
	CHECK_INT(tmcp_client_add_server(rig.client, "own", entry("added")),
	    TMCP_RESULT_OK);
	who_is(&rig, "own", "added");
	who_is(&rig, "main", "file");
	CHECK_INT(tmcp_client_server_count(rig.client), 2);

	/* It hides the file's entry, until it is removed. */
	CHECK_INT(tmcp_client_add_server(rig.client, "main", entry("mine")),
	    TMCP_RESULT_OK);
	CHECK_INT(tmcp_client_server_count(rig.client), 2);
	who_is(&rig, "main", "mine");
	CHECK_INT(tmcp_client_reload(rig.client), TMCP_RESULT_OK);
	tmcp_event_free(rig_ready(&rig));
	who_is(&rig, "main", "mine");
	who_is(&rig, "own", "added");
	CHECK_INT(tmcp_client_add_server(rig.client, "main", entry("other")),
	    TMCP_RESULT_OK);
	who_is(&rig, "main", "other");
	CHECK_INT(tmcp_client_remove_server(rig.client, "main"),
	    TMCP_RESULT_OK);
	who_is(&rig, "main", "file");
	CHECK_INT(tmcp_client_remove_server(rig.client, "main"),
	    TMCP_RESULT_NOT_FOUND);
	rig_error_has(&rig, "no server 'main' was added");

	/* What is in flight ends. */
	memset(&request, 0, sizeof request);
	request.size = sizeof request;
	request.server = "own";
	request.tool = "sleep";
	request.json = "{\"ms\":200}";
	CHECK_INT(tmcp_client_call(rig.client, &request, &id), TMCP_RESULT_OK);
	CHECK_INT(tmcp_client_remove_server(rig.client, "own"),
	    TMCP_RESULT_OK);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	tmcp_event_free(event);
	CHECK_INT(tmcp_client_call(rig.client, &request, &id),
	    TMCP_RESULT_INVALID);
	rig_error_has(&rig, "unknown server 'own'");
	rig_stop(&rig);
}

static void
an_entry_that_cannot_be_used_is_refused(void)
{
	static const struct {
		const char	*name;
		const char	*json;
		const char	*why;
	} entries[] = {
		{ "", "{\"command\":\"x\"}", "needs a name" },
		{ "a", "{\"command\":\"x\"", "not valid JSON at line 1" },
		{ "a", "{\"command\":\"x\"},\"b\":{\"command\":\"y\"}",
		  "not valid JSON at line 1" },
		{ "a", "{}", "server 'a'" },
		{ "a", "7", "server 'a'" },
		{ "a", "{\"command\":\"x\",\"disabled\":true}", "disabled" },
	};
	struct rig	 rig;
	size_t		 i;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	for (i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		CHECK_INT(tmcp_client_add_server(rig.client, entries[i].name,
		    entries[i].json), TMCP_RESULT_INVALID);
		rig_error_has(&rig, entries[i].why);
	}
	CHECK_INT(tmcp_client_add_server(rig.client, NULL, "{}"),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_add_server(rig.client, "a", NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_remove_server(rig.client, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_server_count(rig.client), 1);
	rig_stop(&rig);
}

/* Starts an import and gives back its end. */
static struct tmcp_event *
import(struct rig *rig, const char *path, const char *const *names, size_t n,
    uint32_t flags)
{
	struct tmcp_import	 import;
	struct tmcp_event	*event;
	uint64_t		 id = 0;

	memset(&import, 0, sizeof import);
	import.size = sizeof import;
	import.path = path;
	import.names = names;
	import.nnames = n;
	import.flags = flags;
	import.user_data = rig;
	CHECK_INT(tmcp_client_import(rig->client, &import, &id),
	    TMCP_RESULT_OK);
	event = rig_wait(rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK(tmcp_event_user_data(event) == rig);
	return (event);
}

static void
servers_of_another_client_are_imported(void)
{
	const char		*dir = getenv("TMCP_TEST_DIR");
	const char *const	 names[] = { "b", "none" };
	struct rig		 rig;
	struct tmcp_event	*event;
	struct tmcp_table	*table;
	FILE			*f;
	char			 overlay[512], other[512];

	CHECK(dir != NULL);
	snprintf(overlay, sizeof overlay, "%s/overlay.%ld.json", dir,
	    (long)getpid());
	snprintf(other, sizeof other, "%s/other.%ld.toml", dir,
	    (long)getpid());
	CHECK((f = fopen(other, "w")) != NULL);
	CHECK(fputs("[mcp_servers.b]\ncommand = 'x'\nrequired = true\n"
	    "[mcp_servers.c]\nargs = []\n", f) >= 0);
	CHECK(fclose(f) == 0);
	rig_overlay = overlay;
	rig_start(&rig, one_server(""));
	rig_overlay = NULL;
	tmcp_event_free(rig_ready(&rig));

	event = import(&rig, other, NULL, 0, TMCP_IMPORT_FLAG_DRY);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	CHECK_STR(tmcp_event_text(event, NULL),
	    "b: added: 'required' has no meaning here\n"
	    "c: left out: needs 'command' or 'socket_path'\n");
	tmcp_event_free(event);
	CHECK(access(overlay, F_OK) != 0);

	event = import(&rig, other, names, 2, 0);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	table = tmcp_event_table(event);
	CHECK_INT(tmcp_table_rows(table), 2);
	CHECK_STR(tmcp_table_get(table, 0, "name"), "b");
	CHECK_STR(tmcp_table_get(table, 0, "outcome"), "added");
	CHECK_STR(tmcp_table_get(table, 1, "outcome"), "left out");
	CHECK_HAS(tmcp_table_get(table, 1, "reason"), "has no entry of this");
	tmcp_table_free(table);
	tmcp_event_free(event);
	tmcp_event_free(rig_ready(&rig));
	CHECK_INT(tmcp_client_server_count(rig.client), 2);

	event = import(&rig, "/nonexistent/x", NULL, 0, TMCP_IMPORT_FLAG_REPLACE);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_IO);
	CHECK_STR(tmcp_event_text(event, NULL),
	    "/nonexistent/x: No such file or directory");
	tmcp_event_free(event);
	rig_stop(&rig);
	unlink(overlay);
	unlink(other);
}

static void
an_import_that_makes_no_sense_is_refused(void)
{
	struct rig		 rig;
	struct tmcp_import	 import;
	const char		*name = NULL;

	rig_start(&rig, one_server(""));
	CHECK_INT(tmcp_client_import(rig.client, NULL, NULL),
	    TMCP_RESULT_NULL);
	memset(&import, 0, sizeof import);
	import.size = sizeof import;
	CHECK_INT(tmcp_client_import(rig.client, &import, NULL),
	    TMCP_RESULT_NULL);
	import.path = "/x";
	import.nnames = 1;
	CHECK_INT(tmcp_client_import(rig.client, &import, NULL),
	    TMCP_RESULT_NULL);
	import.names = &name;
	CHECK_INT(tmcp_client_import(rig.client, &import, NULL),
	    TMCP_RESULT_NULL);
	import.nnames = 0;
	import.flags = 4;
	CHECK_INT(tmcp_client_import(rig.client, &import, NULL),
	    TMCP_RESULT_INVALID);
	rig_error_has(&rig, "flags");
	rig_stop(&rig);
}

static void
only_servers_on_a_network_have_a_login(void)
{
	struct rig	 rig;
	uint64_t	 id = 7;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	CHECK_INT(tmcp_client_login(rig.client, NULL, NULL, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_login(rig.client, "none", NULL, &id),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_login(rig.client, "main", &rig, &id),
	    TMCP_RESULT_INVALID);
	rig_error_has(&rig, "is not reached by HTTP");
	CHECK_INT(tmcp_client_login_answer(rig.client, "main", NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_login_answer(rig.client, "main", "?code=a"),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_logout(rig.client, NULL, NULL, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_logout(rig.client, "main", NULL, &id),
	    TMCP_RESULT_INVALID);
	CHECK_INT(id, 7);
	rig_stop(&rig);
}

/* Nobody listens at this port, so the login ends at once. */
static void
a_login_that_reaches_nobody_ends_in_words(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	uint64_t		 id;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	CHECK_INT(tmcp_client_add_server(rig.client, "far",
	    "{\"type\":\"http\",\"url\":\"http://127.0.0.1:1/mcp\"}"),
	    TMCP_RESULT_OK);
	while (!tmcp_client_ready(rig.client))
		rig_turn(&rig, 100);
	CHECK_INT(tmcp_client_login(rig.client, "far", &rig, &id),
	    TMCP_RESULT_OK);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_IO);
	CHECK(tmcp_event_user_data(event) == &rig);
	CHECK_STR(tmcp_event_server(event), "far");
	CHECK(strstr(tmcp_event_text(event, NULL), "127.0.0.1:1") != NULL);
	tmcp_event_free(event);
	rig_stop(&rig);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "only servers on a network have a login",
		  only_servers_on_a_network_have_a_login },
		{ "a login that reaches nobody ends in words",
		  a_login_that_reaches_nobody_ends_in_words },
		{ "a server is switched off and on",
		  a_server_is_switched_off_and_on },
		{ "a program adds and removes servers",
		  a_program_adds_and_removes_servers },
		{ "an entry that cannot be used is refused",
		  an_entry_that_cannot_be_used_is_refused },
		{ "servers of another client are imported",
		  servers_of_another_client_are_imported },
		{ "an import that makes no sense is refused",
		  an_import_that_makes_no_sense_is_refused },
		{ "a healthy server is connected anew",
		  a_healthy_server_is_connected_anew },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
