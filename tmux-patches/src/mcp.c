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
#include "mcp.h"
#include "mcp-confirm.h"

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

static struct tmcp_client	*mcp_core;
static int			 mcp_poisoned;
static int			 mcp_asked;
static struct event		 mcp_fd_event;
static struct event		 mcp_timer;
static struct event		 mcp_redraw_timer;
static struct tmcp_event	*mcp_event_taken;
static int			 mcp_format_used;
static int			 mcp_stale = 1;	/* options have changed */

static void	mcp_dispatch(int, short, void *);
static void	mcp_redraw(int, short, void *);
static void	mcp_sync(void);
static void	mcp_update(void);

/*
 * Arm a timer in milliseconds. To go on in the next turn of the loop it is
 * armed with zero: libevent runs what event_active() adds in the same turn, so
 * that nothing else would be looked at until all is done.
 */
void
mcp_timer_add(struct event *ev, int ms)
{
	struct timeval	tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	evtimer_add(ev, &tv);
}

/* Microseconds of the monotonic clock. */
uint64_t
mcp_now(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000);
}

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

	memset(&options, 0, sizeof options);
	options.size = sizeof options;
	options.envp = mcp_environ_build();
	options.client_name = "tmux";
	options.client_version = getversion();
	options.log = mcp_log;
	options.log_level = mcp_log_level();

	result = tmcp_client_new(&options, &mcp_core);
	free((void *)options.envp);
	if (result != TMCP_RESULT_OK) {
		mcp_core = NULL;
		mcp_message_add("mcp: not started: %s",
		    tmcp_result_text(result));
		return;
	}

	evtimer_set(&mcp_timer, mcp_dispatch, NULL);
	evtimer_set(&mcp_redraw_timer, mcp_redraw, NULL);
	event_set(&mcp_fd_event, tmcp_client_fd(mcp_core), EV_READ|EV_PERSIST,
	    mcp_dispatch, NULL);
	mcp_timer_add(&mcp_timer, MCP_STARTUP_MS);
}

/* Stop at server exit: nothing waits, children are told to go. */
void
mcp_stop(void)
{
	if (mcp_core == NULL)
		return;
	if (event_initialized(&mcp_fd_event))
		event_del(&mcp_fd_event);
	evtimer_del(&mcp_timer);
	evtimer_del(&mcp_redraw_timer);
	mcp_work_stop();
	mcp_prepare_stop();
	mcp_blob_stop();
	mcp_saved_stop();
	tmcp_client_free(mcp_core);
	mcp_core = NULL;
	mcp_log_set_file(NULL);
}

/*
 * The directory a command is run in, which decides about the servers of
 * projects, or NULL: that of a shell client, else that of the pane. To be
 * freed.
 */
char *
mcp_directory(struct cmdq_item *item)
{
	struct client		*c = cmdq_get_client(item);
	struct cmd_find_state	*fs = cmdq_get_target(item);
	const char		*cwd = NULL;

	if (c != NULL && c->session == NULL && c->cwd != NULL)
		return (xstrdup(c->cwd));
	if (fs->wp == NULL)
		fs = cmdq_get_current(item);
	if (fs->wp != NULL) {
		if (fs->wp->fd != -1)
			cwd = osdep_get_cwd(fs->wp->fd);
		if (cwd == NULL)
			cwd = fs->wp->cwd;
	} else if (fs->s != NULL)
		cwd = fs->s->cwd;
	return (cwd == NULL ? NULL : xstrdup(cwd));
}

/*
 * The core for a command, or NULL after an error. Configuration files that have
 * changed are read before anything that the command asks for.
 */
struct tmcp_client *
mcp_get(struct cmdq_item *item)
{
	char	*directory;

	if (mcp_core == NULL || mcp_poisoned) {
		mcp_error(item, "mcp is not available, see show-messages");
		return (NULL);
	}
	mcp_sync();
	mcp_roots_update(mcp_core);
	directory = mcp_directory(item);
	tmcp_client_refresh(mcp_core, directory);
	free(directory);
	if (!tmcp_client_ready(mcp_core))
		mcp_changed();
	return (mcp_core);
}

/* The core for what goes on without a command, or NULL. */
struct tmcp_client *
mcp_core_get(void)
{
	return (mcp_poisoned ? NULL : mcp_core);
}

/* Something was asked of the core: look at it in the next turn. */
void
mcp_changed(void)
{
	mcp_asked = 1;
	if (cfg_finished && !mcp_poisoned)
		mcp_timer_add(&mcp_timer, 0);
}

/* An option has changed: give it to the core in the next turn. */
void
mcp_sync_later(void)
{
	mcp_stale = 1;
	if (mcp_core != NULL)
		mcp_changed();
}

/* Give the core the environment and the options that have changed. */
static void
mcp_sync(void)
{
	if (mcp_environ_sync(mcp_core))
		mcp_options_environ_changed();
	if (!mcp_stale)
		return;
	mcp_stale = 0;
	mcp_options_sync(mcp_core);
}

