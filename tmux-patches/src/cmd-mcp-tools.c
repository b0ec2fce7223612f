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

/* What one server has to say, of one kind. */
struct cmd_mcp_tools_one {
	struct cmd_mcp_tools_data	*cdata;
	uint32_t			 what;
	int				 first;
	char				*name;
	char				*text;
	int				 status;
};

struct cmd_mcp_tools_data {
	struct mcp_output		*out;
	struct tmcp_client		*core;
	char				*server;
	u_int				 timeout;
	uint32_t			 what;
	char				*format;
	char				*filter;

	struct cmd_mcp_tools_one	*list;
	u_int				 count;
	u_int				 waiting;
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
			cmdq_error(item, "timeout %s", cause);
			free(cause);
			return (CMD_RETURN_ERROR);
		}
	}

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	out = mcp_output_create(self, item, cmd_get_entry(self)->name, &cause);
	if (out == NULL) {
		cmdq_error(item, "%s", cause);
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
	if (server != NULL)
		cdata->server = xstrdup(server);

	/* Which servers there are is known once the configuration is. */
	mr = mcp_request_add(out, cmd_mcp_tools_ready,
	    cmd_mcp_tools_free, cdata);
	result = tmcp_client_wait_ready(core, mr, &id);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		cmdq_error(item, "%s", cause);
		free(cause);
		mcp_request_remove(mr);
		cmd_mcp_tools_free(cdata);
		return (CMD_RETURN_ERROR);
	}
	mcp_request_started(mr, id);
	return (wait ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);
}

/* Name of a server, or NULL after the last. */
static char *
cmd_mcp_tools_name(struct tmcp_client *core, u_int idx)
{
	char	*name;
	size_t	 size = 128, needed;

	for (;;) {
		name = xmalloc(size);
		if (tmcp_client_server_name(core, idx, name, size,
		    &needed) != TMCP_RESULT_OK) {
			free(name);
			return (NULL);
		}
		if (needed < size)
			return (name);
		free(name);
		size = needed + 1;
	}
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

/* All have answered: show them in the order of their names. */
static void
cmd_mcp_tools_finish(struct cmd_mcp_tools_data *cdata)
{
	struct cmd_mcp_tools_one	*one;
	struct evbuffer			*evb;
	size_t				 size;
	u_int				 i;
	int				 status = 0;

	one = &cdata->list[0];
	if (cdata->server != NULL && one->status != 0) {
		cmd_mcp_tools_fail(cdata, one->status, one->text);
		return;
	}

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	for (i = 0; i < cdata->count; i++) {
		one = &cdata->list[i];
		if (cdata->server == NULL && cdata->format == NULL &&
		    one->first) {
			evbuffer_add_printf(evb, "%sServer: %s\n",
			    i == 0 ? "" : "\n", one->name);
		}
		if (one->status != 0) {
			if (!one->first)
				continue;
			evbuffer_add_printf(evb, "error: %s%s%s\n",
			    cdata->format == NULL ? "" : one->name,
			    cdata->format == NULL ? "" : ": ", one->text);
			status = one->status;
			continue;
		}
		size = strlen(one->text);
		evbuffer_add(evb, one->text, size);
		if (size != 0 && one->text[size - 1] != '\n')
			evbuffer_add(evb, "\n", 1);
	}
	mcp_output_finish(cdata->out, status, (char *)EVBUFFER_DATA(evb),
	    EVBUFFER_LENGTH(evb), NULL);
	evbuffer_free(evb);
	cdata->out = NULL;
	cmd_mcp_tools_free(cdata);
}

/* Add what one server will be asked. */
static void
cmd_mcp_tools_add(struct cmd_mcp_tools_data *cdata, const char *name)
{
	struct cmd_mcp_tools_one	*one;
	u_int				 i, n;

	n = (cdata->what == TMCP_LIST_RESOURCES ? 2 : 1);
	for (i = 0; i < n; i++) {
		cdata->list = xrecallocarray(cdata->list, cdata->count,
		    cdata->count + 1, sizeof *cdata->list);
		one = &cdata->list[cdata->count++];
		one->name = xstrdup(name);
		one->first = (i == 0);
		one->what = (i == 0 ? cdata->what :
		    TMCP_LIST_RESOURCE_TEMPLATES);
	}
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
		name = mcp_abbrev_server(cdata->core, cdata->server, 0,
		    &cause);
		if (name == NULL) {
			cmd_mcp_tools_fail(cdata, MCP_EXIT_ERROR, cause);
			free(cause);
			return;
		}
		cmd_mcp_tools_add(cdata, name);
		free(name);
	}
	for (i = 0; cdata->server == NULL &&
	    (name = cmd_mcp_tools_name(cdata->core, i)) != NULL; i++) {
		cmd_mcp_tools_add(cdata, name);
		free(name);
	}
	if (cdata->count == 0) {
		cmd_mcp_tools_fail(cdata, MCP_EXIT_ERROR,
		    "no servers are configured");
		return;
	}

	for (i = 0; i < cdata->count; i++) {
		one = &cdata->list[i];
		one->cdata = cdata;
		mr = mcp_request_add(cdata->out, cmd_mcp_tools_done,
		    cmd_mcp_tools_free_one, one);
		result = tmcp_client_list(cdata->core, one->name, one->what,
		    cdata->timeout, mr, &id);
		if (result != TMCP_RESULT_OK) {
			one->text = mcp_strerror(result);
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

/* A server has answered. */
static void
cmd_mcp_tools_done(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_tools_one	*one = data;
	struct cmd_mcp_tools_data	*cdata = one->cdata;
	struct tmcp_table		*table;

	one->status = mcp_retval(mcp_event_result(event));
	if (one->status == 0 && cdata->format != NULL) {
		table = tmcp_event_table(event);
		one->text = mcp_table_text(table, one->name, cdata->format,
		    cdata->filter);
		tmcp_table_free(table);
	} else
		one->text = xstrdup(mcp_event_text(event, NULL));
	if (--cdata->waiting == 0)
		cmd_mcp_tools_finish(cdata);
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
		free(cdata->list[i].text);
	}
	free(cdata->list);
	free(cdata->format);
	free(cdata->filter);
	free(cdata->server);
	free(cdata);
}
