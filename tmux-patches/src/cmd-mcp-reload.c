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
 * Reads the configuration of the MCP servers again, and shows which files that
 * was and what is wrong with it.
 */

static enum cmd_retval	cmd_mcp_reload_exec(struct cmd *, struct cmdq_item *);

static void	cmd_mcp_reload_done(struct tmcp_event *, void *);
static void	cmd_mcp_reload_free(void *);

const struct cmd_entry cmd_mcp_reload_entry = {
	.name = "mcp-reload",
	.alias = "mreload",

	.args = { "b", 0, 0, NULL },
	.usage = "[-b]",

	.flags = 0,
	.exec = cmd_mcp_reload_exec
};

static enum cmd_retval
cmd_mcp_reload_exec(struct cmd *self, struct cmdq_item *item)
{
	struct tmcp_client	*core;
	struct mcp_output	*out;
	char			*cause;
	int32_t			 result;

	if ((core = mcp_get(item)) == NULL)
		return (CMD_RETURN_ERROR);
	if ((out = mcp_ready_output(self, item)) == NULL)
		return (CMD_RETURN_ERROR);
	result = tmcp_client_reload(core);
	if (result != TMCP_RESULT_OK) {
		cause = mcp_strerror(result);
		mcp_error(item, "%s", cause);
		free(cause);
		mcp_output_free(out);
		return (CMD_RETURN_ERROR);
	}
	return (mcp_ready_start(item, out, cmd_mcp_reload_done,
	    cmd_mcp_reload_free, out));
}

/* Loaded. In an attached client only what is wrong is shown. */
static void
cmd_mcp_reload_done(struct tmcp_event *event, void *data)
{
	struct mcp_output	*out = data;
	struct tmcp_client	*core = mcp_core_get();
	char			*text;
	size_t			 size;
	int32_t			 result = mcp_event_result(event);

	if (core == NULL || result != TMCP_RESULT_OK) {
		mcp_output_finish(out, mcp_retval(result), NULL, 0,
		    mcp_event_text(event, NULL));
		return;
	}
	if ((result = tmcp_client_configuration(core, &text)) < 0) {
		mcp_output_finish(out, mcp_retval(result), NULL, 0,
		    tmcp_result_text(result));
		return;
	}
	size = strlen(text);
	while (size != 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	if (result == 1)
		mcp_output_finish(out, MCP_EXIT_ERROR, NULL, 0, text);
	else if (out->item == NULL)
		mcp_output_finish(out, 0, NULL, 0, NULL);
	else
		mcp_output_finish(out, 0, text, size, NULL);
	tmcp_string_free(text);
}

static void
cmd_mcp_reload_free(void *data)
{
	mcp_output_free(data);
}
