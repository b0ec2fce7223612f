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
#include "mcp-browse.h"

/*
 * The mode tree of choose-mcp, and the order of its servers. Before 3.7 a mode
 * names its orders; since then tmux has a list of orders for all modes, of
 * which a mode takes some. There "activity" is the state and "size" the calls,
 * and -O understands the names that this mode had before too.
 */

#ifdef MCP_COMPAT_3_7
static enum sort_order	mcp_tree_orders[] = {
	[MCP_TREE_BY_INDEX] = SORT_INDEX,
	[MCP_TREE_BY_NAME] = SORT_NAME,
	[MCP_TREE_BY_STATE] = SORT_ACTIVITY,
	[MCP_TREE_BY_CALLS] = SORT_SIZE,
	SORT_END
};

/* Of the mode that is being started, if tmux does not know its order. */
static enum sort_order	mcp_tree_first_order = SORT_INDEX;

static void
mcp_tree_sort_cb(struct sort_criteria *crit)
{
	crit->order_seq = mcp_tree_orders;
	if (crit->order == SORT_END)
		crit->order = mcp_tree_first_order;
}

/* What the servers are ordered by. */
int
mcp_tree_order(const struct mcp_sort_criteria *crit)
{
	int	i;

	for (i = 0; mcp_tree_orders[i] != SORT_END; i++) {
		if (mcp_tree_orders[i] == crit->order)
			return (i);
	}
	return (MCP_TREE_BY_INDEX);
}
#else
/* In the order of enum mcp_tree_sort. */
static const char	*mcp_tree_orders[] = {
	"index",
	"name",
	"state",
	"calls"
};

/* What the servers are ordered by. */
int
mcp_tree_order(const struct mcp_sort_criteria *crit)
{
	return (crit->field);
}
#endif

/* Start the mode tree; the screen is that of the mode. */
struct mode_tree_data *
mcp_tree_start(struct window_pane *wp, struct args *args,
    const struct mcp_tree_callbacks *cb, void *modedata,
    const struct menu_item *menu, struct screen **s)
{
#ifdef MCP_COMPAT_3_7
	const char	*order = args_get(args, 'O');

	mcp_tree_first_order = SORT_INDEX;
	if (order != NULL && strcasecmp(order, "state") == 0)
		mcp_tree_first_order = SORT_ACTIVITY;
	else if (order != NULL && strcasecmp(order, "calls") == 0)
		mcp_tree_first_order = SORT_SIZE;
	return (mode_tree_start(wp, args, cb->build, cb->draw, cb->search,
	    cb->menu, NULL, cb->key, NULL, mcp_tree_sort_cb, NULL, modedata,
	    menu, s));
#elif defined(MCP_COMPAT_3_6)
	return (mode_tree_start(wp, args, cb->build, cb->draw, cb->search,
	    cb->menu, NULL, cb->key, NULL, modedata, menu, mcp_tree_orders,
	    nitems(mcp_tree_orders), s));
#else
	return (mode_tree_start(wp, args, cb->build, cb->draw, cb->search,
	    cb->menu, NULL, cb->key, modedata, menu, mcp_tree_orders,
	    nitems(mcp_tree_orders), s));
#endif
}
