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

/*
 * Conversations with the person at an attached client. Menus are shown by
 * display-menu, which has kept its shape over the versions of tmux where the
 * functions behind it have not. It runs in the place of mcp-menu -r with the
 * number of the menu, and its items run the same with a choice. Each menu or
 * prompt has a number of its own, so that an answer to one that is no more is
 * nothing but a number nobody knows.
 *
 * A menu may be closed by the person, or by a resize, a prompt or a popup. Only
 * a key tells the first, so keys pass through here; in all other cases it comes
 * back. A prompt may have a note at its side: a menu of nothing but text, whose
 * keys go to the prompt.
 *
 * A dialog that nobody asked for with a key just now is wary: it waits until
 * the hands rest, and then takes no key until none has come for a while, so
 * that none is taken that was typed for something else. What is pasted chooses
 * nothing in a menu and ends no prompt, and the mouse closes nothing.
 */

/* A dialog is in use if a key came so lately. */
#define MCP_DIALOG_USED_MS 1500

/* How often to look if a client is free again. */
#define MCP_DIALOG_WAIT_MS 200

/* A line is never cut shorter than this. */
#define MCP_DIALOG_COLUMNS 11

enum mcp_dialog_kind {
	MCP_DIALOG_NOTHING,
	MCP_DIALOG_MENU,
	MCP_DIALOG_PROMPT
};

struct mcp_dialog {
	struct client		*client;
	mcp_dialog_gone_cb	 gone;
	void			*gone_data;

	u_int			 number;
	enum mcp_dialog_kind	 kind;
	int			 shown;
	struct event		 timer;

	overlay_key_cb		 keys;	/* of the menu that is open, or NULL */
	overlay_draw_cb		 draw;
	int			 left;
	int			 opened;
	int			 unfit;		/* the terminal is too small */
	int			 strict;

	struct timeval		 asked;	/* when the key came that asked */
	int			 wary;
	int			 unasked;
	uint64_t		 deaf;	/* until when, or 0 */
	uint64_t		 last;	/* when the last key came */
	int			 pasting;

	struct mcp_request	*awaits;
	struct mcp_dialog	*below;
	int			 covered;
	struct mcp_dialog	*self;

	struct mcp_menu		*menu;
	mcp_dialog_menu_cb	 menu_cb;

	char			*message;
	char			*input;
	struct mcp_prompt	*prompt;
	int			 masked;
	mcp_dialog_prompt_cb	 prompt_cb;
	void			*data;

	TAILQ_ENTRY(mcp_dialog)	 entry;
};
static TAILQ_HEAD(, mcp_dialog) mcp_dialogs =
    TAILQ_HEAD_INITIALIZER(mcp_dialogs);

extern const struct cmd_entry cmd_display_menu_entry;

static u_int	mcp_dialog_next = 1;
static int	mcp_dialog_answering;
static int	mcp_dialog_prompted;

static void	mcp_dialog_again(struct mcp_dialog *);
static int	mcp_dialog_deaf(struct mcp_dialog *);
static int	mcp_dialog_key(struct client *, void *, struct key_event *);
static void	mcp_dialog_show(struct mcp_dialog *);

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

/* Close the menu, if it is open and still ours. */
static void
mcp_dialog_close(struct mcp_dialog *d)
{
	if (d->keys != NULL && (~d->client->flags & CLIENT_DEAD) &&
	    d->client->overlay_key == mcp_dialog_key)
		server_client_clear_overlay(d->client);
	d->keys = NULL;
}

/* Take away what is on the screen. */
static void
mcp_dialog_hide(struct mcp_dialog *d)
{
	d->number = 0;
	evtimer_del(&d->timer);
	mcp_dialog_close(d);
	if (d->shown && d->kind == MCP_DIALOG_PROMPT &&
	    (~d->client->flags & CLIENT_DEAD) && !mcp_dialog_answering)
		status_prompt_clear(d->client);
	d->shown = 0;
}

/* Look again if the client is free. */
static void
mcp_dialog_timer(__unused int fd, __unused short events, void *data)
{
	struct mcp_dialog	*d = data;

	if (d->shown)
		mcp_dialog_again(d);
	else
		mcp_dialog_show(d);
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
	mcp_typing_asked(c, &d->asked);
	evtimer_set(&d->timer, mcp_dialog_timer, d);
	TAILQ_INSERT_TAIL(&mcp_dialogs, d, entry);
	return (d);
}

