/* What a host does all day, against the scripted server. */

#include <unistd.h>

#include "harness.h"

static void
tools_are_listed(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	uint64_t		 id = 0;
	const char		*text;
	size_t			 len;

	rig_start(&rig, one_server(""));
	CHECK_INT(tmcp_client_list_tools(rig.client, "main", 0, &rig, &id), 0);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	CHECK(tmcp_event_user_data(event) == &rig);
	CHECK_STR(tmcp_event_server(event), "main");
	CHECK_STR(tmcp_event_tool(event), "");
	text = tmcp_event_text(event, &len);
	CHECK_INT(len, strlen(text));
	CHECK_HAS(text, "echo  Gives the text back.\n    text  string, required  what to say\n");
	CHECK_HAS(text, "    e      string, default red, one of red | green | "
	    "blue  a colour\n");
	text = tmcp_event_json(event, &len);
	CHECK_INT(len, strlen(text));
	CHECK_INT(text[0], '[');
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
a_call_brings_its_text_and_its_bytes(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	int			 mine;

	rig_start(&rig, one_server(""));
	event = rig_call(&rig, "main", "echo", "{\"text\":\"h\\u00e9\\nx\"}",
	    0, &mine);
	CHECK_INT(tmcp_event_type(event), TMCP_EVENT_TYPE_DONE);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	CHECK_STR(tmcp_event_text(event, NULL), "h\xc3\xa9\nx");
	CHECK_HAS(tmcp_event_json(event, NULL), "\"content\"");
	CHECK_STR(tmcp_event_server(event), "main");
	CHECK_STR(tmcp_event_tool(event), "echo");
	CHECK(tmcp_event_user_data(event) == &mine);
	CHECK(tmcp_event_elapsed_us(event) > 0);
	CHECK(tmcp_event_progress(event) < 0);

	/* An event outlives its client. */
	rig_stop(&rig);
	CHECK_STR(tmcp_event_text(event, NULL), "h\xc3\xa9\nx");
	tmcp_event_free(event);
}

static void
words_are_encoded_by_the_schema(void)
{
	struct rig		 rig;
	struct tmcp_call	 call;
	struct tmcp_event	*event;
	uint64_t		 id = 0;
	static const struct tmcp_pair	pairs[] = {
		{ "s", "12", false },
		{ "i", "12", false },
		{ "b", "true", false },
		{ "o", "{\"x\":1.5}", true },
	};

	rig_start(&rig, one_server(""));
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "types";
	call.pairs = pairs;
	call.npairs = sizeof pairs / sizeof pairs[0];
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), 0);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	CHECK_HAS(tmcp_event_text(event, NULL), "\"s\":\"12\"");
	CHECK_HAS(tmcp_event_text(event, NULL), "\"i\":12");
	CHECK_HAS(tmcp_event_text(event, NULL), "\"b\":true");
	CHECK_HAS(tmcp_event_text(event, NULL), "\"x\":1.5");
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
a_stated_length_ends_the_arguments(void)
{
	static const char	 json[] = "{\"text\":\"cut\"}{\"text\":\"junk\"}";
	struct rig		 rig;
	struct tmcp_call	 call;
	struct tmcp_event	*event;
	uint64_t		 id = 0;

	rig_start(&rig, one_server(""));
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "echo";
	call.json = json;
	call.json_len = strlen("{\"text\":\"cut\"}");
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), 0);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_STR(tmcp_event_text(event, NULL), "cut");
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
failures_are_told_apart(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;

	rig_start(&rig, one_server(""));
	event = rig_call(&rig, "main", "fail", "{\"message\":\"no luck\"}", 0,
	    NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_TOOL);
	CHECK_STR(tmcp_event_text(event, NULL), "no luck");
	CHECK_HAS(tmcp_event_json(event, NULL), "isError");
	tmcp_event_free(event);

	event = rig_call(&rig, "main", "boom", "{\"message\":\"bang\"}", 0,
	    NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_SERVER);
	CHECK_HAS(tmcp_event_text(event, NULL), "bang");
	tmcp_event_free(event);

	event = rig_call(&rig, "main", "exit", "{}", 0, NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OUTCOME_UNKNOWN);
	CHECK_HAS(tmcp_event_text(event, NULL), "main");
	tmcp_event_free(event);

	/* The server is started again for the next call. */
	event = rig_call(&rig, "main", "echo", "{\"text\":\"back\"}", 0, NULL);
	CHECK_STR(tmcp_event_text(event, NULL), "back");
	tmcp_event_free(event);
	CHECK(rig.seen[TMCP_EVENT_TYPE_SERVER_UP] >= 1);
	CHECK(rig.seen[TMCP_EVENT_TYPE_SERVER_DOWN] >= 1);
	rig_stop(&rig);
}

