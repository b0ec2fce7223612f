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
struct mcp_output;
typedef void (*mcp_shown_cb)(struct mcp_output *, int);
typedef void (*mcp_extract_cb)(void *, struct mcp_bytes *);
typedef void (*mcp_table_making_cb)(void *, struct tmcp_table *);

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

/* What of a result is shown. */
enum mcp_part {
	MCP_PART_TEXT,
	MCP_PART_JSON,
	MCP_PART_PRETTY,
	MCP_PART_POINTER
};

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
typedef void (*mcp_dialog_menu_cb)(void *, int);
typedef void (*mcp_dialog_prompt_cb)(void *, const char *);
typedef void (*mcp_dialog_gone_cb)(void *);

/*
 * A field of a form. Choices are words, and values their JSON if that is known.
 * The value is JSON if is_json is set; a list may have more of it in items.
 */
struct mcp_field {
	char	 *name;
	char	 *type;
	char	 *wants;	/* its type in words, with its limits */
	char	 *help;		/* title and description, or "" */
	char	 *initial;
	char	**choices;
	char	**titles;
	char	**values;
	u_char	 *on;
	u_int	  nchoices;
	int	  required;
	int	  multiple;
	int	  open;		/* other values than the choices are taken */
	int	  secret;	/* the value is never shown */
	int	  text;		/* it takes any text, an empty one too */

	char	 *value;	/* NULL if it is left out */
	int	  is_json;
	char	**items;	/* words that follow the first of a list */
	u_int	  nitems;
};

/* What came of what a server proposed; a value, or why there is none. */
struct mcp_suggest;
enum mcp_suggest_end {
	MCP_SUGGEST_VALUE,
	MCP_SUGGEST_TYPE,
	MCP_SUGGEST_SKIP,
	MCP_SUGGEST_BACK
};
typedef void (*mcp_suggest_cb)(void *, enum mcp_suggest_end, const char *);

/* A run that is awaited in a dialog, and how that ended. */
struct mcp_await;
enum mcp_await_end {
	MCP_AWAIT_DONE,		/* its result is shown, the dialog is in the way */
	MCP_AWAIT_FAILED,	/* with the cause */
	MCP_AWAIT_LEFT		/* the person does not wait; to be freed */
};
typedef void (*mcp_await_cb)(void *, enum mcp_await_end, const char *);

/*
 * A call of a tool in the history. Arguments are JSON or pairs; the value of a
 * pair that was not kept is NULL, and unkept says why. Until it is known which
 * arguments are secret the call is unchecked and they are not shown.
 */