/*
 * Be wary: this comes after some time, or with unasked by itself. Asked is when
 * the key came that asked for it, if one did.
 */
void
mcp_dialog_late(struct mcp_dialog *d, const struct timeval *asked, int unasked)
{
	if (asked != NULL) {
		d->asked = *asked;
		if (mcp_typing_is_soon(d->client, asked))
			return;
	} else
		timerclear(&d->asked);
	d->wary = 1;
	d->unasked = unasked;
}

/* Take no keys at first, even if a key asked for it. */
void
mcp_dialog_wary(struct mcp_dialog *d)
{
	d->wary = 1;
}

/* The dialog shows that a request is waited for, or with NULL does no more. */
void
mcp_dialog_await(struct mcp_dialog *d, struct mcp_request *mr)
{
	d->awaits = mr;
}

/* The dialog in which somebody at a client sees a request being waited for. */
struct mcp_dialog *
mcp_dialog_awaiting(struct client *c, struct mcp_request *mr)
{
	struct mcp_dialog	*d;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->client == c && d->awaits == mr && d->awaits != NULL &&
		    !d->covered && d->kind != MCP_DIALOG_NOTHING)
			return (d);
	}
	return (NULL);
}

/* Take the place of another dialog of the client until this one is freed. */
void
mcp_dialog_cover(struct mcp_dialog *d, struct mcp_dialog *below)
{
	mcp_dialog_hide(below);
	below->covered = 1;
	d->below = below;
}

/* If somebody has typed in the dialog lately. */
int
mcp_dialog_used(struct mcp_dialog *d)
{
	return (d->last != 0 &&
	    mcp_now() - d->last < MCP_DIALOG_USED_MS * 1000);
}

/* A dialog that only tells something has been read. */
static void
mcp_dialog_told(void *data, __unused int choice)
{
	mcp_dialog_free(*(struct mcp_dialog **)data);
}

/* The client of one went away. */
static void
mcp_dialog_untold(void *data)
{
	mcp_dialog_free(*(struct mcp_dialog **)data);
}

/*
 * Tell something in the place of a dialog that ends by itself, so that what is
 * still typed into it goes nowhere else.
 */
void
mcp_dialog_tell(struct client *c, const char *title, const char *text)
{
	struct mcp_dialog	*d;

	d = mcp_dialog_create(c, mcp_dialog_untold, NULL);
	d->self = d;
	d->gone_data = &d->self;
	d->wary = 1;
	mcp_dialog_clear(d, title);
	mcp_dialog_wrap(d, text);
	mcp_dialog_action(d, 0, 'c', "Close");
	mcp_dialog_menu(d, mcp_dialog_told, &d->self);
}

