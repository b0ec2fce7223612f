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


#ifndef MCP_BROWSE_H
#define MCP_BROWSE_H

#include "mcp-request.h"

/*
 * What the files of choose-mcp share. A tree has the servers and what is known
 * of them as nodes (mcp-tree*.c); window-mcp.c shows nodes as lines of a
 * mode-tree, mcp-preview.c shows one node below them.
 *
 * The lines of a mode-tree point at nodes until it is built anew. Nodes that
 * are replaced are therefore buried, and freed when the lines are built.
 */

enum mcp_node_type {
	MCP_NODE_SERVER,
	MCP_NODE_UNUSED,	/* an entry that is not used */
	MCP_NODE_GROUP,
	MCP_NODE_TOOL,
	MCP_NODE_PROMPT,
	MCP_NODE_RESOURCE,
	MCP_NODE_TEMPLATE,
	MCP_NODE_JOB,
	MCP_NODE_CALL,
	MCP_NODE_NOTE		/* why there is nothing */
};

enum mcp_group_type {
	MCP_GROUP_JOBS,
	MCP_GROUP_TOOLS,
	MCP_GROUP_PROMPTS,
	MCP_GROUP_RESOURCES,
	MCP_GROUP_CALLS
};
#define MCP_GROUPS 5

/* How much is known of what is in a group. */
enum mcp_group_state {
	MCP_GROUP_UNKNOWN,
	MCP_GROUP_LISTING,
	MCP_GROUP_LISTED,
	MCP_GROUP_FAILED
};

enum mcp_tree_sort {
	MCP_TREE_BY_INDEX,
	MCP_TREE_BY_NAME,
	MCP_TREE_BY_STATE,
	MCP_TREE_BY_CALLS
};

struct mcp_node {
	enum mcp_node_type	 type;
	uint64_t		 tag;
	struct mcp_server	*server;
	struct mcp_group	*group;	/* NULL for a server */
	const struct tmcp_table	*table;	/* with the row it was made of, or NULL */
	size_t			 row;
	uint64_t		 id;	/* of a job or call */
	char			*name;	/* as the server has it */
	char			*label;
	char			*text;
	char			*line;		/* both, in lower case */
	int			 passes;	/* the filter */
	int			 expanded;	/* when the lines were built */
};

/* The nodes of a group, and the tables that they were made of. */
struct mcp_nodes {
	struct mcp_node		*nodes;
	u_int			 n;
	u_int			 space;
	u_int			*order;		/* by name, made when needed */
	struct tmcp_table	*tables[2];

	struct mcp_nodes	*next;		/* that is buried */
};

struct mcp_group {
	enum mcp_group_type	 type;
	enum mcp_group_state	 state;
	struct mcp_server	*server;
	struct mcp_node		 node;
	struct mcp_node		 note;
	struct mcp_nodes	*nodes;
	struct mcp_nodes	*making;	/* will take their place */
	size_t			 row;
	struct mcp_request	*request;
	u_int			 passing;
};

struct mcp_server {
	struct mcp_tree		*tree;
	char			*id;		/* "" if it is not used */
	char			*scope;
	char			*state;
	u_int			 calls;
	int			 taken;		/* it is in the newer table */
	int			 reached;	/* by the key that is handled */
	int			 offers_known;
	int			 offers[MCP_GROUPS];
	int			 load;		/* the list it told before */
	struct tmcp_event	*loading;
	struct mcp_node		 node;
	struct mcp_node		 note;
	struct mcp_group	 groups[MCP_GROUPS];
	u_int			 passing;

	struct mcp_server	*next;		/* that is buried */
};

typedef void (*mcp_tree_changed_cb)(void *);

/* How long one step of work takes, in microseconds. */
#define MCP_TREE_TURN_US 750

/* Servers are looked at again at most so often. */
#define MCP_TREE_REFRESH_MS 250

struct mcp_tree {
	u_int			 references;
	int			 dead;
	char			*directory;
	char			*format;

	struct mcp_server	**servers;
	u_int			 nservers;
	struct tmcp_table	*table;
	struct mcp_server	**sorted;
	int			 sort_field;
	int			 sort_reversed;
	struct mcp_node		 note;		/* instead of servers */

	/* Servers of a newer table. */
	struct mcp_table_making	*table_making;
	struct tmcp_table	*new_table;
	struct mcp_server	**new_servers;
	size_t			 new_row;
	u_int			 new_next;
	int			 new_changed;

	struct mcp_nodes	*buried_nodes;
	struct mcp_server	*buried_servers;

	char			*filter;
	int			 filtering;
	int			 filter_fresh;	/* it has just been applied */
	u_int			 filter_server;
	u_int			 filter_group;
	u_int			 filter_node;

