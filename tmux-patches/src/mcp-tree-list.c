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
#include "mcp-run.h"

/*
 * What is below the servers of choose-mcp: servers are asked for lists, and
 * nodes are made of them in steps.
 */

/* How many of the last calls are shown for one server. */
#define MCP_TREE_CALLS 50

/* How many of the last calls are looked at. */
#define MCP_TREE_HISTORY 200

static void	mcp_tree_templates(struct mcp_group *);

/* Show other nodes in a group, or none. */
static void
mcp_tree_take(struct mcp_group *group, struct mcp_nodes *nodes)
{
	mcp_tree_bury(group->server->tree, group->nodes);
	group->nodes = nodes;
	mcp_group_label(group);
}

/* Nobody waits for the list of a group any more. */
void
mcp_tree_drop(struct mcp_group *group)
{
	if (group->request != NULL)
		mcp_request_drop(group->request);
	group->request = NULL;
}

/* There is no list, and why. */
static void
mcp_tree_failed(struct mcp_group *group, const char *cause)
{
	free(group->note.name);
	group->note.name = xstrdup(cause);
	group->state = MCP_GROUP_FAILED;
	mcp_node_set(&group->note, "error", cause);
	mcp_group_label(group);
	mcp_tree_changed(group->server->tree);
}

/* Begin to make nodes of a table. */
static void
mcp_tree_make(struct mcp_group *group, struct tmcp_table *table)
{
	if (group->making != NULL)
		mcp_nodes_free(group->making);
	group->making = mcp_nodes_create();
	group->making->tables[0] = table;
	group->row = 0;
	mcp_tree_work(group->server->tree);
}

/* A server has told its templates, which it need not have. */
static void
mcp_tree_templates_listed(struct tmcp_event *event, void *data)
{
	struct mcp_group	*group = data;

	group->request = NULL;
	if (mcp_event_result(event) == TMCP_RESULT_OK)
		group->making->tables[1] = tmcp_event_table(event);
	mcp_tree_work(group->server->tree);
}

/* A server has told a list, or why not. */
static void
mcp_tree_listed(struct tmcp_event *event, void *data)
{
	struct mcp_group	*group = data;
	struct tmcp_table	*table = NULL;

	group->request = NULL;
	if (mcp_event_result(event) == TMCP_RESULT_OK)
		table = tmcp_event_table(event);
	if (table == NULL) {
		mcp_tree_failed(group, mcp_event_text(event, NULL));
		return;
	}
	mcp_tree_make(group, table);
	if (group->type == MCP_GROUP_RESOURCES)
		mcp_tree_templates(group);
	mcp_tree_refresh(group->server->tree);
}

/* Ask for a list. Returns 0 if the core refuses. */
static int
mcp_tree_request(struct mcp_group *group, uint32_t what, mcp_request_cb cb)
{
	struct tmcp_client	*core = mcp_core_get();
	struct mcp_request	*mr;
	uint64_t		 id;
	int32_t			 result;

	if (core == NULL)
		return (0);
	mr = mcp_request_add(NULL, cb, NULL, group);
	mcp_request_want(mr, MCP_WANT(TMCP_WANT_TABLE),
	    MCP_WANT(TMCP_WANT_TEXT), NULL);
	result = tmcp_client_list(core, group->server->id, what, 0, mr, &id);
	if (result != TMCP_RESULT_OK) {
		mcp_request_remove(mr);
		return (0);
	}
	group->request = mr;
	mcp_request_started(mr, id);
	return (1);
}

/* Ask for the templates as well. */
static void
mcp_tree_templates(struct mcp_group *group)
{
	mcp_tree_request(group, TMCP_LIST_RESOURCE_TEMPLATES,
	    mcp_tree_templates_listed);
}