/* End a dialog. */
void
mcp_dialog_free(struct mcp_dialog *d)
{
	struct mcp_dialog	*above;

	mcp_dialog_hide(d);
	TAILQ_REMOVE(&mcp_dialogs, d, entry);
	TAILQ_FOREACH(above, &mcp_dialogs, entry) {
		if (above->below == d)
			above->below = NULL;
	}
	if (d->below != NULL) {
		d->below->covered = 0;
		if (d->below->kind != MCP_DIALOG_NOTHING)
			mcp_timer_add(&d->below->timer, 0);
	}
	mcp_menu_free(d->menu);
	mcp_prompt_free(d->prompt);
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
		if (d->client == c && !d->covered)
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

/* How many rows there are. */
u_int
mcp_dialog_height(struct mcp_dialog *d)
{
	return (d->client->tty.sy < 12 ? 4 : d->client->tty.sy - 8);
}

/* Begin a new menu. */
void
mcp_dialog_clear(struct mcp_dialog *d, const char *title)
{
	mcp_dialog_hide(d);
	mcp_menu_free(d->menu);
	d->masked = 0;
	d->opened = 0;
	d->unfit = 0;
	d->strict = 0;
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
	mcp_menu_wrap(d->menu, text);
}

/* Add an action, which is on each page. */
void
mcp_dialog_action(struct mcp_dialog *d, int choice, char key, const char *text)
{
	mcp_menu_action(d->menu, choice, key, text);
}

/* Have a choice under the cursor when the menu is shown: see mcp_menu_start. */
void
mcp_dialog_start(struct mcp_dialog *d, int choice, int seen)
{
	mcp_menu_start(d->menu, choice, seen);
}

/* Only Escape leaves the menu, and none of the other keys tmux has for that. */
void
mcp_dialog_strict(struct mcp_dialog *d)
{
	d->strict = 1;
}

/* If the menu was left because the terminal is too small for it. */
int
mcp_dialog_unfit(struct mcp_dialog *d)
{
	return (d->unfit);
}

/* What is typed into the next prompt is not to be seen. */
void
mcp_dialog_mask(struct mcp_dialog *d)
{
	d->masked = 1;
}

/* Show the menu; cb gets the choice. */
void
mcp_dialog_menu(struct mcp_dialog *d, mcp_dialog_menu_cb cb, void *data)
{
	d->kind = MCP_DIALOG_MENU;
	d->menu_cb = cb;
	d->data = data;
	mcp_dialog_show(d);
}

/*
 * Show a prompt, with the text added since the last mcp_dialog_clear at its
 * side; cb gets what was typed, or NULL for Escape.
 */
void
mcp_dialog_prompt(struct mcp_dialog *d, const char *message, const char *input,
    mcp_dialog_prompt_cb cb, void *data)
{
	char	*copy = xstrdup(input);

	mcp_dialog_hide(d);
	d->kind = MCP_DIALOG_PROMPT;
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

/* Show the menu again, as something else than a key has closed it. */
static void
mcp_dialog_again(struct mcp_dialog *d)
{
	if (d->kind == MCP_DIALOG_MENU) {
		d->number = 0;
		d->shown = 0;
		mcp_dialog_show(d);
	} else if (mcp_client_shows(d->client) &&
	    d->client->overlay_draw == NULL)
		mcp_menu_append(d->client, d->number);
	else
		mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
}

/* If a dialog is what the keys of its client go to. */
static int
mcp_dialog_has_keys(struct mcp_dialog *d)
{
	if (d->keys != NULL && d->client->overlay_key == mcp_dialog_key)
		return (1);
	return (d->kind == MCP_DIALOG_PROMPT && d->shown &&
	    d->client->overlay_draw == NULL && mcp_dialog_has_prompt(d->client));
}

/* It is on the screen: if it is wary it takes no keys at first. */
static void
mcp_dialog_drawn(struct mcp_dialog *d)
{
	int	ms = mcp_client_delay(d->client);

	if (d->wary && ms != 0)
		d->deaf = mcp_now() + ms * 1000ULL;
	d->wary = 0;
}

/* If a key that comes now is not for the dialog: typing has not paused yet. */
static int
mcp_dialog_deaf(struct mcp_dialog *d)
{
	uint64_t	now = mcp_now();

	if (d->deaf <= now) {
		d->deaf = 0;
		return (0);
	}
	d->deaf = now + mcp_client_delay(d->client) * 1000ULL;
	return (1);
}

/*
 * A key of a client. Returns 1 if a dialog keeps it from going anywhere: it is
 * of the mouse, came too soon, or is part of what is pasted into a menu.
 */
int
mcp_dialog_take(struct client *c, struct key_event *event)
{
	struct mcp_dialog	*d;
	key_code		 key = event->key & KEYC_MASK_KEY;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->client == c && mcp_dialog_has_keys(d))
			break;
	}
	if (d == NULL)
		return (0);
	if (KEYC_IS_MOUSE(event->key))
		return (1);
	d->last = mcp_now();
	if (key == KEYC_PASTE_START || key == KEYC_PASTE_END) {
		d->pasting = (key == KEYC_PASTE_START);
		return (1);
	}
	if (!d->unasked && mcp_dialog_deaf(d))
		return (1);
	if (!d->pasting)
		return (0);
	return (d->kind == MCP_DIALOG_MENU || key < ' ');
}

/* The menu has been closed and no item chosen, unless its number is old. */
static enum cmd_retval
mcp_dialog_closed(__unused struct cmdq_item *item, void *data)
{
	struct mcp_dialog	*d;

	if ((d = mcp_dialog_find((uintptr_t)data)) == NULL)
		return (CMD_RETURN_NORMAL);
	if (d->left)
		mcp_dialog_answer(d, MCP_DIALOG_BACK);
	else {
		if (!d->wary)
			mcp_typing_asked(d->client, &d->asked);
		d->wary = 1;
		mcp_dialog_again(d);
	}
	return (CMD_RETURN_NORMAL);
}

