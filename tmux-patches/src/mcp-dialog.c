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
 * Conversations with the person at an attached client. Each prompt has a number
 * of its own, so that an answer to one that is no more is nothing but a number
 * nobody knows; a menu is known by its address, as tmux tells of its end before
 * it is freed.
 *
 * A menu may be closed by the person, or by a resize, a prompt or a popup. The
 * keys that leave a menu are taken before tmux has them, so what tmux closes
 * comes back. A prompt may have a note at its side: a menu of nothing but text,
 * whose keys go to the prompt.
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

	struct menu		*open;		/* the menu on the screen */
	u_int			 where;		/* see mcp_compat_menu_place */
	int			 is_chosen;	/* and nobody knows yet */
	int			 choice;
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

static u_int	mcp_dialog_next = 1;
static int	mcp_dialog_answering;
static int	mcp_dialog_prompted;

static void	mcp_dialog_again(struct mcp_dialog *);
static void	mcp_dialog_choose(struct mcp_dialog *);
static void	mcp_dialog_open(struct mcp_dialog *);
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

/* Close the menu, if it is open. */
static void
mcp_dialog_close(struct mcp_dialog *d)
{
	int	is_open = (d->open != NULL);

	d->open = NULL;
	if (is_open)
		mcp_compat_menu_close(d->client, d->where);
}

/* Take away what is on the screen. */
static void
mcp_dialog_hide(struct mcp_dialog *d)
{
	d->number = 0;
	d->is_chosen = 0;
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

	if (d->is_chosen)
		mcp_dialog_choose(d);
	else if (d->shown)
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
	return (mcp_dialog_has_prompt(c) || mcp_compat_covered(c));
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

/* Tell what was chosen, when nothing else is being done. */
static void
mcp_dialog_choose_soon(struct mcp_dialog *d, int choice)
{
	d->is_chosen = 1;
	d->choice = choice;
	mcp_timer_add(&d->timer, 0);
}

/* Tell what was chosen, or turn to another page. */
static void
mcp_dialog_choose(struct mcp_dialog *d)
{
	struct client	*c = d->client;
	int		 choice = d->choice, unfit = d->unfit;

	d->is_chosen = 0;
	evtimer_del(&d->timer);
	if (choice == MCP_DIALOG_MORE || choice == MCP_DIALOG_LESS) {
		mcp_menu_turn(d->menu, choice == MCP_DIALOG_MORE);
		mcp_dialog_again(d);
		return;
	}
	c->references++;
	mcp_dialog_answer(d, choice);
	if (unfit && mcp_client_shows(c) && !mcp_dialog_busy(c))
		mcp_client_message(c, "The terminal is too small");
	server_client_unref(c);
}

/* Show the menu or the note again, as something else has closed it. */
static void
mcp_dialog_again(struct mcp_dialog *d)
{
	if (d->kind == MCP_DIALOG_MENU) {
		d->number = 0;
		d->shown = 0;
		mcp_dialog_show(d);
	} else if (mcp_client_shows(d->client) &&
	    !mcp_compat_covered(d->client))
		mcp_dialog_open(d);
	else
		mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
}

/* If a dialog is what the keys of its client go to. */
static int
mcp_dialog_has_keys(struct mcp_dialog *d)
{
	if (d->open != NULL)
		return (1);
	return (d->kind == MCP_DIALOG_PROMPT && d->shown &&
	    !mcp_compat_covered(d->client) && mcp_dialog_has_prompt(d->client));
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

/* Turn to another page, if there is one. */
static int
mcp_dialog_turn(struct mcp_dialog *d, int forward)
{
	if (!mcp_menu_turn(d->menu, forward))
		return (0);
	mcp_dialog_close(d);
	mcp_dialog_again(d);
	return (1);
}

/* A button of the mouse was let go. */
static void
mcp_dialog_click(struct mcp_dialog *d, struct mouse_event *m)
{
	int	choice;

	if (d->kind != MCP_DIALOG_MENU || d->open == NULL ||
	    mcp_dialog_deaf(d) || MOUSE_WHEEL(m->b) || MOUSE_DRAG(m->b) ||
	    !MOUSE_RELEASE(m->b))
		return;
	choice = mcp_menu_at(d->menu, m->x, m->y);
	if (choice == MCP_DIALOG_TEXT)
		return;
	mcp_dialog_close(d);
	mcp_dialog_choose_soon(d, choice);
}

/* A key for the menu that is open. Returns 0 if it is one of tmux's. */
static int
mcp_dialog_menu_key(struct mcp_dialog *d, key_code key)
{
	if (key == KEYC_NPAGE || key == KEYC_PPAGE)
		return (mcp_dialog_turn(d, key == KEYC_NPAGE));
	if (key == 'q' && mcp_menu_has_key(d->menu, key))
		return (0);
	if (key != '\033' && key != 'q' && key != '\003' && key != '\007' &&
	    key != ('c'|KEYC_CTRL) && key != ('g'|KEYC_CTRL))
		return (0);
	if (key == '\033' || !d->strict) {
		mcp_dialog_close(d);
		mcp_dialog_answer(d, MCP_DIALOG_BACK);
	}
	return (1);
}

/* A key for the prompt beside a note. */
static void
mcp_dialog_note_key(struct mcp_dialog *d, struct key_event *event)
{
	key_code	key = event->key & ~KEYC_MASK_FLAGS;

	if (key == KEYC_NPAGE || key == KEYC_PPAGE)
		mcp_dialog_turn(d, key == KEYC_NPAGE);
	else
		mcp_compat_prompt_key(d->client, event);
}

/* What was typed for a pane goes there, and the dialog comes back later. */
static int
mcp_dialog_give_way(struct mcp_dialog *d)
{
	if (d->open != NULL) {
		d->wary = 1;
		timerclear(&d->asked);
		mcp_dialog_close(d);
		mcp_timer_add(&d->timer, 0);
	}
	return (0);
}

/* The dialog the keys of a client go to, once all that was chosen is told. */
static struct mcp_dialog *
mcp_dialog_of_keys(struct client *c)
{
	struct mcp_dialog	*d;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->client == c && d->is_chosen) {
			mcp_dialog_choose(d);
			break;
		}
	}
	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->client == c && mcp_dialog_has_keys(d))
			return (d);
	}
	return (NULL);
}

