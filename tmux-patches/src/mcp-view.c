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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp-dialog.h"
#include "mcp-output.h"

/*
 * Shows text in the view mode of a pane. A result has a title above it, and
 * takes the place of those that were there when it was asked for; one that was
 * already on its way is added below them, so that none is lost.
 */

/*
 * What is added to a pane in one turn of the loop. A longer line is shown as
 * several, because tmux draws it cell by cell.
 */
#define MCP_VIEW_TURN_LINES 50
#define MCP_VIEW_TURN_BYTES 4096

/* How often to look if a pane is free for view mode, in milliseconds. */
#define MCP_VIEW_WAIT_MS 200

/*
 * A mode that lay below another comes to the front with the size that the pane
 * had then, and tmux reads beyond the end of its screen if that was smaller.
 */
void
mcp_view_fit(struct window_pane *wp)
{
	struct window_mode_entry	*wme = TAILQ_FIRST(&wp->modes);

	if (wme != NULL && wme->mode->resize != NULL &&
	    (screen_size_x(wme->screen) != wp->sx ||
	    screen_size_y(wme->screen) != wp->sy))
		wme->mode->resize(wme, wp->sx, wp->sy);
}

/*
 * Texts on their way into panes, one after the other so that none mix. One that
 * would take the keys from somebody who types waits, and others go before it.
 * Until the guard of a text is over, a key of its pane was typed for what was
 * there before: view mode is left, the key goes there, and the text comes back
 * later.
 */
struct mcp_view {
	u_int				 wp_id;
	const struct window_mode	*mode;	/* when it was asked for */
	int				 started;
	uint64_t			 guard;	/* its end, or 0 */
	int				 told;
	char				*title;
	char				*heading;	/* or NULL */
	uint64_t			 made;	/* when it was asked for */
	int				 keep;	/* add it to what is there */
	int				 sgr;
	struct client			*viewer;
	struct timeval			 asked;
	struct mcp_bytes		*lines;
	const char			*next;	/* NULL: all is in the pane */

	TAILQ_ENTRY(mcp_view)	 entry;
};
static TAILQ_HEAD(, mcp_view) mcp_views =
    TAILQ_HEAD_INITIALIZER(mcp_views);
static struct event	 mcp_view_timer;

/* Take the next line, or as many rows of it as are added in one turn. */
static char *
mcp_view_line(struct mcp_view *view, u_int sx)
{
	const char	*end = view->lines->text + view->lines->size, *nl;
	char		*line;
	size_t		 size = end - view->next, limit;

	limit = sx < MCP_VIEW_TURN_BYTES / 2 ?
	    MCP_VIEW_TURN_BYTES / sx * sx : MCP_VIEW_TURN_BYTES;
	nl = memchr(view->next, '\n', size > limit ? limit + 1 : size);
	if (nl != NULL)
		size = nl - view->next;
	else
		size = mcp_text_cut(view->next, size, limit);
	line = xstrndup(view->next, size);
	if (nl != NULL)
		size++;
	view->next = (view->next + size == end ? NULL : view->next + size);
	return (line);
}

/*
 * Add a line to view mode. tmux parses one with colours for a single row, so it
 * is added row by row.
 */
static void
mcp_view_add(struct window_pane *wp, const char *line, int sgr)
{
	size_t	size;

	if (!sgr) {
		window_copy_add(wp, 0, "%s", line);
		return;
	}
	do {
		size = mcp_sgr_row(line, screen_size_x(&wp->base));
		window_copy_add(wp, 1, "%.*s", (int)size, line);
		line += size;
	} while (*line != '\0');
}

/* If a pane is in view mode. */
static int
mcp_view_is(struct window_pane *wp)
{
	struct window_mode_entry	*wme = TAILQ_FIRST(&wp->modes);

	return (wme != NULL && wme->mode == &window_view_mode);
}

/*
 * Put a pane into view mode, with a mark that it is ours: tmux itself shows
 * what commands print in the same mode. Nobody sees the title of its screen.
 */
static void
mcp_view_open(struct window_pane *wp)
{
	char	mark[32];

	mcp_view_mode_set(wp);
	mcp_view_fit(wp);
	if (!mcp_view_is(wp))
		return;
	xsnprintf(mark, sizeof mark, "mcp %llu", (unsigned long long)mcp_now());
	mcp_compat_title(TAILQ_FIRST(&wp->modes)->screen, mark);
}

