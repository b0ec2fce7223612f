/* The arguments of a call as JSON, before it is made. */

#include "harness.h"

static char	*text;

/* Encodes or drafts the arguments of the tool of one of each type. */
static int32_t
make(struct rig *rig, const struct tmcp_pair *pairs, size_t npairs,
    int is_draft)
{
	struct tmcp_call	call;

	tmcp_string_free(text);
	text = NULL;
	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "types";
	call.pairs = pairs;
	call.npairs = npairs;
	if (is_draft)
		return (tmcp_client_draft_arguments(rig->client, &call, &text));
	return (tmcp_client_encode_arguments(rig->client, &call, &text));
}

static void
list_tools(struct rig *rig)
{
	uint64_t	id = 0;

	CHECK_INT(tmcp_client_list(rig->client, "main", TMCP_LIST_TOOLS, 0,
	    NULL, &id), TMCP_RESULT_OK);
	tmcp_event_free(rig_wait(rig, TMCP_EVENT_TYPE_DONE, id));
}

static void
arguments_are_encoded_as_a_call_sends_them(void)
{
	static const struct tmcp_pair	 pairs[] = {
		{ "s", "12", false },
		{ "o.y", "2", false },
		{ "a", "one", false },
		{ "i", "7", false },
		{ "o.x", "1", false },
		{ "a", "two", false },
		{ "maybe", "null", true },
	};
	struct rig		 rig;
	struct tmcp_call	 call;
	struct tmcp_event	*event;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	CHECK_INT(make(&rig, pairs, 7, 0), TMCP_RESULT_NOT_FOUND);
	rig_error_has(&rig, "tool 'types' of 'main' is not known");
	CHECK_INT(make(&rig, pairs, 7, 1), TMCP_RESULT_NOT_FOUND);
	CHECK(text == NULL);
	list_tools(&rig);
	CHECK_INT(make(&rig, pairs, 7, 0), TMCP_RESULT_OK);
	CHECK_STR(text, "{\"s\":\"12\",\"o\":{\"y\":2,\"x\":1},"
	    "\"a\":[\"one\",\"two\"],\"i\":7,\"maybe\":null}");
	/* The call with this JSON is the call with these pairs. */
	event = rig_call(&rig, "main", "types", text, 0, NULL);
	CHECK_INT(tmcp_event_result(event), TMCP_RESULT_OK);
	CHECK_HAS(tmcp_event_text(event, NULL), "\"two\"");
	tmcp_event_free(event);

	CHECK_INT(make(&rig, pairs, 1, 0), TMCP_RESULT_INVALID);
	rig_error_has(&rig, "needs argument 'i'");
	CHECK_INT(make(&rig, NULL, 1, 0), TMCP_RESULT_NULL);
	CHECK_INT(make(&rig, NULL, 1, 1), TMCP_RESULT_NULL);

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = "main";
	call.tool = "types";
	CHECK_INT(tmcp_client_encode_arguments(rig.client, &call, NULL),
	    TMCP_RESULT_NULL);
	CHECK_INT(tmcp_client_draft_arguments(rig.client, NULL, &text),
	    TMCP_RESULT_NULL);
	call.json = "{}";
	CHECK_INT(tmcp_client_encode_arguments(rig.client, &call, &text),
	    TMCP_RESULT_INVALID);
	rig_error_has(&rig, "must be NULL");
	CHECK(text == NULL);
	rig_stop(&rig);
}

static void
a_draft_has_what_does_not_fit_and_what_is_missing(void)
{
	static const struct tmcp_pair	 pairs[] = {
		{ "i", "many", false },
		{ "a", "one", false },
		{ "o.y", "2", false },
		{ "none", "x", false },
	};
	struct rig	 rig;

	rig_start(&rig, one_server(""));
	tmcp_event_free(rig_ready(&rig));
	list_tools(&rig);
	CHECK_INT(make(&rig, pairs, 4, 0), TMCP_RESULT_INVALID);
	rig_error_has(&rig, "wants an integer, not 'many'");
	CHECK_INT(make(&rig, pairs, 4, 1), TMCP_RESULT_OK);
	CHECK_HAS(text, "{\"i\":\"many\",\"a\":[\"one\"],"
	    "\"o\":{\"y\":2,\"x\":0},\"none\":\"x\",\"s\":\"\",");
	CHECK_HAS(text, "\"e\":\"red\"");
	CHECK_INT(make(&rig, NULL, 0, 1), TMCP_RESULT_OK);
	CHECK_HAS(text, "\"s\":\"\"");
	tmcp_string_free(text);
	text = NULL;
	rig_stop(&rig);
}

static void
any_json_is_laid_out(void)
{
	static const struct {
		const char	*json;
		size_t		 len;
		const char	*wanted;
	} texts[] = {
		{ "{\"a\":[1,{}],\"b\":\"x,{\\\"\"}", 0, "{\n  \"a\": [\n"
		  "    1,\n    {}\n  ],\n  \"b\": \"x,{\\\"\"\n}" },
		{ " [ ] ", 0, "[]" },
		{ "12", 0, "12" },
		{ "no JSON", 0, "no JSON" },
		{ "", 0, "" },
		/* Only so many bytes, in the middle of a string. */
		{ "{\"a\":\"bcd\"}", 8, "{\n  \"a\":\"bc" },
		{ "[1]xyz", 3, "[\n  1\n]" },
		/* Where it stops being JSON the blanks are kept. */
		{ "1 2 3", 0, "1 2 3" },
		{ "{\"a\" 1}\n", 0, "{\n  \"a\" 1}" },
		{ "[1]\n[2]", 0, "[\n  1\n]\n[2]" },
	};
	size_t	 i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		CHECK_INT(tmcp_json_pretty(texts[i].json, texts[i].len, &text),
		    TMCP_RESULT_OK);
		CHECK_STR(text, texts[i].wanted);
		tmcp_string_free(text);
	}
	text = NULL;
	CHECK_INT(tmcp_json_pretty("\"\377\"", 0, &text), TMCP_RESULT_INVALID);
	CHECK(text == NULL);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "arguments are encoded as a call sends them",
		  arguments_are_encoded_as_a_call_sends_them },
		{ "a draft has what does not fit and what is missing",
		  a_draft_has_what_does_not_fit_and_what_is_missing },
		{ "any JSON is laid out", any_json_is_laid_out },
	};

	return (run_tests(tests, sizeof tests / sizeof tests[0]));
}