/*
 * A key of a client. Returns 1 if it is no key of tmux's menu or prompt: it
 * came too soon, is part of what is pasted into a menu, or has been heeded.
 */
int
mcp_dialog_take(struct client *c, struct key_event *event)
{
	struct mcp_dialog	*d;
	key_code		 key = event->key & KEYC_MASK_KEY;

	if ((d = mcp_dialog_of_keys(c)) == NULL)
		return (0);
	if (KEYC_IS_MOUSE(event->key)) {
		mcp_dialog_click(d, &event->m);
		return (1);
	}
	d->last = mcp_now();
	if (key == KEYC_PASTE_START || key == KEYC_PASTE_END) {
		d->pasting = (key == KEYC_PASTE_START);
		return (1);
	}
	if (mcp_dialog_deaf(d))
		return (d->unasked ? mcp_dialog_give_way(d) : 1);
	if (d->pasting && (d->kind == MCP_DIALOG_MENU || key < ' '))
		return (1);
	if (d->open == NULL)
		return (0);
	if (d->kind == MCP_DIALOG_MENU) {
		return (mcp_dialog_menu_key(d,
		    event->key & ~KEYC_MASK_FLAGS));
	}
	/* It may be the last key, and the dialog no more. */
	mcp_dialog_note_key(d, event);
	return (1);
}

/* An item of tmux's menu was chosen, or it was closed by something else. */
static void
mcp_dialog_chosen(struct menu *menu, u_int item, __unused key_code key,
    __unused void *data)
{
	struct mcp_dialog	*d;

	TAILQ_FOREACH(d, &mcp_dialogs, entry) {
		if (d->open == menu)
			break;
	}
	if (d == NULL)
		return;
	d->open = NULL;
	if (item != UINT_MAX) {
		mcp_dialog_choose_soon(d, mcp_menu_choice(d->menu, item));
		return;
	}
	if (!d->wary)
		mcp_typing_asked(d->client, &d->asked);
	d->wary = 1;
	mcp_timer_add(&d->timer, 0);
}

/* Open the present page of the menu. */
static void
mcp_dialog_open(struct mcp_dialog *d)
{
	struct client	*c = d->client;
	int		 is_note = (d->kind == MCP_DIALOG_PROMPT);

	d->open = mcp_menu_show(d->menu, c, mcp_dialog_width(d), is_note,
	    mcp_dialog_chosen);
	if (d->open != NULL) {
		d->where = mcp_compat_menu_place(c);
		d->opened = 1;
		mcp_dialog_drawn(d);
		return;
	}
	/* What a small terminal has closed waits for a larger one. */
	if (d->opened && !is_note) {
		d->number = 0;
		d->shown = 0;
		mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
	} else if (!is_note) {
		d->unfit = 1;
		mcp_dialog_choose_soon(d, MCP_DIALOG_BACK);
	}
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
	if (!mcp_client_shows(c) || mcp_compat_covered(c) ||
	    (mcp_dialog_has_prompt(c) && !mcp_dialog_answering)) {
		mcp_timer_add(&d->timer, MCP_DIALOG_WAIT_MS);
		return;
	}

	d->number = mcp_dialog_next++;
	d->shown = 1;
	if (d->kind == MCP_DIALOG_MENU) {
		mcp_dialog_open(d);
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
	mcp_dialog_open(d);
}
