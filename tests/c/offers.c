/* What servers offer beside tools, and what they ask, in both eras. */

#include "harness.h"

static const char *const eras[] = { "legacy", "modern" };

static void
start(struct rig *rig, const char *era)
{
	static char	 json[2048];
	const char	*server = getenv("TMCP_TEST_SERVER");

	CHECK(server != NULL);
	snprintf(json, sizeof json, "{\"mcpServers\": {\"main\": {\"command\": "
	    "\"%s\", \"args\": [\"--era\", \"%s\"], \"era\": \"%s\"}}}", server,
	    era, era);
	rig_start(rig, json);
	tmcp_event_free(rig_ready(rig));
}

/* Starts a call and does not wait for it. */
static uint64_t
begin(struct rig *rig, const char *tool, const char *json)
{
	struct tmcp_call	call;
	uint64_t		id = 0;

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = tool;
	call.json = json;
	call.user_data = rig;
	CHECK_INT(tmcp_client_call(rig->client, &call, &id), TMCP_RESULT_OK);
	return (id);
}

static struct tmcp_event *
done(struct rig *rig, uint64_t id)
{
	struct tmcp_event	*event;

	event = rig_wait(rig, TMCP_EVENT_TYPE_DONE, id);
	if (tmcp_event_result(event) != TMCP_RESULT_OK)
		check_failed(__FILE__, __LINE__, "request",
		    tmcp_event_text(event, NULL));
	CHECK(tmcp_event_user_data(event) == rig);
	return (event);
}

static struct tmcp_event *
listed(struct rig *rig, uint32_t what)
{
	uint64_t	id = 0;

	CHECK_INT(tmcp_client_list(rig->client, "main", what, 0, rig, &id), 0);
	return (done(rig, id));
}

static void
tool_hints_are_told(struct tmcp_client *c)
{
	uint64_t	echo = 0, crash = 0, again = 0;

	CHECK_INT(tmcp_client_tool_hints(c, "main", "echo", &echo),
	    TMCP_HINT_READ_ONLY);
	CHECK_INT(tmcp_client_tool_hints(c, "main", "crash", &crash),
	    TMCP_HINT_DESTRUCTIVE | TMCP_HINT_CONFIRM);
	CHECK_INT(tmcp_client_tool_hints(c, "main", "echo", &again),
	    TMCP_HINT_READ_ONLY);
	CHECK(echo != 0 && crash != 0 && echo != crash && echo == again);
	CHECK_INT(tmcp_client_tool_hints(c, "main", "none", &again),
	    TMCP_RESULT_NOT_FOUND);
	CHECK(again == echo);
}

