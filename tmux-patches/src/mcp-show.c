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
#include "mcp.h"

/*
 * Shows text inside tmux: in view mode, a paste buffer or a popup.
 */

/* What is shown at once; if there is more, the whole is in a buffer. */
#define MCP_SHOW_LINES 1000
#define MCP_SHOW_BYTES (128 * 1024)
#define MCP_SHOW_POPUP_BYTES (1024 * 1024)
#define MCP_SHOW_MESSAGE_BYTES 4096

/* What is added to a pane in one turn of the loop. */
#define MCP_SHOW_TURN_LINES 50

/* If commands can be run for an attached client. */
int
mcp_show_queue(struct client *c)
{
	return (c != NULL && c->session != NULL &&
	    (c->flags & CLIENT_UNATTACHEDFLAGS) == 0);
}

/*
 * If something can be shown in an attached client. A control client is shown
 * nothing outside a block.
 */
int
mcp_show_alive(struct client *c)
{
	return (mcp_show_queue(c) && (~c->flags & CLIENT_CONTROL));
}

/* Put text in a paste buffer. */
void
mcp_show_paste(const char *name, const char *text, size_t size)
{
	char	*copy, *cause;

	copy = xmalloc(size == 0 ? 1 : size);
	memcpy(copy, text, size);
	if (paste_set(copy, size, name, &cause) != 0) {
		server_add_message("mcp: %s", cause);
		free(cause);
		free(copy);
	}
}

/*
 * Text made ready to show as lines, at most the given number of bytes and
 * lines. If that is not all of it, the whole goes to the buffer and the last
 * line says so.
 */
char *
mcp_show_lines(const char *text, size_t size, size_t bytes, u_int lines)
{
	size_t	 cut;
	char	*s, *cp, *note;
	u_int	 n = 0;

	cut = mcp_text_cut(text, size, bytes);
	s = mcp_text_vis(text, cut, NULL);
	for (cp = s; (cp = strchr(cp, '\n')) != NULL; cp++) {
		if (++n == lines && cp[1] != '\0') {
			cp[1] = '\0';
			cut = 0;
			break;
		}
	}
	if (cut != size && size != 0) {
		mcp_show_paste(MCP_BUFFER, text, size);
		cp = strchr(s, '\0');
		xasprintf(&note, "%s%s[cut: all %zu bytes are in buffer %s]",
		    s, cp != s && cp[-1] == '\n' ? "" : "\n", size,
		    MCP_BUFFER);
		free(s);
		s = note;
	}
	for (cp = strchr(s, '\0'); cp != s && cp[-1] == '\n'; cp--)
		cp[-1] = '\0';
	return (s);
}

#ifndef CLIENT_WRITE_ACK	/* before 3.8 */
/* Texts on their way into panes, one after the other so that none mix. */
struct mcp_show_view {
	u_int				 wp_id;
	int				 started;
	char				*lines;
	char				*next;

	TAILQ_ENTRY(mcp_show_view)	 entry;
};
static TAILQ_HEAD(, mcp_show_view) mcp_show_views =
    TAILQ_HEAD_INITIALIZER(mcp_show_views);
static struct event	 mcp_show_timer;

/* Add the next lines, unless the pane or the mode has gone meanwhile. */
static void
mcp_show_view_step(__unused int fd, __unused short events, __unused void *arg)
{
	struct mcp_show_view		*view = TAILQ_FIRST(&mcp_show_views);
	struct window_pane		*wp;
	struct window_mode_entry	*wme = NULL;
	char				*s;
	u_int				 i;

	if ((wp = window_pane_find_by_id(view->wp_id)) != NULL) {
		wme = TAILQ_FIRST(&wp->modes);
		if (!view->started &&
		    (wme == NULL || wme->mode != &window_view_mode)) {
			window_pane_set_mode(wp, NULL, &window_view_mode, NULL,
			    NULL);
			wme = TAILQ_FIRST(&wp->modes);
		}
	}
	view->started = 1;
	if (wme == NULL || wme->mode != &window_view_mode)
		view->next = NULL;

	for (i = 0; i < MCP_SHOW_TURN_LINES && view->next != NULL; i++) {
		s = mcp_text_untab(strsep(&view->next, "\n"));
		window_copy_add(wp, 0, "%s", s);
		free(s);
	}
	if (view->next == NULL) {
		TAILQ_REMOVE(&mcp_show_views, view, entry);
		free(view->lines);
		free(view);
	}
	if (!TAILQ_EMPTY(&mcp_show_views))
		mcp_timer_add(&mcp_show_timer, 0);
}

