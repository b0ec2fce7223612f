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

#include "tmux.h"
#include "mcp-run.h"
#include "mcp-settings.h"

/*
 * Lists the tools, resources and prompts of MCP servers, or shows one tool.
 *
 * All servers are asked at once. A shell client is shown each list when it is
 * there, so that nobody waits for the slowest server. A view, a buffer and a
 * control client get everything in one piece, after five seconds at most.
 */

/* What is listed for -f without -F. */
#define CMD_MCP_TOOLS_TEMPLATE \
	"#{?mcp_uri,#{mcp_uri},#{?mcp_uri_template,#{mcp_uri_template}," \
	"#{mcp_name}}}  #{mcp_description}"

struct cmd_mcp_tools_data;

static enum cmd_retval	cmd_mcp_tools_exec(struct cmd *, struct cmdq_item *);
static void	cmd_mcp_tools_ready(struct tmcp_event *, void *);
static void	cmd_mcp_tools_done(struct tmcp_event *, void *);
static void	cmd_mcp_tools_got(void *, struct mcp_bytes *);
static void	cmd_mcp_tools_next(struct cmd_mcp_tools_data *);
static void	cmd_mcp_tools_timer(int, short, void *);
static void	cmd_mcp_tools_free(void *);
static void	cmd_mcp_tools_free_one(void *);

#define CMD_MCP_TOOLS_USAGE \
	"[-bj] [-F format] [-f filter] [-o output] " \
	CMD_TARGET_PANE_USAGE " [-T timeout]"

const struct cmd_entry cmd_mcp_tools_entry = {
	.name = "mcp-tools",
	.alias = "mtools",

	.args = { "bF:f:jo:t:T:", 0, 2, NULL },
	.usage = CMD_MCP_TOOLS_USAGE " [server [tool]]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_tools_exec
};

const struct cmd_entry cmd_mcp_resources_entry = {
	.name = "mcp-resources",
	.alias = "mres",

	.args = { "bF:f:jo:t:T:", 0, 1, NULL },
	.usage = CMD_MCP_TOOLS_USAGE " [server]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_tools_exec
};

const struct cmd_entry cmd_mcp_prompts_entry = {
	.name = "mcp-prompts",
	.alias = "mprompts",

	.args = { "bF:f:jo:t:T:", 0, 1, NULL },
	.usage = CMD_MCP_TOOLS_USAGE " [server]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_tools_exec
};

/* What is copied in one turn of the loop. */
#define CMD_MCP_TOOLS_TURN_BYTES (256 * 1024)

/* How long lists are held back that come before others in their order. */
#define CMD_MCP_TOOLS_ORDER_MS 500

/* How long after that a shell client is told for whom it waits. */
#define CMD_MCP_TOOLS_NOTE_MS 1500

/* How long servers may take that are shown in one piece. */
#define CMD_MCP_TOOLS_PIECE_MS 5000

/*
 * One list of one server. Resources have a second one, of templates, which is
 * shown right after the first. Request is not NULL while it is awaited.
 */
struct cmd_mcp_tools_one {
	struct cmd_mcp_tools_data	*cdata;
	struct mcp_request		*mr;
	uint32_t			 what;
	int				 first;
	char				*name;
	char				*title;
	struct mcp_bytes		*answer;
	struct mcp_bytes		*text;
	int				 status;
	int				 unused;
	int				 done;
	int				 shown;
};

/*
 * Waiting counts the lists that are not made yet. While busy is set a step of
 * work uses the data and frees it at its end if nobody waits any more.
 */
struct cmd_mcp_tools_data {
	struct mcp_output		*out;
	struct tmcp_client		*core;
	char				*directory;
	char				*server;
	char				*tool;
	int				 json;
	int				 readonly;
	u_int				 timeout;
	uint32_t			 what;
	char				*format;
	char				*filter;
	struct event			 timer;

	struct cmd_mcp_tools_one	*list;
	u_int				 count;
	u_int				 waiting;
	int				 busy;
	int				 any_order;

	struct mcp_bytes		*all;
	u_int				 joined;
	u_int				 join_end;
	size_t				 off;
	int				 has_shown;
	int				 status;
};

