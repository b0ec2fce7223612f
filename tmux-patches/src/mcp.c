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
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "tmux.h"
#include "mcp-browse.h"
#include "mcp-form.h"
#include "mcp-settings.h"

/*
 * The MCP client in the server: one descriptor and one timer of the core in
 * the event loop, and the formats. The commands are in cmd-mcp-*.c and what
 * they wait for in mcp-request.c.
 */

/* How long events may be handed out in one turn of the loop. */
#define MCP_TURN_US 2000

/* What is so large is mapped by itself. */
#define MCP_MAPPED_BYTES (1024 * 1024)

/* The status line is redrawn at most this often because of us. */
#define MCP_REDRAW_MS 100

/*
 * When to see whether the configuration file of tmux has been run: soon, and
 * then less and less, since a server without clients has not run it yet.
 */
#define MCP_STARTUP_MS 20
#define MCP_STARTUP_MAX_MS 1000

static struct event	 mcp_redraw_timer;
static int		 mcp_format_used;

static void	mcp_turn(int, short, void *);
static void	mcp_redraw(int, short, void *);
static void	mcp_calls_changed(void);

/*
 * Create the core. This runs in the server after the fork and before the
 * configuration file, so options are looked at and work begins only once that
 * has been run.
 */
void
mcp_start(void)
{
	struct tmcp_options	 options;
	int32_t			 result;

#ifdef __GLIBC__
	/* What is large is moved by its pages when it grows, not copied. */
	mallopt(M_MMAP_THRESHOLD, MCP_MAPPED_BYTES);
	mallopt(M_TRIM_THRESHOLD, 2 * MCP_MAPPED_BYTES);
#endif

	/* It would lead to a tmux around this one. */
	environ_unset(global_environ, "TMCP_SOCKET");

	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.envp = mcp_environ_build();
	options.client_name = "tmux";
	options.client_version = getversion();
	options.log = mcp_log;
	options.log_level = mcp_log_level();

	evtimer_set(&mcp_redraw_timer, mcp_redraw, NULL);
	result = mcp_core_start(&options, mcp_turn);
	free((void *)options.envp);
	if (result != TMCP_RESULT_OK) {
		mcp_message_add("mcp: not started: %s",
		    tmcp_result_text(result));
		return;
	}
	mcp_history_watch(mcp_calls_changed);
	mcp_core_wait(MCP_STARTUP_MS);
}

/* Stop at server exit: nothing waits, children are told to go. */
void
mcp_stop(void)
{
	if (!mcp_core_is_open())
		return;
	evtimer_del(&mcp_redraw_timer);
	mcp_work_stop();
	mcp_prepare_stop();
	mcp_blob_stop();
	mcp_saved_stop();
	mcp_core_stop();
	mcp_log_set_file(NULL);
}

/* A client has gone: nobody there is asked, told or shown anything. */
void
mcp_client_lost(struct client *c)
{
	mcp_question_client_lost(c);
	mcp_running_client_lost(c);
	mcp_dialog_client_lost(c);
	mcp_pager_client_lost(c);
	mcp_typing_client_lost(c);
	mcp_follow_stop(c);
	mcp_request_client_lost(c);
}

/*
 * A key of a client, before tmux looks at it. Returns 1 if it goes nowhere.
 */
int
mcp_client_key(struct client *c, struct key_event *event)
{
	int	is_mouse = KEYC_IS_MOUSE(event->key);

	if (!is_mouse)
		mcp_typing_note(c);
	if (mcp_dialog_take(c, event))
		return (1);
	if (!is_mouse && !mcp_dialog_busy(c))
		mcp_view_key(c);
	if (!is_mouse)
		mcp_pager_key(c);
	return (0);
}

/* A child of the server has gone. Returns 1 if it was the core's. */
int
mcp_child_exited(pid_t pid, int status)
{
	struct tmcp_client	*core = mcp_core_get();

	mcp_hook_child_exited(pid);
	if (core == NULL || tmcp_client_child_exited(core, pid, status) != 1)
		return (0);
	mcp_changed();
	return (1);
}

/* The core broke down: all requests end and it is never used again. */
static void
mcp_fail(void)
{
	mcp_message_add("mcp: stopped after an internal error");
	mcp_core_fail();
	mcp_request_fail_all();
}