static void
text_is_safe_to_use_as_a_c_string(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	const char		*text;
	size_t			 len;

	rig_start(&rig, one_server(""));
	event = rig_call(&rig, "main", "nul", "{}", 0, NULL);
	text = tmcp_event_text(event, &len);
	CHECK_INT(strlen(text), len);
	CHECK_STR(text, "before\xef\xbf\xbd" "after");
	tmcp_event_free(event);

	event = rig_call(&rig, "main", "image", "{}", 0, NULL);
	CHECK_HAS(tmcp_event_text(event, NULL), "one pixel:\n[image image/png ");
	tmcp_event_free(event);

	event = rig_call(&rig, "main", "big", "{\"bytes\":300000}", 0, NULL);
	CHECK_INT(strlen(tmcp_event_text(event, &len)), 300000);
	CHECK_INT(len, 300000);
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
a_call_times_out(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	int64_t			 start;

	rig_start(&rig, one_server(""));
	event = rig_call(&rig, "main", "echo", "{\"text\":\"up\"}", 0, NULL);
	tmcp_event_free(event);
	start = now_ms();
	event = rig_call(&rig, "main", "sleep", "{\"ms\":60000}", 200, &rig);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_TIMEOUT);
	CHECK(tmcp_event_user_data(event) == &rig);
	CHECK(now_ms() - start >= 190);
	CHECK(now_ms() - start < 30000);
	CHECK(tmcp_event_elapsed_us(event) >= 190000);
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
a_cancelled_call_is_not_heard_of_again(void)
{
	struct rig		 rig;
	struct tmcp_call	 call;
	struct tmcp_event	*event;
	uint64_t		 id = 0;
	int			 i;

	rig_start(&rig, one_server(""));
	event = rig_call(&rig, "main", "echo", "{\"text\":\"up\"}", 0, NULL);
	tmcp_event_free(event);
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "sleep";
	call.json = "{\"ms\":500}";
	call.user_data = &rig;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), 0);
	for (i = 0; i < 3; i++)
		rig_turn(&rig, 1);
	CHECK_INT(tmcp_client_cancel(rig.client, id), TMCP_RESULT_OK);
	CHECK_INT(tmcp_client_cancel(rig.client, id), TMCP_RESULT_NOT_FOUND);
	rig.forbidden = id;

	/* Longer than the cancelled call would have taken. */
	event = rig_call(&rig, "main", "sleep", "{\"ms\":800}", 0, NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	id = tmcp_event_id(event);
	tmcp_event_free(event);
	CHECK_INT(tmcp_client_cancel(rig.client, id), TMCP_RESULT_NOT_FOUND);
	rig_stop(&rig);
}

static void
progress_is_reported(void)
{
	struct rig		 rig;
	struct tmcp_call	 call;
	struct tmcp_event	*event;
	uint64_t		 id = 0;
	double			 progress;

	rig_start(&rig, one_server(""));
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "progress";
	call.json = "{\"steps\":4,\"delay_ms\":20}";
	call.user_data = &call;
	CHECK_INT(tmcp_client_call(rig.client, &call, &id), 0);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_PROGRESS, id);
	CHECK(tmcp_event_user_data(event) == &call);
	progress = tmcp_event_progress(event);
	CHECK(progress > 0 && progress <= 1);
	CHECK_HAS(tmcp_event_text(event, NULL), "of 4");
	CHECK_STR(tmcp_event_tool(event), "progress");
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	tmcp_event_free(event);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_STR(tmcp_event_text(event, NULL), "4 steps done");
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
many_calls_end_once_each(void)
{
	enum { N = 100 };
	struct rig		 rig;
	struct tmcp_call	 call;
	struct tmcp_event	*event;
	uint64_t		 id[N];
	unsigned		 ended[N] = { 0 }, i, n;
	char			 json[64], want[32];

	rig_start(&rig, one_server(""));
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "echo";
	for (i = 0; i < N; i++) {
		snprintf(json, sizeof json, "{\"text\":\"call %u\"}", i);
		call.json = json;
		call.user_data = &ended[i];
		CHECK_INT(tmcp_client_call(rig.client, &call, &id[i]), 0);
	}
	for (n = 0; n < N; n++) {
		event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, 0);
		i = (unsigned *)tmcp_event_user_data(event) - ended;
		CHECK(i < N);
		CHECK_INT(tmcp_event_id(event), id[i]);
		snprintf(want, sizeof want, "call %u", i);
		CHECK_STR(tmcp_event_text(event, NULL), want);
		CHECK_INT(ended[i]++, 0);
		tmcp_event_free(event);
	}
	rig_stop(&rig);
}

