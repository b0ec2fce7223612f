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
#include "mcp-output.h"

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
	{ "append", MCP_SINK_VIEW, 0 },
	{ "popup", MCP_SINK_POPUP, 1 },
	{ "buffer", MCP_SINK_BUFFER, 0 },
	{ "pane", MCP_SINK_PANE, 0 },
	{ "message", MCP_SINK_MESSAGE, 1 },
	{ "window", MCP_SINK_WINDOW, 1 }
};

/* Calls that run at the same time with results for the usual buffer. */
static u_char	*mcp_sink_slots;
static u_int	 mcp_sink_nslots;

/*
 * Take the usual buffer, or while another result is on its way to that, one
 * beside it: neither is lost.
 */
static void
mcp_sink_take(struct mcp_output *out)
{
	u_int	i;

	for (i = 0; i < mcp_sink_nslots && mcp_sink_slots[i]; i++)
		/* nothing */;
	if (i == mcp_sink_nslots) {
		mcp_sink_slots = xrecallocarray(mcp_sink_slots, i, i + 8, 1);
		mcp_sink_nslots = i + 8;
	}
	mcp_sink_slots[i] = 1;
	out->slot = i + 1;
	out->sink = MCP_SINK_BUFFER;
	if (i == 0)
		out->buffer = xstrdup(MCP_BUFFER);
	else
		xasprintf(&out->buffer, "%s-%u", MCP_BUFFER, i + 1);
}

/* If a call that runs has taken the usual buffer with this number, from 1. */
int
mcp_sink_is_taken(u_int slot)
{
	return (slot <= mcp_sink_nslots && mcp_sink_slots[slot - 1]);
}

/* The result is in its buffer, or there is none. */
void
mcp_sink_release(struct mcp_output *out)
{
	if (out->slot != 0)
		mcp_sink_slots[out->slot - 1] = 0;
	out->slot = 0;
}

/* The sink if the user has not chosen one. */
static void
mcp_sink_default(struct mcp_output *out, int background)
{
	if (out->item != NULL)
		out->sink = MCP_SINK_STDOUT;
	else if (mcp_client_shows(out->viewer) && !background)
		out->sink = MCP_SINK_VIEW;
	else
		mcp_sink_take(out);
}

/*
 * A control client can be shown nothing: if it was used last, take the terminal
 * in its session that was used last.
 */
static void
mcp_sink_terminal(struct mcp_output *out)
{
	struct client	*c, *best = NULL;

	if (out->viewer == NULL || mcp_client_shows(out->viewer))
		return;
	TAILQ_FOREACH(c, &clients, entry) {
		if (c->session != out->viewer->session || !mcp_client_shows(c))
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
		xasprintf(cause, "unknown output: %s (stdout, view, append, "
		    "popup, buffer, buffer:name, pane, message, window or none)",
		    name);
		return (-1);
	}
	out->sink = mcp_sink_table[i].sink;
	out->keep = (strcmp(name, "append") == 0);
	if (mcp_sink_table[i].need_viewer || out->sink == MCP_SINK_VIEW)
		mcp_sink_terminal(out);
	if (mcp_sink_table[i].need_viewer && !mcp_client_shows(out->viewer)) {
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
		if (!mcp_client_shows(out->viewer) && out->wp_id == -1) {
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
		mcp_sink_take(out);
		break;
	default:
		break;
	}
	return (0);
}

/*
 * If the client of a command may not have a result put there: one that is
 * read-only types nothing and changes no buffer, so it is shown lists only.
 */
int
mcp_sink_refuses(struct cmdq_item *item, const char *sink, int background)
{
	if (!mcp_client_readonly(item))
		return (0);
	if (background)
		return (1);
	return (sink != NULL && strcmp(sink, "stdout") != 0 &&
	    strcmp(sink, "view") != 0 && strcmp(sink, "append") != 0 &&
	    strcmp(sink, "message") != 0 && strcmp(sink, "none") != 0);
}
