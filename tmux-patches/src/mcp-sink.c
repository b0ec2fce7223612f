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
 * Where a result goes: what -o says, or what suits who asked.
 */

static const struct {
	const char	*name;
	enum mcp_sink	 sink;
	int		 need_viewer;
} mcp_sink_table[] = {
	{ "none", MCP_SINK_NONE, 0 },
	{ "stdout", MCP_SINK_STDOUT, 0 },
	{ "view", MCP_SINK_VIEW, 0 },
	{ "popup", MCP_SINK_POPUP, 1 },
	{ "buffer", MCP_SINK_BUFFER, 0 },
	{ "pane", MCP_SINK_PANE, 0 },
	{ "message", MCP_SINK_MESSAGE, 1 },
	{ "window", MCP_SINK_WINDOW, 1 }
};

/* The sink if the user has not chosen one. */
static void
mcp_sink_default(struct mcp_output *out, int background)
{
	if (out->item != NULL)
		out->sink = MCP_SINK_STDOUT;
	else if (mcp_show_alive(out->viewer) && !background)
		out->sink = MCP_SINK_VIEW;
	else {
		out->sink = MCP_SINK_BUFFER;
		out->buffer = xstrdup(MCP_BUFFER);
	}
}

/*
 * A control client can be shown nothing: if it was used last, take the terminal
 * in its session that was used last.
 */
static void
mcp_sink_terminal(struct mcp_output *out)
{
	struct client	*c, *best = NULL;

	if (out->viewer == NULL || mcp_show_alive(out->viewer))
		return;
	TAILQ_FOREACH(c, &clients, entry) {
		if (c->session != out->viewer->session || !mcp_show_alive(c))
			continue;
		if (best == NULL ||
		    timercmp(&c->activity_time, &best->activity_time, >))
			best = c;
	}
	if (best != NULL) {
		server_client_unref(out->viewer);
		out->viewer = best;
		out->viewer->references++;
	}
}

/* Choose the sink for -o. Returns -1 if it can't be had. */
int
mcp_sink_parse(struct mcp_output *out, const char *name, int background,
    char **cause)
{
	u_int	i;

	if (name == NULL) {
		mcp_sink_default(out, background);
		return (0);
	}
	if (strncmp(name, "buffer:", 7) == 0 && name[7] != '\0') {
		out->sink = MCP_SINK_BUFFER;
		out->buffer = xstrdup(name + 7);
		return (0);
	}
	for (i = 0; i < nitems(mcp_sink_table); i++) {
		if (strcmp(mcp_sink_table[i].name, name) == 0)
			break;
	}
	if (i == nitems(mcp_sink_table)) {
		xasprintf(cause, "unknown output: %s (stdout, view, popup, "
		    "buffer, buffer:name, pane, message, window or none)",
		    name);
		return (-1);
	}
	out->sink = mcp_sink_table[i].sink;
	if (mcp_sink_table[i].need_viewer || out->sink == MCP_SINK_VIEW)
		mcp_sink_terminal(out);
	if (mcp_sink_table[i].need_viewer && !mcp_show_alive(out->viewer)) {
		xasprintf(cause, "no client for output: %s", name);
		return (-1);
	}
	switch (out->sink) {
	case MCP_SINK_STDOUT:
		if (out->item == NULL) {
			*cause = xstrdup("nothing waits to print to stdout");
			return (-1);
		}
		break;
	case MCP_SINK_VIEW:
		if (!mcp_show_alive(out->viewer) && out->wp_id == -1) {
			*cause = xstrdup("no client or pane to view it in");
			return (-1);
		}
		break;
	case MCP_SINK_PANE:
		if (out->wp_id == -1) {
			*cause = xstrdup("no pane to paste into");
			return (-1);
		}
		break;
	case MCP_SINK_BUFFER:
		out->buffer = xstrdup(MCP_BUFFER);
		break;
	default:
		break;
	}
	return (0);
}
