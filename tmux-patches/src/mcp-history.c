/* $OpenBSD$ */

/*
 * Copyright (c) 2026 The tmcp maintainers
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF MIND, USE, DATA OR PROFITS, WHETHER
 * IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING
 * OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tmux.h"
#include "mcp-form.h"

/*
 * The last calls of tools, in memory: what was called, how it ended, and the
 * arguments, so that a call can be made again. Arguments that the schema of
 * the tool marks as secret and arguments that came from a source are not kept.
 * The number of calls is limited by mcp-history-size, the bytes of all
 * arguments by MCP_HISTORY_BYTES.
 */

/* The bytes of all arguments, and of those of one call. */
#define MCP_HISTORY_BYTES (1024 * 1024)
#define MCP_HISTORY_CALL_BYTES (64 * 1024)

/* How much of the arguments and of an error is shown. */
#define MCP_HISTORY_SHOWN_BYTES 1000

/* How many tools it is known of which of their arguments are secret. */
#define MCP_HISTORY_TOOLS 64

static TAILQ_HEAD(mcp_calls, mcp_call) mcp_calls =
    TAILQ_HEAD_INITIALIZER(mcp_calls);
/* The same calls by their numbers. */
static RB_HEAD(mcp_calls_by_id, mcp_call) mcp_calls_by_id =
    RB_INITIALIZER(&mcp_calls_by_id);
static u_int	mcp_calls_count;
static size_t	mcp_calls_bytes;

/* The secret arguments of a tool, one a line; NULL while they are looked up. */
struct mcp_history_tool {
	char			*server;
	char			*tool;
	char			*secrets;

	TAILQ_ENTRY(mcp_history_tool) entry;
};
static TAILQ_HEAD(mcp_history_tools, mcp_history_tool) mcp_history_tools =
    TAILQ_HEAD_INITIALIZER(mcp_history_tools);
static u_int	mcp_history_ntools;

static int
mcp_history_cmp(struct mcp_call *mc1, struct mcp_call *mc2)
{
	if (mc1->id == mc2->id)
		return (0);
	return (mc1->id < mc2->id ? -1 : 1);
}
RB_GENERATE_STATIC(mcp_calls_by_id, mcp_call, id_entry, mcp_history_cmp);

/* Who is told that the calls are others. */
static mcp_history_cb	 mcp_history_changed;

void
mcp_history_watch(mcp_history_cb cb)
{
	mcp_history_changed = cb;
}

/* How many calls are to be kept. */
u_int
mcp_history_limit(void)
{
	return (options_get_number(global_options, "mcp-history-size"));
}

/* Forget the arguments of a call. */
static void
mcp_history_strip(struct mcp_call *mc)
{
	mcp_pairs_free(mc->pairs, mc->npairs);
	mc->pairs = NULL;
	mc->npairs = 0;
	free(mc->json);
	mc->json = NULL;
	mc->json_size = 0;
	mcp_calls_bytes -= mc->bytes;
	mc->bytes = 0;
}

/* Forget a call. */
static void
mcp_history_free(struct mcp_call *mc)
{
	TAILQ_REMOVE(&mcp_calls, mc, entry);
	RB_REMOVE(mcp_calls_by_id, &mcp_calls_by_id, mc);
	mcp_calls_count--;
	mcp_history_strip(mc);
	free(mc->unkept);
	free(mc->server);
	free(mc->tool);
	free(mc->who);
	free(mc->error);
	free(mc);
}

/* Forget the oldest calls until there are few enough and they are small. */
static void
mcp_history_trim(void)
{
	u_int	limit = mcp_history_limit();

	while (mcp_calls_count > limit)
		mcp_history_free(TAILQ_FIRST(&mcp_calls));
	while (mcp_calls_bytes > MCP_HISTORY_BYTES)
		mcp_history_free(TAILQ_FIRST(&mcp_calls));
}

/* The first call, and the one after another. */
struct mcp_call *
mcp_history_next(struct mcp_call *mc)
{
	if (mc == NULL) {
		mcp_history_trim();
		return (TAILQ_FIRST(&mcp_calls));
	}
	return (TAILQ_NEXT(mc, entry));
}

/* The call before another. */
struct mcp_call *
mcp_history_before(struct mcp_call *mc)
{
	return (TAILQ_PREV(mc, mcp_calls, entry));
}

