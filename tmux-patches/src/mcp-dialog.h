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

#ifndef MCP_DIALOG_H
#define MCP_DIALOG_H

/* A conversation with the person at an attached client: menus and prompts. */

#include "mcp.h"

struct mcp_request;
/*
 * A conversation with the person at an attached client: menus and prompts, one
 * at a time. A menu has lines to choose from, or only to read, in pages, and
 * actions at the end of each page.
 */
struct mcp_dialog;
struct mcp_menu;
struct mcp_prompt;
#define MCP_DIALOG_BACK -1	/* Escape */
#define MCP_DIALOG_TEXT -2	/* a line that can't be chosen */
#define MCP_DIALOG_MORE -3	/* the next page */
#define MCP_DIALOG_LESS -4	/* the page before */
typedef void (*mcp_dialog_menu_cb)(void *, int);
typedef void (*mcp_dialog_prompt_cb)(void *, const char *);
typedef void (*mcp_dialog_gone_cb)(void *);

/* mcp-dialog.c */
struct mcp_dialog *mcp_dialog_create(struct client *, mcp_dialog_gone_cb,
		     void *);
void		 mcp_dialog_free(struct mcp_dialog *);
void		 mcp_dialog_clear(struct mcp_dialog *, const char *);
void		 mcp_dialog_line(struct mcp_dialog *, int, const char *);
void		 mcp_dialog_wrap(struct mcp_dialog *, const char *);
void		 mcp_dialog_action(struct mcp_dialog *, int, char,
		     const char *);
void		 mcp_dialog_menu(struct mcp_dialog *, mcp_dialog_menu_cb,
		     void *);
void		 mcp_dialog_prompt(struct mcp_dialog *, const char *,
		     const char *, mcp_dialog_prompt_cb, void *);
void		 mcp_dialog_start(struct mcp_dialog *, int, int);
void		 mcp_dialog_mask(struct mcp_dialog *);
u_int		 mcp_dialog_width(struct mcp_dialog *);
u_int		 mcp_dialog_height(struct mcp_dialog *);
int		 mcp_dialog_busy(struct client *);
int		 mcp_dialog_take(struct client *, struct key_event *);
void		 mcp_dialog_strict(struct mcp_dialog *);
int		 mcp_dialog_unfit(struct mcp_dialog *);
void		 mcp_dialog_late(struct mcp_dialog *, const struct timeval *,
		     int);
void		 mcp_dialog_wary(struct mcp_dialog *);
void		 mcp_dialog_await(struct mcp_dialog *, struct mcp_request *);
struct mcp_dialog *mcp_dialog_awaiting(struct client *, struct mcp_request *);
void		 mcp_dialog_cover(struct mcp_dialog *, struct mcp_dialog *);
int		 mcp_dialog_used(struct mcp_dialog *);
void		 mcp_dialog_tell(struct client *, const char *, const char *);
void		 mcp_dialog_client_lost(struct client *);

/* mcp-menu.c */
struct mcp_menu	*mcp_menu_create(const char *);
void		 mcp_menu_free(struct mcp_menu *);
void		 mcp_menu_line(struct mcp_menu *, int, const char *);
void		 mcp_menu_wrap(struct mcp_menu *, const char *);
void		 mcp_menu_action(struct mcp_menu *, int, char, const char *);
int		 mcp_menu_turn(struct mcp_menu *, int);
void		 mcp_menu_start(struct mcp_menu *, int, int);
int		 mcp_menu_choice(struct mcp_menu *, u_int);
int		 mcp_menu_at(struct mcp_menu *, u_int, u_int);
int		 mcp_menu_has_key(struct mcp_menu *, key_code);
struct menu	*mcp_menu_show(struct mcp_menu *, struct client *, u_int, int,
		     menu_choice_cb);

/* mcp-prompt.c */
struct mcp_prompt *mcp_prompt_create(struct client *, const char *, int);
void		 mcp_prompt_free(struct mcp_prompt *);
void		 mcp_prompt_end(struct mcp_prompt *);
const char	*mcp_prompt_label(struct mcp_prompt *);
int		 mcp_prompt_take(struct mcp_prompt *, struct client *,
		     const char **, int);

#endif /* MCP_DIALOG_H */