static enum cmd_retval
cmd_mcp_tools_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	struct cmd_mcp_tools_data	*cdata;
	struct tmcp_client		*core;
	u_int				 timeout;
	int				 rows;

	if (mcp_print_timeout(args, item, &timeout) != 0)
		return (CMD_RETURN_ERROR);
	rows = (args_has(args, 'F') || args_has(args, 'f'));
	if (rows && (args_has(args, 'j') || args_count(args) == 2)) {
		mcp_error(item, "-F and -f are for lists, and not with -j");
		return (CMD_RETURN_ERROR);
	}

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	cdata = xcalloc(1, sizeof *cdata);
	evtimer_set(&cdata->timer, cmd_mcp_tools_timer, cdata);
	if ((cdata->out = mcp_ready_output(self, item)) == NULL) {
		cmd_mcp_tools_free(cdata);
		return (CMD_RETURN_ERROR);
	}
	cdata->core = core;
	cdata->timeout = timeout;
	cdata->readonly = mcp_client_readonly(item);
	cdata->what = TMCP_LIST_TOOLS;
	if (cmd_get_entry(self) == &cmd_mcp_resources_entry)
		cdata->what = TMCP_LIST_RESOURCES;
	else if (cmd_get_entry(self) == &cmd_mcp_prompts_entry)
		cdata->what = TMCP_LIST_PROMPTS;
	if (args_has(args, 'F'))
		cdata->format = xstrdup(args_get(args, 'F'));
	else if (args_has(args, 'f'))
		cdata->format = xstrdup(CMD_MCP_TOOLS_TEMPLATE);
	if (args_has(args, 'f'))
		cdata->filter = xstrdup(args_get(args, 'f'));
	cdata->json = args_has(args, 'j');
	if (cdata->json && args_count(args) == 0)
		cdata->out->raw = cdata->out->json = 1;
	cdata->directory = mcp_client_directory(item);
	if (args_count(args) > 0)
		cdata->server = xstrdup(args_string(args, 0));
	if (args_count(args) > 1)
		cdata->tool = xstrdup(args_string(args, 1));

	/* Which servers there are is known once the configuration is. */
	return (mcp_ready_start(item, cdata->out, cmd_mcp_tools_ready,
	    cmd_mcp_tools_free, cdata));
}

/* End with an error. */
static void
cmd_mcp_tools_fail(struct cmd_mcp_tools_data *cdata, int status,
    const char *cause)
{
	mcp_output_finish(cdata->out, status, NULL, 0, cause);
	cdata->out = NULL;
	cmd_mcp_tools_free(cdata);
}

/* Show the list. */
static void
cmd_mcp_tools_show(struct cmd_mcp_tools_data *cdata, struct mcp_bytes *text)
{
	mcp_output_give(cdata->out, cdata->status, text, 0);
	cdata->out = NULL;
	cmd_mcp_tools_free(cdata);
}

/* Begin with what a server has said, in an array of all of them. */
static int
cmd_mcp_tools_begin_json(struct cmd_mcp_tools_data *cdata,
    struct cmd_mcp_tools_one *one)
{
	struct mcp_bytes	*text = one->text;
	int			 is_list = (one->status == 0 && !one->unused);

	if (is_list ? (text == NULL || text->size == 0) : !one->first)
		return (0);
	mcp_bytes_add(cdata->all, cdata->has_shown ? "," : "[", 1);
	cdata->has_shown = 1;
	mcp_print_server(cdata->all, one->name, is_list ? one->what : 0,
	    one->unused ? "unused" : "error", text);
	if (!is_list && !one->unused)
		cdata->status = one->status;
	return (is_list);
}

/* Begin with what a server has said. Returns 0 if it is no list. */
static int
cmd_mcp_tools_begin(struct cmd_mcp_tools_data *cdata,
    struct cmd_mcp_tools_one *one)
{
	int	plain = (cdata->format == NULL);

	if (cdata->server == NULL && cdata->json)
		return (cmd_mcp_tools_begin_json(cdata, one));
	if (cdata->server == NULL && plain && one->first) {
		mcp_bytes_printf(cdata->all, "%sServer: %s\n",
		    cdata->has_shown ? "\n" : "", one->title);
		cdata->has_shown = 1;
	}
	if (one->unused) {
		if (plain) {
			mcp_bytes_printf(cdata->all, "not used: %s\n",
			    one->text->text);
		}
		return (0);
	}
	if (one->status == 0)
		return (one->text != NULL && one->text->size != 0);
	if (one->first) {
		mcp_bytes_printf(cdata->all, "error: %s%s%s\n",
		    plain ? "" : one->name, plain ? "" : ": ",
		    one->text == NULL ? "" : one->text->text);
		cdata->status = one->status;
	}
	return (0);
}

