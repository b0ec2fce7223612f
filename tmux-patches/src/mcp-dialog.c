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
 * Conversations with the person at an attached client. Menus are shown by
 * display-menu, which has kept its shape over the versions of tmux where the
 * functions behind it have not; their items run mcp-menu -r with the number of
 * the menu. Each menu or prompt has a number of its own, so that an answer to
 * one that is no more is nothing but a number nobody knows.
 */

/* How often to look if a client is free again. */
#define MCP_DIALOG_WAIT_MS 200

/* A line is never cut shorter than this. */
#define MCP_DIALOG_COLUMNS 11

struct mcp_dialog {
	struct client		*client;
	mcp_dialog_gone_cb	 gone;
	void			*gone_data;

	u_int			 number;
	int			 is_menu;
	int			 shown;
	u_int			 sx;
	u_int			 sy;
	struct event		 timer;

	struct mcp_menu		*menu;
	mcp_dialog_menu_cb	 menu_cb;

	char			*message;
	char			*input;
	mcp_dialog_prompt_cb	 prompt_cb;
	void			*data;

	TAILQ_ENTRY(mcp_dialog)	 entry;
};
static TAILQ_HEAD(, mcp_dialog) mcp_dialogs =
    TAILQ_HEAD_INITIALIZER(mcp_dialogs);

static u_int	mcp_dialog_next = 1;
static int	mcp_dialog_answering;
static int	mcp_dialog_prompted;

static void	mcp_dialog_show(struct mcp_dialog *);

#ifdef PROMPT_COMMANDMODE	/* since 3.8 */
#define MCP_DIALOG_PROMPT_RESULT enum prompt_result
#define MCP_DIALOG_PROMPT_DONE enum prompt_key_result
#define MCP_DIALOG_PROMPT_KEEP PROMPT_CONTINUE
#define MCP_DIALOG_PROMPT_CLOSE PROMPT_CLOSE
#define mcp_dialog_has_prompt(c) ((c)->prompt != NULL)
#else
#define MCP_DIALOG_PROMPT_RESULT int
#define MCP_DIALOG_PROMPT_DONE int
#define MCP_DIALOG_PROMPT_KEEP 1
#define MCP_DIALOG_PROMPT_CLOSE 0
#define mcp_dialog_has_prompt(c) ((c)->prompt_string != NULL)
#endif

/* The dialog whose present menu or prompt has a number. */
static struct mcp_dialog *
mcp_dialog_find(u_int number)
{
	struct mcp_dialog	*d;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->number == number)
			return (d);
	}
	return (NULL);
}

/* Take away what is on the screen. */
static void
mcp_dialog_hide(struct mcp_dialog *d)
{
	d->number = 0;
	evtimer_del(&d->timer);
	if (!d->shown)
		return;
	d->shown = 0;
	if (d->client->flags & CLIENT_DEAD)
		return;
	if (d->is_menu)
		server_client_clear_overlay(d->client);
	else if (!mcp_dialog_answering)
		status_prompt_clear(d->client);
}

/* Look again if the client is free. */
static void
mcp_dialog_timer(__unused int fd, __unused short events, void *data)
{
	mcp_dialog_show(data);
}

/*
 * Create a dialog. If the client goes away gone is called, which must free the
 * dialog.
 */
struct mcp_dialog *
mcp_dialog_create(struct client *c, mcp_dialog_gone_cb gone, void *data)
{
	struct mcp_dialog	*d;

	d = xcalloc(1, sizeof *d);
	d->client = c;
	d->client->references++;
	d->gone = gone;
	d->gone_data = data;
	evtimer_set(&d->timer, mcp_dialog_timer, d);
	TAILQ_INSERT_TAIL(&mcp_dialogs, d, entry);
	return (d);
}

/* End a dialog. */
void
mcp_dialog_free(struct mcp_dialog *d)
{
	mcp_dialog_hide(d);
	TAILQ_REMOVE(&mcp_dialogs, d, entry);
	mcp_menu_free(d->menu);
	free(d->message);
	free(d->input);
	server_client_unref(d->client);
	free(d);
}