static void
lists_are_text_and_tables(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	struct tmcp_table	*table, *arguments, *known;
	size_t			 i;
	int32_t			 offers;

	for (i = 0; i < 2; i++) {
		start(&rig, eras[i]);
		CHECK(tmcp_client_tool_arguments(rig.client, "main", "types") ==
		    NULL);
		rig_error_has(&rig, "tool 'types' of 'main' is not known");
		CHECK(tmcp_client_known_tools(rig.client, "main") == NULL);
		CHECK_INT(tmcp_client_server_offers(rig.client, "main") &
		    TMCP_OFFERS_TOOLS_LISTED, 0);
		CHECK_INT(tmcp_client_tool_hints(rig.client, "main", "echo",
		    NULL), TMCP_RESULT_NOT_FOUND);

		event = listed(&rig, TMCP_LIST_TOOLS);
		table = tmcp_event_table(event);
		CHECK_STR(tmcp_table_column(table, 0), "name");
		CHECK_STR(tmcp_table_get(table, 0, "name"), "echo");
		CHECK_STR(tmcp_table_get(table, 0, "title"), "Echo");
		CHECK_STR(tmcp_table_get(table, 0, "read_only"), "1");
		CHECK_STR(tmcp_table_get(table, 0, "destructive"), "");
		CHECK_STR(tmcp_table_get(table, 0, "required"), "text");
		CHECK(tmcp_client_prompt_arguments(event, "review") == NULL);
		tmcp_event_free(event);
		tool_hints_are_told(rig.client);
		/* The list is known from now on. */
		offers = tmcp_client_server_offers(rig.client, "main");
		CHECK(offers & TMCP_OFFERS_TOOLS_LISTED);
		/* A server that is configured as modern is not asked. */
		if (offers & TMCP_OFFERS_DECLARED) {
			CHECK_INT(offers, TMCP_OFFERS_DECLARED |
			    TMCP_OFFERS_TOOLS | TMCP_OFFERS_RESOURCES |
			    TMCP_OFFERS_PROMPTS | TMCP_OFFERS_COMPLETIONS |
			    TMCP_OFFERS_TOOLS_LISTED);
		} else
			CHECK_INT(i, 1);
		event = tmcp_client_known_tools(rig.client, "main");
		CHECK_STR(tmcp_event_server(event), "main");
		known = tmcp_event_table(event);
		CHECK_INT(tmcp_table_rows(known), tmcp_table_rows(table));
		CHECK_STR(tmcp_table_get(known, 0, "name"), "echo");
		tmcp_table_free(known);
		tmcp_event_free(event);
		/* A table outlives its event. */
		CHECK_STR(tmcp_table_cell(table, 0, 0), "echo");
		CHECK_STR(tmcp_table_cell(table, tmcp_table_rows(table), 0), "");
		CHECK_STR(tmcp_table_cell(table, 0, tmcp_table_columns(table)),
		    "");
		CHECK_STR(tmcp_table_get(table, 0, "no such column"), "");
		tmcp_table_free(table);

		event = listed(&rig, TMCP_LIST_RESOURCES);
		CHECK_HAS(tmcp_event_text(event, NULL),
		    "test://greeting  a line of text\n");
		table = tmcp_event_table(event);
		CHECK_INT(tmcp_table_rows(table), 2);
		CHECK_STR(tmcp_table_get(table, 1, "uri"), "test://pixel");
		CHECK_STR(tmcp_table_get(table, 1, "size"), "70");
		tmcp_table_free(table);
		tmcp_event_free(event);

		event = listed(&rig, TMCP_LIST_RESOURCE_TEMPLATES);
		table = tmcp_event_table(event);
		CHECK_STR(tmcp_table_get(table, 0, "uri_template"),
		    "test://note/{name}");
		tmcp_table_free(table);
		tmcp_event_free(event);

		event = listed(&rig, TMCP_LIST_PROMPTS);
		CHECK_HAS(tmcp_event_text(event, NULL),
		    "    subject  required  what to review\n");
		table = tmcp_event_table(event);
		CHECK_STR(tmcp_table_get(table, 1, "arguments"), "tone to");
		arguments = tmcp_client_prompt_arguments(event, "compose");
		CHECK_STR(tmcp_table_get(arguments, 0, "required"), "");
		CHECK_STR(tmcp_table_get(arguments, 1, "name"), "to");
		CHECK_STR(tmcp_table_get(arguments, 1, "required"), "1");
		CHECK(tmcp_client_prompt_arguments(event, "none") == NULL);
		tmcp_table_free(arguments);
		tmcp_table_free(table);
		tmcp_event_free(event);
		rig_stop(&rig);
	}
}

static void
arguments_are_described_and_checked(void)
{
	struct rig		 rig;
	struct tmcp_table	*table;
	struct tmcp_client	*c;

	start(&rig, "legacy");
	c = rig.client;
	CHECK_INT(tmcp_client_check_argument(c, "main", "types", "i", "1",
	    false), TMCP_RESULT_NOT_FOUND);
	tmcp_event_free(listed(&rig, TMCP_LIST_TOOLS));
	table = tmcp_client_tool_arguments(c, "main", "types");
	while (tmcp_table_prepare(table, 1) == 1)
		/* nothing */;
	CHECK(tmcp_table_prepare(table, 1) == 0);
	CHECK_INT(tmcp_table_rows(table), 9);
	/* The scripted server sorts by name. */
	CHECK_STR(tmcp_table_get(table, 0, "name"), "i");
	CHECK_STR(tmcp_table_get(table, 0, "required"), "1");
	CHECK_STR(tmcp_table_get(table, 0, "minimum"), "-1000");
	CHECK_STR(tmcp_table_get(table, 1, "name"), "s");
	CHECK_STR(tmcp_table_get(table, 2, "name"), "a");
	CHECK_STR(tmcp_table_get(table, 2, "required"), "");
	CHECK_STR(tmcp_table_get(table, 4, "choices"), "red\ngreen\nblue");
	CHECK_STR(tmcp_table_get(table, 4, "default"), "red");
	CHECK_STR(tmcp_table_get(table, 5, "type"), "integer or null");
	tmcp_table_free(table);
	CHECK(tmcp_client_tool_arguments(c, "main", "none") == NULL);

	CHECK_INT(tmcp_client_check_argument(c, "main", "types", "i", "7",
	    false), TMCP_RESULT_OK);
	CHECK_INT(tmcp_client_check_argument(c, "main", "types", "i", "x",
	    false), TMCP_RESULT_INVALID);
	rig_error_has(&rig, "wants an integer, not 'x'");
	CHECK_INT(tmcp_client_check_argument(c, "main", "types", "i", "5000",
	    false), TMCP_RESULT_INVALID);
	rig_error_has(&rig, "wants at most 1000");
	CHECK_INT(tmcp_client_check_argument(c, "main", "types", "o", "{",
	    true), TMCP_RESULT_INVALID);
	rig_error_has(&rig, "not valid JSON");
	rig_stop(&rig);
}