/* The call with this number, or NULL. */
struct mcp_call *
mcp_history_find(uint64_t id)
{
	struct mcp_call	find = { .id = id };

	return (RB_FIND(mcp_calls_by_id, &mcp_calls_by_id, &find));
}

/*
 * The last call that was made in tmux, of one tool if its server and name are
 * not NULL. What agents do does not change what is called again.
 */
struct mcp_call *
mcp_history_last(const char *server, const char *tool)
{
	struct mcp_call	*mc;

	TAILQ_FOREACH_REVERSE(mc, &mcp_calls, mcp_calls, entry) {
		if (!mc->is_agent &&
		    (server == NULL || strcmp(mc->server, server) == 0) &&
		    (tool == NULL || strcmp(mc->tool, tool) == 0))
			return (mc);
	}
	return (NULL);
}

/* Forget which arguments of a tool are secret. */
static void
mcp_history_free_tool(struct mcp_history_tool *mt)
{
	TAILQ_REMOVE(&mcp_history_tools, mt, entry);
	mcp_history_ntools--;
	free(mt->server);
	free(mt->tool);
	free(mt->secrets);
	free(mt);
}

/* The tools of a server are others, or those of all servers. */
void
mcp_history_forget_tools(const char *server)
{
	struct mcp_history_tool	*mt, *mt1;

	TAILQ_FOREACH_SAFE(mt, &mcp_history_tools, entry, mt1) {
		/* One that is looked up is needed until it is known. */
		if (mt->secrets != NULL &&
		    (server == NULL || strcmp(mt->server, server) == 0))
			mcp_history_free_tool(mt);
	}
}

/*
 * If a line of a list is a key, or an object on the way to it: "a" and
 * "address" are both given away by "address.a".
 */
static int
mcp_history_is_secret(const char *secrets, const char *key)
{
	size_t		 size = strlen(key);
	const char	*end;

	for (; *secrets != '\0'; secrets = end + (*end == '\n')) {
		end = secrets + strcspn(secrets, "\n");
		if (strncmp(secrets, key, size) == 0 &&
		    (secrets[size] == '\n' || secrets[size] == '\0' ||
		    secrets[size] == '.'))
			return (1);
	}
	return (0);
}

/* Do not keep the value of an argument. */
static void
mcp_history_hide(struct mcp_call *mc, u_int i, const char *why)
{
	struct tmcp_pair	*pair = &mc->pairs[i];

	if (mc->unkept == NULL) {
		xasprintf(&mc->unkept, "argument '%s' %s and was not kept",
		    pair->key, why);
	}
	mcp_calls_bytes -= strlen(pair->value);
	mc->bytes -= strlen(pair->value);
	freezero((void *)pair->value, strlen(pair->value));
	pair->value = NULL;
}

/* The secret arguments of the tool of a call are known: keep the others. */
static void
mcp_history_apply(struct mcp_call *mc, const char *secrets)
{
	u_int	i;

	mc->unchecked = 0;
	if (*secrets == '\0')
		return;
	for (i = 0; i < mc->npairs; i++) {
		if (mc->pairs[i].value != NULL &&
		    mcp_history_is_secret(secrets, mc->pairs[i].key))
			mcp_history_hide(mc, i, "is secret");
	}
	if (mc->json != NULL) {
		explicit_bzero(mc->json, mc->json_size);
		mcp_history_strip(mc);
		free(mc->unkept);
		xasprintf(&mc->unkept, "the tool takes a secret ('%.*s') and "
		    "JSON arguments were not kept",
		    (int)strcspn(secrets, "\n"), secrets);
	}
}

/* The arguments of a tool are known. */
static void
mcp_history_made(void *data, struct tmcp_table *table)
{
	struct mcp_history_tool	*mt = data;
	struct mcp_call		*mc;
	struct mcp_bytes	*secrets = mcp_bytes_create();
	size_t			 row;

	for (row = 0; row < tmcp_table_rows(table); row++) {
		if (*tmcp_table_get(table, row, "secret") != '\0') {
			mcp_bytes_printf(secrets, "%s\n",
			    tmcp_table_get(table, row, "name"));
		}
	}
	tmcp_table_free(table);
	mt->secrets = xstrdup(secrets->text);
	mcp_bytes_unref(secrets);
	TAILQ_FOREACH(mc, &mcp_calls, entry) {
		if (mc->unchecked && strcmp(mc->server, mt->server) == 0 &&
		    strcmp(mc->tool, mt->tool) == 0)
			mcp_history_apply(mc, mt->secrets);
	}
	mcp_history_changed();
	if (mcp_history_ntools > MCP_HISTORY_TOOLS)
		mcp_history_free_tool(mt);
}

