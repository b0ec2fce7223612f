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
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmux.h"
#include "mcp-run.h"

/*
 * Arguments taken from where the user is: key@=pane and so on. What comes back
 * may hold any bytes.
 */

/* How much of a pane's history is looked at in one turn of the loop. */
#define MCP_SOURCE_LINES 20000

/* Add the text of a line of a grid. Returns if it goes on in the next. */
static int
mcp_source_line(struct evbuffer *evb, struct grid *gd, u_int y)
{
	const struct grid_line	*gl = grid_peek_line(gd, y);
	struct grid_cell	 gc;
	u_int			 x, end = gl->cellused;
	int			 wrapped = (gl->flags & GRID_LINE_WRAPPED) != 0;

	/* A blank at the end of a line that goes on is between two words. */
	for (; end > 0 && !wrapped; end--) {
		grid_get_cell(gd, end - 1, y, &gc);
		if (gc.data.size != 1 || *gc.data.data != ' ')
			break;
	}
	for (x = 0; x < end; x++) {
		grid_get_cell(gd, x, y, &gc);
		if (~gc.flags & GRID_FLAG_PADDING)
			evbuffer_add(evb, gc.data.data, gc.data.size);
	}
	return (wrapped);
}

/* Turn one end of a range into a line of the grid. */
static int
mcp_source_number(struct grid *gd, const char *s, u_int edge, u_int *line)
{
	const char	*errstr;
	long long	 n;

	if (*s == '\0' || strcmp(s, "-") == 0) {
		*line = edge;
		return (0);
	}
	n = strtonum(s, INT_MIN, INT_MAX, &errstr);
	if (errstr != NULL)
		return (-1);
	n += gd->hsize;
	if (n < 0)
		n = 0;
	if (n > (long long)gd->hsize + gd->sy - 1)
		n = gd->hsize + gd->sy - 1;
	*line = n;
	return (0);
}

/*
 * The text of a pane: what is visible, or a range as capture-pane has it,
 * START,END with 0 for the first visible line and - for the first or last of
 * all, or -N from N lines back in the history to the end. Lines that were
 * wrapped are joined and empty lines at the end are left out.
 */
static int
mcp_source_pane(struct evbuffer *evb, struct window_pane *wp,
    const char *range, char **cause)
{
	struct grid	*gd = wp->base.grid;
	u_int		 top = gd->hsize, bottom = gd->hsize + gd->sy - 1, y;
	char		*copy, *end;
	const u_char	*data;
	size_t		 size;
	int		 bad = 0;

	if (range != NULL) {
		copy = end = xstrdup(range);
		strsep(&end, ",");
		if (mcp_source_number(gd, copy, 0, &top) != 0)
			bad = 1;
		if (end != NULL &&
		    mcp_source_number(gd, end, bottom, &bottom) != 0)
			bad = 1;
		free(copy);
		if (bad) {
			xasprintf(cause, "bad range of a pane: %s", range);
			return (-1);
		}
		if (bottom < top) {
			y = top;
			top = bottom;
			bottom = y;
		}
	}
	if (bottom - top >= MCP_SOURCE_LINES) {
		xasprintf(cause, "range of %u lines is more than %u",
		    bottom - top + 1, MCP_SOURCE_LINES);
		return (-1);
	}
	for (y = top; y <= bottom; y++) {
		if (!mcp_source_line(evb, gd, y) && y != bottom)
			evbuffer_add(evb, "\n", 1);
	}

	data = EVBUFFER_DATA(evb);
	size = EVBUFFER_LENGTH(evb);
	while (size != 0 && (data[size - 1] == '\n' || data[size - 1] == ' '))
		size--;
	copy = xmalloc(size + 1);
	memcpy(copy, data, size);
	evbuffer_drain(evb, EVBUFFER_LENGTH(evb));
	evbuffer_add(evb, copy, size);
	free(copy);
	return (0);
}

/* If a pane is in copy or view mode. */
static int
mcp_source_in_mode(struct window_pane *wp)
{
	struct window_mode_entry	*wme = TAILQ_FIRST(&wp->modes);

	return (wme != NULL && wme->mode->command != NULL &&
	    (wme->mode == &window_copy_mode || wme->mode == &window_view_mode));
}

/* The selection of copy mode. */
static int
mcp_source_selection(struct evbuffer *evb, struct window_pane *wp, char **cause)
{
	char	*buf;
	size_t	 size;

	if (!mcp_source_in_mode(wp)) {
		*cause = xstrdup("no selection: the pane is not in copy mode");
		return (-1);
	}
	if ((buf = window_copy_pane_selection(wp, &size)) == NULL) {
		*cause = xstrdup("no selection");
		return (-1);
	}
	evbuffer_add(evb, buf, size);
	free(buf);
	return (0);
}