static void
resources_and_prompts_are_read(void)
{
	static const struct tmcp_pair	 pairs[] = {
		{ "tone", "stern", false },
		{ "to", "Ada \"L\"", false },
	};
	struct rig			 rig;
	struct tmcp_event		*event;
	struct tmcp_client		*c;
	uint64_t			 id = 0;
	const char			*mime;
	const uint8_t			*bytes;
	size_t				 i, size;

	for (i = 0; i < 2; i++) {
		start(&rig, eras[i]);
		c = rig.client;
		CHECK_INT(tmcp_client_read_resource(c, "main",
		    "test://note/tea", 0, &rig, &id), 0);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL), "a note on tea");
		CHECK_INT(tmcp_event_blob_count(event), 0);
		tmcp_event_free(event);

		CHECK_INT(tmcp_client_read_resource(c, "main", "test://pixel",
		    0, &rig, &id), 0);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL),
		    "[resource test://pixel image/png 70 bytes]");
		CHECK_INT(tmcp_event_blob_count(event), 1);
		bytes = tmcp_event_blob(event, 0, &mime, &size);
		CHECK_STR(mime, "image/png");
		CHECK_INT(size, 70);
		CHECK(memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
		CHECK(tmcp_event_blob(event, 0, NULL, NULL) == bytes);
		CHECK(tmcp_event_blob(event, 1, &mime, &size) == NULL);
		tmcp_event_free(event);

		CHECK_INT(tmcp_client_get_prompt(c, "main", "compose", pairs,
		    2, 0, &rig, &id), 0);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL),
		    "Write a stern letter.\nassistant: Dear Ada \"L\",");
		tmcp_event_free(event);
		CHECK_INT(tmcp_client_get_prompt(c, "main", "review", NULL, 0,
		    0, &rig, &id), 0);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL), "Please review this.");
		tmcp_event_free(event);

		CHECK_INT(tmcp_client_complete(c, "main", TMCP_REFERENCE_PROMPT,
		    "compose", "tone", "", NULL, 0, 0, &rig, &id), 0);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL), "kind\nstern");
		tmcp_event_free(event);
		CHECK_INT(tmcp_client_complete(c, "main",
		    TMCP_REFERENCE_TEMPLATE, "test://note/{name}", "name", "be",
		    NULL, 0, 0, &rig, &id), 0);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL), "beta");
		tmcp_event_free(event);
		rig_stop(&rig);
	}
}