/*
 * Look at a call once it is known which arguments of its tool are secret. If
 * the server has not listed its tools, nothing is known yet. Returns 1 if the
 * arguments may be shown.
 */
int
mcp_history_check(struct mcp_call *mc)
{
	struct tmcp_client	*core = mcp_core_get();
	struct mcp_history_tool	*mt;
	struct tmcp_table	*table;

	if (!mc->unchecked)
		return (1);
	TAILQ_FOREACH(mt, &mcp_history_tools, entry) {
		if (strcmp(mc->server, mt->server) != 0 ||
		    strcmp(mc->tool, mt->tool) != 0)
			continue;
		if (mt->secrets == NULL)
			return (0);
		mcp_history_apply(mc, mt->secrets);
		return (1);
	}
	if (core == NULL)
		return (0);
	table = tmcp_client_tool_arguments(core, mc->server, mc->tool);
	if (table == NULL)
		return (0);
	while (mcp_history_ntools >= MCP_HISTORY_TOOLS) {
		mt = TAILQ_FIRST(&mcp_history_tools);
		if (mt->secrets == NULL)
			break;
		mcp_history_free_tool(mt);
	}
	mt = xcalloc(1, sizeof *mt);
	mt->server = xstrdup(mc->server);
	mt->tool = xstrdup(mc->tool);
	TAILQ_INSERT_TAIL(&mcp_history_tools, mt, entry);
	mcp_history_ntools++;
	mcp_table_make(table, mcp_history_made, mt);
	return (0);
}

/* Keep JSON arguments of a call. */
static void
mcp_history_keep_json(struct mcp_call *mc, const char *json, size_t size)
{
	mc->json = xmalloc(size + 1);
	memcpy(mc->json, json, size);
	mc->json[size] = '\0';
	mc->json_size = size;
}

/* Keep the arguments of a call, but for those that came from a source. */
static void
mcp_history_keep(struct mcp_call *mc, struct mcp_args *ma)
{
	struct tmcp_pair	*pair;
	size_t			 size = ma->json_size;
	u_int			 i;

	for (i = 0; i < ma->npairs; i++) {
		size += strlen(ma->pairs[i].key);
		if (ma->sourced == NULL || !ma->sourced[i])
			size += strlen(ma->pairs[i].value);
	}
	if (size > MCP_HISTORY_CALL_BYTES) {
		xasprintf(&mc->unkept, "the arguments have %zu bytes and were "
		    "not kept", size);
		return;
	}
	mc->unchecked = (size != 0);
	mc->bytes = size;
	mcp_calls_bytes += size;
	if (ma->json != NULL) {
		mcp_history_keep_json(mc, ma->json, ma->json_size);
		return;
	}
	mc->npairs = ma->npairs;
	mc->pairs = xcalloc(ma->npairs == 0 ? 1 : ma->npairs,
	    sizeof *mc->pairs);
	for (i = 0; i < ma->npairs; i++) {
		pair = &mc->pairs[i];
		pair->key = xstrdup(ma->pairs[i].key);
		pair->is_json = ma->pairs[i].is_json;
		if (ma->sourced == NULL || !ma->sourced[i])
			pair->value = xstrdup(ma->pairs[i].value);
		else if (mc->unkept == NULL) {
			xasprintf(&mc->unkept, "argument '%s' came from a "
			    "source and was not kept", pair->key);
		}
	}
}

/* Add a call without its arguments. */
static struct mcp_call *
mcp_history_insert(uint64_t id, const char *server, const char *tool,
    const char *who)
{
	struct mcp_call	*mc;

	mc = xcalloc(1, sizeof *mc);
	mc->id = id;
	mc->server = xstrdup(server);
	mc->tool = xstrdup(tool);
	mc->who = xstrdup(who);
	mc->time = time(NULL);
	TAILQ_INSERT_TAIL(&mcp_calls, mc, entry);
	RB_INSERT(mcp_calls_by_id, &mcp_calls_by_id, mc);
	mcp_calls_count++;
	return (mc);
}

