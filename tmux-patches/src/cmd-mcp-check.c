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
 * Goes through checklists of MCP servers: how they are set up, and how they do.
 * Fails if a line fails, so that a script can ask.
 */

static enum cmd_retval	cmd_mcp_check_exec(struct cmd *, struct cmdq_item *);

static void	cmd_mcp_check_ready(struct tmcp_event *, void *);
static void	cmd_mcp_check_free(void *);

const struct cmd_entry cmd_mcp_check_entry = {
	.name = "mcp-check",
	.alias = "mcheck",

	.args = { "bjmo:st:", 0, 1, NULL },
	.usage = "[-bjms] [-o output] " CMD_TARGET_PANE_USAGE " [server]",

	.target = { 't', CMD_FIND_PANE, CMD_FIND_CANFAIL },

	.flags = CMD_READONLY,
	.exec = cmd_mcp_check_exec
};

struct cmd_mcp_check_data {
	struct mcp_output	*out;
	char			*directory;
	char			*server;
	uint32_t		 lists;
};

static enum cmd_retval
cmd_mcp_check_exec(struct cmd *self, struct cmdq_item *item)
{
	struct args			*args = cmd_get_args(self);
	struct cmd_mcp_check_data	*cdata;
	struct mcp_output		*out;

	if (mcp_get(item) == NULL)
		return (CMD_RETURN_ERROR);
	if ((out = mcp_ready_output(self, item)) == NULL)
		return (CMD_RETURN_ERROR);

	cdata = xcalloc(1, sizeof *cdata);
	cdata->out = out;
	cdata->directory = mcp_client_directory(item);
	if (args_string(args, 0) != NULL)
		cdata->server = xstrdup(args_string(args, 0));
	if (args_has(args, 's'))
		cdata->lists |= TMCP_CHECK_SETUP;
	if (args_has(args, 'm'))
		cdata->lists |= TMCP_CHECK_MONITORING;
	if (cdata->lists == 0)
		cdata->lists = TMCP_CHECK_SETUP|TMCP_CHECK_MONITORING;
	if (args_has(args, 'j')) {
		cdata->lists |= TMCP_CHECK_JSON;
		out->json = 1;
	}
	return (mcp_ready_start(item, out, cmd_mcp_check_ready,
	    cmd_mcp_check_free, cdata));
}

/* End with an error. */
static void
cmd_mcp_check_fail(struct cmd_mcp_check_data *cdata, int retval,
    const char *cause)
{
	mcp_output_finish(cdata->out, retval, NULL, 0, cause);
	cdata->out = NULL;
	cmd_mcp_check_free(cdata);
}

/* The configuration is loaded. */
static void
cmd_mcp_check_ready(struct tmcp_event *event, void *data)
{
	struct cmd_mcp_check_data	*cdata = data;
	struct tmcp_client		*core = mcp_core_get();
	char				*text, *cause, *server = NULL;
	int32_t				 result = mcp_event_result(event);

	if (core == NULL || result != TMCP_RESULT_OK) {
		cmd_mcp_check_fail(cdata, mcp_retval(result),
		    mcp_event_text(event, NULL));
		return;
	}
	if (cdata->server != NULL) {
		server = mcp_abbrev_server(core, cdata->directory,
		    cdata->server, &cause);
		if (server == NULL) {
			cmd_mcp_check_fail(cdata, MCP_EXIT_ERROR, cause);
			free(cause);
			return;
		}
	}
	result = tmcp_client_check(core, server, cdata->lists, &text);
	free(server);
	if (result < 0) {
		cause = mcp_strerror(result);
		cmd_mcp_check_fail(cdata, mcp_retval(result), cause);
		free(cause);
		return;
	}
	mcp_output_finish(cdata->out, result == 0 ? 0 : MCP_EXIT_ERROR, text,
	    strlen(text), NULL);
	tmcp_string_free(text);
	cdata->out = NULL;
	cmd_mcp_check_free(cdata);
}

static void
cmd_mcp_check_free(void *data)
{
	struct cmd_mcp_check_data	*cdata = data;

	if (cdata->out != NULL)
		mcp_output_free(cdata->out);
	free(cdata->directory);
	free(cdata->server);
	free(cdata);
}