static void
a_watched_resource_is_heard_of(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	struct tmcp_client	*c;
	uint64_t		 id = 0;
	size_t			 i;

	for (i = 0; i < 2; i++) {
		start(&rig, eras[i]);
		c = rig.client;
		CHECK_INT(tmcp_client_unsubscribe(c, "main", "test://greeting"),
		    TMCP_RESULT_NOT_FOUND);
		CHECK_INT(tmcp_client_subscribe(c, "main", "test://greeting", 0,
		    &rig, &id), 0);
		tmcp_event_free(done(&rig, id));
		begin(&rig, "update", "{}");
		event = rig_wait(&rig, TMCP_EVENT_TYPE_RESOURCE_UPDATED, 0);
		CHECK_STR(tmcp_event_text(event, NULL), "test://greeting");
		CHECK_STR(tmcp_event_server(event), "main");
		tmcp_event_free(event);
		CHECK_INT(tmcp_client_unsubscribe(c, "main", "test://greeting"),
		    TMCP_RESULT_OK);
		CHECK_INT(tmcp_client_unsubscribe(c, "main", "test://greeting"),
		    TMCP_RESULT_NOT_FOUND);
		CHECK_INT(tmcp_client_subscribe(c, "main", "test://none", 0,
		    &rig, &id), 0);
		event = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
		CHECK_INT(tmcp_event_result(event), TMCP_RESULT_SERVER);
		tmcp_event_free(event);
		rig_stop(&rig);
	}
}

static void
questions_are_answered(void)
{
	static const struct tmcp_pair	 wrong[] = { { "email", "me", false } };
	static const struct tmcp_pair	 right[] = {
		{ "email", "me@example.com", false },
		{ "count", "3", false },
		{ "agree", "yes", false },
		{ "size", "Small", false },
		{ "colours", "red", false },
		{ "colours", "green", false },
	};
	struct rig			 rig;
	struct tmcp_event		*event;
	struct tmcp_table		*table;
	struct tmcp_client		*c;
	uint64_t			 id, question;
	size_t				 i;

	for (i = 0; i < 2; i++) {
		start(&rig, eras[i]);
		c = rig.client;
		CHECK_INT(tmcp_client_set_abilities(c, TMCP_ABILITY_ELICITATION),
		    0);
		id = begin(&rig, "ask", "{\"kind\":\"fields\"}");
		event = rig_wait(&rig, TMCP_EVENT_TYPE_QUESTION, 0);
		CHECK_INT(tmcp_event_question(event), TMCP_QUESTION_FORM);
		CHECK_INT(tmcp_event_request(event), id);
		CHECK(tmcp_event_user_data(event) == &rig);
		CHECK_STR(tmcp_event_tool(event), "ask");
		CHECK_STR(tmcp_event_text(event, NULL), "what is your name?");
		CHECK_STR(tmcp_event_url(event), "");
		CHECK_HAS(tmcp_event_json(event, NULL), "\"properties\"");
		question = tmcp_event_id(event);
		table = tmcp_event_table(event);
		CHECK_STR(tmcp_table_get(table, 0, "name"), "email");
		CHECK_STR(tmcp_table_get(table, 0, "format"), "email");
		for (size_t row = 0; row < tmcp_table_rows(table); row++) {
			if (strcmp(tmcp_table_get(table, row, "name"),
			    "colours") == 0)
				CHECK_STR(tmcp_table_get(table, row,
				    "multiple"), "1");
			if (strcmp(tmcp_table_get(table, row, "name"),
			    "size") == 0)
				CHECK_STR(tmcp_table_get(table, row,
				    "choice_titles"), "Small\nMedium");
		}
		tmcp_table_free(table);
		tmcp_event_free(event);

		/* What does not fit leaves the question open. */
		CHECK_INT(tmcp_client_check_answer(c, question, "count", "9",
		    false), TMCP_RESULT_INVALID);
		rig_error_has(&rig, "wants at most 5");
		CHECK_INT(tmcp_client_check_answer(c, question, "colours",
		    "[\"red\"]", true), TMCP_RESULT_OK);
		CHECK_INT(tmcp_client_check_answer(c, question, "count", "5",
		    false), TMCP_RESULT_OK);
		CHECK_INT(tmcp_client_answer(c, question, TMCP_ANSWER_ACCEPT,
		    wrong, 1, NULL), TMCP_RESULT_INVALID);
		rig_error_has(&rig, "e-mail");
		CHECK_INT(tmcp_client_answer(c, question, TMCP_ANSWER_ACCEPT,
		    NULL, 0, NULL), TMCP_RESULT_INVALID);
		rig_error_has(&rig, "needs argument 'email'");
		CHECK_INT(tmcp_client_answer(c, question, TMCP_ANSWER_ACCEPT,
		    right, 6, NULL), TMCP_RESULT_OK);
		CHECK_INT(tmcp_client_answer(c, question, TMCP_ANSWER_ACCEPT,
		    right, 6, NULL), TMCP_RESULT_NOT_FOUND);
		CHECK_INT(tmcp_client_check_answer(c, question, "count", "5",
		    false), TMCP_RESULT_NOT_FOUND);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL),
		    "accepted {\"agree\":true,\"colours\":[\"red\",\"green\"],"
		    "\"count\":3,\"email\":\"me@example.com\",\"size\":\"s\"}");
		tmcp_event_free(event);

		id = begin(&rig, "ask", "{}");
		event = rig_wait(&rig, TMCP_EVENT_TYPE_QUESTION, 0);
		CHECK_INT(tmcp_client_answer(c, tmcp_event_id(event),
		    TMCP_ANSWER_ACCEPT, NULL, 0, "{\"name\":\"Bo\"}"), 0);
		tmcp_event_free(event);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL), "hello, Bo");
		tmcp_event_free(event);

		id = begin(&rig, "ask", "{}");
		event = rig_wait(&rig, TMCP_EVENT_TYPE_QUESTION, 0);
		CHECK_INT(tmcp_client_answer(c, tmcp_event_id(event),
		    TMCP_ANSWER_DECLINE, NULL, 0, NULL), 0);
		tmcp_event_free(event);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL),
		    "the user chose: decline");
		tmcp_event_free(event);

		id = begin(&rig, "ask", "{\"kind\":\"url\"}");
		event = rig_wait(&rig, TMCP_EVENT_TYPE_QUESTION, 0);
		CHECK_INT(tmcp_event_question(event), TMCP_QUESTION_URL);
		CHECK_STR(tmcp_event_url(event),
		    "https://example.com/sign-in?state=a%20b&for=you");
		CHECK(tmcp_event_table(event) == NULL);
		CHECK_INT(tmcp_client_answer(c, tmcp_event_id(event),
		    TMCP_ANSWER_CANCEL, NULL, 0, NULL), 0);
		tmcp_event_free(event);
		event = done(&rig, id);
		CHECK_STR(tmcp_event_text(event, NULL),
		    "the user chose: cancel");
		tmcp_event_free(event);

		/* Nobody waits for the answer any more. */
		id = begin(&rig, "ask", "{}");
		event = rig_wait(&rig, TMCP_EVENT_TYPE_QUESTION, 0);
		question = tmcp_event_id(event);
		tmcp_event_free(event);
		CHECK_INT(tmcp_client_cancel(c, id), TMCP_RESULT_OK);
		event = rig_wait(&rig, TMCP_EVENT_TYPE_QUESTION_GONE, question);
		CHECK_INT(tmcp_event_question(event), 0);
		tmcp_event_free(event);
		rig_stop(&rig);
	}
}

