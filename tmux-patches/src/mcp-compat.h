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

#ifndef MCP_COMPAT_H
#define MCP_COMPAT_H

/*
 * What is not the same in every tmux from 3.3a on. A version is recognised by a
 * macro of tmux.h that it brought.
 */
#ifdef TERM_SIXEL
#define MCP_COMPAT_3_4
#endif
#ifdef JOB_SHOWSTDERR
#define MCP_COMPAT_3_6
#endif
#ifdef PROMPT_NOFREEZE
#define MCP_COMPAT_3_7
#endif
#ifdef CLIENT_WRITE_ACK
#define MCP_COMPAT_3_8
#endif

/* Messages take another argument: whether panes go on being drawn. */
#ifdef MCP_COMPAT_3_6
#define mcp_compat_message(c, delay, s) \
	status_message_set(c, delay, 1, 0, 0, "%s", s)
#define mcp_compat_note(c, s) status_message_set(c, 0, 1, 0, 1, "%s", s)
#else
#define mcp_compat_message(c, delay, s) \
	status_message_set(c, delay, 1, 0, "%s", s)
#define mcp_compat_note(c, s) do {					\
	status_message_set(c, 0, 1, 0, "%s", s);			\
	(c)->tty.flags &= ~(TTY_NOCURSOR|TTY_FREEZE);			\
} while (0)
#endif

/* Panes are drawn while a prompt is open: before, see mcp_client_thaw. */
#ifdef MCP_COMPAT_3_7
#define MCP_DIALOG_PROMPT_FLAGS (PROMPT_NOFORMAT|PROMPT_NOFREEZE)
#else
#define MCP_DIALOG_PROMPT_FLAGS PROMPT_NOFORMAT
#endif

/* Prompts are of their own kind, and modes know the command that began them. */
#ifdef MCP_COMPAT_3_8
#define MCP_DIALOG_PROMPT_RESULT enum prompt_result
#define MCP_DIALOG_PROMPT_DONE enum prompt_key_result
#define MCP_DIALOG_PROMPT_KEEP PROMPT_CONTINUE
#define MCP_DIALOG_PROMPT_CLOSE PROMPT_CLOSE
#define mcp_dialog_is_last(done) ((done) == PROMPT_KEY_CLOSE)
#define mcp_dialog_has_prompt(c) ((c)->prompt != NULL)
#define mcp_compat_prompt_key(c, event) \
	((void)status_prompt_key(c, (event)->key, &(event)->m))
#define mcp_compat_pane_of(c) ((c)->session->curw->window->active)
#define mcp_compat_pane_visible(wp) window_pane_is_visible(wp)
#define mcp_compat_set_mode(wp, item, mode, fs, args) \
	window_pane_set_mode(wp, NULL, mode, item, fs, args)
/* An editor is a pane over the others, and was a popup. */
#define mcp_compat_editor(c, buf, size, cb, arg) \
	(spawn_editor(c, buf, size, cb, arg) == NULL ? -1 : 0)
#define MCP_WINDOW_MODE_INIT(name)					\
	name(struct window_mode_entry *wme, __unused struct cmdq_item *item, \
	    __unused struct cmd_find_state *fs, struct args *args)
#else
#define MCP_DIALOG_PROMPT_RESULT int
#define MCP_DIALOG_PROMPT_DONE int
#define MCP_DIALOG_PROMPT_KEEP 1
#define MCP_DIALOG_PROMPT_CLOSE 0
#define mcp_dialog_is_last(done) ((done) != 0)
#define mcp_dialog_has_prompt(c) ((c)->prompt_string != NULL)
#define mcp_compat_prompt_key(c, event) \
	((void)status_prompt_key(c, (event)->key))
#define mcp_compat_pane_of(c) server_client_get_pane(c)
#define mcp_compat_pane_visible(wp) window_pane_visible(wp)
#define mcp_compat_set_mode(wp, item, mode, fs, args) \
	window_pane_set_mode(wp, NULL, mode, fs, args)
#define mcp_compat_editor(c, buf, size, cb, arg) \
	popup_editor(c, buf, size, cb, arg)
#define MCP_WINDOW_MODE_INIT(name)					\
	name(struct window_mode_entry *wme,				\
	    __unused struct cmd_find_state *fs, struct args *args)
/* tmux's history of what was typed can be looked at. */
#define MCP_COMPAT_PROMPT_HISTORY
#endif

#define mcp_view_mode_set(wp) \
	mcp_compat_set_mode(wp, NULL, &window_view_mode, NULL, NULL)
/*
 * A menu belongs to a window, and did to a client. The place of one is what is
 * needed to close it.
 */
#ifdef MCP_COMPAT_3_8
#define mcp_compat_menu(menu, flags, first, x, y, c, cb, data)		\
	menu_display(menu, flags, first, NULL, x, y, c, BOX_LINES_DEFAULT, \
	    NULL, NULL, NULL, NULL, cb, data)
#define mcp_compat_menu_place(c) ((c)->session->curw->window->id)
#define mcp_compat_menu_close(c, place) do {				\
	struct window	*place_w = window_find_by_id(place);		\
	if (place_w != NULL)						\
		menu_close(place_w);					\
} while (0)
#define mcp_compat_covered(c) ((c)->overlay_draw != NULL ||		\
	((c)->session != NULL && (c)->session->curw->window->menu != NULL))
#else
#define mcp_compat_menu_place(c) 0
#define mcp_compat_menu_close(c, place) do {				\
	if (~(c)->flags & CLIENT_DEAD)					\
		server_client_clear_overlay(c);				\
} while (0)
#define mcp_compat_covered(c) ((c)->overlay_draw != NULL)
#endif

/* A title is told whether a program set it. */
#ifdef MCP_COMPAT_3_7
#define mcp_compat_title(s, title) ((void)screen_set_title(s, title, 0))
#else
#define mcp_compat_title(s, title) ((void)screen_set_title(s, title))
#endif

/* A search in a mode tree is told whether it heeds the case. */
#ifdef MCP_COMPAT_3_6
#define MCP_MODE_TREE_SEARCH_CB(name, modedata, itemdata, ss) \
	name(void *modedata, void *itemdata, const char *ss, __unused int icase)
#else
#define MCP_MODE_TREE_SEARCH_CB(name, modedata, itemdata, ss) \
	name(void *modedata, void *itemdata, const char *ss)
#endif

/* The order of the lines of a mode tree: see mcp-tree-order.c. */
#ifdef MCP_COMPAT_3_7
#define mcp_sort_criteria sort_criteria
#else
#define mcp_sort_criteria mode_tree_sort_criteria
#endif

/* mode_tree_down returns nothing before 3.4. */
#define mcp_mode_tree_down(mtd, wrap) ((void)mode_tree_down(mtd, wrap))

#endif /* MCP_COMPAT_H */