/* The lists of a server are printed. */
static void
cmd_mcp_tools_printed(void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;

	cdata->busy = 0;
	cmd_mcp_tools_next(cdata);
}

/* Behind the last server in JSON. */
static void
cmd_mcp_tools_end_json(struct cmd_mcp_tools_data *cdata,
    struct mcp_bytes *text)
{
	if (cdata->server == NULL && cdata->json)
		mcp_bytes_printf(text, "%s]\n", cdata->has_shown ? "" : "[");
}

/* Join some more of what the servers have said. */
static int
cmd_mcp_tools_join(void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;
	struct cmd_mcp_tools_one	*one;
	struct mcp_bytes		*text;
	size_t				 left = CMD_MCP_TOOLS_TURN_BYTES;

	for (; cdata->joined < cdata->join_end; cdata->joined++,
	    cdata->off = 0) {
		one = &cdata->list[cdata->joined];
		one->shown = 1;
		if (cdata->off == 0 && !cmd_mcp_tools_begin(cdata, one))
			continue;
		if (!mcp_bytes_add_lines(cdata->all, one->text, &cdata->off,
		    &left))
			return (1);
		if (cdata->server == NULL && cdata->json)
			mcp_bytes_add(cdata->all, "}\n", 2);
	}
	text = cdata->all;
	cdata->all = NULL;
	if (!mcp_output_has_parts(cdata->out)) {
		cmd_mcp_tools_end_json(cdata, text);
		cmd_mcp_tools_show(cdata, text);
	} else if (text->size != 0) {
		mcp_output_part(cdata->out, text, cmd_mcp_tools_printed,
		    cdata);
	} else {
		mcp_bytes_unref(text);
		cmd_mcp_tools_printed(cdata);
	}
	return (0);
}

/* Show the lists from one to before another. */
static void
cmd_mcp_tools_join_from(struct cmd_mcp_tools_data *cdata, u_int from,
    u_int end)
{
	cdata->busy = 1;
	cdata->joined = from;
	cdata->join_end = end;
	cdata->off = 0;
	cdata->all = mcp_bytes_create();
	mcp_work_add(cmd_mcp_tools_join, cdata);
}

/* If a server has not answered yet. */
static int
cmd_mcp_tools_awaits(struct cmd_mcp_tools_one *one)
{
	return (one->mr != NULL && !mcp_prepare_has(one->mr));
}

/*
 * Show what can be shown now: everything at once in the order of the names, or
 * the lists of one server. They are in the same order at first; later a server
 * that has not answered is passed over, but not one whose list is being made.
 */
static void
cmd_mcp_tools_next(struct cmd_mcp_tools_data *cdata)
{
	struct cmd_mcp_tools_one	*one;
	struct mcp_bytes		*text = NULL;
	u_int				 i, end;
	int				 done, awaited;

	if (cdata->busy)
		return;
	if (!mcp_output_has_parts(cdata->out)) {
		if (cdata->waiting == 0)
			cmd_mcp_tools_join_from(cdata, 0, cdata->count);
		return;
	}
	for (i = 0; i < cdata->count; i = end) {
		one = &cdata->list[i];
		done = one->done;
		awaited = cmd_mcp_tools_awaits(one);
		for (end = i + 1; end < cdata->count; end++) {
			if (cdata->list[end].first)
				break;
			done = (done && cdata->list[end].done);
			awaited = (awaited ||
			    cmd_mcp_tools_awaits(&cdata->list[end]));
		}
		if (done && !one->shown) {
			cmd_mcp_tools_join_from(cdata, i, end);
			return;
		}
		if (!done && (!cdata->any_order || !awaited))
			return;
	}
	if (cdata->waiting == 0) {
		if (cdata->server == NULL && cdata->json) {
			text = mcp_bytes_create();
			cmd_mcp_tools_end_json(cdata, text);
		}
		cmd_mcp_tools_show(cdata, text);
	}
}

/* The only server has answered. */
static void
cmd_mcp_tools_answered(struct cmd_mcp_tools_data *cdata)
{
	struct cmd_mcp_tools_one	*one = &cdata->list[0];

	if (one->status != 0)
		cmd_mcp_tools_fail(cdata, one->status, one->text->text);
	else if (cdata->count == 1 && one->text != NULL) {
		cdata->out->raw = cdata->out->json = cdata->json;
		cmd_mcp_tools_show(cdata, mcp_bytes_ref(one->text));
	} else
		cmd_mcp_tools_next(cdata);
}