static void
running_requests_are_listed(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	struct tmcp_table	*table;
	char			 buf[64];
	uint64_t		 id;

	start(&rig, "legacy");
	table = tmcp_client_jobs(rig.client);
	CHECK_INT(tmcp_table_rows(table), 0);
	tmcp_table_free(table);
	CHECK_INT(tmcp_client_format(rig.client, "mcp_progress", buf,
	    sizeof buf, NULL), 0);
	CHECK_STR(buf, "");

	id = begin(&rig, "progress", "{\"steps\":100,\"delay_ms\":500}");
	event = rig_wait(&rig, TMCP_EVENT_TYPE_PROGRESS, id);
	tmcp_event_free(event);
	table = tmcp_client_jobs(rig.client);
	CHECK_INT(tmcp_table_rows(table), 1);
	snprintf(buf, sizeof buf, "%llu", (unsigned long long)id);
	CHECK_STR(tmcp_table_get(table, 0, "id"), buf);
	CHECK_STR(tmcp_table_get(table, 0, "server"), "main");
	CHECK_STR(tmcp_table_get(table, 0, "tool"), "progress");
	CHECK_STR(tmcp_table_get(table, 0, "state"), "running");
	CHECK(atoi(tmcp_table_get(table, 0, "progress")) >= 1);
	CHECK_HAS(tmcp_table_get(table, 0, "message"), " of 100");
	CHECK(atoi(tmcp_table_get(table, 0, "age_us")) > 0);
	tmcp_table_free(table);
	CHECK_INT(tmcp_client_format(rig.client, "mcp_progress", buf,
	    sizeof buf, NULL), 0);
	CHECK_HAS(buf, "progress ");
	CHECK_HAS(buf, "%");
	CHECK_INT(tmcp_client_cancel(rig.client, id), 0);
	rig_stop(&rig);
}

