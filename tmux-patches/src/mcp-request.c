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
#include "mcp-request.h"

/*
 * The requests that commands have made and the core has not answered yet.
 */

/*
 * A request in the core. Whoever added it gets its event once, by cb, or, if
 * the client that waits for it goes away, free is called instead. Once
 * cancelled too late, both are NULL and the event is only awaited. What the
 * callback will ask of a large event is made beforehand (mcp-prepare.c).
 */
struct mcp_request {
	uint64_t		 id;
	struct client		*client;
	struct client		*viewer;
	char			*who;
	int			 nohooks;
	int			 session;	/* its number, or -1 */
	int			 pane;

	u_int			 want;
	u_int			 want_failed;
	const char		*pointer;

	mcp_request_cb		 cb;
	mcp_free_cb		 free;
	void			*data;

	TAILQ_ENTRY(mcp_request) entry;
};
static TAILQ_HEAD(, mcp_request) mcp_requests =
    TAILQ_HEAD_INITIALIZER(mcp_requests);

/*
 * Add a request; it is a name for the core to give back in the event. Who
 * waits for it and who is asked what the server wants to know is taken from
 * the output, which is NULL if its owner sees to that.
 */
struct mcp_request *
mcp_request_add(struct mcp_output *out, mcp_request_cb cb, mcp_free_cb freecb,
    void *data)
{
	struct mcp_request	*mr;

	mr = xcalloc(1, sizeof *mr);
	mr->session = mr->pane = -1;
	if (out != NULL) {
		mr->session = out->session;
		mr->pane = out->pane;
		mr->client = out->client;
		mr->viewer = out->viewer;
		if (mr->viewer != NULL)
			mr->viewer->references++;
		mr->who = xstrdup(out->who);
		mr->nohooks = (out->state_flags & CMDQ_STATE_NOHOOKS);
	}
	mr->want = mr->want_failed = MCP_WANT(TMCP_WANT_TEXT);
	mr->cb = cb;
	mr->free = freecb;
	mr->data = data;
	TAILQ_INSERT_TAIL(&mcp_requests, mr, entry);
	return (mr);
}

/*
 * Say what the callback will ask of an answer, and of one that is an error:
 * sets of MCP_WANT, by default the text. Pointer is the one that
 * TMCP_WANT_POINTER is about.
 */
void
mcp_request_want(struct mcp_request *mr, u_int want, u_int failed,
    const char *pointer)
{
	mr->want = want;
	mr->want_failed = failed;
	mr->pointer = pointer;
}

/* What the callback will ask of an answer: nothing if it is gone. */
u_int
mcp_request_wants(struct mcp_request *mr, int failed, const char **pointer)
{
	*pointer = mr->pointer;
	if (mr->cb == NULL)
		return (0);
	return (failed ? mr->want_failed : mr->want);
}

/* The request with this number, or NULL. */
struct mcp_request *
mcp_request_find(uint64_t id)
{
	struct mcp_request	*mr;

	TAILQ_FOREACH(mr, &mcp_requests, entry) {
		if (mr->id == id)
			return (mr);
	}
	return (NULL);
}

/* Its number in the core. */
uint64_t
mcp_request_id(struct mcp_request *mr)
{
	return (mr->id);
}

/*
 * The attached client it was made for, or NULL. It may be no more. It made it
 * itself if no other client waits.
 */
struct client *
mcp_request_viewer(struct mcp_request *wanted, int *is_own)
{
	struct mcp_request	*mr;

	TAILQ_FOREACH(mr, &mcp_requests, entry) {
		if (mr == wanted) {
			*is_own = (mr->client == NULL);
			return (mr->viewer);
		}
	}
	return (NULL);
}

/* If it was made by a hook, so that no hook is run for it again. */
int
mcp_request_nohooks(struct mcp_request *mr)
{
	return (mr->nohooks);
}

/*
 * The state for commands about a request, which is NULL or may be no more:
 * where it was made, or else the session that tmux thinks best. Returns 0 if
 * its session is not known.
 */
