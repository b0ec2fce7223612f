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
#include <time.h>

#include "tmux.h"
#include "mcp-form.h"

/*
 * The core's handle, with its descriptor and its timer in the event loop. All
 * other files stand on this one; what is done in a turn is in mcp.c.
 */

static struct tmcp_client	*mcp_core;
static int			 mcp_core_poisoned;
static int			 mcp_core_asked;
static struct event		 mcp_core_fd_event;
static struct event		 mcp_core_timer;
static struct tmcp_event	*mcp_core_taken;

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
 * Create the core. Turn is called when the descriptor is readable or the timer
 * fires, which is armed by mcp_core_wait(); the descriptor is watched from the
 * first mcp_core_work() on.
 */
int32_t
mcp_core_start(const struct tmcp_options *options,
    void (*turn)(int, short, void *))
{
	int32_t	result;

	result = tmcp_client_new(options, &mcp_core);
	if (result != TMCP_RESULT_OK) {
		mcp_core = NULL;
		return (result);
	}
	evtimer_set(&mcp_core_timer, turn, NULL);
	event_set(&mcp_core_fd_event, tmcp_client_fd(mcp_core),
	    EV_READ|EV_PERSIST, turn, NULL);
	return (TMCP_RESULT_OK);
}

/* The core for what goes on without a command, or NULL. */
struct tmcp_client *
mcp_core_get(void)
{
	return (mcp_core_poisoned ? NULL : mcp_core);
}

/* If there is a core, even one that broke down. */
int
mcp_core_is_open(void)
{
	return (mcp_core != NULL);
}

/* No more turns. */
static void
mcp_core_unwatch(void)
{
	event_del(&mcp_core_fd_event);
	evtimer_del(&mcp_core_timer);
}

/* The core broke down and is never used again. */
void
mcp_core_fail(void)
{
	mcp_core_poisoned = 1;
	mcp_core_unwatch();
}

/* End the core. */
void
mcp_core_stop(void)
{
	mcp_core_unwatch();
	tmcp_client_free(mcp_core);
	mcp_core = NULL;
}

/* Something was asked of the core: look at it in the next turn. */
void
mcp_changed(void)
{
	mcp_core_asked = 1;
	if (cfg_finished && mcp_core_get() != NULL)
		mcp_timer_add(&mcp_core_timer, 0);
}

/* Let the core work for a while. Returns -1 if it broke down. */
int
mcp_core_work(void)
{
	int32_t	more;

	event_add(&mcp_core_fd_event, NULL);
	mcp_core_asked = 0;
	if ((more = tmcp_client_dispatch(mcp_core, 0)) < 0)
		return (-1);
	if (more == 1)
		mcp_core_asked = 1;
	return (0);
}

/*
 * Wait for the next turn: so many milliseconds or, with -1, until the next
 * deadline of the core, and not at all if something was asked of it meanwhile.
 */
void
mcp_core_wait(int ms)
{
	evtimer_del(&mcp_core_timer);
	if (ms == -1)
		ms = mcp_core_asked ? 0 : tmcp_client_timeout_ms(mcp_core);
	if (ms >= 0)
		mcp_timer_add(&mcp_core_timer, ms);
}

/*
 * Cancel a request. Returns 1 if its event never comes, 0 if it is already on
 * its way.
 */
int
mcp_cancel(uint64_t id)
{
	if (mcp_core_get() == NULL)
		return (1);
	mcp_changed();
	return (tmcp_client_cancel(mcp_core, id) == TMCP_RESULT_OK);
}

/* The callback that got this event keeps it; NULL before it is called. */
void
mcp_event_take(struct tmcp_event *event)
{
	mcp_core_taken = event;
}

/* If the callback has kept its event. */
int
mcp_event_is_taken(struct tmcp_event *event)
{
	return (mcp_core_taken == event);
}

/* Free arguments of a tool. */
void
mcp_pairs_free(struct tmcp_pair *pairs, size_t n)
{
	while (n != 0) {
		free((void *)pairs[--n].key);
		free((void *)pairs[n].value);
	}
	free(pairs);
}