static void
a_server_is_warmed_up_and_shown(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	struct tmcp_table	*table;
	char			 buf[64];
	const char *const	 roots[] = { "file:///tmp", NULL };

	start(&rig, "legacy");
	CHECK_INT(tmcp_client_set_roots(rig.client, roots), 0);
	CHECK_INT(tmcp_client_set_roots(rig.client, NULL), 0);
	CHECK_INT(tmcp_client_format(rig.client, "mcp_p50", buf, sizeof buf,
	    NULL), 0);
	CHECK_STR(buf, "-");
	CHECK_INT(tmcp_client_connect(rig.client, "main"), 0);
	tmcp_event_free(rig_wait(&rig, TMCP_EVENT_TYPE_SERVER_UP, 0));
	CHECK_INT(tmcp_client_connect(rig.client, "main"), 0);
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	tmcp_event_free(event);

	table = tmcp_client_servers(rig.client);
	CHECK_INT(tmcp_table_rows(table), 1);
	CHECK_STR(tmcp_table_get(table, 0, "name"), "main");
	CHECK_STR(tmcp_table_get(table, 0, "state"), "connected");
	CHECK_STR(tmcp_table_get(table, 0, "transport"), "stdio");
	CHECK_STR(tmcp_table_get(table, 0, "calls"), "1");
	CHECK_STR(tmcp_table_get(table, 0, "tools"), "");
	CHECK_HAS(tmcp_table_get(table, 0, "p95"), "ms");
	CHECK_INT(strlen(tmcp_table_get(table, 0, "spark")), 24);
	tmcp_table_free(table);
	CHECK_INT(tmcp_client_format(rig.client, "mcp_p95", buf, sizeof buf,
	    NULL), 0);
	CHECK_HAS(buf, "ms");
	CHECK_INT(tmcp_client_format(rig.client, "mcp_spark_main", buf,
	    sizeof buf, NULL), 0);
	CHECK_HAS(buf, "\xe2\x96\x88");
	CHECK_INT(tmcp_client_format(rig.client, "mcp_glyph_main", buf,
	    sizeof buf, NULL), 0);
	CHECK_STR(buf, "\xe2\x97\x8f");
	rig_stop(&rig);
}

static void
one_field_of_a_result_is_picked(void)
{
	struct rig		 rig;
	struct tmcp_event	*event;
	char			*out = NULL;

	start(&rig, "legacy");
	event = rig_call(&rig, "main", "rows", "{\"n\":2}", 0, NULL);
	CHECK_INT(tmcp_event_pointer(event, "/rows/1/name", &out), 0);
	CHECK_STR(out, "row 2");
	tmcp_string_free(out);
	CHECK_INT(tmcp_event_pointer(event, "/rows/0", &out), 0);
	CHECK_HAS(out, "\"id\":1");
	tmcp_string_free(out);
	out = NULL;
	CHECK_INT(tmcp_event_pointer(event, "/rows/9", &out),
	    TMCP_RESULT_NOT_FOUND);
	CHECK(out == NULL);
	CHECK_INT(tmcp_event_pretty(event, &out), 0);
	CHECK_HAS(out, "{\n  \"rows\": [\n    {\n");
	tmcp_string_free(out);
	tmcp_event_free(event);

	event = rig_call(&rig, "main", "image", "{}", 0, NULL);
	CHECK_INT(tmcp_event_blob_count(event), 1);
	tmcp_event_free(event);
	rig_stop(&rig);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "lists are text and tables", lists_are_text_and_tables },
		{ "arguments are described and checked",
		  arguments_are_described_and_checked },
		{ "resources and prompts are read",
		  resources_and_prompts_are_read },
		{ "a watched resource is heard of",
		  a_watched_resource_is_heard_of },
		{ "questions are answered", questions_are_answered },
		{ "running requests are listed", running_requests_are_listed },
		{ "a server is warmed up and shown",
		  a_server_is_warmed_up_and_shown },
		{ "one field of a result is picked",
		  one_field_of_a_result_is_picked },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
