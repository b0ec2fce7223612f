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

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmux.h"
#include "mcp-request.h"
#include "mcp-settings.h"

/*
 * Runs the commands of the hooks mcp-call-done and the like, which are in
 * tmux's table of options (mcp-options-table.h), as its notify.c does. What
 * happened is in formats, which are not expanded again; a command that gives
 * one to a shell must quote it: #{q:mcp_error}.
 */

/* What is left of a text in a format. */
#define MCP_HOOK_BYTES 65536

/* The pause between two runs of a hook about one server. */
#define MCP_HOOK_PAUSE_MS 100

/* Runs of a hook about one server that wait; of more the oldest are dropped. */
#define MCP_HOOK_WAITING 16

/*
 * Children of one hook that may be alive: run-shell -b returns at once, and a
 * server decides how often its hooks run. While there are so many, a hook about
 * a server waits, a question is not told to its hook, and neither is the end of
 * a call, which people decide about.
 */
#define MCP_HOOK_CHILDREN 8
#define MCP_HOOK_CHILDREN_CALLS 64

/* Children of the server that are told apart from those of a hook. */
#define MCP_HOOK_KNOWN 4096

/*
 * A run of a hook about a server. What a server tells comes as often as it
 * likes, so one hook about it runs at a time and the others wait, and what is
 * told again while it waits is told once.
 */
struct mcp_hook {
	const char	*name;
	char		*server;
	const char	*key;		/* NULL: nothing but the server */
	char		*value;

	int		 running;
	int		 ran;
	uint64_t	 started;

	TAILQ_ENTRY(mcp_hook) entry;
};
static TAILQ_HEAD(, mcp_hook) mcp_hooks = TAILQ_HEAD_INITIALIZER(mcp_hooks);
static struct event	mcp_hook_timer;

/* A child of tmux that a hook has started and nobody has reaped yet. */
struct mcp_hook_child {
	const char	*name;
	pid_t		 pid;

	TAILQ_ENTRY(mcp_hook_child) entry;
};
static TAILQ_HEAD(, mcp_hook_child) mcp_hook_children =
    TAILQ_HEAD_INITIALIZER(mcp_hook_children);

/* The children of the server before the run of a hook that runs now. */
static pid_t	mcp_hook_before[MCP_HOOK_KNOWN];
static u_int	mcp_hook_nbefore;

/* Those at the end of its commands, if nothing else can have run meanwhile. */
static pid_t	mcp_hook_own[MCP_HOOK_KNOWN];
static u_int	mcp_hook_nown;

/* If the commands of that run have waited for something. */
static int		 mcp_hook_waited;
static struct event	 mcp_hook_event_waited;

/* What waits for a look at the children of that run. */
static struct cmdq_item	*mcp_hook_item;
static struct event	 mcp_hook_event_count;

static void	mcp_hook_look(int, short, void *);
static void	mcp_hook_later(int);

/* List the children of the server; none where the kernel doesn't tell. */
static u_int
mcp_hook_list(pid_t *pids, u_int most)
{
	static char	 text[MCP_HOOK_KNOWN * 11];
	char		*path, *next = text, *end;
	ssize_t		 n;
	size_t		 size = 0;
	u_int		 count = 0;
	long		 pid;
	int		 fd;

	xasprintf(&path, "/proc/self/task/%ld/children", (long)getpid());
	fd = open(path, O_RDONLY|O_CLOEXEC);
	free(path);
	if (fd == -1)
		return (0);
	while (size < sizeof text - 1 &&
	    (n = read(fd, text + size, sizeof text - 1 - size)) > 0)
		size += n;
	close(fd);
	text[size] = '\0';
	while (count < most && (pid = strtol(next, &end, 10)) > 0) {
		pids[count++] = pid;
		next = end;
	}
	return (count);
}

/* If a child is in a list. */
static int
mcp_hook_listed(const pid_t *pids, u_int count, pid_t pid)
{
	u_int	i;

	for (i = 0; i < count; i++) {
		if (pids[i] == pid)
			return (1);
	}
	return (0);
}

/* How many children of a hook may be alive. */
static u_int
mcp_hook_most(const char *name)
{
	if (strncmp(name, "mcp-call-", 9) == 0)
		return (MCP_HOOK_CHILDREN_CALLS);
	return (MCP_HOOK_CHILDREN);
}

