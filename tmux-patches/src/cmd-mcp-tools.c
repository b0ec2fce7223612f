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
#include "mcp.h"

/*
 * Lists the tools, resources and prompts of MCP servers.
 */

/* What is listed for -f without -F. */
#define CMD_MCP_TOOLS_TEMPLATE \
	"#{?mcp_uri,#{mcp_uri},#{?mcp_uri_template,#{mcp_uri_template}," \
	"#{mcp_name}}}  #{mcp_description}"

static enum cmd_retval	cmd_mcp_tools_exec(struct cmd *, struct cmdq_item *);

static void	cmd_mcp_tools_ready(struct tmcp_event *, void *);
static void	cmd_mcp_tools_done(struct tmcp_event *, void *);
static int	cmd_mcp_tools_join(void *);
static void	cmd_mcp_tools_free(void *);
static void	cmd_mcp_tools_free_one(void *);

const struct cmd_entry cmd_mcp_tools_entry = {
	.name = "mcp-tools",
	.alias = NULL,

	.args = { "F:f:T:", 0, 1, NULL },
	.usage = "[-F format] [-f filter] [-T timeout] [server]",

	.flags = CMD_READONLY,
	.exec = cmd_mcp_tools_exec
};

const struct cmd_entry cmd_mcp_resources_entry = {
	.name = "mcp-resources",
	.alias = NULL,

	.args = { "F:f:T:", 0, 1, NULL },
	.usage = "[-F format] [-f filter] [-T timeout] [server]",

	.flags = CMD_READONLY,
	.exec = cmd_mcp_tools_exec
};

const struct cmd_entry cmd_mcp_prompts_entry = {
	.name = "mcp-prompts",
	.alias = NULL,

	.args = { "F:f:T:", 0, 1, NULL },
	.usage = "[-F format] [-f filter] [-T timeout] [server]",

	.flags = CMD_READONLY,
	.exec = cmd_mcp_tools_exec
};

/* What is copied in one turn of the loop. */
#define CMD_MCP_TOOLS_TURN_BYTES (256 * 1024)

/* What one server has to say, of one kind. */
struct cmd_mcp_tools_one {
	struct cmd_mcp_tools_data	*cdata;
	uint32_t			 what;
	int				 first;
	char				*name;
	char				*title;
	struct mcp_bytes		*text;
	int				 status;
	int				 unused;
};

struct cmd_mcp_tools_data {
	struct mcp_output		*out;
	struct tmcp_client		*core;
	char				*directory;
	char				*server;
	u_int				 timeout;
	uint32_t			 what;
	char				*format;
	char				*filter;

	struct cmd_mcp_tools_one	*list;
	u_int				 count;
	u_int				 waiting;

	struct mcp_bytes		*all;
	u_int				 joined;
	size_t				 off;
	int				 status;
};

static enum cmd_retval
cmd_mcp_tools_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	const char			*server = args_string(args, 0);
	struct cmd_mcp_tools_data	*cdata;
	struct tmcp_client		*core;
	struct mcp_output		*out;
	struct mcp_request		*mr;
	char				*cause;
	uint64_t			 id;
	int32_t				 result;
	u_int				 timeout = 0;
	int				 wait;

	if (args_has(args, 'T')) {
		timeout = args_strtonum(args, 'T', 1, INT_MAX, &cause);
		if (cause != NULL) {
			mcp_error(item, "timeout %s", cause);
			free(cause);
			return (CMD_RETURN_ERROR);
		}
	}

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	out = mcp_output_create(self, item, cmd_get_entry(self)->name, &cause);
	if (out == NULL) {
		mcp_error(item, "%s", cause);
		free(cause);
		return (CMD_RETURN_ERROR);
	}
	wait = (out->item != NULL);
	cdata = xcalloc(1, sizeof *cdata);
	cdata->out = out;
	cdata->core = core;
	cdata->timeout = timeout;
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
	cdata->directory = mcp_directory(item);
	if (server != NULL)
		cdata->server = xstrdup(server);

	/* Which servers there are is known once the configuration is. */
	mr = mcp_request_add(out, cmd_mcp_tools_ready,
	    cmd_mcp_tools_free, cdata);
	result = tmcp_client_wait_ready(core, mr, &id);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		mcp_error(item, "%s", cause);
		free(cause);
		mcp_request_remove(mr);
		cmd_mcp_tools_free(cdata);
		return (CMD_RETURN_ERROR);
	}
	mcp_request_started(mr, id);
	return (wait ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);
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

/* All have answered: show them in the order of their names. */
static void
cmd_mcp_tools_finish(struct cmd_mcp_tools_data *cdata)
{
	struct cmd_mcp_tools_one	*one = &cdata->list[0];

	if (cdata->server != NULL && one->status != 0) {
		cmd_mcp_tools_fail(cdata, one->status, one->text->text);
		return;
	}
	if (cdata->server != NULL && cdata->count == 1 && one->text != NULL) {
		cmd_mcp_tools_show(cdata, mcp_bytes_ref(one->text));
		return;
	}
	cdata->all = mcp_bytes_create();
	mcp_work_start(cmd_mcp_tools_join, cdata);
}

