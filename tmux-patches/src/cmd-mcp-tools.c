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
 * Lists the tools of MCP servers.
 */

static enum cmd_retval	cmd_mcp_tools_exec(struct cmd *, struct cmdq_item *);

static void	cmd_mcp_tools_ready(struct tmcp_event *, void *);
static void	cmd_mcp_tools_done(struct tmcp_event *, void *);
static void	cmd_mcp_tools_free(void *);
static void	cmd_mcp_tools_free_one(void *);

const struct cmd_entry cmd_mcp_tools_entry = {
	.name = "mcp-tools",
	.alias = NULL,

	.args = { "T:", 0, 1, NULL },
	.usage = "[-T timeout] [server]",

	.flags = CMD_READONLY,
	.exec = cmd_mcp_tools_exec
};

/* What one server has to say. */
struct cmd_mcp_tools_one {
	struct cmd_mcp_tools_data	*cdata;
	char				*name;
	char				*text;
	int				 status;
};

struct cmd_mcp_tools_data {
	struct mcp_output		*out;
	struct tmcp_client		*core;
	char				*server;
	u_int				 timeout;

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
	out = mcp_output_create(self, item, "mcp-tools", &cause);
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
		mcp_output_finish(cdata->out, one->status, NULL, 0, one->text);
		cdata->out = NULL;
		cmd_mcp_tools_free(cdata);
		return;
	}

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	for (i = 0; i < cdata->count; i++) {
		one = &cdata->list[i];
		if (cdata->server == NULL) {
			evbuffer_add_printf(evb, "%sServer: %s\n",
			    i == 0 ? "" : "\n", one->name);
		}
		if (one->status != 0) {
			evbuffer_add_printf(evb, "error: %s\n", one->text);
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

/* The configuration is loaded: ask one server or all. */
static void
cmd_mcp_tools_ready(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_tools_data	*cdata = data;
	struct cmd_mcp_tools_one	*one;
	struct mcp_request		*mr;
	uint64_t			 id;
	int32_t				 result;
	char				*name;
	u_int				 i;

	if ((result = mcp_event_result(event)) != TMCP_RESULT_OK) {
		mcp_output_finish(cdata->out, mcp_retval(result), NULL, 0,
		    mcp_event_text(event, NULL));
		cdata->out = NULL;
		cmd_mcp_tools_free(cdata);
		return;
	}

	if (cdata->server != NULL) {
		cdata->list = xcalloc(1, sizeof *cdata->list);
		cdata->list[cdata->count++].name = xstrdup(cdata->server);
	}
	while (cdata->server == NULL &&
	    (name = cmd_mcp_tools_name(cdata->core, cdata->count)) != NULL) {
		cdata->list = xrecallocarray(cdata->list, cdata->count,
		    cdata->count + 1, sizeof *cdata->list);
		cdata->list[cdata->count++].name = name;
	}
	if (cdata->count == 0) {
		mcp_output_finish(cdata->out, MCP_EXIT_ERROR, NULL, 0,
		    "no servers are configured");
		cdata->out = NULL;
		cmd_mcp_tools_free(cdata);
		return;
	}

	for (i = 0; i < cdata->count; i++) {
		one = &cdata->list[i];
		one->cdata = cdata;
		mr = mcp_request_add(cdata->out, cmd_mcp_tools_done,
		    cmd_mcp_tools_free_one, one);
		result = tmcp_client_list_tools(cdata->core, one->name,
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

	one->text = xstrdup(mcp_event_text(event, NULL));
	one->status = mcp_retval(mcp_event_result(event));
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
	free(cdata->server);
	free(cdata);
}