/* A call that an agent has made has ended. */
void
mcp_history_add_agent(struct tmcp_event *event)
{
	struct mcp_call	*mc;
	const char	*text;
	size_t		 size;

	if (mcp_history_limit() == 0)
		return;
	mc = mcp_history_insert(tmcp_event_id(event), tmcp_event_server(event),
	    tmcp_event_tool(event), tmcp_event_who(event));
	mc->is_agent = 1;
	mc->done = 1;
	mc->result = tmcp_event_result(event);
	mc->elapsed_us = tmcp_event_elapsed_us(event);
	mc->time -= mc->elapsed_us / 1000000;
	mc->size = tmcp_event_size(event);
	text = tmcp_event_text(event, &size);
	if (size != 0) {
		mc->error = xstrndup(text, mcp_text_cut(text, size,
		    MCP_HISTORY_SHOWN_BYTES));
	}
	text = tmcp_event_json(event, &size);
	if (size == 0)
		mc->unkept = xstrdup("the arguments are long and were not kept");
	else {
		mc->unchecked = 1;
		mc->bytes = size;
		mcp_calls_bytes += size;
		mcp_history_keep_json(mc, text, size);
	}
	mcp_history_check(mc);
	mcp_history_trim();
	mcp_history_changed();
}

/* A tool is called. */
void
mcp_history_add(struct mcp_run *run)
{
	struct mcp_call	*mc;

	if (mcp_history_limit() == 0)
		return;
	mc = mcp_history_insert(run->id, run->server, run->name,
	    run->out->who);
	mcp_history_keep(mc, &run->args);
	mcp_history_check(mc);
	mcp_history_trim();
	mcp_history_changed();
}

/* A request has ended: with an event, or NULL if it was taken back. */
void
mcp_history_end(uint64_t id, struct tmcp_event *event)
{
	struct mcp_call	*mc;
	const char	*text;
	size_t		 size;

	if (id == 0 || (mc = mcp_history_find(id)) == NULL || mc->done)
		return;
	mc->done = 1;
	mc->result = mcp_event_result(event);
	if (event != NULL) {
		mc->elapsed_us = tmcp_event_elapsed_us(event);
		tmcp_event_json(event, &mc->size);
	}
	/* The words of a large error are not made for this. */
	if (mc->result != TMCP_RESULT_OK &&
	    mc->size < MCP_HISTORY_CALL_BYTES) {
		text = mcp_event_text(event, &size);
		mc->error = xstrndup(text, mcp_text_cut(text, size,
		    MCP_HISTORY_SHOWN_BYTES));
	}
	mcp_history_check(mc);
	mcp_history_changed();
}

/* Nobody waits for a request any more. */
void
mcp_history_drop(uint64_t id)
{
	struct mcp_call	*mc;

	if (id == 0 || (mc = mcp_history_find(id)) == NULL || mc->done)
		return;
	mc->done = 1;
	mc->result = TMCP_RESULT_CANCELLED;
	mc->error = xstrdup("the client has gone");
	mcp_history_changed();
}

/* How a call ended, in a word. */
const char *
mcp_history_outcome(struct mcp_call *mc)
{
	if (!mc->done)
		return ("running");
	switch (mc->result) {
	case TMCP_RESULT_OK:
		return ("ok");
	case TMCP_RESULT_TOOL:
		return ("error");
	case TMCP_RESULT_TIMEOUT:
		return ("timeout");
	case TMCP_RESULT_CANCELLED:
		return ("cancelled");
	case TMCP_RESULT_OUTCOME_UNKNOWN:
		return ("unknown");
	default:
		return ("failed");
	}
}

/* As much of a text as is shown. Sets cut if it is not all. */
static char *
mcp_history_cut(const char *text, size_t size, int *cut)
{
	size_t	 shown = mcp_text_cut(text, size, MCP_HISTORY_SHOWN_BYTES);
	char	*s;

	*cut = (shown < size);
	xasprintf(&s, "%.*s%s", (int)shown, text, *cut ? "..." : "");
	return (s);
}

