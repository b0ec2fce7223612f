/* NULL and zero everywhere; needs no server and no client. */

#include "harness.h"

static void
versions_of_header_and_library_agree(void)
{
	CHECK_INT(tmcp_version_number(), TMCP_VERSION_NUMBER);
	CHECK_STR(tmcp_version(), TMCP_VERSION);
}

static void
every_result_has_its_words(void)
{
	static const int32_t	all[] = {
		TMCP_RESULT_OK, TMCP_RESULT_NULL, TMCP_RESULT_INVALID,
		TMCP_RESULT_BUSY, TMCP_RESULT_TIMEOUT, TMCP_RESULT_CANCELLED,
		TMCP_RESULT_SERVER, TMCP_RESULT_PROTOCOL, TMCP_RESULT_IO,
		TMCP_RESULT_OUTCOME_UNKNOWN, TMCP_RESULT_CLOSED,
		TMCP_RESULT_TOOL, TMCP_RESULT_NOT_FOUND, TMCP_RESULT_POISONED,
		TMCP_RESULT_INTERNAL
	};
	size_t			i, j;

	for (i = 0; i < sizeof all / sizeof all[0]; i++) {
		CHECK(strcmp(tmcp_result_text(all[i]), "unknown result") != 0);
		for (j = 0; j < i; j++)
			CHECK(strcmp(tmcp_result_text(all[i]),
			    tmcp_result_text(all[j])) != 0);
	}
	CHECK_STR(tmcp_result_text(1), "unknown result");
	CHECK_STR(tmcp_result_text(INT32_MIN), "unknown result");
}