/* Show text in view mode. Returns -1 if there is nowhere to. */
int
mcp_show_view(struct mcp_output *out, const char *text, size_t size)
{
	struct window_pane	*wp = NULL;
	struct mcp_show_view	*view;

	if (out->wp_id != -1)
		wp = window_pane_find_by_id(out->wp_id);
	if (wp == NULL && mcp_show_alive(out->viewer))
		wp = server_client_get_pane(out->viewer);
	if (wp == NULL)
		return (-1);

	view = xcalloc(1, sizeof *view);
	view->wp_id = wp->id;
	view->next = view->lines = mcp_show_lines(text, size, MCP_SHOW_BYTES,
	    MCP_SHOW_LINES);
	TAILQ_INSERT_TAIL(&mcp_show_views, view, entry);
	if (!event_initialized(&mcp_show_timer))
		evtimer_set(&mcp_show_timer, mcp_show_view_step, NULL);
	mcp_timer_add(&mcp_show_timer, 0);
	return (0);
}
#else
/* Show lines from the queue of an attached client. */
static enum cmd_retval
mcp_show_view_callback(struct cmdq_item *item, void *data)
{
	char	*next = data, *line, *s;

	while ((line = strsep(&next, "\n")) != NULL) {
		if (!mcp_show_alive(cmdq_get_client(item)))
			break;
		s = mcp_text_untab(line);
		cmdq_print(item, "%s", s);
		free(s);
	}
	free(data);
	return (CMD_RETURN_NORMAL);
}

/* Show text in view mode. Returns -1 if there is nowhere to. */
int
mcp_show_view(struct mcp_output *out, const char *text, size_t size)
{
	char	*lines;

	if (!mcp_show_alive(out->viewer))
		return (-1);
	lines = mcp_show_lines(text, size, MCP_SHOW_BYTES, MCP_SHOW_LINES);
	cmdq_append(out->viewer, cmdq_get_callback(mcp_show_view_callback,
	    lines));
	return (0);
}
#endif

/*
 * Run a pager on a paste buffer in what a command opens. What is run is made
 * of our own words only.
 */
static int
mcp_show_pager(struct mcp_output *out, const char *open, const char *buffer,
    const char *text, size_t size)
{
	struct cmd_parse_result	*pr;
	char			 exe[1024], *lines, *cmd, *escaped, *shell;
	ssize_t			 n;

	if (!mcp_show_alive(out->viewer))
		return (-1);

	n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	exe[n < 0 ? 0 : n] = '\0';
	if (*exe != '/' || strchr(exe, '\'') != NULL || access(exe, X_OK) != 0)
		strlcpy(exe, "tmux", sizeof exe);

	lines = mcp_show_lines(text, size, MCP_SHOW_POPUP_BYTES, UINT_MAX);
	mcp_show_paste(buffer, lines, strlen(lines));
	free(lines);

	xasprintf(&shell, "'%s' show-buffer -b %s | ${PAGER:-less}", exe,
	    buffer);
	escaped = args_escape(shell);
	xasprintf(&cmd, "%s %s", open, escaped);
	pr = cmd_parse_from_string(cmd, NULL);
	free(cmd);
	free(escaped);
	free(shell);
	if (pr->status == CMD_PARSE_ERROR) {
		server_add_message("mcp: %s", pr->error);
		free(pr->error);
		return (-1);
	}
	cmdq_append(out->viewer, cmdq_get_command(pr->cmdlist, NULL));
	cmd_list_free(pr->cmdlist);
	return (0);
}

/* Show text in a popup. */
int
mcp_show_popup(struct mcp_output *out, const char *text, size_t size)
{
	return (mcp_show_pager(out, "display-popup -E -w 80% -h 80%",
	    MCP_BUFFER "-popup", text, size));
}

/* Show text in a new window. */
int
mcp_show_window(struct mcp_output *out, const char *text, size_t size)
{
	return (mcp_show_pager(out, "new-window -n " MCP_BUFFER,
	    MCP_BUFFER "-window", text, size));
}

/* Show text as a message, in one line. */
int
mcp_show_message(struct mcp_output *out, const char *text, size_t size)
{
	char	*copy, *line;

	if (!mcp_show_alive(out->viewer))
		return (-1);
	copy = xstrndup(text, mcp_text_cut(text, size, MCP_SHOW_MESSAGE_BYTES));
	line = mcp_text_line(copy);
	mcp_message_set(out->viewer, line);
	free(line);
	free(copy);
	return (0);
}

/*
 * Paste text into a pane. Everything but text is escaped, so that it can't end
 * a bracketed paste, and more than one line goes only to a program that knows
 * what a paste is: another might run each line.
 */
int
mcp_show_pane(struct mcp_output *out, const char *text, size_t size)
{
	struct window_pane	*wp = NULL;
	char			*clean, *cp;
	size_t			 len;
	int			 bracket;

	if (out->wp_id != -1)
		wp = window_pane_find_by_id(out->wp_id);
	if (wp == NULL || wp->fd == -1 || wp->event == NULL ||
	    (wp->flags & PANE_INPUTOFF))
		return (-1);

	clean = mcp_text_vis(text, size, &len);
	while (len != 0 && clean[len - 1] == '\n')
		clean[--len] = '\0';
	bracket = (wp->base.mode & MODE_BRACKETPASTE) != 0;
	if (!bracket && strchr(clean, '\n') != NULL) {
		free(clean);
		return (-1);
	}
	for (cp = clean; *cp != '\0'; cp++) {
		if (*cp == '\n')
			*cp = '\r';
	}
	if (bracket)
		bufferevent_write(wp->event, "\033[200~", 6);
	bufferevent_write(wp->event, clean, len);
	if (bracket)
		bufferevent_write(wp->event, "\033[201~", 6);
	free(clean);
	return (0);
}