struct mcp_call {
	uint64_t		 id;
	char			*server;
	char			*tool;

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

/* What the last word of a command may be. */

/* A form: one value for each field, and then a look at all of them. */
struct mcp_form;
struct mcp_offer;
enum mcp_form_end {
	MCP_FORM_SEND,
	MCP_FORM_BACK,
	MCP_FORM_DECLINE,
	MCP_FORM_CANCEL
};
typedef int (*mcp_form_check_cb)(void *, const char *, const char *, int,
		     char **);
typedef void (*mcp_form_end_cb)(void *, enum mcp_form_end);

/* mcp.c */
struct tmcp_client *mcp_get(struct cmdq_item *);

/* mcp-abbrev.c */
char		*mcp_abbrev_server(struct tmcp_client *, const char *,
		     const char *, char **);
char		*mcp_abbrev_row(const struct tmcp_table *, const char *,
		     const char *, int, char **);
char		*mcp_abbrev_tool(struct tmcp_client *, const char *,
		     const char *, char **);
int		 mcp_abbrev_listed(struct tmcp_client *, const char *);
int		 mcp_abbrev_offers(struct tmcp_client *, const char *,
		     const char *);

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

/* mcp-await.c */
struct mcp_await *mcp_await_start(struct mcp_dialog *, struct client *,
		     struct mcp_run *, mcp_await_cb, void *, char **);
void		 mcp_await_free(struct mcp_await *);

/* mcp-blob.c */
int		 mcp_blob_save(struct tmcp_event *, struct mcp_bytes *,
		     struct mcp_bytes *, struct client *, mcp_extract_cb,
		     void *);
void		 mcp_blob_stop(void);

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

/* mcp-columns.c */
void		 mcp_columns_print(struct evbuffer *, char *);

/* mcp-client.c */
int		 mcp_show_queue(struct client *);
int		 mcp_show_alive(struct client *);
struct window_pane *mcp_show_pane_of(struct client *);
void		 mcp_show_thaw(struct client *);
void		 mcp_message_set(struct client *, const char *);
int		 mcp_options_delay(struct client *);
int		 mcp_print_readonly(struct cmdq_item *);
char		*mcp_directory(struct cmdq_item *);

/* mcp-core.c */
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
enum cmd_retval	 mcp_dialog_run(struct cmdq_item *, const char *);
void		 mcp_dialog_client_lost(struct client *);

/* mcp-environ.c */
const char *const *mcp_environ_build(void);
int		 mcp_environ_sync(struct tmcp_client *);

/* mcp-extract.c */
void		 mcp_extract_start(struct mcp_bytes *, size_t, u_int, int,
		     int, mcp_extract_cb, void *);

/* mcp-field.c */
struct mcp_field *mcp_field_create(const struct tmcp_table *, u_int *);
void		 mcp_field_add(struct mcp_field **, u_int *, const char *,
		     int);
void		 mcp_field_set(struct mcp_field *, u_int,
		     const struct tmcp_pair *, size_t);
int		 mcp_field_complete(struct mcp_field *, u_int);
void		 mcp_field_free(struct mcp_field *, u_int);
void		 mcp_field_take(struct mcp_field *, const char *, int);
void		 mcp_field_append(struct mcp_field *, const char *);
char		*mcp_field_show(struct mcp_field *);
int		 mcp_field_is_list(struct mcp_field *);
u_int		 mcp_field_more(struct mcp_field **, u_int *, u_int);
int		 mcp_field_has_more(struct mcp_field *, u_int, u_int);
struct tmcp_pair *mcp_field_pairs(struct mcp_field *, u_int, size_t *);
void		 mcp_pairs_free(struct tmcp_pair *, size_t);

/* mcp-file.c */
struct mcp_file	*mcp_file_open(struct client *, const char *, char **);
void		 mcp_file_free(struct mcp_file *);
struct mcp_bytes *mcp_file_bytes(struct mcp_file *);
int		 mcp_file_step(struct mcp_file *, char **);
void		 mcp_file_read(struct mcp_file *, mcp_file_cb, void *);

/* mcp-follow.c */
void		 mcp_follow_add(char *);
void		 mcp_follow_last(struct evbuffer *, u_int);
int		 mcp_follow_start(struct client *, struct cmdq_item *, u_int);
void		 mcp_follow_stop(struct client *);

/* mcp-form.c */
struct mcp_form	*mcp_form_create(struct mcp_dialog *, const char *,
		     struct mcp_field *, u_int, int, mcp_form_check_cb,
		     mcp_form_end_cb, void *);
void		 mcp_form_about(struct mcp_form *, const char *);
void		 mcp_form_warn(struct mcp_form *, const char *, int);
void		 mcp_form_confirm(struct mcp_form *, const char *,
		     const char *);
void		 mcp_form_set(struct mcp_form *, const char *,
		     struct mcp_suggest *);
void		 mcp_form_free(struct mcp_form *);
int		 mcp_form_checked(int32_t, const char *, char **);
void		 mcp_form_start(struct mcp_form *);
void		 mcp_form_review(struct mcp_form *, const char *);
struct tmcp_pair *mcp_form_pairs(struct mcp_form *, size_t *);

/* mcp-hidden.c */
char		*mcp_hidden_escape(char *, int, int);

/* mcp-history.c */
struct mcp_call	*mcp_history_next(struct mcp_call *);
struct mcp_call	*mcp_history_before(struct mcp_call *);
struct mcp_call	*mcp_history_find(uint64_t);
struct mcp_call	*mcp_history_last(const char *, const char *);
void		 mcp_history_forget_tools(const char *);
int		 mcp_history_check(struct mcp_call *);
void		 mcp_history_watch(mcp_history_cb);
void		 mcp_history_add(struct mcp_run *);
void		 mcp_history_end(uint64_t, struct tmcp_event *);
void		 mcp_history_drop(uint64_t);
const char	*mcp_history_outcome(struct mcp_call *);
u_int		 mcp_history_limit(void);
char		*mcp_history_arguments(struct mcp_call *, int *);
void		 mcp_history_formats(struct mcp_call *, struct format_tree *);
void		 mcp_history_json(struct mcp_call *, struct mcp_bytes *);

/* mcp-hook.c */
int		 mcp_hook_is_set(const char *);
int		 mcp_hook_exists(const char *, struct mcp_request *);
int		 mcp_hook_may(const char *);
int		 mcp_hook_wants(struct tmcp_event *);
void		 mcp_hook_run(const char *, struct mcp_request *, ...);
void		 mcp_hook_event(struct tmcp_event *);
void		 mcp_hook_child_exited(pid_t);

/* mcp-key.c */
const char	*mcp_key_output(struct cmd *, struct cmdq_item *);

/* mcp-lines.c */
void		 mcp_lines_servers(struct mcp_dialog *,
		     const struct tmcp_table *);
void		 mcp_lines_list(struct mcp_dialog *, const char *,
		     const char *, const struct tmcp_table *);
void		 mcp_lines_resources(struct mcp_dialog *, const char *,
		     const struct tmcp_table *, const struct tmcp_table *);

/* mcp-log.c */
void		 mcp_log(void *, uint32_t, const char *);
void		 mcp_log_add(uint32_t, const char *);
uint32_t	 mcp_log_level(void);
void printflike(1, 2) mcp_message_add(const char *, ...);
void		 mcp_log_set_file(const char *);

/* cmd-mcp-menu.c */
void		 mcp_menu_open(struct client *, const char *, uint32_t,
		     const char *, const char *);

/* mcp-making.c */
struct mcp_table_making;
struct mcp_table_making *mcp_table_make(struct tmcp_table *,
		     mcp_table_making_cb, void *);
void		 mcp_table_leave(struct mcp_table_making *);

/* mcp-menu.c */
struct mcp_menu	*mcp_menu_create(const char *);
void		 mcp_menu_free(struct mcp_menu *);
void		 mcp_menu_line(struct mcp_menu *, int, const char *);
void		 mcp_menu_wrap(struct mcp_menu *, const char *);
void		 mcp_menu_action(struct mcp_menu *, int, char, const char *);
int		 mcp_menu_has(struct mcp_menu *, int);
void		 mcp_menu_turn(struct mcp_menu *, int);
void		 mcp_menu_start(struct mcp_menu *, int, int);
void		 mcp_menu_append(struct client *, u_int);
void		 mcp_menu_move(struct mcp_menu *, struct client *,
		     overlay_key_cb);
struct cmd_list	*mcp_menu_build(struct mcp_menu *, struct client *, u_int,
		     u_int, int);

/* mcp-names.c */
char		*mcp_names_template(const struct tmcp_table *, const char *,
		     char **);

/* mcp-offer.c */
int		 mcp_offer_asks(struct mcp_run *, struct args *);
struct mcp_offer *mcp_offer_create(struct mcp_dialog *, struct mcp_run *,
		     uint32_t, const char *, struct mcp_field *, u_int,
		     mcp_form_end_cb, void *);
struct mcp_run	*mcp_offer_take(struct mcp_offer *);
void		 mcp_offer_again(struct mcp_offer *, struct mcp_run *,
		     const char *);
void		 mcp_offer_run(struct mcp_run *, uint32_t, struct mcp_field *,
		     u_int);
void		 mcp_offer_free(struct mcp_offer *);

/* mcp-occupied.c */
int		 mcp_typing_occupied(struct client *, struct window_pane *,
		     const struct window_mode *);
int		 mcp_typing_occupied_pane(struct window_pane *,
		     const struct window_mode *);

/* mcp-options.c */
void		 mcp_options_sync(struct tmcp_client *);
void		 mcp_options_preconnect(struct tmcp_client *);
void		 mcp_options_environ_changed(void);
void		 mcp_options_unknown(struct evbuffer *);

/* mcp-outcome.c */
int		 mcp_retval(int32_t);
char		*mcp_strerror(int32_t);
int32_t		 mcp_event_result(struct tmcp_event *);
const char	*mcp_event_text(struct tmcp_event *, size_t *);
void		 mcp_set_absent(int32_t, const char *);

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

/* mcp-prompt.c */
struct mcp_prompt *mcp_prompt_create(struct client *, const char *, int);
void		 mcp_prompt_free(struct mcp_prompt *);
void		 mcp_prompt_end(struct mcp_prompt *);
const char	*mcp_prompt_label(struct mcp_prompt *);
int		 mcp_prompt_take(struct mcp_prompt *, struct client *,
		     const char **, int);

/* mcp-question.c */
void		 mcp_question_look(void);
void		 mcp_question_event(struct tmcp_event *);
void		 mcp_question_gone(uint64_t);
u_int		 mcp_question_count(void);
int		 mcp_question_answer(struct client *, int, char **);
void		 mcp_question_client_lost(struct client *);

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

/* mcp-result.c */
void		 mcp_run_want(struct mcp_run *, struct mcp_request *);
void		 mcp_run_done(struct tmcp_event *, void *);

/* mcp-roots.c */
void		 mcp_roots_changed(struct tmcp_client *);
void		 mcp_roots_update(struct tmcp_client *);

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

/* mcp-running.c */
void		 mcp_running_add(struct client *, uint64_t, const char *);
void		 mcp_running_end(uint64_t);
void		 mcp_running_client_lost(struct client *);
char		*mcp_running_say(uint64_t);
int		 mcp_running_shows(struct client *);
char		*mcp_running_message(uint64_t);

/* mcp-saved.c */
int		 mcp_saved_open(struct tmcp_event *, const char *, const char *,
		     struct mcp_saved **);
void		 mcp_saved_told(void);
void		 mcp_saved_remove(struct mcp_saved *);
struct mcp_saved *mcp_saved_next(struct mcp_saved *);
void		 mcp_saved_stop(void);

/* mcp-say.c */
int		 mcp_say_is_guard(const char *);
struct mcp_bytes *mcp_say_unguard(struct mcp_bytes *);
void printflike(2, 3) mcp_error(struct cmdq_item *, const char *, ...);
void		 mcp_print(struct cmdq_item *, const char *);

/* mcp-show.c */
void		 mcp_show_fit(struct window_pane *);
void		 mcp_show(struct mcp_output *);
int		 mcp_show_view(struct mcp_output *, struct mcp_bytes *);
void		 mcp_show_key(struct client *);

/* mcp-sink.c */
void		 mcp_sink_release(struct mcp_output *);
int		 mcp_sink_is_taken(u_int);
int		 mcp_sink_refuses(struct cmdq_item *, const char *, int);
int		 mcp_sink_parse(struct mcp_output *, const char *, int,
		     char **);

/* mcp-source.c */
char		*mcp_source_get(struct args *, struct cmdq_item *, const char *,
		     size_t *, struct mcp_file **, char **);

/* mcp-suggest.c */
struct mcp_suggest *mcp_suggest_create(struct mcp_dialog *, const char *,
		     uint32_t, const char *);
void		 mcp_suggest_free(struct mcp_suggest *);
void		 mcp_suggest_ask(struct mcp_suggest *, const struct mcp_field *,
		     const char *, const char *, struct tmcp_pair *, size_t,
		     mcp_suggest_cb, void *);
int		 mcp_suggest_again(struct mcp_suggest *,
		     const struct mcp_field *);

/* mcp-table.c */
char		*mcp_figure(const char *);
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

/* mcp-template.c */
int		 mcp_template_is(const char *);
struct mcp_field *mcp_template_fields(const char *, u_int *);
char		*mcp_template_fill(const char *, struct tmcp_pair *, size_t,
		     char **);

/* mcp-tree.c */
void		 mcp_browse_changed(const char *, int);

/* mcp-text.c */
size_t		 mcp_sgr_size(const char *, size_t);
size_t		 mcp_sgr_cut(const char *, size_t, size_t);
size_t		 mcp_sgr_strip(char *, const char *, size_t);
size_t		 mcp_sgr_row(const char *, u_int);
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

/* mcp-tool.c */
void		 mcp_tool_start(struct mcp_bytes *, const char *, int,
		     mcp_extract_cb, void *);

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
