/* What an event gives is the same, made beforehand in pieces or at once. */

#include <pthread.h>

#include "harness.h"

#define ROWS 4000

/*
 * A result with a long text, some data and two images; "answer" gives it back as
 * it is.
 */
static char *
arguments(void)
{
	static const char	row[] = "{\"id\": 1, \"name\": \"a \\u00e9\"},";
	char			*json, *at;
	int			 i;

	at = json = malloc(ROWS * (sizeof row + 32) + 1024);
	CHECK(json != NULL);
	at += sprintf(at, "{\"result\":{\"content\":[{\"type\":\"text\","
	    "\"text\":\"");
	for (i = 0; i < ROWS; i++)
		at += sprintf(at, "line\\n\\u0000\\u00e9");
	at += sprintf(at, "\"},{\"type\":\"image\",\"mimeType\":\"a/b\","
	    "\"data\":\"Zm9v\"},{\"type\":\"image\",\"data\":\"Zg==\"}],"
	    "\"structuredContent\":{\"rows\":[");
	for (i = 0; i < ROWS; i++)
		at += sprintf(at, "%s", row);
	sprintf(at, "0]}}}");
	return (json);
}

/* Makes all of it, the shortest time in each call; how many calls. */
static int
prepare(struct tmcp_event *event, uint32_t want, const char *pointer)
{
	int	calls = 1, more;

	while ((more = tmcp_event_prepare(event, want, pointer, 1)) == 1)
		calls++;
	CHECK_INT(more, 0);
	/* It stays made. */
	CHECK_INT(tmcp_event_prepare(event, want, pointer, 1), 0);
	return (calls);
}

static void
same_text(struct tmcp_event *made, struct tmcp_event *other)
{
	const char	*text, *expected;
	size_t		 len, size;

	text = tmcp_event_text(made, &len);
	expected = tmcp_event_text(other, &size);
	CHECK_INT(len, size);
	CHECK_STR(text, expected);
	CHECK_INT(strlen(text), len);
	CHECK(tmcp_event_text(made, NULL) == text);
}

static void
a_result_is_the_same_in_pieces(void)
{
	struct rig		 rig;
	struct tmcp_event	*made, *other;
	char			*json = arguments(), *out, *expected;
	const char		*mime, *type, *text;
	const uint8_t		*bytes;
	size_t			 size, len, i;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	rig.unread = 1;
	made = rig_call(&rig, "main", "answer", json, 0, NULL);
	other = rig_call(&rig, "main", "answer", json, 0, NULL);
	CHECK_INT(tmcp_event_result(made), TMCP_RESULT_OK);

	CHECK(prepare(made, TMCP_WANT_TEXT, NULL) > 1);
	same_text(made, other);
	CHECK_HAS(tmcp_event_text(made, NULL), "line\n\xef\xbf\xbd\xc3\xa9line");

	CHECK(prepare(made, TMCP_WANT_PRETTY, NULL) > 1);
	CHECK_INT(tmcp_event_pretty(other, &expected), 0);
	/* The second time it is made anew. */
	for (i = 0; i < 2; i++) {
		CHECK_INT(tmcp_event_pretty(made, &out), 0);
		CHECK_STR(out, expected);
		tmcp_string_free(out);
	}
	tmcp_string_free(expected);

	CHECK(prepare(made, TMCP_WANT_POINTER, "/rows") > 1);
	CHECK_INT(tmcp_event_pointer(made, "/rows/3999/id", &out), 0);
	CHECK_STR(out, "1");
	tmcp_string_free(out);
	CHECK_INT(tmcp_event_pointer(other, "/rows", &expected), 0);
	for (i = 0; i < 2; i++) {
		CHECK_INT(tmcp_event_pointer(made, "/rows", &out), 0);
		CHECK_STR(out, expected);
		tmcp_string_free(out);
	}
	tmcp_string_free(expected);
	prepare(made, TMCP_WANT_POINTER, "/nothing");
	out = NULL;
	CHECK_INT(tmcp_event_pointer(made, "/nothing", &out),
	    TMCP_RESULT_NOT_FOUND);
	CHECK(out == NULL);

	prepare(made, TMCP_WANT_BLOBS, NULL);
	CHECK_INT(tmcp_event_blob_count(made), 2);
	CHECK_INT(tmcp_event_blob_count(other), 2);
	for (i = 0; i < 2; i++) {
		bytes = tmcp_event_blob(made, i, &mime, &size);
		CHECK(memcmp(bytes, tmcp_event_blob(other, i, &type, &len),
		    size) == 0);
		CHECK_INT(size, len);
		CHECK_STR(mime, type);
	}
	CHECK_STR(mime, "");
	CHECK(tmcp_event_blob(made, 2, NULL, NULL) == NULL);

	prepare(made, TMCP_WANT_TABLE, NULL);
	CHECK(tmcp_event_table(made) == NULL);

	/* One that was begun is ended by its getter, or freed with the event. */
	tmcp_event_free(other);
	other = rig_call(&rig, "main", "answer", json, 0, NULL);
	CHECK_INT(tmcp_event_prepare(other, TMCP_WANT_TEXT, NULL, 1), 1);
	CHECK_INT(tmcp_event_prepare(other, TMCP_WANT_PRETTY, NULL, 1), 1);
	CHECK_INT(tmcp_event_prepare(other, TMCP_WANT_POINTER, "/rows", 1), 1);
	CHECK_INT(tmcp_event_prepare(other, TMCP_WANT_POINTER, "", 1), 1);
	same_text(made, other);
	/* What was borrowed stays where it is. */
	text = tmcp_event_text(other, NULL);
	prepare(other, TMCP_WANT_BLOBS, NULL);
	CHECK(tmcp_event_text(other, NULL) == text);
	tmcp_event_free(other);
	tmcp_event_free(made);
	rig_stop(&rig);
	free(json);
}

