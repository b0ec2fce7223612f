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

#include "tmux.h"
#include "mcp-request.h"
#include "mcp-settings.h"

/*
 * Logs in at servers that want to know who calls, and out.
 */

static enum cmd_retval	cmd_mcp_login_exec(struct cmd *, struct cmdq_item *);

static void	cmd_mcp_login_ready(struct tmcp_event *, void *);
static void	cmd_mcp_login_free(void *);

const struct cmd_entry cmd_mcp_login_entry = {
	.name = "mcp-login",
	.alias = "mlogin",

	.args = { "a:bo:t:", 1, 1, NULL },
	.usage = "[-b] [-a address] [-o output] " CMD_TARGET_PANE_USAGE
		 " server",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_login_exec
};

const struct cmd_entry cmd_mcp_logout_entry = {
	.name = "mcp-logout",
	.alias = "mlogout",

	.args = { "bo:t:", 1, 1, NULL },
	.usage = "[-b] [-o output] " CMD_TARGET_PANE_USAGE " server",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = 0,
	.exec = cmd_mcp_login_exec
};

/* A command until the configuration has been read. */
struct cmd_mcp_login_data {
	struct mcp_output	*out;
	char			*server;
	char			*address;
	int			 logout;
};

static enum cmd_retval
cmd_mcp_login_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	struct cmd_mcp_login_data	*cd;
	struct mcp_output		*out;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	if ((out = mcp_ready_output(self, item)) == NULL)
		return (CMD_RETURN_ERROR);
	cd = xcalloc(1, sizeof *cd);
	cd->out = out;
	cd->server = xstrdup(args_string(args, 0));
	if (args_has(args, 'a'))
		cd->address = xstrdup(args_get(args, 'a'));
	cd->logout = (cmd_get_entry(self) == &cmd_mcp_logout_entry);
	return (mcp_ready_start(item, out, cmd_mcp_login_ready,
	    cmd_mcp_login_free, cd));
}

/* The servers are known. */
static void
cmd_mcp_login_ready(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_login_data	*cd = data;
	struct tmcp_client		*core = mcp_core_get();
	struct mcp_output		*out = cd->out;
	int32_t				 result = mcp_event_result(event);
	char				*cause;

	cd->out = NULL;
	if (core == NULL || result != TMCP_RESULT_OK) {
		mcp_output_finish(out, mcp_retval(result), NULL, 0,
		    mcp_event_text(event, NULL));
	} else if (cd->address == NULL)
		mcp_login_start(out, cd->server, cd->logout);
	else {
		result = tmcp_client_login_answer(core, cd->server,
		    cd->address);
		mcp_changed();
		if (result != TMCP_RESULT_OK) {
			cause = mcp_strerror(result);
			mcp_output_finish(out, mcp_retval(result), NULL, 0,
			    cause);
			free(cause);
		} else
			mcp_output_finish(out, 0, NULL, 0, NULL);
	}
	cmd_mcp_login_free(cd);
}

static void
cmd_mcp_login_free(void *data)
{
	struct cmd_mcp_login_data	*cd = data;

	if (cd->out != NULL)
		mcp_output_free(cd->out);
	free(cd->server);
	free(cd->address);
	free(cd);
}
