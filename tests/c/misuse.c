/* A living client used wrongly: errors, and nothing worse. */

#include <stddef.h>
#include <unistd.h>

#include "harness.h"

static char	why[256];

static const char *
reason(struct rig *rig)
{
	tmcp_client_error(rig->client, why, sizeof why);
	return (why);
}

static struct tmcp_call
echo_call(void)
{
	struct tmcp_call	call;

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "echo";
	return (call);
}

static void
wrong_calls_are_refused(void)
{
	static const size_t	 sizes[] = { 0, 1, 7, 4096, SIZE_MAX };
	struct rig		 rig;
	struct tmcp_call	 call;
	struct tmcp_pair	 pair = { "k", "v", false };
	uint64_t		 id = 5;
	size_t			 i;

	rig_start(&rig, one_server(""));
	CHECK_INT(tmcp_client_call(rig.client, NULL, &id), TMCP_RESULT_NULL);
	CHECK_STR(reason(&rig), "call is NULL");
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		call = echo_call();
		call.size = sizes[i];
		CHECK_INT(tmcp_client_call(rig.client, &call, &id),
		    TMCP_RESULT_INVALID);
		CHECK_HAS(reason(&rig), "tmcp_call: size");
	}
	call = echo_call();
	call.flags = 2;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id),
	    TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "flags 0x2");
	call = echo_call();
	call.traceparent = "00-0-0-0";
	CHECK_INT(tmcp_client_call(rig.client, &call, &id),
	    TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "traceparent '00-0-0-0': not ");
	CHECK(!tmcp_traceparent_valid(call.traceparent));
	CHECK(!tmcp_traceparent_valid("\xff"));
	CHECK(tmcp_traceparent_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-"
	    "00f067aa0ba902b7-01"));
	call = echo_call();
	call.server = NULL;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), TMCP_RESULT_NULL);
	CHECK_STR(reason(&rig), "server is NULL");
	call = echo_call();
	call.tool = NULL;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), TMCP_RESULT_NULL);
	call = echo_call();
	call.tool = "\xff\xfe";
	CHECK_INT(tmcp_client_call(rig.client, &call, &id),
	    TMCP_RESULT_INVALID);
	CHECK_STR(reason(&rig), "tool is not valid UTF-8");
	call = echo_call();
	call.npairs = 1;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), TMCP_RESULT_NULL);
	call.pairs = &pair;
	call.npairs = SIZE_MAX;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id),
	    TMCP_RESULT_INVALID);
	call.npairs = 1;
	pair.value = NULL;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), TMCP_RESULT_NULL);
	CHECK_HAS(reason(&rig), "value of a pair");
	call = echo_call();
	call.json = "{}";
	call.json_len = SIZE_MAX;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id),
	    TMCP_RESULT_INVALID);
	CHECK_INT(id, 5);
	rig_stop(&rig);
}

/* The end of a call that may be refused at once or by its event. */
static int32_t
outcome(struct rig *rig, const struct tmcp_call *call, char *text, size_t len)
{
	struct tmcp_event	*event;
	uint64_t		 id;
	int32_t			 result;

	result = tmcp_client_call(rig->client, call, &id);
	if (result != TMCP_RESULT_OK) {
		tmcp_client_error(rig->client, text, len);
		return (result);
	}
	event = rig_wait(rig, TMCP_EVENT_TYPE_DONE, id);
	result = tmcp_event_result(event);
	snprintf(text, len, "%s", tmcp_event_text(event, NULL));
	tmcp_event_free(event);
	return (result);
}

static void
what_does_not_exist_is_named(void)
{
	struct rig		rig;
	struct tmcp_call	call;
	char			text[512];
	int32_t			result;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	call = echo_call();
	call.server = "nowhere";
	CHECK_INT(outcome(&rig, &call, text, sizeof text),
	    TMCP_RESULT_INVALID);
	CHECK_HAS(text, "nowhere");

	call = echo_call();
	call.tool = "no_such_tool";
	result = outcome(&rig, &call, text, sizeof text);
	CHECK(result == TMCP_RESULT_INVALID || result == TMCP_RESULT_SERVER ||
	    result == TMCP_RESULT_TOOL);
	CHECK_HAS(text, "no_such_tool");

	call = echo_call();
	call.json = "{\"text\": ";
	CHECK_INT(outcome(&rig, &call, text, sizeof text),
	    TMCP_RESULT_INVALID);
	call.json = "[1]";
	CHECK_INT(outcome(&rig, &call, text, sizeof text),
	    TMCP_RESULT_INVALID);

	result = tmcp_client_list_tools(rig.client, NULL, 0, NULL, NULL);
	CHECK_INT(result, TMCP_RESULT_NULL);
	rig_stop(&rig);
}

