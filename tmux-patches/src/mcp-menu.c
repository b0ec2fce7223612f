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
#include "mcp-dialog.h"
#include "mcp-run.h"

/*
 * The menus of a dialog: what is in one, its lines for the width of a terminal,
 * and the page of them that is a menu of tmux.
 */

/* The smallest terminal a menu is shown on, besides what is on each page. */
#define MCP_MENU_COLUMNS 20
#define MCP_MENU_ROWS 4

/* The longest text to read, in bytes. */
#define MCP_MENU_TEXT (16 * 1024)

struct mcp_menu_line {
	char	*text;
	int	 choice;
	char	 key;
};

/* Items are what was added, lines what they are on a screen of some width. */
struct mcp_menu {
	char			*title;
	struct mcp_menu_line	*items;
	u_int			 nitems;
	struct mcp_menu_line	*actions;
	u_int			 nactions;

	struct mcp_menu_line	*lines;
	u_int			 nlines;
	u_int			 width;
	u_int			 top;
	u_int			 page;
	int			 start;
	int			 seen;
	int			 turned;

	/* The page that is open. */
	int			*choices;
	u_int			 nchoices;
	u_int			 px;
	u_int			 py;
	u_int			 sx;
};

/* Create a menu. */
struct mcp_menu *
mcp_menu_create(const char *title)
{
	struct mcp_menu	*menu;

	menu = xcalloc(1, sizeof *menu);
	menu->title = xstrdup(title);
	menu->start = menu->seen = -1;
	return (menu);
}

/* Free lines. */
static void
mcp_menu_free_lines(struct mcp_menu_line *lines, u_int n)
{
	while (n != 0)
		free(lines[--n].text);
	free(lines);
}

/* Free a menu. */
void
mcp_menu_free(struct mcp_menu *menu)
{
	if (menu == NULL)
		return;
	mcp_menu_free_lines(menu->items, menu->nitems);
	mcp_menu_free_lines(menu->actions, menu->nactions);
	mcp_menu_free_lines(menu->lines, menu->nlines);
	free(menu->choices);
	free(menu->title);
	free(menu);
}

/* Add to lines, of which there may be thousands. */
static void
mcp_menu_add(struct mcp_menu_line **lines, u_int *n, int choice, char key,
    char *text)
{
	struct mcp_menu_line	*line;

	if ((*n & (*n - 1)) == 0) {
		*lines = xreallocarray(*lines, *n == 0 ? 1 : *n * 2,
		    sizeof **lines);
	}
	line = &(*lines)[(*n)++];
	line->text = text;
	line->choice = choice;
	line->key = key;
}

/* Add a line. */
void
mcp_menu_line(struct mcp_menu *menu, int choice, const char *text)
{
	mcp_menu_add(&menu->items, &menu->nitems, choice, '\0', xstrdup(text));
}

/* Add an action. */
void
mcp_menu_action(struct mcp_menu *menu, int choice, char key, const char *text)
{
	mcp_menu_add(&menu->actions, &menu->nactions, choice, key,
	    xstrdup(text));
}

/* Add text to read, if any, in as many lines as it takes. */
void
mcp_menu_wrap(struct mcp_menu *menu, const char *text)
{
	size_t	 size = strlen(text), cut;
	char	*s;

	if (size == 0)
		return;
	cut = mcp_text_cut(text, size, MCP_MENU_TEXT);
	xasprintf(&s, "%.*s%s", (int)cut, text, cut == size ? "" : "..");
	mcp_menu_add(&menu->items, &menu->nitems, MCP_DIALOG_TEXT, '\0', s);
}

/* Break text into lines. */
static void
mcp_menu_break(struct mcp_menu *menu, const char *text)
{
	struct utf8_data	*ud;
	char			*s, *next, *line, *out;
	u_int			 i, at, n, space;

	next = s = mcp_text_vis(text, strlen(text), NULL);
	while ((line = strsep(&next, "\n")) != NULL) {
		ud = utf8_fromcstr(line);
		for (at = 0; ud[at].size != 0; at = i) {
			n = space = 0;
			for (i = at; ud[i].size != 0; i++) {
				if (n + ud[i].width > menu->width)
					break;
				n += ud[i].width;
				if (ud[i].size == 1 && *ud[i].data == ' ')
					space = i + 1;
			}
			if (ud[i].size != 0 && space > at)
				i = space;
			if (i == at)
				i++;
			out = xmalloc((i - at) * sizeof ud->data + 1);
			for (n = 0; at < i; at++) {
				memcpy(out + n, ud[at].data, ud[at].size);
				n += ud[at].size;
			}
			out[n] = '\0';
			mcp_menu_add(&menu->lines, &menu->nlines,
			    MCP_DIALOG_TEXT, '\0', out);
		}
		free(ud);
	}
	free(s);
}