	int			 is_shown;	/* servers have lines */
	int			 working;
	mcp_work_cb		 step;		/* of the work */
	int			 stale;		/* servers are to be looked at */
	uint64_t		 looked;
	struct event		 refresh_timer;
	struct event		 changed_timer;
	mcp_tree_changed_cb	 cb;
	void			*data;

	TAILQ_ENTRY(mcp_tree)	 entry;
};

enum mcp_preview_kind {
	MCP_PREVIEW_TEXT,
	MCP_PREVIEW_SCHEMA,
	MCP_PREVIEW_HELP
};
struct mcp_preview;

/* cmd-mcp-menu.c */
void		 mcp_menu_open(struct client *, const char *, uint32_t,
		     const char *, const char *);

/* mcp-edit.c */
void		 mcp_edit_start(struct client *, const char *, const char *);

/* mcp-preview.c */
struct mcp_preview *mcp_preview_create(mcp_tree_changed_cb, void *);
void		 mcp_preview_free(struct mcp_preview *);
void		 mcp_preview_stale(struct mcp_preview *);
void		 mcp_preview_kind(struct mcp_preview *, enum mcp_preview_kind);
void		 mcp_preview_scroll(struct mcp_preview *, int);
void		 mcp_preview_open(struct mcp_preview *, struct mcp_node *,
		     struct client *);
int		 mcp_preview_drawn(struct mcp_preview *);
void		 mcp_preview_draw(struct mcp_preview *, struct mcp_node *,
		     struct screen_write_ctx *, u_int, u_int);

/* mcp-tree.c */
void		 mcp_browse_changed(const char *, int);
struct mcp_tree	*mcp_tree_create(const char *, const char *,
		     mcp_tree_changed_cb, void *);
void		 mcp_tree_free(struct mcp_tree *);
int32_t		 mcp_tree_switch(struct mcp_tree *, struct mcp_node *);
void		 mcp_tree_free_buried(struct mcp_tree *);
struct mcp_server **mcp_tree_sorted(struct mcp_tree *, int, int);

/* mcp-tree-order.c */
struct mcp_tree_callbacks {
	mode_tree_build_cb	 build;
	mode_tree_draw_cb	 draw;
	mode_tree_search_cb	 search;
	mode_tree_menu_cb	 menu;
	mode_tree_key_cb	 key;
};
int		 mcp_tree_order(const struct mcp_sort_criteria *);
struct mode_tree_data *mcp_tree_start(struct window_pane *, struct args *,
		     const struct mcp_tree_callbacks *, void *,
		     const struct menu_item *, struct screen **);

/* mcp-tree-filter.c */
void		 mcp_tree_filter_set(struct mcp_tree *, const char *);
void		 mcp_tree_filter_again(struct mcp_tree *);
int		 mcp_tree_filter_step(struct mcp_tree *, uint64_t);
struct mcp_node	*mcp_tree_match(struct mcp_server *, struct mcp_group *,
		     const char *, int);
int		 mcp_node_matches(struct mcp_node *, const char *);

/* mcp-tree-label.c */
void		 mcp_node_free(struct mcp_node *);
void		 mcp_node_label(struct mcp_node *, const char *);
void		 mcp_node_set(struct mcp_node *, const char *, const char *);
struct format_tree *mcp_node_formats(struct mcp_node *);
char		*mcp_node_expand(struct mcp_node *, const char *);
const char	*mcp_node_type(struct mcp_node *);
const char	*mcp_group_name(enum mcp_group_type);
void		 mcp_group_label(struct mcp_group *);

/* mcp-tree-list.c */
void		 mcp_tree_ask(struct mcp_group *);
void		 mcp_tree_load(struct mcp_server *);
void		 mcp_tree_drop(struct mcp_group *);
void		 mcp_tree_jobs(struct mcp_tree *);
void		 mcp_tree_calls(struct mcp_tree *);
int		 mcp_tree_make_step(struct mcp_group *, uint64_t);
int		 mcp_tree_load_step(struct mcp_server *);

/* mcp-tree-node.c */
uint64_t	 mcp_tree_tag(const char *, const char *, const char *);
struct mcp_nodes *mcp_nodes_create(void);
struct mcp_node	*mcp_nodes_add(struct mcp_nodes *, struct mcp_group *,
		     enum mcp_node_type, const char *);
void		 mcp_nodes_free(struct mcp_nodes *);
u_int		*mcp_nodes_order(struct mcp_nodes *);
void		 mcp_tree_bury(struct mcp_tree *, struct mcp_nodes *);
void		 mcp_tree_changed(struct mcp_tree *);
void		 mcp_tree_refresh(struct mcp_tree *);
void		 mcp_tree_work(struct mcp_tree *);

/* window-mcp.c */
extern const struct window_mode window_mcp_mode;

#endif /* MCP_BROWSE_H */
