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
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tmux.h"
#include "mcp.h"

/*
 * The latest lines of the log, and the clients that follow it. A client that
 * does not read is given nothing more until it does: what it misses meanwhile
 * is counted, and only the lines here are held.
 */

/* Lines that are kept. */
#define MCP_FOLLOW_LINES 1000

/* Most clients that follow. */
#define MCP_FOLLOW_CLIENTS 128

/* What one client is given in one go, in bytes, and how often. */
#define MCP_FOLLOW_CHUNK 16384
#define MCP_FOLLOW_US 50000

/* The line with number n is at n % MCP_FOLLOW_LINES. */
static char	*mcp_follow_lines[MCP_FOLLOW_LINES];
static uint64_t	 mcp_follow_end;

struct mcp_follower {
	uint64_t		 id;
	struct client		*client;
	struct cmdq_item	*item;
	uint64_t		 next;
	int			 busy;

	TAILQ_ENTRY(mcp_follower) entry;
};
static TAILQ_HEAD(, mcp_follower) mcp_followers =
    TAILQ_HEAD_INITIALIZER(mcp_followers);
static u_int		 mcp_follow_count;
static uint64_t		 mcp_follow_id;
static struct event	 mcp_follow_event;

/* Number of the first line that is kept. */
static uint64_t
mcp_follow_first(void)
{
	if (mcp_follow_end <= MCP_FOLLOW_LINES)
		return (0);
	return (mcp_follow_end - MCP_FOLLOW_LINES);
}

/* If something that is written to a control client leaves at once. */
static int
mcp_follow_ready(struct client *c)
{
	struct pollfd	 pfd = { .events = POLLOUT };

	pfd.fd = (c->flags & CLIENT_CONTROLCONTROL) ? c->fd : c->out_fd;
	return (poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT));
}

/* Wake up soon to give lines to those who follow. */
static void
mcp_follow_wake(void)
{
	struct timeval	 tv = { .tv_usec = MCP_FOLLOW_US };

	if (!evtimer_pending(&mcp_follow_event, NULL))
		evtimer_add(&mcp_follow_event, &tv);
}

/* Stop following. The command goes on if its client is still there. */
static void
mcp_follow_remove(struct mcp_follower *mf)
{
	TAILQ_REMOVE(&mcp_followers, mf, entry);
	mcp_follow_count--;
	if (mf->item != NULL && (~mf->client->flags & CLIENT_DEAD))
		cmdq_continue(mf->item);
	server_client_unref(mf->client);
	free(mf);
}

/*
 * A shell client has taken what it was given: it reads messages in their order,
 * and has got as far as the one that asks it to open an empty file.
 */
static void
mcp_follow_taken(__unused struct client *c, __unused const char *path,
    __unused int error, int closed, __unused struct evbuffer *buffer,
    void *data)
{
	struct mcp_follower	*mf;

	if (!closed)
		return;
	TAILQ_FOREACH(mf, &mcp_followers, entry) {
		if (mf->id == (uint64_t)(uintptr_t)data)
			break;
	}
	if (mf == NULL)
		return;
	mf->busy = 0;
	if (mf->next != mcp_follow_end)
		mcp_follow_wake();
}

/* Write lines to a control client, each as a notification. */
static void
mcp_follow_control(struct client *c, char *lines)
{
	char	*line;

	while ((line = strsep(&lines, "\n")) != NULL) {
		if (*line != '\0')
			control_write(c, "%%mcp-log %s", line);
	}
}

/* Give a client what it has not seen, as much as is given in one go. */
static void
mcp_follow_give(struct mcp_follower *mf)
{
	struct client	*c = mf->client;
	struct evbuffer	*evb;
	const char	*line;
	uint64_t	 first = mcp_follow_first();
	int		 control = !!(c->flags & CLIENT_CONTROL);

	if (mf->busy || mf->next == mcp_follow_end || (c->flags & CLIENT_DEAD))
		return;
	if (control && !mcp_follow_ready(c)) {
		mcp_follow_wake();
		return;
	}
	if ((evb = evbuffer_new()) == NULL)
		fatalx("out of memory");
	if (mf->next < first) {
		evbuffer_add_printf(evb, "(%llu lines are left out)\n",
		    (unsigned long long)(first - mf->next));
		mf->next = first;
	}
	while (mf->next != mcp_follow_end &&
	    EVBUFFER_LENGTH(evb) < MCP_FOLLOW_CHUNK) {
		line = mcp_follow_lines[mf->next++ % MCP_FOLLOW_LINES];
		evbuffer_add(evb, line, strlen(line));
	}
	evbuffer_add(evb, "", 1);
	if (control) {
		mcp_follow_control(c, (char *)EVBUFFER_DATA(evb));
		if (mf->next != mcp_follow_end)
			mcp_follow_wake();
	} else {
		mf->busy = 1;
		file_print(c, "%s", (char *)EVBUFFER_DATA(evb));
		file_read(c, "/dev/null", mcp_follow_taken,
		    (void *)(uintptr_t)mf->id);
	}
	evbuffer_free(evb);
}

/* Give all that follow what is new. */
static void
mcp_follow_timer(__unused int fd, __unused short events, __unused void *arg)
{
	struct mcp_follower	*mf, *mf1;

	TAILQ_FOREACH_SAFE(mf, &mcp_followers, entry, mf1)
		mcp_follow_give(mf);
}

/* Keep a line, which is ours from now on. */
void
mcp_follow_add(char *line)
{
	char	**slot = &mcp_follow_lines[mcp_follow_end++ % MCP_FOLLOW_LINES];

	free(*slot);
	*slot = line;
	if (mcp_follow_count != 0)
		mcp_follow_wake();
}

/* Add the last lines to a buffer. */
void
mcp_follow_last(struct evbuffer *evb, u_int n)
{
	uint64_t	 at = mcp_follow_first();
	const char	*line;

	if (mcp_follow_end - at > n)
		at = mcp_follow_end - n;
	for (; at != mcp_follow_end; at++) {
		line = mcp_follow_lines[at % MCP_FOLLOW_LINES];
		evbuffer_add(evb, line, strlen(line));
	}
}

/*
 * Follow the log from the last n lines on: item waits, or is NULL for a
 * control client. Returns 0 if too many do.
 */
int
mcp_follow_start(struct client *c, struct cmdq_item *item, u_int n)
{
	struct mcp_follower	*mf;

	if (mcp_follow_count == MCP_FOLLOW_CLIENTS)
		return (0);
	if (mcp_follow_id == 0)
		evtimer_set(&mcp_follow_event, mcp_follow_timer, NULL);
	mf = xcalloc(1, sizeof *mf);
	mf->id = ++mcp_follow_id;
	mf->client = c;
	c->references++;
	mf->item = item;
	mf->next = mcp_follow_first();
	if (mcp_follow_end - mf->next > n)
		mf->next = mcp_follow_end - n;
	TAILQ_INSERT_TAIL(&mcp_followers, mf, entry);
	mcp_follow_count++;
	mcp_follow_wake();
	return (1);
}

/* The client has gone, or does not want to follow any more. */
void
mcp_follow_stop(struct client *c)
{
	struct mcp_follower	*mf, *mf1;

	TAILQ_FOREACH_SAFE(mf, &mcp_followers, entry, mf1) {
		if (mf->client == c)
			mcp_follow_remove(mf);
	}
}
