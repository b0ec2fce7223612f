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
 * The servers that choose-mcp shows. The table of all servers is looked at when
 * something has happened, at most every MCP_TREE_REFRESH_MS, and servers are
 * made of it or kept in steps.
 */

#define MCP_TREE_MANY 100	/* servers, of which the table takes longer */
#define MCP_TREE_MANY_MS 1000
#define MCP_TREE_JOBS_MS 1000

static TAILQ_HEAD(, mcp_tree) mcp_trees = TAILQ_HEAD_INITIALIZER(mcp_trees);

/* Free a server. */
static void
mcp_tree_free_server(struct mcp_server *s)
{
	struct mcp_group	*group;
	u_int			 i;

	for (i = 0; i < MCP_GROUPS; i++) {
		group = &s->groups[i];
		mcp_tree_drop(group);
		mcp_nodes_free(group->nodes);
		mcp_nodes_free(group->making);
		mcp_node_free(&group->node);
		mcp_node_free(&group->note);
	}
	if (s->loading != NULL)
		tmcp_event_free(s->loading);
	mcp_node_free(&s->node);
	mcp_node_free(&s->note);
	free(s->id);
	free(s->scope);
	free(s->state);
	free(s);
}

/* Put a server away: nobody waits for it any more. */
static void
mcp_tree_bury_server(struct mcp_tree *tree, struct mcp_server *s)
{
	u_int	i;

	for (i = 0; i < MCP_GROUPS; i++)
		mcp_tree_drop(&s->groups[i]);
	s->next = tree->buried_servers;
	tree->buried_servers = s;
}

/* The lines have been built: free what they do not point at any more. */
void
mcp_tree_free_buried(struct mcp_tree *tree)
{
	struct mcp_nodes	*nodes;
	struct mcp_server	*s;

	while ((nodes = tree->buried_nodes) != NULL) {
		tree->buried_nodes = nodes->next;
		mcp_nodes_free(nodes);
	}
	while ((s = tree->buried_servers) != NULL) {
		tree->buried_servers = s->next;
		mcp_tree_free_server(s);
	}
}

/* Forget the servers of a newer table. */
static void
mcp_tree_forget_new(struct mcp_tree *tree)
{
	free(tree->new_servers);
	tree->new_servers = NULL;
	tmcp_table_free(tree->new_table);
	tree->new_table = NULL;
}

/* Free a tree once no step of work uses it. */
static void
mcp_tree_unref(struct mcp_tree *tree)
{
	u_int	i;

	if (--tree->references != 0)
		return;
	for (i = 0; i < tree->nservers; i++)
		mcp_tree_free_server(tree->servers[i]);
	free(tree->servers);
	free(tree->sorted);
	mcp_tree_free_buried(tree);
	tmcp_table_free(tree->table);
	mcp_node_free(&tree->note);
	free(tree->directory);
	free(tree->format);
	free(tree->filter);
	free(tree);
}

/* The mode is left. */
void
mcp_tree_free(struct mcp_tree *tree)
{
	u_int	i, j;

	TAILQ_REMOVE(&mcp_trees, tree, entry);
	tree->dead = 1;
	evtimer_del(&tree->refresh_timer);
	evtimer_del(&tree->changed_timer);
	mcp_table_leave(tree->table_making);
	for (i = 0; i < tree->nservers; i++) {
		for (j = 0; j < MCP_GROUPS; j++)
			mcp_tree_drop(&tree->servers[i]->groups[j]);
	}
	if (tree->new_table != NULL) {
		/* Those that are new are in no other list. */
		for (i = 0; i < tree->new_row; i++) {
			if (tree->new_servers[i]->tree == NULL)
				mcp_tree_free_server(tree->new_servers[i]);
		}
		mcp_tree_forget_new(tree);
	}
	mcp_tree_unref(tree);
}

/* Show what has changed. */
static void
mcp_tree_changed_timer(__unused int fd, __unused short events, void *data)
{
	struct mcp_tree	*tree = data;

	tree->is_shown = (tree->nservers != 0);
	tree->cb(tree->data);
}

