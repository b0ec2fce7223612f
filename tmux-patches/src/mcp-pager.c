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
#include "mcp-output.h"

/*
 * Shows results with a pager in popups and new windows. Each has a paste buffer
 * of its own and opens when nobody types. A key that comes right after that was
 * typed for something else: it goes there, a popup comes back later, and a
 * window stays but is left.
 */

/* How often to look if a client is free, in milliseconds. */
#define MCP_PAGER_WAIT_MS 200

/* A result on its way to a popup or a new window. */
struct mcp_pager {
	u_int			 number;	/* in a queue, or 0 */
	struct mcp_output	*out;
	struct mcp_bytes	*lines;
	char			*buffer;
	u_int			 window;	/* current before it opened */
	uint64_t		 guard;		/* end of it, or 0 if not open */
	struct event		 timer;

	TAILQ_ENTRY(mcp_pager)	 entry;
};
static TAILQ_HEAD(, mcp_pager) mcp_pagers = TAILQ_HEAD_INITIALIZER(mcp_pagers);
static u_int	 mcp_pager_next = 1;

static void	 mcp_pager_start(struct mcp_pager *);

/* Take a buffer away again. */
static void
mcp_pager_unpaste(const char *name)
{
	struct paste_buffer	*pb;

	if ((pb = paste_get_name(name)) != NULL)
		paste_free(pb);
}

/*
 * The command that opens a popup or a window with a pager on a paste buffer,
 * which is deleted once it is read. The pager is run by sh because other shells
 * do not know ${PAGER:-less}; -R is for colours.
 */
static struct cmd_list *
mcp_pager_command(struct mcp_pager *mp)
{
	struct cmd_parse_result	*pr;
	const char		*open;
	char			 exe[1024], *cmd, *escaped, *shell;
	ssize_t			 n;

	if (mp->out->sink == MCP_SINK_POPUP)
		open = "display-popup -E -w 80% -h 80%";
	else
		open = "new-window -n " MCP_BUFFER;
	n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	exe[n < 0 ? 0 : n] = '\0';
	if (*exe != '/' || strchr(exe, '\'') != NULL || access(exe, X_OK) != 0)
		strlcpy(exe, "tmux", sizeof exe);

	xasprintf(&shell, "'%s' show-buffer -b %s ';' delete-buffer -b %s | "
	    "${PAGER:-less -R}", exe, mp->buffer, mp->buffer);
	escaped = args_escape(shell);
	xasprintf(&cmd, "%s /bin/sh -c %s", open, escaped);
	pr = cmd_parse_from_string(cmd, NULL);
	free(cmd);
	free(escaped);
	free(shell);
	if (pr->status == CMD_PARSE_ERROR) {
		mcp_message_add("mcp: %s", pr->error);
		free(pr->error);
		return (NULL);
	}
	return (pr->cmdlist);
}

/* The result is shown, or with -1 can't be. */
static void
mcp_pager_end(struct mcp_pager *mp, int shown)
{
	TAILQ_REMOVE(&mcp_pagers, mp, entry);
	evtimer_del(&mp->timer);
	if (shown == -1)
		mcp_pager_unpaste(mp->buffer);
	mp->out->shown(mp->out, shown);
	mcp_bytes_unref(mp->lines);
	free(mp->buffer);
	free(mp);
}

/*
 * If the terminal is too small for a popup, which tmux does not say: 80% of it
 * must be three columns and rows, with the border.
 */
static int
mcp_pager_is_unfit(struct mcp_pager *mp)
{
	struct tty	*tty = &mp->out->viewer->tty;

	return (mp->out->sink == MCP_SINK_POPUP &&
	    (tty->sx * 80 / 100 < 3 || tty->sy * 80 / 100 < 3));
}

/* How long to wait before it may open, in milliseconds. */
static int
mcp_pager_wait(struct mcp_pager *mp)
{
	struct mcp_output	*out = mp->out;
	struct client		*c = out->viewer;
	int			 wait;

	if ((wait = mcp_typing(c, &out->asked)) != 0)
		return (wait);
	if (mcp_occupied(c, mcp_client_pane(c), out->mode))
		return (MCP_PAGER_WAIT_MS);
	return (0);
}

/*
 * Open it now that the queue of the client has come to it: commands may have
 * kept the queue waiting, and keys may have come meanwhile.
 */
