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

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-run.h"
#include "mcp-settings.h"

/*
 * Calls a tool of an MCP server.
 */

static enum args_parse_type	cmd_mcp_call_args_parse(struct args *, u_int,
				    char **);
static enum cmd_retval		cmd_mcp_call_exec(struct cmd *,
				    struct cmdq_item *);

#define CMD_MCP_CALL_USAGE \
	"[-bEjp] [-C traceparent] [-i file] [-J json] [-o output] [-q pointer] " \
	CMD_TARGET_PANE_USAGE " [-T timeout] server tool " \
	"[json | key=value | key:=json | key@=source ...] [{ commands }]"

const struct cmd_entry cmd_mcp_call_entry = {
	.name = "mcp-call",
	.alias = "mcall",

	.args = { "bC:EFi:jJ:o:pq:t:T:", 2, -1, cmd_mcp_call_args_parse },
	.usage = CMD_MCP_CALL_USAGE,

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_call_exec
};

/* The same by another name: an entry has one alias. */
const struct cmd_entry cmd_mcp_query_entry = {
	.name = "mcp-query",
	.alias = NULL,

	.args = { "bC:EFi:jJ:o:pq:t:T:", 2, -1, cmd_mcp_call_args_parse },
	.usage = CMD_MCP_CALL_USAGE,

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

/* The arguments have been read, or why not. */
static void
cmd_mcp_call_take(struct mcp_run *run, const char *path, const char *text,
    size_t size, const char *error)
{
	char	*cause = NULL;
	int	 status = MCP_EXIT_ERROR;

	if (run->read_item != NULL)
		cmdq_continue(run->read_item);
	run->read_item = NULL;
	if (run->out->client != NULL &&
	    (run->out->client->flags & CLIENT_DEAD)) {
		mcp_run_free(run);
		return;
	}
	if (error != NULL)
		cause = xstrdup(error);
	else if (mcp_args_from_text(&run->args, path, text, size,
	    &cause) == 0 && mcp_run_begin(run, &status, &cause) == 0)
		return;
	mcp_run_fail(run, status, cause);
	free(cause);
}

/* The server itself has read the arguments. */
static void
cmd_mcp_call_read(void *data, const char *path, struct mcp_bytes *bytes,
    const char *error)
{
	cmd_mcp_call_take(data, path, bytes == NULL ? NULL : bytes->text,
	    bytes == NULL ? 0 : bytes->size, error);
}

/*
 * A shell client has read some more of the arguments for us. This is not called
 * at the end if the client has gone meanwhile; tmux keeps what waits for a lost
 * client, and so do we. What is too much is let go at once, and the client is
 * told, which ends it.
 */
static void
cmd_mcp_call_sent(__unused struct client *c, const char *path, int error,
    int closed, struct evbuffer *buffer, void *data)
{
	struct mcp_run	**runp = data, *run = *runp;
	const char	 *cause = NULL;
	char		 *s;

	if (EVBUFFER_LENGTH(buffer) > MCP_ARGS_FILE_BYTES)
		error = EFBIG;
	if (error != 0)
		cause = strerror(error);
	if (run != NULL && (closed || error == EFBIG)) {
		*runp = NULL;
		if (cause == NULL) {
			cmd_mcp_call_take(run, path,
			    (char *)EVBUFFER_DATA(buffer),
			    EVBUFFER_LENGTH(buffer), NULL);
		} else {
			xasprintf(&s, "%s: %s", path, cause);
			cmd_mcp_call_take(run, path, NULL, 0, s);
			free(s);
		}
	}
	if (*runp == NULL)
		evbuffer_drain(buffer, EVBUFFER_LENGTH(buffer));
	if (closed)
		free(runp);
}

/*
 * Read the arguments from a file or standard input. Where no shell client does
 * it, the server reads a file itself.
 */
static int
cmd_mcp_call_file(struct mcp_run *run, struct args *args,
    struct cmdq_item *item, char **cause)
{
	struct client	 *c = cmdq_get_client(item);
	struct mcp_file	 *mf;
	struct mcp_run	**runp;
	char		 *path;

	if (cmdq_running(NULL) == item)
		c = NULL;
	path = mcp_args_expand(args, item, args_get(args, 'i'));
	if (c == NULL || (c->flags & (CLIENT_ATTACHED|CLIENT_CONTROL))) {
		if (strcmp(path, "-") == 0) {
			*cause = xstrdup("no shell client to read from");
			free(path);
			return (-1);
		}
		mf = mcp_file_open(c, path, cause);
		free(path);
		if (mf == NULL)
			return (-1);
		mcp_file_read(mf, cmd_mcp_call_read, run);
		return (0);
	}

	if (run->out->item == NULL && c->session == NULL)
		run->read_item = item;
	runp = xmalloc(sizeof *runp);
	*runp = run;
	(void)file_read(c, path, cmd_mcp_call_sent, runp);
	free(path);
	return (0);
}

/*
 * The trace that the call is a part of: that of -C, else that of the shell the
 * command comes from, unless it is a wrong one, which does not count.
 */
static char *
cmd_mcp_call_trace(struct args *args, struct cmdq_item *item)
{
	struct client		*c = cmdq_get_client(item);
	struct environ_entry	*envent;

	if (args_has(args, 'C'))
		return (mcp_args_expand(args, item, args_get(args, 'C')));
	if (c == NULL || c->session != NULL || cmdq_running(NULL) == item)
		return (NULL);
	envent = environ_find(c->environ, "TRACEPARENT");
	if (envent == NULL || envent->value == NULL ||
	    !tmcp_traceparent_valid(envent->value))
		return (NULL);
	return (xstrdup(envent->value));
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
	if (run == NULL)
		goto fail;
	run->args.can_wait = 1;
	if (mcp_args_parse(&run->args, args, 2, item, &cause) != 0)
		goto fail;
	run->start = mcp_run_call;
	run->is_tool = 1;
	run->trace = cmd_mcp_call_trace(args, item);
	if (run->args.cmdlist != NULL && !args_has(args, 'o')) {
		run->out->sink = MCP_SINK_NONE;
		mcp_sink_release(run->out);
	}

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
