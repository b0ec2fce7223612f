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
 * The filter of choose-mcp, a format that is expanded for each node, in steps;
 * and the search, which looks at what lines say, shown or not.
 */

/* If a node passes. */
static int
mcp_tree_filter_node(struct mcp_tree *tree, struct mcp_node *node)
{
	char	*s;

	s = mcp_node_expand(node, tree->filter);
	node->passes = format_true(s);
	free(s);
	return (node->passes);
}

/* Go on with the filter. Returns 1 if there is more to do. */
int
mcp_tree_filter_step(struct mcp_tree *tree, uint64_t end)
{
	struct mcp_server	*s;
	struct mcp_group	*group;

	if (!tree->filtering)
		return (0);
	for (; tree->filter_server < tree->nservers; tree->filter_server++) {
		s = tree->servers[tree->filter_server];
		if (tree->filter_group == 0 && tree->filter_node == 0) {
			s->passing = 0;
			mcp_tree_filter_node(tree, &s->node);
		}
		for (; tree->filter_group < MCP_GROUPS; tree->filter_group++) {
			group = &s->groups[tree->filter_group];
			if (tree->filter_node == 0)
				group->passing = 0;
			for (; group->nodes != NULL &&
			    tree->filter_node < group->nodes->n;
			    tree->filter_node++) {
				if (mcp_now() > end)
					return (1);
				group->passing += mcp_tree_filter_node(tree,
				    &group->nodes->nodes[tree->filter_node]);
			}
			tree->filter_node = 0;
			s->passing += group->passing;
		}
		tree->filter_group = 0;
	}
	tree->filtering = 0;
	tree->filter_fresh = 1;
	mcp_tree_changed(tree);
	return (0);
}

/* There are other nodes: filter again, while the lines stay. */
void
mcp_tree_filter_again(struct mcp_tree *tree)
{
	if (tree->filter == NULL)
		return;
	tree->filtering = 1;
	tree->filter_server = 0;
	tree->filter_group = 0;
	tree->filter_node = 0;
	mcp_tree_work(tree);
}

/* Use a filter, or none if it is NULL. */
void
mcp_tree_filter_set(struct mcp_tree *tree, const char *filter)
{
	if (filter != NULL && tree->filter != NULL &&
	    strcmp(filter, tree->filter) == 0)
		return;
	free(tree->filter);
	tree->filter = NULL;
	tree->filtering = 0;
	if (filter == NULL)
		return;
	tree->filter = xstrdup(filter);
	mcp_tree_filter_again(tree);
}

/* If what the line of a node says has a text, which is in lower case, in it. */
int
mcp_node_matches(struct mcp_node *node, const char *lower)
{
	return (node->line != NULL && strstr(node->line, lower) != NULL);
}

/*
 * The first or last node below a server, or if it is not NULL in one of its
 * groups, that has a text; or NULL.
 */
struct mcp_node *
mcp_tree_match(struct mcp_server *s, struct mcp_group *only, const char *lower,
    int last)
{
	struct mcp_group	*group;
	struct mcp_node		*node, *found = NULL;
	u_int			 i, j;

	for (i = 0; i < MCP_GROUPS; i++) {
		group = &s->groups[i];
		if (only != NULL && group != only)
			continue;
		for (j = 0; group->nodes != NULL && j < group->nodes->n; j++) {
			node = &group->nodes->nodes[j];
			if (!mcp_node_matches(node, lower))
				continue;
			if (s->tree->filter != NULL && !s->node.passes &&
			    !node->passes)
				continue;
			if (!last)
				return (node);
			found = node;
		}
	}
	return (found);
}
