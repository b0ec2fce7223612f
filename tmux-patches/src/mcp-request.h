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

#ifndef MCP_REQUEST_H
#define MCP_REQUEST_H

/*
 * What the core was asked, and what came of it: requests, answers, tables,
 * the history.
 */

#include "mcp-output.h"

struct mcp_request;
typedef void (*mcp_request_cb)(struct tmcp_event *, void *);
typedef void (*mcp_free_cb)(void *);
typedef void (*mcp_prepare_cb)(struct mcp_request *, struct tmcp_event *,
		     int);
typedef void (*mcp_history_cb)(void);
struct mcp_run;
typedef void (*mcp_run_cb)(struct mcp_run *);

/* What is made of a large answer before it is given out: a set. */
#define MCP_WANT(want) (1U << (want))

/*
 * A call of a tool in the history. Arguments are JSON or pairs; the value of a
 * pair that was not kept is NULL, and unkept says why. Until it is known which
 * arguments are secret the call is unchecked and they are not shown.
 */
struct mcp_call {
	uint64_t		 id;
	char			*server;
	char			*tool;
	char			*who;
	int			 is_agent;

	char			*json;
	size_t			 json_size;
	struct tmcp_pair	*pairs;
	u_int			 npairs;
	size_t			 bytes;
	char			*unkept;
	int			 unchecked;

	int			 done;
	int32_t			 result;
	char			*error;
	time_t			 time;
	uint64_t		 elapsed_us;
	size_t			 size;

	TAILQ_ENTRY(mcp_call)	 entry;
	RB_ENTRY(mcp_call)	 id_entry;
};

/* mcp-history.c */
struct mcp_call	*mcp_history_next(struct mcp_call *);
struct mcp_call	*mcp_history_before(struct mcp_call *);
struct mcp_call	*mcp_history_find(uint64_t);
struct mcp_call	*mcp_history_last(const char *, const char *);
void		 mcp_history_forget_tools(const char *);
int		 mcp_history_check(struct mcp_call *);
void		 mcp_history_watch(mcp_history_cb);
void		 mcp_history_add(struct mcp_run *);
void		 mcp_history_add_agent(struct tmcp_event *);
void		 mcp_history_end(uint64_t, struct tmcp_event *);
void		 mcp_history_drop(uint64_t);
const char	*mcp_history_outcome(struct mcp_call *);
u_int		 mcp_history_limit(void);
char		*mcp_history_arguments(struct mcp_call *, int *);
void		 mcp_history_formats(struct mcp_call *, struct format_tree *);
void		 mcp_history_json(struct mcp_call *, struct mcp_bytes *);

/* mcp-login.c */
void		 mcp_login_start(struct mcp_output *, const char *, int);
void		 mcp_login_page(struct tmcp_event *);

/* mcp-making.c */
typedef void (*mcp_table_making_cb)(void *, struct tmcp_table *);
struct mcp_table_making;
struct mcp_table_making *mcp_table_make(struct tmcp_table *,
		     mcp_table_making_cb, void *);
void		 mcp_table_leave(struct mcp_table_making *);

/* mcp-prepare.c */
int		 mcp_prepare_start(struct mcp_request *, struct tmcp_event *,
		     u_int, const char *, int, mcp_prepare_cb);
int		 mcp_prepare_has(struct mcp_request *);
int		 mcp_prepare_drop(struct mcp_request *);
void		 mcp_prepare_forget(struct mcp_request *);
void		 mcp_prepare_stop(void);

/* mcp-print.c */
int		 mcp_print_timeout(struct args *, struct cmdq_item *, u_int *);
enum cmd_retval	 mcp_print_list(struct cmd *, struct cmdq_item *,
		     const char *, size_t, int);
void		 mcp_print_server(struct mcp_bytes *, const char *,
		     uint32_t, const char *, struct mcp_bytes *);

/* mcp-ready.c */
struct mcp_output *mcp_ready_output(struct cmd *, struct cmdq_item *);
enum cmd_retval	 mcp_ready_start(struct cmdq_item *, struct mcp_output *,
		     mcp_request_cb, mcp_free_cb, void *);

/* mcp-request.c */
struct mcp_request *mcp_request_add(struct mcp_output *, mcp_request_cb,
		     mcp_free_cb, void *);
void		 mcp_request_want(struct mcp_request *, u_int, u_int,
		     const char *);
u_int		 mcp_request_wants(struct mcp_request *, int, const char **);
struct mcp_request *mcp_request_find(uint64_t);
uint64_t	 mcp_request_id(struct mcp_request *);
const char	*mcp_request_who(uint64_t);
struct client	*mcp_request_viewer(struct mcp_request *, int *);
int		 mcp_request_nohooks(struct mcp_request *);
int		 mcp_request_state(struct mcp_request *,
		     struct cmd_find_state *);
int		 mcp_request_stop(uint64_t);
void		 mcp_request_drop(struct mcp_request *);
void		 mcp_request_started(struct mcp_request *, uint64_t);
void		 mcp_request_remove(struct mcp_request *);
void		 mcp_request_done(struct mcp_request *, struct tmcp_event *);
void		 mcp_request_client_lost(struct client *);
void		 mcp_request_fail_all(void);

/* mcp-running.c */
void		 mcp_running_add(struct client *, uint64_t, const char *);
void		 mcp_running_end(uint64_t);
void		 mcp_running_client_lost(struct client *);
char		*mcp_running_say(uint64_t);
int		 mcp_running_shows(struct client *);
char		*mcp_running_message(uint64_t);

/* mcp-table.c */
char		*mcp_figure(const char *);
const char	*mcp_table_who(const struct tmcp_table *, size_t);
char		*mcp_table_format(const char *);
int		 mcp_table_passes(struct format_tree *, const char *);
void		 mcp_table_print(struct evbuffer *, const struct tmcp_table *,
		     const char *, const char *, const char *);
void		 mcp_table_print_one(struct evbuffer *,
		     const struct tmcp_table *, size_t, const char *,
		     const char *);
char		*mcp_table_expand(struct format_tree *,
		     const struct tmcp_table *, size_t, const char *,
		     const char *);
void		 mcp_table_start(struct tmcp_table *, const char *,
		     const char *, const char *, mcp_extract_cb, void *);

#endif /* MCP_REQUEST_H */