/* The menu has been closed. The item that was chosen is next in the queue. */
static enum cmd_retval
mcp_dialog_closing(struct cmdq_item *item, void *data)
{
	struct mcp_dialog	*d;

	if ((d = mcp_dialog_find((uintptr_t)data)) != NULL) {
		d->keys = NULL;
		cmdq_append(cmdq_get_client(item),
		    cmdq_get_callback(mcp_dialog_closed, data));
	}
	return (CMD_RETURN_NORMAL);
}

/* A key for a menu of ours, or for the prompt beside it. */
static int
mcp_dialog_key(struct client *c, void *data, struct key_event *event)
{
	struct mcp_dialog	*d;
	key_code		 key = event->key & ~KEYC_MASK_FLAGS;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->client == c && d->keys != NULL)
			break;
	}
	if (d == NULL)
		return (1);
	/* What was typed for a pane goes there, and this comes back later. */
	if (d->unasked && mcp_dialog_deaf(d)) {
		d->wary = 1;
		timerclear(&d->asked);
		return (2);
	}
	if (d->kind == MCP_DIALOG_MENU) {
		if (d->strict && (key == 'q' || key == '\003' ||
		    key == '\007' || key == ('c'|KEYC_CTRL) ||
		    key == ('g'|KEYC_CTRL)))
			return (0);
		d->left = d->keys(c, data, event);
		return (d->left);
	}
	if (key == KEYC_NPAGE || key == KEYC_PPAGE) {
		mcp_menu_turn(d->menu, key == KEYC_NPAGE);
		mcp_dialog_close(d);
		return (0);
	}
	/* It may be the last key, and the dialog no more. */
	return (mcp_dialog_type(c, event->key));
}

#ifndef MCP_COMPAT_3_7
/* Draw the menu, which is not to be drawn around itself. */
static void
mcp_dialog_draw(struct client *c, void *data, struct screen_redraw_ctx *ctx)
{
	struct mcp_dialog	*d;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->client == c && d->keys != NULL)
			break;
	}
	if (d == NULL)
		return;
	c->overlay_check = NULL;
	d->draw(c, data, ctx);
	c->overlay_check = menu_check_cb;
}

/* Have panes drawn around the menu that is open, as tmux does for popups. */
static void
mcp_dialog_thaw(struct mcp_dialog *d)
{
	struct client	*c = d->client;

	d->draw = c->overlay_draw;
	c->overlay_draw = mcp_dialog_draw;
	c->overlay_check = menu_check_cb;
	c->tty.flags &= ~TTY_FREEZE;
}
#else
#define mcp_dialog_thaw(d) ((void)0)
#endif

/*
 * Open the present page of the menu, if it is still wanted, in the place of the
 * command that is running.
 */
static enum cmd_retval
mcp_dialog_open(struct mcp_dialog *d, struct cmdq_item *item)
{
	struct client	*c = d->client;
	struct cmd_list	*cmdlist;
	enum cmd_retval	 retval;
	void		*data = (void *)(uintptr_t)d->number;
	int		 is_note = (d->kind == MCP_DIALOG_PROMPT);

	if (!mcp_client_shows(c) || c->overlay_draw != NULL ||
	    (!is_note && mcp_dialog_has_prompt(c))) {
		mcp_dialog_again(d);
		return (CMD_RETURN_NORMAL);
	}
	cmdlist = mcp_menu_build(d->menu, c, d->number, mcp_dialog_width(d),
	    is_note);
	if (cmdlist != NULL) {
		retval = cmd_display_menu_entry.exec(cmd_list_first(cmdlist),
		    item);
		cmd_list_free(cmdlist);
		if (retval == CMD_RETURN_WAIT) {
			d->left = 0;
			d->opened = 1;
			d->keys = c->overlay_key;
			c->overlay_key = mcp_dialog_key;
			/* Close it: since 3.6 it moves, over its prompt. */
			c->overlay_resize = NULL;
			mcp_dialog_thaw(d);
			mcp_dialog_drawn(d);
			if (!is_note)
				mcp_menu_move(d->menu, c, d->keys);
			cmdq_insert_after(item,
			    cmdq_get_callback(mcp_dialog_closing, data));
			return (CMD_RETURN_WAIT);
		}
	}
	/* What a small terminal has closed waits for a larger one. */
	if (d->opened && !is_note) {
		d->number = 0;
		d->shown = 0;
		mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
	} else if (!is_note) {
		d->unfit = 1;
		mcp_dialog_answer(d, MCP_DIALOG_BACK);
		if (mcp_client_shows(c) && !mcp_dialog_busy(c))
			mcp_client_message(c, "The terminal is too small");
	}
	return (CMD_RETURN_NORMAL);
}

