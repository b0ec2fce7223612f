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

#ifndef MCP_H
#define MCP_H

#include <tmcp.h>

#include "mcp-compat.h"

/*
 * What the files of the MCP client share. The core (tmcp_*) is a library that
 * never blocks; everything here runs in the server's only thread and must not
 * either.
 */

/*
 * Paste buffer that gets what does not fit where it was meant to go, or another
 * with this and a number as its name, of at most so many bytes.
 */
#define MCP_BUFFER "mcp"
#define MCP_BUFFER_NAME_BYTES 32

/* Exit status of a shell client. */
#define MCP_EXIT_ERROR 1
#define MCP_EXIT_TRANSPORT 2
#define MCP_EXIT_TIMEOUT 124

/*
 * Text that may be large: of size bytes, shared by all who keep it. Own is not
 * NULL if it is our own, which can be changed by who made it.
 */
struct mcp_bytes {
	u_int			 references;
	const char		*text;
	size_t			 size;

	char			*own;
	size_t			 space;
	char			*string;
	struct tmcp_event	*event;
	struct mcp_bytes	*of;
};
typedef int (*mcp_work_cb)(void *);
typedef void (*mcp_done_cb)(void *);
typedef void (*mcp_extract_cb)(void *, struct mcp_bytes *);

/* mcp-bytes.c */
struct mcp_bytes *mcp_bytes_create(void);
void		 mcp_bytes_add(struct mcp_bytes *, const char *, size_t);
int		 mcp_bytes_add_lines(struct mcp_bytes *, struct mcp_bytes *,
		     size_t *, size_t *);
void printflike(2, 3) mcp_bytes_printf(struct mcp_bytes *, const char *, ...);
struct mcp_bytes *mcp_bytes_copy(const char *, size_t);
struct mcp_bytes *mcp_bytes_event(struct tmcp_event *);
void		 mcp_bytes_string(char *, mcp_extract_cb, void *);
struct mcp_bytes *mcp_bytes_part(struct mcp_bytes *, const char *, size_t);
struct mcp_bytes *mcp_bytes_ref(struct mcp_bytes *);
void		 mcp_bytes_unref(struct mcp_bytes *);

/* mcp-client.c */
int		 mcp_client_runs(struct client *);
int		 mcp_client_shows(struct client *);
struct window_pane *mcp_client_pane(struct client *);
void		 mcp_client_thaw(struct client *);
void		 mcp_client_message(struct client *, const char *);
int		 mcp_client_delay(struct client *);
int		 mcp_client_readonly(struct cmdq_item *);
char		*mcp_client_directory(struct cmdq_item *);

/* mcp-columns.c */
void		 mcp_columns_print(struct evbuffer *, char *);

/* mcp-compat.c */
#ifndef MCP_COMPAT_3_8
int		 mcp_compat_menu(struct menu *, int, int, u_int, u_int,
		     struct client *, menu_choice_cb, void *);
#endif

/* mcp-core.c */
void		 mcp_pairs_free(struct tmcp_pair *, size_t);
int32_t		 mcp_core_start(const struct tmcp_options *,
		     void (*)(int, short, void *));
void		 mcp_core_stop(void);
void		 mcp_core_fail(void);
int		 mcp_core_is_open(void);
struct tmcp_client *mcp_core_get(void);
int		 mcp_core_work(void);
void		 mcp_core_wait(int);
void		 mcp_changed(void);
void		 mcp_timer_add(struct event *, int);
uint64_t	 mcp_now(void);
int		 mcp_cancel(uint64_t);
void		 mcp_event_take(struct tmcp_event *);
int		 mcp_event_is_taken(struct tmcp_event *);

/* mcp-follow.c */
void		 mcp_follow_add(char *);
void		 mcp_follow_last(struct evbuffer *, u_int);
int		 mcp_follow_start(struct client *, struct cmdq_item *, u_int);
void		 mcp_follow_stop(struct client *);

/* mcp-hidden.c */
char		*mcp_hidden_escape(char *, int, int);

/* mcp-log.c */
void		 mcp_log(void *, uint32_t, const char *);
void		 mcp_log_add(uint32_t, const char *);
uint32_t	 mcp_log_level(void);
void printflike(1, 2) mcp_message_add(const char *, ...);
void		 mcp_log_set_file(const char *);

/* mcp-outcome.c */
int		 mcp_retval(int32_t);
char		*mcp_strerror(int32_t);
int32_t		 mcp_event_result(struct tmcp_event *);
const char	*mcp_event_text(struct tmcp_event *, size_t *);
void		 mcp_set_absent(int32_t, const char *);

/* mcp-say.c */
int		 mcp_say_is_guard(const char *);
struct mcp_bytes *mcp_say_unguard(struct mcp_bytes *);
void printflike(2, 3) mcp_error(struct cmdq_item *, const char *, ...);
void		 mcp_print(struct cmdq_item *, const char *);

/* mcp-sgr.c */
size_t		 mcp_sgr_size(const char *, size_t);
size_t		 mcp_sgr_cut(const char *, size_t, size_t);
size_t		 mcp_sgr_strip(char *, const char *, size_t);
size_t		 mcp_sgr_row(const char *, u_int);

/* mcp-text.c */
char		*mcp_text_vis(const char *, size_t, size_t *);
char		*mcp_text_raw(const char *, size_t, size_t *);
char		*mcp_text_vis_json(const char *, size_t, int);
size_t		 mcp_text_cut(const char *, size_t, size_t);
char		*mcp_text_untab(const char *);
char		*mcp_text_line(const char *);
char		*mcp_text_fit(const char *, u_int);
char		*mcp_text_label(const char *, u_int, int);
char		*mcp_text_utf8(const char *, size_t);
char		*mcp_text_json(const char *, size_t);

/* mcp-typing.c */
void		 mcp_typing_note(struct client *);
int		 mcp_typing(struct client *, const struct timeval *);
void		 mcp_typing_client_lost(struct client *);
void		 mcp_typing_asked(struct client *, struct timeval *);
int		 mcp_typing_is_soon(struct client *, const struct timeval *);
int		 mcp_typing_reaches(struct client *, struct window_pane *);
const struct window_mode *mcp_typing_mode(struct window_pane *);
int		 mcp_typing_pane(struct window_pane *, struct client *,
		     const struct timeval *);

/* mcp-work.c */
void		 mcp_work_add(mcp_work_cb, void *);
void		 mcp_work_start(mcp_work_cb, void *);
void		 mcp_work_stop(void);

#endif /* MCP_H */