/* A client has gone, and its dialogs with it. */
void
mcp_dialog_client_lost(struct client *c)
{
	struct mcp_dialog	*d, *d1;

	TAILQ_FOREACH_SAFE(d, &mcp_dialogs, entry, d1) {
		if (d->client == c)
			d->gone(d->gone_data);
	}
}

/* If a client is in the middle of something. */
int
mcp_dialog_busy(struct client *c)
{
	struct mcp_dialog	*d;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->client == c)
			return (1);
	}
	return (mcp_dialog_has_prompt(c) || c->overlay_draw != NULL);
}

/* How wide a line may be. */
u_int
mcp_dialog_width(struct mcp_dialog *d)
{
	u_int	sx = d->client->tty.sx;

	return (sx < MCP_DIALOG_COLUMNS + 9 ? MCP_DIALOG_COLUMNS : sx - 9);
}

/* Begin a new menu. */
void
mcp_dialog_clear(struct mcp_dialog *d, const char *title)
{
	mcp_dialog_hide(d);
	mcp_menu_free(d->menu);
	d->menu = mcp_menu_create(title);
}

/* Add a line to choose, or to read if the choice is MCP_DIALOG_TEXT. */
void
mcp_dialog_line(struct mcp_dialog *d, int choice, const char *text)
{
	mcp_menu_line(d->menu, choice, text);
}

/* Add text to read, in as many lines as it takes. */
void
mcp_dialog_wrap(struct mcp_dialog *d, const char *text)
{
	mcp_menu_wrap(d->menu, text, mcp_dialog_width(d));
}

/* Add an action, which is on each page. */
void
mcp_dialog_action(struct mcp_dialog *d, int choice, char key, const char *text)
{
	mcp_menu_action(d->menu, choice, key, text);
}

/* Show the menu; cb gets the choice. */
void
mcp_dialog_menu(struct mcp_dialog *d, mcp_dialog_menu_cb cb, void *data)
{
	d->is_menu = 1;
	d->menu_cb = cb;
	d->data = data;
	mcp_dialog_show(d);
}

/* Show a prompt; cb gets what was typed, or NULL for Escape. */
void
mcp_dialog_prompt(struct mcp_dialog *d, const char *message, const char *input,
    mcp_dialog_prompt_cb cb, void *data)
{
	char	*copy = xstrdup(input);

	mcp_dialog_hide(d);
	d->is_menu = 0;
	free(d->message);
	d->message = xstrdup(message);
	free(d->input);
	d->input = copy;
	d->prompt_cb = cb;
	d->data = data;
	mcp_dialog_show(d);
}

/* Give the choice to whoever asked. */
static void
mcp_dialog_answer(struct mcp_dialog *d, int choice)
{
	d->number = 0;
	d->shown = 0;
	d->menu_cb(d->data, choice);
}

/* The menu has been closed and no item chosen, unless its number is old. */
static enum cmd_retval
mcp_dialog_closed(__unused struct cmdq_item *item, void *data)
{
	struct mcp_dialog	*d;

	if ((d = mcp_dialog_find((uintptr_t)data)) == NULL)
		return (CMD_RETURN_NORMAL);
	if (d->client->tty.sx != d->sx || d->client->tty.sy != d->sy) {
		d->number = 0;
		d->shown = 0;
		mcp_dialog_show(d);
	} else
		mcp_dialog_answer(d, MCP_DIALOG_BACK);
	return (CMD_RETURN_NORMAL);
}

/* The menu has been closed. The item that was chosen is next in the queue. */
static enum cmd_retval
mcp_dialog_closing(struct cmdq_item *item, void *data)
{
	if (mcp_dialog_find((uintptr_t)data) != NULL) {
		cmdq_append(cmdq_get_client(item),
		    cmdq_get_callback(mcp_dialog_closed, data));
	}
	return (CMD_RETURN_NORMAL);
}