/* If a text takes the place of what a pane shows. */
static int
mcp_view_replaces(struct mcp_view *view, struct window_pane *wp)
{
	unsigned long long	opened;

	if (view->keep || !mcp_view_is(wp))
		return (0);
	if (sscanf(TAILQ_FIRST(&wp->modes)->screen->title, "mcp %llu",
	    &opened) != 1)
		return (0);
	return (view->made > opened);
}

/* Say that a text waits for a mode to be left, which may take long. */
static void
mcp_view_tell(struct mcp_view *view, struct window_pane *wp)
{
	struct client	*c = view->viewer;
	char		*line;

	if (view->told || !mcp_client_shows(c) || mcp_dialog_busy(c) ||
	    c->message_string != NULL || TAILQ_EMPTY(&wp->modes))
		return;
	view->told = 1;
	xasprintf(&line, "%s: the result opens when you leave %s", view->title,
	    TAILQ_FIRST(&wp->modes)->mode->name);
	mcp_client_message(c, line);
	free(line);
}

/* How long a text must wait for the hands at its pane, in milliseconds. */
static int
mcp_view_wait(struct mcp_view *view)
{
	struct window_pane	*wp = window_pane_find_by_id(view->wp_id);
	int			 wait;

	if (view->started || wp == NULL)
		return (0);
	if (mcp_view_replaces(view, wp))
		return (mcp_typing_pane(wp, view->viewer, &view->asked));
	if (mcp_view_is(wp))
		return (0);
	wait = mcp_typing_pane(wp, view->viewer, &view->asked);
	if (wait == 0 && mcp_occupied_pane(wp, view->mode)) {
		mcp_view_tell(view, wp);
		wait = MCP_VIEW_WAIT_MS;
	}
	return (wait);
}

/* Free a text. */
static void
mcp_view_free(struct mcp_view *view)
{
	TAILQ_REMOVE(&mcp_views, view, entry);
	mcp_bytes_unref(view->lines);
	if (view->viewer != NULL)
		server_client_unref(view->viewer);
	free(view->title);
	free(view->heading);
	free(view);
}

/*
 * The next text to go on with: one that has begun, or else one that need not
 * wait. If there is none, NULL and how long to wait, or -1.
 */
static struct mcp_view *
mcp_view_next(int *wait)
{
	struct mcp_view	*view, *view1;
	uint64_t		 now = mcp_now();
	int			 ms;

	*wait = -1;
	TAILQ_FOREACH(view, &mcp_views, entry) {
		if (view->started && view->next != NULL)
			return (view);
	}
	TAILQ_FOREACH_SAFE(view, &mcp_views, entry, view1) {
		if (view->next != NULL)
			ms = mcp_view_wait(view);
		else if (view->guard > now)
			ms = (view->guard - now) / 1000 + 1;
		else {
			mcp_view_free(view);
			continue;
		}
		if (ms == 0)
			return (view);
		if (*wait == -1 || ms < *wait)
			*wait = ms;
	}
	return (NULL);
}

/* Begin to show a text, and put its pane into view mode if it is not yet. */
static void
mcp_view_begin(struct mcp_view *view, struct window_pane *wp)
{
	struct mcp_view	*other;
	uint64_t		 now = mcp_now();

	view->started = 1;
	if (!mcp_view_is(wp)) {
		mcp_view_open(wp);
		view->guard = now + mcp_client_delay(view->viewer) * 1000ULL;
		return;
	}
	if (mcp_view_replaces(view, wp)) {
		window_pane_reset_mode(wp);
		mcp_view_open(wp);
		return;
	}
	/* What is added to a text is taken back with it. */
	TAILQ_FOREACH(other, &mcp_views, entry) {
		if (other->wp_id == view->wp_id && other->guard > now)
			view->guard = other->guard;
	}
}