static void
settings_are_checked(void)
{
	struct rig	 rig;
	char		 buf[64], *out = NULL;
	struct tmcp_look look;
	size_t		 needed = 7;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	CHECK_INT(tmcp_client_set_log_level(rig.client, 4),
	    TMCP_RESULT_INVALID);
	CHECK_STR(reason(&rig), "no log level 4");
	CHECK_INT(tmcp_client_set_log_level(rig.client, UINT32_MAX),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_set_default(rig.client, NULL, "1"),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_default(rig.client, "no-such-name", "1"),
	    TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "no-such-name");
	CHECK_INT(tmcp_client_set_default(rig.client, "timeout", "soon"),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_set_default(rig.client, "timeout", "5000"),
	    TMCP_RESULT_OK);
	CHECK_INT(tmcp_client_set_default(rig.client, "timeout", NULL),
	    TMCP_RESULT_OK);

	CHECK_INT(tmcp_client_cancel(rig.client, 0), TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_client_cancel(rig.client, UINT64_MAX),
	    TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_client_child_exited(rig.client, 0, 0), 0);
	CHECK_INT(tmcp_client_child_exited(rig.client, -1, 0), 0);
	CHECK_INT(tmcp_client_child_exited(rig.client, getpid(), 0), 0);

	CHECK_INT(tmcp_client_server_name(rig.client, 1, buf, sizeof buf,
	    &needed), TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_client_server_name(rig.client, SIZE_MAX, buf,
	    sizeof buf, &needed), TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_client_format(rig.client, NULL, buf, sizeof buf,
	    &needed), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_format(rig.client, "no_such_key", buf,
	    sizeof buf, &needed), TMCP_RESULT_NOT_FOUND);
	CHECK_INT(needed, 7);
	CHECK_INT(tmcp_client_stats(rig.client, NULL, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_stats_json(rig.client, NULL, NULL, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_percentiles(rig.client, NULL, NULL, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_stats_json(rig.client, "nowhere", NULL, &out), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_percentiles(rig.client, NULL, "50,x", &out), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_check(rig.client, NULL, TMCP_CHECK_SETUP, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_check(rig.client, NULL, 0, &out),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_check(rig.client, NULL, TMCP_CHECK_JSON, &out),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_check(rig.client, NULL, 9, &out),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_check(rig.client, "nowhere",
	    TMCP_CHECK_MONITORING, &out), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_metrics(rig.client, TMCP_METRICS_FORMAT_PROMETHEUS,
	    NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_metrics(rig.client, 3, &out), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_set_export(rig.client, NULL, "x"),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_export(rig.client, "no-such-name", NULL),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_set_export(rig.client, "metrics-listen",
	    "0.0.0.0:0"), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_set_export(rig.client, "statsd", NULL),
	    TMCP_RESULT_OK);
	CHECK_INT(tmcp_client_show(rig.client, NULL, TMCP_FORM_BARS, NULL, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_show(rig.client, "nowhere", TMCP_FORM_BARS, NULL,
	    &out), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_show(rig.client, NULL, 0, NULL, &out),
	    TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "no form 0");
	memset(&look, 0, sizeof look);
	CHECK_INT(tmcp_client_show(rig.client, NULL, TMCP_FORM_BARS, &look,
	    &out), TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "tmcp_look: size");
	look.size = sizeof look;
	look.flags = 2;
	CHECK_INT(tmcp_client_show(rig.client, NULL, TMCP_FORM_BARS, &look,
	    &out), TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "no flags 0x2");
	look.flags = 0;
	look.window = "2m";
	CHECK_INT(tmcp_client_show(rig.client, NULL, TMCP_FORM_BARS, &look,
	    &out), TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "it takes 1m, 5m, 15m or all");
	look.window = NULL;
	look.percentiles = "x";
	CHECK_INT(tmcp_client_show(rig.client, NULL, TMCP_FORM_BARS, &look,
	    &out), TMCP_RESULT_INVALID);
	CHECK_HAS(reason(&rig), "'x' is no percentile");
	CHECK_INT(tmcp_client_stats(rig.client, "nowhere", &out),
	    TMCP_RESULT_INVALID);
	CHECK(out == NULL);
	rig_stop(&rig);
}

static void
wrong_requests_and_answers_are_refused(void)
{
	static const char *const	 garbled[] = { "\xff", NULL };
	struct rig			 rig;
	struct tmcp_client		*c;
	struct tmcp_event		*event;
	uint64_t			 id = 7;
	char				*out = NULL;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	c = rig.client;
	CHECK_INT(tmcp_client_list(c, "main", 0, 0, NULL, &id),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_list(c, "main", 5, 0, NULL, &id),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_list(c, NULL, TMCP_LIST_TOOLS, 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_list(c, "nowhere", TMCP_LIST_PROMPTS, 0, NULL,
	    &id), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_read_resource(c, "main", NULL, 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_get_prompt(c, "main", "x", NULL, 1, 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_complete(c, "main", 3, "x", "y", "", NULL, 0, 0,
	    NULL, &id), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_complete(c, "main", 1, "x", "y", NULL, NULL, 0, 0,
	    NULL, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_complete(c, "main", 1, "x", "y", "", NULL, 1, 0,
	    NULL, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_subscribe(c, "nowhere", "x", 0, NULL, &id),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_unsubscribe(c, "nowhere", "x"),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_connect(c, "nowhere"), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_connect(c, NULL), TMCP_RESULT_NULL);
	CHECK_INT(id, 7);

	CHECK_INT(tmcp_client_check_answer(c, 1, "x", "y", false),
	    TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_client_check_answer(c, 1, NULL, "y", false),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_answer(c, 1, 0, NULL, 0, NULL),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_answer(c, 1, 4, NULL, 0, NULL),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_answer(c, 1, TMCP_ANSWER_ACCEPT, NULL, 1, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_answer(c, 1, TMCP_ANSWER_DECLINE, NULL, 0, NULL),
	    TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_client_set_abilities(c, 8), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_set_roots(c, garbled), TMCP_RESULT_INVALID);
	CHECK(tmcp_client_known_tools(c, NULL) == NULL);
	CHECK(tmcp_client_known_tools(c, "none") == NULL);
	CHECK(tmcp_client_tool_arguments(c, NULL, "x") == NULL);
	CHECK(tmcp_client_tool_arguments(c, "main", NULL) == NULL);

	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	CHECK(tmcp_event_table(event) == NULL);
	CHECK(tmcp_client_prompt_arguments(event, NULL) == NULL);
	CHECK_INT(tmcp_event_pointer(event, NULL, &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_pointer(event, "/content", NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_pointer(event, "\xff", &out),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_event_pointer(event, "content", &out),
	    TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_event_pretty(event, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_tool_text(event, NULL, &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_tool_json(event, "x", NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_tool_json(event, "\xff", &out),
	    TMCP_RESULT_INVALID);
	/* The answer of a call is no list of tools. */
	CHECK_INT(tmcp_event_tool_text(event, "echo", &out),
	    TMCP_RESULT_NOT_FOUND);
	CHECK_INT(tmcp_client_server_offers(c, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_server_offers(c, "none"), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_tool_hints(c, NULL, "x", NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_tool_hints(c, "main", NULL, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_find_tool(c, NULL, "x", NULL, 0, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_find_tool(c, "main", NULL, NULL, 0, NULL),
	    TMCP_RESULT_NULL);
	CHECK(out == NULL);
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
short_buffers_get_what_fits(void)
{
	struct rig	rig;
	char		buf[8];
	size_t		needed = 0;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	memset(buf, 'x', sizeof buf);
	CHECK_INT(tmcp_client_server_name(rig.client, 0, buf, 3, &needed), 0);
	CHECK_STR(buf, "ma");
	CHECK_INT(buf[3], 'x');
	CHECK_INT(needed, 4);
	CHECK_INT(tmcp_client_server_name(rig.client, 0, buf, 0, &needed), 0);
	CHECK_STR(buf, "ma");
	CHECK_INT(tmcp_client_server_name(rig.client, 0, NULL, 0, NULL), 0);
	CHECK_INT(tmcp_client_format(rig.client, "mcp_servers", buf, 1,
	    &needed), 0);
	CHECK_STR(buf, "");
	CHECK_INT(needed, 1);
	rig_stop(&rig);
}

static void
an_older_struct_is_enough(void)
{
	struct tmcp_options	 options;
	struct tmcp_client	*client = NULL;

	memset(&options, 0xee, sizeof options);
	options.size = offsetof(struct tmcp_options, state_path);
	options.config_path = "/nonexistent/config.json";
	options.overlay_path = "/nonexistent/mcp.json";
	CHECK_INT(tmcp_client_new(&options, &client), TMCP_RESULT_OK);
	tmcp_client_free(client);
}

static void
a_freed_client_is_refused(void)
{
	struct rig		 rig;
	struct tmcp_client	*freed;

	rig_start(&rig, one_server(""));
	freed = rig.client;
	rig_stop(&rig);
	CHECK_INT(tmcp_client_dispatch(freed, 0), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_reload(freed), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_listen(freed, "/x"), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_cancel(freed, 1), TMCP_RESULT_INVALID);
	CHECK(tmcp_client_next_event(freed) == NULL);
	CHECK_INT(tmcp_client_fd(freed), -1);
	tmcp_client_free(freed);
}

/* Under valgrind: nothing but the tag of a handle is read. */
static void
a_handle_of_another_type_is_refused(void)
{
	struct rig		 rig;
	struct tmcp_event	*event, *as_event[2];
	struct tmcp_table	*table, *as_table[2];
	struct tmcp_client	*as_client[2];
	struct tmcp_call	*as_call[3];
	size_t			 i;
	uint64_t		 id = 5;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	table = tmcp_client_servers(rig.client);
	CHECK_INT(tmcp_table_rows(table), 1);
	CHECK(tmcp_client_unknown((struct tmcp_client *)event) == NULL);
	CHECK(tmcp_client_unknown((struct tmcp_client *)table) == NULL);
	as_event[0] = (struct tmcp_event *)rig.client;
	as_event[1] = (struct tmcp_event *)table;
	as_table[0] = (struct tmcp_table *)rig.client;
	as_table[1] = (struct tmcp_table *)event;
	as_client[0] = (struct tmcp_client *)event;
	as_client[1] = (struct tmcp_client *)table;
	as_call[0] = (struct tmcp_call *)rig.client;
	as_call[1] = (struct tmcp_call *)event;
	as_call[2] = (struct tmcp_call *)table;
	for (i = 0; i < 2; i++) {
		CHECK_INT(tmcp_event_type(as_event[i]), 0);
		CHECK_INT(tmcp_event_id(as_event[i]), 0);
		CHECK_STR(tmcp_event_text(as_event[i], NULL), "");
		CHECK_STR(tmcp_event_who(as_event[i]), "");
		CHECK_INT(tmcp_event_size(as_event[i]), 0);
		CHECK(tmcp_event_table(as_event[i]) == NULL);
		tmcp_event_free(as_event[i]);
		CHECK_INT(tmcp_table_rows(as_table[i]), 0);
		tmcp_table_free(as_table[i]);
		CHECK_INT(tmcp_client_dispatch(as_client[i], 0),
		    TMCP_RESULT_INVALID);
		tmcp_client_free(as_client[i]);
	}
	for (i = 0; i < 3; i++)
		CHECK_INT(tmcp_client_call(rig.client, as_call[i], &id),
		    TMCP_RESULT_INVALID);
	CHECK_INT(id, 5);
	/* None of them has ended. */
	CHECK_INT(tmcp_event_type(event), TMCP_EVENT_TYPE_DONE);
	CHECK_STR(tmcp_event_text(event, NULL), "x");
	CHECK_INT(tmcp_table_rows(table), 1);
	tmcp_table_free(table);
	tmcp_event_free(event);
	rig_stop(&rig);
}

static struct tmcp_client	*called_back;
static int32_t			 called_back_result = 99;

static void
sink_that_calls_back(void *arg, uint32_t level, const char *message)
{
	(void)arg;
	(void)level;
	(void)message;
	if (called_back != NULL)
		called_back_result = tmcp_client_dispatch(called_back, 0);
	tmcp_client_free(called_back);
}

static void
a_sink_that_calls_back_is_refused(void)
{
	struct tmcp_options	 options;
	struct tmcp_client	*client = NULL;
	int64_t			 end = now_ms() + 30000;
	int			 turn;

	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.config_path = "/nonexistent/config.json";
	options.overlay_path = "/nonexistent/mcp.json";
	options.state_path = "";
	options.log = sink_that_calls_back;
	options.log_level = TMCP_LOG_LEVEL_DEBUG;
	CHECK_INT(tmcp_client_new(&options, &client), TMCP_RESULT_OK);
	called_back = client;
	/* A reload begins anew: it must have time to end. */
	for (turn = 0; called_back_result == 99 && now_ms() < end; turn++) {
		CHECK(tmcp_client_dispatch(client, 0) >= 0);
		if (turn % 1000 == 0)
			tmcp_client_reload(client);
	}
	CHECK_INT(called_back_result, TMCP_RESULT_INVALID);
	CHECK(tmcp_client_fd(client) >= 0);
	tmcp_client_free(client);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "wrong calls are refused", wrong_calls_are_refused },
		{ "what does not exist is named",
		  what_does_not_exist_is_named },
		{ "settings are checked", settings_are_checked },
		{ "wrong requests and answers are refused",
		  wrong_requests_and_answers_are_refused },
		{ "short buffers get what fits", short_buffers_get_what_fits },
		{ "an older struct is enough", an_older_struct_is_enough },
		{ "a freed client is refused", a_freed_client_is_refused },
		{ "a handle of another type is refused",
		    a_handle_of_another_type_is_refused },
		{ "a sink that calls back is refused",
		  a_sink_that_calls_back_is_refused },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
