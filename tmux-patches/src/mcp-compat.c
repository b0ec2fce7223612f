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

#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * What takes more than a macro to be the same in every tmux: see mcp-compat.h.
 */

#ifndef MCP_COMPAT_3_8
#ifdef MCP_COMPAT_3_7
#define mcp_compat_menu_draw menu_draw_cb
#else
/* Draw a menu, which is not to be drawn around itself. */
static void
mcp_compat_menu_draw(struct client *c, void *data,
    struct screen_redraw_ctx *rctx)
{
	c->overlay_check = NULL;
	menu_draw_cb(c, data, rctx);
	c->overlay_check = menu_check_cb;
}
#endif

#ifdef MCP_COMPAT_3_4
#define mcp_compat_prepare(menu, flags, first, x, y, c, cb, data)	\
	menu_prepare(menu, flags, first, NULL, x, y, c,			\
	    BOX_LINES_DEFAULT, NULL, NULL, NULL, NULL, cb, data)
#define mcp_compat_menu_move(menu, first, c) ((void)0)
#else
#define mcp_compat_prepare(menu, flags, first, x, y, c, cb, data)	\
	menu_prepare(menu, flags, NULL, x, y, c, NULL, cb, data)

/* Move the cursor of a menu, which is on the first item, to another. */
static void
mcp_compat_menu_move(struct menu *menu, int first, struct client *c)
{
	struct key_event	 event;
	const char		*name;
	int			 i, is_first = 1;

	memset(&event, 0, sizeof event);
	event.key = KEYC_DOWN;
	for (i = 0; i <= first && i < (int)menu->count; i++) {
		name = menu->items[i].name;
		if (name == NULL || *name == '-')
			continue;
		if (!is_first)
			menu_key_cb(c, c->overlay_data, &event);
		is_first = 0;
	}
}
#endif

/*
 * Open a menu at a client with the cursor on an item, or the next that can be
 * chosen. Panes are drawn around it, as tmux does for popups, and a resize
 * closes it: since 3.6 it would move, over the prompt that it is beside.
 */
int
mcp_compat_menu(struct menu *menu, int flags, int first, u_int x, u_int y,
    struct client *c, menu_choice_cb cb, void *data)
{
	struct menu_data	*md;

	md = mcp_compat_prepare(menu, flags, first, x, y, c, cb, data);
	if (md == NULL)
		return (-1);
	server_client_set_overlay(c, 0, menu_check_cb, menu_mode_cb,
	    mcp_compat_menu_draw, menu_key_cb, menu_free_cb, NULL, md);
	mcp_compat_menu_move(menu, first, c);
	return (0);
}
#endif
