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

#include "tmux.h"
#include "mcp.h"

/*
 * What takes too long for one turn of the loop is done in steps, one a turn in
 * all, whoever they are for: those who work at the same time take turns. An
 * answer may have 16 MiB, and nobody at a terminal is to notice.
 */

struct mcp_work {
	mcp_work_cb		 step;
	void			*data;

	TAILQ_ENTRY(mcp_work)	 entry;
};
static TAILQ_HEAD(, mcp_work) mcp_works = TAILQ_HEAD_INITIALIZER(mcp_works);
static struct event	 mcp_work_timer;

/* Do one step. */
static void
mcp_work_turn(__unused int fd, __unused short events, __unused void *arg)
{
	struct mcp_work	*work = TAILQ_FIRST(&mcp_works);

	TAILQ_REMOVE(&mcp_works, work, entry);
	if (work->step(work->data))
		TAILQ_INSERT_TAIL(&mcp_works, work, entry);
	else
		free(work);
	if (!TAILQ_EMPTY(&mcp_works))
		mcp_timer_add(&mcp_work_timer, 0);
}

/*
 * Do the steps of some work, from the next turn on. A step returns 1 if there
 * is more to do. It can't be taken back: a step that finds nobody waiting for
 * it cleans up and returns 0.
 */
void
mcp_work_add(mcp_work_cb step, void *data)
{
	struct mcp_work	*work;

	work = xcalloc(1, sizeof *work);
	work->step = step;
	work->data = data;
	TAILQ_INSERT_TAIL(&mcp_works, work, entry);
	if (!event_initialized(&mcp_work_timer))
		evtimer_set(&mcp_work_timer, mcp_work_turn, NULL);
	mcp_timer_add(&mcp_work_timer, 0);
}

/* Do the first step at once, so that what is small needs no other turn. */
void
mcp_work_start(mcp_work_cb step, void *data)
{
	if (step(data))
		mcp_work_add(step, data);
}

/* No more steps: the server exits. */
void
mcp_work_stop(void)
{
	if (event_initialized(&mcp_work_timer))
		evtimer_del(&mcp_work_timer);
}
