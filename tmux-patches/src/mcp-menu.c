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
 * The menus of a dialog, and the display-menu command for a page of one.
 */

/* The smallest terminal a menu is shown on, besides what is on each page. */
#define MCP_MENU_COLUMNS 20
#define MCP_MENU_ROWS 4

struct mcp_menu_line {
	char	*text;
	int	 choice;
	char	 key;
};

struct mcp_menu {
	char			*title;
	struct mcp_menu_line	*lines;
	u_int			 nlines;
	struct mcp_menu_line	*actions;
	u_int			 nactions;
	u_int			 top;
	u_int			 page;
};

/* Create a menu. */
struct mcp_menu *
mcp_menu_create(const char *title)
{
	struct mcp_menu	*menu;

	menu = xcalloc(1, sizeof *menu);
	menu->title = xstrdup(title);
	return (menu);
}

/* Free a menu. */
void
mcp_menu_free(struct mcp_menu *menu)
{
	if (menu == NULL)
		return;
	while (menu->nlines != 0)
		free(menu->lines[--menu->nlines].text);
	while (menu->nactions != 0)
		free(menu->actions[--menu->nactions].text);
	free(menu->lines);
	free(menu->actions);
	free(menu->title);
	free(menu);
}

/* Add a line. */
void
mcp_menu_line(struct mcp_menu *menu, int choice, const char *text)
{
	struct mcp_menu_line	*line;

	menu->lines = xrecallocarray(menu->lines, menu->nlines,
	    menu->nlines + 1, sizeof *menu->lines);
	line = &menu->lines[menu->nlines++];
	line->text = xstrdup(text);
	line->choice = choice;
}

/* Add an action. */
void
mcp_menu_action(struct mcp_menu *menu, int choice, char key, const char *text)
{
	struct mcp_menu_line	*line;

	menu->actions = xrecallocarray(menu->actions, menu->nactions,
	    menu->nactions + 1, sizeof *menu->actions);
	line = &menu->actions[menu->nactions++];
	line->text = xstrdup(text);
	line->choice = choice;
	line->key = key;
}

/* Add text to read, in as many lines as it takes. */
void
mcp_menu_wrap(struct mcp_menu *menu, const char *text, u_int width)
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
				if (n + ud[i].width > width)
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
			mcp_menu_line(menu, MCP_DIALOG_TEXT, out);
			free(out);
		}
		free(ud);
	}
	free(s);
}

/* Go to the next page or the one before. */
void
mcp_menu_turn(struct mcp_menu *menu, int forward)
{
	if (forward && menu->top + menu->page < menu->nlines)
		menu->top += menu->page;
	else if (!forward)
		menu->top = menu->top < menu->page ? 0 :
		    menu->top - menu->page;
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

/* Add the arguments for the present page. */
static void
mcp_menu_page(struct mcp_menu *menu, struct args_value *values, u_int *n,
    u_int number, u_int width)
{
	char	choice[16], key = '1';
	u_int	i, end = menu->top + menu->page;

	if (end > menu->nlines)
		end = menu->nlines;
	for (i = menu->top; i < end; i++) {
		if (menu->lines[i].choice == MCP_DIALOG_TEXT) {
			mcp_menu_item(values, n, number, width,
			    menu->lines[i].text, '\0', NULL);
			continue;
		}
		xsnprintf(choice, sizeof choice, "%d", menu->lines[i].choice);
		mcp_menu_item(values, n, number, width, menu->lines[i].text,
		    key <= '9' ? key++ : '\0', choice);
	}
	if (menu->nlines != 0)
		mcp_menu_arg(values, n, xstrdup(""));
	if (end < menu->nlines)
		mcp_menu_item(values, n, number, width, "More", 'n', "n");
	if (menu->top != 0)
		mcp_menu_item(values, n, number, width, "Back up", 'p', "p");
	for (i = 0; i < menu->nactions; i++) {
		xsnprintf(choice, sizeof choice, "%d",
		    menu->actions[i].choice);
		mcp_menu_item(values, n, number, width, menu->actions[i].text,
		    menu->actions[i].key, choice);
	}
}

/* Build the command for the present page, or NULL if it can't be shown. */
struct cmd_list *
mcp_menu_build(struct mcp_menu *menu, struct client *c, u_int number,
    u_int width)
{
	static const char	*words[] = { "display-menu", "-x", "C", "-y",
				    "C", "-T" };
	struct cmd_parse_result	*pr;
	struct args_value	*values;
	u_int			 i, n = 0, rows = menu->nactions + 3;

	if (c->tty.sy < rows + MCP_MENU_ROWS || c->tty.sx < MCP_MENU_COLUMNS) {
		mcp_message_set(c, "terminal too small for a menu");
		return (NULL);
	}
	menu->page = c->tty.sy - rows;
	if (menu->page < menu->nlines)
		menu->page -= 2;

	values = xcalloc((menu->page + menu->nactions + 3) * 3 +
	    nitems(words) + 2, sizeof *values);
	for (i = 0; i < nitems(words); i++)
		mcp_menu_arg(values, &n, xstrdup(words[i]));
	mcp_menu_arg(values, &n, mcp_text_label(menu->title, width, 0));
	mcp_menu_arg(values, &n, xstrdup("--"));
	mcp_menu_page(menu, values, &n, number, width);

	pr = cmd_parse_from_arguments(values, n, NULL);
	for (i = 0; i < n; i++)
		free(values[i].string);
	free(values);
	if (pr->status == CMD_PARSE_ERROR) {
		server_add_message("mcp: %s", pr->error);
		free(pr->error);
		return (NULL);
	}
	return (pr->cmdlist);
}