static void
lists_are_the_same_in_pieces(void)
{
	static const uint32_t	 lists[] = { TMCP_LIST_TOOLS,
	    TMCP_LIST_RESOURCES, TMCP_LIST_RESOURCE_TEMPLATES,
	    TMCP_LIST_PROMPTS };
	struct rig		 rig;
	struct tmcp_event	*made, *other;
	struct tmcp_table	*table, *expected;
	uint64_t		 id;
	size_t			 i, row, column;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	rig.unread = 1;
	for (i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		CHECK_INT(tmcp_client_list(rig.client, "main", lists[i], 0,
		    NULL, &id), 0);
		made = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
		CHECK_INT(tmcp_client_list(rig.client, "main", lists[i], 0,
		    NULL, &id), 0);
		other = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
		prepare(made, TMCP_WANT_TEXT, NULL);
		same_text(made, other);
		prepare(made, TMCP_WANT_TABLE, NULL);
		table = tmcp_event_table(made);
		expected = tmcp_event_table(other);
		CHECK(tmcp_table_rows(table) > 0);
		CHECK_INT(tmcp_table_rows(table), tmcp_table_rows(expected));
		CHECK_INT(tmcp_table_columns(table),
		    tmcp_table_columns(expected));
		for (row = 0; row < tmcp_table_rows(table); row++) {
			for (column = 0; column < tmcp_table_columns(table);
			    column++)
				CHECK_STR(tmcp_table_cell(table, row, column),
				    tmcp_table_cell(expected, row, column));
		}
		tmcp_table_free(table);
		tmcp_table_free(expected);
		/* Given away once, made anew. */
		table = tmcp_event_table(made);
		CHECK(tmcp_table_rows(table) > 0);
		tmcp_table_free(table);
		/* Never asked for. */
		prepare(made, TMCP_WANT_TABLE, NULL);
		tmcp_event_free(made);
		tmcp_event_free(other);
	}
	rig_stop(&rig);
}

static void
one_tool_of_a_list_is_shown_whole(void)
{
	struct rig		 rig;
	struct tmcp_event	*made, *other;
	char			*out, *expected, name[64], why[256];
	uint64_t		 id;
	size_t			 needed;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	rig.unread = 1;
	CHECK_INT(tmcp_client_find_tool(rig.client, "main", "echo", name,
	    sizeof name, &needed), TMCP_RESULT_INVALID);
	tmcp_client_error(rig.client, why, sizeof why);
	CHECK_HAS(why, "has not listed its tools yet");
	CHECK_INT(tmcp_client_list(rig.client, "main", TMCP_LIST_TOOLS, 0,
	    NULL, &id), 0);
	made = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);
	CHECK_INT(tmcp_client_list(rig.client, "main", TMCP_LIST_TOOLS, 0,
	    NULL, &id), 0);
	other = rig_wait(&rig, TMCP_EVENT_TYPE_DONE, id);

	CHECK_INT(tmcp_client_find_tool(rig.client, "main", "wor", name,
	    sizeof name, &needed), 0);
	CHECK_STR(name, "words");
	CHECK_INT(needed, 5);
	CHECK_INT(tmcp_client_find_tool(rig.client, "main", "words", name, 3,
	    &needed), 0);
	CHECK_STR(name, "wo");
	CHECK_INT(tmcp_client_find_tool(rig.client, "main", "wrods", NULL, 0,
	    NULL), TMCP_RESULT_INVALID);
	tmcp_client_error(rig.client, why, sizeof why);
	CHECK_HAS(why, "has no tool 'wrods'");
	CHECK_INT(tmcp_client_find_tool(rig.client, "main", "e", NULL, 0,
	    NULL), TMCP_RESULT_INVALID);
	tmcp_client_error(rig.client, why, sizeof why);
	CHECK_HAS(why, "tool 'e' may be echo, e");
	CHECK_INT(tmcp_client_find_tool(rig.client, "nowhere", "echo", NULL,
	    0, NULL), TMCP_RESULT_INVALID);

	prepare(made, TMCP_WANT_TOOL_TEXT, "words");
	CHECK_INT(tmcp_event_tool_text(made, "words", &out), 0);
	CHECK_INT(tmcp_event_tool_text(other, "words", &expected), 0);
	CHECK_STR(out, expected);
	CHECK_HAS(out, "Tool: words\n  Title: Count words\n  Description:\n");
	tmcp_string_free(out);
	tmcp_string_free(expected);
	prepare(made, TMCP_WANT_TOOL_JSON, "words");
	CHECK_INT(tmcp_event_tool_json(made, "words", &out), 0);
	CHECK_INT(tmcp_event_tool_json(other, "words", &expected), 0);
	CHECK_STR(out, expected);
	CHECK(*out == '{' && out[strlen(out) - 1] == '}');
	CHECK_HAS(tmcp_event_json(other, NULL), out);
	tmcp_string_free(out);
	tmcp_string_free(expected);
	out = NULL;
	/* The whole name is wanted here. */
	CHECK_INT(tmcp_event_tool_json(made, "word", &out),
	    TMCP_RESULT_NOT_FOUND);
	CHECK(out == NULL);
	tmcp_event_free(made);
	tmcp_event_free(other);
	rig_stop(&rig);
}

