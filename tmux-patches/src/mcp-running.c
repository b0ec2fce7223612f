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

#include "tmux.h"
#include "mcp-dialog.h"
#include "mcp-run.h"

/*
 * Tells the person whose key has made a request that it runs, if it is not over
 * at once: in the status line, with how far it is, until it is over or a key is
 * pressed. Panes go on being drawn meanwhile.
 */

/* How long a request takes before it is told, and how often it is told. */
#define MCP_RUNNING_FIRST_MS 300
#define MCP_RUNNING_AGAIN_MS 500

struct mcp_running {
	struct client		*client;
	uint64_t		 id;
	uint64_t		 start;
	char			*title;
	char			*told;		/* what is in the status line */
	struct event		 timer;

	TAILQ_ENTRY(mcp_running) entry;
};
static TAILQ_HEAD(, mcp_running) mcp_runnings =
    TAILQ_HEAD_INITIALIZER(mcp_runnings);

/* If what is in the status line is ours. */
static int
mcp_running_is_told(struct mcp_running *mr)
{
	struct client	*c = mr->client;

	return (mr->told != NULL && c->message_string != NULL &&
	    strcmp(c->message_string, mr->told) == 0);
}

/* If the status line of a client shows how far a request is, and no more. */
int
mcp_running_shows(struct client *c)
{
	struct mcp_running	*mr;

	TAILQ_FOREACH(mr, &mcp_runnings, entry) {
		if (mr->client == c && mcp_running_is_told(mr))
			return (1);
	}
	return (0);
}

/* Forget. */
static void
mcp_running_free(struct mcp_running *mr)
{
	TAILQ_REMOVE(&mcp_runnings, mr, entry);
	evtimer_del(&mr->timer);
	if ((~mr->client->flags & CLIENT_DEAD) && mcp_running_is_told(mr))
		status_message_clear(mr->client);
	server_client_unref(mr->client);
	free(mr->title);
	free(mr->told);
	free(mr);
}

/* The row of a request in the table of those that have not ended, or -1. */
static ssize_t
mcp_running_row(const struct tmcp_table *table, uint64_t id)
{
	size_t	row;

	for (row = 0; row < tmcp_table_rows(table); row++) {
		if (strtoull(tmcp_table_get(table, row, "id"), NULL, 10) == id)
			return (row);
	}
	return (-1);
}

/* How far a request is, in words, to be freed; NULL if it is over. */
char *
mcp_running_say(uint64_t id)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table;
	const char		*percent;
	char			*s = NULL, *line;
	ssize_t			 row;
	uint64_t		 age;

	if (core == NULL || (table = tmcp_client_jobs(core)) == NULL)
		return (NULL);
	if ((row = mcp_running_row(table, id)) != -1) {
		age = strtoull(tmcp_table_get(table, row, "age_us"), NULL, 10);
		percent = tmcp_table_get(table, row, "progress");
		line = mcp_text_line(tmcp_table_get(table, row, "message"));
		xasprintf(&s, "%s, %llu s%s%s%s%s%s",
		    tmcp_table_get(table, row, "state"),
		    (unsigned long long)age / 1000000,
		    *percent == '\0' ? "" : ", ", percent,
		    *percent == '\0' ? "" : "%",
		    *line == '\0' ? "" : ": ", line);
		free(line);
	}
	tmcp_table_free(table);
	return (s);
}

/*
 * What the server says about a request, or the last line of the standard error
 * of one that is starting; to be freed, and NULL if there is nothing.
 */
char *
mcp_running_message(uint64_t id)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table;
	const char		*message;
	char			*s = NULL;
	ssize_t			 row;

	if (core == NULL || (table = tmcp_client_jobs(core)) == NULL)
		return (NULL);
	if ((row = mcp_running_row(table, id)) != -1) {
		message = tmcp_table_get(table, row, "message");
		if (*message != '\0')
			s = xstrdup(message);
	}
	tmcp_table_free(table);
	return (s);
}

/* Tell how far it is, unless the person is busy or has taken it away. */
static void
mcp_running_timer(__unused int fd, __unused short events, void *data)
{
	struct mcp_running	*mr = data;
	struct client		*c = mr->client;
	char			*s, *line;

	if (mr->told != NULL && !mcp_running_is_told(mr)) {
		mcp_running_free(mr);
		return;
	}
	if (!mcp_client_shows(c) || mcp_dialog_busy(c) ||
	    (c->message_string != NULL && mr->told == NULL)) {
		mcp_timer_add(&mr->timer, MCP_RUNNING_AGAIN_MS);
		return;
	}
	if ((s = mcp_running_say(mr->id)) == NULL) {
		mcp_running_free(mr);
		return;
	}
	xasprintf(&line, "%s: %s", mr->title, s);
	free(s);
	if (mr->told == NULL)
		mcp_compat_note(c, line);
	else if (strcmp(mr->told, line) != 0) {
		/* Not each of them is for the log of messages. */
		free(c->message_string);
		c->message_string = xstrdup(line);
		c->flags |= CLIENT_REDRAWSTATUS;
	}
	free(mr->told);
	mr->told = line;
	mcp_timer_add(&mr->timer, MCP_RUNNING_AGAIN_MS);
}

/* A client has made a request. */
void
mcp_running_add(struct client *c, uint64_t id, const char *title)
{
	struct mcp_running	*mr;

	if (c == NULL || !mcp_client_shows(c))
		return;
	mr = xcalloc(1, sizeof *mr);
	mr->client = c;
	mr->client->references++;
	mr->id = id;
	mr->title = mcp_text_line(title);
	evtimer_set(&mr->timer, mcp_running_timer, mr);
	TAILQ_INSERT_TAIL(&mcp_runnings, mr, entry);
	mcp_timer_add(&mr->timer, MCP_RUNNING_FIRST_MS);
}

/* A request is over. */
void
mcp_running_end(uint64_t id)
{
	struct mcp_running	*mr;

	TAILQ_FOREACH(mr, &mcp_runnings, entry) {
		if (mr->id == id) {
			mcp_running_free(mr);
			return;
		}
	}
}

/* A client has gone. */
void
mcp_running_client_lost(struct client *c)
{
	struct mcp_running	*mr, *mr1;

	TAILQ_FOREACH_SAFE(mr, &mcp_runnings, entry, mr1) {
		if (mr->client == c)
			mcp_running_free(mr);
	}
}