static void
there_is_a_report_and_numbers(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	struct tmcp_look	 look;
	char			*report = NULL, buf[64];
	size_t			 needed = 0;

	rig_start(&rig, one_server(""));
	CHECK(!tmcp_client_ready(rig.client));
	event = rig_ready(&rig);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	CHECK(tmcp_event_user_data(event) == &rig);
	CHECK_STR(tmcp_event_server(event), "");
	CHECK_STR(tmcp_event_text(event, NULL), "");
	CHECK_STR(tmcp_event_json(event, NULL), "");
	tmcp_event_free(event);
	CHECK(tmcp_client_ready(rig.client));
	CHECK_INT(tmcp_client_server_count(rig.client), 1);
	CHECK_INT(tmcp_client_server_name(rig.client, 0, buf, sizeof buf,
	    &needed), 0);
	CHECK_STR(buf, "main");
	CHECK_INT(needed, 4);
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	tmcp_event_free(event);
	CHECK_INT(tmcp_client_format(rig.client, "mcp_servers", buf,
	    sizeof buf, &needed), 0);
	CHECK_STR(buf, "1");
	CHECK_INT(tmcp_client_stats(rig.client, "main", &report), 0);
	CHECK_HAS(report, "main");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_stats(rig.client, NULL, &report), 0);
	CHECK_HAS(report, "main");
	CHECK(strstr(report, "Grade:") == NULL);
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_stats_full(rig.client, "main", &report), 0);
	CHECK_HAS(report, "Grade: few calls");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_stats_json(rig.client, NULL, "50,90", &report), 0);
	CHECK_HAS(report, "[{\"name\":\"main\",");
	CHECK_HAS(report, "\"p90\":");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_percentiles(rig.client, "main", NULL, &report), 0);
	CHECK_HAS(report, "main\tcalls ");
	CHECK_HAS(report, "\tp99.9 ");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_check(rig.client, NULL,
	    TMCP_CHECK_SETUP|TMCP_CHECK_MONITORING, &report), 0);
	CHECK_HAS(report, "Set-up: main\n");
	CHECK_HAS(report, "Monitoring: main\n");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_check(rig.client, "main",
	    TMCP_CHECK_MONITORING|TMCP_CHECK_JSON, &report), 0);
	CHECK_HAS(report, "[{\"list\":\"monitoring\",\"server\":\"main\",");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_set_export(rig.client, "label", "c"), 0);
	CHECK_INT(tmcp_client_metrics(rig.client,
	    TMCP_METRICS_FORMAT_PROMETHEUS, &report), 0);
	CHECK_HAS(report, "mcp_server_up{client=\"c\",server=\"main\"} 1\n");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_metrics(rig.client,
	    TMCP_METRICS_FORMAT_OPEN_METRICS, &report), 0);
	CHECK_HAS(report, "# EOF\n");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_metrics(rig.client,
	    TMCP_METRICS_FORMAT_HISTOGRAM_LOG, &report), 0);
	CHECK_HAS(report, "Tag=main,");
	tmcp_string_free(report);
	memset(&look, 0, sizeof look);
	look.size = sizeof look;
	look.window = "5m";
	look.flags = TMCP_LOOK_ASCII;
	CHECK_INT(tmcp_client_show(rig.client, "main", TMCP_FORM_REPORT, &look,
	    &report), 0);
	CHECK_HAS(report, "  Window: the last 5 minutes;");
	CHECK_HAS(report, "    Requests Sent: 1\n");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_show(rig.client, "main", TMCP_FORM_BARS, &look,
	    &report), 0);
	CHECK_HAS(report, "  Latency of 1 call, the last 5 minutes\n");
	CHECK_HAS(report, " ####");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_show(rig.client, NULL, TMCP_FORM_JSON, NULL,
	    &report), 0);
	CHECK_HAS(report, "\"shown\":{\"window\":\"all\"");
	tmcp_string_free(report);
	rig_stop(&rig);
}