static void
no_client_is_answered(void)
{
	struct tmcp_options	 options;
	struct tmcp_client	*client = NULL;
	struct tmcp_call	 call;
	char			 buf[64] = "untouched", *out = NULL;
	uint64_t		 id = 77;
	size_t			 needed = 78;

	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	CHECK_INT(tmcp_client_new(&options, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_error(NULL, buf, sizeof buf), 11);
	CHECK_STR(buf, "out is NULL");
	CHECK_INT(tmcp_client_error(NULL, NULL, 0), 11);
	CHECK_INT(tmcp_client_error(NULL, NULL, 99), 11);
	CHECK_INT(tmcp_client_error(NULL, buf, 4), 11);
	CHECK_STR(buf, "out");

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = call.tool = "x";
	tmcp_client_free(NULL);
	CHECK_INT(tmcp_client_fd(NULL), -1);
	CHECK_INT(tmcp_client_timeout_ms(NULL), -1);
	CHECK_INT(tmcp_client_dispatch(NULL, 0), TMCP_RESULT_NULL);
	CHECK(tmcp_client_next_event(NULL) == NULL);
	CHECK_INT(tmcp_client_call(NULL, &call, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_list_tools(NULL, "x", 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_wait_ready(NULL, NULL, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_import(NULL, NULL, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_login(NULL, "s", NULL, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_login_answer(NULL, "s", "a"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_logout(NULL, "s", NULL, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_cancel(NULL, 1), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_child_exited(NULL, 1, 0), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_reload(NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_listen(NULL, "/x"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_refresh(NULL, "/"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_configuration(NULL, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_find_server(NULL, NULL, "s", buf, sizeof buf,
	    &needed), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_tool_hints(NULL, "s", "t", NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_server_offers(NULL, "s"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_find_tool(NULL, "s", "t", buf, sizeof buf,
	    &needed), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_config_path(NULL, "x"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_env(NULL, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_log_level(NULL, 0), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_default(NULL, "x", "1"), TMCP_RESULT_NULL);
	CHECK(!tmcp_client_ready(NULL));
	CHECK_INT(tmcp_client_server_count(NULL), 0);
	CHECK_INT(tmcp_client_server_name(NULL, 0, buf, sizeof buf, &needed),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_stats(NULL, NULL, &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_stats_full(NULL, NULL, &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_stats_json(NULL, NULL, NULL, &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_percentiles(NULL, NULL, NULL, &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_check(NULL, NULL, TMCP_CHECK_SETUP, &out),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_metrics(NULL, TMCP_METRICS_FORMAT_PROMETHEUS,
	    &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_export(NULL, "label", "x"), TMCP_RESULT_NULL);
	CHECK(!tmcp_traceparent_valid(NULL));
	CHECK_INT(tmcp_client_show(NULL, NULL, TMCP_FORM_BARS, NULL, &out),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_format(NULL, "x", buf, sizeof buf, &needed),
	    TMCP_RESULT_NULL);
	tmcp_string_free(NULL);
	CHECK_INT(tmcp_client_list(NULL, "x", TMCP_LIST_TOOLS, 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_read_resource(NULL, "x", "y", 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_get_prompt(NULL, "x", "y", NULL, 0, 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_complete(NULL, "x", TMCP_REFERENCE_PROMPT, "y",
	    "z", "", NULL, 0, 0, NULL, &id), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_subscribe(NULL, "x", "y", 0, NULL, &id),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_unsubscribe(NULL, "x", "y"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_connect(NULL, "x"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_encode_arguments(NULL, &call, &out),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_draft_arguments(NULL, &call, &out),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_add_server(NULL, "x", "{}"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_remove_server(NULL, "x"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_enabled(NULL, "x", true), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_reconnect(NULL, "x"), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_json_pretty(NULL, 0, &out), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_json_pretty("{}", 0, NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_check_argument(NULL, "x", "y", "z", "1", false),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_check_answer(NULL, 1, "x", "y", false),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_answer(NULL, 1, TMCP_ANSWER_DECLINE, NULL, 0,
	    NULL), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_abilities(NULL, 0), TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_set_roots(NULL, NULL), TMCP_RESULT_NULL);
	CHECK(tmcp_client_tool_arguments(NULL, "x", "y") == NULL);
	CHECK(tmcp_client_known_tools(NULL, "x") == NULL);
	CHECK(tmcp_table_prepare(NULL, 0) == 0);
	CHECK(tmcp_client_jobs(NULL) == NULL);
	CHECK(tmcp_client_unknown(NULL) == NULL);
	CHECK(tmcp_client_servers(NULL) == NULL);

	/* Nothing was written where nothing succeeded. */
	CHECK(client == NULL && out == NULL && id == 77 && needed == 78);
	CHECK_STR(buf, "out");
}

static void
no_event_is_answered(void)
{
	static uint64_t			 zeros[512];
	const struct tmcp_event		*event[2];
	struct tmcp_event		*writable[2];
	size_t				 len, i;
	const char			*mime = NULL;
	char				*out = NULL;

	event[0] = writable[0] = NULL;
	event[1] = writable[1] = (struct tmcp_event *)zeros;
	for (i = 0; i < 2; i++) {
		CHECK_INT(tmcp_event_type(event[i]), 0);
		CHECK_INT(tmcp_event_id(event[i]), 0);
		CHECK(tmcp_event_user_data(event[i]) == NULL);
		CHECK_INT(tmcp_event_result(event[i]),
		    i == 0 ? TMCP_RESULT_NULL : TMCP_RESULT_INVALID);
		CHECK_STR(tmcp_event_server(event[i]), "");
		CHECK_STR(tmcp_event_tool(event[i]), "");
		len = 9;
		CHECK_STR(tmcp_event_text(writable[i], &len), "");
		CHECK_INT(len, 0);
		CHECK_STR(tmcp_event_text(writable[i], NULL), "");
		len = 9;
		CHECK_STR(tmcp_event_json(event[i], &len), "");
		CHECK_INT(len, 0);
		CHECK_STR(tmcp_event_json(event[i], NULL), "");
		CHECK_INT(tmcp_event_elapsed_us(event[i]), 0);
		CHECK(tmcp_event_progress(event[i]) < 0);
		CHECK_INT(tmcp_event_question(event[i]), 0);
		CHECK_INT(tmcp_event_request(event[i]), 0);
		CHECK_STR(tmcp_event_url(event[i]), "");
		CHECK_STR(tmcp_event_who(event[i]), "");
		CHECK_INT(tmcp_event_size(event[i]), 0);
		CHECK_INT(tmcp_event_blob_count(event[i]), 0);
		len = 9;
		CHECK(tmcp_event_blob(event[i], 0, &mime, &len) == NULL);
		CHECK(mime == NULL && len == 9);
		CHECK_INT(tmcp_event_pointer(event[i], "", &out),
		    i == 0 ? TMCP_RESULT_NULL : TMCP_RESULT_INVALID);
		CHECK_INT(tmcp_event_pretty(event[i], &out),
		    i == 0 ? TMCP_RESULT_NULL : TMCP_RESULT_INVALID);
		CHECK_INT(tmcp_event_tool_text(event[i], "x", &out),
		    i == 0 ? TMCP_RESULT_NULL : TMCP_RESULT_INVALID);
		CHECK_INT(tmcp_event_tool_json(event[i], "x", &out),
		    i == 0 ? TMCP_RESULT_NULL : TMCP_RESULT_INVALID);
		CHECK(out == NULL);
		CHECK(tmcp_event_table(event[i]) == NULL);
		CHECK(tmcp_client_prompt_arguments(event[i], "x") == NULL);
		tmcp_event_free(writable[i]);
	}
}

static void
no_table_is_answered(void)
{
	static uint64_t		 zeros[512];
	struct tmcp_table	*table[2];
	size_t			 i;

	table[0] = NULL;
	table[1] = (struct tmcp_table *)zeros;
	for (i = 0; i < 2; i++) {
		CHECK_INT(tmcp_table_rows(table[i]), 0);
		CHECK_INT(tmcp_table_columns(table[i]), 0);
		CHECK_STR(tmcp_table_column(table[i], 0), "");
		CHECK_STR(tmcp_table_cell(table[i], 0, 0), "");
		CHECK_STR(tmcp_table_get(table[i], 0, "name"), "");
		CHECK_STR(tmcp_table_get(table[i], 0, NULL), "");
		tmcp_table_free(table[i]);
	}
}

static void
what_is_no_client_is_answered(void)
{
	struct tmcp_client	*stray = (struct tmcp_client *)(uintptr_t)0x11;
	char			 buf[64];

	CHECK_INT(tmcp_client_dispatch(stray, 0), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_client_error(stray, buf, sizeof buf), 19);
	CHECK_STR(buf, "not a living client");
	CHECK_INT(tmcp_client_fd(stray), -1);
	CHECK(tmcp_client_next_event(stray) == NULL);
	tmcp_client_free(stray);
}

static void
wrong_options_are_refused(void)
{
	static const size_t	 sizes[] = { 0, 1, 7, 9, 4096, SIZE_MAX };
	struct tmcp_options	 options;
	struct tmcp_client	*client = NULL;
	char			 buf[128];
	size_t			 i;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		memset(&options, 0, sizeof options);
		options.size = sizes[i];
		CHECK_INT(tmcp_client_new(&options, &client),
		    TMCP_RESULT_INVALID);
		tmcp_client_error(NULL, buf, sizeof buf);
		CHECK_HAS(buf, "tmcp_options: size");
	}
	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.log_level = TMCP_LOG_LEVEL_DEBUG + 1;
	CHECK_INT(tmcp_client_new(&options, &client), TMCP_RESULT_INVALID);
	options.log_level = 0;
	options.client_name = "\xff";
	CHECK_INT(tmcp_client_new(&options, &client), TMCP_RESULT_INVALID);
	tmcp_client_error(NULL, buf, sizeof buf);
	CHECK_STR(buf, "client_name is not valid UTF-8");
	CHECK(client == NULL);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "versions of header and library agree",
		  versions_of_header_and_library_agree },
		{ "every result has its words", every_result_has_its_words },
		{ "no client is answered", no_client_is_answered },
		{ "no event is answered", no_event_is_answered },
		{ "no table is answered", no_table_is_answered },
		{ "what is no client is answered",
		  what_is_no_client_is_answered },
		{ "wrong options are refused", wrong_options_are_refused },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