/* A list is there, or why there is none. */
static void
cmd_mcp_tools_heard(struct cmd_mcp_tools_one *one)
{
	struct cmd_mcp_tools_data	*cdata = one->cdata;

	one->done = 1;
	cdata->waiting--;
	if (cdata->server == NULL)
		cmd_mcp_tools_next(cdata);
	else if (cdata->waiting == 0)
		cmd_mcp_tools_answered(cdata);
}

/* Say on the standard error for whom a shell client waits. */
static void
cmd_mcp_tools_note(struct cmd_mcp_tools_data *cdata)
{
	struct cmd_mcp_tools_one	*one;
	struct client			*c = cdata->out->client;
	char				*s, *line;
	u_int				 i;

	for (i = 0; i < cdata->count && (~c->flags & CLIENT_DEAD); i++) {
		one = &cdata->list[i];
		if (one->mr == NULL || !one->first)
			continue;
		if ((s = mcp_running_say(mcp_request_id(one->mr))) == NULL)
			s = xstrdup("waiting");
		line = mcp_text_line(one->title);
		file_error(c, "%s: no answer of %s yet (%s)\n",
		    cdata->out->title, line, s);
		free(line);
		free(s);
	}
}

/* Whoever gets everything in one piece waits no longer. */
static void
cmd_mcp_tools_no_longer(struct cmd_mcp_tools_data *cdata)
{
	struct cmd_mcp_tools_one	*one;
	char				*s;
	u_int				 i;

	for (i = 0; i < cdata->count; i++) {
		one = &cdata->list[i];
		if (one->mr == NULL)
			continue;
		if ((s = mcp_running_say(mcp_request_id(one->mr))) == NULL)
			s = xstrdup("waiting");
		one->text = mcp_bytes_create();
		mcp_bytes_printf(one->text, "no answer yet (%s)", s);
		free(s);
		one->status = MCP_EXIT_TIMEOUT;
		one->done = 1;
		mcp_request_drop(one->mr);
		one->mr = NULL;
		cdata->waiting--;
	}
	cmd_mcp_tools_next(cdata);
}

/* Some time has passed, and not all servers have answered. */
static void
cmd_mcp_tools_timer(__unused int fd, __unused short events, void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;

	if (!mcp_output_has_parts(cdata->out))
		cmd_mcp_tools_no_longer(cdata);
	else if (cdata->any_order)
		cmd_mcp_tools_note(cdata);
	else {
		cdata->any_order = 1;
		mcp_timer_add(&cdata->timer, CMD_MCP_TOOLS_NOTE_MS);
		if (cdata->server == NULL)
			cmd_mcp_tools_next(cdata);
	}
}

/* Add an entry of the list. */
static struct cmd_mcp_tools_one *
cmd_mcp_tools_add_one(struct cmd_mcp_tools_data *cdata, const char *name,
    const char *title, const char *scope)
{
	struct cmd_mcp_tools_one	*one;

	cdata->list = xrecallocarray(cdata->list, cdata->count,
	    cdata->count + 1, sizeof *cdata->list);
	one = &cdata->list[cdata->count++];
	one->name = xstrdup(name);
	if (scope == NULL || strcmp(scope, "user") == 0)
		one->title = xstrdup(title);
	else
		xasprintf(&one->title, "%s (%s)", title, scope);
	one->first = 1;
	one->what = cdata->what;
	return (one);
}

/* Add what one server will be asked. */
static void
cmd_mcp_tools_add(struct cmd_mcp_tools_data *cdata, const char *name,
    const char *title, const char *scope)
{
	struct cmd_mcp_tools_one	*one;

	cmd_mcp_tools_add_one(cdata, name, title, scope);
	if (cdata->what == TMCP_LIST_RESOURCES) {
		one = cmd_mcp_tools_add_one(cdata, name, title, scope);
		one->first = 0;
		one->what = TMCP_LIST_RESOURCE_TEMPLATES;
	}
}