/* Make a server for a row. It has no tree until it is one of the servers. */
static struct mcp_server *
mcp_tree_create_server(const struct tmcp_table *table, size_t row)
{
	struct mcp_server	*s;
	struct mcp_group	*group;
	const char		*name = tmcp_table_get(table, row, "name"), *kind;
	u_int			 i;

	s = xcalloc(1, sizeof *s);
	s->id = xstrdup(tmcp_table_get(table, row, "id"));
	s->scope = xstrdup(tmcp_table_get(table, row, "scope"));
	s->state = xstrdup("");
	s->node.type = (*s->id == '\0' ? MCP_NODE_UNUSED : MCP_NODE_SERVER);
	s->node.server = s;
	s->node.name = xstrdup(name);
	s->node.tag = mcp_tree_tag("server", s->scope, name);
	s->note.type = MCP_NODE_NOTE;
	s->note.server = s;
	s->note.tag = mcp_tree_tag("note", s->scope, name);
	mcp_node_set(&s->note, "nothing", "");
	for (i = 0; i < MCP_GROUPS; i++) {
		group = &s->groups[i];
		kind = mcp_group_name(i);
		group->type = i;
		group->server = s;
		group->node.type = MCP_NODE_GROUP;
		group->node.server = s;
		group->node.group = group;
		group->node.name = xstrdup(kind);
		group->node.tag = mcp_tree_tag(kind, s->scope, name);
		group->note.type = MCP_NODE_NOTE;
		group->note.server = s;
		group->note.group = group;
		group->note.tag = group->node.tag ^ 1;
	}
	return (s);
}

/* The server that had this name and scope before, or NULL. */
static struct mcp_server *
mcp_tree_same(struct mcp_tree *tree, const struct tmcp_table *table, size_t row)
{
	const char		*name = tmcp_table_get(table, row, "name");
	const char		*scope = tmcp_table_get(table, row, "scope");
	const char		*id = tmcp_table_get(table, row, "id");
	struct mcp_server	*s;
	u_int			 i, at;

	/* Both tables are sorted, so it is the next one mostly. */
	for (i = 0; i < tree->nservers; i++) {
		at = (tree->new_next + i) % tree->nservers;
		s = tree->servers[at];
		if (!s->taken && strcmp(s->node.name, name) == 0 &&
		    strcmp(s->scope, scope) == 0 && strcmp(s->id, id) == 0) {
			tree->new_next = at + 1;
			return (s);
		}
	}
	return (NULL);
}

/* Take over how a server is. Returns 1 if its line is another. */
static int
mcp_tree_take_row(struct mcp_server *s, const struct tmcp_table *table,
    size_t row, const char *format)
{
	static const char	*offers[] = { NULL, "tools", "prompts",
				    "resources", NULL };
	const char		*words = tmcp_table_get(table, row, "offers");
	const char		*state = tmcp_table_get(table, row, "state");
	const char		*tools = tmcp_table_get(table, row, "tools");
	char			*label = s->node.label, *text = s->node.text;
	u_int			 i;
	int			 changed;

	s->node.table = table;
	s->node.row = row;
	free(s->state);
	s->state = xstrdup(state);
	s->calls = strtonum(tmcp_table_get(table, row, "calls"), 0, UINT_MAX,
	    NULL);
	s->offers_known = (*words != '\0');
	for (i = 0; i < MCP_GROUPS; i++) {
		s->offers[i] = (offers[i] != NULL &&
		    strstr(words, offers[i]) != NULL);
	}
	if (*tools != '\0' &&
	    s->groups[MCP_GROUP_TOOLS].state == MCP_GROUP_UNKNOWN)
		mcp_tree_load(s);
	s->node.label = s->node.text = NULL;
	mcp_node_label(&s->node, format);
	changed = (label == NULL || strcmp(label, s->node.label) != 0 ||
	    strcmp(text, s->node.text) != 0);
	free(label);
	free(text);
	return (changed);
}

/* All rows have a server: they take the place of the others. */
static void
mcp_tree_swap(struct mcp_tree *tree)
{
	struct mcp_server	*s;
	size_t			 rows = tmcp_table_rows(tree->new_table), row;
	u_int			 i;
	int			 changed = tree->new_changed;

	for (i = 0; i < tree->nservers; i++) {
		s = tree->servers[i];
		if (s->taken)
			continue;
		/* Its table goes, its line may stay a little. */
		s->node.table = NULL;
		mcp_tree_bury_server(tree, s);
		changed = 1;
	}
	for (row = 0; row < rows; row++) {
		s = tree->new_servers[row];
		s->taken = 0;
		s->tree = tree;
	}
	free(tree->servers);
	tree->servers = tree->new_servers;
	tree->nservers = rows;
	tree->new_servers = NULL;
	free(tree->sorted);
	tree->sorted = NULL;
	tmcp_table_free(tree->table);
	tree->table = tree->new_table;
	tree->new_table = NULL;
	mcp_tree_jobs(tree);
	mcp_tree_calls(tree);
	if (changed) {
		mcp_tree_filter_again(tree);
		mcp_tree_changed(tree);
	}
}

