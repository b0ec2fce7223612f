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
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * Calls a tool of an MCP server.
 */

/* What is left of a result in #{mcp_result}. */
#define CMD_MCP_CALL_FORMAT_BYTES 65536

static enum args_parse_type	cmd_mcp_call_args_parse(struct args *, u_int,
				    char **);
static enum cmd_retval		cmd_mcp_call_exec(struct cmd *,
				    struct cmdq_item *);

static void	cmd_mcp_call_read(struct client *, const char *, int, int,
		    struct evbuffer *, void *);
static void	cmd_mcp_call_done(struct tmcp_event *, void *);
static void	cmd_mcp_call_free(void *);

const struct cmd_entry cmd_mcp_call_entry = {
	.name = "mcp-call",
	.alias = "mcp-query",

	.args = { "bFi:jo:t:T:", 2, -1, cmd_mcp_call_args_parse },
	.usage = "[-bFj] [-i file] [-o output] " CMD_TARGET_PANE_USAGE " "
		 "[-T timeout] server tool "
		 "[json | key=value | key:=json ...] [{ commands }]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_call_exec
};

struct cmd_mcp_call_data {
	struct tmcp_client	*core;
	struct mcp_output	*out;
	struct cmdq_item	*read_item;
	struct mcp_args		 args;
	int			 raw;

	char			*server;
	char			*tool;
	u_int			 timeout;
};

static enum args_parse_type
cmd_mcp_call_args_parse(__unused struct args *args, u_int idx,
    __unused char **cause)
{
	if (idx < 2)
		return (ARGS_PARSE_STRING);
	return (ARGS_PARSE_COMMANDS_OR_STRING);
}

/* Ask the core. Returns -1 if it refuses. */
static int
cmd_mcp_call_start(struct cmd_mcp_call_data *cdata, int *status, char **cause)
{
	struct mcp_request	*mr;
	struct tmcp_call	 call;
	uint64_t		 id;
	int32_t			 result;

	mr = mcp_request_add(cdata->out->client, cmd_mcp_call_done,
	    cmd_mcp_call_free, cdata);

	memset(&call, 0, sizeof call);
	call.size = sizeof call;
	call.server = cdata->server;
	call.tool = cdata->tool;
	call.json = cdata->args.json;
	call.json_len = cdata->args.json_size;
	call.pairs = cdata->args.pairs;
	call.npairs = cdata->args.npairs;
	call.timeout_ms = cdata->timeout;
	call.user_data = mr;

	result = tmcp_client_call(cdata->core, &call, &id);
	if (result != TMCP_RESULT_OK) {
		*status = mcp_retval(result);
		*cause = mcp_strerror(result);
		mcp_request_remove(mr);
		return (-1);
	}
	mcp_request_started(mr, id);
	return (0);
}

/*
 * Read the arguments from a file or standard input. An attached client's file
 * is read by the server itself, so it must be one that can't block.
 */
static int
cmd_mcp_call_file(struct cmd_mcp_call_data *cdata, struct args *args,
    struct cmdq_item *item, char **cause)
{
	struct client	*c = cmdq_get_client(item);
	char		*path, *full;
	struct stat	 sb;
	int		 error = 0;

	if (cmdq_running(NULL) == item)
		c = NULL;
	path = mcp_args_expand(args, item, args_get(args, 'i'));
	if (c == NULL || (c->flags & (CLIENT_ATTACHED|CLIENT_CONTROL))) {
		if (strcmp(path, "-") == 0) {
			*cause = xstrdup("no shell client to read from");
			free(path);
			return (-1);
		}
		if (*path == '/')
			full = xstrdup(path);
		else {
			xasprintf(&full, "%s/%s",
			    server_client_get_cwd(c, NULL), path);
		}
		if (stat(full, &sb) != 0)
			error = errno;
		else if (!S_ISREG(sb.st_mode))
			error = EINVAL;
		else if (sb.st_size > MCP_ARGS_FILE_BYTES)
			error = EFBIG;
		free(full);
		if (error != 0) {
			xasprintf(cause, "%s: %s", path, error == EINVAL ?
			    "not a regular file" : strerror(error));
			free(path);
			return (-1);
		}
	}

	if (cdata->out->item == NULL && c != NULL && c->session == NULL)
		cdata->read_item = item;
	(void)file_read(c, path, cmd_mcp_call_read, cdata);
	free(path);
	return (0);
}

static enum cmd_retval
cmd_mcp_call_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	struct cmd_mcp_call_data	*cdata;
	struct tmcp_client		*core;
	char				*title, *cause = NULL;
	int				 status = MCP_EXIT_ERROR, wait;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);

	cdata = xcalloc(1, sizeof *cdata);
	cdata->core = core;
	cdata->server = xstrdup(args_string(args, 0));
	cdata->tool = xstrdup(args_string(args, 1));
	cdata->raw = args_has(args, 'j');
	if (args_has(args, 'T')) {
		cdata->timeout = args_strtonum(args, 'T', 1, INT_MAX, &cause);
		if (cause != NULL) {
			xasprintf(&title, "timeout %s", cause);
			free(cause);
			cause = title;
			goto fail;
		}
	}
	xasprintf(&title, "%s %s", cdata->server, cdata->tool);
	cdata->out = mcp_output_create(self, item, title, &cause);
	free(title);
	if (cdata->out == NULL ||
	    mcp_args_parse(&cdata->args, args, 2, item, &cause) != 0)
		goto fail;
	if (cdata->args.cmdlist != NULL && !args_has(args, 'o'))
		cdata->out->sink = MCP_SINK_NONE;

	wait = (cdata->out->item != NULL);
	if (args_has(args, 'i')) {
		if (cmd_mcp_call_file(cdata, args, item, &cause) != 0)
			goto fail;
		wait = wait || cdata->read_item != NULL;
	} else if (cmd_mcp_call_start(cdata, &status, &cause) != 0)
		goto fail;
	return (wait ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);