/* Add all servers of the directory. Returns how many can be asked. */
static u_int
cmd_mcp_tools_add_all(struct cmd_mcp_tools_data *cdata)
{
	struct cmd_mcp_tools_one	*one;
	struct tmcp_table		*table;
	const char			*name, *scope, *reason;
	size_t				 row;
	u_int				 n = 0;

	tmcp_client_refresh(cdata->core, cdata->directory);
	if ((table = tmcp_client_servers(cdata->core)) == NULL)
		return (0);
	for (row = 0; row < tmcp_table_rows(table); row++) {
		if (*tmcp_table_get(table, row, "here") == '\0')
			continue;
		name = tmcp_table_get(table, row, "name");
		scope = tmcp_table_get(table, row, "scope");
		reason = tmcp_table_get(table, row, "reason");
		if (*reason == '\0') {
			cmd_mcp_tools_add(cdata, tmcp_table_get(table, row,
			    "id"), name, scope);
			n++;
			continue;
		}
		one = cmd_mcp_tools_add_one(cdata, name, name, scope);
		one->text = mcp_bytes_copy(reason, strlen(reason));
		one->unused = 1;
	}
	tmcp_table_free(table);
	return (n);
}

/* There is no server to ask: say so, and why. */
static void
cmd_mcp_tools_none(struct cmd_mcp_tools_data *cdata)
{
	struct mcp_bytes	*why = mcp_bytes_create();
	u_int			 i, n = cdata->count;

	if (n == 0)
		mcp_bytes_printf(why, "no servers are configured");
	else {
		mcp_bytes_printf(why, "no server can be used: %u entr%s not "
		    "used, see mcp-reload", n, n == 1 ? "y is" : "ies are");
	}
	for (i = 0; i < n; i++)
		mcp_bytes_printf(why, "\n%s", cdata->list[i].text->text);
	cmd_mcp_tools_fail(cdata, MCP_EXIT_ERROR, why->text);
	mcp_bytes_unref(why);
}

/*
 * A read-only client has nothing asked: show what is known of the tools of a
 * server.
 */
static int
cmd_mcp_tools_known(struct cmd_mcp_tools_one *one)
{
	struct cmd_mcp_tools_data	*cdata = one->cdata;
	struct tmcp_event		*event = NULL;

	if (one->what == TMCP_LIST_TOOLS)
		event = tmcp_client_known_tools(cdata->core, one->name);
	if (event == NULL) {
		one->text = mcp_bytes_create();
		mcp_bytes_printf(one->text, "client is read-only");
		one->status = MCP_EXIT_ERROR;
		return (-1);
	}
	cmd_mcp_tools_done(event, one);
	if (cdata->format != NULL)
		tmcp_event_free(event);	/* else the text keeps it */
	return (0);
}

/* Ask a server for a list. Returns -1 if that can't be done. */
static int
cmd_mcp_tools_ask(struct cmd_mcp_tools_one *one)
{
	struct cmd_mcp_tools_data	*cdata = one->cdata;
	char				*cause;
	uint64_t			 id;
	int32_t				 result;
	u_int				 want = MCP_WANT(TMCP_WANT_TEXT);

	if (cdata->readonly)
		return (cmd_mcp_tools_known(one));
	if (cdata->format != NULL)
		want = MCP_WANT(TMCP_WANT_TABLE);
	else if (cdata->tool != NULL || cdata->json)
		want = 0;
	one->mr = mcp_request_add(cdata->out, cmd_mcp_tools_done,
	    cmd_mcp_tools_free_one, one);
	mcp_request_want(one->mr, want, MCP_WANT(TMCP_WANT_TEXT), NULL);
	result = tmcp_client_list(cdata->core, one->name, one->what,
	    cdata->timeout, one->mr, &id);
	if (result == TMCP_RESULT_OK) {
		mcp_request_started(one->mr, id);
		return (0);
	}
	cause = mcp_strerror(result);
	one->text = mcp_bytes_copy(cause, strlen(cause));
	free(cause);
	one->status = mcp_retval(result);
	mcp_request_remove(one->mr);
	one->mr = NULL;
	return (-1);
}

/* Begin to wait: for the servers, but not for ever. */
static void
cmd_mcp_tools_wait(struct cmd_mcp_tools_data *cdata)
{
	if (mcp_output_has_parts(cdata->out))
		mcp_timer_add(&cdata->timer, CMD_MCP_TOOLS_ORDER_MS);
	else if (cdata->server == NULL && cdata->timeout == 0)
		mcp_timer_add(&cdata->timer, CMD_MCP_TOOLS_PIECE_MS);
}