/* Go on with the servers of a newer table. Returns 1 if there are more. */
static int
mcp_tree_merge(struct mcp_tree *tree, uint64_t end)
{
	size_t			 rows = tmcp_table_rows(tree->new_table);
	struct mcp_server	*s;

	for (; tree->new_row < rows; tree->new_row++) {
		if (mcp_now() > end)
			return (1);
		s = mcp_tree_same(tree, tree->new_table, tree->new_row);
		if (s == NULL) {
			s = mcp_tree_create_server(tree->new_table,
			    tree->new_row);
		}
		s->taken = 1;
		if (mcp_tree_take_row(s, tree->new_table, tree->new_row,
		    tree->format))
			tree->new_changed = 1;
		tree->new_servers[tree->new_row] = s;
	}
	mcp_tree_swap(tree);
	return (0);
}

/* Do a step of the work of a tree: what is seen first comes first. */
static int
mcp_tree_step(void *data)
{
	struct mcp_tree		*tree = data;
	struct mcp_server	*s;
	struct mcp_group	*group;
	uint64_t		 end = mcp_now() + MCP_TREE_TURN_US;
	u_int			 i, j;

	if (tree->dead) {
		tree->working = 0;
		mcp_tree_unref(tree);
		return (0);
	}
	if (tree->new_table != NULL && mcp_tree_merge(tree, end))
		return (1);
	for (i = 0; i < tree->nservers; i++) {
		s = tree->servers[i];
		for (j = 0; j < MCP_GROUPS; j++) {
			group = &s->groups[j];
			if (group->making == NULL || group->request != NULL)
				continue;
			if (mcp_tree_make_step(group, end))
				return (1);
		}
		while (s->load || s->loading != NULL) {
			if (mcp_now() > end)
				return (1);
			mcp_tree_load_step(s);
		}
		if (mcp_now() > end)
			return (1);
	}
	if (mcp_tree_filter_step(tree, end))
		return (1);
	/* What was begun while it was passed over. */
	for (i = 0; i < tree->nservers; i++) {
		group = tree->servers[i]->groups;
		for (j = 0; j < MCP_GROUPS; j++) {
			if (group[j].making != NULL && group[j].request == NULL)
				return (1);
		}
	}
	tree->working = 0;
	mcp_tree_unref(tree);
	return (0);
}

/* The table of servers is made. */
static void
mcp_tree_made(void *data, struct tmcp_table *table)
{
	struct mcp_tree	*tree = data;
	size_t		 rows = tmcp_table_rows(table);

	tree->table_making = NULL;
	tree->new_changed = (rows == 0 || rows != tree->nservers);
	if (rows == 0) {
		mcp_node_set(&tree->note, "no servers are configured",
		    "see mcp-reload and ~/.claude.json");
	}
	tree->new_table = table;
	tree->new_servers = xcalloc(rows + 1, sizeof *tree->new_servers);
	tree->new_row = 0;
	tree->new_next = 0;
	mcp_tree_work(tree);
}

/* Look at servers and jobs if something may have happened to them. */
static void
mcp_tree_refresh_timer(__unused int fd, __unused short events, void *data)
{
	struct mcp_tree		*tree = data;
	struct tmcp_client	*core = mcp_core_get();
	struct tmcp_table	*table;
	u_int			 i;
	int			 ms = MCP_TREE_REFRESH_MS, busy = 0;

	if (core == NULL) {
		mcp_node_set(&tree->note, "mcp is not available",
		    "see show-messages");
		mcp_tree_changed(tree);
		return;
	}
	if (!tmcp_client_ready(core)) {
		mcp_timer_add(&tree->refresh_timer, ms);
		return;
	}
	if (tree->nservers > MCP_TREE_MANY)
		ms = MCP_TREE_MANY_MS;
	if (tree->stale && tree->table_making == NULL &&
	    tree->new_table == NULL &&
	    mcp_now() - tree->looked >= ms * 1000ULL) {
		tree->stale = 0;
		tree->looked = mcp_now();
		if ((table = tmcp_client_servers(core)) != NULL) {
			tree->table_making = mcp_table_make(table,
			    mcp_tree_made, tree);
		}
	} else {
		mcp_tree_jobs(tree);
		mcp_tree_calls(tree);
	}
	for (i = 0; i < tree->nservers && !busy; i++)
		busy = (tree->servers[i]->groups[MCP_GROUP_JOBS].nodes != NULL);
	if (tree->stale)
		mcp_timer_add(&tree->refresh_timer, ms);
	else if (busy)
		mcp_timer_add(&tree->refresh_timer, MCP_TREE_JOBS_MS);
}

