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
#include <sys/time.h>

#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * Whether somebody types. What comes by itself, and would get the keys, waits
 * until the hands rest.
 */

/* How long no key has come when the hands rest, in milliseconds. */
#define MCP_TYPING_MS 500

/* What comes so soon after a key is what the key asked for. */
#define MCP_TYPING_SOON_MS 300

/*
 * And if a key was the beginning of several. Not for ever: some have a table of
 * keys of their own all day.
 */
#define MCP_TYPING_TABLE_MS 5000

/*
 * When the last keys of a client came. For tmux a client is active only when a
 * key leaves its queue, so keys that a menu, a prompt or a popup takes, and
 * those that wait in the queue behind a command, are noted here.
 */
struct mcp_typing {
	struct client		*client;
	struct timeval		 taken;
	struct timeval		 queued;

	TAILQ_ENTRY(mcp_typing)	 entry;
};
static TAILQ_HEAD(, mcp_typing) mcp_typings =
    TAILQ_HEAD_INITIALIZER(mcp_typings);

/* The keys of a client. */
static struct mcp_typing *
mcp_typing_find(struct client *c)
{
	struct mcp_typing	*mt;

	TAILQ_FOREACH(mt, &mcp_typings, entry) {
		if (mt->client == c)
			return (mt);
	}
	return (NULL);
}

/* A client has gone. */
void
mcp_typing_client_lost(struct client *c)
{
	struct mcp_typing	*mt;

	if ((mt = mcp_typing_find(c)) != NULL) {
		TAILQ_REMOVE(&mcp_typings, mt, entry);
		free(mt);
	}
}

/* Note a key of a client. */
void
mcp_typing_note(struct client *c)
{
	struct mcp_typing	*mt;

	if ((mt = mcp_typing_find(c)) == NULL) {
		mt = xcalloc(1, sizeof *mt);
		mt->client = c;
		TAILQ_INSERT_TAIL(&mcp_typings, mt, entry);
	}
	if (mcp_compat_covered(c) || mcp_dialog_has_prompt(c))
		gettimeofday(&mt->taken, NULL);
	else
		gettimeofday(&mt->queued, NULL);
}

/*
 * When the key came that has asked for what a client does now: one that a menu
 * or a prompt took, or one that a binding has.
 */
void
mcp_typing_asked(struct client *c, struct timeval *tv)
{
	struct mcp_typing	*mt;

	*tv = c->activity_time;
	if ((mt = mcp_typing_find(c)) != NULL && timercmp(&mt->taken, tv, >))
		*tv = mt->taken;
}

/* When the last key of a client came. */
static void
mcp_typing_last(struct client *c, struct timeval *tv)
{
	struct mcp_typing	*mt;

	mcp_typing_asked(c, tv);
	if ((mt = mcp_typing_find(c)) != NULL && timercmp(&mt->queued, tv, >))
		*tv = mt->queued;
}

/* Milliseconds from one time to another. */
static long long
mcp_typing_between(const struct timeval *from, const struct timeval *to)
{
	return ((long long)(to->tv_sec - from->tv_sec) * 1000 +
	    (to->tv_usec - from->tv_usec) / 1000);
}

/*
 * How many milliseconds to wait until the hands at a client rest, 0 if they do.
 * A key that is as old as asked, which may be NULL, is the one that asked for
 * what comes now.
 */
int
mcp_typing(struct client *c, const struct timeval *asked)
{
	struct timeval	 tv, last;
	long long	 since;

	if (!mcp_client_shows(c) || (c->flags & CLIENT_READONLY))
		return (0);
	if (c->tty.mouse_drag_flag != 0)
		return (MCP_TYPING_MS);
	mcp_typing_last(c, &last);
	if (asked != NULL && timercmp(&last, asked, ==))
		return (0);
	gettimeofday(&tv, NULL);
	since = mcp_typing_between(&last, &tv);
	if (since < 0)
		return (0);
	if (since < MCP_TYPING_MS)
		return (MCP_TYPING_MS - since);
	if (since < MCP_TYPING_TABLE_MS && strcmp(c->keytable->name,
	    server_client_get_key_table(c)) != 0)
		return (MCP_TYPING_MS);
	return (0);
}

/* If what comes now follows at once on the key that asked, the last one. */
int
mcp_typing_is_soon(struct client *c, const struct timeval *asked)
{
	struct timeval	 tv, last;

	mcp_typing_last(c, &last);
	gettimeofday(&tv, NULL);
	return (timercmp(&last, asked, ==) &&
	    mcp_typing_between(asked, &tv) < MCP_TYPING_SOON_MS);
}

/* If the keys of a client go to a pane, its own or one that is synchronized. */
int
mcp_typing_reaches(struct client *c, struct window_pane *wp)
{
	struct window_pane	*own;

	if (!mcp_client_shows(c) || (c->flags & CLIENT_READONLY) ||
	    (own = mcp_client_pane(c)) == NULL)
		return (0);
	if (own == wp)
		return (1);
	return (own->window == wp->window && mcp_compat_pane_visible(wp) &&
	    options_get_number(own->options, "synchronize-panes") &&
	    options_get_number(wp->options, "synchronize-panes"));
}

/* The mode that a pane is in, or NULL. */
const struct window_mode *
mcp_typing_mode(struct window_pane *wp)
{
	struct window_mode_entry	*wme;

	if (wp == NULL || (wme = TAILQ_FIRST(&wp->modes)) == NULL)
		return (NULL);
	return (wme->mode);
}

/* How long to wait for the hands of all clients whose keys a pane gets. */
int
mcp_typing_pane(struct window_pane *wp, struct client *asker,
    const struct timeval *asked)
{
	struct client	*c;
	int		 wait, most = 0;

	TAILQ_FOREACH(c, &clients, entry) {
		if (!mcp_typing_reaches(c, wp))
			continue;
		wait = mcp_typing(c, c == asker ? asked : NULL);
		if (wait > most)
			most = wait;
	}
	return (most);
}