fail:
	mcp_output_now(item, status, cause, strlen(cause));
	free(cause);
	cmd_mcp_call_free(cdata);
	return (CMD_RETURN_ERROR);
}

/*
 * The arguments have been read. This is not called if the client has gone
 * meanwhile; tmux keeps what waits for a lost client, and so do we.
 */
static void
cmd_mcp_call_read(__unused struct client *c, const char *path, int error,
    int closed, struct evbuffer *buffer, void *data)
{
	struct cmd_mcp_call_data	*cdata = data;
	struct mcp_output		*out = cdata->out;
	char				*cause = NULL;
	int				 status = MCP_EXIT_ERROR;

	if (!closed)
		return;
	if (cdata->read_item != NULL)
		cmdq_continue(cdata->read_item);
	if (out->client != NULL && (out->client->flags & CLIENT_DEAD)) {
		cmd_mcp_call_free(cdata);
		return;
	}

	if (error != 0)
		xasprintf(&cause, "%s: %s", path, strerror(error));
	else
		mcp_args_from_buffer(&cdata->args, path, buffer, &cause);
	if (cause == NULL && cmd_mcp_call_start(cdata, &status, &cause) == 0)
		return;

	mcp_output_finish(out, status, NULL, 0, cause);
	free(cause);
	cdata->out = NULL;
	cmd_mcp_call_free(cdata);
}

/*
 * Run the commands that follow, with the result in formats. It is not expanded
 * again, but a command that gives it to a shell must quote it: #{q:mcp_result}.
 */
static void
cmd_mcp_call_follow(struct cmd_mcp_call_data *cdata, struct tmcp_event *event,
    const char *error)
{
	struct mcp_output	*out = cdata->out;
	struct window_pane	*wp = NULL;
	struct cmdq_state	*state;
	struct cmdq_item	*item;
	struct cmd_find_state	 fs;
	const char		*text;
	char			*s;
	size_t			 size, cut;

	if (out->client != NULL && (out->client->flags & CLIENT_DEAD))
		return;

	cmd_find_clear_state(&fs, 0);
	if (out->wp_id != -1)
		wp = window_pane_find_by_id(out->wp_id);
	if (wp != NULL)
		cmd_find_from_pane(&fs, wp, 0);
	else if (mcp_show_queue(out->viewer))
		cmd_find_from_client(&fs, out->viewer, 0);

	state = cmdq_new_state(&fs, NULL, out->state_flags);
	text = mcp_event_text(event, &size);
	if (cdata->raw && error == NULL)
		text = tmcp_event_json(event, &size);
	cut = mcp_text_cut(text, size, CMD_MCP_CALL_FORMAT_BYTES);
	if (cut != size)
		mcp_show_paste(MCP_BUFFER, text, size);
	s = mcp_text_vis(text, cut, NULL);
	cmdq_add_format(state, "mcp_result", "%s", s);
	cmdq_add_format(state, "mcp_error", "%s", error == NULL ? "" : s);
	cmdq_add_format(state, "mcp_elapsed", "%.1f",
	    event == NULL ? 0 : tmcp_event_elapsed_us(event) / 1000.0);
	cmdq_add_format(state, "mcp_id", "%llu",
	    event == NULL ? 0 : (unsigned long long)tmcp_event_id(event));
	free(s);

	item = cmdq_get_command(cdata->args.cmdlist, state);
	if (out->item != NULL)
		cmdq_insert_after(out->item, item);
	else if (mcp_show_queue(out->viewer))
		cmdq_append(out->viewer, item);
	else
		cmdq_append(NULL, item);
	cmdq_free_state(state);
}

/* The call has ended. */
static void
cmd_mcp_call_done(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_call_data	*cdata = data;
	struct mcp_output		*out = cdata->out;
	int32_t				 result = mcp_event_result(event);
	const char			*text, *error = NULL, *json = NULL;
	size_t				 size, json_size = 0;
	int				 status = mcp_retval(result);

	text = mcp_event_text(event, &size);
	if (result != TMCP_RESULT_OK)
		error = text;

	if (cdata->args.cmdlist != NULL) {
		cmd_mcp_call_follow(cdata, event, error);
		error = NULL;
	}
	if (cdata->raw && event != NULL)
		json = tmcp_event_json(event, &json_size);
	if (json_size != 0)
		mcp_output_finish(out, status, json, json_size, NULL);
	else if (result != TMCP_RESULT_OK)
		mcp_output_finish(out, status, NULL, 0, error);
	else
		mcp_output_finish(out, status, text, size, NULL);
	cdata->out = NULL;
	cmd_mcp_call_free(cdata);
}

/* Free, without having printed anything if the output is still there. */
static void
cmd_mcp_call_free(void *data)
{
	struct cmd_mcp_call_data	*cdata = data;

	if (cdata->out != NULL)
		mcp_output_free(cdata->out);
	mcp_args_free(&cdata->args);
	free(cdata->server);
	free(cdata->tool);
	free(cdata);
}