/*
 * The arguments of a call as text, to be freed. Sets cut if they are longer,
 * and the text ends with dots.
 */
char *
mcp_history_arguments(struct mcp_call *mc, int *cut)
{
	struct mcp_bytes	*text;
	struct tmcp_pair	*pair;
	const char		*quote;
	char			*s;
	u_int			 i;

	*cut = 0;
	if (!mcp_history_check(mc))
		return (xstrdup("(not shown until the tools are listed)"));
	if (mc->json == NULL && mc->pairs == NULL)
		return (xstrdup(mc->unkept == NULL ? "" : "(not kept)"));
	if (mc->json != NULL)
		return (mcp_history_cut(mc->json, mc->json_size, cut));
	text = mcp_bytes_create();
	for (i = 0; i < mc->npairs; i++) {
		pair = &mc->pairs[i];
		mcp_bytes_printf(text, "%s%s%s", i == 0 ? "" : " ", pair->key,
		    pair->is_json ? ":=" : "=");
		if (pair->value == NULL) {
			mcp_bytes_printf(text, "(not kept)");
			continue;
		}
		quote = (*pair->value == '\0' ||
		    strpbrk(pair->value, " \t\n'\"") != NULL) ? "'" : "";
		mcp_bytes_printf(text, "%s%s%s", quote, pair->value, quote);
	}
	s = mcp_history_cut(text->text, text->size, cut);
	mcp_bytes_unref(text);
	return (s);
}

/* Add a text of somebody else, made harmless, to the formats of a call. */
static void
mcp_history_format(struct format_tree *ft, const char *key, const char *text)
{
	char	*line = mcp_text_line(text);

	format_add(ft, key, "%s", line);
	free(line);
}

/* Add what a call is to formats. */
void
mcp_history_formats(struct mcp_call *mc, struct format_tree *ft)
{
	int	 cut;
	char	*arguments = mcp_history_arguments(mc, &cut);

	format_add(ft, "mcp_id", "%llu", (unsigned long long)mc->id);
	mcp_history_format(ft, "mcp_server", mc->server);
	mcp_history_format(ft, "mcp_tool", mc->tool);
	mcp_history_format(ft, "mcp_who", mc->who);
	mcp_history_format(ft, "mcp_arguments", arguments);
	format_add(ft, "mcp_outcome", "%s", mcp_history_outcome(mc));
	mcp_history_format(ft, "mcp_error", mc->error == NULL ? "" :
	    mc->error);
	format_add(ft, "mcp_time", "%lld", (long long)mc->time);
	format_add(ft, "mcp_elapsed", "%.1f", mc->elapsed_us / 1000.0);
	format_add(ft, "mcp_size", "%zu", mc->size);
	mcp_history_format(ft, "mcp_unkept", mc->unkept == NULL ? "" :
	    mc->unkept);
	free(arguments);
}

/* Add a call to a JSON array. */
void
mcp_history_json(struct mcp_call *mc, struct mcp_bytes *json)
{
	const char	*keys[] = { "server", "tool", "arguments", "outcome",
			    "error", "unkept", "who" };
	const char	*values[nitems(keys)];
	int		 cut;
	char		*arguments = mcp_history_arguments(mc, &cut), *s;
	u_int		 i;

	values[0] = mc->server;
	values[1] = mc->tool;
	values[2] = arguments;
	values[3] = mcp_history_outcome(mc);
	values[4] = mc->error;
	values[5] = mc->unkept;
	values[6] = mc->who;
	mcp_bytes_printf(json, "{\"id\":%llu", (unsigned long long)mc->id);
	for (i = 0; i < nitems(keys); i++) {
		if (values[i] == NULL)
			continue;
		s = mcp_text_json(values[i], strlen(values[i]));
		mcp_bytes_printf(json, ",\"%s\":%s", keys[i], s);
		free(s);
	}
	if (cut)
		mcp_bytes_printf(json, ",\"cut\":true");
	mcp_bytes_printf(json, ",\"time\":%lld,\"elapsed_us\":%llu,"
	    "\"size\":%zu}", (long long)mc->time,
	    (unsigned long long)mc->elapsed_us, mc->size);
	free(arguments);
}