static void
wrong_wishes_are_refused(void)
{
	static uint64_t		 zeros[512];
	struct rig		 rig;
	struct tmcp_event	*event, *ready;
	uint32_t		 want;
	char			*out;

	CHECK_INT(tmcp_event_prepare(NULL, TMCP_WANT_TEXT, NULL, 0),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_prepare((struct tmcp_event *)zeros,
	    TMCP_WANT_TEXT, NULL, 0), TMCP_RESULT_INVALID);

	rig_start(&rig, one_server(""));
	rig.unread = 1;
	ready = rig_ready(&rig);
	event = rig_call(&rig, "main", "echo", "{\"text\":\"x\"}", 0, NULL);
	CHECK_INT(tmcp_event_prepare(event, 0, NULL, 0), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_event_prepare(event, 8, NULL, 0), TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_event_prepare(event, UINT32_MAX, NULL, 0),
	    TMCP_RESULT_INVALID);
	CHECK_INT(tmcp_event_prepare(event, TMCP_WANT_POINTER, NULL, 0),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_prepare(event, TMCP_WANT_TOOL_TEXT, NULL, 0),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_event_prepare(event, TMCP_WANT_POINTER, "\xff", 0),
	    TMCP_RESULT_INVALID);
	/* No pointer by its grammar: no error yet, and no part. */
	prepare(event, TMCP_WANT_POINTER, "content");
	CHECK_INT(tmcp_event_pointer(event, "content", &out),
	    TMCP_RESULT_NOT_FOUND);

	/* The default budget is plenty for a short answer. */
	for (want = TMCP_WANT_TEXT; want <= TMCP_WANT_TOOL_JSON; want++) {
		CHECK_INT(tmcp_event_prepare(event, want, "", UINT32_MAX), 0);
		CHECK_INT(tmcp_event_prepare(ready, want, "", 0), 0);
	}
	CHECK_STR(tmcp_event_text(event, NULL), "x");
	CHECK(tmcp_event_table(ready) == NULL);
	CHECK_INT(tmcp_event_pretty(ready, &out), TMCP_RESULT_NOT_FOUND);
	tmcp_event_free(event);
	tmcp_event_free(ready);
	rig_stop(&rig);
}

static struct tmcp_event	*shared;
static const char		*seen[4];

static void *
look(void *arg)
{
	const char	**mine = arg;
	char		 *out;
	uint32_t	  want;

	for (want = TMCP_WANT_TEXT; want <= TMCP_WANT_TOOL_JSON; want++)
		CHECK(tmcp_event_prepare(shared, want, "/rows", 50) >= 0);
	*mine = tmcp_event_text(shared, NULL);
	CHECK_INT(tmcp_event_pointer(shared, "/rows", &out), 0);
	tmcp_string_free(out);
	CHECK(tmcp_event_blob(shared, 1, NULL, NULL) != NULL);
	while (tmcp_event_prepare(shared, TMCP_WANT_TEXT, NULL, 0) == 1)
		;
	CHECK(tmcp_event_text(shared, NULL) == *mine);
	return (NULL);
}

static void
threads_make_it_together(void)
{
	struct rig	 rig;
	pthread_t	 threads[4];
	char		*json = arguments();
	int		 i;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	rig.unread = 1;
	shared = rig_call(&rig, "main", "answer", json, 0, NULL);
	for (i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, look, &seen[i]) == 0);
	for (i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	for (i = 1; i < 4; i++)
		CHECK(seen[i] == seen[0]);
	tmcp_event_free(shared);
	rig_stop(&rig);
	free(json);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "a result is the same in pieces",
		  a_result_is_the_same_in_pieces },
		{ "lists are the same in pieces", lists_are_the_same_in_pieces },
		{ "one tool of a list is shown whole",
		    one_tool_of_a_list_is_shown_whole },
		{ "wrong wishes are refused", wrong_wishes_are_refused },
		{ "threads make it together", threads_make_it_together },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