/* The configuration is loaded: ask one server or all. */
static void
cmd_mcp_tools_ready(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;
	struct cmd_mcp_tools_one	*one;
	int32_t				 result;
	char				*name, *cause;
	u_int				 i;

	if ((result = mcp_event_result(event)) != TMCP_RESULT_OK) {
		cmd_mcp_tools_fail(cdata, mcp_retval(result),
		    mcp_event_text(event, NULL));
		return;
	}

	if (cdata->server != NULL) {
		name = mcp_abbrev_server(cdata->core, cdata->directory,
		    cdata->server, &cause);
		if (name == NULL) {
			cmd_mcp_tools_fail(cdata, MCP_EXIT_ERROR, cause);
			free(cause);
			return;
		}
		cmd_mcp_tools_add(cdata, name, name, NULL);
		free(name);
	} else if (cmd_mcp_tools_add_all(cdata) == 0) {
		cmd_mcp_tools_none(cdata);
		return;
	}

	for (i = 0; i < cdata->count; i++) {
		one = &cdata->list[i];
		one->cdata = cdata;
		if (one->unused || cmd_mcp_tools_ask(one) != 0)
			one->done = 1;
		else
			cdata->waiting++;
	}
	if (cdata->waiting != 0)
		cmd_mcp_tools_wait(cdata);
	if (cdata->server == NULL)
		cmd_mcp_tools_next(cdata);
	else if (cdata->waiting == 0)
		cmd_mcp_tools_answered(cdata);
}

/* A list is made. */
static void
cmd_mcp_tools_got(void *data, struct mcp_bytes *text)
{
	struct cmd_mcp_tools_one	*one = data;

	mcp_bytes_unref(one->answer);
	one->answer = NULL;
	one->text = text;
	if (text == NULL) {
		one->text = mcp_bytes_copy("the tool is not there any more",
		    30);
		one->status = MCP_EXIT_ERROR;
	}
	cmd_mcp_tools_heard(one);
}

/* Make the text of the tool that is meant. */
static void
cmd_mcp_tools_one_tool(struct cmd_mcp_tools_one *one)
{
	struct cmd_mcp_tools_data	*cdata = one->cdata;
	char				*name, *cause;

	name = mcp_abbrev_tool(cdata->core, one->name, cdata->tool, &cause);
	if (name == NULL) {
		one->status = MCP_EXIT_ERROR;
		cmd_mcp_tools_got(one, mcp_bytes_copy(cause, strlen(cause)));
		free(cause);
		return;
	}
	mcp_tool_start(one->answer, name, cdata->json, cmd_mcp_tools_got, one);
	free(name);
}

/* A server has answered. */
static void
cmd_mcp_tools_done(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_tools_one	*one = data;
	struct cmd_mcp_tools_data	*cdata = one->cdata;
	const char			*text;
	size_t				 size;

	one->mr = NULL;
	one->status = mcp_retval(mcp_event_result(event));
	if (one->status == 0 && cdata->format != NULL) {
		mcp_table_start(tmcp_event_table(event), one->name,
		    cdata->format, cdata->filter, cmd_mcp_tools_got, one);
		return;
	}
	if (event != NULL)
		one->answer = mcp_bytes_event(event);
	if (one->status == 0 && cdata->tool != NULL) {
		cmd_mcp_tools_one_tool(one);
		return;
	}
	if (one->status == 0 && cdata->json)
		text = tmcp_event_json(event, &size);
	else
		text = mcp_event_text(event, &size);
	cmd_mcp_tools_got(one, mcp_bytes_part(one->answer, text, size));
}

/* The client has gone: the request for one list is cancelled. */
static void
cmd_mcp_tools_free_one(void *data)
{
	struct cmd_mcp_tools_one	*one = data;

	one->mr = NULL;
	one->done = 1;
	if (--one->cdata->waiting == 0 && !one->cdata->busy)
		cmd_mcp_tools_free(one->cdata);
}

/* Free, without having printed anything if the output is still there. */
static void
cmd_mcp_tools_free(void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;
	u_int				 i;

	evtimer_del(&cdata->timer);
	if (cdata->out != NULL)
		mcp_output_free(cdata->out);
	for (i = 0; i < cdata->count; i++) {
		free(cdata->list[i].name);
		free(cdata->list[i].title);
		mcp_bytes_unref(cdata->list[i].answer);
		mcp_bytes_unref(cdata->list[i].text);
	}
	free(cdata->list);
	free(cdata->format);
	free(cdata->filter);
	free(cdata->directory);
	free(cdata->server);
	free(cdata->tool);
	free(cdata);
}
