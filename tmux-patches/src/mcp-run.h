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

#ifndef MCP_RUN_H
#define MCP_RUN_H

/* What commands ask of servers, with all that is to become of the answers. */

#include "mcp-request.h"

/* What of a result is shown. */
enum mcp_part {
	MCP_PART_TEXT,
	MCP_PART_JSON,
	MCP_PART_PRETTY,
	MCP_PART_POINTER
};

/* A file that is read in steps. */
struct mcp_file;
typedef void (*mcp_file_cb)(void *, const char *, struct mcp_bytes *,
		     const char *);

/* The largest file of arguments. */
#define MCP_ARGS_FILE_BYTES (16 * 1024 * 1024)

/* Arguments of a tool: JSON or pairs; and commands that follow the call. */
struct mcp_args {
	char			*json;
	size_t			 json_size;
	struct tmcp_pair	*pairs;
	u_int			 npairs;
	u_char			*sourced;	/* pairs from sources, or NULL */
	struct cmd_list		*cmdlist;

	int			 can_wait;
	struct mcp_args_file {
		struct mcp_file	*file;	/* NULL: it is being read */
		u_int		 pair;
	}			*files;
	u_int			 nfiles;
};

/*
 * Something asked of a server by a command. Start asks the core; table, if not
 * NULL, gets the rows that are shown of an answer that is no error; done, if
 * not NULL, gets the answer instead of whoever sees the result.
 *
 * Once it has been answered: the answer, what is shown of it, and what the
 * commands that follow are told if that is not the same.
 */
struct mcp_run {
	struct tmcp_client	*core;
	struct mcp_output	*out;
	struct cmdq_item	*read_item;
	struct mcp_args		 args;

	enum mcp_part		 part;
	char			*pointer;
	int			 is_tool;
	int			 is_exact;	/* the names are complete */
	int			 is_quiet;	/* nobody is told that it runs */
	char			*confirm;	/* ask first, about this; or NULL */
	int			 is_listed;	/* the tools were, for that */
	mcp_run_cb		 listed;	/* go on when they are */
	mcp_run_cb		 agreed;	/* somebody said yes; or NULL */

	char			*directory;
	char			*server;
	char			*name;
	char			*argument;
	char			*value;
	char			*format;
	char			*filter;
	char			*trace;	/* traceparent, or NULL */
	u_int			 timeout;

	int32_t			 (*start)(struct mcp_run *, void *, uint64_t *);
	struct tmcp_table	*(*table)(struct mcp_run *,
				     struct tmcp_event *);
	mcp_request_cb		 done;

	uint64_t		 id;
	uint64_t		 elapsed_us;
	int			 status;
	int			 failed;
	int			 is_json;
	int			 shows_json;
	struct mcp_bytes	*answer;
	struct mcp_bytes	*shown;
	struct mcp_bytes	*told;
};

/* A file in which a part of a result is saved. */
struct mcp_saved {
	char			*path;
	char			*mime;
	char			*server;
	char			*tool;
	time_t			 time;
	size_t			 size;
	int			 done;	/* its result is shown */

	TAILQ_ENTRY(mcp_saved)	 entry;
};

/* mcp-abbrev.c */
char		*mcp_abbrev_server(struct tmcp_client *, const char *,
		     const char *, char **);
char		*mcp_abbrev_row(const struct tmcp_table *, const char *,
		     const char *, int, char **);
char		*mcp_abbrev_tool(struct tmcp_client *, const char *,
		     const char *, char **);
int		 mcp_abbrev_listed(struct tmcp_client *, const char *);
int		 mcp_abbrev_offers(struct tmcp_client *, const char *, int32_t);

/* mcp-args.c */
char		*mcp_args_expand(struct args *, struct cmdq_item *,
		     const char *);
int		 mcp_args_parse(struct mcp_args *, struct args *, u_int,
		     struct cmdq_item *, char **);
int		 mcp_args_from_text(struct mcp_args *, const char *,
		     const char *, size_t, char **);
