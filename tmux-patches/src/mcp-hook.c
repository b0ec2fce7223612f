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

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * Runs the commands that users have set in @mcp-call-done and the like. They
 * are user options, so the tables of tmux need not know them. What happened is
 * in formats, which are not expanded again; a command that gives one to a shell
 * must quote it: #{q:mcp_error}.
 */

/* What is left of a text in a format. */
#define MCP_HOOK_BYTES 65536

/* If the user has set a hook. */
int
mcp_hook_exists(const char *name)
{
	const char	*value = mcp_options_get(name);

	return (value != NULL && *value != '\0');
}

/*
 * Run a hook, if it is set. Pairs of a name without mcp_ and a value follow, up
 * to NULL.
 */
void
mcp_hook_run(const char *name, ...)
{
	struct cmd_parse_result	*pr;
	struct cmdq_state	*state;
	const char		*value, *key;
	char			*full, *clean;
	size_t			 size;
	va_list			 ap;

	if (!mcp_hook_exists(name))
		return;
	pr = cmd_parse_from_string(mcp_options_get(name), NULL);
	if (pr->status == CMD_PARSE_ERROR) {
		server_add_message("mcp: @mcp-%s: %s", name, pr->error);
		free(pr->error);
		return;
	}

	state = cmdq_new_state(NULL, NULL, CMDQ_STATE_NOHOOKS);
	cmdq_add_format(state, "hook", "@mcp-%s", name);
	va_start(ap, name);
	while ((key = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		xasprintf(&full, "mcp_%s", key);
		size = strnlen(value, MCP_HOOK_BYTES + 1);
		clean = mcp_text_vis(value, mcp_text_cut(value, size,
		    MCP_HOOK_BYTES), NULL);
		cmdq_add_format(state, full, "%s", clean);
		free(clean);
		free(full);
	}
	va_end(ap);
	cmdq_append(NULL, cmdq_get_command(pr->cmdlist, state));
	cmdq_free_state(state);
	cmd_list_free(pr->cmdlist);
}

/*
 * If a call has ended that a hook is to be told of. What a hook has called
 * itself runs no hook.
 */
int
mcp_hook_wants(struct tmcp_event *event)
{
	struct mcp_request	*mr = tmcp_event_user_data(event);

	if (*tmcp_event_tool(event) == '\0')
		return (0);
	if (mr != NULL && mcp_request_nohooks(mr))
		return (0);
	return (mcp_hook_exists(tmcp_event_result(event) == TMCP_RESULT_OK ?
	    "call-done" : "call-failed"));
}

/* A call has ended. */
static void
mcp_hook_done(struct tmcp_event *event)
{
	const char	*text;
	char		 id[32], elapsed[32];
	int		 ok;

	if (!mcp_hook_wants(event))
		return;
	text = mcp_event_text(event, NULL);
	ok = (tmcp_event_result(event) == TMCP_RESULT_OK);
	xsnprintf(id, sizeof id, "%llu",
	    (unsigned long long)tmcp_event_id(event));
	xsnprintf(elapsed, sizeof elapsed, "%.1f",
	    tmcp_event_elapsed_us(event) / 1000.0);
	mcp_hook_run(ok ? "call-done" : "call-failed",
	    "server", tmcp_event_server(event),
	    "tool", tmcp_event_tool(event),
	    "id", id,
	    "elapsed", elapsed,
	    "result", text,
	    "error", ok ? "" : text, NULL);
}

/* Run the hook of an event, if there is one for it. */
void
mcp_hook_event(struct tmcp_event *event)
{
	const char	*server = tmcp_event_server(event);

	switch (tmcp_event_type(event)) {
	case TMCP_EVENT_TYPE_DONE:
		mcp_hook_done(event);
		break;
	case TMCP_EVENT_TYPE_SERVER_UP:
		mcp_hook_run("server-up", "server", server, NULL);
		break;
	case TMCP_EVENT_TYPE_SERVER_DOWN:
		mcp_hook_run("server-down", "server", server,
		    "error", tmcp_event_text(event, NULL), NULL);
		break;
	case TMCP_EVENT_TYPE_TOOLS_CHANGED:
		mcp_hook_run("tools-changed", "server", server, NULL);
		break;
	case TMCP_EVENT_TYPE_RESOURCE_UPDATED:
		mcp_hook_run("resource-updated", "server", server,
		    "uri", tmcp_event_text(event, NULL), NULL);
		break;
	}
}
