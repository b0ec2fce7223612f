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
 * The menus of a dialog, and the display-menu command for a page of one.
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

/* If a choice is one of those the menu has. */
int
mcp_menu_has(struct mcp_menu *menu, int choice)
{
	u_int	i;

	if (choice == MCP_DIALOG_TEXT)
		return (0);
	for (i = 0; i < menu->nitems; i++) {
		if (menu->items[i].choice == choice)
			return (1);
	}
	for (i = 0; i < menu->nactions; i++) {
		if (menu->actions[i].choice == choice)
			return (1);
	}
	return (0);
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

/* Go to the next page or the one before. */
void
mcp_menu_turn(struct mcp_menu *menu, int forward)
{
	menu->turned = 1;
	if (forward && menu->top + menu->page < menu->nlines)
		menu->top += menu->page;
	else if (!forward)
		menu->top = menu->top < menu->page ? 0 :
		    menu->top - menu->page;
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

/*
 * How many lines the first choice is from the end of the page that was built,
 * or from its beginning. Returns -1 if it is not there, 1 if from the end.
 */
static int
mcp_menu_moves(struct mcp_menu *menu, u_int *moves)
{
	u_int	i, end = menu->top + menu->page;

	if (menu->start < 0 || menu->turned)
		return (-1);
	for (i = 0; i < menu->nactions; i++) {
		if (menu->actions[i].choice == menu->start) {
			*moves = menu->nactions - 1 - i;
			return (1);
		}
	}
	*moves = 0;
	for (i = menu->top; i < end && i < menu->nlines; i++) {
		if (menu->lines[i].choice == menu->start)
			return (0);
		if (menu->lines[i].choice != MCP_DIALOG_TEXT)
			(*moves)++;
	}
	return (-1);
}

/* Move the cursor of the page that was opened to the first choice. */
void
mcp_menu_move(struct mcp_menu *menu, struct client *c, overlay_key_cb keys)
{
	struct key_event	event;
	u_int			moves;
	int			from_end;

	if ((from_end = mcp_menu_moves(menu, &moves)) == -1)
		return;
	memset(&event, 0, sizeof event);
	event.key = (from_end ? KEYC_END : KEYC_HOME);
	for (;;) {
		keys(c, c->overlay_data, &event);
		if (moves-- == 0)
			break;
		event.key = (from_end ? KEYC_UP : KEYC_DOWN);
	}
}

/* Add an argument, which must not end in what separates commands. */
static void
mcp_menu_arg(struct args_value *values, u_int *n, char *s)
{
	size_t	size = strlen(s);

	if (size != 0 && s[size - 1] == ';') {
		s = xrealloc(s, size + 2);
		memcpy(s + size - 1, "\\;", 3);
	}
	values[*n].type = ARGS_STRING;
	values[(*n)++].string = s;
}

/* Add the three arguments of an item, which can't be chosen without choice. */
static void
mcp_menu_item(struct args_value *values, u_int *n, u_int number, u_int width,
    const char *text, char key, const char *choice)
{
	char	*label, *s;

	label = mcp_text_label(text, width, 0);
	if (choice == NULL || *label == '-' || *label == '\0')
		xasprintf(&s, "%s%s", choice == NULL ? "-" : " ", label);
	else
		s = xstrdup(label);
	free(label);
	mcp_menu_arg(values, n, s);
	xasprintf(&s, "%.*s", key == '\0' ? 0 : 1, &key);
	mcp_menu_arg(values, n, s);
	if (choice == NULL)
		s = xstrdup("");
	else
		xasprintf(&s, "mcp-menu -r %u:%s", number, choice);
	mcp_menu_arg(values, n, s);
}

/* Add the lines of the present page. */
static u_int
mcp_menu_page(struct mcp_menu *menu, struct args_value *values, u_int *n,
    u_int number)
{
	char	choice[16], key = '1';
	u_int	i, end = menu->top + menu->page;

	if (end > menu->nlines)
		end = menu->nlines;
	for (i = menu->top; i < end; i++) {
		if (menu->lines[i].choice == MCP_DIALOG_TEXT) {
			mcp_menu_item(values, n, number, menu->width,
			    menu->lines[i].text, '\0', NULL);
			continue;
		}
		xsnprintf(choice, sizeof choice, "%d", menu->lines[i].choice);
		mcp_menu_item(values, n, number, menu->width,
		    menu->lines[i].text, key <= '9' ? key++ : '\0', choice);
	}
	return (end);
}

/* Add what comes after the lines: more of them, and the actions. */
static void
mcp_menu_end(struct mcp_menu *menu, struct args_value *values, u_int *n,
    u_int number, u_int end)
{
	char	choice[16];
	u_int	i;

	if (menu->nlines != 0 && (menu->nactions != 0 || end < menu->nlines ||
	    menu->top != 0))
		mcp_menu_arg(values, n, xstrdup(""));
	if (end < menu->nlines) {
		mcp_menu_item(values, n, number, menu->width, "More", 'n',
		    "n");
	}
	if (menu->top != 0) {
		mcp_menu_item(values, n, number, menu->width, "Back up", 'p',
		    "p");
	}
	for (i = 0; i < menu->nactions; i++) {
		xsnprintf(choice, sizeof choice, "%d",
		    menu->actions[i].choice);
		mcp_menu_item(values, n, number, menu->width,
		    menu->actions[i].text, menu->actions[i].key, choice);
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

/* The row below a note, which is next to the prompt and not on it. */
static char *
mcp_menu_side(struct mcp_menu *menu, struct client *c)
{
	u_int	 status = status_line_size(c), n = menu->nlines - menu->top;
	char	*y;

	if (status == 0)
		status = 1;
	if (n > menu->page)
		n = menu->page;
	if (menu->page < menu->nlines)
		n++;
	if (options_get_number(c->session->options, "status-position") == 0)
		n += status + 2;
	else
		n = c->tty.sy - status;
	xasprintf(&y, "%u", n);
	return (y);
}

/*
 * Build the command for the present page, or NULL if it can't be shown. A note
 * is at the side of the prompt and has no actions.
 */
struct cmd_list *
mcp_menu_build(struct mcp_menu *menu, struct client *c, u_int number,
    u_int width, int is_note)
{
	struct cmd_parse_result	*pr;
	struct args_value	*values;
	const char		*more = "-- PageUp: back";
	char			*y;
	u_int			 i, n = 0, end;

	mcp_menu_layout(menu, width);
	if (!mcp_menu_fit(menu, c, is_note))
		return (NULL);
	if (!is_note)
		mcp_menu_to_start(menu);

	y = (is_note ? mcp_menu_side(menu, c) : xstrdup("C"));
	values = xcalloc((menu->page + menu->nactions + 3) * 3 + 9,
	    sizeof *values);
	mcp_menu_arg(values, &n, xstrdup("display-menu"));
	mcp_menu_arg(values, &n, xstrdup("-x"));
	mcp_menu_arg(values, &n, xstrdup(is_note ? "0" : "C"));
	mcp_menu_arg(values, &n, xstrdup("-y"));
	mcp_menu_arg(values, &n, y);
	mcp_menu_arg(values, &n, xstrdup("-T"));
	mcp_menu_arg(values, &n, mcp_text_label(menu->title, width, 0));
	mcp_menu_arg(values, &n, xstrdup("--"));
	end = mcp_menu_page(menu, values, &n, number);
	if (!is_note)
		mcp_menu_end(menu, values, &n, number, end);
	else if (menu->page < menu->nlines) {
		if (end < menu->nlines)
			more = "-- PageDown: more";
		mcp_menu_item(values, &n, number, width, more, '\0', NULL);
	}

	pr = cmd_parse_from_arguments(values, n, NULL);
	for (i = 0; i < n; i++)
		free(values[i].string);
	free(values);
	if (pr->status == CMD_PARSE_ERROR) {
		mcp_message_add("mcp: %s", pr->error);
		free(pr->error);
		return (NULL);
	}
	return (pr->cmdlist);
}

/* Have the menu opened when it is its turn in the queue of the client. */
void
mcp_menu_append(struct client *c, u_int wanted)
{
	struct args_value	 values[3];
	struct cmd_parse_result	*pr;
	char			 number[16];
	u_int			 i;

	xsnprintf(number, sizeof number, "%u", wanted);
	for (i = 0; i < nitems(values); i++)
		values[i].type = ARGS_STRING;
	values[0].string = (char *)"mcp-menu";
	values[1].string = (char *)"-r";
	values[2].string = number;
	pr = cmd_parse_from_arguments(values, nitems(values), NULL);
	if (pr->status == CMD_PARSE_ERROR) {
		mcp_message_add("mcp: %s", pr->error);
		free(pr->error);
		return;
	}
	cmdq_append(c, cmdq_get_command(pr->cmdlist, NULL));
	cmd_list_free(pr->cmdlist);
}