/* If a hook may run: not too many of its children are alive. */
int
mcp_hook_may(const char *name)
{
	struct mcp_hook_child	*child;
	u_int			 count = 0;

	TAILQ_FOREACH(child, &mcp_hook_children, entry) {
		if (strcmp(child->name, name) == 0)
			count++;
	}
	return (count < mcp_hook_most(name));
}

/* The loop has turned since the commands of a run began: they wait. */
static void
mcp_hook_turned(__unused int fd, __unused short events, __unused void *data)
{
	mcp_hook_waited = 1;
}

/* The commands of a run begin. */
static enum cmd_retval
mcp_hook_runs(__unused struct cmdq_item *item, __unused void *data)
{
	mcp_hook_nbefore = mcp_hook_list(mcp_hook_before, MCP_HOOK_KNOWN);
	mcp_hook_waited = 0;
	if (!event_initialized(&mcp_hook_event_waited))
		evtimer_set(&mcp_hook_event_waited, mcp_hook_turned, NULL);
	event_active(&mcp_hook_event_waited, EV_TIMEOUT, 1);
	return (CMD_RETURN_NORMAL);
}

/*
 * If a child that is new since the commands of a run began is theirs. While
 * they wait people open panes and servers start, which have process groups of
 * their own; the shells of run-shell are in that of the server.
 */
static int
mcp_hook_is_own(pid_t pid)
{
	if (mcp_hook_listed(mcp_hook_before, mcp_hook_nbefore, pid))
		return (0);
	return (mcp_hook_listed(mcp_hook_own, mcp_hook_nown, pid) ||
	    getpgid(pid) == getpgrp());
}

/* Keep in mind the children that the commands of a run have left. */
static void
mcp_hook_count(__unused int fd, __unused short events, void *data)
{
	static pid_t		 after[MCP_HOOK_KNOWN];
	const char		*name = data;
	struct mcp_hook_child	*child;
	u_int			 i, count;
	int			 may = mcp_hook_may(name);

	count = mcp_hook_list(after, MCP_HOOK_KNOWN);
	for (i = 0; i < count; i++) {
		if (!mcp_hook_is_own(after[i]))
			continue;
		child = xcalloc(1, sizeof *child);
		child->name = name;
		child->pid = after[i];
		TAILQ_INSERT_TAIL(&mcp_hook_children, child, entry);
	}
	if (may && !mcp_hook_may(name)) {
		mcp_message_add("mcp: hook %s waits: %u processes that it has "
		    "started are still running", name, mcp_hook_most(name));
	}
	cmdq_continue(mcp_hook_item);
}

/*
 * The commands of a run have ended. The next item of the queue waits for a look
 * at their children, because run-shell starts its shell from an event.
 */
static enum cmd_retval
mcp_hook_left(struct cmdq_item *item, void *data)
{
	mcp_hook_nown = 0;
	if (!mcp_hook_waited)
		mcp_hook_nown = mcp_hook_list(mcp_hook_own, MCP_HOOK_KNOWN);
	mcp_hook_item = item;
	evtimer_set(&mcp_hook_event_count, mcp_hook_count, data);
	event_active(&mcp_hook_event_count, EV_TIMEOUT, 1);
	return (CMD_RETURN_WAIT);
}

/* A child of the server has been reaped: a hook may run again. */
void
mcp_hook_child_exited(pid_t pid)
{
	struct mcp_hook_child	*child;

	TAILQ_FOREACH(child, &mcp_hook_children, entry) {
		if (child->pid != pid)
			continue;
		TAILQ_REMOVE(&mcp_hook_children, child, entry);
		free(child);
		mcp_hook_later(0);
		break;
	}
}

/* The first command list of a hook, or NULL. */
static struct options_array_item *
mcp_hook_first(struct options_entry *o)
{
	return (o == NULL ? NULL : options_array_first(o));
}

/* If a hook is set globally or in any session. */
int
mcp_hook_is_set(const char *name)
{
	struct session	*s;

	if (mcp_hook_first(options_get(global_s_options, name)) != NULL)
		return (1);
	RB_FOREACH(s, sessions, &sessions) {
		if (mcp_hook_first(options_get_only(s->options, name)) != NULL)
			return (1);
	}
	return (0);
}

/*
 * The hook of the session of a request, which is NULL if there is none or it
 * may be no more, or else the global one.
 */
static struct options_entry *
mcp_hook_get(const char *name, struct mcp_request *mr,
    struct cmd_find_state *fs)
{
	if (mcp_request_state(mr, fs))
		return (options_get(fs->s->options, name));
	return (options_get(global_s_options, name));
}

