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
#include <unistd.h>

#include "tmux.h"
#include "mcp-dialog.h"
#include "mcp-output.h"

/*
 * Shows a result inside tmux: in view mode (mcp-view.c), in a popup or a window
 * (mcp-pager.c), in a message, or pasted into a pane.
 */

/* What is shown at once; if there is more, the whole is in a buffer. */
#define MCP_SHOW_LINES 1000
#define MCP_SHOW_BYTES (128 * 1024)
#define MCP_SHOW_POPUP_BYTES (1024 * 1024)
#define MCP_SHOW_MESSAGE_BYTES 4096

/* What is made ready for a pane in one turn. */
#define MCP_SHOW_PANE_BYTES 32768

/* The lines to view are made. */
static void
mcp_show_viewed(void *data, struct mcp_bytes *lines)
{
	struct mcp_output	*out = data;

	out->shown(out, mcp_view_show(out, lines));
}

/* The lines for a popup or a new window are made. */
static void
mcp_show_pager(void *data, struct mcp_bytes *lines)
{
	mcp_pager_show(data, lines);
}

/* Show text as a message, in one line. */
static int
mcp_show_message(struct mcp_output *out)
{
	struct mcp_bytes	*bytes = out->bytes;
	char			*copy, *line;

	if (!mcp_client_shows(out->viewer))
		return (-1);
	copy = xstrndup(bytes->text, mcp_text_cut(bytes->text, bytes->size,
	    MCP_SHOW_MESSAGE_BYTES));
	line = mcp_text_line(copy);
	mcp_client_message(out->viewer, line);
	free(line);
	free(copy);
	return (0);
}

/* Text that is made ready to be pasted into a pane. */
struct mcp_show_pane {
	struct mcp_output	*out;
	size_t			 off;
	size_t			 size;
	struct evbuffer		*evb;
};

/* The pane that text is pasted into, if it takes any. */
static struct window_pane *
mcp_show_pane_find(struct mcp_output *out)
{
	struct window_pane	*wp = NULL;

	if (out->wp_id != -1)
		wp = window_pane_find_by_id(out->wp_id);
	if (wp == NULL || wp->fd == -1 || wp->event == NULL ||
	    (wp->flags & PANE_INPUTOFF))
		return (NULL);
	return (wp);
}

/*
 * Paste into the pane, all at once: keys that are typed meanwhile would be part
 * of it. More than one line goes only to a program that knows what a paste is:
 * another might run each line.
 */
static int
mcp_show_pane_paste(struct mcp_show_pane *sp)
{
	struct window_pane	*wp = mcp_show_pane_find(sp->out);
	int			 bracket;

	if (wp == NULL)
		return (-1);
	bracket = (wp->base.mode & MODE_BRACKETPASTE) != 0;
	if (!bracket && memchr(sp->out->bytes->text, '\n', sp->size) != NULL)
		return (-1);
	if (bracket)
		bufferevent_write(wp->event, "\033[200~", 6);
	bufferevent_write_buffer(wp->event, sp->evb);
	if (bracket)
		bufferevent_write(wp->event, "\033[201~", 6);
	return (0);
}

/*
 * Make some more ready. Everything but text is escaped, so that it can't end a
 * bracketed paste.
 */
static int
mcp_show_pane_step(void *data)
{
	struct mcp_show_pane	*sp = data;
	struct mcp_output	*out = sp->out;
	const char		*text = out->bytes->text + sp->off;
	size_t			 size;
	char			*s, *cp;
	int			 shown;

	size = mcp_text_cut(text, sp->size - sp->off, MCP_SHOW_PANE_BYTES);
	s = mcp_text_raw(text, size, NULL);
	for (cp = s; *cp != '\0'; cp++) {
		if (*cp == '\n')
			*cp = '\r';
	}
	evbuffer_add(sp->evb, s, cp - s);
	free(s);
	sp->off += size;
	if (sp->off != sp->size)
		return (1);

	shown = mcp_show_pane_paste(sp);
	evbuffer_free(sp->evb);
	free(sp);
	out->shown(out, shown);
	return (0);
}

/* Paste text into a pane, without newlines at its end. */
static void
mcp_show_pane(struct mcp_output *out)
{
	const char		*text = out->bytes->text;
	struct mcp_show_pane	*sp;

	sp = xcalloc(1, sizeof *sp);
	sp->out = out;
	sp->size = out->bytes->size;
	while (sp->size != 0 && text[sp->size - 1] == '\n') {
		sp->size--;
		if (sp->size != 0 && text[sp->size - 1] == '\r')
			sp->size--;
	}
	if ((sp->evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	mcp_work_start(mcp_show_pane_step, sp);
}

/* Show what an output has inside tmux; its shown() is told. */
void
mcp_show(struct mcp_output *out)
{
	switch (out->sink) {
	case MCP_SINK_VIEW:
		if (mcp_view_pane(out) == NULL)
			break;
		mcp_extract_start(out->bytes, MCP_SHOW_BYTES, MCP_SHOW_LINES, 1,
		    out->json, mcp_show_viewed, out);
		return;
	case MCP_SINK_POPUP:
	case MCP_SINK_WINDOW:
		if (!mcp_client_shows(out->viewer))
			break;
		mcp_extract_start(out->bytes, MCP_SHOW_POPUP_BYTES, UINT_MAX, 1,
		    out->json, mcp_show_pager, out);
		return;
	case MCP_SINK_PANE:
		if (mcp_show_pane_find(out) == NULL)
			break;
		mcp_show_pane(out);
		return;
	case MCP_SINK_MESSAGE:
		out->shown(out, mcp_show_message(out));
		return;
	default:
		break;
	}
	out->shown(out, -1);
}
