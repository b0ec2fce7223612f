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

static enum args_parse_type	cmd_mcp_call_args_parse(struct args *, u_int,
				    char **);
static enum cmd_retval		cmd_mcp_call_exec(struct cmd *,
				    struct cmdq_item *);

static void	cmd_mcp_call_read(struct client *, const char *, int, int,
		    struct evbuffer *, void *);

const struct cmd_entry cmd_mcp_call_entry = {
	.name = "mcp-call",
	.alias = "mcp-query",

	.args = { "bFi:jo:pq:t:T:", 2, -1, cmd_mcp_call_args_parse },
	.usage = "[-bFjp] [-i file] [-o output] [-q pointer] "
		 CMD_TARGET_PANE_USAGE " [-T timeout] server tool "
		 "[json | key=value | key:=json | key@=source ...] "
		 "[{ commands }]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_call_exec
};

static enum args_parse_type
cmd_mcp_call_args_parse(__unused struct args *args, u_int idx,
    __unused char **cause)
{
	if (idx < 2)
		return (ARGS_PARSE_STRING);
	return (ARGS_PARSE_COMMANDS_OR_STRING);
}

/*
 * Read the arguments from a file or standard input. An attached client's file
 * is read by the server itself, so it must be one that can't block.
 */
static int
cmd_mcp_call_file(struct mcp_run *run, struct args *args,
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

	if (run->out->item == NULL && c != NULL && c->session == NULL)
		run->read_item = item;
	(void)file_read(c, path, cmd_mcp_call_read, run);
	free(path);
	return (0);
}

static enum cmd_retval
cmd_mcp_call_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args	*args = cmd_get_args(self);
	struct mcp_run	*run;
	char		*cause = NULL;
	int		 wait;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	run = mcp_run_create(self, item, args_string(args, 0),
	    args_string(args, 1), &cause);
	if (run == NULL ||
	    mcp_args_parse(&run->args, args, 2, item, &cause) != 0)
		goto fail;
	run->start = mcp_run_call;
	run->is_tool = 1;
	if (run->args.cmdlist != NULL && !args_has(args, 'o'))
		run->out->sink = MCP_SINK_NONE;

	if (!args_has(args, 'i'))
		return (mcp_run_go(run, item));
	wait = (run->out->item != NULL);
	if (cmd_mcp_call_file(run, args, item, &cause) != 0)
		goto fail;
	wait = wait || run->read_item != NULL;
	return (wait ? CMD_RETURN_WAIT : CMD_RETURN_NORMAL);

fail:
	return (mcp_run_refuse(run, item, MCP_EXIT_ERROR, cause));
}

/*
 * The arguments have been read. This is not called if the client has gone
 * meanwhile; tmux keeps what waits for a lost client, and so do we.
 */
static void
cmd_mcp_call_read(__unused struct client *c, const char *path, int error,
    int closed, struct evbuffer *buffer, void *data)
{
	struct mcp_run		*run = data;
	struct mcp_output	*out = run->out;
	char			*cause = NULL;
	int			 status = MCP_EXIT_ERROR;

	if (!closed)
		return;
	if (run->read_item != NULL)
		cmdq_continue(run->read_item);
	if (out->client != NULL && (out->client->flags & CLIENT_DEAD)) {
		mcp_run_free(run);
		return;
	}

	if (error != 0)
		xasprintf(&cause, "%s: %s", path, strerror(error));
	else
		mcp_args_from_buffer(&run->args, path, buffer, &cause);
	if (cause == NULL && mcp_run_begin(run, &status, &cause) == 0)
		return;

	mcp_output_finish(out, status, NULL, 0, cause);
	free(cause);
	run->out = NULL;
	mcp_run_free(run);
}