static enum cmd_retval
mcp_pager_open(struct cmdq_item *item, void *data)
{
	struct mcp_pager	*mp;
	struct mcp_output	*out;
	struct client		*c;
	struct cmd_list		*cmdlist;
	int			 wait, delay;

	TAILQ_FOREACH(mp, &mcp_pagers, entry) {
		if (mp->number == (uintptr_t)data)
			break;
	}
	if (mp == NULL)
		return (CMD_RETURN_NORMAL);
	mp->number = 0;
	out = mp->out;
	c = out->viewer;
	if (!mcp_client_shows(c)) {
		mcp_pager_end(mp, -1);
		return (CMD_RETURN_NORMAL);
	}
	if ((wait = mcp_pager_wait(mp)) != 0) {
		mcp_timer_add(&mp->timer, wait);
		return (CMD_RETURN_NORMAL);
	}
	delay = mcp_client_delay(c);
	if (mcp_pager_is_unfit(mp) ||
	    (cmdlist = mcp_pager_command(mp)) == NULL) {
		mcp_pager_end(mp, -1);
		return (CMD_RETURN_NORMAL);
	}
	mp->window = c->session->curw->window->id;
	cmdq_insert_after(item, cmdq_get_command(cmdlist, NULL));
	cmd_list_free(cmdlist);
	if (delay == 0) {
		mcp_pager_end(mp, 0);
		return (CMD_RETURN_NORMAL);
	}
	mp->guard = mcp_now() + delay * 1000ULL;
	mcp_timer_add(&mp->timer, delay);
	return (CMD_RETURN_NORMAL);
}

/* Have it opened by the queue of the client, unless something comes first. */
static void
mcp_pager_timer(__unused int fd, __unused short events, void *data)
{
	struct mcp_pager	*mp = data;
	struct client		*c = mp->out->viewer;
	int			 wait;

	if (mp->guard != 0) {
		mcp_pager_end(mp, 0);
		return;
	}
	if (!mcp_client_shows(c)) {
		mcp_pager_end(mp, -1);
		return;
	}
	if ((wait = mcp_pager_wait(mp)) != 0) {
		mcp_timer_add(&mp->timer, wait);
		return;
	}
	/* A number is used once: an item left in the queue finds nothing. */
	mp->number = mcp_pager_next++;
	cmdq_append(c, cmdq_get_callback(mcp_pager_open,
	    (void *)(uintptr_t)mp->number));
}

/* The lines are in the buffer. */
static void
mcp_pager_pasted(void *data)
{
	mcp_pager_timer(-1, 0, data);
}

/* Put the lines into a buffer of their own, then open. */
static void
mcp_pager_start(struct mcp_pager *mp)
{
	mp->guard = 0;
	free(mp->buffer);
	xasprintf(&mp->buffer, "%s-%s-%u", MCP_BUFFER,
	    mp->out->sink == MCP_SINK_POPUP ? "popup" : "window",
	    mcp_pager_next++);
	mcp_paste_set_coloured(mp->buffer, mp->lines, mcp_pager_pasted, mp);
}

/* Show lines, which are ours from now on, for a client that is alive. */
void
mcp_pager_show(struct mcp_output *out, struct mcp_bytes *lines)
{
	struct mcp_pager	*mp;

	mp = xcalloc(1, sizeof *mp);
	mp->out = out;
	mp->lines = lines;
	evtimer_set(&mp->timer, mcp_pager_timer, mp);
	TAILQ_INSERT_TAIL(&mcp_pagers, mp, entry);
	mcp_pager_start(mp);
}

/*
 * A key of a client. If it was typed before the person can have seen what has
 * just opened, it is for what was there before.
 */
void
mcp_pager_key(struct client *c)
{
	struct mcp_pager	*mp;

	TAILQ_FOREACH(mp, &mcp_pagers, entry) {
		if (mp->out->viewer == c && mp->guard > mcp_now())
			break;
	}
	if (mp == NULL)
		return;
	if (mp->out->sink == MCP_SINK_POPUP) {
		if (!mcp_compat_covered(c) || mcp_dialog_has_prompt(c))
			return;
		server_client_clear_overlay(c);
		mcp_pager_unpaste(mp->buffer);
		mcp_pager_start(mp);
		return;
	}
	if (c->session->curw->window->id == mp->window ||
	    session_last(c->session) != 0)
		return;
	recalculate_sizes();
	server_redraw_session(c->session);
	mcp_message_add("mcp: %s: the result is in window " MCP_BUFFER,
	    mp->out->title);
	mcp_pager_end(mp, 0);
}

/*
 * A client has gone and nobody runs its queue: what would have opened there is
 * left in a buffer. Timers do the same for the others.
 */
void
mcp_pager_client_lost(struct client *c)
{
	struct mcp_pager	*mp, *mp1;

	TAILQ_FOREACH_SAFE(mp, &mcp_pagers, entry, mp1) {
		if (mp->out->viewer == c && mp->number != 0)
			mcp_pager_end(mp, -1);
	}
}