/* What mcp-menu -r is for: open menu number, or number:choice was chosen. */
enum cmd_retval
mcp_dialog_run(struct cmdq_item *item, const char *s)
{
	struct mcp_dialog	*d;
	const char		*errstr;
	char			*copy, *next;
	u_int			 number;
	int			 choice;

	next = copy = xstrdup(s);
	number = strtonum(strsep(&next, ":"), 1, UINT_MAX, &errstr);
	if (errstr != NULL || (d = mcp_dialog_find(number)) == NULL ||
	    d->client != cmdq_get_client(item))
		goto out;
	if (next == NULL) {
		free(copy);
		return (mcp_dialog_open(d, item));
	}
	if (d->kind != MCP_DIALOG_MENU)
		goto out;
	if (strcmp(next, "n") == 0 || strcmp(next, "p") == 0) {
		mcp_menu_turn(d->menu, *next == 'n');
		mcp_dialog_again(d);
		goto out;
	}
	/* Only what the menu has, whoever wrote the command. */
	choice = strtonum(next, INT_MIN, INT_MAX, &errstr);
	if (errstr == NULL && mcp_menu_has(d->menu, choice))
		mcp_dialog_answer(d, choice);

out:
	free(copy);
	return (CMD_RETURN_NORMAL);
}

/* Something was typed, or Escape. A new prompt may take the place of this. */
static MCP_DIALOG_PROMPT_RESULT
mcp_dialog_input(__unused struct client *c, void *data, const char *s,
    MCP_DIALOG_PROMPT_DONE done)
{
	struct mcp_dialog	*d;

	if ((d = mcp_dialog_find((uintptr_t)data)) == NULL)
		return (MCP_DIALOG_PROMPT_CLOSE);
	if (s != NULL && !mcp_prompt_take(d->prompt, d->client, &s,
	    mcp_dialog_is_last(done)))
		return (MCP_DIALOG_PROMPT_KEEP);
	d->number = 0;
	d->shown = 0;
	mcp_dialog_close(d);
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

	if ((d = mcp_dialog_find((uintptr_t)data)) == NULL ||
	    d->kind != MCP_DIALOG_PROMPT)
		return;
	mcp_dialog_close(d);
	d->number = 0;
	d->shown = 0;
	if (!d->wary)
		mcp_typing_asked(d->client, &d->asked);
	d->wary = 1;
	mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
}

/* Show the menu or prompt, or wait until the client is free. */
static void
mcp_dialog_show(struct mcp_dialog *d)
{
	struct client	*c = d->client;
	int		 wait, flags = MCP_DIALOG_PROMPT_FLAGS;

	if (d->covered)
		return;
	if (d->wary && (wait = mcp_typing(c, &d->asked)) != 0) {
		mcp_timer_add(&d->timer, wait);
		return;
	}
	if (!mcp_client_shows(c) || c->overlay_draw != NULL ||
	    (mcp_dialog_has_prompt(c) && !mcp_dialog_answering)) {
		mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
		return;
	}

	d->number = mcp_dialog_next++;
	d->shown = 1;
	if (d->kind == MCP_DIALOG_MENU) {
		mcp_menu_append(d->client, d->number);
		return;
	}
	/* The one before may be in the middle of being answered. */
	mcp_prompt_end(d->prompt);
	d->prompt = mcp_prompt_create(c, d->message, d->masked);
	if (d->masked)
		flags |= PROMPT_INCREMENTAL;
	mcp_dialog_prompted = 1;
	status_prompt_set(c, NULL, mcp_prompt_label(d->prompt), d->input,
	    mcp_dialog_input, mcp_dialog_unprompt,
	    (void *)(uintptr_t)d->number, flags, PROMPT_TYPE_SEARCH);
	mcp_client_thaw(c);
	mcp_dialog_drawn(d);
	mcp_menu_append(d->client, d->number);
}