/* Give an event to its hook and to whoever it is for. */
static void
mcp_give(struct tmcp_event *event)
{
	struct mcp_request	*mr;

	mcp_event_take(NULL);
	mcp_hook_event(event);
	switch (tmcp_event_type(event)) {
	case TMCP_EVENT_TYPE_DONE:
		/* Without a tool it may have been a list. */
		if (*tmcp_event_tool(event) == '\0')
			mcp_seen_listed();
		if ((mr = tmcp_event_user_data(event)) != NULL)
			mcp_request_done(mr, event);
		break;
	case TMCP_EVENT_TYPE_SERVER_UP:
	case TMCP_EVENT_TYPE_TOOLS_CHANGED:
		mcp_seen_listed();
		mcp_history_forget_tools(tmcp_event_server(event));
		break;
	case TMCP_EVENT_TYPE_CONFIG_LOADED:
		mcp_seen_listed();
		mcp_history_forget_tools(NULL);
		mcp_options_preconnect(mcp_core_get());
		break;
	case TMCP_EVENT_TYPE_QUESTION:
		mcp_question_event(event);
		break;
	case TMCP_EVENT_TYPE_QUESTION_GONE:
		mcp_question_gone(tmcp_event_id(event));
		break;
	case TMCP_EVENT_TYPE_LOGIN:
		mcp_login_page(event);
		break;
	case TMCP_EVENT_TYPE_AGENT_CALL:
		mcp_history_add_agent(event);
		break;
	}
	mcp_browse_changed(tmcp_event_server(event), tmcp_event_type(event) ==
	    TMCP_EVENT_TYPE_TOOLS_CHANGED);
	if (!mcp_event_is_taken(event))
		tmcp_event_free(event);
}

/* The history has changed. */
static void
mcp_calls_changed(void)
{
	mcp_browse_changed(NULL, 0);
}

/* What is wanted of a large answer is made, or can't be: give it out. */
static void
mcp_prepared(struct mcp_request *mr, struct tmcp_event *event, int failed)
{
	if (!failed) {
		mcp_give(event);
		return;
	}
	mcp_set_absent(TMCP_RESULT_INTERNAL, "the answer can't be read, see "
	    "show-messages");
	mcp_request_done(mr, NULL);
	mcp_set_absent(TMCP_RESULT_INTERNAL, NULL);
	tmcp_event_free(event);
}

/* Take an event from the core. A large answer is given out later. */
static void
mcp_take(struct tmcp_event *event)
{
	struct mcp_request	*mr = NULL;
	const char		*pointer;
	u_int			 want;

	if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE)
		mr = tmcp_event_user_data(event);
	if (mr != NULL) {
		want = mcp_request_wants(mr, tmcp_event_result(event) !=
		    TMCP_RESULT_OK, &pointer);
		if (mcp_prepare_start(mr, event, want, pointer,
		    mcp_hook_wants(event), mcp_prepared))
			return;
	}
	mcp_give(event);
}

/*
 * The descriptor is readable, the timer fired or a command has asked for
 * something: let the core work for a while and hand out its events.
 */
static void
mcp_turn(__unused int fd, __unused short events, __unused void *data)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_event	*event;
	uint64_t		 start;
	static int		 startup = MCP_STARTUP_MS;

	if (!cfg_finished) {
		if ((startup *= 2) > MCP_STARTUP_MAX_MS)
			startup = MCP_STARTUP_MAX_MS;
		mcp_core_wait(startup);
		return;
	}
	mcp_settings_sync(core);

	start = mcp_now();
	if (mcp_core_work() != 0) {
		mcp_fail();
		return;
	}
	while ((event = tmcp_client_next_event(core)) != NULL) {
		mcp_take(event);
		if (mcp_now() - start > 2 * MCP_TURN_US) {
			mcp_changed();
			break;
		}
	}
	mcp_core_wait(-1);

	if (mcp_format_used && !evtimer_pending(&mcp_redraw_timer, NULL))
		mcp_timer_add(&mcp_redraw_timer, MCP_REDRAW_MS);
}

/*
 * Redraw the status lines. Whether they have any of our formats is found out
 * by drawing them.
 */
static void
mcp_redraw(__unused int fd, __unused short events, __unused void *data)
{
	struct client	*c;

	mcp_format_used = 0;
	TAILQ_FOREACH(c, &clients, entry) {
		if (mcp_client_shows(c))
			server_status_client(c);
	}
}

/* Give each format that names no server, for display-message -a. */
void
mcp_format_each(void (*cb)(const char *, const char *, void *), void *arg)
{
	struct tmcp_client	*core = mcp_core_get();
	char			*keys, *next, *key, *value;
	size_t			 size;

	if (core == NULL || tmcp_client_format(core, "mcp_figures", NULL, 0,
	    &size) != TMCP_RESULT_OK)
		return;
	next = keys = xcalloc(1, size + 1);
	tmcp_client_format(core, "mcp_figures", keys, size + 1, &size);
	while ((key = strsep(&next, " ")) != NULL) {
		if ((value = mcp_figure(key)) != NULL)
			cb(key, value, arg);
		free(value);
	}
	free(keys);
	xasprintf(&value, "%u", mcp_question_count());
	cb("mcp_questions", value, arg);
	free(value);
}

/* Value of a format, or NULL if it is not one of ours. */
char *
mcp_format(const char *key)
{
	char	*s;

	if (strncmp(key, "mcp_", 4) != 0)
		return (NULL);
	if ((s = mcp_table_format(key)) != NULL)
		return (s);
	mcp_format_used = 1;
	if (strcmp(key, "mcp_questions") == 0) {
		xasprintf(&s, "%u", mcp_question_count());
		return (s);
	}
	return (mcp_figure(key));
}
