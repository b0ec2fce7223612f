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

#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * Whether somebody types. What comes by itself, and would get the keys, waits
 * until the hands rest.
 */

/* How long no key has come when the hands rest, in milliseconds. */
#define MCP_TYPING_MS 500

/*
 * And if a key was the beginning of several. Not for ever: some have a table of
 * keys of their own all day.
 */
#define MCP_TYPING_TABLE_MS 5000

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
	struct timeval	 tv;
	long long	 since;

	if (!mcp_show_alive(c) || (c->flags & CLIENT_READONLY))
		return (0);
	if (c->tty.mouse_drag_flag != 0)
		return (MCP_TYPING_MS);
	if (asked != NULL && timercmp(&c->activity_time, asked, ==))
		return (0);
	gettimeofday(&tv, NULL);
	since = mcp_typing_between(&c->activity_time, &tv);
	if (since < 0)
		return (0);
	if (since < MCP_TYPING_MS)
		return (MCP_TYPING_MS - since);
	if (since < MCP_TYPING_TABLE_MS && strcmp(c->keytable->name,
	    server_client_get_key_table(c)) != 0)
		return (MCP_TYPING_MS);
	return (0);
}

/* The same for all clients whose keys a pane gets. */
int
mcp_typing_pane(struct window_pane *wp, struct client *asker,
    const struct timeval *asked)
{
	struct client	*c;
	int		 wait, most = 0;

	TAILQ_FOREACH(c, &clients, entry) {
		if (!mcp_show_alive(c) || mcp_show_pane_of(c) != wp)
			continue;
		wait = mcp_typing(c, c == asker ? asked : NULL);
		if (wait > most)
			most = wait;
	}
	return (most);
}