/* Ask the server what is in a group; a server that does not run is started. */
void
mcp_tree_ask(struct mcp_group *group)
{
	static const uint32_t	 what[] = { 0, TMCP_LIST_TOOLS,
				    TMCP_LIST_PROMPTS, TMCP_LIST_RESOURCES, 0 };
	char			*cause;

	if (what[group->type] == 0 || *group->server->id == '\0')
		return;
	mcp_tree_drop(group);
	group->state = MCP_GROUP_LISTING;
	if (!mcp_tree_request(group, what[group->type], mcp_tree_listed)) {
		cause = mcp_strerror(TMCP_RESULT_INTERNAL);
		mcp_tree_failed(group, cause);
		free(cause);
		return;
	}
	mcp_group_label(group);
	mcp_tree_changed(group->server->tree);
	mcp_tree_refresh(group->server->tree);
}

/* Show the tools that a server told before, without asking it. */
void
mcp_tree_load(struct mcp_server *s)
{
	if (s->load || s->loading != NULL)
		return;
	s->load = 1;
	if (s->tree != NULL)
		mcp_tree_work(s->tree);
}

/* Make some more nodes of a group. Returns 1 if there are more. */
int
mcp_tree_make_step(struct mcp_group *group, uint64_t end)
{
	struct mcp_nodes	*nodes = group->making;
	struct mcp_node		*node;
	enum mcp_node_type	 type;
	const struct tmcp_table	*table;
	const char		*column = "name";
	size_t			 rows, row;

	rows = tmcp_table_rows(nodes->tables[0]);
	for (;; group->row++) {
		table = nodes->tables[0];
		row = group->row;
		if (row >= rows) {
			table = nodes->tables[1];
			row -= rows;
			if (row >= tmcp_table_rows(table))
				break;
		}
		if (mcp_now() > end)
			return (1);
		if (group->type == MCP_GROUP_TOOLS)
			type = MCP_NODE_TOOL;
		else if (group->type == MCP_GROUP_PROMPTS)
			type = MCP_NODE_PROMPT;
		else if (table == nodes->tables[0]) {
			type = MCP_NODE_RESOURCE;
			column = "uri";
		} else {
			type = MCP_NODE_TEMPLATE;
			column = "uri_template";
		}
		node = mcp_nodes_add(nodes, group, type,
		    tmcp_table_get(table, row, column));
		node->table = table;
		node->row = row;
		mcp_node_label(node, group->server->tree->format);
	}
	group->making = NULL;
	group->state = MCP_GROUP_LISTED;
	mcp_tree_take(group, nodes);
	mcp_tree_filter_again(group->server->tree);
	mcp_tree_changed(group->server->tree);
	return (0);
}

/* Go on with tools that a server told before. Returns 1 if there is more. */
int
mcp_tree_load_step(struct mcp_server *s)
{
	struct mcp_group	*group = &s->groups[MCP_GROUP_TOOLS];
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table;

	if (s->loading == NULL) {
		s->load = 0;
		if (core != NULL && group->state != MCP_GROUP_LISTED)
			s->loading = tmcp_client_known_tools(core, s->id);
		return (s->loading != NULL);
	}
	if (tmcp_event_prepare(s->loading, TMCP_WANT_TABLE, NULL,
	    MCP_TREE_TURN_US) == 1)
		return (1);
	table = tmcp_event_table(s->loading);
	tmcp_event_free(s->loading);
	s->loading = NULL;
	if (table != NULL)
		mcp_tree_make(group, table);
	return (0);
}

/* If the nodes of two lists look the same. */
static int
mcp_tree_looks_same(struct mcp_nodes *a, struct mcp_nodes *b)
{
	u_int	i;

	if (a == NULL || b == NULL || a->n != b->n)
		return (a == b);
	for (i = 0; i < a->n; i++) {
		if (a->nodes[i].id != b->nodes[i].id ||
		    strcmp(a->nodes[i].text, b->nodes[i].text) != 0)
			return (0);
	}
	return (1);
}

