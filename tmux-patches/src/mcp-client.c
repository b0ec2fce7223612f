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
 * The clients of tmux: what can be shown in one, which of its panes gets the
 * keys, and the directory that it is in.
 */

/* If commands can be run for an attached client. */
int
mcp_client_runs(struct client *c)
{
	return (c != NULL && c->session != NULL &&
	    (c->flags & CLIENT_UNATTACHEDFLAGS) == 0);
}

/*
 * If something can be shown in an attached client. A control client is shown
 * nothing outside a block.
 */
int
mcp_client_shows(struct client *c)
{
	return (mcp_client_runs(c) && (~c->flags & CLIENT_CONTROL));
}

/* The pane that gets the keys of an attached client. */
struct window_pane *
mcp_client_pane(struct client *c)
{
	return (mcp_compat_pane_of(c));
}

/*
 * tmux lets panes stand still while there is a message or a prompt. They need
 * not if that has a line of its own.
 */
void
mcp_client_thaw(struct client *c)
{
	if (status_line_size(c) != 0)
		c->tty.flags &= ~TTY_FREEZE;
}

/* Show a line in the status line; the first key takes it away. */
void
mcp_client_message(struct client *c, const char *line)
{
	mcp_compat_message(c, -1, line);
	mcp_client_thaw(c);
}

/*
 * How long a dialog that comes by itself takes no keys, and how long none must
 * have come, in milliseconds.
 */
int
mcp_client_delay(struct client *c)
{
	struct options	*oo = global_s_options;

	if (c != NULL && mcp_client_shows(c))
		oo = c->session->options;
	return (options_get_number(oo, "mcp-key-delay"));
}

/* If the client of a command is read-only: no server is asked for it. */
int
mcp_client_readonly(struct cmdq_item *item)
{
	struct client	*c = cmdq_get_client(item);

	return (c != NULL && cmdq_running(NULL) != item &&
	    (c->flags & CLIENT_READONLY));
}

/*
 * The directory a command is run in, which decides about the servers of
 * projects, or NULL: that of a shell client, else that of the pane. To be
 * freed.
 */
char *
mcp_client_directory(struct cmdq_item *item)
{
	struct client		*c = cmdq_get_client(item);
	struct cmd_find_state	*fs = cmdq_get_target(item);
	const char		*cwd = NULL;

	if (c != NULL && c->session == NULL && c->cwd != NULL)
		return (xstrdup(c->cwd));
	if (fs->wp == NULL)
		fs = cmdq_get_current(item);
	if (fs->wp != NULL) {
		if (fs->wp->fd != -1)
			cwd = osdep_get_cwd(fs->wp->fd);
		if (cwd == NULL)
			cwd = fs->wp->cwd;
	} else if (fs->s != NULL)
		cwd = fs->s->cwd;
	return (cwd == NULL ? NULL : xstrdup(cwd));
}
