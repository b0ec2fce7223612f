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
#include "mcp-form.h"

/*
 * A run whose end is awaited in a dialog, which shows how far it is. Questions
 * of the server about it open over that dialog. Whoever does not want to wait
 * leaves it running, and its result is shown as that of a key.
 */

/* When it is told that it runs, and how often how far it is. */
#define MCP_AWAIT_FIRST_MS 300
#define MCP_AWAIT_AGAIN_MS 1000

/* Choices. */
#define MCP_AWAIT_LEAVE 0
#define MCP_AWAIT_CANCEL 1

struct mcp_await {
	struct client		*client;
	struct mcp_dialog	*dialog;
	struct mcp_run		*run;
	uint64_t		 id;
	struct event		 timer;

	mcp_await_cb		 cb;
	void			*data;

	TAILQ_ENTRY(mcp_await)	 entry;
};
static TAILQ_HEAD(, mcp_await) mcp_awaits = TAILQ_HEAD_INITIALIZER(mcp_awaits);

/* Forget; the run goes on without being awaited. */
static void
mcp_await_forget(struct mcp_await *ma)
{
	TAILQ_REMOVE(&mcp_awaits, ma, entry);
	evtimer_del(&ma->timer);
	mcp_dialog_await(ma->dialog, NULL);
	server_client_unref(ma->client);
	free(ma);
}

/* The dialog is closed: the result is shown when it is there. */
void
mcp_await_free(struct mcp_await *ma)
{
	if (ma == NULL)
		return;
	mcp_running_add(ma->client, ma->id, ma->run->out->title);
	mcp_await_forget(ma);
}

/* What is done meanwhile. */
static void
mcp_await_chosen(void *data, int choice)
{
	struct mcp_await	*ma = data;

	if (choice == MCP_AWAIT_CANCEL)
		mcp_request_stop(ma->id);
	else
		ma->cb(ma->data, MCP_AWAIT_LEFT, NULL);
}

/* Show that it runs, and how far it is. */
static void
mcp_await_timer(__unused int fd, __unused short events, void *data)
{
	struct mcp_await	*ma = data;
	struct mcp_dialog	*d = ma->dialog;
	char			*s;

	if ((s = mcp_running_say(ma->id)) == NULL)
		s = xstrdup("running");
	mcp_dialog_await(d, mcp_request_find(ma->id));
	mcp_dialog_clear(d, ma->run->out->title);
	mcp_dialog_wrap(d, s);
	free(s);
	mcp_dialog_action(d, MCP_AWAIT_LEAVE, 'l', "Leave it running");
	mcp_dialog_action(d, MCP_AWAIT_CANCEL, 'c', "Cancel the call");
	mcp_dialog_start(d, MCP_AWAIT_LEAVE, -1);
	mcp_dialog_menu(d, mcp_await_chosen, ma);
	mcp_question_look();
	mcp_timer_add(&ma->timer, MCP_AWAIT_AGAIN_MS);
}

/* It has ended: a result is shown, the owner is told why there is none. */
static void
mcp_await_done(struct tmcp_event *event, void *data)
{
	struct mcp_run		*run = data;
	struct mcp_await	*ma;
	mcp_await_cb		 cb;
	void			*cb_data;
	char			*cause;
	int			 alive;

	TAILQ_FOREACH(ma, &mcp_awaits, entry) {
		if (ma->run == run)
			break;
	}
	if (ma == NULL) {
		mcp_run_done(event, run);
		return;
	}
	cb = ma->cb;
	cb_data = ma->data;
	alive = mcp_client_shows(ma->client);
	mcp_await_forget(ma);
	if (mcp_event_result(event) == TMCP_RESULT_OK || !alive) {
		cb(cb_data, MCP_AWAIT_DONE, NULL);
		mcp_run_done(event, run);
		return;
	}
	cause = xstrdup(mcp_event_text(event, NULL));
	mcp_run_free(run);
	cb(cb_data, MCP_AWAIT_FAILED, cause);
	free(cause);
}

/*
 * Start a run, which is ours from now on. Returns NULL with the cause if the
 * core refuses it. The callback is told once how it ended, and has forgotten
 * what was returned here when it is.
 */
struct mcp_await *
mcp_await_start(struct mcp_dialog *d, struct client *c, struct mcp_run *run,
    mcp_await_cb cb, void *data, char **cause)
{
	struct mcp_await	*ma;
	uint64_t		 id;

	run->is_quiet = 1;
	run->done = mcp_await_done;
	if (mcp_run_try(run, &id, cause) != 0) {
		mcp_run_free(run);
		return (NULL);
	}
	ma = xcalloc(1, sizeof *ma);
	ma->client = c;
	ma->client->references++;
	ma->dialog = d;
	ma->run = run;
	ma->id = id;
	ma->cb = cb;
	ma->data = data;
	TAILQ_INSERT_TAIL(&mcp_awaits, ma, entry);
	evtimer_set(&ma->timer, mcp_await_timer, ma);
	mcp_timer_add(&ma->timer, MCP_AWAIT_FIRST_MS);
	return (ma);
}