int
mcp_request_state(struct mcp_request *wanted, struct cmd_find_state *fs)
{
	struct mcp_request	*mr;
	struct session		*s = NULL;
	struct window_pane	*wp = NULL;

	TAILQ_FOREACH(mr, &mcp_requests, entry) {
		if (mr == wanted)
			break;
	}
	if (mr != NULL && mr->session != -1)
		s = session_find_by_id(mr->session);
	if (s == NULL) {
		cmd_find_from_nothing(fs, 0);
		return (0);
	}
	if (mr->pane != -1)
		wp = window_pane_find_by_id(mr->pane);
	if (wp == NULL || !session_has(s, wp->window) ||
	    cmd_find_from_session_window(fs, s, wp->window, 0) != 0)
		cmd_find_from_session(fs, s, 0);
	else
		fs->wp = wp;
	return (1);
}

/* Who made the request with this number. */
const char *
mcp_request_who(uint64_t id)
{
	struct mcp_request	*mr;

	TAILQ_FOREACH(mr, &mcp_requests, entry) {
		if (mr->id == id && mr->who != NULL)
			return (mr->who);
	}
	return ("tmux");
}

/* The core has taken a request. */
void
mcp_request_started(struct mcp_request *mr, uint64_t id)
{
	mr->id = id;
	mcp_changed();
}

/* Forget a request that the core has refused or answered. */
void
mcp_request_remove(struct mcp_request *mr)
{
	TAILQ_REMOVE(&mcp_requests, mr, entry);
	mcp_running_end(mr->id);
	mcp_prepare_forget(mr);
	if (mr->viewer != NULL)
		server_client_unref(mr->viewer);
	free(mr->who);
	free(mr);
}

/* Take a request back: whoever made it does not want to know any more. */
void
mcp_request_drop(struct mcp_request *mr)
{
	mcp_history_drop(mr->id);
	mr->client = NULL;
	mr->cb = NULL;
	mr->free = NULL;
	mr->data = NULL;
	mr->pointer = NULL;
	if (mcp_prepare_has(mr)) {
		if (mcp_prepare_drop(mr))
			mcp_request_remove(mr);
	} else if (mcp_cancel(mr->id))
		mcp_request_remove(mr);
}

/*
 * Take back the request with this number for somebody else, and say so to who
 * made it. Returns 0 if there is none.
 */
int
mcp_request_stop(uint64_t id)
{
	struct mcp_request	*mr;

	if (!mcp_cancel(id))
		return (0);
	TAILQ_FOREACH(mr, &mcp_requests, entry) {
		if (mr->id != id)
			continue;
		mcp_set_absent(TMCP_RESULT_CANCELLED, "cancelled");
		mcp_request_done(mr, NULL);
		mcp_set_absent(TMCP_RESULT_INTERNAL, NULL);
		break;
	}
	return (1);
}

/* Give an event to whoever asked. */
void
mcp_request_done(struct mcp_request *mr, struct tmcp_event *event)
{
	mcp_request_cb	 cb = mr->cb;
	void		*data = mr->data;

	mcp_history_end(mr->id, event);
	mcp_request_remove(mr);
	if (cb != NULL)
		cb(event, data);
}

/* A client has gone: cancel what it was waiting for. */
void
mcp_request_client_lost(struct client *c)
{
	struct mcp_request	*mr, *mr1;
	mcp_free_cb		 freecb;
	void			*data;

	TAILQ_FOREACH_SAFE(mr, &mcp_requests, entry, mr1) {
		if (mr->client != c)
			continue;
		freecb = mr->free;
		data = mr->data;
		mcp_request_drop(mr);
		freecb(data);
	}
}

/* The core broke down: all requests end but those whose answer is here. */
void
mcp_request_fail_all(void)
{
	struct mcp_request	*mr;

	for (;;) {
		TAILQ_FOREACH(mr, &mcp_requests, entry) {
			if (!mcp_prepare_has(mr))
				break;
		}
		if (mr == NULL)
			break;
		mcp_request_done(mr, NULL);
	}
}