/* Make the lines for a width. */
static void
mcp_menu_layout(struct mcp_menu *menu, u_int width)
{
	struct mcp_menu_line	*item;
	u_int			 i;

	if (menu->width == width)
		return;
	mcp_menu_free_lines(menu->lines, menu->nlines);
	menu->lines = NULL;
	menu->nlines = menu->top = 0;
	menu->width = width;
	for (i = 0; i < menu->nitems; i++) {
		item = &menu->items[i];
		if (item->choice == MCP_DIALOG_TEXT)
			mcp_menu_break(menu, item->text);
		else {
			mcp_menu_add(&menu->lines, &menu->nlines, item->choice,
			    '\0', xstrdup(item->text));
		}
	}
}

/* Go to the next page or the one before. Returns 0 if there is only one. */
int
mcp_menu_turn(struct mcp_menu *menu, int forward)
{
	if (menu->page >= menu->nlines)
		return (0);
	menu->turned = 1;
	if (forward && menu->top + menu->page < menu->nlines)
		menu->top += menu->page;
	else if (!forward)
		menu->top = menu->top < menu->page ? 0 :
		    menu->top - menu->page;
	return (1);
}

/*
 * Say which choice is the first to be under the cursor, and of an action, which
 * line is on the page that is shown first, or -1.
 */
void
mcp_menu_start(struct mcp_menu *menu, int choice, int seen)
{
	menu->start = choice;
	menu->seen = seen;
}

/* Go to the page of the first choice. */
static void
mcp_menu_to_start(struct mcp_menu *menu)
{
	u_int	i;

	if (menu->turned || menu->page == 0)
		return;
	for (i = 0; i < menu->nlines; i++) {
		if (menu->lines[i].choice < 0)
			continue;
		if (menu->lines[i].choice == menu->start ||
		    menu->lines[i].choice == menu->seen)
			menu->top = i - i % menu->page;
	}
}

/* Which item of the page is to be under the cursor. */
static int
mcp_menu_first(struct mcp_menu *menu)
{
	u_int	i;

	if (menu->start < 0 || menu->turned)
		return (0);
	for (i = 0; i < menu->nchoices; i++) {
		if (menu->choices[i] == menu->start)
			return (i);
	}
	return (0);
}

/* What an item of the page that is open stands for. */
int
mcp_menu_choice(struct mcp_menu *menu, u_int item)
{
	return (item < menu->nchoices ? menu->choices[item] : MCP_DIALOG_TEXT);
}

/* What is at a place of the terminal. */
int
mcp_menu_at(struct mcp_menu *menu, u_int x, u_int y)
{
	if (x < menu->px || x >= menu->px + menu->sx || y <= menu->py)
		return (MCP_DIALOG_TEXT);
	return (mcp_menu_choice(menu, y - menu->py - 1));
}

/* If a key chooses an action. */
int
mcp_menu_has_key(struct mcp_menu *menu, key_code key)
{
	u_int	i;

	for (i = 0; i < menu->nactions; i++) {
		if ((key_code)menu->actions[i].key == key)
			return (1);
	}
	return (0);
}

/* Add an item, or with no text a line between items. */
static void
mcp_menu_item(struct mcp_menu *menu, struct menu *page, struct client *c,
    const char *text, char key, int choice)
{
	struct menu_item	 item;
	char			*label, *s;

	if (text == NULL)
		menu_add_item(page, NULL, NULL, c, NULL);
	else {
		label = mcp_text_label(text, menu->width, 0);
		/* A leading - is for what can't be chosen. */
		if (choice == MCP_DIALOG_TEXT)
			xasprintf(&s, "-%s", label);
		else if (*label == '-' || *label == '\0')
			xasprintf(&s, " %s", label);
		else
			s = xstrdup(label);
		free(label);
		item.name = s;
		item.key = (key == '\0' ? KEYC_NONE : (key_code)key);
		item.command = NULL;
		menu_add_item(page, &item, NULL, c, NULL);
		free(s);
	}
	/* tmux may leave a line out. */
	if (menu->nchoices == page->count)
		return;
	menu->choices = xreallocarray(menu->choices, page->count,
	    sizeof *menu->choices);
	menu->choices[menu->nchoices++] = choice;
}

/* Add the lines of the present page. */
static u_int
mcp_menu_lines(struct mcp_menu *menu, struct menu *page, struct client *c)
{
	struct mcp_menu_line	*line;
	char			 key = '1';
	u_int			 i, end = menu->top + menu->page;

	if (end > menu->nlines)
		end = menu->nlines;
	for (i = menu->top; i < end; i++) {
		line = &menu->lines[i];
		if (line->choice == MCP_DIALOG_TEXT || key > '9') {
			mcp_menu_item(menu, page, c, line->text, '\0',
			    line->choice);
		} else {
			mcp_menu_item(menu, page, c, line->text, key++,
			    line->choice);
		}
	}
	return (end);
}