/* The word or line under the cursor, in copy mode or in the pane. */
static int
mcp_source_cursor(struct evbuffer *evb, struct window_pane *wp, int word,
    char **cause)
{
	struct grid	*gd = wp->base.grid;
	char		*s = NULL;
	u_int		 x = wp->base.cx, y = gd->hsize + wp->base.cy;

	if (mcp_source_in_mode(wp)) {
		gd = window_copy_pane_cursor(wp, &x, &y);
		/* It may be behind the last column. */
		if (x >= gd->sx)
			x = gd->sx - 1;
		s = (word ? format_grid_word(gd, x, y) :
		    format_grid_line(gd, y));
	} else if (word) {
		/* After what was typed is still on it. */
		if ((s = format_grid_word(gd, x, y)) == NULL && x != 0)
			s = format_grid_word(gd, x - 1, y);
	} else {
		while (y > 0 && (grid_peek_line(gd, y - 1)->flags &
		    GRID_LINE_WRAPPED))
			y--;
		while (mcp_source_line(evb, gd, y) &&
		    y < gd->hsize + gd->sy - 1)
			y++;
	}
	if (s != NULL)
		evbuffer_add(evb, s, strlen(s));
	free(s);
	if (EVBUFFER_LENGTH(evb) == 0) {
		xasprintf(cause, "no %s under the cursor",
		    word ? "word" : "line");
		return (-1);
	}
	return (0);
}

/* A file, for which nobody can wait: it must be read in one turn. */
static int
mcp_source_file(struct evbuffer *evb, struct client *c, const char *path,
    struct mcp_file **later, char **cause)
{
	struct mcp_file		*mf;
	struct mcp_bytes	*bytes;
	int			 more;

	if ((mf = mcp_file_open(c, path, cause)) == NULL)
		return (-1);
	more = mcp_file_step(mf, cause);
	if (more == 1 && later != NULL) {
		*later = mf;
		return (0);
	}
	if (more == 1)
		xasprintf(cause, "%s: %s", path, strerror(EFBIG));
	else if (more == 0) {
		bytes = mcp_file_bytes(mf);
		evbuffer_add(evb, bytes->text, bytes->size);
	}
	mcp_file_free(mf);
	return (more == 0 ? 0 : -1);
}

/* A paste buffer. */
static int
mcp_source_buffer(struct evbuffer *evb, const char *name, char **cause)
{
	struct paste_buffer	*pb;
	const char		*data;
	size_t			 size;

	pb = name == NULL ? paste_get_top(NULL) : paste_get_name(name);
	if (pb == NULL) {
		xasprintf(cause, "no buffer %s", name == NULL ? "" : name);
		return (-1);
	}
	data = paste_buffer_data(pb, &size);
	evbuffer_add(evb, data, size);
	return (0);
}

/*
 * Get what an argument names. Returns NULL with a cause if there is none; the
 * size does not count the NUL that is added. A file that takes more than one
 * turn to read is given to later, or if that is NULL is too large.
 */
char *
mcp_source_get(__unused struct args *args, struct cmdq_item *item,
    const char *spec, size_t *size, struct mcp_file **later, char **cause)
{
	struct cmd_find_state	*target = cmdq_get_target(item);
	struct window_pane	*wp = target->wp;
	struct client		*c = cmdq_get_client(item);
	struct evbuffer		*evb;
	const char		*rest = strchr(spec, ':');
	char			*name, *s, *out = NULL;
	int			 status = 0;

	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	name = xstrndup(spec, rest == NULL ? strlen(spec) :
	    (size_t)(rest - spec));
	if (rest != NULL)
		rest++;

	if (strcmp(name, "buffer") == 0)
		status = mcp_source_buffer(evb, rest, cause);
	else if (strcmp(name, "file") == 0 && rest != NULL)
		status = mcp_source_file(evb, c, rest, later, cause);
	else if (rest != NULL && strcmp(name, "pane") != 0)
		status = -2;
	else if (strcmp(name, "pane") != 0 &&
	    strcmp(name, "selection") != 0 &&
	    strcmp(name, "word") != 0 &&
	    strcmp(name, "line") != 0 &&
	    strcmp(name, "path") != 0 &&
	    strcmp(name, "command") != 0 &&
	    strcmp(name, "title") != 0)
		status = -2;
	else if (wp == NULL) {
		xasprintf(cause, "no pane to take %s from", name);
		status = -1;
	} else if (strcmp(name, "pane") == 0)
		status = mcp_source_pane(evb, wp, rest, cause);
	else if (strcmp(name, "selection") == 0)
		status = mcp_source_selection(evb, wp, cause);
	else if (strcmp(name, "word") == 0 || strcmp(name, "line") == 0)
		status = mcp_source_cursor(evb, wp, *name == 'w', cause);
	else {
		s = format_single(NULL, *name == 't' ? "#{pane_title}" :
		    *name == 'p' ? "#{pane_current_path}" :
		    "#{pane_current_command}", NULL, NULL, NULL, wp);
		evbuffer_add(evb, s, strlen(s));
		free(s);
	}
	free(name);

	if (status == -2) {
		xasprintf(cause, "unknown source: %s (buffer[:name], "
		    "pane[:range], selection, word, line, file:path, path, "
		    "command or title)", spec);
	}
	if (status == 0) {
		*size = EVBUFFER_LENGTH(evb);
		out = xmalloc(*size + 1);
		if (*size != 0)
			memcpy(out, EVBUFFER_DATA(evb), *size);
		out[*size] = '\0';
	}
	evbuffer_free(evb);
	return (out);
}