/* A child of the server has gone. Returns 1 if it was the core's. */
int
mcp_child_exited(pid_t pid, int status)
{
	mcp_hook_child_exited(pid);
	if (mcp_core == NULL || mcp_poisoned)
		return (0);
	if (tmcp_client_child_exited(mcp_core, pid, status) != 1)
		return (0);
	mcp_changed();
	return (1);
}

/*
 * Cancel a request. Returns 1 if its event never comes, 0 if it is already on
 * its way.
 */
int
mcp_cancel(uint64_t id)
{
	if (mcp_core == NULL || mcp_poisoned)
		return (1);
	mcp_changed();
	return (tmcp_client_cancel(mcp_core, id) == TMCP_RESULT_OK);
}

/* The core broke down: all requests end and it is never used again. */
static void
mcp_fail(void)
{
	mcp_message_add("mcp: stopped after an internal error");
	mcp_poisoned = 1;
	event_del(&mcp_fd_event);
	evtimer_del(&mcp_timer);
	mcp_request_fail_all();
}

/* The callback that got this event keeps it. */
void
mcp_event_take(struct tmcp_event *event)
{
	mcp_event_taken = event;
}

/* Give an event to its hook and to whoever it is for. */
void
mcp_event_give(struct tmcp_event *event)
{
	struct mcp_request	*mr;

	mcp_event_taken = NULL;
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
		mcp_options_preconnect(mcp_core);
		break;
	case TMCP_EVENT_TYPE_QUESTION:
		mcp_question_event(event);
		break;
	case TMCP_EVENT_TYPE_QUESTION_GONE:
		mcp_question_gone(tmcp_event_id(event));
		break;
	}
	mcp_browse_changed(tmcp_event_server(event), tmcp_event_type(event) ==
	    TMCP_EVENT_TYPE_TOOLS_CHANGED);
	if (mcp_event_taken != event)
		tmcp_event_free(event);
}

/* Take an event from the core. A large answer is given out later. */
static void
mcp_event(struct tmcp_event *event)
{
	struct mcp_request	*mr = NULL;

	if (tmcp_event_type(event) == TMCP_EVENT_TYPE_DONE)
		mr = tmcp_event_user_data(event);
	if (mr == NULL || !mcp_prepare_start(mr, event))
		mcp_event_give(event);
}

/*
 * The descriptor is readable, the timer fired or a command has asked for
 * something: let the core work for a while and hand out its events.
 */
static void
mcp_dispatch(__unused int fd, __unused short events, __unused void *data)
{
	struct tmcp_event	*event;
	uint64_t		 start;
	int32_t			 more;
	static int		 startup = MCP_STARTUP_MS;

	if (!cfg_finished) {
		if ((startup *= 2) > MCP_STARTUP_MAX_MS)
			startup = MCP_STARTUP_MAX_MS;
		mcp_timer_add(&mcp_timer, startup);
		return;
	}
	if (mcp_stale)
		mcp_sync();
	event_add(&mcp_fd_event, NULL);
	mcp_asked = 0;

	start = mcp_now();
	if ((more = tmcp_client_dispatch(mcp_core, 0)) < 0) {
		mcp_fail();
		return;
	}
	while ((event = tmcp_client_next_event(mcp_core)) != NULL) {
		mcp_event(event);
		if (mcp_now() - start > 2 * MCP_TURN_US) {
			mcp_asked = 1;
			break;
		}
	}

	if (more == 1)
		mcp_asked = 1;
	mcp_update();
}

/*
 * Set the timer to the next turn if there is more to do, or to the core's next
 * deadline, and have the status redrawn.
 */
static void
mcp_update(void)
{
	int32_t	ms;

	evtimer_del(&mcp_timer);
	ms = mcp_asked ? 0 : tmcp_client_timeout_ms(mcp_core);
	if (ms >= 0)
		mcp_timer_add(&mcp_timer, ms);

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
		if (mcp_show_alive(c))
			server_status_client(c);
	}
}

/*
 * A figure of the core, or NULL if there is none of that name. It is a short
 * text or a number without anything that tmux or a terminal would look twice
 * at.
 */
char *
mcp_figure(const char *key)
{
	char	 value[1024], *s, *cp;
	size_t	 needed;

	if (mcp_core == NULL || mcp_poisoned)
		return (NULL);
	if (tmcp_client_format(mcp_core, key, value, sizeof value,
	    &needed) != TMCP_RESULT_OK)
		return (NULL);
	s = mcp_text_line(value);
	for (cp = s; *cp != '\0'; cp++) {
		if (*cp == '#')
			*cp = '_';
	}
	return (s);
}

/* Give each format that names no server, for display-message -a. */
void
mcp_format_each(void (*cb)(const char *, const char *, void *), void *arg)
{
	char	*keys, *next, *key, *value;
	size_t	 size;

	if (mcp_core == NULL || mcp_poisoned ||
	    tmcp_client_format(mcp_core, "mcp_figures", NULL, 0,
	    &size) != TMCP_RESULT_OK)
		return;
	next = keys = xcalloc(1, size + 1);
	tmcp_client_format(mcp_core, "mcp_figures", keys, size + 1, &size);
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