/* Something has happened to a server, or to all if it is NULL. */
void
mcp_browse_changed(const char *server, int tools)
{
	struct mcp_tree		*tree;
	struct mcp_group	*group;
	u_int			 i;

	TAILQ_FOREACH(tree, &mcp_trees, entry) {
		if (!tree->stale || !evtimer_pending(&tree->refresh_timer, NULL))
			mcp_tree_refresh(tree);
		for (i = 0; tools && i < tree->nservers; i++) {
			group = &tree->servers[i]->groups[MCP_GROUP_TOOLS];
			if (server != NULL &&
			    strcmp(tree->servers[i]->id, server) == 0 &&
			    group->state == MCP_GROUP_LISTED)
				mcp_tree_ask(group);
		}
	}
}

static struct mcp_tree	*mcp_tree_compared;

/* Which of two servers comes first. */
static int
mcp_tree_compare(const void *a0, const void *b0)
{
	const struct mcp_server	*a = *(struct mcp_server *const *)a0;
	const struct mcp_server	*b = *(struct mcp_server *const *)b0;
	int			 result = 0;

	if (mcp_tree_compared->sort_field == MCP_TREE_BY_STATE)
		result = strcmp(a->state, b->state);
	else if (mcp_tree_compared->sort_field == MCP_TREE_BY_CALLS &&
	    a->calls != b->calls)
		result = (a->calls > b->calls ? -1 : 1);
	if (result == 0)
		result = strcmp(a->node.name, b->node.name);
	if (result == 0)
		result = strcmp(a->scope, b->scope);
	return (mcp_tree_compared->sort_reversed ? -result : result);
}

/* The servers in order. */
struct mcp_server **
mcp_tree_sorted(struct mcp_tree *tree, int field, int reversed)
{
	if (tree->sorted != NULL && tree->sort_field == field &&
	    tree->sort_reversed == reversed)
		return (tree->sorted);
	tree->sort_field = field;
	tree->sort_reversed = reversed;
	free(tree->sorted);
	tree->sorted = xcalloc(tree->nservers + 1, sizeof *tree->sorted);
	if (tree->nservers != 0) {
		memcpy(tree->sorted, tree->servers,
		    tree->nservers * sizeof *tree->sorted);
		mcp_tree_compared = tree;
		qsort(tree->sorted, tree->nservers, sizeof *tree->sorted,
		    mcp_tree_compare);
	}
	return (tree->sorted);
}

/* Create the tree of a directory; cb is told when it has changed. */
struct mcp_tree *
mcp_tree_create(const char *directory, const char *format,
    mcp_tree_changed_cb cb, void *data)
{
	struct mcp_tree		*tree;
	struct tmcp_client	*core = mcp_core_get();

	tree = xcalloc(1, sizeof *tree);
	tree->references = 1;
	if (directory != NULL)
		tree->directory = xstrdup(directory);
	if (format != NULL)
		tree->format = xstrdup(format);
	tree->step = mcp_tree_step;
	tree->cb = cb;
	tree->data = data;
	tree->note.type = MCP_NODE_NOTE;
	tree->note.tag = mcp_tree_tag("note", "", "");
	mcp_node_set(&tree->note, "reading the configuration", "");
	evtimer_set(&tree->refresh_timer, mcp_tree_refresh_timer, tree);
	evtimer_set(&tree->changed_timer, mcp_tree_changed_timer, tree);
	TAILQ_INSERT_TAIL(&mcp_trees, tree, entry);
	if (core != NULL)
		tmcp_client_refresh(core, tree->directory);
	mcp_tree_refresh(tree);
	return (tree);
}

/*
 * Switch the server of a line off in this tmux, or on again. Returns a negative
 * result if that is not possible.
 */
int32_t
mcp_tree_switch(struct mcp_tree *tree, struct mcp_node *node)
{
	struct tmcp_client	*core = mcp_core_get();
	int			 on = (node->type == MCP_NODE_UNUSED);

	if (core == NULL || (!on && node->type != MCP_NODE_SERVER))
		return (0);
	/* A name means the server at this directory. */
	tmcp_client_refresh(core, tree->directory);
	return (tmcp_client_set_enabled(core, on ? node->name :
	    node->server->id, on));
}
