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
#include "mcp-output.h"

/*
 * If somebody is in the middle of something, so that what comes by itself must
 * wait.
 */

/*
 * If a client is in the middle of something: a prompt, a menu or a popup, or in
 * its pane a mode, unless that is view mode or the mode it was asked in.
 */
int
mcp_occupied(struct client *c, struct window_pane *wp,
    const struct window_mode *asked)
{
	const struct window_mode	*mode = mcp_typing_mode(wp);

	if (mcp_dialog_busy(c))
		return (1);
	return (mode != NULL && mode != asked && mode != &window_view_mode);
}

/* The same for all clients whose keys a pane gets. */
int
mcp_occupied_pane(struct window_pane *wp,
    const struct window_mode *asked)
{
	struct client	*c;

	TAILQ_FOREACH(c, &clients, entry) {
		if (mcp_typing_reaches(c, wp) &&
		    mcp_occupied(c, wp, asked))
			return (1);
	}
	return (0);
}
