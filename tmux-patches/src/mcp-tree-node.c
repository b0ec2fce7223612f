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
 * The nodes below the servers of choose-mcp, and what all who change them say
 * of a tree: that there are others, that servers are to be looked at, that
 * there is work to do.
 */

/* Changes are shown together. */
#define MCP_TREE_CHANGED_MS 30

/* The number of a node: that of the same thing in another table is the same. */
uint64_t
mcp_tree_tag(const char *kind, const char *server, const char *name)
{
	const char	*parts[] = { kind, server, name }, *cp;
	uint64_t	 hash = 14695981039346656037ULL;
	u_int		 i;

	for (i = 0; i < nitems(parts); i++) {
		for (cp = parts[i]; *cp != '\0'; cp++)
			hash = (hash ^ (u_char)*cp) * 1099511628211ULL;
		hash = (hash ^ 0xff) * 1099511628211ULL;
	}
	return (hash == UINT64_MAX ? 0 : hash);
}

/* Begin the nodes of a group. */
struct mcp_nodes *
mcp_nodes_create(void)
{
	return (xcalloc(1, sizeof (struct mcp_nodes)));
}

/*
 * Add a node. Nodes of a group that is shown do not move: those of a list that
 * is being made do.
 */
struct mcp_node *
mcp_nodes_add(struct mcp_nodes *nodes, struct mcp_group *group,
    enum mcp_node_type type, const char *name)
{
	struct mcp_node	*node;

	if (nodes->n == nodes->space) {
		nodes->space = (nodes->space == 0 ? 8 : nodes->space * 2);
		nodes->nodes = xreallocarray(nodes->nodes, nodes->space,
		    sizeof *nodes->nodes);
	}
	node = &nodes->nodes[nodes->n++];
	memset(node, 0, sizeof *node);
	node->type = type;
	node->server = group->server;
	node->group = group;
	node->name = xstrdup(name);
	node->tag = mcp_tree_tag(mcp_node_type(node), group->server->id, name);
	return (node);
}

/* Free nodes, and the tables they were made of. */
void
mcp_nodes_free(struct mcp_nodes *nodes)
{
	u_int	i;

	if (nodes == NULL)
		return;
	for (i = 0; i < nodes->n; i++)
		mcp_node_free(&nodes->nodes[i]);
	free(nodes->nodes);
	free(nodes->order);
	for (i = 0; i < nitems(nodes->tables); i++)
		tmcp_table_free(nodes->tables[i]);
	free(nodes);
}

static struct mcp_node	*mcp_nodes_compared;

/* Which of two nodes comes first. */
static int
mcp_nodes_compare(const void *a, const void *b)
{
	return (strcmp(mcp_nodes_compared[*(const u_int *)a].name,
	    mcp_nodes_compared[*(const u_int *)b].name));
}

/* The nodes by name. */
u_int *
mcp_nodes_order(struct mcp_nodes *nodes)
{
	u_int	i;

	if (nodes->order != NULL)
		return (nodes->order);
	nodes->order = xcalloc(nodes->n + 1, sizeof *nodes->order);
	for (i = 0; i < nodes->n; i++)
		nodes->order[i] = i;
	mcp_nodes_compared = nodes->nodes;
	qsort(nodes->order, nodes->n, sizeof *nodes->order, mcp_nodes_compare);
	return (nodes->order);
}

/* There is work to do for a tree. */
void
mcp_tree_work(struct mcp_tree *tree)
{
	if (tree->working || tree->dead)
		return;
	tree->working = 1;
	tree->references++;
	mcp_work_add(tree->step, tree);
}

/* Put nodes away that lines may still point at. */
void
mcp_tree_bury(struct mcp_tree *tree, struct mcp_nodes *nodes)
{
	if (nodes == NULL)
		return;
	nodes->next = tree->buried_nodes;
	tree->buried_nodes = nodes;
}

/* Have the lines built anew, soon. */
void
mcp_tree_changed(struct mcp_tree *tree)
{
	if (tree->dead || evtimer_pending(&tree->changed_timer, NULL))
		return;
	/* The first servers are awaited by somebody. */
	mcp_timer_add(&tree->changed_timer, tree->is_shown ?
	    MCP_TREE_CHANGED_MS : 0);
}

/* Look at all servers again, soon. */
void
mcp_tree_refresh(struct mcp_tree *tree)
{
	struct timeval	tv;

	tree->stale = 1;
	if (evtimer_pending(&tree->refresh_timer, &tv))
		evtimer_del(&tree->refresh_timer);
	mcp_timer_add(&tree->refresh_timer, mcp_now() - tree->looked >=
	    MCP_TREE_REFRESH_MS * 1000ULL ? 0 : MCP_TREE_REFRESH_MS);
}
