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
 * Answers that are too large to be used at once: the core makes what is wanted
 * of them in pieces, and then whoever asked gets them, one after the other. A
 * small answer is not kept here at all.
 */

/* An answer with less JSON than this is made at once when it is used. */
#define MCP_PREPARE_BYTES 65536

/* What the core may take of one turn of the loop, in microseconds. */
#define MCP_PREPARE_US 750

/* Want is a set of MCP_WANT. */
struct mcp_prepare {
	struct mcp_request	*mr;
	struct tmcp_event	*event;
	u_int			 want;
	char			*pointer;
	int			 hooked;	/* a hook is told of it */
	mcp_prepare_cb		 cb;

	TAILQ_ENTRY(mcp_prepare) entry;
};
static TAILQ_HEAD(, mcp_prepare) mcp_prepares =
    TAILQ_HEAD_INITIALIZER(mcp_prepares);
static int	mcp_prepare_working;

/* Remove from the list, with the event unless it was given away. */
static void
mcp_prepare_free(struct mcp_prepare *p)
{
	TAILQ_REMOVE(&mcp_prepares, p, entry);
	tmcp_event_free(p->event);
	free(p->pointer);
	free(p);
}

/* The answer that is kept for a request, if there is one. */
static struct mcp_prepare *
mcp_prepare_find(struct mcp_request *mr)
{
	struct mcp_prepare	*p;

	TAILQ_FOREACH(p, &mcp_prepares, entry) {
		if (p->mr == mr)
			return (p);
	}
	return (NULL);
}

/* Have the core do some more for the first, and give it out when it is done. */
static int
mcp_prepare_step(__unused void *data)
{
	struct mcp_prepare	*p = TAILQ_FIRST(&mcp_prepares);
	struct mcp_request	*mr;
	struct tmcp_event	*event;
	mcp_prepare_cb		 cb;
	uint32_t		 want;
	int32_t			 more;

	/* All may have been dropped. */
	if (p == NULL) {
		mcp_prepare_working = 0;
		return (0);
	}

	for (want = 0; (p->want & MCP_WANT(want)) == 0; want++)
		/* nothing */;
	more = tmcp_event_prepare(p->event, want,
	    want == TMCP_WANT_POINTER ? p->pointer : NULL, MCP_PREPARE_US);
	if (more == 1)
		return (1);
	p->want &= ~MCP_WANT(want);
	if (more >= 0 && p->want != 0)
		return (1);

	mr = p->mr;
	cb = p->cb;
	event = p->event;
	p->event = NULL;
	mcp_prepare_free(p);
	cb(mr, event, more < 0);
	mcp_prepare_working = !TAILQ_EMPTY(&mcp_prepares);
	return (mcp_prepare_working);
}

/*
 * Keep the answer to a request until what is wanted of it is made, and the text
 * if a hook is told of it; then it is given to cb. Returns 0 if it can be used
 * right away.
 */
int
mcp_prepare_start(struct mcp_request *mr, struct tmcp_event *event, u_int want,
    const char *pointer, int hooked, mcp_prepare_cb cb)
{
	struct mcp_prepare	*p;
	size_t			 size;

	(void)tmcp_event_json(event, &size);
	if (size < MCP_PREPARE_BYTES)
		return (0);
	if (hooked)
		want |= MCP_WANT(TMCP_WANT_TEXT);
	if (want == 0)
		return (0);

	p = xcalloc(1, sizeof *p);
	p->mr = mr;
	p->event = event;
	p->want = want;
	p->hooked = hooked;
	p->cb = cb;
	if (pointer != NULL)
		p->pointer = xstrdup(pointer);
	TAILQ_INSERT_TAIL(&mcp_prepares, p, entry);
	if (!mcp_prepare_working)
		mcp_work_add(mcp_prepare_step, NULL);
	mcp_prepare_working = 1;
	return (1);
}

/* If the answer to a request is kept here. */
int
mcp_prepare_has(struct mcp_request *mr)
{
	return (mcp_prepare_find(mr) != NULL);
}

/*
 * Nobody wants the answer to a request any more, but that a hook may: the call
 * has ended after all. Returns 0 if so, and the request stays until then;
 * otherwise it is to be removed.
 */
int
mcp_prepare_drop(struct mcp_request *mr)
{
	struct mcp_prepare	*p = mcp_prepare_find(mr);

	if (p->hooked) {
		p->want = MCP_WANT(TMCP_WANT_TEXT);
		return (0);
	}
	return (1);
}

/* A request is removed: so is its answer. */
void
mcp_prepare_forget(struct mcp_request *mr)
{
	struct mcp_prepare	*p = mcp_prepare_find(mr);

	if (p != NULL)
		mcp_prepare_free(p);
}

/* The server exits: nobody gets what is still here. */
void
mcp_prepare_stop(void)
{
	while (!TAILQ_EMPTY(&mcp_prepares))
		mcp_prepare_free(TAILQ_FIRST(&mcp_prepares));
}
