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

/*
 * What the files of the MCP client share. The core (tmcp_*) is a library that
 * never blocks; everything here runs in the server's only thread and must not
 * either.
 */

/* A few names changed between the versions we build on. */
#ifdef JOB_SHOWSTDERR		/* since 3.6 */
#define mcp_message_set(c, s) status_message_set(c, -1, 1, 0, 0, "%s", s)
#else
#define mcp_message_set(c, s) status_message_set(c, -1, 1, 0, "%s", s)
#endif

/* Paste buffer that gets what does not fit where it was meant to go. */
#define MCP_BUFFER "mcp"

/* Exit status of a shell client. */
#define MCP_EXIT_ERROR 1
#define MCP_EXIT_TRANSPORT 2
#define MCP_EXIT_TIMEOUT 124

struct mcp_request;
typedef void (*mcp_request_cb)(struct tmcp_event *, void *);
typedef void (*mcp_free_cb)(void *);

/* Where the text of a result goes. */
enum mcp_sink {
	MCP_SINK_NONE,
	MCP_SINK_STDOUT,
	MCP_SINK_VIEW,
	MCP_SINK_BUFFER,
	MCP_SINK_POPUP
};

/*
 * Who is to see the result of a command. If item is not NULL it waits, and
 * client is its client; otherwise client is NULL. Viewer is the attached
 * client the result may be shown in, or the commands that follow run in. Both
 * may be dead by the time the result is there.
 */
struct mcp_output {
	struct cmdq_item	*item;
	struct client		*client;
	struct client		*viewer;
	int			 wp_id;
	int			 state_flags;

	char			*title;
	enum mcp_sink		 sink;
	char			*buffer;

	char			*text;
	size_t			 size;
	size_t			 off;
	char			*error;
	int			 retval;
	struct event		 timer;
};

/* The largest file of arguments. */
#define MCP_ARGS_FILE_BYTES (16 * 1024 * 1024)

/* Arguments of a tool: JSON or pairs; and commands that follow the call. */
struct mcp_args {
	char			*json;
	size_t			 json_size;
	struct tmcp_pair	*pairs;
	u_int			 npairs;
	struct cmd_list		*cmdlist;
};

/* mcp.c */
struct tmcp_client *mcp_get(struct cmdq_item *);
void		 mcp_changed(void);
void		 mcp_timer_add(struct event *, int);
int		 mcp_retval(int32_t);
char		*mcp_strerror(int32_t);
int32_t		 mcp_event_result(struct tmcp_event *);
const char	*mcp_event_text(struct tmcp_event *, size_t *);
int		 mcp_cancel(uint64_t);

/* mcp-args.c */
char		*mcp_args_expand(struct args *, struct cmdq_item *,
		     const char *);
int		 mcp_args_parse(struct mcp_args *, struct args *, u_int,
		     struct cmdq_item *, char **);
int		 mcp_args_from_buffer(struct mcp_args *, const char *,
		     struct evbuffer *, char **);
void		 mcp_args_free(struct mcp_args *);

/* mcp-log.c */
void		 mcp_log(void *, uint32_t, const char *);
uint32_t	 mcp_log_level(const char *);
void		 mcp_log_set_file(const char *);

/* mcp-options.c */
void		 mcp_options_sync(struct tmcp_client *);
void		 mcp_options_unknown(struct evbuffer *);
const char *const *mcp_environ_build(void);
void		 mcp_environ_sync(struct tmcp_client *);

/* mcp-output.c */
struct mcp_output *mcp_output_create(struct cmd *, struct cmdq_item *,
		     const char *, char **);
void		 mcp_output_finish(struct mcp_output *, int, const char *,
		     size_t, const char *);
void		 mcp_output_free(struct mcp_output *);
enum cmd_retval	 mcp_output_now(struct cmdq_item *, int, const char *,
		     size_t);

/* mcp-request.c */
struct mcp_request *mcp_request_add(struct client *, mcp_request_cb,
		     mcp_free_cb, void *);
void		 mcp_request_started(struct mcp_request *, uint64_t);
void		 mcp_request_wait_reload(struct mcp_request *);
void		 mcp_request_remove(struct mcp_request *);
void		 mcp_request_done(struct mcp_request *, struct tmcp_event *);
void		 mcp_request_reloaded(struct tmcp_event *);
void		 mcp_request_fail_all(void);

/* mcp-show.c */
int		 mcp_show_queue(struct client *);
int		 mcp_show_alive(struct client *);
void		 mcp_show_paste(const char *, const char *, size_t);
char		*mcp_show_lines(const char *, size_t, size_t, u_int);
int		 mcp_show_view(struct mcp_output *, const char *, size_t);
int		 mcp_show_popup(struct mcp_output *, const char *, size_t);

/* mcp-text.c */
char		*mcp_text_vis(const char *, size_t, size_t *);
size_t		 mcp_text_cut(const char *, size_t, size_t);
char		*mcp_text_untab(const char *);

#endif /* MCP_H */