/* Add the next lines, unless the pane or the mode has gone meanwhile. */
static void
mcp_view_step(__unused int fd, __unused short events, __unused void *arg)
{
	struct mcp_view	*view;
	struct window_pane	*wp;
	char			*line, *s, name[MCP_BUFFER_NAME_BYTES];
	size_t			 size = 0;
	u_int			 i;
	int			 wait, was_started;

	if ((view = mcp_view_next(&wait)) == NULL) {
		if (wait != -1)
			mcp_timer_add(&mcp_view_timer, wait);
		return;
	}
	wp = window_pane_find_by_id(view->wp_id);
	was_started = view->started;
	if (wp != NULL && !was_started)
		mcp_view_begin(view, wp);
	if (wp == NULL || !mcp_view_is(wp)) {
		view->next = NULL;
		view->guard = 0;
	} else if (!was_started && view->heading != NULL)
		window_copy_add(wp, 1, "\033[7m%s\033[0m", view->heading);

	for (i = 0; i < MCP_VIEW_TURN_LINES && size < MCP_VIEW_TURN_BYTES &&
	    view->next != NULL; i++) {
		line = mcp_view_line(view, screen_size_x(&wp->base));
		s = mcp_text_untab(line);
		size += strlen(s);
		mcp_view_add(wp, s, view->sgr);
		free(s);
		free(line);
	}
	if (wp == NULL && !was_started) {
		mcp_paste_spare(name, sizeof name);
		mcp_paste_set(name, view->lines, NULL, NULL);
		mcp_message_add("mcp: the pane has gone, %zu bytes in buffer "
		    "%s", view->lines->size, name);
	}
	mcp_timer_add(&mcp_view_timer, 0);
}

/*
 * A key of a client. Texts that have just opened in the pane it goes to are
 * taken away, to come back later.
 */
void
mcp_view_key(struct client *c)
{
	struct mcp_view	*view;
	struct window_pane	*wp;
	uint64_t		 now = mcp_now();
	int			 is_reset;

	if (TAILQ_EMPTY(&mcp_views) || !mcp_client_shows(c))
		return;
	RB_FOREACH(wp, window_pane_tree, &all_window_panes) {
		if (!mcp_typing_reaches(c, wp) || !mcp_view_is(wp))
			continue;
		is_reset = 0;
		TAILQ_FOREACH(view, &mcp_views, entry) {
			if (view->wp_id != wp->id || view->guard <= now)
				continue;
			view->started = 0;
			view->guard = 0;
			view->next = view->lines->text;
			is_reset = 1;
		}
		if (is_reset) {
			window_pane_reset_mode(wp);
			mcp_timer_add(&mcp_view_timer, 0);
		}
	}
}

/*
 * Where a text is viewed. A pane that has gone has no other in its place, and
 * a client that has gone leaves nobody who waits for it in the pane.
 */
struct window_pane *
mcp_view_pane(struct mcp_output *out)
{
	if (out->viewer != NULL && !mcp_client_shows(out->viewer))
		return (NULL);
	if (out->wp_id != -1)
		return (window_pane_find_by_id(out->wp_id));
	if (mcp_client_shows(out->viewer))
		return (mcp_client_pane(out->viewer));
	return (NULL);
}

/* The title above a result: whose it is, how it ended, how long it took. */
static char *
mcp_view_heading(struct mcp_output *out)
{
	char	*s, *line;

	if (!out->raw && out->error == NULL)
		return (NULL);
	xasprintf(&s, "%s: %s, %.1f ms", out->title,
	    out->retval == 0 ? "ok" : "failed",
	    (out->given - out->made) / 1000.0);
	line = mcp_text_line(s);
	free(s);
	return (line);
}

/*
 * Show lines, which are ours from now on, in view mode. Returns -1 if there is
 * nowhere to.
 */
int
mcp_view_show(struct mcp_output *out, struct mcp_bytes *lines)
{
	struct window_pane	*wp = mcp_view_pane(out);
	struct mcp_view	*view;

	if (wp == NULL) {
		mcp_bytes_unref(lines);
		return (-1);
	}
	view = xcalloc(1, sizeof *view);
	view->wp_id = wp->id;
	view->lines = lines;
	view->sgr = memchr(lines->text, '\033', lines->size) != NULL;
	view->next = lines->text;
	view->asked = out->asked;
	view->mode = out->mode;
	view->title = xstrdup(out->title);
	view->heading = mcp_view_heading(out);
	view->made = out->made;
	view->keep = out->keep;
	if ((view->viewer = out->viewer) != NULL)
		view->viewer->references++;
	TAILQ_INSERT_TAIL(&mcp_views, view, entry);
	if (!event_initialized(&mcp_view_timer))
		evtimer_set(&mcp_view_timer, mcp_view_step, NULL);
	mcp_timer_add(&mcp_view_timer, 0);
	return (0);
}