static void
the_configuration_is_read_again(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	char			 other[1100], name[16], *report;
	size_t			 needed;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	write_config(&rig, "{\"mcpServers\": {\"bad\": {\"command\": 7},"
	    "\"a\": {\"command\": \"true\"}, \"b\": {\"command\": \"true\"}}}");
	CHECK_INT(tmcp_client_reload(rig.client), 0);
	do {
		event = rig_wait(&rig, TMCP_EVENT_TYPE_CONFIG_LOADED, 0);
		tmcp_event_free(event);
	} while (tmcp_client_server_count(rig.client) != 2);
	CHECK_HAS(rig.last_text[TMCP_EVENT_TYPE_CONFIG_LOADED], "bad");
	CHECK_INT(tmcp_client_configuration(rig.client, &report), 1);
	CHECK_HAS(report, "'command' must be a string");
	tmcp_string_free(report);
	CHECK_INT(tmcp_client_refresh(rig.client, "/nowhere"), 0);
	CHECK(tmcp_client_ready(rig.client));
	CHECK_INT(tmcp_client_find_server(rig.client, "/", "a", name,
	    sizeof name, &needed), 0);
	CHECK_STR(name, "a");
	CHECK_INT(needed, 1);
	CHECK_INT(tmcp_client_find_server(rig.client, NULL, "bad", NULL, 0,
	    NULL), TMCP_RESULT_INVALID);

	snprintf(other, sizeof other, "%s", rig.config);
	strcat(rig.config, ".other");
	write_config(&rig, "{\"mcpServers\": {\"c\": {\"command\": \"true\"}}}");
	CHECK_INT(tmcp_client_set_config_path(rig.client, rig.config), 0);
	CHECK_INT(tmcp_client_reload(rig.client), 0);
	event = rig_wait(&rig, TMCP_EVENT_TYPE_CONFIG_LOADED, 0);
	CHECK_STR(tmcp_event_text(event, NULL), "");
	tmcp_event_free(event);
	CHECK_INT(tmcp_client_server_count(rig.client), 1);
	unlink(other);
	rig_stop(&rig);
}

static void
settings_reach_servers_and_log(void)
{
	static const char *const	 envp[] = { "TMCP_C_TEST=seen",
					    "PATH=/usr/bin:/bin", NULL };
	struct rig			 rig;
	struct tmcp_event		*event;
	size_t				 quiet;

	rig_start(&rig, one_server(""));
	CHECK_INT(tmcp_client_set_env(rig.client, envp), 0);
	event = rig_call(&rig, "main", "env", "{\"name\":\"TMCP_C_TEST\"}", 0,
	    NULL);
	CHECK_STR(tmcp_event_text(event, NULL), "seen");
	tmcp_event_free(event);
	CHECK_HAS(rig.log, "2 spawned server pid ");

	CHECK_INT(tmcp_client_set_log_level(rig.client,
	    TMCP_LOG_LEVEL_ERROR), 0);
	quiet = rig.loglen;
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	tmcp_event_free(event);
	CHECK_INT(rig.loglen, quiet);
	CHECK_INT(tmcp_client_set_default(rig.client, "timeout", "100"), 0);
	event = rig_call(&rig, "main", "sleep", "{\"ms\":60000}", 0, NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_TIMEOUT);
	tmcp_event_free(event);
	rig_stop(&rig);
}

static void
a_change_of_tools_is_told(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;

	rig_start(&rig, one_server("\"--change-tools-after\", \"1\""));
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	tmcp_event_free(event);
	if (rig.seen[TMCP_EVENT_TYPE_TOOLS_CHANGED] == 0) {
		event = rig_wait(&rig, TMCP_EVENT_TYPE_TOOLS_CHANGED, 0);
		CHECK_STR(tmcp_event_server(event), "main");
		CHECK_INT(tmcp_event_id(event), 0);
		tmcp_event_free(event);
	}
	rig_stop(&rig);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "tools are listed", tools_are_listed },
		{ "a call brings its text and its bytes",
		  a_call_brings_its_text_and_its_bytes },
		{ "words are encoded by the schema",
		  words_are_encoded_by_the_schema },
		{ "a stated length ends the arguments",
		  a_stated_length_ends_the_arguments },
		{ "failures are told apart", failures_are_told_apart },
		{ "text is safe to use as a C string",
		  text_is_safe_to_use_as_a_c_string },
		{ "a call times out", a_call_times_out },
		{ "a cancelled call is not heard of again",
		  a_cancelled_call_is_not_heard_of_again },
		{ "progress is reported", progress_is_reported },
		{ "many calls end once each", many_calls_end_once_each },
		{ "there is a report and numbers",
		  there_is_a_report_and_numbers },
		{ "the configuration is read again",
		  the_configuration_is_read_again },
		{ "settings reach servers and log",
		  settings_reach_servers_and_log },
		{ "a change of tools is told", a_change_of_tools_is_told },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