/* An item has been chosen: mcp-menu -r number:choice. */
void
mcp_dialog_chosen(struct client *c, const char *s)
{
	struct mcp_dialog	*d;
	char			*end;
	u_int			 number;

	number = strtoul(s, &end, 10);
	if (*end++ != ':' || number == 0 ||
	    (d = mcp_dialog_find(number)) == NULL || d->client != c)
		return;
	if (*end == 'n' || *end == 'p') {
		mcp_menu_turn(d->menu, *end == 'n');
		d->number = 0;
		d->shown = 0;
		mcp_dialog_show(d);
		return;
	}
	mcp_dialog_answer(d, atoi(end));
}

/*
 * Show the present page of the menu, now that it is its turn in the queue and
 * if it is still wanted.
 */
static enum cmd_retval
mcp_dialog_open(struct cmdq_item *item, void *data)
{
	struct mcp_dialog	*d;
	struct cmd_list		*cmdlist;

	if ((d = mcp_dialog_find((uintptr_t)data)) == NULL)
		return (CMD_RETURN_NORMAL);
	cmdlist = mcp_menu_build(d->menu, d->client, d->number,
	    mcp_dialog_width(d));
	if (cmdlist == NULL) {
		mcp_dialog_answer(d, MCP_DIALOG_BACK);
		return (CMD_RETURN_NORMAL);
	}
	item = cmdq_insert_after(item, cmdq_get_command(cmdlist, NULL));
	cmd_list_free(cmdlist);
	cmdq_insert_after(item, cmdq_get_callback(mcp_dialog_closing, data));
	return (CMD_RETURN_NORMAL);
}

/* Something was typed, or Escape. A new prompt may take the place of this. */
static MCP_DIALOG_PROMPT_RESULT
mcp_dialog_input(__unused struct client *c, void *data, const char *s,
    __unused MCP_DIALOG_PROMPT_DONE done)
{
	struct mcp_dialog	*d;

	if ((d = mcp_dialog_find((uintptr_t)data)) == NULL)
		return (MCP_DIALOG_PROMPT_CLOSE);
	d->number = 0;
	d->shown = 0;
	mcp_dialog_prompted = 0;
	mcp_dialog_answering = 1;
	d->prompt_cb(d->data, s);
	mcp_dialog_answering = 0;
	if (mcp_dialog_prompted)
		return (MCP_DIALOG_PROMPT_KEEP);
	return (MCP_DIALOG_PROMPT_CLOSE);
}

/* The prompt has gone. If it was not answered it comes again. */
static void
mcp_dialog_unprompt(void *data)
{
	struct mcp_dialog	*d;

	if ((d = mcp_dialog_find((uintptr_t)data)) == NULL || d->is_menu)
		return;
	d->number = 0;
	d->shown = 0;
	mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
}

/* Show the menu or prompt, or wait until the client is free. */
static void
mcp_dialog_show(struct mcp_dialog *d)
{
	struct client	*c = d->client;
	char		*label;

	if (d->is_menu ? d->menu_cb == NULL : d->prompt_cb == NULL)
		return;
	if (!mcp_show_alive(c) || c->overlay_draw != NULL ||
	    (mcp_dialog_has_prompt(c) && !mcp_dialog_answering)) {
		mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
		return;
	}

	d->number = mcp_dialog_next++;
	d->shown = 1;
	d->sx = c->tty.sx;
	d->sy = c->tty.sy;
	if (d->is_menu) {
		cmdq_append(c, cmdq_get_callback(mcp_dialog_open,
		    (void *)(uintptr_t)d->number));
		return;
	}
	label = mcp_text_label(d->message, c->tty.sx, 1);
	mcp_dialog_prompted = 1;
	status_prompt_set(c, NULL, label, d->input, mcp_dialog_input,
	    mcp_dialog_unprompt, (void *)(uintptr_t)d->number, PROMPT_NOFORMAT,
	    PROMPT_TYPE_SEARCH);
	free(label);
}