/* If a hook is set for a request. */
int
mcp_hook_exists(const char *name, struct mcp_request *mr)
{
	struct cmd_find_state	fs;

	return (mcp_hook_first(mcp_hook_get(name, mr, &fs)) != NULL);
}

/* Add to the queue what is set for a hook. */
static void
mcp_hook_add(struct options_entry *o, struct cmdq_state *state)
{
	struct options_array_item	*a;
	struct cmd_list			*cmdlist;

	for (a = options_array_first(o); a != NULL; a = options_array_next(a)) {
		cmdlist = options_array_item_value(a)->cmdlist;
		if (cmdlist != NULL)
			cmdq_append(NULL, cmdq_get_command(cmdlist, state));
	}
}

/*
 * Run a hook, if it is set for a request or, without one, globally. Its name is
 * a constant. Pairs of a name without mcp_ and a value follow, up to NULL.
 */
void
mcp_hook_run(const char *name, struct mcp_request *mr, ...)
{
	struct cmd_find_state	 fs;
	struct options_entry	*o;
	struct cmdq_state	*state;
	const char		*value, *key;
	char			*full, *clean;
	size_t			 size;
	va_list			 ap;

	o = mcp_hook_get(name, mr, &fs);
	if (mcp_hook_first(o) == NULL)
		return;
	state = cmdq_new_state(&fs, NULL, CMDQ_STATE_NOHOOKS);
	cmdq_add_format(state, "hook", "%s", name);
	va_start(ap, mr);
	while ((key = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		xasprintf(&full, "mcp_%s", key);
		size = strnlen(value, MCP_HOOK_BYTES + 1);
		clean = mcp_text_vis(value, mcp_text_cut(value, size,
		    MCP_HOOK_BYTES), NULL);
		cmdq_add_format(state, full, "%s", clean);
		free(clean);
		free(full);
	}
	va_end(ap);
	cmdq_append(NULL, cmdq_get_callback(mcp_hook_runs, NULL));
	mcp_hook_add(o, state);
	cmdq_append(NULL, cmdq_get_callback(mcp_hook_left, (void *)name));
	cmdq_free_state(state);
}

/* Free a run of a hook. */
static void
mcp_hook_free(struct mcp_hook *h)
{
	TAILQ_REMOVE(&mcp_hooks, h, entry);
	free(h->server);
	free(h->value);
	free(h);
}

/* Look again in some milliseconds if the next runs may begin. */
static void
mcp_hook_later(int ms)
{
	if (!event_initialized(&mcp_hook_timer))
		evtimer_set(&mcp_hook_timer, mcp_hook_look, NULL);
	if (!evtimer_pending(&mcp_hook_timer, NULL))
		mcp_timer_add(&mcp_hook_timer, ms);
}

/* The commands of a run have ended. */
static enum cmd_retval
mcp_hook_ran(__unused struct cmdq_item *item, void *data)
{
	struct mcp_hook	*h = data;

	h->ran = 1;
	mcp_hook_later(MCP_HOOK_PAUSE_MS);
	return (CMD_RETURN_NORMAL);
}

/* Begin a run. */
static void
mcp_hook_start(struct mcp_hook *h)
{
	h->running = 1;
	h->started = mcp_now();
	mcp_hook_run(h->name, NULL, "server", h->server, h->key, h->value,
	    NULL);
	cmdq_append(NULL, cmdq_get_callback(mcp_hook_ran, h));
}

/* The first run of a hook about a server, from an entry of the list on. */
static struct mcp_hook *
mcp_hook_find(struct mcp_hook *h, const char *name, const char *server)
{
	for (; h != NULL; h = TAILQ_NEXT(h, entry)) {
		if (strcmp(h->name, name) == 0 &&
		    strcmp(h->server, server) == 0)
			break;
	}
	return (h);
}

/* Let go of runs that ended long enough ago, and begin those that waited. */
static void
mcp_hook_look(__unused int fd, __unused short events, __unused void *data)
{
	struct mcp_hook	*h, *h1, *first;
	uint64_t	 now = mcp_now();
	int		 again = 0;

	TAILQ_FOREACH_SAFE(h, &mcp_hooks, entry, h1) {
		if (!h->ran)
			continue;
		if (now - h->started < MCP_HOOK_PAUSE_MS * 1000ULL) {
			again = 1;
			continue;
		}
		mcp_hook_free(h);
	}
	TAILQ_FOREACH(h, &mcp_hooks, entry) {
		first = mcp_hook_find(TAILQ_FIRST(&mcp_hooks), h->name,
		    h->server);
		if (h == first && !h->running && mcp_hook_may(h->name))
			mcp_hook_start(h);
	}
	if (again)
		mcp_hook_later(MCP_HOOK_PAUSE_MS / 4);
}

/*
 * Run a hook about a server, or have it wait for the one that runs. The names
 * of the hook and of the key are constants.
 */
static void
mcp_hook_about(const char *name, const char *server, const char *key,
    const char *value)
{
	struct mcp_hook	*h, *first, *oldest = NULL;
	u_int		 waiting = 0;

	if (!mcp_hook_exists(name, NULL))
		return;
	first = mcp_hook_find(TAILQ_FIRST(&mcp_hooks), name, server);
	for (h = first; h != NULL;
	    h = mcp_hook_find(TAILQ_NEXT(h, entry), name, server)) {
		if (h->running)
			continue;
		/* Of a resource each is told, of all else the last. */
		if (key == NULL || strcmp(key, "uri") != 0 ||
		    strcmp(h->value, value) == 0) {
			free(h->value);
			h->value = value == NULL ? NULL : xstrdup(value);
			return;
		}
		if (oldest == NULL)
			oldest = h;
		waiting++;
	}
	if (waiting == MCP_HOOK_WAITING)
		mcp_hook_free(oldest);

	h = xcalloc(1, sizeof *h);
	h->name = name;
	h->server = xstrdup(server);
	h->key = key;
	h->value = value == NULL ? NULL : xstrdup(value);
	TAILQ_INSERT_TAIL(&mcp_hooks, h, entry);
	if (first == NULL && mcp_hook_may(name))
		mcp_hook_start(h);
}

/* The hook of a call that has ended. */
static const char *
mcp_hook_of_call(struct tmcp_event *event)
{
	if (tmcp_event_result(event) == TMCP_RESULT_OK)
		return ("mcp-call-done");
	return ("mcp-call-failed");
}

/*
 * If a call has ended that a hook is to be told of. What a hook has called
 * itself runs no hook.
 */
int
mcp_hook_wants(struct tmcp_event *event)
{
	struct mcp_request	*mr = tmcp_event_user_data(event);
	const char		*name;

	if (*tmcp_event_tool(event) == '\0')
		return (0);
	if (mr != NULL && mcp_request_nohooks(mr))
		return (0);
	name = mcp_hook_of_call(event);
	return (mcp_hook_exists(name, mr) && mcp_hook_may(name));
}

/* A call has ended. */
static void
mcp_hook_done(struct tmcp_event *event)
{
	const char	*text;
	char		 id[32], elapsed[32];
	int		 ok;

	if (!mcp_hook_wants(event))
		return;
	text = mcp_event_text(event, NULL);
	ok = (tmcp_event_result(event) == TMCP_RESULT_OK);
	xsnprintf(id, sizeof id, "%llu",
	    (unsigned long long)tmcp_event_id(event));
	xsnprintf(elapsed, sizeof elapsed, "%.1f",
	    tmcp_event_elapsed_us(event) / 1000.0);
	mcp_hook_run(mcp_hook_of_call(event), tmcp_event_user_data(event),
	    "server", tmcp_event_server(event),
	    "tool", tmcp_event_tool(event),
	    "id", id,
	    "elapsed", elapsed,
	    "result", text,
	    "error", ok ? "" : text, NULL);
}

/* Run the hook of an event, if there is one for it. */
void
mcp_hook_event(struct tmcp_event *event)
{
	const char	*server = tmcp_event_server(event);

	switch (tmcp_event_type(event)) {
	case TMCP_EVENT_TYPE_DONE:
		mcp_hook_done(event);
		break;
	case TMCP_EVENT_TYPE_SERVER_UP:
		mcp_hook_about("mcp-server-up", server, NULL, NULL);
		break;
	case TMCP_EVENT_TYPE_SERVER_DOWN:
		mcp_hook_about("mcp-server-down", server, "error",
		    tmcp_event_text(event, NULL));
		break;
	case TMCP_EVENT_TYPE_BREAKER:
		mcp_hook_about("mcp-breaker-changed", server, "breaker",
		    tmcp_event_text(event, NULL));
		break;
	case TMCP_EVENT_TYPE_TOOLS_CHANGED:
		mcp_hook_about("mcp-tools-changed", server, NULL, NULL);
		break;
	case TMCP_EVENT_TYPE_RESOURCE_UPDATED:
		mcp_hook_about("mcp-resource-updated", server, "uri",
		    tmcp_event_text(event, NULL));
		break;
	}
}
