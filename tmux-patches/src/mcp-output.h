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

#ifndef MCP_OUTPUT_H
#define MCP_OUTPUT_H

/* Where a result goes, and how it is shown there. */

#include "mcp.h"

/* Where the text of a result goes. */
enum mcp_sink {
	MCP_SINK_NONE,
	MCP_SINK_STDOUT,
	MCP_SINK_VIEW,
	MCP_SINK_BUFFER,
	MCP_SINK_POPUP,
	MCP_SINK_PANE,
	MCP_SINK_MESSAGE,
	MCP_SINK_WINDOW
};

struct mcp_output;
typedef void (*mcp_shown_cb)(struct mcp_output *, int);

/*
 * Who is to see the result of a command. If item is not NULL it waits, and
 * client is its client; otherwise client is NULL. Viewer is the attached
 * client the result may be shown in, or the commands that follow run in. Both
 * may be dead by the time the result is there. Asked is when its last key came
 * before that, which asked for the result.
 */
struct mcp_output {
	struct cmdq_item	*item;
	struct client		*client;
	struct client		*viewer;
	struct timeval		 asked;
	const struct window_mode *mode;	/* of the pane, when it was asked */
	int			 wp_id;
	int			 state_flags;
	int			 session;	/* asked in this one, or -1 */
	int			 pane;

	char			*title;
	char			*who;
	enum mcp_sink		 sink;
	int			 keep;	/* what view mode shows */
	uint64_t		 made;	/* when, by mcp_now */
	uint64_t		 given;	/* when the result was there */
	char			*buffer;
	u_int			 slot;	/* of the usual buffer, or 0 */

	struct mcp_bytes	*bytes;
	size_t			 off;
	int			 raw;	/* not a list but what a server made */
	int			 json;	/* and it is JSON */
	mcp_shown_cb		 shown;		/* with -1: nowhere to */
	mcp_done_cb		 part_cb;	/* more parts follow */
	void			*part_data;
	char			*error;
	int			 retval;
};

/* mcp-extract.c */
void		 mcp_extract_start(struct mcp_bytes *, size_t, u_int, int,
		     int, mcp_extract_cb, void *);

/* mcp-key.c */
const char	*mcp_key_output(struct cmd *, struct cmdq_item *);

/* mcp-occupied.c */
int		 mcp_occupied(struct client *, struct window_pane *,
		     const struct window_mode *);
int		 mcp_occupied_pane(struct window_pane *,
		     const struct window_mode *);

/* mcp-output.c */
struct mcp_output *mcp_output_create(struct cmd *, struct cmdq_item *,
		     const char *, char **);
struct mcp_output *mcp_output_create_client(struct client *, const char *);
void		 mcp_output_give(struct mcp_output *, int, struct mcp_bytes *,
		     int);
void		 mcp_output_finish(struct mcp_output *, int, const char *,
		     size_t, const char *);
int		 mcp_output_has_parts(struct mcp_output *);
void		 mcp_output_part(struct mcp_output *, struct mcp_bytes *,
		     mcp_done_cb, void *);
void		 mcp_output_free(struct mcp_output *);
enum cmd_retval	 mcp_output_now(struct cmdq_item *, int, const char *,
		     size_t);

/* mcp-pager.c */
void		 mcp_pager_show(struct mcp_output *, struct mcp_bytes *);
void		 mcp_pager_key(struct client *);
void		 mcp_pager_client_lost(struct client *);

/* mcp-paste.c */
void		 mcp_paste_spare(char *, size_t);
size_t		 mcp_paste_size(const char *);
void		 mcp_paste_set(const char *, struct mcp_bytes *, mcp_done_cb,
		     void *);
void		 mcp_paste_set_coloured(const char *, struct mcp_bytes *,
		     mcp_done_cb, void *);

/* mcp-show.c */
void		 mcp_show(struct mcp_output *);

/* mcp-sink.c */
void		 mcp_sink_release(struct mcp_output *);
int		 mcp_sink_is_taken(u_int);
int		 mcp_sink_refuses(struct cmdq_item *, const char *, int);
int		 mcp_sink_parse(struct mcp_output *, const char *, int,
		     char **);

/* mcp-view.c */
void		 mcp_view_fit(struct window_pane *);
int		 mcp_view_show(struct mcp_output *, struct mcp_bytes *);
struct window_pane *mcp_view_pane(struct mcp_output *);
void		 mcp_view_key(struct client *);

#endif /* MCP_OUTPUT_H */