/* Add what comes after the lines: more of them, and the actions. */
static void
mcp_menu_end(struct mcp_menu *menu, struct menu *page, struct client *c,
    u_int end)
{
	struct mcp_menu_line	*action;
	u_int			 i;

	if (menu->nlines != 0 && (menu->nactions != 0 || end < menu->nlines ||
	    menu->top != 0))
		mcp_menu_item(menu, page, c, NULL, '\0', MCP_DIALOG_TEXT);
	if (end < menu->nlines)
		mcp_menu_item(menu, page, c, "More", 'n', MCP_DIALOG_MORE);
	if (menu->top != 0)
		mcp_menu_item(menu, page, c, "Back up", 'p', MCP_DIALOG_LESS);
	for (i = 0; i < menu->nactions; i++) {
		action = &menu->actions[i];
		mcp_menu_item(menu, page, c, action->text, action->key,
		    action->choice);
	}
}

/* Find out how many lines are in a page. Returns 0 if there is no room. */
static u_int
mcp_menu_fit(struct mcp_menu *menu, struct client *c, int is_note)
{
	u_int	rows = menu->nactions + 3, status = status_line_size(c);

	if (is_note) {
		rows = (status == 0 ? 1 : status) + 2;
		if (c->tty.sy < rows + 2 || c->tty.sx < MCP_MENU_COLUMNS)
			return (0);
		menu->page = c->tty.sy - rows;
		if (menu->page < menu->nlines)
			menu->page--;
		return (1);
	}
	if (c->tty.sy < rows + MCP_MENU_ROWS || c->tty.sx < MCP_MENU_COLUMNS) {
		mcp_client_message(c, "terminal too small for a menu");
		return (0);
	}
	menu->page = c->tty.sy - rows;
	if (menu->page < menu->nlines)
		menu->page -= 2;
	return (1);
}

/* The first row of a note, which is next to the prompt and not on it. */
static u_int
mcp_menu_side(struct client *c, u_int sy)
{
	u_int	 status = status_line_size(c);

	if (status == 0)
		status = 1;
	if (options_get_number(c->session->options, "status-position") == 0)
		return (status);
	return (c->tty.sy < status + sy ? 0 : c->tty.sy - status - sy);
}

/* Add what a note says if there is more of it. */
static void
mcp_menu_more(struct mcp_menu *menu, struct menu *page, struct client *c,
    u_int end)
{
	const char	*more = "-- PageUp: back";

	if (menu->page >= menu->nlines)
		return;
	if (end < menu->nlines)
		more = "-- PageDown: more";
	mcp_menu_item(menu, page, c, more, '\0', MCP_DIALOG_TEXT);
}

/*
 * Open the present page at a client, and have cb told which item was chosen or
 * that the menu was closed. Returns NULL if there is no room. A note is at the
 * side of the prompt and has no actions.
 */
struct menu *
mcp_menu_show(struct mcp_menu *menu, struct client *c, u_int width,
    int is_note, menu_choice_cb cb)
{
	struct menu	*page;
	char		*label, *title;
	u_int		 sy, end;

	mcp_menu_layout(menu, width);
	if (!mcp_menu_fit(menu, c, is_note))
		return (NULL);
	if (!is_note)
		mcp_menu_to_start(menu);

	label = mcp_text_label(menu->title, width, 0);
	title = format_single(NULL, label, c, NULL, NULL, NULL);
	page = menu_create(title);
	free(title);
	free(label);
	menu->nchoices = 0;
	end = mcp_menu_lines(menu, page, c);
	if (is_note)
		mcp_menu_more(menu, page, c, end);
	else
		mcp_menu_end(menu, page, c, end);
	if (page->count == 0) {
		menu_free(page);
		return (NULL);
	}

	menu->sx = page->width + 4;
	sy = page->count + 2;
	menu->px = menu->py = 0;
	if (is_note)
		menu->py = mcp_menu_side(c, sy);
	else if (c->tty.sx >= menu->sx && c->tty.sy >= sy) {
		menu->px = (c->tty.sx - menu->sx) / 2;
		menu->py = (c->tty.sy - sy) / 2;
	}
	if (mcp_compat_menu(page, MENU_NOMOUSE, mcp_menu_first(menu), menu->px,
	    menu->py, c, cb, NULL) != 0) {
		menu_free(page);
		return (NULL);
	}
	return (page);
}