struct mcp_file	*mcp_args_next_file(struct mcp_args *);
void		 mcp_args_take_file(struct mcp_args *, struct mcp_bytes *);
void		 mcp_args_free(struct mcp_args *);

/* mcp-blob.c */
int		 mcp_blob_save(struct tmcp_event *, struct mcp_bytes *,
		     struct mcp_bytes *, struct client *, mcp_extract_cb,
		     void *);
void		 mcp_blob_stop(void);

/* mcp-confirm.c */
int		 mcp_confirm_look(const char *, const char *, char **);
int		 mcp_confirm_changed(const char *, const char *);
char		*mcp_confirm_refused(const char *, const char *);
char		*mcp_confirm_find(const struct tmcp_table *, const char *,
		     const char *, char **);
void		 mcp_confirm_set(struct mcp_run *, struct mcp_call *);
int		 mcp_confirm_start(struct mcp_run *, mcp_run_cb, char **);

/* mcp-file.c */
char		*mcp_file_path(struct client *, const char *);
struct mcp_file	*mcp_file_open(struct client *, const char *, char **);
void		 mcp_file_free(struct mcp_file *);
struct mcp_bytes *mcp_file_bytes(struct mcp_file *);
int		 mcp_file_step(struct mcp_file *, char **);
void		 mcp_file_read(struct mcp_file *, mcp_file_cb, void *);

/* mcp-names.c */
char		*mcp_names_template(const struct tmcp_table *, const char *,
		     char **);

/* mcp-result.c */
void		 mcp_run_want(struct mcp_run *, struct mcp_request *);
void		 mcp_run_done(struct tmcp_event *, void *);

/* mcp-run.c */
struct mcp_run	*mcp_run_create(struct cmd *, struct cmdq_item *,
		     const char *, const char *, char **);
struct mcp_run	*mcp_run_create_client(struct client *, struct tmcp_client *,
		     const char *, const char *);
void		 mcp_run_free(void *);
void		 mcp_run_fail(struct mcp_run *, int, const char *);
enum cmd_retval	 mcp_run_refuse(struct mcp_run *, struct cmdq_item *, int,
		     char *);
void		 mcp_run_give(struct mcp_run *, struct tmcp_pair *, size_t);
int		 mcp_run_repeat(struct mcp_run *, struct mcp_call *, char **);
int		 mcp_run_has_rows(struct mcp_run *, const char *,
		     char **);
struct tmcp_table *mcp_run_rows(struct mcp_run *, struct tmcp_event *);
int		 mcp_run_has_result(struct mcp_run *);
int32_t		 mcp_run_call(struct mcp_run *, void *, uint64_t *);
int32_t		 mcp_run_prompt(struct mcp_run *, void *, uint64_t *);
int32_t		 mcp_run_read(struct mcp_run *, void *, uint64_t *);

/* mcp-run-start.c */
int		 mcp_run_begin(struct mcp_run *, int *, char **);
enum cmd_retval	 mcp_run_go(struct mcp_run *, struct cmdq_item *);
int		 mcp_run_try(struct mcp_run *, uint64_t *, char **);
void		 mcp_run_next(struct mcp_run *);

/* mcp-saved.c */
int		 mcp_saved_open(struct tmcp_event *, const char *, const char *,
		     struct mcp_saved **);
void		 mcp_saved_told(void);
void		 mcp_saved_remove(struct mcp_saved *);
struct mcp_saved *mcp_saved_next(struct mcp_saved *);
void		 mcp_saved_stop(void);

/* mcp-seen.c */
#define MCP_SEEN_CHANGED						\
	"It has changed since it was used last: look at it again."
void		 mcp_seen_listed(void);
void		 mcp_seen_used(const char *, const char *);
int		 mcp_seen_changed(const char *, const char *, uint64_t);

/* mcp-source.c */
char		*mcp_source_get(struct args *, struct cmdq_item *, const char *,
		     size_t *, struct mcp_file **, char **);

/* mcp-tool.c */
void		 mcp_tool_start(struct mcp_bytes *, const char *, int,
		     mcp_extract_cb, void *);

#endif /* MCP_RUN_H */