/* Give a server other jobs or calls, which may be NULL, if they are others. */
static void
mcp_tree_give(struct mcp_server *s, enum mcp_group_type type,
    struct mcp_nodes *nodes)
{
	struct mcp_group	*group = &s->groups[type];
	struct mcp_nodes	*old = group->nodes;

	group->state = MCP_GROUP_LISTED;
	if (mcp_tree_looks_same(old, nodes)) {
		mcp_nodes_free(nodes);
		if (group->node.label == NULL)
			mcp_group_label(group);
		return;
	}
	mcp_tree_take(group, nodes);
	mcp_tree_filter_again(s->tree);
	mcp_tree_changed(s->tree);
}

/* The server with this id, or NULL. */
static struct mcp_server *
mcp_tree_find(struct mcp_tree *tree, const char *id)
{
	u_int	i;

	for (i = 0; i < tree->nservers; i++) {
		if (strcmp(tree->servers[i]->id, id) == 0)
			return (tree->servers[i]);
	}
	return (NULL);
}

/* Add a node for a job or a call to what a server will have. */
static struct mcp_node *
mcp_tree_collect(struct mcp_server *s, enum mcp_group_type type,
    enum mcp_node_type node_type, const char *name, uint64_t id)
{
	struct mcp_group	*group = &s->groups[type];
	struct mcp_node		*node;

	if (group->making == NULL)
		group->making = mcp_nodes_create();
	if (group->making->n == MCP_TREE_CALLS)
		return (NULL);
	node = mcp_nodes_add(group->making, group, node_type, name);
	node->id = id;
	node->tag ^= id * 1099511628211ULL;
	return (node);
}

/* Give all servers what was collected. */
static void
mcp_tree_collected(struct mcp_tree *tree, enum mcp_group_type type)
{
	struct mcp_group	*group;
	struct mcp_nodes	*nodes;
	u_int			 i;

	for (i = 0; i < tree->nservers; i++) {
		group = &tree->servers[i]->groups[type];
		nodes = group->making;
		group->making = NULL;
		if (nodes != NULL || group->nodes != NULL ||
		    group->node.label == NULL)
			mcp_tree_give(tree->servers[i], type, nodes);
	}
}

/* Look at the jobs of all servers. Their nodes are without a table later on. */
void
mcp_tree_jobs(struct mcp_tree *tree)
{
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table;
	struct mcp_server	*s;
	struct mcp_node		*node;
	size_t			 row;

	if (core == NULL || (table = tmcp_client_jobs(core)) == NULL)
		return;
	for (row = 0; row < tmcp_table_rows(table); row++) {
		s = mcp_tree_find(tree, tmcp_table_get(table, row, "server"));
		if (s == NULL)
			continue;
		node = mcp_tree_collect(s, MCP_GROUP_JOBS, MCP_NODE_JOB,
		    tmcp_table_get(table, row, "tool"),
		    strtoull(tmcp_table_get(table, row, "id"), NULL, 10));
		if (node == NULL)
			continue;
		node->table = table;
		node->row = row;
		mcp_node_label(node, tree->format);
		node->table = NULL;
	}
	mcp_tree_collected(tree, MCP_GROUP_JOBS);
	tmcp_table_free(table);
}

/* Look at the last calls of all servers, the newest first. */
void
mcp_tree_calls(struct mcp_tree *tree)
{
	struct mcp_server	*s;
	struct mcp_call		*mc;
	struct mcp_node		*node;
	u_int			 n = 0;

	for (mc = mcp_history_last(NULL, NULL);
	    mc != NULL && n < MCP_TREE_HISTORY;
	    mc = mcp_history_before(mc), n++) {
		if ((s = mcp_tree_find(tree, mc->server)) == NULL)
			continue;
		node = mcp_tree_collect(s, MCP_GROUP_CALLS, MCP_NODE_CALL,
		    mc->tool, mc->id);
		if (node != NULL)
			mcp_node_label(node, tree->format);
	}
	mcp_tree_collected(tree, MCP_GROUP_CALLS);
}