/* Begin with what a server has said. Returns 0 if it is no list. */
static int
cmd_mcp_tools_begin(struct cmd_mcp_tools_data *cdata,
    struct cmd_mcp_tools_one *one)
{
	int	first = (cdata->joined == 0), plain = (cdata->format == NULL);

	if (cdata->server == NULL && plain && one->first) {
		mcp_bytes_printf(cdata->all, "%sServer: %s\n",
		    first ? "" : "\n", one->title);
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

/* Join some more of what the servers have said. */
static int
cmd_mcp_tools_join(void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;
	struct cmd_mcp_tools_one	*one;
	struct mcp_bytes		*text;
	size_t				 left = CMD_MCP_TOOLS_TURN_BYTES;

	for (; cdata->joined < cdata->count; cdata->joined++, cdata->off = 0) {
		one = &cdata->list[cdata->joined];
		if (cdata->off == 0 && !cmd_mcp_tools_begin(cdata, one))
			continue;
		if (!mcp_bytes_add_lines(cdata->all, one->text, &cdata->off,
		    &left))
			return (1);
	}
	text = cdata->all;
	cdata->all = NULL;
	cmd_mcp_tools_show(cdata, text);
	return (0);
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
	char	*s, *old;
	u_int	 i, n = cdata->count;

	if (n == 0)
		s = xstrdup("no servers are configured");
	else {
		xasprintf(&s, "no server can be used: %u entr%s not used, see "
		    "mcp-reload", n, n == 1 ? "y is" : "ies are");
	}
	for (i = 0; i < n; i++) {
		old = s;
		xasprintf(&s, "%s\n%s", old, cdata->list[i].text->text);
		free(old);
	}
	cmd_mcp_tools_fail(cdata, MCP_EXIT_ERROR, s);
	free(s);
}

/* The configuration is loaded: ask one server or all. */
static void
cmd_mcp_tools_ready(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;
	struct cmd_mcp_tools_one	*one;
	struct mcp_request		*mr;
	uint64_t			 id;
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
		if (one->unused)
			continue;
		mr = mcp_request_add(cdata->out, cmd_mcp_tools_done,
		    cmd_mcp_tools_free_one, one);
		mcp_request_want(mr, MCP_WANT(cdata->format != NULL ?
		    TMCP_WANT_TABLE : TMCP_WANT_TEXT),
		    MCP_WANT(TMCP_WANT_TEXT), NULL);
		result = tmcp_client_list(cdata->core, one->name, one->what,
		    cdata->timeout, mr, &id);
		if (result != TMCP_RESULT_OK) {
			cause = mcp_strerror(result);
			one->text = mcp_bytes_copy(cause, strlen(cause));
			free(cause);
			one->status = mcp_retval(result);
			mcp_request_remove(mr);
			continue;
		}
		mcp_request_started(mr, id);
		cdata->waiting++;
	}
	if (cdata->waiting == 0)
		cmd_mcp_tools_finish(cdata);
}

/* What a server has said is made. */
static void
cmd_mcp_tools_got(void *data, struct mcp_bytes *text)
{
	struct cmd_mcp_tools_one	*one = data;

	one->text = text;
	if (--one->cdata->waiting == 0)
		cmd_mcp_tools_finish(one->cdata);
}

/* A server has answered. */
static void
cmd_mcp_tools_done(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_tools_one	*one = data;
	struct cmd_mcp_tools_data	*cdata = one->cdata;
	struct mcp_bytes		*answer = NULL, *part;
	const char			*text;
	size_t				 size;

	one->status = mcp_retval(mcp_event_result(event));
	if (one->status == 0 && cdata->format != NULL) {
		mcp_table_start(tmcp_event_table(event), one->name,
		    cdata->format, cdata->filter, cmd_mcp_tools_got, one);
		return;
	}
	if (event != NULL)
		answer = mcp_bytes_event(event);
	text = mcp_event_text(event, &size);
	part = mcp_bytes_part(answer, text, size);
	mcp_bytes_unref(answer);
	cmd_mcp_tools_got(one, part);
}

/* The client has gone: the request for one server is cancelled. */
static void
cmd_mcp_tools_free_one(void *data)
{
	struct cmd_mcp_tools_one	*one = data;

	if (--one->cdata->waiting == 0)
		cmd_mcp_tools_free(one->cdata);
}

/* Free, without having printed anything if the output is still there. */
static void
cmd_mcp_tools_free(void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;
	u_int				 i;

	if (cdata->out != NULL)
		mcp_output_free(cdata->out);
	for (i = 0; i < cdata->count; i++) {
		free(cdata->list[i].name);
		free(cdata->list[i].title);
		mcp_bytes_unref(cdata->list[i].text);
	}
	free(cdata->list);
	free(cdata->format);
	free(cdata->filter);
	free(cdata->directory);
	free(cdata->server);
	free(cdata);
}
