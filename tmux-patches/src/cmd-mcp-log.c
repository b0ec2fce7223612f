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
#include "mcp-request.h"
#include "mcp-settings.h"

/*
 * Shows the log of the MCP client.
 */

/* Lines that are shown if nothing else is said, and at most. */
#define CMD_MCP_LOG_LINES 50
#define CMD_MCP_LOG_MAX 1000

static enum cmd_retval	cmd_mcp_log_exec(struct cmd *, struct cmdq_item *);

const struct cmd_entry cmd_mcp_log_entry = {
	.name = "mcp-log",
	.alias = "mlog",

	.args = { "bfn:o:t:u", 0, 0, NULL },
	.usage = "[-bfu] [-n lines] [-o output] " CMD_TARGET_PANE_USAGE,

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_log_exec
};

static enum cmd_retval
cmd_mcp_log_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args	*args = cmd_get_args(self);
	struct client	*c = cmdq_get_client(item);
	struct evbuffer	*evb;
	enum cmd_retval	 retval = CMD_RETURN_NORMAL;
	char		*cause;
	u_int		 n = CMD_MCP_LOG_LINES;
	int		 control;

	if (args_has(args, 'n')) {
		n = args_strtonum(args, 'n', 0, CMD_MCP_LOG_MAX, &cause);
		if (cause != NULL) {
			mcp_error(item, "lines %s", cause);
			free(cause);
			return (CMD_RETURN_ERROR);
		}
	}
	/* What happened until now is in the log. */
	mcp_get(item);

	control = (c != NULL && (c->flags & CLIENT_CONTROL));
	if (args_has(args, 'u')) {
		if (c != NULL)
			mcp_follow_stop(c);
		return (CMD_RETURN_NORMAL);
	}
	if (args_has(args, 'f') && (args_has(args, 'b') ||
	    args_has(args, 'o'))) {
		mcp_error(item, "-f can't be used with -b or -o");
		return (CMD_RETURN_ERROR);
	}
	if (args_has(args, 'f')) {
		if (c == NULL || (c->flags & CLIENT_DEAD) ||
		    (c->session != NULL && !control)) {
			mcp_error(item, "-f is for shell and control clients");
			return (CMD_RETURN_ERROR);
		}
		if (control)
			mcp_follow_stop(c);
		if (!mcp_follow_start(c, control ? NULL : item, n)) {
			mcp_error(item, "too many clients follow the log");
			return (CMD_RETURN_ERROR);
		}
		return (control ? CMD_RETURN_NORMAL : CMD_RETURN_WAIT);
	}

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	mcp_follow_last(evb, n);
	if (EVBUFFER_LENGTH(evb) != 0) {
		retval = mcp_print_list(self, item,
		    (char *)EVBUFFER_DATA(evb), EVBUFFER_LENGTH(evb), 0);
	}
	evbuffer_free(evb);
	return (retval);
}
